"""A notebook's setup on Colab and elsewhere: Drive, permission, result folders, links."""

import os
import sys
import types

import pytest

from siamese_lib.notebook import setup
from siamese_lib.notebook.report import build_report
from siamese_lib.utils import machine


def test_without_lfwa_the_sample_is_announced(drive, capsys):
    assert setup.find_lfwa() == ""
    assert "sample faces" in capsys.readouterr().out


def test_results_are_kept_on_drive_if_it_is_mounted(drive, tmp_path):
    assert setup.persistent_folder("runs") == drive / "siamese" / "runs"
    drive.rmdir()
    assert setup.persistent_folder("runs") == tmp_path / "project" / "runs"


def test_links_lead_to_colab_or_to_the_files(drive, tmp_path, monkeypatch):
    for name in ("01_data.ipynb", "02_training.ipynb", "scratch.ipynb"):
        (tmp_path / "project" / "notebooks").mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / "notebooks" / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "in_colab", lambda: False)
    files = (
        "- [01 data](project/notebooks/01_data.ipynb)\n"
        "- [02 training](project/notebooks/02_training.ipynb)"
    )
    assert setup.notebook_links("https://github.com/someone/faces") == files
    monkeypatch.setattr(machine, "in_colab", lambda: True)
    assert setup.notebook_links("/a/folder") == files
    links = setup.notebook_links("https://github.com/someone/faces").splitlines()
    assert [line[:12] for line in links] == ["- 01 data [!", "- 02 trainin"]
    address = "https://colab.research.google.com/github/someone/faces/blob/main/notebooks"
    assert links[0].endswith(f"({address}/01_data.ipynb)")


@pytest.fixture
def ask(monkeypatch, drive):
    """Unmounts Drive and replaces Colab's `mount`: it calls the test's function and is counted."""
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
    assert calls == [str(drive.parent)]  # the second call asks no question


def test_without_a_user_no_question_is_asked(ask, drive, capsys):
    calls = ask(drive.mkdir, present=False)
    assert setup.mount_drive() is False
    assert calls == [] and "not mounted" in capsys.readouterr().out


def test_denied_permission_is_reported(ask, drive):
    def deny():
        raise RuntimeError("credential propagation was unsuccessful")

    ask(deny)
    with pytest.raises(
        FileNotFoundError, match=r"mount_drive = False.*Received: RuntimeError: credential"
    ):
        setup.mount_drive()


def test_outside_a_notebook_there_is_nobody_to_ask():
    assert not setup.is_interactive()


@pytest.mark.parametrize("before", [None, "yes"])
def test_the_reports_notebooks_are_headless(before, tmp_path, monkeypatch):
    monkeypatch.delenv("SIAMESE_HEADLESS", raising=False)
    if before:
        monkeypatch.setenv("SIAMESE_HEADLESS", before)

    def execute(*_, **__):
        raise RuntimeError(f"headless is {os.environ['SIAMESE_HEADLESS']}")

    monkeypatch.setattr("papermill.execute_notebook", execute)
    with pytest.raises(RuntimeError, match="headless is 1"):
        build_report("experiments/sample.yaml", output=tmp_path / "report")
    assert os.environ.get("SIAMESE_HEADLESS") == before
