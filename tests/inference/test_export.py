"""A network that left the project scores as it did here, in every runtime and without TensorFlow;
what is no exported network is refused in one sentence.
"""

import dataclasses
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import photographs
import pytest
from onnx import TensorProto, helper
from PIL import Image

from siamese_lib.__main__ import main
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.sample import sample_as_folder
from siamese_lib.inference import comparison, exporters
from siamese_lib.inference.portable import DESCRIPTION, PortableVerifier
from siamese_lib.inference.scorer import load_verifier
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model
from siamese_lib.utils.files import checksum

PROJECT = Path(__file__).parents[2]
MODELS = PROJECT / "models"
SMALL = ExperimentConfig(
    experiment="small", image_size=(40, 40), embedding_size=16, base_filters=16
)
KINDS = {
    "cosine, mirror images": {},
    "joint Bayesian": {"loss": "margin_softmax", "joint_bayesian": True, "monitor": "val_auc"},
    "eight symmetries": {
        "dataset": "omniglot",
        "symmetries": 8,
        "loss": "margin_softmax",
        "monitor": "val_auc",
    },
    "the paper's head": {"encoder": "koch", "image_size": (85, 85), "test_time_flip": False},
    "half precision": {"mixed_precision": "bfloat16"},
}


@pytest.fixture(scope="module")
def small_models(tmp_path_factory):
    """A model file of each kind, with random weights."""
    folder, files = tmp_path_factory.mktemp("small"), {}
    for number, (kind, changes) in enumerate(KINDS.items()):
        config = dataclasses.replace(SMALL, **changes)
        keras.utils.set_random_seed(number)
        if config.mixed_precision == "bfloat16":
            keras.config.set_dtype_policy("mixed_bfloat16")
        network = build_model(config)
        keras.config.set_dtype_policy("float32")
        for weight in network.weights:  # also of normalisation: folding has something to fold
            if "normalization" in weight.path and "variance" not in weight.path:
                weight.assign(weight + 0.1 * keras.random.normal(weight.shape, seed=number))
        names = ("encoder", "crop", "image_size", "test_time_flip", "mixed_precision", "dataset")
        values = config.to_dict()
        settings = {name: values[name] for name in names} | {"threshold": 0.5}
        files[kind] = folder / f"{number}.keras"
        Verifier(network, settings).save(files[kind])
    return files


@pytest.fixture(scope="module")
def exported(tmp_path_factory, small_models):
    """A small exported folder, shared: a test that changes files takes a copy."""
    folder = tmp_path_factory.mktemp("exported") / "small"
    exporters.export(small_models["joint Bayesian"], "onnx", folder)
    return folder


@pytest.fixture(scope="module")
def people_onnx(tmp_path_factory):
    """The published network for photos, as ONNX."""
    folder = tmp_path_factory.mktemp("exported") / "people"
    exporters.export(MODELS / "lfwa_people.keras", "onnx", folder)
    return folder


@pytest.mark.parametrize(
    ("kind", "runtime"),
    [
        *((kind, "onnx") for kind in KINDS),
        *itertools.product(("cosine, mirror images", "eight symmetries"), ("openvino", "litert")),
    ],
)
def test_scores_are_those_of_the_network_in_float32(small_models, kind, runtime, tmp_path):
    description = exporters.export(small_models[kind], runtime, tmp_path / "out")
    assert description["largest_difference"] <= 1e-4
    portable = load_verifier(tmp_path / "out")
    verifier = Verifier.load(small_models[kind], "float32")
    generator = np.random.default_rng(1)
    for count in (1, 70, 5):  # any number of images, also fewer than before
        images = generator.integers(0, 256, (count, *verifier.image_size, 1), dtype=np.uint8)
        embeddings = portable.embed(images)
        np.testing.assert_allclose(embeddings, verifier.embed(images), atol=1e-5)
    left, right = embeddings[:4], embeddings[1:]  # no pair of an image with itself
    np.testing.assert_allclose(portable.score(left, right), verifier.score(left, right), atol=1e-5)
    assert np.ptp(portable.score(left, right)) > 0


@pytest.mark.parametrize("name", ["lfwa_pairs_held_out", "omniglot_compact_held_out"])
def test_the_published_networks_can_be_exported(name, tmp_path):
    description = exporters.export(MODELS / f"{name}.keras", "onnx", tmp_path / name)
    assert description["largest_difference"] <= 1e-4
    assert description["part_of_the_encoder"]["symmetries"] == (8 if "omniglot" in name else 1)
    kept = json.loads((tmp_path / name / DESCRIPTION).read_text())["settings"]
    original = json.loads((MODELS / f"{name}.json").read_text())
    for key in ("crop", "image_size", "threshold", "experiment", "seed", "people"):
        assert kept[key] == original[key]
    assert kept["mixed_precision"] == "float32"


