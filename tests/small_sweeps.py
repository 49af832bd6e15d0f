"""A sweep of three very small runs on the sample, for the tests of engines."""

import time

import yaml

from siamese_lib.utils.machine import num_usable_cores

# A thread for each run, on every machine: numbers are rounded differently with more.
WORKERS = num_usable_cores()
BASE = {
    "dataset": "sample",
    "image_size": [40, 36],
    "embedding_size": 16,
    "base_filters": 16,
    "batch_size": 64,
    "num_epochs": 2,
    "mixed_precision": "float32",
}
AXES = {"learning_rate": [0.001, 0.01], "num_epochs": [1, 3]}


def write_sweep(folder, name="few", **content):
    """Writes a sweep with three runs for each seed.

    Two runs of two epochs with different learning rates, and one of three epochs, whose state
    after the first epoch is a point too.
    """
    (folder / "base.yaml").write_text(yaml.safe_dump(BASE))
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"base": "base.yaml", "axes": AXES, "seeds": [0]} | content))
    return path


def without_times(table):
    return table.drop(columns="train_seconds")


def wait_for(condition, unless=lambda: False, seconds=1800):
    """Returns as soon as a condition holds: at once on a fast machine, late on a busy one.

    Fails after `seconds`, or as soon as `unless` holds: what was waited for cannot happen any more.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert not unless(), "it ended before"
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.05)
