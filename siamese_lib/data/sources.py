"""One way to read files, whether they lie in a folder, in a zip archive or in a tar archive."""

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path

from siamese_lib.utils.files import cached_folder, fingerprint

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
MAX_MEMBER_BYTES = (
    64 * 2**20
)  # an image or a list is far smaller; more is a damaged archive or a bomb
MAX_UNPACKED_BYTES = 4 * 2**30  # all of LFW as raw pixels is a fifth of it
COMPRESSIONS = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}  # by how such files begin


def is_archive(path):
    """Whether the name of `path` is that of an archive that can be read."""
    return str(path).lower().endswith(ARCHIVE_SUFFIXES)


def open_source(path, unpack_root):
    """Opens a folder or an archive for reading.

    A zip archive is read in place. A tar archive has no index, so it is unpacked once into `unpack_root`.

    Raises:
        FileNotFoundError: if there is no such folder or file.
        ValueError: if the file is no archive, is damaged, or holds what an archive of images must not.
    """
    path = Path(path)
    if path.is_dir():
        return FolderSource(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no such folder or archive; check the path. Received: {path}"
        )
    if path.suffix.lower() == ".zip":
        return ZipSource(path)
    if is_archive(path):
        return FolderSource(_unpacked(path, Path(unpack_root)), named_after=path)
    raise ValueError(
        f"The data must be a folder or an archive ({', '.join(ARCHIVE_SUFFIXES)}). Received: {path}"
    )


class FolderSource:
    """Files below a folder, by their path relative to it with forward slashes."""

    def __init__(self, root, named_after=None):
        self.root = Path(root)
        self.location = Path(named_after or root)

    def names(self):
        """Every file below the folder, sorted; folders that are links are not followed."""
        names = []
        for folder, subfolders, files in os.walk(self.root):
            subfolders.sort()
            relative = Path(folder).relative_to(self.root)
            names += [(relative / name).as_posix() for name in files]
        return sorted(names)

    def read(self, name):
        """The bytes of one file."""
        return (self.root / name).read_bytes()

    def fingerprint(self, names):
        """Changes when one of these files changes in size or time."""
        stats = [(self.root / name).stat() for name in names]
        return fingerprint(
            [(name, stat.st_size, stat.st_mtime_ns) for name, stat in zip(names, stats)]
        )


class ZipSource:
    """Files in a zip archive, read in place."""

    def __init__(self, path):
        self.location = Path(path)
        try:
            # One handle for all threads: reading a directory of thousands of files costs as much as decoding hundreds of them.
            self._archive = zipfile.ZipFile(self.location)
        except Exception as error:  # a damaged directory makes the parser fail in many ways
            raise ValueError(
                f"{self.location} cannot be read as a zip archive; fetch it again. Received: {error}"
            ) from error

    def names(self):
        """Every file in the archive, sorted."""
        return sorted(name for name in self._archive.namelist() if not name.endswith("/"))

    def read(self, name):
        """The bytes of one file.

        Raises:
            ValueError: if the member is damaged, encrypted or larger than any image.
        """
        member = self._archive.getinfo(name)
        if member.file_size > MAX_MEMBER_BYTES:
            raise ValueError(
                f"{self.location}: a member is too large for an image. Received: {name}, {member.file_size} bytes"
            )
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Of other methods Python unpacks all at once, however much it is.
            raise ValueError(
                f"{self.location}: {name} is packed in a rare way; pack the images anew. Received: {member.compress_type}"
            )
        try:
            with self._archive.open(name) as stream:
                # Never more than the archive says; the end is read too, where the checksum is compared.
                return stream.read(member.file_size) + stream.read(1)
        except Exception as error:  # BadZipFile, zlib.error, NotImplementedError and more: they have no class in common
            raise ValueError(
                f"{self.location}: {name} cannot be read; fetch the archive again. Received: {error}"
            ) from error

    def fingerprint(self, names):
        """Changes when the archive changes in size or time, or when other files are named."""
        stat = self.location.stat()
        return fingerprint(self.location.name, stat.st_size, stat.st_mtime_ns, names)


class JoinedSource:
    """The files of several sources, as if they lay in one; of two with one name the first source's is read."""

    def __init__(self, location, sources):
        self.location = Path(location)
        self._source_of = {name: source for source in reversed(sources) for name in source.names()}

    def names(self):
        """Every file, sorted."""
        return sorted(self._source_of)

    def read(self, name):
        """The bytes of one file."""
        return self._source_of[name].read(name)

    def fingerprint(self, names):
        """Changes when the fingerprint of one of the sources does."""
        sources = dict.fromkeys(self._source_of[name] for name in names)
        return fingerprint(
            [
                source.fingerprint([name for name in names if self._source_of[name] is source])
                for source in sources
            ]
        )


def _unpacked(path, unpack_root):
    stat = path.stat()
    folder = (
        unpack_root
        / f"{path.name.split('.')[0]}-{fingerprint(path.name, stat.st_size, stat.st_mtime_ns)}"
    )
    return cached_folder(
        folder,
        read=lambda place: place if place.is_dir() else None,
        build=lambda place: _unpack(path, place),
    )


def _unpack(path, folder):
    try:
        with _Bounded(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                _unpack_member(archive, member, folder, path)
            # The checksum of a compressed archive stands behind the last member.
            while stream.read(2**20):
                pass
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(
            f"{path} cannot be unpacked; fetch it again or free disk space. Received: {error}"
        ) from error


class _Bounded:
    """What a tar archive unpacks to, read until it is more than a dataset of faces can be, or a piece of it more than an image."""

    def __init__(self, path):
        self._path = path
        with open(path, "rb") as file:
            start = file.read(6)
        # By the content: copies circulate under another kind's name.
        self._stream = next(
            (opener for magic, opener in COMPRESSIONS.items() if start.startswith(magic)), open
        )(path, "rb")
        self.tell, self.seek = self._stream.tell, self._stream.seek

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()

    def read(self, size):
        # Long names and the like are read in one piece, of a size that the archive says.
        if size > MAX_MEMBER_BYTES or self.tell() > MAX_UNPACKED_BYTES:
            raise ValueError(
                f"{self._path} unpacks to more than images of faces are; use another archive. Received: {self.tell()} bytes"
            )
        return self._stream.read(size)


def _unpack_member(archive, member, folder, path):
    """Writes one regular file; folders are made on the way, and links, devices and files with holes have no place among images."""
    if member.isdir():
        return
    target = (folder / member.name).resolve()
    if not member.isfile() or member.issparse() or not target.is_relative_to(folder.resolve()):
        raise ValueError(
            f"{path} holds a link, a device or a path that leads outside; use another archive. Received: {member.name}"
        )
    if member.size > MAX_MEMBER_BYTES:
        raise ValueError(
            f"{path}: a member is too large for an image. Received: {member.name}, {member.size} bytes"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.extractfile(member) as source, open(target, "wb") as out:
        shutil.copyfileobj(source, out)
