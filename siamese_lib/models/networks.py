"""The networks: encoders, heads, and the Siamese network that compares two images with them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.models.descriptors import DESCRIPTORS
from siamese_lib.models.layers import (
    AbsoluteDifference,
    BatchNormalization,
    CosineToClasses,
    JoinSymmetries,
    JointBayesian,
    StackBranches,
    StackSymmetries,
    UnstackBranches,
)
from siamese_lib.utils.tensorflow import keras

layers = keras.layers

PENALTY_CONVOLUTION, PENALTY_DENSE = 2e-4, 2e-3  # L2 penalties of the reference


def build_model(config: ExperimentConfig, encoder: Any = None) -> Any:
    """Builds the Siamese network of an experiment, not yet compiled.

    Args:
        config: an `ExperimentConfig` of one network; of an ensemble, each of `config.networks()`.
        encoder: an encoder to share; by default a new one.

    Returns:
        A `keras.Model` from two images `(batch, height, width, 1)` in 0-255 to the probability
        `(batch, 1)`, float32, that they show the same person. Its layer "encoder" maps an image to
        its embedding `(batch, embedding_size)`, its layer "head" two embeddings to the
        probability, so that each image is embedded only once. With `symmetries` the head takes the
        embeddings of all copies of an image, one behind the other.

    Raises:
        ValueError: if the experiment is an ensemble.
    """
    if config.members:
        raise ValueError(
            "An ensemble has no network of its own; build those of its members, config.networks(). "
            f"Received: {config.experiment}"
        )
    encoder = encoder or _ENCODERS[config.encoder](config)
    left, right = (keras.Input(encoder.input_shape[1:], name=side) for side in ("left", "right"))
    images = StackBranches(name="stack_branches")(left, right)  # (2 * batch, height, width, 1)
    if config.symmetries > 1:
        # Test-time augmentation: rotated and mirrored copies of a character are compared jointly.
        images = StackSymmetries(config.symmetries, name="stack_symmetries")(images)
    embeddings = encoder(images)
    if config.symmetries > 1:
        join = JoinSymmetries(config.symmetries, dtype="float32", name="join_symmetries")
        embeddings = join(embeddings)
    pair = UnstackBranches(name="unstack_branches")(embeddings)
    probability = _head_of(config)(config)(list(pair))
    return keras.Model([left, right], probability, name=f"siamese_{config.encoder}")


def build_learner(config: ExperimentConfig, num_classes: int) -> Any:
    """Builds the model that `fit` trains.

    Returns:
        A `keras.Model` with a layer "encoder": the Siamese network itself, or with a loss of
        classes a model from images to cosines `(batch, num_classes)` (margin_softmax) or to
        embeddings `(batch, embedding_size)` (the losses that compare within a batch).
    """
    network = build_model(config)
    if not config.learns_classes:
        return network
    images = keras.Input((*config.image_size, 1), name="images")
    x = network.get_layer("encoder")(images)
    if config.loss == "margin_softmax":
        x = CosineToClasses(num_classes, dtype="float32", name="cosine_to_classes")(x)
    return keras.Model(images, x, name="learner")


def koch_encoder(config: ExperimentConfig) -> Any:
    """The reference: Koch et al. (2015), figure 4, plus the course solution's normalisation."""
    images = keras.Input((*config.image_size, 1), name="images")
    x = layers.Rescaling(1.0, name="pixels")(images)  # raw 0-255, as the course solution has it
    for index, (filters, kernel_size) in enumerate(
        [(64, 10), (128, 7), (128, 4), (256, 4)], start=1
    ):
        x = layers.Conv2D(
            filters,
            kernel_size,
            kernel_initializer=_normal(0.0),
            # The course solution leaves the first layer's bias at Keras' default, zero.
            bias_initializer="zeros" if index == 1 else _normal(0.5),
            kernel_regularizer=keras.regularizers.L2(PENALTY_CONVOLUTION),
            name=f"convolution_{index}",
        )(x)
        x = BatchNormalization(name=f"normalization_{index}")(x)
        x = layers.ReLU(name=f"relu_{index}")(x)
        if index < 4:
            x = layers.MaxPooling2D(2, name=f"pooling_{index}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(
        config.embedding_size,
        activation="sigmoid",
        kernel_initializer=_normal(0.0),
        bias_initializer=_normal(0.5),
        kernel_regularizer=keras.regularizers.L2(PENALTY_DENSE),
        name="embedding",
    )(x)
    return keras.Model(images, x, name="encoder")


def projection_encoder(config: ExperimentConfig) -> Any:
    """A linear map of descriptors `(batch, num_values)`, set by `head.fit_projection`."""
    num_values = DESCRIPTORS[config.encoder](np.zeros((1, *config.image_size, 1))).shape[1]
    values = keras.Input((num_values,), name="descriptors")
    return keras.Model(
        values, layers.Dense(config.embedding_size, name="embedding")(values), name="encoder"
    )


def koch_head(config: ExperimentConfig) -> Any:
    """|left - right|, dropout, one sigmoid unit over the components (Koch et al., section 3.1)."""
    embeddings = _two_embeddings(config)
    x = AbsoluteDifference(name="absolute_difference")(*embeddings)
    x = layers.Dropout(config.dropout_rate, name="dropout")(x)
    # The last layer stays in float32 under mixed precision: its output is a probability.
    x = layers.Dense(
        1, activation="sigmoid", bias_initializer=_normal(0.5), dtype="float32", name="probability"
    )(x)
    return keras.Model(embeddings, x, name="head")


