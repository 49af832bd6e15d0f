"""LFW and what has its layout: images PERSON/PERSON_0001.jpg in a folder or an archive, View 1's pair lists and people lists."""

import re
from pathlib import Path, PurePosixPath

from siamese_lib.data.drive import open_data
from siamese_lib.data.face_dataset import FaceDataset, FaceFiles
from siamese_lib.data.pairs import Face, PairList, parse_pair_folds
from siamese_lib.data.sources import is_archive
from siamese_lib.utils.files import text_lines

# LFW's file names, below any number of folders: .../PERSON/PERSON_0001.jpg
FACE_FILE = re.compile(
    r"(?:.*/)?(?P<person>[^/]+)/(?P=person)_(?P<number>\d{4})\.(?:jpe?g|png|pgm)", re.IGNORECASE
)
LIST_NAMES = {"train": ("pairsDevTrain.txt", "train.txt"), "test": ("pairsDevTest.txt", "test.txt")}
PEOPLE_NAMES = {"train": ("peopleDevTrain.txt",), "test": ("peopleDevTest.txt",)}
LOOK = {"frame": (0, 250, 0, 250), "face_box": (62, 200, 70, 180), "faces_may_be_shown": False}


def locate_faces(data_root):
    """Finds the images below a folder or in an archive, in any of the layouts in use.

    Returns:
        `FaceFiles`

    Raises:
        FileNotFoundError: if there are no images in LFW's layout.
    """
    data_root = Path(data_root).expanduser()
    source = open_data(data_root)
    files = face_files(source)
    if not files and data_root.is_dir():
        source = open_data(_only_archive(data_root))
        files = face_files(source)
    if not files:
        raise FileNotFoundError(
            f"No images PERSON/PERSON_0001.jpg were found; give LFW-a's folder or archive. Received: {data_root}"
        )
    return FaceFiles("images", source, files)


def load_lfw(name, data_root):
    """A `FaceDataset` of the images and lists at a path.

    Raises:
        FileNotFoundError: if the images or the lists are not found.
        ValueError: if the lists are wrong or share people.
    """
    found = locate_faces(data_root)
    source, files = found.source, found.files
    lists = {part: _find_list(names, data_root, source) for part, names in LIST_NAMES.items()}
    missing = [" or ".join(LIST_NAMES[part]) for part, content in lists.items() if content is None]
    if missing:
        raise FileNotFoundError(
            f"Put LFW's View 1 pair lists beside the images: {', '.join(missing)}. Received: {data_root}"
        )
    people = {part: _find_list(names, data_root, source) for part, names in PEOPLE_NAMES.items()}
    return with_lists(name, source, files, lists, people, data_root, LOOK)


def with_lists(name, source, files, lists, people_lists, where, look):
    """A `FaceDataset` of images and the bytes of their pair lists and people lists.

    Args:
        name, source, files: as in `FaceFiles`.
        lists: `{"train", "test"}` -> the content of a pair list.
        people_lists: the same of the people lists; {} or None where there are none.
        where: names the place in messages.
        look: the dataset's `frame`, `face_box` and `faces_may_be_shown`.

    Raises:
        ValueError: if a list is wrong, or both name somebody.
    """
    pairs = {
        part: PairList(
            tuple(
                pair
                for fold in parse_pair_folds(content, f"{where}: {LIST_NAMES[part][0]}")
                for pair in fold
            )
        )
        for part, content in lists.items()
    }
    if shared := sorted(pairs["train"].people & pairs["test"].people):
        raise ValueError(
            f"{where}: people are in both pair lists, which View 1 forbids; restore them. Received: {', '.join(shared[:5])}"
        )
    if people_lists.get("train") and people_lists.get("test"):
        train_people, test_people = (
            _parse_people(people_lists[part], PEOPLE_NAMES[part][0]) for part in ("train", "test")
        )
        rule = "peopleDevTrain.txt"
    else:
        test_people = pairs["test"].people
        train_people = {face.person for face in files} - test_people
        rule = "everyone whom the test pairs do not name"
    # Whatever the lists say: a person of the test side is never trained on.
    train_people = frozenset(train_people) - set(test_people) - pairs["test"].people
    return FaceDataset(
        name, source, files, pairs["train"], pairs["test"], train_people, rule, **look
    )


def face_files(source):
    """Each face's file; of two copies in a doubled layout the one with the shorter path."""
    files = {}
    for name in sorted(source.names(), key=lambda name: (len(PurePosixPath(name).parts), name)):
        if match := FACE_FILE.fullmatch(name):
            files.setdefault(Face(match["person"], int(match["number"])), name)
    return files


def _only_archive(folder):
    archives = sorted(path for path in folder.iterdir() if path.is_file() and is_archive(path))
    named = [path for path in archives if "lfw" in path.name.lower()] or archives
    if not named:
        raise FileNotFoundError(
            f"Neither images PERSON/PERSON_0001.jpg nor an archive of them lie in this folder. Received: {folder}"
        )
    if len(named) > 1:
        raise ValueError(
            f"{folder} holds several archives; give one of them. Received: {', '.join(path.name for path in named)}"
        )
    return named[0]


def _find_list(names, data_root, source):
    """The content of the first list with one of `names`, beside the images or inside their archive, or None."""
    folder = data_root if data_root.is_dir() else data_root.parent
    for name in names:
        for place in (
            folder / name,
            folder / "splits" / name,
            folder.parent / name,
            folder.parent / "splits" / name,
        ):
            if place.is_file():
                return place.read_bytes()
        inside = [member for member in source.names() if PurePosixPath(member).name == name]
        if inside:
            return source.read(min(inside, key=len))
    return None


def _parse_people(content, source):
    """The people in one of LFW's people lists: a count, then lines `person number-of-images`."""
    rows = [line.split() for _, line in text_lines(content, source)]
    people = {row[0] for row in rows[1:] if len(row) == 2}
    if not rows or rows[0] != [str(len(people))]:
        raise ValueError(
            f"{source}: the count on the first line is not that of the people below; restore the file. Received: {len(people)}"
        )
    return people
