"""An encoder with its batch normalisation folded: the same embeddings, the weights of the moment,
the original as it was.
"""

import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.models.layers import FoldedEncoder
from siamese_lib.models.networks import build_model
from siamese_lib.utils.tensorflow import keras

IMAGES = np.random.default_rng(0).uniform(0, 255, (3, 88, 88, 1)).astype(np.float32)


def encoder(kind):
    keras.utils.set_random_seed(1)
    config = ExperimentConfig(
        experiment="e",
        encoder=kind,
        image_size=(88, 88),
        embedding_size=32,
        base_filters=16,
        mixed_precision="float32",
    )
    network = build_model(config).get_layer("encoder")
    scramble(network, seed=2)
    return network


def scramble(network, seed):
    """Numbers for the normalisations that no fresh network has: with those it has, folding changes
    nothing.
    """
    generator = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights(
                [generator.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()]
            )


@pytest.mark.parametrize("kind", ["koch", "compact"])
def test_it_computes_what_the_encoder_computes_with_its_weights_of_the_moment(kind):
    network = encoder(kind)
    folded = FoldedEncoder(network)
    left = [
        layer
        for layer in folded.network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert left == []
    for seed in (2, 3):
        scramble(network, seed)
        folded.refresh()
        expected = network.predict(IMAGES, verbose=0)
        np.testing.assert_allclose(
            folded.network.predict(IMAGES, verbose=0), expected, rtol=1e-3, atol=1e-4
        )
        assert expected.std() > 1e-3


def test_what_is_not_folded_is_shared_and_the_encoder_stays_as_it_was(tmp_path):
    network = encoder("koch")
    weights, names = network.get_weights(), [layer.name for layer in network.layers]
    folded = FoldedEncoder(network)
    assert folded.network.get_layer("embedding") is network.get_layer("embedding")
    assert names == [layer.name for layer in network.layers]
    network.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras", safe_mode=True)
    assert all(
        np.array_equal(one, other) for one, other in zip(weights, again.get_weights(), strict=True)
    )


def test_a_normalisation_that_others_look_past_stays():
    images = keras.Input((12, 12, 1))
    x = keras.layers.Conv2D(16, 3, padding="same", name="seen_twice")(images)
    x = keras.layers.Add()([keras.layers.BatchNormalization()(x), x])
    x = keras.layers.Conv2D(16, 3, activation="relu")(x)
    network = keras.Model(images, keras.layers.Flatten()(keras.layers.BatchNormalization()(x)))
    assert FoldedEncoder(network).network is network
