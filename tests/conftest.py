"""Fixtures of the whole suite: its cache, a mounted Drive, a small drawn LFW, the real LFW-a."""

import os
import shutil
from pathlib import Path

import pytest
import small_sweeps
import synthetic_lfw

from siamese_lib.utils import machine


@pytest.fixture(scope="session", autouse=True)
def suite_cache(tmp_path_factory):
    """A cache folder for the suite and its child processes; the user's own is never touched."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIAMESE_CACHE", str(folder))
        yield folder


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache folder for one test, empty at its start."""
    monkeypatch.setenv("SIAMESE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def drive(tmp_path, monkeypatch, empty_cache):
    """A mounted Google Drive without files, with an empty project and without Kaggle's input."""
    folder = tmp_path / "drive" / "MyDrive"
    folder.mkdir(parents=True)
    monkeypatch.setattr(machine, "DRIVE", folder)
    monkeypatch.setattr(machine, "KAGGLE_INPUT", tmp_path / "kaggle")
    monkeypatch.setattr(machine, "project_root", lambda: tmp_path / "project")
    return folder


@pytest.fixture(scope="session")
def lfw_folder(tmp_path_factory):
    """A folder in LFW's layout: View 1 lists, 250x250 JPEGs of drawn faces.

    It has 10 people to train and 4 to test. The whole session shares it: a test that changes files
    takes `lfw_copy`.
    """
    folder = tmp_path_factory.mktemp("lfwa")
    synthetic_lfw.write_images(folder / "lfw2")
    synthetic_lfw.write_lists(folder)
    return folder


@pytest.fixture
def lfw_copy(lfw_folder, tmp_path):
    """A copy of `lfw_folder` that one test may change."""
    return Path(shutil.copytree(lfw_folder, tmp_path / "lfwa"))


@pytest.fixture(scope="session")
def lfwa_root():
    """The folder of the real LFW-a with the View 1 lists, from SIAMESE_LFWA."""
    if not os.environ.get("SIAMESE_LFWA"):
        pytest.skip("needs the real LFW-a: set SIAMESE_LFWA to the folder that holds it")
    return Path(os.environ["SIAMESE_LFWA"])


@pytest.fixture(scope="session")
def sweep_folder(tmp_path_factory):
    """A folder for small sweeps and their runs."""
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(scope="session")
def whole_sweep(sweep_folder):
    """The table of a small sweep that was not interrupted."""
    from siamese_lib.experiments.engines import LocalEngine
    from siamese_lib.experiments.sweep import Sweep
    from siamese_lib.experiments.sweep_runs import run_sweep

    return run_sweep(
        Sweep.from_yaml(small_sweeps.write_sweep(sweep_folder)),
        sweep_folder / "whole",
        LocalEngine(workers=small_sweeps.WORKERS),
    )
