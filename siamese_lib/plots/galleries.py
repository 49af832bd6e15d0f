"""Images of one-shot classification within groups: a trial, accuracies beside published ones and by group, what went wrong.

The images about photographs: data in, a matplotlib `Figure` out; palette and conventions are those of `figures`.
"""

import numpy as np

from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    CLASS_COLORS,
    ORANGE,
    VERMILION,
    draw_frame,
    new_figure,
)


def faces(images, titles, title, columns=5):
    """A sheet of images.

    Args:
        images: a list of `(height, width, 1)` or `(height, width)` arrays.
        titles: a caption for each.
    """
    rows = -(-len(images) // columns)
    figure, panels = new_figure(
        1.7 * columns, 2.2 * rows + 0.4, nrows=rows, ncols=columns, squeeze=False
    )
    for axes in panels.flat:
        axes.axis("off")
    for axes, image, caption in zip(panels.flat, images, titles):
        axes.imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255)
        axes.set_title(caption, fontsize=8)
    figure.suptitle(title)
    return figure


def pair_gallery(pairs_of_images, captions, wrong, title, columns=3):
    """Pairs of faces side by side; a wrongly decided pair is framed in vermilion and marked as wrong in words.

    Args:
        pairs_of_images: a list of `(left, right)` images of one size.
        captions: a text for each pair.
        wrong: whether each pair was decided wrongly.
        title: the figure's title.
    """
    rows = -(-len(pairs_of_images) // columns)
    figure, panels = new_figure(
        3.4 * columns, max(0.6, 2.5 * rows + 0.4), nrows=max(1, rows), ncols=columns, squeeze=False
    )
    for axes in panels.flat:
        axes.axis("off")
    for axes, images, caption, is_wrong in zip(panels.flat, pairs_of_images, captions, wrong):
        left, right = (np.squeeze(image) for image in images)
        axes.imshow(
            np.hstack([left, np.full((len(left), 3), 255, np.uint8), right]),
            cmap="gray",
            vmin=0,
            vmax=255,
        )
        axes.set_title(
            f"WRONG  {caption}" if is_wrong else caption,
            fontsize=8,
            color=VERMILION if is_wrong else BLACK,
        )
        if is_wrong:
            draw_frame(axes)
    figure.suptitle(title)
    return figure


def explained_pairs(pairs_of_images, maps, captions, wrong, title):
    """Pairs of faces and, over a second copy of each face, what its parts did to the score.

    Args:
        pairs_of_images: a list of `(left, right)` images.
        maps: for each pair the `(left_map, right_map)` of `explanations.occlusion_maps`, in log-odds.
        captions: a text for each pair.
        wrong: whether each pair was decided wrongly; such a pair is framed in vermilion and marked as wrong in words.
        title: the figure's title.
    """
    rows = max(1, len(pairs_of_images))
    figure, panels = new_figure(8.2, 2.5 * rows + 0.5, nrows=rows, ncols=4, squeeze=False)
    for axes in panels.flat:
        axes.axis("off")
    strongest = max([float(np.abs(one).max()) for pair in maps for one in pair], default=1.0)
    overlay = None
    for row, images, pair_maps, caption, is_wrong in zip(
        panels, pairs_of_images, maps, captions, wrong
    ):
        for column, image in enumerate((*images, *images)):
            row[column].imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255)
            if column >= 2:
                overlay = row[column].imshow(
                    pair_maps[column - 2],
                    cmap="PuOr_r",
                    vmin=-strongest,
                    vmax=strongest,
                    alpha=0.55,
                )
        row[0].set_title(
            f"WRONG  {caption}" if is_wrong else caption,
            fontsize=8,
            loc="left",
            color=VERMILION if is_wrong else BLACK,
        )
        if is_wrong:
            draw_frame(row[0])
            draw_frame(row[1])
    if overlay is not None:
        figure.colorbar(
            overlay,
            ax=panels[:, 2:],
            shrink=0.6,
            label="orange: speaks for the same person; purple: against (log-odds)",
        )
    figure.suptitle(title)
    return figure


