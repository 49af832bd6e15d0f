"""?"""

import importlib.metadata
import os
import platform
from contextlib import contextmanager
from pathlib import Path

from siamese_lib.data import load
from siamese_lib.data.drive import local_copy
from siamese_lib.utils import machine
from siamese_lib.utils.machine import DRIVE, drive_is_mounted, in_colab


def start_notebook(mount=False):
    """What every notebook begins with: Drive if it is asked for, and one line of versions."""
    if mount:
        mount_drive()
    names = ("tensorflow", "keras", "numpy")
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    print(f"Python {platform.python_version()}, {packages}, {os.cpu_count()} CPU cores")


def mount_drive():
    """Mounts Google Drive on Colab, if it is not mounted yet and if there is someone to give permission.

    Returns:
        Whether Drive is there.

    Raises:
        FileNotFoundError: if Colab was asked and did not mount it: whoever asks for Drive would lose without it what they keep there.
    """
    if drive_is_mounted():
        print(f"Google Drive is mounted: {DRIVE}")
        return True
    if not in_colab() or not is_interactive():
        print(
            "Google Drive is not mounted, since this is no Colab session that someone looks at: it goes on without Drive."
        )
        return False
    # Found only on Colab. It asks the page for permission before it looks whether Drive is mounted, and waits two minutes.
    from google.colab import drive

    print("Google Drive: Colab asks for permission in a window of its own ...", flush=True)
    try:
        drive.mount(str(DRIVE.parent))
    except Exception as error:  # a selective_accuracy, an answer that does not come and a failed mount have no class in common
        raise FileNotFoundError(
            "Google Drive was not mounted; run this cell again, or go on without Drive (mount_drive = False). "
            f"Received: {type(error).__name__}: {error}"
        ) from error
    return drive_is_mounted()


def is_interactive():
    """Whether a person can answer a question: in a notebook on a screen; not where papermill, nbclient or nbval executes it."""
    from IPython import get_ipython

    # With each cell the kernel is told whether the other side takes questions. Colab's page does: input() works there.
    takes_questions = getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False)
    return takes_questions and not os.environ.get("SIAMESE_HEADLESS")


@contextmanager
def headless():
    """Tells the processes that are started inside, by SIAMESE_HEADLESS, that nobody is there to answer a question."""
    before = os.environ.get("SIAMESE_HEADLESS")
    os.environ["SIAMESE_HEADLESS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SIAMESE_HEADLESS"]
        else:
            os.environ["SIAMESE_HEADLESS"] = before


GITHUB = "https://github.com/"
COLAB = "https://colab.research.google.com"


def missing_requirements(file):
    """The lines of a requirements file that this Python does not meet, without their comments."""
    from packaging.requirements import Requirement

    lines = [
        line.partition("#")[0].strip()
        for line in Path(file).read_text(encoding="utf-8").splitlines()
    ]
    return [line for line in lines if line and not _is_met(Requirement(line))]


def _is_met(requirement):
    try:
        return requirement.specifier.contains(
            importlib.metadata.version(requirement.name), prereleases=True
        )
    except importlib.metadata.PackageNotFoundError:
        return False


def find_lfwa():
    """Finds LFW-a in the usual places, brings it to the local disk if it lies on Drive, and says what was done.

    Returns:
        Its folder or archive, as the notebooks and the command line take it for `data_root`; "" if there is none.
    """
    candidates = load.lfwa_candidates()
    if not candidates:
        print(
            "LFW-a was not found, neither as a folder nor as an archive: lfwa in the project; on Kaggle a data set with lfw in its name;"
        )
        print(f"{', '.join(load.DRIVE_FOLDERS)} on Drive. The notebooks use the sample faces.")
        return ""
    place = local_copy(candidates[0], verbose=True)
    print(
        f"LFW-a: {candidates[0]}, {'read in place' if place == candidates[0] else f'read from {place}'}"
    )
    return str(candidates[0])


def persistent_folder(name):
    """Where results outlive the session: `siamese/NAME` on Drive if it is mounted, else `NAME` in the project."""
    return (
        machine.DRIVE / "siamese" / name
        if machine.drive_is_mounted()
        else machine.project_root() / name
    )


def notebook_links(repository):
    """Links to the project's notebooks, as a list in Markdown: to Colab if this is Colab, else to the files, seen from here.

    Args:
        repository: the address of the project on GitHub. Of another place Colab cannot open notebooks, and gets the files.
    """
    on_colab = machine.in_colab() and repository.startswith(GITHUB)
    lines = []
    for notebook in sorted((machine.project_root() / "notebooks").glob("[0-9]*.ipynb")):
        title = notebook.stem.replace("_", " ")
        if on_colab:
            address = f"{COLAB}/github/{repository.removeprefix(GITHUB).removesuffix('.git')}/blob/main/notebooks/{notebook.name}"
            lines.append(f"- {title} [![Open In Colab]({COLAB}/assets/colab-badge.svg)]({address})")
        else:
            lines.append(f"- [{title}]({Path(os.path.relpath(notebook)).as_posix()})")
    return "\n".join(lines)
