"""Disks that are full or may only be read: one sentence, exit code 2, nothing half-written, and
with room the same command goes on.

They are small memory disks, which only root can mount; elsewhere these tests are skipped.
"""

import subprocess
import tarfile

import pytest
import yaml

from siamese_lib.__main__ import main
from siamese_lib.data.archives import open_source
from siamese_lib.training.run import Run

TINY = {
    "dataset": "lfwa",
    "image_size": [40, 36],
    "embedding_size": 16,
    "base_filters": 16,
    "batch_size": 12,
    "num_epochs": 1,
}


class SmallDisk:
    def __init__(self, folder):
        self.folder = folder

    def mount(self, options):
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder],
            check=True,
            capture_output=True,
        )

    def change(self, options):
        self.mount(f"remount,{options}")


@pytest.fixture
def disk(tmp_path):
    made = SmallDisk(tmp_path / "disk")
    made.folder.mkdir()
    try:
        made.mount("size=1m")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here ({error})")
    yield made
    subprocess.run(["umount", "--lazy", made.folder], check=True)


def refused(arguments, capsys):
    """What the command line says in one sentence."""
    capsys.readouterr()
    assert main(arguments) == 2
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert sentence.startswith("siamese_lib: ") and "Received: " in sentence
    return sentence


def test_a_cache_on_a_full_disk(disk, monkeypatch, capsys):
    monkeypatch.setenv("SIAMESE_CACHE", str(disk.folder))
    assert "No space left on device" in refused(["prepare"], capsys)
    # Nothing unfinished is left; smaller images, for the search for copies, may have found room.
    left = [path for path in (disk.folder / "images").iterdir() if path.name != ".lock"]
    assert all((path / "index.json").is_file() for path in left)
    disk.change("size=20m")
    assert main(["prepare"]) == 0


def test_an_archive_unpacked_onto_a_full_disk(disk, tmp_path):
    (tmp_path / "a.jpg").write_bytes(bytes(2 * 2**20))
    with tarfile.open(tmp_path / "lfw.tar", "w") as archive:
        archive.add(tmp_path / "a.jpg", "lfw/a.jpg")
    with pytest.raises(ValueError, match=r"lfw\.tar cannot be unpacked.*free disk space"):
        open_source(tmp_path / "lfw.tar", disk.folder)
    assert [path.name for path in disk.folder.iterdir()] == [".lock"]
    disk.change("size=20m")
    assert open_source(tmp_path / "lfw.tar", disk.folder).names() == ["lfw/a.jpg"]


def test_a_training_on_a_full_disk_goes_on_when_there_is_room(disk, lfw_folder, tmp_path, capsys):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    command = [
        "train",
        "--config",
        str(tmp_path / "tiny.yaml"),
        "--data-root",
        str(lfw_folder),
        "--runs",
        str(disk.folder),
    ]
    disk.change("size=8k")
    assert "disk" in refused(command, capsys)
    disk.change("size=300k")
    assert "No space left on device" in refused(command, capsys)
    disk.change("size=60m")
    assert main(command) == 0
    assert len(Run.existing(disk.folder / "tiny" / "seed_0").history) == 1


def test_a_disk_that_may_only_be_read(disk, lfw_folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    disk.change("ro")
    data = ["--config", str(tmp_path / "tiny.yaml"), "--data-root", str(lfw_folder)]
    assert "Read-only file system" in refused(["train", *data, "--runs", str(disk.folder)], capsys)
    assert "Read-only file system" in refused(
        ["report", "--output", str(disk.folder / "report")], capsys
    )
    monkeypatch.setenv("SIAMESE_CACHE", str(disk.folder))
    assert "Read-only file system" in refused(["prepare", *data], capsys)
