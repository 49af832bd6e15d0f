"""Answers in one-shot trials, and their accuracy.

The answer is the gallery image that is most similar to the probe. Needs no network and no
TensorFlow.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import Face, TrialSet, cluster_of, parse_face
from siamese_lib.evaluation.bootstrap import people_bootstrap
from siamese_lib.evaluation.trials import draw_trial_sets, draw_trials

if TYPE_CHECKING:
    import pandas as pd

# `compare(left, right)`: the similarities `(num_pairs,)` of images named by their rows.
Compare = Callable[[Any, Any], np.ndarray]

PAIRS_PER_BATCH = 256  # of cosines: the vectors of their images, as float64, are held together


def answered_correctly(similarities: np.ndarray, answers: Sequence[int]) -> np.ndarray:
    """Whether the correct image scores strictly highest; a tie counts as an error.

    Args:
        similarities: of the probe to each gallery image, `(num_trials, num_ways)`.
        answers: the index of the correct image in each gallery, `(num_trials,)`.

    Returns:
        `(num_trials,)`, bool.
    """
    similarities, trials = np.asarray(similarities), np.arange(len(answers))
    others = np.array(similarities, dtype=float)
    others[trials, answers] = -np.inf
    return similarities[trials, answers] > others.max(axis=1)


def answer_trials(
    trial_sets: Sequence[TrialSet], row_of: Mapping[Any, int], compare: Compare
) -> "pd.DataFrame":
    """The answers that a similarity gives in each trial.

    Args:
        trial_sets: a list of `TrialSet`, all with galleries of one size.
        row_of: for each image in them the row by which `compare` finds it.
        compare: `compare(left, right)` returns the similarities `(num_pairs,)` of rows.

    Returns:
        A pandas DataFrame, a row for each trial: trial_set (from 1 on), probe, answer (the correct
        gallery image), chosen (the most similar one), correct.
    """
    import pandas as pd

    trials = [
        (number, trials.gallery, probe, answer)
        for number, trials in enumerate(trial_sets, start=1)
        for probe, answer in zip(trials.probes, trials.answers)
    ]
    numbers, galleries, probes, answers = zip(*trials)
    right = np.array([[row_of[image] for image in gallery] for gallery in galleries])
    left = np.repeat([row_of[probe] for probe in probes], right.shape[1])
    similarities = compare(left, right.ravel()).reshape(right.shape)
    chosen = similarities.argmax(axis=1)
    return pd.DataFrame(
        {
            "trial_set": numbers,
            "probe": list(map(str, probes)),
            "answer": [str(gallery[index]) for gallery, index in zip(galleries, answers)],
            "chosen": [str(gallery[index]) for gallery, index in zip(galleries, chosen)],
            "correct": answered_correctly(similarities, answers),
        }
    )


def average_over_seeds(tables: Sequence["pd.DataFrame"]) -> "pd.DataFrame":
    """The trials that several networks answered; `correct` is the share of correct networks.

    Raises:
        ValueError: if the networks answered different trials.
    """
    question = ["trial_set", "probe", "answer"]
    if not all(table[question].equals(tables[0][question]) for table in tables):
        raise ValueError(
            "A mean over seeds needs the same trials in every run; give the runs one dataset. "
            f"Received: {', '.join(f'{len(table)} trials' for table in tables)}, not all the same"
        )
    return tables[0].assign(correct=sum(table["correct"] for table in tables) / len(tables))


def trial_accuracy(trials: "pd.DataFrame", clusters: Any = None) -> dict[str, Any]:
    """The accuracy over trials, with a 95 % interval by bootstrap over clusters of trials.

    Args:
        trials: as `answer_trials` or `average_over_seeds` returns them.
        clusters: the cluster of each trial, `(num_trials,)`; by default the group of its probe.

    Returns:
        A dict with accuracy, accuracy_interval, num_trial_sets, num_trials.
    """
    if clusters is None:
        clusters = [cluster_of(parse_face(name).person) for name in trials["probe"]]
    accuracy, interval = clustered_accuracy(trials["correct"], clusters)
    return {
        "accuracy": accuracy,
        "accuracy_interval": interval,
        "num_trial_sets": int(trials["trial_set"].nunique()),
        "num_trials": len(trials),
    }


def pairs_of_trial_sets(trials: "pd.DataFrame") -> "pd.Series":
    """Clusters of trials whose groups are unknown, or all the same: the pairs of trial sets.

    The two sets of a pair swap gallery and probes, so they share their people.
    """
    return (trials["trial_set"] - 1) // 2


def clustered_accuracy(correct: Any, clusters: Any) -> tuple[float, list[float]]:
    """The share of correct trials, with a 95 % interval by bootstrap over clusters.

    Trials of one cluster are not independent, so clusters are drawn with replacement, not trials
    (Field and Welsh, "Bootstrapping clustered data", 2007).

    Args:
        correct: whether each trial is correct, or the share of networks, `(num_trials,)`.
        clusters: for example the person or the group of the probe, `(num_trials,)`.

    Returns:
        `(accuracy, [low, high])`
    """
    correct, clusters = np.asarray(correct), np.asarray(clusters)
    return float(correct.mean()), people_bootstrap(clusters, clusters, correct)


def oneshot_accuracies(
    methods: Mapping[str, Compare],
    faces: Sequence[Face],
    ways: Sequence[int] = (2, 5, 10, 20, 50),
    num_trials: int = 2000,
    group_of: Mapping[str, str] | None = None,
) -> "pd.DataFrame":
    """The one-shot accuracy of several methods on the same trials, beside chance.

    The interval is a bootstrap over the probes' people, within groups over the groups; the others
    in a gallery are fixed.

    Args:
        methods: `{name: compare}`; `compare(left, right)` takes rows of `faces`.
        faces: images of people who were not trained on.
        ways: the values of N; those above the number of people (of a group) are left out.
        num_trials: trials for each N; within groups at least so many, in whole trial sets.
        group_of: the group of each person, to draw trials within groups.

    Returns:
        A pandas DataFrame with the columns method, ways, accuracy, low, high; the method `chance`
        is 1 / N.

    Raises:
        ValueError: if nobody has two images.
    """
    people, row_of = {face.person for face in faces}, {face: row for row, face in enumerate(faces)}
    import pandas as pd

    sizes = Counter(group_of[person] if group_of else "" for person in people)
    rows: list[tuple] = []
    for num_ways in (number for number in ways if number <= max(sizes.values())):
        if group_of:
            num_sets = 2 * math.ceil(num_trials / (2 * num_ways))
            sets = draw_trial_sets(faces, group_of, num_ways, num_sets)
        else:
            sets = draw_trials(faces, num_ways, num_trials, seed=0)
        asked = [cluster_of(probe.person) for trials in sets for probe in trials.probes]
        for name, compare in methods.items():
            correct = answer_trials(sets, row_of, compare)["correct"]
            accuracy, interval = clustered_accuracy(correct, asked)
            rows.append((name, num_ways, accuracy, *interval))
        rows.append(("chance", num_ways, *[1 / num_ways] * 3))
    return pd.DataFrame(rows, columns=["method", "ways", "accuracy", "low", "high"])


def pixel_vectors(images: np.ndarray) -> np.ndarray:
    """Images as embeddings: grey values minus the image's mean; their cosine is a correlation.

    Args:
        images: `(num_images, height, width, 1)`, uint8.

    Returns:
        `(num_images, height * width)`, float32.
    """
    pixels = np.asarray(images, dtype=np.float32).reshape(len(images), -1)
    return pixels - pixels.mean(axis=1, keepdims=True)


def pixel_similarity(cache: FaceCache, faces: Sequence[Face]) -> Compare:
    """A method for `oneshot_accuracies`: the correlation of two images' pixels.

    Args:
        cache: a `FaceCache` of the faces.
        faces: the faces whose rows are compared.
    """
    return cosine_similarity(lambda rows: pixel_vectors(cache[[faces[row] for row in rows]]))


def cosine_similarity(vectors_of: Callable[[np.ndarray], np.ndarray]) -> Compare:
    """A method for `oneshot_accuracies`: the cosine of vectors; 0 where one of them is zero.

    Only the cosines that are asked for are computed, so memory does not grow with the images.

    Args:
        vectors_of: `vectors_of(rows)` returns the vectors of these rows, `(len(rows), dim)`.
    """

    def unit_vectors(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, place = np.unique(rows, return_inverse=True)
        vectors = np.asarray(vectors_of(rows), dtype=np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1.0), place

    def compare(left: Any, right: Any) -> np.ndarray:
        cosines = []
        for start in range(0, len(left), PAIRS_PER_BATCH):
            (of_left, i), (of_right, j) = (
                unit_vectors(np.asarray(rows)[start : start + PAIRS_PER_BATCH])
                for rows in (left, right)
            )
            cosines.append((of_left @ of_right.T)[i, j])
        # Equal vectors must tie, whatever the order of summation.
        return np.round(np.concatenate(cosines), 9)

    return compare
