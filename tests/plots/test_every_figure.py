"""Every figure can be drawn, has a title and labelled axes, and is not kept by pyplot."""

import io

import numpy as np
import pandas as pd
import pytest

from siamese_lib.plots import curves, data, decisions, galleries, intervals, networks

GENERATOR = np.random.default_rng(0)
SCORES, LABELS = GENERATOR.uniform(size=60), GENERATOR.integers(0, 2, 60)
IMAGES = [GENERATOR.integers(0, 256, (40, 36, 1), dtype=np.uint8) for _ in range(4)]
HISTORY = pd.DataFrame(
    {"epoch": [1, 2]}
    | {
        key: [0.5, 0.6]
        for key in ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc")
    }
)
ONESHOT = pd.DataFrame(
    [
        ("network", 2, 0.9, 0.8, 1.0),
        ("network", 20, 0.6, 0.5, 0.7),
        ("chance", 2, 0.5, 0.5, 0.5),
        ("chance", 20, 0.05, 0.05, 0.05),
    ],
    columns=["method", "ways", "accuracy", "low", "high"],
)
POINT = {"accuracy_mean": 0.7, "accuracy_interval": [0.6, 0.8]}
PLOTS = {
    "images_per_person": lambda: data.images_per_person([1, 1, 2, 530], "title"),
    "distributions": lambda: data.distributions(
        {"a": {"train": [1, 2, 3]}, "b": {"train": [1, 2]}},
        "title",
        {"a": "a (grey)", "b": "b (grey)"},
    ),
    "split_overlap": lambda: data.split_overlap([0.6, 0.7], [0.0, 0.0]),
    "learning_curves": lambda: curves.learning_curves({"one": HISTORY}, "title"),
    "score_histogram": lambda: decisions.score_histogram(SCORES, LABELS, 0.5, "title"),
    "confusion_matrix": lambda: decisions.confusion_matrix([[30, 5], [7, 18]], "title"),
    "oneshot_curves": lambda: curves.oneshot_curves(ONESHOT, "title"),
    "gain_intervals": lambda: intervals.gain_intervals(
        {"one": {"test": (-0.02, [-0.05, 0.01])}}, "title"
    ),
    "accuracy_by_amount": lambda: curves.accuracy_by_amount(AMOUNTS, "num_pairs", "title", "pairs"),
    "among_all": lambda: intervals.among_all({"Greek": ([0.5, 0.6], [0.6])}, "title", "accuracy"),
    "ladder": lambda: intervals.ladder(
        [("chance", "", 0.5, None), ("net", "people", 0.9, [0.88, 0.92])], "title"
    ),
    "accuracy_intervals": lambda: intervals.accuracy_intervals(
        {"one": {"test": (0.7, [0.6, 0.8])}}, "title"
    ),
}
AMOUNTS = [
    {
        "num_pairs": 800,
        **{
            f"{split}_{key}": value
            for split in ("validation", "test")
            for key, value in POINT.items()
        },
    },
    {
        "num_pairs": 400,
        **{
            f"{split}_{key}": value
            for split in ("validation", "test")
            for key, value in POINT.items()
        },
    },
]
PANELS = {
    "faces": lambda: galleries.faces(IMAGES, list("abcd"), "title"),
    "pair_gallery": lambda: galleries.pair_gallery(
        [(IMAGES[0], IMAGES[1])] * 2, ["correct", "wrong"], [False, True], "title"
    ),
    "an empty gallery": lambda: galleries.pair_gallery([], [], [], "title"),
    "siamese_diagram": lambda: networks.siamese_diagram((105, 105), "koch", 4096, "|l - r|"),
    "block_areas": lambda: networks.block_areas(
        {"one": [{"block": "stem", "output_shape": [4, 4, 2], "parameters": 90_000}]}, "title"
    ),
}


@pytest.mark.parametrize("draw", [*PLOTS.values(), *PANELS.values()], ids=[*PLOTS, *PANELS])
def test_it_can_be_drawn_and_has_a_title(draw):
    figure = draw()
    figure.savefig(io.BytesIO(), format="png")
    titles = [axes.get_title() for axes in figure.axes] + [figure.get_suptitle()]
    assert any(titles)


