"""The report: notebooks executed by papermill, their HTML pages, a front page and a checklist."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import nbclient.exceptions
import nbformat
import papermill
import psutil
from filelock import FileLock, Timeout

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.notebook.pages import Page, checklist_page, front_page, notebook_page
from siamese_lib.notebook.publishing import strip_private
from siamese_lib.notebook.setup import headless
from siamese_lib.utils.files import write_text
from siamese_lib.utils.machine import project_path, project_root, user_path

TRAINING, SWEEP_NOTEBOOK = "02_training", "03_parameter_sweeps"
NOTEBOOKS = ("01_dataset_analysis", TRAINING, SWEEP_NOTEBOOK, "04_error_analysis")
NEEDS = {"04_error_analysis": TRAINING}  # whose runs it reads
OMNIGLOT_NOTEBOOK, OWN_NOTEBOOK = "05_omniglot", "06_own_pictures"
NOTEBOOKS_OF = {"omniglot": (OMNIGLOT_NOTEBOOK,)}  # datasets with notebooks of their own


def build_report(
    experiment: Path | str,
    data_root: Path | str = "",
    runs_dir: Path | str = "runs",
    output: Path | str = "",
    parameters: dict[str, Any] | None = None,
) -> Path:
    """Executes the notebooks and writes their copies, HTML pages, checklist and front page.

    Notebook 3 shows the committed sweeps of LFW-a. With the parameter `train_sweep` it trains the
    experiment's own; without a sweep in `sweeps/` beside the experiment it is then left out, with a
    printed line.

    Args:
        experiment: path of the experiment's YAML file.
        data_root: folder or archive of LFW-a; not needed for the sample.
        runs_dir: where run folders are, or are made.
        output: the report's folder, by default `report/DATASET` in the project. An earlier report
            in it is replaced only when the new one is complete.
        parameters: further values for the notebooks' parameters cells.

    Returns:
        The path of `index.html`.

    Raises:
        FileNotFoundError, ValueError: if the experiment or the data cannot be used, or another
            process is writing this report.
        RuntimeError: if a notebook fails, with its name, its error and its executed copy's path.
    """
    parameters = parameters or {}
    own = {"experiment", "data_root", "runs_dir"} & parameters.keys()
    if own or None in parameters.values():
        raise ValueError(
            "The report's experiment, data root and folder of runs have flags of their own, and a "
            "parameter has a value. Received: "
            f"{', '.join(f'{key}={value}' for key, value in parameters.items())}"
        )
    experiment = project_path(experiment).resolve()
    # As in the notebooks, 0 keeps the experiment's own value.
    overrides = {
        key: parameters[key] for key in ("num_epochs", "learning_rate") if parameters.get(key)
    }
    # These lines also check the input, before a notebook starts.
    configs = ExperimentConfig.side_by_side(experiment, overrides)
    dataset = load_dataset(configs[0], data_root)
    for config in configs:
        config.networks()
    output = user_path(output or project_root() / "report" / dataset.name).resolve()
    _check_output(output)
    values = {
        "experiment": str(experiment),
        "data_root": str(user_path(data_root).resolve()) if data_root else "",
        "runs_dir": str(user_path(runs_dir).resolve()),
        **parameters,
    }
    _check_known(values)
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(_hidden(output, "lock"), timeout=0):
            _write_pages(
                output, configs, dataset, values, _notebooks_for(experiment, configs[0], values)
            )
    except Timeout as error:
        raise ValueError(
            "Another process is writing this report; wait for it or give another --output. "
            f"Received: {output}"
        ) from error
    return output / "index.html"


def _check_output(output):
    """Refuses what is no report: the old content of the folder is removed in the end."""
    if output.exists() and not output.is_dir():
        raise ValueError(f"--output takes a folder, and this is a file. Received: {output}")
    pages = {"index", "checklist", *NOTEBOOKS, OMNIGLOT_NOTEBOOK, OWN_NOTEBOOK}
    files = sorted(output.iterdir()) if output.is_dir() else []
    if others := [path.name for path in files if path.stem not in pages or path.is_dir()]:
        raise ValueError(
            "A report replaces its folder, and this one holds other files; give a new folder. "
            f"Received: {output} with {', '.join(others[:5])}"
        )


def _write_pages(output, configs, dataset, values, names):
    private = (values["data_root"], values["runs_dir"], str(project_root()))
    work, old = _hidden(output, "work"), _hidden(output, "old")
    if old.exists() and not output.exists():  # an earlier process was killed between two renames
        old.rename(output)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    # The checklist needs the notebooks' headings only. It is written first, so that a missing
    # heading is reported before the minutes of execution.
    pages = [Page.of(nbformat.read(_source(name), as_version=4), name) for name in names]
    start = "../index.html" if output.parent == project_root() / "report" else ""
    write_text(work / "checklist.html", checklist_page(pages, start))
    # The copy of a notebook that fails stays until the next attempt.
    copies = {page.name: work / f"{page.name}.ipynb" for page in pages}
    _execute_all(copies, {name: _values_for(name, dataset, values) for name in copies})
    for page in pages:
        copy = copies[page.name]
        notebook = nbformat.read(copy, as_version=4)
        strip_private(notebook, dataset.faces_may_be_shown, private)
        nbformat.write(notebook, copy)
        write_text(work / f"{page.name}.html", notebook_page(notebook, page, pages, start))
    front = front_page(configs, dataset, Path(values["runs_dir"]), pages, start)
    write_text(work / "index.html", front)
    # The old report is removed only after the new one has its name.
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    work.rename(output)
    shutil.rmtree(old, ignore_errors=True)


def _execute_all(copies, values_of):
    """Executes notebooks, two at a time: outside of training one alone leaves a core idle.

    Args:
        copies: `{name: path of the executed copy}`.
        values_of: `{name: parameters}`.
    """
    started = {}

    def run(name):
        if needed := started.get(NEEDS.get(name, "")):
            needed.result()
        print(f"Executing {name} ...", flush=True)
        execute(name, copies[name], values_of[name])

    before = set(psutil.Process().children())
    # Here too: each of two executions would restore what the other one set.
    with headless(), ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        try:
            # Those that train come first, since they take the longest.
            for name in sorted(copies, key=lambda name: name not in (TRAINING, SWEEP_NOTEBOOK)):
                started[name] = pool.submit(run, name)
            for future in as_completed(started.values()):
                future.result()
        except BaseException:  # also when the user stops it: nothing goes on in the background
            for future in started.values():
                future.cancel()
            for kernel in set(psutil.Process().children()) - before:
                kernel.kill()
            raise


def _hidden(output, suffix):
    return output.with_name(f".{output.name}.{suffix}")


def _values_for(name, dataset, values):
    """The parameters of a notebook; the sample stands in for a folder of own pictures."""
    if name == OWN_NOTEBOOK and dataset.name != "folder":
        return values | {"experiment": str(project_root() / "experiments" / "own_pictures.yaml")}
    return values


def _notebooks_for(experiment, config, values):
    if config.dataset in NOTEBOOKS_OF:
        return NOTEBOOKS_OF[config.dataset]
    # Own pictures are shown to a network that takes aligned faces.
    shows_own = config.dataset == "sample" or (config.dataset == "folder" and config.align)
    notebooks = NOTEBOOKS + (OWN_NOTEBOOK,) * shows_own
    print(
        f"{OMNIGLOT_NOTEBOOK} is left out, since it needs other data; for its report give "
        "--experiment experiments/omniglot_compact.yaml"
    )
    if values.get("train_sweep"):
        try:
            Sweep.of_experiment(experiment)
        except FileNotFoundError as error:
            print(f"{SWEEP_NOTEBOOK} is left out: {error}")
            return [name for name in notebooks if name != SWEEP_NOTEBOOK]
    return notebooks


def _source(name):
    return project_root() / "notebooks" / f"{name}.ipynb"


def _check_known(values):
    sources = [str(_source(name)) for name in (*NOTEBOOKS, OMNIGLOT_NOTEBOOK, OWN_NOTEBOOK)]
    known = {key for source in sources for key in papermill.inspect_notebook(source)}
    if unknown := sorted(set(values) - known):
        raise ValueError(
            "No notebook has this parameter; the known ones are "
            f"{', '.join(sorted(known))}. Received: {', '.join(unknown)}"
        )


def execute(name: str, target: Path, values: dict[str, Any]) -> None:
    """Executes one of the project's notebooks with papermill.

    Args:
        name: the notebook's name without its suffix.
        target: where the executed copy is written.
        values: parameters; those that the notebook does not have are left out.

    Raises:
        RuntimeError: if a cell fails or the kernel dies, with notebook, error and the copy's path.
    """
    source = _source(name)
    known = papermill.inspect_notebook(str(source))
    try:
        # Only during execution: afterwards the user of this process may be asked questions again.
        with headless():
            papermill.execute_notebook(
                str(source),
                str(target),
                {key: value for key, value in values.items() if key in known},
                # Not papermill's cwd: it would be that of all notebooks and of this process.
                resources={"metadata": {"path": str(source.parent)}},
                kernel_name="python3",
                progress_bar=True,
            )
    except papermill.exceptions.PapermillExecutionError as error:
        raise RuntimeError(
            f"The notebook {name} failed: {error.ename}: {error.evalue} "
            f"Its executed copy is {target}."
        ) from error
    except nbclient.exceptions.DeadKernelError as error:
        raise RuntimeError(
            f"The notebook {name} failed: its Python process was ended from outside, most likely "
            "because memory ran out; end other programs, or choose a smaller batch_size. "
            f"{_last_started(target)} Its executed copy is {target}."
        ) from error


def _last_started(target):
    """Which cell of an executed copy was the last to start; papermill calls all completed."""
    cells = nbformat.read(target, as_version=4).cells
    has_started = [bool(cell.metadata.get("papermill", {}).get("start_time")) for cell in cells]
    return f"Cell {sum(has_started)} of {len(cells)} was running."
