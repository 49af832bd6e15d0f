"""Pixels between pixels: linear interpolation, and means over areas."""

import numpy as np


def interpolated(
    images: np.ndarray, numbers: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Values of images at places between their pixels, by linear interpolation in both directions.

    Args:
        images: `(num_images, height, width, ...)`.
        numbers: which image each place belongs to.
        rows, columns: of the places, in pixels from the centre of the first one, within the image;
            with `numbers` they are broadcast to one shape.

    Returns:
        An array of that shape, followed by the further dimensions of `images`.
    """
    top = np.clip(np.floor(rows).astype(int), 0, images.shape[1] - 1)
    left = np.clip(np.floor(columns).astype(int), 0, images.shape[2] - 1)
    bottom = np.minimum(top + 1, images.shape[1] - 1)
    right = np.minimum(left + 1, images.shape[2] - 1)
    extra = (...,) + (np.newaxis,) * (images.ndim - 3)
    down, across = (rows - top)[extra], (columns - left)[extra]
    above = images[numbers, top, left] * (1 - across) + images[numbers, top, right] * across
    below = images[numbers, bottom, left] * (1 - across) + images[numbers, bottom, right] * across
    return above * (1 - down) + below * down


def area_means(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images made smaller: each new pixel is the mean over the area that it covers.

    Args:
        images: `(num_images, height, width, channels)`, float32.
        size: `(height, width)` of the result.
    """
    down, across = (_shares(*sides) for sides in zip(images.shape[1:3], size))
    of_rows = np.tensordot(down, images, axes=(1, 1))  # (new height, num_images, width, channels)
    return np.tensordot(of_rows, across, axes=(2, 1)).transpose(1, 0, 3, 2)


def _shares(old: int, new: int) -> np.ndarray:
    """The share of each old pixel in each new one along a line, `(new, old)`, float32."""
    edges = np.arange(new + 1) * (old / new)
    starts = np.arange(old)
    overlap = np.minimum(edges[1:, np.newaxis], starts + 1) - np.maximum(
        edges[:-1, np.newaxis], starts
    )
    return (np.clip(overlap, 0, None) * (new / old)).astype(np.float32)
