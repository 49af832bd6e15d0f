"""What the widgets show: sheets of faces as one image, fast enough to follow a slider, and the figures that are their static twins."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, ImageColor, ImageDraw, ImageFont

from siamese_lib.data.images import crop_box
from siamese_lib.plots import basic, style

TILE_HEIGHT = 120  # pixels of a face on a sheet
MARGIN, LINE = 8, 15  # pixels around a tile, and from one line of a caption to the next
FRAME = 4  # pixels of the frame of a wrong pair


def sheet(tiles, captions, wrong, columns):
    """Faces or pairs of faces side by side as one image; wrong ones are framed in vermilion and marked in words.

    Args:
        tiles: a list of images, `(height, width)`, `(height, width, 1)` or `(height, width, 3)`, uint8.
        captions: a text for each, of one or more lines.
        wrong: whether each was decided wrongly.
        columns: how many stand in a row.

    Returns:
        `(height, width, 3)`, uint8; its size depends on the tiles' sizes, the captions' lines and the columns alone.
    """
    faces = [_resized(tile) for tile in tiles]
    captions = [
        f"WRONG  {caption}" if is_wrong else caption for caption, is_wrong in zip(captions, wrong)
    ]
    font = ImageFont.load_default(12)
    wide = max(
        max(face.width for face in faces),
        *(int(font.getlength(line)) for caption in captions for line in caption.split("\n")),
    )
    lines = max(caption.count("\n") + 1 for caption in captions)
    wide, high = wide + 2 * MARGIN, TILE_HEIGHT + lines * LINE + 3 * MARGIN
    page = Image.new("RGB", (wide * columns, high * -(-len(faces) // columns)), "white")
    draw = ImageDraw.Draw(page)
    for place, (face, caption, is_wrong) in enumerate(zip(faces, captions, wrong)):
        left, top = place % columns * wide + MARGIN, place // columns * high + MARGIN
        color = style.VERMILION if is_wrong else style.BLACK
        page.paste(face, (left, top))
        if is_wrong:
            draw.rectangle(
                (left - FRAME, top - FRAME, left + face.width + FRAME, top + TILE_HEIGHT + FRAME),
                outline=color,
                width=FRAME,
            )
        draw.multiline_text(
            (left, top + TILE_HEIGHT + MARGIN), caption, fill=color, font=font, spacing=LINE - 12
        )
    return np.asarray(page)


def _resized(tile):
    face = Image.fromarray(np.squeeze(tile)).convert("RGB")
    return face.resize((round(face.width * TILE_HEIGHT / face.height), TILE_HEIGHT))


def pair_tile(left, right):
    """Two images of one size, `(height, width, 1)`, as one tile with a white line between them."""
    return np.hstack([left, np.full((len(left), 3, 1), 255, np.uint8), right])


def outlined(image, crop):
    """An image `(height, width)` in grey with the crop, as `images.decode_image` takes it, drawn in: `(height, width, 3)`."""
    canvas = Image.fromarray(np.squeeze(image))
    top, bottom, left, right = crop_box(canvas, crop)
    canvas = canvas.convert("RGB")
    if crop is not None:
        thick = max(1, canvas.height // 60)
        ImageDraw.Draw(canvas).rectangle(
            (left, top, right - 1, bottom - 1), outline=style.SKY, width=thick
        )
    return np.asarray(canvas)


def png(image):
    """An image `(height, width, 3)`, uint8, as the bytes of a PNG file."""
    content = io.BytesIO()
    # Level 1: a moving slider wants the next image soon, not small.
    Image.fromarray(image).save(content, format="png", compress_level=1)
    return content.getvalue()


def sheet_figure(image, captions, title):
    """A sheet as a figure with a title; its captions are what the description says."""
    height, width = image.shape[:2]
    figure, axes = style.new_figure(width / 90, height / 90 + 0.4)
    axes.imshow(image)
    axes.axis("off")
    figure.suptitle(title)
    figure.details = spoken(captions)
    return figure


def spoken(captions):
    """The captions of a sheet as a sentence without its full stop."""
    return "Shown are: " + "; ".join(", ".join(caption.split("\n")) for caption in captions)


def threshold_figure(counts, image, captions, outcome, title):
    """The four outcomes at a threshold beside the sheet of the pairs nearest to it.

    Args:
        counts: as `evaluation.confusion` gives them.
        image: as `sheet` gives it for the captions `captions`.
        outcome, title: above the counts, and of the figure.
    """
    figure, (left, right) = style.new_figure(12, 4.4, ncols=2, width_ratios=(2, 5))
    basic.draw_confusion(left, counts, outcome)
    right.imshow(image)
    right.axis("off")
    right.set_title("the pairs nearest to the threshold")
    figure.suptitle(title)
    figure.details = spoken(captions)
    return figure


class ScoreLine:
    """The histogram of scores, drawn once, into which a line at any score is painted in milliseconds."""

    def __init__(self, scores, labels, threshold):
        figure = basic.score_histogram(
            scores, labels, threshold, "Scores; the purple line is the slider"
        )
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        self._pixels = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
        (axes,) = figure.axes
        # Matplotlib counts rows from below, an image from above.
        low, high = axes.transAxes.transform([(0, 0), (0, 1)])[:, 1]
        self._rows = slice(round(len(self._pixels) - high), round(len(self._pixels) - low))
        self._column = lambda score: round(axes.transData.transform((score, 0))[0])

    def at(self, score):
        """The image with the line at a score, `(height, width, 3)`, uint8."""
        image = self._pixels.copy()
        column = self._column(score)
        image[self._rows, max(0, column - 1) : column + 2] = ImageColor.getrgb(style.PURPLE)
        return image
