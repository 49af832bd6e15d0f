"""Images for the widgets, fast enough to follow a slider, and the figures of their static views."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import ArrayLike
from PIL import Image, ImageColor, ImageDraw, ImageFont

from siamese_lib.data.images import crop_box
from siamese_lib.plots import decisions, style

TILE_HEIGHT = 120  # pixels of a face on a sheet
MARGIN, LINE = 8, 15  # pixels around a tile, and from one line of a caption to the next
FRAME = 4  # width in pixels of the frame around a wrong pair


def sheet(
    tiles: Sequence[np.ndarray], captions: Sequence[str], wrong: Sequence[bool], columns: int
) -> np.ndarray:
    """Faces or pairs of faces as one image; wrong ones have a vermilion frame and the word WRONG.

    Args:
        tiles: images `(height, width)`, `(height, width, 1)` or `(height, width, 3)`, uint8.
        captions: a text for each tile, of one or more lines.
        wrong: whether each tile was decided wrongly.
        columns: the number of tiles in a row.

    Returns:
        `(height, width, 3)`, uint8; the size depends only on the sizes of the tiles, the lines of
        the captions and the number of columns.
    """
    faces = [_resized(tile) for tile in tiles]
    captions = [style.marked_caption(*caption) for caption in zip(captions, wrong)]
    lines, font = [caption.split("\n") for caption in captions], ImageFont.load_default(12)
    text_widths = (int(font.getlength(line)) for texts in lines for line in texts)
    width = max(*(face.width for face in faces), *text_widths) + 2 * MARGIN
    height = TILE_HEIGHT + max(map(len, lines)) * LINE + 3 * MARGIN
    page = Image.new("RGB", (width * columns, height * -(-len(faces) // columns)), "white")
    draw = ImageDraw.Draw(page)
    for index, (face, caption, is_wrong) in enumerate(zip(faces, captions, wrong)):
        left, top = index % columns * width + MARGIN, index // columns * height + MARGIN
        right, bottom = left + face.width, top + TILE_HEIGHT
        color = style.VERMILION if is_wrong else style.BLACK
        page.paste(face, (left, top))
        if is_wrong:
            box = (left - FRAME, top - FRAME, right + FRAME, bottom + FRAME)
            draw.rectangle(box, outline=color, width=FRAME)
        draw.multiline_text((left, bottom + MARGIN), caption, color, font, spacing=LINE - 12)
    return np.asarray(page)


def _resized(tile):
    face = Image.fromarray(np.squeeze(tile)).convert("RGB")
    return face.resize((round(face.width * TILE_HEIGHT / face.height), TILE_HEIGHT))


def pair_tile(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two grey images of one size as one, with a white line between them: `(height, width)`."""
    left, right = np.squeeze(left), np.squeeze(right)
    return np.hstack([left, np.full((len(left), 3), 255, np.uint8), right])


def outlined(image: np.ndarray, crop: tuple[int, int, int, int] | str | None) -> np.ndarray:
    """A grey image with the outline of the crop, `(height, width, 3)`.

    Args:
        image: `(height, width)` or `(height, width, 1)`, uint8.
        crop: as in `data.decode_image`.
    """
    canvas = Image.fromarray(np.squeeze(image))
    top, bottom, left, right = crop_box(canvas, crop)
    canvas = canvas.convert("RGB")
    if crop is not None:
        line_width, box = max(1, canvas.height // 60), (left, top, right - 1, bottom - 1)
        ImageDraw.Draw(canvas).rectangle(box, outline=style.SKY, width=line_width)
    return np.asarray(canvas)


def png(image: np.ndarray) -> bytes:
    """The PNG file of an image `(height, width, 3)`, uint8."""
    content = io.BytesIO()
    # Level 1: while a slider moves, a fast image matters more than a small one.
    Image.fromarray(image).save(content, format="png", compress_level=1)
    return content.getvalue()


def sheet_figure(image: np.ndarray, captions: Sequence[str], title: str) -> style.DescribedFigure:
    """A sheet as a figure with a title; the captions are in its description.

    Args:
        image: as `sheet` returns it.
        captions: the captions of the sheet.
        title: the figure's title.
    """
    height, width = image.shape[:2]
    figure, panels = style.new_figure(width / 90, height / 90 + 0.4, title, squeeze=False)
    _draw_sheet(panels[0, 0], image, captions)
    return figure


def threshold_figure(
    counts: ArrayLike, image: np.ndarray, captions: Sequence[str], outcome: str, title: str
) -> style.DescribedFigure:
    """The confusion matrix at a threshold, and beside it the sheet of the nearest pairs.

    Args:
        counts: as `evaluation.confusion` returns them.
        image, captions: the sheet.
        outcome: the title of the confusion matrix.
        title: the figure's title.
    """
    figure, (left, right) = style.new_figure(12, 4.4, title, ncols=2, width_ratios=(2, 5))
    decisions.draw_confusion(left, counts, outcome)
    _draw_sheet(right, image, captions)
    right.set_title("the pairs nearest to the threshold")
    return figure


def _draw_sheet(axes, image, captions):
    axes.imshow(image)
    axes.axis("off")
    spoken = "; ".join(caption.replace("\n", ", ") for caption in captions)
    axes.figure.details = f"Shown are: {spoken}"


class ScoreLine:
    """The histogram of the scores, drawn once; a line at any score is added in milliseconds."""

    def __init__(self, scores: ArrayLike, labels: ArrayLike, threshold: float) -> None:
        figure = decisions.score_histogram(
            scores, labels, threshold, "Scores; the purple line is the slider"
        )
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        self._pixels = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
        (axes,) = figure.axes
        # Matplotlib counts rows from below, an image from above.
        low, high = axes.transAxes.transform([(0, 0), (0, 1)])[:, 1]
        self._rows = slice(round(len(self._pixels) - high), round(len(self._pixels) - low))
        self._column = lambda score: round(
            axes.transData.transform((float(decisions.within_score_axis(score)), 0))[0]
        )

    def at(self, score: float) -> np.ndarray:
        """The image with the line at a score, `(height, width, 3)`, uint8."""
        image = self._pixels.copy()
        column = self._column(score)
        image[self._rows, max(0, column - 1) : column + 2] = ImageColor.getrgb(style.PURPLE)
        return image
