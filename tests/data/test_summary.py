"""The summary of a dataset, of the sample and of a small drawn LFW."""

import dataclasses

import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.data import summary
from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset


@pytest.fixture(scope="module")
def dataset(lfw_folder):
    return load_dataset("lfwa", lfw_folder)


def test_the_table_counts_people_images_and_pairs(dataset):
    splits = dataset.split(ExperimentConfig(experiment="any"))
    table = summary.people_table(dataset, splits)
    assert table.loc["all images", "images"] == len(dataset.files)
    assert table.loc["test pairs", "pairs"] == len(dataset.test_pairs)
    assert table.loc["train pairs", "pairs"] + table.loc["validation pairs", "pairs"] == len(
        dataset.train_pairs
    )
    assert set(summary.shared_people(splits).values()) == {0}


def test_duplicates_missing_and_sizes(lfw_copy):
    first, second = sorted(lfw_copy.rglob("Ben_Example_000[12].jpg"))
    second.write_bytes(first.read_bytes())
    next(lfw_copy.rglob("Ada_Example_0001.jpg")).unlink()
    dataset = load_dataset("lfwa", lfw_copy)
    assert [[str(face) for face in group] for group in summary.duplicate_files(dataset)] == [
        ["Ben_Example_0001", "Ben_Example_0002"]
    ]
    assert [str(face) for face in summary.missing_faces(dataset)] == ["Ada_Example_0001"]
    assert summary.image_sizes(dataset, list(dataset.files)) == {(250, 250): len(dataset.files)}


def test_qualities_of_flat_and_sharp_images_differ():
    flat = np.full((20, 20, 1), 200, np.uint8)
    checks = (np.indices((20, 20)).sum(axis=0) % 2 * 100).astype(np.uint8)[..., None]
    table = summary.image_qualities(np.stack([flat, checks]))
    assert table["brightness"].tolist() == [200.0, 50.0]
    assert (
        table["contrast"][0] == 0 < table["contrast"][1]
        and table["sharpness"][0] == 0 < table["sharpness"][1]
    )


def test_the_mean_of_one_face_is_that_face(dataset):
    cache = open_cache(dataset, None, (40, 36))
    pair = summary.example_pairs(dataset.test_pairs, label=1, count=1, seed=0)[0]
    assert pair.label == 1
    np.testing.assert_allclose(
        summary.mean_face(cache, [pair.left]), cache[[pair.left]][0, :, :, 0]
    )


def test_what_is_learnt_from_and_what_is_measured_on_are_told_apart():
    dataset = load_dataset("sample")
    base = ExperimentConfig(experiment="pairs", loss="margin_softmax", monitor="val_auc")
    people = dataclasses.replace(base, experiment="people", protocol="people", final=True)
    table = summary.learning_table(dataset, [base, people])
    assert table.loc["pairs", "an example is"] == "an image of a group of joined images"
    assert table.loc["people", "an example is"] == "an image of a person"
    assert table["held out"].tolist() == ["20%", "nobody"]
    splits = dataset.split(people)
    assert table.loc["people", "classes"] == len(dataset.train_people)
    assert list(summary.measuring_pairs(people, splits)) == [
        "drawn train",
        "drawn validation",
        "listed test",
    ]
    assert "listed train" in summary.measuring_pairs(base, dataset.split(base))
    assert summary.measuring_pairs(people, splits)["listed test"] is splits["test"]
