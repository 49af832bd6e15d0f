"""One-shot classification: which of N people is it, when each has shown one image? Needs no network and no TensorFlow.

After Koch, Zemel and Salakhutdinov (2015, section 4.3) and Lake et al. (2011): an episode has a gallery, one image each of N
people, and a probe, another image of one of them; the answer is the gallery image that is most similar to the probe. Where people
belong to groups, characters to alphabets, the task is harder within a group: two drawers draw the same characters, as in the paper.
"""

import math
import random
from collections import Counter
from functools import partial

import numpy as np

from siamese_lib.data.pairs import TrialSet
from siamese_lib.evaluation.metrics import people_bootstrap


def draw_trial_sets(faces, group_of, num_ways=20, num_trial_sets=20, seed=0):
    """Draws runs of one-shot trials within groups (Koch et al., 2015, section 4.3).

    A group is chosen, N of its people, and two of the images' numbers, in Omniglot two drawers: one drawer's images are the gallery,
    the other's the probes; then the other way round in a second run. Every group has its turn before one comes again; a group
    with fewer people than N has none.

    Args:
        faces: images of people who were not trained on.
        group_of: the group of each person.
        num_ways: N, and the number of trials in a run.
        num_trial_sets: an even number.
        seed: the same seed draws the same runs.

    Returns:
        A list of `TrialSet`s.

    Raises:
        ValueError: if no group has N people.
    """
    groups = {}
    for face in sorted(faces):
        groups.setdefault(group_of[face.person], {}).setdefault(face.person, {})[face.number] = face
    groups = {name: people for name, people in groups.items() if len(people) >= num_ways}
    if not groups:
        raise ValueError(
            f"One-shot trials need a group with as many people as there are ways. Received: num_ways={num_ways}"
        )
    generator, runs, waiting = random.Random(seed), [], []
    while len(runs) < num_trial_sets:
        waiting = waiting or generator.sample(sorted(groups), len(groups))
        people = groups[waiting.pop()]
        chosen = generator.sample(sorted(people), num_ways)
        drawers = generator.sample(
            sorted(set.intersection(*(set(people[person]) for person in chosen))), 2
        )
        for one, other in (drawers, drawers[::-1]):
            answers = generator.sample(range(num_ways), num_ways)
            gallery = tuple(people[person][one] for person in chosen)
            runs.append(
                TrialSet(
                    gallery,
                    tuple(people[chosen[place]][other] for place in answers),
                    tuple(answers),
                )
            )
    return runs


def images_of(runs):
    """Every image that is in some of the runs, once, sorted."""
    return sorted({image for run in runs for image in (*run.gallery, *run.probes)})


def answered_correctly(similarities, answers):
    """Whether the right image alone is the most similar. A tie counts as wrong: who cannot tell two apart has not answered.

    Args:
        similarities: of the probe to each gallery image, `(num_trials, num_ways)`.
        answers: the place of the right image in each gallery, `(num_trials,)`.

    Returns:
        `(num_trials,)`, bool.
    """
    similarities, trials = np.asarray(similarities), np.arange(len(answers))
    others = np.array(similarities, dtype=float)
    others[trials, answers] = -np.inf
    return similarities[trials, answers] > others.max(axis=1)


def score_trials(runs, places, compare):
    """What a way to compare answers in each trial, and whether that is right by `answered_correctly`.

    Args:
        runs: a list of `TrialSet`.
        places: for each image in them its place, as `compare` knows it.
        compare: `compare(left, right)` gives the similarities `(num_pairs,)` of images, named by their places.

    Returns:
        A pandas DataFrame, a row a trial: run (from 1 on), probe, answer (the right image of the gallery), chosen (the most similar),
        right.
    """
    import pandas as pd

    rows = []
    for number, run in enumerate(runs, start=1):
        shape = (len(run.probes), len(run.gallery))
        left, right = (
            np.array([places[image] for image in side]) for side in (run.probes, run.gallery)
        )
        similarities = compare(np.repeat(left, shape[1]), np.tile(right, shape[0])).reshape(shape)
        answered = zip(
            run.probes,
            run.answers,
            similarities.argmax(axis=1),
            answered_correctly(similarities, run.answers),
        )
        for probe, answer, chosen, correct in answered:
            rows.append(
                (
                    number,
                    str(probe),
                    str(run.gallery[answer]),
                    str(run.gallery[chosen]),
                    bool(correct),
                )
            )
    return pd.DataFrame(rows, columns=["trial_set", "probe", "answer", "chosen", "correct"])


def average_over_seeds(tables):
    """The trials of several networks that answered the same ones: right is the share of the networks that are."""
    return tables[0].assign(correct=sum(table["correct"] for table in tables) / len(tables))


