"""The baseline without learning: the correlation of two images' pixels as their score."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.metrics import calibrated_threshold, metrics_of_splits
from siamese_lib.evaluation.oneshot import pixel_similarity


def pixel_scores(cache: FaceCache, pairs: PairList) -> np.ndarray:
    """The correlation of the pixels of each pair, moved from -1..1 into 0..1, `(num_pairs,)`."""
    faces = pairs.faces
    row_of = {face: row for row, face in enumerate(faces)}
    left, right = [row_of[pair.left] for pair in pairs], [row_of[pair.right] for pair in pairs]
    return (1.0 + pixel_similarity(cache, faces)(left, right)) / 2.0


def pixel_baseline(cache: FaceCache, pairs: Mapping[str, PairList]) -> dict[str, Any]:
    """What the pixels alone reach, with the threshold from the validation pairs.

    Args:
        cache: the `FaceCache` of the images.
        pairs: `{"train", "validation", "test"}`, as `FaceDataset.split` returns them.

    Returns:
        As `metrics.metrics_of_splits`.
    """
    scores = {split: pixel_scores(cache, of_split) for split, of_split in pairs.items()}
    threshold = calibrated_threshold(scores["validation"], pairs["validation"].labels)
    return metrics_of_splits(pairs, scores, threshold, None)
