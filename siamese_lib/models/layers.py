"""Custom layers, the fit of joint Bayesian, encoders with folded batch normalisation.

A layer that a saved network keeps is also named in `CLASSES` of `siamese_lib.inference.model_file`,
which refuses all others.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from siamese_lib.utils.tensorflow import keras, tf

layers, ops = keras.layers, keras.ops
registered = keras.saving.register_keras_serializable("siamese_lib")

# Added to all directions, as a share of the mean within-person variance; validation hardly changes
# from 0.1 to 0.8 (docs/log.md).
RIDGE = 0.3


@registered
class StackBranches(keras.layers.Layer):
    """Puts the images of both branches into one batch: batch normalisation then sees both sides.

    Two inputs `(batch, ...)`; output `(2 * batch, ...)`.
    """

    def call(self, left, right):
        return ops.concatenate([left, right], axis=0)


@registered
class UnstackBranches(keras.layers.Layer):
    """Undoes `StackBranches`: input `(2 * batch, ...)`; two outputs `(batch, ...)`."""

    def call(self, branches):
        return ops.split(branches, 2, axis=0)


@registered
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer, which normalises the maps of a training batch by TensorFlow's fused kernel.

    Numerically equal up to rounding. Keras' own dozen passes over the maps take a quarter of the
    time of a training step of the compact network, and more in bfloat16.
    """

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable and len(inputs.shape) == 4):
            return super().call(inputs, training=training, mask=mask)
        gamma, beta = (tf.convert_to_tensor(weight) for weight in (self.gamma, self.beta))
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, beta, epsilon=self.epsilon, is_training=True
        )
        # The kernel gives the unbiased variance; Keras keeps the biased one.
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
        variance *= (count - 1) / count
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return outputs


# Class names in model files of earlier versions.
OLD_CLASSES = {"StackTwins": StackBranches, "UnstackTwins": UnstackBranches}
keras.saving.get_custom_objects().update(
    {f"siamese_lib>{name}": layer for name, layer in OLD_CLASSES.items()}
)


def symmetries(images: Any, count: int) -> list:
    """Rotated and mirrored copies of square images.

    Args:
        images: `(batch, side, side, 1)`.
        count: 1: the images alone; 4: rotated by 0, 90, 180 and 270 degrees; 8: their mirror
            images too.

    Returns:
        A list of `count` tensors like `images`, the first of them `images`.
    """
    if count == 1:
        return [images]
    rotated = [ops.rot90(images, turns, axes=(1, 2)) for turns in range(4)]
    return rotated + [ops.flip(copy, axis=2) for copy in rotated] if count == 8 else rotated


class _Counted(keras.layers.Layer):
    """A layer with the number of symmetries as its only setting."""

    def __init__(self, count, **settings):
        super().__init__(**settings)
        self.count = count

    def get_config(self):
        return {**super().get_config(), "count": self.count}


@registered
class StackSymmetries(_Counted):
    """Puts all `symmetries` of images into one batch.

    Input `(batch, side, side, 1)`; output `(count * batch, side, side, 1)`.
    """

    def call(self, images):
        return ops.concatenate(symmetries(images, self.count), axis=0)


@registered
class JoinSymmetries(_Counted):
    """Undoes `StackSymmetries` for embeddings of unit length: joins those of one image into one.

    Input `(count * batch, embedding_size)`; output `(batch, count * embedding_size)`, of unit
    length.
    """

    def call(self, embeddings):
        return ops.concatenate(ops.split(embeddings, self.count, axis=0), axis=-1) / self.count**0.5


@registered
class AbsoluteDifference(keras.layers.Layer):
    """The distance of two embeddings by component, |left - right| (Koch et al., section 3.1).

    Two inputs `(batch, embedding_size)`; output `(batch, embedding_size)`.
    """

    def call(self, left, right):
        return ops.absolute(left - right)


@registered
class CosineToClasses(keras.layers.Layer):
    """The cosines between an embedding of unit length and one learnt direction for each class.

    Input `(batch, embedding_size)`; output `(batch, num_classes)`.
    """

    def __init__(self, num_classes, **settings):
        super().__init__(**settings)
        self.num_classes = num_classes

    def build(self, embedding_shape):
        self.kernel = self.add_weight(
            shape=(embedding_shape[-1], self.num_classes),
            initializer="glorot_normal",
            name="kernel",
        )

    def call(self, embeddings):
        return ops.matmul(embeddings, ops.normalize(self.kernel, axis=0))

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


