"""What is built once and kept on the disk: under a lock, beside and then renamed; of much that was built, what was used last."""

import os
import shutil
import time
from contextlib import suppress

from filelock import FileLock

NUM_KEPT = 8  # of the caches in one folder; more are kept only while each was used within MIN_AGE
MIN_AGE = 24 * 3600  # seconds
LOCK, UNFINISHED = ".lock", ".unfinished"


def open_or_build(place, read, build):
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
                _build(place, build)
                found = read(place)
    with suppress(OSError):  # a cache that may only be read serves as well
        os.utime(place)
    return found


def _build(place, build):
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
    entries = [(path.stat().st_mtime, path) for path in folder.iterdir() if path.name not in (LOCK, UNFINISHED)]
    for used, path in sorted(entries, reverse=True)[NUM_KEPT:]:
        if time.time() - used < MIN_AGE:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
