"""The committed models: small, loadable, with the threshold and the numbers of the runs that they
come from.
"""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from siamese_lib.__main__ import main
from siamese_lib.inference.model_file import NEW_ARGUMENTS
from siamese_lib.training.run import Run

PROJECT = Path(__file__).parents[2]
MODELS = sorted((PROJECT / "models").glob("*.keras"))


def settings_of(model):
    return json.loads(model.with_suffix(".json").read_text())


def run_of(model):
    settings = settings_of(model)
    return Run.existing(
        PROJECT
        / "results"
        / settings["dataset"]
        / settings["experiment"]
        / f"seed_{settings['seed']}"
    )


@pytest.fixture(scope="module", params=MODELS, ids=lambda path: path.stem)
def model(request):
    return request.param


def test_the_network_that_verify_uses_is_there():
    assert PROJECT / "models" / "lfwa_people.keras" in MODELS


def test_a_model_is_small_and_carries_the_threshold_of_its_run(model):
    assert model.stat().st_size <= 16 * 2**20
    settings, run = settings_of(model), run_of(model)
    assert settings["threshold"] == run.metrics["threshold"]
    values = run.config.to_dict()
    assert (settings["crop"], settings["image_size"]) == (values["crop"], values["image_size"])
    assert model.stem == run.config.experiment


def test_colabs_keras_opens_a_model(model):
    with zipfile.ZipFile(model) as archive:
        config = archive.read("config.json").decode()
    assert not [name for name in NEW_ARGUMENTS if f'"{name}"' in config]


def test_verify_needs_no_more_than_two_aligned_images(tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (2, 250, 250), dtype=np.uint8)
    for name, image in zip("ab", noise):
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    assert main(["verify", str(tmp_path / "a.png"), str(tmp_path / "a.png"), "--aligned"]) == 0
    assert capsys.readouterr().out.startswith("same person")
    assert main(["verify", str(tmp_path / "a.png"), str(tmp_path / "b.png"), "--aligned"]) == 0
    assert "score" in capsys.readouterr().out


@pytest.mark.parametrize(
    "model",
    [path for path in MODELS if settings_of(path)["dataset"] == "lfwa"],
    ids=lambda path: path.stem,
)
def test_a_model_scores_the_test_pairs_as_its_run_did(model, lfwa_root, tmp_path):
    pairs = lfwa_root / "pairsDevTest.txt"
    command = [
        "evaluate",
        "--model",
        str(model),
        "--pairs",
        str(pairs),
        "--data-root",
        str(lfwa_root),
        "--json",
        str(tmp_path / "n.json"),
    ]
    assert main(command) == 0
    numbers, metrics = json.loads((tmp_path / "n.json").read_text()), run_of(model).metrics["test"]
    assert abs(numbers["accuracy"] - metrics["accuracy"]) <= 0.003
    assert abs(numbers["auc"] - metrics["auc"]) <= 0.002
