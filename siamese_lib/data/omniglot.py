"""Omniglot: handwritten characters of 50 alphabets, each drawn by the same 20 people (Lake, Salakhutdinov and Tenenbaum, 2015).

A character takes the place of a person, the number of its drawer that of an image's, and an alphabet is a group. The public release's
30 background alphabets are there for training, of which some are held out to choose; its 20 evaluation alphabets for the test alone.
Under the MIT licence, https://github.com/brendenlake/omniglot.
"""

import re
from pathlib import Path, PurePosixPath

from siamese_lib.data.drive import open_data
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.pairs import Face, PairList, TrialSet
from siamese_lib.data.sampling import sample_balanced_pairs
from siamese_lib.data.sources import JoinedSource, is_archive
from siamese_lib.utils.files import text_lines

DRAWING = re.compile(
    r"(?:.*/)?images_(?P<part>background|evaluation)/(?P<alphabet>[^/]+)/(?P<character>character\d+)/\d+_(?P<drawer>\d+)\.png"
)
LABELS = re.compile(r"(?P<root>(?:.*/)?)run(?P<number>\d+)/class_labels\.txt")
SIDE = 105  # pixels
# Within an alphabet, so that an alphabet can be held out with its pairs: 30,000 in all, the smallest set of Koch et al. (2015, table 1).
PAIRS_PER_ALPHABET = 1000
TEST_PAIRS = 10_000  # from all evaluation characters, as there


def load_omniglot(data_root):
    """Omniglot as a `FaceDataset`: characters for people, alphabets for groups.

    Args:
        data_root: a folder with `images_background` and `images_evaluation`, an archive of both, or a folder with archives of them.

    Raises:
        FileNotFoundError: if the drawings are not there.
    """
    data_root = Path(data_root)
    source = open_data(data_root)
    drawings = _drawings(source)
    if not drawings and data_root.is_dir():
        archives = sorted(path for path in data_root.iterdir() if is_archive(path))
        source = JoinedSource(data_root, [open_data(path) for path in archives])
        drawings = _drawings(source)
    parts, files, alphabet_of = {"background": [], "evaluation": []}, {}, {}
    for match in drawings:
        face = Face(f"{match['alphabet']}/{match['character']}", int(match["drawer"]))
        files[face], alphabet_of[face.person] = match[0], match["alphabet"]
        parts[match["part"]].append(face)
    if not all(parts.values()):
        missing = " and ".join(f"images_{part}" for part, faces in parts.items() if not faces)
        raise FileNotFoundError(
            f"Omniglot's {missing} were not found; give the folder or archive with both. Received: {data_root}"
        )
    return FaceDataset(
        "omniglot",
        source,
        files,
        train_pairs=_pairs_within_alphabets(parts["background"], alphabet_of),
        test_pairs=sample_balanced_pairs(parts["evaluation"], TEST_PAIRS // 2, seed=0),
        train_people=frozenset(face.person for face in parts["background"]),
        people_rule="the background alphabets",
        frame=(0, SIDE, 0, SIDE),
        face_box=(0, SIDE, 0, SIDE),
        faces_may_be_shown=True,
        group_of=alphabet_of,
    )


def _drawings(source):
    """The matches of `DRAWING` among the names of the files, in their order."""
    return list(filter(None, map(DRAWING.fullmatch, source.names())))


def _pairs_within_alphabets(faces, alphabet_of):
    pairs = []
    for alphabet in sorted({alphabet_of[face.person] for face in faces}):
        own = [face for face in faces if alphabet_of[face.person] == alphabet]
        pairs += sample_balanced_pairs(own, PAIRS_PER_ALPHABET // 2, seed=0)
    return PairList(tuple(pairs))


def read_trials(path):
    """Reads runs of one-shot trials in the layout of Lake's `all_runs.zip`, from a folder or an archive.

    Returns:
        `(source, runs)`: where the images are read from, and a list of `oneshot.TrialSet` of names in it.

    Raises:
        FileNotFoundError: if there are no runs.
        ValueError: if a run's `class_labels.txt` does not fit its images.
    """
    source = open_data(path)
    names = set(source.names())
    found = sorted(
        (int(match["number"]), name, match["root"])
        for name in names
        if (match := LABELS.fullmatch(name))
    )
    if not found:
        raise FileNotFoundError(
            f"There are no runs here (run01/class_labels.txt and so on); give their folder or zip. Received: {path}"
        )
    return source, [_read_trial_set(source, names, name, root) for _, name, root in found]


def _read_trial_set(source, names, labels, root):
    rows = [line.split() for _, line in text_lines(source.read(labels), labels)]
    if not rows or any(len(row) != 2 for row in rows):
        raise ValueError(
            f"{source.location}: {labels} holds lines 'test-image training-image'; restore it. Received: {len(rows)} lines"
        )
    training = str(PurePosixPath(labels).parent / "training")
    gallery = tuple(
        sorted(
            name
            for name in names
            if str(PurePosixPath(name).parent) == training and name.endswith(".png")
        )
    )
    probes, answers = zip(*((root + item, root + drawn) for item, drawn in rows))
    if missing := sorted({*probes} - names | {*answers} - {*gallery}):
        raise ValueError(
            f"{source.location}: {labels} names images that are not there; complete the run. Received: {missing[0]}"
        )
    return TrialSet(gallery, probes, tuple(gallery.index(answer) for answer in answers))
