"""Hand-crafted descriptors of an image: histograms of local patterns in a grid of cells.

An encoder maps them linearly (`networks.projection_encoder`). The square root of a histogram makes
the Euclidean distance that of Hellinger.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from scipy.ndimage import convolve1d
from skimage.feature import local_binary_pattern

from siamese_lib.data.images import NUM_THREADS

# Of local binary patterns: (scale of the image, radius in pixels); fine texture at full size,
# coarse shape at a third.
BINARY_SCALES = ((1.0, 1), (1.0, 2), (1.0, 3), (0.6, 1), (0.6, 2), (0.6, 3), (0.35, 1), (0.35, 2))
# Of local phases: (scale of the image, side of the window in pixels).
PHASE_SCALES = ((0.6, 5), (0.6, 9), (0.35, 5))
BINARY_CELL = {1.0: 14, 0.6: 12, 0.35: 12}  # pixels of a cell's side, by scale
PHASE_CELL = {0.6: 14, 0.35: 12}  # 256 bins need larger cells
NUM_BINARY = 59  # of eight neighbours: 58 uniform patterns, and one bin for all others
NUM_PHASES = 256  # four frequencies, real and imaginary part, one bit each


def local_binary_patterns(images: np.ndarray) -> np.ndarray:
    """Histograms of local binary patterns (Ahonen et al., 2006), at the scales `BINARY_SCALES`.

    A pattern says which of a pixel's eight neighbours are brighter; no monotonic change of the
    light alters it.

    Args:
        images: `(num_images, height, width, 1)`, 0-255.

    Returns:
        `(num_images, num_values)`, float32.
    """

    def codes(image: np.ndarray, radius: int) -> np.ndarray:
        return local_binary_pattern(image, 8, radius, method="nri_uniform").astype(int)

    return _described(images, BINARY_SCALES, codes, BINARY_CELL, NUM_BINARY)


def local_phases(images: np.ndarray) -> np.ndarray:
    """Histograms of local phase quantisation, at the scales `PHASE_SCALES`.

    Of the Fourier transform in a window around each pixel, the signs of the real and imaginary part
    at four low frequencies; symmetric blur leaves them unchanged (Ojansivu and Heikkilä, 2008,
    without their decorrelation).

    Args:
        images: `(num_images, height, width, 1)`, 0-255.

    Returns:
        `(num_images, num_values)`, float32.
    """
    return _described(images, PHASE_SCALES, _phase_codes, PHASE_CELL, NUM_PHASES)


DESCRIPTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lbp": local_binary_patterns,
    "lpq": local_phases,
}


def _described(images, scales, codes, cell_pixels, num_patterns):
    """The histograms of every image, at one scale after the other."""

    def described(image):
        pixels = np.asarray(image[..., 0], dtype=np.uint8)
        return np.concatenate(
            [
                _histograms(codes(_resized(pixels, scale), size), cell_pixels[scale], num_patterns)
                for scale, size in scales
            ]
        )

    # Binary patterns are computed without Python's lock: two threads take half of the time.
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        return np.stack(list(pool.map(described, images)))


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    height, width = image.shape
    return np.asarray(Image.fromarray(image).resize((int(width * scale), int(height * scale))))


def _phase_codes(image: np.ndarray, window: int) -> np.ndarray:
    """The code 0-255 of each pixel: eight signs, two for each of four frequencies."""
    offsets = np.arange(window) - window // 2
    mean = np.ones(window, np.complex64)
    wave = np.exp(-2j * np.pi * offsets / window).astype(np.complex64)  # the lowest frequency
    codes = np.zeros(image.shape, int)
    pixels = image.astype(np.complex64)
    for index, (down, across) in enumerate(
        ((mean, wave), (wave, mean), (wave, wave), (wave, wave.conj()))
    ):
        response = convolve1d(convolve1d(pixels, down, axis=0), across, axis=1)
        codes |= (response.real > 0) << 2 * index | (response.imag > 0) << 2 * index + 1
    return codes


def _histograms(codes: np.ndarray, cell_pixels: int, num_patterns: int) -> np.ndarray:
    """The square roots of the shares of each pattern in each cell, one cell after the other."""
    rows, columns = (_cells(size, cell_pixels) for size in codes.shape)
    cells = rows[:, np.newaxis] * (columns[-1] + 1) + columns
    num_bins = (cells[-1, -1] + 1) * num_patterns
    counts = np.bincount((cells * num_patterns + codes).ravel(), minlength=num_bins)
    counts = counts.reshape(-1, num_patterns)
    return np.sqrt(counts / counts.sum(axis=1, keepdims=True)).ravel().astype(np.float32)


def _cells(size: int, cell_pixels: int) -> np.ndarray:
    """The cell number of each row or column; the cells differ in size by at most one pixel."""
    num_cells = max(1, size // cell_pixels)
    return np.arange(size) * num_cells // size
