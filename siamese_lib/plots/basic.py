"""Every image of the project: data in, a matplotlib `Figure` out; nothing is shown or kept here."""

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    CLASS_COLORS,
    CYCLE,
    GREEN,
    LINES,
    ORANGE,
    SKY,
    VERMILION,
    error_bars,
    new_figure,
)


def images_per_person(counts, title):
    """A histogram of how many images each person has, both axes logarithmic.

    Args:
        counts: `(num_people,)`, images of each person.
        title: the figure's title.
    """
    figure, axes = new_figure()
    highest = max(counts)
    edges = (
        np.unique(np.round(np.geomspace(1, highest + 1, 18)).astype(int))
        if highest > 20
        else np.arange(1, highest + 2)
    )
    axes.hist(counts, bins=edges - 0.5, color=BLUE, edgecolor="white")
    axes.set(title=title, xlabel="images of a person", ylabel="people (logarithmic)", yscale="log")
    if highest > 20:
        axes.set_xscale("log")
    return figure


def histograms(columns, title, xlabels):
    """Overlaid density histograms, one panel a quantity.

    Args:
        columns: `{quantity: {group: values}}`.
        title: the figure's title.
        xlabels: `{quantity: label with its unit}`.
    """
    figure, panels = new_figure(10, 3.4, ncols=len(columns), squeeze=False)
    for axes, (quantity, groups) in zip(panels.flat, columns.items()):
        for index, (group, values) in enumerate(groups.items()):
            style = {"color": CYCLE[index], "linestyle": LINES[index], "linewidth": 1.8}
            axes.hist(values, bins=25, density=True, histtype="step", label=group, **style)
        axes.set(xlabel=xlabels[quantity], ylabel="density")
    panels.flat[0].legend(frameon=False)
    figure.suptitle(title)
    return figure


def split_overlap(shares_random, shares_by_person):
    """The share of validation pairs with a person from training, for two ways to split, a dot a seed."""
    figure, axes = new_figure(6.4, 2.6)
    for row, (shares, color) in enumerate(((shares_by_person, GREEN), (shares_random, VERMILION))):
        axes.scatter(shares, np.full(len(shares), row), color=color, alpha=0.6, s=40)
        axes.annotate(f"mean {np.mean(shares):.0%}", (np.mean(shares), row + 0.16), ha="center")
    axes.set(
        yticks=[0, 1], yticklabels=["by person", "at random"], ylim=(-0.5, 1.5), xlim=(-0.1, 1.1)
    )
    axes.set(
        title="Validation pairs that show a person from training",
        xlabel="share of the validation pairs (a dot a seed)",
    )
    return figure


def learning_curves(histories, title):
    """Loss, accuracy and AUC by epoch, training dashed and validation solid; what a protocol does not measure is left out.

    Args:
        histories: `{name: DataFrame}` as `Run.history`.
    """
    figure, panels = new_figure(11, 3.6, ncols=3)
    for axes, (column, label) in zip(
        panels,
        {"loss": "loss (with penalties)", "accuracy": "accuracy at 0.5", "auc": "AUC"}.items(),
    ):
        for color, (name, history) in zip(CYCLE, histories.items()):
            marker = "o" if len(history) < 3 else None
            for key, part, line in (
                (column, "training", "--"),
                (f"val_{column}", "validation", "-"),
            ):
                if key in history:
                    axes.plot(
                        history["epoch"],
                        history[key],
                        color=color,
                        linestyle=line,
                        marker=marker,
                        label=f"{name}, {part}",
                    )
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
    lines = {line.get_label(): line for axes in panels for line in axes.get_lines()}
    figure.legend(
        lines.values(),
        lines.keys(),
        loc="outside lower center",
        ncols=len(lines),
        frameon=False,
        fontsize=8,
    )
    figure.suptitle(title)
    return figure


def score_histogram(scores, labels, threshold, title):
    """The scores of both classes with the threshold between them."""
    figure, axes = new_figure()
    bins = np.linspace(min(scores), max(scores), 41)
    for label in (1, 0):
        style = {
            "color": CLASS_COLORS[label],
            "hatch": "//" if label == 0 else None,
            "alpha": 0.55,
            "edgecolor": "white",
        }
        axes.hist(
            np.asarray(scores)[np.asarray(labels) == label],
            bins=bins,
            label=CLASS_NAMES[label],
            **style,
        )
    axes.axvline(threshold, color=BLACK, linestyle="--", label=f"threshold {threshold:.3f}")
    axes.set(title=title, xlabel="score (larger: more alike)", ylabel="pairs")
    axes.legend(frameon=False)
    return figure


def confusion_matrix(counts, title):
    """Counts of the four outcomes, `[[different called different, called same], [same called different, called same]]`."""
    figure, axes = new_figure(4.6, 3.8)
    draw_confusion(axes, counts, title)
    return figure


