"""LFW in the layouts in which it is handed around: PERSON/PERSON_0001.jpg and lists of pairs."""

import dataclasses
import itertools
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from siamese_lib.data.drive import open_data, open_data_or_archives
from siamese_lib.data.face_dataset import FRAMES, About, FaceDataset, FaceFiles
from siamese_lib.data.pair_lists import (
    parse_csv_pairs,
    parse_pair_folds,
    parse_people,
    parse_people_folds,
)
from siamese_lib.data.pairs import DIFFERENT, SAME, Face, PairList
from siamese_lib.data.sources import Source, is_archive, not_found, one_file_each
from siamese_lib.utils.machine import user_path

# LFW's file names, in any number of folders: .../PERSON/PERSON_0001.jpg
FACE_FILE = re.compile(
    r"(?P<folder>(?:.*/)?)(?P<person>[^/]+)/(?P=person)_(?P<number>\d{4})\.(?:jpe?g|png|pgm)",
    re.IGNORECASE,
)
# The same names outside of the person's folder: all in one, in folders by number, without any.
LOOSE_FILE = re.compile(
    r"(?P<folder>(?:.*/)?)(?P<person>[^/]+)_(?P<number>\d{4})\.(?:jpe?g|png|pgm)", re.IGNORECASE
)
PAIR_LISTS = {"train": ("pairsDevTrain.txt", "train.txt"), "test": ("pairsDevTest.txt", "test.txt")}
# Kaggle's copy of LFW: the pairs of one person, and those of two people.
CSV_LISTS = {
    split: {SAME: f"matchpairsDev{name}.csv", DIFFERENT: f"mismatchpairsDev{name}.csv"}
    for split, name in (("train", "Train"), ("test", "Test"))
}
PEOPLE_LISTS = {
    split: (f"peopleDev{name}.txt", f"peopleDev{name}.csv")
    for split, name in (("train", "Train"), ("test", "Test"))
}
# View 2: ten folds of pairs, and of people.
PAIRS_OF_FOLDS, PEOPLE_OF_FOLDS, NUM_FOLDS = "pairs.txt", "people.txt", 10
TITLES = {"lfwa": "LFW-a", "lfw-funneled": "LFW-funneled"}
ORIGIN = (
    "Labeled Faces in the Wild: 13,233 press photographs of 5,749 people, found by a face detector "
    "in news of about 2002 to 2004 (Huang et al., 2007); in LFW-a they are aligned (Wolf et al., "
    "2011). The pair lists are LFW's own."
)


def locate_faces(data_root: Path | str) -> FaceFiles:
    """Finds the images in a folder or an archive, in any of the layouts in use.

    Raises:
        FileNotFoundError: if there are no images in LFW's layout.
        ValueError: if a folder has several archives or sets of images that may be meant.
    """
    data_root = user_path(data_root)
    source, files = open_data_or_archives(
        data_root,
        find=face_files,
        open_archives=lambda archives: open_data(_only_archive(archives, data_root)),
    )
    files = files or face_files(source, LOOSE_FILE)
    if not files:
        raise not_found(
            "No images PERSON/PERSON_0001.jpg were found", "give LFW-a's folder or archive", source
        )
    return FaceFiles("images", source, files)


def _only_archive(archives, folder):
    """The archive with "lfw" in its name, or else the only archive."""
    archives = [path for path in archives if "lfw" in path.name.lower()] or archives
    if len(archives) > 1:
        raise ValueError(
            f"{folder} holds several archives; give one of them. "
            f"Received: {', '.join(path.name for path in archives)}"
        )
    return archives[0]


def face_files(source: Source, pattern: re.Pattern[str] = FACE_FILE) -> dict[Face, str]:
    """The file of each face; of two copies in nested folders, the one with the shorter path.

    Args:
        source: where the files are.
        pattern: of the files' names, with the groups folder, person and number.

    Raises:
        ValueError: if two folders hold different images of the same faces.
    """
    matches = filter(None, map(pattern.fullmatch, source.names()))
    return one_file_each(
        source,
        (
            (Face(_composed(match["person"]), int(match["number"])), match["folder"], match[0])
            for match in matches
        ),
    )


def layout_rank(path: Path) -> int:
    """0 for a folder with an image in LFW's layout, 1 with an archive, 2 with neither.

    An archive is not opened for the answer.
    """
    rank = 1 if path.is_file() else 2
    for folder, _, files in os.walk(path):
        for name in files:
            if FACE_FILE.fullmatch(f"{Path(folder).name}/{name}"):
                return 0
            if is_archive(name):
                rank = 1
    return rank


def _composed(name):
    """A name with composed accents, as in the lists: macOS decomposes those of files."""
    return unicodedata.normalize("NFC", name)


