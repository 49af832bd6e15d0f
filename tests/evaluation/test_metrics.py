"""Metrics against plain loops and against cases calculated by hand."""

import itertools
import json
import warnings

import numpy as np
import pandas as pd
import pytest

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation.error_analysis import most_confident
from siamese_lib.evaluation.metrics import (
    accuracy_at,
    area_under_roc,
    best_threshold,
    calibrated_threshold,
    confusion,
    cross_entropy,
    equal_error_rate,
    log_odds,
    platt_scaling,
    roc,
    true_accepts_at,
    verification_metrics,
)

# Four same and four different pairs: at a threshold of 0.3 one of each kind is wrong.
SCORES = [0.9, 0.8, 0.7, 0.2, 0.6, 0.3, 0.1, 0.05]
LABELS = [1, 1, 1, 1, 0, 0, 0, 0]


def random_case(seed, num_pairs=60, num_levels=15):
    """Scores with many ties, in most cases larger for same pairs."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, num_pairs)
    labels[:2] = 0, 1
    return generator.integers(0, num_levels, num_pairs) / num_levels + 0.2 * labels, labels


def thresholds_of(scores):
    """One threshold below all scores, one between any two, one above all."""
    levels = sorted(set(scores))
    return [
        levels[0] - 1,
        *((low + high) / 2 for low, high in itertools.pairwise(levels)),
        levels[-1] + 1,
    ]


def rates(scores, labels, threshold):
    """The false accept rate and the true accept rate, pair by pair."""
    accepted = {0: 0, 1: 0}
    for score, label in zip(scores, labels):
        accepted[int(label)] += score >= threshold
    num_same = sum(labels)
    return accepted[0] / (len(labels) - num_same), accepted[1] / num_same


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_is_better_than_the_best(seed):
    scores, labels = random_case(seed)
    accuracies = [
        np.mean([(score >= threshold) == label for score, label in zip(scores, labels)])
        for threshold in thresholds_of(scores)
    ]
    best = best_threshold(scores, labels)
    assert accuracy_at(scores, labels, best) == pytest.approx(max(accuracies))


@pytest.mark.parametrize(
    ("scores", "labels", "expected"),
    [
        pytest.param([0.0, 1.0], [0, 1], 0.5, id="the middle"),
        pytest.param([4, 1, 3, 2], [1, 0, 1, 0], 2.5, id="in any order"),
        pytest.param([-7, -5, -3, -1], [0, 0, 1, 1], -4, id="distances, negated"),
        pytest.param(
            [1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1], 3.5, id="the median of equally good ones"
        ),
    ],
)
def test_the_best_threshold_lies_in_the_middle(scores, labels, expected):
    assert best_threshold(scores, labels) == pytest.approx(expected)


@pytest.mark.parametrize("label", [0, 1])
def test_a_threshold_exists_where_all_pairs_are_of_one_class(label):
    scores, labels = [0.2, 0.5, 0.5], [label] * 3
    assert accuracy_at(scores, labels, best_threshold(scores, labels)) == 1.0


def test_neighbouring_floats_have_a_threshold_between_them():
    scores, labels = [0.1, np.nextafter(0.1, 1)], [0, 1]
    assert accuracy_at(scores, labels, best_threshold(scores, labels)) == 1.0


SLOPE, INTERCEPT = 1.7, -0.6  # of the calibrated log-odds over those of the score


def probability(odds):
    return 1 / (1 + np.exp(-odds))


def uncalibrated_case(seed, num_pairs, spread=1.0, centre=0.0):
    """Scores whose log-odds are normal around `centre` with a deviation of 2 * `spread`."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(0, 2, num_pairs)
    labels = (generator.random(num_pairs) < probability(SLOPE * odds + INTERCEPT)).astype(int)
    return probability(centre + spread * odds), labels


def test_platt_scaling_recovers_the_slope_and_the_intercept():
    slope, intercept = platt_scaling(*uncalibrated_case(0, 20_000))
    assert slope == pytest.approx(SLOPE, abs=0.1) and intercept == pytest.approx(INTERCEPT, abs=0.1)


