"""Notebooks away from home, on Colab and Kaggle: missing packages, data from Drive, where results outlive the session, links."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from siamese_lib.data.sources import FolderSource, is_archive, open_source
from siamese_lib.utils import machine
from siamese_lib.utils.files import fingerprint

IMAGES = (".jpg", ".jpeg", ".png", ".pgm")
LISTS = (".txt",)  # what else lies in the folder is no part of the data and stays on Drive
NUM_THREADS = 16  # each waits for Drive's server most of the time
CHUNK = 8 * 2**20  # bytes of an archive between two moves of the progress bar


def open_data(path):
    """A folder or archive of images, opened as `archives.open_source` does, from the local disk: see `local_copy`."""
    return open_source(local_copy(path), machine.cache_root() / "unpacked")


def local_copy(path, verbose=False):
    """Where to read `path`: itself, or, if it lies on Drive, its copy on the local disk, which is made once.

    Drive is a server that looks like a folder. Each file is a request, so that LFW-a's thousands of images take many minutes
    whenever they are read, and now and then one times out. An archive is one file and comes in one piece. It is not read in place
    either: its members would be fetched in small parts, and a training would hang on Drive's answers.

    A copy that was interrupted goes on where it stopped. A finished copy of a folder is not compared with the folder again.

    Args:
        path: a folder, or an archive.
        verbose: whether to say also that nothing has to be copied.

    Returns:
        A `Path`. It is `path` itself for a folder without images, or with several archives.

    Raises:
        FileNotFoundError: if Drive does not deliver; the next call goes on from there.
    """
    path = Path(path).expanduser()
    if not path.absolute().is_relative_to(machine.DRIVE) or not path.exists():
        return path
    target = _target(path)
    if target.exists():
        if verbose:
            print(
                f"Nothing to copy: {path} is on the local disk since an earlier run. (To copy it again, delete {target}.)"
            )
        return target
    if not path.is_dir():
        return _locked(_copy_archive, path, target)
    print(f"Looking through {path} on Drive ...", flush=True)
    names = FolderSource(path).names()
    if any(name.lower().endswith(IMAGES) for name in names):
        return _locked(
            _copy_folder,
            path,
            target,
            [name for name in names if name.lower().endswith(IMAGES + LISTS)],
        )
    archives = [name for name in names if is_archive(name)]
    return local_copy(path / archives[0], verbose) if len(archives) == 1 else path


def _target(path):
    """The place of the copy. It keeps the name, by which the kind of archive is known, and changes when an archive is exchanged."""
    path, stat = path.absolute(), path.stat()
    key = (
        fingerprint(str(path))
        if path.is_dir()
        else fingerprint(str(path), stat.st_size, stat.st_mtime_ns)
    )
    return machine.cache_root() / "drive" / key / path.name


def _locked(copy, path, target, *names):
    """Runs one of the two copies below, unless another process has just done it."""
    from filelock import FileLock

    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / ".lock"):
        if not target.exists():
            try:
                copy(path, target, *names)
            except OSError as error:
                raise FileNotFoundError(
                    f"{path} could not be copied whole from Drive; run it again, which goes on from here. Received: {error}"
                ) from error
    return target


def _copy_archive(archive, target):
    """Copies one large file; the bytes that an interrupted copy has brought are kept."""
    from tqdm.auto import tqdm

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
    _take_name(part, target, archive)


def _copy_folder(folder, target, names):
    """Copies images and lists one by one; those that an interrupted copy has brought are kept."""
    from tqdm.auto import tqdm

    print(
        f"Copying {len(names):,} single files from {folder} to the local disk. Many small files are slow on Drive:"
    )
    print(
        f"put one archive {folder.name}.zip beside the folder; it is preferred and copied in seconds.",
        flush=True,
    )
    part, failures = target.with_name(f".{target.name}.part"), []

    def copy(name):
        try:
            if not (part / name).exists():
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                beside = part / f"{name}.part"
                shutil.copyfile(folder / name, beside)
                _take_name(beside, part / name, folder / name)
        except OSError as error:
            failures.append(f"{name} ({error})")

    with (
        ThreadPoolExecutor(NUM_THREADS) as pool,
        tqdm(total=len(names), desc="Copying from Drive", unit="file") as progress,
    ):
        for _ in pool.map(copy, names):
            progress.update()
    if failures:
        raise OSError(
            f"{len(failures)} of {len(names)} files failed, the first of them {failures[0]}"
        )
    part.rename(target)


def _take_name(part, target, original):
    # With the original's time the copy counts as the same data: what was prepared from the one is found for the other.
    stat = original.stat()
    os.utime(part, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    part.rename(target)
