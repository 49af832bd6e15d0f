"""Images as arrays: decoded, cropped and resized to a network's input."""

import os

import numpy as np
from PIL import Image, ImageOps

from siamese_lib.config import BOUNDING_BOX, LETTERBOX
from siamese_lib.data.decoding import open_image
from siamese_lib.data.face_dataset import Box, FaceFiles
from siamese_lib.data.pairs import Face

# Decoding releases Python's lock, and a second thread hides a slow disk; more threads than
# processors only wait for one another.
NUM_THREADS = min(4, max(2, os.cpu_count() or 2))
INK_THRESHOLD = 128  # darker grey values are ink
# The side of the square around the ink: a multiple of the ink's longer side, and at least a share
# of the image's longer side.
INK_MARGIN, MIN_INK_SHARE = 1.15, 0.34


def decode_image(
    content: bytes,
    crop: Box | str | None,
    image_size: tuple[int, int],
    name: str,
    frame: Box | None = None,
) -> np.ndarray:
    """Decodes an image to grey, crops it and resizes it with Pillow's default filter.

    Args:
        content: the bytes of the file.
        crop: `(top, bottom, left, right)` in pixels; None for the whole image; or "bounding_box"
            for a square around the ink, wherever it is; or "letterbox" for the whole image between
            two bars, so that it is not distorted.
        image_size: `(height, width)` of the result.
        name: the name of the image in messages.
        frame: `(top, bottom, left, right)` of the whole image for which a crop of four numbers is
            meant, in pixels; an image of another size is first resized to it. By default the
            crop is in pixels of the image itself.

    Returns:
        `(height, width)`, uint8.

    Raises:
        ValueError: if the bytes are not an image, or the image has too many pixels, is smaller than
            the crop, or has another shape than the frame.
    """
    return sized_input(content, crop, image_size, name, frame)[0]


def sized_input(
    content: bytes,
    crop: Box | str | None,
    image_size: tuple[int, int],
    name: str,
    frame: Box | None,
) -> tuple[np.ndarray, bool]:
    """`decode_image`, and whether the image has another size than the frame, for `size_note`."""
    image = grey_image(content, name)
    has_other_size = frame is not None and image.size != _size(frame)
    return cropped_and_resized(image, crop, image_size, name, frame), has_other_size


def grey_image(content: bytes, name: str) -> Image.Image:
    """The grey Pillow image, upright, of a file's bytes; `name` is its name in messages.

    Raises:
        ValueError: if the bytes are not an image, or the image has too many pixels.
    """
    return open_image(content, name, lambda image: image.convert("L"))


def cropped_and_resized(
    image: Image.Image,
    crop: Box | str | None,
    image_size: tuple[int, int],
    name: str,
    frame: Box | None = None,
) -> np.ndarray:
    """The network's input from a grey Pillow image; arguments and result as `decode_image`.

    Raises:
        ValueError: if the image is smaller than the crop or has another shape than the frame.
    """
    image = _in_frame(image, crop, frame, name)
    top, bottom, left, right = crop_box(image, crop)
    if crop == LETTERBOX:
        # The bars have the mean grey of the border, so that they make no edge.
        grey = np.asarray(image)
        border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        size = image_size[1], image_size[0]
        return np.asarray(ImageOps.pad(image, size, color=round(float(border.mean()))))
    if crop == BOUNDING_BOX:
        # Pillow's crop is black outside the image; paper is white.
        paper = Image.new("L", (right - left, bottom - top), 255)
        paper.paste(image, (-left, -top))
        image = paper
    elif crop is not None:
        if bottom > image.height or right > image.width:
            raise ValueError(
                f"{name} is smaller than the crop; correct the crop in the experiment or use the "
                f"aligned images. Received: {image.height}x{image.width} pixels (height x width), "
                f"crop {list(crop)}"
            )
        image = image.crop((left, top, right, bottom))
    return np.asarray(image.resize((image_size[1], image_size[0])))


def whole_image(dataset: FaceFiles, face: Face, crop: Box | str | None) -> Image.Image:
    """The grey Pillow image of a face, in the size of the frame for which a crop is meant."""
    name = dataset.files[face]
    return _in_frame(grey_image(dataset.source.read(name), name), crop, dataset.frame, name)


def size_note(count: int, total: int, crop: Box | str | None, frame: Box | None) -> str:
    """A sentence on images of another size than the frame, or "" if it does not matter.

    Args:
        count: how many of the images have another size.
        total: how many images there are.
        crop, frame: as in `decode_image`.
    """
    if not count or frame is None or isinstance(crop, str | None):
        return ""
    width, height = _size(frame)
    return (
        f"Images of another size than {height}x{width} pixels: {count:,} of {total:,}, scaled to "
        "it before they are cropped"
    )


def _size(frame):
    """`(width, height)`, in Pillow's order."""
    return frame[3] - frame[2], frame[1] - frame[0]


def _in_frame(image, crop, frame, name):
    """The image in the size of the frame for which a crop is meant, if it has its shape."""
    if frame is None or isinstance(crop, str | None):
        return image
    width, height = _size(frame)
    if image.size == (width, height):
        return image
    # A side of a scaled image is rounded to a whole pixel.
    if abs(image.width * height - image.height * width) > max(width, height):
        raise ValueError(
            f"{name} has another shape than the images for which the crop is meant; use images "
            f"that are aligned like them. Received: {image.height}x{image.width} pixels (height x "
            f"width) instead of {height}x{width}"
        )
    return image.resize((width, height))


def crop_box(image: Image.Image, crop: Box | str | None) -> Box:
    """The box `(top, bottom, left, right)` of a crop, as in `decode_image`, in a grey image."""
    if crop is not None and not isinstance(crop, str):
        return crop
    ink = (
        image.point(lambda grey: 255 * (grey < INK_THRESHOLD)).getbbox()
        if crop == BOUNDING_BOX
        else None
    )
    if ink is None:
        return 0, image.height, 0, image.width
    left, top, right, bottom = ink
    side = round(max(INK_MARGIN * max(bottom - top, right - left), MIN_INK_SHARE * max(image.size)))
    top, left = (top + bottom - side) // 2, (left + right - side) // 2
    return top, top + side, left, left + side
