"""What a training leaves in its run: scores of every pair, metrics, the model."""

import dataclasses
import time
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.lfw import PAIR_LISTS
from siamese_lib.data.pair_lists import pair_list_text
from siamese_lib.data.pairs import Face
from siamese_lib.evaluation.metrics import calibrated_threshold, metrics_of_splits
from siamese_lib.evaluation.oneshot import (
    Compare,
    oneshot_accuracies,
    pixel_similarity,
    trial_accuracy,
)
from siamese_lib.evaluation.trials import images_of
from siamese_lib.inference.scorer import hashed_people
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.tables import count_parameters
from siamese_lib.training.head import calibrate, calibrate_as_held_out, fit_joint_bayesian_head
from siamese_lib.training.pipeline import TrainingData
from siamese_lib.training.run import Run
from siamese_lib.training.start_from import origin, with_known_people
from siamese_lib.utils.files import write_text
from siamese_lib.utils.tensorflow import keras


def keep_lists(run: Run, dataset: FaceDataset) -> None:
    """Writes the pair lists of a folder of own pictures beside the run, in LFW's format.

    Raises:
        ValueError: if the run has other lists, because it was trained on other pictures.
    """
    for names, pairs in zip(PAIR_LISTS.values(), (dataset.train_pairs, dataset.test_pairs)):
        path, text = run.path(names[0]), pair_list_text(pairs)
        if path.is_file() and path.read_text(encoding="utf-8") != text:
            raise ValueError(
                f"{run.directory} was trained on other pictures or lists; give the experiment "
                f"another file name, or another folder of runs. Received: {dataset.source.location}"
            )
        write_text(path, text)


def score_and_save(
    run: Run, verifier: Verifier, data: TrainingData, seconds: Mapping[str, float]
) -> None:
    """Scores every pair, chooses the threshold on validation, saves scores, metrics and model.

    Args:
        run: the `Run` to write into.
        verifier: the trained network; its head and settings are completed.
        data: the run's `TrainingData`.
        seconds: times measured so far, for the metrics.
    """
    metrics, embeddings = _score_pairs(run, verifier, data, seconds)
    embedded = _Embeddings(verifier, data.cache)
    for split in ("validation", "test"):
        embedded.add(data.pairs[split].faces, embeddings[split])
    run.write_oneshot(_oneshot_accuracies(verifier, data, embedded))
    if data.trial_sets:
        trials = _answer_trials(verifier, data, embedded)
        run.write_trials(trials)
        metrics["oneshot"] = {
            split: trial_accuracy(trials[trials["split"] == split]) for split in data.trial_sets
        }
    run.write_json("metrics.json", metrics)
    config = data.config
    people = {split: hashed_people(names) for split, names in data.people.items()}
    if config.start_from:
        verifier.settings["start_from"] = origin(config)
        people = with_known_people(config, people)
    verifier.settings |= {
        "threshold": metrics["threshold"],
        "experiment": config.experiment,
        "dataset": config.dataset,
        "seed": config.seed,
        "config": config.to_dict(),
        "people": people,
    }
    verifier.save(run.path("model.keras"))


def save_intermediate(
    run: Run, verifier: Verifier, data: TrainingData, history: pd.DataFrame
) -> None:
    """Saves scores and metrics as a training of `len(history)` epochs would, without the model."""
    if run.done:
        return
    config = dataclasses.replace(data.config, num_epochs=len(history), score_epochs=())
    run.write_json("config.json", config.to_dict())
    run.write_history(history.to_dict("records"))
    metrics, _ = _score_pairs(run, verifier, data, {})
    run.write_json("metrics.json", metrics)
    run.finish()


