"""The notebooks: short, without outputs, executable on a small drawn LFW, reproducible."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from links import broken_links

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.sample import sample_as_folder
from siamese_lib.notebook import report
from siamese_lib.notebook.pages import IMAGE_TYPES
from siamese_lib.training.ensemble import combine_runs
from siamese_lib.training.fit import train
from siamese_lib.training.run import Run

PROJECT = Path(__file__).parents[2]
SOURCES = [*sorted((PROJECT / "notebooks").glob("*.ipynb")), PROJECT / "colab_setup.ipynb"]
COMPACT = {
    "dataset": "lfwa",
    "crop": [40, 210, 50, 200],
    "image_size": [40, 36],
    "embedding_size": 16,
    "base_filters": 16,
    "batch_size": 12,
    "num_epochs": 2,
}
KOCH = {
    "dataset": "lfwa",
    "encoder": "koch",
    "image_size": [88, 88],
    "embedding_size": 64,
    "learning_rate": 0.00005,
    "num_epochs": 1,
}
SWEEP = {
    "base": "../tiny.yaml",
    "overrides": {"num_epochs": 1},
    "axes": {"learning_rate": [0.001, 0.003], "batch_size": [12, 24]},
    "seeds": [0],
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory, lfw_folder):
    """A report from tiny experiments: the front page, and a folder with the unstripped copies."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "sweeps").mkdir()
    for name, values in {
        "tiny": COMPACT | {"compare_with": "tiny_reference"},
        "tiny_reference": KOCH | {"compare_with": "tiny"},
        "sweeps/tiny": SWEEP,
    }.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
    kept = folder / "kept"
    kept.mkdir()
    execute = report.execute

    def execute_and_keep(name, target, values):
        execute(name, target, values)
        (kept / f"{name}.ipynb").write_bytes(target.read_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "execute", execute_and_keep)
        page = report.build_report(
            folder / "tiny.yaml",
            lfw_folder,
            folder / "runs",
            folder / "report",
            {"num_split_seeds": 3, "num_shown": 2, "train_sweep": True},
        )
    return page, kept


@pytest.mark.notebook
def test_the_report_has_every_page_and_the_headline_numbers(executed):
    page, _ = executed
    html = page.read_text(encoding="utf-8")
    for name in report.NOTEBOOKS:
        assert (page.parent / f"{name}.ipynb").is_file() and f'href="{name}.html"' in html
        assert (page.parent / f"{name}.html").stat().st_size > 10_000
    run = Run.existing(page.parent.parent / "runs" / "tiny" / "seed_0")
    assert f"{100 * run.metrics['test']['accuracy']:.1f} %" in html


@pytest.mark.notebook
def test_the_report_shows_no_faces_of_lfw_and_no_path_of_this_machine(executed):
    page, _ = executed
    for name in report.NOTEBOOKS:
        notebook = nbformat.read(page.parent / f"{name}.ipynb", as_version=4)
        for cell in notebook.cells:
            if "faces" in cell.metadata.get("tags", []):
                assert all(
                    set(IMAGE_TYPES).isdisjoint(output.get("data", {})) for output in cell.outputs
                )
        html = (page.parent / f"{name}.html").read_text(encoding="utf-8")
        assert str(page.parent.parent / "runs") not in html and str(PROJECT) not in html


@pytest.mark.notebook
def test_every_link_of_the_report_has_a_target_and_every_figure_a_description(executed):
    page, _ = executed
    assert broken_links(page.parent) == []
    for name in report.NOTEBOOKS:
        text = BeautifulSoup(
            (page.parent / f"{name}.html").read_text(encoding="utf-8"), "html.parser"
        )
        figures = text.select("figure")
        assert figures and len(figures) == len(text.select("img"))
        for number, figure in enumerate(figures, start=1):
            caption = figure.figcaption.get_text()
            assert caption.startswith(f"Figure {int(name[:2])}.{number}. ")
            assert len(figure.img["alt"]) > len(caption.split(". ", 1)[1])


