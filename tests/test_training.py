"""Training on a small drawn LFW: what a run leaves, that it repeats, that it resumes, that it stays on the training side."""

import json
import math
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import yaml

from siamese_lib import training
from siamese_lib.config import ExperimentConfig
from siamese_lib.datasets import load_dataset
from siamese_lib.evaluation import accuracy_at, area_under_roc
from siamese_lib.images import evaluation_batches, open_cache, training_batches
from siamese_lib.runs import Run

TINY = {
    "dataset": "lfwa",
    "crop": [40, 210, 50, 200],
    "image_size": [40, 36],
    "embedding_size": 16,
    "width": 8,
    "batch_size": 12,
    "num_epochs": 3,
    "learning_rate": 0.002,
    "flip": True,
    "rotation_degrees": 5.0,
    "mixed_precision": "float32",
}


def config(**values):
    return ExperimentConfig(experiment="tiny", **(TINY | values))


@pytest.fixture(scope="module")
def finished(lfw_folder, tmp_path_factory):
    return training.train(config(), lfw_folder, tmp_path_factory.mktemp("runs"), verbose=0)


def test_a_run_leaves_its_evidence_and_nothing_else(finished):
    names = {path.name for path in finished.directory.iterdir()} - {".lock"}
    files = {
        "config.json",
        "history.csv",
        "metrics.json",
        "scores.csv",
        "versions.json",
        "model.keras",
        "model.json",
        "DONE",
        "tensorboard",
    }
    assert names == files
    assert any((finished.directory / "tensorboard").rglob("events*"))


def test_the_metrics_follow_from_the_scores(finished):
    metrics = finished.metrics
    for split in ("train", "validation", "test"):
        scores = finished.scores(split)
        assert metrics[split]["num_pairs"] == len(scores)
        assert metrics[split]["accuracy"] == accuracy_at(scores["score"], scores["label"], metrics["threshold"])
        assert metrics[split]["auc"] == area_under_roc(scores["score"], scores["label"])
        low, high = metrics[split]["accuracy_interval"]
        assert low <= metrics[split]["accuracy"] <= high
    assert set(metrics["seconds"]) == {"prepare", "epoch", "converge", "train", "predict"}


def test_no_person_is_in_two_parts(finished):
    people = {}
    for split in ("train", "validation", "test"):
        scores = finished.scores(split)
        people[split] = {name.rpartition("_")[0] for column in ("left", "right") for name in scores[column]}
    assert not people["train"] & people["validation"] and not (people["train"] | people["validation"]) & people["test"]