def draw_confusion(axes, counts, title):
    """Draws what `confusion_matrix` shows into the axes of a larger figure."""
    counts = np.asarray(counts)
    axes.imshow(counts, cmap="Blues", vmin=0)
    for truth, called in np.ndindex(2, 2):
        color = "white" if counts[truth, called] > 0.6 * counts.max() else "black"
        share = counts[truth, called] / max(1, counts[truth].sum())
        axes.text(
            called,
            truth,
            f"{counts[truth, called]}\n{share:.1%}",
            ha="center",
            va="center",
            color=color,
            fontsize=13,
        )
    axes.set(
        xticks=[0, 1],
        yticks=[0, 1],
        xticklabels=["different", "same"],
        yticklabels=["different", "same"],
    )
    axes.set(title=title, xlabel="decision", ylabel="truth")
    axes.spines[:].set_visible(False)


def accuracy_by_amount(rows, amount, title, xlabel):
    """Validation and test accuracy against how much there was to learn from, on a logarithmic axis, with 95 % intervals.

    Args:
        rows: dicts with the key `amount` and, for validation and test, accuracy_mean and accuracy_interval.
        amount: which key says how much.
        title, xlabel: of the figure.
    """
    figure, axes = new_figure()
    rows = sorted(rows, key=lambda row: row[amount])
    amounts = np.array([row[amount] for row in rows])
    for shift, split, color, marker in (
        (0.99, "validation", BLUE, "o"),
        (1.01, "test", VERMILION, "s"),
    ):
        accuracy = np.array([row[f"{split}_accuracy_mean"] for row in rows])
        low, high = np.array([row[f"{split}_accuracy_interval"] for row in rows]).T
        axes.errorbar(
            amounts * shift,
            accuracy,
            yerr=error_bars(accuracy, low, high),
            color=color,
            marker=marker,
            capsize=3,
            label=split,
        )
    axes.set_xscale("log")
    axes.set_xticks(amounts, labels=[f"{number:,}" for number in amounts])
    axes.minorticks_off()
    axes.set(title=title, xlabel=xlabel, ylabel="accuracy (share of pairs)")
    axes.legend(frameon=False)
    return figure


def oneshot_curves(table, title, who="people"):
    """One-shot accuracy against N, the number of people or of what `who` names, one line a method with 95 % intervals, chance dashed.

    Args:
        table: rows with the columns method, ways, accuracy, low, high, as `oneshot.oneshot_accuracies` gives them.
        title: the figure's title.
    """
    figure, axes = new_figure()
    ways = sorted(table["ways"].unique())
    for index, method in enumerate(table["method"].unique()):
        rows = table[table["method"] == method]
        if method == "chance":
            axes.plot(
                rows["ways"], rows["accuracy"], color="0.6", linestyle="--", label="chance (1 / N)"
            )
            continue
        style = {"color": CYCLE[index % len(CYCLE)], "marker": "os^Dv"[index % 5], "capsize": 3}
        # Each method a little further to the right, so that no bar hides another.
        error = error_bars(rows["accuracy"], rows["low"], rows["high"])
        axes.errorbar(
            rows["ways"] * 1.03**index, rows["accuracy"], yerr=error, label=method, **style
        )
    axes.set_xscale("log")
    axes.set_xticks(ways, labels=[f"{num_ways}" for num_ways in ways])
    axes.minorticks_off()
    axes.set(
        title=title,
        xlabel=f"{who} in the gallery, N (logarithmic)",
        ylabel="accuracy (share of episodes)",
        ylim=(0, 1.03),
    )
    axes.legend(frameon=False)
    return figure


def accuracy_intervals(rows, title):
    """Accuracies with their 95 % intervals, one line each.

    Args:
        rows: a list of `(name, accuracy, [low, high])`.
    """
    return _intervals(rows, title, "accuracy with 95 % interval (dotted: chance)", 0.5, "{:.1%}")


def gain_intervals(rows, title):
    """Differences of accuracies with their 95 % intervals, one line each.

    Args:
        rows: a list of `(name, gain, [low, high])`, in shares.
    """
    return _intervals(
        rows, title, "gain in accuracy with 95 % interval (dotted: none)", 0.0, "{:+.1%}"
    )


