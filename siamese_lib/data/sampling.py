"""Splits by person, drawn pairs, and samplers: which examples form an epoch, in which order.

Every draw depends on a seed only, and the order of an epoch on `(seed, epoch)`. An interrupted
training therefore continues exactly as an uninterrupted one.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from siamese_lib.data.pairs import DIFFERENT, SAME, Face, Pair, PairList, faces_by_person


def connected_components(pairs: PairList) -> list[list[Pair]]:
    """Groups pairs that share people, directly or through other pairs.

    Returns:
        The groups, in the order of their first pairs.
    """
    root = _roots(pairs.people, [(pair.left.person, pair.right.person) for pair in pairs])
    components = defaultdict(list)
    for pair in pairs:
        components[root[pair.left.person]].append(pair)
    return list(components.values())


def identities_from_pairs(pairs: PairList) -> dict[Face, str]:
    """Groups images that show the same person according to the labels; names are not used.

    Two images are in one class if a chain of same pairs connects them.

    Returns:
        `{face: class}`; a class has the name of one of its faces.
    """
    same = [(pair.left, pair.right) for pair in pairs if pair.label == SAME]
    return {face: str(root) for face, root in _roots(pairs.faces, same).items()}


def _roots(items, links):
    """`{item: root}` (union-find): items have the same root if a chain of links connects them."""
    parent = {item: item for item in items}

    def root(item):
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for first, second in links:
        parent[root(first)] = root(second)
    return {item: root(item) for item in parent}


def split_by_person(
    pairs: PairList, validation_fraction: float, seed: int
) -> tuple[PairList, PairList]:
    """Splits pairs into training and validation; no person is in both and no pair is lost.

    The connected components of the pairs are shuffled with `seed`. A component goes to validation
    if that brings the validation split closer to its share of the pairs of each class.

    Returns:
        `(train, validation)`, in the original order.

    Raises:
        ValueError: if there are too few connected components, or they are too large.
    """
    components = connected_components(pairs)
    if len(components) < 2:
        raise ValueError(
            "The pairs cannot be split by person: every pair is linked to every other through "
            f"shared people. Received: {len(pairs)} pairs in {len(components)} connected component"
        )
    random.Random(seed).shuffle(components)
    missing = validation_fraction * np.bincount(pairs.labels, minlength=2)  # different, same
    chosen: set[Pair] = set()
    for component in components:
        rest = missing - np.bincount([pair.label for pair in component], minlength=2)
        if abs(rest).sum() < abs(missing).sum():
            missing = rest
            chosen.update(component)
    if not chosen or len(chosen) == len(pairs):
        raise ValueError(
            "The connected components of the pairs are too large for this validation_fraction; "
            f"choose another. Received: validation_fraction={validation_fraction}, "
            f"{len(components)} components"
        )
    train = PairList(tuple(pair for pair in pairs if pair not in chosen))
    return train, PairList(tuple(pair for pair in pairs if pair in chosen))


def split_at_random(
    pairs: PairList, validation_fraction: float, seed: int
) -> tuple[PairList, PairList]:
    """Splits pairs at random, so that people are in both splits: to show what this leak does.

    Returns:
        `(train, validation)`.
    """
    order = list(pairs)
    random.Random(seed).shuffle(order)
    num_validation = max(1, round(validation_fraction * len(order)))
    return PairList(tuple(order[num_validation:])), PairList(tuple(order[:num_validation]))


def overlap_of_random_split(pairs: PairList, validation_fraction: float, seed: int) -> float:
    """The `person_overlap` of a random split, as `train_test_split` on pairs makes it."""
    train, validation = split_at_random(pairs, validation_fraction, seed)
    return person_overlap(validation, train)


def person_overlap(validation: PairList, train: PairList) -> float:
    """The share of validation pairs that show a person of the training pairs."""
    known = train.people
    shared = [pair.left.person in known or pair.right.person in known for pair in validation]
    return sum(shared) / len(validation)


def hold_out_people(
    people: Collection[str], fraction: float, seed: int
) -> tuple[set[str], set[str]]:
    """Draws people who are kept out of training.

    Returns:
        `(train, held_out)`.

    Raises:
        ValueError: if the fraction leaves one of the two sets empty.
    """
    order = sorted(people)
    random.Random(seed).shuffle(order)
    count = round(fraction * len(order))
    if not 0 < count < len(order):
        raise ValueError(
            "The fraction of held-out people leaves a split without people; choose another. "
            f"Received: {fraction} of {len(order)} people"
        )
    return set(order[count:]), set(order[:count])


def subset(items: Iterable, fraction: float, seed: int) -> list:
    """A random share of the items, at least one, in their order.

    With the same seed, a smaller share is contained in a larger one.
    """
    items = list(items)
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)
    return [items[index] for index in sorted(order[: max(1, round(fraction * len(order)))])]


def sample_balanced_pairs(faces: Sequence[Face], num_per_class: int, seed: int) -> PairList:
    """Draws a balanced pair list in the way of LFW's View 1 (Huang et al., 2007, section 4).

    For a same pair, a person with at least two images is drawn, then two of these images. For a
    different pair, two people are drawn, then an image of each. Every choice is uniform. A pair
    that has been drawn already is drawn again.

    Args:
        faces: the faces to draw from.
        num_per_class: the number of pairs of each class; fewer where there are not as many.
        seed: the same seed draws the same pairs.

    Raises:
        ValueError: if nobody has two images, or there is only one person.
    """
    of_person = faces_by_person(faces)
    several = [person for person, own in of_person.items() if len(own) > 1]
    if not several or len(of_person) < 2:
        raise ValueError(
            "Pairs need two people, and one with two images. "
            f"Received: {len(of_person)} people, {len(several)} with two"
        )
    num_same = sum(len(of_person[person]) * (len(of_person[person]) - 1) // 2 for person in several)
    num_different = (len(faces) ** 2 - sum(len(own) ** 2 for own in of_person.values())) // 2
    count = min(num_per_class, num_same, num_different)
    generator, people = random.Random(seed), list(of_person)
    pairs: dict[Pair, None] = {}
    while len(pairs) < count:
        left, right = sorted(generator.sample(of_person[generator.choice(several)], 2))
        pairs[Pair(left, right, SAME)] = None
    while len(pairs) < 2 * count:
        drawn = generator.sample(people, 2)
        left, right = sorted(generator.choice(of_person[person]) for person in drawn)
        pairs[Pair(left, right, DIFFERENT)] = None
    return PairList(tuple(pairs))


@dataclass(frozen=True)
class PairSampler:
    """Examples are pairs: an epoch shows each listed pair once, in a new order."""

    pairs: PairList

    @property
    def columns(self) -> tuple[list[Face], list[Face]]:
        """The left faces and the right faces, `(num_examples,)` each."""
        return [pair.left for pair in self.pairs], [pair.right for pair in self.pairs]

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of pairs and images, for `metrics.json`."""
        return {"pairs": len(self.pairs), "images": len(self.pairs.faces)}

    @property
    def labels(self) -> np.ndarray:
        """`(num_examples, 1)`, float32, 1 = same person."""
        return np.array(self.pairs.labels, dtype=np.float32)[:, np.newaxis]

    def __len__(self) -> int:
        return len(self.pairs)

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The indices of an epoch's examples, `(len(self),)`, int64."""
        return np.random.default_rng([seed, epoch]).permutation(len(self.pairs))