def test_history_has_a_row_an_epoch(finished):
    assert finished.history["epoch"].tolist() == [1, 2, 3]
    assert {"loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "learning_rate", "seconds"} <= set(finished.history)


def test_the_same_config_and_seed_give_the_same_metrics_and_another_seed_others(finished, lfw_folder, tmp_path):
    again = training.train(config(), lfw_folder, tmp_path, verbose=0)
    for run in (finished, again):
        assert run.done
    assert without_times(finished.metrics) == without_times(again.metrics)
    assert finished.path("scores.csv").read_text() == again.path("scores.csv").read_text()
    other = training.train(config(seed=1, num_epochs=1), lfw_folder, tmp_path, verbose=0)
    assert other.path("scores.csv").read_text() != again.path("scores.csv").read_text()


def test_a_finished_run_is_read_and_not_trained_again(finished, lfw_folder, monkeypatch):
    monkeypatch.setattr(training, "build_model", None)
    assert training.train(config(), lfw_folder, finished.directory.parent.parent, verbose=0).metrics == finished.metrics


def test_a_killed_run_resumes_to_the_metrics_of_an_uninterrupted_one(lfw_folder, tmp_path):
    experiment = tmp_path / "killed.yaml"
    # AdamW with a decay that can be felt: what it leaves out must be left out after the resume too.
    adamw = {"optimizer": "adamw", "weight_decay": 1.0, "learning_rate_schedule": "cosine"}
    experiment.write_text(yaml.safe_dump(TINY | adamw | {"num_epochs": 4, "dropout_rate": 0.3}))
    command = [sys.executable, "-m", "siamese_lib", "train", "--config", experiment, "--data-root", lfw_folder, "--runs"]
    process = subprocess.Popen([*command, tmp_path / "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = tmp_path / "killed" / "killed" / "seed_0"
    deadline = time.monotonic() + 120
    while not list(folder.glob("checkpoint-*.keras")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "DONE").exists() and list(folder.glob("checkpoint-*.keras"))
    resumed, whole = (
        training.train(ExperimentConfig.from_yaml(experiment), lfw_folder, tmp_path / runs, verbose=0) for runs in ("killed", "whole")
    )
    assert without_times(resumed.metrics) == without_times(whole.metrics)
    pd.testing.assert_frame_equal(resumed.history.drop(columns="seconds"), whole.history.drop(columns="seconds"))
    assert not list(resumed.directory.glob("checkpoint-*"))


def without_times(metrics):
    return {key: value for key, value in metrics.items() if key != "seconds"}


def test_early_stopping_and_best_weights(lfw_folder, tmp_path):
    # A gain of 50 in the loss never comes, so patience runs out after the first epochs.
    impatient = config(num_epochs=9, early_stopping_patience=2, early_stopping_min_delta=50.0, weights="best")
    run = training.train(impatient, lfw_folder, tmp_path, verbose=0)
    assert len(run.history) == 3
    assert not run.path("best.weights.h5").exists()


@pytest.mark.parametrize(
    ("values", "min_delta", "expected"),
    [
        ([], 0.0, 0),
        ([3.0], 0.0, 0),
        ([3.0, 2.0], 0.0, 0),
        ([3.0, 2.95, 2.92], 0.1, 2),
        ([3.0, 2.95, 2.8], 0.1, 0),
        ([1.0, 2.0, 3.0], 0.0, 2),
    ],
)
def test_epochs_without_improvement(values, min_delta, expected):
    assert training.epochs_without_improvement(values, min_delta) == expected


def test_a_loss_that_is_no_longer_finite_is_one_sentence(lfw_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "binary_crossentropy", lambda labels, probabilities: probabilities * math.nan)
    with pytest.raises(ValueError, match="no longer finite; lower the learning_rate"):
        training.train(config(), lfw_folder, tmp_path, verbose=0)


def test_a_network_that_learns_nothing_is_warned_of(lfw_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training.Verifier, "embed", lambda self, images: np.ones((len(images), 16), np.float32))
    with pytest.warns(UserWarning, match="same score"), pytest.warns(UserWarning, match="collapsed"):
        training.train(config(num_epochs=1), lfw_folder, tmp_path, verbose=0)


def test_a_second_training_of_the_same_run_is_told_so(lfw_folder, tmp_path):
    with Run.of(config(), tmp_path).lock(), pytest.raises(ValueError, match="Another process"):
        training.train(config(), lfw_folder, tmp_path, verbose=0)


def test_an_epoch_of_batches_shows_every_training_pair_once_and_nobody_else(lfw_folder):
    plain = config(flip=False, rotation_degrees=0.0, num_epochs=2)
    dataset = load_dataset("lfwa", lfw_folder)
    cache = open_cache(dataset, plain.crop, plain.image_size)
    pairs = dataset.examples(plain)
    batches, steps = training_batches(cache, pairs, plain)
    by_content = {cache[[face]].tobytes(): face for face in dataset.listed_faces}
    orders = []
    seen = []
    for (left, right), labels in batches:
        for one, other, label in zip(left.numpy(), right.numpy(), labels.numpy()):
            seen.append((by_content[one.astype(np.uint8).tobytes()], by_content[other.astype(np.uint8).tobytes()], int(label[0])))
        if len(seen) == len(pairs):
            assert sorted(seen) == sorted(pairs)
            orders.append(seen)
            seen = []
    assert len(orders) == 2 and orders[0] != orders[1] and steps == -(-len(pairs) // plain.batch_size)


def test_batches_of_a_later_epoch_are_those_of_an_uninterrupted_training(lfw_folder):
    settings = config(num_epochs=3)
    dataset = load_dataset("lfwa", lfw_folder)
    cache = open_cache(dataset, settings.crop, settings.image_size)
    pairs = dataset.examples(settings)
    whole = [batch[0][0].numpy() for batch in training_batches(cache, pairs, settings)[0]]
    late = [batch[0][0].numpy() for batch in training_batches(cache, pairs, settings, first_epoch=2)[0]]
    for one, other in zip(whole[-len(late) :], late):
        np.testing.assert_array_equal(one, other)


def test_evaluation_batches_keep_the_order_of_the_pairs(lfw_folder):
    settings = config()
    dataset = load_dataset("lfwa", lfw_folder)
    cache = open_cache(dataset, settings.crop, settings.image_size)
    labels = np.concatenate([batch[1].numpy()[:, 0] for batch in evaluation_batches(cache, dataset.test_pairs, 7)])
    left = np.concatenate([batch[0][0].numpy() for batch in evaluation_batches(cache, dataset.test_pairs, 7)])
    assert labels.tolist() == dataset.test_pairs.labels
    np.testing.assert_array_equal(left, cache[[pair.left for pair in dataset.test_pairs]])


def test_versions_say_what_the_result_depends_on(finished):
    versions = json.loads(finished.path("versions.json").read_text())
    assert {"tensorflow", "keras", "numpy"} <= set(versions["packages"])
    assert versions["data"]["people_rule"] == "peopleDevTrain.txt" and versions["precision"] == "float32"
