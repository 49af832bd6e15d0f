"""What a notebook does first, at home, on Colab or Kaggle: Drive, LFW-a, result folders, links."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from siamese_lib.data import drive, load
from siamese_lib.notebook.display import show_plainly
from siamese_lib.utils import machine

GITHUB = "https://github.com/"
COLAB = "https://colab.research.google.com"


def start_notebook(mount: bool = False) -> None:
    """Mounts Google Drive if `mount` is set, prints one line of versions, sets how tables look."""
    show_plainly()
    if mount:
        mount_drive()
    names = ("tensorflow", "keras", "numpy")
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    print(f"Python {platform.python_version()}, {packages}, {os.cpu_count()} CPU cores")


def mount_drive() -> bool:
    """Mounts Google Drive on Colab, unless it is mounted already or nobody can give permission.

    Returns:
        Whether Drive is mounted.

    Raises:
        FileNotFoundError: if Colab was asked for Drive and did not mount it. A notebook that went
            on without Drive would lose the results that the user meant to keep there.
    """
    if machine.drive_is_mounted():
        print(f"Google Drive is mounted: {machine.DRIVE}")
        return True
    if not machine.in_colab() or not is_interactive():
        print(
            "Google Drive is not mounted: this is not Colab, or no user is present to give "
            "permission. The notebook continues without Drive."
        )
        return False
    # This module exists only on Colab. Its `mount` asks the user for permission before it checks
    # whether Drive is mounted, and waits two minutes for an answer.
    from google.colab import drive as colab_drive

    print("Google Drive: Colab asks for permission in a separate window ...", flush=True)
    try:
        colab_drive.mount(str(machine.DRIVE.parent))
    except Exception as error:  # denied permission, a timeout and a failed mount share no class
        raise FileNotFoundError(
            "Google Drive was not mounted; run this cell again, or continue without Drive "
            f"(mount_drive = False). Received: {type(error).__name__}: {error}"
        ) from error
    return machine.drive_is_mounted()


def is_interactive() -> bool:
    """Whether a user can answer a question: in a notebook on a screen, not under papermill."""
    from IPython import get_ipython

    # Each request to execute a cell tells the kernel whether the client accepts questions
    # (`allow_stdin`). Colab's page does; papermill, nbclient and nbval do not.
    accepts_questions = getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False)
    return accepts_questions and not os.environ.get("SIAMESE_HEADLESS")


@contextmanager
def headless() -> Iterator[None]:
    """Sets SIAMESE_HEADLESS: processes started in this block ask the user no questions."""
    before = os.environ.get("SIAMESE_HEADLESS")
    os.environ["SIAMESE_HEADLESS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SIAMESE_HEADLESS"]
        else:
            os.environ["SIAMESE_HEADLESS"] = before


def find_lfwa() -> str:
    """Finds LFW-a in the usual folders, copies it from Drive to the local disk, and prints both.

    Returns:
        Its folder or archive, a `data_root` for notebooks and the command line; "" if there is
        none.
    """
    candidates = load.lfwa_candidates()
    if not candidates:
        print(
            "LFW-a was not found, neither as a folder nor as an archive: lfwa in the project; "
            "on Kaggle a data set with lfw in its name;"
        )
        print(f"{', '.join(load.DRIVE_FOLDERS)} on Drive. The notebooks use the sample faces.")
        return ""
    found = candidates[0]
    copy = drive.local_copy(found, verbose=True)
    print(f"LFW-a: {found}, {'read in place' if copy == found else f'read from {copy}'}")
    return str(found)


def persistent_folder(name: str) -> Path:
    """A folder that outlives the session: `siamese/NAME` on mounted Drive, else in the project."""
    if machine.drive_is_mounted():
        return machine.DRIVE / "siamese" / name
    return machine.project_root() / name


def notebook_links(repository: str) -> str:
    """A Markdown list of links to the project's notebooks: to Colab on Colab, else to the files.

    Args:
        repository: the project's address on GitHub. Colab opens notebooks from GitHub only; for
            any other address the links lead to the files.
    """
    on_colab = machine.in_colab() and repository.startswith(GITHUB)
    project = repository.removeprefix(GITHUB).removesuffix(".git")
    badge = f"[![Open In Colab]({COLAB}/assets/colab-badge.svg)]"
    lines = []
    for path in sorted((machine.project_root() / "notebooks").glob("[0-9]*.ipynb")):
        title = path.stem.replace("_", " ")
        if on_colab:
            address = f"{COLAB}/github/{project}/blob/main/notebooks/{path.name}"
            lines.append(f"- {title} {badge}({address})")
        else:
            lines.append(f"- [{title}]({Path(os.path.relpath(path)).as_posix()})")
    return "\n".join(lines)
