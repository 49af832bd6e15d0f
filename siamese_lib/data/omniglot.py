"""Omniglot: handwritten characters of 50 alphabets, each of them drawn by 20 people.

A character takes the role of a person, its drawer's number that of the image number, and an
alphabet is a group. The 30 background alphabets of the public release are for training and
validation, the 20 evaluation alphabets for the test only.

Lake, Salakhutdinov and Tenenbaum (2015); MIT licence, https://github.com/brendenlake/omniglot.
"""

import io
import re
from pathlib import Path, PurePosixPath

from PIL import Image

from siamese_lib.data.drive import open_data, open_data_or_archives
from siamese_lib.data.face_dataset import FRAMES, About, FaceDataset
from siamese_lib.data.pairs import Face, PairList, TrialSet
from siamese_lib.data.sampling import sample_balanced_pairs
from siamese_lib.data.sources import JoinedSource, Source, not_found, one_file_each
from siamese_lib.utils.files import text_lines

DRAWING = re.compile(
    r"(?P<folder>(?:.*/)?images_(?P<half>background|evaluation)/)(?P<alphabet>[^/]+)/"
    r"(?P<character>character\d+)/\d+_(?P<drawer>\d+)\.png"
)
TRAINING_IMAGE = re.compile(r"class\d+\.png")  # copies have names like class01 (1).png
LABELS = re.compile(r"(?P<root>(?:.*/)?)run(?P<number>\d+)/class_labels\.txt")
# Training pairs stay within an alphabet, so that an alphabet can be held out with its pairs. These
# are 30,000 pairs in all, the smallest set of Koch et al. (2015, table 1).
PAIRS_PER_ALPHABET = 1000
TEST_PAIRS = 10_000  # from all evaluation characters, as in the paper
LAKES_TRIALS = ("all_runs.zip", "all_runs")  # as published, and unpacked
ABOUT = About(
    "Omniglot",
    headline="One-shot classification of handwritten characters",
    results="omniglot",
    one="character",
    many="characters",
    origin=(
        "1,623 characters of 50 alphabets, each drawn once by 20 people online (Lake, "
        "Salakhutdinov and Tenenbaum, 2015); 30 alphabets are for learning, 20 for testing."
    ),
    credit=(
        "Characters: Omniglot, Lake, Salakhutdinov and Tenenbaum (2015), under the MIT licence."
    ),
)


