"""A trained network at work: the saved file in a fresh process, and files that are no model."""

import dataclasses
import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation.metrics import platt_scaling
from siamese_lib.inference.model_file import NEW_ARGUMENTS
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model
from siamese_lib.training.head import calibrate

SETTINGS = {"crop": None, "image_size": [40, 36], "test_time_flip": True, "threshold": 0.5}
FACES = [Face(person, number) for person in ("Ada", "Ben") for number in (1, 2)]
PAIRS = PairList(
    (Pair(FACES[0], FACES[1], 1), Pair(FACES[0], FACES[2], 0), Pair(FACES[2], FACES[3], 1))
)


CONFIG = ExperimentConfig(
    experiment="test", image_size=(40, 36), embedding_size=16, base_filters=16
)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    return build_model(CONFIG)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (len(FACES), 40, 36, 1), dtype=np.uint8)


def test_a_pair_list_is_scored_as_the_network_itself_would(network, images):
    verifier = Verifier(network, SETTINGS | {"test_time_flip": False})
    scores = verifier.score_pairs(FaceCache(images, FACES), PAIRS)
    expected = network.predict(
        [images[[0, 0, 2]].astype(float), images[[1, 2, 3]].astype(float)], verbose=0
    )[:, 0]
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_each_image_is_read_and_so_embedded_once(network, images):
    read = []

    class Watched(FaceCache):
        def __getitem__(self, faces):
            read.extend(faces)
            return super().__getitem__(faces)

    Verifier(network, SETTINGS).score_pairs(Watched(images, FACES), PAIRS)
    assert sorted(read) == sorted(FACES)


def test_mirror_averaging_makes_a_image_and_its_mirror_image_alike(network, images):
    verifier = Verifier(network, SETTINGS)
    np.testing.assert_allclose(
        verifier.embed(images), verifier.embed(images[:, :, ::-1]), atol=1e-5
    )


@pytest.mark.parametrize("count, joint_bayesian", [(4, False), (8, True)])
def test_a_network_of_symmetries_compares_all_those_of_two_images(count, joint_bayesian):
    settings = dict(
        image_size=(40, 40),
        loss="margin_softmax",
        protocol="people",
        monitor="val_auc",
        symmetries=count,
    )
    config = dataclasses.replace(CONFIG, **settings, joint_bayesian=joint_bayesian)
    whole = build_model(config)
    verifier = Verifier(whole, SETTINGS | {"image_size": [40, 40], "test_time_flip": False})
    left, right = np.random.default_rng(0).integers(0, 256, (2, 3, 40, 40, 1)).astype(np.float32)
    embeddings, turned = verifier.embed(left), verifier.embed(np.rot90(left, axes=(1, 2)))
    assert embeddings.shape == (3, count * config.embedding_size)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    size = config.embedding_size
    np.testing.assert_allclose(
        turned[:, : 4 * size], np.roll(embeddings[:, : 4 * size], -size, axis=1), atol=1e-5
    )
    scores = verifier.score(embeddings, verifier.embed(right))
    np.testing.assert_allclose(scores, whole.predict([left, right], verbose=0)[:, 0], atol=1e-5)
    upright = build_model(dataclasses.replace(config, symmetries=1), whole.get_layer("encoder"))
    assert Verifier(upright, SETTINGS).embed(left).shape == (3, config.embedding_size)


def test_more_images_than_a_batch_keep_their_order(network):
    many = np.random.default_rng(1).integers(0, 256, (150, 40, 36, 1), dtype=np.uint8)
    verifier = Verifier(network, SETTINGS)
    np.testing.assert_allclose(
        verifier.embed(many)[[0, 70, 149]], verifier.embed(many[[0, 70, 149]]), atol=1e-5
    )


