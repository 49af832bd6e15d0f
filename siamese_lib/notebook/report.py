"""The report: the notebooks executed in order with papermill, as HTML pages with a front page and a checklist."""

import base64
import io
import shutil
from pathlib import Path

from filelock import FileLock, Timeout
from PIL import Image

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.notebook.pages import Page, checklist_page, front_page, notebook_page
from siamese_lib.notebook.setup import headless
from siamese_lib.utils.files import write_text
from siamese_lib.utils.machine import project_path, project_root

SWEEP_NOTEBOOK = "03_parameter_sweeps"
NUM_COLOURS = 96  # of a published image; with it the longest notebook stays under two megabytes
NOTEBOOKS = ("01_dataset_analysis", "02_training", SWEEP_NOTEBOOK, "04_error_analysis")
OMNIGLOT_NOTEBOOK = "05_omniglot"
NOTEBOOKS_OF = {"omniglot": (OMNIGLOT_NOTEBOOK,)}  # of other data than faces
HIDDEN_FACES = (
    "The figure shows faces of LFW, which may not be published; run the notebook to see it."
)


def build_report(experiment, data_root="", runs_dir="runs", output="", parameters=None):
    """Executes the notebooks and writes their copies, HTML pages, `checklist.html` and `index.html`.

    Args:
        experiment: path of the experiment's YAML file.
        data_root: folder or archive of LFW-a; not needed for the sample.
        runs_dir: where run folders are, or are made.
        output: the report's folder; by default `report/DATASET` in the project. It is replaced when all went well.
        parameters: further values for the notebooks' parameters cells.

    An experiment without a sweep in `sweeps/` beside it gets no notebook 3, and a line says so.

    Returns:
        The path of `index.html`.

    Raises:
        FileNotFoundError, ValueError: if the experiment or the data cannot be used, or another process writes this report.
        RuntimeError: if a notebook fails, with its name, its error and where its executed copy lies.
    """
    experiment = project_path(experiment).resolve()
    # What is wrong with the input is said here, before a notebook starts.
    configs = ExperimentConfig.side_by_side(experiment, _overrides(parameters or {}))
    dataset = load_dataset(configs[0].dataset, data_root)
    runs_dir = Path(runs_dir).expanduser().resolve()
    output = Path(output or project_root() / "report" / dataset.name).expanduser().resolve()
    data_root = str(Path(data_root).expanduser().resolve()) if data_root else ""
    values = {"experiment": str(experiment), "data_root": data_root, "runs_dir": str(runs_dir)} | (
        parameters or {}
    )
    _check_known(values)
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(_beside(output, "lock"), timeout=0):
            _write_pages(output, configs, dataset, values, _notebooks_for(experiment, dataset.name))
    except Timeout as error:
        raise ValueError(
            f"Another process is writing this report; wait for it or give another --output. Received: {output}"
        ) from error
    return output / "index.html"


def _write_pages(output, configs, dataset, values, names):
    import nbformat

    work, old = _beside(output, "work"), _beside(output, "old")
    if old.exists() and not output.exists():  # a process was killed while it exchanged the two
        old.rename(output)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    # What the pages link to stands in the sources: a heading that the checklist misses is said before minutes are spent.
    pages = [Page.of(nbformat.read(_source(name), as_version=4), name) for name in names]
    write_text(work / "checklist.html", checklist_page(pages))
    for page in pages:
        # Should a notebook fail, its copy stays there for a look; the next attempt removes it.
        notebook = _execute_cleaned(page.name, work, values, dataset.faces_may_be_shown)
        write_text(work / f"{page.name}.html", notebook_page(notebook, page, pages))
    write_text(work / "index.html", front_page(configs, dataset, Path(values["runs_dir"]), pages))
    # The old report is removed only after the new one is in its place.
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    work.rename(output)
    shutil.rmtree(old, ignore_errors=True)


def _beside(output, suffix):
    return output.with_name(f".{output.name}.{suffix}")


def _overrides(parameters):
    """The parameters that override the experiment, as the notebooks read them: 0 leaves the experiment's own value."""
    return {key: parameters[key] for key in ("num_epochs", "learning_rate") if parameters.get(key)}


def _notebooks_for(experiment, dataset_name):
    if dataset_name in NOTEBOOKS_OF:
        return NOTEBOOKS_OF[dataset_name]
    print(
        f"{OMNIGLOT_NOTEBOOK} is left out: its data are others; its own report is that of --experiment experiments/omniglot_compact.yaml"
    )
    try:
        Sweep.of_experiment(experiment)
    except FileNotFoundError as error:
        print(f"{SWEEP_NOTEBOOK} is left out: {error}")
        return [name for name in NOTEBOOKS if name != SWEEP_NOTEBOOK]
    return NOTEBOOKS


