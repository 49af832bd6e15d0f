"""Pairs of faces: LFW's pair files, splits by person, pairs drawn from identities, statistics.

The vocabulary of the whole project: a pair is `(left, right, label)`; **label 1 = same person**, label 0 = different people;
a **score** is larger for more alike.
"""

import itertools
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from siamese_lib.files import text_lines, write_text

SAME, DIFFERENT = 1, 0


class Face(NamedTuple):
    """One picture of one person, named as LFW names it: person and picture number, counted from 1."""

    person: str
    number: int

    def __str__(self):
        return f"{self.person}_{self.number:04d}"


class Pair(NamedTuple):
    """Two faces and whether they show the same person (1) or not (0)."""

    left: Face
    right: Face
    label: int


def parse_face(text):
    """The `Face` that `str(face)` wrote, `Aaron_Peirsol_0001`.

    Raises:
        ValueError: if the text is no such name.
    """
    person, _, number = text.rpartition("_")
    if not person or not re.fullmatch(r"[0-9]{4,}", number):
        raise ValueError(f"A face is named PERSON_0001. Received: {text[:80]!r}")
    return Face(person, int(number))


@dataclass(frozen=True)
class PairList:
    """An ordered list of pairs."""

    pairs: tuple[Pair, ...]

    def __len__(self):
        return len(self.pairs)

    def __iter__(self):
        return iter(self.pairs)

    @property
    def labels(self):
        """The labels in order, 1 = same person."""
        return [pair.label for pair in self.pairs]

    @property
    def faces(self):
        """Every face that the list names, once each, sorted."""
        return sorted({face for pair in self.pairs for face in (pair.left, pair.right)})

    @property
    def people(self):
        """Every person that the list names."""
        return {face.person for pair in self.pairs for face in (pair.left, pair.right)}

    @property
    def people_of_sides(self):
        """The people on the left and those on the right, in order: two lists `(num_pairs,)`."""
        return [pair.left.person for pair in self.pairs], [pair.right.person for pair in self.pairs]

    def among(self, people):
        """The pairs with both sides in a set of people, as a `PairList`."""
        return PairList(tuple(pair for pair in self.pairs if pair.left.person in people and pair.right.person in people))

    def at(self, places):
        """The pairs at these places, in that order, as a `PairList`."""
        return PairList(tuple(self.pairs[place] for place in places))


