"""README and docs are true: commands and Python run, links and files exist, tables are current."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import photographs
import pytest

from benchmarks.table import as_markdown
from siamese_lib.__main__ import main
from siamese_lib.commands import PARSER, _PathAction
from siamese_lib.data.sample import SampleSource, sample_as_folder

PROJECT = Path(__file__).parent.parent
DOCS = sorted((PROJECT / "docs").glob("*.md"))
PAGES = {
    path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        PROJECT / "README.md",
        PROJECT / "CHANGELOG.md",
        PROJECT / "models" / "README.md",
        *DOCS,
    )
}
README = PAGES["README.md"]
# The log and the changelog name what existed at their time.
HISTORY = ("docs/log.md", "CHANGELOG.md")


def blocks(language):
    """The code blocks of all pages in a language, `(page, code)`."""
    return [
        (page, code)
        for page, text in PAGES.items()
        for found, code in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        if found == language
    ]


def commands(*languages):
    """The commands of the library in the code blocks of all pages, as lists of arguments."""
    return [
        shlex.split(line, comments=True)[3:]
        for language in languages
        for _, code in blocks(language)
        for line in code.splitlines()
        if line.startswith("python -m siamese_lib ")
    ]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 100
    assert max(map(len, README.splitlines())) <= 120


@pytest.mark.parametrize("page", PAGES)
def test_the_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", PAGES[page]):
        assert (PROJECT / page).parent.joinpath(target).exists(), target


def test_the_readme_links_each_page_of_docs_once():
    links = re.findall(r"\]\((docs/[^)]+\.md)\)", README)
    assert sorted(links) == [f"docs/{path.name}" for path in DOCS]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in HISTORY])
def test_the_files_that_a_page_names_exist(page):
    folders = "benchmarks|docs|experiments|models|notebooks|results|siamese_lib|tests"
    for name in re.findall(rf"(?<![\w/.])(?:{folders})/[\w./-]*\w", PAGES[page]):
        assert (PROJECT / name).exists(), name


def test_the_module_tree_is_complete():
    tree = PAGES["docs/design.md"].split("```")[1]
    modules = {path.name for path in (PROJECT / "siamese_lib").rglob("*.py")}
    assert set(re.findall(r"\w+\.py", tree)) == modules


def test_the_make_commands_are_in_the_makefile():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for page, text in PAGES.items():
        # As code: at the start of a line or in backticks.
        for name in re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, re.MULTILINE):
            assert f"\n{name}:" in makefile, (page, name)


def test_all_commands_are_well_formed(monkeypatch):
    # The paths of the examples do not exist.
    monkeypatch.setattr(_PathAction, "_checked", lambda self, value: value)
    for arguments in commands("bash", "text", ""):
        PARSER.parse_args(arguments)
    for name in re.findall(r"# python -m siamese_lib (.*?)   ", _experiment_files()):
        PARSER.parse_args(shlex.split(name))


def _experiment_files():
    return "\n".join(path.read_text() for path in (PROJECT / "experiments").glob("*.yaml"))


def test_the_commands_and_the_python_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(PROJECT / "experiments", tmp_path / "experiments")
    source = SampleSource()
    for letter, name in zip("ab", source.names()[:2]):
        (tmp_path / f"face_{letter}.pgm").write_bytes(source.read(name))
    for folder in ("folder", "gallery_folder"):
        (tmp_path / folder).mkdir()
    shutil.copytree(sample_as_folder(), tmp_path / "people")
    for name in ("a.jpg", "photo_a.jpg", "probe.jpg"):
        photographs.astronaut().save(tmp_path / name)
    for name in ("b.jpg", "photo_b.jpg", "folder/one.jpg", "gallery_folder/one.jpg"):
        photographs.composition().save(tmp_path / name)
    run = commands("bash")
    assert {arguments[0] for arguments in run} == {
        "prepare",
        "summary",
        "train",
        "evaluate",
        "verify",
        "find",
        "calibrate",
        "sweep",
        "export",
    }
    # The README's commands come before the training of docs/usage.md; they use a committed model.
    for arguments in run:
        # The sweep is seven trainings; the tests of sweeps use smaller ones.
        if arguments[0] != "sweep":
            assert main(arguments) == 0, arguments
    capsys.readouterr()
    for page, code in blocks("python"):
        exec(compile(code, page, "exec"), {})
    accuracy = float(capsys.readouterr().out.split()[0])
    assert accuracy > 0.6  # chance is 0.5


def test_the_table_of_speed_is_that_of_the_committed_benchmarks():
    rows = json.loads((PROJECT / "benchmarks" / "results.json").read_text())
    assert as_markdown(rows) in PAGES["docs/benchmarks.md"]


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_owner_replaces_the_account(tmp_path):
    for name in ("Makefile", "README.md", "colab_setup.ipynb"):
        shutil.copy(PROJECT / name, tmp_path)
    shutil.copytree(PROJECT / "notebooks", tmp_path / "notebooks")

    def owner(account):
        command = ["make", "owner", f"OWNER={account}"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    for wrong in ("", "two words", "a/b"):
        refused = owner(wrong)
        assert refused.returncode and f"Received: '{wrong}'" in refused.stderr
    for account in ("first-account", "2nd"):  # a second call replaces the first account
        assert owner(account).returncode == 0
        for path in (tmp_path / "README.md", *tmp_path.rglob("*.ipynb")):
            addresses = re.findall(r"([\w-]+)/one-shot-face-verification", path.read_text())
            assert set(addresses) == {account}, path
    assert not list(tmp_path.rglob("*.bak"))


@pytest.mark.long
def test_the_sweep_of_the_docs_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "experiments/sweeps/sample.yaml"]) == 0
