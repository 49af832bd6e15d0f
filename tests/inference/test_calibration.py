"""The threshold for a user's own people: chosen on them, measured on others of them."""

import numpy as np
import pytest
from drawn import write_people

from siamese_lib.__main__ import main
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.data.pictures import locate_pictures
from siamese_lib.inference.calibration import (
    SHARE_OF_OTHERS,
    all_pairs,
    calibrate,
    calibrated_verifier,
    people_needed,
)
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    people = [f"P{number}" for number in range(40)]
    return locate_pictures(write_people(tmp_path_factory.mktemp("own"), people, count=4))


class Scoring:
    """A verifier that draws its scores: log-odds around the class's mean."""

    crop, image_size = "letterbox", (32, 32)

    def __init__(self, mean_same, mean_different):
        self.means = np.array([mean_different, mean_same])
        self.settings = {"threshold": 0.5}

    def score_pairs(self, cache, pairs):
        noise = np.random.default_rng(0).normal(size=len(pairs))
        return 1 / (1 + np.exp(-(self.means[pairs.labels] + noise)))


def test_a_threshold_that_does_not_fit_these_people_is_replaced_by_one_that_does(pictures):
    calibration = calibrate(Scoring(7.0, 3.0), pictures)
    before, after = calibration.rows["before"], calibration.rows["after"]
    assert before["accuracy"] < 0.55 and before["false_accept_rate"] > 0.95
    # Two normal distributions whose means are four standard deviations apart.
    assert after["accuracy"] == pytest.approx(0.977, abs=0.015)
    assert after["accuracy_interval"][0] < 0.977 < after["accuracy_interval"][1]
    assert before["auc"] == after["auc"] == pytest.approx(0.998, abs=0.002)
    assert np.log(calibration.threshold / (1 - calibration.threshold)) == pytest.approx(5, abs=0.3)
    assert calibration.record["num_people"] == 40 and calibration.record["num_same"] == 240


def test_scores_that_say_nothing_are_measured_as_such(pictures):
    after = calibrate(Scoring(0.0, 0.0), pictures).rows["after"]
    assert after["accuracy"] == pytest.approx(0.5, abs=0.06)


def test_the_false_accept_rate_is_that_which_was_asked_for(pictures):
    after = calibrate(Scoring(2.0, -2.0), pictures, far=0.05).rows["after"]
    assert after["false_accept_rate"] == pytest.approx(0.05, abs=0.01)
    strict = calibrate(Scoring(2.0, -2.0), pictures, far=0.01).rows["after"]
    assert strict["threshold"] > after["threshold"]
    assert strict["true_accept_rate"] < after["true_accept_rate"]


@pytest.mark.parametrize("far", [0.1, 0.03, 0.01, 0.001])
def test_as_many_people_are_needed_as_show_the_rate_without_those_of_two_blocks(far):
    def others(count):
        return int(SHARE_OF_OTHERS * count)

    needed = people_needed(far)
    assert others(needed) * (others(needed) - 1) / 2 >= 1 / far
    assert others(needed - 1) * (others(needed - 1) - 1) / 2 < 1 / far or needed == 3


def test_too_few_people_for_a_rate_are_an_error_with_the_number_that_would_do(pictures):
    with pytest.raises(ValueError, match=rf"{people_needed(1e-4)} people are needed.*: 40 people"):
        calibrate(Scoring(2.0, -2.0), pictures, far=1e-4)


def test_all_pairs_are_taken_once_and_very_many_are_sampled():
    faces = [Face(f"P{person:04d}", number) for person in range(6) for number in (1, 2, 3)]
    pairs = all_pairs(faces)
    assert len(pairs) == len(set(pairs)) == 18 * 17 // 2
    assert sum(pairs.labels) == 6 * 3
    assert all((left.person == right.person) == label for left, right, label in pairs)
    many = [Face(f"P{person:04d}", number) for person in range(700) for number in (1, 2, 3)]
    sampled = all_pairs(many)
    assert len(set(sampled)) == len(sampled)
    assert sum(sampled.labels) == 2_000 and len(sampled) == 12_000


def test_two_people_with_two_pictures_each_are_needed(tmp_path):
    write_people(tmp_path, ["Ada"], 3)
    write_people(tmp_path, ["Ben"], 1)
    with pytest.raises(ValueError, match=r"two people.*Received: 2 people with 3, 1 pictures"):
        calibrate(Scoring(2.0, -2.0), locate_pictures(tmp_path))


def test_a_calibrated_network_carries_its_threshold_its_origin_and_the_people(pictures, tmp_path):
    config = ExperimentConfig(
        experiment="tiny", image_size=(32, 32), embedding_size=8, base_filters=16
    )
    settings = {"crop": None, "image_size": [32, 32], "test_time_flip": False, "threshold": 0.5}
    verifier = Verifier(build_model(config), settings | {"dataset": "lfwa"})
    assert verifier.threshold_note == "threshold 0.5000, set on validation pairs of lfwa"
    calibration = calibrate(Scoring(7.0, 3.0), pictures, far=0.05)
    calibrated_verifier(verifier, calibration, ["P1", "P2"]).save(tmp_path / "mine.keras")
    mine = Verifier.load(tmp_path / "mine.keras")
    assert mine.settings["threshold"] == calibration.threshold
    assert "240 same" in mine.threshold_note and "rate of 0.05" in mine.threshold_note
    assert verifier.settings["threshold"] == 0.5
    pairs = PairList((Pair(Face("P1", 1), Face("P3", 1), 0), Pair(Face("P4", 1), Face("P4", 2), 1)))
    assert mine.known_people(pairs)["validation"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--output", "mine.keras"], "no such folder or archive"),
        ([".", "--output", "mine.h5"], "NAME.keras"),
        ([".", "--output", "mine.keras", "--far", "2"], "between 0 and 1"),
        ([".", "--output", "mine.keras", "--model", "other.keras"], "no such model file or folder"),
        ([".", "--output", "mine.keras"], "subfolders, one for each person"),
    ],
)
def test_wrong_input_of_calibrate_is_one_sentence(
    tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert main(["calibrate", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and "Received: " in error
    assert not list(tmp_path.iterdir())
