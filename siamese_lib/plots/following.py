"""Figures of one pair on its way from two files to a decision."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from siamese_lib.plots.galleries import image_panels, show_image, show_influence
from siamese_lib.plots.style import BLACK, BLUE, ORANGE, DescribedFigure, new_figure
from siamese_lib.plots.tiles import outlined


def files_and_inputs(
    whole: Sequence[np.ndarray],
    crop: tuple[int, int, int, int] | str | None,
    inputs: Sequence[np.ndarray] | np.ndarray,
    names: Sequence[str],
    title: str,
) -> DescribedFigure:
    """Two images with the outline of the crop, and beside each what the network sees of it.

    Args:
        whole: the two whole images, `(height, width)` each, uint8.
        crop: as in `data.decode_image`.
        inputs: the two images that the network sees, `(height, width)` each, uint8.
        names: a caption for each whole image.
        title: the figure's title.
    """
    figure, panels = image_panels(8.4, 2.9, 1, 4, title)
    for sides, image, seen, name in zip(panels.reshape(2, 2), whole, inputs, names):
        show_image(sides[0], outlined(image, crop), name)
        show_image(sides[1], seen, f"seen by the network\n{seen.shape[0]} x {seen.shape[1]}")
    return figure


def embeddings_and_evidence(
    embeddings: np.ndarray, terms: np.ndarray, constant: float, threshold: float, title: str
) -> DescribedFigure:
    """Two embeddings as patterns, and their components' evidence added up to the log-odds.

    Args:
        embeddings: `(2, embedding_size)`.
        terms: what each component adds to the log-odds, `(embedding_size,)`.
        constant: where the sum begins, in log-odds.
        threshold: the smallest log-odds of a decision for the same person.
        title: the figure's title.
    """
    figure, panels = new_figure(10, 3.4, title, ncols=3, width_ratios=(1, 1, 2.4))
    # About the mean of both: where all components are positive, signs would say nothing.
    patterns = embeddings - embeddings.mean()
    strongest = np.quantile(np.abs(patterns), 0.99)
    for axes, pattern, side in zip(panels, patterns, ("left", "right")):
        show_influence(axes, _as_rectangle(pattern), strongest, aspect="auto")
        axes.set_title(f"embedding of the {side} image\n{len(pattern):,} numbers", fontsize=9)
    _draw_sum(panels[2], terms, constant, threshold)
    return figure


def _draw_sum(axes: Axes, terms: np.ndarray, constant: float, threshold: float) -> None:
    """The running sum, the strongest evidence for the same person first."""
    order = np.sort(terms)[::-1]
    sums = constant + np.concatenate([[0.0], np.cumsum(order)])
    numbers, num_for = np.arange(len(sums)), int((order > 0).sum())
    for part, color, words in (
        (numbers <= num_for, ORANGE, "components that speak for the same person"),
        (numbers >= num_for, BLUE, "components that speak against it"),
    ):
        axes.plot(numbers[part], sums[part], color=color, linewidth=2, label=words)
    axes.axhline(threshold, color=BLACK, linestyle="--", label=f"threshold {threshold:.2f}")
    axes.plot(numbers[-1], sums[-1], "o", color=BLACK, label=f"the sum {sums[-1]:.2f}")
    axes.set_title("the evidence of all components, added up", fontsize=9)
    axes.set(xlabel="components, those for the same person first", ylabel="log-odds")
    axes.legend(fontsize=8)


def _as_rectangle(values: np.ndarray) -> np.ndarray:
    """Numbers in rows, about twice as wide as high; what is missing in the last row is NaN."""
    columns = max(1, round(np.sqrt(2 * len(values))))
    rows = -(-len(values) // columns)
    padded = np.full(rows * columns, np.nan)
    padded[: len(values)] = values
    return padded.reshape(rows, columns)
