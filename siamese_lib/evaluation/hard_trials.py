"""Which image numbers and which people are hard to tell apart, over all trials of a group.

In Omniglot a group is an alphabet, a person a character, and an image number a drawer. Where all
similarities within an alphabet are known, every trial has its answer: no trials are drawn.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from siamese_lib.data.pairs import Face, TrialSet
from siamese_lib.evaluation.bootstrap import people_bootstrap

# `similarities(faces)` -> `(num_faces, num_faces)`, probes by gallery images.
Similarities = Callable[[Sequence[Face]], np.ndarray]


def similarities_by_number(
    people: Sequence[str], numbers: Sequence[int], similarities: Similarities
) -> np.ndarray:
    """The similarities of all images of some people: `(people, numbers, people, numbers)`.

    The first two axes are those of the probe, the last two those of the gallery image.

    Args:
        people: of one group.
        numbers: image numbers that all of them have.
        similarities: `similarities(faces)` returns those of all pairs, `(num_faces, num_faces)`.
    """
    faces = [Face(person, number) for person in people for number in numbers]
    shape = (len(people), len(numbers))
    return np.asarray(similarities(faces)).reshape(*shape, *shape)


def accuracy_by_numbers(scores: np.ndarray) -> np.ndarray:
    """The accuracy for each pair of image numbers, with all people in the gallery.

    Args:
        scores: as `similarities_by_number` returns them.

    Returns:
        `(numbers of the probes, numbers of the gallery)`; NaN where both are one. A tie is an
        error.
    """
    num_people, num_numbers = scores.shape[:2]
    people = np.arange(num_people)
    own = scores[people, :, people, :]  # (people, numbers, numbers)
    others = scores.copy()
    others[people, :, people, :] = -np.inf
    accuracy = (own > others.max(axis=2)).mean(axis=0)
    accuracy[np.arange(num_numbers), np.arange(num_numbers)] = np.nan
    return accuracy


def confusion_rates(scores: np.ndarray) -> np.ndarray:
    """How often one person's probe is at least as similar to another person as to itself.

    Args:
        scores: as `similarities_by_number` returns them.

    Returns:
        `(people of the probes, other people)`: the share of all pairs of two different image
        numbers; NaN on the diagonal.
    """
    num_people, num_numbers = scores.shape[:2]
    people = np.arange(num_people)
    own = scores[people, :, people, :]
    differs = ~np.eye(num_numbers, dtype=bool)
    wins = scores >= own[:, :, np.newaxis, :]  # (people, numbers, people, numbers)
    rates = wins.transpose(0, 2, 1, 3)[:, :, differs].mean(axis=2)
    rates[people, people] = np.nan
    return rates


def share_of_harder_choices(
    rates: np.ndarray, chosen: Sequence[int], num_draws: int = 1000, seed: int = 0
) -> float:
    """The share of random choices of as many people that are confused more often than these.

    Args:
        rates: as `confusion_rates` returns them.
        chosen: the rows of the chosen people.
        num_draws: the number of random choices.
        seed: the same seed draws the same choices.
    """
    generator = np.random.default_rng(seed)
    draws = [generator.permutation(len(rates))[: len(chosen)] for _ in range(num_draws)]
    sets = [np.asarray(chosen), *draws]
    mean, *others = (np.nanmean(rates[rows][:, rows]) for rows in sets)
    return float(np.mean(np.array(others) > mean))


def hard_people(
    group_of: Mapping[str, str],
    numbers: Sequence[int],
    chosen: Collection[str],
    similarities: Similarities,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who is confused with whom in each group, and whether the chosen people are the easy ones.

    Args:
        group_of: the group of each person.
        numbers: image numbers that all of them have.
        chosen: some of the people, as those of published trials.
        similarities: as in `similarities_by_number`.

    Returns:
        A row for each group: group, people, chosen (how many), harder_share (as
        `share_of_harder_choices`, NaN if fewer than two or all are chosen); and for each ordered
        pair of people a row, the most often confused first: confused_share, person, taken_for.
    """
    choices, confused = [], []
    for group, people, scores in _of_groups(group_of, numbers, similarities):
        rates = confusion_rates(scores)
        rows = [index for index, person in enumerate(people) if person in chosen]
        is_choice = 1 < len(rows) < len(people)
        share = share_of_harder_choices(rates, rows) if is_choice else np.nan
        choices.append((group, len(people), len(rows), share))
        pairs = zip(*np.nonzero(rates > 0))
        confused += [(rates[one, other], people[one], people[other]) for one, other in pairs]
    confused.sort(reverse=True)
    return (
        pd.DataFrame(choices, columns=["group", "people", "chosen", "harder_share"]),
        pd.DataFrame(confused, columns=["confused_share", "person", "taken_for"]),
    )


