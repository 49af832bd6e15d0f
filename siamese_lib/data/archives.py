"""Opens a folder or an archive: zip is read in place, tar and parquet are unpacked once."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

from siamese_lib.data.sources import ARCHIVE_SUFFIXES, FolderSource, is_archive, is_hidden
from siamese_lib.utils.files import cached_folder, fingerprint

MAX_MEMBER_BYTES = 64 * 2**20  # far more than an image or a list has
MAX_UNPACKED_BYTES = 4 * 2**30  # five times the raw pixels of LFW
# How compressed files begin, and the function that opens them.
COMPRESSIONS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


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
