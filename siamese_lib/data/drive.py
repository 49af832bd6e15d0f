"""Opens data from the local disk; folders and archives on Google Drive are copied there first."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from tqdm.auto import tqdm
from tqdm.contrib.concurrent import thread_map

from siamese_lib.data.archives import ZipSource, open_source
from siamese_lib.data.decoding import PICTURE_SUFFIXES
from siamese_lib.data.parquet import is_shard, open_shards
from siamese_lib.data.sources import FolderSource, Source, is_archive
from siamese_lib.utils import machine
from siamese_lib.utils.files import fingerprint

IMAGE_SUFFIXES = tuple(PICTURE_SUFFIXES)
LIST_SUFFIXES = (".txt", ".csv")  # other files are not part of the data and not copied
NUM_THREADS = 16  # most of the time each of them waits for Drive's server
CHUNK = 8 * 2**20  # bytes of an archive between two steps of the progress bar


def open_data(path: Path | str) -> FolderSource | ZipSource:
    """Opens a folder or archive as `archives.open_source`, from the copy of `local_copy`."""
    return open_source(local_copy(path), unpack_root())


def unpack_root() -> Path:
    """The folder of unpacked archives."""
    return machine.cache_root() / "unpacked"


def open_data_or_archives(
    path: Path | str,
    find: Callable[[Source], Any],
    open_archives: Callable[[list[Path]], Source],
) -> tuple[Source, Any]:
    """Opens a folder or archive with images, or else the archives in the folder.

    Args:
        path: the folder or archive.
        find: returns the images in a source; its result is false if there are none.
        open_archives: opens the archives in the folder, given their sorted paths. It is called if
            `path` is a folder without images that holds archives. Where these are parquet files
            alone, they are opened together instead, also those in subfolders.

    Returns:
        `(source, find(source))`.
    """
    path = Path(path)
    source: Source = open_data(path)
    found = find(source)
    if not found and path.is_dir():
        archives = [path / name for name in source.names() if is_archive(name)]
        shards = [archive for archive in archives if is_shard(archive)]
        others = [each for each in archives if each.parent == path and each not in shards]
        if others:
            source = open_archives(others)
        elif shards:
            source = open_shards(path, [local_copy(shard) for shard in shards], unpack_root())
        if others or shards:
            found = find(source)
    return source, found


def local_copy(path: Path | str, verbose: bool = False) -> Path:
    """The path to read: `path` itself or, if it is on Drive, its copy on the local disk.

    Drive is a server that looks like a folder: each file is a request. The thousands of images of
    LFW-a take many minutes whenever they are read, and requests time out. An archive is one file
    and is copied in one piece; in place it would be read in small pieces, and a training would wait
    for Drive. The copy is made once. An interrupted copy is continued; a finished copy of a folder
    is not compared with the folder again.

    Args:
        path: a folder or an archive.
        verbose: whether to print a line also if nothing has to be copied.

    Returns:
        The copy, or `path` if it is not on Drive, or is a folder without images that does not hold
        exactly one archive.

    Raises:
        FileNotFoundError: if Drive does not deliver a file; the next call continues from there.
    """
    path = machine.user_path(path)
    if not path.absolute().is_relative_to(machine.DRIVE) or not path.exists():
        return path
    # The copy keeps the name, which shows the kind of archive. An exchanged archive has a new key.
    stat, is_folder = path.stat(), path.is_dir()
    version = () if is_folder else (stat.st_size, stat.st_mtime_ns)
    key = fingerprint(str(path.absolute()), *version)
    target = machine.cache_root() / "drive" / key / path.name
    if target.exists():
        if verbose:
            print(
                f"Nothing to copy: {path} is on the local disk since an earlier run. "
                f"(To copy it again, delete {target}.)"
            )
        return target
    if not is_folder:
        return _locked(_copy_archive, path, target)
    print(f"Looking through {path} on Drive ...", flush=True)
    names = FolderSource(path).names()
    if any(name.lower().endswith(IMAGE_SUFFIXES) for name in names):
        chosen = [name for name in names if name.lower().endswith(IMAGE_SUFFIXES + LIST_SUFFIXES)]
        return _locked(_copy_folder, path, target, chosen)
    archives = [name for name in names if is_archive(name)]
    return local_copy(path / archives[0], verbose) if len(archives) == 1 else path


def _locked(copy, path, target, *names):
    """Calls one of the two functions below, unless another process has just made the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / ".lock"):
        if not target.exists():
            try:
                copy(path, target, *names)
            except OSError as error:
                raise FileNotFoundError(
                    f"{path} could not be copied completely from Drive; run it again, and the copy "
                    f"continues from here. Received: {error}"
                ) from error
    return target


def _copy_archive(archive, target):
    """Copies one large file; the bytes of an interrupted copy are kept."""
    part, size = target.with_name(f".{target.name}.part"), archive.stat().st_size
    print(f"Copying {archive} to the local disk ...", flush=True)
    with open(archive, "rb") as source, open(part, "ab") as out:
        source.seek(out.tell())
        with tqdm(
            total=size, initial=out.tell(), desc="Copying from Drive", unit="B", unit_scale=True
        ) as progress:
            while chunk := source.read(CHUNK):
                progress.update(out.write(chunk))
    if part.stat().st_size != size:
        raise OSError(f"{part.stat().st_size} of {size} bytes")
    _finish(part, target, archive)


def _copy_folder(folder, target, names):
    """Copies images and lists one by one; the files of an interrupted copy are kept."""
    print(
        f"Copying {len(names):,} single files from {folder} to the local disk. Many small files "
        f"are slow on Drive:\nput one archive {folder.name}.zip beside the folder; it is preferred "
        "and copied in seconds.",
        flush=True,
    )
    part = target.with_name(f".{target.name}.part")

    def copy(name):
        """The reason of a failure, or None."""
        try:
            if not (part / name).exists():
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, part / f"{name}.part")
                _finish(part / f"{name}.part", part / name, folder / name)
        except OSError as error:
            return f"{name} ({error})"

    reasons = thread_map(
        copy, names, max_workers=NUM_THREADS, desc="Copying from Drive", unit="file"
    )
    if failures := [reason for reason in reasons if reason]:
        raise OSError(f"{len(failures)} of {len(names)} files failed, the first is {failures[0]}")
    part.rename(target)


def _finish(part, target, original):
    """Gives a complete copy its name, and the time of the original.

    Data are recognised by size and time, so that caches of the original serve for the copy too.
    """
    stat = original.stat()
    os.utime(part, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    part.rename(target)
