"""Verification metrics: the threshold, accuracy, the ROC curve, error rates.

A larger score means more alike; label 1 = same person; rates are fractions between 0 and 1.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.bootstrap import people_bootstrap


def best_threshold(scores: ArrayLike, labels: ArrayLike) -> float:
    """The threshold with the highest accuracy on these scores; for choosing it on validation.

    All thresholds between two neighbouring scores give the same decisions; the middle is taken. Of
    several equally good thresholds the median one is taken.

    Args:
        scores: `(num_pairs,)`.
        labels: `(num_pairs,)`, 1 = same person.

    Returns:
        The threshold; a pair with at least this score is decided as the same person.

    Raises:
        ValueError: if there are no scores, or some are not finite.
    """
    scores, labels = _checked(scores, labels)
    order = np.argsort(scores, kind="stable")
    levels, first = np.unique(scores[order], return_index=True)
    num_below = np.array([*first, len(scores)])
    same_below = np.concatenate([[0], np.cumsum(labels[order])])[num_below]
    # Correct decisions: the different pairs below the threshold and the same pairs from it upwards.
    num_correct = (num_below - same_below) + (labels.sum() - same_below)
    middles = (levels[:-1] + levels[1:]) / 2
    # Two neighbouring floats have no number between them.
    middles = np.where(middles > levels[:-1], middles, levels[1:])
    thresholds = [levels[0], *middles, np.nextafter(levels[-1], np.inf)]
    best = np.flatnonzero(num_correct == num_correct.max())
    return float(thresholds[best[len(best) // 2]])


def platt_scaling(scores: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """The logistic regression of the label on the score's log-odds (Platt, 1999).

    Returns:
        `(slope, intercept)`: the calibrated log-odds are `slope * log_odds + intercept`.

    Raises:
        ValueError: if one of the two classes is missing.
    """
    from sklearn.linear_model import LogisticRegression

    scores, labels = _checked(scores, labels, both_classes=True)
    odds = log_odds(scores)
    # Standardised, and with practically no penalty (C), so that the result of the solver does not
    # depend on the unit of the scores.
    centre, unit = odds.mean(), odds.std() if np.ptp(odds) else 1.0
    regression = LogisticRegression(C=1e6).fit(((odds - centre) / unit)[:, np.newaxis], labels)
    slope = float(regression.coef_[0, 0] / unit)
    return slope, float(regression.intercept_[0] - slope * centre)


def log_odds(probabilities: ArrayLike) -> np.ndarray:
    """log(p / (1 - p)), with p kept 1e-7 away from 0 and 1 so that the result is finite."""
    clipped = np.clip(np.asarray(probabilities, dtype=float), 1e-7, 1 - 1e-7)
    return np.log(clipped / (1 - clipped))


def calibrated_threshold(scores: ArrayLike, labels: ArrayLike) -> float:
    """The score at which the calibrated probability is one half; for choosing it on validation.

    The calibration uses all scores, while `best_threshold` depends on a handful of pairs near the
    middle. On a few hundred pairs this threshold varies less (docs/log.md). If the scores do not
    rise with the label, the result is `best_threshold`.
    """
    slope, intercept = platt_scaling(scores, labels)
    if slope <= 0:
        return best_threshold(scores, labels)
    return float(np.exp(-np.logaddexp(0.0, intercept / slope)))


def accuracy_at(scores: ArrayLike, labels: ArrayLike, threshold: float) -> float:
    """The share of pairs that are decided correctly at a threshold."""
    scores, labels = _checked(scores, labels)
    return float(np.mean((scores >= threshold) == (labels == 1)))


def confusion(scores: ArrayLike, labels: ArrayLike, threshold: float) -> np.ndarray:
    """The confusion matrix at a threshold, `(2, 2)` counts: a row for each label, 0 first.

    The columns are the decisions: different people first, same person second.
    """
    from sklearn.metrics import confusion_matrix

    scores, labels = _checked(scores, labels)
    return confusion_matrix(labels, (scores >= threshold).astype(int), labels=[0, 1])


def roc(scores: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ROC curve.

    Returns:
        `(far, tar, thresholds)`: false accept rates, true accept rates and their thresholds, each
        `(num_points,)`.

    Raises:
        ValueError: if one of the two classes is missing.
    """
    from sklearn.metrics import roc_curve

    scores, labels = _checked(scores, labels, both_classes=True)
    return roc_curve(labels, scores, drop_intermediate=False)


def area_under_roc(scores: ArrayLike, labels: ArrayLike) -> float:
    """The probability that a random same pair scores higher than a random different pair.

    Ties count half.
    """
    from sklearn.metrics import roc_auc_score

    scores, labels = _checked(scores, labels, both_classes=True)
    return float(roc_auc_score(labels, scores))