def _source(name):
    return project_root() / "notebooks" / f"{name}.ipynb"


def _check_known(values):
    import papermill

    known = {
        key
        for name in (*NOTEBOOKS, OMNIGLOT_NOTEBOOK)
        for key in papermill.inspect_notebook(str(_source(name)))
    }
    if unknown := sorted(set(values) - known):
        raise ValueError(
            f"No notebook has this parameter; the known ones are {', '.join(sorted(known))}. Received: {', '.join(unknown)}"
        )


def execute(name, target, values):
    """Executes one of the project's notebooks with papermill.

    Args:
        name: the notebook's name without its suffix.
        target: where the executed copy is written.
        values: parameters; those that the notebook does not know are left out.

    Raises:
        RuntimeError: if a cell fails, with the notebook, the error and where the copy lies.
    """
    import papermill

    source = _source(name)
    known = papermill.inspect_notebook(str(source))
    wanted = {key: value for key, value in values.items() if key in known}
    try:
        # Only while it runs: afterwards the user of this very kernel may be asked again.
        with headless():
            papermill.execute_notebook(
                str(source),
                str(target),
                wanted,
                cwd=str(source.parent),
                kernel_name="python3",
                progress_bar=True,
            )
    except papermill.exceptions.PapermillExecutionError as error:
        raise RuntimeError(
            f"The notebook {name} failed: {error.ename}: {error.evalue} Its executed copy is {target}."
        ) from error


def _execute_cleaned(name, work, values, faces_may_be_shown):
    """Executes one notebook; its cleaned copy lies in `work` and is returned."""
    import nbformat

    target = work / f"{name}.ipynb"
    print(f"Executing {name} ...", flush=True)
    execute(name, target, values)
    notebook = nbformat.read(target, as_version=4)
    cleaned(
        notebook,
        faces_may_be_shown,
        private=(values["data_root"], values["runs_dir"], str(project_root())),
    )
    nbformat.write(notebook, target)
    return notebook


def cleaned(notebook, faces_may_be_shown, private):
    """Takes out of an executed notebook what must not be published, in place.

    That is: the output of cells tagged `faces`, if these may not be shown; widget states, which no reader of a file can use;
    papermill's notes; and the paths of this machine, which are cut to what a reader can follow.

    Args:
        notebook: a notebook of nbformat.
        faces_may_be_shown: whether images of the dataset's faces may be published.
        private: paths to be cut; the empty ones are passed over.
    """
    import nbformat

    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        if "faces" in cell.metadata.get("tags", []) and not faces_may_be_shown:
            cell.outputs = [
                nbformat.v4.new_output("stream", name="stdout", text=HIDDEN_FACES + "\n")
            ]
        cell.outputs = [
            output
            for output in cell.outputs
            if "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
        ]
        cell.outputs = _joined(cell.outputs)
        for output in cell.outputs:
            if image := output.get("data", {}).get("image/png"):
                output.data["image/png"] = quantize_png(image)
        cell.source = _without_paths(cell.source, private)
        cell.outputs = nbformat.from_dict(_without_paths(cell.outputs, private))


def quantize_png(encoded):
    """A PNG with at most `NUM_COLOURS` colours, which these figures hardly miss: galleries of faces take a third of the space.

    Args:
        encoded: base64, as a notebook stores it.

    Returns:
        The same encoded, base64.
    """
    content = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        image.convert("RGB").quantize(NUM_COLOURS, dither=Image.Dither.NONE).save(
            content, format="png", optimize=True
        )
    return base64.b64encode(content.getvalue()).decode("ascii")


def _joined(outputs):
    """The outputs with texts that follow each other on one stream made one text: a line an epoch, not a box an epoch."""
    joined = []
    for output in outputs:
        if (
            joined
            and output.output_type == "stream" == joined[-1].output_type
            and output.name == joined[-1].name
        ):
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _without_paths(content, private):
    """A text, or all texts in a list or dict, with each path cut to what a reader can follow: seen from the project, or its last name."""
    if isinstance(content, dict):
        return {key: _without_paths(value, private) for key, value in content.items()}
    if isinstance(content, list):
        return [_without_paths(value, private) for value in content]
    if not isinstance(content, str):
        return content
    root, text = project_root(), content
    for path in sorted(filter(None, private), key=len, reverse=True):
        inside = Path(path).is_relative_to(root)
        shown = Path(path).relative_to(root).as_posix() if inside else Path(path).name
        text = text.replace(f"{path}/", "" if shown == "." else f"{shown}/").replace(path, shown)
    return text
