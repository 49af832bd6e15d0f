"""Finds a user's own pictures in a folder: one subfolder for each person, of any names.

A folder that holds pictures is a person (in other data a class), however deep it lies. With groups,
the folder above is the person's group, as Omniglot's alphabets. Pictures are numbered in natural
order (2.jpg before 10.jpg), unless all of a person's are named PERSON_0001.jpg as in LFW.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tqdm.auto import tqdm

from siamese_lib.data.alignment import AlignedSource
from siamese_lib.data.decoding import PICTURE_SUFFIXES, open_image
from siamese_lib.data.drive import open_data, open_data_or_archives
from siamese_lib.data.face_dataset import FRAMES, FaceFiles
from siamese_lib.data.images import NUM_THREADS
from siamese_lib.data.lfw import PAIR_LISTS
from siamese_lib.data.pairs import Face, cluster_of
from siamese_lib.data.photos import Detector
from siamese_lib.data.sources import JoinedSource, Source, not_found
from siamese_lib.utils.files import cached_folder, fingerprint, read_json, write_json
from siamese_lib.utils.machine import cache_root, user_path

# Folders of these names are splits of another program where all folders of a level have them. Here
# people are split and not pictures, so the people in them are joined.
SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
ENOUGH_SIDE = 64  # pixels; a JPEG is tried at an eighth of its size


@dataclass(frozen=True)
class FolderFiles(FaceFiles):
    """The pictures of a folder with a subfolder for each person.

    Attributes:
        group_of: as in `FaceDataset`.
    """

    group_of: Mapping[str, str] = field(kw_only=True)


def locate_pictures(
    data_root: Path | str,
    align: bool = False,
    groups: bool = False,
    detector: Detector | None = None,
) -> FolderFiles:
    """Finds the pictures in a folder or an archive with a subfolder for each person.

    Every picture is opened once; those that cannot be are left out, and the result is kept.

    Args:
        data_root: the folder or archive, or a folder with archives.
        align: whether to find and align the face in each picture, as `photos.find_face`.
        groups: whether the folder above a person's is the person's group.
        detector: as in `photos.find_faces`.

    Raises:
        FileNotFoundError: if there are no pictures in subfolders.
        ValueError: if none can be read, or two folders of people have one name.
    """
    data_root = user_path(data_root)
    source, names = open_data_or_archives(
        data_root,
        find=lambda source: [name for name in source.names() if _is_picture(name)],
        open_archives=lambda paths: JoinedSource(data_root, [open_data(path) for path in paths]),
    )
    skipped = {
        name: f"{name} is not a picture, by its name"
        for name in source.names()
        if not _is_picture(name) and PurePosixPath(name).name not in sum(PAIR_LISTS.values(), ())
    }
    files, loose, notes = _faces(source, names, groups)
    skipped |= {name: f"{name} is not in a person's folder" for name in loose}
    if not files:
        raise not_found(
            "No pictures were found in subfolders, one for each person",
            "give a folder with PERSON/PICTURE.jpg",
            source,
        )
    checked = sorted(files.values())
    if align:
        source = AlignedSource(source, checked, detector)
        unusable = source.skipped
    else:
        unusable = _unreadable(source, checked)
    if len(unusable) == len(checked):
        raise ValueError(
            f"{data_root}: none of the pictures can be used. "
            f"Received: {len(checked)} pictures, the first: {next(iter(unusable.values()))}"
        )
    files = {face: name for face, name in files.items() if name not in unusable}
    return FolderFiles(
        "folder",
        source,
        files,
        frame=FRAMES["lfwa"] if align else None,
        skipped=skipped | unusable,
        notes=notes,
        group_of={face.person: cluster_of(face.person) for face in files} if groups else {},
    )


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES


def _faces(
    source: Source, names: Iterable[str], groups: bool
) -> tuple[dict[Face, str], list[str], tuple[str, ...]]:
    """The file of each face, the pictures in no person's folder, and notes."""
    by_folder = defaultdict(list)
    for name in names:
        by_folder[PurePosixPath(name).parent].append(name)
    # A folder with folders of pictures below it is no person; pictures in it are covers or strays.
    above = {parent for folder in by_folder for parent in folder.parents} | {PurePosixPath()}
    loose = sorted(name for folder in above & set(by_folder) for name in by_folder[folder])
    folders = sorted(set(by_folder) - above)
    splits = _split_levels(source, folders)
    folders_of = defaultdict(list)
    for folder in folders:
        parts = [part for level, part in enumerate(folder.parts) if level not in splits]
        if groups and len(parts) < 2:
            raise ValueError(
                f"{source.location}: with groups, a person's folder is in a group's folder, "
                f"GROUP/PERSON. Received: {folder}"
            )
        folders_of["/".join(map(_plain, parts[-1 - groups :]))].append(folder)
    _check_unique(source, folders_of, splits)
    files: dict[Face, str] = {}
    for person, own in folders_of.items():
        pictures = [name for folder in own for name in by_folder[folder]]
        files |= {Face(person, number): name for number, name in _numbered(person, pictures)}
    joined = sum(len(own) > 1 for own in folders_of.values())
    note = (
        f"{joined} people are in several of the splits' folders and were joined: people are split"
    )
    return files, loose, (f"{note}, not pictures",) if joined else ()


