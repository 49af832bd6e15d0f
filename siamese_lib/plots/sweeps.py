"""The images of a sweep: one axis, two axes, all settings at once, curves of every run, spread and cost."""

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from siamese_lib.plots.style import BLACK, BLUE, ORANGE, VERMILION, error_bars, new_figure
from siamese_lib.utils.files import as_text

METRICS = {
    "accuracy": "accuracy (share of pairs)",
    "validation_auc": "AUC on validation pairs",
    "test_auc": "AUC on test pairs",
    "train_seconds": "training time (seconds)",
}
SEQUENTIAL = colormaps["cividis"]  # made for colour-blind readers (Nunez et al., 2018)
SPLITS = (("validation", BLUE, "o"), ("test", VERMILION, "s"))


def against_axis(settings, axis, title, metric="accuracy", original=None):
    """A metric against one axis of a sweep: settings at equal distances, means of their seeds, 95 % intervals where there are any.

    Args:
        settings: the axis' rows, as `sweep_statistics.settings_table` gives them.
        axis: the axis' name.
        title: of the figure; what is shown against what is added.
        metric: a key of `METRICS`; the accuracies of validation and test are two lines.
        original: nothing, or the original's points, `{"value": [...], "validation_accuracy": [...], "test_accuracy": [...]}`.
    """
    figure, axes = new_figure(7.2, 4.0)
    values = sorted(settings["value"].unique())
    rows = settings.set_index("value").loc[values]
    lines = SPLITS if metric == "accuracy" else (("validation", BLUE, "o"),)
    for shift, (split, color, marker) in zip((-0.06, 0.06), lines):
        column = f"{split}_accuracy" if metric == "accuracy" else metric
        places = np.arange(len(values)) + (shift if len(lines) > 1 else 0)
        axes.plot(places, rows[column], color=color, linewidth=1.2, alpha=0.7)
        error = (
            error_bars(rows[column], rows[f"{split}_low"], rows[f"{split}_high"])
            if metric == "accuracy"
            else None
        )
        axes.errorbar(
            places,
            rows[column],
            yerr=error,
            fmt=marker,
            color=color,
            capsize=3,
            label=split if len(lines) > 1 else "mean",
        )
    if original and metric == "accuracy":
        for (split, _, marker), line in zip(SPLITS, ("--", ":")):
            points = {
                value: place for place, value in enumerate(original["value"]) if value in values
            }
            heights = [original[f"{split}_accuracy"][place] for place in points.values()]
            style = {
                "color": BLACK,
                "linestyle": line,
                "marker": marker,
                "fillstyle": "none",
                "alpha": 0.6,
            }
            axes.plot(
                [values.index(value) for value in points],
                heights,
                label=f"original, {split}",
                **style,
            )
    axes.set(
        xticks=range(len(values)),
        xticklabels=list(map(as_text, values)),
        xlabel=axis.replace("_", " "),
        ylabel=METRICS[metric],
    )
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_title(f"{title}: {METRICS[metric].split(' (')[0]} against {axis.replace('_', ' ')}")
    # Beside the axes: nowhere inside is free of bars for certain.
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def curves_of_runs(histories, axis, title):
    """Loss and a validation quantity by epoch, a line a run, coloured from dark to light by the axis' value.

    Args:
        histories: a list of `(value, DataFrame)`, the value and `Run.history` of each run.
        axis: the axis' name.
        title: of the figure; what is shown is added.
    """
    figure, panels = new_figure(10, 3.8, ncols=2)
    values = sorted({value for value, _ in histories})
    colors = dict(zip(values, SEQUENTIAL(np.linspace(0, 0.9, len(values)))))
    watched = "val_auc" if all("val_auc" in history for _, history in histories) else "val_accuracy"
    labels = {
        "loss": "training loss",
        watched: {"val_auc": "AUC on validation pairs", "val_accuracy": "validation accuracy"}[
            watched
        ],
    }
    for axes, (column, label) in zip(panels, labels.items()):
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
    lines = {line.get_label(): line for line in panels[0].get_lines()}
    legend = {"loc": "outside right center", "frameon": False, "fontsize": 9}
    figure.legend(lines.values(), lines.keys(), title=axis.replace("_", " "), **legend)
    figure.suptitle(f"{title}: runs along {axis.replace('_', ' ')}, epoch by epoch")
    return figure


