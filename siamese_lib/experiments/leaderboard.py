"""The leaderboard: one row for each experiment, from its finished runs, as JSON and for readers."""

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from siamese_lib.evaluation.metrics import accuracy_at, best_threshold
from siamese_lib.evaluation.oneshot import average_over_seeds, trial_accuracy
from siamese_lib.evaluation.trials import PUBLISHED
from siamese_lib.experiments.statistics import accuracy_interval, mean_over_runs
from siamese_lib.training.run import Run
from siamese_lib.utils.files import as_table, read_json, write_json, write_text

DATASETS = ("lfwa", "omniglot")
LADDER_TITLE = "LFW-a, 1,000 test pairs of people who were not in training"
# What readers look at first: the comparison with the course solution, and the best of each kind.
RECOMMENDED = (
    "lfwa_reference",
    "lfwa_pairs",
    "lfwa_pairs_ensemble",
    "lfwa_people",
    "lfwa_ensemble",
    "omniglot_koch",
    "omniglot_compact",
)
README_COLUMNS = {  # of the full table, and their headings
    "experiment": "experiment",
    "test": "test accuracy",
    "95 % interval": "95 % interval",
    "training": "training",
}


def leaderboard(results_dir: Path | str) -> list[dict[str, Any]]:
    """The rows of all experiments, from the finished runs in `results_dir/EXPERIMENT/seed_N`.

    Returns:
        The rows as `leaderboard_row` returns them, the best validation accuracy first.
    """
    runs = map(Run.all_of, sorted(Path(results_dir).iterdir()))
    rows = [leaderboard_row(of_experiment) for of_experiment in runs if of_experiment]
    return sorted(rows, key=lambda row: -row["validation_accuracy_mean"])


def leaderboard_row(runs: Sequence[Run]) -> dict[str, Any]:
    """The row of one experiment.

    Args:
        runs: its finished runs, one for each seed.

    Returns:
        A dict with the keys experiment, protocol, final, encoder, num_parameters, num_seeds,
        validation_accuracy_mean, test_accuracy_mean, test_accuracy_sd (None for a single seed),
        test_accuracy_interval (of the mean, 95 %, by bootstrap over people),
        test_accuracy_at_half_mean, test_auc_mean, threshold_cost_mean (the best possible accuracy
        on the test pairs minus the accuracy at the threshold from validation), and
        train_seconds_mean. If the runs have one-shot trials, also oneshot, `{split: ...}` as
        `trial_accuracy` returns it, with accuracy_sd.
    """
    config, metrics = runs[0].config, runs[0].metrics
    row = {
        "experiment": config.experiment,
        "protocol": config.protocol,
        "final": config.final,
        "encoder": config.encoder,
        "num_parameters": metrics["parameters"]["total"],
        "num_seeds": len(runs),
        "validation_accuracy_mean": mean_over_runs(runs, "validation", "accuracy"),
        "test_accuracy_mean": mean_over_runs(runs, "test", "accuracy"),
        "test_accuracy_sd": _deviation([run.metrics["test"]["accuracy"] for run in runs]),
        "test_accuracy_interval": accuracy_interval(runs, "test"),
        "test_accuracy_at_half_mean": mean_over_runs(runs, "test", "accuracy_at_half"),
        "test_auc_mean": mean_over_runs(runs, "test", "auc"),
        "threshold_cost_mean": statistics.mean(map(_threshold_cost, runs)),
        "train_seconds_mean": mean_over_runs(runs, "seconds", "train"),
    }
    if "oneshot" in metrics:
        row["oneshot"] = {split: _oneshot(runs, split) for split in metrics["oneshot"]}
    return row


def _oneshot(runs, split):
    deviation = _deviation([run.metrics["oneshot"][split]["accuracy"] for run in runs])
    trials = average_over_seeds([run.trials(split) for run in runs])
    return trial_accuracy(trials) | {"accuracy_sd": deviation}


def _deviation(values):
    return statistics.stdev(values) if len(values) > 1 else None