def test_a_saved_model_gives_the_same_scores_in_a_fresh_process(network, images, tmp_path):
    verifier = Verifier(network, SETTINGS)
    verifier.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    code = (
        "import sys, numpy; from siamese_lib.inference.verifier import Verifier; "
        "folder = sys.argv[1]; "
        "v = Verifier.load(folder + '/model.keras'); "
        "e = v.embed(numpy.load(folder + '/images.npy')); "
        "print(v.settings['threshold'], *v.score(e[:2], e[2:]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    embeddings = verifier.embed(images)
    np.testing.assert_allclose(
        [float(word) for word in answer.stdout.split()],
        [0.5, *verifier.score(embeddings[:2], embeddings[2:])],
        atol=1e-5,
    )


@pytest.fixture
def embedded_pairs():
    """Embeddings of both sides, `(400, 16)` each, and labels that go with their likeness, but not
    always.
    """
    generator = np.random.default_rng(0)
    left, other = (
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        for vectors in generator.normal(size=(2, 400, 16))
    )
    labels = generator.integers(0, 2, 400)
    right = left * (labels * 0.5 + generator.uniform(0, 1, 400))[:, np.newaxis] + other
    return left.astype(np.float32), right.astype(np.float32), labels


def uncalibrated(network):
    """A verifier with the network's encoder and an untrained head of its own."""
    return Verifier(build_model(CONFIG, network.get_layer("encoder")), dict(SETTINGS))


def test_calibration_makes_scores_probabilities(network, embedded_pairs):
    left, right, labels = embedded_pairs
    verifier = uncalibrated(network)
    before = verifier.score(left, right)
    assert abs(before.mean() - labels.mean()) > 0.1
    calibrate(verifier, before, labels)
    after = verifier.score(left, right)
    assert after.mean() == pytest.approx(labels.mean(), abs=1e-3)
    assert platt_scaling(after, labels) == pytest.approx((1.0, 0.0), abs=0.02)
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        chosen = (after >= low) & (after < high)
        assert labels[chosen].mean() == pytest.approx(after[chosen].mean(), abs=0.12)


@pytest.mark.parametrize("turned_round", [False, True])
def test_calibration_keeps_the_order_of_the_pairs(network, embedded_pairs, turned_round):
    # Labels that are turned round stand for a network that has learnt nothing: by chance its scores
    # fall with the label.
    left, right, labels = embedded_pairs
    verifier = uncalibrated(network)
    before = verifier.score(left, right)
    calibrate(verifier, before, 1 - labels if turned_round else labels)
    assert (np.diff(verifier.score(left, right)[np.argsort(before)]) >= 0).all()


def test_a_saved_model_has_no_argument_that_colabs_keras_refuses(network, tmp_path):
    Verifier(network, SETTINGS).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        config = archive.read("config.json").decode()
    assert "BatchNormalization" in config and "HeNormal" in config
    assert not [name for name in NEW_ARGUMENTS if f'"{name}"' in config]


def test_a_saved_model_stays_calibrated(network, embedded_pairs, tmp_path):
    left, right, labels = embedded_pairs
    verifier = uncalibrated(network)
    calibrate(verifier, verifier.score(left, right), labels)
    verifier.save(tmp_path / "model.keras")
    np.testing.assert_allclose(
        Verifier.load(tmp_path / "model.keras").score(left, right),
        verifier.score(left, right),
        atol=1e-6,
    )


def test_a_model_computes_in_the_precision_of_the_machine_that_loads_it(network, images, tmp_path):
    """It was saved on a machine with half precision, and is loaded where there is none."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = build_model(CONFIG)
    finally:
        keras.config.set_dtype_policy(before)
    half.set_weights(network.get_weights())
    Verifier(half, SETTINGS | {"mixed_precision": "float32"}).save(tmp_path / "model.keras")
    loaded, whole, rough = (
        Verifier.load(tmp_path / "model.keras"),
        Verifier(network, SETTINGS),
        Verifier(half, SETTINGS),
    )
    np.testing.assert_allclose(loaded.embed(images), whole.embed(images), atol=1e-5)
    assert np.abs(rough.embed(images) - whole.embed(images)).max() > 1e-4


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.keras"):
        Verifier.load(tmp_path / "nothing.keras")


def test_a_model_without_its_settings_is_named(network, tmp_path):
    network.save(tmp_path / "alone.keras")
    with pytest.raises(
        FileNotFoundError, match=r"copy the file alone\.json .* beside the \.keras file"
    ):
        Verifier.load(tmp_path / "alone.keras")


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 half an archive"])
def test_a_file_that_is_no_model_is_one_sentence(content, tmp_path):
    (tmp_path / "bad.keras").write_bytes(content)
    (tmp_path / "bad.json").write_text(json.dumps(SETTINGS))
    with pytest.raises(ValueError, match=r"bad\.keras is not a model of this project"):
        Verifier.load(tmp_path / "bad.keras")


def rewritten(path, change):
    """Changes the text of a model file's config.json."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = change(members["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda text: text.replace('"rate": ', '"from_the_future": 1, "rate": '),
            "could not be deserialized",
            id="of a later Keras",
        ),
        pytest.param(
            lambda text: text.replace("siamese_lib>StackBranches", "other>StackBranches"),
            "is not a model",
            id="of another library",
        ),
        pytest.param(
            lambda text: text.replace('"class_name": "ReLU"', '"class_name": "TFSMLayer"'),
            "TFSMLayer",
            id="with foreign code",
        ),
        pytest.param(
            lambda text: text.replace('"name": "encoder"', '"name": "other"'),
            "is not a model",
            id="of another task",
        ),
        pytest.param(lambda text: text[: len(text) // 2], "is not a model", id="cut off"),
    ],
)
def test_a_model_file_that_is_not_ours_is_one_sentence(network, tmp_path, change, message):
    Verifier(network, SETTINGS).save(tmp_path / "model.keras")
    rewritten(tmp_path / "model.keras", change)
    with pytest.raises(ValueError, match=message) as caught:
        Verifier.load(tmp_path / "model.keras")
    assert "model.keras is not a model of this project" in str(caught.value)


