"""Faces, pairs of faces, one-shot trials, and LFW's pair lists.

A pair is `(left, right, label)`; **label 1 = same person**, label 0 = different people. A score is
larger for more alike.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from siamese_lib.utils.files import text_lines

if TYPE_CHECKING:
    import pandas as pd

SAME, DIFFERENT = 1, 0
CLASS_NAMES = {SAME: "same person", DIFFERENT: "different people"}


class Face(NamedTuple):
    """One image of a person, named as in LFW: the person and the number of the image, from 1."""

    person: str
    number: int

    def __str__(self) -> str:
        return f"{self.person}_{self.number:04d}"


class Pair(NamedTuple):
    """Two faces, and whether they show the same person (1) or not (0)."""

    left: Face
    right: Face
    label: int


class TrialSet(NamedTuple):
    """One-shot trials with the same gallery: each probe is compared with the whole gallery.

    Attributes:
        gallery: one image of each class, `(num_ways,)`: `Face`s, or names of any other kind.
        probes: `(num_trials,)`.
        answers: for each probe, the index of its class in the gallery, `(num_trials,)`.
    """

    gallery: tuple
    probes: tuple
    answers: tuple[int, ...]


@dataclass(frozen=True)
class PairList:
    """An ordered list of pairs."""

    pairs: tuple[Pair, ...]

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    @property
    def labels(self) -> list[int]:
        """The labels in order, 1 = same person."""
        return [pair.label for pair in self.pairs]

    @property
    def faces(self) -> list[Face]:
        """The faces in the list, each of them once, sorted."""
        return sorted({face for pair in self.pairs for face in (pair.left, pair.right)})

    @property
    def people(self) -> set[str]:
        """The people in the list."""
        return {face.person for pair in self.pairs for face in (pair.left, pair.right)}

    @property
    def clusters_of_sides(self) -> tuple[list[str], list[str]]:
        """The `cluster_of` the left and of the right person of each pair, `(num_pairs,)` each."""
        left = [cluster_of(pair.left.person) for pair in self.pairs]
        return left, [cluster_of(pair.right.person) for pair in self.pairs]

    def among(self, people: Collection[str]) -> "PairList":
        """The pairs whose faces both belong to these people."""
        return PairList(
            tuple(
                pair
                for pair in self.pairs
                if pair.left.person in people and pair.right.person in people
            )
        )

    def at(self, indices: Iterable[int]) -> "PairList":
        """The pairs with these indices, in the order of the indices."""
        return PairList(tuple(self.pairs[index] for index in indices))


def cluster_of(person: str) -> str:
    """What a bootstrap draws for a person: the group of GROUP/PERSON, else the person alone."""
    return person.rpartition("/")[0] or person


def parse_face(text: str) -> Face:
    """The `Face` of a name like `Aaron_Peirsol_0001`, which `str(face)` returns.

    Raises:
        ValueError: if the text is not such a name.
    """
    person, _, number = text.rpartition("_")
    if not person or not re.fullmatch(r"[0-9]{4,}", number):
        raise ValueError(f"A face is named PERSON_0001. Received: {text[:80]!r}")
    return Face(person, int(number))


def faces_by_person(faces: Iterable[Face]) -> dict[str, list[Face]]:
    """The faces of each person; people and faces are sorted."""
    groups = itertools.groupby(sorted(faces), key=lambda face: face.person)
    return {person: list(own) for person, own in groups}


def read_pairs(path: Path | str) -> PairList:
    """Reads a pair list of LFW; the folds of View 2 follow one another.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: as `parse_pair_folds`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such pair list; check the path. Received: {path}")
    return PairList(tuple(itertools.chain(*parse_pair_folds(path.read_bytes(), path))))