def read_pair_folds(path):
    """Reads a pair file of LFW: View 1 (one fold) or View 2 (a header `10 300`, then ten folds).

    The count on the first line may be missing, as in some course copies; the columns are split by tabs or by spaces.

    Returns:
        A list of `PairList`, one a fold.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file and line, if a line is no pair, a count is wrong, or a pair stands there twice.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such pair list; check the path. Received: {path}")
    return parse_pair_folds(path.read_bytes(), path)


def read_pairs(path):
    """Reads a pair file of LFW as one `PairList`, the folds of View 2 one after the other."""
    return PairList(tuple(itertools.chain.from_iterable(read_pair_folds(path))))


def parse_pair_folds(content, source):
    """Parses the bytes of a pair file; `source` names it in messages. See `read_pair_folds`."""
    rows = [(number, line.split()) for number, line in text_lines(content, source)]
    if not rows:
        raise ValueError(f"{source} holds no pairs; check that it is the right file. Received: an empty file")
    num_folds, num_per_class = 1, None
    if all(re.fullmatch(r"[0-9]{1,9}", word) for word in rows[0][1]) and len(rows[0][1]) <= 2:
        counts = [int(word) for word in rows.pop(0)[1]]
        num_folds, num_per_class = counts if len(counts) == 2 else (1, counts[0])
    pairs = [_parse_pair(words, f"{source}, line {number}") for number, words in rows]
    fold_size = len(pairs) if num_per_class is None else 2 * num_per_class
    if not pairs or num_folds * fold_size != len(pairs):
        raise ValueError(
            f"{source}, line 1 announces {num_folds} x 2 x {num_per_class} pairs; correct the count or restore the file. "
            f"Received: {len(pairs)} pairs"
        )
    folds = [PairList(tuple(pairs[start : start + fold_size])) for start in range(0, len(pairs), fold_size)]
    for index, fold in enumerate(folds):
        _check_fold(fold, rows[index * fold_size :], num_per_class, source)
    return folds


def _parse_pair(words, where):
    """`PERSON N M` is a pair of one person, `PERSON N OTHER M` a pair of two."""
    if len(words) == 3:
        words = [words[0], words[1], words[0], words[2]]
        label = SAME
    elif len(words) == 4:
        label = DIFFERENT
    else:
        raise ValueError(f"{where}: a pair is 'person n m' or 'person n other m'. Received: {' '.join(words)[:80]!r}")
    for word in (words[1], words[3]):
        if not re.fullmatch(r"[0-9]{1,6}", word) or int(word) == 0:
            raise ValueError(f"{where}: picture numbers are whole numbers from 1 on. Received: {word[:20]!r}")
    left, right = Face(words[0], int(words[1])), Face(words[2], int(words[3]))
    if left == right:
        raise ValueError(f"{where}: a picture is paired with itself; remove the line. Received: {left}")
    if label == DIFFERENT and left.person == right.person:
        raise ValueError(f"{where}: a pair of different people names one person twice. Received: {left.person!r}")
    return Pair(left, right, label)


def _check_fold(fold, rows, num_per_class, source):
    seen = {}
    for pair, (line, _) in zip(fold, rows):
        key = frozenset((pair.left, pair.right))
        if key in seen:
            raise ValueError(
                f"{source}, line {line}: the pair stands on line {seen[key]} already; remove one. Received: {pair.left} {pair.right}"
            )
        seen[key] = line
    if num_per_class is not None and sum(fold.labels) != num_per_class:
        raise ValueError(
            f"{source}, line 1 announces {num_per_class} pairs a class; correct the count or restore the file. "
            f"Received: {sum(fold.labels)} same and {len(fold) - sum(fold.labels)} different pairs"
        )


def write_pair_folds(path, folds):
    """Writes folds of pairs in LFW's format: one fold as View 1, several as View 2; same pairs first in each fold.

    Raises:
        ValueError: if the folds do not all hold the same number of pairs of each class, which the header cannot say.
    """
    counts = {(sum(fold.labels), len(fold) - sum(fold.labels)) for fold in folds}
    if len(counts) != 1 or len(set(next(iter(counts)))) != 1:
        raise ValueError(f"LFW's format wants as many same as different pairs in every fold. Received: {sorted(counts)}")
    num_per_class = next(iter(counts))[0]
    lines = [f"{num_per_class}" if len(folds) == 1 else f"{len(folds)}\t{num_per_class}"]
    for fold in folds:
        for left, right, label in sorted(fold, key=lambda pair: -pair.label):
            middle = "" if label == SAME else f"\t{right.person}"
            lines.append(f"{left.person}\t{left.number}{middle}\t{right.number}")
    write_text(path, "\n".join(lines) + "\n")


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


def known_to_be_same(pairs):
    """Which pictures show the same person as far as the labels of the pairs say; names are not looked at.

    Two pictures are in one class if a same pair joins them, directly or through a picture that is in two same pairs.

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


def leak_of_random_split(pairs, validation_fraction, seed):
    """The share of validation pairs with a person who is also in training, if pairs are split at random.

    The customary `train_test_split` on pairs does this; the number says why this project does not.
    """
    train, validation = split_at_random(pairs, validation_fraction, seed)
    return share_with_known_people(validation, train)


def share_with_known_people(validation, train):
    """The share of validation pairs that show a person from the training pairs."""
    known = train.people
    return sum(pair.left.person in known or pair.right.person in known for pair in validation) / len(validation)


def faces_by_person(faces):
    """`{person: [face, ...]}`, people and faces sorted."""
    return {person: list(own) for person, own in itertools.groupby(sorted(faces), key=lambda face: face.person)}


def statistics(pairs):
    """Counts of a pair list: pairs, pairs by class, people, images, connected components."""
    return {
        "pairs": len(pairs),
        "same": sum(pairs.labels),
        "different": len(pairs) - sum(pairs.labels),
        "people": len(pairs.people),
        "images": len(pairs.faces),
        "components": len(connected_components(pairs)),
    }
