"""The measurements of the alignment, on aligned images, for which the results are known."""

import itertools
import json

import numpy as np
import pytest
import synthetic_lfw

from benchmarks import alignment
from siamese_lib.config import ExperimentConfig
from siamese_lib.data import photos
from siamese_lib.data.load import load_dataset
from siamese_lib.data.sample import SampleSource
from siamese_lib.inference.scorer import hashed_people
from siamese_lib.inference.verifier import Verifier
from siamese_lib.utils import machine
from siamese_lib.utils.files import read_json

METRICS = {"accuracy": 0.5, "accuracy_interval": [0.4, 0.6], "auc": 0.5}
RESULTS = machine.project_root() / "results" / "lfwa" / "alignment.json"
MODEL = str(machine.project_root() / "models" / "lfwa_people.keras")


@pytest.fixture(scope="module")
def verifier():
    return Verifier.load(MODEL)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Faces of the sample in LFW-a's frame, under LFW's names and lists."""
    folder, source = tmp_path_factory.mktemp("aligned"), SampleSource()
    people = synthetic_lfw.TRAIN_PEOPLE + synthetic_lfw.TEST_PEOPLE

    def sample_face(person, number):
        name = f"s{people.index(person) + 1}"
        return photos.find_face(source.read(f"{name}/{name}_{number:04d}.pgm"), name).image

    synthetic_lfw.write_images(folder / "lfw2", sample_face)
    synthetic_lfw.write_lists(folder)
    return load_dataset("lfwa", folder)


def test_the_measured_frame_is_the_frame_of_the_alignment(dataset):
    frame = alignment.measure_frame(dataset)
    assert frame["num_images"] == len(synthetic_lfw.TRAIN_PEOPLE) and frame["num_without_face"] == 0
    for eye, expected in zip(("left_eye", "right_eye"), photos.FRAME_EYES):
        np.testing.assert_allclose(frame["landmarks"][eye]["median"], expected, atol=1.5)
        assert max(frame["landmarks"][eye]["spread"]) < 3
    assert (
        frame["landmarks"]["mouth_left"]["median"][1]
        > frame["landmarks"]["nose"]["median"][1]
        > photos.FRAME_EYES[0][1]
    )


def test_the_frame_is_measured_on_training_people_alone(dataset, monkeypatch):
    read = []
    image = alignment._image
    monkeypatch.setattr(
        alignment, "_image", lambda data, face: (read.append(face.person), image(data, face))[1]
    )
    alignment.measure_frame(dataset)
    assert set(read) == set(synthetic_lfw.TRAIN_PEOPLE) and len(read) == len(set(read))


def test_without_any_face_the_frame_is_not_measured(lfw_folder):
    with pytest.raises(photos.NoFace, match=r"no face was found in any of.*Received: 10 images"):
        alignment.measure_frame(load_dataset("lfwa", lfw_folder))


@pytest.mark.parametrize("draw", [0.0, 0.1, 0.3, 0.7, 0.95])
def test_an_error_has_its_kind_and_its_amount(draw):
    center = np.array(alignment.EYES_CENTER)
    shift = alignment.alignment_error("shift", 7, draw)
    assert np.hypot(*(shift(center)[0] - center)) == pytest.approx(7)
    assert shift.scale == pytest.approx(1)
    turn = alignment.alignment_error("rotation", 12, draw)
    assert abs(np.degrees(turn.rotation)) == pytest.approx(12) and turn.scale == pytest.approx(1)
    growth = alignment.alignment_error("scale", 25, draw)
    assert growth.scale in (pytest.approx(1.25), pytest.approx(0.8))
    assert growth.rotation == pytest.approx(0)
    for about_the_eyes in (turn, growth):
        np.testing.assert_allclose(about_the_eyes(center)[0], center)


def test_errors_go_both_ways():
    turns = [
        np.degrees(alignment.alignment_error("rotation", 12, draw).rotation) for draw in (0.2, 0.8)
    ]
    assert turns == pytest.approx([12, -12])


def test_an_error_lowers_the_score_of_the_same_person(verifier, dataset):
    errors = {"shift": (0, 25), "rotation": (0, 40), "scale": (0, 60)}
    rows = alignment.score_under_error(verifier, dataset, dataset.train_pairs, errors)
    assert [(row["kind"], row["amount"]) for row in rows] == list(
        itertools.chain(
            *([(kind, amount) for amount in amounts] for kind, amounts in errors.items())
        )
    )
    for exact, wrong in zip(rows[::2], rows[1::2]):
        assert exact["same"]["mean"] > wrong["same"]["mean"] + 0.1, wrong["kind"]
    # With amount 0 all kinds are equal: the scores of the unchanged images.
    keys = ("accuracy", "auc", "same", "different")
    assert len({json.dumps({key: row[key] for key in keys}) for row in rows[::2]}) == 1


def test_simulated_photos_are_aligned_to_the_frame_again(verifier, dataset):
    measured = alignment.score_of_photos(verifier, dataset, dataset.test_pairs)
    assert (
        measured["num_images"] == len(dataset.test_pairs.faces)
        and measured["num_without_face"] <= 1
    )
    assert measured["distance_median"] < 3
    assert abs(measured["photographs"]["same"]["mean"] - measured["lfwa"]["same"]["mean"]) < 0.2


@pytest.fixture
def with_people_held_out(verifier, monkeypatch):
    """The network as one of a run that held the people of its validation pairs out."""
    config = verifier.settings["config"] | {"final": False, "validation_fraction": 0.4}
    monkeypatch.setattr(verifier, "settings", verifier.settings | {"config": config, "people": {}})
    return ExperimentConfig.from_dict(config)


def test_everything_is_measured_on_validation_people(
    verifier, with_people_held_out, dataset, monkeypatch
):
    scored = []
    monkeypatch.setattr(alignment, "ERRORS", {"shift": (0,)})
    monkeypatch.setattr(
        alignment, "verification_metrics", lambda pairs, *_: (scored.append(pairs), METRICS)[1]
    )
    measured = alignment.measure(verifier, dataset)
    assert (
        set(scored) == {dataset.split(with_people_held_out)["validation"]}
        and not scored[0].people & dataset.test_pairs.people
    )
    assert measured["model"] == "lfwa_people" and measured["num_pairs"] == len(scored[0])
    json.dumps(measured, allow_nan=False)


def test_people_that_the_network_has_learnt_from_are_not_scored(verifier, dataset):
    with pytest.raises(ValueError, match=r"has learnt from the people.*Received: lfwa_people$"):
        alignment.measure(verifier, dataset)


@pytest.mark.parametrize("change", [{"dataset": "omniglot"}, None], ids=["other data", "no config"])
def test_a_network_of_other_data_is_refused(verifier, dataset, with_people_held_out, change):
    if change:
        verifier.settings["config"] |= change
    else:
        del verifier.settings["config"]
    with pytest.raises(ValueError, match=r"or from other data.*Received: lfwa_people$"):
        alignment.measure(verifier, dataset)


def test_a_network_that_knows_one_of_the_people_is_noticed(verifier, with_people_held_out, dataset):
    pairs = dataset.split(with_people_held_out)["validation"]
    known = hashed_people({sorted(pairs.people)[0]})
    verifier.settings["people"] = {"train": known, "validation": ""}
    with pytest.raises(ValueError, match="has learnt from the people"):
        alignment.measure(verifier, dataset)


def test_the_eyes_of_the_frame_are_the_measured_ones():
    landmarks = read_json(RESULTS)["frame"]["landmarks"]
    assert [tuple(landmarks[eye]["median"]) for eye in ("left_eye", "right_eye")] == list(
        photos.FRAME_EYES
    )


def test_the_command_writes_the_measurements(lfw_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        alignment,
        "measure",
        lambda verifier, dataset: {"model": verifier.settings["experiment"]},
    )
    arguments = ["--data-root", str(lfw_folder), "--results", str(tmp_path), "--model", MODEL]
    assert alignment.main(arguments) == 0
    written = read_json(tmp_path / "alignment.json")
    assert written["model"] == "lfwa_people" and {"date", "packages"} <= set(written["versions"])
    assert str(tmp_path / "alignment.json") in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--data-root", "nowhere", "--model", MODEL], ["--model", "nowhere.keras"]],
    ids=["no data", "no model"],
)
def test_unusable_input_is_one_sentence_and_exit_code_two(arguments, lfw_folder, capsys):
    assert alignment.main(["--data-root", str(lfw_folder), *arguments]) == 2
    printed = capsys.readouterr().err.strip()
    assert printed.startswith("siamese_lib: ") and "\n" not in printed and "Received: " in printed
