"""Reads files from a folder, a zip archive or a tar archive in the same way."""

import bz2
import gzip
import itertools
import lzma
import os
import tarfile
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol, TypeVar

from siamese_lib.utils.files import cached_folder, fingerprint

K = TypeVar("K", bound=Hashable)

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".parquet")
MAX_MEMBER_BYTES = 64 * 2**20  # far more than an image or a list has
MAX_UNPACKED_BYTES = 4 * 2**30  # five times the raw pixels of LFW
MAX_FILES = 500_000  # of a folder: looking through more takes minutes, and it is a mistake
NUM_COMPARED = 32  # files of two folders that decide whether these are copies of each other
# How compressed files begin, and the function that opens them.
COMPRESSIONS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


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


class ZipSource:
    """The files in a zip archive, read in place."""

    def __init__(self, path: Path | str) -> None:
        self.location = Path(path)
        try:
            # All threads share one handle: reading the directory of an archive with thousands of
            # files takes as long as decoding hundreds of images.
            self._archive = zipfile.ZipFile(self.location)
        except Exception as error:  # a damaged directory makes the parser fail in many ways
            raise ValueError(
                f"{self.location} cannot be read as a zip archive; fetch it again. "
                f"Received: {error}"
            ) from error
        # Some programs on Windows write backslashes.
        self._members = {
            name: member
            for member in self._archive.infolist()
            if not (name := member.filename.replace("\\", "/")).endswith("/")
            and not is_hidden(name)
        }

    def names(self) -> list[str]:
        """The names of all files but hidden ones, sorted."""
        return sorted(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            ValueError: if the file is damaged, encrypted or too large for an image.
        """
        member = self._members[name]
        _check_size(self.location, name, member.file_size)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # With other methods Python unpacks the whole member at once, however large it is.
            raise ValueError(
                f"{self.location}: {name} is packed in a rare way; pack the images again with "
                f"the usual method (deflate). Received: {member.compress_type}"
            )
        try:
            with self._archive.open(member) as stream:
                # At most the announced size, and then the end, where the checksum is compared.
                return stream.read(member.file_size) + stream.read(1)
        except Exception as error:  # BadZipFile, zlib.error, NotImplementedError and more
            raise ValueError(
                f"{self.location}: {name} cannot be read; fetch the archive again. "
                f"Received: {error}"
            ) from error

    def fingerprint(self, names: list[str]) -> str:
        """A short name that changes with the names, and with the size or time of the archive."""
        stat = self.location.stat()
        return fingerprint(self.location.name, stat.st_size, stat.st_mtime_ns, names)


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


def open_source(path: Path | str, unpack_root: Path | str) -> FolderSource | ZipSource:
    """Opens a folder or an archive for reading.

    A zip archive is read in place. A tar archive has no index; it is unpacked once into a folder in
    `unpack_root`. So is a file of parquet with images, as LABEL/NAME.

    Raises:
        FileNotFoundError: if the folder or file does not exist.
        ValueError: if the file is not an archive, is damaged, or has contents that an archive of
            images must not have.
    """
    path = Path(path)
    if path.is_dir():
        return FolderSource(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no such folder or archive; check the path. Received: {path}"
        )
    if not is_archive(path):
        raise ValueError(
            f"The data must be a folder or an archive ({', '.join(ARCHIVE_SUFFIXES)}). "
            f"Received: {path}"
        )
    if path.suffix.lower() == ".zip":
        return ZipSource(path)
    if path.suffix.lower() == ".parquet":
        from siamese_lib.data.parquet import open_shards

        return open_shards(path, [path], unpack_root)
    stat = path.stat()
    key = fingerprint(path.name, stat.st_size, stat.st_mtime_ns)
    unpacked = cached_folder(
        Path(unpack_root) / f"{path.name.split('.')[0]}-{key}",
        read=lambda folder: folder if folder.is_dir() else None,
        build=lambda folder: _unpack(path, folder),
    )
    return FolderSource(unpacked, named_after=path)


def _check_size(location, name, num_bytes):
    if num_bytes > MAX_MEMBER_BYTES:
        raise ValueError(
            f"{location}: a member is too large for an image. Received: {name}, {num_bytes} bytes"
        )


def _unpack(path, folder):
    """Unpacks the regular files of a tar archive; links, devices and sparse files are refused."""
    try:
        with closing(_Bounded(path)) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                if member.isdir():
                    continue
                inside = (folder / member.name).resolve().is_relative_to(folder.resolve())
                if not member.isfile() or member.issparse() or not inside:
                    raise ValueError(
                        f"{path} holds a link, a device or a path that leads outside; use another "
                        f"archive. Received: {member.name}"
                    )
                _check_size(path, member.name, member.size)
                member.mtime = None  # an archive may hold times that no disk can store
                archive.extract(member, folder, filter="data")
            # The checksum of a compressed archive follows the last member.
            while stream.read(2**20):
                pass
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(
            f"{path} cannot be unpacked; fetch it again or free disk space. Received: {error}"
        ) from error


class _Bounded:
    """The bytes of a tar archive, decompressed.

    Reading fails where they are more than a dataset of faces can be, or a piece more than an image.
    """

    def __init__(self, path):
        self._path = path
        with open(path, "rb") as file:
            start = file.read(6)
        # The content decides, since copies with the wrong suffix are common.
        openers = [opener for magic, opener in COMPRESSIONS.items() if start.startswith(magic)]
        self._stream = (openers or [open])[0](path, "rb")
        self.tell, self.seek, self.close = self._stream.tell, self._stream.seek, self._stream.close

    def read(self, size):
        # Long names and similar fields are read in one piece, with a size that the archive states.
        if size > MAX_MEMBER_BYTES or self.tell() > MAX_UNPACKED_BYTES:
            raise ValueError(
                f"{self._path} unpacks to more than images of faces are; use another archive. "
                f"Received: {self.tell()} bytes"
            )
        return self._stream.read(size)
