"""Images as arrays: decode, crop, resize once into a memory-mapped cache; from there in batches, augmented, to the network."""

import io
import itertools
import os
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, features
from tqdm.auto import tqdm

from siamese_lib.config import BOUNDING_BOX
from siamese_lib.utils.files import cached_folder, fingerprint, read_json, write_json
from siamese_lib.utils.machine import cache_root

FORMAT_VERSION = 1
# What faces come in. Pillow reads more, some of it through other programs (EPS through Ghostscript), which no image shall start.
FORMATS = (
    "JPEG",
    "PNG",
    "PPM",
    "BMP",
    "GIF",
    "TIFF",
    "WEBP",
    *(["AVIF"] if features.check("avif") else []),
)
MAX_PIXELS = 50_000_000  # more in one image is a mistake or a decompression bomb
# Decoding releases Python's lock, and a second thread hides a slow disk; more threads than processors wait for each other.
NUM_THREADS = min(4, max(2, os.cpu_count() or 2))
CHUNK = 512  # images between two moves of the progress bar
DARK = 128  # grey values below are ink
INK_MARGIN, LEAST_INK = (
    1.15,
    0.34,
)  # the square around the ink: larger than it by this factor, and this share of the image at least
PORTION = (
    32  # images that a thread is given at a time: handing over each alone took a fifth of the time
)


def decode_image(content, crop, image_size, name):
    """Decodes an image to grey, crops it and resizes it with Pillow's default filter.

    Args:
        content: the bytes of the file.
        crop: `(top, bottom, left, right)` in pixels of the original image, None for all of it, or "bounding_box" for the square around what is
            dark in it, whatever its place and size.
        image_size: `(height, width)` of the result.
        name: names the image in messages.

    Returns:
        `(height, width)`, uint8.

    Raises:
        ValueError: if the bytes are no image, or one smaller than the crop or too large to be a face.
    """
    return cropped_and_resized(open_image(content, name, _grey), crop, image_size, name)


def cropped_and_resized(image, crop, image_size, name):
    """What the network takes of a grey Pillow image; crop, image_size, name and the result are those of `decode_image`.

    Raises:
        ValueError: if the image is smaller than the crop.
    """
    if crop == BOUNDING_BOX:
        image = _on_white(image, *crop_box(image, crop))
    elif crop is not None:
        top, bottom, left, right = crop
        if bottom > image.height or right > image.width:
            raise ValueError(
                f"{name} is smaller than the crop; correct crop in the experiment or bring the aligned images. "
                f"Received: {image.height}x{image.width} pixels (height x width), crop {list(crop)}"
            )
        image = image.crop((left, top, right, bottom))
    return np.asarray(image.resize((image_size[1], image_size[0])))


def crop_box(image, crop):
    """What a crop, as `decode_image` takes it, cuts out of a grey Pillow image: `(top, bottom, left, right)` in its pixels."""
    ink = image.point(lambda grey: 255 * (grey < DARK)).getbbox() if crop == BOUNDING_BOX else None
    if ink is None:
        return crop if isinstance(crop, tuple) else (0, image.height, 0, image.width)
    left, top, right, bottom = ink
    side = round(max(INK_MARGIN * max(bottom - top, right - left), LEAST_INK * max(image.size)))
    top, left = (top + bottom - side) // 2, (left + right - side) // 2
    return top, top + side, left, left + side


def _on_white(image, top, bottom, left, right):
    """Like Pillow's crop, but white, not black, where the box leaves the image."""
    paper = Image.new("L", (right - left, bottom - top), 255)
    paper.paste(image, (-left, -top))
    return paper


