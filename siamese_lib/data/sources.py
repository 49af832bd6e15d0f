"""Files by name, from a folder, an archive or several of them: one interface."""

import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from siamese_lib.utils.files import fingerprint

K = TypeVar("K", bound=Hashable)

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".parquet")
MAX_FILES = 500_000  # of a folder: looking through more takes minutes, and it is a mistake
NUM_COMPARED = 32  # files of two folders that decide whether these are copies of each other


def is_archive(path: Path | str) -> bool:
    """Whether `path` has the name of an archive that can be read."""
    return str(path).lower().endswith(ARCHIVE_SUFFIXES)


def is_hidden(name: str) -> bool:
    """Whether a name is that of a hidden file, or leads through a hidden folder.

    Systems and programs leave such files behind: `._a.jpg` of macOS begins with a dot like a hidden
    file and has the name of an image. In a zip they are in the folder `__MACOSX`.
    """
    parts = name.split("/")
    return "__MACOSX" in parts or any(
        part.startswith(".") and part not in (".", "..") for part in parts
    )


def _below(folder, root):
    """The prefix of the names of a folder's files, empty for the root: text is joined fast."""
    relative = Path(folder).relative_to(root).as_posix()
    return "" if relative == "." else f"{relative}/"


class Source(Protocol):
    """Files that can be read by name, wherever they are.

    Attributes:
        location: the folder or archive, for messages.
    """

    location: Path

    def names(self) -> list[str]:
        """The names of all files but hidden ones, sorted, with forward slashes."""

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            OSError, ValueError: if it cannot be read.
        """

    def fingerprint(self, names: list[str]) -> str:
        """A short name that changes if one of these files changes."""


class FolderSource:
    """The files in a folder and its subfolders, by their relative path with forward slashes."""

    def __init__(self, root: Path | str, named_after: Path | str | None = None) -> None:
        self.root = Path(root)
        self.location = Path(named_after or root)

    def names(self) -> list[str]:
        """The names of all files but hidden ones, sorted; links to folders are not followed.

        Raises:
            ValueError: if there are more files than a dataset of images has.
        """
        names = (
            f"{below}{name}"
            for folder, _, files in os.walk(self.root)
            for below in [_below(folder, self.root)]
            for name in files
        )
        found = list(itertools.islice(names, MAX_FILES + 1))
        if len(found) > MAX_FILES:
            raise ValueError(
                f"The folder has too many files for a dataset of images, more than {MAX_FILES:,}; "
                f"give a folder inside it. Received: {self.location}"
            )
        return sorted(name for name in found if not is_hidden(name))

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return (self.root / name).read_bytes()

    def fingerprint(self, names: list[str]) -> str:
        """A short name that changes if the size or time of one of these files changes."""
        return fingerprint([(name, *self._version(name)) for name in names])

    def _version(self, name):
        try:
            stat = (self.root / name).stat()
        except OSError:  # a link to nothing or to itself, which is noticed when it is read
            return (None,)
        return stat.st_size, stat.st_mtime_ns


class JoinedSource:
    """The files of several sources; of two files with the same name, the first source's is read."""

    def __init__(self, location: Path | str, sources: Sequence[Source]) -> None:
        self.location = Path(location)
        self._source_of = {name: source for source in reversed(sources) for name in source.names()}

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(self._source_of)

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return self._source_of[name].read(name)

    def fingerprint(self, names: list[str]) -> str:
        """A short name that changes if the fingerprint of one of the sources changes."""
        sources = dict.fromkeys(self._source_of[name] for name in names)
        names_of = [
            [name for name in names if self._source_of[name] is source] for source in sources
        ]
        return fingerprint([source.fingerprint(own) for source, own in zip(sources, names_of)])


def not_found(what: str, advice: str, source: Source) -> FileNotFoundError:
    """The error for data that are not in a source; archives inside it are named.

    Args:
        what: states what was not found.
        advice: what to do where there are no archives; those inside a source are not opened.
        source: where it was sought.
    """
    archives = [name for name in source.names() if is_archive(name)]
    if not archives:
        return FileNotFoundError(f"{what}; {advice}. Received: {source.location}")
    in_folder = isinstance(source, FolderSource) and source.root == source.location
    listed = ", ".join(archives[:5]) + (" ..." if len(archives) > 5 else "")
    return FileNotFoundError(
        f"{what}; {'give' if in_folder else 'unpack it and give'} the archive inside that holds "
        f"them. Received: {source.location} with {listed}"
    )


def one_file_each(source: Source, found: Iterable[tuple[K, str, str]]) -> dict[K, str]:
    """The file of each key; of two folders with copies, the one with the shorter path.

    Args:
        source: where the files are.
        found: `(key, folder, name)` of each file; `folder` is the one that holds the data set.

    Raises:
        ValueError: if two folders hold different files of the same keys. A few of these files are
            compared, spread evenly.
    """
    files: dict[K, tuple[str, str]] = {}
    counts: Counter[str] = Counter()
    twice = defaultdict(list)
    for key, folder, name in sorted(found, key=lambda item: (item[2].count("/"), item[2])):
        counts[folder] += 1
        first_folder, first_name = files.setdefault(key, (folder, name))
        if first_folder != folder:
            twice[first_folder, folder].append((first_name, name))
    for folders, names in twice.items():
        step = -(-len(names) // NUM_COMPARED)
        if any(source.read(first) != source.read(second) for first, second in names[::step]):
            listed = " and ".join(
                f"{source.location / folder} with {counts[folder]:,}" for folder in folders
            )
            raise ValueError(
                f"{source.location} holds two different sets of images with the same names; give "
                "one of the two folders as data root, without the other inside it; unpack an "
                "archive first. "
                f"Received: {listed} images"
            )
    return {key: name for key, (_, name) in files.items()}
