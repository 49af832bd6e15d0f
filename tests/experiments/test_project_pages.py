"""The tables of results in README, docs and models."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from leaderboard_rows import row_of

from siamese_lib.experiments.leaderboard import DATASETS, leaderboard
from siamese_lib.experiments.project_pages import pages_with_results, update
from siamese_lib.experiments.statistics import tables_of_sweeps
from siamese_lib.utils.files import read_json
from siamese_lib.utils.text import percent

PROJECT = Path(__file__).parents[2]
VIEW2 = [
    {
        "experiment": "lfwa_view2",
        "protocol": "people",
        "folds": [1, 2],
        "accuracy_mean": 0.91,
        "standard_error": 0.004,
        "auc_mean": 0.97,
    }
]
PUBLISHED_RESULTS = {
    "view2": [
        {
            "method": "somebody's method",
            "category": "unrestricted",
            "accuracy": 0.9,
            "standard_error": 0.005,
            "source": "somebody",
        }
    ]
}


def test_the_committed_tables_follow_from_the_committed_runs():
    results = PROJECT / "results"
    boards = {dataset: leaderboard(results / dataset) for dataset in DATASETS}
    for dataset, rows in boards.items():
        assert read_json(results / dataset / "leaderboard.json") == rows
    sweeps = PROJECT / "experiments" / "sweeps"
    tables = tables_of_sweeps(sweeps, results / "lfwa" / "sweeps")
    for name, rows in tables.items():
        assert read_json(results / "lfwa" / f"{name}.json") == rows, name
    published = read_json(results / "lfwa" / "published.json")
    pages = pages_with_results(boards, tables["view2"], published, PROJECT)
    for page, text in pages.items():
        assert (PROJECT / page).read_text(encoding="utf-8") == text, page


@pytest.mark.parametrize("report", ["lfwa", "sample"])
@pytest.mark.parametrize("page", ["index", "02_training"])
def test_the_committed_reports_show_the_committed_results(report, page):
    board = read_json(PROJECT / "results" / "lfwa" / "leaderboard.json")
    expected = {row["experiment"]: row for row in board}
    tables = tables_of(PROJECT / "report" / report / f"{page}.html")
    shown = [table for table in tables if {"experiment", "seeds", "test"} <= set(table)][-1]
    assert len(shown["experiment"])
    for name, seeds, test in zip(shown["experiment"], shown["seeds"], shown["test"]):
        assert int(seeds) == expected[name]["num_seeds"], name
        assert test.startswith(percent(expected[name]["test_accuracy_mean"])), name


def tables_of(page):
    """The tables of an HTML page, each as `{heading: the texts below it}`.

    Rows above one that spans the table, as those of a report's own runs, are left out.
    """
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for table in soup("table"):
        head, *rows = (
            [" ".join(cell.get_text().split()) for cell in row(["th", "td"])] for row in table("tr")
        )
        last = max((at for at, row in enumerate(rows) if len(row) != len(head)), default=-1)
        yield dict(zip(head, zip(*rows[last + 1 :])))


def test_each_page_shows_its_rows_and_columns(project):
    boards = {
        "lfwa": [row_of("lfwa_people", 0.9), row_of("lfwa_quick", 0.8)],
        "omniglot": [row_of("omniglot_compact", 0.7, oneshot=0.6)],
    }
    (project / "models" / "omniglot_compact.keras").touch()
    pages = pages_with_results(boards, VIEW2, PUBLISHED_RESULTS, project)
    assert "**80.0 %**" in pages["docs/results.md"] and "**90.0 %**" in pages["docs/results.md"]
    assert "**60.0 %** ± 1.0" in pages["docs/omniglot.md"] and "70.0" in pages["docs/omniglot.md"]
    readme = pages["README.md"]
    assert "test accuracy" in readme and "lfwa_people" in readme
    assert "lfwa_quick" not in readme and "encoder" not in readme
    assert "No runs yet." in pages["models/README.md"] and "**60.0 %**" in pages["models/README.md"]
    assert "0.930" in pages["docs/results.md"]  # the zero at the end stays
    assert (
        "| `lfwa_view2` " in pages["docs/results.md"] and "**91.00 %**" in pages["docs/results.md"]
    )
    assert "somebody's method" in pages["docs/results.md"]


@pytest.fixture
def project(tmp_path):
    """A folder with the pages that show results, their tables empty."""
    marks = "".join(
        f"<!-- {name}: written by `python -m siamese_lib leaderboard`, do not edit -->"
        f"<!-- end of {name} -->"
        for name in ("results", "results on Omniglot", "View 2")
    )
    for page in ("README.md", "docs/results.md", "docs/omniglot.md", "models/README.md"):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text(marks)
    return tmp_path


@pytest.mark.parametrize(
    "page, mark",
    [
        ("README.md", "results:"),
        ("docs/results.md", "results:"),
        ("docs/results.md", "View 2:"),
        ("models/README.md", "results on Omniglot:"),
    ],
)
def test_without_the_marks_of_one_table_nothing_is_written(page, mark, project):
    text = (project / page).read_text()
    (project / page).write_text(text.replace(mark, "no mark"))
    texts = {path: path.read_text() for path in project.rglob("*.md")}
    with pytest.raises(ValueError, match=f"{page} has lost the marks"):
        update(PROJECT / "results", project)
    assert {path: path.read_text() for path in project.rglob("*") if path.is_file()} == texts
