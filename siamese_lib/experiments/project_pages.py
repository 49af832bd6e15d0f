"""The tables of results in the project's own pages, written from the committed runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from siamese_lib.experiments.folds import beside_published
from siamese_lib.experiments.leaderboard import (
    DATASETS,
    LADDER_TITLE,
    RECOMMENDED,
    leaderboard,
    results_table,
    rungs,
)
from siamese_lib.experiments.statistics import tables_of_sweeps
from siamese_lib.utils.files import read_json, write_json, write_text
from siamese_lib.utils.text import between_marks

README_COLUMNS = {  # of the full table, and their headings
    "experiment": "experiment",
    "test": "test accuracy",
    "95 % interval": "95 % interval",
    "training": "training",
}


def update(results_dir: Path | str, root: Path | str) -> dict[str, list[dict[str, Any]]]:
    """Rewrites every table of results: JSON files, the project's pages and the figure.

    Args:
        results_dir: the folder with the runs of the datasets, `lfwa` and `omniglot`; each gets a
            `leaderboard.json`, and LFW-a the tables of its sweeps.
        root: the project's folder, with `experiments/sweeps` and the pages of
            `pages_with_results`; the figure of LFW-a is its `docs/results.svg`.

    Returns:
        The rows of the leaderboards, `{dataset: [row, ...]}`.

    Raises:
        ValueError: if a dataset has no finished run or a page has lost the marks of its table; then
            nothing is written.
    """
    from siamese_lib.plots import intervals

    results, root = Path(results_dir), Path(root)
    boards = {dataset: leaderboard(results / dataset) for dataset in DATASETS}
    if empty := [dataset for dataset, rows in boards.items() if not rows]:
        raise ValueError(
            f"The tables need finished runs of {' and '.join(DATASETS)}; give their folder. "
            f"Received: {results_dir} without runs of {' and '.join(empty)}"
        )
    tables = tables_of_sweeps(root / "experiments" / "sweeps", results / "lfwa" / "sweeps")
    published = read_json(results / "lfwa" / "published.json")
    for page, text in pages_with_results(boards, tables["view2"], published, root).items():
        write_text(root / page, text)
    for dataset, rows in boards.items():
        write_json(results / dataset / "leaderboard.json", rows)
    for name, rows in tables.items():
        write_json(results / "lfwa" / f"{name}.json", rows)
    figure = intervals.ladder(rungs(boards["lfwa"], results), LADDER_TITLE)
    write_text(root / "docs" / "results.svg", figure.to_svg())
    return boards


def pages_with_results(
    boards: Mapping[str, Sequence[Mapping[str, Any]]],
    view2: Sequence[Mapping[str, Any]],
    published: Mapping[str, Any],
    root: Path | str,
) -> dict[str, str]:
    """The text of each page of the project that shows results, with these rows in its tables.

    Args:
        boards: the rows of the leaderboards, `{dataset: [row, ...]}`.
        view2: the rows of LFW's View 2, as `folds_rows` returns them.
        published: the content of `results/lfwa/published.json`.
        root: the project's folder, from which the pages are read.

    Returns:
        `{page: text}`, the pages as paths below `root`.

    Raises:
        ValueError: if a page has lost the marks of its table.
    """
    models = {path.stem for path in Path(root).glob("models/*.keras")}
    few = {name for name in RECOMMENDED if not name.endswith("_ensemble")}
    tables = [  # page, name of the marks, table
        ("docs/results.md", "results", _table(boards["lfwa"])),
        ("docs/results.md", "View 2", beside_published(view2, published, markdown=True)),
        ("docs/omniglot.md", "results on Omniglot", _table(boards["omniglot"])),
        ("README.md", "results", _table(boards["lfwa"], few, README_COLUMNS)),
        ("models/README.md", "results", _table(boards["lfwa"], models)),
        ("models/README.md", "results on Omniglot", _table(boards["omniglot"], models)),
    ]
    texts = {page: Path(root, page).read_text(encoding="utf-8") for page, *_ in tables}
    for page, name, table in tables:
        texts[page] = between_marks(
            texts[page],
            f"<!-- {name}: written by `python -m siamese_lib leaderboard`, do not edit -->",
            f"<!-- end of {name} -->",
            "No runs yet." if table.empty else _markdown(table),
            page,
        )
    return texts


def _table(rows, experiments=None, columns=None):
    """The leaderboard's table of some experiments and columns; None: all of them."""
    chosen = [row for row in rows if experiments is None or row["experiment"] in experiments]
    table = results_table(chosen, markdown=True)
    return table.reindex(columns=list(columns)).rename(columns=columns) if columns else table


def _markdown(table: pd.DataFrame) -> str:
    words = table.rename(columns=lambda name: name.replace("_", " "))
    return words.to_markdown(index=False, disable_numparse=True)
