"""Augmentation: same seed, same change; and each quality does what its name says."""

import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.training.pipeline import augment, random_symmetry

SIZE = (48, 40)


def config(**values):
    return ExperimentConfig(experiment="test", image_size=SIZE, **values)


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(60, 190, (8, *SIZE, 1)).astype(np.float32)


EVERYTHING = {
    "flip": True,
    "rotation_degrees": 10.0,
    "scale_range": 0.1,
    "translation_fraction": 0.05,
    "contrast_range": 0.3,
    "brightness_range": 0.1,
    "erasing_probability": 0.5,
}


def test_the_same_seed_gives_the_same_images_and_another_gives_others(images):
    first, again, other = (
        np.asarray(augment(images, config(**EVERYTHING), seed)) for seed in ((3, 1), (3, 1), (3, 2))
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 1


def test_nothing_switched_on_changes_nothing(images):
    np.testing.assert_array_equal(np.asarray(augment(images, config(), (0, 0))), images)


def test_flip_gives_each_image_or_its_mirror_image(images):
    flipped = np.asarray(augment(images, config(flip=True), (0, 0)))
    as_it_was = [np.allclose(after, before, atol=1e-2) for after, before in zip(flipped, images)]
    mirrored = [
        np.allclose(after, before[:, ::-1], atol=1e-2) for after, before in zip(flipped, images)
    ]
    assert all(one != other for one, other in zip(as_it_was, mirrored))
    assert any(as_it_was) and any(mirrored)


def test_shift_moves_by_no_more_than_its_share():
    images = np.zeros((16, *SIZE, 1), np.float32)
    images[:, 24, 20] = 255  # one bright dot in the middle
    moved = np.asarray(augment(images, config(translation_fraction=0.1), (5, 0)))[..., 0]
    rows, columns = np.unravel_index(moved.reshape(16, -1).argmax(axis=1), SIZE)
    assert np.abs(rows - 24).max() <= 5 and np.abs(columns - 20).max() <= 4
    assert len(set(zip(rows.tolist(), columns.tolist()))) > 4


def test_rotation_turns_around_the_centre():
    images = np.zeros((16, *SIZE, 1), np.float32)
    images[:, 22:26, 18:22] = 255
    turned = np.asarray(augment(images, config(rotation_degrees=30.0), (5, 0)))[..., 0]
    assert (turned[:, 23:25, 19:21] > 200).all()


def test_contrast_keeps_the_mean_and_brightness_keeps_the_spread(images):
    contrast = np.asarray(augment(images, config(contrast_range=0.2), (1, 0)))
    np.testing.assert_allclose(
        contrast.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), rtol=1e-3
    )
    assert np.abs(contrast.std(axis=(1, 2, 3)) - images.std(axis=(1, 2, 3))).max() > 1
    brightness = np.asarray(augment(images, config(brightness_range=0.1), (1, 0)))
    np.testing.assert_allclose(
        brightness.std(axis=(1, 2, 3)), images.std(axis=(1, 2, 3)), rtol=1e-3
    )
    assert np.abs(brightness.mean(axis=(1, 2, 3)) - images.mean(axis=(1, 2, 3))).max() > 1


def erased_places(before, after):
    """For each image, whether a place was changed, `(batch, height, width)`."""
    return (np.asarray(after) != before)[..., 0]


def test_erasing_covers_one_rectangle_with_the_mean_grey(images):
    after = np.asarray(augment(images, config(erasing_probability=1.0), (2, 0)))
    for image, places, result in zip(images, erased_places(images, after), after):
        rows, columns = np.flatnonzero(places.any(axis=1)), np.flatnonzero(places.any(axis=0))
        assert places.sum() == len(rows) * len(columns) > 0
        assert np.ptp(rows) == len(rows) - 1 and np.ptp(columns) == len(columns) - 1
        assert len(rows) <= 0.4 * SIZE[0] + 1 and len(columns) <= 0.4 * SIZE[1] + 1
        np.testing.assert_allclose(result[places], image.mean(), rtol=1e-4)


