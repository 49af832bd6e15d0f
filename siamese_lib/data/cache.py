"""Decoded images in a memory-mapped array, which is built once and checked when it is opened."""

import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from siamese_lib.data.face_dataset import Box, FaceDataset, FaceFiles
from siamese_lib.data.images import NUM_THREADS, size_note, sized_input
from siamese_lib.data.pairs import Face
from siamese_lib.utils.files import cached_folder, fingerprint, read_json, write_json
from siamese_lib.utils.machine import cache_root

FORMAT_VERSION = 2  # of the cache
IMAGES_PER_CHUNK = 512  # decoded between two writes and two steps of the progress bar
IMAGES_PER_TASK = 32  # of a thread; with one image per task, a fifth of the time was overhead


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
