"""The figures of a sweep can be drawn, have labels, and mark missing runs."""

import io

import numpy as np
import pandas as pd
import pytest

from siamese_lib.plots import curves, sweeps

ROWS = [
    {
        "axis": "learning_rate",
        "value": rate,
        "learning_rate": rate,
        "batch_size": size,
        "seed": seed,
        "test_accuracy": 0.7 + seed / 100,
    }
    for rate, size in ((0.001, 16), (0.01, 16), (0.01, 32))
    for seed in (0, 1)
]
TABLE = pd.DataFrame(ROWS).assign(
    validation_auc=np.linspace(0.7, 0.9, len(ROWS)), train_seconds=[5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
)
SETTINGS = pd.DataFrame({"value": [0.01, 0.001], "validation_auc": [0.8, 0.9]}).assign(
    **{
        f"{split}_{key}": [0.6, 0.7]
        for split in ("validation", "test")
        for key in ("accuracy", "low", "high")
    },
    validation_of_seeds=[[0.5, 0.7], [0.7]],
    test_of_seeds=[[0.55, 0.65], [0.7]],
)
ORIGINAL = {"value": [0.001, 0.5], "validation_accuracy": [0.7, 0.1], "test_accuracy": [0.72, 0.1]}
HISTORY = pd.DataFrame({"epoch": [1, 2], "loss": [1.0, 0.5], "val_auc": [0.6, 0.7]})
DRAWN = {
    "against_axis": lambda: sweeps.against_axis(
        SETTINGS, "learning_rate", "title", original=ORIGINAL
    ),
    "against_axis, another metric": lambda: sweeps.against_axis(
        SETTINGS, "learning_rate", "title", "validation_auc"
    ),
    "curves_of_runs": lambda: sweeps.curves_of_runs(
        [(0.1, HISTORY), (0.01, HISTORY)], "learning_rate", "title"
    ),
    "heat_map": lambda: sweeps.heat_map(TABLE, "learning_rate", "batch_size", "title"),
    "parallel_coordinates": lambda: sweeps.parallel_coordinates(
        TABLE, ("learning_rate", "batch_size"), "title"
    ),
    "seed_spread": lambda: sweeps.seed_spread(TABLE, "title"),
    "split_slopes": lambda: curves.split_slopes(
        [
            {"split_by": name}
            | {f"{split}_accuracy_mean": 0.8 for split in ("validation", "test")}
            | {f"{split}_accuracy_interval": [0.7, 0.9] for split in ("validation", "test")}
            for name in ("person", "pair")
        ],
        "title",
    ),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_it_can_be_drawn_with_title_and_labels(draw):
    figure = draw()
    figure.savefig(io.BytesIO(), format="png")
    assert "title" in figure.title
    assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)


def test_the_original_is_drawn_only_at_values_of_the_axis():
    (axes,) = DRAWN["against_axis"]().axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_array_equal(lines["original, test"].get_xydata(), [[0, 0.72]])


def test_a_combination_without_a_run_is_marked():
    axes = DRAWN["heat_map"]().axes[0]
    assert sorted(text.get_text() for text in axes.texts).count("not\ntrained") == 1


def test_settings_with_one_seed_have_no_spread():
    one_seed = TABLE[TABLE["seed"] == 0].drop_duplicates("value")
    (axes,) = sweeps.seed_spread(one_seed, "title").axes
    assert list(axes.get_yticklabels()) == []


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("val_auc", "AUC on validation pairs"),
        ("val_oneshot_accuracy", "one-shot accuracy on validation"),
        ("val_loss", "loss on validation pairs"),
    ],
)
def test_the_curves_are_of_what_the_runs_measured(column, label):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [1.0, 0.5], column: [0.6, 0.7]})
    figure = sweeps.curves_of_runs([(1, history), (2, history)], "batch_size", "title")
    assert figure.axes[1].get_ylabel() == label
    assert figure.axes[1].get_lines()[0].get_ydata().tolist() == [0.6, 0.7]


def test_a_run_that_is_the_beginning_of_a_longer_one_is_not_drawn_again():
    longer = pd.DataFrame({"epoch": [1, 2, 3], "loss": [1.0, 0.5, 0.4], "val_auc": [0.6, 0.7, 0.8]})
    other = longer.assign(loss=[2.0, 0.5, 0.4])
    runs = [(2, HISTORY), (3, longer), (4, other)]
    figure = sweeps.curves_of_runs(runs, "num_epochs", "title")
    drawn = [line.get_label() for line in figure.axes[0].get_lines()]
    assert drawn == ["3", "4"]


def test_settings_with_several_seeds_have_a_dot_for_each():
    (axes,) = DRAWN["against_axis"]().axes
    dots = [
        sorted(points.get_offsets()[:, 1])
        for points in axes.collections
        if len(points.get_offsets())
    ]
    assert [0.5, 0.7] in dots and [0.55, 0.65] in dots