def test_rectangles_differ_and_reach_every_part_of_the_image():
    images = np.random.default_rng(0).uniform(60, 190, (400, *SIZE, 1)).astype(np.float32)
    places = erased_places(images, augment(images, config(erasing_probability=1.0), (2, 0)))
    assert places.any(axis=0).all()
    assert len({image.tobytes() for image in places}) > 300


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_so_many_images_are_covered_as_the_probability_says(probability):
    images = np.random.default_rng(0).uniform(60, 190, (400, *SIZE, 1)).astype(np.float32)
    covered = erased_places(
        images, augment(images, config(erasing_probability=probability), (2, 0))
    ).any(axis=(1, 2))
    assert covered.mean() == pytest.approx(probability, abs=0.0 if probability in (0, 1) else 0.08)


def test_erasing_leaves_the_other_changes_as_they_were(images):
    without, covered = (
        np.asarray(augment(images, config(**EVERYTHING | {"erasing_probability": p}), (3, 1)))
        for p in (0.0, 1.0)
    )
    places = erased_places(without, covered)
    assert places.any(axis=(1, 2)).all() and places.mean() < 0.4**2


def test_shear_shifts_rows_by_their_distance_from_the_middle():
    images = np.zeros((16, 41, 41, 1), np.float32)
    images[:, [5, 20, 35], 20] = 255  # three dots on a vertical line
    settings = config(shear_range=0.3).to_dict() | {"image_size": (41, 41)}
    sheared = np.asarray(augment(images, ExperimentConfig(**settings), (3, 0)))[..., 0]
    columns = sheared.argmax(axis=2)[:, [5, 20, 35]]
    moved = columns - 20
    assert (np.abs(moved[:, 1]) <= 1).all() and (np.abs(moved[:, 0] + moved[:, 2]) <= 2).all()
    assert 2 <= np.abs(moved[:, 0]).max() <= 6


def test_a_change_has_its_own_chance_and_brings_in_white():
    images = np.zeros((400, *SIZE, 1), np.float32)
    settings = {"translation_fraction": 0.3, "affine_probability": 0.25, "fill_mode": "constant"}
    moved = np.asarray(augment(images, config(**settings), (1, 0)))
    share = np.mean([np.any(image > 0) for image in moved])
    assert share == pytest.approx(1 - 0.75**2, abs=0.08)  # up or down, left or right
    assert set(np.unique(moved[:, ::7, ::7].round())) <= set(range(256)) and moved.max() == 255
    assert (
        np.asarray(augment(images, config(translation_fraction=0.3), (1, 0))).max() == 0
    )  # a mirrored border is as black


def test_bending_moves_by_no_more_than_its_share_and_keeps_neighbours_together():
    height, width = 64, 48
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    # The grey values say where a pixel comes from, so that its move can be read.
    images = np.repeat(np.stack([rows, columns]).astype(np.float32)[..., np.newaxis], 20, axis=0)
    settings = config(elastic_fraction=0.05).to_dict() | {"image_size": (height, width)}
    bent = np.asarray(augment(images, ExperimentConfig(**settings), (3, 0)))[..., 0]
    moved = np.concatenate([bent[:20] - rows, bent[20:] - columns])
    assert (
        np.abs(moved).max() < 0.065 * height
    )  # cubic interpolation goes a little beyond the points of the grid
    assert np.abs(moved[:20]).max() > 0.03 * height and np.abs(moved[20:]).max() > 0.03 * width
    assert (
        np.diff(bent[:20], axis=1).min() > -0.01 and np.diff(bent[20:], axis=2).min() > -0.01
    )  # nothing is folded over
    shares = np.abs(moved).max(axis=(1, 2))
    assert shares.min() < shares.max() / 3


@pytest.mark.parametrize("count", [4, 8])
def test_each_symmetry_makes_classes_of_its_own(count):
    images = np.random.default_rng(0).uniform(0, 255, (64, 32, 32, 1)).astype(np.float32)
    turned, labels = (
        np.asarray(part)
        for part in random_symmetry(images, np.arange(64, dtype=np.int32), count, (7, 3))
    )
    assert (labels // count == np.arange(64)).all() and set(labels % count) == set(range(count))
    for image, after, symmetry in zip(images, turned, labels % count):
        expected = np.rot90(image, symmetry % 4)
        np.testing.assert_array_equal(after, expected[:, ::-1] if symmetry >= 4 else expected)
