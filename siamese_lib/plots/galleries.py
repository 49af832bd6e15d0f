"""Figures of images: single faces, pairs, nearest faces, one-shot trials, photos."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from PIL import Image

from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    CLASS_COLORS,
    ORANGE,
    VERMILION,
    DescribedFigure,
    draw_frame,
    marked_caption,
    new_figure,
)
from siamese_lib.plots.tiles import pair_tile

# Of the influence of a region on the score, against and for the same person.
INFLUENCE = LinearSegmentedColormap.from_list("influence", [BLUE, "white", ORANGE])
# Images of one size, as a list or stacked.
Images = Sequence[np.ndarray] | np.ndarray
# A grey image `(height, width)`, as an array or from Pillow.
GreyImage = np.ndarray | Image.Image


def faces(images: Images, titles: Sequence[str], title: str, columns: int = 5) -> DescribedFigure:
    """A sheet of images with captions.

    Args:
        images: `(height, width, 1)` or `(height, width)` each.
        titles: a caption for each image.
        title: the figure's title.
        columns: the number of images in a row.
    """
    rows = -(-len(images) // columns)
    figure, panels = image_panels(1.7 * columns, 2.2 * rows + 0.4, rows, columns, title)
    for axes, image, caption in zip(panels.flat, images, titles):
        show_image(axes, image, caption)
    return figure


def pair_gallery(
    pairs_of_images: Sequence[Images],
    captions: Sequence[str],
    wrong: Sequence[bool],
    title: str,
    columns: int = 3,
) -> DescribedFigure:
    """Pairs of images side by side; wrong decisions have a vermilion frame and the word WRONG.

    Args:
        pairs_of_images: `(left, right)` images of one size.
        captions: a caption for each pair.
        wrong: whether each pair was decided wrongly.
        title: the figure's title.
        columns: the number of pairs in a row.
    """
    rows = -(-len(pairs_of_images) // columns)
    height = max(0.6, 2.5 * rows + 0.4)
    figure, panels = image_panels(3.4 * columns, height, max(1, rows), columns, title)
    for axes, images, caption, is_wrong in zip(panels.flat, pairs_of_images, captions, wrong):
        frame = VERMILION if is_wrong else None
        show_image(axes, pair_tile(*images), marked_caption(caption, is_wrong), frame)
    return figure


def explained_pairs(
    pairs_of_images: Sequence[Images],
    maps: Sequence[Images],
    captions: Sequence[str],
    wrong: Sequence[bool],
    title: str,
    strongest: float,
) -> DescribedFigure:
    """Pairs of images with the influence of their regions on the score, at most two in a row.

    Args:
        pairs_of_images: `(left, right)` images.
        maps: the `(left_map, right_map)` of each pair in log-odds, as `inference.occlusion_maps`
            returns them.
        captions: a caption for each pair.
        wrong: whether each pair was decided wrongly; wrong decisions have a vermilion frame and the
            word WRONG.
        title: the figure's title.
        strongest: the influence that has the full colour, in log-odds; figures that are compared
            share it.
    """
    in_row = min(2, max(1, len(pairs_of_images)))
    rows = max(1, -(-len(pairs_of_images) // in_row))
    size = (10.2 if in_row == 2 else 7.5, 2.5 * rows + 0.7)
    figure, panels = image_panels(*size, rows, 4 * in_row, title)
    for row, (left, right), pair_maps, caption, is_wrong in zip(
        panels.reshape(-1, 4), pairs_of_images, maps, captions, wrong
    ):
        frame = VERMILION if is_wrong else None
        caption = marked_caption(caption, is_wrong)
        show_image(row[0], left, textwrap.fill(caption, 50), frame, fontsize=8, loc="left")
        show_image(row[1], right, frame=frame)
        for axes, side_map in zip(row[2:], pair_maps):
            drawn = show_influence(axes, side_map, strongest)
    if len(pairs_of_images):
        figure.colorbar(
            drawn,
            ax=panels,
            location="bottom",
            shrink=0.5,
            aspect=40,
            label="orange: speaks for the same person; blue: against it (log-odds)",
        )
    return figure


def mean_maps(
    maps: Mapping[str, Mapping[str, np.ndarray]], masks: Mapping[str, np.ndarray], title: str
) -> DescribedFigure:
    """Mean influences of regions on the score, a row and a scale for each network.

    Args:
        maps: `{network: {group: map}}`, as `inference.mean_occlusion_maps` returns them.
        masks: `{network: mask}`, the pixels of the face, whose outline is drawn; may be empty.
        title: the figure's title.
    """
    columns = max(map(len, maps.values()))
    figure, panels = image_panels(2.6 * columns, 3.2 * len(maps) + 0.9, len(maps), columns, title)
    for row, (network, of_network) in zip(panels, maps.items()):
        strongest = max(np.abs(values).max() for values in of_network.values())
        for axes, (group, values) in zip(row, of_network.items()):
            drawn = show_influence(axes, values, strongest)
            axes.set_title(f"{network}\n{group}", fontsize=8)
            if network in masks:
                axes.contour(masks[network], [0.5], colors="0.5", linewidths=1, linestyles="--")
        label = "for (orange) and against (blue)\nthe same person, log-odds"
        figure.colorbar(drawn, ax=row, shrink=0.8, label=label)
    return figure


def neighbour_rows(
    rows: Sequence[tuple[np.ndarray, str, Sequence[tuple[np.ndarray, str, float, bool]]]],
    title: str,
) -> DescribedFigure:
    """Probes and the faces with the highest scores; other people have a vermilion frame.

    Args:
        rows: `(probe_image, probe_name, neighbours)`, the neighbours as
            `(image, name, score, is_wrong)`.
        title: the figure's title.
    """
    columns = 1 + max(len(neighbours) for *_, neighbours in rows)
    height = 2.3 * len(rows) + 0.4
    figure, panels = image_panels(1.6 * columns, height, len(rows), columns, title)
    for row, (probe, probe_name, neighbours) in zip(panels, rows):
        show_image(row[0], probe, f"probe\n{probe_name}", fontsize=6)
        for axes, (image, name, score, is_wrong) in zip(row[1:], neighbours):
            frame = VERMILION if is_wrong else None
            show_image(axes, image, f"{score:.3f}\n{name}", frame, fontsize=6)
    return figure


def trial(
    gallery: Images,
    probe: np.ndarray,
    answer: int,
    title: str,
    columns: int = 5,
) -> DescribedFigure:
    """One trial: the probe, and beside it the gallery with a frame around the correct answer.

    Args:
        gallery: `(num_ways, height, width, 1)`.
        probe: `(height, width, 1)`.
        answer: the index of the correct answer in the gallery.
        title: the figure's title.
        columns: the number of gallery images in a row.
    """
    rows, width = -(-len(gallery) // columns), 1.1 * (columns + 1) + 0.4
    figure, panels = image_panels(width, 1.1 * rows + 0.6, rows, columns + 1, title)
    show_image(panels[0, 0], probe, "probe", fontsize=9)
    for index, (axes, image) in enumerate(zip(panels[:, 1:].flat, gallery)):
        caption, frame = ("the same", BLUE) if index == answer else ("", None)
        show_image(axes, image, caption, frame, fontsize=9)
    return figure


def failures(
    rows: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, str]], title: str, columns: int = 3
) -> DescribedFigure:
    """Wrong one-shot trials: the probe, the correct answer and the chosen one.

    Args:
        rows: `(probe, answer, chosen, caption)`, three images of one size and a text.
        title: the figure's title.
        columns: the number of trials in a row.
    """
    num_rows = -(-len(rows) // columns)
    height = 1.5 * num_rows + 0.5
    figure, panels = image_panels(3.2 * columns, height, num_rows, 3 * columns, title)
    for line, (probe, answer, chosen, caption) in zip(panels.reshape(-1, 3), rows):
        show_image(line[0], probe, "\nprobe", fontsize=7)
        show_image(line[1], answer, f"{caption}\ncorrect", BLUE, fontsize=7)
        show_image(line[2], chosen, "\nchosen", VERMILION, fontsize=7)
    return figure


def compared_faces(
    images: Sequence[GreyImage], names: Sequence[str], score: float, threshold: float
) -> DescribedFigure:
    """Two aligned faces, and beside them their score with the threshold.

    Args:
        images: two grey images `(height, width)`.
        names: a caption for each image.
        score: the probability that both show the same person.
        threshold: the smallest score of a decision for the same person.
    """
    label = int(score >= threshold)
    title = f"{CLASS_NAMES[label]}: score {score:.3f}"
    figure, panels = image_panels(8.0, 3.2, 1, 3, title, width_ratios=[1, 1, 0.5])
    for axes, image, name in zip(panels[0], images, names):
        show_image(axes, image, name, fontsize=9)
    bar, hatch = panels[0, 2], None if label else "//"
    bar.axis("on")
    bar.bar([0], [score], 0.8, color=CLASS_COLORS[label], hatch=hatch, edgecolor="white")
    bar.axhline(threshold, color=BLACK, linestyle="--")
    bar.text(
        0,
        threshold,
        f"threshold {threshold:.3f}",
        fontsize=8,
        ha="center",
        va="center",
        bbox={"facecolor": "white", "edgecolor": BLACK, "pad": 2},
    )
    bar.set(ylim=(0, 1), xlim=(-0.4, 0.4), xticks=[], ylabel="score (larger: more alike)")
    return figure


def aligned_frames(
    frames: Sequence[GreyImage],
    names: Sequence[str],
    eyes: Sequence[tuple[float, float]],
    title: str,
) -> DescribedFigure:
    """Aligned faces, with marks at the positions of the eyes in LFW-a's images.

    Args:
        frames: grey images `(250, 250)`.
        names: a caption for each image.
        eyes: two points (x, y) in pixels.
        title: the figure's title.
    """
    figure, panels = image_panels(2.8 * len(frames), 3.2, 1, len(frames), title)
    for axes, frame, name in zip(panels[0], frames, names):
        show_image(axes, frame, name, fontsize=9)
        axes.plot(*np.transpose(eyes), "+", color=ORANGE, markersize=11, markeredgewidth=1.5)
        axes.set(xlabel="x (pixels)", ylabel="y (pixels)")
        axes.axis("on")
    return figure


def image_panels(width, height, rows, columns, title, **grid):
    """A figure of this size in inches with a title, and `(rows, columns)` panels without axes."""
    figure, panels = new_figure(
        width, height, title, nrows=rows, ncols=columns, squeeze=False, **grid
    )
    for axes in panels.flat:
        axes.axis("off")
    return figure, panels


def show_image(axes, image, caption="", frame=None, fontsize=8, **style):
    """Shows a grey image with a caption; the frame, if any, and its caption have one colour."""
    axes.imshow(np.squeeze(np.asarray(image)), cmap="gray", vmin=0, vmax=255)
    axes.set_title(caption, fontsize=fontsize, color=frame or BLACK, **style)
    if frame:
        draw_frame(axes, frame)


def show_influence(axes, values, strongest, **style):
    """Shows numbers for (orange) and against the same person (blue), white at zero."""
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    return axes.imshow(values, cmap=INFLUENCE, vmin=-strongest, vmax=strongest, **style)
