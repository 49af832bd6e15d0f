"""The pictures about photographs: data in, a matplotlib `Figure` out; palette and conventions are those of `figures`."""

import numpy as np

from siamese_lib.figures import BLACK, BLUE, CLASS_COLORS, CLASS_NAMES, LINES, ORANGE, bars, new_figure

KEYS = {1: "same", 0: "different"}


def compared_faces(pictures, names, score, threshold):
    """Two aligned faces, and their score beside them with the threshold.

    Args:
        pictures: two pictures `(height, width)`, grey.
        names: what stands above each.
        score: the probability that both show the same person.
        threshold: from which score on they are taken as the same person.
    """
    figure, panels = new_figure(8.0, 3.2, ncols=3, width_ratios=[1, 1, 0.5])
    for axes, picture, name in zip(panels, pictures, names):
        axes.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=255)
        axes.set_title(name, fontsize=9)
        axes.axis("off")
    label = int(score >= threshold)
    bar = panels[2]
    bar.bar([0], [score], color=CLASS_COLORS[label], hatch=None if label else "//", edgecolor="white", width=0.8)
    bar.axhline(threshold, color=BLACK, linestyle="--")
    style = {"fontsize": 8, "ha": "center", "va": "center", "bbox": {"facecolor": "white", "edgecolor": BLACK, "pad": 2}}
    bar.text(0, threshold, f"threshold {threshold:.3f}", **style)
    bar.set(ylim=(0, 1), xlim=(-0.4, 0.4), xticks=[], ylabel="score (larger: more alike)")
    figure.suptitle(f"{CLASS_NAMES[label]}: score {score:.3f}")
    return figure


def aligned_frames(frames, names, eyes, title):
    """Aligned faces with the places at which LFW-a's pictures have the eyes.

    Args:
        frames: a list of pictures `(250, 250)`, grey.
        names: what stands above each.
        eyes: two points (x, y) in pixels.
        title: the figure's title.
    """
    figure, panels = new_figure(2.8 * len(frames), 3.2, ncols=len(frames), squeeze=False)
    for axes, frame, name in zip(panels.flat, frames, names):
        axes.imshow(np.asarray(frame), cmap="gray", vmin=0, vmax=255)
        axes.plot(*np.transpose(eyes), "+", color=ORANGE, markersize=11, markeredgewidth=1.5)
        axes.set_title(name, fontsize=9)
        axes.set(xlabel="x (pixels)", ylabel="y (pixels)")
    figure.suptitle(title)
    return figure


def alignment_errors(rows, title):
    """What an error of the alignment does: above to the scores of both classes, below to the accuracy at the stored threshold.

    Args:
        rows: as `alignment.score_under_error` gives them.
        title: the figure's title.
    """
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    figure, panels = new_figure(3.4 * len(kinds), 5.6, nrows=2, ncols=len(kinds), squeeze=False, sharey="row", sharex="col")
    for (above, below), kind in zip(panels.T, kinds):
        chosen = [row for row in rows if row["kind"] == kind]
        amounts = [row["amount"] for row in chosen]
        for label in (1, 0):
            classes = [row[KEYS[label]] for row in chosen]
            style = {"color": CLASS_COLORS[label], "linestyle": LINES[1 - label], "marker": "os"[1 - label]}
            above.plot(amounts, [one["mean"] for one in classes], label=f"{CLASS_NAMES[label]}, mean", **style)
            above.fill_between(amounts, *np.transpose([one["quartiles"] for one in classes]), color=style["color"], alpha=0.15, linewidth=0)
        low, high = np.transpose([row["accuracy_interval"] for row in chosen])
        accuracy = [row["accuracy"] for row in chosen]
        below.errorbar(amounts, accuracy, yerr=bars(accuracy, low, high), color=BLUE, marker="o", capsize=3)
        below.axhline(0.5, color="0.6", linestyle=":")
        below.set(xlabel=f"{kind} of one picture ({chosen[0]['unit']})")
    panels[0, 0].set(ylabel="score\n(band: middle half of the pairs)", ylim=(0, 1))
    panels[1, 0].set(ylabel="accuracy, 95 % interval\n(dotted: chance)", ylim=(0.45, 1))
    panels[0, 0].legend(frameon=False, fontsize=8, loc="center left")
    figure.suptitle(title)
    return figure
