"""The images of the error analysis: data in, a matplotlib `Figure` out; palette and conventions are those of `figures`."""

import numpy as np

from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.plots.style import BLUE, CLASS_COLORS, CYCLE, LINES, error_bars, new_figure

RATE_TICKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6)


def roc_bands(curves, title):
    """ROC curves with their 95 % bands.

    Args:
        curves: `{name: (false_accept_rates, true_accept_rates, low, high)}`, as `operating_points.roc_band` gives them.
        title: the figure's title.
    """
    figure, axes = new_figure(5.6, 4.6)
    for index, (name, (far, tar, low, high)) in enumerate(curves.items()):
        axes.fill_between(far, low, high, color=CYCLE[index], alpha=0.18, linewidth=0)
        axes.plot(far, tar, color=CYCLE[index], linestyle=LINES[index % 4], label=name)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle=":")
    axes.set(
        title=title,
        xlabel="false accept rate (share of different pairs)",
        ylabel="true accept rate (share of same pairs)",
    )
    axes.legend(frameon=False, loc="lower right")
    return figure


def det_curves(curves, title):
    """Detection error trade-off: both error rates on axes on which normal scores give straight lines (Martin et al., 1997).

    Args:
        curves: `{name: (false_accept_rates, true_accept_rates)}`.
        title: the figure's title.
    """
    from scipy.stats import norm

    figure, axes = new_figure(5.6, 4.6)
    low, high = RATE_TICKS[0], RATE_TICKS[-1]
    for index, (name, (far, tar)) in enumerate(curves.items()):
        far, frr = (
            norm.ppf(np.clip(rates, low, high)) for rates in (np.asarray(far), 1 - np.asarray(tar))
        )
        axes.plot(far, frr, color=CYCLE[index], linestyle=LINES[index % 4], label=name)
    ends = norm.ppf([low, high])
    axes.plot(ends, ends, color="0.7", linewidth=1, linestyle=":", label="equal error rates")
    ticks, labels = norm.ppf(RATE_TICKS), [f"{100 * rate:g} %" for rate in RATE_TICKS]
    axes.set(
        xticks=ticks,
        xticklabels=labels,
        yticks=ticks,
        yticklabels=labels,
        xlim=ends,
        ylim=ends,
        title=title,
    )
    axes.set(
        xlabel="false accept rate (normal deviate scale)",
        ylabel="false reject rate (normal deviate scale)",
    )
    axes.legend(frameon=False)
    return figure


def reliability_diagram(curves, title):
    """How often pairs with about one probability show the same person, against that probability.

    Args:
        curves: `{name: (predicted, observed)}`, as `operating_points.reliability` gives them.
        title: the figure's title.
    """
    figure, axes = new_figure(5.0, 4.4)
    axes.plot([0, 1], [0, 1], color="0.6", linestyle=":", label="what it says")
    for index, (name, (predicted, observed)) in enumerate(curves.items()):
        axes.plot(
            predicted,
            observed,
            color=CYCLE[index],
            marker="os^D"[index % 4],
            linestyle=LINES[index % 4],
            label=name,
        )
    axes.set(
        title=title,
        xlabel="predicted probability (mean of a tenth of the pairs)",
        ylabel="share that shows the same person",
    )
    axes.legend(frameon=False)
    return figure


def selective_accuracy_curve(table, title):
    """Accuracy of the decided pairs against the share that is refused.

    Args:
        table: as `operating_points.selective_accuracy` gives it.
        title: the figure's title.
    """
    figure, axes = new_figure(5.6, 3.6)
    axes.plot(table["refused"], table["accuracy"], color=BLUE, marker="o")
    axes.set(title=title, xlabel="pairs refused (share)", ylabel="accuracy of the others (share)")
    return figure


