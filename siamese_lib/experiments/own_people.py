"""What own pictures are worth, by the number of people: calibration or training, and from where."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import open_cache
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.bootstrap import people_bootstrap
from siamese_lib.inference.calibration import all_pairs, chosen_threshold
from siamese_lib.inference.verifier import Verifier
from siamese_lib.training.fit import train
from siamese_lib.training.start_from import origin
from siamese_lib.utils.files import write_json
from siamese_lib.utils.machine import project_path, versions

PUBLISHED, CALIBRATION = "published threshold", "calibration alone"
FROM_NETWORK, FROM_NOTHING = "training from the network", "training from nothing"
MIN_TRAINED = 4  # people: two to learn from and two to choose the threshold
VALIDATION_SHARE = 0.25


def people_curve(
    experiment: Path | str,
    data_root: Path | str,
    runs_dir: Path | str,
    counts: Sequence[int],
    seeds: Sequence[int] = (0, 1, 2),
) -> list[dict[str, Any]]:
    """Compares calibration with training, on people who had no part in any of them.

    For each number of people and each seed, so many are drawn of those that are not tested.
    Calibration chooses a threshold for the network of `start_from` on all pairs of them. Training
    learns from three quarters of them, and the rest choose epoch and threshold; the number of steps
    is that of the experiment.

    Args:
        experiment: of dataset "folder" and protocol "people", with `start_from`; its `compare_with`
            trains from nothing.
        data_root: the folder or archive.
        runs_dir: for the runs, which are read if they are finished, and the table
            `own_people.json`, which also names the network of `start_from`.
        counts: numbers of people.
        seeds: of the drawn people and of the trainings.

    Returns:
        A dict for each method and number: method, people, accuracy (mean over seeds), interval
        (over test people), of_seeds (the accuracy of each seed).
    """
    path = project_path(experiment)
    configs = ExperimentConfig.side_by_side(path)
    dataset = load_dataset(configs[0], data_root)
    pairs, network = dataset.test_pairs, _Network(configs[0], dataset)
    counts = [count for count in counts if count <= len(dataset.train_people)]
    rows = []
    for count in counts:
        own = [_own_people(configs[0], dataset, count, seed) for seed in seeds]
        rows.append(_row(PUBLISHED, count, pairs, [network.correct(None)]))
        rows.append(_row(CALIBRATION, count, pairs, [network.correct(each) for each in own]))
        if count < MIN_TRAINED:
            continue
        for config, method in zip(configs, (FROM_NETWORK, FROM_NOTHING)):
            file = path.with_name(f"{config.experiment}.yaml")
            runs = [
                train(
                    ExperimentConfig.from_yaml(file, _changes(config, dataset, count, seed)),
                    data_root,
                    runs_dir,
                )
                for seed in seeds
            ]
            rows.append(_row(method, count, pairs, [run.correct("test") for run in runs]))
    content = {
        "rows": rows,
        "seeds": list(seeds),
        "num_test_people": len(pairs.people),
        "start_from": origin(configs[0]),
        "versions": versions(),
    }
    write_json(Path(runs_dir) / "own_people.json", content)
    return rows


def _changes(
    config: ExperimentConfig, dataset: FaceDataset, count: int, seed: int
) -> dict[str, Any]:
    """The changes to an experiment that leave so many people, and keep its number of steps."""
    available = len(dataset.train_people)
    held_out = max(2, round(VALIDATION_SHARE * count))
    changes: dict[str, Any] = {
        "seed": seed,
        "split_seed": seed,
        "validation_fraction": held_out / available,
        "training_fraction": max(1, count - held_out) / (available - held_out),
    }

    def steps(given):
        return given.steps_per_epoch(len(dataset.sampler(given, {})))

    all_steps = config.num_epochs * steps(config)
    num_epochs = round(all_steps / steps(dataclasses.replace(config, **changes)))
    return changes | {"num_epochs": num_epochs}


def _own_people(config: ExperimentConfig, dataset: FaceDataset, count: int, seed: int) -> set[str]:
    """The people whom a training with so many learns from or holds out for validation."""
    changes = _changes(config, dataset, count, seed)
    train_people, held_out = dataset.people(dataclasses.replace(config, **changes))
    return held_out if count == len(held_out) else train_people | held_out


class _Network:
    """The network of `start_from` on the test pairs, at thresholds from various people."""

    def __init__(self, config: ExperimentConfig, dataset: FaceDataset) -> None:
        self._verifier = Verifier.load(project_path(config.start_from))
        crop, size = self._verifier.crop, self._verifier.image_size
        self._dataset, faces = dataset, sorted(dataset.files)
        embeddings = self._verifier.embed_faces(open_cache(dataset, crop, size, faces), faces)
        self._embedding_of = dict(zip(faces, embeddings))
        self._test_scores = self._scores(dataset.test_pairs)

    def correct(self, people: set[str] | None) -> np.ndarray:
        """`(num_test_pairs,)`, bool, at a threshold from all pairs of `people`, or its own."""
        threshold = self._verifier.settings["threshold"]
        if people is not None:
            pairs = all_pairs([face for face in self._dataset.files if face.person in people])
            threshold = chosen_threshold(self._scores(pairs), np.array(pairs.labels))
        return (self._test_scores >= threshold) == np.array(self._dataset.test_pairs.labels)

    def _scores(self, pairs: PairList) -> np.ndarray:
        embeddings = np.stack([self._embedding_of[face] for face in pairs.faces])
        return self._verifier.score_embedded(pairs, embeddings)


def _row(method: str, count: int, pairs: PairList, correct: Sequence[Any]) -> dict[str, Any]:
    mean = np.mean(correct, axis=0)
    return {
        "method": method,
        "people": count,
        "accuracy": float(mean.mean()),
        "interval": people_bootstrap(*pairs.clusters_of_sides, mean),
        "of_seeds": [float(np.mean(each)) for each in correct],
    }
