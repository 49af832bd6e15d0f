"""Reading and writing small files so that nothing half-written is ever read.

What is built once and kept on the disk: under a lock, beside and then renamed; of much that was built, what was used last.
"""

import hashlib
import itertools
import json
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from numbers import Number
from pathlib import Path

from filelock import FileLock

OLD = 24 * 3600  # seconds; what is half-written since then has nobody who writes it


@contextmanager
def atomic_write(path):
    """Yields a temporary path beside `path`; when the block ends well, it becomes `path` in one step.

    A reader, or the next start after a kill, sees the old file or the new one and nothing between. What a process left half-written of the
    same file more than a day ago is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The whole suffix is kept (".weights.h5"), because Keras and NumPy choose the format by it.
    stem, dot, suffix = path.name.partition(".")
    _remove_half_written(path.parent, stem, dot + suffix)
    handle, name = tempfile.mkstemp(prefix=f".{stem}-", suffix=dot + suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp gives 0600; a file of the project is as readable as any other that its user writes.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        # A write to a full disk fails without the name of what was written.
        error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _remove_half_written(folder, stem, suffix):
    pattern = re.compile(
        rf"\.{re.escape(stem)}-[a-z0-9_]{{8}}{re.escape(suffix)}"
    )  # the names that mkstemp gives
    for path in filter(lambda path: pattern.fullmatch(path.name), folder.iterdir()):
        with suppress(FileNotFoundError):  # its writer has just ended
            if time.time() - path.lstat().st_mtime > OLD:
                path.unlink()


def write_text(path, text):
    """Writes `text` to `path` as UTF-8 with Unix line ends, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path, content):
    """Writes `content` as JSON, indented; NaN and infinities are refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path):
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


def text_lines(content, source):
    """The lines of a file's bytes that are not blank, with their numbers from 1 on; `source` names the file in messages.

    Raises:
        ValueError: if the bytes are not UTF-8.
    """
    try:
        # "utf-8-sig" drops the byte-order mark that some editors write.
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source} is not UTF-8 text; save it as UTF-8. Received: byte {error.start} undecodable"
        ) from error
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def parse_yaml(path):
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


def parse_yaml_text(text, source):
    """The value that YAML text stands for; `source` names it in messages.

    Raises:
        ValueError: if it is not YAML, has tags that would run code, names a key twice, or refers to parts of itself: a few such lines can
            stand for more than memory holds.
    """
    import yaml

    try:
        _check_nodes(yaml.compose(text, Loader=yaml.SafeLoader), seen=set())
        return yaml.safe_load(text)
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:  # a date that does not exist is a ValueError
        raise ValueError(
            f"{source} is not a YAML file that can be used. Received: {' '.join(str(error).split())[:300]}"
        ) from error


def _check_nodes(node, seen):
    if id(node) in seen:
        raise ValueError("an alias (*name); write out what it stands for")
    seen.add(id(node))
    children = [] if node is None or isinstance(node.value, str) else node.value
    if children and isinstance(children[0], tuple):  # of a mapping: (key, value)
        counts = Counter(str(key.value) for key, _ in children)
        if repeated := [name for name, count in counts.items() if count > 1]:
            # YAML's own reader would take the last value in silence.
            raise ValueError(f"the key {repeated[0]} twice")
        children = itertools.chain(*children)
    for child in children:
        _check_nodes(child, seen)


def fingerprint(*parts):
    """A short hexadecimal name for anything that prints the same whenever it is the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode("utf-8"))
        digest.update(b"\0")
    return digest.hexdigest()[:16]


NUM_KEPT = 8  # of the caches in one folder; more are kept only while each was used within MIN_AGE
MIN_AGE = 24 * 3600  # seconds
LOCK, UNFINISHED = ".lock", ".unfinished"


def cached_folder(place, read, build):
    """What `read(place)` gives; where that is None, `build` fills a new folder first, which becomes `place` in one step.

    All caches in a folder share one lock: a second process waits for it and then finds the cache. Before one is built, what a killed
    process left is removed, and so are caches that nobody used for a day, but for the eight used last.

    Args:
        place: the path of the cache, a folder.
        read: a function of `place`; it gives None unless the cache is whole.
        build: a function of an empty folder.

    Raises:
        OSError: if the disk is full or cannot be written.
    """
    found = read(place)
    if found is None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.parent / LOCK):
            found = read(place)
            if found is None:
                _build_cache(place, build)
                found = read(place)
    with suppress(OSError):  # a cache that may only be read serves as well
        os.utime(place)
    return found


def _build_cache(place, build):
    unfinished = place.parent / UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    _remove_unused(place.parent)
    unfinished.mkdir()
    try:
        build(unfinished)
        shutil.rmtree(place, ignore_errors=True)
        unfinished.rename(place)
    except OSError as error:
        # A write to a full disk fails without the name of what was written.
        error.filename = error.filename or str(place)
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove_unused(folder):
    # Whoever has such a cache open keeps its bytes; whoever looks for it builds it anew.
    entries = [
        (path.stat().st_mtime, path)
        for path in folder.iterdir()
        if path.name not in (LOCK, UNFINISHED)
    ]
    for used, path in sorted(entries, reverse=True)[NUM_KEPT:]:
        if time.time() - used < MIN_AGE:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def as_table(rows):
    """A pandas DataFrame of dicts for reading: empty where there is no value, and whole numbers stay whole beside that."""
    import pandas as pd

    columns = dict.fromkeys(column for row in rows for column in row)
    filled = [
        ["" if row.get(column) is None else row[column] for column in columns] for row in rows
    ]
    return pd.DataFrame(filled, columns=list(columns), dtype=object)


def as_text(value):
    """A setting as a reader writes it: numbers short, other values as they are."""
    return (
        f"{value:.4g}" if isinstance(value, Number) and not isinstance(value, bool) else str(value)
    )