def test_an_export_that_scores_otherwise_is_not_kept(small_models, tmp_path, monkeypatch):
    monkeypatch.setattr(exporters, "largest_difference", lambda *_: 2e-4)
    with pytest.raises(ValueError, match=r"scores otherwise.*Received: a difference of 2\.0e-04"):
        exporters.export(small_models["half precision"], "onnx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_difference_is_that_of_both_networks(small_models, exported):
    portable = load_verifier(exported)
    same = Verifier.load(small_models["joint Bayesian"], "float32")
    other = Verifier.load(small_models["cosine, mirror images"], "float32")
    assert exporters.largest_difference(same, portable) < 1e-5
    assert exporters.largest_difference(other, portable) > 1e-3


def test_descriptors_alone_cannot_be_exported(tmp_path):
    config = dataclasses.replace(SMALL, encoder="lbp", image_size=(64, 64), joint_bayesian=True)
    settings = {"encoder": "lbp", "crop": None, "image_size": [64, 64], "test_time_flip": True}
    Verifier(build_model(config), settings | {"threshold": 0.5}).save(tmp_path / "lbp.keras")
    with pytest.raises(ValueError, match=r"descriptors .* cannot be exported"):
        exporters.export(tmp_path / "lbp.keras", "onnx", tmp_path / "out")


def test_an_export_replaces_an_earlier_one_and_nothing_else(small_models, exported, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(exported, folder)
    (folder / "head.onnx").write_bytes(b"damaged")
    exporters.export(small_models["joint Bayesian"], "onnx", folder)
    assert load_verifier(folder).image_size == (40, 40)
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("years of work")
    with pytest.raises(ValueError, match="something else already"):
        exporters.export(small_models["joint Bayesian"], "onnx", other)
    assert (other / "chapter.txt").read_text() == "years of work"


def test_an_export_keeps_what_somebody_put_into_its_folder(small_models, exported, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(exported, folder)
    (folder / "my notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"something else already.*with my notes\.txt$"):
        exporters.export(small_models["joint Bayesian"], "onnx", folder)
    assert (folder / "my notes.txt").read_text() == "mine"


def test_a_calibrated_copy_holds_the_network_alone(exported, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(exported, folder)
    (folder / "my photo.jpg").write_bytes(b"private")
    verifier = load_verifier(folder)
    verifier.with_settings(verifier.settings | {"threshold": 0.25}).save(tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        path.name for path in exported.iterdir()
    }
    assert load_verifier(tmp_path / "new").settings["threshold"] == 0.25


@pytest.mark.parametrize("place", ["inside", "", "pictures", "new.keras"])
def test_a_wrong_output_of_calibrate_is_refused_first(
    exported, place, tmp_path, monkeypatch, capsys
):
    model, pictures = tmp_path / "model", tmp_path / "pictures"
    shutil.copytree(exported, model)
    pictures.mkdir()
    (pictures / "a.jpg").write_bytes(b"no picture, and never opened")
    output = {"inside": model / "nest" / "new", "": "", "pictures": pictures}.get(
        place, tmp_path / place
    )
    monkeypatch.setattr(
        "siamese_lib.inference.load_verifier", lambda _: pytest.fail("it was opened")
    )
    command = ["calibrate", str(pictures), "--model", str(model), "--output", str(output)]
    assert main(command) == 2
    assert capsys.readouterr().err.count("Received: ") == 1
    assert (pictures / "a.jpg").exists()


def test_no_runtime_keeps_usage_statistics(exported, tmp_path):
    image = tmp_path / "face.png"
    Image.fromarray(np.arange(1600, dtype=np.uint8).reshape(40, 40)).save(image)
    home = tmp_path / "home"
    home.mkdir()
    command = ["verify", image, image, "--aligned", "--model", exported]
    kept = ("CI", "GITHUB_ACTIONS", "XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY")
    environment = {name: value for name, value in os.environ.items() if name not in kept}
    subprocess.run(
        [sys.executable, "-m", "siamese_lib", *map(str, command)],
        check=True,
        env=environment | {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(PROJECT)},
    )
    assert list(home.rglob("*")) == []


def test_one_embedding_is_not_repeated_for_many(exported):
    embeddings = np.ones((5, 16), np.float32)
    with pytest.raises(ValueError, match=r"Received: \(5, 16\) and \(1, 16\)"):
        load_verifier(exported).score(embeddings, embeddings[:1])


def damaged(folder):
    (folder / "encoder.onnx").write_bytes((folder / "encoder.onnx").read_bytes()[:-100])


def removed(folder):
    (folder / "head.onnx").unlink()


def without_description(folder):
    (folder / DESCRIPTION).unlink()


def described(folder, **changes):
    path = folder / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def replaced(folder, name, model):
    """Another network in the place of one, with its own checksum."""
    onnx.save(model, folder / name)
    files = json.loads((folder / DESCRIPTION).read_text())["files"]
    described(folder, files=files | {name: checksum(folder / name)})


def newer_opset(folder):
    model = onnx.load(folder / "head.onnx")
    model.opset_import[0].version = 999
    replaced(folder, "head.onnx", model)


def other_detector(folder):
    shutil.copyfile(folder / "head.onnx", folder / "output.onnx")
    replaced(folder, "output.onnx", onnx.load(folder / "head.onnx"))


def of_another_project(folder):
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    node = helper.make_node("Neg", ["x"], ["y"])
    graph = helper.make_graph([node], "other", sides[:1], sides[1:])
    opset = [helper.make_opsetid("", 17)]
    replaced(folder, "encoder.onnx", helper.make_model(graph, opset_imports=opset, ir_version=9))


def no_network(folder):
    (folder / "head.onnx").write_bytes(b"PK\x03\x04 not a graph")
    files = json.loads((folder / DESCRIPTION).read_text())["files"]
    described(folder, files=files | {"head.onnx": checksum(folder / "head.onnx")})


FAULTS = {
    "a damaged network": (damaged, "encoder.onnx is missing or damaged"),
    "a network was removed": (removed, "head.onnx is missing or damaged"),
    "no description": (without_description, f"a folder without {DESCRIPTION}"),
    "no JSON": (lambda folder: (folder / DESCRIPTION).write_text("{"), "is not a JSON file"),
    "a list": (lambda folder: (folder / DESCRIPTION).write_text("[]"), "of this version"),
    "another version": (lambda folder: described(folder, format="2"), "of this version"),
    "an unknown runtime": (lambda folder: described(folder, runtime="pickle"), "runtime 'pickle'"),
    "files as a list": (lambda folder: described(folder, files=["head.onnx"]), "of this version"),
    "a part of a detector": (
        lambda folder: described(
            folder,
            networks={name: f"{name}.onnx" for name in ("encoder", "head", "proposal")},
        ),
        "a part of a face detector",
    ),
    "a calibration without its numbers": (
        lambda folder: described(
            folder,
            settings=json.loads((folder / DESCRIPTION).read_text())["settings"]
            | {"calibration": {"date": "2026"}},
        ),
        "must hold",
    ),
    "files elsewhere": (
        lambda folder: described(folder, networks={"encoder": "../a.onnx", "head": "head.onnx"}),
        "files elsewhere",
    ),
    "settings are missing": (lambda folder: described(folder, settings={}), "must hold"),
    "a newer opset": (newer_opset, "install a newer onnxruntime"),
    "another project's network": (of_another_project, "does not hold the networks of this project"),
    "no network at all": (no_network, "cannot read"),
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_what_is_no_exported_network_is_refused_in_a_sentence(
    exported, fault, words, tmp_path, capsys
):
    folder = tmp_path / "model"
    shutil.copytree(exported, folder)
    fault(folder)
    image = tmp_path / "face.png"
    Image.new("L", (40, 40)).save(image)
    command = ["verify", str(image), str(image), "--aligned", "--model", str(folder)]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert words in error and "Received: " in error and error.count("\n") == 1


def test_a_missing_runtime_is_named(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match="needs the package onnxruntime: pip install onnxruntime"):
        load_verifier(exported)


# Runs a command in a process that refuses to import what a portable verifier does without.
WITHOUT = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise AssertionError(f"{name} was imported")
sys.meta_path.insert(0, Refused())
from siamese_lib.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
HEAVY = ("tensorflow", "keras", "mtcnn", "skimage", "matplotlib", "h5py")
NOT_FOR_SCORES = (*HEAVY, "pandas", "scipy", "sklearn")


def answer(command, refused):
    ended = subprocess.run(
        [sys.executable, "-c", f"REFUSED = {refused!r}\n{WITHOUT}", *map(str, command)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    photographs.astronaut().save(folder / "astronaut.png")
    photographs.composition().save(folder / "wide.jpg", quality=90)
    photographs.landscape().save(folder / "hill.jpg")
    return folder


def test_photographs_are_compared_without_tensorflow(people_onnx, photos):
    names = [photos / "astronaut.png", photos / "wide.jpg"]
    text = answer(["verify", *names, "--model", people_onnx], NOT_FOR_SCORES)
    verifier = Verifier.load(MODELS / "lfwa_people.keras", "float32")
    score, _ = comparison.compare(verifier, names)
    assert text.startswith(f"same person: score {score:.4f}")


def test_a_folder_is_ranked_without_tensorflow(people_onnx, photos):
    text = answer(["find", photos / "astronaut.png", photos, "--model", people_onnx], HEAVY)
    verifier = Verifier.load(MODELS / "lfwa_people.keras", "float32")
    ranking = comparison.rank_folder(verifier, photos / "astronaut.png", photos)
    assert "hill.jpg: no face was found" in text
    (row,) = ranking.rows
    assert re.search(rf"1 +wide.jpg +{row['score']:.4f} +same person", text)


def test_a_threshold_is_chosen_without_tensorflow(people_onnx, tmp_path):
    for face in sorted(sample_as_folder().glob("s[1-6]/[1-4].pgm")):  # in LFW-a's frame
        (tmp_path / "own" / face.parent.name).mkdir(parents=True, exist_ok=True)
        Image.open(face).resize((250, 250)).save(
            tmp_path / "own" / face.parent.name / f"{face.stem}.png"
        )
    command = ["calibrate", tmp_path / "own", "--aligned", "--output"]
    text = answer([*command, tmp_path / "new", "--model", people_onnx], HEAVY)
    with_keras = tmp_path / "new.keras"
    model = tmp_path / "float32.keras"
    Verifier.load(MODELS / "lfwa_people.keras", "float32").save(model)
    assert main([*map(str, command), str(with_keras), "--model", str(model)]) == 0
    new, other = load_verifier(tmp_path / "new"), load_verifier(with_keras)
    assert isinstance(new, PortableVerifier)
    assert new.settings["threshold"] == pytest.approx(other.settings["threshold"], abs=1e-4)
    assert new.settings["people"] == other.settings["people"]
    assert "set by calibrate on" in text and "set by calibrate on" in new.threshold_note


def test_without_a_detector_photographs_are_refused(exported, photos, tmp_path, capsys):
    names = [str(photos / "astronaut.png")] * 2
    folder = tmp_path / "model"
    shutil.copytree(exported, folder)
    settings = json.loads((folder / DESCRIPTION).read_text())["settings"]
    described(folder, settings=settings | {"align": True})
    assert main(["verify", *names, "--model", str(folder)]) == 2
    assert "has no face detector; export it as onnx where the package mtcnn" in (
        capsys.readouterr().err
    )


def test_another_network_in_the_place_of_the_detector_is_one_sentence(
    people_onnx, photos, tmp_path, capsys
):
    folder = tmp_path / "model"
    shutil.copytree(people_onnx, folder)
    other_detector(folder)
    names = [str(photos / "astronaut.png")] * 2
    assert main(["verify", *names, "--model", str(folder)]) == 2
    error = capsys.readouterr().err
    assert "does not hold the networks of this project" in error and error.count("\n") == 1


def test_the_readme_works_in_a_fresh_environment(people_onnx, tmp_path):
    text = (people_onnx / "README.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    folder = tmp_path / "deployed"
    shutil.copytree(people_onnx, folder)
    assert (folder / "verify.py").read_text() == program
    for name, number in (("left", 1), ("right", 7)):
        face = Image.open(sample_as_folder() / "s1" / f"{number}.pgm")
        face.resize((250, 250)).save(folder / f"{name}.png")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    packages = re.search(r"pip install (.*)", text)[1].split()
    subprocess.run(
        [python, "-m", "pip", "install", "-q", *packages, "-c", PROJECT / "constraints.txt"],
        check=True,
    )
    ended = subprocess.run(
        [python, "verify.py", "left.png", "right.png"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    listed = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True)
    assert "tensorflow" not in listed.stdout and "siamese" not in listed.stdout
    verifier = Verifier.load(MODELS / "lfwa_people.keras", "float32")
    score, _ = comparison.compare(
        verifier, [folder / "left.png", folder / "right.png"], aligned=True
    )
    word = "same" if score >= verifier.settings["threshold"] else "different"
    assert ended.stdout == f"{word}: score {score:.4f}\n"
