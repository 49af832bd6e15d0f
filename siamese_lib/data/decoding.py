"""Image files opened with Pillow: upright, with 8 bits a channel, of bounded size."""

import io
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, features
from PIL.JpegImagePlugin import JpegImageFile

# The formats of photographs. Pillow reads more, some of them with other programs (EPS with
# Ghostscript), and no image may start a program.
FORMATS = ["JPEG", "PNG", "PPM", "BMP", "GIF", "TIFF", "WEBP"]
FORMATS += ["AVIF"] if features.check("avif") else []
FORMATS += ["JPEG2000"] if features.check("jpg_2000") else []  # passports, collections of faces
# The names of their files, by which a picture is known in a folder of anything.
PICTURE_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff"}
PICTURE_SUFFIXES |= {".webp", ".avif", ".pgm", ".ppm", ".pbm", ".pnm", ".jp2", ".j2k"}
PICTURE_SUFFIXES |= {".heic", ".heif"}  # cannot be read, and the reason is given
# Decoded at once. Good cameras have up to 108 million; more is a mistake or a decompression bomb.
MAX_PIXELS = 110_000_000
JPEG_START = b"\xff\xd8\xff"
# Of HEIF files that no format above covers: the four bytes after `ftyp`.
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
WIDE_CHANNELS = re.compile(r";16[BLN]")  # in Pillow's name of a file's 16-bit colours
# Values that may stand for white in files with more than 8 bits.
WHITES_OF_INTEGERS, WHITES_OF_FLOATS = (255, 65535), (1.0, 255.0)


class _Unusable(Exception):
    """An image that is decoded but not used; the message follows its name."""


def open_image(
    content: bytes,
    name: str,
    convert: Callable[[Image.Image], Any],
    enough_side: int | None = None,
) -> Any:
    """Opens an image with Pillow and returns `convert(image)`.

    Args:
        content: the bytes of the file.
        name: the name of the image in messages.
        convert: a function of the image, which is turned upright as its EXIF data state, and has 8
            bits a channel.
        enough_side: in pixels; a JPEG may be decoded at a half, a quarter or an eighth of its size
            if neither side becomes shorter than this.

    Raises:
        ValueError: if the bytes are not an image, are damaged, hold too many pixels, or have more
            than 8 bits and an unknown white.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's about sizes and about damaged EXIF data
            image = _opened(content, enough_side)
            is_wide = image.mode[0] in "IF" or bool(WIDE_CHANNELS.search(str(image.tile)))
            ImageOps.exif_transpose(image, in_place=True)
            return convert(_eight_bit(image) if is_wide else image)
    except _Unusable as error:
        raise ValueError(f"{name} {error}") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{name} {_unknown_format(content)}") from error
    except Exception as error:  # Pillow raises almost any exception for damaged files
        raise ValueError(
            f"{name} cannot be read as an image; replace the file. "
            f"Received: {len(content)} bytes ({error})"
        ) from error


def _opened(content: bytes, enough_side: int | None) -> ImageFile.ImageFile:
    """The image before it is decoded; what decoding will hold in memory has been checked."""
    try:
        # Image.open refuses by the size in the file, but a JPEG may be decoded at a fraction of it.
        is_jpeg = content.startswith(JPEG_START)
        file = io.BytesIO(content)
        image = JpegImageFile(file) if is_jpeg else Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(f"a file of {len(content)} bytes") from error
    size = image.size
    if enough_side:
        image.draft(None, (enough_side, enough_side))
    if not image.info.get("progressive"):  # all of a progressive JPEG is decoded at any fraction
        size = image.size
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_many_pixels(f"{size[0]}x{size[1]} pixels")
    return image


def _too_many_pixels(received: str) -> _Unusable:
    return _Unusable(
        f"has too many pixels to be decoded, more than {MAX_PIXELS // 10**6} million; save a "
        f"smaller copy. Received: {received}"
    )


def _unknown_format(content: bytes) -> str:
    """What to do about bytes that Pillow does not recognise."""
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        return (
            "is a HEIC photo, which cannot be read; export it as JPEG. "
            f"Received: {len(content)} bytes of HEIC"
        )
    return (
        f"cannot be read as an image; give one of the formats {', '.join(FORMATS)}. "
        f"Received: {len(content)} bytes of another format"
    )


def _eight_bit(image: Image.Image) -> Image.Image:
    """An image from a file with more than 8 bits, with 8 bits.

    Such files do not state which value is white: 12 of 16 bits may be used, or floats from 0 to 1.
    A white is accepted if the largest value exceeds its half; the image would be dark otherwise.
    """
    is_single = image.mode[0] in "IF"
    values = np.asarray(image if is_single else image.convert("RGB"))
    whites = WHITES_OF_FLOATS if values.dtype.kind == "f" else WHITES_OF_INTEGERS
    low, high = values.min(), values.max()  # NaN if a value is
    white = next((white for white in whites if white / 2 < high <= white), None)
    if white is None or low < 0:
        raise _Unusable(
            "has more than 8 bits and no known white; save it with 8 bits. "
            f"Received: values from {low:g} to {high:g}"
        )
    if not is_single:
        return image  # Pillow has reduced colours to 8 bits
    return Image.fromarray(np.rint(values.astype(np.float32) * (255 / white)).astype(np.uint8))