def test_calibrated_probabilities_need_no_further_calibration():
    scores, labels = uncalibrated_case(0, 500)
    slope, intercept = platt_scaling(scores, labels)
    calibrated = probability(slope * log_odds(scores) + intercept)
    assert platt_scaling(calibrated, labels) == pytest.approx((1.0, 0.0), abs=0.01)
    assert calibrated.mean() == pytest.approx(labels.mean(), abs=1e-3)
    assert calibrated_threshold(calibrated, labels) == pytest.approx(0.5, abs=0.01)


def test_the_calibrated_threshold_lies_where_both_labels_are_equally_likely():
    scores, labels = uncalibrated_case(0, 20_000)
    assert calibrated_threshold(scores, labels) == pytest.approx(
        probability(-INTERCEPT / SLOPE), abs=0.02
    )
    assert calibrated_threshold(1 - scores, 1 - labels) == pytest.approx(
        1 - calibrated_threshold(scores, labels), abs=1e-3
    )


@pytest.mark.parametrize("centre", [-6.0, -3.0, 0.0, 4.0])
@pytest.mark.parametrize("spread", [2.0, 0.1, 0.01, 1e-3, 1e-4])
def test_decisions_do_not_depend_on_the_spread_of_the_scores(centre, spread):
    wide, labels = uncalibrated_case(0, 300)
    narrow, _ = uncalibrated_case(0, 300, spread, centre)
    decisions = [scores >= calibrated_threshold(scores, labels) for scores in (wide, narrow)]
    assert np.mean(decisions[0] == decisions[1]) > 0.99


def test_on_few_pairs_the_calibrated_threshold_varies_less_than_the_best():
    cases = [uncalibrated_case(seed, 200) for seed in range(60)]
    deviations = [
        np.std([log_odds(choose(*case)) for case in cases])
        for choose in (calibrated_threshold, best_threshold)
    ]
    assert deviations[0] < 0.6 * deviations[1]


@pytest.mark.parametrize("seed", range(5))
def test_scores_that_fall_with_the_label_have_the_best_threshold(seed):
    scores, labels = uncalibrated_case(seed, 200)
    assert platt_scaling(scores, 1 - labels)[0] < 0
    assert calibrated_threshold(scores, 1 - labels) == best_threshold(scores, 1 - labels)


