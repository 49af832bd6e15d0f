"""Thresholds and probabilities: error rates, calibration, and accuracy with abstention.

A larger score means more alike; label 1 = same person; rates are fractions between 0 and 1.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_curve

from siamese_lib.data.pairs import SAME, PairList
from siamese_lib.evaluation.bootstrap import sample_and_resamples
from siamese_lib.evaluation.metrics import log_odds, platt_scaling, roc

NUM_BAND_RESAMPLES = 300
NUM_BLOCKS = 10  # of people, in cross-validation
FALSE_ACCEPT_RATES = np.concatenate([[0.0], np.geomspace(0.002, 1.0, 120)])


def roc_band(
    pairs: PairList, scores: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The ROC curve with a 95 % band by bootstrap over people.

    Args:
        pairs: a `PairList`.
        scores: `(num_pairs,)`.

    Returns:
        `(false_accept_rates, true_accept_rates, low, high)`, each `(num_points,)`; the band is that
        of the true accept rate.
    """
    curves = []
    for weights in sample_and_resamples(pairs, pairs.labels, NUM_BAND_RESAMPLES):
        far, tar, _ = roc_curve(pairs.labels, np.asarray(scores, float), sample_weight=weights)
        curves.append(np.interp(FALSE_ACCEPT_RATES, far, tar))
    low, high = np.quantile(curves[1:], [0.025, 0.975], axis=0)
    return FALSE_ACCEPT_RATES, curves[0], low, high


def threshold_at(scores: ArrayLike, labels: ArrayLike, false_accept_rate: float) -> float:
    """The lowest threshold with at most this false accept rate on these pairs.

    Raises:
        ValueError: if there are too few different pairs (fewer than 1 / rate) to measure the rate.
    """
    far, _, thresholds = roc(scores, labels)
    num_different = int(np.sum(np.asarray(labels) != SAME))
    if num_different * false_accept_rate < 1 - 1e-9:
        raise ValueError(
            "A false accept rate needs as many different pairs as one over the rate. "
            f"Received: a rate of {false_accept_rate:g} and {num_different} pairs"
        )
    last = int(np.flatnonzero(far <= false_accept_rate)[-1])
    if last + 1 == len(thresholds):
        return float(thresholds[last])
    # Every threshold between two neighbouring scores gives the same decisions; the middle is taken.
    upper = thresholds[last] if np.isfinite(thresholds[last]) else 1.0
    return float((upper + thresholds[last + 1]) / 2 if upper > thresholds[last + 1] else upper)


def blocks_of_people(pairs: PairList) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Divides pairs for cross-validation, so that no person is on both sides.

    People (or groups) are divided into blocks. The pairs of each two blocks are held out in turn;
    to them belong the pairs which touch neither block or, with very few people, all other pairs.

    Yields:
        `(held_out, others)`, each `(num_pairs,)`, bool; every pair is held out once.

    Raises:
        ValueError: if there are too few people for the others to have both classes.
    """
    sides = np.array(pairs.clusters_of_sides)
    clusters, number = np.unique(sides, return_inverse=True)
    block_of = np.random.default_rng(0).permutation(len(clusters)) % NUM_BLOCKS
    blocks = np.sort(block_of[number.reshape(sides.shape)], axis=0)
    labels = np.array(pairs.labels)
    for first, second in np.unique(blocks, axis=1).T:
        held_out = np.logical_and(blocks[0] == first, blocks[1] == second)
        others = np.logical_not(np.isin(blocks, (first, second)).any(axis=0))
        if len(np.unique(labels[others])) < 2:
            others = np.logical_not(held_out)
        if len(np.unique(labels[others])) < 2:
            raise ValueError(
                "The pairs are of too few people to check a threshold on others than it was "
                f"chosen on; add people. Received: pairs of {len(clusters)} people or groups"
            )
        yield held_out, others


def errors_at(scores: ArrayLike, labels: ArrayLike, thresholds: Sequence[float]) -> pd.DataFrame:
    """The errors of both kinds at each threshold.

    Returns:
        A row for each threshold: threshold, false_accepts and false_rejects (counts),
        false_accept_rate, false_reject_rate, accuracy.
    """
    decided_same = np.asarray(scores) >= np.reshape(thresholds, (-1, 1))
    is_same = np.asarray(labels) == SAME
    false_accepts = np.sum(decided_same & ~is_same, axis=1)
    false_rejects = np.sum(~decided_same & is_same, axis=1)
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "false_accepts": false_accepts,
            "false_rejects": false_rejects,
            "false_accept_rate": false_accepts / max(1, np.sum(~is_same)),
            "false_reject_rate": false_rejects / max(1, np.sum(is_same)),
            "accuracy": (len(is_same) - false_accepts - false_rejects) / len(is_same),
        }
    )


def calibrated(
    validation_scores: ArrayLike, validation_labels: ArrayLike, scores: ArrayLike
) -> dict[str, np.ndarray]:
    """Scores without calibration and with two: Platt scaling (1999) and isotonic regression.

    Args:
        validation_scores, validation_labels: the data for fitting, `(num_validation_pairs,)`.
        scores: the scores to calibrate, `(num_pairs,)`, between 0 and 1.

    Returns:
        `{"as scored", "Platt", "isotonic"}` -> probabilities `(num_pairs,)`.
    """
    slope, intercept = platt_scaling(validation_scores, validation_labels)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(validation_scores, validation_labels)
    return {
        "as scored": np.asarray(scores, dtype=float),
        "Platt": 1.0 / (1.0 + np.exp(-(slope * log_odds(scores) + intercept))),
        "isotonic": isotonic.predict(scores),
    }


def calibration_table(probabilities: Mapping[str, np.ndarray], labels: ArrayLike) -> pd.DataFrame:
    """The Brier score (mean squared error) and the log loss of probabilities; smaller is better.

    Args:
        probabilities: `{name: (num_pairs,)}`.
        labels: `(num_pairs,)`.

    Returns:
        A row for each name, with the columns brier_score and log_loss.
    """
    # Isotonic regression returns 0 and 1 too; there a log loss can be infinite.
    rows = {
        name: {
            "brier_score": brier_score_loss(labels, values),
            "log_loss": log_loss(labels, np.clip(values, 1e-3, 1 - 1e-3)),
        }
        for name, values in probabilities.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def selective_accuracy(
    validation_scores: ArrayLike,
    scores: ArrayLike,
    labels: ArrayLike,
    threshold: float,
    shares: Sequence[float],
) -> pd.DataFrame:
    """The accuracy of the remaining pairs when pairs near the threshold are not decided.

    The distance below which a pair is not decided is chosen on the validation scores.

    Args:
        validation_scores: `(num_validation_pairs,)`.
        scores, labels: `(num_pairs,)`.
        threshold: chosen on validation.
        shares: the shares of the validation pairs to leave undecided, from 0 to below 1.

    Returns:
        A row for each share: share, distance (from the threshold, in log-odds), abstained (share of
        `scores`), accuracy (of the decided pairs).
    """
    validation_distance, distance = (
        np.abs(log_odds(values) - log_odds(threshold)) for values in (validation_scores, scores)
    )
    correct = (np.asarray(scores) >= threshold) == (np.asarray(labels) == SAME)
    rows = []
    for share in shares:
        nearest = float(np.quantile(validation_distance, share)) if share else 0.0
        decided = distance >= nearest
        rows.append((share, nearest, float(1 - decided.mean()), float(correct[decided].mean())))
    return pd.DataFrame(rows, columns=["share", "distance", "abstained", "accuracy"])
