"""Caches: built once by one of many, never read half-built, and not more of them than is useful."""

import errno
import os
import threading
import time

import pytest

from siamese_lib.utils.files import MIN_AGE, NUM_KEPT, cached_folder


def read(place):
    return (place / "content").read_text() if (place / "content").is_file() else None


def write(folder, text="whole"):
    (folder / "content").write_text(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def used(place, seconds_ago):
    os.utime(place, (time.time() - seconds_ago,) * 2)


def test_a_cache_is_built_once_and_then_read(tmp_path):
    assert cached_folder(tmp_path / "caches" / "a", read, write) == "whole"
    assert cached_folder(tmp_path / "caches" / "a", read, None) == "whole"
    assert names(tmp_path / "caches") == [".lock", "a"]


def test_of_many_at_once_one_builds_and_the_others_wait(tmp_path):
    built, found = [], []

    def build(folder):
        built.append(folder)
        time.sleep(0.2)
        write(folder)

    threads = [
        threading.Thread(target=lambda: found.append(cached_folder(tmp_path / "a", read, build)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1 and found == ["whole"] * 4


def test_what_cannot_be_built_leaves_nothing_and_the_next_try_builds_it(tmp_path):
    def fail(folder):
        write(folder, "half")
        raise ValueError("no such image")

    with pytest.raises(ValueError, match="no such image"):
        cached_folder(tmp_path / "a", read, fail)
    assert names(tmp_path) == [".lock"]
    assert cached_folder(tmp_path / "a", read, write) == "whole"


def test_a_full_disk_is_said_with_the_place(tmp_path):
    def fill(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as caught:
        cached_folder(tmp_path / "a", read, fill)
    assert caught.value.filename == str(tmp_path / "a")


def test_what_a_killed_process_left_is_neither_read_nor_kept(tmp_path):
    (tmp_path / ".unfinished").mkdir()
    write(tmp_path / ".unfinished", "half")
    (tmp_path / "a").mkdir()
    assert cached_folder(tmp_path / "a", read, write) == "whole"
    assert names(tmp_path) == [".lock", "a"]


def test_caches_that_nobody_used_for_long_are_removed_but_for_the_last_ones(tmp_path):
    for number in range(NUM_KEPT + 3):
        (tmp_path / f"old{number:02}").mkdir()
        used(tmp_path / f"old{number:02}", MIN_AGE * (number + 2))
    (tmp_path / "lock_of_an_earlier_version.lock").touch()
    used(tmp_path / "lock_of_an_earlier_version.lock", MIN_AGE * 100)
    cached_folder(tmp_path / "new", read, write)
    assert names(tmp_path) == [".lock", "new", *(f"old{number:02}" for number in range(NUM_KEPT))]


def test_caches_of_today_all_stay(tmp_path):
    for number in range(2 * NUM_KEPT):
        (tmp_path / f"a{number:02}").mkdir()
        used(tmp_path / f"a{number:02}", MIN_AGE / 2)
    cached_folder(tmp_path / "new", read, write)
    assert len(names(tmp_path)) == 2 * NUM_KEPT + 2


def test_to_read_a_cache_is_to_use_it(tmp_path):
    cached_folder(tmp_path / "a", read, write)
    used(tmp_path / "a", MIN_AGE * 3)
    cached_folder(tmp_path / "a", read, None)
    assert time.time() - (tmp_path / "a").stat().st_mtime < 60


def test_a_whole_cache_on_a_disk_that_may_only_be_read_serves(tmp_path, monkeypatch):
    cached_folder(tmp_path / "a", read, write)

    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "utime", refuse)
    assert cached_folder(tmp_path / "a", read, None) == "whole"
