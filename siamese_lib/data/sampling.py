"""What an epoch of training shows, and in which order: the listed pairs, or images of people. Who is held out of it.

Everything is drawn from (seed, epoch), so that a training that was interrupted goes on as an uninterrupted one.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from siamese_lib.data.pairs import DIFFERENT, SAME, Face, Pair, PairList, faces_by_person


def connected_components(pairs):
    """Groups pairs that share people, directly or through other pairs.

    Returns:
        A list of lists of `Pair`, in the order in which the components first appear.
    """
    root = _linked(pairs.people, [(pair.left.person, pair.right.person) for pair in pairs])
    components = defaultdict(list)
    for pair in pairs:
        components[root[pair.left.person]].append(pair)
    return list(components.values())


def identities_from_pairs(pairs):
    """Which images show the same person as far as the labels of the pairs say; names are not looked at.

    Two images are in one class if a same pair joins them, directly or through an image that is in two same pairs.

    Returns:
        `{face: class}`, a class being named by one of its faces.
    """
    same = [(pair.left, pair.right) for pair in pairs if pair.label == SAME]
    return {face: str(root) for face, root in _linked(pairs.faces, same).items()}


def _linked(items, links):
    """`{item: representative}`: two items have one representative if a chain of links joins them."""
    parent = {item: item for item in items}

    def root(item):
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for one, other in links:
        parent[root(one)] = root(other)
    return {item: root(item) for item in parent}


def split_by_person(pairs, validation_fraction, seed):
    """Splits pairs into training and validation so that no person is in both and no pair is lost.

    Whole connected components of the pair graph go to one side, drawn in an order that `seed` fixes, as long as they bring
    the validation part closer to its share of the pairs of each class.

    Returns:
        `(train, validation)`, two `PairList`s in the original order.

    Raises:
        ValueError: if the pairs hang together in too few components to be split.
    """
    components = connected_components(pairs)
    if len(components) < 2:
        raise ValueError(
            "The pairs cannot be split by person: every pair is linked to every other through shared people. "
            f"Received: {len(pairs)} pairs in {len(components)} connected component"
        )
    random.Random(seed).shuffle(components)
    num_same = sum(pairs.labels)
    missing = [validation_fraction * (len(pairs) - num_same), validation_fraction * num_same]
    chosen = set()
    for component in components:
        sizes = [sum(pair.label == label for pair in component) for label in (DIFFERENT, SAME)]
        rest = [gap - size for gap, size in zip(missing, sizes)]
        if sum(map(abs, rest)) < sum(map(abs, missing)):
            missing = rest
            chosen.update(component)
    if not chosen or len(chosen) == len(pairs):
        raise ValueError(
            "The connected components of the pairs are too large for this validation_fraction; choose another. "
            f"Received: validation_fraction={validation_fraction}, {len(components)} components"
        )
    train = PairList(tuple(pair for pair in pairs if pair not in chosen))
    return train, PairList(tuple(pair for pair in pairs if pair in chosen))


def split_at_random(pairs, validation_fraction, seed):
    """Splits pairs without a look at who is on them, so that people leak: for showing what the customary split hides.

    Returns:
        `(train, validation)`, two `PairList`s.
    """
    order = list(pairs)
    random.Random(seed).shuffle(order)
    num_validation = max(1, round(validation_fraction * len(order)))
    return PairList(tuple(order[num_validation:])), PairList(tuple(order[:num_validation]))


def overlap_of_random_split(pairs, validation_fraction, seed):
    """The share of validation pairs with a person who is also in training, if pairs are split at random.

    The customary `train_test_split` on pairs does this; the number says why this project does not.
    """
    train, validation = split_at_random(pairs, validation_fraction, seed)
    return person_overlap(validation, train)


def person_overlap(validation, train):
    """The share of validation pairs that show a person from the training pairs."""
    known = train.people
    return sum(
        pair.left.person in known or pair.right.person in known for pair in validation
    ) / len(validation)


@dataclass(frozen=True)
class PairSampler:
    """Protocol `pairs`: each listed pair once an epoch, in a new order."""

    pairs: PairList

    @property
    def columns(self):
        """The left faces and the right faces, `(num_examples,)` each."""
        return [pair.left for pair in self.pairs], [pair.right for pair in self.pairs]

    @property
    def counts(self):
        """How much there is to learn from, for `metrics.json`."""
        return {"pairs": len(self.pairs), "images": len(self.pairs.faces)}

    @property
    def labels(self):
        """`(num_examples, 1)`, float32, 1 = same person."""
        return np.array(self.pairs.labels, dtype=np.float32)[:, np.newaxis]

    def __len__(self):
        return len(self.pairs)

    def order(self, seed, epoch):
        """The examples of an epoch, `(len(self),)`, int64."""
        return np.random.default_rng([seed, epoch]).permutation(len(self.pairs))


@dataclass(frozen=True)
class ClassSampler:
    """Images in classes: a class is a person, or under protocol `pairs` the images that same pairs join.

    Attributes:
        class_of: for each image that may be shown, the name of its class.
        max_per_class: at most so many of a class are shown in one epoch, others in the next.
        num_per_class_together: so many images of a class stand side by side in the order, for losses that compare within a batch.
    """

    class_of: dict[Face, str]
    max_per_class: int
    num_per_class_together: int = 1

    @cached_property
    def faces(self):
        """All images, `(num_faces,)`, sorted."""
        return tuple(sorted(self.class_of))

    @cached_property
    def classes(self):
        """The names of the classes in the order of their numbers."""
        return sorted(set(self.class_of.values()))

    @property
    def columns(self):
        """The faces, `(num_faces,)`, as the only side."""
        return (self.faces,)

    @property
    def counts(self):
        """How much there is to learn from, for `metrics.json`."""
        return {"classes": len(self.classes), "images": len(self.faces)}

    @property
    def labels(self):
        """The class numbers, `(num_faces,)`, int32."""
        number = {name: index for index, name in enumerate(self.classes)}
        return np.array([number[self.class_of[face]] for face in self.faces], dtype=np.int32)

    @cached_property
    def _of_class(self):
        rows = defaultdict(list)
        for row, face in enumerate(self.faces):
            rows[self.class_of[face]].append(row)
        return [np.array(rows[name]) for name in self.classes]

    def __len__(self):
        return sum(min(len(rows), self.max_per_class) for rows in self._of_class)

    def order(self, seed, epoch):
        """The examples of an epoch, `(len(self),)`, int64."""
        generator = np.random.default_rng([seed, epoch])
        groups = []
        for rows in self._of_class:
            shown = generator.permutation(rows)[: self.max_per_class]
            groups += [
                shown[start : start + self.num_per_class_together]
                for start in range(0, len(shown), self.num_per_class_together)
            ]
        return np.concatenate([groups[index] for index in generator.permutation(len(groups))])

    def shown(self, seed, epoch):
        """The faces of an epoch in their order."""
        return [self.faces[row] for row in self.order(seed, epoch)]


def hold_out_people(people, fraction, seed):
    """Draws people who are kept out of training.

    Returns:
        `(train, held_out)`, two sets of names.

    Raises:
        ValueError: if the fraction leaves nobody on one of the sides.
    """
    order = sorted(people)
    random.Random(seed).shuffle(order)
    count = round(fraction * len(order))
    if not 0 < count < len(order):
        raise ValueError(
            f"validation_fraction leaves one part without people; choose another. Received: {fraction} of {len(order)} people"
        )
    return set(order[count:]), set(order[:count])


def subset(items, fraction, seed):
    """A share of a sequence, at least one item, in its order; a smaller share of the same seed lies within a larger one."""
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)
    chosen = set(order[: max(1, round(fraction * len(order)))])
    return [item for index, item in enumerate(items) if index in chosen]


def sample_balanced_pairs(faces, num_per_class, seed):
    """Draws a balanced pair list the way LFW's View 1 was drawn (Huang et al., 2007, section 4).

    For a same pair: a person of those with two images, then two of the images; for a different pair: two people, then an image of
    each. Every choice is uniform; a pair that is there already is drawn again.

    Args:
        faces: the faces to draw from.
        num_per_class: pairs of each class, or as many as there are.
        seed: the same seed draws the same pairs.

    Raises:
        ValueError: if nobody has two images, or there is only one person.
    """
    of_person = faces_by_person(faces)
    several = [person for person, own in of_person.items() if len(own) > 1]
    if not several or len(of_person) < 2:
        raise ValueError(
            f"Pairs need two people, and one with two images. Received: {len(of_person)} people, {len(several)} with two"
        )
    num_same = sum(len(of_person[person]) * (len(of_person[person]) - 1) // 2 for person in several)
    num_different = (len(faces) ** 2 - sum(len(own) ** 2 for own in of_person.values())) // 2
    count = min(num_per_class, num_same, num_different)
    generator, people = random.Random(seed), list(of_person)
    same, different = {}, {}
    while len(same) < count:
        same[tuple(sorted(generator.sample(of_person[generator.choice(several)], 2)))] = SAME
    while len(different) < count:
        different[
            tuple(
                sorted(
                    generator.choice(of_person[person]) for person in generator.sample(people, 2)
                )
            )
        ] = DIFFERENT
    return PairList(
        tuple(Pair(*faces, label) for faces, label in [*same.items(), *different.items()])
    )