def _score_pairs(
    run: Run, verifier: Verifier, data: TrainingData, seconds: Mapping[str, float]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Writes the scores of every pair; returns the metrics and each split's embeddings."""
    pairs, held_out = data.pairs, data.held_out
    embeddings = {
        split: verifier.embed_faces(data.cache, pairs[split].faces)
        for split in ("train", "validation")
    }
    calibration = None
    if data.config.learns_classes:
        calibration = fit_head(verifier, data, embeddings)
    started = time.perf_counter()
    embeddings["test"] = verifier.embed_faces(data.cache, pairs["test"].faces)
    scores = {"test": verifier.score_embedded(pairs["test"], embeddings["test"])}
    predict_seconds = time.perf_counter() - started
    scores["train"] = verifier.score_embedded(pairs["train"], embeddings["train"])
    if held_out:
        scores["validation"] = held_out.scores("validation")["score"].to_numpy()
        threshold = held_out.metrics["threshold"]
    else:
        scores["validation"] = verifier.score_embedded(
            pairs["validation"], embeddings["validation"]
        )
        threshold = calibrated_threshold(scores["validation"], pairs["validation"].labels)
    _warn_of_collapse(embeddings["validation"], scores["validation"])
    penalties = None if data.config.learns_classes else _penalties(verifier.network)
    metrics = metrics_of_splits(pairs, scores, threshold, penalties)
    metrics["seconds"] = {**seconds, "predict": predict_seconds, **_training_seconds(run.history)}
    metrics["num_epochs"] = len(run.history)
    metrics["parameters"] = count_parameters(verifier.network)
    metrics["examples"] = data.sampler.counts
    if calibration:
        metrics["calibration"] = calibration
    if held_out:
        metrics["held_out"] = held_out.name
    if data.config.start_from:
        metrics["start_from"] = origin(data.config)
    run.write_scores(pairs, scores)
    return metrics, embeddings


def fit_head(
    verifier: Verifier, data: TrainingData, embeddings: Mapping[str, np.ndarray]
) -> dict[str, float] | None:
    """Fits the head of a network that was trained on classes: joint Bayesian, then calibration.

    Args:
        verifier: the network whose head is fitted.
        data: the run's `TrainingData`.
        embeddings: of the faces of the validation pairs, in their order; of a final training those
            of the training pairs. `{split: (num_faces, embedding_size)}`

    Returns:
        The calibration, `{"slope", "intercept"}` of the log-odds, or None as in `calibrate`.
    """
    # With start_from the head is that of the first network: own people are too few to estimate how
    # embeddings vary within and between people.
    if data.config.joint_bayesian and not data.config.start_from:
        # The images of one epoch: at most so many of a person, so that people with hundreds of
        # images do not determine the variation within people alone.
        shown = data.class_sampler.shown(data.config.seed, epoch=0)
        classes = [data.class_sampler.class_of[face] for face in shown]
        fit_joint_bayesian_head(verifier, data.cache, shown, classes)
    if data.held_out:
        return calibrate_as_held_out(verifier, data, embeddings["train"])
    pairs = data.pairs["validation"]
    scores = verifier.score_embedded(pairs, embeddings["validation"])
    return calibrate(verifier, scores, pairs.labels)


class _Embeddings:
    """The embeddings of faces, each computed once and held once."""

    def __init__(self, verifier: Verifier, cache: FaceCache):
        self._verifier, self._cache = verifier, cache
        self._arrays: list[np.ndarray] = []
        self._place: dict[Face, tuple[int, int]] = {}  # the array, and the row in it

    def add(self, faces: Sequence[Face], embeddings: np.ndarray) -> None:
        """Takes the embeddings of faces, in their order."""
        places = ((len(self._arrays), row) for row in range(len(faces)))
        self._place.update(zip(faces, places))
        self._arrays.append(embeddings)

    def of(self, faces: Sequence[Face]) -> np.ndarray:
        """The embeddings `(len(faces), embedding_size)`; those that are missing are computed."""
        if new := [face for face in faces if face not in self._place]:
            self.add(new, self._verifier.embed_faces(self._cache, new))
        places = [self._place[face] for face in faces]
        of_first = self._arrays[places[0][0]]
        if places == [(places[0][0], row) for row in range(len(of_first))]:
            return of_first  # no copy: with many test images it would take the most memory of all
        return np.stack([self._arrays[index][row] for index, row in places])


def _oneshot_accuracies(
    verifier: Verifier, data: TrainingData, embedded: _Embeddings
) -> pd.DataFrame:
    """N-way one-shot accuracies of the network and of raw pixels, on images of test people."""
    faces = data.dataset.oneshot_faces
    embeddings = embedded.of(faces)
    methods: dict[str, Compare] = {
        data.config.experiment: partial(verifier.score_among, embeddings),
        "pixels": pixel_similarity(data.cache, faces),
    }
    return oneshot_accuracies(methods, faces, group_of=data.dataset.group_of)


def _answer_trials(verifier: Verifier, data: TrainingData, embedded: _Embeddings) -> pd.DataFrame:
    """The network's answers in the trial sets of every split, with a column split."""
    tables = []
    for split, trial_sets in data.trial_sets.items():
        if data.held_out and split == "validation":
            tables.append(data.held_out.trials(split))
            continue
        faces = images_of(trial_sets)
        embeddings = embedded.of(faces)
        table = verifier.answer_trials(trial_sets, faces, embeddings)
        tables.append(table.assign(split=split))
    return pd.concat(tables, ignore_index=True)


def _training_seconds(history: pd.DataFrame) -> dict[str, float]:
    """Seconds of a training: the median epoch, and in all."""
    seconds = history["seconds"]
    return {"epoch": float(seconds.median()), "train": float(seconds.sum())}


def _penalties(network: Any) -> float:
    """The sum of the layers' L2 penalties."""
    return float(sum(keras.ops.convert_to_numpy(penalty) for penalty in network.losses))


def _warn_of_collapse(embeddings: np.ndarray, scores: np.ndarray) -> None:
    if np.ptp(scores) < 1e-4:
        warnings.warn(
            "The network gives every validation pair the same score: it has learnt nothing; lower "
            "the learning_rate.",
            stacklevel=2,
        )
    if float(embeddings.std(axis=0).max()) < 1e-4:
        warnings.warn(
            "The embeddings have collapsed: every face has the same one; lower the learning_rate.",
            stacklevel=2,
        )
