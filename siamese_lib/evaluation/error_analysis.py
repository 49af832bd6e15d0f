"""What goes with errors: qualities of the two images, people, labels that may be wrong. Needs no network and no TensorFlow.

A factor is a number that is computed from the two images or from the lists; that errors go with it does not make it their cause.
"""

from collections import Counter

import numpy as np

from siamese_lib.data.pairs import DIFFERENT, SAME, parse_face
from siamese_lib.data.summary import image_qualities
from siamese_lib.evaluation.metrics import log_odds, people_bootstrap, people_weights


def most_confident(scores, label, wrong, count):
    """The pairs of one class that were decided rightly or wrongly with the most confidence.

    Args:
        scores: rows of `Run.scores` with the further column `wrong`.
        label: 1 = same person, 0 = different people.
        wrong: which of the two to take.
        count: how many, at most.

    Returns:
        The rows, the most confident first.
    """
    chosen = scores[(scores["label"] == label) & (scores["wrong"] == wrong)]
    # A same pair that is right, or a different pair that is wrong, has a high score.
    high = (label == 1) != wrong
    return chosen.sort_values("score", ascending=not high, kind="stable").head(count)


NUM_REGRESSION_RESAMPLES = 200
DESCRIPTIONS = {
    "brightness_difference": "difference of the mean grey values (0-255)",
    "contrast_difference": "difference of the standard deviations of the grey values (0-255)",
    "sharpness": "sharpness of the less sharp image (standard deviation of the Laplacian)",
    "asymmetry": "left-right asymmetry of the less frontal image (1 - correlation with its mirror image)",
    "asymmetry_difference": "difference of the two asymmetries, a stand-in for a difference in pose",
    "images_of_person": "images that the data hold of the person who has fewer of the two",
    "pixel_correlation": "correlation of the two images' pixels; near 1: near duplicates",
}


def pair_covariates(pairs, cache, dataset):
    """The factors of each pair, computed from the images as the network gets them.

    Args:
        pairs: a `PairList`.
        cache: the `FaceCache` with its images.
        dataset: the `FaceDataset`, which knows how many images there are of each person.

    Returns:
        A pandas DataFrame, a row a pair in the order of the list, with the columns of `DESCRIPTIONS`.
    """
    import pandas as pd

    faces = pairs.faces
    row_of = {face: row for row, face in enumerate(faces)}
    left, right = ([row_of[pair[side]] for pair in pairs] for side in (0, 1))
    images = cache[faces]
    qualities, asymmetry, counts = (
        image_qualities(images),
        _asymmetry(images),
        Counter(face.person for face in dataset.files),
    )
    standardised = _standardised(images)
    both = {
        name: np.stack([qualities[name].to_numpy()[rows] for rows in (left, right)])
        for name in qualities
    }
    asymmetries = np.stack([asymmetry[rows] for rows in (left, right)])
    return pd.DataFrame(
        {
            "brightness_difference": np.abs(np.subtract(*both["brightness"])),
            "contrast_difference": np.abs(np.subtract(*both["contrast"])),
            "sharpness": both["sharpness"].min(axis=0),
            "asymmetry": asymmetries.max(axis=0),
            "asymmetry_difference": np.abs(np.subtract(*asymmetries)),
            "images_of_person": [
                min(counts[pair.left.person], counts[pair.right.person]) for pair in pairs
            ],
            "pixel_correlation": (standardised[left] * standardised[right]).mean(axis=1),
        }
    )


def _standardised(images):
    """`(num_images, height * width)`, each image with mean 0 and variance 1."""
    pixels = np.reshape(images, (len(images), -1)).astype(float)
    return (pixels - pixels.mean(axis=1, keepdims=True)) / np.maximum(
        pixels.std(axis=1, keepdims=True), 1e-9
    )


def _asymmetry(images):
    # An aligned frontal face under even light is nearly its own mirror image; a turned head or side light is not.
    return 1.0 - (_standardised(images) * _standardised(images[:, :, ::-1])).mean(axis=1)


def by_class(pairs, wrong, factors):
    """The pairs of each class with what belongs to them, since the two kinds of error have different reasons.

    Returns:
        `{label: (pairs, wrong, factors)}`, label 1 = same person.
    """
    labels = np.array(pairs.labels)
    places = {label: np.flatnonzero(labels == label) for label in (SAME, DIFFERENT)}
    return {
        label: (pairs.at(chosen), np.asarray(wrong)[chosen], factors.iloc[chosen])
        for label, chosen in places.items()
    }


