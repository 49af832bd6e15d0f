"""MTCNN's cascade (Zhang et al., 2016) around networks of any runtime, in NumPy.

The package mtcnn, which photos go through with Keras, needs TensorFlow for every step. This is the
same computation with the same numbers for a verifier that was exported: where its first network
looks, which boxes the next ones see, and which of several boxes of a face stays.
"""

from collections.abc import Callable

import numpy as np

from siamese_lib.data.resampling import area_means, interpolated

# A network: images `(batch, height, width, 3)`, float32 -> its outputs, in MTCNN's order.
Network = Callable[[np.ndarray], list[np.ndarray]]

CELL, STRIDE = 12, 2  # of the first network: pixels that it sees at each place, between two places
MIN_FACE, SCALE_STEP = 20, 0.709  # pixels; from one image of the pyramid to the next
# The confidence that a box must exceed after each network, and the overlap from which on the less
# confident one of two boxes is dropped.
CONFIDENCE = (0.6, 0.7, 0.8)
OVERLAP_IN_SCALE, OVERLAP = 0.5, 0.7
SIDES = (24, 48)  # of what the second and the third network see


class Cascade:
    """Finds faces with three networks, each of which looks at what the one before it left over.

    Args:
        proposal, refinement, output: the three networks. The first takes images of any size and
            gives offsets `(batch, rows, columns, 4)` and probabilities `(batch, rows, columns, 2)`;
            the second gives offsets `(batch, 4)` and probabilities `(batch, 2)` of boxes; the third
            also five points `(batch, 10)` between them.
    """

    def __init__(self, proposal: Network, refinement: Network, output: Network):
        self._proposal, self._refinement, self._output = proposal, refinement, output

    def __call__(self, photos: np.ndarray) -> np.ndarray:
        """The faces in photos of one size.

        Args:
            photos: `(num_photos, height, width, 3)`, uint8.

        Returns:
            A row for each face, `(num_faces, 16)`: the photo's number, the box's left, top, right
            and bottom side, the confidence, x and then y of five points.
        """
        images = (photos.astype(np.float32) - 127.5) / 128
        boxes = _square(self._proposed(images))
        if len(boxes):
            offsets, probabilities = self._refinement(_patches(images, boxes, SIDES[0]))
            boxes = _moved(_with_confidence(boxes, probabilities), offsets)
            boxes = _square(_without_overlap(_confident(boxes, CONFIDENCE[1]), OVERLAP))
        if not len(boxes):
            return np.empty((0, 16))
        offsets, points, probabilities = self._output(_patches(images, boxes, SIDES[1]))
        points = _points(points, boxes)
        boxes = _moved(_with_confidence(boxes, probabilities), offsets)
        faces = _confident(np.hstack([boxes, points]), CONFIDENCE[2])
        faces = _without_overlap(faces, OVERLAP, of_smaller=True)
        height, width = photos.shape[1:3]
        faces[:, 1:5] = np.clip(faces[:, 1:5], 0, [width - 1, height - 1] * 2)
        return faces

    def _proposed(self, images: np.ndarray) -> np.ndarray:
        """The boxes of the first network, on images of many sizes."""
        height, width = images.shape[1:3]
        count = round(-(np.log(min(height, width) / CELL) / np.log(SCALE_STEP) + 1))
        found = [np.empty((0, 6))]
        for scale in CELL / MIN_FACE * SCALE_STEP ** np.arange(max(0, count)):
            size = int(height * scale), int(width * scale)
            boxes = _boxes_of_cells(*self._proposal(area_means(images, size)))
            boxes[:, 1:5] /= scale
            found.append(_without_overlap(boxes, OVERLAP_IN_SCALE))
        return _without_overlap(np.concatenate(found), OVERLAP)


def _boxes_of_cells(offsets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """A box `(number, left, top, right, bottom, confidence)` for each confident place."""
    confidence = probabilities[..., 1]
    places = np.nonzero(confidence > CONFIDENCE[0])
    number, row, column = places
    first = STRIDE * np.stack([column, row, column, row], axis=1) + 1
    cells = first + np.array([0, 0, CELL - 1, CELL - 1])
    moved = cells + offsets[places] * (CELL - 1)
    return np.column_stack([number, moved, confidence[places]])


def _patches(images: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """What lies in each box, as `(num_boxes, side, side, 3)`; zero beyond the image."""
    height, width = images.shape[1:3]
    steps = np.arange(side) / (side - 1)
    # As TensorFlow's crop_and_resize: sides are shares of the way from the first pixel to the last.
    shares = boxes[:, 1:5] / [width, height, width, height]
    left, top, right, bottom = shares.T[:, :, np.newaxis]
    columns = (left + (right - left) * steps)[:, np.newaxis, :] * (width - 1)
    rows = (top + (bottom - top) * steps)[:, :, np.newaxis] * (height - 1)
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    numbers = boxes[:, 0].astype(int)[:, np.newaxis, np.newaxis]
    places = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    return np.where(inside[..., np.newaxis], interpolated(images, numbers, *places), 0).astype(
        np.float32
    )


def _with_confidence(boxes: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    return np.column_stack([boxes[:, :5], probabilities[:, 1]])


def _moved(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The boxes moved by offsets, which are shares of their sides."""
    sides = np.tile(boxes[:, 3:5] - boxes[:, 1:3] + 1, 2)
    return np.column_stack([boxes[:, :1], boxes[:, 1:5] + offsets * sides, boxes[:, 5:]])


def _points(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Points in pixels from points as shares of their boxes, `(num_boxes, 10)`."""
    sides = np.repeat(boxes[:, 3:5] - boxes[:, 1:3] + 1, 5, axis=1)
    return points * sides + np.repeat(boxes[:, 1:3], 5, axis=1) - 1


def _confident(boxes: np.ndarray, least: float) -> np.ndarray:
    return boxes[boxes[:, 5] > least]


def _square(boxes: np.ndarray) -> np.ndarray:
    """Squares around the same centres, as large as the longer sides."""
    half = (boxes[:, 3:5] - boxes[:, 1:3]).max(axis=1, initial=0, keepdims=True) / 2
    centre = (boxes[:, 1:3] + boxes[:, 3:5]) / 2
    return np.column_stack([boxes[:, :1], centre - half, centre + half, boxes[:, 5:]])


def _without_overlap(boxes: np.ndarray, most: float, of_smaller: bool = False) -> np.ndarray:
    """The boxes of which no more confident one of the same image covers too much.

    Args:
        boxes: rows that begin with number, left, top, right, bottom, confidence.
        most: the largest overlap that is kept: a share of both boxes together.
        of_smaller: whether it is a share of the smaller box instead.
    """
    boxes = boxes[np.argsort(boxes[:, 5])[::-1]]
    kept = [boxes[:0]]
    for number in np.unique(boxes[:, 0]):
        own = boxes[boxes[:, 0] == number]
        first = np.maximum(own[:, np.newaxis, 1:3], own[np.newaxis, :, 1:3])
        last = np.minimum(own[:, np.newaxis, 3:5], own[np.newaxis, :, 3:5])
        shared = np.clip(last - first, 0, None).prod(axis=2)
        area = (own[:, 3:5] - own[:, 1:3]).prod(axis=1)
        if of_smaller:
            whole = np.minimum(area[:, np.newaxis], area)
        else:
            whole = area[:, np.newaxis] + area - shared
        covered = np.triu(shared / whole > most, k=1)  # row: the more confident box
        kept.append(own[~covered.any(axis=0)])
    return np.concatenate(kept)
