"""Where faces come from: the sample, LFW-a as a folder or an archive, LFW-funneled as a download."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from siamese_lib.archives import is_archive, open_source
from siamese_lib.cloud import local_copy
from siamese_lib.environment import cache_root, lfwa_candidates
from siamese_lib.files import fingerprint, text_lines
from siamese_lib.pairs import Face, PairList, known_to_be_same, parse_pair_folds, split_at_random, split_by_person
from siamese_lib.sampling import FaceExamples, PairExamples, draw_like_lfw, hold_out_people, share_of

# LFW's file names, below any number of folders: .../PERSON/PERSON_0001.jpg
FACE_FILE = re.compile(r"(?:.*/)?(?P<person>[^/]+)/(?P=person)_(?P<number>\d{4})\.(?:jpe?g|png|pgm)", re.IGNORECASE)
LIST_NAMES = {"train": ("pairsDevTrain.txt", "train.txt"), "test": ("pairsDevTest.txt", "test.txt")}
PEOPLE_NAMES = {"train": ("peopleDevTrain.txt",), "test": ("peopleDevTest.txt",)}
SAMPLE_LISTS = Path(__file__).parent / "sample_lists"


# The whole picture, and the box in it that the face fills: (top, bottom, left, right) in pixels.
FRAMES = {"sample": (0, 112, 0, 92)}
FACE_BOXES = {"sample": (0, 112, 0, 92)}
LFW_FRAME, LFW_FACE_BOX = (0, 250, 0, 250), (62, 200, 70, 180)


@dataclass(frozen=True)
class FaceFiles:
    """Faces that can be read.

    Attributes:
        name: "sample", "lfwa", "lfw-funneled", or "pictures" where no dataset is named.
        source: where the files are read from, as `archives.open_source` returns it.
        files: for each `Face`, the name of its file in `source`.
    """

    name: str
    source: object
    files: dict[Face, str]


@dataclass(frozen=True)
class FaceDataset(FaceFiles):
    """Faces, and what LFW's lists say about them.

    Attributes:
        train_pairs, test_pairs: the two `PairList`s; no person is in both.
        train_people: the people who may be trained on.
        people_rule: how `train_people` was found.
    """

    train_pairs: PairList
    test_pairs: PairList
    train_people: frozenset[str]
    people_rule: str

    @property
    def frame(self):
        """`(top, bottom, left, right)` of a whole picture, in pixels."""
        return FRAMES.get(self.name, LFW_FRAME)

    @property
    def face_box(self):
        """`(top, bottom, left, right)` of the box in a picture that the aligned face fills, in pixels."""
        return FACE_BOXES.get(self.name, LFW_FACE_BOX)

    @property
    def faces_may_be_shown(self):
        """Whether pictures of these faces may be published: the sample's may, those of LFW may not."""
        return self.name == "sample"

    @property
    def listed_faces(self):
        """Every face that the training or the test pairs name, sorted."""
        return sorted({*self.train_pairs.faces, *self.test_pairs.faces})

    def split(self, config):
        """The three parts of an experiment, `{"train", "validation", "test"}` -> `PairList`; no person is in two of them.

        With `split_by: pair` people may be in train and validation, which such a run is there to show. Protocol `people`: people are held
        out; train and validation pairs are drawn from either side's pictures as LFW drew its own, as many as there are test pairs.
        """
        if config.protocol == "pairs":
            split = {"person": split_by_person, "pair": split_at_random}[config.split_by]
            train, validation = split(self.train_pairs, config.validation_fraction, config.held_out_by)
            train = PairList(tuple(share_of(train, config.training_fraction, config.seed)))
        else:
            sides = [[face for face in self.files if face.person in people] for people in self._people(config)]
            train, validation = (draw_like_lfw(faces, len(self.test_pairs) // 2, config.held_out_by) for faces in sides)
        return {"train": train, "validation": validation, "test": self.test_pairs}

    def examples(self, config):
        """What the network learns from: `sampling.PairExamples` or `sampling.FaceExamples`, by the config's protocol and loss."""
        if config.protocol == "people":
            people, _ = self._people(config)
            class_of = {face: face.person for face in self.files if face.person in people}
        elif config.learns_classes:
            class_of = known_to_be_same(self.split(config)["train"])
        else:
            return PairExamples(self.split(config)["train"])
        return FaceExamples(class_of, config.max_images_per_person, config.images_together)

    def faces_of(self, config):
        """Every face that any run of this config's protocol may read, sorted; the same for all seeds, which so share one cache."""
        if config.protocol == "pairs":
            return self.listed_faces
        return sorted({*self.listed_faces, *(face for face in self.files if face.person in self.train_people)})

    def _people(self, config):
        people = self.train_people & {face.person for face in self.files}
        train, held_out = hold_out_people(people, config.validation_fraction, config.held_out_by)
        return set(share_of(sorted(train), config.training_fraction, config.seed)), held_out

    def fingerprint(self, faces=None):
        """Changes with the pictures of `faces` (by default all that the pair lists name) or with the lists."""
        names = [self.files[face] for face in sorted(self.listed_faces if faces is None else faces)]
        return fingerprint(self.name, self.source.fingerprint(names), self.train_pairs.pairs, self.test_pairs.pairs)


def load_dataset(name, data_root=None):
    """Finds a dataset's pictures and lists.

    Args:
        name: "sample", "lfwa" or "lfw-funneled".
        data_root: for "lfwa" the folder or archive; without it the usual places are searched.

    Raises:
        FileNotFoundError: if the pictures or the lists are not found.
        ValueError: if the lists are wrong or share people.
    """
    if name == "sample":
        return _sample()
    if name == "lfw-funneled" and not data_root:
        from siamese_lib.downloads import fetch_lfw_funneled

        data_root = fetch_lfw_funneled(cache_root() / "downloads")
    if name not in ("lfwa", "lfw-funneled"):
        raise ValueError(f"The dataset is 'sample', 'lfwa' or 'lfw-funneled'. Received: {name!r}")
    return _lfw(name, _data_root(data_root))


def locate_faces(data_root):
    """Finds the pictures below a folder or in an archive, in any of the layouts in use.

    Returns:
        `FaceFiles`

    Raises:
        FileNotFoundError: if there are no pictures in LFW's layout.
    """
    data_root = Path(data_root).expanduser()
    source = open_source(local_copy(data_root), cache_root() / "unpacked")
    files = _face_files(source)
    if not files and data_root.is_dir():
        source = open_source(local_copy(_only_archive(data_root)), cache_root() / "unpacked")
        files = _face_files(source)
    if not files:
        raise FileNotFoundError(f"No pictures PERSON/PERSON_0001.jpg were found; give LFW-a's folder or archive. Received: {data_root}")
    return FaceFiles("pictures", source, files)


def _sample():
    # Reading the sample needs nothing but the wheel; its lists are fixed files of this package.
    from siamese_lib.sample_faces import SampleSource

    source = SampleSource()
    lists = {part: (SAMPLE_LISTS / names[0]).read_bytes() for part, names in LIST_NAMES.items()}
    return _assembled("sample", source, _face_files(source), lists, {}, SAMPLE_LISTS)


def _lfw(name, data_root):
    found = locate_faces(data_root)
    source, files = found.source, found.files
    lists = {part: _find_list(names, data_root, source) for part, names in LIST_NAMES.items()}
    missing = [" or ".join(LIST_NAMES[part]) for part, content in lists.items() if content is None]
    if missing:
        raise FileNotFoundError(f"Put LFW's View 1 pair lists beside the pictures: {', '.join(missing)}. Received: {data_root}")
    people = {part: _find_list(names, data_root, source) for part, names in PEOPLE_NAMES.items()}
    return _assembled(name, source, files, lists, people, data_root)


def _assembled(name, source, files, lists, people_lists, where):
    pairs = {
        part: PairList(tuple(pair for fold in parse_pair_folds(content, f"{where}: {LIST_NAMES[part][0]}") for pair in fold))
        for part, content in lists.items()
    }
    if shared := sorted(pairs["train"].people & pairs["test"].people):
        raise ValueError(f"{where}: people are in both pair lists, which View 1 forbids; restore them. Received: {', '.join(shared[:5])}")
    if people_lists.get("train") and people_lists.get("test"):
        train_people, test_people = (_parse_people(people_lists[part], PEOPLE_NAMES[part][0]) for part in ("train", "test"))
        rule = "peopleDevTrain.txt"
    else:
        test_people = pairs["test"].people
        train_people = {face.person for face in files} - test_people
        rule = "everyone whom the test pairs do not name"
    # Whatever the lists say: a person of the test side is never trained on.
    train_people = frozenset(train_people) - set(test_people) - pairs["test"].people
    return FaceDataset(name, source, files, pairs["train"], pairs["test"], train_people, rule)


def _data_root(data_root):
    if data_root:
        return Path(data_root).expanduser()
    candidates = lfwa_candidates()
    if not candidates:
        raise FileNotFoundError(
            "LFW-a was not found in lfwa/, on Drive or in Kaggle's input; give its folder or archive as data_root "
            "(on the command line --data-root). Received: no data_root"
        )
    return candidates[0]


def _face_files(source):
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
        raise FileNotFoundError(f"Neither pictures PERSON/PERSON_0001.jpg nor an archive of them lie in this folder. Received: {folder}")
    if len(named) > 1:
        raise ValueError(f"{folder} holds several archives; give one of them. Received: {', '.join(path.name for path in named)}")
    return named[0]


def _find_list(names, data_root, source):
    """The content of the first list with one of `names`, beside the pictures or inside their archive, or None."""
    folder = data_root if data_root.is_dir() else data_root.parent
    for name in names:
        for place in (folder / name, folder / "splits" / name, folder.parent / name, folder.parent / "splits" / name):
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
