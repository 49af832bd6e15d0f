"""What own people are worth: calibration against training, on people who are only tested."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from small_own import OWN

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.experiments import own_people
from siamese_lib.inference.verifier import Verifier
from siamese_lib.training.fit import train
from siamese_lib.training.run import Run
from siamese_lib.utils.files import checksum, read_json
from siamese_lib.utils.machine import project_root


@pytest.fixture(scope="module")
def folder(lfw_folder):
    """Drawn faces of 14 people."""
    return lfw_folder / "lfw2"


@pytest.fixture(scope="module")
def experiment(folder, tmp_path_factory):
    """The YAML file of a training from a network, beside that from nothing."""
    place = tmp_path_factory.mktemp("experiments")
    first = train(ExperimentConfig.from_dict({"experiment": "first", **OWN}), folder, place, 0)
    start_from = str(first.path("model.keras"))
    texts = {
        "own": OWN | {"start_from": start_from, "compare_with": "alone"},
        "alone": OWN | {"compare_with": "own"},
    }
    for name, values in texts.items():
        (place / f"{name}.yaml").write_text(yaml.safe_dump(values))
    return place / "own.yaml"


@pytest.fixture(scope="module")
def curve(experiment, folder, tmp_path_factory):
    runs_dir = tmp_path_factory.mktemp("runs")
    rows = own_people.people_curve(experiment, folder, runs_dir, (2, 4, 64), seeds=(0,))
    return rows, runs_dir


@pytest.mark.training
def test_training_is_compared_from_four_people_on(curve):
    assert [(row["method"], row["people"]) for row in curve[0]] == [
        (own_people.PUBLISHED, 2),
        (own_people.CALIBRATION, 2),
        (own_people.PUBLISHED, 4),
        (own_people.CALIBRATION, 4),
        (own_people.FROM_NETWORK, 4),
        (own_people.FROM_NOTHING, 4),
    ]


@pytest.mark.training
def test_the_first_row_is_the_network_at_its_own_threshold(curve, experiment, folder):
    config = ExperimentConfig.from_yaml(experiment)
    verifier, dataset = Verifier.load(config.start_from), load_dataset(config, folder)
    cache = open_cache(dataset, verifier.crop, verifier.image_size)
    scores = verifier.score_pairs(cache, dataset.test_pairs)
    decisions = scores >= verifier.settings["threshold"]
    expected = np.mean(decisions == np.array(dataset.test_pairs.labels))
    assert curve[0][0]["accuracy"] == curve[0][2]["accuracy"] == pytest.approx(expected)
    assert curve[0][0]["of_seeds"] == [pytest.approx(expected)]


@pytest.mark.training
def test_a_training_learns_from_so_many_people_alone(curve, experiment, folder):
    runs = [Run(path.parent) for path in curve[1].glob("*/seed_0/DONE")]
    assert {run.config.experiment for run in runs} == {"own", "alone"} and len(runs) == 2
    tested = load_dataset(ExperimentConfig.from_yaml(experiment), folder).test_pairs.people
    for run in runs:
        train_people, validation = (run.pairs(split).people for split in ("train", "validation"))
        assert len(train_people) == len(validation) == 2
        assert not (train_people | validation) & tested and not train_people & validation


@pytest.mark.training
def test_the_file_has_the_rows_and_names_the_network(curve, experiment):
    written = read_json(curve[1] / "own_people.json")
    assert written["rows"] == curve[0] and written["seeds"] == [0]
    network = ExperimentConfig.from_yaml(experiment).start_from
    assert written["start_from"]["sha256"] == checksum(Path(network))


def test_the_committed_curve_is_that_of_the_published_network():
    root = project_root()
    written = read_json(root / "results" / "own_people.json")
    config = ExperimentConfig.from_yaml(root / "experiments" / "own_pictures.yaml")
    assert written["start_from"]["sha256"] == checksum(root / config.start_from)