def load_omniglot(data_root: Path | str) -> FaceDataset:
    """Omniglot as a `FaceDataset`, with characters as people and alphabets as groups.

    Args:
        data_root: a folder with `images_background` and `images_evaluation`, an archive of both, or
            a folder with archives of them. If Lake's 20 one-shot runs (`all_runs.zip`) are in the
            folder too, they are the dataset's published trials.

    Raises:
        FileNotFoundError: if the drawings are not there.
        ValueError: if two folders hold different drawings of the same characters.
    """
    source, drawings = open_data_or_archives(
        data_root,
        find=lambda source: list(filter(None, map(DRAWING.fullmatch, source.names()))),
        open_archives=lambda paths: JoinedSource(data_root, [open_data(path) for path in paths]),
    )
    match_of = {match[0]: match for match in drawings}
    files = one_file_each(
        source,
        ((_face(match), match["folder"], name) for name, match in match_of.items()),
    )
    alphabet_of = {face.person: match_of[name]["alphabet"] for face, name in files.items()}
    faces_of: dict[str, list[Face]] = {"background": [], "evaluation": []}
    for face, name in files.items():
        faces_of[match_of[name]["half"]].append(face)
    if missing := [f"images_{half}" for half, faces in faces_of.items() if not faces]:
        raise not_found(
            f"Omniglot's {' and '.join(missing)} were not found",
            "give the folder or archive with both",
            source,
        )
    return FaceDataset(
        "omniglot",
        source,
        files,
        train_pairs=_pairs_within_alphabets(faces_of["background"], alphabet_of),
        test_pairs=sample_balanced_pairs(faces_of["evaluation"], TEST_PAIRS // 2, seed=0),
        train_people=frozenset(face.person for face in faces_of["background"]),
        people_rule="the background alphabets",
        frame=FRAMES["omniglot"],
        face_box=FRAMES["omniglot"],
        faces_may_be_shown=True,
        about=ABOUT,
        group_of=alphabet_of,
        photographs=False,
        trials_root=next(
            filter(Path.exists, (Path(data_root, name) for name in LAKES_TRIALS)), None
        ),
    )


def _face(match):
    return Face(f"{match['alphabet']}/{match['character']}", int(match["drawer"]))


def _pairs_within_alphabets(faces, alphabet_of):
    pairs = []
    for alphabet in sorted({alphabet_of[face.person] for face in faces}):
        own = [face for face in faces if alphabet_of[face.person] == alphabet]
        pairs += sample_balanced_pairs(own, PAIRS_PER_ALPHABET // 2, seed=0)
    return PairList(tuple(pairs))


def read_trials(path: Path | str) -> tuple[Source, list[TrialSet]]:
    """Reads one-shot trials in the layout of Lake's `all_runs.zip` from a folder or an archive.

    Returns:
        `(source, trial_sets)`: where the images are read from, and the trials; their images are
        names of files in `source`.

    Raises:
        FileNotFoundError: if there are no trials.
        ValueError: if a `class_labels.txt` does not fit the images beside it.
    """
    source = open_data(path)
    names = set(source.names())
    matches = sorted(
        filter(None, map(LABELS.fullmatch, names)),
        key=lambda match: (int(match["number"]), match[0]),
    )
    if not matches:
        raise not_found(
            "There are no trials here (run01/class_labels.txt and so on)",
            "give their folder or zip",
            source,
        )
    return source, [_read_trial_set(source, names, *match.group(0, "root")) for match in matches]


def _read_trial_set(source, names, labels, root):
    rows = [line.split() for _, line in text_lines(source.read(labels), labels)]
    if not rows or any(len(row) != 2 for row in rows):
        raise ValueError(
            f"{source.location}: {labels} holds lines 'test-image training-image'; restore it. "
            f"Received: {len(rows)} lines"
        )
    training = PurePosixPath(labels).parent / "training"
    gallery = sorted(
        str(path)
        for path in map(PurePosixPath, names)
        if path.parent == training and TRAINING_IMAGE.fullmatch(path.name)
    )
    probes, answers = zip(*((root + probe, root + answer) for probe, answer in rows))
    if len(gallery) < 2 or len(set(probes)) < len(probes):
        raise ValueError(
            f"{source.location}: a trial set has a gallery of several images, and {labels} names "
            "each probe once; restore the trials. "
            f"Received: {len(gallery)} images, {len(probes)} lines of {len(set(probes))} probes"
        )
    if missing := sorted({*probes} - names | {*answers} - {*gallery}):
        raise ValueError(
            f"{source.location}: {labels} names images that are not there; complete the trials. "
            f"Received: {missing[0]}"
        )
    return TrialSet(tuple(gallery), probes, tuple(gallery.index(answer) for answer in answers))


def read_trials_of_faces(dataset: FaceDataset) -> list[TrialSet]:
    """The dataset's published trials, each image as the `Face` of the same drawing.

    Lake's files do not name characters and drawers; each of their drawings is pixel for pixel one
    of the evaluation alphabets'.

    Raises:
        FileNotFoundError, ValueError: if the trials cannot be read, or hold another drawing.
    """
    assert dataset.trials_root is not None
    source, trial_sets = read_trials(dataset.trials_root)
    face_of = {
        _ink(dataset.source.read(dataset.files[face])): face for face in dataset.oneshot_faces
    }

    def face(name: str) -> Face:
        try:
            return face_of[_ink(source.read(name))]
        except KeyError:
            raise ValueError(
                "The published trials hold a drawing that is not one of the evaluation alphabets; "
                f"restore {dataset.trials_root}. Received: {name}"
            ) from None

    return [
        TrialSet(tuple(map(face, gallery)), tuple(map(face, probes)), answers)
        for gallery, probes, answers in trial_sets
    ]


def _ink(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("1").tobytes()
