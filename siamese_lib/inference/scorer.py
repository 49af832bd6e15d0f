"""What every kind of trained network does with images and pairs; no TensorFlow.

`Verifier` computes with Keras, `PortableVerifier` with the runtime that a network was exported for.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.face_dataset import FRAMES, Box
from siamese_lib.data.pairs import Face, PairList, TrialSet
from siamese_lib.data.photos import AlignedFace, Detector, find_faces
from siamese_lib.evaluation.oneshot import answer_trials

if TYPE_CHECKING:
    import pandas as pd

# Larger batches of images are no faster on processors, and their activations would be what a
# training needs the most memory for.
BATCH_SIZE, PAIRS_PER_BATCH = 64, 1024


class Scorer(ABC):
    """A trained network together with the settings that scoring needs.

    Attributes:
        settings: a dict with encoder, crop, image_size, test_time_flip, threshold, mixed_precision,
            align, and what the network comes from: experiment, dataset, seed, config (all fields),
            people (`{"train", "validation"}` -> the people, as `hashed_people` writes them),
            start_from, as `fit` records it, and calibration, as `calibrate` records it.
    """

    def __init__(self, settings: dict[str, Any]):
        self.settings = settings

    @abstractmethod
    def with_settings(self, settings: dict[str, Any]) -> Self:
        """The same network with other settings."""

    @abstractmethod
    def save(self, path: Path | str) -> None:
        """Writes the network and its settings, so that `load_verifier` reads them again."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """A text that changes with the weights and with the precision of the computation."""

    @property
    @abstractmethod
    def detector(self) -> Detector | None:
        """What finds faces in photos, if not the package mtcnn."""

    @abstractmethod
    def _embed_batch(self, images: np.ndarray) -> np.ndarray:
        """The embeddings of at most `BATCH_SIZE` images, float32."""

    @abstractmethod
    def _score_batch(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The scores `(num_pairs,)` of at most `PAIRS_PER_BATCH` pairs of embeddings."""

    @property
    def crop(self) -> Box | str | None:
        """The crop of an image, as `images.decode_image` takes it."""
        crop = self.settings["crop"]
        return tuple(crop) if isinstance(crop, list) else crop

    @property
    def frame(self) -> Box | None:
        """The whole image for which the crop is meant: that of the dataset, if it is known."""
        dataset = "lfwa" if self.settings.get("align") else self.settings.get("dataset")
        return FRAMES.get(str(dataset))

    @property
    def takes_photos(self) -> bool:
        """Whether it was trained on faces in LFW-a's frame, to which photos are aligned."""
        return bool(self.settings.get("align")) or self.settings.get("dataset") == "lfwa"

    @property
    def threshold_note(self) -> str:
        """A sentence with the threshold, and on what it was set."""
        origin = f"on validation pairs of {self.settings.get('dataset', 'its training data')}"
        if record := self.settings.get("calibration"):
            rate = record["false_accept_rate"]
            asked = "" if rate is None else f", for a false accept rate of {rate:g}"
            origin = (
                f"by calibrate on {record['num_same']:,} same and {record['num_different']:,} "
                f"different pairs of {record['num_people']} people, {record['date']}{asked}"
            )
        return f"threshold {self.settings['threshold']:.4f}, set {origin}"

    @property
    def image_size(self) -> tuple[int, int]:
        """`(height, width)` of the network's input."""
        height, width = self.settings["image_size"]
        return height, width

    def embed(self, images: np.ndarray) -> np.ndarray:
        """The embeddings of images.

        Args:
            images: `(num_images, height, width, 1)`, uint8 or float in 0-255; a memory map is read
                batch by batch.

        Returns:
            `(num_images, embedding_size)`, float32; with symmetries the embeddings of all copies
            of an image, one behind the other.
        """
        starts = range(0, len(images), BATCH_SIZE)
        batches = (images[start : start + BATCH_SIZE] for start in starts)
        return self._embed_batches(batches, len(images))

    def embed_faces(self, cache: FaceCache, faces: Sequence[Face]) -> np.ndarray:
        """The embeddings `(len(faces), embedding_size)` of faces, read from a cache in batches."""
        starts = range(0, len(faces), BATCH_SIZE)
        batches = (cache[faces[start : start + BATCH_SIZE]] for start in starts)
        return self._embed_batches(batches, len(faces))

    def _embed_batches(self, batches: Iterable[np.ndarray], count: int) -> np.ndarray:
        embeddings, end = None, 0
        for images in batches:
            of_batch = self._embed_batch(images)
            if embeddings is None:  # each batch in its place: joined at last, all are held twice
                embeddings = np.empty((count, of_batch.shape[1]), of_batch.dtype)
            start, end = end, end + len(of_batch)
            embeddings[start:end] = of_batch
        if embeddings is None:
            raise ValueError("There are no images to embed; give one at least. Received: 0 images")
        return embeddings

    def score(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The scores of pairs of embeddings.

        Args:
            left, right: `(num_pairs, embedding_size)`.

        Returns:
            `(num_pairs,)`, float: the probability that a pair shows the same person. The score is
            symmetric: `score(a, b) == score(b, a)`.
        """
        if np.shape(left) != np.shape(right):  # a runtime would repeat one pair for all others
            raise ValueError(
                "The two sides of pairs have as many embeddings, of one size. "
                f"Received: {np.shape(left)} and {np.shape(right)}"
            )
        batches = [self._score_batch(left[rows], right[rows]) for rows in _batches(len(left))]
        return np.concatenate(batches).astype(float)

    def score_among(
        self, embeddings: np.ndarray, left: Sequence[int], right: Sequence[int]
    ) -> np.ndarray:
        """The scores `(num_pairs,)` of pairs that are named by their rows in `embeddings`.

        Args:
            embeddings: `(num_embeddings, embedding_size)`.
            left, right: rows, `(num_pairs,)`.
        """
        # In batches: the embeddings of all pairs side by side may take gigabytes.
        return np.concatenate(
            [
                self.score(embeddings[left[rows]], embeddings[right[rows]])
                for rows in _batches(len(left))
            ]
        )

    def score_pairs(self, cache: FaceCache, pairs: PairList) -> np.ndarray:
        """The scores `(num_pairs,)` of pairs whose images are in a cache."""
        return self.score_embedded(pairs, self.embed_faces(cache, pairs.faces))

    def known_people(self, pairs: PairList) -> dict[str, np.ndarray]:
        """Which pairs show somebody whom the network or its threshold was fitted to.

        Returns:
            `{"train", "validation"}` -> `(num_pairs,)`, bool; empty if its file does not tell.
        """
        people = self.settings.get("people") or {}
        known = {split: set(names.split()) for split, names in people.items()}
        key_of = {person: _hashed(person) for person in pairs.people}
        return {
            split: np.array(
                [not names.isdisjoint(key_of[face.person] for face in pair[:2]) for pair in pairs]
            )
            for split, names in known.items()
        }

    def score_embedded(self, pairs: PairList, embeddings: np.ndarray) -> np.ndarray:
        """The scores `(num_pairs,)` of pairs from the embeddings of `pairs.faces`, in order."""
        rows = {face: row for row, face in enumerate(pairs.faces)}
        left, right = [rows[pair.left] for pair in pairs], [rows[pair.right] for pair in pairs]
        return self.score_among(embeddings, left, right)

    def answer_trials(
        self, trial_sets: Sequence[TrialSet], images: Sequence, embeddings: np.ndarray
    ) -> "pd.DataFrame":
        """The network's answers in one-shot trials, as `oneshot.answer_trials` returns them.

        Args:
            trial_sets: a list of `TrialSet`.
            images: every image in them, by its name there, `(num_images,)`.
            embeddings: of these images, `(num_images, embedding_size)`.
        """
        rows = {image: row for row, image in enumerate(images)}
        return answer_trials(trial_sets, rows, partial(self.score_among, embeddings))

    def find_faces(self, pictures: Sequence[tuple[bytes, str]]) -> list[AlignedFace | ValueError]:
        """The faces in photos, as `photos.find_faces` returns them."""
        return find_faces(pictures, self.detector)


def load_verifier(path: Path | str) -> Scorer:
    """The network in a file `NAME.keras`, or in a folder that `export` wrote, without TensorFlow.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is no model of this project, or its runtime is not installed.
    """
    if Path(path).is_dir():
        from siamese_lib.inference.portable import PortableVerifier

        return PortableVerifier.load(path)
    from siamese_lib.inference.verifier import Verifier

    return Verifier.load(path)


def hashed_people(people: Collection[str]) -> str:
    """The people as a model file names them: the beginning of a hash of each name, sorted.

    A model file is passed on, and the names of private people should not be passed on with it.
    """
    return " ".join(sorted(map(_hashed, people)))


def _hashed(person: str) -> str:
    return hashlib.sha256(person.encode("utf-8")).hexdigest()[:10]


def _batches(count: int) -> Iterator[slice]:
    for start in range(0, count, PAIRS_PER_BATCH):
        yield slice(start, start + PAIRS_PER_BATCH)
