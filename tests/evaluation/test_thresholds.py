"""Operating points, calibration and selective_accuracy on scores whose truth is known."""

import numpy as np
import pytest

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation import thresholds
from siamese_lib.evaluation.metrics import area_under_roc

NUM_PAIRS = 400


def drawn_pairs(num_pairs=NUM_PAIRS):
    """Half same, half different pairs, each of people of its own."""
    same = [
        Pair(Face(f"Same{index}", 1), Face(f"Same{index}", 2), 1) for index in range(num_pairs // 2)
    ]
    return PairList(
        (
            *same,
            *(
                Pair(Face(f"One{index}", 1), Face(f"Two{index}", 1), 0)
                for index in range(num_pairs // 2)
            ),
        )
    )


def drawn_scores(labels, seed, sharpness=1.0):
    """Scores that are true probabilities if the sharpness is 1; larger: too sure, smaller: not sure enough."""
    # Of two normals two units apart the log-odds of the label are twice the value.
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


def test_errors_of_both_kinds_trade_against_each_other():
    labels = drawn_pairs().labels
    scores = drawn_scores(labels, 1)
    table = thresholds.errors_at(scores, labels, [0.1, 0.5, 0.9])
    assert (
        table["false_accepts"].is_monotonic_decreasing
        and table["false_rejects"].is_monotonic_increasing
    )
    row = table.iloc[1]
    assert row["false_accepts"] == np.sum((scores >= 0.5) & (np.array(labels) == 0))
    assert row["false_reject_rate"] == np.mean(scores[np.array(labels) == 1] < 0.5)
    assert row["accuracy"] == pytest.approx(
        1 - (row["false_accepts"] + row["false_rejects"]) / NUM_PAIRS
    )


@pytest.mark.parametrize("sharpness", [0.4, 2.5])
def test_calibration_makes_probabilities_of_scores_that_are_too_sure_or_not_sure_enough(sharpness):
    labels = np.array(drawn_pairs(2000).labels)
    validation, test = drawn_scores(labels, 2, sharpness), drawn_scores(labels, 3, sharpness)
    probabilities = thresholds.calibrated(validation, labels, test)
    truth = drawn_scores(labels, 3)
    error = {name: np.abs(values - truth).mean() for name, values in probabilities.items()}
    assert error["Platt"] < error["as scored"] / 3 and error["isotonic"] < error["as scored"] / 2
    table = thresholds.calibration_table(probabilities, labels)
    assert table["brier_score"].idxmax() == table["log_loss"].idxmax() == "as scored"
    predicted, observed = thresholds.reliability(probabilities["Platt"], labels)
    assert np.abs(predicted - observed).max() < 0.1


def test_refusing_the_uncertain_raises_the_accuracy_of_the_rest():
    labels = np.array(drawn_pairs(2000).labels)
    table = thresholds.selective_accuracy(
        drawn_scores(labels, 4), drawn_scores(labels, 5), labels, 0.5, [0.0, 0.1, 0.3]
    )
    assert table["refused"].iloc[0] == 0 and table["accuracy"].is_monotonic_increasing
    assert table["accuracy"].iloc[0] == np.mean((drawn_scores(labels, 5) >= 0.5) == (labels == 1))
    # The band comes from other pairs, so the share of these that it refuses is only about what was asked for.
    assert table["refused"].to_numpy() == pytest.approx([0.0, 0.1, 0.3], abs=0.03)
