"""LFW's pair lists: read with their checks, and written in the same format."""

import itertools
import re
import unicodedata
from pathlib import Path

from siamese_lib.data.pairs import DIFFERENT, SAME, Face, Pair, PairList
from siamese_lib.utils.files import text_lines

# The columns of Kaggle's tables.
CSV_PAIRS = {SAME: "name,imagenum1,imagenum2", DIFFERENT: "name,imagenum1,name,imagenum2"}
CSV_PEOPLE = "name,images"


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
    rows = _rows(content, source)
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


def parse_csv_pairs(content: bytes, source: Path | str, label: int) -> PairList:
    """The pairs in a CSV file of Kaggle's copy of LFW, which holds pairs of one label.

    Args:
        content: the bytes of the file, UTF-8.
        source: the name of the file in messages.
        label: 1 for lines `name,imagenum1,imagenum2`, 0 for `name,imagenum1,name,imagenum2`.

    Raises:
        ValueError: as `parse_pair_folds`.
    """
    rows = _csv_rows(content, source, CSV_PAIRS[label])
    pairs = PairList(tuple(_parse_pair(words, f"{source}, line {line}") for line, words in rows))
    _check_fold(pairs, [line for line, _ in rows], None, source)
    return pairs


def parse_people(content: bytes, source: str) -> set[str]:
    """The people in a people list of LFW: a count, then lines `PERSON NUMBER-OF-IMAGES`.

    In CSV, by the file's name, there is a header instead of the count.

    Raises:
        ValueError: if the count is not that of the people, or a line of a CSV file is wrong.
    """
    if source.endswith(".csv"):
        return {person for _, (person, _) in _csv_rows(content, source, CSV_PEOPLE)}
    (_, first), *rows = _rows(content, source) or [(0, [])]
    people = {words[0] for _, words in rows if len(words) == 2}
    if first != [str(len(people))]:
        raise ValueError(
            f"{source}: the count in the first line is not the number of people below; "
            f"restore the file. Received: {len(people)}"
        )
    return people


def parse_people_folds(content: bytes, source: str) -> list[set[str]]:
    """The people of each fold in View 2's `people.txt`: the number of folds, then people lists.

    Raises:
        ValueError: if a count is wrong.
    """
    first, *rows = [words for _, words in _rows(content, source)] or [[]]
    # A line of one word is the count of the fold below; nobody stands before the first.
    counts, folds = ["0"], [set[str]()]
    for words in rows:
        if len(words) == 1:
            counts.append(words[0])
            folds.append(set())
        elif len(words) == 2:
            folds[-1].add(words[0])
    if first == [str(len(folds) - 1)] and counts == [str(len(people)) for people in folds]:
        return folds[1:]
    raise ValueError(
        f"{source}: the first line is the number of folds, and each fold begins with its number of "
        f"people; restore the file. Received: {len(folds) - 1} folds"
    )


def _rows(content: bytes, source: Path | str) -> list[tuple[int, list[str]]]:
    """The words of each line that is not empty, with its number; accents are composed.

    File systems and archives of macOS decompose them, so that equal names would differ.
    """
    return [
        (number, unicodedata.normalize("NFC", line).split())
        for number, line in text_lines(content, source)
    ]


def _csv_rows(content: bytes, source: Path | str, header: str) -> list[tuple[int, list[str]]]:
    """The columns of each line below the header, which some copies lack, with its number.

    Empty columns at the end of a line are left out. An empty one elsewhere is an error: without it,
    a pair of two people would read as one of one person.
    """
    lines = [
        (number, [word.strip() for word in unicodedata.normalize("NFC", line).split(",")])
        for number, text in text_lines(content, source)
        if (line := text.rstrip(", \t"))
    ]
    rows = lines[1:] if lines and lines[0][1][0].lower() in ("name", "name1") else lines
    for number, words in rows:
        if len(words) != len(header.split(",")) or "" in words:
            raise ValueError(
                f"{source}, line {number}: a line here is '{header}'; correct it or restore the "
                f"file. Received: {','.join(words)[:80]!r}"
            )
    if not rows:
        raise ValueError(
            f"{source} has no lines below its header; check that it is the correct file. "
            f"Received: {len(content)} bytes"
        )
    return rows


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


def pair_list_text(pairs: PairList) -> str:
    """The text of a pair list in LFW's format, which `parse_pair_folds` reads.

    The count comes first where there are as many pairs of each class, the same ones before.

    Raises:
        ValueError: if a name holds blanks, which separate the columns.
    """
    if blank := [person for person in sorted(pairs.people) if len(person.split()) != 1]:
        raise ValueError(
            f"Names in a pair list have no blanks; rename the person. Received: {blank[0]!r}"
        )
    num_same = sum(pairs.labels)
    in_order = pairs.labels == [SAME] * num_same + [DIFFERENT] * num_same
    lines = [str(num_same)] if in_order else []
    for left, right, label in pairs:
        other = () if label == SAME else (right.person,)
        lines.append("\t".join(map(str, (*left, *other, right.number))))
    return "\n".join(lines) + "\n"
