"""Keras callbacks of a training: random states, validation, the record of the run, checkpoints."""

import dataclasses
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.evaluation.metrics import (
    accuracy_at,
    area_under_roc,
    cross_entropy,
    log_odds,
    platt_scaling,
)
from siamese_lib.evaluation.trials import images_of
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model
from siamese_lib.training.pipeline import TrainingData
from siamese_lib.training.run import Run
from siamese_lib.utils.files import atomic_write
from siamese_lib.utils.tensorflow import keras


class EpochSeeds(keras.callbacks.Callback):
    """Sets the random state of every layer from (seed, epoch) when an epoch starts.

    A resumed run then equals an uninterrupted one.
    """

    def __init__(self, seed: int):
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        for index, layer in enumerate(_all_layers(self.model)):
            if hasattr(layer, "seed_generator"):
                state = [(self._seed * 1000 + index) % 2**32, epoch]
                layer.seed_generator.state.assign(np.array(state, dtype=np.uint32))


class _Validation(keras.callbacks.Callback):
    """Base of the callbacks that score validation images after each epoch."""

    def __init__(self, data: TrainingData):
        super().__init__()
        self._data = data

    def on_train_begin(self, logs=None):
        network, config = self.model, self._data.config
        if config.learns_classes:
            # The head is untrained, but any increasing function of the cosine ranks pairs alike.
            # Without symmetries: they take several times longer and hardly change the best epoch.
            upright = dataclasses.replace(config, symmetries=1)
            network = build_model(upright, self.model.get_layer("encoder"))
        self._verifier = Verifier(network, {"test_time_flip": False})


class PairValidation(_Validation):
    """After each epoch AUC, accuracy and loss of the validation pairs, for models of classes.

    Accuracy and loss are those of the cosine, calibrated on the same pairs: a network of classes
    has no probabilities before its head is fitted.
    """

    def on_epoch_end(self, epoch, logs=None):
        pairs = self._data.pairs["validation"]
        scores = self._verifier.score_pairs(self._data.cache, pairs)
        logs["val_auc"] = area_under_roc(scores, pairs.labels)
        slope, intercept = platt_scaling(scores, pairs.labels)
        calibrated = 1.0 / (1.0 + np.exp(-slope * log_odds(scores) - intercept))
        logs["val_pair_accuracy"] = accuracy_at(calibrated, pairs.labels, 0.5)
        logs["val_pair_loss"] = cross_entropy(calibrated, pairs.labels)


class OneShotValidation(_Validation):
    """After each epoch the one-shot accuracy within validation groups."""

    def on_epoch_end(self, epoch, logs=None):
        trial_sets = self._data.trial_sets["validation"]
        images = images_of(trial_sets)
        embeddings = self._verifier.embed_faces(self._data.cache, images)
        trials = self._verifier.answer_trials(trial_sets, images, embeddings)
        logs["val_oneshot_accuracy"] = float(trials["correct"].mean())


class RunRecorder(keras.callbacks.Callback):
    """After each epoch: a row in `history.csv`, the best weights, and early stopping.

    All decisions are derived from the history, so a resumed run decides as an uninterrupted one.
    """

    def __init__(self, run: Run, config: ExperimentConfig, first_epoch: int):
        super().__init__()
        self._run, self._config = run, config
        self._rows = run.history.to_dict("records")[:first_epoch]

    def should_stop(self) -> bool:
        """Whether the monitored quantity has not improved for as many epochs as the patience."""
        patience, min_delta = (
            self._config.early_stopping_patience,
            self._config.early_stopping_min_delta,
        )
        return patience is not None and self._epochs_without_improvement(min_delta) >= patience

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        learning_rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        values = {key: float(value) for key, value in logs.items() if key != "learning_rate"}
        # A NaN would also pass for a good run: Ray's scheduler never stops it.
        for name in ("loss", self._config.monitor):
            if not math.isfinite(values.get(name, 0.0)):
                raise ValueError(
                    "The loss is no longer finite; lower the learning_rate. "
                    f"Received: {name} {values[name]} in epoch {epoch + 1}"
                )
        seconds = time.perf_counter() - self._started
        times = {"learning_rate": learning_rate, "seconds": seconds}
        self._rows.append({"epoch": epoch + 1, **values, **times})
        self._run.write_history(self._rows)
        if self._config.keeps_best_weights and self._epochs_without_improvement(0.0) == 0:
            with atomic_write(self._run.path("best.weights.h5")) as temporary:
                self.model.save_weights(temporary, overwrite=True)
        self.model.stop_training = self.should_stop()

    def _epochs_without_improvement(self, min_delta: float) -> int:
        sign = -1.0 if self._config.monitor_increases else 1.0
        monitored = [sign * row[self._config.monitor] for row in self._rows]
        return epochs_without_improvement(monitored, min_delta)


class AtEpochs(keras.callbacks.Callback):
    """Calls `function(epoch, learner)` after the named epochs, counted from 1."""

    def __init__(self, epochs: Collection[int], function: Callable[[int, Any], None]):
        super().__init__()
        self._epochs, self._function = epochs, function

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 in self._epochs:
            self._function(epoch + 1, self.model)


class Checkpoints(keras.callbacks.Callback):
    """After each epoch a checkpoint that replaces the previous one: a killed run resumes there."""

    def __init__(self, run: Run):
        super().__init__()
        self._run = run

    def on_epoch_end(self, epoch, logs=None):
        before = self._run.checkpoints()
        with atomic_write(self._run.path(f"checkpoint-{epoch + 1:05d}.keras")) as temporary:
            self.model.save(temporary)
        for old in before:
            old.unlink()


def epochs_without_improvement(values: Sequence[float], min_delta: float) -> int:
    """The number of epochs since a falling quantity fell by more than `min_delta` below its best.

    Args:
        values: the quantity after each epoch.

    Returns:
        0 if it improved in the last epoch.
    """
    best, waited = math.inf, 0
    for value in values:
        waited += 1
        if value < best - min_delta:
            best, waited = value, 0
    return waited


def _all_layers(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)
