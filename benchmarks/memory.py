"""Memory of a training: stage by stage, against an earlier build, and with many test images.

`python -m benchmarks.memory --data-root LFW --old OLD`, OLD being a clone of the earlier commit
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.alternating import row
from benchmarks.growth import write_lists_and_archive
from benchmarks.table import save_rows
from siamese_lib.utils.machine import project_root

NUM_TEST_IMAGES = 1_549, 50_000  # those of View 1, and many
EXPERIMENT = "lfwa_pairs_small"

# `beyond TensorFlow` is the kernel's record for the process alone: what `resource` says of a child
# holds its parent's memory too. Pages of mapped files, as the cache is one, may be dropped at any
# time: `its own` leaves them out, by looking ten times a second.
_TRAIN = """
import json, re, sys, tempfile, threading, time

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1000

def say(stage):
    print(f"STAGE {stage}: {megabytes('VmHWM')}", flush=True)

own = [0]
def watch():
    while True:
        own[0] = max(own[0], megabytes("RssAnon"))
        time.sleep(0.1)

from siamese_lib.utils.tensorflow import keras
say("TensorFlow loaded")
threading.Thread(target=watch, daemon=True).start()
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
    config = ExperimentConfig.from_yaml(sys.argv[1], json.loads(sys.argv[3]))
    train(config, sys.argv[2], folder, verbose=0, callbacks=[Watch()])
say("all pairs scored, run written")
print(f"STAGE its own: {own[0]}", flush=True)
"""
ITS_OWN = "its own"


def stages(build, data_root, **overrides):
    """The largest memory of a training of one epoch up to each of its stages, in megabytes.

    Args:
        build: the folder of the project to train with.
        data_root: folder or archive of LFW-a, or of data in its form.
        overrides: fields of the config that are not the experiment's.
    """
    overrides |= {"num_epochs": 1}
    path = build / "experiments" / f"{EXPERIMENT}.yaml"
    result = subprocess.run(
        [sys.executable, "-c", _TRAIN, str(path), str(data_root), json.dumps(overrides)],
        capture_output=True,
        text=True,
        check=True,
        cwd=build,
        env=os.environ | {"PYTHONPATH": str(build)},
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("STAGE ")]
    named = [line.removeprefix("STAGE ").rsplit(": ", 1) for line in lines]
    return {stage: float(megabytes) for stage, megabytes in named}


def by_stage(data_root):
    """Rows about the largest memory up to each stage of this build."""
    measured = stages(project_root(), data_root)
    return [
        row(f"largest memory, {EXPERIMENT}, {stage}", [megabytes / 1000], "GB")
        for stage, megabytes in measured.items()
        if stage != ITS_OWN
    ]


def against(old, data_root):
    """A row about the largest memory beyond TensorFlow's own, against an earlier build's."""
    measured = [list(stages(build, data_root).values())[:-1] for build in (old, project_root())]
    before, now = (peaks[-1] - peaks[0] for peaks in measured)
    return [
        row(
            f"largest memory of a training of {EXPERIMENT} beyond TensorFlow's own",
            [now / before],
            "of the earlier build's",
            0.7,
            f"{before:.0f} MB, now {now:.0f} MB",
            at_most=True,
        )
    ]


def with_many_test_images():
    """A row about a training with many test images against one with as many as View 1 has."""
    measured = []
    for count in NUM_TEST_IMAGES:
        with tempfile.TemporaryDirectory() as folder:
            write_lists_and_archive(Path(folder), num_train=1_000, num_test=count // 2)
            measured.append(stages(project_root(), folder, crop=None)[ITS_OWN])
    (few, many), (small, large) = NUM_TEST_IMAGES, measured
    return [
        row(
            f"memory of a training with {many:,} test images against one with {few:,}",
            [large / small],
            "times",
            1.1,
            f"{small:.0f} and {large:.0f} MB",
            at_most=True,
        )
    ]


def main():
    """Measures all three and replaces their rows in results.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--data-root", type=Path, required=True, help="folder or archive of LFW-a")
    parser.add_argument("--old", type=Path, required=True, help="a clone of the earlier commit")
    options = parser.parse_args()
    data_root = options.data_root.resolve()
    for rows in (
        by_stage(data_root),
        against(options.old.resolve(), data_root),
        with_many_test_images(),
    ):
        print(*rows, sep="\n", flush=True)
        save_rows(rows)


if __name__ == "__main__":
    main()