def trial_accuracy(trials):
    """The accuracy over all trials of `score_trials` or `average_over_seeds`, with a 95 % interval by bootstrap over pairs of runs, since two
    runs share their characters.

    Returns:
        A dict with accuracy, accuracy_interval, num_trial_sets, num_trials.
    """
    draws = ((trials["trial_set"] - 1) // 2).to_numpy()
    return {
        "accuracy": float(trials["correct"].mean()),
        "accuracy_interval": people_bootstrap(draws, draws, trials["correct"].to_numpy()),
        "num_trial_sets": int(trials["trial_set"].nunique()),
        "num_trials": len(trials),
    }


def draw_episodes(faces, num_ways, num_episodes, seed):
    """Draws episodes of N-way one-shot classification (Koch et al., 2015, section 4.3; Lake et al., 2011).

    Everybody with two images is the probe's person equally often; the others are drawn from all people, one image of each.

    Args:
        faces: the images to draw from, each once; of people who were not trained on.
        num_ways: N, the people in a gallery.
        num_episodes: how many.
        seed: the same seed draws the same episodes.

    Returns:
        `(gallery, probes)`: places in `faces`, `(num_episodes, num_ways)` and `(num_episodes,)`; the first image of a gallery is the
        one of the probe's person.

    Raises:
        ValueError: if N is less than 2 or more than there are people, or nobody has two images.
    """
    _, person_of, counts = np.unique(
        [face.person for face in faces], return_inverse=True, return_counts=True
    )
    several = np.flatnonzero(counts > 1)
    if not 2 <= num_ways <= len(counts) or not len(several):
        raise ValueError(
            "An episode needs two or more people, and one of them with two images. "
            f"Received: num_ways={num_ways}, {len(counts)} people, {len(several)} with two"
        )
    generator = np.random.default_rng(seed)
    wanted = generator.choice(several, num_episodes)
    others = np.stack(
        [
            generator.choice(len(counts) - 1, num_ways - 1, replace=False)
            for _ in range(num_episodes)
        ]
    )
    people = np.column_stack(
        [wanted, others + (others >= wanted[:, np.newaxis])]
    )  # the step over the probe's person
    images = generator.integers(counts[people])
    # From an image of the gallery one to all but one places on, around: any other image of the person.
    probe_images = (images[:, 0] + generator.integers(1, counts[wanted])) % counts[wanted]
    by_person, starts = np.argsort(person_of, kind="stable"), np.cumsum(counts) - counts
    return by_person[starts[people] + images], by_person[starts[wanted] + probe_images]


def oneshot_accuracy(similarities, people, seed=0):
    """The share of episodes whose probe is most similar to the image of its own person, with a 95 % interval.

    Right is what `answered_correctly` calls so. Episodes with the same probe's person are not independent, so these people are drawn with
    replacement, not episodes (cluster bootstrap: Field and Welsh, "Bootstrapping clustered data", 2007); the people beside them in the
    galleries are taken as they are.

    Args:
        similarities: of the probe to each gallery image, `(num_episodes, num_ways)`; first the one of the probe's person.
        people: the probe's person in each episode, `(num_episodes,)`.

    Returns:
        `(accuracy, [low, high])`
    """
    correct = answered_correctly(similarities, np.zeros(len(similarities), dtype=int))
    return float(correct.mean()), people_bootstrap(people, people, correct, seed=seed)


def pixel_vectors(images):
    """The images themselves as embeddings: grey values with the image's mean removed, so that their cosine is a correlation.

    Args:
        images: `(num_images, height, width, 1)`, uint8.

    Returns:
        `(num_images, height * width)`, float32.
    """
    pixels = np.asarray(images, dtype=np.float32).reshape(len(images), -1)
    return pixels - pixels.mean(axis=1, keepdims=True)


def draw_within_groups(faces, num_ways, num_episodes, seed, group_of):
    """The trials of `draw_trial_sets` as `draw_episodes` gives episodes; at least so many, in whole runs."""
    place = {face: index for index, face in enumerate(faces)}
    runs = draw_trial_sets(
        faces, group_of, num_ways, 2 * math.ceil(num_episodes / (2 * num_ways)), seed
    )
    gallery, probes = [], []
    for run in runs:
        for probe, answer in zip(run.probes, run.answers):
            others = [face for index, face in enumerate(run.gallery) if index != answer]
            gallery.append([place[face] for face in (run.gallery[answer], *others)])
            probes.append(place[probe])
    return np.array(gallery), np.array(probes)


def oneshot_accuracies(
    methods, faces, ways=(2, 5, 10, 20, 50), num_episodes=2000, seed=0, group_of=None
):
    """One-shot accuracy of several methods on the same episodes, beside chance.

    Args:
        methods: `{name: compare}`; `compare(left, right)` gives the similarities `(num_pairs,)` of faces, named by their places.
        faces: people who were not trained on.
        ways: the values of N; those that exceed the number of people are left out.
        num_episodes: for each N.
        seed: of the episodes.
        group_of: the group of each person, where episodes are to be drawn within groups.

    Returns:
        A pandas DataFrame with the columns method, ways, accuracy, low, high; the method `chance` is 1 / N.

    Raises:
        ValueError: if nobody has two images.
    """
    import pandas as pd

    people = np.array([face.person for face in faces])
    draw = partial(draw_within_groups, group_of=group_of) if group_of else draw_episodes
    most = (
        max(Counter(group_of[person] for person in set(people)).values())
        if group_of
        else len(set(people))
    )
    ways = [num_ways for num_ways in ways if num_ways <= most]
    rows = []
    for num_ways in ways:
        gallery, probes = draw(faces, num_ways, num_episodes, seed)
        for name, compare in methods.items():
            similarities = compare(np.repeat(probes, num_ways), gallery.ravel()).reshape(
                gallery.shape
            )
            accuracy, interval = oneshot_accuracy(similarities, people[probes])
            rows.append((name, num_ways, accuracy, *interval))
        rows.append(("chance", num_ways, *[1 / num_ways] * 3))
    return pd.DataFrame(rows, columns=["method", "ways", "accuracy", "low", "high"])


def cosine_similarity(embeddings):
    """What `oneshot_accuracies` takes as a method: the cosine of embeddings `(num_faces, dim)`; 0 where one of them is zero."""
    embeddings = np.asarray(embeddings, dtype=np.float64)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.where(lengths > 0, lengths, 1.0)
    # Equal embeddings must tie, whatever the order in which the sums are taken.
    cosines = np.round(unit @ unit.T, 9)
    return lambda left, right: cosines[left, right]


# Of one-shot trials: "test" is what is customary, "test_400" the same people asked more often; many choose an epoch.
NUM_TRIAL_SETS = {"validation": 100, "test": 20, "test_400": 400}
