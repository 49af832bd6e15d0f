"""Hand-made descriptors of faces: what was done before networks, and what errs differently from them. Needs no TensorFlow."""

import numpy as np
from PIL import Image

# (share of the picture's size, radius in pixels): fine texture at full size, coarse shape at a third of it.
SCALES = ((1.0, 1), (1.0, 2), (0.6, 1), (0.6, 2), (0.35, 1))
CELL_PIXELS = {1.0: 14, 0.6: 12, 0.35: 12}
NUM_PATTERNS = 59  # of eight neighbours: 58 uniform ones, and one bin for all others


def local_binary_patterns(images):
    """Histograms of local binary patterns over a grid of cells, at several scales (Ahonen, Hadid and Pietikäinen, 2006).

    Each pixel is described by which of its eight neighbours are brighter, which no monotonic change of the light alters. The square root of
    a histogram makes its Euclidean distance that of Hellinger.

    Args:
        images: `(num_images, height, width, 1)`, 0-255.

    Returns:
        `(num_images, num_values)`, float32.
    """
    return np.stack([_of_picture(np.asarray(image[..., 0], dtype=np.uint8)) for image in images])


def _of_picture(picture):
    from skimage.feature import local_binary_pattern

    height, width = picture.shape
    histograms = []
    for share, radius in SCALES:
        resized = np.asarray(Image.fromarray(picture).resize((int(width * share), int(height * share))))
        codes = local_binary_pattern(resized, 8, radius, method="nri_uniform").astype(int)
        rows, columns = (_cells(size, CELL_PIXELS[share]) for size in codes.shape)
        cells = rows[:, np.newaxis] * (columns[-1] + 1) + columns
        counts = np.bincount((cells * NUM_PATTERNS + codes).ravel(), minlength=(cells[-1, -1] + 1) * NUM_PATTERNS)
        counts = counts.reshape(-1, NUM_PATTERNS)
        histograms.append(np.sqrt(counts / counts.sum(axis=1, keepdims=True)).ravel())
    return np.concatenate(histograms).astype(np.float32)


def _cells(size, cell_pixels):
    """For each row or column the number of its cell; the cells share what does not divide."""
    num_cells = max(1, size // cell_pixels)
    return np.arange(size) * num_cells // size