@pytest.mark.parametrize(
    ("scores", "labels", "accuracy"),
    [
        pytest.param([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 1.0, id="separated"),
        pytest.param([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1], 1.0, id="separated with certainty"),
        pytest.param([1.0, 1.0, 0.0, 0.0], [0, 0, 1, 1], 0.5, id="certain and wrong"),
        pytest.param(
            [0.5, 0.500001, 0.500002, 0.500003], [0, 0, 1, 1], 1.0, id="separated by little"
        ),
        pytest.param(np.float32([0.0, 1e-45, 0.5, 1.0]), [0, 0, 1, 1], 1.0, id="float32"),
        pytest.param([0.7] * 10, [0] * 3 + [1] * 7, 0.7, id="equal scores, most are the same"),
        pytest.param([0.7] * 10, [0] * 7 + [1] * 3, 0.7, id="equal scores, most are different"),
        pytest.param([0.0] * 4, [0, 1] * 2, 0.5, id="all zero"),
        pytest.param([1.0] * 4, [0, 1] * 2, 0.5, id="all one"),
        pytest.param([0.3, 0.7] * 100, [0, 0, 1, 1] * 50, 0.5, id="no relation"),
        pytest.param(
            np.linspace(0.4, 0.6, 1000), [0] * 10 + [1] * 990, 0.99, id="few of one class"
        ),
    ],
)
def test_the_calibrated_threshold_of_unusual_scores_comes_without_a_warning(
    scores, labels, accuracy
):
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of one library by another, in Colab's versions
        assert np.isfinite(platt_scaling(scores, labels)).all()
        assert accuracy_at(scores, labels, calibrated_threshold(scores, labels)) >= accuracy


def test_a_score_at_the_threshold_is_the_same_person():
    assert accuracy_at([0.5, 0.5], [1, 0], 0.5) == 0.5
    assert confusion([0.5, 0.5], [1, 0], 0.5).tolist() == [[0, 1], [0, 1]]


def test_confusion_by_hand():
    assert confusion(SCORES, LABELS, 0.5).tolist() == [[3, 1], [1, 3]]
    assert accuracy_at(SCORES, LABELS, 0.5) == 0.75


@pytest.mark.parametrize("seed", range(5))
def test_the_roc_curve_passes_through_the_rates_of_every_threshold(seed):
    scores, labels = random_case(seed)
    far, tar, _ = roc(scores, labels)
    points = {(round(x, 9), round(y, 9)) for x, y in zip(far, tar)}
    assert points == {
        tuple(round(rate, 9) for rate in rates(scores, labels, threshold))
        for threshold in thresholds_of(scores)
    }


@pytest.mark.parametrize("seed", range(5))
def test_area_under_roc_is_the_share_of_correctly_ordered_pairs_of_pairs(seed):
    scores, labels = random_case(seed)
    same = [score for score, label in zip(scores, labels) if label == 1]
    different = [score for score, label in zip(scores, labels) if label == 0]
    wins = [
        1.0 if high > low else 0.5 if high == low else 0.0 for high in same for low in different
    ]
    assert area_under_roc(scores, labels) == pytest.approx(np.mean(wins))


@pytest.mark.parametrize(
    ("scores", "labels", "area", "error"),
    [
        pytest.param([0, 0, 1, 1], [0, 0, 1, 1], 1.0, 0.0, id="perfect"),
        pytest.param([0, 0, 1, 1], [1, 1, 0, 0], 0.0, 1.0, id="reversed"),
        pytest.param([3, 3, 3, 3], [0, 1, 0, 1], 0.5, 0.5, id="equal scores"),
        pytest.param(SCORES, LABELS, 14 / 16, 0.25, id="by hand"),
        # The curve goes from (0, 1/2) to (1/2, 1): where it meets the diagonal both rates are 1/4.
        pytest.param([3, 2, 2, 1], [1, 1, 0, 0], 7 / 8, 0.25, id="between two points"),
    ],
)
def test_area_and_equal_error_rate_by_hand(scores, labels, area, error):
    assert area_under_roc(scores, labels) == pytest.approx(area)
    assert equal_error_rate(scores, labels) == pytest.approx(error)


@pytest.mark.parametrize("seed", range(10))
def test_equal_error_rate_lies_where_the_two_errors_cross(seed):
    scores, labels = random_case(seed)
    errors = [rates(scores, labels, threshold) for threshold in thresholds_of(scores)]
    errors = [(far, 1 - tar) for far, tar in errors]
    low = max(min(pair) for pair in errors)
    high = min(max(pair) for pair in errors)
    assert low - 1e-9 <= equal_error_rate(scores, labels) <= high + 1e-9


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.25])
@pytest.mark.parametrize("seed", range(5))
def test_true_accepts_at_a_false_accept_rate(seed, rate):
    scores, labels = random_case(seed, num_pairs=400, num_levels=50)
    points = [rates(scores, labels, threshold) for threshold in thresholds_of(scores)]
    assert true_accepts_at(scores, labels, rate) == pytest.approx(
        max(tar for far, tar in points if far <= rate)
    )


@pytest.mark.parametrize(
    ("num_different", "rate", "exists"),
    [(99, 0.01, False), (100, 0.01, True), (999, 0.001, False), (1000, 0.001, True)],
)
def test_a_rate_that_needs_more_different_pairs_is_none(num_different, rate, exists):
    scores, labels = [0.5, *np.linspace(0, 1, num_different)], [1, *[0] * num_different]
    assert (true_accepts_at(scores, labels, rate) is not None) is exists


def test_one_false_accept_in_a_hundred_is_one_percent():
    scores = [0.9, 0.7, 0.5, 0.8, *[0.6] * 99]
    assert true_accepts_at(scores, [1] * 3 + [0] * 100, 0.01) == pytest.approx(2 / 3)


def pair_list(num_same, num_different):
    same = [Pair(Face(f"P{index}", 1), Face(f"P{index}", 2), 1) for index in range(num_same)]
    different = [
        Pair(Face(f"P{index}", 1), Face(f"Q{index}", 1), 0) for index in range(num_different)
    ]
    return PairList((*same, *different))


