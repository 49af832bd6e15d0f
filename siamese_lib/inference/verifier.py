"""A trained network at work: images to embeddings, embeddings to scores, each image embedded once."""

from functools import partial
from pathlib import Path

import numpy as np

from siamese_lib.evaluation.metrics import platt_scaling
from siamese_lib.evaluation.oneshot import score_trials
from siamese_lib.inference.model_file import (
    CLASSES,
    SETTINGS,
    can_score_with,
    classes_of,
    compute_in,
    without_new_arguments,
)
from siamese_lib.models.classical import fit_joint_bayesian, local_binary_patterns
from siamese_lib.models.layers import FoldedEncoder, symmetries
from siamese_lib.utils.files import atomic_write, read_json, write_json
from siamese_lib.utils.machine import policy_of, project_root
from siamese_lib.utils.tensorflow import keras

BATCH_SIZE, PAIRS_AT_ONCE = 128, 1024


class Verifier:
    """A network together with what scoring needs beside it.

    Attributes:
        network: the Siamese `keras.Model`.
        settings: a dict with crop, image_size, test_time_flip, threshold, mixed_precision, and where the model comes from.
    """

    def __init__(self, network, settings):
        self.network = network
        self.settings = settings
        self._encoder = network.get_layer("encoder")
        self._at_work = FoldedEncoder(self._encoder)
        self._head = network.get_layer("head")
        # How many symmetries of an image the head compares.
        self._symmetries = self._head.input_shape[0][-1] // self._encoder.output_shape[-1]
        # A network takes images; the linear map behind hand-made descriptors takes those.
        self._describe = (
            local_binary_patterns if len(self._encoder.input_shape) == 2 else lambda images: images
        )

    @classmethod
    def load(cls, path):
        """Loads `NAME.keras` and the `NAME.json` beside it.

        Raises:
            FileNotFoundError: if one of them is missing.
            ValueError: if the file is no model of this project.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no such model file; check the path. Received: {path}"
            )
        settings = read_json(path.with_suffix(".json"))
        if not can_score_with(settings):
            raise ValueError(
                f"{path.with_suffix('.json')} must hold {', '.join(SETTINGS)}; restore the one that was saved with the model. "
                f"Received: {str(settings)[:80]!r}"
            )
        try:
            # Neither another format, nor foreign layers, nor code of its own: Keras' safe mode stays on.
            if path.suffix != ".keras":
                raise ValueError("its name does not end in .keras")
            if foreign := classes_of(path) - CLASSES:
                raise ValueError(
                    f"it holds what no network of this project does: {', '.join(sorted(foreign))}"
                )
            network = keras.saving.load_model(path, compile=False, safe_mode=True)
            if precision := settings.get("mixed_precision"):
                compute_in(network.get_layer("encoder"), policy_of(precision))
            verifier = cls(network, settings)
            verifier._check_size()
            return verifier
        except (
            Exception
        ) as error:  # Keras raises many kinds for a file that is not what it should be
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"{path} is not a model of this project, or is damaged; bring the file that was saved. Received: {reason}"
            ) from error

    @property
    def crop(self):
        """What is cut out of an image, as `images.decode_image` takes it."""
        crop = self.settings["crop"]
        return tuple(crop) if isinstance(crop, list) else crop

    @property
    def image_size(self):
        """`(height, width)` of the images that the network takes."""
        return tuple(self.settings["image_size"])

    def _check_size(self):
        """Whether the network takes images of the size that the settings say.

        Raises:
            ValueError: if it does not.
        """
        shape = self._encoder.input_shape  # (batch, height, width, 1), or (batch, descriptors)
        if len(shape) == 4 and shape[1:3] != self.image_size:
            raise ValueError(
                f"the network takes images of {shape[1]}x{shape[2]} pixels, its settings say {self.settings['image_size']}"
            )

    def save(self, path):
        """Writes the network to `NAME.keras` and the settings to `NAME.json`."""
        path = Path(path)
        with atomic_write(path) as temporary:
            self.network.save(temporary)
            without_new_arguments(temporary)
        write_json(path.with_suffix(".json"), self.settings)

    def embed(self, images):
        """The embeddings of images.

        Args:
            images: `(num_images, height, width, 1)`, uint8 or float in 0-255; a memory map is read batch by batch.

        Returns:
            `(num_images, embedding_size)`, float32; those of all symmetries one behind the other where the network compares these.
        """
        return self._embed_batches(
            images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE)
        )

    def _embed_batches(self, batches):
        self._at_work.refresh()
        return np.concatenate([self._embedded(images) for images in batches])

    def _embedded(self, images):
        batch = np.asarray(images, dtype=np.float32)
        views = [
            self._embedded_view(np.asarray(view)) for view in symmetries(batch, self._symmetries)
        ]
        return (
            views[0]
            if len(views) == 1
            else np.concatenate(views, axis=1) / np.sqrt(np.float32(len(views)))
        )

    def _embedded_view(self, batch):
        embeddings = self._predict(self._at_work.network, self._describe(batch))
        if self.settings["test_time_flip"]:
            embeddings = (
                embeddings + self._predict(self._at_work.network, self._describe(batch[:, :, ::-1]))
            ) / 2
        return embeddings

    def score(self, left, right):
        """The scores of pairs of embeddings.

        Args:
            left, right: `(num_pairs, embedding_size)`.

        Returns:
            `(num_pairs,)`, float: the probability that a pair shows the same person.
        """
        # The Siamese distance is symmetric, so f(a, b) = f(b, a) holds without averaging the two.
        return np.concatenate([self._predict(self._head, sides) for sides in _pieces(left, right)])[
            :, 0
        ].astype(float)

    def score_among(self, embeddings, left, right):
        """The scores of pairs out of `embeddings`, `(num_embeddings, embedding_size)`; `left` and `right` are places, `(num_pairs,)`."""
        # Piece by piece: the embeddings of all pairs side by side may be gigabytes.
        return np.concatenate(
            [
                self.score(embeddings[lefts], embeddings[rights])
                for lefts, rights in _pieces(left, right)
            ]
        )

    def fit_projection(self, cache, faces):
        """Sets the linear map behind hand-made descriptors: principal components of images of training people.

        Each component is divided by the fourth root of its variance: half-way to whitening, which would make much of noise.
        """
        from sklearn.decomposition import PCA

        layer = self._encoder.get_layer("embedding")
        components = PCA(layer.units, svd_solver="randomized", random_state=0).fit(
            local_binary_patterns(cache[faces])
        )
        kernel = components.components_.T / components.explained_variance_**0.25
        layer.set_weights([kernel, -components.mean_ @ kernel])

    def fit_joint_bayesian(self, cache, faces, classes):
        """Fits a joint Bayesian head on training images: a list of `Face` whose images are in a `FaceCache`, and the class of each."""
        model_of_people = fit_joint_bayesian(self.embed_faces(cache, faces), classes)
        self._head.get_layer("joint_bayesian").set_weights(model_of_people)

    def calibrate(self, scores, labels):
        """Makes the scores of the head probabilities, by a logistic regression on pairs that were not trained on (Platt, 1999).

        Scores that do not rise with the label stay as they are: turned round they would no longer be larger for more alike.

        Args:
            scores: `(num_pairs,)`, from this head.
            labels: `(num_pairs,)`, 1 = same person.
        """
        slope, intercept = platt_scaling(scores, labels)
        if slope <= 0:
            return
        unit = self._head.layers[-1]
        kernel, bias = unit.get_weights()
        unit.set_weights([slope * kernel, slope * bias + intercept])

    def score_pairs(self, cache, pairs):
        """The scores of a `PairList` whose images are in a `FaceCache`; each image is embedded once.

        Returns:
            `(num_pairs,)`
        """
        return self.score_embedded(pairs, self.embed_faces(cache, pairs.faces))

    def score_embedded(self, pairs, embeddings):
        """The scores `(num_pairs,)` of a `PairList` from the embeddings of its `faces`, in their order."""
        rows = {face: row for row, face in enumerate(pairs.faces)}
        return self.score_among(
            embeddings, *([rows[pair[side]] for pair in pairs] for side in (0, 1))
        )

    def answer_trials(self, runs, images, embeddings):
        """The network's answers in one-shot trials, as `oneshot.score_trials` gives them.

        Args:
            runs: a list of `oneshot.TrialSet`.
            images: every image in them, by its name there, `(num_images,)`.
            embeddings: of these images, `(num_images, embedding_size)`.
        """
        places = {image: place for place, image in enumerate(images)}
        return score_trials(runs, places, partial(self.score_among, embeddings))

    def embed_faces(self, cache, faces):
        """The embeddings `(len(faces), embedding_size)` of a list of `Face` whose images are in a `FaceCache`, read batch by batch."""
        return self._embed_batches(
            cache[faces[start : start + BATCH_SIZE]] for start in range(0, len(faces), BATCH_SIZE)
        )

    def _predict(self, part, inputs):
        # The last batch is smaller; it is filled up so that TensorFlow does not trace the graph anew.
        several = inputs if isinstance(inputs, list) else [inputs]
        count, full = len(several[0]), PAIRS_AT_ONCE if part is self._head else BATCH_SIZE
        padded = [
            np.concatenate([array, np.repeat(array[-1:], full - count, axis=0)])
            for array in several
        ]
        return np.asarray(
            part.predict_on_batch(padded if isinstance(inputs, list) else padded[0]),
            dtype=np.float32,
        )[:count]


def _pieces(left, right):
    for start in range(0, len(left), PAIRS_AT_ONCE):
        yield [left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]]


def verifier_of(run):
    """The trained network of a run: its own file, or the one in `models/` that comes from this experiment and seed.

    Raises:
        FileNotFoundError: if neither is there, as for runs of which only the evidence was kept.
    """
    published = project_root() / "models" / f"{run.config.experiment}.keras"
    if run.path("model.keras").is_file():
        return Verifier.load(run.path("model.keras"))
    if (
        published.is_file()
        and read_json(published.with_suffix(".json")).get("seed") == run.config.seed
    ):
        return Verifier.load(published)
    raise FileNotFoundError(
        f"The weights of this run were not kept; train it again in another folder. Received: {run.directory}"
    )
