"""A user's image files as the network takes them, and the embeddings of a folder of them.

These embeddings are kept in the cache: a second look at a folder computes those of new files only.
An entry is used as long as the file's size and time, the network and the detector are the same.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from siamese_lib.data.archives import MAX_MEMBER_BYTES
from siamese_lib.data.images import cropped_and_resized, sized_input
from siamese_lib.data.photos import DETECTOR, AlignedFace
from siamese_lib.data.sources import FolderSource
from siamese_lib.inference.scorer import Scorer
from siamese_lib.utils.files import atomic_write, fingerprint
from siamese_lib.utils.machine import cache_root
from siamese_lib.utils.text import error_sentence

IMAGES_TOGETHER = 32  # are read before their faces are found


class Input(NamedTuple):
    """An image for the network, and what is said about it.

    Attributes:
        image: `(height, width)`, uint8.
        note: a sentence on the choice of the face, or "".
        has_other_size: whether the file has another size than the images of the training data.
    """

    image: np.ndarray
    note: str
    has_other_size: bool


class Embedded(NamedTuple):
    """The embedding of an image file, or why there is none.

    Attributes:
        embedding: `(embedding_size,)`, float32, or None.
        error: a sentence, or "".
        note, has_other_size: as in `Input`.
        may_be_kept: whether it is true as long as the file is not changed.
    """

    embedding: np.ndarray | None
    error: str = ""
    note: str = ""
    has_other_size: bool = False
    may_be_kept: bool = True


def read_file(path: Path | str) -> bytes:
    """The bytes of an image file.

    Raises:
        FileNotFoundError: if it does not exist.
        ValueError: if it is too large for an image.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such image; check the path. Received: {path}")
    if path.stat().st_size > MAX_MEMBER_BYTES:
        raise ValueError(
            f"{path} is too large for an image; replace the file. "
            f"Received: {path.stat().st_size} bytes"
        )
    return path.read_bytes()


def network_inputs(
    verifier: Scorer, pictures: Sequence[tuple[bytes, str]], aligned: bool
) -> list[Input | ValueError]:
    """The inputs of the network from images, `(content, name)` each, or its error.

    Args:
        verifier: a `Verifier` or `PortableVerifier`.
        pictures: the bytes of each file, and its name in messages.
        aligned: as in `comparison.compare`.
    """
    if not aligned:
        return [
            face if isinstance(face, ValueError) else _or_error(_input_of_face, verifier, face)
            for face in verifier.find_faces(pictures)
        ]
    return [_or_error(_aligned_input, verifier, *picture) for picture in pictures]


def _or_error(make, *arguments):
    try:
        return make(*arguments)
    except ValueError as error:
        return error


def _aligned_input(verifier: Scorer, content: bytes, name: str) -> Input:
    image, has_other_size = sized_input(
        content, verifier.crop, verifier.image_size, name, verifier.frame
    )
    return _checked(Input(image, "", has_other_size), name)


def _input_of_face(verifier: Scorer, face: AlignedFace) -> Input:
    return _checked(Input(cropped_face(verifier, face), face.note, False), face.name)


def cropped_face(verifier: Scorer, face: AlignedFace) -> np.ndarray:
    """The part of an aligned face that the network sees, `(height, width)`, uint8."""
    return cropped_and_resized(face.image, verifier.crop, verifier.image_size, face.name)


def _checked(item: Input, name: str) -> Input:
    if item.image.min() == item.image.max():
        # Two such images would be called the same person.
        raise ValueError(
            f"{name} shows nothing where a face is compared; give another image. "
            f"Received: the grey value {item.image.min()} alone"
        )
    return item


def embed_files(
    verifier: Scorer, folder: Path, names: Sequence[str], aligned: bool
) -> dict[str, Embedded]:
    """The embeddings of image files, by name; those that are known from before are not computed.

    Args:
        verifier: a `Verifier` or `PortableVerifier`.
        folder: the folder.
        names: of the files in it.
        aligned: as in `comparison.compare`.
    """
    path = _cache_file(verifier, folder, aligned)
    source = FolderSource(folder)
    version_of = {name: source.fingerprint([name]) for name in names}
    embedded = {
        name: entry
        for (name, version), entry in _read(path).items()
        if version_of.get(name) == version
    }
    missing = [name for name in names if name not in embedded]
    try:
        with tqdm(total=len(missing), desc="Looking for faces", unit="image", disable=None) as bar:
            for start in range(0, len(missing), IMAGES_TOGETHER):
                part = missing[start : start + IMAGES_TOGETHER]
                embedded |= _embed(verifier, folder, part, aligned)
                bar.update(len(part))
    finally:  # also when the user stops it: what was computed is kept
        if missing:
            _write(path, embedded, version_of)
    return {name: embedded[name] for name in names}


def _embed(
    verifier: Scorer, folder: Path, names: Sequence[str], aligned: bool
) -> dict[str, Embedded]:
    embedded, pictures = {}, []
    for name in names:
        try:
            pictures.append((read_file(folder / name), name))
        except ValueError as error:
            embedded[name] = Embedded(None, error_sentence(error))
        except OSError as error:
            sentence = f"{name} cannot be read ({error.strerror or error})"
            embedded[name] = Embedded(None, sentence, may_be_kept=False)
    inputs = network_inputs(verifier, pictures, aligned)
    usable = {}
    for (_, name), item in zip(pictures, inputs):
        if isinstance(item, ValueError):
            embedded[name] = Embedded(None, error_sentence(item))
        else:
            usable[name] = item
    if usable:
        images = np.stack([item.image for item in usable.values()])[..., np.newaxis]
        for (name, item), embedding in zip(usable.items(), verifier.embed(images)):
            embedded[name] = Embedded(embedding, "", item.note, item.has_other_size)
    return embedded


def _cache_file(verifier: Scorer, folder: Path, aligned: bool) -> Path:
    """Where the embeddings of a folder by this network are kept."""
    settings = [verifier.settings.get(name) for name in ("crop", "image_size", "test_time_flip")]
    key = fingerprint(str(folder.resolve()), verifier.identity, settings, aligned or DETECTOR)
    return cache_root() / "embeddings" / f"{key}.npz"


def _read(path: Path) -> dict[tuple[str, str], Embedded]:
    """`{(name, version): Embedded}`, empty if there is no whole file."""
    try:
        with np.load(path) as content:
            embeddings, rows = iter(content["embeddings"]), json.loads(str(content["rows"]))
        return {
            (name, version): Embedded(None if error else next(embeddings), error, *others)
            for name, version, error, *others in rows
        }
    except Exception:  # NumPy raises almost any exception for a damaged file
        return {}


def _write(path: Path, embedded: dict[str, Embedded], version_of: dict[str, str]) -> None:
    kept = {name: entry for name, entry in embedded.items() if entry.may_be_kept}
    rows = [[name, version_of[name], *entry[1:]] for name, entry in kept.items()]
    embeddings = [entry.embedding for entry in kept.values() if entry.embedding is not None]
    with atomic_write(path) as temporary:
        np.savez(temporary, embeddings=np.array(embeddings), rows=np.array(json.dumps(rows)))
