"""Curves: training by epoch; accuracy against N, own people, training data, ways to split."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from siamese_lib.plots.style import (
    CYCLE,
    MARKERS,
    SPLIT_STYLES,
    DescribedFigure,
    curve_style,
    error_bars,
    in_percent,
    log_ticks,
    new_figure,
)


def learning_curves(
    histories: Mapping[str, pd.DataFrame],
    title: str,
    fitted: Mapping[str, Mapping[str, float]] | None = None,
) -> DescribedFigure:
    """Losses, accuracy and AUC by epoch, training dashed and validation solid.

    The loss of pairs and the loss of classes are in panels of their own. Panels without any curve
    are left out.

    Args:
        histories: `{name: Run.history}`.
        title: the figure's title.
        fitted: `{name: Run.metrics["validation"]}` of networks whose head is fitted after the last
            epoch; a star marks what the fit makes of it.
    """
    columns = {name: _columns_of_panels(history) for name, history in histories.items()}
    shown = [panel for panel in PANELS if any(panel in of_name for of_name in columns.values())]
    rows = -(-len(shown) // 2)
    figure, panels = new_figure(9, 3.2 * rows + 0.6, title, nrows=rows, ncols=2, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.remove()
    for axes, panel in zip(panels.flat, shown):
        for color, (name, history) in zip(itertools.cycle(CYCLE), histories.items()):
            marker = "o" if len(history) < 3 else None
            for column in columns[name].get(panel, ()):
                split, line = (
                    ("validation", "-") if column.startswith("val_") else ("training", "--")
                )
                style = {"color": color, "linestyle": line, "marker": marker}
                label = f"{name}, {split}"
                axes.plot(history["epoch"], history[column], label=label, **style)
            value = (fitted or {}).get(name, {}).get(PANELS[panel])
            if value is not None:
                star = {"color": color, "marker": "*", "markersize": 11, "linestyle": "none"}
                axes.plot(history["epoch"].max(), value, label=f"{name}, head fitted", **star)
        axes.set(xlabel="epoch", ylabel=panel)
        if "loss" in panel:
            axes.set_yscale("log")  # with penalties, a loss is ten times another one's
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
        if "accuracy" in panel:
            in_percent(axes.yaxis)
        axes.xaxis.get_major_locator().set_params(integer=True)
    curves = {line.get_label(): line for axes in panels.flat for line in axes.get_lines()}
    figure.legend(
        curves.values(),
        curves.keys(),
        loc="outside lower center",
        ncols=3,  # as many as the width takes
        handlelength=3.5,  # dashes can be seen
        frameon=False,
        fontsize=8,
    )
    return figure


# The panels of `learning_curves`, and the metric that a fitted head is drawn by.
PANELS = {
    "loss of pairs": "cross_entropy",
    "loss of classes": "",
    "accuracy on pairs": "accuracy",
    "AUC": "auc",
}


def _columns_of_panels(history: pd.DataFrame) -> dict[str, list[str]]:
    """The columns of a history by panel; a training on classes measures no training pairs."""
    on_pairs = "accuracy" in history
    wanted = {
        "loss of pairs": ["loss", "val_loss"] if on_pairs else ["val_pair_loss"],
        "loss of classes": [] if on_pairs else ["loss"],
        "accuracy on pairs": ["accuracy", "val_accuracy"] if on_pairs else ["val_pair_accuracy"],
        "AUC": ["auc", "val_auc"],
    }
    found = {
        panel: [column for column in columns if column in history]
        for panel, columns in wanted.items()
    }
    return {panel: columns for panel, columns in found.items() if columns}


def oneshot_curves(table: pd.DataFrame, title: str, who: str = "people") -> DescribedFigure:
    """One-shot accuracy against N, a curve with 95 % intervals for each method, chance dashed.

    Args:
        table: rows with the columns method, ways, accuracy, low, high, as
            `evaluation.oneshot_accuracies` returns them.
        title: the figure's title.
        who: what the gallery contains N of, for the label of the axis.
    """
    figure, axes = new_figure(
        width=8.0,
        title=title,
        xlabel=f"{who} in the gallery, N (logarithmic)",
        ylabel="accuracy (share of trials)",
    )
    chance = table[table["method"] == "chance"]
    axes.plot(chance["ways"], chance["accuracy"], "--", color="0.6", label="chance (1 / N)")
    _methods(axes, table[table["method"] != "chance"], "ways")
    log_ticks(axes, sorted(table["ways"].unique()))
    axes.set_ylim(0, 1.03)
    in_percent(axes.yaxis)
    # Beside the curves: of an ensemble they are many and leave no room between them.
    figure.legend(loc="outside right center", frameon=False)
    return figure


def people_curves(table: pd.DataFrame, title: str) -> DescribedFigure:
    """Accuracy against the number of own people, a curve with 95 % intervals for each method.

    Args:
        table: rows with the columns method, people, accuracy, low, high.
        title: the figure's title.
    """
    figure, axes = new_figure(
        width=8.0,
        title=title,
        xlabel="own people (logarithmic)",
        ylabel="accuracy (share of pairs)",
    )
    _methods(axes, table, "people")
    log_ticks(axes, sorted(table["people"].unique()))
    in_percent(axes.yaxis)
    figure.legend(loc="outside right center", frameon=False)
    return figure


def _methods(axes: Axes, table: pd.DataFrame, amount: str) -> None:
    for index, (method, rows) in enumerate(table.groupby("method", sort=False)):
        # Each method is a little further to the right, so that no error bar hides another.
        axes.errorbar(
            rows[amount] * 1.03**index,
            rows["accuracy"],
            error_bars(rows["accuracy"], rows["low"], rows["high"]),
            color=CYCLE[index % len(CYCLE)],
            marker=MARKERS[index % len(MARKERS)],
            capsize=3,
            label=method,
        )


def oneshot_by_epoch(histories: Mapping[str, pd.DataFrame], title: str) -> DescribedFigure:
    """One-shot accuracy on validation groups after each epoch, a curve for each run.

    Args:
        histories: `{name: Run.history}`, with the column val_oneshot_accuracy.
        title: the figure's title.
    """
    figure, axes = new_figure(title=title, xlabel="epoch", ylabel="accuracy (share of trials)")
    for index, (name, history) in enumerate(histories.items()):
        axes.plot(
            history["epoch"],
            history["val_oneshot_accuracy"],
            marker=MARKERS[index % len(MARKERS)],
            markersize=4,
            label=name,
            **curve_style(index),
        )
    axes.xaxis.get_major_locator().set_params(integer=True)
    in_percent(axes.yaxis)
    axes.legend(frameon=False)
    return figure


def accuracy_by_amount(
    rows: Sequence[Mapping[str, Any]], amount: str, title: str, xlabel: str
) -> DescribedFigure:
    """Validation and test accuracy against the amount of training data, with 95 % intervals.

    Args:
        rows: dicts with the key `amount` and, for validation and test, `SPLIT_accuracy_mean` and
            `SPLIT_accuracy_interval`.
        amount: the key of the amount, on a logarithmic axis.
        title, xlabel: of the figure.
    """
    figure, axes = new_figure(title=title, xlabel=xlabel, ylabel="accuracy (share of pairs)")
    in_percent(axes.yaxis)
    rows = sorted(rows, key=lambda row: row[amount])
    amounts = np.array([row[amount] for row in rows])
    for shift, (split, style) in zip((0.99, 1.01), SPLIT_STYLES.items()):
        accuracy = [row[f"{split}_accuracy_mean"] for row in rows]
        low, high = np.transpose([row[f"{split}_accuracy_interval"] for row in rows])
        axes.errorbar(
            amounts * shift,
            accuracy,
            error_bars(accuracy, low, high),
            capsize=3,
            label=split,
            **style,
        )
    log_ticks(axes, amounts)
    axes.legend(frameon=False)
    return figure


def split_slopes(rows: Sequence[Mapping[str, Any]], title: str) -> DescribedFigure:
    """Accuracy on validation and on test, a line for each way to split, with 95 % intervals.

    Args:
        rows: dicts with the keys split_by and, of validation and test, `*_accuracy_mean` and
            `*_accuracy_interval`.
        title: the figure's title.
    """
    figure, axes = new_figure(5.6, 3.8, title, ylabel="accuracy (share of pairs)")
    in_percent(axes.yaxis)
    for index, row in enumerate(rows):
        values = [row[f"{split}_accuracy_mean"] for split in SPLIT_STYLES]
        bounds = np.transpose([row[f"{split}_accuracy_interval"] for split in SPLIT_STYLES])
        places = np.arange(2) + 0.04 * index  # so that no error bar hides another
        error, label = error_bars(values, *bounds), f"split by {row['split_by']}"
        axes.errorbar(
            places, values, error, capsize=3, marker="o", label=label, **curve_style(index)
        )
    axes.set_xticks([0, 1], labels=list(SPLIT_STYLES))
    axes.set_xlim(-0.4, 1.4)
    axes.legend(frameon=False)
    return figure
