"""Final trainings: all training people are learnt from, and all that validation decides comes from
the run with people held out.
"""

import dataclasses
import shutil

import numpy as np
import pytest
import yaml

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.evaluation.metrics import accuracy_at, log_odds
from siamese_lib.inference.verifier import Verifier
from siamese_lib.training.fit import train
from siamese_lib.training.head import _line_through_means, calibrate_as_held_out
from siamese_lib.training.pipeline import TrainingData
from siamese_lib.training.run import SPLITS, Run
from tests import synthetic_omniglot
from tests.data.test_omniglot import TINY as OMNIGLOT
from tests.training.test_fit import PROTOCOLS, TINY

ALL_PROTOCOLS = pytest.mark.parametrize("protocol", PROTOCOLS)


def final(protocol, **values):
    return ExperimentConfig(
        experiment="tiny",
        **(TINY | PROTOCOLS[protocol] | {"final": True, "num_epochs": 2} | values),
    )


@pytest.fixture(scope="module", params=PROTOCOLS)
def runs(request, lfw_folder, tmp_path_factory):
    """The final run and the one with people held out."""
    run = train(final(request.param), lfw_folder, tmp_path_factory.mktemp("runs"), verbose=0)
    return run, Run(run.directory.parent.parent / "tiny_held_out" / "seed_0")


@ALL_PROTOCOLS
def test_it_learns_from_everybody_but_the_test_people(lfw_folder, protocol):
    dataset, config = load_dataset("lfwa", lfw_folder), final(protocol)
    splits, before = dataset.split(config), dataset.split(config.held_out)
    assert splits["validation"] == before["validation"] and splits["test"] == before["test"]
    shown = {face.person for column in dataset.sampler(config, splits).columns for face in column}
    assert splits["validation"].people <= shown and not shown & splits["test"].people
    if protocol != "people":
        assert splits["train"] == dataset.train_pairs
    assert splits["train"].people <= shown


def test_all_that_validation_decides_is_the_held_out_runs(runs):
    run, held_out = runs
    metrics, before = run.metrics, held_out.metrics
    assert metrics["held_out"] == "tiny_held_out/seed_0" and "held_out" not in before
    assert metrics["threshold"] == before["threshold"]
    for name in ("accuracy", "auc", "cross_entropy"):
        assert metrics["validation"][name] == pytest.approx(before["validation"][name])
    assert run.scores("validation").equals(held_out.scores("validation"))
    assert not any(name.startswith("val_") for name in run.history)
    assert run.validated.name == held_out.validated.name == held_out.name


def test_the_test_pairs_are_scored_by_the_final_network_at_that_threshold(runs):
    run, held_out = runs
    scores = run.scores("test")
    assert not np.allclose(scores["score"], held_out.scores("test")["score"])
    expected = accuracy_at(scores["score"], scores["label"], held_out.metrics["threshold"])
    assert run.metrics["test"]["accuracy"] == expected
    assert Verifier.of_run(run).settings["threshold"] == held_out.metrics["threshold"]


def test_its_model_knows_that_everybody_was_trained_on(runs, lfw_folder):
    run, _ = runs
    verifier, dataset = Verifier.of_run(run), load_dataset("lfwa", lfw_folder)
    known = verifier.known_people(dataset.train_pairs)
    assert known["train"].all() and not verifier.known_people(dataset.test_pairs)["train"].any()


@pytest.mark.parametrize("runs", ["people"], indirect=True)
def test_under_protocol_people_the_calibration_is_the_held_out_runs(runs):
    run, held_out = runs
    assert run.metrics["calibration"] == held_out.metrics["calibration"]
    kernel, bias = Verifier.of_run(run).head.layers[-1].get_weights()
    expected = Verifier.of_run(held_out).head.layers[-1].get_weights()
    assert np.allclose(kernel, expected[0]) and np.allclose(bias, expected[1])


def with_mild_scores(held_out, folder, calibration):
    """A copy of a held-out run with mild scores: those of a dozen pairs are beyond all bounds."""
    mild = Run(shutil.copytree(held_out.directory, folder))
    pairs = {split: mild.pairs(split) for split in SPLITS}
    scores = {split: 0.2 + 0.6 * np.array(pairs[split].labels) for split in SPLITS}
    scores["train"] += np.linspace(-0.1, 0.1, len(pairs["train"]))
    mild.write_scores(pairs, scores)
    metrics = {key: value for key, value in mild.metrics.items() if key != "calibration"}
    mild.write_json("metrics.json", metrics | calibration)
    return mild


