"""A trained network in use, computed by Keras: images to embeddings, pairs to scores."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.inference.model_file import read_model, write_model
from siamese_lib.inference.scorer import BATCH_SIZE, PAIRS_PER_BATCH, Scorer
from siamese_lib.models.descriptors import DESCRIPTORS
from siamese_lib.models.layers import FoldedEncoder, symmetries
from siamese_lib.models.networks import log_odds_matrix
from siamese_lib.utils.files import read_json
from siamese_lib.utils.machine import policy_of, published_model
from siamese_lib.utils.tensorflow import tf

if TYPE_CHECKING:
    from siamese_lib.training.run import Run

FEW = 4  # images, or pairs, in a batch


class Verifier(Scorer):
    """A network of Keras together with the settings that scoring needs.

    Attributes:
        network: the Siamese `keras.Model`.
        encoder, head: its two layers, from an image to its embedding and from two embeddings to a
            score.
        num_symmetries: the head compares the embeddings of this many rotated and mirrored copies
            of an image.
        settings: as in `Scorer`.
    """

    def __init__(self, network: Any, settings: dict[str, Any]):
        super().__init__(settings)
        self.network = network
        self.encoder = network.get_layer("encoder")
        self.head = network.get_layer("head")
        self.num_symmetries = self.head.input_shape[0][-1] // self.encoder.output_shape[-1]
        self._folded = FoldedEncoder(self.encoder)
        self._takes_descriptors = len(self.encoder.input_shape) == 2

    @classmethod
    def load(cls, path: Path | str, mixed_precision: str | None = None) -> "Verifier":
        """Loads `NAME.keras` and the `NAME.json` beside it.

        Args:
            path: `NAME.keras`.
            mixed_precision: that of `ExperimentConfig`, in place of the file's.

        Raises:
            FileNotFoundError: if one of them is missing.
            ValueError: if the file is no model of this project.
        """
        return cls(*read_model(path, mixed_precision))

    def with_settings(self, settings: dict[str, Any]) -> "Verifier":
        return Verifier(self.network, settings)

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
        published = published_model(run.config.experiment)
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
    def identity(self) -> str:
        weights = hashlib.sha256()
        for weight in self.encoder.get_weights():
            weights.update(np.asarray(weight).tobytes())
        precision = policy_of(self.settings.get("mixed_precision") or "float32")
        return f"{weights.hexdigest()} {precision}"

    @property
    def detector(self) -> None:
        return None

    @property
    def folded_encoder(self) -> Any:
        """The encoder for scoring, with batch normalisation folded: a `keras.Model`."""
        self._folded.refresh()
        return self._folded.network

    def _embed_batches(self, batches: Iterable[np.ndarray], count: int) -> np.ndarray:
        self._folded.refresh()
        return super()._embed_batches(batches, count)

    def _embed_batch(self, images: np.ndarray) -> np.ndarray:
        copies = symmetries(np.asarray(images, dtype=np.float32), self.num_symmetries)
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

    def _score_batch(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return _predict(self.head, [left, right], PAIRS_PER_BATCH)[:, 0]

    def log_odds_of_all(self, embeddings: np.ndarray) -> np.ndarray:
        """The log-odds of all pairs of images, `(num_embeddings, num_embeddings)`.

        Their order is that of the scores, of which many are 0 or 1 up to rounding.
        """
        return log_odds_matrix(self.head, embeddings, embeddings)


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
