"""Comparison of a user's images: two with each other, or one with a folder.

Each image is embedded once, and no image leaves this machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from siamese_lib.data.images import cropped_and_resized, size_note, sized_input
from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.data.photos import AlignedFace, find_face
from siamese_lib.data.sources import MAX_MEMBER_BYTES, FolderSource
from siamese_lib.inference.verifier import Verifier


@dataclass(frozen=True)
class Ranking:
    """A folder's images, ranked by their score with a probe.

    Attributes:
        rows: dicts with rank, image, score, decision, the most alike first.
        skipped: a sentence for each image that cannot be compared.
        notes: a sentence for each image in which several faces were found, and one if images have
            another size than those that the network was trained on.
    """

    rows: list[dict[str, Any]]
    skipped: list[str]
    notes: list[str]


class _Input(NamedTuple):
    """An image for the network, and what is said about it.

    Attributes:
        image: `(height, width)`, uint8.
        note: a sentence on the choice of the face, or "".
        has_other_size: whether the file has another size than the images of the training data.
    """

    image: np.ndarray
    note: str
    has_other_size: bool


def compare(
    verifier: Verifier, images: Sequence[Path | str], aligned: bool = False
) -> tuple[float, list[str]]:
    """Scores two images.

    Args:
        verifier: a `Verifier`.
        images: two paths.
        aligned: whether the images are aligned like the training data; if not, their faces are
            found and aligned.

    Returns:
        `(score, notes)`: the score, larger for more alike, and notes on the choice of faces and
        on the size of the images.

    Raises:
        FileNotFoundError: if an image does not exist.
        ValueError: if one cannot be read or shows no face, has a single grey value, or has another
            shape than the training data, or if the network is not for photos.
    """
    check_frame(verifier, aligned)
    # Both paths are checked before an image is decoded: a wrong path is the more common mistake.
    contents = [_read(path) for path in images]
    inputs = [
        _network_input(verifier, content, str(path), aligned)
        for content, path in zip(contents, images)
    ]
    return _score(verifier, [item.image for item in inputs]), _notes(verifier, inputs)


def score_faces(verifier: Verifier, faces: Sequence[AlignedFace]) -> float:
    """The score of two aligned faces.

    Raises:
        ValueError: if the network was trained on images with another frame.
    """
    check_frame(verifier, aligned=False)
    return _score(verifier, [_cropped(verifier, face) for face in faces])


def _score(verifier: Verifier, inputs: Sequence[np.ndarray]) -> float:
    embeddings = verifier.embed(np.stack(inputs)[..., np.newaxis])
    return float(verifier.score(embeddings[:1], embeddings[1:])[0])


def decision(score: float, threshold: float) -> str:
    """The decision for a score: "same person" or "different people"."""
    return CLASS_NAMES[int(score >= threshold)]


def rank_folder(
    verifier: Verifier, probe: Path | str, folder: Path | str, aligned: bool = False
) -> Ranking:
    """Ranks the images of a folder and its subfolders by their score with a probe.

    Args:
        verifier: a `Verifier`.
        probe: the path of an image; in the folder it is left out.
        folder: the path of a folder.
        aligned: as in `compare`.

    Raises:
        FileNotFoundError: if the probe or the folder does not exist.
        ValueError: if the probe cannot be compared, or no image of the folder can.
    """
    check_frame(verifier, aligned)
    content = _read(probe)
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"There is no such folder; check the path. Received: {folder}")
    probe_input = _network_input(verifier, content, str(probe), aligned)
    inputs, skipped = _folder_inputs(verifier, Path(folder), Path(probe), aligned)
    everything = [probe_input, *inputs.values()]
    embeddings = verifier.embed(np.stack([item.image for item in everything])[..., np.newaxis])
    scores = verifier.score(np.repeat(embeddings[:1], len(inputs), axis=0), embeddings[1:])
    ranked = sorted(zip(inputs, scores.tolist()), key=lambda item: -item[1])
    threshold = verifier.settings["threshold"]
    rows = [
        {"rank": rank, "image": name, "score": score, "decision": decision(score, threshold)}
        for rank, (name, score) in enumerate(ranked, start=1)
    ]
    return Ranking(rows, skipped, _notes(verifier, everything))


def _folder_inputs(
    verifier: Verifier, folder: Path, probe: Path, aligned: bool
) -> tuple[dict[str, _Input], list[str]]:
    """The inputs by name, and a sentence for each skipped file."""
    inputs, skipped = {}, []
    for name in tqdm(
        _image_names(folder, probe), desc="Looking for faces", unit="image", disable=None
    ):
        try:
            inputs[name] = _network_input(verifier, _read(folder / name), name, aligned)
        except ValueError as error:
            skipped.append(" ".join(str(error).split()))
        except OSError as error:
            skipped.append(f"{name} cannot be read ({error.strerror or error})")
    if not inputs:
        first = f"{len(skipped)} files, the first: {skipped[0]}" if skipped else "an empty folder"
        raise ValueError(
            f"{folder}: no image with a face can be compared with the probe; give another folder. "
            f"Received: {first}"
        )
    return inputs, skipped


def _notes(verifier: Verifier, inputs: Sequence[_Input]) -> list[str]:
    other_size = sum(item.has_other_size for item in inputs)
    of_sizes = size_note(other_size, len(inputs), verifier.crop, verifier.frame)
    return [note for note in (*(item.note for item in inputs), of_sizes) if note]


def check_frame(verifier: Verifier, aligned: bool) -> None:
    """Checks that photos, which are aligned to LFW-a's frame, suit the network's training data."""
    if not aligned and not verifier.takes_photos:
        raise ValueError(
            "Photos are aligned to the frame of LFW-a, but this network was trained with another "
            "one; give images that are aligned like its training data, with --aligned. "
            f"Received: a network trained on {verifier.settings.get('dataset')}"
        )


def _image_names(folder: Path, probe: Path) -> list[str]:
    """The names of a folder's files without the probe."""
    names = FolderSource(folder).names()
    return [name for name in names if (folder / name).resolve() != probe.resolve()]


def _read(path: Path | str) -> bytes:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such image; check the path. Received: {path}")
    if path.stat().st_size > MAX_MEMBER_BYTES:
        raise ValueError(
            f"{path} is too large for an image; replace the file. "
            f"Received: {path.stat().st_size} bytes"
        )
    return path.read_bytes()


def _network_input(verifier: Verifier, content: bytes, name: str, aligned: bool) -> _Input:
    if aligned:
        image, has_other_size = sized_input(
            content, verifier.crop, verifier.image_size, name, verifier.frame
        )
        item = _Input(image, "", has_other_size)
    else:
        face = find_face(content, name)
        item = _Input(_cropped(verifier, face), face.note, False)
    if item.image.min() == item.image.max():
        # Two such images would be called the same person.
        raise ValueError(
            f"{name} shows nothing where a face is compared; give another image. "
            f"Received: the grey value {item.image.min()} alone"
        )
    return item


def _cropped(verifier: Verifier, face: AlignedFace) -> np.ndarray:
    return cropped_and_resized(face.image, verifier.crop, verifier.image_size, face.name)
