"""The pictures of a source with each face found and aligned once; the results are kept."""

from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from siamese_lib.data.photos import DETECTOR, AlignedFace, Detector, find_faces
from siamese_lib.data.sources import Source
from siamese_lib.utils.files import atomic_write, fingerprint, write_text
from siamese_lib.utils.machine import cache_root
from siamese_lib.utils.text import error_sentence

PICTURES_TOGETHER = 32  # are read before their faces are found


class AlignedSource:
    """The largest face of each picture, aligned to LFW-a's frame, under the picture's name.

    Attributes:
        location: of the pictures.
        skipped: a sentence for each picture without a face or that cannot be read.
    """

    def __init__(
        self, source: Source, names: Sequence[str], detector: Detector | None = None
    ) -> None:
        self.location = source.location
        self._source = source
        self._file_of = {name: _file(source, name) for name in names}
        _align_missing(source, self._file_of, detector)
        self.skipped = {
            name: note.read_text(encoding="utf-8")
            for name, path in self._file_of.items()
            if (note := path.with_suffix(".txt")).exists()
        }

    def names(self) -> list[str]:
        """The names of the pictures with a face, sorted."""
        return sorted(self._file_of.keys() - self.skipped.keys())

    def read(self, name: str) -> bytes:
        """The aligned face of a picture, a PNG file."""
        return self._file_of[name].read_bytes()

    def fingerprint(self, names: list[str]) -> str:
        """A short name that changes if one of these pictures changes."""
        return fingerprint(DETECTOR, self._source.fingerprint(names))


def _file(source: Source, name: str) -> Path:
    """Where the face of a picture is kept; a picture that was changed gets another file."""
    key = fingerprint(DETECTOR, source.fingerprint([name]))
    return cache_root() / "aligned" / key[:2] / f"{key}.png"  # no folder with thousands of files


def _align_missing(source: Source, file_of: dict[str, Path], detector: Detector | None) -> None:
    missing = [
        name
        for name, path in file_of.items()
        if not path.exists() and not path.with_suffix(".txt").exists()
    ]
    if not missing:
        return
    with tqdm(total=len(missing), desc="Finding faces", unit="picture") as progress:
        for start in range(0, len(missing), PICTURES_TOGETHER):
            pictures = []
            for name in missing[start : start + PICTURES_TOGETHER]:
                try:
                    pictures.append((source.read(name), name))
                except (ValueError, OSError) as error:
                    _keep(file_of[name], ValueError(f"{name} cannot be read ({error})"))
            for (_, name), found in zip(pictures, find_faces(pictures, detector)):
                _keep(file_of[name], found)
            progress.update(min(PICTURES_TOGETHER, len(missing) - start))


def _keep(path: Path, found: AlignedFace | ValueError) -> None:
    if isinstance(found, ValueError):
        write_text(path.with_suffix(".txt"), error_sentence(found))
        return
    with atomic_write(path) as temporary:
        found.image.save(temporary, format="PNG")
