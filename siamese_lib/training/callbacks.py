"""What happens around an epoch of `fit`: its random state, the validation of a learner of classes, the record of the run, checkpoints."""

import dataclasses
import math
import time

import numpy as np

from siamese_lib.evaluation.metrics import area_under_roc
from siamese_lib.evaluation.oneshot import images_of
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model
from siamese_lib.utils.files import atomic_write
from siamese_lib.utils.tensorflow import keras


class EpochSeeds(keras.callbacks.Callback):
    """Sets the random state of every layer at the start of an epoch from (seed, epoch), so that a resumed run equals a whole one."""

    def __init__(self, seed):
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        for index, layer in enumerate(_all_layers(self.model)):
            if hasattr(layer, "seed_generator"):
                layer.seed_generator.state.assign(
                    np.array([(self._seed * 1000 + index) % 2**32, epoch], dtype=np.uint32)
                )


class _Validation(keras.callbacks.Callback):
    """What a learner's network says of images that it does not learn from, by a `Verifier` around it."""

    def __init__(self, config, cache):
        super().__init__()
        self._config, self._cache = config, cache

    def on_train_begin(self, logs=None):
        # A learner of classes shares its encoder; the head is untrained, but any logistic function of the cosine ranks pairs alike.
        # All symmetries would be several times the work, and hardly change which epoch is the better.
        upright = dataclasses.replace(self._config, symmetries=1)
        network = (
            build_model(upright, self.model.get_layer("encoder"))
            if self._config.learns_classes
            else self.model
        )
        self._verifier = Verifier(network, {"test_time_flip": False})


class PairValidation(_Validation):
    """After each epoch the AUC of the validation pairs, for a learner that is trained on classes and never sees a pair."""

    def __init__(self, config, cache, pairs):
        super().__init__(config, cache)
        self._pairs = pairs

    def on_epoch_end(self, epoch, logs=None):
        logs["val_auc"] = area_under_roc(
            self._verifier.score_pairs(self._cache, self._pairs), self._pairs.labels
        )


class OneShotValidation(_Validation):
    """After each epoch the accuracy in one-shot trials within groups of people who are held out."""

    def __init__(self, config, cache, runs):
        super().__init__(config, cache)
        self._runs, self._faces = runs, images_of(runs)

    def on_epoch_end(self, epoch, logs=None):
        embeddings = self._verifier.embed_faces(self._cache, self._faces)
        logs["val_oneshot_accuracy"] = float(
            self._verifier.answer_trials(self._runs, self._faces, embeddings)["correct"].mean()
        )


class RunRecorder(keras.callbacks.Callback):
    """After each epoch: a row in `history.csv`, the best weights; and the decision to stop early.

    What is needed to go on is derived from the history, so that a resumed run decides as an uninterrupted one.
    """

    def __init__(self, run, config, first_epoch):
        super().__init__()
        self._run, self._config = run, config
        self._rows = run.history.to_dict("records")[:first_epoch]

    def should_stop(self):
        """Whether the monitored quantity has not improved for as long as the config's patience."""
        patience = self._config.early_stopping_patience
        if patience is None:
            return False
        return (
            epochs_without_improvement(self._monitored(), self._config.early_stopping_min_delta)
            >= patience
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        learning_rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        values = {key: float(value) for key, value in logs.items() if key != "learning_rate"}
        if not math.isfinite(values["loss"]):
            raise ValueError(
                f"The loss is no longer finite; lower the learning_rate. Received: loss {values['loss']} in epoch {epoch + 1}"
            )
        seconds = time.perf_counter() - self._started
        self._rows.append(
            {"epoch": epoch + 1, **values, "learning_rate": learning_rate, "seconds": seconds}
        )
        self._run.write_history(self._rows)
        if (
            self._config.restore_best_weights
            and epochs_without_improvement(self._monitored(), 0.0) == 0
        ):
            with atomic_write(self._run.path("best.weights.h5")) as temporary:
                self.model.save_weights(temporary, overwrite=True)
        self.model.stop_training = self.should_stop()

    def _monitored(self):
        sign = 1.0 if self._config.monitor == "val_loss" else -1.0
        return [sign * row[self._config.monitor] for row in self._rows]


class AtEpochs(keras.callbacks.Callback):
    """Calls `function(epoch, learner)` after the epochs that are named, counted from 1."""

    def __init__(self, epochs, function):
        super().__init__()
        self._epochs, self._function = epochs, function

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 in self._epochs:
            self._function(epoch + 1, self.model)


class Checkpoints(keras.callbacks.Callback):
    """After each epoch a checkpoint in place of the one before: where a killed run goes on."""

    def __init__(self, run):
        super().__init__()
        self._run = run

    def on_epoch_end(self, epoch, logs=None):
        before = self._run.checkpoints()
        with atomic_write(self._run.path(f"checkpoint-{epoch + 1:05d}.keras")) as temporary:
            self.model.save(temporary)
        for old in before:
            old.unlink()


def epochs_without_improvement(values, min_delta):
    """How many epochs ago a quantity that should fall last fell by more than `min_delta` below its best; 0 = in the last one."""
    best, waited = math.inf, 0
    for value in values:
        waited += 1
        if value < best - min_delta:
            best, waited = value, 0
    return waited


def _all_layers(network):
    for layer in network.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)
