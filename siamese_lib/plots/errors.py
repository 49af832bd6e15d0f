"""Figures of the error analysis: data in, a matplotlib `Figure` out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import ArrayLike

from siamese_lib.data.pairs import CLASS_NAMES, DIFFERENT, SAME
from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    CLASS_COLORS,
    CLASS_STYLES,
    CYCLE,
    MARKERS,
    DescribedFigure,
    curve_style,
    error_bars,
    log_ticks,
    new_figure,
)

LOWEST_RATE, HIGHEST_RATE = 0.001, 0.6  # the axes of `det_curves`


def roc_bands(curves: Mapping[str, Sequence[np.ndarray]], title: str) -> DescribedFigure:
    """ROC curves with their 95 % bands.

    Args:
        curves: `{name: (false_accept_rates, true_accept_rates, low, high)}`, as
            `evaluation.roc_band` returns them.
        title: the figure's title.
    """
    figure, axes = new_figure(
        5.6,
        4.6,
        title,
        xlabel="false accept rate (share of different pairs)",
        ylabel="true accept rate (share of same pairs)",
    )
    for index, (name, (far, tar, low, high)) in enumerate(curves.items()):
        axes.fill_between(far, low, high, color=CYCLE[index], alpha=0.18, linewidth=0)
        axes.plot(far, tar, label=name, **curve_style(index))
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle=":")
    axes.legend(frameon=False, loc="lower right")
    return figure


def roc_of_folds(
    curves: Mapping[str, tuple[np.ndarray, Sequence[np.ndarray]]], title: str
) -> DescribedFigure:
    """The mean ROC curve of each method over folds, and the folds' own curves, thin.

    Args:
        curves: `{name: (false_accept_rates, true_accept_rates)}`, as `experiments.roc_over_folds`
            returns them.
        title: the figure's title.
    """
    figure, axes = new_figure(
        5.6,
        4.6,
        title,
        xlabel="false accept rate (share of different pairs)",
        ylabel="true accept rate (share of same pairs)",
    )
    for index, (name, (rates, of_folds)) in enumerate(curves.items()):
        for each in of_folds:
            axes.plot(rates, each, color=CYCLE[index], alpha=0.25, linewidth=0.7)
        axes.plot(rates, np.mean(of_folds, axis=0), label=name, **curve_style(index))
    axes.set(xlim=(0.0, 0.4), ylim=(0.6, 1.0))
    axes.legend(frameon=False, loc="lower right")
    return figure


def det_curves(curves: Mapping[str, Sequence[np.ndarray]], title: str) -> DescribedFigure:
    """Detection error trade-off curves: the false reject rate against the false accept rate.

    On these axes, normally distributed scores give straight lines (Martin et al., 1997).

    Args:
        curves: `{name: (false_accept_rates, true_accept_rates)}`.
        title: the figure's title.
    """
    from scipy.stats import norm
    from sklearn.metrics import DetCurveDisplay

    figure, axes = new_figure(5.6, 4.6)
    for index, (name, (far, tar)) in enumerate(curves.items()):
        display = DetCurveDisplay(fpr=np.asarray(far), fnr=1 - np.asarray(tar))
        display.plot(ax=axes, name=name, **curve_style(index))
    ends = norm.ppf([LOWEST_RATE, HIGHEST_RATE])
    axes.plot(ends, ends, color="0.7", linewidth=1, linestyle=":", label="equal error rates")
    axes.set(
        title=title,
        xlim=ends,
        ylim=ends,
        xlabel="false accept rate (normal deviate scale)",
        ylabel="false reject rate (normal deviate scale)",
    )
    axes.legend(frameon=False)
    return figure


def reliability_diagram(
    probabilities: Mapping[str, ArrayLike], labels: ArrayLike, title: str
) -> DescribedFigure:
    """The share of same pairs against the predicted probability, in ten bins of equal size.

    Args:
        probabilities: `{name: (num_pairs,)}`, as `evaluation.calibrated` returns them.
        labels: `(num_pairs,)`, 1 = same person.
        title: the figure's title.
    """
    from sklearn.calibration import CalibrationDisplay

    figure, axes = new_figure(5.0, 4.4)
    for index, (name, values) in enumerate(probabilities.items()):
        style = {"marker": MARKERS[index % len(MARKERS)], **curve_style(index)}
        CalibrationDisplay.from_predictions(
            labels, values, n_bins=10, strategy="quantile", name=name, ax=axes, **style
        )
    axes.set(
        title=title,
        xlabel="predicted probability (mean of a tenth of the pairs)",
        ylabel="share of the pairs with the same person",
    )
    axes.legend(frameon=False)
    return figure


def selective_accuracy_curve(table: pd.DataFrame, title: str) -> DescribedFigure:
    """The accuracy of the decided pairs against the share of pairs that are not decided.

    Args:
        table: as `evaluation.selective_accuracy` returns it.
        title: the figure's title.
    """
    figure, axes = new_figure(
        5.6,
        3.6,
        title,
        xlabel="pairs without a decision (share)",
        ylabel="accuracy of the decided pairs (share)",
    )
    axes.plot(table["abstained"], table["accuracy"], color=BLUE, marker="o")
    return figure


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
        images: images to draw over the points.
    """
    figure, axes = new_figure(
        8.4, 6.4, title, "first coordinate (no unit)", "second coordinate (no unit)"
    )
    for index, person in enumerate(sorted(set(people))):
        chosen = points[np.asarray(people) == person]
        axes.scatter(
            *chosen.T,
            color=CYCLE[index % len(CYCLE)],
            marker="os^DvP*X"[index // len(CYCLE) % 8],
            s=26,
            label=f"{person.replace('_', ' ')} ({len(chosen)})",
        )
    for point, image in zip(points, images):
        thumbnail = OffsetImage(np.squeeze(image), cmap="gray", zoom=26 / len(image))
        axes.add_artist(AnnotationBbox(thumbnail, point, frameon=False))
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


def score_histogram(
    scores: ArrayLike, labels: ArrayLike, threshold: float, title: str
) -> DescribedFigure:
    """The histograms of the scores of both classes, with the threshold."""
    figure, axes = new_figure(title=title, xlabel="score (larger: more alike)", ylabel="pairs")
    scores, labels = np.asarray(scores), np.asarray(labels)
    bins = np.linspace(scores.min(), scores.max(), 41)
    for label, hatch in ((1, None), (0, "//")):
        axes.hist(
            scores[labels == label],
            bins=bins,
            color=CLASS_COLORS[label],
            hatch=hatch,
            alpha=0.55,
            edgecolor="white",
            label=CLASS_NAMES[label],
        )
    axes.axvline(threshold, color=BLACK, linestyle="--", label=f"threshold {threshold:.3f}")
    axes.legend(frameon=False)
    return figure


def confusion_matrix(counts: ArrayLike, title: str) -> DescribedFigure:
    """The confusion matrix: the count of each outcome and its share of the row.

    Args:
        counts: `(2, 2)`, as `evaluation.confusion` returns them.
        title: the figure's title.
    """
    figure, axes = new_figure(4.6, 3.8)
    draw_confusion(axes, counts, title)
    return figure


def draw_confusion(axes: Axes, counts: ArrayLike, title: str) -> None:
    """Draws a confusion matrix into the axes of a larger figure; see `confusion_matrix`."""
    from sklearn.metrics import ConfusionMatrixDisplay

    counts = np.asarray(counts)
    display = ConfusionMatrixDisplay(counts, display_labels=["different", "same"]).plot(
        ax=axes, cmap="Blues", colorbar=False, im_kw={"vmin": 0}, text_kw={"fontsize": 13}
    )
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    for text, count, share in zip(display.text_.flat, counts.flat, shares.flat):
        text.set_text(f"{count}\n{share:.1%}")
    axes.set(title=title, xlabel="decision", ylabel="truth")
    axes.spines[:].set_visible(False)