def open_image(content, name, convert, enough_side=None):
    """What `convert` makes of the Pillow image in these bytes.

    Args:
        content: the bytes of the file.
        name: names the image in messages.
        convert: a function of the opened image; pixels that cannot be decoded come to light in it.
        enough_side: pixels; a JPEG may be decoded at a half, a quarter or an eighth of its size if both sides keep as much.

    Raises:
        ValueError: if the bytes are no image, are damaged or hold too many pixels.
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
    except Exception as error:  # Pillow's readers answer damage with almost any error
        raise ValueError(
            f"{name} cannot be read as an image; replace the file. Received: {len(content)} bytes ({error})"
        ) from error


def eight_bit(image):
    """The image itself, or, of one with 16 bits of grey, its upper 8: Pillow's own conversion clips at 255 instead of scaling."""
    if image.mode.startswith("I"):
        return Image.fromarray(
            (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        )
    return image


def _grey(image):
    return eight_bit(image).convert("L")


class UnreadableImages(ValueError):
    """Images that cannot be used; `names` holds their files' names, the message the reasons of the first few."""

    def __init__(self, location, reasons):
        self.names = sorted(reasons)
        first = "; ".join(reasons[name] for name in self.names[:5])
        super().__init__(
            f"{location}: {len(reasons)} images cannot be used. Received: {first}{' ...' if len(reasons) > 5 else ''}"
        )


class FaceCache:
    """Decoded faces in one memory-mapped array; only what is used is read from disk.

    Attributes:
        images: `(num_images, height, width, 1)`, uint8.
        rows: for each `Face`, its row in `images`.
    """

    def __init__(self, images, faces):
        self.images = images
        self.rows = {face: row for row, face in enumerate(faces)}

    def __len__(self):
        return len(self.images)

    def __getitem__(self, faces):
        """The images of a list of faces, `(len(faces), height, width, 1)`, uint8."""
        return self.images[self.rows_of(faces)]

    def rows_of(self, faces):
        """The rows of a list of faces, int64."""
        return np.array([self.rows[face] for face in faces], dtype=np.int64)


def open_cache(dataset, crop, image_size, faces=None):
    """Opens the cache of a dataset's images, and builds it first if it is missing, stale or damaged.

    Args:
        dataset: a `FaceDataset`, or `FaceFiles` if `faces` are given.
        crop, image_size: as in `decode_image`.
        faces: which faces; by default all that the pair lists name.

    Returns:
        A `FaceCache`.

    Raises:
        FileNotFoundError: if the dataset has no file for some face.
        UnreadableImages: a ValueError, if some cannot be read.
    """
    faces = sorted(dataset.listed_faces if faces is None else faces)
    if missing := [str(face) for face in faces if face not in dataset.files]:
        raise FileNotFoundError(
            f"{dataset.source.location}: {len(missing)} images that are asked for are missing; complete the data. "
            f"Received: no {', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}"
        )
    names = [dataset.files[face] for face in faces]
    key = fingerprint(
        FORMAT_VERSION, dataset.name, dataset.source.fingerprint(names), names, crop, image_size
    )
    folder = cache_root() / "images" / f"{dataset.name}-{key}"
    images = cached_folder(
        folder,
        read=lambda place: _read(place, len(faces), image_size),
        build=lambda place: _build(place, dataset.source, names, crop, image_size),
    )
    return FaceCache(images, faces)


def _read(folder, num_images, image_size):
    """The memory-mapped array of a whole cache, or None: `index.json` is written last and holds its checksum."""
    shape = (num_images, *image_size, 1)
    try:
        images = np.load(folder / "images.npy", mmap_mode="r")
        index = read_json(folder / "index.json")
        whole = (
            images.shape == shape
            and images.dtype == np.uint8
            and index == {"crc32": zlib.crc32(images)}
        )
    except Exception:  # NumPy's parser answers a damaged header with almost any error
        return None
    return images if whole else None


def _build(folder, source, names, crop, image_size):
    """Written piece by piece, and not through a memory map, in which a full disk would end the process (SIGBUS)."""
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
        for start in range(0, len(names), CHUNK):
            portions = [
                names[place : place + PORTION]
                for place in range(start, min(start + CHUNK, len(names)), PORTION)
            ]
            images = list(
                itertools.chain.from_iterable(
                    pool.map(lambda portion: [decode(name) for name in portion], portions)
                )
            )
            if not unreadable:
                content = np.stack(images)
                out.write(content)
                checksum = zlib.crc32(content, checksum)
            progress.update(len(images))
    if unreadable:
        raise UnreadableImages(source.location, unreadable)
    write_json(folder / "index.json", {"crc32": checksum})
