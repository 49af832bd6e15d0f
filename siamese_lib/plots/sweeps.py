"""Figures of a sweep: one axis, two axes, all settings, curves of its runs, spread of seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    ORANGE,
    SPLIT_STYLES,
    DescribedFigure,
    error_bars,
    in_percent,
    new_figure,
)
from siamese_lib.utils.text import as_text

METRICS = {
    "accuracy": "accuracy (share of pairs)",
    "validation_auc": "AUC on validation pairs",
    "test_auc": "AUC on test pairs",
}
VALIDATION_CURVES = {  # in a history, the preferred one first
    "val_auc": "AUC on validation pairs",
    "val_oneshot_accuracy": "one-shot accuracy on validation",
    "val_accuracy": "accuracy on validation pairs",
    "val_loss": "loss on validation pairs",
}
SEQUENTIAL = colormaps["cividis"]  # made for colour-blind readers (Nunez et al., 2018)


def against_axis(
    settings: pd.DataFrame,
    axis: str,
    title: str,
    metric: str = "accuracy",
    original: Mapping[str, Sequence[Any]] | None = None,
) -> DescribedFigure:
    """A metric against one axis of a sweep: means over seeds, for accuracies also each seed.

    Accuracies have 95 % intervals where the settings have them.

    The settings have equal distances. Accuracies are drawn for validation and for test.

    Args:
        settings: the rows of the axis, as `experiments.settings_table` returns them.
        axis: the axis' name.
        title: the beginning of the title; the names of metric and axis follow.
        metric: a key of `METRICS`.
        original: None, or the accuracies of the original network,
            `{"value": [...], "validation_accuracy": [...], "test_accuracy": [...]}`.
    """
    figure, axes = new_figure(
        7.2,
        4.0,
        title=f"{title}: {METRICS[metric].split(' (')[0]} against {_words(axis)}",
        xlabel=_words(axis),
        ylabel=METRICS[metric],
    )
    values = sorted(settings["value"].unique())
    rows, positions = settings.set_index("value").loc[values], np.arange(len(values))
    if metric == "accuracy":
        for shift, (split, style) in zip((-0.06, 0.06), SPLIT_STYLES.items()):
            accuracy, low, high = (rows[f"{split}_{key}"] for key in ("accuracy", "low", "high"))
            error = error_bars(accuracy, low, high)
            axes.errorbar(positions + shift, accuracy, error, label=split, capsize=3, **style)
            for position, of_seeds in zip(positions + shift, rows[f"{split}_of_seeds"]):
                if len(of_seeds) > 1:  # a dot for each seed
                    dots = {"color": style["color"], "s": 9, "alpha": 0.5, "zorder": 3}
                    axes.scatter([position] * len(of_seeds), of_seeds, **dots)
        in_percent(axes.yaxis)
    else:
        axes.plot(positions, rows[metric], label="mean", **SPLIT_STYLES["validation"])
    if original and metric == "accuracy":
        shared = [index for index, value in enumerate(original["value"]) if value in values]
        for (split, style), line in zip(SPLIT_STYLES.items(), ("--", ":")):
            axes.plot(
                [values.index(original["value"][index]) for index in shared],
                [original[f"{split}_accuracy"][index] for index in shared],
                color=BLACK,
                linestyle=line,
                marker=style["marker"],
                fillstyle="none",
                alpha=0.6,
                label=f"original, {split}",
            )
    axes.set_xticks(positions, labels=map(as_text, values))
    axes.set_xlim(-0.5, len(values) - 0.5)
    # Beside the axes; inside them it could hide error bars.
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def curves_of_runs(
    histories: Sequence[tuple[Any, pd.DataFrame]], axis: str, title: str
) -> DescribedFigure:
    """Training loss and a validation metric by epoch, a curve for each run.

    The metric is the first of `VALIDATION_CURVES` that all histories have. The colours go from dark
    to light with the value of the axis. A run that is the beginning of a longer one is not drawn.

    Args:
        histories: `(value, Run.history)` of each run.
        axis: the axis' name.
        title: the beginning of the title.
    """
    figure, panels = new_figure(
        10, 3.8, title=f"{title}: runs along {_words(axis)}, epoch by epoch", ncols=2
    )
    histories = [each for each in histories if not _begins_another(each[1], histories)]
    values = sorted({value for value, _ in histories})
    colors = dict(zip(values, SEQUENTIAL(np.linspace(0, 0.9, len(values)))))
    validation = [
        (column, label)
        for column, label in VALIDATION_CURVES.items()
        if all(column in history for _, history in histories)
    ]
    for axes, (column, label) in zip(panels, [("loss", "training loss"), *validation]):
        for value, history in sorted(histories, key=lambda pair: pair[0]):
            axes.plot(
                history["epoch"],
                history[column],
                color=colors[value],
                linewidth=1.4,
                label=as_text(value),
            )
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
    curves = {line.get_label(): line for line in panels[0].get_lines()}
    figure.legend(
        curves.values(),
        curves.keys(),
        title=_words(axis),
        loc="outside right center",
        frameon=False,
        fontsize=9,
    )
    return figure


def _begins_another(history: pd.DataFrame, histories: Sequence[tuple[Any, pd.DataFrame]]) -> bool:
    return any(
        len(other) > len(history) and np.array_equal(other["loss"][: len(history)], history["loss"])
        for _, other in histories
    )


def heat_map(table: pd.DataFrame, across: str, down: str, title: str) -> DescribedFigure:
    """Mean validation AUC over two settings; combinations without a run are marked.

    Args:
        table: the finished rows of `experiments.sweep_table`, with the columns `across` and `down`.
        across, down: the two fields.
        title: the figure's title.
    """
    cells = table.pivot_table(index=down, columns=across, values="validation_auc").sort_index()
    figure, axes = new_figure(
        1.1 * len(cells.columns) + 2.6,
        0.6 * len(cells) + 1.8,
        title,
        _words(across),
        _words(down),
    )
    image = axes.imshow(cells, cmap=SEQUENTIAL, aspect="auto")
    for (row, column), value in np.ndenumerate(cells.to_numpy()):
        text = "not\ntrained" if np.isnan(value) else f"{value:.3f}"
        color = "white" if image.norm(value) < 0.5 else "black"
        axes.text(column, row, text, color=color, ha="center", va="center", fontsize=9)
    axes.set_xticks(range(len(cells.columns)), labels=map(as_text, cells.columns))
    axes.set_yticks(range(len(cells)), labels=map(as_text, cells.index))
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label=METRICS["validation_auc"])
    return figure


def parallel_coordinates(table: pd.DataFrame, fields: Sequence[str], title: str) -> DescribedFigure:
    """Each run as a line through its settings, validation AUC and test accuracy.

    The colour is the validation AUC.

    Args:
        table: the finished rows of `experiments.sweep_table`.
        fields: the settings, columns of the table.
        title: the figure's title.
    """
    figure, axes = new_figure(
        10,
        4.2,
        title,
        xlabel="settings and results of a run",
        ylabel="from the smallest value (below) to the largest",
    )
    columns = [*fields, "validation_auc", "test_accuracy"]
    heights = pd.DataFrame({name: _heights(table[name], name in fields) for name in columns})
    shades = Normalize(table["validation_auc"].min(), table["validation_auc"].max())
    for line, auc in zip(heights.to_numpy(), table["validation_auc"]):
        axes.plot(line, color=SEQUENTIAL(shades(auc)), linewidth=1.4, alpha=0.85)
    for position, column in enumerate(columns):
        axes.axvline(position, color="0.7", linewidth=0.8)
        for height, value in sorted(dict(zip(heights[column], table[column])).items()):
            if column in fields or height in (0.0, 1.0):
                axes.annotate(
                    as_text(value) if column in fields else f"{value:.3f}",
                    (position, height),
                    xytext=(5, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                    # The lines of the runs cross the numbers.
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
                    zorder=3,
                )
    axes.set_xticks(range(len(columns)), labels=map(_words, columns))
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    figure.colorbar(ScalarMappable(shades, SEQUENTIAL), ax=axes, label=METRICS["validation_auc"])
    return figure


def _heights(values, ordinal):
    """Heights between 0 and 1: settings (ordinal) at equal distances, measured values to scale."""
    distinct = sorted(set(values))
    if ordinal:
        return [distinct.index(value) / max(1, len(distinct) - 1) for value in values]
    span = distinct[-1] - distinct[0] or 1.0
    return [(value - distinct[0]) / span for value in values]


def seed_spread(table: pd.DataFrame, title: str) -> DescribedFigure:
    """The test accuracy of each run minus the mean of its setting, a row for each setting.

    Args:
        table: the finished rows of `experiments.sweep_table`; settings with one seed are left out.
        title: the figure's title.
    """
    groups = [
        (_name(*setting), 100 * (runs["test_accuracy"] - runs["test_accuracy"].mean()))
        for setting, runs in table.groupby(["axis", "value"], sort=False)
        if len(runs) > 1
    ]
    figure, axes = new_figure(
        7.2,
        0.32 * len(groups) + 1.4,
        title,
        xlabel="test accuracy minus the mean of its setting (points)",
    )
    for height, (_, offsets) in enumerate(groups[::-1]):
        axes.plot([offsets.min(), offsets.max()], [height, height], color=ORANGE, linewidth=2)
        axes.plot(offsets, [height] * len(offsets), "o", color=BLUE)
    axes.axvline(0, color="0.6", linewidth=1, linestyle=":")
    axes.set_yticks(range(len(groups)), labels=[name for name, _ in groups[::-1]])
    return figure


def _name(axis, value):
    return f"{_words(axis)} {as_text(value)}"


def _words(name):
    return name.replace("_", " ")
