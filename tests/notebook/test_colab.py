"""The notebooks on a fresh machine: stand-ins replace Colab, Drive, Kaggle, GitHub and pip.

Nobody is there to answer questions: a notebook that asks one would wait for an hour.
"""

import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import papermill
import pytest
from jupyter_client.manager import start_new_kernel
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "colab_setup.ipynb"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STAND_INS = {
    "google/colab/__init__.py": "",
    # Colab's own waits two minutes for an answer.
    "google/colab/drive.py": """
import time
def mount(mountpoint, force_remount=False, timeout_ms=120000, readonly=False):
    print("drive.mount was called")
    time.sleep(3600)
""",
    "pip/__init__.py": "",
    "pip/__main__.py": "import sys; print('pip was called:', *sys.argv[1:])",
}
# In place of the report, which takes minutes and has its own tests.
STAND_IN_REPORT = """
def build_report(*arguments):
    print("build_report was called:", *arguments)
    return "index.html"
"""
# Removes the project of these tests from a kernel, as if it were not installed.
WITHOUT_PROJECT = f"""
import sys
from pathlib import Path
sys.meta_path[:] = [
    finder for finder in sys.meta_path if "editable" not in getattr(finder, "__module__", "")
]
sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path({str(ROOT)!r})]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the files that the notebooks need, without the faces that the project may hold."""
    folder = tmp_path_factory.mktemp("clones") / "project"
    for name in ("siamese_lib", "experiments", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", folder)
    (folder / "siamese_lib" / "notebook" / "report.py").write_text(STAND_IN_REPORT)
    return folder


@pytest.fixture
def colab(tmp_path, monkeypatch, empty_cache):
    """A Colab machine without mounted Drive and without a user; returns a folder for its files."""
    for name, content in STAND_INS.items():
        path = tmp_path / "stand_ins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stand_ins"))
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    monkeypatch.setenv("SIAMESE_DRIVE", str(tmp_path / "drive" / "MyDrive"))
    monkeypatch.setenv("SIAMESE_KAGGLE_INPUT", str(tmp_path / "kaggle"))
    # The kernel alone must show that no user is there, not this variable, which the report sets.
    monkeypatch.delenv("SIAMESE_HEADLESS", raising=False)
    return tmp_path


@pytest.fixture
def repository(project, colab, monkeypatch):
    """A git repository of the project's copy."""
    # In a git hook, these variables would point git to the repository of the hook.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    folder = Path(shutil.copytree(project, colab / "repository"))
    for command in (
        "init --quiet",
        "add .",
        "-c user.name=test -c user.email=test@example.org commit --quiet -m all",
    ):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    return folder


def execute(folder, notebook=NOTEBOOK, **parameters):
    """Executes a notebook in `folder` and returns its output as one text."""
    executed = papermill.execute_notebook(
        str(notebook),
        None,
        parameters,
        cwd=str(folder),
        kernel_name="python3",
        progress_bar=False,
        execution_timeout=60,
    )
    outputs = [
        output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/markdown", "") for output in outputs
    )


