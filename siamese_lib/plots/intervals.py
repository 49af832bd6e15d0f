"""Figures of accuracies with their intervals, a line for each."""

from collections.abc import Mapping, Sequence

import numpy as np

from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    SPLIT_STYLES,
    DescribedFigure,
    error_bars,
    in_percent,
    new_figure,
)

SHIFT = 0.17  # of validation and test from the line of their name

# A row's name, and for each split its value and its interval.
ValuesBySplit = Mapping[str, tuple[float, Sequence[float]]]


def accuracy_intervals(rows: Mapping[str, ValuesBySplit], title: str) -> DescribedFigure:
    """Accuracies on validation and test with their 95 % intervals, a line for each name.

    Args:
        rows: `{name: {split: (accuracy, [low, high])}}`, the splits "validation" and "test".
        title: the figure's title.
    """
    xlabel = "accuracy with 95 % interval (dotted: chance)"
    return _by_split(rows, title, xlabel, 0.5, "{:.1%}")


def gain_intervals(rows: Mapping[str, ValuesBySplit], title: str) -> DescribedFigure:
    """Differences of accuracies with their 95 % intervals, a line for each name.

    Args:
        rows: `{name: {split: (gain, [low, high])}}`, in shares; the splits "validation" and "test".
        title: the figure's title.
    """
    xlabel = "gain in accuracy, in points, with 95 % interval (dotted: none)"
    return _by_split(rows, title, xlabel, 0.0, "{:+.1%}")


def _by_split(rows, title, xlabel, reference, number_format):
    """Validation above test on the line of each name, and a dotted line at the reference."""
    figure, axes = new_figure(8.4, 0.7 * len(rows) + 1.2, title, xlabel)
    for height, of_splits in enumerate(list(rows.values())[::-1]):
        for shift, (split, style) in zip((SHIFT, -SHIFT), SPLIT_STYLES.items()):
            if split in of_splits:
                value, interval = of_splits[split]
                _draw_dot(axes, value, height + shift, interval, style, number_format)
    for split, style in SPLIT_STYLES.items():
        axes.plot([], [], label=split, **style)
    axes.axvline(reference, color="0.6", linewidth=1, linestyle=":")
    _name_lines(axes, list(rows))
    in_percent(axes.xaxis)
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
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
    figure, axes = _named_dots(rows, styles, title, xlabel)
    axes.grid(axis="y", color="0.9")
    return figure


def among_all(
    rows: Mapping[str, tuple[Sequence[float], Sequence[float]]], title: str, xlabel: str
) -> DescribedFigure:
    """Accuracies of chosen trials among those of all trials like them, a line for each group.

    Args:
        rows: `{group: (accuracies of all, accuracies of the chosen)}`.
        title, xlabel: of the figure.
    """
    figure, axes = new_figure(8.4, 0.45 * len(rows) + 1.4, title, xlabel)
    for height, (everything, chosen) in enumerate(list(rows.values())[::-1]):
        values, counts = np.unique(everything, return_counts=True)
        sizes = 160 * counts / counts.max()
        axes.scatter(values, np.full(len(values), height), sizes, color="0.75")
        axes.plot(np.mean(everything), height, "|", color=BLACK, markersize=16)
        places = height + np.linspace(-0.12, 0.12, len(chosen))
        axes.plot(chosen, places, "D", color=ORANGE, markersize=6)
    axes.scatter([], [], 80, color="0.75", label="all pairs of drawers; larger: more of them")
    axes.plot([], [], "|", color=BLACK, markersize=12, linestyle="none", label="their mean")
    axes.plot([], [], "D", color=ORANGE, linestyle="none", label="published")
    _name_lines(axes, list(rows))
    in_percent(axes.xaxis)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
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
    figure, axes = _named_dots(dots, styles, title, "accuracy with 95 % interval")
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)
    axes.set_xticks(np.arange(0.5, 1.01, 0.1))
    words = {"pairs": "learns from labelled pairs", "people": "learns from named people"}
    shown = {protocol for _, protocol, *_ in rows}
    for protocol, label in words.items():  # in this order in every run, unlike a set
        if protocol in shown:
            axes.plot([], [], label=label, linestyle="none", **LADDER_STYLES[protocol])
    axes.plot([], [], label="for comparison", linestyle="none", **LADDER_STYLES[""])
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    return figure


def _named_dots(rows, styles, title, xlabel):
    """Rows `(name, value, interval)` from the top down as dots with intervals and numbers."""
    figure, axes = new_figure(7.6, 0.45 * len(rows) + 1.2, title, xlabel)
    for height, ((_, value, interval), style) in enumerate(zip(rows[::-1], styles[::-1])):
        _draw_dot(axes, value, height, interval, style, "{:.1%}")
    _name_lines(axes, [name for name, *_ in rows])
    in_percent(axes.xaxis)
    return figure, axes


def _draw_dot(axes, value, height, interval, style, number_format):
    error = None if interval is None else error_bars([value], *np.reshape(interval, (2, 1)))
    axes.errorbar(value, height, xerr=error, capsize=3, **style)
    axes.annotate(
        number_format.format(value),
        (value, height),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=9,
    )


def _name_lines(axes, names):
    axes.set_yticks(range(len(names)), labels=names[::-1])
    axes.set_ylim(-0.6, len(names) - 0.2)
    axes.locator_params(axis="x", nbins=5)  # long names leave little space for numbers