@pytest.mark.notebook
def test_a_second_execution_gives_the_same_outputs(executed):
    _, kept = executed
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "-q",
        "-p",
        "no:cacheprovider",
        "--nbval-kernel-name",
        "python3",
    ]
    command += [
        "--nbval-sanitize-with",
        str(PROJECT / "tests" / "nbval_sanitize.cfg"),
        "--rootdir",
        str(kept),
        "-c",
        "/dev/null",
        str(kept),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=kept)
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", answer.stdout)[1]) > 50


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_is_short_and_without_outputs(source):
    notebook = nbformat.read(source, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3" and "widgets" not in notebook.metadata
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    lengths = [len([line for line in cell.source.splitlines() if line.strip()]) for cell in code]
    assert sorted(lengths)[len(lengths) // 2] <= 6 and max(lengths) <= 12
    for cell in code:
        for block in re.findall(r"^def .*?(?=^\S|\Z)", cell.source, re.MULTILINE | re.DOTALL):
            assert len(block.strip().splitlines()) <= 5


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_has_a_colab_badge_its_duration_and_parameters(source):
    notebook = nbformat.read(source, as_version=4)
    first = notebook.cells[0].source
    path = source.relative_to(PROJECT).as_posix()
    repository = r"colab\.research\.google\.com/github/[\w-]+/one-shot-face-verification"
    assert re.search(f"{repository}/blob/main/{re.escape(path)}", first) and "minute" in first
    parameters = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(parameters) == 1
    for line in parameters[0].source.splitlines():
        assert re.fullmatch(r"\w+: (str|int|float|bool) = [^#]+  # .+", line), line


def test_papermill_can_show_the_parameters():
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "papermill",
            "--help-notebook",
            str(PROJECT / "notebooks" / "02_training.ipynb"),
        ],
        capture_output=True,
        text=True,
    )
    assert "experiment: str" in answer.stdout


@pytest.mark.notebook
@pytest.mark.parametrize("name", ["02_training", "04_error_analysis"])
def test_an_ensemble_and_local_binary_patterns_are_shown_like_a_network(ensemble, name):
    folder, values = ensemble
    report.execute(name, folder / f"{name}.ipynb", values)
    text = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "both" in text and "tiny_lbp" in text
    expected = {
        "02_training": "Fitted in one step, so without curves: tiny_lbp/seed_0",
        "04_error_analysis": "Shown is the ",  # member, or network of the LBP: the better one
    }
    assert expected[name] in text


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory, lfw_folder):
    """The parameters for an ensemble's notebooks: one member's network was kept."""
    folder = tmp_path_factory.mktemp("ensemble")
    # The members have the names of the project's experiments, which the notebooks look up.
    members = ["lfwa_quick/seed_0", "lfwa_pairs/seed_0"]
    lbp = {"encoder": "lbp", "joint_bayesian": True, "image_size": [40, 36], "embedding_size": 8}
    both = {"dataset": "lfwa", "encoder": "ensemble", "members": members, "split_seed": 0}
    # An ensemble is checked on validation people other than those it was fitted on.
    compact = COMPACT | {"validation_fraction": 0.5}
    for name, values in {
        "lfwa_quick": compact,
        "lfwa_pairs": compact | {"learning_rate": 0.003},
        "tiny_lbp": {"dataset": "lfwa", **lbp},
        "both": both | {"compare_with": "tiny_lbp"},
    }.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
    runs = [
        train(ExperimentConfig.from_yaml(folder / f"{name}.yaml"), lfw_folder, folder / "runs")
        for name in ("lfwa_quick", "lfwa_pairs")
    ]
    runs[1].path("model.keras").unlink()
    config = ExperimentConfig.from_yaml(folder / "both.yaml")
    run = Run.of(config, folder / "runs")
    run.write_json("config.json", config.to_dict())
    combine_runs(run, runs)
    run.finish()
    values = {"experiment": str(folder / "both.yaml"), "data_root": str(lfw_folder)}
    return folder, values | {"runs_dir": str(folder / "runs"), "num_shown": 2}


@pytest.mark.notebook
def test_own_pictures_are_measured_and_calibrated(tmp_path):
    # Twelve of the sample's people, eight pictures each, in a folder like a user's.
    for person in (f"s{number}" for number in range(1, 13)):
        for number in range(1, 9):
            target = tmp_path / "people" / person / f"picture {number}.pgm"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(sample_as_folder() / person / f"{number}.pgm", target)
    (tmp_path / "people" / "notes.txt").write_text("not a picture")
    values = {"data_root": str(tmp_path / "people"), "num_shown": 2, "far": 0.1}
    report.execute(report.OWN_NOTEBOOK, tmp_path / "own.ipynb", values)
    notebook = nbformat.read(tmp_path / "own.ipynb", as_version=4)
    text = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert "pictures of 12 people" in text and "notes.txt is not a picture" in text
    before, after = re.search(
        r"accuracy ([\d.]+)%\s+at LFW-a's threshold, ([\d.]+)%", text
    ).groups()
    assert float(before) < float(after) and float(after) > 85
