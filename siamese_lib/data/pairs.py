"""Pairs of faces: LFW's pair files, splits by person, pairs drawn from identities, statistics.

The vocabulary of the whole project: a pair is `(left, right, label)`; **label 1 = same person**, label 0 = different people;
a **score** is larger for more alike.
"""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from siamese_lib.utils.files import text_lines

SAME, DIFFERENT = 1, 0


class Face(NamedTuple):
    """One image of one person, named as LFW names it: person and image number, counted from 1."""

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
        return PairList(
            tuple(
                pair
                for pair in self.pairs
                if pair.left.person in people and pair.right.person in people
            )
        )

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
        raise ValueError(
            f"{source} holds no pairs; check that it is the right file. Received: an empty file"
        )
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
    folds = [
        PairList(tuple(pairs[start : start + fold_size]))
        for start in range(0, len(pairs), fold_size)
    ]
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
        raise ValueError(
            f"{where}: a pair is 'person n m' or 'person n other m'. Received: {' '.join(words)[:80]!r}"
        )
    for word in (words[1], words[3]):
        if not re.fullmatch(r"[0-9]{1,6}", word) or int(word) == 0:
            raise ValueError(
                f"{where}: image numbers are whole numbers from 1 on. Received: {word[:20]!r}"
            )
    left, right = Face(words[0], int(words[1])), Face(words[2], int(words[3]))
    if left == right:
        raise ValueError(
            f"{where}: an image is paired with itself; remove the line. Received: {left}"
        )
    if label == DIFFERENT and left.person == right.person:
        raise ValueError(
            f"{where}: a pair of different people names one person twice. Received: {left.person!r}"
        )
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


def faces_by_person(faces):
    """`{person: [face, ...]}`, people and faces sorted."""
    return {
        person: list(own)
        for person, own in itertools.groupby(sorted(faces), key=lambda face: face.person)
    }


def pair_table(pairs_by_split):
    """The pairs of all parts as a pandas DataFrame with the columns split, left, right, label, like `Run.scores` without the scores.

    Args:
        pairs_by_split: `{part: PairList}`.
    """
    import pandas as pd

    rows = [
        (split, str(pair.left), str(pair.right), pair.label)
        for split, pairs in pairs_by_split.items()
        for pair in pairs
    ]
    return pd.DataFrame(rows, columns=["split", "left", "right", "label"])


def pair_of(row):
    """The `Pair` that a row of such a table names."""
    return Pair(parse_face(row["left"]), parse_face(row["right"]), row["label"])


def pair_caption(pair):
    """The names under a pair of faces."""
    names = f"{pair.left.person} {pair.left.number}"
    return (
        f"{names} / {pair.right.number}"
        if pair.label == SAME
        else f"{names}\n{pair.right.person} {pair.right.number}"
    )


CLASS_NAMES = {1: "same person", 0: "different people"}


class TrialSet(NamedTuple):
    """One run of trials: each probe is compared with the whole gallery.

    Attributes:
        gallery: one image of each class, `(num_ways,)`, as `Face`s or by any other names.
        probes: `(num_trials,)`.
        answers: for each probe the place of its class in the gallery, `(num_trials,)`.
    """

    gallery: tuple
    probes: tuple
    answers: tuple[int, ...]
