"""Figures of the data: images of each person, qualities of images, people in two splits."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter, ScalarFormatter
from numpy.typing import ArrayLike

from siamese_lib.plots.style import (
    BLUE,
    GREEN,
    VERMILION,
    DescribedFigure,
    curve_style,
    in_percent,
    new_figure,
)


def images_per_person(counts: Sequence[int], title: str) -> DescribedFigure:
    """A histogram of the number of images of each person, with the number of people on each bar.

    With more than 20 images of one person, both axes are logarithmic.

    Args:
        counts: `(num_people,)`, images of each person.
        title: the figure's title.
    """
    most = max(counts)
    many = most > 20
    figure, axes = new_figure(
        title=title,
        xlabel=f"images of a person{' (logarithmic)' if many else ''}",
        ylabel=f"people{' (logarithmic)' if many else ''}",
    )
    edges = np.geomspace(1, most + 1, 18) if many else np.arange(1, most + 2)
    bins = np.unique(np.round(edges)) - 0.5
    heights, _, bars = axes.hist(counts, bins=bins, color=BLUE, edgecolor="white")
    labels = [f"{int(height):,}" if height else "" for height in heights]
    axes.bar_label(bars, labels, fontsize=8)
    if many:
        axes.set(xscale="log", yscale="log", ylim=(0.5, 2 * max(heights)))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(ScalarFormatter())
            axis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def distributions(
    columns: Mapping[str, Mapping[str, ArrayLike]], title: str, xlabels: Mapping[str, str]
) -> DescribedFigure:
    """Cumulative distributions, a panel for each quantity and a curve for each group.

    Args:
        columns: `{quantity: {group: values}}`.
        title: the figure's title.
        xlabels: `{quantity: label with its unit}`.
    """
    figure, panels = new_figure(10, 3.4, title, ncols=len(columns), squeeze=False)
    for axes, (quantity, groups) in zip(panels.flat, columns.items()):
        for index, (group, values) in enumerate(groups.items()):
            axes.ecdf(values, label=group, linewidth=1.8, **curve_style(index))
        axes.set(xlabel=xlabels[quantity], ylabel="images with this value or less")
        in_percent(axes.yaxis)
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
    in_percent(axes.xaxis)
    return figure
