"""Covariates: numbers about a pair, computed from its two images or from the lists.

If errors go with a covariate, it need not be their cause.
"""

from collections import Counter

import numpy as np
import pandas as pd

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.pairs import PairList
from siamese_lib.data.summary import eye_distances, image_qualities

COVARIATES = {
    "brightness_difference": "difference of the mean grey values (0-255)",
    "contrast_difference": "difference of the standard deviations of the grey values (0-255)",
    "sharpness": "sharpness of the less sharp image (standard deviation of the Laplacian)",
    "asymmetry": (
        "left-right asymmetry of the less frontal image (1 - correlation with its mirror image)"
    ),
    "asymmetry_difference": (
        "difference of the two asymmetries, an approximation of the difference in pose"
    ),
    "images_of_person": "number of images of the person, for two people the smaller number",
    "pixel_correlation": "correlation of the two images' pixels; near 1: near duplicates",
    "eye_distance": (
        "distance of the eyes from their places in the frame, of the worse aligned image (pixels)"
    ),
}
# An image in which the detector finds no face, and one whose eyes are farther away, counts as this.
MAX_EYE_DISTANCE = 20.0


def pair_covariates(pairs: PairList, cache: FaceCache, dataset: FaceDataset) -> pd.DataFrame:
    """The covariates of each pair, computed from the network's input images.

    Args:
        pairs: a `PairList`.
        cache: the `FaceCache` with its images.
        dataset: the `FaceDataset`, for the number of images of each person.

    Returns:
        A row for each pair in the order of the list, with the columns of `COVARIATES`; without
        eye_distance where `eye_distances` knows nothing of the images, and without
        images_of_person where everybody has equally many.
    """
    images, counts = cache[pairs.faces], Counter(face.person for face in dataset.files)
    row_of = {face: row for row, face in enumerate(pairs.faces)}
    sides = np.array([[row_of[pair.left], row_of[pair.right]] for pair in pairs]).T
    qualities, standardised = image_qualities(images), _standardised(images)
    brightness, contrast, sharpness = (
        qualities[name].to_numpy()[sides] for name in ("brightness", "contrast", "sharpness")
    )
    # An aligned frontal face under even light is nearly equal to its mirror image; with a turned
    # head or with light from the side it is not.
    mirrored = _standardised(images[:, :, ::-1])
    asymmetry = (1.0 - (standardised * mirrored).mean(axis=1))[sides]
    left, right = standardised[sides]
    table = pd.DataFrame(
        {
            "brightness_difference": np.abs(np.subtract(*brightness)),
            "contrast_difference": np.abs(np.subtract(*contrast)),
            "sharpness": sharpness.min(axis=0),
            "asymmetry": asymmetry.max(axis=0),
            "asymmetry_difference": np.abs(np.subtract(*asymmetry)),
            "images_of_person": [
                min(counts[pair.left.person], counts[pair.right.person]) for pair in pairs
            ],
            "pixel_correlation": (left * right).mean(axis=1),
        }
    )
    if len(set(counts.values())) == 1:
        del table["images_of_person"]
    known = eye_distances(dataset)
    if all(face in known for face in pairs.faces):
        distances = np.array([known[face] for face in pairs.faces])
        distances = np.nan_to_num(distances, nan=MAX_EYE_DISTANCE).clip(max=MAX_EYE_DISTANCE)
        table["eye_distance"] = distances[sides].max(axis=0)
    return table


def _standardised(images):
    """The images as `(num_images, height * width)`, each with mean 0 and variance 1."""
    pixels = np.reshape(images, (len(images), -1)).astype(float)
    return (pixels - pixels.mean(axis=1, keepdims=True)) / np.maximum(
        pixels.std(axis=1, keepdims=True), 1e-9
    )