@pytest.mark.parametrize(
    ("runs", "recorded"),
    [
        ("classes of pairs", {"calibration": {"slope": 1e-4, "intercept": 1}}),
        ("people", {}),  # as earlier versions left it
    ],
    indirect=["runs"],
)
def test_log_odds_of_training_pairs_get_the_held_out_means(runs, recorded, lfw_folder, tmp_path):
    run, held_out = runs
    mild = with_mild_scores(held_out, tmp_path / "mild", recorded)
    data, verifier = TrainingData.load(run.config, lfw_folder, mild), Verifier.of_run(run)
    slope = verifier.head.layers[-1].get_weights()[0].item()
    of_all = verifier.embed_faces(data.cache, data.pairs["train"].faces)
    calibration = calibrate_as_held_out(verifier, data, of_all)
    train_pairs = mild.pairs("train")
    embeddings = verifier.embed_faces(data.cache, train_pairs.faces)
    after = log_odds(verifier.score_embedded(train_pairs, embeddings))
    wanted, labels = log_odds(mild.scores("train")["score"]), np.array(train_pairs.labels)
    for label in (0, 1):
        mean = wanted[labels == label].mean()
        assert after[labels == label].mean() == pytest.approx(mean, abs=1e-3)
    assert not np.allclose(after, wanted, atol=0.01)
    changed = verifier.head.layers[-1].get_weights()[0].item()
    assert changed == pytest.approx(slope * calibration["slope"], rel=1e-4)


@pytest.mark.parametrize(
    ("values", "wanted", "line"),
    [
        ([3.0, 5.0, -1.0, -3.0], [7.0, 9.0, -4.0, -4.0], (2.0, 0.0)),
        ([3.0, 3.0, 1.0, 1.0], [5.0, 5.0, -5.0, -5.0], (5.0, -10.0)),
        ([-1.0, -1.0, 1.0, 1.0], [5.0, 5.0, -5.0, -5.0], (1.0, 0.0)),  # never reversed
    ],
)
def test_a_line_maps_the_means_of_both_classes(values, wanted, line):
    found = _line_through_means(np.array(values), np.array(wanted), [1, 1, 0, 0])
    assert found == pytest.approx(line)


def test_a_held_out_run_of_other_data_is_refused(lfw_folder, lfw_copy, tmp_path):
    config = final("people", num_epochs=1)
    train(config.held_out, lfw_folder, tmp_path, verbose=0)
    stranger = lfw_copy / "lfw2" / "Zed_Example"
    stranger.mkdir()
    for number, path in enumerate(sorted(lfw_copy.glob("lfw2/Ada_Example/*")), start=1):
        shutil.copy(path, stranger / f"Zed_Example_{number:04d}.jpg")
    (lfw_copy / "peopleDevTrain.txt").unlink()  # then everybody else is trained on
    with pytest.raises(ValueError, match=r"made with other data.*Received: .*tiny_held_out"):
        train(config, lfw_copy, tmp_path, verbose=0)


def test_early_stopping_needs_people_held_out():
    with pytest.raises(ValueError, match=r"nobody is held out who could stop it.*patience 2"):
        final("people", early_stopping_patience=2)


def test_the_held_out_run_keeps_its_best_epoch_and_the_final_one_its_last():
    config = final("people", restore_best_weights=True)
    assert config.held_out.keeps_best_weights and not config.keeps_best_weights


def test_the_held_out_run_of_a_variant_is_one_of_the_same_variant():
    config = dataclasses.replace(final("people"), variant="crop=(40,210,50,200),final=True")
    assert config.held_out.experiment == "tiny_held_out"
    assert config.held_out.variant == "crop=(40,210,50,200)" and not config.held_out.final


def test_one_shot_trials_of_validation_alphabets_are_the_held_out_runs(tmp_path):
    synthetic_omniglot.write_drawings(tmp_path / "omniglot")
    values = {"final": True, "restore_best_weights": True, "num_epochs": 1}
    config = dataclasses.replace(OMNIGLOT, **values)
    run = train(config, tmp_path / "omniglot", tmp_path / "runs", verbose=0)
    held_out = Run(tmp_path / "runs" / run.metrics["held_out"])
    assert run.trials("validation").equals(held_out.trials("validation"))
    assert run.metrics["oneshot"]["validation"] == held_out.metrics["oneshot"]["validation"]
    assert not run.trials("test").equals(held_out.trials("test"))


def test_a_final_ensemble_decides_as_that_of_its_members_with_people_held_out(lfw_folder, tmp_path):
    network = TINY | PROTOCOLS["people"] | {"final": True, "num_epochs": 1}
    files = {
        "network": network,
        "patterns": network | {"encoder": "lpq", "joint_bayesian": True, "embedding_size": 6},
        "both": {
            "dataset": "lfwa",
            "protocol": "people",
            "encoder": "ensemble",
            "members": ["network", "patterns"],
            "final": True,
        },
    }
    for name, values in files.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
    config = ExperimentConfig.from_yaml(tmp_path / "both.yaml")
    run = train(config, lfw_folder, tmp_path / "runs", verbose=0)
    held_out = Run(tmp_path / "runs" / run.metrics["held_out"])
    assert held_out.name == "both_held_out/seed_0"
    assert run.metrics["threshold"] == held_out.metrics["threshold"]
    weights = (list(each.metrics["weights"].values()) for each in (run, held_out))
    assert np.allclose(*weights)
    assert run.scores("validation").equals(held_out.scores("validation"))
    assert not np.allclose(run.scores("test")["score"], held_out.scores("test")["score"])
    assert {each.name for each in run.networks()} == {"network/seed_0", "patterns/seed_0"}