def hard_numbers(
    group_of: Mapping[str, str], numbers: Sequence[int], similarities: Similarities
) -> pd.DataFrame:
    """The accuracy for each pair of image numbers in each group, all its people in the gallery.

    Args:
        group_of: the group of each person.
        numbers: image numbers that all of them have.
        similarities: as in `similarities_by_number`.

    Returns:
        A row for each ordered pair of two numbers, the hardest first: accuracy, group, probe,
        gallery.
    """
    rows = []
    for group, _, scores in _of_groups(group_of, numbers, similarities):
        accuracy = accuracy_by_numbers(scores)
        for probe, gallery in zip(*np.nonzero(~np.isnan(accuracy))):
            rows.append((accuracy[probe, gallery], group, numbers[probe], numbers[gallery]))
    return pd.DataFrame(sorted(rows), columns=["accuracy", "group", "probe", "gallery"])


def _of_groups(group_of, numbers, similarities):
    """Of each group its name, its people in order, and their similarities."""
    for group in sorted(set(group_of.values())):
        people = sorted(person for person in group_of if group_of[person] == group)
        yield group, people, similarities_by_number(people, numbers, similarities)


def ease_of_numbers(of_pairs: pd.DataFrame) -> pd.DataFrame:
    """How far each image number lies above the mean accuracy of its group, over all groups.

    Args:
        of_pairs: as `hard_numbers` returns it.

    Returns:
        A row for each number, indexed by it: difference, the mean over groups of the accuracy of
        its pairs less that of all pairs; interval, `[low, high]`, 95 % by bootstrap over groups.
    """
    sides = of_pairs.melt(["group", "accuracy"], ["probe", "gallery"], value_name="number")
    of_groups = sides.pivot_table("accuracy", "group", "number")
    differences = of_groups.sub(of_groups.mean(axis=1), axis=0)
    groups = differences.index
    rows = {
        number: (values.mean(), people_bootstrap(groups, groups, values))
        for number, values in differences.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["difference", "interval"])


def rank_of_trial_sets(
    trial_sets: Sequence[TrialSet],
    numbers: Sequence[int],
    similarities: Similarities,
) -> pd.DataFrame:
    """Where the image numbers of trial sets lie among all pairs of numbers, with the same people.

    Args:
        trial_sets: each with one image number in the gallery and one among the probes.
        numbers: all image numbers.
        similarities: as in `similarities_by_number`.

    Returns:
        A row for each trial set: group, accuracy, easier (the share of all other pairs of numbers
        whose accuracy is lower; ties count half), and all (the accuracies of all pairs, a list).
    """
    rows, known = [], {}
    for trials in trial_sets:
        people = tuple(sorted(face.person for face in trials.gallery))
        if people not in known:
            scores = similarities_by_number(people, numbers, similarities)
            known[people] = accuracy_by_numbers(scores)
        of_pairs = known[people]
        probe, gallery = trials.probes[0].number, trials.gallery[0].number
        accuracy = of_pairs[numbers.index(probe), numbers.index(gallery)]
        everything = of_pairs[~np.isnan(of_pairs)]
        ties = (everything == accuracy).sum() - 1  # without itself
        easier = ((everything < accuracy).sum() + ties / 2) / (len(everything) - 1)
        group = people[0].rpartition("/")[0]
        rows.append((group, accuracy, easier, everything.tolist()))
    return pd.DataFrame(rows, columns=["group", "accuracy", "easier", "all"])
