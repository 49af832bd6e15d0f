"""The machine: where data is looked for, where caches go, what a result records."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from siamese_lib.data.load import lfwa_candidates
from siamese_lib.utils import machine as this_machine
from siamese_lib.utils.machine import cache_root, in_colab, project_path, project_root, versions


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with an empty project, Drive and Kaggle input, as three folders below the one that
    is returned.
    """
    for folder in ("project", "drive", "kaggle"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(this_machine, "project_root", lambda: tmp_path / "project")
    monkeypatch.setattr(this_machine, "DRIVE", tmp_path / "drive")
    monkeypatch.setattr(this_machine, "KAGGLE_INPUT", tmp_path / "kaggle")
    return tmp_path


def test_a_machine_without_lfwa_has_no_candidates(machine):
    assert lfwa_candidates() == []


def test_a_machine_without_drive_and_kaggle_has_no_candidates(machine):
    for folder in ("drive", "kaggle"):
        (machine / folder).rmdir()
    assert lfwa_candidates() == []


@pytest.mark.parametrize(
    "place",
    [
        "project/lfwa",
        "project/lfwa.zip",
        "drive/datasets/lfw2",
        "drive/datasets/lfw2.zip",
        "drive/datasets/lfwa.tar.gz",
        "drive/lfw2",
        "drive/lfwa.zip",
        "drive/lfwa.tgz",
        "kaggle/lfwa-aligned",
        "kaggle/LFW-people",
    ],
)
def test_lfwa_is_found_where_it_is_kept(machine, place):
    path = machine / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch() if path.suffix else path.mkdir()
    assert lfwa_candidates() == [path]


def test_other_data_is_no_candidate(machine):
    (machine / "drive" / "holidays.zip").touch()
    (machine / "kaggle" / "titanic").mkdir()
    assert lfwa_candidates() == []


def test_the_project_comes_before_drive_and_drive_before_kaggle(machine):
    places = [machine / "project" / "lfwa", machine / "drive" / "lfwa", machine / "kaggle" / "lfwa"]
    for place in places:
        place.mkdir()
    assert lfwa_candidates() == places


def test_the_project_is_the_clone_that_was_imported_wherever_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (project_root() / "siamese_lib" / "config.py").is_file()
    assert (project_root() / "experiments").is_dir()


def test_a_path_that_exists_from_here_is_taken_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    monkeypatch.chdir(tmp_path)
    assert project_path("experiments") == Path("experiments")


def test_another_path_lies_below_the_project(tmp_path, monkeypatch):
    # A notebook starts in notebooks/, papermill wherever it was called.
    monkeypatch.chdir(tmp_path)
    assert project_path("experiments").is_dir()
    assert project_path("runs") == project_root() / "runs"


def test_an_absolute_path_is_taken_as_it_is(tmp_path):
    assert project_path(str(tmp_path / "none")) == tmp_path / "none"


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert project_path("~/lfwa") == tmp_path / "lfwa"


def test_the_cache_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("SIAMESE_CACHE", str(tmp_path))
    assert cache_root() == tmp_path


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_the_cache_is_the_users(monkeypatch, value):
    monkeypatch.delenv("SIAMESE_CACHE") if value is None else monkeypatch.setenv(
        "SIAMESE_CACHE", value
    )
    assert cache_root().is_absolute()
    assert "siamese_lib" in cache_root().parts


def test_colab_is_known_by_its_variable(monkeypatch):
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    assert in_colab() is ("google.colab" in sys.modules)
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    assert in_colab() is True


def test_versions_can_be_written_and_name_what_decides_a_result():
    found = json.loads(json.dumps(versions()))
    assert set(found) >= {"date", "python", "packages", "machine"}
    assert set(found["packages"]) >= {"tensorflow", "keras", "numpy", "pillow"}
    assert found["date"].endswith("+00:00")
    assert found["machine"]["num_cpus"] == os.cpu_count()


def test_versions_do_not_load_tensorflow():
    code = "import sys; from siamese_lib.utils.machine import versions; versions(); "
    code += "assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
