"""Datasets of own pictures: who is in which split, given and drawn lists, equal datasets."""

import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
import synthetic_omniglot
from drawn import write_people
from PIL import Image

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pair_lists import pair_list_text
from siamese_lib.data.pairs import cluster_of
from siamese_lib.data.sample import SAMPLE_LISTS
from siamese_lib.evaluation.trials import trial_sets

FOLDER = ExperimentConfig(experiment="own", dataset="folder", image_size=(40, 40))
PEOPLE = [f"P{number}" for number in range(20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_people(tmp_path_factory.mktemp("own"), PEOPLE, count=3)


def test_no_person_is_in_two_splits_and_the_shares_are_those_asked_for(folder):
    config = replace(FOLDER, test_fraction=0.3, validation_fraction=0.25)
    splits = load_dataset(config, folder).split(config)
    assert {split: len(pairs.people) for split, pairs in splits.items()} == {
        "train": 10,
        "validation": 4,
        "test": 6,
    }
    assert len(set().union(*(pairs.people for pairs in splits.values()))) == 20
    for pairs in splits.values():
        assert 2 * sum(pairs.labels) == len(pairs)


def test_test_people_are_the_same_for_every_seed_and_differ_with_test_seed(folder):
    def people(**changes):
        return load_dataset(replace(FOLDER, **changes), folder).test_pairs.people

    assert people(seed=0) == people(seed=1) != people(test_seed=1)


def test_lists_beside_the_pictures_are_used(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "own")
    drawn = load_dataset(FOLDER, folder)
    for name, pairs in (("Train", drawn.train_pairs), ("Test", drawn.test_pairs)):
        path = tmp_path / "own" / f"pairsDev{name}.txt"
        path.write_text(pair_list_text(pairs))
        again = load_dataset(replace(FOLDER, test_seed=5), tmp_path / "own")
        assert getattr(again, f"{name.lower()}_pairs") == pairs
        assert not again.train_pairs.people & again.test_pairs.people
    assert not again.skipped


@pytest.mark.parametrize("protocol", ["pairs", "people"])
def test_the_sample_as_a_folder_is_the_sample(tmp_path, protocol):
    sample = load_dataset("sample")
    for number, (face, name) in enumerate(sorted(sample.files.items())):
        suffix = "png" if number % 3 else "bmp"
        path = tmp_path / "pictures" / face.person / f"picture {face.number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.open(io.BytesIO(sample.source.read(name))).save(path)
    for path in SAMPLE_LISTS.glob("pairsDev*.txt"):
        shutil.copyfile(path, tmp_path / path.name)
    config = replace(
        FOLDER, image_size=(56, 46), protocol=protocol, loss="margin_softmax", monitor="val_auc"
    )
    own = load_dataset(config, tmp_path)
    assert own.split(config) == sample.split(config)
    assert own.people(config) == sample.people(config)
    assert own.oneshot_faces == sample.oneshot_faces
    faces = own.faces_of(config)
    assert faces == sample.faces_of(config)
    caches = [open_cache(own, "letterbox", (56, 46), faces)]
    caches.append(open_cache(sample, None, (56, 46), faces))
    np.testing.assert_array_equal(*(cache.images for cache in caches))


def test_omniglot_as_a_folder_with_groups_is_omniglot(tmp_path):
    synthetic_omniglot.write_drawings(tmp_path / "omniglot")
    omniglot = load_dataset("omniglot", tmp_path / "omniglot")
    for half in ("background", "evaluation"):
        shutil.copytree(
            tmp_path / "omniglot" / f"images_{half}", tmp_path / "own", dirs_exist_ok=True
        )
    for name, pairs in (("Train", omniglot.train_pairs), ("Test", omniglot.test_pairs)):
        (tmp_path / "own" / f"pairsDev{name}.txt").write_text(pair_list_text(pairs))
    config = replace(
        FOLDER,
        groups=True,
        protocol="people",
        loss="margin_softmax",
        monitor="val_auc",
        validation_fraction=0.34,
        crop="bounding_box",
    )
    own = load_dataset(config, tmp_path / "own")
    assert own.group_of == omniglot.group_of
    assert own.split(config) == omniglot.split(config)
    assert trial_sets(own, config) == trial_sets(omniglot, config)
    caches = [
        open_cache(each, config.crop, (40, 40), each.listed_faces) for each in (own, omniglot)
    ]
    np.testing.assert_array_equal(*(cache.images for cache in caches))


def test_with_groups_whole_groups_are_tested_and_training_pairs_stay_in_theirs(tmp_path):
    for group in "ABCDE":
        write_people(tmp_path / group, ["P1", "P2", "P3"])
    config = replace(FOLDER, groups=True, test_fraction=0.4)
    dataset = load_dataset(config, tmp_path)
    groups = [
        {cluster_of(person) for person in pairs.people} for pairs in dataset.split(config).values()
    ]
    assert sum(map(len, groups)) == 5 and len(set().union(*groups)) == 5
    for pair in dataset.train_pairs:
        assert cluster_of(pair.left.person) == cluster_of(pair.right.person)


def test_small_groups_have_trials_with_fewer_ways_or_none(tmp_path):
    for group in "ABCDEF":
        write_people(tmp_path / group, ["P1", "P2", "P3"], count=2 + (group == "A"))
    config = replace(FOLDER, groups=True, test_fraction=0.34, validation_fraction=0.4)
    trials = trial_sets(load_dataset(config, tmp_path), config)
    assert set(trials) == {"validation", "test", "test_400"}
    assert all(len(each.gallery) == 3 for sets in trials.values() for each in sets)
    for group in "ABCDEF":
        (tmp_path / group / "P1" / "2.png").unlink()
    assert trial_sets(load_dataset(config, tmp_path), config) == {}


@pytest.mark.parametrize(
    ("people", "count", "message"),
    [
        (["Ada", "Ben"], 2, "training needs 6 people with two pictures each.*2 of 2 people"),
        (PEOPLE, 1, "training needs 6 people with two pictures each.*0 of 20 people"),
    ],
)
def test_too_few_people_are_an_error_that_says_what_is_needed(tmp_path, people, count, message):
    write_people(tmp_path, people, count)
    with pytest.raises(ValueError, match=message):
        load_dataset(FOLDER, tmp_path)


def test_a_folder_has_no_usual_place():
    with pytest.raises(FileNotFoundError, match=r"--data-root.*Received: no data_root"):
        load_dataset("folder")


@pytest.mark.parametrize("field", ["align", "groups"])
def test_fields_of_a_folder_are_refused_with_other_datasets(field):
    with pytest.raises(
        ValueError, match=rf"{field} are for dataset: folder.*Received: dataset lfwa"
    ):
        ExperimentConfig(experiment="own", dataset="lfwa", **{field: True})
