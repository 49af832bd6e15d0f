"""The Colab entrance, executed as nobody would sit in front of it, on stand-ins for Colab, Drive, Kaggle, GitHub and pip."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "colab_setup.ipynb"
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
# Executing the notebooks takes minutes and has tests of its own.
STAND_IN_REPORT = "def build_report(*arguments):\n    print('build_report was called:', *arguments)\n    return 'index.html'\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of what the entrance needs of the project, without any faces that lie in the real one."""
    folder = tmp_path_factory.mktemp("clones") / "project"
    for name in ("siamese_lib", "experiments", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", folder)
    (folder / "siamese_lib" / "report.py").write_text(STAND_IN_REPORT)
    return folder


@pytest.fixture
def colab(tmp_path, monkeypatch, empty_cache):
    """A Colab machine whose Drive is not mounted and whose user is away; the folder that is returned has room for its parts."""
    for name, content in STAND_INS.items():
        path = tmp_path / "stand_ins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stand_ins"))
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    monkeypatch.setenv("SIAMESE_DRIVE", str(tmp_path / "drive" / "MyDrive"))
    monkeypatch.setenv("SIAMESE_KAGGLE_INPUT", str(tmp_path / "kaggle"))
    # Not by this variable, which the report sets, but by the kernel alone it must be seen that nobody is there.
    monkeypatch.delenv("SIAMESE_HEADLESS", raising=False)
    return tmp_path


def execute(folder, **parameters):
    """Executes the entrance with `folder` as the current one; returns all that it shows, as one text."""
    import papermill

    executed = papermill.execute_notebook(
        str(NOTEBOOK),
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
    """Every file below a folder and when it was written; reading leaves this as it is."""
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
def test_without_drive_and_faces_nobody_is_asked_and_the_sample_is_prepared(
    project, colab, empty_cache
):
    shown = execute(project, mount_drive=True, repository="https://github.com/someone/faces.git")
    assert "drive.mount was called" not in shown and "Google Drive is not mounted" in shown
    assert "Missing packages: none" in shown and "pip was called" not in shown
    assert "LFW-a was not found" in shown and "images in the cache     400" in shown
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
def test_a_fresh_machine_clones_installs_and_executes(project, colab):
    repository, machine = colab / "repository", colab / "machine"
    shutil.copytree(project, repository)
    with open(repository / "requirements.txt", "a") as requirements:
        requirements.write("no-such-package-anywhere>=1  # nobody needs it\n")
    # Started from a git hook, git would otherwise work on the repository of the hook.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for command in (
        "init --quiet",
        "add .",
        "-c user.name=test -c user.email=test@example.org commit --quiet -m all",
    ):
        subprocess.run(["git", *command.split()], cwd=repository, env=environment, check=True)
    (machine / "project.part").mkdir(parents=True)  # what a clone that was cut short left
    parameters = {"repository": f"file://{repository}", "execute_notebooks": True}

    first = execute(machine, **parameters)
    assert f"The project: {machine / 'project'}, cloned just now" in first
    assert f"pip was called: install --quiet -r {machine / 'project' / 'requirements.txt'}" in first
    runs, report = (machine / "project" / name for name in ("runs", "report"))
    assert f"build_report was called: experiments/sample.yaml  {runs} {report / 'sample'}" in first
    assert [path.name for path in machine.iterdir()] == ["project"]

    assert "which was here already" in execute(machine, **parameters)


@pytest.mark.parametrize("answers", [True, False])
def test_a_kernel_knows_whether_someone_is_there_to_answer(answers, monkeypatch):
    monkeypatch.delenv("SIAMESE_HEADLESS", raising=False)
    manager, client = start_new_kernel(kernel_name="python3")
    shown = []
    try:
        client.execute_interactive(
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom siamese_lib import environment\nprint(environment.is_interactive())",
            allow_stdin=answers,
            output_hook=lambda message: shown.append(message["content"].get("text", "")),
            timeout=30,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "".join(shown).strip() == str(answers)


def test_all_notebooks_name_the_same_repository():
    import papermill

    address = papermill.inspect_notebook(str(NOTEBOOK))["repository"]["default"].strip('"')
    badge = f"https://colab.research.google.com/github/{address.removeprefix('https://github.com/')}/blob/main"
    assert f"({badge}/colab_setup.ipynb)" in NOTEBOOK.read_text(encoding="utf-8")
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        text = notebook.read_text(encoding="utf-8")
        assert f"git clone --quiet --depth 1 {address} project" in text
        assert f"({badge}/notebooks/{notebook.name})" in text