def resampled_areas_under_roc(
    scores: ArrayLike, labels: ArrayLike, weights: np.ndarray
) -> np.ndarray:
    """`area_under_roc` in each resample of a bootstrap.

    Args:
        scores, labels: `(num_pairs,)`.
        weights: how often each pair counts, `(num_resamples, num_pairs)`, as in `people_weights`.

    Returns:
        `(num_resamples,)`; NaN where a resample has pairs of one class only.
    """
    scores, labels = _checked(scores, labels, both_classes=True)
    same, different = scores[labels == 1, np.newaxis], scores[labels == 0]
    wins = (same > different) + 0.5 * (same == different)
    of_same, of_different = (weights[:, labels == label].astype(float) for label in (1, 0))
    with np.errstate(invalid="ignore"):
        return np.sum((of_same @ wins) * of_different, axis=1) / (
            of_same.sum(axis=1) * of_different.sum(axis=1)
        )


def equal_error_rate(scores: ArrayLike, labels: ArrayLike) -> float:
    """The rate at which false accepts and false rejects are equally frequent.

    The rate is interpolated between the two points of the ROC curve around it.
    """
    far, tar, _ = roc(scores, labels)
    gap = far - (1.0 - tar)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    if gap[after] == 0:
        return float(far[after])
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(far[after - 1] + share * (far[after] - far[after - 1]))


def true_accepts_at(scores: ArrayLike, labels: ArrayLike, false_accept_rate: float) -> float | None:
    """TAR@FAR: the largest true accept rate with at most this false accept rate.

    Returns:
        The rate, or None where there are too few different pairs (fewer than 1 / rate) to measure
        the false accept rate.
    """
    far, tar, _ = roc(scores, labels)
    if np.sum(np.asarray(labels) == 0) * false_accept_rate < 1 - 1e-9:
        return None
    return float(tar[far <= false_accept_rate].max())


def verification_metrics(
    pairs: PairList, scores: ArrayLike, threshold: float, penalties: float | None = None
) -> dict:
    """The metrics of one split, as in `metrics.json`.

    Args:
        pairs: a `PairList`.
        scores: `(num_pairs,)`, probabilities.
        threshold: chosen on validation.
        penalties: of a network that was trained on pairs, or None.

    Returns:
        A dict with accuracy, accuracy_interval, accuracy_at_half (at the threshold 0.5),
        cross_entropy, loss (cross_entropy plus the penalties, as in training; None if training had
        a loss of another kind), auc, eer, tar_at_far_1pct, tar_at_far_0_1pct, num_pairs; None where
        a metric is undefined.
    """
    scores, labels = _checked(scores, pairs.labels)
    correct = (scores >= threshold) == (labels == 1)
    both_classes = len(set(pairs.labels)) == 2
    entropy = cross_entropy(scores, labels)
    return {
        "accuracy": float(np.mean(correct)),
        "accuracy_interval": people_bootstrap(*pairs.clusters_of_sides, correct),
        "accuracy_at_half": accuracy_at(scores, labels, 0.5),
        "cross_entropy": entropy,
        "loss": None if penalties is None else entropy + penalties,
        "auc": area_under_roc(scores, labels) if both_classes else None,
        "eer": equal_error_rate(scores, labels) if both_classes else None,
        "tar_at_far_1pct": true_accepts_at(scores, labels, 0.01) if both_classes else None,
        "tar_at_far_0_1pct": true_accepts_at(scores, labels, 0.001) if both_classes else None,
        "num_pairs": len(pairs),
    }


def cross_entropy(scores: ArrayLike, labels: ArrayLike) -> float:
    """The mean cross-entropy of the labels given the scores as probabilities, in nats.

    It is the loss of a network that is trained on pairs, without penalties; scores are kept 1e-7
    away from 0 and 1.
    """
    scores, labels = _checked(scores, labels)
    return float(np.logaddexp(0.0, np.where(labels == 1, -1, 1) * log_odds(scores)).mean())


def metrics_of_splits(
    pairs: Mapping[str, PairList],
    scores: Mapping[str, np.ndarray],
    threshold: float,
    penalties: float | None = None,
) -> dict:
    """The threshold and the `verification_metrics` of each split at it.

    Args:
        pairs, scores: `{split: ...}` of a `PairList` and `(num_pairs,)`.
        threshold: chosen on validation.
        penalties: as in `verification_metrics`.

    Returns:
        `{"threshold": threshold, split: metrics, ...}`, as in `metrics.json`.
    """
    return {"threshold": threshold} | {
        split: verification_metrics(pairs[split], scores[split], threshold, penalties)
        for split in pairs
    }


def _checked(
    scores: ArrayLike, labels: ArrayLike, both_classes: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Scores as floats and labels as integers, `(num_pairs,)` each; errors for anything else."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels).astype(int)
    if scores.shape != labels.shape or scores.ndim != 1 or len(scores) == 0:
        raise ValueError(
            "Scores and labels are two lists of one length. "
            f"Received: shapes {scores.shape} and {labels.shape}"
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            "Scores must be finite; did the training diverge? "
            f"Received: {np.sum(~np.isfinite(scores))} that are not"
        )
    classes = np.unique(labels).tolist()
    if not set(classes) <= {0, 1} or (both_classes and len(classes) < 2):
        raise ValueError(f"Labels are 0 and 1, and both are needed here. Received: {classes}")
    return scores, labels
