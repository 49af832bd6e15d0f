"""Faces, pairs of faces and one-shot trials.

A pair is `(left, right, label)`; **label 1 = same person**, label 0 = different people. A score is
larger for more alike.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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