@dataclass(frozen=True)
class ClassSampler:
    """Examples are images with a class: a person, or images that same pairs connect.

    Attributes:
        class_of: the name of each image's class.
        max_per_class: an epoch shows at most this number of images of a class.
        images_per_class: this number of images of a class follow one another in the order, for
            losses that compare images within a batch.
    """

    class_of: dict[Face, str]
    max_per_class: int
    images_per_class: int = 1

    @cached_property
    def faces(self) -> tuple[Face, ...]:
        """All images, `(num_faces,)`, sorted."""
        return tuple(sorted(self.class_of))

    @cached_property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of their numbers."""
        return sorted(set(self.class_of.values()))

    @property
    def columns(self) -> tuple[tuple[Face, ...]]:
        """The faces, `(num_faces,)`, as the only column."""
        return (self.faces,)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of classes and images, for `metrics.json`."""
        return {"classes": len(self.classes), "images": len(self.faces)}

    @cached_property
    def labels(self) -> np.ndarray:
        """The class numbers, `(num_faces,)`, int32."""
        number = {name: index for index, name in enumerate(self.classes)}
        return np.array([number[self.class_of[face]] for face in self.faces], dtype=np.int32)

    @cached_property
    def _indices_of_classes(self):
        """For each class, the indices of its images in `faces`, ascending."""
        ends = np.cumsum(np.bincount(self.labels))
        return np.split(np.argsort(self.labels, kind="stable"), ends[:-1])

    def __len__(self) -> int:
        return sum(min(len(own), self.max_per_class) for own in self._indices_of_classes)

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The indices of an epoch's images in `faces`, `(len(self),)`, int64."""
        generator, size = np.random.default_rng([seed, epoch]), self.images_per_class
        groups: list[np.ndarray] = []
        for own in self._indices_of_classes:
            shown = generator.permutation(own)[: self.max_per_class]
            groups += [shown[start : start + size] for start in range(0, len(shown), size)]
        return np.concatenate([groups[index] for index in generator.permutation(len(groups))])

    def shown(self, seed: int, epoch: int) -> list[Face]:
        """The faces of an epoch, in their order."""
        return [self.faces[index] for index in self.order(seed, epoch)]