def _plain(name: str) -> str:
    """A folder's name as a person's: composed, and without the blanks that separate columns."""
    return "_".join(unicodedata.normalize("NFC", name).split())


def _split_levels(source: Source, folders: list[PurePosixPath]) -> set[int]:
    """The levels, counted from the top, at which every folder is named as a split."""
    names: dict[int, set[str]] = defaultdict(set)
    for folder in folders:
        for level, part in enumerate(folder.parts):
            names[level].add(part.lower())
    splits = {level for level, found in names.items() if found <= SPLITS and len(found) > 1}
    if any(len(folder.parts) - 1 in splits for folder in folders):
        raise ValueError(
            f"{source.location}: the pictures are in folders of splits and not of people; make a "
            f"subfolder for each person. Received: {', '.join(map(str, folders[:3]))}"
        )
    return splits


def _check_unique(
    source: Source, folders_of: Mapping[str, list[PurePosixPath]], splits: set[int]
) -> None:
    """Checks that folders of one person differ in the split alone."""
    for own in folders_of.values():
        rest = {
            tuple(part for level, part in enumerate(folder.parts) if level not in splits)
            for folder in own
        }
        if len(rest) > 1:
            listed = " and ".join(str(folder) for folder in own[:2])
            raise ValueError(
                f"{source.location}: two folders have the name of one person; rename one, or take "
                f"groups: true if the folders above are groups of people. Received: {listed}"
            )


def _numbered(person: str, names: list[str]) -> list[tuple[int, str]]:
    """The number and the file of each picture of a person."""
    pattern = re.compile(rf"{re.escape(person.rpartition('/')[2])}_([0-9]{{4}})")
    as_in_lfw = [pattern.fullmatch(_plain(PurePosixPath(name).stem)) for name in names]
    numbers = [int(match[1]) for match in as_in_lfw if match]
    if len(set(numbers)) == len(names) and 0 not in numbers:
        return list(zip(numbers, names))
    return list(enumerate(sorted(names, key=_natural), start=1))


def _natural(name: str) -> tuple:
    """A key that sorts 2.jpg before 10.jpg; the folder decides last."""
    path = PurePosixPath(name)
    words = re.split(r"([0-9]+)", path.name)
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in words], str(path.parent)


def _unreadable(source: Source, names: list[str]) -> dict[str, str]:
    """The reason for each picture that cannot be read; looked for once."""
    key = fingerprint(source.fingerprint(names), names)

    def build(folder):
        write_json(folder / "unreadable.json", _try_all(source, names))

    def read(folder):
        return read_json(folder / "unreadable.json") if folder.is_dir() else None

    return cached_folder(cache_root() / "checked" / key, read, build)


def _try_all(source: Source, names: list[str]) -> dict[str, str]:
    def reason(name):
        try:
            # Load decodes all of a file, so that one which is cut off is noticed.
            open_image(source.read(name), name, lambda image: image.load(), ENOUGH_SIDE)
        except ValueError as error:
            return str(error)
        except OSError as error:
            return f"{name} cannot be read ({error.strerror or error})"

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        progress = tqdm(pool.map(reason, names), "Checking pictures", len(names), unit="picture")
        reasons = list(progress)
    return {name: reason for name, reason in zip(names, reasons) if reason}
