"""Images as arrays: decoded, cropped and resized once, then kept in a memory-mapped cache."""

import os
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from siamese_lib.config import BOUNDING_BOX, LETTERBOX
from siamese_lib.data.decoding import open_image
from siamese_lib.data.face_dataset import Box, FaceDataset, FaceFiles
from siamese_lib.data.pairs import Face
from siamese_lib.utils.files import cached_folder, fingerprint, read_json, write_json
from siamese_lib.utils.machine import cache_root

FORMAT_VERSION = 2  # of the cache
# Decoding releases Python's lock, and a second thread hides a slow disk; more threads than
# processors only wait for one another.
NUM_THREADS = min(4, max(2, os.cpu_count() or 2))
IMAGES_PER_CHUNK = 512  # decoded between two writes and two steps of the progress bar
IMAGES_PER_TASK = 32  # of a thread; with one image per task, a fifth of the time was overhead
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
        num_other_size: how many of the files have another size than the dataset's frame.
    """

    def __init__(self, images: np.ndarray, faces: Iterable[Face], num_other_size: int = 0) -> None:
        self.images = images
        self.rows = {face: row for row, face in enumerate(faces)}
        self.num_other_size = num_other_size

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
    cache = cached_images(dataset, crop, image_size, faces)
    if note := size_note(cache.num_other_size, len(faces), crop, dataset.frame):
        print(note)
    return cache


def cached_images(
    dataset: FaceDataset | FaceFiles,
    crop: Box | str | None,
    image_size: tuple[int, int],
    faces: Sequence[Face],
) -> FaceCache:
    """`open_cache` for sorted faces, without its note on their sizes."""
    if missing := [str(face) for face in faces if face not in dataset.files]:
        raise FileNotFoundError(
            f"{dataset.source.location}: {len(missing)} of the required images are missing; "
            f"complete the data. Received: no {', '.join(missing[:5])}"
            f"{' ...' if len(missing) > 5 else ''}"
        )
    names = [dataset.files[face] for face in faces]
    frame = dataset.frame
    key = fingerprint(
        FORMAT_VERSION,
        dataset.name,
        dataset.source.fingerprint(names),
        names,
        crop,
        image_size,
        frame,
    )
    images, num_other_size = cached_folder(
        cache_root() / "images" / f"{dataset.name}-{key}",
        read=lambda folder: _read(folder, (len(faces), *image_size, 1)),
        build=lambda folder: _build(folder, dataset.source, names, crop, image_size, frame),
    )
    return FaceCache(images, faces, num_other_size)


def _read(folder, shape):
    """`(images, num_other_size)`, or None if the cache is incomplete or damaged.

    `index.json` is written last and contains the checksum of the array.
    """
    try:
        images = np.load(folder / "images.npy", mmap_mode="r")
        index = read_json(folder / "index.json")
        whole = images.shape == shape and images.dtype == np.uint8
        if whole and index["crc32"] == zlib.crc32(images):
            return images, int(index["num_other_size"])
    except Exception:  # NumPy raises almost any exception for a damaged header
        pass
    return None


def _build(folder, source, names, crop, image_size, frame):
    """Writes the array in chunks: with a memory map, a full disk would end the process (SIGBUS)."""
    unreadable, other_size, checksum = {}, set(), 0

    def decode(name):
        try:
            image, has_other_size = sized_input(source.read(name), crop, image_size, name, frame)
            if has_other_size:
                other_size.add(name)
            return image
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
    write_json(folder / "index.json", {"crc32": checksum, "num_other_size": len(other_size)})


def _divided(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]
