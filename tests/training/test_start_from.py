"""Training on a folder of own pictures, from nothing and from a model file."""

from dataclasses import replace

import numpy as np
import pytest
import small_own
from drawn import write_people

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.pair_lists import read_pairs
from siamese_lib.inference.verifier import Verifier
from siamese_lib.training.fit import train
from siamese_lib.utils.files import read_json

OWN = ExperimentConfig.from_dict({"experiment": "own", **small_own.OWN})
PEOPLE = [f"P{number}" for number in range(20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_people(tmp_path_factory.mktemp("own"), PEOPLE, count=3)


@pytest.fixture(scope="module")
def first(folder, tmp_path_factory):
    """A run from nothing."""
    return train(OWN, folder, tmp_path_factory.mktemp("runs"), verbose=0)


def test_the_drawn_lists_lie_beside_the_run(first):
    assert read_pairs(first.path("pairsDevTest.txt")) == first.pairs("test")
    listed = read_pairs(first.path("pairsDevTrain.txt"))
    assert listed.people == first.pairs("train").people | first.pairs("validation").people


def test_a_run_of_other_pictures_is_not_taken_for_this_one(first, folder, tmp_path):
    again = train(OWN, folder, first.directory.parents[1], verbose=0)
    assert again.directory == first.directory
    write_people(tmp_path, [f"Q{number}" for number in range(20)], count=3)
    with pytest.raises(ValueError, match=r"trained on other pictures or lists.*Received: .*"):
        train(OWN, tmp_path, first.directory.parents[1], verbose=0)


@pytest.fixture(scope="module")
def second(first, folder, tmp_path_factory):
    """A run that continues from the first, on other people, in steps that change nothing."""
    config = replace(
        OWN, start_from=str(first.path("model.keras")), learning_rate=1e-9, test_seed=1, seed=1
    )
    return train(config, folder, tmp_path_factory.mktemp("runs"), verbose=0)


def test_training_starts_from_the_weights_of_the_model(first, second):
    before, after = (Verifier.of_run(run) for run in (first, second))
    image = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 1)).astype(np.float32)
    for old, new in zip(before.encoder.trainable_weights, after.encoder.trainable_weights):
        np.testing.assert_allclose(old, new, atol=1e-6)
    kernels = [each.head.get_layer("joint_bayesian").get_weights() for each in (before, after)]
    for old, new in zip(*kernels):
        np.testing.assert_array_equal(old, new)
    assert before.embed(image).shape == after.embed(image).shape


def test_results_say_what_the_network_had_learnt_from(first, second):
    origin = second.metrics["start_from"]
    assert origin["dataset"] == "folder" and origin["experiment"] == "own"
    assert origin["model"] == "model.keras" and len(origin["sha256"]) == 64
    assert "start_from" not in first.metrics
    settings = read_json(second.path("model.json"))
    assert settings["start_from"] == origin
    # The people of the first training are known, even where the second never saw them.
    known = Verifier.of_run(second).known_people(first.pairs("train"))
    assert known["train"].all()


def test_another_architecture_is_refused(first, folder, tmp_path):
    config = replace(OWN, start_from=str(first.path("model.keras")), embedding_size=12)
    with pytest.raises(ValueError, match=r"needs the same encoder.*parameters instead of"):
        train(config, folder, tmp_path, verbose=0)


def test_start_from_is_for_networks():
    with pytest.raises(ValueError, match=r"start_from is for a network.*Received: encoder lbp"):
        replace(OWN, encoder="lbp", start_from="model.keras")
