"""One-shot classification: which of N people is on an image, given one image of each?

After Koch, Zemel and Salakhutdinov (2015, section 4.3) and Lake et al. (2011): a trial has a
gallery, one image each of N people, and a probe, another image of one of them; the answer is the
gallery image that is most similar to the probe. Where people belong to groups (characters to
alphabets), trials stay within a group, which is harder: two drawers draw the same characters, as in
the paper. Needs no network and no TensorFlow.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.images import FaceCache
from siamese_lib.data.pairs import Face, TrialSet, cluster_of, parse_face
from siamese_lib.evaluation.metrics import people_bootstrap

if TYPE_CHECKING:
    import pandas as pd

# `compare(left, right)`: the similarities `(num_pairs,)` of images named by their rows.
Compare = Callable[[Any, Any], np.ndarray]

# Trial sets within groups. "test" is the customary number, "test_400" repeats the same test people
# for a narrower interval; the validation sets choose the epoch.
NUM_TRIAL_SETS = {"validation": 100, "test": 20, "test_400": 400}
NUM_WAYS = 20  # as in Koch et al. (2015)
PAIRS_PER_BATCH = 256  # of cosines: the vectors of their images, as float64, are held together


def trial_sets(dataset: FaceDataset, config: ExperimentConfig) -> dict[str, list[TrialSet]]:
    """The trial sets of an experiment within groups, `{split of NUM_TRIAL_SETS: [TrialSet]}`.

    They have 20 ways, or fewer where groups have fewer people. The dict is empty without groups,
    and where the people of a group do not share two image numbers.
    """
    if not dataset.group_of:
        return {}
    _, validation_people = dataset.people(config)
    validation = [face for face in dataset.files if face.person in validation_people]
    faces_of = {"validation": validation, "test": dataset.oneshot_faces}
    ways_of = {split: _num_ways(faces, dataset.group_of) for split, faces in faces_of.items()}
    if not all(ways_of.values()):
        return {}
    return {
        split: draw_trial_sets(
            faces_of[split.partition("_")[0]],
            dataset.group_of,
            num_ways=ways_of[split.partition("_")[0]],
            num_trial_sets=number,
        )
        for split, number in NUM_TRIAL_SETS.items()
    }


def _num_ways(faces: Sequence[Face], group_of: Mapping[str, str]) -> int:
    """The number of ways that trials within these groups can have, or 0 if there can be none."""
    numbers_of: dict[str, dict[str, set[int]]] = {}
    for face in faces:
        people = numbers_of.setdefault(group_of[face.person], {})
        people.setdefault(face.person, set()).add(face.number)
    ways = min(NUM_WAYS, max(map(len, numbers_of.values()), default=0))
    used = [list(people.values()) for people in numbers_of.values() if len(people) >= ways]
    shares_two = all(len(set.intersection(*numbers)) >= 2 for numbers in used)
    return ways if ways >= 2 and shares_two else 0


def draw_trial_sets(
    faces: Sequence[Face],
    group_of: Mapping[str, str],
    num_ways: int = NUM_WAYS,
    num_trial_sets: int = 20,
    seed: int = 0,
) -> list[TrialSet]:
    """Draws trial sets within groups (Koch et al., 2015, section 4.3).

    A group is chosen, N of its people, and two image numbers (in Omniglot two drawers). The first
    drawer's images are the gallery, the second's are the probes; a second set swaps the two. Every
    group is used before one is used again, except groups with fewer than N people.

    Args:
        faces: images of people who were not trained on.
        group_of: the group of each person.
        num_ways: N, and the number of trials in a set.
        num_trial_sets: an even number.
        seed: the same seed draws the same sets.

    Raises:
        ValueError: if no group has N people.
    """
    groups: dict[str, dict[str, dict[int, Face]]] = {}
    for face in sorted(faces):
        people = groups.setdefault(group_of[face.person], {})
        people.setdefault(face.person, {})[face.number] = face
    groups = {name: people for name, people in groups.items() if len(people) >= num_ways}
    if not groups:
        raise ValueError(
            "One-shot trials need a group with as many people as there are ways. "
            f"Received: num_ways={num_ways}"
        )
    generator = random.Random(seed)
    sets: list[TrialSet] = []
    unused: list[str] = []
    while len(sets) < num_trial_sets:
        unused = unused or generator.sample(sorted(groups), len(groups))
        people = groups[unused.pop()]
        chosen = generator.sample(sorted(people), num_ways)
        common = set.intersection(*(set(people[person]) for person in chosen))
        first, second = generator.sample(sorted(common), 2)
        for of_gallery, of_probes in ((first, second), (second, first)):
            answers = tuple(generator.sample(range(num_ways), num_ways))
            gallery = tuple(people[person][of_gallery] for person in chosen)
            probes = tuple(people[chosen[answer]][of_probes] for answer in answers)
            sets.append(TrialSet(gallery, probes, answers))
    return sets


def draw_trials(faces: Sequence[Face], num_ways: int, num_trials: int, seed: int) -> list[TrialSet]:
    """Draws single trials across people, each a `TrialSet` with one probe.

    Everybody with two images is the probe's person equally often; the other people of a gallery
    are drawn from all, with one image each.

    Args:
        faces: the images to draw from, each once; of people who were not trained on.
        num_ways: N, the people in a gallery.
        num_trials: the number of trials.
        seed: the same seed draws the same trials.

    Raises:
        ValueError: if N is less than 2 or more than there are people, or nobody has two images.
    """
    _, person_of, counts = np.unique(
        [face.person for face in faces], return_inverse=True, return_counts=True
    )
    several = np.flatnonzero(counts > 1)
    if not 2 <= num_ways <= len(counts) or not len(several):
        raise ValueError(
            "A trial needs two or more people, and one of them with two images. "
            f"Received: num_ways={num_ways}, {len(counts)} people, {len(several)} with two"
        )
    generator = np.random.default_rng(seed)
    asked = generator.choice(several, num_trials)
    others = np.stack(
        [generator.choice(len(counts) - 1, num_ways - 1, replace=False) for _ in range(num_trials)]
    )
    others += others >= asked[:, np.newaxis]  # skips the probe's person
    people = np.column_stack([asked, others])
    images = generator.integers(counts[people])
    # An offset of 1 to count - 1, around: any other image of the person.
    probes = (images[:, 0] + generator.integers(1, counts[asked])) % counts[asked]
    rows, starts = np.argsort(person_of, kind="stable"), np.cumsum(counts) - counts
    galleries, probes = rows[starts[people] + images], rows[starts[asked] + probes]
    return [
        TrialSet(tuple(faces[row] for row in gallery), (faces[probe],), (0,))
        for gallery, probe in zip(galleries, probes)
    ]


def images_of(trial_sets: Sequence[TrialSet]) -> list:
    """Every image in these trial sets, once, sorted."""
    return sorted({image for trials in trial_sets for image in (*trials.gallery, *trials.probes)})


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
