"""Pictures of one-shot classification within groups: a trial, accuracies beside published ones and by group, what went wrong."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from siamese_lib.figures import BLACK, BLUE, CYCLE, LINES, VERMILION, bars, framed, new_figure


def trial(gallery, probe, answer, title, columns=5):
    """One trial: the probe, and beside it the gallery with the right answer framed.

    Args:
        gallery: `(num_ways, height, width, 1)`.
        probe: `(height, width, 1)`.
        answer: the place of the right answer in the gallery.
        title: the figure's title.
    """
    rows = -(-len(gallery) // columns)
    figure, panels = new_figure(1.1 * (columns + 1) + 0.4, 1.1 * rows + 0.6, nrows=rows, ncols=columns + 1, squeeze=False)
    for axes in panels.flat:
        axes.axis("off")
    panels[0, 0].imshow(np.squeeze(probe), cmap="gray", vmin=0, vmax=255)
    panels[0, 0].set_title("probe", fontsize=9)
    for place, (axes, picture) in enumerate(zip(panels[:, 1:].flat, gallery)):
        axes.imshow(np.squeeze(picture), cmap="gray", vmin=0, vmax=255)
        if place == answer:
            framed(axes, BLUE)
            axes.set_title("the same", fontsize=9, color=BLUE)
    figure.suptitle(title)
    return figure


def by_epoch(histories, title):
    """One-shot accuracy on held-out groups after each epoch, one line a run.

    Args:
        histories: `{name: DataFrame}` as `Run.history`, with the column val_oneshot.
        title: the figure's title.
    """
    figure, axes = new_figure()
    for index, (name, history) in enumerate(histories.items()):
        style = {"color": CYCLE[index % len(CYCLE)], "linestyle": LINES[index % len(LINES)], "marker": "os^Dv"[index % 5], "markersize": 4}
        axes.plot(history["epoch"], history["val_oneshot"], label=name, **style)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(title=title, xlabel="epoch", ylabel="accuracy (share of trials)")
    axes.legend(frameon=False)
    return figure


def shares(rows, title, xlabel):
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
            axes.errorbar(accuracy, place, xerr=bars([accuracy], *[[bound] for bound in interval]), fmt="s", color=BLUE, capsize=3)
        axes.annotate(f"{accuracy:.1%}", (accuracy, place), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8)
    axes.set(yticks=range(len(rows)), yticklabels=[row[0] for row in rows], ylim=(-0.7, len(rows) - 0.2))
    axes.set(title=title, xlabel=xlabel)
    axes.grid(axis="y", color="0.9")
    return figure


def failures(rows, title, columns=3):
    """Trials that were answered wrongly: probe, right answer, what was chosen instead.

    Args:
        rows: a list of `(probe, answer, chosen, caption)`, three pictures of one size and a text.
        title: the figure's title.
        columns: trials side by side.
    """
    lines = -(-len(rows) // columns)
    figure, panels = new_figure(3.2 * columns, 1.5 * lines + 0.5, nrows=lines, ncols=3 * columns, squeeze=False)
    for axes in panels.flat:
        axes.axis("off")
    places = panels.reshape(lines * columns, 3)
    for line, (*pictures, caption) in zip(places, rows):
        for axes, picture, words, color in zip(line, pictures, ("probe", "right", "chosen"), (BLACK, BLUE, VERMILION)):
            axes.imshow(np.squeeze(picture), cmap="gray", vmin=0, vmax=255)
            axes.set_title(f"{caption}\n{words}" if words == "right" else f"\n{words}", fontsize=7, color=color)
            if words != "probe":
                framed(axes, color)
    figure.suptitle(title)
    return figure
