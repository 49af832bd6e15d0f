"""A published network on a user's own people: a threshold for them, measured on others of them.

A threshold does not travel: scores of other cameras and other people lie elsewhere. No weight of
the network is changed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from siamese_lib.data.cache import open_cache
from siamese_lib.data.face_dataset import FaceFiles
from siamese_lib.data.pairs import (
    DIFFERENT,
    SAME,
    Face,
    Pair,
    PairList,
    faces_by_person,
    pair_table,
)
from siamese_lib.evaluation.bootstrap import people_weights
from siamese_lib.evaluation.metrics import (
    area_under_roc,
    calibrated_threshold,
    resampled_areas_under_roc,
)
from siamese_lib.evaluation.thresholds import NUM_BLOCKS, blocks_of_people, threshold_at
from siamese_lib.inference.scorer import Scorer, hashed_people
from siamese_lib.utils.machine import versions

# More pairs of the same pictures say little more.
MAX_SAME, MAX_DIFFERENT = 2_000, 10_000
NUM_RESAMPLES = 500
Network = TypeVar("Network", bound=Scorer)
SHARE_OF_OTHERS = 1 - 2 / NUM_BLOCKS  # of the people, without those of two blocks


@dataclass(frozen=True)
class Calibration:
    """A threshold for a user's own people, and what it is worth.

    Attributes:
        threshold: chosen on the pairs of all people.
        rows: "before" and "after": a dict each with threshold, accuracy, true_accept_rate,
            false_accept_rate, auc, each measure with its `..._interval` over people. "After", every
            pair is decided by a threshold from pairs of other people.
        record: how the threshold was found, for the model's file.
        pairs: a row for each pair: left, right, label, score, threshold (of other people), wrong
            (at that threshold); the pairs of each class are in random order.
    """

    threshold: float
    rows: dict[str, dict[str, Any]]
    record: dict[str, Any]
    pairs: pd.DataFrame


def calibrate(verifier: Scorer, pictures: FaceFiles, far: float | None = None) -> Calibration:
    """Chooses a threshold on pictures of a user's own people.

    Without `far` it is where the calibrated probability is one half, with as many same as different
    pairs (`metrics.calibrated_threshold`). The accuracy is the mean of the two classes'.

    Args:
        verifier: the network; it is not changed.
        pictures: as from `locate_pictures`.
        far: the false accept rate that is asked for.

    Raises:
        ValueError: if there are too few people, or too few for the asked rate.
    """
    pairs = all_pairs(sorted(pictures.files))
    num_people = len({face.person for face in pictures.files})
    if far is not None and num_people < people_needed(far):
        raise ValueError(
            f"To set and check a false accept rate of {far:g}, pictures of {people_needed(far)} "
            f"people are needed; give more, or a higher rate. Received: {num_people} people"
        )
    cache = open_cache(pictures, verifier.crop, verifier.image_size, pairs.faces)
    scores, labels = verifier.score_pairs(cache, pairs), np.array(pairs.labels)
    before = float(verifier.settings["threshold"])
    thresholds = np.empty(len(pairs))
    for held_out, others in blocks_of_people(pairs):
        thresholds[held_out] = chosen_threshold(scores[others], labels[others], far)
    threshold = chosen_threshold(scores, labels, far)
    rows = {
        "before": {"threshold": before} | _measures(pairs, scores, scores >= before),
        "after": {"threshold": threshold} | _measures(pairs, scores, scores >= thresholds),
    }
    record = {
        "num_people": num_people,
        "num_pictures": len(pairs.faces),
        "num_same": int(labels.sum()),
        "num_different": int((labels == DIFFERENT).sum()),
        "false_accept_rate": far,
        "rows": rows,
        "date": date.today().isoformat(),
        "versions": versions(),
    }
    table = pair_table({"own": pairs}).drop(columns="split")
    wrong = (scores >= thresholds) != (labels == SAME)
    table = table.assign(score=scores, threshold=thresholds, wrong=wrong)
    return Calibration(threshold, rows, record, table)


def calibrated_verifier(
    verifier: Network, calibration: Calibration, people: Sequence[str]
) -> Network:
    """The network with the new threshold; its file names the people, hashed, as known."""
    known = verifier.settings.get("people") or {"train": "", "validation": ""}
    known = known | {"validation": f"{known['validation']} {hashed_people(people)}".strip()}
    settings = {"threshold": calibration.threshold, "calibration": calibration.record}
    return verifier.with_settings(verifier.settings | settings | {"people": known})


def people_needed(far: float) -> int:
    """The smallest number of people whose pairs can show a false accept rate.

    The threshold of each pair comes from the other blocks' people; of these, as many pairs of two
    people are needed as one over the rate.
    """
    count = 3
    while (others := int(SHARE_OF_OTHERS * count)) * (others - 1) / 2 * far < 1:
        count += 1
    return count


def all_pairs(faces: Sequence[Face], seed: int = 0) -> PairList:
    """The pairs of these faces, or, where there are very many, a sample of each class.

    Raises:
        ValueError: if there are not two people, each with two images.
    """
    own = [list(faces) for faces in faces_by_person(faces).values()]
    if sum(len(each) > 1 for each in own) < 2:
        raise ValueError(
            "To choose a threshold, pictures of two people are needed, two of each; verify "
            f"compares any two pictures. Received: {len(own)} people with "
            f"{', '.join(str(len(each)) for each in own[:5])} pictures"
        )
    person = np.repeat(np.arange(len(own)), [len(each) for each in own])
    everyone = [face for each in own for face in each]
    generator = np.random.default_rng(seed)
    drawn = {SAME: _same_rows(person), DIFFERENT: _different_rows(person, generator)}
    pairs = []
    for label, most in ((SAME, MAX_SAME), (DIFFERENT, MAX_DIFFERENT)):
        rows = generator.permutation(drawn[label])[:most]
        pairs += [Pair(everyone[left], everyone[right], label) for left, right in rows]
    return PairList(tuple(pairs))


def _same_rows(person: np.ndarray) -> np.ndarray:
    """The pairs `(num_pairs, 2)` of rows of the same person."""
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    counts = np.diff([*starts, len(person)])
    blocks = [
        start + np.stack(np.triu_indices(count, 1), axis=1) for start, count in zip(starts, counts)
    ]
    return np.concatenate(blocks)


def _different_rows(person: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Pairs `(num_pairs, 2)` of rows of two people: all, or a sample of distinct ones."""
    if len(person) <= 1000:
        rows = np.stack(np.triu_indices(len(person), 1), axis=1)
    else:
        drawn = np.sort(generator.integers(0, len(person), (3 * MAX_DIFFERENT, 2)), axis=1)
        rows = np.unique(drawn, axis=0)
    return rows[person[rows[:, 0]] != person[rows[:, 1]]]


