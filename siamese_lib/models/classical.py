"""Methods from before deep networks: local binary patterns, joint Bayesian. No TensorFlow.

Joint Bayesian (Chen et al., "Bayesian face revisited", 2012) models an embedding as the mean plus a
part that belongs to the person plus a part that changes from image to image, both Gaussian. Two
embeddings are compared by the likelihood ratio of one person against two people.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

# (scale of the image, radius in pixels): fine texture at full size, coarse shape at a third.
SCALES = ((1.0, 1), (1.0, 2), (0.6, 1), (0.6, 2), (0.35, 1))
CELL_PIXELS = {1.0: 14, 0.6: 12, 0.35: 12}
NUM_PATTERNS = 59  # of eight neighbours: 58 uniform patterns, and one bin for all others
# Added to all directions, as a share of the mean within-person variance; validation hardly changes
# from 0.1 to 0.8 (docs/log.md).
RIDGE = 0.3


def local_binary_patterns(images: np.ndarray) -> np.ndarray:
    """Histograms of local binary patterns in a grid of cells (Ahonen et al., 2006), at five scales.

    A pattern says which of a pixel's eight neighbours are brighter; no monotonic change of the
    light alters it. The square root of a histogram makes the Euclidean distance that of Hellinger.

    Args:
        images: `(num_images, height, width, 1)`, 0-255.

    Returns:
        `(num_images, num_values)`, float32.
    """
    return np.stack([_histograms(np.asarray(image[..., 0], dtype=np.uint8)) for image in images])


def _histograms(image: np.ndarray) -> np.ndarray:
    from skimage.feature import local_binary_pattern

    height, width = image.shape
    histograms = []
    for share, radius in SCALES:
        size = int(width * share), int(height * share)
        resized = np.asarray(Image.fromarray(image).resize(size))
        codes = local_binary_pattern(resized, 8, radius, method="nri_uniform").astype(int)
        rows, columns = (_cells(size, CELL_PIXELS[share]) for size in codes.shape)
        cells = rows[:, np.newaxis] * (columns[-1] + 1) + columns
        num_bins = (cells[-1, -1] + 1) * NUM_PATTERNS
        counts = np.bincount((cells * NUM_PATTERNS + codes).ravel(), minlength=num_bins)
        counts = counts.reshape(-1, NUM_PATTERNS)
        histograms.append(np.sqrt(counts / counts.sum(axis=1, keepdims=True)).ravel())
    return np.concatenate(histograms).astype(np.float32)


def _cells(size: int, cell_pixels: int) -> np.ndarray:
    """The cell number of each row or column; the cells differ in size by at most one pixel."""
    num_cells = max(1, size // cell_pixels)
    return np.arange(size) * num_cells // size


def fit_joint_bayesian(
    embeddings: np.ndarray, people: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates the joint Bayesian model, in coordinates where both covariances are diagonal.

    With the covariances within people S_w (from people with several images) and between people
    S_b (of all images, less S_w), the projection V solves V' S_w V = 1, V' S_b V = diag(b).

    Args:
        embeddings: `(num_images, embedding_size)`; only their directions count.
        people: the person on each image, `(num_images,)`.

    Returns:
        `(mean, projection, between)`: `(embedding_size,)`, `(embedding_size, embedding_size)`, and
        b, `(embedding_size,)`.

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
            "Joint Bayesian needs people with two images. "
            f"Received: {len(index)} images of {len(counts)} people"
        )
    means = np.zeros((len(counts), embeddings.shape[1]))
    np.add.at(means, index, embeddings)
    means /= counts[:, np.newaxis]
    differences = embeddings - means[index]  # people with one image contribute zero
    within = differences.T @ differences / num_differences
    between = np.cov(embeddings.T) - within
    identity = np.eye(len(within))
    within += RIDGE * np.trace(within) / len(within) * identity + 1e-9 * identity
    variances, projection = eigh(between, within)
    return embeddings.mean(axis=0), projection, np.maximum(variances, 0.0)
