"""A user's images compared: two with each other, one with a folder. Each image is embedded once, and none leaves this machine."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from siamese_lib.data.images import cropped_and_resized, decode_image
from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.data.sources import MAX_MEMBER_BYTES, FolderSource
from siamese_lib.inference.photos import find_face


@dataclass(frozen=True)
class Ranking:
    """A folder's images, ranked by how alike they are to a probe.

    Attributes:
        rows: dicts with rank, image, score, decision, the most alike first.
        skipped: a sentence for each image that cannot be compared.
        notes: a sentence for each image in which several faces were found.
    """

    rows: list
    skipped: list
    notes: list


def compare(verifier, images, aligned=False):
    """Scores two images.

    Args:
        verifier: a `Verifier`.
        images: two paths.
        aligned: whether the images have the frame of the training data; if not, their faces are found and aligned.

    Returns:
        `(score, notes)`, the score larger for more alike, and what the user should know about the choice of faces.

    Raises:
        FileNotFoundError: if there is no such image.
        ValueError: if one cannot be read or shows no face, or if the network does not take photographs.
    """
    _check_frame(verifier, aligned)
    # Both are found before either is decoded: a wrong path is the commoner mistake.
    contents = [_content(path) for path in images]
    inputs, notes = zip(
        *(
            _network_input(verifier, content, path, aligned)
            for content, path in zip(contents, images)
        )
    )
    return score_inputs(verifier, inputs), [note for note in notes if note]


def score_faces(verifier, faces):
    """The score of two `AlignedFace`s.

    Raises:
        ValueError: if the network learnt from images of another frame.
    """
    _check_frame(verifier, aligned=False)
    return score_inputs(verifier, [_of_face(verifier, face) for face in faces])


def score_inputs(verifier, inputs):
    """The score of two images `(height, width)`, uint8, that are cropped and resized for the network."""
    embeddings = verifier.embed(np.stack(inputs)[..., np.newaxis])
    return float(verifier.score(embeddings[:1], embeddings[1:])[0])


def decision(score, threshold):
    """What is said of a pair with this score: "same person" or "different people"."""
    return CLASS_NAMES[int(score >= threshold)]


def rank_folder(verifier, probe, folder, aligned=False):
    """Ranks the images of a folder, and of the folders in it, by their score to a probe, which itself is left out.

    Args:
        verifier: a `Verifier`.
        probe: the path of an image.
        folder: the path of a folder.
        aligned: as in `compare`.

    Returns:
        A `Ranking`.

    Raises:
        FileNotFoundError: if there is no such image or folder.
        ValueError: if the probe cannot be compared, or no image of the folder can.
    """
    _check_frame(verifier, aligned)
    content = _content(probe)
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"There is no such folder; check the path. Received: {folder}")
    of_probe, note = _network_input(verifier, content, probe, aligned)
    inputs, skipped, notes = _inputs_of_folder(verifier, folder, probe, aligned)
    embeddings = verifier.embed(np.stack([of_probe, *inputs.values()])[..., np.newaxis])
    scores = verifier.score(np.repeat(embeddings[:1], len(inputs), axis=0), embeddings[1:])
    ranked = sorted(zip(inputs, scores.tolist()), key=lambda item: -item[1])
    rows = [
        {
            "rank": place,
            "image": name,
            "score": score,
            "decision": decision(score, verifier.settings["threshold"]),
        }
        for place, (name, score) in enumerate(ranked, start=1)
    ]
    return Ranking(rows, skipped, [line for line in (note, *notes) if line])


def _inputs_of_folder(verifier, folder, probe, aligned):
    """`{name: image}` of what can be compared, a sentence for each file that cannot, and the notes."""
    inputs, skipped, notes = {}, [], []
    for name in tqdm(
        _images_of(folder, probe), desc="Looking for faces", unit="image", disable=None
    ):
        try:
            inputs[name], note = _network_input(
                verifier, _content(Path(folder) / name), name, aligned
            )
            notes.append(note)
        except ValueError as error:
            skipped.append(" ".join(str(error).split()))
        except OSError as error:
            skipped.append(f"{name} cannot be read ({error.strerror or error})")
    if not inputs:
        first = f"{len(skipped)} files, the first: {skipped[0]}" if skipped else "an empty folder"
        raise ValueError(
            f"{folder}: no image with a face can be compared with the probe; give another folder. Received: {first}"
        )
    return inputs, skipped, notes


def _check_frame(verifier, aligned):
    """A network is at home in the frame that it learnt in; photographs are brought into LFW-a's alone."""
    dataset = verifier.settings.get("dataset")
    if not aligned and dataset != "lfwa":
        raise ValueError(
            "Photographs are aligned to the frame of LFW-a, which this network does not know; give images that are aligned like those it "
            f"learnt from and say --aligned. Received: a network trained on {dataset}"
        )


def _images_of(folder, probe):
    """The names of a folder's files, without hidden ones (those that systems leave behind) and without the probe."""
    names = [
        name
        for name in FolderSource(folder).names()
        if not any(part.startswith(".") for part in Path(name).parts)
    ]
    return [name for name in names if (Path(folder) / name).resolve() != Path(probe).resolve()]


def _content(path):
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such image; check the path. Received: {path}")
    if path.stat().st_size > MAX_MEMBER_BYTES:
        raise ValueError(
            f"{path} is too large for an image; replace the file. Received: {path.stat().st_size} bytes"
        )
    return path.read_bytes()


def _network_input(verifier, content, name, aligned):
    """`(image, note)`: the image `(height, width)`, uint8, as the network takes it."""
    if aligned:
        return decode_image(content, verifier.crop, verifier.image_size, name), ""
    face = find_face(content, str(name))
    return _of_face(verifier, face), face.note


def _of_face(verifier, face):
    return cropped_and_resized(face.image, verifier.crop, verifier.image_size, face.name)