def chosen_threshold(scores: np.ndarray, labels: np.ndarray, far: float | None = None) -> float:
    """The threshold that `calibrate` chooses on these pairs, the different ones in random order."""
    if far is not None:
        return threshold_at(scores, labels, far)
    # As many different pairs as same ones; they are in random order.
    num_same = int(labels.sum())
    chosen = np.concatenate([np.flatnonzero(labels == each)[:num_same] for each in (0, 1)])
    return calibrated_threshold(scores[chosen], labels[chosen])


def _measures(pairs: PairList, scores: np.ndarray, accepted: np.ndarray) -> dict[str, Any]:
    """Accuracy, rates and AUC with their intervals; the first row of weights is the sample."""
    labels = np.array(pairs.labels)
    weights = people_weights(*pairs.clusters_of_sides, NUM_RESAMPLES)
    weights = np.vstack([np.ones_like(weights[:1]), weights]).astype(float)
    with np.errstate(invalid="ignore"):
        rates = {
            name: (weights * accepted)[:, labels == label].sum(axis=1)
            / weights[:, labels == label].sum(axis=1)
            for name, label in (("true_accept_rate", SAME), ("false_accept_rate", DIFFERENT))
        }
    values = {"accuracy": (rates["true_accept_rate"] + 1 - rates["false_accept_rate"]) / 2, **rates}
    measures: dict[str, Any] = {}
    for name, drawn in values.items():
        measures[name] = float(drawn[0])
        measures[f"{name}_interval"] = _interval(drawn[1:])
    measures["auc"] = area_under_roc(scores, labels)
    measures["auc_interval"] = _interval(resampled_areas_under_roc(scores, labels, weights[1:]))
    return measures


def _interval(drawn: np.ndarray) -> list[float]:
    return [float(bound) for bound in np.nanquantile(drawn, [0.025, 0.975])]
