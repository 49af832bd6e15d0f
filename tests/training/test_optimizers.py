"""The optimizers: the same steps as Keras' own, what is decayed, and a training that goes on from a
file.
"""

import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.training.objectives import Adam, KernelDecayAdamW, build_optimizer
from siamese_lib.utils.tensorflow import keras

layers = keras.layers
IMAGES = np.random.default_rng(0).normal(size=(64, 12)).astype(np.float32)
TARGETS = np.random.default_rng(1).normal(size=(64, 1)).astype(np.float32)


def network():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((12,)), layers.Dense(7, "tanh"), layers.BatchNormalization(), layers.Dense(1)]
    )


def fitted(optimizer, epochs=5):
    model = network()
    model.compile(optimizer, "mse")
    model.fit(IMAGES, TARGETS, epochs=epochs, batch_size=16, shuffle=False, verbose=0)
    return model


def excluded(optimizer):
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


@pytest.mark.parametrize(
    "own, of_keras",
    [
        (lambda: Adam(learning_rate=0.01), lambda: keras.optimizers.Adam(0.01)),
        (
            lambda: KernelDecayAdamW(learning_rate=0.01, weight_decay=0.1),
            lambda: excluded(keras.optimizers.AdamW(0.01, weight_decay=0.1)),
        ),
    ],
    ids=["adam", "adamw"],
)
def test_twenty_steps_lead_where_those_of_keras_lead(own, of_keras):
    one, other = fitted(own()), fitted(of_keras())
    start = network()
    for mine, theirs, before in zip(one.get_weights(), other.get_weights(), start.get_weights()):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
        assert np.abs(mine - before).max() > 0.01


def test_a_training_goes_on_from_a_file_as_if_it_had_not_stopped(tmp_path):
    whole = fitted(KernelDecayAdamW(learning_rate=0.01, weight_decay=0.1), epochs=4)
    half = fitted(KernelDecayAdamW(learning_rate=0.01, weight_decay=0.1), epochs=2)
    half.save(tmp_path / "half.keras")
    again = keras.saving.load_model(tmp_path / "half.keras", safe_mode=True)
    again.fit(IMAGES, TARGETS, epochs=2, batch_size=16, shuffle=False, verbose=0)
    for one, other in zip(again.get_weights(), whole.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_the_cosine_schedule_warms_up_and_ends_at_zero():
    config = ExperimentConfig(
        experiment="e",
        optimizer="adamw",
        learning_rate=0.5,
        learning_rate_schedule="cosine",
        num_epochs=10,
    )
    rates = [
        float(build_optimizer(config, steps_per_epoch=10)._learning_rate(step))
        for step in range(101)
    ]
    assert (
        max(rates) == rates[5] == pytest.approx(0.5)
        and rates[0] == 0
        and rates[100] == pytest.approx(0, abs=1e-6)
    )
