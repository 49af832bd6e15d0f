"""Figures about photos can be drawn, have a title and labelled axes, and show their numbers."""

import io

import numpy as np
import pytest

from siamese_lib.data.photos import FRAME_EYES
from siamese_lib.plots import errors, galleries
from siamese_lib.plots.style import CLASS_COLORS

FRAME = np.full((250, 250), 128, np.uint8)
ROWS = [
    {
        "kind": kind,
        "amount": amount,
        "unit": unit,
        "accuracy": 0.9 - amount / 100,
        "accuracy_interval": [0.8 - amount / 100, 0.95 - amount / 100],
        "same": {"mean": 0.8 - amount / 100, "quartiles": [0.6, 0.9]},
        "different": {"mean": 0.2, "quartiles": [0.1, 0.3]},
    }
    for kind, unit in (("shift", "pixels"), ("scale", "percent"))
    for amount in (0, 10)
]


def test_the_score_is_beside_the_two_faces():
    for score, words, color in (
        (0.8, "same person: score 0.800", CLASS_COLORS[1]),
        (0.3, "different people: score 0.300", CLASS_COLORS[0]),
    ):
        figure = galleries.compared_faces([FRAME, FRAME], ["a.jpg", "b.jpg"], score, 0.5)
        assert figure.get_suptitle() == words
        assert [axes.get_title() for axes in figure.axes[:2]] == ["a.jpg", "b.jpg"]
        (bar,) = figure.axes[2].patches
        assert bar.get_height() == score and "score" in figure.axes[2].get_ylabel()
        assert np.allclose(
            bar.get_facecolor()[:3],
            [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)],
        )
        figure.savefig(io.BytesIO())


def test_the_eyes_are_marked_in_aligned_faces():
    figure = galleries.aligned_frames([FRAME, FRAME], ["first", "second"], FRAME_EYES, "title")
    for axes in figure.axes:
        assert axes.get_lines()[0].get_xydata() == pytest.approx(np.array(FRAME_EYES))
        assert "pixels" in axes.get_xlabel() and "pixels" in axes.get_ylabel()
    figure.savefig(io.BytesIO())


def test_alignment_errors_have_a_column_for_each_kind_with_its_unit():
    figure = errors.alignment_errors(ROWS, "title")
    assert figure.get_suptitle() == "title" and len(figure.axes) == 4
    assert [axes.get_xlabel() for axes in figure.axes[2:]] == [
        "shift of one image (pixels)",
        "scale of one image (percent)",
    ]
    assert "score" in figure.axes[0].get_ylabel() and "accuracy" in figure.axes[2].get_ylabel()
    np.testing.assert_allclose(figure.axes[0].get_lines()[0].get_xydata(), [[0, 0.8], [10, 0.7]])
    figure.savefig(io.BytesIO())
