"""Comparison of a user's images: two with each other, or one with a folder.

Each image is embedded once, and no image leaves this machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from siamese_lib.data.images import size_note
from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.data.photos import AlignedFace
from siamese_lib.data.sources import FolderSource
from siamese_lib.inference.gallery import (
    Embedded,
    Input,
    cropped_face,
    embed_files,
    network_inputs,
    read_file,
)
from siamese_lib.inference.scorer import Scorer

Item = TypeVar("Item")


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


def compare(
    verifier: Scorer, images: Sequence[Path | str], aligned: bool = False
) -> tuple[float, list[str]]:
    """Scores two images.

    Args:
        verifier: a `Verifier` or `PortableVerifier`.
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
    pictures = [(read_file(path), str(path)) for path in images]
    inputs = [usable(item) for item in network_inputs(verifier, pictures, aligned)]
    return _score(verifier, [item.image for item in inputs]), _notes(verifier, inputs)


def score_faces(verifier: Scorer, faces: Sequence[AlignedFace]) -> float:
    """The score of two aligned faces.

    Raises:
        ValueError: if the network was trained on images with another frame.
    """
    check_frame(verifier, aligned=False)
    return _score(verifier, [cropped_face(verifier, face) for face in faces])


def usable(item: Item | ValueError) -> Item:
    """`item` itself; an error in its place is raised."""
    if isinstance(item, ValueError):
        raise item
    return item


def _score(verifier: Scorer, inputs: Sequence[np.ndarray]) -> float:
    embeddings = verifier.embed(np.stack(inputs)[..., np.newaxis])
    return float(verifier.score(embeddings[:1], embeddings[1:])[0])


def decision(score: float, threshold: float) -> str:
    """The decision for a score: "same person" or "different people"."""
    return CLASS_NAMES[int(score >= threshold)]


def rank_folder(
    verifier: Scorer, probe: Path | str, folder: Path | str, aligned: bool = False
) -> Ranking:
    """Ranks the images of a folder and its subfolders by their score with a probe.

    Args:
        verifier: a `Verifier` or `PortableVerifier`.
        probe: the path of an image; in the folder it is left out.
        folder: the path of a folder.
        aligned: as in `compare`.

    Raises:
        FileNotFoundError: if the probe or the folder does not exist.
        ValueError: if the probe cannot be compared, or no image of the folder can.
    """
    check_frame(verifier, aligned)
    content = read_file(probe)
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"There is no such folder; check the path. Received: {folder}")
    (probe_input,) = map(usable, network_inputs(verifier, [(content, str(probe))], aligned))
    found = embed_files(verifier, Path(folder), _image_names(Path(folder), Path(probe)), aligned)
    skipped = [item.error for item in found.values() if item.error]
    embedded = {name: item for name, item in found.items() if item.embedding is not None}
    if not embedded:
        first = f"{len(skipped)} files, the first: {skipped[0]}" if skipped else "an empty folder"
        raise ValueError(
            f"{folder}: no image with a face can be compared with the probe; give another folder. "
            f"Received: {first}"
        )
    embeddings = np.array([item.embedding for item in embedded.values()])
    of_probe = verifier.embed(probe_input.image[np.newaxis, ..., np.newaxis])
    scores = verifier.score(np.repeat(of_probe, len(embedded), axis=0), embeddings)
    ranked = sorted(zip(embedded, scores.tolist()), key=lambda item: -item[1])
    threshold = verifier.settings["threshold"]
    rows = [
        {"rank": rank, "image": name, "score": score, "decision": decision(score, threshold)}
        for rank, (name, score) in enumerate(ranked, start=1)
    ]
    return Ranking(rows, skipped, _notes(verifier, [probe_input, *embedded.values()]))


def _notes(verifier: Scorer, items: Sequence[Input | Embedded]) -> list[str]:
    other_size = sum(item.has_other_size for item in items)
    of_sizes = size_note(other_size, len(items), verifier.crop, verifier.frame)
    return [note for note in (*(item.note for item in items), of_sizes) if note]


def check_frame(verifier: Scorer, aligned: bool) -> None:
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
