"""What a threshold costs, how far scores can be taken for probabilities, what refusing to decide brings. Needs no TensorFlow.

A score is larger for more alike; label 1 = same person; all rates are fractions between 0 and 1.
"""

import numpy as np

from siamese_lib.evaluation.metrics import confusion, log_odds, people_weights, platt_scaling

NUM_BAND_RESAMPLES = 300
FALSE_ACCEPT_RATES = np.concatenate([[0.0], np.geomspace(0.002, 1.0, 120)])


def roc_band(pairs, scores):
    """The ROC curve with a 95 % band by bootstrap over people.

    Args:
        pairs: a `PairList`.
        scores: `(num_pairs,)`.

    Returns:
        `(false_accept_rates, true_accept_rates, low, high)`, each `(num_points,)`; the band is that of the true accept rate.
    """
    from sklearn.metrics import roc_curve

    labels, scores = np.array(pairs.labels), np.asarray(scores, dtype=float)
    curves = []
    for weights in [
        np.ones(len(labels)),
        *people_weights(*pairs.people_of_sides, NUM_BAND_RESAMPLES),
    ]:
        if all(weights[labels == label].sum() for label in (0, 1)):
            far, tar, _ = roc_curve(labels, scores, sample_weight=weights)
            curves.append(np.interp(FALSE_ACCEPT_RATES, far, tar))
    low, high = np.quantile(curves[1:], [0.025, 0.975], axis=0)
    return FALSE_ACCEPT_RATES, curves[0], low, high


def errors_at(scores, labels, thresholds):
    """What each threshold gets wrong, of both kinds.

    Returns:
        A pandas DataFrame, a row a threshold: threshold, false_accepts and false_rejects (counts), false_accept_rate,
        false_reject_rate, accuracy.
    """
    import pandas as pd

    rows = []
    for threshold in thresholds:
        (right_different, accepted), (rejected, right_same) = confusion(scores, labels, threshold)
        far, frr = (
            accepted / max(1, accepted + right_different),
            rejected / max(1, rejected + right_same),
        )
        accuracy = (right_different + right_same) / len(labels)
        rows.append((threshold, accepted, rejected, far, frr, accuracy))
    columns = [
        "threshold",
        "false_accepts",
        "false_rejects",
        "false_accept_rate",
        "false_reject_rate",
        "accuracy",
    ]
    return pd.DataFrame(rows, columns=columns)


def calibrated(validation_scores, validation_labels, scores):
    """Scores as they are, and after two calibrations that are fitted on validation scores: Platt (1999) and isotonic regression.

    Args:
        validation_scores, validation_labels: what the calibrations learn from, `(num_validation_pairs,)`.
        scores: `(num_pairs,)`, what is calibrated; between 0 and 1.

    Returns:
        `{"as scored", "Platt", "isotonic"}` -> probabilities `(num_pairs,)`.
    """
    from sklearn.isotonic import IsotonicRegression

    slope, intercept = platt_scaling(validation_scores, validation_labels)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(validation_scores, validation_labels)
    platt = 1.0 / (1.0 + np.exp(-(slope * log_odds(scores) + intercept)))
    return {
        "as scored": np.asarray(scores, dtype=float),
        "Platt": platt,
        "isotonic": isotonic.predict(scores),
    }


def reliability(probabilities, labels, num_bins=10):
    """How often pairs with about one probability show the same person; bins hold equally many pairs.

    Returns:
        `(predicted, observed)`: in each bin the mean probability and the share of same pairs, at most `(num_bins,)`.
    """
    from sklearn.calibration import calibration_curve

    observed, predicted = calibration_curve(
        labels, probabilities, n_bins=num_bins, strategy="quantile"
    )
    return predicted, observed


def calibration_table(probabilities, labels):
    """How good probabilities are: Brier score (mean squared error) and log loss; smaller is better for both.

    Args:
        probabilities: `{name: (num_pairs,)}`.

    Returns:
        A pandas DataFrame, a row a name.
    """
    import pandas as pd
    from sklearn.metrics import brier_score_loss, log_loss

    # Isotonic regression answers 0 and 1 too; a log loss needs room there.
    rows = {
        name: {
            "brier_score": brier_score_loss(labels, values),
            "log_loss": log_loss(labels, np.clip(values, 1e-3, 1 - 1e-3)),
        }
        for name, values in probabilities.items()
    }
    return pd.DataFrame(rows).T


def selective_accuracy(validation_scores, scores, labels, threshold, shares):
    """What is gained by refusing the pairs nearest to the threshold; how near is too near is read off the validation scores.

    Args:
        validation_scores: `(num_validation_pairs,)`.
        scores, labels: `(num_pairs,)`.
        threshold: as chosen on validation.
        shares: the shares of the validation pairs that are to be refused, from 0 to below 1.

    Returns:
        A pandas DataFrame, a row a share: share, distance (in log-odds, from the threshold), refused (share of `scores`), accuracy (of
        those that are decided).
    """
    import pandas as pd

    centre = log_odds(threshold)
    validation_distance, distance = (
        np.abs(log_odds(values) - centre) for values in (validation_scores, scores)
    )
    correct = (np.asarray(scores) >= threshold) == (np.asarray(labels) == 1)
    rows = []
    for share in shares:
        nearest = float(np.quantile(validation_distance, share)) if share else 0.0
        decided = distance >= nearest
        rows.append((share, nearest, float(1 - decided.mean()), float(correct[decided].mean())))
    return pd.DataFrame(rows, columns=["share", "distance", "refused", "accuracy"])