def files_and_times(folder):
    """Every file below a folder and the time of its last change."""
    return {
        path: path.stat().st_ctime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.notebook
@pytest.mark.parametrize("form", ["folder", "archive"])
def test_lfwa_on_drive_is_copied_once_and_results_are_kept_there(
    form, project, colab, lfw_folder, empty_cache
):
    datasets = colab / "drive" / "MyDrive" / "datasets"
    if form == "folder":
        shutil.copytree(lfw_folder, datasets / "lfw2")
    else:
        shutil.make_archive(str(datasets / "lfw2"), "zip", lfw_folder)
    first = execute(project, mount_drive=True)
    assert "drive.mount was called" not in first and "Google Drive is mounted" in first
    assert ("put one archive lfw2.zip" in first) == (form == "folder")
    assert f"read from {empty_cache}" in first and "Nothing to copy" not in first
    assert (
        "people to train on        10" in first
        and 'experiment: str = "experiments/lfwa_quick.yaml"' in first
    )
    assert f"runs: {colab / 'drive' / 'MyDrive' / 'siamese' / 'runs'}" in first
    copied = files_and_times(empty_cache / "drive")
    assert len(copied) == (len([*lfw_folder.rglob("*.*")]) if form == "folder" else 1)

    second = execute(project, mount_drive=True)
    assert "Nothing to copy" in second and "Copying" not in second
    assert files_and_times(empty_cache / "drive") == copied


@pytest.mark.notebook
def test_without_drive_and_faces_no_question_is_asked_and_the_sample_is_prepared(
    project, colab, empty_cache
):
    shown = execute(project, mount_drive=True, repository="https://github.com/someone/faces.git")
    assert "drive.mount was called" not in shown and "Google Drive is not mounted" in shown
    assert f"pip was called: install --quiet -r {project / 'requirements.txt'}" in shown
    assert "LFW-a was not found" in shown and "images in the cache       400" in shown
    assert (
        f"runs: {project / 'runs'}" in shown and f"report: {project / 'report' / 'sample'}" in shown
    )
    assert "/github/someone/faces/blob/main/notebooks/01_dataset_analysis.ipynb" in shown
    assert not (empty_cache / "drive").exists()


@pytest.mark.notebook
def test_lfwa_on_kaggle_is_read_in_place(project, colab, monkeypatch, lfw_folder, empty_cache):
    monkeypatch.delenv("COLAB_RELEASE_TAG")
    shutil.copytree(lfw_folder, colab / "kaggle" / "lfwa-aligned")
    shown = execute(project)
    assert f"LFW-a: {colab / 'kaggle' / 'lfwa-aligned'}, read in place" in shown
    assert "(notebooks/01_dataset_analysis.ipynb)" in shown
    assert not (empty_cache / "drive").exists()


@pytest.mark.notebook
def test_a_fresh_machine_clones_installs_and_executes(repository, colab):
    machine = colab / "machine"
    (machine / "project.part").mkdir(parents=True)  # of an interrupted clone
    parameters = {"repository": f"file://{repository}", "execute_notebooks": True}

    # The kernel may send a line in two pieces.
    first = " ".join(execute(machine, **parameters).split())
    assert f"The project: {machine / 'project'}, cloned just now" in first
    assert f"pip was called: install --quiet -r {machine / 'project' / 'requirements.txt'}" in first
    runs, report = (machine / "project" / name for name in ("runs", "report"))
    assert f"build_report was called: experiments/sample.yaml {runs} {report / 'sample'}" in first
    assert [path.name for path in machine.iterdir()] == ["project"]

    assert "which was here already" in execute(machine, **parameters)


@pytest.mark.notebook
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_alone_fetches_the_project(notebook, repository, colab, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{repository}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", address_of_repository())
    source = nbformat.read(notebook, as_version=4)
    cells = [cell for cell in source.cells if cell.cell_type == "code"][:3]
    assert "parameters" in cells[0].metadata.tags and "siamese_lib" in cells[2].source
    source.cells = [
        new_code_cell(WITHOUT_PROJECT),
        *cells,
        new_code_cell("print('imported from', sl.__file__)"),
    ]
    machine = colab / "machine"
    machine.mkdir()
    nbformat.write(source, colab / "alone.ipynb")

    shown = execute(machine, colab / "alone.ipynb")
    # The kernel may send the line in two pieces.
    words = " ".join(shown.split())
    assert "pip was called: install --quiet -r project/requirements.txt" in words
    assert f"imported from {machine / 'project' / 'siamese_lib' / '__init__.py'}" in shown
    assert "CPU cores" in shown  # of the line that the notebook's setup prints


@pytest.mark.parametrize("answers", [True, False])
def test_a_kernel_shows_whether_a_user_can_answer(answers, monkeypatch):
    monkeypatch.delenv("SIAMESE_HEADLESS", raising=False)
    manager, client = start_new_kernel(kernel_name="python3")
    shown = []
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from siamese_lib.notebook import setup\n"
        "print(setup.is_interactive())"
    )
    try:
        client.execute_interactive(
            code,
            allow_stdin=answers,
            output_hook=lambda message: shown.append(message["content"].get("text", "")),
            timeout=30,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "".join(shown).strip() == str(answers)


def address_of_repository():
    return papermill.inspect_notebook(str(NOTEBOOK))["repository"]["default"].strip('"')


def test_all_notebooks_name_the_same_repository():
    address = address_of_repository()
    project = address.removeprefix("https://github.com/")
    badge = f"https://colab.research.google.com/github/{project}/blob/main"
    assert f"({badge}/colab_setup.ipynb)" in NOTEBOOK.read_text(encoding="utf-8")
    for notebook in NOTEBOOKS:
        text = notebook.read_text(encoding="utf-8")
        assert f"git clone --quiet --depth 1 {address} project" in text
        assert f"({badge}/notebooks/{notebook.name})" in text
