"""Figures of a sweep: one axis, two axes, all settings, curves of its runs, spread and time."""

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
    curve_style,
    error_bars,
    log_ticks,
    new_figure,
)
from siamese_lib.utils.files import as_text

METRICS = {
    "accuracy": "accuracy (share of pairs)",
    "validation_auc": "AUC on validation pairs",
    "test_auc": "AUC on test pairs",
    "train_seconds": "training time (seconds)",
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
    to light with the value of the axis.

    Args:
        histories: `(value, Run.history)` of each run.
        axis: the axis' name.
        title: the beginning of the title.
    """
    figure, panels = new_figure(
        10, 3.8, title=f"{title}: runs along {_words(axis)}, epoch by epoch", ncols=2
    )
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
    """Each run as a line through its settings, validation AUC, test accuracy and training time.

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
    columns = [*fields, "validation_auc", "test_accuracy", "train_seconds"]
    heights = pd.DataFrame({name: _heights(table[name], name in fields) for name in columns})
    shades = Normalize(table["validation_auc"].min(), table["validation_auc"].max())
    for line, auc in zip(heights.to_numpy(), table["validation_auc"]):
        axes.plot(line, color=SEQUENTIAL(shades(auc)), linewidth=1.4, alpha=0.85)
    for position, column in enumerate(columns):
        axes.axvline(position, color="0.7", linewidth=0.8)
        for height, value in sorted(dict(zip(heights[column], table[column])).items()):
            if column in fields or height in (0.0, 1.0):
                axes.annotate(
                    as_text(value),
                    (position, height),
                    xytext=(4, 2),
                    textcoords="offset points",
                    fontsize=8,
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
        (_name(*setting), runs["test_accuracy"] - runs["test_accuracy"].mean())
        for setting, runs in table.groupby(["axis", "value"], sort=False)
        if len(runs) > 1
    ]
    figure, axes = new_figure(
        7.2,
        0.32 * len(groups) + 1.4,
        title,
        xlabel="test accuracy minus the mean of its setting (share of pairs)",
    )
    for height, (_, offsets) in enumerate(groups[::-1]):
        axes.plot([offsets.min(), offsets.max()], [height, height], color=ORANGE, linewidth=2)
        axes.plot(offsets, [height] * len(offsets), "o", color=BLUE)
    axes.axvline(0, color="0.6", linewidth=1, linestyle=":")
    axes.set_yticks(range(len(groups)), labels=[name for name, _ in groups[::-1]])
    return figure


def training_times(table: pd.DataFrame, title: str) -> DescribedFigure:
    """The training time of each run, a bar for each run.

    Args:
        table: the finished rows of `experiments.sweep_table`, each run once.
        title: the figure's title.
    """
    names = [f"{_name(row.axis, row.value)}, seed {row.seed}" for row in table.itertuples()]
    figure, axes = new_figure(7.2, 0.22 * len(names) + 1.2, title, METRICS["train_seconds"])
    axes.barh(range(len(names)), table["train_seconds"].iloc[::-1], color=BLUE)
    axes.set_yticks(range(len(names)), labels=names[::-1], fontsize=8)
    axes.margins(y=0.01)
    return figure


def _name(axis, value):
    return f"{_words(axis)} {as_text(value)}"


def _words(name):
    return name.replace("_", " ")


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
