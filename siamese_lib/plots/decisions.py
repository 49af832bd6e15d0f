"""Figures of decisions: scores, outcomes, trade-offs of errors, probabilities, abstentions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from numpy.typing import ArrayLike

from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    CLASS_COLORS,
    CYCLE,
    MARKERS,
    DescribedFigure,
    curve_style,
    in_percent,
    new_figure,
)

SCORE_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)  # of `score_histogram`
LOWEST_RATE, HIGHEST_RATE = 0.001, 0.6  # the axes of `det_curves`


def score_histogram(
    scores: ArrayLike, labels: ArrayLike, threshold: float, title: str
) -> DescribedFigure:
    """The histograms of the scores of both classes, with the threshold.

    The axis is in log-odds, so that scores near 0 and near 1 are not all in one bar each; more
    extreme ones than its ends are in the outermost bars.
    """
    figure, axes = new_figure(
        title=title, xlabel="score (in steps of its log-odds; larger: more alike)", ylabel="pairs"
    )
    scores, labels = within_score_axis(scores), np.asarray(labels)
    end = np.log(SCORE_TICKS[-1] / (1 - SCORE_TICKS[-1]))
    bins = within_score_axis(1 / (1 + np.exp(-np.linspace(-end, end, 41))))
    bins[[0, -1]] = SCORE_TICKS[0], SCORE_TICKS[-1]  # exactly: rounding would leave scores out
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
    place, words = float(within_score_axis(threshold)), f"threshold {threshold:.3f}"
    axes.axvline(place, color=BLACK, linestyle="--", label=words)
    axes.set_xscale("logit")
    axes.set_xticks(SCORE_TICKS, labels=[f"{100 * tick:g}%" for tick in SCORE_TICKS])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(frameon=False)
    return figure


def within_score_axis(scores: ArrayLike) -> np.ndarray:
    """Scores as they are placed on the axis of `score_histogram`."""
    return np.clip(scores, SCORE_TICKS[0], SCORE_TICKS[-1])


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


def roc_bands(curves: Mapping[str, Sequence[np.ndarray]], title: str) -> DescribedFigure:
    """ROC curves with their 95 % bands.

    Args:
        curves: `{name: (false_accept_rates, true_accept_rates, low, high)}`, as
            `evaluation.roc_band` returns them.
        title: the figure's title.
    """
    figure, axes = _roc_axes(title)
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
    figure, axes = _roc_axes(title)
    for index, (name, (rates, of_folds)) in enumerate(curves.items()):
        for each in of_folds:
            axes.plot(rates, each, color=CYCLE[index], alpha=0.25, linewidth=0.7)
        axes.plot(rates, np.mean(of_folds, axis=0), label=name, **curve_style(index))
    axes.set(xlim=(0.0, 0.4), ylim=(0.6, 1.0))
    axes.legend(frameon=False, loc="lower right")
    return figure


def _roc_axes(title: str) -> tuple[DescribedFigure, Axes]:
    figure, axes = new_figure(
        5.6,
        4.6,
        title,
        xlabel="false accept rate (share of different pairs)",
        ylabel="true accept rate (share of same pairs)",
    )
    in_percent(axes.xaxis)
    in_percent(axes.yaxis)
    return figure, axes


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
        far, frr = np.asarray(far), 1 - np.asarray(tar)
        # At a rate of zero the scale ends; the display would draw a line along the frame.
        measured = (far > 0) & (frr > 0)
        display = DetCurveDisplay(fpr=far[measured], fnr=frr[measured])
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

    figure, axes = new_figure(6.6, 4.4)
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
    axes.get_legend().remove()  # it would lie on the curves
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
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
    in_percent(axes.xaxis)
    in_percent(axes.yaxis)
    return figure
