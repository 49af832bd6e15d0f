"""The face detector without TensorFlow finds what the package mtcnn finds, pixel for pixel."""

import numpy as np
import photographs
import pytest
from PIL import Image
from skimage.transform import SimilarityTransform, warp

from siamese_lib.data import photos
from siamese_lib.data.cascade import Cascade
from siamese_lib.data.resampling import area_means, interpolated
from siamese_lib.utils.tensorflow import tf


@pytest.fixture(scope="module")
def cascade():
    def network(stage):
        return lambda images: [np.asarray(output) for output in stage.model(images)]

    return Cascade(*map(network, photos.mtcnn_stages()))


def pixels(photo, size=None):
    return np.asarray(photo.convert("RGB").resize(size or photo.size))


SCENES = {
    "one face": [photographs.astronaut()],
    "a small face": [photographs.astronaut().resize((90, 90))],
    "two people": [photographs.two_people()],
    "no face": [photographs.landscape()],
    "too small for a face": [Image.new("RGB", (30, 14))],
    "one grey value": [Image.new("RGB", (120, 90), "grey")],
    "several photos": [photographs.astronaut(), photographs.landscape(), photographs.two_people()],
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_it_finds_the_faces_that_the_package_finds(cascade, scene):
    batch = np.stack([pixels(photo, scene[0].size) for photo in scene])
    expected = photos.mtcnn_detector()(batch)
    found = cascade(batch)
    assert found.shape == (len(expected), 16)
    if len(expected):
        np.testing.assert_allclose(found, expected, atol=0.01)


def test_there_is_a_scene_with_faces_and_one_without(cascade):
    counts = [
        len(cascade(np.stack([pixels(SCENES[name][0])]))) for name in ("two people", "no face")
    ]
    assert counts == [2, 0]


@pytest.mark.parametrize("size", [(7, 9), (20, 31), (33, 40), (40, 60)])
def test_means_over_areas_are_those_of_tensorflow(size):
    images = np.random.default_rng(0).random((2, 40, 60, 3), dtype=np.float32)
    expected = tf.image.resize(images, size, method="area")
    np.testing.assert_allclose(area_means(images, size), expected, atol=1e-5)


def test_values_between_pixels_lie_between_them():
    images = np.array([[[0.0, 10.0], [20.0, 30.0]]])
    rows, columns = np.array([0.0, 0.5, 1.0, 0.25]), np.array([0.5, 0.5, 1.0, 0.0])
    np.testing.assert_allclose(interpolated(images, np.array(0), rows, columns), [5, 15, 30, 5])


def test_a_face_is_turned_into_the_frame_as_by_scikit_image():
    photo = photographs.astronaut().convert("L")
    change = SimilarityTransform(scale=0.7, rotation=0.3, translation=(-20, 40))
    expected = warp(
        np.asarray(photo), change.inverse, output_shape=(250, 250), order=1, preserve_range=True
    )
    turned = np.asarray(photos.warped(photo, change.inverse.params[:2]))
    assert np.abs(turned - np.round(expected)).max() <= 1
    assert (turned == 0).any() and (turned > 100).any()