def load_lfw(name: str, data_root: Path, fold: int | None = None) -> FaceDataset:
    """The dataset with the images and lists in a folder or an archive.

    Args:
        name: "lfwa" or "lfw-funneled".
        data_root: the folder or archive.
        fold: of View 2, the one that is tested, from 1 to 10; None for View 1.

    Raises:
        FileNotFoundError: if the images or the lists are not found.
        ValueError: if the lists are wrong or share people.
    """
    found = locate_faces(data_root)
    facts: dict[str, Any] = {
        "face_box": (62, 200, 70, 180),
        "faces_may_be_shown": False,
        "about": About(TITLES[name], origin=ORIGIN),
    }
    named = dataclasses.replace(found, name=name)
    if fold:
        of_folds, people_of_folds = _lists_of_fold(fold, data_root, found)
        return with_lists(named, of_folds, people_of_folds, PEOPLE_OF_FOLDS, data_root, **facts)
    found_pairs = {
        split: find_pairs(split, names, data_root, found) for split, names in PAIR_LISTS.items()
    }
    pairs = {split: own for split, own in found_pairs.items() if own is not None}
    if missing := [" or ".join(names) for split, names in PAIR_LISTS.items() if split not in pairs]:
        raise FileNotFoundError(
            f"Put LFW's View 1 pair lists beside the images: {', '.join(missing)}. "
            f"Received: {data_root}"
        )
    people = {split: _find_people(names, data_root, found) for split, names in PEOPLE_LISTS.items()}
    return with_lists(named, pairs, people, "peopleDevTrain.txt", data_root, **facts)


def _lists_of_fold(fold, data_root, found):
    """Pairs and people of View 2, as `with_lists` takes them."""
    content = _find(PAIRS_OF_FOLDS, data_root, found)
    if content is None:
        raise FileNotFoundError(
            f"Put LFW's View 2 pair list beside the images: {PAIRS_OF_FOLDS}. Received: {data_root}"
        )
    folds = parse_pair_folds(content, f"{data_root}: {PAIRS_OF_FOLDS}")
    if len(folds) != NUM_FOLDS:
        raise ValueError(
            f"{data_root}: View 2's {PAIRS_OF_FOLDS} has {NUM_FOLDS} folds; restore the file. "
            f"Received: {len(folds)}"
        )
    test = folds.pop(fold - 1)
    pairs = {"train": PairList(tuple(itertools.chain(*folds))), "test": test}
    people = {}
    if (content := _find(PEOPLE_OF_FOLDS, data_root, found)) is not None:
        of_folds = parse_people_folds(content, f"{data_root}: {PEOPLE_OF_FOLDS}")
        people["test"] = of_folds.pop(fold - 1)
        people["train"] = set().union(*of_folds)
    return pairs, people


def find_pairs(
    split: str, names: Sequence[str], data_root: Path, found: FaceFiles
) -> PairList | None:
    """The pairs of a list beside or among the images: the first of `names`, else Kaggle's two.

    Args:
        split: "train" or "test".
        names: of text files in LFW's format.
        data_root: the folder or archive with the images.
        found: the images.

    Raises:
        ValueError: if the list is wrong.
    """
    if lists := [(content, name) for name in names if (content := _find(name, data_root, found))]:
        content, name = lists[0]
        folds = parse_pair_folds(content, f"{data_root}: {name}")
        return PairList(tuple(itertools.chain(*folds)))
    tables = {label: _find(name, data_root, found) for label, name in CSV_LISTS[split].items()}
    if any(content is None for content in tables.values()):
        return None
    pairs = [
        parse_csv_pairs(content, f"{data_root}: {CSV_LISTS[split][label]}", label)
        for label, content in tables.items()
    ]
    return PairList(tuple(itertools.chain(*pairs)))


def _find_people(names, data_root, found):
    lists = [(content, name) for name in names if (content := _find(name, data_root, found))]
    if not lists:
        return None
    content, name = lists[0]
    return parse_people(content, f"{data_root}: {name}")


def _find(name, data_root, found):
    """The content of a list beside or among the images, or None."""
    folder = data_root if data_root.is_dir() else data_root.parent
    for path in (
        folder / name,
        folder / "splits" / name,
        folder.parent / name,
        folder.parent / "splits" / name,
    ):
        if path.is_file():
            return path.read_bytes()
    inside = [path for path in found.source.names() if path.rpartition("/")[2] == name]
    return found.source.read(min(inside, key=len)) if inside else None


def with_lists(
    faces: FaceFiles,
    pairs: Mapping[str, PairList],
    people: Mapping[str, set[str] | None],
    people_list: str,
    where: Path,
    **facts: Any,
) -> FaceDataset:
    """The dataset with these images, pairs and lists of people.

    Args:
        faces: the images, under the dataset's name.
        pairs: `{"train", "test"}` -> `PairList`.
        people: `{"train", "test"}` -> the people who are listed for it, or {} or None where there
            are no such lists.
        people_list: the name of the list of people to train on.
        where: the folder or archive, for messages.
        facts: the dataset's `face_box`, `faces_may_be_shown` and `about`.

    Raises:
        ValueError: if a person is in both pair lists.
    """
    train, test = pairs["train"], pairs["test"]
    if shared := sorted(train.people & test.people):
        raise ValueError(
            f"{where}: people are in both pair lists, which LFW forbids; restore them. "
            f"Received: {', '.join(shared[:5])}"
        )
    train_people, test_people = people.get("train"), people.get("test")
    if train_people and test_people:
        rule = people_list
    else:
        train_people, test_people = {face.person for face in faces.files}, test.people
        rule = "everyone whom the test pairs do not name"
    return FaceDataset(
        faces.name,
        faces.source,
        faces.files,
        train,
        test,
        # A person of the test side is never trained on, whatever the lists state.
        train_people=frozenset(train_people - test_people - test.people),
        people_rule=rule,
        frame=FRAMES[faces.name],
        **facts,
    )
