"""Hand-crafted descriptors: what they see and what they do not."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from siamese_lib.models.descriptors import (
    BINARY_CELL,
    BINARY_SCALES,
    DESCRIPTORS,
    NUM_BINARY,
    NUM_PHASES,
    PHASE_CELL,
    PHASE_SCALES,
    local_binary_patterns,
    local_phases,
)

BOTH = pytest.mark.parametrize("describe", DESCRIPTORS.values(), ids=DESCRIPTORS)
NUM_PATTERNS = {local_binary_patterns: NUM_BINARY, local_phases: NUM_PHASES}


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(20, 120, (1, 60, 48, 1)).astype(np.uint8)


def smooth(seed, num_times=3):
    """An image of soft blobs, as parts of a face are."""
    noise = np.random.default_rng(seed).integers(0, 256, (60, 48)).astype(np.uint8)
    picture = Image.fromarray(noise).resize((96, 120), Image.Resampling.BICUBIC)
    for _ in range(num_times):
        picture = picture.filter(ImageFilter.GaussianBlur(1))
    return np.asarray(picture)[np.newaxis, :, :, np.newaxis]


@BOTH
def test_a_descriptor_is_made_of_histograms(describe, image):
    values, num_patterns = describe(image), NUM_PATTERNS[describe]
    assert values.dtype == np.float32 and values.shape[1] % num_patterns == 0
    # Square roots of shares: the squares of a histogram sum to one.
    np.testing.assert_allclose((values.reshape(-1, num_patterns) ** 2).sum(axis=1), 1.0, rtol=1e-5)


@BOTH
def test_light_and_contrast_of_a_image_do_not_matter(describe, image):
    brighter = (2 * image.astype(int) + 10).astype(np.uint8)
    other = np.random.default_rng(3).integers(20, 120, image.shape).astype(np.uint8)
    first, second, third = describe(np.concatenate([image, brighter, other]))
    # Neighbours between pixels are interpolated and smaller scales rounded, so that a few patterns
    # flip.
    assert np.abs(first - second).mean() < 0.2 * np.abs(first - third).mean()


def test_blur_changes_local_phases_less_than_binary_patterns():
    sharp, other = smooth(1), smooth(2)
    picture = Image.fromarray(sharp[0, :, :, 0]).filter(ImageFilter.GaussianBlur(1.5))
    blurred = np.asarray(picture)[np.newaxis, :, :, np.newaxis]
    shares = {}
    for name, describe in DESCRIPTORS.items():
        first, second, third = describe(np.concatenate([sharp, blurred, other]))
        shares[name] = np.abs(first - second).mean() / np.abs(first - third).mean()
    assert shares["lpq"] < 0.8 * shares["lbp"]


@pytest.mark.parametrize(
    ("describe", "cell"),
    [
        (local_binary_patterns, BINARY_CELL[BINARY_SCALES[0][0]]),
        (local_phases, PHASE_CELL[PHASE_SCALES[0][0]]),
    ],
    ids=DESCRIPTORS,
)
def test_a_place_is_described_where_it_is(describe, cell, image):
    num_patterns, large = NUM_PATTERNS[describe], np.tile(image, (1, 2, 2, 1))
    changed = large.copy()
    changed[:, :14, :14] = np.random.default_rng(1).integers(20, 120, (14, 14, 1))
    first, second = describe(np.concatenate([large, changed])).reshape(2, -1, num_patterns)
    scale = {local_binary_patterns: BINARY_SCALES, local_phases: PHASE_SCALES}[describe][0][0]
    rows, columns = (int(side * scale) // cell for side in large.shape[1:3])
    different = np.abs(first - second).sum(axis=1)[: rows * columns] > 0
    assert different[0] and not different[-1] and different.sum() <= 4


def test_the_bits_of_a_phase_code_are_signs_of_a_plain_sum(image):
    """The histogram of an image of one cell, from codes that loops compute."""
    size, window = 20, PHASE_SCALES[0][1]
    small = np.asarray(Image.fromarray(image[0, :34, :34, 0]))
    scaled = np.asarray(Image.fromarray(small).resize((size, size))).astype(float)
    half, counts = window // 2, np.zeros(NUM_PHASES)
    padded = np.pad(scaled, half, mode="symmetric")
    frequencies = [(0, 1), (1, 0), (1, 1), (1, -1)]  # down, across, in 1 / window
    for row in range(size):
        for column in range(size):
            code, bit = 0, 0
            for down, across in frequencies:
                total = 0j
                for y in range(-half, half + 1):
                    for x in range(-half, half + 1):
                        # A convolution reads the pixel on the other side of the centre.
                        phase = -2j * np.pi * (down * y + across * x) / window
                        total += np.exp(phase) * padded[row + half - y, column + half - x]
                for part in (total.real, total.imag):
                    code |= int(part > 1e-3) << bit
                    bit += 1
            counts[code] += 1
    values = local_phases(small[np.newaxis, :, :, np.newaxis])[0, :NUM_PHASES]
    # Sums close to zero may take either sign.
    assert np.abs(values**2 * size**2 - counts).sum() <= 0.02 * size**2


@BOTH
def test_images_are_described_one_by_one(describe, image):
    other = np.random.default_rng(2).integers(0, 256, image.shape).astype(np.float32)
    both = describe(np.concatenate([image, other]))
    np.testing.assert_array_equal(both, np.concatenate([describe(image), describe(other)]))