def _threshold_cost(run):
    scores, labels = (run.scores("test")[column] for column in ("score", "label"))
    best = accuracy_at(scores, labels, best_threshold(scores, labels))
    return best - run.metrics["test"]["accuracy"]


def results_table(rows: Sequence[Mapping[str, Any]], markdown: bool = False) -> pd.DataFrame:
    """The leaderboard for readers: all cells are text, with percent, minutes and ± over seeds.

    Args:
        rows: as `leaderboard_row` returns them.
        markdown: whether experiments are marked as code and accuracies on test as bold.

    Returns:
        A DataFrame with the columns experiment, protocol, learns from ("all": a final training;
        "less held out"), encoder, parameters, seeds, validation, test, 95 % interval, at 0.5, test
        AUC, training. Rows with one-shot trials have, between seeds and training, the columns
        20-way one-shot (Lake's trial sets) and interval (Lake's), if a row answered these, 20 drawn
        trial sets, interval (20), 400 trial sets, interval (400), verification, 95 % interval.
    """
    bold, code = ("**", "`") if markdown else ("", "")
    splits = [split for split in _TRIALS if any(split in row.get("oneshot", {}) for row in rows)]
    return as_table([_cells(row, splits, bold, code) for row in rows])


def _cells(row, splits, bold, code):
    """The cells of a row; those of trials that only other rows answered are empty."""
    cells = {
        "experiment": f"{code}{row['experiment']}{code}",
        "protocol": row["protocol"],
        "learns from": "all" if row.get("final") else "less held out",
        "encoder": row["encoder"],
        "parameters": f"{row['num_parameters']:,}",
        "seeds": str(row["num_seeds"]),
    }
    test = _percent(row["test_accuracy_mean"], row["test_accuracy_sd"], bold)
    interval = _interval(row["test_accuracy_interval"])
    if "oneshot" in row:
        for split in splits:
            title, short = _TRIALS[split]
            cells |= {title: "", f"interval ({short})": ""}
            if answers := row["oneshot"].get(split):
                cells[title] = _percent(answers["accuracy"], answers["accuracy_sd"], bold)
                cells[f"interval ({short})"] = _interval(answers["accuracy_interval"])
        cells |= {"verification": test, "95 % interval": interval}
    else:
        cells |= {
            "validation": _percent(row["validation_accuracy_mean"]),
            "test": test,
            "95 % interval": interval,
            "at 0.5": _percent(row["test_accuracy_at_half_mean"]),
            "test AUC": f"{row['test_auc_mean']:.3f}",
        }
    return cells | {"training": f"{row['train_seconds_mean'] / 60:.1f} min"}


# Columns of one-shot accuracies: the title, and what the interval's column is called.
_TRIALS = {
    PUBLISHED: ("20-way one-shot (Lake's trial sets)", "Lake's"),
    "test": ("20 drawn trial sets", "20"),
    "test_400": ("400 trial sets", "400"),
}


def _percent(mean, deviation=None, bold=""):
    spread = "" if deviation is None else f" ± {100 * deviation:.1f}"
    return f"{bold}{100 * mean:.1f} %{bold}{spread}"


def _interval(bounds):
    return "{:.1f} to {:.1f}".format(*(100 * bound for bound in bounds))


def update(results_dir: Path | str, root: Path | str) -> dict[str, list[dict[str, Any]]]:
    """Rewrites every table of results: `leaderboard.json`, the project's pages and the figure.

    Args:
        results_dir: the folder with the runs of the datasets, `lfwa` and `omniglot`; each gets a
            `leaderboard.json`.
        root: the project's folder, with the pages of `pages_with_results`; the figure of LFW-a is
            its `docs/results.svg`.

    Returns:
        The rows, `{dataset: [row, ...]}`.

    Raises:
        ValueError: if a dataset has no finished run or a page has lost the marks of its table; then
            nothing is written.
    """
    from siamese_lib.plots import intervals

    boards = {dataset: leaderboard(Path(results_dir) / dataset) for dataset in DATASETS}
    if empty := [dataset for dataset, rows in boards.items() if not rows]:
        raise ValueError(
            f"The tables need finished runs of {' and '.join(DATASETS)}; give their folder. "
            f"Received: {results_dir} without runs of {' and '.join(empty)}"
        )
    for page, text in pages_with_results(boards, root).items():
        write_text(Path(root) / page, text)
    for dataset, rows in boards.items():
        write_json(Path(results_dir) / dataset / "leaderboard.json", rows)
    figure = intervals.ladder(rungs(boards["lfwa"], results_dir), LADDER_TITLE)
    write_text(Path(root) / "docs" / "results.svg", figure.to_svg())
    return boards


