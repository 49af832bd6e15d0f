"""Data on Google Drive: what is copied to the local disk, and when."""

import os
import shutil
import zipfile

import pytest
import synthetic_lfw
import tqdm.auto

from siamese_lib.data import drive as copies, load
from siamese_lib.data.load import load_dataset


@pytest.fixture
def images(drive):
    """A folder with small images on Drive."""
    synthetic_lfw.write_images(drive / "lfw2", draw=synthetic_lfw.tiny_image)
    return drive / "lfw2"


@pytest.fixture
def archive(drive):
    """A file on Drive with the name of an archive; its content does not matter for a copy."""
    (drive / "lfw2.zip").write_bytes(os.urandom(1000))
    return drive / "lfw2.zip"


class Interrupted(tqdm.auto.tqdm):
    """A progress bar at whose second step the user presses Ctrl-C."""

    def update(self, n=1):
        super().update(n)
        if self.n - self.initial > n:
            raise KeyboardInterrupt


def contents(folder):
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*.*")
    }


def nothing_is_copied(monkeypatch):
    for name in ("_copy_archive", "_copy_folder"):
        monkeypatch.setattr(copies, name, lambda *_: pytest.fail("something is copied"))


def test_a_path_outside_drive_is_read_in_place(drive, tmp_path, lfw_folder, empty_cache):
    for path in (lfw_folder, tmp_path / "none", drive / "none", tmp_path / "drive" / "MyDriveways"):
        assert copies.local_copy(path) == path
    assert not empty_cache.exists()


def test_an_archive_is_copied_once(archive, empty_cache, monkeypatch, capsys):
    copy = copies.local_copy(archive)
    assert copy.is_relative_to(empty_cache) and copy.name == archive.name
    assert (
        copy.read_bytes() == archive.read_bytes()
        and copy.stat().st_mtime_ns == archive.stat().st_mtime_ns
    )
    assert "Copying" in capsys.readouterr().out
    nothing_is_copied(monkeypatch)
    assert copies.local_copy(archive) == copy
    assert capsys.readouterr().out == ""
    copies.local_copy(archive, verbose=True)
    assert "Nothing to copy" in capsys.readouterr().out


def test_an_exchanged_archive_is_copied_again(archive):
    before = copies.local_copy(archive)
    archive.write_bytes(b"another")
    assert copies.local_copy(archive).read_bytes() == b"another"
    assert before.is_file()


def test_an_interrupted_copy_of_an_archive_is_continued(archive, empty_cache, monkeypatch):
    monkeypatch.setattr(copies, "CHUNK", 300)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(copies, "tqdm", Interrupted)
        copies.local_copy(archive)
    (part,) = (path for path in empty_cache.rglob("*.part"))
    assert part.read_bytes() == archive.read_bytes()[:600]
    part.write_bytes(b"x" * 600)  # a continued copy keeps them
    assert copies.local_copy(archive).read_bytes() == b"x" * 600 + archive.read_bytes()[600:]
    assert not part.exists()


def test_an_incomplete_copy_of_an_archive_is_not_used(archive, monkeypatch):
    with (
        monkeypatch.context() as patch,
        pytest.raises(FileNotFoundError, match=r"Received: 0 of 1000 bytes"),
    ):
        patch.setattr(copies, "CHUNK", 0)
        copies.local_copy(archive)
    assert copies.local_copy(archive).read_bytes() == archive.read_bytes()


def test_images_and_lists_of_a_folder_are_copied_once(images, empty_cache, monkeypatch, capsys):
    synthetic_lfw.write_lists(images)
    expected = contents(images)
    (images / "private.docx").touch()
    copy = copies.local_copy(images)
    assert copy.is_relative_to(empty_cache)
    assert contents(copy) == expected
    assert f"put one archive {images.name}.zip beside" in capsys.readouterr().out
    nothing_is_copied(monkeypatch)
    assert copies.local_copy(images) == copy


def test_an_interrupted_copy_of_a_folder_is_continued(images, monkeypatch):
    original, copied = shutil.copyfile, []

    def copyfile(source, target):
        copied.append(source)
        if len(copied) == 20:
            raise OSError(5, "Input/output error")
        return original(source, target)

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    with pytest.raises(
        FileNotFoundError, match=r"Received: 1 of \d+ files failed.*Input/output error"
    ):
        copies.local_copy(images)
    first = len(copied)
    assert contents(copies.local_copy(images)) == contents(images)
    assert copied[first:] == [copied[19]]


def test_two_calls_at_once_make_one_copy(archive, monkeypatch):
    original = copies._copy_archive

    def copy(path, target):
        original(path, target)
        # The second process waits for the lock and then finds the copy.
        nothing_is_copied(monkeypatch)

    monkeypatch.setattr(copies, "_copy_archive", copy)
    target = copies.local_copy(archive)
    assert copies._locked(copies._copy_archive, archive, target) == target


@pytest.mark.parametrize(
    "layout", ["folder", "archive", "archive in a folder", "archive beside another"]
)
def test_a_dataset_on_drive_is_read_from_its_copy(layout, drive, lfw_folder, empty_cache):
    root = drive / "datasets" / "lfw2"
    root.mkdir(parents=True)
    if layout == "folder":
        shutil.copytree(lfw_folder, root, dirs_exist_ok=True)
    elif layout == "archive":
        shutil.make_archive(str(root), "zip", lfw_folder)
    else:
        shutil.make_archive(str(root / "lfwa"), "gztar", lfw_folder, "lfw2")
        synthetic_lfw.write_lists(root)
    if layout == "archive beside another":
        zipfile.ZipFile(root / "holidays.zip", "w").close()
    dataset = load_dataset("lfwa")
    assert dataset.source.location.is_relative_to(empty_cache / "drive")
    assert len(dataset.files) == len([*lfw_folder.rglob("*.jpg")])
    assert len(dataset.train_people) == len(synthetic_lfw.TRAIN_PEOPLE)


def test_the_copy_counts_as_the_same_data(drive, lfw_folder, tmp_path):
    shutil.copytree(lfw_folder, drive / "lfw2")
    shutil.copytree(lfw_folder, tmp_path / "lfw2")
    assert (
        load_dataset("lfwa", drive / "lfw2").fingerprint()
        == load_dataset("lfwa", tmp_path / "lfw2").fingerprint()
    )


def test_an_archive_is_preferred_to_the_folder_beside_it(images, archive):
    assert load.lfwa_candidates() == [archive, images]