def error_rates_by_covariate(tables, title):
    """The error rate of each class of pairs along each factor, one panel a factor.

    Args:
        tables: `{factor: {label: table}}`, tables as `errors.error_rates` gives them.
        title: the figure's title.
    """
    columns = 4
    rows = -(-len(tables) // columns)
    figure, panels = new_figure(
        2.9 * columns, 2.6 * rows + 0.5, nrows=rows, ncols=columns, squeeze=False, sharey=True
    )
    for axes in panels.flat[len(tables) :]:
        axes.axis("off")
    for axes, (factor, of_class) in zip(panels.flat, tables.items()):
        for label, table in of_class.items():
            rate = table["error_rate"]
            style = {
                "color": CLASS_COLORS[label],
                "marker": "os"[1 - label],
                "linestyle": LINES[1 - label],
                "capsize": 3,
            }
            axes.errorbar(
                table["median"],
                rate,
                yerr=error_bars(rate, table["low"], table["high"]),
                label=CLASS_NAMES[label],
                **style,
            )
        axes.set(xlabel=factor.replace("_", " "))
    for axes in panels[:, 0]:
        axes.set_ylabel("error rate (share of pairs)")
    panels.flat[0].legend(frameon=False, fontsize=8)
    figure.suptitle(title)
    return figure


def odds_ratios(tables, title):
    """Odds ratios with their 95 % intervals on a logarithmic axis, for each class of pairs.

    Args:
        tables: `{label: table}`, tables as `errors.regression_of_errors` gives them.
        title: the figure's title.
    """
    names = list(next(iter(tables.values())).index)
    figure, axes = new_figure(7.0, 0.5 * len(names) + 1.3)
    for label, table in tables.items():
        for place, name in enumerate(reversed(names)):
            row, height = table.loc[name], place + (0.13 if label else -0.13)
            axes.plot(
                [row["low"], row["high"]], [height, height], color=CLASS_COLORS[label], linewidth=2
            )
            axes.plot(
                row["odds_ratio"],
                height,
                "os"[1 - label],
                color=CLASS_COLORS[label],
                label=None if place else CLASS_NAMES[label],
            )
    axes.axvline(1.0, color="0.6", linewidth=1, linestyle=":")
    axes.set_xscale("log")
    ticks = [0.25, 0.5, 1, 2, 4]
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(
        yticks=range(len(names)),
        yticklabels=[name.replace("_", " ") for name in reversed(names)],
        title=title,
    )
    axes.set_xlabel(
        "odds ratio of an error, one standard deviation more\n(logarithmic; dotted: none)"
    )
    axes.legend(frameon=False, fontsize=8)
    return figure


def plane_of_people(points, people, title, images=None):
    """Faces as points of a plane, one mark and colour a person, or as their images.

    Args:
        points: `(num_faces, 2)`, from `explanations.map_of_faces`.
        people: whose face each is, `(num_faces,)`.
        title: the figure's title.
        images: images to draw at the points, or None for marks.
    """
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    figure, axes = new_figure(8.4, 6.4)
    for index, person in enumerate(sorted(set(people))):
        chosen = np.flatnonzero(np.asarray(people) == person)
        color, marker = CYCLE[index % len(CYCLE)], "os^DvP*X"[index // len(CYCLE) % 8]
        axes.scatter(
            *points[chosen].T,
            color=color,
            marker=marker,
            s=26,
            label=f"{person.replace('_', ' ')} ({len(chosen)})",
        )
    for point, image in zip(points, images if images is not None else []):
        thumbnail = OffsetImage(np.squeeze(image), cmap="gray", zoom=26 / len(image))
        axes.add_artist(AnnotationBbox(thumbnail, point, frameon=False))
    axes.set(title=title, xlabel="first coordinate (no unit)", ylabel="second coordinate (no unit)")
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


KEYS = {1: "same", 0: "different"}


def alignment_errors(rows, title):
    """What an error of the alignment does: above to the scores of both classes, below to the accuracy at the stored threshold.

    Args:
        rows: as `alignment.score_under_error` gives them.
        title: the figure's title.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    figure, panels = new_figure(
        3.4 * len(kinds), 5.6, nrows=2, ncols=len(kinds), squeeze=False, sharey="row", sharex="col"
    )
    for (above, below), kind in zip(panels.T, kinds):
        chosen = [row for row in rows if row["kind"] == kind]
        amounts = [row["amount"] for row in chosen]
        for label in (1, 0):
            classes = [row[KEYS[label]] for row in chosen]
            style = {
                "color": CLASS_COLORS[label],
                "linestyle": LINES[1 - label],
                "marker": "os"[1 - label],
            }
            above.plot(
                amounts,
                [one["mean"] for one in classes],
                label=f"{CLASS_NAMES[label]}, mean",
                **style,
            )
            above.fill_between(
                amounts,
                *np.transpose([one["quartiles"] for one in classes]),
                color=style["color"],
                alpha=0.15,
                linewidth=0,
            )
        low, high = np.transpose([row["accuracy_interval"] for row in chosen])
        accuracy = [row["accuracy"] for row in chosen]
        below.errorbar(
            amounts,
            accuracy,
            yerr=error_bars(accuracy, low, high),
            color=BLUE,
            marker="o",
            capsize=3,
        )
        below.axhline(0.5, color="0.6", linestyle=":")
        below.set(xlabel=f"{kind} of one image ({chosen[0]['unit']})")
    panels[0, 0].set(ylabel="score\n(band: middle half of the pairs)", ylim=(0, 1))
    panels[1, 0].set(ylabel="accuracy, 95 % interval\n(dotted: chance)", ylim=(0.45, 1))
    panels[0, 0].legend(frameon=False, fontsize=8, loc="center left")
    figure.suptitle(title)
    return figure