@pytest.mark.parametrize("draw", PLOTS.values(), ids=PLOTS)
def test_its_axes_are_labelled(draw):
    for axes in draw().axes:
        assert axes.get_xlabel() and (axes.get_ylabel() or axes.get_yticklabels())


def test_the_number_of_people_stands_on_each_bar():
    for counts, scale in (([10] * 40, "linear"), ([1, 1, 2, 530], "log")):
        (axes,) = data.images_per_person(counts, "title").axes
        numbers = [int(text.get_text()) for text in axes.texts if text.get_text()]
        assert sum(numbers) == len(counts) and axes.get_yscale() == scale


def test_a_wrong_pair_is_marked_by_frame_and_word():
    correct, wrong = galleries.pair_gallery(
        [(IMAGES[0], IMAGES[1])] * 2, ["a", "b"], [False, True], "title", columns=2
    ).axes
    assert "WRONG" in wrong.get_title() and "WRONG" not in correct.get_title()
    assert all(spine.get_linewidth() == 3 for spine in wrong.spines.values())


def test_one_shot_curves_have_their_n_as_ticks_and_chance_dashed():
    (axes,) = curves.oneshot_curves(ONESHOT, "title").axes
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2", "20"]
    (chance,) = [line for line in axes.lines if line.get_label().startswith("chance")]
    assert chance.get_linestyle() == "--" and chance.get_ydata().tolist() == [0.5, 0.05]
    (network,) = axes.containers
    assert network.get_label() == "network" and network.has_yerr


def test_the_counts_and_shares_of_the_rows_are_in_the_confusion_matrix():
    (axes,) = PLOTS["confusion_matrix"]().axes
    assert [text.get_text() for text in axes.texts] == [
        "30\n85.7%",
        "5\n14.3%",
        "7\n28.0%",
        "18\n72.0%",
    ]


def test_no_figure_is_kept_by_pyplot():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    PLOTS["score_histogram"]()
    assert plt.get_fignums() == before


def test_losses_of_pairs_and_of_classes_have_panels_of_their_own():
    of_classes = pd.DataFrame(
        {"epoch": [1, 2], "loss": [9.0, 2.0], "val_auc": [0.8, 0.9]}
        | {"val_pair_loss": [0.6, 0.5], "val_pair_accuracy": [0.7, 0.8]}
    )
    fitted = {"people": {"cross_entropy": 0.3, "accuracy": 0.85, "auc": 0.95}}
    figure = curves.learning_curves({"pairs": HISTORY, "people": of_classes}, "t", fitted)
    panels = {axes.get_ylabel(): axes for axes in figure.axes}
    drawn = {name: [line.get_label() for line in axes.get_lines()] for name, axes in panels.items()}
    both = ["pairs, training", "pairs, validation", "people, validation", "people, head fitted"]
    assert drawn == {
        "loss of pairs": both,
        "loss of classes": ["people, training"],
        "accuracy on pairs": both,
        "AUC": both,
    }
    star = panels["AUC"].get_lines()[-1]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (2, 0.95)


def test_a_training_without_accuracies_has_no_panel_of_them():
    history = HISTORY[["epoch", "loss", "val_auc"]]
    labels = [axes.get_ylabel() for axes in curves.learning_curves({"one": history}, "t").axes]
    assert labels == ["loss of classes", "AUC"]


def test_an_ensemble_of_many_has_a_learning_curve_of_each():
    figure = curves.learning_curves({f"member {number}": HISTORY for number in range(9)}, "title")
    assert all(len(axes.get_lines()) == 18 for axes in figure.axes)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_the_marks_are_those_of_the_split_whatever_the_experiment_is_called():
    rows = {"test": {"validation": (0.7, [0.6, 0.8]), "test": (0.8, [0.7, 0.9])}}
    for function in (intervals.accuracy_intervals, intervals.gain_intervals):
        lines = function(rows, "title").axes[0].get_lines()
        markers = {line.get_marker() for line in lines if line.get_marker() in ("o", "s")}
        assert markers == {"o", "s"}


def test_the_legend_of_the_ladder_has_the_same_order_in_every_run():
    rows = [("net", "people", 0.9, [0.88, 0.92]), ("chance", "", 0.5, None)]
    axes = intervals.ladder([*rows, ("older", "pairs", 0.7, [0.6, 0.8])], "title").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "learns from labelled pairs",
        "learns from named people",
        "for comparison",
    ]
