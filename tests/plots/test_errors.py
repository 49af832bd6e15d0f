"""The images of the error analysis: titles, labels, and what must be seen in them."""

import io

import numpy as np
import pandas as pd
import pytest

from siamese_lib.plots import errors, galleries
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
    "roc_bands": lambda: errors.roc_bands({"one": BAND}, "title"),
    "det_curves": lambda: errors.det_curves({"one": BAND[:2]}, "title"),
    "reliability_diagram": lambda: errors.reliability_diagram(
        {"Platt": (RATES, RATES**2)}, "title"
    ),
    "selective_accuracy_curve": lambda: errors.selective_accuracy_curve(
        pd.DataFrame({"refused": [0, 0.1], "accuracy": [0.9, 0.95]}), "title"
    ),
    "odds_ratios": lambda: errors.odds_ratios({1: ODDS, 0: ODDS}, "title"),
    "plane_of_people": lambda: errors.plane_of_people(
        np.zeros((3, 2)), ["Ada", "Ada", "Ben"], "title", [IMAGE] * 3
    ),
}
SHEETS = {
    "explained_pairs": lambda: galleries.explained_pairs(
        [(IMAGE, IMAGE)] * 2, [(MAP, MAP)] * 2, ["a", "b"], [True, False], "title"
    ),
    "no pairs": lambda: galleries.explained_pairs([], [], [], [], "title"),
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


def test_a_wrong_pair_and_a_wrong_neighbour_are_framed_and_no_others():
    wrong, right = np.reshape(SHEETS["explained_pairs"]().axes[:8], (2, 4))
    assert framed(wrong[0]) and framed(wrong[1]) and not any(axes.axison for axes in right)
    probe, neighbour = SHEETS["neighbour_rows"]().axes
    assert framed(neighbour) and not probe.axison
