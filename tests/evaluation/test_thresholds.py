"""ROC bands, calibration and selective accuracy on scores with known probabilities."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation import thresholds
from siamese_lib.evaluation.metrics import area_under_roc

NUM_PAIRS = 400


def drawn_pairs(num_pairs=NUM_PAIRS):
    """Same and different pairs in equal numbers; no person is in two pairs."""
    same = [
        Pair(Face(f"Same{index}", 1), Face(f"Same{index}", 2), 1) for index in range(num_pairs // 2)
    ]
    different = [
        Pair(Face(f"One{index}", 1), Face(f"Two{index}", 1), 0) for index in range(num_pairs // 2)
    ]
    return PairList((*same, *different))


def drawn_scores(labels, seed, sharpness=1.0):
    """Scores that are true probabilities if the sharpness is 1.

    Larger: the scores are overconfident; smaller: they are underconfident.
    """
    # With two normal distributions two units apart, the log-odds of the label are twice the value.
    values = np.random.default_rng(seed).normal(np.where(np.array(labels) == 1, 1.0, -1.0), 1.0)
    return 1 / (1 + np.exp(-2 * sharpness * values))


def test_the_band_lies_around_the_curve_and_is_wider_for_fewer_people():
    widths = []
    for num_pairs in (60, 600):
        pairs = drawn_pairs(num_pairs)
        far, tar, low, high = thresholds.roc_band(pairs, drawn_scores(pairs.labels, 0))
        assert (
            (np.diff(far) > 0).all() and (np.diff(tar) >= 0).all() and (tar[0], tar[-1]) != (1, 0)
        )
        assert (low <= tar + 1e-9).all() and (tar <= high + 1e-9).all()
        assert np.trapezoid(tar, far) == pytest.approx(
            area_under_roc(drawn_scores(pairs.labels, 0), pairs.labels), abs=0.02
        )
        widths.append((high - low).mean())
    assert widths[0] > 2 * widths[1]


def test_with_a_higher_threshold_false_accepts_fall_and_false_rejects_rise():
    labels = drawn_pairs().labels
    scores = drawn_scores(labels, 1)
    table = thresholds.errors_at(scores, labels, [0.1, 0.5, 0.9])
    assert table["false_accepts"].is_monotonic_decreasing
    assert table["false_rejects"].is_monotonic_increasing
    row = table.iloc[1]
    assert row["false_accepts"] == np.sum((scores >= 0.5) & (np.array(labels) == 0))
    assert row["false_reject_rate"] == np.mean(scores[np.array(labels) == 1] < 0.5)
    assert row["accuracy"] == pytest.approx(
        1 - (row["false_accepts"] + row["false_rejects"]) / NUM_PAIRS
    )


@pytest.mark.parametrize("sharpness", [0.4, 2.5])
def test_calibration_corrects_overconfident_and_underconfident_scores(sharpness):
    labels = np.array(drawn_pairs(2000).labels)
    validation, test = drawn_scores(labels, 2, sharpness), drawn_scores(labels, 3, sharpness)
    probabilities = thresholds.calibrated(validation, labels, test)
    truth = drawn_scores(labels, 3)
    error = {name: np.abs(values - truth).mean() for name, values in probabilities.items()}
    assert error["Platt"] < error["as scored"] / 3 and error["isotonic"] < error["as scored"] / 2
    table = thresholds.calibration_table(probabilities, labels)
    assert table["brier_score"].idxmax() == table["log_loss"].idxmax() == "as scored"
    observed, predicted = calibration_curve(
        labels, probabilities["Platt"], n_bins=10, strategy="quantile"
    )
    assert np.abs(predicted - observed).max() < 0.1


def test_abstaining_near_the_threshold_raises_the_accuracy_of_the_other_pairs():
    labels = np.array(drawn_pairs(2000).labels)
    table = thresholds.selective_accuracy(
        drawn_scores(labels, 4), drawn_scores(labels, 5), labels, 0.5, [0.0, 0.1, 0.3]
    )
    assert table["abstained"].iloc[0] == 0 and table["accuracy"].is_monotonic_increasing
    assert table["accuracy"].iloc[0] == np.mean((drawn_scores(labels, 5) >= 0.5) == (labels == 1))
    # The distance is chosen on other pairs, so the shares are only approximate.
    assert table["abstained"].to_numpy() == pytest.approx([0.0, 0.1, 0.3], abs=0.03)
