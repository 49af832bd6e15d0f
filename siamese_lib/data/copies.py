"""Images that occur more than once as different files: the same photograph cropped, scaled,
compressed or mirrored, possibly under another name.

Identical files are found by `summary.duplicate_files`; here small grey images are correlated.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siamese_lib.data.cache import FaceCache, UnreadableImages, cached_images
from siamese_lib.data.face_dataset import FaceDataset, FaceFiles
from siamese_lib.data.pairs import Face
from siamese_lib.utils.files import cached_folder, fingerprint, read_json, write_json
from siamese_lib.utils.machine import cache_root
from siamese_lib.utils.text import as_table

if TYPE_CHECKING:
    import pandas as pd

SIZE = (48, 48)  # of the images that are correlated
MARGIN = 1 / 12  # of the face's height and width, that is shown on each side
# In LFW-a the 20 pairs from 0.969 upwards are one photograph each; the next two, with 0.964 and
# 0.959, show one person a moment later; two people reach 0.940 at most (docs/log.md). In a studio,
# two pictures of one person may be as alike as copies: the sample's reach 0.984.
MIN_CORRELATION = 0.96
FOUND = "copies.json"
BLOCK = 1024  # images whose correlations are held at a time


class NearCopy(NamedTuple):
    """Two images that show the same photograph.

    Attributes:
        left, right: the two faces, in order.
        correlation: of the grey values, between -1 and 1.
        mirrored: whether one is the mirror image of the other.
    """

    left: Face
    right: Face
    correlation: float
    mirrored: bool


def near_copies(
    dataset: FaceDataset | FaceFiles,
    faces: Iterable[Face] | None = None,
    min_correlation: float = MIN_CORRELATION,
) -> list[NearCopy]:
    """Pairs of images that show the same photograph, whoever is named.

    Every image is compared with every other, so the time grows with the square of their number;
    the memory does not, but for the pairs found.

    Args:
        dataset: where the images are.
        faces: the faces to compare; by default all of the dataset.
        min_correlation: pairs with at least this correlation count as copies.

    Returns:
        A list of `NearCopy`, the most alike first.

    Raises:
        FileNotFoundError, ValueError: if images cannot be read.
    """
    cache = small_images(dataset, sorted(dataset.files if faces is None else faces))
    names = list(cache.rows)
    found: dict[tuple[int, int], NearCopy] = {}
    for left, right, correlation, mirrored in _alike(cache.images, None, min_correlation):
        copy = NearCopy(names[left], names[right], correlation, mirrored)
        # A symmetric image is found twice, as it is and mirrored.
        before = found.setdefault((left, right), copy)
        found[left, right] = max(before, copy, key=lambda each: each.correlation)
    return sorted(found.values(), key=lambda copy: (-copy.correlation, copy))


def copies_table(dataset: FaceDataset, copies: Iterable[NearCopy]) -> "pd.DataFrame":
    """A row for each `NearCopy`: what it means for the people, the splits and the pair lists."""
    pairs = {frozenset(pair[:2]) for pair in (*dataset.train_pairs, *dataset.test_pairs)}
    rows = []
    for copy in copies:
        faces = copy.left, copy.right
        sides = {"train" if face.person in dataset.train_people else "test" for face in faces}
        rows.append(
            {
                "image": str(copy.left),
                "copy": f"{copy.right}{', mirrored' if copy.mirrored else ''}",
                "correlation": f"{copy.correlation:.3f}",
                "under": "one name" if copy.left.person == copy.right.person else "two names",
                "people of": " and ".join(sorted(sides, reverse=True)),
                "a listed pair": "yes" if frozenset(faces) in pairs else "",
            }
        )
    return as_table(rows)


def copies_of_test(dataset: FaceDataset) -> list[Face]:
    """The images of people to train on that are near-copies of an image of anybody else, sorted.

    They are searched for once; the result is kept in the cache.

    Raises:
        ValueError: if no other image is left.
    """
    ours = sorted(face for face in dataset.files if face.person in dataset.train_people)
    key = fingerprint(
        dataset.fingerprint(sorted(dataset.files)), ours, dataset.face_box, SIZE, MIN_CORRELATION
    )

    def search(folder):
        write_json(folder / FOUND, list(map(str, _copies_among(dataset, ours))))

    names = cached_folder(cache_root() / "copies" / key, _read, search)
    copies = [face for face in ours if str(face) in names]
    if ours and len(copies) == len(ours):
        raise ValueError(
            f"{dataset.source.location}: all images to train on are copies of test images; give "
            f"every person images of their own. Received: {len(copies)} copies"
        )
    return copies


def _read(folder):
    try:
        return frozenset(read_json(folder / FOUND))
    except (OSError, ValueError, TypeError):
        return None


def _copies_among(dataset, faces):
    try:
        cache = small_images(dataset, sorted(dataset.files))
    except UnreadableImages as error:
        # Whoever needs one of these will say so; the others can be compared.
        files = {face: name for face, name in dataset.files.items() if name not in error.names}
        return _copies_among(dataclasses.replace(dataset, files=files), faces)
    faces = [face for face in faces if face in cache.rows]
    others = sorted(cache.rows.keys() - set(faces))
    rows, of_others = cache.rows_of(faces), cache.rows_of(others)
    alike = _alike(cache.images[rows], cache.images[of_others], MIN_CORRELATION)
    return sorted({faces[row] for row, *_ in alike})


def small_images(dataset: FaceDataset | FaceFiles, faces: list[Face]) -> FaceCache:
    """The images that are correlated, `(num_images, 48, 48, 1)`.

    They show the face with some of what is around it, where its place is known: with the face alone
    two blurred people look alike, with the whole image another background hides a copy.
    """
    box = getattr(dataset, "face_box", None)
    if box and dataset.frame:
        top, bottom, left, right = box
        down, across = round(MARGIN * (bottom - top)), round(MARGIN * (right - left))
        highest, lowest, leftmost, rightmost = dataset.frame
        box = (
            max(highest, top - down),
            min(lowest, bottom + down),
            max(leftmost, left - across),
            min(rightmost, right + across),
        )
    return cached_images(dataset, box, SIZE, faces)


def _alike(
    first: np.ndarray, second: np.ndarray | None, min_correlation: float
) -> Iterator[tuple[int, int, float, bool]]:
    """`(row of first, row of second, correlation, mirrored)` of pairs that are alike, block by
    block; without `second`, of the pairs within `first`.
    """
    others = first if second is None else second
    for start in range(0, len(first), BLOCK):
        left = _parts(first[start : start + BLOCK])
        for begin in range(start if second is None else 0, len(others), BLOCK):
            right = _parts(others[begin : begin + BLOCK])
            symmetric, antisymmetric = (one @ other.T for one, other in zip(left, right))
            # Mirroring an image changes the sign of its antisymmetric part alone.
            views = symmetric + antisymmetric, symmetric - antisymmetric
            for mirrored, correlations in enumerate(views):
                for row, column in np.argwhere(correlations >= min_correlation).tolist():
                    if second is not None or start + row < begin + column:
                        value = min(1.0, float(correlations[row, column]))
                        yield start + row, begin + column, value, bool(mirrored)


def _parts(images):
    """The symmetric and the antisymmetric part of each image, `(num_images, num_pixels / 2)` each.

    The correlation of two images is the sum of the products of these parts.
    """
    rows = np.asarray(images, np.float32).reshape(len(images), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    # An image of one grey value correlates with nothing.
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    pixels = rows.reshape(images.shape[:3])
    half = pixels.shape[2] // 2
    left, right = pixels[:, :, :half], pixels[:, :, : -half - 1 : -1]
    parts = ((left + right) / np.sqrt(2), (left - right) / np.sqrt(2))
    return [part.reshape(len(images), -1) for part in parts]