def _intervals(rows, title, xlabel, nothing, form):
    figure, axes = new_figure(7.2, 0.5 * len(rows) + 1.2)
    for place, (name, accuracy, (low, high)) in enumerate(reversed(rows)):
        color = VERMILION if "test" in name else BLUE
        axes.plot([low, high], [place, place], color=color, linewidth=2)
        axes.plot(accuracy, place, "s" if "test" in name else "o", color=color)
        axes.annotate(
            form.format(accuracy),
            (accuracy, place),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axes.axvline(nothing, color="0.6", linewidth=1, linestyle=":")
    axes.set(
        yticks=range(len(rows)),
        yticklabels=[row[0] for row in reversed(rows)],
        ylim=(-0.6, len(rows) - 0.2),
    )
    axes.set(title=title, xlabel=xlabel)
    axes.locator_params(axis="x", nbins=5)  # long names leave little room
    return figure


def siamese_diagram(image_size, encoder, embedding_size, comparison):
    """The Siamese network as boxes and arrows: two images, one encoder used twice, a comparison, a probability."""
    figure, axes = new_figure(9.5, 3.2)
    axes.axis("off")
    axes.set(
        xlim=(-0.1, 10.1),
        ylim=(0, 4),
        title="A Siamese network: both images pass through one encoder with one set of weights",
    )
    height, width = image_size
    boxes = {
        "left": (0.0, 2.5, 1.6, f"left image\n{height} x {width}", SKY),
        "right": (0.0, 0.5, 1.6, f"right image\n{height} x {width}", SKY),
        "encoder_left": (2.5, 2.5, 2.0, f"encoder\n'{encoder}'", ORANGE),
        "encoder_right": (2.5, 0.5, 2.0, f"encoder\n'{encoder}'", ORANGE),
        "compare": (6.6, 1.5, 1.7, comparison, GREEN),
        "score": (8.9, 1.5, 1.1, "p(same\nperson)", BLUE),
    }
    for x, y, wide, text, color in boxes.values():
        axes.add_patch(
            FancyBboxPatch(
                (x, y),
                wide,
                1.0,
                boxstyle="round,pad=0.02",
                facecolor=color,
                alpha=0.35,
                edgecolor=BLACK,
            )
        )
        axes.text(x + wide / 2, y + 0.5, text, ha="center", va="center", fontsize=10)
    arrows = [
        ((1.65, 3), (2.45, 3)),
        ((1.65, 1), (2.45, 1)),
        ((4.55, 3), (6.55, 2.2)),
        ((4.55, 1), (6.55, 1.8)),
        ((8.35, 2), (8.85, 2)),
    ]
    for start, end in arrows:
        axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color=BLACK)
        )
    axes.add_patch(
        FancyArrowPatch(
            (3.5, 2.45),
            (3.5, 1.55),
            arrowstyle="<->",
            mutation_scale=14,
            linestyle="--",
            color=BLACK,
        )
    )
    axes.text(3.65, 2.0, "same weights", va="center", fontsize=9)
    axes.text(
        5.6, 3.0, f"embedding\n{embedding_size} numbers", ha="center", va="center", fontsize=9
    )
    axes.text(
        5.6, 1.0, f"embedding\n{embedding_size} numbers", ha="center", va="center", fontsize=9
    )
    return figure


def by_epoch(histories, title):
    """One-shot accuracy on held-out groups after each epoch, one line a run.

    Args:
        histories: `{name: DataFrame}` as `Run.history`, with the column val_oneshot_accuracy.
        title: the figure's title.
    """
    figure, axes = new_figure()
    for index, (name, history) in enumerate(histories.items()):
        style = {
            "color": CYCLE[index % len(CYCLE)],
            "linestyle": LINES[index % len(LINES)],
            "marker": "os^Dv"[index % 5],
            "markersize": 4,
        }
        axes.plot(history["epoch"], history["val_oneshot_accuracy"], label=name, **style)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(title=title, xlabel="epoch", ylabel="accuracy (share of trials)")
    axes.legend(frameon=False)
    return figure


def dot_plot(rows, title, xlabel):
    """Accuracies as dots on lines of their own, best above; ours as filled squares with intervals, published ones as hollow circles.

    Args:
        rows: a list of `(name, accuracy, interval)`; the interval is `[low, high]`, or None for a published figure.
        title, xlabel: the figure's title and the words below the axis.
    """
    rows = sorted(rows, key=lambda row: row[1])
    figure, axes = new_figure(8.4, 0.36 * len(rows) + 1.2)
    for place, (_, accuracy, interval) in enumerate(rows):
        if interval is None:
            axes.plot(accuracy, place, "o", color=BLACK, markerfacecolor="white")
        else:
            axes.errorbar(
                accuracy,
                place,
                xerr=error_bars([accuracy], *[[bound] for bound in interval]),
                fmt="s",
                color=BLUE,
                capsize=3,
            )
        axes.annotate(
            f"{accuracy:.1%}",
            (accuracy, place),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set(
        yticks=range(len(rows)), yticklabels=[row[0] for row in rows], ylim=(-0.7, len(rows) - 0.2)
    )
    axes.set(title=title, xlabel=xlabel)
    axes.grid(axis="y", color="0.9")
    return figure
