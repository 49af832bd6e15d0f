"""Explanations of scores: occlusion maps, where the evidence lies, faces without background."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.pairs import (
    CLASS_NAMES,
    PairList,
    pair_of,
)
from siamese_lib.evaluation.metrics import log_odds
from siamese_lib.inference.scorer import Scorer

if TYPE_CHECKING:
    from siamese_lib.inference.verifier import Verifier
    from siamese_lib.training.run import Run

# Of both images of a pair, `(height, width)` each; see `occlusion_maps`.
Maps = tuple[np.ndarray, np.ndarray]
PATCH_SHARE = 0.22  # of the image's height: about an eye with its brow
STEPS_PER_PATCH = 2


def kept_network(run: "Run") -> "tuple[Run, Verifier | None, str]":
    """The network that explains the scores of a run, as far as networks were kept.

    Args:
        run: a finished run.

    Returns:
        `(explained, verifier, sentence)`. The first is `run` or, of an ensemble, the member with
        the largest weight among those whose network was kept. Where none was kept, `verifier` is
        None, and of an ensemble the member with the largest weight of all is the first. The
        sentence tells readers what is shown, or why nothing is.
    """
    from siamese_lib.inference.verifier import Verifier  # with TensorFlow

    networks = run.networks()
    for explained in networks:
        try:
            verifier = Verifier.of_run(explained)
        except FileNotFoundError:
            continue
        if not run.config.members:
            return explained, verifier, f"Shown is the network of {run.name}."
        weight = run.metrics["weights"][explained.name]
        sentence = (
            f"An ensemble has no network of its own. Shown is the member {explained.name}, which "
            f"has the largest weight ({weight:.2f}) of those whose network was kept."
        )
        return explained, verifier, sentence
    sentence = (
        f"Left out: of {run.name} only the results were kept and no network; train it again in "
        "another folder to see this."
    )
    return networks[0] if networks else run, None, sentence


def occlusion_maps(verifier: Scorer, left: np.ndarray, right: np.ndarray) -> Maps:
    """The effect of each part of two images on their score (Zeiler and Fergus, 2014, section 4.2).

    A square of the image's mean grey covers each position in turn, and the pair is scored again.

    Args:
        verifier: a `Scorer`.
        left, right: `(height, width, 1)`, uint8.

    Returns:
        `(left_map, right_map)`, each `(height, width)`: the score with the part visible minus the
        score with it covered, in log-odds; positive parts support "same person".
    """
    boxes, covered_left = _covered(left)
    _, covered_right = _covered(right)
    images = np.concatenate([left[np.newaxis], right[np.newaxis], covered_left, covered_right])
    embeddings = verifier.embed(images.astype(np.float32))
    left_whole, right_whole, of_left, of_right = np.split(embeddings, [1, 2, 2 + len(boxes)])
    score = log_odds(verifier.score(left_whole, right_whole))[0]
    maps = []
    for covered, whole in ((of_left, right_whole), (of_right, left_whole)):
        scores = verifier.score(covered, np.repeat(whole, len(covered), axis=0))
        maps.append(_mean_over_boxes(score - log_odds(scores), boxes, left.shape[:2]))
    return maps[0], maps[1]


def _covered(image: np.ndarray) -> tuple[list[tuple], np.ndarray]:
    """The boxes `(top, bottom, left, right)`, and a copy of the image with each one covered."""
    height, width = image.shape[:2]
    side = max(4, round(PATCH_SHARE * height))
    tops, lefts = (_starts(size, side) for size in (height, width))
    boxes = [(top, top + side, left, left + side) for top in tops for left in lefts]
    copies = np.repeat(image[np.newaxis].astype(np.float32), len(boxes), axis=0)
    for copy, (top, bottom, left, right) in zip(copies, boxes):
        copy[top:bottom, left:right] = image.mean()
    return boxes, copies


def _starts(size: int, side: int) -> np.ndarray:
    count = max(2, round(STEPS_PER_PATCH * size / side))
    return np.unique(np.round(np.linspace(0, size - side, count)).astype(int))


def _mean_over_boxes(values: np.ndarray, boxes: list[tuple], shape: tuple) -> np.ndarray:
    """For each pixel the mean value of the boxes that cover it."""
    total, count = np.zeros(shape), np.zeros(shape)
    for value, (top, bottom, left, right) in zip(values, boxes):
        total[top:bottom, left:right] += value
        count[top:bottom, left:right] += 1
    return total / np.maximum(count, 1)


THIRDS = ("upper", "middle", "lower")  # of a face


def maps_of_pairs(verifier: Scorer, cache: FaceCache, scores: pd.DataFrame) -> list[Maps]:
    """The occlusion maps of scored pairs.

    Args:
        verifier: a `Scorer`: that of the scores, or of an ensemble's scores a member's.
        cache: the `FaceCache` with the images.
        scores: rows of `Run.scores`.
    """
    return [occlusion_maps(verifier, *cache[pair_of(row)[:2]]) for row in scores.to_dict("records")]


def with_evidence(
    scores: pd.DataFrame, maps: Sequence[Maps], threshold: float, mask: np.ndarray | None = None
) -> pd.DataFrame:
    """Scored pairs with a further sentence in `why`: where the evidence for the decision lies.

    Args:
        scores: rows of `Run.scores` with the further column `why`.
        maps: of these rows, as `maps_of_pairs` returns them.
        threshold: the smallest score of a decision for the same person.
        mask: as in `where_evidence_lies`.
    """
    decisions = (scores["score"] >= threshold).astype(int)
    where = [where_evidence_lies(*each, mask) for each in zip(maps, decisions)]
    return scores.assign(why=[f"{why} {words}" for why, words in zip(scores["why"], where)])


def where_evidence_lies(maps: Maps, decision: int, mask: np.ndarray | None = None) -> str:
    """Where the evidence for a decision lies, as a sentence.

    Args:
        maps: the occlusion maps of both images.
        decision: 1 = same person.
        mask: the pixels of the face, `(height, width)`, if the face has a fixed position; what is
            outside is a region of its own. Without it, the regions are those of the image.
    """
    evidence = np.clip(np.mean(maps, axis=0) * (1 if decision else -1), 0, None)
    if not evidence.sum():
        return "No part of the images speaks for this decision."
    inside = np.ones_like(evidence, bool) if mask is None else mask
    rows, whole = np.flatnonzero(inside.any(axis=1)), "image" if mask is None else "face"
    shares = {"hair, clothes and background": evidence[~inside].sum()}
    for name, part in zip(THIRDS, np.array_split(np.arange(rows[0], rows[-1] + 1), 3)):
        shares[f"the {name} third of the {whole}"] = evidence[part][inside[part]].sum()
    region = max(shares, key=shares.__getitem__)
    return f"Largest part of its evidence ({shares[region] / evidence.sum():.0%}): {region}."


def face_mask(
    dataset: FaceDataset,
    crop: tuple[int, int, int, int] | str | None,
    image_size: tuple[int, int],
) -> np.ndarray:
    """The pixels of the network's input that show the face: the ellipse in the dataset's face box.

    Args:
        dataset: a `FaceDataset`.
        crop, image_size: of the network.

    Returns:
        `(height, width)`, bool.

    Raises:
        ValueError: if the crop differs from image to image, so that the face has no fixed position.
    """
    frame = dataset.frame if crop is None else crop
    if frame is None or isinstance(frame, str) or dataset.face_box is None:
        raise ValueError(
            "The face has a fixed position only in aligned images, with a crop of four numbers or "
            f"without one. Received: dataset {dataset.name}, crop {crop}"
        )
    top, bottom, left, right = dataset.face_box
    rows = frame[0] + (np.arange(image_size[0]) + 0.5) * (frame[1] - frame[0]) / image_size[0]
    columns = frame[2] + (np.arange(image_size[1]) + 0.5) * (frame[3] - frame[2]) / image_size[1]
    down = (2 * rows - top - bottom) / (bottom - top)
    across = (2 * columns - left - right) / (right - left)
    return down[:, np.newaxis] ** 2 + across**2 <= 1.0


def scores_with_parts(
    verifier: Scorer, cache: FaceCache, pairs: PairList, mask: np.ndarray
) -> dict[str, np.ndarray]:
    """The scores of pairs with whole images, faces alone and backgrounds alone.

    The hidden part is mid-grey.

    Args:
        verifier: a `Scorer`.
        cache: the `FaceCache` with the images.
        pairs: a `PairList`.
        mask: the pixels of the face, `(height, width)`, from `face_mask`.

    Returns:
        `{"whole image", "face alone", "background alone"}` -> `(num_pairs,)`.
    """
    images, face = cache[pairs.faces], mask[:, :, np.newaxis]
    versions = {
        "whole image": images,
        "face alone": np.where(face, images, 128),
        "background alone": np.where(face, 128, images),
    }
    return {
        name: verifier.score_embedded(pairs, verifier.embed(version))
        for name, version in versions.items()
    }


def mean_occlusion_maps(
    verifier: Scorer, cache: FaceCache, scores: pd.DataFrame, count: int = 100
) -> dict[str, np.ndarray]:
    """The mean effect of each region on the scores of many pairs, which shows nobody's face.

    Args:
        verifier: a `Scorer`.
        cache: the `FaceCache` with the images.
        scores: rows of `Run.scores` with the further column `wrong`.
        count: pairs of each class and outcome, at most; they are drawn.

    Returns:
        `{"same person, correct": (height, width), ...}`: the mean over both images of a pair of the
        score with a region visible minus the score with it covered, in log-odds. Classes and
        outcomes without a pair are left out.
    """
    means = {}
    for label, class_name in CLASS_NAMES.items():
        for is_wrong, outcome in ((False, "correct"), (True, "wrong")):
            rows = scores[(scores["label"] == label) & (scores["wrong"] == is_wrong)]
            rows = rows.sample(min(count, len(rows)), random_state=0)
            pairs = [cache[pair_of(row)[:2]] for row in rows.to_dict("records")]
            if pairs:
                maps = [np.mean(occlusion_maps(verifier, *pair), axis=0) for pair in pairs]
                means[f"{class_name}, {outcome} ({len(pairs)} pairs)"] = np.mean(maps, axis=0)
    return means
