"""The reference recipe as a student would write it: the yardstick of the benchmarks, used by
nothing else.

Every pair is decoded on its own into float64 arrays (so an image of three pairs is decoded three
times), the two towers are two passes
through one encoder, everything is float32, and pairs are scored one by one. What it computes is
what `lfwa_reference` computes.
"""

import io

import numpy as np
from PIL import Image

from siamese_lib.utils.tensorflow import keras

IMAGE_SIZE = (105, 105)
BATCH_SIZE = 32


def load_pairs(read, pairs):
    """All images of a list of pairs.

    Args:
        read: gives the bytes of a face's file.
        pairs: a `PairList`.

    Returns:
        `(left, right, labels)`: two arrays `(num_pairs, 105, 105, 1)`, float64, 0 to 255, and
        `(num_pairs,)`.
    """
    left, right, labels = [], [], []
    for pair in pairs:
        left.append(_decode(read(pair.left)))
        right.append(_decode(read(pair.right)))
        labels.append(pair.label)
    return np.array(left), np.array(right), np.array(labels, dtype=np.float64)


def _decode(content):
    image = Image.open(io.BytesIO(content)).convert("L").resize(IMAGE_SIZE[::-1])
    return np.array(image, dtype=np.float64).reshape(*IMAGE_SIZE, 1)


def build_network():
    """The network of Koch et al.

    (2015) with the course solution's batch normalisation, compiled: 38,954,049 parameters.
    """
    layers, normal = keras.layers, keras.initializers.RandomNormal
    encoder = keras.Sequential(name="encoder")
    encoder.add(keras.Input((*IMAGE_SIZE, 1)))
    for index, (filters, kernel_size) in enumerate([(64, 10), (128, 7), (128, 4), (256, 4)]):
        bias = normal(0.5, 0.01) if index else "zeros"
        penalty = keras.regularizers.L2(2e-4)
        encoder.add(
            layers.Conv2D(
                filters,
                kernel_size,
                kernel_initializer=normal(0, 0.01),
                bias_initializer=bias,
                kernel_regularizer=penalty,
            )
        )
        encoder.add(layers.BatchNormalization())
        encoder.add(layers.ReLU())
        if index < 3:
            encoder.add(layers.MaxPooling2D())
    encoder.add(layers.Flatten())
    penalty = keras.regularizers.L2(2e-3)
    encoder.add(
        layers.Dense(
            4096, "sigmoid", True, normal(0, 0.01), normal(0.5, 0.01), kernel_regularizer=penalty
        )
    )
    left, right = keras.Input((*IMAGE_SIZE, 1)), keras.Input((*IMAGE_SIZE, 1))
    distance = layers.Subtract()([encoder(left), encoder(right)])
    distance = layers.Dropout(0.4)(
        layers.Lambda(keras.ops.absolute, output_shape=(4096,))(distance)
    )
    output = layers.Dense(1, "sigmoid", bias_initializer=normal(0.5, 0.01))(distance)
    network = keras.Model([left, right], output)
    network.compile(keras.optimizers.Adam(0.00005), "binary_crossentropy", metrics=["accuracy"])
    return network


def score_one_by_one(network, left, right):
    """The score of each pair, `(num_pairs,)`, by a pass of its own."""
    return np.array(
        [
            network.predict_on_batch([one[np.newaxis], other[np.newaxis]])[0, 0]
            for one, other in zip(left, right)
        ]
    )
