"""Files: atomic writes, caches under a lock, YAML and JSON with clear errors."""

import hashlib
import itertools
import json
import os
import re
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

T = TypeVar("T")

HALF_WRITTEN_AGE = 24 * 3600  # seconds; an older temporary file has no writer any more
NUM_KEPT = 8  # caches in a folder; more are kept only if each was used within MIN_AGE
MIN_AGE = 24 * 3600  # seconds
LOCK, UNFINISHED = ".lock", ".unfinished"


@contextmanager
def atomic_write(path: Path | str) -> Iterator[Path]:
    """Yields a temporary path beside `path`, which replaces `path` in one step when the block ends.

    After a kill, readers find the old file or the new one. Temporary files of the same name that
    are older than a day are removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The whole suffix is kept (".weights.h5"): Keras and NumPy choose the format by it.
    stem, dot, suffix = path.name.partition(".")
    _remove_half_written(path.parent, stem, dot + suffix)
    temporary = path.with_name(f".{stem}-{uuid.uuid4().hex[:8]}{dot}{suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        # A write to a full disk fails without a file name.
        error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _remove_half_written(folder: Path, stem: str, suffix: str) -> None:
    pattern = re.compile(rf"\.{re.escape(stem)}-[a-z0-9_]{{8}}{re.escape(suffix)}")
    for path in filter(lambda path: pattern.fullmatch(path.name), folder.iterdir()):
        with suppress(FileNotFoundError):  # its writer has just ended
            if time.time() - path.lstat().st_mtime > HALF_WRITTEN_AGE:
                path.unlink()


@contextmanager
def new_folder(path: Path | str, own_files: Callable[[Path], Collection[str]]) -> Iterator[Path]:
    """Yields a temporary folder beside `path`, which becomes `path` when the block ends.

    Args:
        path: the folder; one that this program wrote is replaced.
        own_files: the names of what this program wrote into a folder.

    Raises:
        ValueError: if something else is there, which stays as it is.
    """
    given, path = path, Path(path).resolve()
    check_replaceable(path, own_files)
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        temporary.rename(path)
    except OSError as error:
        # A full disk gives no name, and the temporary one is not the user's.
        if error.filename is None or str(temporary) in str(error.filename):
            error.filename = str(given)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_replaceable(path: Path, own_files: Callable[[Path], Collection[str]]) -> None:
    """Checks that `new_folder` may write a folder; arguments and errors are its."""
    there = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    others = sorted(there - set(own_files(path))) if there else []
    if path.is_file() or others:
        raise ValueError(
            "There is something else already, which would be lost; give a new folder. "
            f"Received: {path}{' with ' + others[0] if others else ''}"
        )


def write_text(path: Path | str, text: str) -> None:
    """Writes `text` to `path` as UTF-8 with Unix line ends, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path | str, content: Any) -> None:
    """Writes `content` as indented JSON; NaN and infinities, which JSON lacks, are an error."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Reads a JSON file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if its content is not JSON.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such file; check the path. Received: {path}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is not a JSON file; restore it or delete it. Received: {error}"
        ) from error


def text_lines(content: bytes, source: Path | str) -> list[tuple[int, str]]:
    """The non-blank lines of a file's bytes with their numbers, counted from 1.

    Args:
        content: the bytes.
        source: the file's name in messages.

    Raises:
        ValueError: if the bytes are not UTF-8.
    """
    try:
        # "utf-8-sig" drops the byte-order mark that some editors write.
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source} is not UTF-8 text; save it as UTF-8. "
            f"Received: byte {error.start} undecodable"
        ) from error
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def parse_yaml(path: Path | str) -> Any:
    """The content of a YAML file.

    Raises:
        ValueError: as `parse_yaml_text`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not a YAML file in UTF-8; save it as UTF-8. Received: {error}"
        ) from error
    return parse_yaml_text(text, path)


def parse_yaml_text(text: str, source: Path | str) -> Any:
    """The value of YAML text.

    Args:
        text: the text.
        source: its name in messages.

    Raises:
        ValueError: if it is not YAML, has tags that would run code, repeats a key, or has aliases:
            a few lines with aliases can stand for more than memory holds.
    """
    import yaml

    try:
        _check_nodes(yaml.compose(text, Loader=yaml.SafeLoader), seen=set())
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # A date that does not exist is a ValueError.
        raise ValueError(
            f"{source} is not a YAML file that can be used; correct it, or put text in quotes. "
            f"Received: {' '.join(str(error).split())[:300]}"
        ) from error


def _check_nodes(node: Any, seen: set[int]) -> None:
    if id(node) in seen:
        raise ValueError("an alias (*name); write out what it stands for")
    seen.add(id(node))
    children = [] if node is None or isinstance(node.value, str) else node.value
    if children and isinstance(children[0], tuple):  # a mapping: (key, value)
        counts = Counter(str(key.value) for key, _ in children)
        if repeated := [name for name, count in counts.items() if count > 1]:
            # YAML's own reader would silently take the last value.
            raise ValueError(f"the key {repeated[0]} twice")
        children = itertools.chain(*children)
    for child in children:
        _check_nodes(child, seen)


def fingerprint(*parts: object) -> str:
    """A short hexadecimal name of values whose `repr` is the same whenever they are equal."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode("utf-8"))
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def checksum(path: Path) -> str:
    """The sha256 of a file in hexadecimal digits, or "no such file"."""
    if not path.is_file():
        return "no such file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached_folder(path: Path, read: Callable[[Path], T | None], build: Callable[[Path], None]) -> T:
    """The content of a cache folder, which is built first if it is missing or damaged.

    All caches in a folder share one lock: a second process waits and then finds the cache. Before
    building, the remains of killed processes are removed, and caches that were not used for a day,
    except the eight used last.

    Args:
        path: the cache, a folder.
        read: `read(path)` returns the content, or None unless the cache is complete.
        build: `build(folder)` fills an empty folder, which then becomes `path` in one step.

    Raises:
        OSError: if the disk is full or cannot be written.
    """
    content = read(path)
    if content is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.parent / LOCK):
            content = read(path)
            if content is None:
                _build_cache(path, build)
                content = read(path)
    assert content is not None  # it has just been built
    with suppress(OSError):  # a read-only cache is good enough
        os.utime(path)
    return content


def _build_cache(path: Path, build: Callable[[Path], None]) -> None:
    unfinished = path.parent / UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    _remove_unused(path.parent)
    unfinished.mkdir()
    try:
        build(unfinished)
        shutil.rmtree(path, ignore_errors=True)
        unfinished.rename(path)
    except OSError as error:
        # A write to a full disk fails without a file name.
        error.filename = error.filename or str(path)
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove_unused(folder: Path) -> None:
    # A process that has such a cache open keeps its bytes; the next one builds it again.
    caches = [path for path in folder.iterdir() if path.name not in (LOCK, UNFINISHED)]
    used = {path: path.stat().st_mtime for path in caches}
    for path in sorted(caches, key=lambda path: used[path], reverse=True)[NUM_KEPT:]:
        if time.time() - used[path] < MIN_AGE:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
