"""One way to read files, whether they lie in a folder, in a zip archive or in a tar archive."""

import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

from filelock import FileLock

from siamese_lib.files import fingerprint

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
MAX_MEMBER_BYTES = 64 * 2**20  # a picture or a list is far smaller; more is a damaged archive or a bomb


def is_archive(path):
    """Whether the name of `path` is that of an archive that can be read."""
    return str(path).lower().endswith(ARCHIVE_SUFFIXES)


def open_source(path, unpack_root):
    """Opens a folder or an archive for reading.

    A zip archive is read in place. A tar archive has no index, so it is unpacked once into `unpack_root`.

    Raises:
        FileNotFoundError: if there is no such folder or file.
        ValueError: if the file is no archive, is damaged, or holds what an archive of pictures must not.
    """
    path = Path(path)
    if path.is_dir():
        return FolderSource(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such folder or archive; check the path. Received: {path}")
    if path.suffix.lower() == ".zip":
        return ZipSource(path)
    if is_archive(path):
        return FolderSource(_unpacked(path, Path(unpack_root)), named_after=path)
    raise ValueError(f"The data must be a folder or an archive ({', '.join(ARCHIVE_SUFFIXES)}). Received: {path}")


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
        return fingerprint([(name, stat.st_size, stat.st_mtime_ns) for name, stat in zip(names, stats)])


class ZipSource:
    """Files in a zip archive, read in place."""

    def __init__(self, path):
        self.location = Path(path)
        try:
            # One handle for all threads: reading a directory of thousands of files costs as much as decoding hundreds of them.
            self._archive = zipfile.ZipFile(self.location)
        except (zipfile.BadZipFile, OSError) as error:
            raise ValueError(f"{self.location} cannot be read as a zip archive ({error}); fetch it again.") from error

    def names(self):
        """Every file in the archive, sorted."""
        return sorted(name for name in self._archive.namelist() if not name.endswith("/"))

    def read(self, name):
        """The bytes of one file.

        Raises:
            ValueError: if the member is damaged, encrypted or larger than any picture.
        """
        size = self._archive.getinfo(name).file_size
        if size > MAX_MEMBER_BYTES:
            raise ValueError(f"{self.location}: a member is too large for a picture. Received: {name}, {size} bytes")
        try:
            return self._archive.read(name)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
            raise ValueError(f"{self.location}: {name} cannot be read ({error}); fetch the archive again.") from error
        except Exception as error:  # zlib.error, lzma.LZMAError: not all subclasses of a common error
            raise ValueError(f"{self.location}: {name} is damaged ({error}); fetch the archive again.") from error

    def fingerprint(self, names):
        """Changes when the archive changes in size or time, or when other files are named."""
        stat = self.location.stat()
        return fingerprint(self.location.name, stat.st_size, stat.st_mtime_ns, names)


def _unpacked(path, unpack_root):
    stat = path.stat()
    folder = unpack_root / f"{path.name.split('.')[0]}-{fingerprint(path.name, stat.st_size, stat.st_mtime_ns)}"
    if folder.is_dir():
        return folder
    unpack_root.mkdir(parents=True, exist_ok=True)
    # A second process that wants the same archive waits here and then finds it unpacked.
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            _unpack(path, folder)
    return folder


def _unpack(path, folder):
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                _unpack_member(archive, member, temporary, path)
            # The checksum of a compressed archive stands behind the last member.
            while archive.fileobj.read(2**20):
                pass
        temporary.replace(folder)
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{path} cannot be unpacked ({error}); fetch it again or free disk space.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unpack_member(archive, member, folder, path):
    """Writes one regular file; folders are made on the way, and links and devices have no place among pictures."""
    if member.isdir():
        return
    target = (folder / member.name).resolve()
    if not member.isfile() or not target.is_relative_to(folder.resolve()):
        raise ValueError(f"{path} holds a link, a device or a path that leads outside; use another archive. Received: {member.name}")
    if member.size > MAX_MEMBER_BYTES:
        raise ValueError(f"{path}: a member is too large for a picture. Received: {member.name}, {member.size} bytes")
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.extractfile(member) as source, open(target, "wb") as out:
        shutil.copyfileobj(source, out)
