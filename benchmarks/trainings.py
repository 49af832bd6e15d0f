"""Training: pairs a second, waiting for data, and the time until a recipe is as good as the
reference ever gets.
"""

import itertools
import time

import numpy as np

from benchmarks import baseline
from benchmarks.alternating import alternate, ratio_row, row
from siamese_lib.data.cache import open_cache
from siamese_lib.models.networks import build_learner
from siamese_lib.training.objectives import build_loss, build_optimizer
from siamese_lib.training.pipeline import training_batches
from siamese_lib.training.run import Run
from siamese_lib.utils.machine import set_precision
from siamese_lib.utils.tensorflow import keras

STEPS = 5  # of the reference, in a turn
PROFILED_STEPS = 40


class Trainer:
    """An experiment's learner and its endless batches, to be driven step by step."""

    def __init__(self, config, dataset):
        set_precision(config.mixed_precision)
        sampler = dataset.sampler(config, dataset.split(config))
        cache = open_cache(dataset, config.crop, config.image_size, dataset.faces_of(config))
        batches, self.steps_per_epoch = training_batches(cache, sampler, config)
        self.learner = build_learner(config, len(sampler.classes) if config.learns_classes else 0)
        self.learner.compile(build_optimizer(config, self.steps_per_epoch), build_loss(config))
        self._batches = iter(batches)
        keras.config.set_dtype_policy("float32")
        self.steps(2)  # tracing

    def steps(self, count):
        """Trains on so many batches and returns the seconds spent waiting for them, one number a
        step.
        """
        waited = []
        for images, labels in itertools.islice(self._timed(waited), count):
            self.learner.train_on_batch(images, labels)
        return waited

    def next_batch(self):
        """The next `(images, labels)`, for steps on prepared images."""
        return next(self._batches)

    def _timed(self, waited):
        while True:
            started = time.perf_counter()
            batch = self.next_batch()
            waited.append(time.perf_counter() - started)
            yield batch


def throughput(config, dataset):
    """Rows about the reference network's pairs a second: float32 and two passes against the
    precision of the machine and one.
    """
    trainer = Trainer(config, dataset)
    images = np.random.default_rng(0).uniform(
        0, 255, (2, baseline.BATCH_SIZE, *baseline.IMAGE_SIZE, 1)
    )
    labels = np.arange(baseline.BATCH_SIZE) % 2
    network = baseline.build_network()

    def plain():
        for _ in range(STEPS):
            network.train_on_batch(list(images), labels)

    plain()
    seconds = alternate(plain, lambda: trainer.steps(STEPS))
    pairs_per_second = STEPS * config.batch_size / min(seconds[1])
    note = f"{pairs_per_second:.0f} pairs a second; precision {config.mixed_precision}"
    return [ratio_row("reference network, pairs a second in training", seconds, 1.7, note=note)]


def waiting(configs, dataset):
    """Rows about the share of a step that the network waits for data, by experiment."""
    rows = []
    for config in configs:
        trainer = Trainer(config, dataset)
        started = time.perf_counter()
        waited = trainer.steps(PROFILED_STEPS if config.encoder != "koch" else 2 * STEPS)
        whole = time.perf_counter() - started
        rows.append(
            row(
                f"waiting for data, {config.experiment}",
                [sum(waited) / whole],
                "of a step",
                0.05,
                at_most=True,
            )
        )
    return rows


def until_as_good(reference, recommended, dataset, results):
    """A row about the time until validation AUC passes the reference's best for good, seed by seed.

    Epochs are counted in the committed histories of both recipes' runs; how long an epoch takes is
    measured here, both in the precision
    of the machine. The reference's own time ends with the first epoch at its best.

    Args:
        reference, recommended: the two `ExperimentConfig`s.
        dataset: where their images are.
        results: the folder of the committed runs.
    """
    seconds = [_seconds_of_epoch(Trainer(config, dataset)) for config in (reference, recommended)]
    histories = [
        [run.history["val_auc"].to_numpy() for run in Run.all_of(results / config.experiment)]
        for config in (reference, recommended)
    ]
    ratios, epochs = [], []
    for own, other in zip(*histories):
        below = np.flatnonzero(other <= own.max())
        epochs.append((int(own.argmax()) + 1, int(below[-1]) + 2 if len(below) else 1))
        ratios.append(epochs[-1][0] * seconds[0] / (epochs[-1][1] * seconds[1]))
    note = (
        "; ".join(f"epoch {own} against {other}" for own, other in epochs)
        + f"; an epoch {seconds[0]:.0f} s against {seconds[1]:.0f} s"
    )
    return [
        row(
            "until validation AUC passes the reference's best for good",
            ratios,
            "times sooner",
            4.0,
            note,
        )
    ]


def _seconds_of_epoch(trainer):
    count = min(trainer.steps_per_epoch, 2 * STEPS)
    started = time.perf_counter()
    trainer.steps(count)
    return (time.perf_counter() - started) * trainer.steps_per_epoch / count
