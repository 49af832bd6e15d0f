"""Figures of data, training and accuracy: data in, a matplotlib `Figure` out."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, PercentFormatter
from numpy.typing import ArrayLike

from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    CYCLE,
    GREEN,
    MARKERS,
    SPLIT_STYLES,
    VERMILION,
    DescribedFigure,
    curve_style,
    error_bars,
    log_ticks,
    new_figure,
)


def images_per_person(counts: Sequence[int], title: str) -> DescribedFigure:
    """A histogram of the number of images of each person, the numbers of people logarithmic.

    With more than 20 images of one person, the numbers of images are logarithmic too.

    Args:
        counts: `(num_people,)`, images of each person.
        title: the figure's title.
    """
    figure, axes = new_figure(
        title=title, xlabel="images of a person", ylabel="people (logarithmic)"
    )
    most = max(counts)
    edges = np.geomspace(1, most + 1, 18) if most > 20 else np.arange(1, most + 2)
    bins = np.unique(np.round(edges)) - 0.5
    axes.hist(counts, bins=bins, color=BLUE, edgecolor="white")
    axes.set(xscale="log" if most > 20 else "linear", yscale="log")
    return figure


def histograms(
    columns: Mapping[str, Mapping[str, ArrayLike]], title: str, xlabels: Mapping[str, str]
) -> DescribedFigure:
    """Overlaid density histograms, a panel for each quantity.

    Args:
        columns: `{quantity: {group: values}}`.
        title: the figure's title.
        xlabels: `{quantity: label with its unit}`.
    """
    figure, panels = new_figure(10, 3.4, title, ncols=len(columns), squeeze=False)
    for axes, (quantity, groups) in zip(panels.flat, columns.items()):
        for index, (group, values) in enumerate(groups.items()):
            axes.hist(
                values,
                bins=25,
                density=True,
                histtype="step",
                linewidth=1.8,
                label=group,
                **curve_style(index),
            )
        axes.set(xlabel=xlabels[quantity], ylabel="density")
    panels.flat[0].legend(frameon=False)
    return figure


def split_overlap(
    shares_random: Sequence[float], shares_by_person: Sequence[float]
) -> DescribedFigure:
    """The share of validation pairs with a person of training, for two ways to split.

    Args:
        shares_random: the share after a random split, for each seed.
        shares_by_person: the share after a split by person, for each seed.
    """
    figure, axes = new_figure(
        6.4,
        2.6,
        title="Validation pairs that show a person from training",
        xlabel="share of the validation pairs (a dot for each seed)",
    )
    for row, (shares, color) in enumerate(((shares_by_person, GREEN), (shares_random, VERMILION))):
        axes.scatter(shares, np.full(len(shares), row), color=color, alpha=0.6, s=40)
        axes.annotate(f"mean {np.mean(shares):.0%}", (np.mean(shares), row + 0.16), ha="center")
    axes.set_yticks([0, 1], labels=["by person", "at random"])
    axes.set(xlim=(-0.1, 1.1), ylim=(-0.5, 1.5))
    return figure


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
        axes.xaxis.get_major_locator().set_params(integer=True)
    curves = {line.get_label(): line for axes in panels.flat for line in axes.get_lines()}
    figure.legend(
        curves.values(),
        curves.keys(),
        loc="outside lower center",
        ncols=3,  # as many as the width takes
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
    axes.legend(frameon=False)
    return figure


def accuracy_intervals(
    rows: Sequence[tuple[str, str, float, Sequence[float]]], title: str
) -> DescribedFigure:
    """Accuracies with their 95 % intervals, a line for each.

    Args:
        rows: `(name, split, accuracy, [low, high])`, the split "validation" or "test".
        title: the figure's title.
    """
    return _intervals(rows, title, "accuracy with 95 % interval (dotted: chance)", 0.5, "{:.1%}")


def gain_intervals(
    rows: Sequence[tuple[str, str, float, Sequence[float]]], title: str
) -> DescribedFigure:
    """Differences of accuracies with their 95 % intervals, a line for each.

    Args:
        rows: `(name, split, gain, [low, high])`, in shares; the split "validation" or "test".
        title: the figure's title.
    """
    return _intervals(
        rows, title, "gain in accuracy with 95 % interval (dotted: none)", 0.0, "{:+.1%}"
    )


def _intervals(rows, title, xlabel, reference, number_format):
    """Intervals in the colours of their splits, with a dotted line at the reference."""
    styles = [SPLIT_STYLES[split] for _, split, *_ in rows]
    dots = [(f"{name}, {split}", *values) for name, split, *values in rows]
    figure, axes = _named_dots(dots, styles, title, xlabel, number_format)
    axes.axvline(reference, color="0.6", linewidth=1, linestyle=":")
    return figure


def dot_plot(
    rows: Sequence[tuple[str, float, Sequence[float] | None]], title: str, xlabel: str
) -> DescribedFigure:
    """Accuracies with their names, the best at the top.

    Filled squares with intervals are accuracies of this project, hollow circles are published ones.

    Args:
        rows: `(name, accuracy, interval)`; the interval is `[low, high]`, or None for a published
            accuracy.
        title, xlabel: of the figure.
    """
    rows = sorted(rows, key=lambda row: row[1])[::-1]
    published = {"color": BLACK, "marker": "o", "markerfacecolor": "white"}
    ours = {"color": BLUE, "marker": "s"}
    styles = [published if interval is None else ours for *_, interval in rows]
    figure, axes = _named_dots(rows, styles, title, xlabel, "{:.1%}")
    axes.grid(axis="y", color="0.9")
    return figure


LADDER_STYLES: dict[str, dict[str, str]] = {
    "pairs": {"color": BLUE, "marker": "s"},
    "people": {"color": GREEN, "marker": "D"},
    "": {"color": BLACK, "marker": "o", "markerfacecolor": "white"},
}


def ladder(
    rows: Sequence[tuple[str, str, float, Sequence[float] | None]], title: str
) -> DescribedFigure:
    """Accuracies from the lowest to the highest, coloured by what was learnt from.

    Args:
        rows: `(name, protocol, accuracy, interval)`, the protocol "pairs", "people", or "" for
            what is not a network of this project; the interval `[low, high]` or None.
        title: the figure's title.
    """
    rows = sorted(rows, key=lambda row: -row[2])
    styles = [LADDER_STYLES[protocol] for _, protocol, *_ in rows]
    dots = [(name, accuracy, interval) for name, _, accuracy, interval in rows]
    xlabel = "accuracy with 95 % interval"
    figure, axes = _named_dots(dots, styles, title, xlabel, "{:.1%}")
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)
    axes.set_xticks(np.arange(0.5, 1.01, 0.1))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    words = {"pairs": "learns from labelled pairs", "people": "learns from named people"}
    shown = {protocol for _, protocol, *_ in rows}
    for protocol, label in words.items():  # in this order in every run, unlike a set
        if protocol in shown:
            axes.plot([], [], label=label, linestyle="none", **LADDER_STYLES[protocol])
    axes.plot([], [], label="for comparison", linestyle="none", **LADDER_STYLES[""])
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    return figure


def _named_dots(rows, styles, title, xlabel, number_format):
    """Rows `(name, value, interval)` from the top down as dots with intervals and numbers."""
    figure, axes = new_figure(7.6, 0.45 * len(rows) + 1.2, title, xlabel)
    for height, ((_, value, interval), style) in enumerate(zip(rows[::-1], styles[::-1])):
        error = None if interval is None else error_bars([value], *np.reshape(interval, (2, 1)))
        axes.errorbar(value, height, xerr=error, capsize=3, **style)
        axes.annotate(
            number_format.format(value),
            (value, height),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axes.set_yticks(range(len(rows)), labels=[name for name, *_ in rows[::-1]])
    axes.set_ylim(-0.6, len(rows) - 0.2)
    axes.locator_params(axis="x", nbins=5)  # long names leave little space for numbers
    return figure, axes
