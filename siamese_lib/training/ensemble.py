"""Ensembles: the scores of several runs combined by weights from the validation pairs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.metrics import calibrated_threshold, log_odds, metrics_of_splits
from siamese_lib.evaluation.thresholds import blocks_of_people
from siamese_lib.training.run import SPLITS, Run
from siamese_lib.utils.machine import versions

PAIR_COLUMNS = ["split", "left", "right", "label"]


def combine_scores(
    validation_scores: np.ndarray, labels: Sequence[int], scores: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], list[float]]:
    """Combines members' log-odds by a logistic regression that is fitted on validation pairs.

    The members' log-odds are standardised, and the weights have scikit-learn's default penalty
    (C = 1).

    Args:
        validation_scores: `(num_members, num_validation_pairs)`, probabilities.
        labels: of the validation pairs, 1 = same person.
        scores: `{split: (num_members, num_pairs)}`, of the pairs to score.

    Returns:
        `(combined, weights)`: `{split: (num_pairs,)}`, probabilities, and the weight of each
        member's standardised log-odds.
    """
    regression = _fitted(validation_scores, labels)
    combined = {split: _combined(regression, members) for split, members in scores.items()}
    return combined, [float(weight) for weight in regression[-1].coef_[0]]


def _fitted(scores: np.ndarray, labels: Sequence[int] | np.ndarray) -> Any:
    regression = make_pipeline(StandardScaler(), LogisticRegression())
    return regression.fit(log_odds(scores).T, np.asarray(labels))


def _combined(regression: Any, scores: np.ndarray) -> np.ndarray:
    return regression.predict_proba(log_odds(scores).T)[:, 1]


def cross_validated_scores(
    validation_scores: np.ndarray, pairs: PairList, threshold: float
) -> np.ndarray:
    """The validation pairs' scores by weights and thresholds from pairs without their people.

    The pairs are divided by `blocks_of_people`. The scores are shifted, in log-odds, so that the
    threshold of the other pairs becomes the ensemble's: at `threshold`, each pair is decided as its
    own weights and threshold decide it.

    Args:
        validation_scores: `(num_members, num_pairs)`, probabilities.
        pairs: the validation pairs.
        threshold: the ensemble's.

    Returns:
        `(num_pairs,)`

    Raises:
        ValueError: if there are too few people to fit weights without those of some pair.
    """
    labels, scores = np.array(pairs.labels), np.empty(len(pairs))
    for held_out, fitted_on in blocks_of_people(pairs):
        regression = _fitted(validation_scores[:, fitted_on], labels[fitted_on])
        of_rest = _combined(regression, validation_scores[:, fitted_on])
        shift = log_odds(threshold) - log_odds(calibrated_threshold(of_rest, labels[fitted_on]))
        odds = log_odds(_combined(regression, validation_scores[:, held_out])) + shift
        scores[held_out] = 1.0 / (1.0 + np.exp(-odds))
    return scores


def combine_runs(run: Run, members: Sequence[Run], held_out: Run | None = None) -> None:
    """Writes scores, metrics and versions of an ensemble's run.

    Training and test pairs are scored by weights from all validation pairs, at a threshold from
    them. The validation pairs themselves have `cross_validated_scores`.

    Args:
        run: the `Run` to write into; its `config.json` exists.
        members: finished `Run`s that scored the same pairs.
        held_out: of a final ensemble, the one of its members' runs with people held out. Their
            scores of the validation pairs are those of the final members too, and so are weights
            and threshold.

    Raises:
        ValueError: if the members scored different pairs, because other people were held out.
    """
    tables = [member.scores() for member in members]
    for member, table in zip(members, tables):
        if not table[PAIR_COLUMNS].equals(tables[0][PAIR_COLUMNS]):
            raise ValueError(
                "The members of an ensemble must score the same pairs; give them one protocol, "
                "validation_fraction and split_seed. "
                f"Received: {members[0].directory} and {member.directory}"
            )
    pairs = {split: members[0].pairs(split) for split in SPLITS}
    scores = {
        split: np.stack([table["score"][table["split"] == split] for table in tables])
        for split in SPLITS
    }
    validation = pairs["validation"]
    combined, weights = combine_scores(scores["validation"], validation.labels, scores)
    threshold = calibrated_threshold(combined["validation"], validation.labels)
    combined["validation"] = cross_validated_scores(scores["validation"], validation, threshold)
    metrics = metrics_of_splits(pairs, combined, threshold)
    of_members = [member.metrics for member in members]
    for name in ("seconds", "parameters"):
        # Of runs of several versions, what all of them have.
        keys = [key for key in of_members[0][name] if all(key in each[name] for each in of_members)]
        metrics[name] = {key: sum(values[name][key] for values in of_members) for key in keys}
    metrics["num_epochs"] = sum(values["num_epochs"] for values in of_members)
    metrics["weights"] = {member.name: weight for member, weight in zip(members, weights)}
    if held_out:
        metrics["held_out"] = held_out.name
    run.write_scores(pairs, combined)
    run.write_json("metrics.json", metrics)
    run.write_json("versions.json", {**versions(), "data": members[0].versions["data"]})
