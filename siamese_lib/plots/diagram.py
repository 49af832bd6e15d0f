"""The diagram of the Siamese network."""

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from siamese_lib.plots.style import BLACK, BLUE, GREEN, ORANGE, SKY, DescribedFigure, new_figure


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
