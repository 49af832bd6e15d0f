"""Images as arrays: decoded, cropped and resized once, then kept in a memory-mapped cache."""

import io
import os
import warnings
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, features
from tqdm.auto import tqdm

from siamese_lib.config import BOUNDING_BOX
from siamese_lib.data.face_dataset import FaceDataset, FaceFiles
from siamese_lib.data.pairs import Face
from siamese_lib.utils.files import cached_folder, fingerprint, read_json, write_json
from siamese_lib.utils.machine import cache_root

FORMAT_VERSION = 1  # of the cache
# The formats of photographs. Pillow reads more, some of them with other programs (EPS with
# Ghostscript), and no image may start a program.
FORMATS = ["JPEG", "PNG", "PPM", "BMP", "GIF", "TIFF", "WEBP"]
FORMATS += ["AVIF"] if features.check("avif") else []
MAX_PIXELS = 50_000_000  # a larger image is a mistake or a decompression bomb
# Decoding releases Python's lock, and a second thread hides a slow disk; more threads than
# processors only wait for one another.
NUM_THREADS = min(4, max(2, os.cpu_count() or 2))
IMAGES_PER_CHUNK = 512  # decoded between two writes and two steps of the progress bar
IMAGES_PER_TASK = 32  # of a thread; with one image per task, a fifth of the time was overhead
INK_THRESHOLD = 128  # darker grey values are ink
# The side of the square around the ink: a multiple of the ink's longer side, and at least a share
# of the image's longer side.
INK_MARGIN, MIN_INK_SHARE = 1.15, 0.34

Box = tuple[int, int, int, int]  # (top, bottom, left, right) in pixels


def decode_image(
    content: bytes, crop: Box | str | None, image_size: tuple[int, int], name: str
) -> np.ndarray:
    """Decodes an image to grey, crops it and resizes it with Pillow's default filter.

    Args:
        content: the bytes of the file.
        crop: `(top, bottom, left, right)` in pixels of the original image; None for the whole
            image; or "bounding_box" for a square around the ink, wherever it is.
        image_size: `(height, width)` of the result.
        name: the name of the image in messages.

    Returns:
        `(height, width)`, uint8.

    Raises:
        ValueError: if the bytes are not an image, or the image is smaller than the crop or too
            large for a face.
    """
    image = open_image(content, name, lambda image: eight_bit(image).convert("L"))
    return cropped_and_resized(image, crop, image_size, name)


def cropped_and_resized(
    image: Image.Image, crop: Box | str | None, image_size: tuple[int, int], name: str
) -> np.ndarray:
    """The network's input from a grey Pillow image; arguments and result as `decode_image`.

    Raises:
        ValueError: if the image is smaller than the crop.
    """
    top, bottom, left, right = crop_box(image, crop)
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


def crop_box(image: Image.Image, crop: Box | str | None) -> Box:
    """The box `(top, bottom, left, right)` of a crop, as in `decode_image`, in a grey image."""
    if crop is not None and not isinstance(crop, str):
        return crop
    ink = image.point(lambda grey: 255 * (grey < INK_THRESHOLD)).getbbox() if crop else None
    if ink is None:
        return 0, image.height, 0, image.width
    left, top, right, bottom = ink
    side = round(max(INK_MARGIN * max(bottom - top, right - left), MIN_INK_SHARE * max(image.size)))
    top, left = (top + bottom - side) // 2, (left + right - side) // 2
    return top, top + side, left, left + side


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
        convert: a function of the opened image; only here are all pixels decoded.
        enough_side: in pixels; a JPEG may be decoded at a half, a quarter or an eighth of its size
            if neither side becomes shorter than this.

    Raises:
        ValueError: if the bytes are not an image, are damaged, or hold too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            if enough_side:
                image.draft(None, (enough_side, enough_side))
            if image.width * image.height > MAX_PIXELS:
                raise OSError(
                    f"{image.width}x{image.height} pixels are too many for an image of a face"
                )
            return convert(image)
    except Exception as error:  # Pillow raises almost any exception for damaged files
        raise ValueError(
            f"{name} cannot be read as an image; replace the file. "
            f"Received: {len(content)} bytes ({error})"
        ) from error


def eight_bit(image: Image.Image) -> Image.Image:
    """The image with 8 bits of grey: of 16 bits the upper 8, where Pillow would clip at 255."""
    if not image.mode.startswith("I"):
        return image
    grey = np.asarray(image).astype(np.uint32) >> 8
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


