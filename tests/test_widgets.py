"""The widgets react: moving one redraws what its static twin draws."""

import numpy as np
import pytest

from siamese_lib import widgets
from siamese_lib.images import FaceCache
from siamese_lib.pairs import Face, Pair, PairList

FACES = [Face(person, number) for person in ("Ada", "Ben") for number in (1, 2)]
PAIRS = PairList((Pair(FACES[0], FACES[1], 1), Pair(FACES[2], FACES[3], 1), Pair(FACES[0], FACES[2], 0)))


@pytest.fixture
def shown(monkeypatch):
    figures = []
    monkeypatch.setattr(widgets, "display", figures.append)
    return figures


def test_the_pair_browser_leafs_and_changes_class(shown):
    images = np.zeros((4, 40, 36, 1), np.uint8)
    kind, place, _ = widgets.pair_browser(PAIRS, FaceCache(images, FACES)).children
    place.value = 1
    assert "Ben 1 / 2" in shown[-1].axes[0].get_title()
    kind.value = "different people"
    assert place.max == 0 and "Ada 1\nBen 1" in shown[-1].axes[0].get_title()


def test_the_threshold_slider_shows_the_outcome_at_its_value(shown):
    slider, _ = widgets.threshold_slider(np.array([0.1, 0.4, 0.6, 0.9]), np.array([0, 1, 0, 1]), 0.5).children
    assert "50.0%" in shown[-1].axes[0].get_title()
    slider.value = 0.8
    assert "75.0%" in shown[-1].axes[0].get_title()
