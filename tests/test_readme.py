"""The README does what it says: its commands and its Python run, its links lead somewhere."""

import re
import shlex
import shutil
from pathlib import Path

import photographs
import pytest

from siamese_lib.__main__ import main
from siamese_lib.data.sample import SampleSource

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (PROJECT / target).exists(), target


def test_the_make_commands_are_in_the_makefile():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for name in set(re.findall(r"make (\w[\w-]*)", README)) & {"report", "test", "lab"}:
        assert f"\n{name}:" in makefile


def test_the_commands_and_the_python_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(PROJECT / "experiments", tmp_path / "experiments")
    source = SampleSource()
    for letter, name in zip("ab", source.names()[:2]):
        (tmp_path / f"face_{letter}.pgm").write_bytes(source.read(name))
    (tmp_path / "gallery_folder").mkdir()
    for name in ("photo_a.jpg", "probe.jpg"):
        photographs.astronaut().save(tmp_path / name)
    for name in ("photo_b.jpg", "gallery_folder/one.jpg"):
        photographs.composition().save(tmp_path / name)
    commands = [
        line
        for block in blocks("bash")
        for line in block.splitlines()
        if line.startswith("python -m siamese_lib")
    ]
    assert {shlex.split(line)[3] for line in commands} == {
        "prepare",
        "summary",
        "train",
        "evaluate",
        "verify",
        "find",
        "sweep",
    }
    for line in commands:
        # The sweep is seven trainings; tests of sweeps do it smaller.
        if " sweep " not in line:
            assert main(shlex.split(line)[3:]) == 0, line
    capsys.readouterr()
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})
    accuracy = float(capsys.readouterr().out.split()[0])
    assert accuracy > 0.6  # a coin has 0.5


@pytest.mark.long
def test_the_sweep_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "experiments/sweeps/sample.yaml"]) == 0
