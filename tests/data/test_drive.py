"""Away from home: what is missing, what is copied from Drive and when, where results go, who is asked for permission."""

import os
import shutil
import sys
import types
import zipfile

import pytest
import synthetic_lfw
import tqdm.auto

from siamese_lib.data import drive as copies
from siamese_lib.data import load
from siamese_lib.data.load import load_dataset
from siamese_lib.notebook import setup
from siamese_lib.notebook.report import build_report
from siamese_lib.utils import machine


@pytest.fixture
def drive(tmp_path, monkeypatch, empty_cache):
    """A mounted Drive without files, beside an empty project and no Kaggle."""
    folder = tmp_path / "drive" / "MyDrive"
    folder.mkdir(parents=True)
    monkeypatch.setattr(machine, "DRIVE", folder)
    monkeypatch.setattr(machine, "KAGGLE_INPUT", tmp_path / "kaggle")
    monkeypatch.setattr(machine, "project_root", lambda: tmp_path / "project")
    return folder


@pytest.fixture
def images(drive):
    """A folder of small single images on Drive."""
    synthetic_lfw.write_images(drive / "lfw2", draw=synthetic_lfw.tiny_image)
    return drive / "lfw2"


@pytest.fixture
def archive(drive):
    """A file on Drive that takes several reads of `cloud.CHUNK` bytes; to copy it, it need be no real archive."""
    (drive / "lfw2.zip").write_bytes(os.urandom(1000))
    return drive / "lfw2.zip"


class Interrupted(tqdm.auto.tqdm):
    """A progress bar at whose second move the user presses Ctrl-C."""

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


def test_requirements_that_are_not_met_are_named(tmp_path):
    lines = [
        "# what is needed",
        "numpy>=2.0   # arrays",
        "PyYAML>=6",
        "numpy>=999  # too new",
        "",
        "no-such-package-anywhere>=1",
    ]
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    assert setup.missing_requirements(tmp_path / "requirements.txt") == [
        "numpy>=999",
        "no-such-package-anywhere>=1",
    ]


def test_what_is_not_on_drive_is_read_in_place(drive, tmp_path, lfw_folder, empty_cache):
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


def test_an_archive_that_was_exchanged_is_copied_again(archive):
    before = copies.local_copy(archive)
    archive.write_bytes(b"another")
    assert copies.local_copy(archive).read_bytes() == b"another"
    assert before.is_file()


def test_an_interrupted_copy_of_an_archive_goes_on_where_it_stopped(
    archive, empty_cache, monkeypatch
):
    monkeypatch.setattr(copies, "CHUNK", 300)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tqdm.auto, "tqdm", Interrupted)
        copies.local_copy(archive)
    (part,) = (path for path in empty_cache.rglob("*.part"))
    assert part.read_bytes() == archive.read_bytes()[:600]
    part.write_bytes(b"x" * 600)  # if it goes on from there, these stay
    assert copies.local_copy(archive).read_bytes() == b"x" * 600 + archive.read_bytes()[600:]
    assert not part.exists()


def test_an_archive_that_does_not_come_whole_is_no_copy(archive, monkeypatch):
    with (
        monkeypatch.context() as patch,
        pytest.raises(FileNotFoundError, match=r"Received: 0 of 1000 bytes"),
    ):
        patch.setattr(copies, "CHUNK", 0)
        copies.local_copy(archive)
    assert copies.local_copy(archive).read_bytes() == archive.read_bytes()


def test_of_a_folder_images_and_lists_are_copied_once(images, empty_cache, monkeypatch, capsys):
    synthetic_lfw.write_lists(images)
    expected = contents(images)
    (images / "private.docx").touch()
    copy = copies.local_copy(images)
    assert copy.is_relative_to(empty_cache)
    assert contents(copy) == expected
    assert f"put one archive {images.name}.zip beside" in capsys.readouterr().out
    nothing_is_copied(monkeypatch)
    assert copies.local_copy(images) == copy