def neighbour_rows(rows, title):
    """Probes and the faces that score highest with them; somebody else is framed in vermilion.

    Args:
        rows: a list of `(probe_image, probe_name, neighbours)`, neighbours being a list of `(image, name, score, is_wrong)`.
        title: the figure's title.
    """
    columns = 1 + max(len(neighbours) for *_, neighbours in rows)
    figure, panels = new_figure(
        1.6 * columns, 2.3 * len(rows) + 0.4, nrows=len(rows), ncols=columns, squeeze=False
    )
    for axes in panels.flat:
        axes.axis("off")
    for line, (image, name, neighbours) in zip(panels, rows):
        shown = [
            (image, f"probe\n{name}", False),
            *((near, f"{score:.3f}\n{who}", other) for near, who, score, other in neighbours),
        ]
        for axes, (shown_image, caption, is_wrong) in zip(line, shown):
            axes.imshow(np.squeeze(shown_image), cmap="gray", vmin=0, vmax=255)
            axes.set_title(caption, fontsize=6, color=VERMILION if is_wrong else BLACK)
            if is_wrong:
                draw_frame(axes)
    figure.suptitle(title)
    return figure


def trial(gallery, probe, answer, title, columns=5):
    """One trial: the probe, and beside it the gallery with the right answer framed.

    Args:
        gallery: `(num_ways, height, width, 1)`.
        probe: `(height, width, 1)`.
        answer: the place of the right answer in the gallery.
        title: the figure's title.
    """
    rows = -(-len(gallery) // columns)
    figure, panels = new_figure(
        1.1 * (columns + 1) + 0.4, 1.1 * rows + 0.6, nrows=rows, ncols=columns + 1, squeeze=False
    )
    for axes in panels.flat:
        axes.axis("off")
    panels[0, 0].imshow(np.squeeze(probe), cmap="gray", vmin=0, vmax=255)
    panels[0, 0].set_title("probe", fontsize=9)
    for place, (axes, image) in enumerate(zip(panels[:, 1:].flat, gallery)):
        axes.imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255)
        if place == answer:
            draw_frame(axes, BLUE)
            axes.set_title("the same", fontsize=9, color=BLUE)
    figure.suptitle(title)
    return figure


def failures(rows, title, columns=3):
    """Trials that were answered wrongly: probe, right answer, what was chosen instead.

    Args:
        rows: a list of `(probe, answer, chosen, caption)`, three images of one size and a text.
        title: the figure's title.
        columns: trials side by side.
    """
    lines = -(-len(rows) // columns)
    figure, panels = new_figure(
        3.2 * columns, 1.5 * lines + 0.5, nrows=lines, ncols=3 * columns, squeeze=False
    )
    for axes in panels.flat:
        axes.axis("off")
    places = panels.reshape(lines * columns, 3)
    for line, (*images, caption) in zip(places, rows):
        for axes, image, words, color in zip(
            line, images, ("probe", "correct", "chosen"), (BLACK, BLUE, VERMILION)
        ):
            axes.imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255)
            axes.set_title(
                f"{caption}\n{words}" if words == "correct" else f"\n{words}",
                fontsize=7,
                color=color,
            )
            if words != "probe":
                draw_frame(axes, color)
    figure.suptitle(title)
    return figure


def compared_faces(images, names, score, threshold):
    """Two aligned faces, and their score beside them with the threshold.

    Args:
        images: two images `(height, width)`, grey.
        names: what stands above each.
        score: the probability that both show the same person.
        threshold: from which score on they are taken as the same person.
    """
    figure, panels = new_figure(8.0, 3.2, ncols=3, width_ratios=[1, 1, 0.5])
    for axes, image, name in zip(panels, images, names):
        axes.imshow(np.asarray(image), cmap="gray", vmin=0, vmax=255)
        axes.set_title(name, fontsize=9)
        axes.axis("off")
    label = int(score >= threshold)
    bar = panels[2]
    bar.bar(
        [0],
        [score],
        color=CLASS_COLORS[label],
        hatch=None if label else "//",
        edgecolor="white",
        width=0.8,
    )
    bar.axhline(threshold, color=BLACK, linestyle="--")
    style = {
        "fontsize": 8,
        "ha": "center",
        "va": "center",
        "bbox": {"facecolor": "white", "edgecolor": BLACK, "pad": 2},
    }
    bar.text(0, threshold, f"threshold {threshold:.3f}", **style)
    bar.set(ylim=(0, 1), xlim=(-0.4, 0.4), xticks=[], ylabel="score (larger: more alike)")
    figure.suptitle(f"{CLASS_NAMES[label]}: score {score:.3f}")
    return figure


def aligned_frames(frames, names, eyes, title):
    """Aligned faces with the places at which LFW-a's images have the eyes.

    Args:
        frames: a list of images `(250, 250)`, grey.
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
