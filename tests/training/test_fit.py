"""Training on a small drawn LFW: what a run leaves, that it repeats, that it resumes, that it stays
on the training side.
"""

import dataclasses
import json
import math
import re
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.evaluation.metrics import accuracy_at, area_under_roc, platt_scaling
from siamese_lib.inference import model_file
from siamese_lib.inference.verifier import Verifier
from siamese_lib.training import callbacks, fit, objectives, results
from siamese_lib.training.callbacks import epochs_without_improvement
from siamese_lib.training.pipeline import evaluation_batches, training_batches
from siamese_lib.training.run import Run
from siamese_lib.utils.tensorflow import keras

TINY = {
    "dataset": "lfwa",
    "crop": [40, 210, 50, 200],
    "image_size": [40, 36],
    "embedding_size": 16,
    "base_filters": 16,
    "batch_size": 12,
    "num_epochs": 3,
    "learning_rate": 0.002,
    "flip": True,
    "rotation_degrees": 5.0,
    "mixed_precision": "float32",
}
PEOPLE = {
    "protocol": "people",
    "loss": "margin_softmax",
    "monitor": "val_auc",
    "validation_fraction": 0.3,
    "max_images_per_person": 3,
    "erasing_probability": 0.5,
}
# Protocol pairs again, trained on the classes that its same pairs make.
CLASSES_OF_PAIRS = {
    "loss": "margin_softmax",
    "monitor": "val_auc",
    "joint_bayesian": True,
    "max_images_per_person": 3,
}
PROTOCOLS = {"pairs": {}, "people": PEOPLE, "classes of pairs": CLASSES_OF_PAIRS}
ALL_PROTOCOLS = pytest.mark.parametrize("protocol", PROTOCOLS)


def config(**values):
    return ExperimentConfig(experiment="tiny", **(TINY | values))


@pytest.fixture(scope="module", params=PROTOCOLS)
def finished(request, lfw_folder, tmp_path_factory):
    """A finished run, once of each protocol."""
    return fit.train(
        config(**PROTOCOLS[request.param]), lfw_folder, tmp_path_factory.mktemp("runs"), verbose=0
    )