def test_the_metrics_of_a_split_are_json_and_agree_with_the_single_functions():
    metrics = verification_metrics(pair_list(4, 4), SCORES, threshold=0.25, penalties=0.3)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    low, high = metrics.pop("accuracy_interval")
    assert low <= metrics["accuracy"] <= high
    assert metrics == {
        "accuracy": 5 / 8,
        "accuracy_at_half": 6 / 8,
        "cross_entropy": cross_entropy(SCORES, LABELS),
        "loss": cross_entropy(SCORES, LABELS) + 0.3,
        "auc": area_under_roc(SCORES, LABELS),
        "eer": 0.25,
        "tar_at_far_1pct": None,
        "tar_at_far_0_1pct": None,
        "num_pairs": 8,
    }


def test_cross_entropy_is_the_mean_over_pairs_and_stays_finite():
    assert cross_entropy([0.8, 0.1], [1, 0]) == pytest.approx(-(np.log(0.8) + np.log(0.9)) / 2)
    assert cross_entropy([0.0, 1.0], [1, 0]) == pytest.approx(-np.log(1e-7))


def test_a_network_that_was_trained_on_other_examples_has_no_loss_of_pairs():
    metrics = verification_metrics(pair_list(4, 4), SCORES, threshold=0.25)
    assert metrics["loss"] is None and metrics["cross_entropy"] > 0


def test_scores_that_are_larger_for_the_same_person_have_an_area_of_one():
    metrics = verification_metrics(pair_list(100, 100), np.repeat([0.9, 0.1], 100), threshold=0.5)
    assert (metrics["auc"], metrics["accuracy"], metrics["tar_at_far_1pct"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("sizes", [(3, 0), (0, 3)])
def test_metrics_that_need_both_classes_are_none_for_one(sizes):
    metrics = verification_metrics(pair_list(*sizes), [0.9, 0.8, 0.1], threshold=0.5)
    assert [metrics[name] for name in ("auc", "eer", "tar_at_far_1pct", "tar_at_far_0_1pct")] == [
        None
    ] * 4
    assert 0 <= metrics["accuracy"] <= 1


@pytest.mark.parametrize(
    ("label", "wrong", "expected"),
    [(1, False, [0.9, 0.8]), (1, True, [0.2]), (0, True, [0.6]), (0, False, [0.05, 0.1])],
)
def test_the_most_confident_come_first(label, wrong, expected):
    table = pd.DataFrame({"label": LABELS, "score": SCORES})
    table["left"] = [f"Left{number}_0001" for number in range(len(table))]
    table["right"] = [f"Right{number}_0001" for number in range(len(table))]
    table["wrong"] = (table["score"] >= 0.5) != (table["label"] == 1)
    assert list(most_confident(table, label, wrong, count=2)["score"]) == expected


def test_nobody_fills_the_list_of_the_most_confident():
    names = ["Ada_0001", "Ada_0002", "Ben_0001", "Cleo_0001"]
    table = pd.DataFrame({"left": names, "right": ["Ada_0003", "Dan_0001", "Dan_0002", "Eve_0001"]})
    table = table.assign(label=0, score=[0.9, 0.8, 0.7, 0.6], wrong=True)
    assert list(most_confident(table, 0, True, count=3)["left"]) == [
        "Ada_0001",
        "Ben_0001",
        "Cleo_0001",
    ]


@pytest.mark.parametrize(
    "function",
    [best_threshold, platt_scaling, calibrated_threshold, roc, area_under_roc, equal_error_rate],
)
@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([], [], "one length"),
        ([0.1, 0.2], [1], "one length"),
        ([[0.1, 0.2]], [[1, 0]], "one length"),
        ([0.1, float("nan")], [1, 0], "finite.*Received: 1 that"),
        ([float("inf"), 0.1], [1, 0], "finite"),
        ([0.1, 0.2], [1, 2], "Labels are 0 and 1"),
    ],
)
def test_input_without_a_metric_is_an_error(function, scores, labels, message):
    with pytest.raises(ValueError, match=message):
        function(scores, labels)


@pytest.mark.parametrize(
    "function", [platt_scaling, calibrated_threshold, roc, area_under_roc, equal_error_rate]
)
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_is_an_error(function, label):
    with pytest.raises(ValueError, match="both are needed"):
        function([0.1, 0.2], [label, label])