def parse_pair_folds(content: bytes, source: Path | str) -> list[PairList]:
    """The folds in the bytes of a pair list: View 1 (one fold) or View 2 (a header `10 300`).

    The count in the first line is optional, since some course copies lack it. Columns are separated
    by tabs or spaces.

    Args:
        content: the bytes of the file, UTF-8.
        source: the name of the file in messages.

    Raises:
        ValueError: if a line is not a pair, a count is wrong, or a pair is listed twice. The
            message names the file and the line.
    """
    rows = [(number, line.split()) for number, line in text_lines(content, source)]
    if not rows:
        raise ValueError(
            f"{source} holds no pairs; check that it is the correct file. Received: an empty file"
        )
    num_folds, num_per_class = 1, None
    header = rows[0][1]
    if len(header) <= 2 and all(re.fullmatch(r"[0-9]{1,9}", word) for word in header):
        num_folds, num_per_class = map(int, header if len(header) == 2 else ["1", *header])
        del rows[0]
    pairs = [_parse_pair(words, f"{source}, line {number}") for number, words in rows]
    fold_size = len(pairs) if num_per_class is None else 2 * num_per_class
    if not pairs or num_folds * fold_size != len(pairs):
        raise ValueError(
            f"{source}, line 1 announces {num_folds} x 2 x {num_per_class} pairs; "
            f"correct the count or restore the file. Received: {len(pairs)} pairs"
        )
    starts = range(0, len(pairs), fold_size)
    folds = [PairList(tuple(pairs[start : start + fold_size])) for start in starts]
    for start, fold in zip(starts, folds):
        _check_fold(fold, [number for number, _ in rows[start:]], num_per_class, source)
    return folds


def _parse_pair(words, where):
    """The pair in a line: `PERSON N M` is one person, `PERSON N OTHER M` are two people."""
    if len(words) not in (3, 4):
        raise ValueError(
            f"{where}: a pair is 'person n m' or 'person n other m'. "
            f"Received: {' '.join(words)[:80]!r}"
        )
    person, number, *other, other_number = words
    for word in (number, other_number):
        if not re.fullmatch(r"[0-9]{1,6}", word) or int(word) == 0:
            raise ValueError(
                f"{where}: image numbers are whole numbers from 1 on. Received: {word[:20]!r}"
            )
    left = Face(person, int(number))
    right = Face(other[0] if other else person, int(other_number))
    if left == right:
        raise ValueError(
            f"{where}: an image is paired with itself; remove the line. Received: {left}"
        )
    if other and left.person == right.person:
        raise ValueError(
            f"{where}: a pair of different people names one person twice. Received: {person!r}"
        )
    return Pair(left, right, DIFFERENT if other else SAME)


def _check_fold(fold, line_numbers, num_per_class, source):
    first_line = {}
    for pair, line in zip(fold, line_numbers):
        first = first_line.setdefault(frozenset((pair.left, pair.right)), line)
        if first != line:
            raise ValueError(
                f"{source}, line {line}: the pair is on line {first} already; remove one of them. "
                f"Received: {pair.left} {pair.right}"
            )
    num_same = sum(fold.labels)
    if num_per_class not in (None, num_same):
        raise ValueError(
            f"{source}, line 1 announces {num_per_class} pairs of each class; correct the count or "
            f"restore the file. Received: {num_same} same and {len(fold) - num_same} different "
            "pairs"
        )


def pair_table(pairs_by_split: Mapping[str, PairList]) -> "pd.DataFrame":
    """A table of pairs with the columns split, left, right and label.

    These are the columns of `Run.scores` without the scores.

    Args:
        pairs_by_split: `{split: PairList}`.
    """
    import pandas as pd

    rows = [
        (split, str(pair.left), str(pair.right), pair.label)
        for split, pairs in pairs_by_split.items()
        for pair in pairs
    ]
    return pd.DataFrame(rows, columns=["split", "left", "right", "label"])


def pair_of(row: "Mapping[str, Any] | pd.Series") -> Pair:
    """The `Pair` in a row of such a table."""
    return Pair(parse_face(row["left"]), parse_face(row["right"]), row["label"])


def pair_caption(pair: Pair) -> str:
    """A caption for a pair of images: the people and the numbers of the images."""
    caption = f"{pair.left.person} {pair.left.number}"
    if pair.label == SAME:
        return f"{caption} / {pair.right.number}"
    return f"{caption}\n{pair.right.person} {pair.right.number}"
