"""From scores to numbers: threshold, accuracy with its interval, ROC, error rates. Needs no network and no TensorFlow.

A score is larger for more alike; label 1 = same person; all rates are fractions between 0 and 1.
"""

import numpy as np

NUM_RESAMPLES = 2000


def best_threshold(scores, labels):
    """The threshold with the highest accuracy, to be chosen on validation scores.

    Between two scores every threshold decides alike, so the middle is taken; among equally good places the median one.

    Args:
        scores: `(num_pairs,)`.
        labels: `(num_pairs,)`, 1 = same person.

    Returns:
        A float; a pair is called the same person if its score is at least the threshold.

    Raises:
        ValueError: if there are no scores, or some are not finite.
    """
    scores, labels = _checked(scores, labels)
    order = np.argsort(scores, kind="stable")
    levels, first = np.unique(scores[order], return_index=True)
    same_below = np.concatenate([[0], np.cumsum(labels[order])])[[*first, len(scores)]]
    num_below = np.array([*first, len(scores)])
    # Calling everything below a level different: right are the different pairs below and the same pairs from there on.
    correct = (num_below - same_below) + (labels.sum() - same_below)
    places = np.flatnonzero(correct == correct.max())
    place = places[len(places) // 2]
    if place == 0:
        return float(levels[0])
    if place == len(levels):
        return float(np.nextafter(levels[-1], np.inf))
    middle = (levels[place - 1] + levels[place]) / 2
    # Two neighbouring floats have no number between them.
    return float(middle if middle > levels[place - 1] else levels[place])


def platt_scaling(scores, labels):
    """The logistic regression of the label on the score's log-odds (Platt, 1999).

    Returns:
        `(slope, intercept)`: the calibrated log-odds are `slope * log_odds + intercept`.

    Raises:
        ValueError: if one of the two classes is missing.
    """
    from sklearn.linear_model import LogisticRegression

    scores, labels = _checked(scores, labels, both_classes=True)
    odds = log_odds(scores)
    # Of mean 0 and deviation 1 and with practically no penalty (C), so that the solver's end does not depend on the scores' unit.
    centre, unit = odds.mean(), odds.std() if np.ptp(odds) else 1.0
    regression = LogisticRegression(C=1e6).fit(((odds - centre) / unit)[:, np.newaxis], labels)
    slope = float(regression.coef_[0, 0] / unit)
    return slope, float(regression.intercept_[0] - slope * centre)


def log_odds(probabilities):
    """log(p / (1 - p)), with p kept 1e-7 away from 0 and 1 so that it stays finite."""
    probabilities = np.clip(np.asarray(probabilities, dtype=float), 1e-7, 1 - 1e-7)
    return np.log(probabilities / (1 - probabilities))


def calibrated_threshold(scores, labels):
    """The score at which the calibrated probability is one half, to be chosen on validation scores.

    All scores take part in it, where the threshold of the highest accuracy follows a handful of pairs near the middle: on a few hundred
    pairs it is the steadier of the two (docs/log.md). Scores that do not rise with the label have no such place; then `best_threshold`.
    """
    slope, intercept = platt_scaling(scores, labels)
    if slope <= 0:
        return best_threshold(scores, labels)
    return float(np.exp(-np.logaddexp(0.0, intercept / slope)))


def accuracy_at(scores, labels, threshold):
    """The share of pairs that are decided rightly at a threshold."""
    scores, labels = _checked(scores, labels)
    return float(np.mean((scores >= threshold) == (labels == 1)))


def roc(scores, labels):
    """The ROC curve.

    Returns:
        `(far, tar, thresholds)`: false accept rate, true accept rate, and the thresholds that give them, each `(num_points,)`.

    Raises:
        ValueError: if one of the two classes is missing.
    """
    from sklearn.metrics import roc_curve

    scores, labels = _checked(scores, labels, both_classes=True)
    return roc_curve(labels, scores, drop_intermediate=False)


def area_under_roc(scores, labels):
    """The probability that a random same pair scores higher than a random different pair, ties counted half."""
    from sklearn.metrics import roc_auc_score

    scores, labels = _checked(scores, labels, both_classes=True)
    return float(roc_auc_score(labels, scores))


def resampled_areas_under_roc(scores, labels, weights):
    """`area_under_roc` in each resample of a bootstrap.

    Args:
        scores, labels: `(num_pairs,)`.
        weights: how often each pair counts, `(num_resamples, num_pairs)`, as `people_weights` gives them.

    Returns:
        `(num_resamples,)`; NaN where a resample holds pairs of one class only.
    """
    scores, labels = _checked(scores, labels, both_classes=True)
    same, different = scores[labels == 1], scores[labels == 0]
    wins = (same[:, np.newaxis] > different) + 0.5 * (same[:, np.newaxis] == different)
    of_same, of_different = (
        weights[:, labels == 1].astype(float),
        weights[:, labels == 0].astype(float),
    )
    with np.errstate(invalid="ignore"):
        return np.sum((of_same @ wins) * of_different, axis=1) / (
            of_same.sum(axis=1) * of_different.sum(axis=1)
        )


def equal_error_rate(scores, labels):
    """The rate at which false accepts and false rejects are equally frequent, interpolated on the ROC curve."""
    far, tar, _ = roc(scores, labels)
    gap = far - (1.0 - tar)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    if gap[after] == 0:
        return float(far[after])
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(far[after - 1] + share * (far[after] - far[after - 1]))


def true_accepts_at(scores, labels, false_accept_rate):
    """TAR@FAR: the largest true accept rate at which at most this share of the different pairs is accepted.

    Returns:
        A float, or None where there are too few different pairs for the rate to mean anything (fewer than 1 / rate).
    """
    far, tar, _ = roc(scores, labels)
    if np.sum(np.asarray(labels) == 0) * false_accept_rate < 1 - 1e-9:
        return None
    return float(tar[far <= false_accept_rate].max())


def people_bootstrap(left_people, right_people, values, num_resamples=NUM_RESAMPLES, seed=0):
    """A 95 % interval for the mean of `values` over pairs, by bootstrap over people.

    Pairs that share a person are not independent, so people are drawn with replacement, not pairs: a pair of two people counts as
    often as the product of how often both were drawn, a pair of one person as often as that person (pigeonhole bootstrap: Owen,
    "The pigeonhole bootstrap", 2007).

    Args:
        left_people, right_people: the person on each side, `(num_pairs,)`.
        values: `(num_pairs,)`, for example whether each pair was decided rightly.

    Returns:
        `[low, high]`
    """
    values, weights = (
        np.asarray(values, dtype=float),
        people_weights(left_people, right_people, num_resamples, seed),
    )
    totals = weights.sum(axis=1)
    means = (weights[totals > 0] @ values) / totals[totals > 0]
    return [float(bound) for bound in np.quantile(means, [0.025, 0.975])]


def people_weights(left_people, right_people, num_resamples=NUM_RESAMPLES, seed=0):
    """How often each pair counts in each resample of a bootstrap over people; see `people_bootstrap`.

    Returns:
        `(num_resamples, num_pairs)`, whole numbers.
    """
    people, index = np.unique(np.concatenate([left_people, right_people]), return_inverse=True)
    left, right = np.split(index, 2)
    draws = np.random.default_rng(seed).multinomial(
        len(people), np.full(len(people), 1 / len(people)), size=num_resamples
    )
    return np.where(left == right, draws[:, left], draws[:, left] * draws[:, right])


def verification_metrics(pairs, scores, threshold, loss=None, probabilities=True):
    """Everything that `metrics.json` says of one split.

    Args:
        pairs: a `PairList`.
        scores: `(num_pairs,)`.
        threshold: chosen elsewhere, on validation.
        loss: as trained, with its penalties, or None.
        probabilities: whether the scores are probabilities, so that 0.5 is a threshold of its own.

    Returns:
        A dict with accuracy, accuracy_interval, accuracy_at_half, loss, auc, eer, tar_at_far_1pct, tar_at_far_0_1pct, num_pairs;
        None where a quantity does not exist.
    """
    scores, labels = _checked(scores, pairs.labels)
    correct = (scores >= threshold) == (labels == 1)
    both = len(set(pairs.labels)) == 2
    return {
        "accuracy": float(np.mean(correct)),
        "accuracy_interval": people_bootstrap(*pairs.people_of_sides, correct),
        "accuracy_at_half": accuracy_at(scores, labels, 0.5) if probabilities else None,
        "loss": loss,
        "auc": area_under_roc(scores, labels) if both else None,
        "eer": equal_error_rate(scores, labels) if both else None,
        "tar_at_far_1pct": true_accepts_at(scores, labels, 0.01) if both else None,
        "tar_at_far_0_1pct": true_accepts_at(scores, labels, 0.001) if both else None,
        "num_pairs": len(pairs),
    }


def metrics_of_splits(pairs, scores, losses):
    """The threshold, chosen on validation, and with it `verification_metrics` of each split, as `metrics.json` has them.

    Args:
        pairs, scores, losses: `{split: ...}` of a `PairList`, `(num_pairs,)` and a number.
    """
    threshold = calibrated_threshold(scores["validation"], pairs["validation"].labels)
    parts = {
        split: verification_metrics(pairs[split], scores[split], threshold, losses[split])
        for split in pairs
    }
    return {"threshold": threshold, **parts}


def confusion(scores, labels, threshold):
    """Counts at a threshold: `[[different called different, different called same], [same called different, same called same]]`."""
    scores, labels = _checked(scores, labels)
    called_same = scores >= threshold
    return [
        [int(np.sum((labels == label) & (called_same == called))) for called in (False, True)]
        for label in (0, 1)
    ]


def mcnemar(first, second):
    """Whether two ways to decide differ on the same pairs, by the pairs that only one of them decides rightly (McNemar, 1947).

    The p-value is that of the exact binomial test, two-sided. It takes pairs as independent; where they share people, it is too small.

    Args:
        first, second: whether each decides each pair rightly, `(num_pairs,)`, in the same order.

    Returns:
        A dict with the counts both_correct, only_first, only_second, both_wrong, and p_value.

    Raises:
        ValueError: if the two are not lists of one length.
    """
    from scipy.stats import binomtest

    one, other = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(
            f"Two decisions on the same pairs are two lists of one length. Received: shapes {one.shape} and {other.shape}"
        )
    first, second = int(np.sum(one & ~other)), int(np.sum(other & ~one))
    return {
        "both_correct": int(np.sum(one & other)),
        "only_first": first,
        "only_second": second,
        "both_wrong": int(np.sum(~one & ~other)),
        # Where no pair speaks for either, nothing speaks for a difference.
        "p_value": float(binomtest(first, first + second).pvalue) if first + second else 1.0,
    }


def _checked(scores, labels, both_classes=False):
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels).astype(int)
    if scores.shape != labels.shape or scores.ndim != 1 or len(scores) == 0:
        raise ValueError(
            f"Scores and labels are two lists of one length. Received: shapes {scores.shape} and {labels.shape}"
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            f"Scores must be finite; did the training diverge? Received: {np.sum(~np.isfinite(scores))} that are not"
        )
    if not set(np.unique(labels)) <= {0, 1} or (both_classes and len(np.unique(labels)) < 2):
        raise ValueError(
            f"Labels are 0 and 1, and both are needed here. Received: {np.unique(labels).tolist()}"
        )
    return scores, labels
