"""Drawings of networks: the two branches, and blocks to scale."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from siamese_lib.plots.style import (
    BLACK,
    BLUE,
    CYCLE,
    GREEN,
    ORANGE,
    SKY,
    DescribedFigure,
    new_figure,
)

SLOT = 1150  # the least width of a block with its words, as the side of so many parameters squared
GAP = 120


def siamese_diagram(
    image_size: tuple[int, int], encoder: str, embedding_size: int, comparison: str
) -> DescribedFigure:
    """The Siamese network as boxes and arrows: two branches with one encoder, then a comparison.

    Args:
        image_size: `(height, width)`.
        encoder: the name of the encoder.
        embedding_size: the number of values of an embedding.
        comparison: the words in the box of the comparison.
    """
    figure, axes = new_figure(
        9.5,
        3.2,
        title="A Siamese network: both images pass through one encoder with one set of weights",
    )
    height, width = image_size
    boxes = (  # x, y, width, text, colour
        (0.0, 2.5, 1.6, f"left image\n{height} x {width}", SKY),
        (0.0, 0.5, 1.6, f"right image\n{height} x {width}", SKY),
        (2.5, 2.5, 2.0, f"encoder\n'{encoder}'", ORANGE),
        (2.5, 0.5, 2.0, f"encoder\n'{encoder}'", ORANGE),
        (6.6, 1.5, 1.7, comparison, GREEN),
        (8.9, 1.5, 1.1, "p(same\nperson)", BLUE),
    )
    for x, y, box_width, text, color in boxes:
        axes.add_patch(
            FancyBboxPatch(
                (x, y),
                box_width,
                1.0,
                boxstyle="round,pad=0.02",
                facecolor=color,
                alpha=0.35,
                edgecolor=BLACK,
            )
        )
        axes.text(x + box_width / 2, y + 0.5, text, ha="center", va="center", fontsize=10)
    arrows = (  # start, end, head, line
        ((1.65, 3), (2.45, 3), "-|>", "-"),
        ((1.65, 1), (2.45, 1), "-|>", "-"),
        ((4.55, 3), (6.55, 2.2), "-|>", "-"),
        ((4.55, 1), (6.55, 1.8), "-|>", "-"),
        ((8.35, 2), (8.85, 2), "-|>", "-"),
        ((3.5, 2.45), (3.5, 1.55), "<->", "--"),
    )
    for start, end, head, line in arrows:
        axes.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle=head, linestyle=line, mutation_scale=14, color=BLACK
            )
        )
    embedding = f"embedding\n{embedding_size} numbers"
    for x, y, text in ((4.15, 2.0, "same weights"), (5.6, 3.0, embedding), (5.6, 1.0, embedding)):
        axes.text(x, y, text, ha="center", va="center", fontsize=9)
    axes.set(xlim=(-0.1, 10.1), ylim=(0, 4))
    axes.axis("off")
    return figure


def block_areas(networks: Mapping[str, Sequence[Mapping[str, Any]]], title: str) -> DescribedFigure:
    """The blocks of networks as squares, whose areas are their numbers of parameters.

    All squares have one scale, so that networks can be compared.

    Args:
        networks: `{name: rows}`, as `models.block_table` returns them.
        title: the figure's title.
    """
    sides = {name: [row["parameters"] ** 0.5 for row in rows] for name, rows in networks.items()}
    widths = {name: sum(max(side, SLOT) + GAP for side in row) for name, row in sides.items()}
    heights = {name: max(row) + 1450 for name, row in sides.items()}  # with three lines of words
    scale = 10.5 / max(widths.values())  # inches
    figure, axes = new_figure(11, 0.5 + scale * sum(heights.values()), title)
    bottom = 0.0
    for color, (name, rows) in zip(CYCLE, networks.items()):
        left, bottom = 0.0, bottom - heights[name]
        total = sum(row["parameters"] for row in rows)
        axes.text(0, bottom + heights[name] - 120, f"{name}: {total:,} parameters", va="top")
        for row, side in zip(rows, sides[name]):
            width = max(side, SLOT) + GAP
            corner = left + (width - side) / 2, bottom + 900
            axes.add_patch(Rectangle(corner, side, side, facecolor=color, alpha=0.6))
            shape = " x ".join(map(str, row["output_shape"]))
            words = f"{row['block']}\n{shape}\n{row['parameters']:,}"
            axes.text(left + width / 2, bottom + 800, words, ha="center", va="top", fontsize=8)
            left += width
    axes.set(xlim=(0, max(widths.values())), ylim=(bottom, 0), aspect="equal")
    axes.axis("off")
    return figure