def test_an_interrupted_copy_of_a_folder_goes_on_where_it_stopped(images, monkeypatch):
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
        # The other process finds the lock taken and, once it has it, the copy made.
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


def test_without_lfwa_the_sample_is_announced(drive, capsys):
    assert setup.find_lfwa() == ""
    assert "sample faces" in capsys.readouterr().out


def test_results_go_to_drive_if_it_is_mounted(drive, tmp_path):
    assert setup.persistent_folder("runs") == drive / "siamese" / "runs"
    drive.rmdir()
    assert setup.persistent_folder("runs") == tmp_path / "project" / "runs"


def test_links_lead_to_colab_or_to_the_files(drive, tmp_path, monkeypatch):
    for name in ("01_data.ipynb", "02_training.ipynb", "scratch.ipynb"):
        (tmp_path / "project" / "notebooks").mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / "notebooks" / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "in_colab", lambda: False)
    files = "- [01 data](project/notebooks/01_data.ipynb)\n- [02 training](project/notebooks/02_training.ipynb)"
    assert setup.notebook_links("https://github.com/someone/faces") == files
    monkeypatch.setattr(machine, "in_colab", lambda: True)
    assert setup.notebook_links("/a/folder") == files
    links = setup.notebook_links("https://github.com/someone/faces").splitlines()
    assert [line[:12] for line in links] == ["- 01 data [!", "- 02 trainin"]
    assert links[0].endswith(
        "(https://colab.research.google.com/github/someone/faces/blob/main/notebooks/01_data.ipynb)"
    )


@pytest.fixture
def ask(monkeypatch, drive):
    """Unmounts Drive and puts a stand-in for Colab's own mount in its place, which does what the test says and counts."""
    drive.rmdir()
    calls = []

    def prepare(answer, present=True):
        def mount(mountpoint, force_remount=False, timeout_ms=120000, readonly=False):
            calls.append(mountpoint)
            answer()

        colab = types.ModuleType("google.colab")
        colab.drive = types.SimpleNamespace(mount=mount)
        monkeypatch.setitem(sys.modules, "google.colab", colab)
        monkeypatch.setattr(setup, "is_interactive", lambda: present)
        return calls

    return prepare


def test_drive_is_mounted_with_permission(ask, drive):
    calls = ask(drive.mkdir)
    assert setup.mount_drive() is True
    assert setup.mount_drive() is True
    assert calls == [str(drive.parent)]  # the second time nobody is asked


def test_nobody_is_asked_who_is_not_there(ask, drive, capsys):
    calls = ask(drive.mkdir, present=False)
    assert setup.mount_drive() is False
    assert calls == [] and "not mounted" in capsys.readouterr().out


def test_a_refusal_is_told(ask, drive):
    def refuse():
        raise RuntimeError("credential propagation was unsuccessful")

    ask(refuse)
    with pytest.raises(
        FileNotFoundError, match=r"mount_drive = False.*Received: RuntimeError: credential"
    ):
        setup.mount_drive()


def test_outside_a_notebook_nobody_answers():
    assert not setup.is_interactive()


@pytest.mark.parametrize("before", [None, "yes"])
def test_notebooks_of_the_report_know_that_nobody_is_there(before, tmp_path, monkeypatch):
    monkeypatch.delenv("SIAMESE_HEADLESS", raising=False)
    if before:
        monkeypatch.setenv("SIAMESE_HEADLESS", before)

    def execute(*_, **__):
        raise RuntimeError(f"headless is {os.environ['SIAMESE_HEADLESS']}")

    monkeypatch.setattr("papermill.execute_notebook", execute)
    with pytest.raises(RuntimeError, match="headless is 1"):
        build_report("experiments/sample.yaml", output=tmp_path / "report")
    assert os.environ.get("SIAMESE_HEADLESS") == before