def test_a_run_leaves_its_evidence_and_nothing_else(finished):
    names = {path.name for path in finished.directory.iterdir()} - {".lock"}
    files = {
        "config.json",
        "history.csv",
        "metrics.json",
        "scores.csv",
        "oneshot.csv",
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
        assert metrics[split]["accuracy"] == accuracy_at(
            scores["score"], scores["label"], metrics["threshold"]
        )
        assert metrics[split]["auc"] == area_under_roc(scores["score"], scores["label"])
        low, high = metrics[split]["accuracy_interval"]
        assert low <= metrics[split]["accuracy"] <= high
    assert set(metrics["seconds"]) == {"prepare", "epoch", "train", "predict"}


def test_no_person_is_in_two_parts(finished):
    people = {}
    for split in ("train", "validation", "test"):
        scores = finished.scores(split)
        people[split] = {
            name.rpartition("_")[0] for column in ("left", "right") for name in scores[column]
        }
    assert (
        not people["train"] & people["validation"]
        and not (people["train"] | people["validation"]) & people["test"]
    )


def test_history_has_a_row_an_epoch(finished):
    assert finished.history["epoch"].tolist() == [1, 2, 3]
    # A learner of classes sees no pairs: of them it has the validation AUC alone.
    of_pairs = (
        set() if finished.config.learns_classes else {"accuracy", "auc", "val_loss", "val_accuracy"}
    )
    assert {"loss", "val_auc", "learning_rate", "seconds"} | of_pairs <= set(finished.history)
    assert (
        finished.history["val_auc"].between(0, 1).all()
        and np.isfinite(finished.history["loss"]).all()
    )


def test_the_saved_model_gives_the_scores_of_the_run(finished, lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    verifier = Verifier.load(finished.path("model.keras"))
    scores = verifier.score_pairs(
        open_cache(dataset, verifier.crop, verifier.image_size), dataset.test_pairs
    )
    np.testing.assert_allclose(scores, finished.scores("test")["score"], atol=1e-5)
    assert verifier.settings["threshold"] == finished.metrics["threshold"]


def test_the_same_config_and_seed_give_the_same_metrics_and_another_seed_others(
    finished, lfw_folder, tmp_path
):
    again = fit.train(finished.config, lfw_folder, tmp_path, verbose=0)
    for run in (finished, again):
        assert run.done
    assert without_times(finished.metrics) == without_times(again.metrics)
    assert finished.path("scores.csv").read_text() == again.path("scores.csv").read_text()
    other = fit.train(
        dataclasses.replace(finished.config, seed=1, num_epochs=1), lfw_folder, tmp_path, verbose=0
    )
    assert other.path("scores.csv").read_text() != again.path("scores.csv").read_text()


def test_a_finished_run_is_read_and_not_trained_again(finished, lfw_folder, monkeypatch):
    monkeypatch.setattr(fit, "build_model", None)
    assert (
        fit.train(finished.config, lfw_folder, finished.directory.parent.parent, verbose=0).metrics
        == finished.metrics
    )


@ALL_PROTOCOLS
def test_a_killed_run_resumes_to_the_metrics_of_an_uninterrupted_one(
    lfw_folder, tmp_path, protocol
):
    experiment = tmp_path / "killed.yaml"
    # AdamW with a decay that can be felt: what it leaves out must be left out after the resume too.
    adamw = {"optimizer": "adamw", "weight_decay": 1.0, "learning_rate_schedule": "cosine"}
    experiment.write_text(
        yaml.safe_dump(TINY | PROTOCOLS[protocol] | adamw | {"num_epochs": 4, "dropout_rate": 0.3})
    )
    command = [
        sys.executable,
        "-m",
        "siamese_lib",
        "train",
        "--config",
        experiment,
        "--data-root",
        lfw_folder,
        "--runs",
    ]
    process = subprocess.Popen(
        [*command, tmp_path / "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    folder = tmp_path / "killed" / "killed" / "seed_0"
    deadline = time.monotonic() + 120
    while (
        not list(folder.glob("checkpoint-*.keras"))
        and process.poll() is None
        and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "DONE").exists() and list(folder.glob("checkpoint-*.keras"))
    moved = folder.rename(tmp_path / "another name")
    resumed = fit.continue_run(moved, lfw_folder, verbose=0)
    assert resumed.directory == moved.resolve() and not folder.exists()
    config = ExperimentConfig.from_yaml(experiment)
    whole = fit.train(config, lfw_folder, tmp_path / "whole", verbose=0)
    assert without_times(resumed.metrics) == without_times(whole.metrics)
    pd.testing.assert_frame_equal(
        resumed.history.drop(columns="seconds"), whole.history.drop(columns="seconds")
    )
    assert not list(resumed.directory.glob("checkpoint-*"))


def without_times(metrics):
    return {key: value for key, value in metrics.items() if key != "seconds"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {**PEOPLE, "loss": "batch_hard_triplet", "images_per_class": 3},
        {**PEOPLE, "loss": "supervised_contrastive", "images_per_class": 3, "joint_bayesian": True},
    ],
    ids=lambda values: values.get("loss", "pairs"),
)
def test_early_stopping_and_best_weights(lfw_folder, tmp_path, values):
    # A gain of 50 in the loss or in the AUC never comes, so patience runs out after the first
    # epochs.
    impatient = config(
        num_epochs=9,
        early_stopping_patience=2,
        early_stopping_min_delta=50.0,
        restore_best_weights=True,
        **values,
    )
    run = fit.train(impatient, lfw_folder, tmp_path, verbose=0)
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
    assert epochs_without_improvement(values, min_delta) == expected


def test_a_loss_that_is_no_longer_finite_is_one_sentence(lfw_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(
        objectives.FUNCTIONS,
        "binary_crossentropy",
        lambda labels, probabilities: probabilities * math.nan,
    )
    with pytest.raises(ValueError, match="no longer finite; lower the learning_rate"):
        fit.train(config(), lfw_folder, tmp_path, verbose=0)


@pytest.mark.parametrize("name", ["loss", "val_auc"])
def test_a_monitored_value_that_is_not_finite_ends_the_training(tmp_path, name):
    settings = config(**PEOPLE)
    recorder = callbacks.RunRecorder(Run.of(settings, tmp_path), settings, first_epoch=0)
    recorder.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.1)))
    recorder.on_epoch_begin(0)
    with pytest.raises(ValueError, match=rf"no longer finite.*Received: {name} nan in epoch 1"):
        recorder.on_epoch_end(0, {"loss": 1.0, "val_auc": 0.5} | {name: float("nan")})


def test_a_network_that_learns_nothing_is_warned_of(lfw_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(
        fit.Verifier,
        "embed_faces",
        lambda self, cache, faces: np.ones((len(faces), 16), np.float32),
    )
    with (
        pytest.warns(UserWarning, match="same score"),
        pytest.warns(UserWarning, match="collapsed"),
    ):
        fit.train(config(num_epochs=1), lfw_folder, tmp_path, verbose=0)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half an archive"])
def test_a_damaged_checkpoint_is_one_sentence(lfw_folder, tmp_path, content):
    settings = config(num_epochs=1)
    checkpoint = Run.of(settings, tmp_path).path("checkpoint-00001.keras")
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"The checkpoint is damaged; delete it.*checkpoint-00001\.keras"
    ):
        fit.train(settings, lfw_folder, tmp_path, verbose=0)


def write_member(path, name, change):
    """Changes a JSON member of a `.keras` file in place."""
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] = json.dumps(change(json.loads(members[name]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)


@pytest.fixture
def checkpoint(lfw_folder, tmp_path):
    """The checkpoint of a training that was stopped after an epoch, as if by Keras 99."""

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit.train(config(num_epochs=2), lfw_folder, tmp_path, verbose=0, callbacks=[Stop()])
    (checkpoint,) = Run.of(config(num_epochs=2), tmp_path).checkpoints()
    write_member(checkpoint, "metadata.json", lambda values: values | {"keras_version": "99.0"})
    return checkpoint


def with_argument(value, name):
    """A model's config with a further argument in each initializer."""
    if isinstance(value, list):
        return [with_argument(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: with_argument(item, name) for key, item in value.items()}
    if changed.get("class_name") in ("Zeros", "GlorotUniform", "HeNormal"):
        changed["config"] = changed["config"] | {name: None}
    return changed


def test_a_checkpoint_of_a_newer_keras_is_continued_without_its_unused_arguments(
    checkpoint, lfw_folder, tmp_path, monkeypatch
):
    monkeypatch.setitem(model_file.NEW_ARGUMENTS, "of_keras_99", None)
    write_member(checkpoint, "config.json", lambda values: with_argument(values, "of_keras_99"))
    run = fit.train(config(num_epochs=2), lfw_folder, tmp_path, verbose=0)
    assert run.done and len(run.history) == 2


def test_a_checkpoint_that_this_keras_cannot_read_names_both_versions(
    checkpoint, lfw_folder, tmp_path
):
    write_member(checkpoint, "config.json", lambda values: with_argument(values, "unknown"))
    message = rf"was written by Keras 99\.0, and Keras {re.escape(keras.__version__)} cannot"
    with pytest.raises(ValueError, match=message):
        fit.train(config(num_epochs=2), lfw_folder, tmp_path, verbose=0)


def test_a_second_training_of_the_same_run_is_told_so(lfw_folder, tmp_path):
    with Run.of(config(), tmp_path).lock(), pytest.raises(ValueError, match="Another process"):
        fit.train(config(), lfw_folder, tmp_path, verbose=0)


def epochs_of_batches(dataset, settings):
    """What reaches the network in each epoch: a list of `(faces..., label)`, the faces known again
    by their pixels.
    """
    cache = open_cache(dataset, settings.crop, settings.image_size, dataset.files)
    by_content = {cache[[face]].tobytes(): face for face in dataset.files}
    assert len(by_content) == len(dataset.files)
    sampler = dataset.sampler(settings, dataset.split(settings))
    batches, steps = training_batches(cache, sampler, settings)
    seen = []
    for images, labels in batches:
        sides = images if isinstance(images, tuple) else (images,)
        faces = [
            [by_content[image.astype(np.uint8).tobytes()] for image in side.numpy()]
            for side in sides
        ]
        seen += zip(*faces, labels.numpy().astype(int).ravel().tolist())
    assert len(seen) == len(sampler) * settings.num_epochs and steps == -(
        -len(sampler) // settings.batch_size
    )
    return [seen[start : start + len(sampler)] for start in range(0, len(seen), len(sampler))]


def plain(protocol):
    """A config whose batches hold the images as they are."""
    return config(
        **PROTOCOLS[protocol]
        | {"flip": False, "rotation_degrees": 0.0, "erasing_probability": 0.0, "num_epochs": 4}
    )


def test_an_epoch_of_batches_shows_every_training_pair_once_and_nobody_else(lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    epochs = epochs_of_batches(dataset, plain("pairs"))
    assert all(sorted(shown) == sorted(dataset.split(plain("pairs"))["train"]) for shown in epochs)
    assert epochs[0] != epochs[1]


def test_an_epoch_of_batches_shows_each_person_to_the_cap_under_his_own_label(lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    settings = plain("people")
    sampler = dataset.sampler(settings, dataset.split(settings))
    epochs = epochs_of_batches(dataset, plain("people"))
    for shown in epochs:
        assert len(set(shown)) == len(shown) == 3 * len(sampler.classes)
        assert all(sampler.classes[label] == face.person for face, label in shown)
    assert epochs[0] != epochs[1]
    assert {face for shown in epochs for face, _ in shown} == set(sampler.faces)


@ALL_PROTOCOLS
@pytest.mark.parametrize("seed", [0, 1])
def test_no_image_of_a_test_or_validation_person_reaches_the_batches(lfw_folder, protocol, seed):
    dataset = load_dataset("lfwa", lfw_folder)
    settings = dataclasses.replace(plain(protocol), seed=seed)
    parts = dataset.split(settings)
    shown = {
        face.person
        for epoch in epochs_of_batches(dataset, settings)
        for *faces, _ in epoch
        for face in faces
    }
    assert parts["train"].people <= shown
    assert not shown & parts["validation"].people and not shown & parts["test"].people


@pytest.mark.parametrize(
    ("module", "fitted", "values"),
    [
        (results, "fit_joint_bayesian_head", PEOPLE | {"joint_bayesian": True}),
        (results, "fit_joint_bayesian_head", CLASSES_OF_PAIRS),
        (
            fit,
            "fit_projection",
            PEOPLE | {"joint_bayesian": True, "encoder": "lbp", "embedding_size": 6},
        ),
        (fit, "fit_projection", CLASSES_OF_PAIRS | {"encoder": "lbp", "embedding_size": 6}),
    ],
)
def test_no_image_of_a_test_or_validation_person_reaches_whitening_or_principal_components(
    lfw_folder, tmp_path, monkeypatch, module, fitted, values
):
    reached, original = [], getattr(module, fitted)

    def watched(verifier, cache, faces, *classes):
        reached.extend(faces)
        return original(verifier, cache, faces, *classes)

    monkeypatch.setattr(module, fitted, watched)
    settings = config(**values | {"num_epochs": 1})
    parts = load_dataset("lfwa", lfw_folder).split(settings)
    fit.train(settings, lfw_folder, tmp_path, verbose=0)
    people = {face.person for face in reached}
    assert people and not people & (parts["validation"].people | parts["test"].people)


@ALL_PROTOCOLS
def test_batches_of_a_later_epoch_are_those_of_an_uninterrupted_training(lfw_folder, protocol):
    settings = config(**PROTOCOLS[protocol])
    dataset = load_dataset("lfwa", lfw_folder)
    cache = open_cache(dataset, settings.crop, settings.image_size, dataset.files)
    sampler = dataset.sampler(settings, dataset.split(settings))
    whole, late = (
        list(training_batches(cache, sampler, settings, first_epoch)[0]) for first_epoch in (0, 2)
    )
    assert len(whole) == 3 * len(late)
    for (images, labels), (late_images, late_labels) in zip(whole[-len(late) :], late):
        np.testing.assert_array_equal(np.asarray(images), np.asarray(late_images))
        np.testing.assert_array_equal(labels, late_labels)


def test_scores_of_people_are_probabilities(lfw_folder, tmp_path, monkeypatch):
    # Embeddings that know something about likeness, whatever one epoch of training has taught.
    columns = np.random.default_rng(0).normal(size=(40 * 36, 16))
    monkeypatch.setattr(
        fit.Verifier,
        "embed",
        lambda self, images: (np.reshape(images, (len(images), -1)) @ columns).astype(np.float32),
    )
    run = fit.train(config(**PEOPLE | {"num_epochs": 1}), lfw_folder, tmp_path, verbose=0)
    validation = run.scores("validation")
    assert run.metrics["validation"]["auc"] > 0.6
    assert platt_scaling(validation["score"], validation["label"]) == pytest.approx(
        (1.0, 0.0), abs=0.02
    )
    assert validation["score"].mean() == pytest.approx(validation["label"].mean(), abs=0.01)
    assert run.metrics["threshold"] == pytest.approx(0.5, abs=0.01)


def test_evaluation_batches_keep_the_order_of_the_pairs(lfw_folder):
    settings = config()
    dataset = load_dataset("lfwa", lfw_folder)
    cache = open_cache(dataset, settings.crop, settings.image_size)
    labels = np.concatenate(
        [batch[1].numpy()[:, 0] for batch in evaluation_batches(cache, dataset.test_pairs, 7)]
    )
    left = np.concatenate(
        [batch[0][0].numpy() for batch in evaluation_batches(cache, dataset.test_pairs, 7)]
    )
    assert labels.tolist() == dataset.test_pairs.labels
    np.testing.assert_array_equal(left, cache[[pair.left for pair in dataset.test_pairs]])


def test_versions_say_what_the_result_depends_on(finished):
    versions = json.loads(finished.path("versions.json").read_text())
    assert {"tensorflow", "keras", "numpy"} <= set(versions["packages"])
    assert (
        versions["data"]["people_rule"] == "peopleDevTrain.txt"
        and versions["precision"] == "float32"
    )


def test_hand_made_descriptors_and_an_ensemble_are_runs_like_any_other(lfw_folder, tmp_path):
    network = TINY | PEOPLE | {"joint_bayesian": True, "num_epochs": 1}
    ensemble = {
        "dataset": "lfwa",
        "protocol": "people",
        "encoder": "ensemble",
        "members": ["network/seed_0", "lbp/seed_0"],
    }
    for name, values in {
        "network": network,
        "lbp": network | {"encoder": "lbp", "embedding_size": 6},
        "ensemble": ensemble,
    }.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
    run = fit.train(
        ExperimentConfig.from_yaml(tmp_path / "ensemble.yaml"),
        lfw_folder,
        tmp_path / "runs",
        verbose=0,
    )
    members = [Run.existing(tmp_path / "runs" / name / "seed_0") for name in ("network", "lbp")]
    assert run.done and set(run.metrics["weights"]) == {"network/seed_0", "lbp/seed_0"}
    assert run.metrics["parameters"]["total"] == sum(
        one.metrics["parameters"]["total"] for one in members
    )
    assert run.scores()[["left", "right"]].equals(members[0].scores()[["left", "right"]])
    again = Verifier.load(members[1].path("model.keras"))
    pairs = load_dataset("lfwa", lfw_folder).test_pairs
    cache = open_cache(load_dataset("lfwa", lfw_folder), again.crop, again.image_size)
    np.testing.assert_allclose(
        again.score_pairs(cache, pairs), members[1].scores("test")["score"], atol=1e-5
    )
