"""Copies of a photograph are found whatever was done to the file, and nothing is fitted to those of
test images.
"""

import dataclasses
import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageOps

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.copies import near_copies
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pairs import parse_face
from tests.synthetic_lfw import TEST_PEOPLE, TRAIN_PEOPLE

OF_PEOPLE = ExperimentConfig(
    experiment="any", dataset="lfwa", protocol="people", loss="margin_softmax", monitor="val_auc"
)
OF_PAIRS = ExperimentConfig(experiment="any", dataset="lfwa")
TEST_FACE = f"{TEST_PEOPLE[0]}_0001"


def other_crop(image):
    return image.resize((254, 254)).crop((2, 2, 252, 252))


def compressed(image):
    content = io.BytesIO()
    image.save(content, format="jpeg", quality=30)
    return Image.open(content)


CHANGES = {
    "compressed": compressed,
    "cropped": other_crop,
    "mirrored": ImageOps.mirror,
    "brighter": lambda image: image.point(lambda grey: min(255, grey + 25)),
}


def put(folder, source, target, change=lambda image: image):
    """Writes a changed copy of the image of one face in the place of another's."""
    paths = {path.stem: path for path in folder.rglob("*.jpg")}
    with Image.open(paths[source]) as image:
        copy = change(image.convert("L"))
    copy.save(paths[target])


def under_two_names(dataset):
    """The near-copies that name two people; drawn faces of one person are all alike."""
    return [copy for copy in near_copies(dataset) if copy.left.person != copy.right.person]


@pytest.fixture(params=CHANGES)
def with_a_copy(request, lfw_copy):
    """The folder, and a training face whose image is a changed copy of a test person's."""
    face = f"{TRAIN_PEOPLE[3]}_0002"
    put(lfw_copy, TEST_FACE, face, CHANGES[request.param])
    return lfw_copy, parse_face(face)


def test_a_copy_is_found_under_another_name_whatever_was_done_to_it(with_a_copy, request):
    folder, face = with_a_copy
    (copy,) = under_two_names(load_dataset("lfwa", folder))
    assert {copy.left, copy.right} == {face, parse_face(TEST_FACE)} and copy.left < copy.right
    assert 0.96 <= copy.correlation <= 1.0
    assert copy.mirrored == ("mirrored" in request.node.name)


def test_images_of_two_people_are_no_copies(lfw_folder):
    assert under_two_names(load_dataset("lfwa", lfw_folder)) == []
    assert under_two_names(load_dataset("sample")) == []


def test_copies_are_found_across_blocks_and_the_most_alike_come_first(lfw_copy, monkeypatch):
    monkeypatch.setattr("siamese_lib.data.copies.BLOCK", 5)
    expected = set()
    for number, (person, change) in enumerate(zip(TRAIN_PEOPLE, CHANGES.values())):
        source, target = f"{TRAIN_PEOPLE[-1 - number]}_0001", f"{person}_0002"
        put(lfw_copy, source, target, change)
        expected.add(tuple(sorted(map(parse_face, (source, target)))))
    found = under_two_names(load_dataset("lfwa", lfw_copy))
    places = [copy[:2] for copy in found]
    assert expected <= set(places) and len(places) == len(set(places))
    # Another image of the same person may be as alike.
    people = [{face.person for face in pair} for pair in expected]
    assert all({left.person, right.person} in people for left, right in places)
    correlations = [copy.correlation for copy in found]
    assert correlations == sorted(correlations, reverse=True)


def test_a_correlation_is_that_of_the_pixels(lfw_copy):
    put(lfw_copy, TEST_FACE, f"{TRAIN_PEOPLE[0]}_0001", other_crop)
    dataset = load_dataset("lfwa", lfw_copy)
    (copy,) = under_two_names(dataset)
    top, bottom, left, right = 50, 212, 61, 189  # the face box and a twelfth on each side
    faces = []
    for face in copy[:2]:
        content = dataset.source.read(dataset.files[face])
        image = Image.open(io.BytesIO(content)).convert("L").crop((left, top, right, bottom))
        faces.append(np.asarray(image.resize((48, 48)), float).ravel())
    assert copy.correlation == pytest.approx(np.corrcoef(*faces)[0, 1], abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_fitted_to_a_copy_of_a_test_image(with_a_copy, seed):
    folder, face = with_a_copy
    dataset = load_dataset("lfwa", folder)
    assert dataset.copies_of_test == {face}
    for config in (OF_PEOPLE, OF_PAIRS):
        config = dataclasses.replace(config, seed=seed)
        splits = dataset.split(config)
        faces = set(itertools.chain(*dataset.sampler(config, splits).columns))
        assert face not in faces | {*splits["train"].faces, *splits["validation"].faces}
        assert splits["test"] == dataset.test_pairs


def test_the_pairs_without_a_copy_are_those_of_the_data_without_it(with_a_copy, lfw_folder):
    folder, face = with_a_copy
    for config in (OF_PEOPLE, OF_PAIRS):
        clean = load_dataset("lfwa", lfw_folder).split(config)
        for split, pairs in load_dataset("lfwa", folder).split(config).items():
            assert list(pairs) == [pair for pair in clean[split] if face not in pair[:2]]


def test_copies_within_the_training_side_are_learnt_from(lfw_copy):
    put(lfw_copy, f"{TRAIN_PEOPLE[0]}_0001", f"{TRAIN_PEOPLE[1]}_0001")
    assert load_dataset("lfwa", lfw_copy).copies_of_test == frozenset()


def test_an_image_that_nobody_can_read_hides_no_copy(with_a_copy):
    folder, face = with_a_copy
    (broken,) = folder.rglob(f"{TEST_PEOPLE[1]}_0001.jpg")
    broken.write_bytes(broken.read_bytes()[:300])
    assert load_dataset("lfwa", folder).copies_of_test == {face}


def test_where_all_is_a_copy_a_sentence_tells(lfw_copy):
    paths = sorted(lfw_copy.rglob("*.jpg"))
    for path in paths[1:]:
        path.write_bytes(paths[0].read_bytes())
    with pytest.raises(ValueError, match="copies of test images"):
        load_dataset("lfwa", lfw_copy).split(OF_PAIRS)