def test_a_model_in_the_old_format_which_could_run_code_is_refused(network, tmp_path):
    network.save(tmp_path / "model.h5")
    (tmp_path / "model.json").write_text(json.dumps(SETTINGS))
    with pytest.raises(ValueError, match=r"model\.h5 is not a model of this project.*\.keras"):
        Verifier.load(tmp_path / "model.h5")


@pytest.mark.parametrize(
    "change",
    [
        {"image_size": [41, 36]},
        {"threshold": float("nan")},
        {"threshold": 7},
        {"crop": [9, 3, 0, 5]},
        {"crop": [-1, 3, 0, 5]},
        {"crop": "paper"},
        {"test_time_flip": "yes"},
    ],
)
def test_settings_that_do_not_go_with_the_network_are_refused(network, tmp_path, change):
    Verifier(network, SETTINGS).save(tmp_path / "model.keras")
    (tmp_path / "model.json").write_text(json.dumps(SETTINGS | change))
    with pytest.raises(ValueError, match=r"model\.(json must hold|keras is not a model)"):
        Verifier.load(tmp_path / "model.keras")


def test_a_model_that_brings_code_is_refused(tmp_path):
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs)).save(tmp_path / "code.keras")
    (tmp_path / "code.json").write_text(json.dumps(SETTINGS))
    assert "Lambda" in zipfile.ZipFile(tmp_path / "code.keras").read("config.json").decode()
    with pytest.raises(ValueError, match="not a model of this project"):
        Verifier.load(tmp_path / "code.keras")


def test_pairs_named_by_their_places_have_the_scores_of_their_embeddings(network):
    generator, verifier = np.random.default_rng(0), Verifier(network, SETTINGS)
    embeddings = generator.normal(size=(7, CONFIG.embedding_size)).astype(np.float32)
    left, right = generator.integers(7, size=(2, 2500))  # more than one piece
    np.testing.assert_allclose(
        verifier.score_among(embeddings, left, right),
        verifier.score(embeddings[left], embeddings[right]),
        atol=1e-6,
    )


def test_a_model_of_an_earlier_version_gives_the_same_scores(network, images, tmp_path):
    verifier = Verifier(network, SETTINGS | {"crop": [0, 40, 0, 36]})
    verifier.save(tmp_path / "model.keras")
    settings = verifier.settings | {"mirror_averaging": True}
    del settings["test_time_flip"]
    (tmp_path / "model.json").write_text(json.dumps(settings))
    rewritten(tmp_path / "model.keras", lambda text: text.replace("Branches", "Twins"))
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert "siamese_lib>StackTwins" in archive.read("config.json").decode()
    loaded = Verifier.load(tmp_path / "model.keras")
    assert loaded.crop == (0, 40, 0, 36) and loaded.settings["test_time_flip"] is True
    np.testing.assert_array_equal(loaded.embed(images), verifier.embed(images))


def test_a_file_of_half_precision_is_half_as_large_and_scores_alike(network, images, tmp_path):
    verifier = Verifier(network, SETTINGS)
    verifier.save(tmp_path / "whole.keras")
    verifier.save(tmp_path / "half.keras", half_precision=True)
    whole, half = ((tmp_path / f"{name}.keras").stat().st_size for name in ("whole", "half"))
    assert half < 0.7 * whole
    again = Verifier.load(tmp_path / "half.keras")
    assert {weight.dtype for weight in again.network.weights} == {"float32"}
    np.testing.assert_allclose(again.embed(images), verifier.embed(images), atol=2e-3)
    cache = FaceCache(images, FACES)
    expected = verifier.score_pairs(cache, PAIRS)
    np.testing.assert_allclose(again.score_pairs(cache, PAIRS), expected, atol=2e-3)