def compact_encoder(config: ExperimentConfig) -> Any:
    """A small residual network (He et al., 2016) with an embedding of unit length."""
    images = keras.Input((*config.image_size, 1), name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="pixels")(images)  # -1 to 1
    x = _convolution(x, config.base_filters, 3, 1, "stem")
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.MaxPooling2D(2, padding="same", name="stem_pooling")(x)
    for stage in range(4):
        x = _residual_block(
            x, config.base_filters * 2**stage, 1 if stage == 0 else 2, f"stage_{stage + 1}"
        )
    # Eyes and mouths of aligned faces have fixed positions: a dense layer can use the position,
    # which average pooling would lose.
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(config.dropout_rate, name="dropout")(x)
    x = layers.Dense(config.embedding_size, use_bias=False, name="embedding")(x)
    x = BatchNormalization(name="embedding_normalization")(x)
    x = layers.UnitNormalization(dtype="float32", name="unit_length")(x)
    return keras.Model(images, x, name="encoder")


def cosine_head(config: ExperimentConfig) -> Any:
    """A logistic function of the cosine of two embeddings, with learnt scale and bias."""
    embeddings = _two_embeddings(config)
    x = layers.Dot(axes=1, normalize=True, dtype="float32", name="cosine")(embeddings)
    x = layers.Dense(
        1,
        activation="sigmoid",
        kernel_initializer=keras.initializers.Constant(8.0),
        bias_initializer=keras.initializers.Constant(-3.0),
        dtype="float32",
        name="probability",
    )(x)
    return keras.Model(embeddings, x, name="head")


def joint_bayesian_head(config: ExperimentConfig) -> Any:
    """A logistic function of the joint Bayesian score; fitted after training, without gradients."""
    embeddings = _two_embeddings(config)
    x = JointBayesian(dtype="float32", name="joint_bayesian")(*embeddings)
    # A small initial slope: scores are sums over many components, and saturated probabilities
    # cannot be calibrated.
    slope = keras.initializers.Constant(0.05)
    x = layers.Dense(
        1, activation="sigmoid", kernel_initializer=slope, dtype="float32", name="probability"
    )(x)
    return keras.Model(embeddings, x, name="head")


def evidence(head: Any, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """What each component of two embeddings adds to the log-odds of a head's score.

    For joint Bayesian the components are its own coordinates, in which both covariances are
    diagonal.

    Args:
        head: the layer "head" of a network.
        left, right: embeddings, `(num_pairs, embedding_size)`.

    Returns:
        `(terms, constant)`: `(num_pairs, embedding_size)` and the head's bias; the sum of both is
        the log-odds that a pair shows the same person.
    """
    layer_of = {layer.name: layer for layer in head.layers}
    if "joint_bayesian" in layer_of:
        terms = layer_of["joint_bayesian"].terms(left, right)
    elif "cosine" in layer_of:
        terms = keras.ops.normalize(left, axis=-1) * keras.ops.normalize(right, axis=-1)
    else:
        terms = layer_of["absolute_difference"](left, right)
    weights, bias = layer_of["probability"].get_weights()
    return np.asarray(terms) * weights[:, 0], float(bias[0])


def log_odds_matrix(head: Any, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The log-odds of all pairs of two lists of embeddings, `(num_left, num_right)`.

    Args:
        head: the layer "head" of a network.
        left, right: `(num_left, embedding_size)` and `(num_right, embedding_size)`.
    """
    layer_of = {layer.name: layer for layer in head.layers}
    weights, bias = layer_of["probability"].get_weights()
    if "joint_bayesian" in layer_of:
        values = layer_of["joint_bayesian"].matrix(left, right)
    elif "cosine" in layer_of:
        values = keras.ops.matmul(
            keras.ops.normalize(left, axis=-1),
            keras.ops.transpose(keras.ops.normalize(right, axis=-1)),
        )
    else:  # a sum over components of each pair: a row of pairs at a time
        return (
            np.stack([evidence(head, one[np.newaxis], right)[0].sum(axis=1) for one in left]) + bias
        )
    return np.asarray(values) * weights[0, 0] + bias


_ENCODERS = {
    "koch": koch_encoder,
    "compact": compact_encoder,
    **dict.fromkeys(DESCRIPTORS, projection_encoder),
}


def comparison(config: ExperimentConfig) -> str:
    """How the head of an experiment's network compares two embeddings, on two lines."""
    return _COMPARISONS[_head_of(config)]


_COMPARISONS: dict[Callable[[ExperimentConfig], Any], str] = {
    koch_head: "|left - right|,\nweighed",
    joint_bayesian_head: "joint\nBayesian",
    cosine_head: "cosine,\nscaled",
}


def _head_of(config: ExperimentConfig) -> Callable[[ExperimentConfig], Any]:
    if config.encoder == "koch":
        return koch_head
    return joint_bayesian_head if config.joint_bayesian else cosine_head


def _two_embeddings(config: ExperimentConfig) -> list:
    """The inputs of a head: for each image the embeddings of all its symmetries."""
    size = config.symmetries * config.embedding_size
    return [keras.Input((size,), name=f"{side}_embedding") for side in ("left", "right")]


def _normal(mean):
    return keras.initializers.RandomNormal(mean=mean, stddev=0.01)


def _convolution(x, filters, kernel_size, strides, name):
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
    )(x)
    return BatchNormalization(name=f"{name}_normalization")(x)


def _residual_block(x, filters, strides, name):
    shortcut = x
    if strides > 1 or x.shape[-1] != filters:
        shortcut = _convolution(x, filters, 1, strides, f"{name}_shortcut")
    x = _convolution(x, filters, 3, strides, f"{name}_first")
    x = layers.ReLU(name=f"{name}_first_relu")(x)
    x = _convolution(x, filters, 3, 1, f"{name}_second")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu")(x)
