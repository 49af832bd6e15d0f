"""Trials of one-shot classification: which of N people is on an image, given one image of each?

After Koch, Zemel and Salakhutdinov (2015, section 4.3) and Lake et al. (2011): a trial has a
gallery, one image each of N people, and a probe, another image of one of them. Where people belong
to groups (characters to alphabets), trials stay within a group, which is harder: two drawers draw
the same characters, as in the paper.
"""

import random
from collections.abc import Mapping, Sequence

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.pairs import Face, TrialSet

# Trial sets within groups. "test" is the customary number, "test_400" takes every group
# often, for a narrower interval; the validation sets choose the epoch.
NUM_TRIAL_SETS = {"validation": 100, "test": 20, "test_400": 400}
NUM_WAYS = 20  # as in Koch et al. (2015)
# Trials published with a dataset, as Lake's 20 runs, and what is drawn anew in trials like them.
PUBLISHED = "test_published"
VARIANTS = {
    "test_other_numbers": ("numbers",),
    "test_other_published_numbers": ("published numbers",),
    "test_other_people": ("people",),
    "test_other_both": ("people", "numbers"),
}
NUM_DRAWS = 15  # of each published trial set


def trial_sets(dataset: FaceDataset, config: ExperimentConfig) -> dict[str, list[TrialSet]]:
    """The trial sets of an experiment within groups, `{split of NUM_TRIAL_SETS: [TrialSet]}`.

    They have 20 ways, or fewer where groups have fewer people. The dict is empty without groups,
    and where the people of a group do not share two image numbers. If the dataset has published
    trials, they are "test_published", and those of `VARIANTS` are drawn beside them.
    """
    if not dataset.group_of:
        return {}
    _, validation_people = dataset.people(config)
    validation = [face for face in dataset.files if face.person in validation_people]
    faces_of = {"validation": validation, "test": dataset.oneshot_faces}
    ways_of = {split: _num_ways(faces, dataset.group_of) for split, faces in faces_of.items()}
    if not all(ways_of.values()):
        return {}
    sets = {
        split: draw_trial_sets(
            faces_of[split.partition("_")[0]],
            dataset.group_of,
            num_ways=ways_of[split.partition("_")[0]],
            num_trial_sets=number,
        )
        for split, number in NUM_TRIAL_SETS.items()
    }
    if published := dataset.published_trials:
        sets[PUBLISHED] = published
        for split, redrawn in VARIANTS.items():
            sets[split] = vary_trial_sets(
                published, dataset.oneshot_faces, dataset.group_of, redrawn
            )
    return sets


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


def vary_trial_sets(
    published: Sequence[TrialSet],
    faces: Sequence[Face],
    group_of: Mapping[str, str],
    redrawn: Sequence[str],
    num_draws: int = NUM_DRAWS,
    seed: int = 0,
) -> list[TrialSet]:
    """Trial sets of the same groups as published ones, with people or image numbers drawn anew.

    A published set has one image number on each side (in Omniglot one drawer).

    Args:
        published: the published trial sets.
        faces: the images to draw from.
        group_of: the group of each person.
        redrawn: of "people" (others of the same group) and "numbers" (two others, or those in the
            published sets only: "published numbers"), what is drawn.
        num_draws: how often each published set is varied.
        seed: the same seed draws the same sets.
    """
    numbers_of: dict[str, set[int]] = {}
    for face in faces:
        numbers_of.setdefault(face.person, set()).add(face.number)
    people_of: dict[str, list[str]] = {}
    for person in sorted(numbers_of):
        people_of.setdefault(group_of[person], []).append(person)
    in_published = {face.number for trials in published for face in images_of([trials])}
    generator = random.Random(seed)
    sets = []
    for trials in (each for each in published for _ in range(num_draws)):
        people = [face.person for face in trials.gallery]
        if "people" in redrawn:
            people = generator.sample(people_of[group_of[people[0]]], len(people))
        pair = trials.gallery[0].number, trials.probes[0].number
        if redrawn != ("people",):
            common = set.intersection(*(numbers_of[person] for person in people))
            if "published numbers" in redrawn:
                common &= in_published
            first, second = generator.sample(sorted(common), 2)
            pair = first, second
        gallery, probes = ([Face(person, number) for person in people] for number in pair)
        probes = [probes[answer] for answer in trials.answers]
        sets.append(TrialSet(tuple(gallery), tuple(probes), trials.answers))
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
