"""Figures of one-shot trials: frames around answers, published accuracies, failures."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba

from siamese_lib.plots import curves, galleries, intervals
from siamese_lib.plots.style import BLUE, VERMILION

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 1), dtype=np.uint8)


def frame_of(axes):
    spine = axes.spines["left"]
    return spine.get_edgecolor() if axes.axison and spine.get_linewidth() == 3 else None


def test_a_trial_has_the_probe_and_a_frame_around_the_correct_answer():
    figure = galleries.trial(IMAGES, IMAGES[3], 7, "One trial")
    framed = [axes for axes in figure.axes if frame_of(axes)]
    assert len([axes for axes in figure.axes if axes.images]) == 21 and len(framed) == 1
    np.testing.assert_array_equal(framed[0].images[0].get_array(), IMAGES[7, ..., 0])
    assert "probe" in figure.description and figure.title == "One trial"


def test_published_accuracies_are_hollow_and_own_ones_have_intervals_best_first():
    rows = [("theirs", 0.92, None), ("ours", 0.96, [0.94, 0.97]), ("pixels", 0.2, None)]
    (axes,) = intervals.dot_plot(rows, "title", "accuracy (share of trials)").axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["pixels", "theirs", "ours"]
    hollow = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(hollow) == 2 and all(line.get_markerfacecolor() == "white" for line in hollow)
    assert [container.has_xerr for container in axes.containers] == [False, False, True]
    assert [text.get_text() for text in axes.texts] == ["20.0%", "92.0%", "96.0%"]


def test_epochs_are_whole_numbers():
    history = pd.DataFrame({"epoch": [1, 2, 3], "val_oneshot_accuracy": [0.5, 0.6, 0.7]})
    (axes,) = curves.oneshot_by_epoch({"one": history}, "title").axes
    assert all(tick == int(tick) for tick in axes.get_xticks())
    assert axes.get_xlabel() == "epoch" and axes.get_ylabel()


def test_a_failure_shows_the_correct_and_the_chosen_answer():
    figure = galleries.failures([(*IMAGES[:3], "Greek"), (*IMAGES[3:6], "Latin")], "Failures")
    frames = [frame_of(axes) for axes in figure.axes if axes.images]
    assert frames == [None, to_rgba(BLUE), to_rgba(VERMILION)] * 2
    assert "Greek" in figure.description