def error_rates(pairs, wrong, values, num_groups=4):
    """The error rate in groups of pairs of about equal size along a factor.

    Args:
        pairs: a `PairList`.
        wrong: whether each pair was decided wrongly, `(num_pairs,)`.
        values: the factor, `(num_pairs,)`.
        num_groups: at most so many; fewer where values repeat.

    Returns:
        A pandas DataFrame, a row a group: from, median, to (of the factor), pairs, errors, error_rate, low, high (95 %, over people).
    """
    import pandas as pd

    values, wrong = np.asarray(values, dtype=float), np.asarray(wrong, dtype=float)
    # Where all values are the same there is nothing to cut, and no number for the one group.
    group = np.nan_to_num(pd.qcut(values, num_groups, labels=False, duplicates="drop"))
    rows = []
    for number in np.unique(group):
        chosen = np.flatnonzero(group == number)
        low, high = people_bootstrap(*pairs.at(chosen).people_of_sides, wrong[chosen])
        first, middle, last = np.quantile(values[chosen], [0.0, 0.5, 1.0])
        rows.append(
            (
                first,
                middle,
                last,
                len(chosen),
                int(wrong[chosen].sum()),
                wrong[chosen].mean(),
                low,
                high,
            )
        )
    return pd.DataFrame(
        rows, columns=["from", "median", "to", "pairs", "errors", "error_rate", "low", "high"]
    )


def regression_of_errors(pairs, wrong, factors):
    """A logistic regression of "wrong" on all factors at once, with intervals by bootstrap over people.

    Args:
        pairs: a `PairList`, of one class.
        wrong: whether each pair was decided wrongly, `(num_pairs,)`.
        factors: a row a pair, as `pair_covariates` gives them.

    Returns:
        A pandas DataFrame, a row a factor: odds_ratio (of an error, for one standard deviation more of the factor, the others held), low,
        high. An interval that holds 1 shows nothing.

    Raises:
        ValueError: if all pairs are right, or all wrong.
    """
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    wrong = np.asarray(wrong, dtype=int)
    if len(np.unique(wrong)) < 2:
        raise ValueError(
            f"A regression of errors needs right pairs and wrong ones. Received: {wrong.sum()} wrong of {len(wrong)}"
        )
    inputs = ((factors - factors.mean()) / factors.std().clip(lower=1e-9)).to_numpy()
    coefficients = []
    for weights in [
        np.ones(len(wrong)),
        *people_weights(*pairs.people_of_sides, NUM_REGRESSION_RESAMPLES),
    ]:
        if all(weights[wrong == value].sum() for value in (0, 1)):
            coefficients.append(
                LogisticRegression().fit(inputs, wrong, sample_weight=weights).coef_[0]
            )
    low, high = np.exp(np.quantile(coefficients[1:], [0.025, 0.975], axis=0))
    return pd.DataFrame(
        {"odds_ratio": np.exp(coefficients[0]), "low": low, "high": high}, index=factors.columns
    )


def least_confident(scores, threshold, count):
    """The pairs nearest to the threshold, the nearest first: rows of `scores`, as `Run.scores` gives them."""
    distance = np.abs(log_odds(scores["score"]) - log_odds(threshold))
    return scores.iloc[np.argsort(distance, kind="stable")[:count]]


def errors_by_person(scores):
    """Who is in wrong pairs most often.

    Args:
        scores: rows of `Run.scores` with the further column `wrong`.

    Returns:
        A pandas DataFrame, a row a person in a wrong pair, the most errors first: person, pairs, false_accepts, false_rejects, errors.
    """
    import pandas as pd

    seen, counts = Counter(), {"false_accepts": Counter(), "false_rejects": Counter()}
    for row in scores.to_dict("records"):
        for person in {parse_face(row["left"]).person, parse_face(row["right"]).person}:
            seen[person] += 1
            if row["wrong"]:
                counts["false_rejects" if row["label"] else "false_accepts"][person] += 1
    rows = [
        {"person": person, "pairs": seen[person]}
        | {kind: of_kind[person] for kind, of_kind in counts.items()}
        for person in sorted(seen)
    ]
    table = pd.DataFrame(rows)
    table["errors"] = table["false_accepts"] + table["false_rejects"]
    return (
        table[table["errors"] > 0]
        .sort_values("errors", ascending=False, kind="stable")
        .reset_index(drop=True)
    )


def suspected_label_errors(tables, thresholds, distance):
    """Pairs that every run decides wrongly and with confidence: a person should look whether the label is right.

    Args:
        tables: the rows of `Run.scores` of several runs, on the same pairs.
        thresholds: of each run.
        distance: how far from the threshold every score must be, in log-odds.

    Returns:
        The left, right and label of these pairs and each run's distance, the most confident first.
    """
    distances = [
        log_odds(table["score"]) - log_odds(threshold)
        for table, threshold in zip(tables, thresholds)
    ]
    labels = tables[0]["label"].to_numpy()
    against = np.min([np.where(labels == 1, -one, one) for one in distances], axis=0)
    listed = tables[0][["left", "right", "label"]].assign(
        **{f"distance_{place}": one for place, one in enumerate(distances, start=1)}
    )
    return (
        listed[against >= distance]
        .assign(least=against[against >= distance])
        .sort_values("least", ascending=False)
        .drop(columns="least")
    )
