"""A trained network in use: images to embeddings, pairs of embeddings to scores."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.face_dataset import FRAMES, Box
from siamese_lib.data.images import FaceCache
from siamese_lib.data.pairs import Face, PairList, TrialSet
from siamese_lib.evaluation.oneshot import answer_trials
from siamese_lib.inference.model_file import read_model, write_model
from siamese_lib.models.descriptors import DESCRIPTORS
from siamese_lib.models.layers import FoldedEncoder, symmetries
from siamese_lib.models.networks import log_odds_matrix
from siamese_lib.utils.files import read_json
from siamese_lib.utils.machine import project_root
from siamese_lib.utils.tensorflow import tf

if TYPE_CHECKING:
    import pandas as pd

    from siamese_lib.training.run import Run

# Larger batches of images are no faster on processors, and their activations would be what a
# training needs the most memory for.
BATCH_SIZE, PAIRS_PER_BATCH = 64, 1024
FEW = 4  # images, or pairs, in a batch


class Verifier:
    """A network together with the settings that scoring needs.

    Attributes:
        network: the Siamese `keras.Model`.
        encoder, head: its two layers, from an image to its embedding and from two embeddings to a
            score.
        settings: a dict with encoder, crop, image_size, test_time_flip, threshold, mixed_precision,
            align, and what the network comes from: experiment, dataset, seed, config (all fields),
            people (`{"train", "validation"}` -> the people, as `hashed_people` writes them),
            start_from, as `fit` records it, and calibration, as `calibrate` records it.
    """

    def __init__(self, network: Any, settings: dict[str, Any]):
        self.network = network
        self.settings = settings
        self.encoder = network.get_layer("encoder")
        self.head = network.get_layer("head")
        self._folded = FoldedEncoder(self.encoder)
        # The head compares the embeddings of this many rotated and mirrored copies of an image.
        self._symmetries = self.head.input_shape[0][-1] // self.encoder.output_shape[-1]
        self._takes_descriptors = len(self.encoder.input_shape) == 2

    @classmethod
    def load(cls, path: Path | str) -> "Verifier":
        """Loads `NAME.keras` and the `NAME.json` beside it.

        Raises:
            FileNotFoundError: if one of them is missing.
            ValueError: if the file is no model of this project.
        """
        return cls(*read_model(path))

    @classmethod
    def of_run(cls, run: "Run") -> "Verifier":
        """The network of a run: its own file, or the published one of the same config.

        Raises:
            FileNotFoundError: if neither exists: of some runs only the results were kept.
            ValueError: if it is an ensemble's run, which has no network of its own.
        """
        if run.config.members:
            raise ValueError(
                "An ensemble has no network of its own; take the run of a member. "
                f"Received: {run.directory}"
            )
        published = project_root() / "models" / f"{run.config.experiment}.keras"
        if run.path("model.keras").is_file():
            return cls.load(run.path("model.keras"))
        settings = read_json(published.with_suffix(".json")) if published.is_file() else {}
        if "config" in settings:
            trained = ExperimentConfig.from_dict(settings["config"])
            # The same name and seed are not enough: a run with overrides has another network.
            if trained.result_fields() == run.config.result_fields():
                return cls.load(published)
        raise FileNotFoundError(
            "The weights of this run were not kept; train it again in another folder. "
            f"Received: {run.directory}"
        )

    def save(self, path: Path | str, half_precision: bool = False) -> None:
        """Writes the network to `NAME.keras` and the settings to `NAME.json`, as `write_model`."""
        write_model(path, self.network, self.settings, half_precision)

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
        self._folded.refresh()
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

    def _embed_batch(self, images: np.ndarray) -> np.ndarray:
        copies = symmetries(np.asarray(images, dtype=np.float32), self._symmetries)
        embeddings = [self._embed_copy(np.asarray(copy)) for copy in copies]
        if len(embeddings) == 1:
            return embeddings[0]
        return np.concatenate(embeddings, axis=1) / np.sqrt(np.float32(len(embeddings)))

    def _embed_copy(self, batch: np.ndarray) -> np.ndarray:
        if not self.settings["test_time_flip"]:
            return self._embed_view(batch)
        return (self._embed_view(batch) + self._embed_view(batch[:, :, ::-1])) / 2

    def _embed_view(self, batch: np.ndarray) -> np.ndarray:
        return _predict(self._folded.network, [self.inputs_of(batch)], BATCH_SIZE)

    def inputs_of(self, images: np.ndarray) -> np.ndarray:
        """What the encoder takes: the images themselves, or hand-crafted descriptors of them."""
        if not self._takes_descriptors:
            return images
        # Files of before there were others name none: local binary patterns.
        return DESCRIPTORS[self.settings.get("encoder", "lbp")](images)

    def score(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The scores of pairs of embeddings.

        Args:
            left, right: `(num_pairs, embedding_size)`.

        Returns:
            `(num_pairs,)`, float: the probability that a pair shows the same person. The score is
            symmetric: `score(a, b) == score(b, a)`.
        """
        batches = [
            _predict(self.head, [left[rows], right[rows]], PAIRS_PER_BATCH)
            for rows in _batches(len(left))
        ]
        return np.concatenate(batches)[:, 0].astype(float)

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

    def log_odds_of_all(self, embeddings: np.ndarray) -> np.ndarray:
        """The log-odds of all pairs of images, `(num_embeddings, num_embeddings)`.

        Their order is that of the scores, of which many are 0 or 1 up to rounding.
        """
        return log_odds_matrix(self.head, embeddings, embeddings)

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


def _predict(layer: Any, inputs: list[np.ndarray], batch_size: int) -> np.ndarray:
    """One batch through a layer; a smaller last batch is filled up, so nothing is traced again.

    A few images are not worth the trace of a graph: they go through the layers one by one.
    """
    count = len(inputs[0])
    if count <= FEW:
        output = layer(inputs if len(inputs) > 1 else inputs[0], training=False)
        return np.asarray(tf.cast(output, tf.float32))
    full = [np.concatenate([a, np.repeat(a[-1:], batch_size - count, axis=0)]) for a in inputs]
    output = layer.predict_on_batch(full if len(full) > 1 else full[0])
    return np.asarray(output, dtype=np.float32)[:count]