def heat_map(table, across, down, title):
    """Validation AUC over two settings, means of the seeds; combinations that were not trained are marked.

    Args:
        table: finished rows of `sweeps.sweep_table`, with the columns `across` and `down`.
        across, down: the two fields.
        title: of the figure.
    """
    cells = table.pivot_table(
        index=down, columns=across, values="validation_auc", aggfunc="mean"
    ).sort_index()
    figure, axes = new_figure(1.1 * len(cells.columns) + 2.6, 0.6 * len(cells) + 1.8)
    image = axes.imshow(cells, cmap=SEQUENTIAL, aspect="auto")
    middle = np.nanmean([np.nanmin(cells), np.nanmax(cells)])
    for (row, column), value in np.ndenumerate(cells.to_numpy()):
        words = "not\ntrained" if np.isnan(value) else f"{value:.3f}"
        axes.text(
            column,
            row,
            words,
            ha="center",
            va="center",
            color="white" if value < middle else "black",
            fontsize=9,
        )
    axes.set(
        xticks=range(len(cells.columns)),
        xticklabels=list(map(as_text, cells.columns)),
        xlabel=across.replace("_", " "),
    )
    axes.set(
        yticks=range(len(cells)),
        yticklabels=list(map(as_text, cells.index)),
        ylabel=down.replace("_", " "),
    )
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    figure.colorbar(image, ax=axes, label=METRICS["validation_auc"])
    return figure


def parallel_coordinates(table, fields, title):
    """Every run as a line through its settings, its validation AUC and test accuracy and its seconds; colour is validation AUC.

    Args:
        table: finished rows of `sweeps.sweep_table`.
        fields: the settings, columns of the table.
        title: of the figure.
    """
    figure, axes = new_figure(10, 4.2)
    columns = [*fields, "validation_auc", "test_accuracy", "train_seconds"]
    heights = {column: _heights(table[column], ordinal=column in fields) for column in columns}
    shades = Normalize(table["validation_auc"].min(), table["validation_auc"].max())
    for place in range(len(table)):
        line = [heights[column][place] for column in columns]
        axes.plot(
            range(len(columns)),
            line,
            color=SEQUENTIAL(shades(table["validation_auc"].iloc[place])),
            linewidth=1.4,
            alpha=0.85,
        )
    for position, column in enumerate(columns):
        axes.axvline(position, color="0.7", linewidth=0.8)
        for value, height in sorted(
            {(value, height) for value, height in zip(table[column], heights[column])},
            key=lambda pair: pair[1],
        ):
            if column in fields or height in (0.0, 1.0):
                axes.annotate(
                    as_text(value),
                    (position, height),
                    xytext=(4, 2),
                    textcoords="offset points",
                    fontsize=8,
                )
    axes.set(
        xticks=range(len(columns)),
        xticklabels=[column.replace("_", " ") for column in columns],
        yticks=[],
    )
    axes.set(
        xlabel="settings of a run and what came of it", ylabel="from the least (below) to the most"
    )
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    figure.colorbar(ScalarMappable(shades, SEQUENTIAL), ax=axes, label=METRICS["validation_auc"])
    return figure


def _heights(values, ordinal):
    """Places between 0 and 1: settings at equal distances, measured quantities to scale."""
    distinct = sorted(set(values))
    if ordinal:
        return [distinct.index(value) / max(1, len(distinct) - 1) for value in values]
    span = distinct[-1] - distinct[0] or 1.0
    return [(value - distinct[0]) / span for value in values]


def seed_spread(table, title):
    """How far the seeds of one setting lie apart in test accuracy: each run less its setting's mean, a row a setting.

    Args:
        table: finished rows of `sweeps.sweep_table`; settings with one seed are left out.
        title: of the figure.
    """
    groups = [
        (_name(*setting), runs["test_accuracy"])
        for setting, runs in table.groupby(["axis", "value"], sort=False)
        if len(runs) > 1
    ]
    figure, axes = new_figure(7.2, 0.32 * len(groups) + 1.4)
    for place, (_, values) in enumerate(reversed(groups)):
        offsets = values - values.mean()
        axes.plot([offsets.min(), offsets.max()], [place, place], color=ORANGE, linewidth=2)
        axes.plot(offsets, [place] * len(offsets), "o", color=BLUE)
    axes.axvline(0, color="0.6", linewidth=1, linestyle=":")
    axes.set(yticks=range(len(groups)), yticklabels=[name for name, _ in reversed(groups)])
    axes.set(xlabel="test accuracy less the mean of its setting (share of pairs)", title=title)
    return figure


def costs(table, title):
    """Seconds of training of each run, a bar a run.

    Args:
        table: finished rows of `sweeps.sweep_table`, each run once.
        title: of the figure.
    """
    names = [f"{_name(row.axis, row.value)}, seed {row.seed}" for row in table.itertuples()]
    figure, axes = new_figure(7.2, 0.22 * len(names) + 1.2)
    axes.barh(range(len(names)), table["train_seconds"].iloc[::-1], color=BLUE)
    axes.set(
        yticks=range(len(names)),
        yticklabels=names[::-1],
        xlabel=METRICS["train_seconds"],
        title=title,
    )
    axes.tick_params(axis="y", labelsize=8)
    axes.margins(y=0.01)
    return figure


def _name(axis, value):
    return f"{axis.replace('_', ' ')} {as_text(value)}"
