"""Time until the recommended recipe's validation AUC is 0.960 for good, against an earlier build's.

`python -m benchmarks.until_auc --data-root LFW --old OLD --runs RUNS --seed 2`

Each recipe is trained once with this build; after every second epoch the head is fitted as at the
end of a training and the validation pairs are scored, which costs no time of the recipe. How long
an epoch takes is measured with each recipe's own build, in turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.alternating import row
from benchmarks.table import save_rows
from siamese_lib.config import ExperimentConfig
from siamese_lib.evaluation.metrics import area_under_roc
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model
from siamese_lib.training.fit import train
from siamese_lib.training.pipeline import TrainingData
from siamese_lib.training.results import fit_head
from siamese_lib.utils.files import read_json, write_json
from siamese_lib.utils.machine import project_root
from siamese_lib.utils.tensorflow import keras

AUC, EVERY, TURNS = 0.960, 2, 3
EXPERIMENT = Path("experiments") / "lfwa_people.yaml"
_EPOCH = """
import sys
from benchmarks.trainings import Trainer, _seconds_of_epoch
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
trainer = Trainer(ExperimentConfig.from_yaml(sys.argv[1]), load_dataset("lfwa", sys.argv[2]))
print(_seconds_of_epoch(trainer))
"""


class FittedAUC(keras.callbacks.Callback):
    """After every second epoch the AUC of validation with a fitted head, into a JSON file."""

    def __init__(self, data, path):
        super().__init__()
        self._data, self._path = data, path

    def on_train_begin(self, logs=None):
        config = self._data.config
        network = build_model(config, self.model.get_layer("encoder"))
        self._verifier = Verifier(network, {"test_time_flip": config.test_time_flip})

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % EVERY:
            return
        data, verifier = self._data, self._verifier
        pairs = data.pairs["validation"]
        embeddings = verifier.embed_faces(data.cache, pairs.faces)
        fit_head(verifier, data, {"validation": embeddings})
        auc = area_under_roc(verifier.score_embedded(pairs, embeddings), pairs.labels)
        known = read_json(self._path) if self._path.is_file() else []
        write_json(self._path, [*known[: epoch // EVERY], auc])
        print(f"epoch {epoch + 1}: AUC {auc:.4f} with a fitted head", flush=True)


def curve(build, data_root, runs, seed):
    """The AUC after every second epoch of a build's recipe; a killed training resumes."""
    config = ExperimentConfig.from_yaml(build / EXPERIMENT, {"seed": seed})
    config = config.held_out if config.final else config
    path = runs / f"auc_{config.hash()}.json"
    callback = FittedAUC(TrainingData.load(config, data_root), path)
    train(config, data_root, runs, callbacks=[callback])
    return read_json(path)


def epochs_until(aucs):
    """The first epoch after which the AUC is never seen below the wanted one, or None if the last
    one is below.
    """
    below = np.flatnonzero(np.array(aucs) < AUC)
    first = int(below[-1]) + 2 if len(below) else 1
    return EVERY * first if first <= len(aucs) else None


def seconds_of_epoch(build, data_root):
    """Seconds that an epoch of a build's recipe takes with this build."""
    result = subprocess.run(
        [sys.executable, "-c", _EPOCH, str(build / EXPERIMENT), str(data_root)],
        capture_output=True,
        text=True,
        check=True,
        cwd=build,
        env=os.environ | {"PYTHONPATH": str(build)},
    )
    return float(result.stdout.splitlines()[-1])


def main():
    """Trains both recipes, times an epoch of each and replaces the row in results.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.until_auc", description=__doc__)
    parser.add_argument("--data-root", type=Path, required=True, help="folder or archive of LFW-a")
    parser.add_argument("--old", type=Path, required=True, help="a clone of the earlier commit")
    parser.add_argument("--runs", type=Path, required=True, help="where the trainings are kept")
    parser.add_argument("--seed", type=int, default=0, help="of both trainings")
    options = parser.parse_args()
    builds, data_root = (options.old.resolve(), project_root()), options.data_root.resolve()
    curves = [curve(build, data_root, options.runs, options.seed) for build in builds]
    counts = [epochs_until(aucs) for aucs in curves]
    if None in counts:
        sys.exit(f"A recipe does not stay above {AUC}: {[aucs[-1] for aucs in curves]} at the end.")
    turns = [[seconds_of_epoch(build, data_root) for build in builds] for _ in range(TURNS)]
    old, new = map(statistics.median, zip(*turns))
    save_rows(
        [
            row(
                f"lfwa_people, time until validation AUC {AUC:.3f} for good",
                [now * counts[1] / (before * counts[0]) for before, now in turns],
                "of the earlier recipe's",
                0.6,
                f"epoch {counts[0]} of {old:.0f} s against epoch {counts[1]} of {new:.0f} s; "
                f"one seed each ({options.seed}), looked at after every second epoch",
                at_most=True,
            )
        ]
    )


if __name__ == "__main__":
    main()
