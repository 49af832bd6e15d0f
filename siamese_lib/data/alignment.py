"""The pictures of a source with each face found and aligned once; the results are kept."""

import os
from collections.abc import Sequence
from pathlib import Path

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from siamese_lib.data.photos import DETECTOR, find_face
from siamese_lib.data.sources import Source
from siamese_lib.utils.files import atomic_write, fingerprint, write_text
from siamese_lib.utils.machine import cache_root

PICTURES_PER_TASK = 16
MIN_TASKS = 2  # a second process takes seconds and most of a gigabyte to start


class AlignedSource:
    """The largest face of each picture, aligned to LFW-a's frame, under the picture's name.

    Attributes:
        location: of the pictures.
        skipped: the reason for each picture without a face or that cannot be read.
    """

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self.location = source.location
        self._source = source
        folder = cache_root() / "aligned"
        self._file_of = {
            # A picture that was changed gets another file.
            name: folder / f"{fingerprint(DETECTOR, source.fingerprint([name]))}.png"
            for name in names
        }
        _align_missing(source, self._file_of)
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


def _align_missing(source: Source, file_of: dict[str, Path]) -> None:
    missing = [
        (name, path)
        for name, path in file_of.items()
        if not path.exists() and not path.with_suffix(".txt").exists()
    ]
    if not missing:
        return
    starts = range(0, len(missing), PICTURES_PER_TASK)
    tasks = [missing[start : start + PICTURES_PER_TASK] for start in starts]
    # Processes, since the detector runs many small operations from Python.
    num_processes = min(4, os.cpu_count() or 1, max(1, len(tasks) // MIN_TASKS))
    with tqdm(total=len(missing), desc="Finding faces", unit="picture") as progress:
        run = Parallel(n_jobs=num_processes, return_as="generator_unordered")
        for count in run(delayed(_align)(_contents(source, task)) for task in tasks):
            progress.update(count)


def _contents(source: Source, task: list[tuple[str, Path]]) -> list[tuple[bytes, str, Path]]:
    """The bytes of a task's pictures: an open archive cannot be sent to another process."""
    contents = []
    for name, path in task:
        try:
            contents.append((source.read(name), name, path))
        except (ValueError, OSError) as error:
            _skip(path, f"{name} cannot be read ({error})")
    return contents


def _align(contents: list[tuple[bytes, str, Path]]) -> int:
    for content, name, path in contents:
        try:
            face = find_face(content, name)
        except ValueError as error:
            _skip(path, str(error))
            continue
        with atomic_write(path) as temporary:
            face.image.save(temporary, format="PNG")
    return len(contents)


def _skip(path: Path, reason: str) -> None:
    write_text(path.with_suffix(".txt"), " ".join(reason.split()))
