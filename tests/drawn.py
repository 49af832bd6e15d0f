"""Draws pairs for tests, and writes pair lists and one-shot trials in their public layouts."""

import itertools
import random
from pathlib import Path

from PIL import Image

from siamese_lib.data.pairs import DIFFERENT, SAME, Face, Pair, PairList, faces_by_person
from siamese_lib.utils.files import write_text


def write_pair_folds(path, folds):
    """Writes folds of pairs in LFW's format: one fold as View 1, several as View 2.

    In each fold the same pairs come first.

    Raises:
        ValueError: if the numbers of pairs are not equal over folds and classes; the header has
            only one number.
    """
    counts = {(sum(fold.labels), len(fold) - sum(fold.labels)) for fold in folds}
    if len(counts) != 1 or len(set(next(iter(counts)))) != 1:
        raise ValueError(
            "LFW's format has as many same as different pairs in every fold. "
            f"Received: {sorted(counts)}"
        )
    num_per_class = next(iter(counts))[0]
    lines = [f"{num_per_class}" if len(folds) == 1 else f"{len(folds)}\t{num_per_class}"]
    for fold in folds:
        for left, right, label in sorted(fold, key=lambda pair: -pair.label):
            middle = "" if label == SAME else f"\t{right.person}"
            lines.append(f"{left.person}\t{left.number}{middle}\t{right.number}")
    write_text(path, "\n".join(lines) + "\n")


def draw_pairs(faces, num_same_per_person, group_size, seed):
    """Draws a balanced pair list from identities; people are paired within small groups only.

    Since no pair crosses the groups, the list has at least as many connected components as there
    are groups, and can be split by person.

    Args:
        faces: the faces to draw from, at least two of each person.
        num_same_per_person: the number of same pairs of each person; there are as many different
            pairs.
        group_size: the number of people in a group, at least two; a single person left over joins
            the last group.
        seed: the same seed draws the same pairs.
    """
    generator = random.Random(seed)
    by_person = faces_by_person(faces)
    people = sorted(by_person)
    generator.shuffle(people)
    groups = [people[start : start + group_size] for start in range(0, len(people), group_size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        alone = groups.pop()
        groups[-1] += alone
    same, different = [], []
    for group in groups:
        for person in group:
            own = list(itertools.combinations(by_person[person], 2))
            same += [
                Pair(left, right, SAME)
                for left, right in generator.sample(own, num_same_per_person)
            ]
        couples = itertools.combinations(group, 2)
        crossed = [
            Pair(*faces, DIFFERENT)
            for first, second in couples
            for faces in itertools.product(by_person[first], by_person[second])
        ]
        different += generator.sample(crossed, num_same_per_person * len(group))
    return PairList(tuple(sorted(same) + sorted(different)))


def write_trials(folder, dataset, trial_sets):
    """Writes one-shot trials in the layout of Lake's `all_runs.zip`.

    Each trial set has a folder `run01` and so on, with `training/`, `test/` and `class_labels.txt`.

    Args:
        folder: the folder to write to.
        dataset: the `FaceDataset` of the trials.
        trial_sets: a list of `TrialSet` with faces of the dataset.
    """
    for number, trials in enumerate(trial_sets, start=1):
        names = {
            "training": [
                f"run{number:02d}/training/class{index:02d}.png"
                for index in range(1, len(trials.gallery) + 1)
            ],
            "test": [
                f"run{number:02d}/test/item{index:02d}.png"
                for index in range(1, len(trials.probes) + 1)
            ],
        }
        for name, face in [
            *zip(names["training"], trials.gallery),
            *zip(names["test"], trials.probes),
        ]:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dataset.source.read(dataset.files[face]))
        lines = [
            f"{item} {names['training'][answer]}"
            for item, answer in zip(names["test"], trials.answers)
        ]
        write_text(Path(folder) / f"run{number:02d}" / "class_labels.txt", "\n".join(lines) + "\n")


def alternating_pairs(count):
    """A list of pairs of people of their own, in turn of two people and of one person."""
    people = [(index, index if index % 2 else index + 1) for index in range(count)]
    return PairList(
        tuple(
            Pair(Face(f"Person{left}", 1), Face(f"Person{right}", 2), left % 2)
            for left, right in people
        )
    )


def write_picture(path, grey=100, size=(30, 40)):
    """Writes an image whose grey value identifies it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, grey).save(path)
    return path


def write_people(folder, people=("Ada", "Ben"), count=2, suffix=".png"):
    for person in people:
        for number in range(1, count + 1):
            write_picture(folder / person / f"{number}{suffix}")
    return folder