def rungs(
    rows: Sequence[Mapping[str, Any]], results_dir: Path | str
) -> list[tuple[str, str, float, Sequence[float] | None]]:
    """The rows of LFW-a between chance and people, as `plots.ladder` takes them.

    Args:
        rows: the leaderboard's.
        results_dir: the folder with `lfwa/pixels.json`, `lfwa/published.json`, `original.json`.
    """
    results = Path(results_dir)
    pixels = read_json(results / "lfwa" / "pixels.json")["test"]
    original = read_json(results / "original.json")["test_accuracy"]
    people = read_json(results / "lfwa" / "published.json")["people"]
    eyes = next(row["accuracy"] for row in people if row["method"] == "people, faces alone")
    return [
        ("chance", "", 0.5, None),
        ("pixels, no learning", "", pixels["accuracy"], pixels["accuracy_interval"]),
        ("the course solution's write-up", "", original, None),
        ("people, faces alone (View 2)", "", eyes, None),
        *(
            (
                row["experiment"],
                row["protocol"],
                row["test_accuracy_mean"],
                row["test_accuracy_interval"],
            )
            for row in rows
        ),
    ]


def pages_with_results(
    boards: Mapping[str, Sequence[Mapping[str, Any]]], root: Path | str
) -> dict[str, str]:
    """The text of each page of the project that shows results, with these rows in its tables.

    Args:
        boards: the rows, `{dataset: [row, ...]}`.
        root: the project's folder, from which the pages are read.

    Returns:
        `{page: text}`, the pages as paths below `root`.

    Raises:
        ValueError: if a page has lost the marks of its table.
    """
    models = {path.stem for path in Path(root).glob("models/*.keras")}
    few = {name for name in RECOMMENDED if not name.endswith("_ensemble")}
    tables = [  # page, name of the marks, dataset, experiments (None: all), columns ({}: all)
        ("docs/results.md", "results", "lfwa", None, {}),
        ("docs/omniglot.md", "results on Omniglot", "omniglot", None, {}),
        ("README.md", "results", "lfwa", few, README_COLUMNS),
        ("models/README.md", "results", "lfwa", models, {}),
        ("models/README.md", "results on Omniglot", "omniglot", models, {}),
    ]
    texts = {page: Path(root, page).read_text(encoding="utf-8") for page, *_ in tables}
    for page, name, dataset, chosen, columns in tables:
        rows = [row for row in boards[dataset] if chosen is None or row["experiment"] in chosen]
        table = results_table(rows, markdown=True).reindex(columns=list(columns) or None)
        markdown = table.rename(columns=columns).to_markdown(index=False, disable_numparse=True)
        texts[page] = between_marks(
            texts[page],
            f"<!-- {name}: written by `python -m siamese_lib leaderboard`, do not edit -->",
            f"<!-- end of {name} -->",
            markdown if rows else "No runs yet.",
            page,
        )
    return texts


def between_marks(text: str, begin: str, end: str, content: str, page: str = "The page") -> str:
    """A page's text with other content between two marks, which stay.

    Args:
        text: the text of the page.
        begin, end: the two marks.
        content: what comes between them.
        page: the page's name, for the message.

    Raises:
        ValueError: if the page has lost its marks.
    """
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(
            f"{page} has lost the marks of a table that is written into it; put them back. "
            f"Received: no {begin!r}"
        )
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)
