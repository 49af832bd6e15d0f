"""Hand-made descriptors of faces: what was done before networks, and what errs differently from them. Needs no TensorFlow.

Joint Bayesian: which differences between two embeddings matter, learnt from people with several images. Needs no TensorFlow.

An embedding is taken as mean + what is the person's own + what changes from image to image, both Gaussian (Chen et al., "Bayesian
face revisited", 2012). Two embeddings are then compared by how much likelier they are with one person behind them than with two.
"""

import numpy as np
from PIL import Image

# (share of the image's size, radius in pixels): fine texture at full size, coarse shape at a third of it.
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
    return np.stack([_of_image(np.asarray(image[..., 0], dtype=np.uint8)) for image in images])


def _of_image(image):
    from skimage.feature import local_binary_pattern

    height, width = image.shape
    histograms = []
    for share, radius in SCALES:
        resized = np.asarray(
            Image.fromarray(image).resize((int(width * share), int(height * share)))
        )
        codes = local_binary_pattern(resized, 8, radius, method="nri_uniform").astype(int)
        rows, columns = (_cells(size, CELL_PIXELS[share]) for size in codes.shape)
        cells = rows[:, np.newaxis] * (columns[-1] + 1) + columns
        counts = np.bincount(
            (cells * NUM_PATTERNS + codes).ravel(), minlength=(cells[-1, -1] + 1) * NUM_PATTERNS
        )
        counts = counts.reshape(-1, NUM_PATTERNS)
        histograms.append(np.sqrt(counts / counts.sum(axis=1, keepdims=True)).ravel())
    return np.concatenate(histograms).astype(np.float32)


def _cells(size, cell_pixels):
    """For each row or column the number of its cell; the cells share what does not divide."""
    num_cells = max(1, size // cell_pixels)
    return np.arange(size) * num_cells // size


RIDGE = 0.3  # of the mean within-person variance, added to all directions; from 0.1 to 0.8 validation hardly changes (docs/log.md)


def fit_joint_bayesian(embeddings, people):
    """Estimates the model in the coordinates in which it is simplest: variance 1 within people, independent between them.

    With the covariances within people S_w (from people with several images) and between them S_b (of all images, less S_w), the
    projection V solves V' S_w V = 1, V' S_b V = diag(b).

    Args:
        embeddings: `(num_images, embedding_size)`; only their directions count.
        people: whose image each is, `(num_images,)`.

    Returns:
        `(mean, projection, between)`: `(embedding_size,)`, `(embedding_size, embedding_size)`, and b, `(embedding_size,)`.

    Raises:
        ValueError: if nobody has two images.
    """
    from scipy.linalg import eigh

    embeddings = np.asarray(embeddings, dtype=float)
    embeddings = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    _, index, counts = np.unique(people, return_inverse=True, return_counts=True)
    num_differences = len(index) - len(counts)
    if num_differences < 1:
        raise ValueError(
            f"Joint Bayesian needs people with two images. Received: {len(index)} images of {len(counts)} people"
        )
    means = np.zeros((len(counts), embeddings.shape[1]))
    np.add.at(means, index, embeddings)
    means /= counts[:, np.newaxis]
    differences = embeddings - means[index]  # zero for who has one image, who so adds nothing
    within = differences.T @ differences / num_differences
    between = np.cov(embeddings.T) - within
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within)) + 1e-9 * np.eye(
        len(within)
    )
    variances, projection = eigh(between, within)
    return embeddings.mean(axis=0), projection, np.maximum(variances, 0.0)
