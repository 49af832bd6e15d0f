"""Local binary patterns: what they see and what they do not."""

import numpy as np
import pytest

from siamese_lib.models.networks import NUM_PATTERNS, local_binary_patterns


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(20, 120, (1, 60, 48, 1)).astype(np.uint8)


def test_a_descriptor_is_made_of_histograms(image):
    values = local_binary_patterns(image)
    assert values.dtype == np.float32 and values.shape[1] % NUM_PATTERNS == 0
    # Square roots of shares: the squares of a histogram sum to one.
    np.testing.assert_allclose((values.reshape(-1, NUM_PATTERNS) ** 2).sum(axis=1), 1.0, rtol=1e-5)


def test_light_and_contrast_of_a_image_do_not_matter(image):
    brighter = (2 * image.astype(int) + 10).astype(np.uint8)
    other = np.random.default_rng(3).integers(20, 120, image.shape).astype(np.uint8)
    first, second, third = local_binary_patterns(np.concatenate([image, brighter, other]))
    # Neighbours between pixels are interpolated and smaller scales rounded, so that a few patterns
    # flip.
    assert np.abs(first - second).mean() < 0.2 * np.abs(first - third).mean()


def test_a_place_is_described_where_it_is(image):
    changed = image.copy()
    changed[:, :14, :14] = np.random.default_rng(1).integers(20, 120, (14, 14, 1))
    first, second = local_binary_patterns(np.concatenate([image, changed])).reshape(
        2, -1, NUM_PATTERNS
    )
    cells = (60 // 14) * (48 // 14)
    different = np.abs(first - second).sum(axis=1)[:cells] > 0
    assert different[0] and not different[-1] and different.sum() <= 4


def test_images_are_described_one_by_one(image):
    other = np.random.default_rng(2).integers(0, 256, image.shape).astype(np.float32)
    both = local_binary_patterns(np.concatenate([image, other]))
    np.testing.assert_array_equal(
        both, np.concatenate([local_binary_patterns(image), local_binary_patterns(other)])
    )
