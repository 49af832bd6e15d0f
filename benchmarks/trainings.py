"""Training: pairs a second, waiting for data, memory, and the time until a recipe is as good as the
reference ever gets.
"""

import itertools
import subprocess
import sys
import time

import numpy as np

from benchmarks import baseline
from benchmarks.alternating import alternate, ratio_row, row
from siamese_lib.data.images import open_cache
from siamese_lib.models.networks import build_learner
from siamese_lib.training.objectives import build_loss, build_optimizer
from siamese_lib.training.pipeline import training_batches
from siamese_lib.training.run import Run
from siamese_lib.utils.machine import project_root, set_precision
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

    def _timed(self, waited):
        while True:
            started = time.perf_counter()
            batch = next(self._batches)
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


def memory(config_path, data_root):
    """Rows about the largest resident memory of a training of one epoch, up to each of its stages,
    in a process of its own.
    """
    command = [sys.executable, "-c", _TRAIN, str(config_path), str(data_root)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project_root())
    stages = [
        line.removeprefix(_STAGE).rsplit(":", 1)
        for line in result.stdout.splitlines()
        if line.startswith(_STAGE)
    ]
    return [
        row(f"largest memory, {config_path.stem}, {stage}", [float(kilobytes) / 1e6], "GB")
        for stage, kilobytes in stages
    ]


_STAGE = "largest memory up to here, "
# The kernel's record for the process alone; what `resource` says of a child holds its parent's
# memory too.
_TRAIN = f"""
def say(stage):
    lines = open("/proc/self/status").readlines()
    peak = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    print("{_STAGE}" + stage + ":" + peak, flush=True)

import sys, tempfile
from siamese_lib.utils.tensorflow import keras
say("TensorFlow loaded")
from siamese_lib.config import ExperimentConfig
from siamese_lib.training.fit import train
say("all of the library loaded")

class Watch(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        say("network built, data open")
    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            say("first step done")
    def on_epoch_end(self, epoch, logs=None):
        say("an epoch trained and validated")

with tempfile.TemporaryDirectory() as folder:
    config = ExperimentConfig.from_yaml(sys.argv[1], {{"num_epochs": 1}})
    train(config, sys.argv[2], folder, verbose=0, callbacks=[Watch()])
say("all pairs scored, run written")
"""