@registered
class JointBayesian(keras.layers.Layer):
    """The log-likelihood ratio of "one person" against "two people" (Chen et al., 2012).

    An embedding is the mean plus a part that belongs to the person plus a part that changes from
    image to image, both Gaussian. In the coordinates of `fit_joint_bayesian` the ratio is, up to a
    constant, the sum over components of
    b / (1 + 2 b) * (left * right - b / (2 + 2 b) * (left**2 + right**2)).

    Two inputs `(batch, embedding_size)`, of which only the directions count; output `(batch, 1)`.
    """

    def build(self, left_shape, right_shape):
        size = left_shape[-1]
        self.mean = self.add_weight(
            shape=(size,), initializer="zeros", trainable=False, name="mean"
        )
        self.projection = self.add_weight(
            shape=(size, size), initializer="identity", trainable=False, name="projection"
        )
        self.between = self.add_weight(
            shape=(size,), initializer="ones", trainable=False, name="between"
        )

    def call(self, left, right):
        return ops.sum(self.terms(left, right), axis=-1, keepdims=True)

    def matrix(self, left, right):
        """The ratios of all pairs of two batches, `(num_left, num_right)`."""
        left, right = self._projected(left), self._projected(right)
        weights, share = self._factors()
        own = [ops.matmul(ops.square(side), weights * share) for side in (left, right)]
        return ops.matmul(left * weights, ops.transpose(right)) - own[0][:, None] - own[1]

    def _projected(self, side):
        return ops.matmul(ops.normalize(side, axis=-1) - self.mean, self.projection)

    def _factors(self):
        """Of each component: its weight, and the share of its squares that is subtracted."""
        b = self.between
        return b / (1.0 + 2.0 * b), b / (2.0 + 2.0 * b)

    def terms(self, left, right):
        """What each component adds to the ratio, `(batch, embedding_size)`."""
        left, right = self._projected(left), self._projected(right)
        weights, share = self._factors()
        return weights * (left * right - share * (ops.square(left) + ops.square(right)))


def fit_joint_bayesian(
    embeddings: np.ndarray, people: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates the model of `JointBayesian`, in coordinates where both covariances are diagonal.

    With the covariances within people S_w (from people with several images) and between people
    S_b (of all images, less S_w), the projection V solves V' S_w V = 1, V' S_b V = diag(b).

    Args:
        embeddings: `(num_images, embedding_size)`; only their directions count.
        people: the person on each image, `(num_images,)`.

    Returns:
        `(mean, projection, between)`: `(embedding_size,)`, `(embedding_size, embedding_size)`, and
        b, `(embedding_size,)`.

    Raises:
        ValueError: if nobody has two images.
    """
    from scipy.linalg import eigh

    embeddings = np.asarray(embeddings, dtype=float)
    embeddings = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    _, index, counts = np.unique(people, return_inverse=True, return_counts=True)
    num_differences = len(index) - len(counts)
    if num_differences < 1:
        raise ValueError(
            "Joint Bayesian needs people with two images. "
            f"Received: {len(index)} images of {len(counts)} people"
        )
    means = np.zeros((len(counts), embeddings.shape[1]))
    np.add.at(means, index, embeddings)
    means /= counts[:, np.newaxis]
    differences = embeddings - means[index]  # people with one image contribute zero
    within = differences.T @ differences / num_differences
    between = np.cov(embeddings.T) - within
    identity = np.eye(len(within))
    within += RIDGE * np.trace(within) / len(within) * identity + 1e-9 * identity
    variances, projection = eigh(between, within)
    return embeddings.mean(axis=0), projection, np.maximum(variances, 0.0)


class FoldedEncoder:
    """An encoder for scoring, with batch normalisation folded into the layer before it.

    Outside training, batch normalisation multiplies each channel by one number and adds another.
    Both can be put into the kernel and bias of the convolution before it (Jacob et al., 2018,
    section 3.2), which takes two thirds of the time. `refresh` copies the encoder's weights and
    must be called first.

    Attributes:
        network: a `keras.Model` from images to embeddings, which shares all layers with the
            encoder except the folded ones.
    """

    def __init__(self, encoder: Any):
        self._folded = [(layer, norm, _with_bias(layer)) for layer, norm in _foldable(encoder)]
        replaced = {layer.name: folded for layer, _, folded in self._folded}
        skipped = {norm.name for _, norm, _ in self._folded}
        self.network = encoder
        if replaced:
            self.network = keras.models.clone_model(
                encoder,
                clone_function=lambda layer: replaced.get(layer.name, layer),
                call_function=lambda layer, *inputs, **settings: (
                    inputs[0] if layer.name in skipped else layer(*inputs, **settings)
                ),
            )

    def refresh(self) -> None:
        """Copies the present weights of the encoder."""
        for layer, norm, folded in self._folded:
            gamma, beta, mean, variance = (np.asarray(weight) for weight in norm.get_weights())
            kernel, *bias = layer.get_weights()
            scale = gamma / np.sqrt(variance + norm.epsilon)
            folded.set_weights([kernel * scale, beta + ((bias[0] if bias else 0.0) - mean) * scale])


def _foldable(encoder: Any) -> list[tuple]:
    """`(layer, normalization)`: linear layers whose output goes to a batch normalisation alone."""
    layer_of = {id(layer.output): layer for layer in encoder.layers}
    num_uses = Counter(
        id(tensor) for layer in encoder.layers for tensor in keras.tree.flatten(layer.input)
    )
    return [
        (layer_of[id(norm.input)], norm)
        for norm in encoder.layers
        if isinstance(norm, layers.BatchNormalization)
        and isinstance(layer_of[id(norm.input)], (layers.Conv2D, layers.Dense))
        and layer_of[id(norm.input)].activation is keras.activations.linear
        and num_uses[id(norm.input)] == 1
    ]


def _with_bias(layer: Any) -> Any:
    settings = layer.get_config() | {"use_bias": True, "kernel_regularizer": None}
    return type(layer).from_config(settings)
