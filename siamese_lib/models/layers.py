"""The layers that Keras has not: two images through one encoder, an image in all its symmetries, and ways to compare embeddings.

Batch normalisation folded into the layer before it: what a trained encoder computes, in two thirds of the time.

Outside training, batch normalisation multiplies each channel by one number and adds another. Both can be put into the kernel and the bias
of the convolution before it (Jacob et al., 2018, section 3.2), which saves a pass over memory for each of them.
"""

from collections import Counter

import numpy as np

from siamese_lib.utils.tensorflow import keras

layers, ops = keras.layers, keras.ops


@keras.saving.register_keras_serializable("siamese_lib")
class StackBranches(layers.Layer):
    """Puts the left and the right images into one batch, so that batch normalisation sees both sides together.

    Two inputs `(batch, ...)`; output `(2 * batch, ...)`.
    """

    def call(self, left, right):
        return ops.concatenate([left, right], axis=0)

    def compute_output_shape(self, left_shape, right_shape):
        return (None, *left_shape[1:])


@keras.saving.register_keras_serializable("siamese_lib")
class UnstackBranches(layers.Layer):
    """Undoes `StackBranches`: input `(2 * batch, ...)`; two outputs `(batch, ...)`."""

    def call(self, twins):
        return ops.split(twins, 2, axis=0)

    def compute_output_shape(self, twins_shape):
        return [(None, *twins_shape[1:])] * 2


def symmetries(images, count):
    """Square images as a square's symmetries show them: the four quarter turns and, of eight, their mirror images.

    Args:
        images: `(batch, side, side, 1)`.
        count: 1, 4 or 8.

    Returns:
        A list of `count` tensors like `images`, the first of them `images`.
    """
    turned = (
        [ops.rot90(images, turns, axes=(1, 2)) for turns in range(4)] if count > 1 else [images]
    )
    return turned + [ops.flip(one, axis=2) for one in turned] if count == 8 else turned


@keras.saving.register_keras_serializable("siamese_lib")
class StackSymmetries(layers.Layer):
    """Puts images in all their `symmetries` into one batch.

    Input `(batch, side, side, 1)`; output `(count * batch, side, side, 1)`.
    """

    def __init__(self, count, **others):
        super().__init__(**others)
        self.count = count

    def call(self, images):
        return ops.concatenate(symmetries(images, self.count), axis=0)

    def compute_output_shape(self, images_shape):
        return (None, *images_shape[1:])

    def get_config(self):
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable("siamese_lib")
class JoinSymmetries(layers.Layer):
    """Undoes `StackSymmetries` for embeddings: those of an image, each of unit length, become one of unit length.

    Input `(count * batch, embedding_size)`; output `(batch, count * embedding_size)`.
    """

    def __init__(self, count, **others):
        super().__init__(**others)
        self.count = count

    def call(self, embeddings):
        return ops.concatenate(ops.split(embeddings, self.count, axis=0), axis=-1) / self.count**0.5

    def compute_output_shape(self, embeddings_shape):
        return (None, self.count * embeddings_shape[-1])

    def get_config(self):
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable("siamese_lib")
class AbsoluteDifference(layers.Layer):
    """The distance of two embeddings component by component, |left - right| (Koch et al., section 3.1).

    Two inputs `(batch, embedding_size)`; output `(batch, embedding_size)`.
    """

    def call(self, left, right):
        return ops.absolute(left - right)

    def compute_output_shape(self, left_shape, right_shape):
        return left_shape


@keras.saving.register_keras_serializable("siamese_lib")
class CosineToClasses(layers.Layer):
    """The cosine between an embedding of unit length and one learnt direction a class.

    Input `(batch, embedding_size)`; output `(batch, num_classes)`.
    """

    def __init__(self, num_classes, **others):
        super().__init__(**others)
        self.num_classes = num_classes

    def build(self, embedding_shape):
        self.kernel = self.add_weight(
            shape=(embedding_shape[-1], self.num_classes),
            initializer="glorot_normal",
            name="kernel",
        )

    def call(self, embeddings):
        return ops.matmul(embeddings, ops.normalize(self.kernel, axis=0))

    def compute_output_shape(self, embedding_shape):
        return (*embedding_shape[:-1], self.num_classes)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


@keras.saving.register_keras_serializable("siamese_lib")
class JointBayesian(layers.Layer):
    """The logarithm of how much likelier two embeddings are with one person behind them than with two (Chen et al., 2012).

    In the coordinates of `joint_bayesian.fit_joint_bayesian` it is the sum over components of
    b / (1 + 2 b) * (left * right - b / (2 + 2 b) * (left**2 + right**2)), up to a constant.

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
        left, right = (
            ops.matmul(ops.normalize(side, axis=-1) - self.mean, self.projection)
            for side in (left, right)
        )
        b = self.between
        own = b / (2.0 + 2.0 * b) * (ops.square(left) + ops.square(right))
        return ops.sum(b / (1.0 + 2.0 * b) * (left * right - own), axis=-1, keepdims=True)

    def compute_output_shape(self, left_shape, right_shape):
        return (left_shape[0], 1)


class FoldedEncoder:
    """An encoder at work: it computes what the encoder it was made of computes with the weights of the last `refresh`, which comes first.

    Attributes:
        network: a `keras.Model` from images to embeddings. It shares with the encoder all layers but those that were folded.
    """

    def __init__(self, encoder):
        self._folded = [(one, other, _with_bias(one)) for one, other in _foldable(encoder)]
        twins = {one.name: twin for one, _, twin in self._folded}
        gone = {other.name for _, other, _ in self._folded}
        self.network = encoder
        if twins:
            self.network = keras.models.clone_model(
                encoder,
                clone_function=lambda layer: twins.get(layer.name, layer),
                call_function=lambda layer, *inputs, **others: (
                    inputs[0] if layer.name in gone else layer(*inputs, **others)
                ),
            )

    def refresh(self):
        """Takes over the encoder's weights as they are now."""
        for layer, normalization, twin in self._folded:
            gamma, beta, mean, variance = (np.asarray(part) for part in normalization.get_weights())
            kernel, *bias = layer.get_weights()
            scale = gamma / np.sqrt(variance + normalization.epsilon)
            twin.set_weights([kernel * scale, beta + ((bias[0] if bias else 0.0) - mean) * scale])


def _foldable(encoder):
    """`(layer, normalization)`: convolutions and dense layers with nothing behind them but a batch normalisation."""
    made_by = {id(layer.output): layer for layer in encoder.layers}
    taken = Counter(
        id(tensor) for layer in encoder.layers for tensor in keras.tree.flatten(layer.input)
    )
    pairs = []
    for normalization in encoder.layers:
        if isinstance(normalization, layers.BatchNormalization):
            layer = made_by[id(normalization.input)]
            linear = getattr(layer, "activation", None) is keras.activations.linear
            if (
                isinstance(layer, (layers.Conv2D, layers.Dense))
                and linear
                and taken[id(normalization.input)] == 1
            ):
                pairs.append((layer, normalization))
    return pairs


def _with_bias(layer):
    return type(layer).from_config(
        {**layer.get_config(), "use_bias": True, "kernel_regularizer": None}
    )
