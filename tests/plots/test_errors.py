"""The figures of the error analysis: titles, labels, curves and frames."""

import io

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from siamese_lib.plots import decisions, errors, galleries
from siamese_lib.plots.style import VERMILION

RATES = np.linspace(0, 1, 20)
BAND = (RATES, RATES**0.3, RATES**0.5, RATES**0.2)
TABLE = pd.DataFrame(
    {
        "from": [0, 5],
        "median": [2, 7],
        "to": [4, 9],
        "error_rate": [0.1, 0.2],
        "low": [0.0, 0.1],
        "high": [0.2, 0.3],
    }
)
ODDS = pd.DataFrame(
    {"odds_ratio": [1.0, 2.0], "low": [0.5, 1.2], "high": [2.0, 3.5]},
    index=["sharpness", "asymmetry"],
)
IMAGE, MAP = np.zeros((20, 16, 1), np.uint8), np.linspace(-1, 1, 320).reshape(20, 16)
PLOTS = {
    "roc_bands": lambda: decisions.roc_bands({"one": BAND}, "title"),
    "roc_of_folds": lambda: decisions.roc_of_folds({"one": (RATES, [RATES**0.3] * 3)}, "title"),
    "det_curves": lambda: decisions.det_curves({"one": BAND[:2]}, "title"),
    "reliability_diagram": lambda: decisions.reliability_diagram(
        {"Platt": RATES}, np.arange(20) % 2, "title"
    ),
    "selective_accuracy_curve": lambda: decisions.selective_accuracy_curve(
        pd.DataFrame({"abstained": [0, 0.1], "accuracy": [0.9, 0.95]}), "title"
    ),
    "odds_ratios": lambda: errors.odds_ratios({1: ODDS, 0: ODDS}, "title"),
    "plane_of_people": lambda: errors.plane_of_people(
        np.zeros((3, 2)), ["Ada", "Ada", "Ben"], "title", [IMAGE] * 3
    ),
}
SHEETS = {
    "explained_pairs": lambda: galleries.explained_pairs(
        [(IMAGE, IMAGE)] * 2, [(MAP, MAP)] * 2, ["a", "b"], [True, False], "title", 1.0
    ),
    "no pairs": lambda: galleries.explained_pairs([], [], [], [], "title", 1.0),
    "mean_maps": lambda: galleries.mean_maps(
        {"one": {"same": MAP, "different": MAP}, "two": {"same": MAP}}, {"one": MAP > 0}, "title"
    ),
    "error_rates_by_covariate": lambda: errors.error_rates_by_covariate(
        {"sharpness": {1: TABLE, 0: TABLE}}, "title"
    ),
    "neighbour_rows": lambda: galleries.neighbour_rows(
        [(IMAGE, "Ada", [(IMAGE, "Ben", 0.9, True)])], "title"
    ),
}


@pytest.mark.parametrize("draw", [*PLOTS.values(), *SHEETS.values()], ids=[*PLOTS, *SHEETS])
def test_it_can_be_drawn_and_has_a_title(draw):
    figure = draw()
    figure.savefig(io.BytesIO(), format="png")
    assert any([figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)])


@pytest.mark.parametrize("draw", PLOTS.values(), ids=PLOTS)
def test_its_axes_are_labelled(draw):
    for axes in draw().axes:
        assert axes.get_xlabel() and (axes.get_ylabel() or axes.get_yticklabels())


def framed(axes):
    return axes.axison and all(
        spine.get_edgecolor()[:3] == pytest.approx(tuple(_rgb(VERMILION)))
        for spine in axes.spines.values()
    )


def _rgb(color):
    return [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def test_only_wrong_pairs_and_wrong_neighbours_have_a_frame():
    wrong, correct = np.reshape(SHEETS["explained_pairs"]().axes[:8], (2, 4))
    assert framed(wrong[0]) and framed(wrong[1])
    assert not any(axes.axison for axes in correct[:2])
    probe, neighbour = SHEETS["neighbour_rows"]().axes
    assert framed(neighbour) and not probe.axison


def test_det_curves_have_normal_deviates_of_both_error_rates():
    (axes,) = PLOTS["det_curves"]().axes
    curve = {line.get_label(): line for line in axes.get_lines()}["one"]
    far, tar = RATES[1:-1], BAND[1][1:-1]
    expected = np.transpose([norm.ppf(far), norm.ppf(1 - tar)])
    np.testing.assert_allclose(curve.get_xydata(), expected)
    assert "1%" in [tick.get_text() for tick in axes.get_xticklabels()]


def test_a_det_curve_ends_where_a_rate_is_zero_and_does_not_run_along_the_frame():
    far, tar = np.array([0.0, 0.1, 0.5, 1.0]), np.array([0.3, 0.6, 1.0, 1.0])
    (axes,) = decisions.det_curves({"one": (far, tar)}, "title").axes
    curve = {line.get_label(): line for line in axes.get_lines()}["one"]
    np.testing.assert_allclose(curve.get_xydata(), [[norm.ppf(0.1), norm.ppf(0.4)]])


def test_scores_of_the_histogram_are_in_log_odds_and_none_is_lost():
    scores, labels = [0.0, 1e-9, 0.3, 0.5, 0.7, 1.0], [0, 0, 0, 1, 1, 1]
    (axes,) = decisions.score_histogram(scores, labels, 1.0, "title").axes
    same, different = ([bar.get_height() for bar in bars] for bars in axes.containers)
    assert (sum(same), sum(different)) == (3, 3) and (same[-1], different[0]) == (1, 2)
    assert axes.get_xscale() == "logit"


def test_the_reliability_diagram_has_the_share_of_same_pairs_in_ten_bins():
    (axes,) = PLOTS["reliability_diagram"]().axes
    curve = {line.get_label(): line for line in axes.get_lines()}["Platt"]
    np.testing.assert_allclose(curve.get_xdata(), RATES.reshape(10, 2).mean(axis=1))
    assert curve.get_ydata().tolist() == [0.5] * 10
