"""Figures of what goes with errors: covariates, people, alignment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from siamese_lib.data.pairs import CLASS_NAMES, DIFFERENT, SAME
from siamese_lib.plots.style import (
    BLUE,
    CLASS_STYLES,
    CYCLE,
    LINES,
    DescribedFigure,
    error_bars,
    in_percent,
    log_ticks,
    new_figure,
)


def error_rates_by_covariate(
    tables: Mapping[str, Mapping[int, pd.DataFrame]], title: str
) -> DescribedFigure:
    """The error rate of each class of pairs along each covariate, a panel for each covariate.

    Args:
        tables: `{covariate: {label: table}}`, tables as `evaluation.error_rates` returns them.
        title: the figure's title.
    """
    num_rows = -(-len(tables) // 4)
    figure, panels = new_figure(
        11.6, 2.6 * num_rows + 0.5, title, nrows=num_rows, ncols=4, squeeze=False, sharey=True
    )
    for axes in panels.flat[len(tables) :]:
        axes.axis("off")
    for axes, (covariate, of_class) in zip(panels.flat, tables.items()):
        for label, table in of_class.items():
            axes.errorbar(
                table["median"],
                table["error_rate"],
                error_bars(table["error_rate"], table["low"], table["high"]),
                capsize=3,
                label=CLASS_NAMES[label],
                **CLASS_STYLES[label],
            )
        axes.set_xlabel(covariate.replace("_", " "))
    for axes in panels[:, 0]:
        axes.set_ylabel("error rate (share of pairs)")
        in_percent(axes.yaxis)
    panels.flat[0].legend(frameon=False, fontsize=8)
    return figure


def odds_ratios(tables: Mapping[int, pd.DataFrame], title: str) -> DescribedFigure:
    """Odds ratios with their 95 % intervals on a logarithmic axis, for each class of pairs.

    Args:
        tables: `{label: table}`, tables as `evaluation.regression_of_errors` returns them.
        title: the figure's title.
    """
    names = list(next(iter(tables.values())).index)
    figure, axes = new_figure(
        7.0,
        0.5 * len(names) + 1.3,
        title,
        xlabel="odds ratio of an error, one standard deviation more\n(logarithmic; dotted: none)",
    )
    for label, table in tables.items():
        rows = table.loc[names[::-1]]
        axes.errorbar(
            rows["odds_ratio"],
            np.arange(len(names)) + (0.13 if label else -0.13),
            xerr=error_bars(rows["odds_ratio"], rows["low"], rows["high"]),
            elinewidth=2,
            label=CLASS_NAMES[label],
            **(CLASS_STYLES[label] | {"linestyle": "none"}),
        )
    axes.axvline(1.0, color="0.6", linewidth=1, linestyle=":")
    log_ticks(axes, [0.25, 0.5, 1, 2, 4])
    axes.set_yticks(range(len(names)), labels=[name.replace("_", " ") for name in names[::-1]])
    axes.legend(frameon=False, fontsize=8)
    return figure


def plane_of_people(
    points: np.ndarray,
    people: Sequence[str],
    title: str,
    images: Sequence[np.ndarray] | np.ndarray = (),
) -> DescribedFigure:
    """Faces as points of a plane, with a mark and a colour for each person.

    Args:
        points: `(num_faces, 2)`, as `inference.map_of_faces` returns them.
        people: the person of each face, `(num_faces,)`.
        title: the figure's title.
        images: images to draw over the points, with a frame in the colour of the person.
    """
    figure, axes = new_figure(
        8.4, 6.4, title, "first coordinate (no unit)", "second coordinate (no unit)"
    )
    names = sorted(set(people))
    for index, person in enumerate(names):
        chosen = points[np.asarray(people) == person]
        axes.scatter(
            *chosen.T,
            color=CYCLE[index % len(CYCLE)],
            marker="os^DvP*X"[index // len(CYCLE) % 8],
            s=26,
            label=f"{person.replace('_', ' ')} ({len(chosen)})",
        )
    for point, person, image in zip(points, people, images):
        turn, color = divmod(names.index(person), len(CYCLE))
        frame = {"edgecolor": CYCLE[color], "linestyle": LINES[turn % len(LINES)], "linewidth": 1.5}
        thumbnail = OffsetImage(np.squeeze(image), cmap="gray", zoom=22 / len(image))
        axes.add_artist(AnnotationBbox(thumbnail, point, pad=0.1, bboxprops=frame))
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def alignment_errors(rows: Sequence[Mapping[str, Any]], title: str) -> DescribedFigure:
    """The scores of both classes and the accuracy against an error of the alignment.

    There is a column for each kind of error: above the scores, below the accuracy at the threshold
    of the run.

    Args:
        rows: the list `errors` in the file that benchmarks/alignment.py writes.
        title: the figure's title.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    figure, panels = new_figure(
        3.4 * len(kinds),
        5.6,
        title,
        nrows=2,
        ncols=len(kinds),
        squeeze=False,
        sharey="row",
        sharex="col",
    )
    for (above, below), kind in zip(panels.T, kinds):
        chosen = [row for row in rows if row["kind"] == kind]
        amounts = [row["amount"] for row in chosen]
        for key, label in (("same", SAME), ("different", DIFFERENT)):
            means, style = [row[key]["mean"] for row in chosen], CLASS_STYLES[label]
            low, high = np.transpose([row[key]["quartiles"] for row in chosen])
            above.plot(amounts, means, label=f"{CLASS_NAMES[label]}, mean", **style)
            above.fill_between(amounts, low, high, color=style["color"], alpha=0.15, linewidth=0)
        accuracy = [row["accuracy"] for row in chosen]
        error = error_bars(accuracy, *np.transpose([row["accuracy_interval"] for row in chosen]))
        below.errorbar(amounts, accuracy, error, color=BLUE, marker="o", capsize=3)
        below.axhline(0.5, color="0.6", linestyle=":")
        below.set_xlabel(f"{kind} of one image ({chosen[0]['unit']})")
    panels[0, 0].set(ylabel="score\n(band: middle half of the pairs)", ylim=(0, 1))
    panels[1, 0].set(ylabel="accuracy, 95 % interval\n(dotted: chance)", ylim=(0.45, 1))
    panels[0, 0].legend(frameon=False, fontsize=8, loc="center left")
    return figure