class UnreadableImages(ValueError):
    """Images that cannot be used: `names` are their files, the message gives the first reasons."""

    def __init__(self, location: Path | str, reasons: dict[str, str]) -> None:
        self.names = sorted(reasons)
        first = "; ".join(reasons[name] for name in self.names[:5])
        super().__init__(
            f"{location}: {len(reasons)} images cannot be used. "
            f"Received: {first}{' ...' if len(reasons) > 5 else ''}"
        )


class FaceCache:
    """Decoded faces in a memory-mapped array; only images that are used are read from disk.

    Attributes:
        images: `(num_images, height, width, 1)`, uint8.
        rows: the row of each `Face` in `images`.
    """

    def __init__(self, images: np.ndarray, faces: Iterable[Face]) -> None:
        self.images = images
        self.rows = {face: row for row, face in enumerate(faces)}

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, faces: Sequence[Face]) -> np.ndarray:
        """The images of these faces, `(len(faces), height, width, 1)`, uint8."""
        return self.images[self.rows_of(faces)]

    def rows_of(self, faces: Sequence[Face]) -> np.ndarray:
        """The rows of these faces, `(len(faces),)`, int64."""
        return np.array([self.rows[face] for face in faces], dtype=np.int64)


def open_cache(
    dataset: FaceDataset | FaceFiles,
    crop: Box | str | None,
    image_size: tuple[int, int],
    faces: Iterable[Face] | None = None,
) -> FaceCache:
    """Opens the cache of a dataset's images; builds it first if it is missing, old or damaged.

    Args:
        dataset: a `FaceDataset`, or `FaceFiles` if `faces` are given.
        crop, image_size: as in `decode_image`.
        faces: by default the faces in the pair lists.

    Raises:
        FileNotFoundError: if the dataset has no file for a face.
        UnreadableImages: a ValueError, if files cannot be read as images.
    """
    faces = sorted(dataset.listed_faces if faces is None else faces)  # type: ignore[union-attr]
    if missing := [str(face) for face in faces if face not in dataset.files]:
        raise FileNotFoundError(
            f"{dataset.source.location}: {len(missing)} of the required images are missing; "
            f"complete the data. Received: no {', '.join(missing[:5])}"
            f"{' ...' if len(missing) > 5 else ''}"
        )
    names = [dataset.files[face] for face in faces]
    key = fingerprint(
        FORMAT_VERSION, dataset.name, dataset.source.fingerprint(names), names, crop, image_size
    )
    images = cached_folder(
        cache_root() / "images" / f"{dataset.name}-{key}",
        read=lambda folder: _read(folder, (len(faces), *image_size, 1)),
        build=lambda folder: _build(folder, dataset.source, names, crop, image_size),
    )
    return FaceCache(images, faces)


def _read(folder, shape):
    """The memory-mapped array, or None if the cache is incomplete or damaged.

    `index.json` is written last and contains the checksum of the array.
    """
    try:
        images = np.load(folder / "images.npy", mmap_mode="r")
        index = read_json(folder / "index.json")
        whole = images.shape == shape and images.dtype == np.uint8
        return images if whole and index == {"crc32": zlib.crc32(images)} else None
    except Exception:  # NumPy raises almost any exception for a damaged header
        return None


def _build(folder, source, names, crop, image_size):
    """Writes the array in chunks: with a memory map, a full disk would end the process (SIGBUS)."""
    unreadable, checksum = {}, 0

    def decode(name):
        try:
            return decode_image(source.read(name), crop, image_size, name)
        except ValueError as error:
            unreadable[name] = str(error)
        except OSError as error:
            unreadable[name] = f"{name} cannot be read ({error})"

    with (
        open(folder / "images.npy", "wb") as out,
        ThreadPoolExecutor(NUM_THREADS) as pool,
        tqdm(total=len(names), desc="Preparing images", unit="image") as progress,
    ):
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(names), *image_size, 1)}
        np.lib.format.write_array_header_1_0(out, header)
        for chunk in _divided(names, IMAGES_PER_CHUNK):
            tasks = _divided(chunk, IMAGES_PER_TASK)
            decoded = pool.map(lambda task: [decode(name) for name in task], tasks)
            images = [image for task in decoded for image in task]
            if not unreadable:
                content = np.stack(images)
                out.write(content)
                checksum = zlib.crc32(content, checksum)
            progress.update(len(images))
    if unreadable:
        raise UnreadableImages(source.location, unreadable)
    write_json(folder / "index.json", {"crc32": checksum})


def _divided(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]
