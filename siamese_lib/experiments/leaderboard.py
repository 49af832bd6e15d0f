"""The leaderboard: one row for each experiment, from its finished runs, as JSON and for readers."""

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
from siamese_lib.utils.files import read_json
from siamese_lib.utils.text import as_table, percent

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
        "part": people are held out), encoder, parameters, seeds, validation, test, 95 % interval,
        at 0.5, test AUC, training. Rows with one-shot trials have, between seeds and training, the
        columns 20-way one-shot (Lake's trial sets) and interval (Lake's), if a row answered these,
        20 drawn trial sets, interval (20), 400 trial sets, interval (400), verification, 95 %
        interval.
    """
    bold, code = ("**", "`") if markdown else ("", "")
    splits = [split for split in _TRIALS if any(split in row.get("oneshot", {}) for row in rows)]
    return as_table([_cells(row, splits, bold, code) for row in rows])


def _cells(row, splits, bold, code):
    """The cells of a row; those of trials that only other rows answered are empty."""
    cells = {
        "experiment": f"{code}{row['experiment']}{code}",
        "protocol": row["protocol"],
        "learns from": "all" if row.get("final") else "part",
        "encoder": row["encoder"],
        "parameters": f"{row['num_parameters']:,}",
        "seeds": str(row["num_seeds"]),
    }
    test = _with_spread(row["test_accuracy_mean"], row["test_accuracy_sd"], bold)
    interval = _interval(row["test_accuracy_interval"])
    if "oneshot" in row:
        for split in splits:
            title, short = _TRIALS[split]
            cells |= {title: "", f"interval ({short})": ""}
            if answers := row["oneshot"].get(split):
                cells[title] = _with_spread(answers["accuracy"], answers["accuracy_sd"], bold)
                cells[f"interval ({short})"] = _interval(answers["accuracy_interval"])
        cells |= {"verification": test, "95 % interval": interval}
    else:
        cells |= {
            "validation": _with_spread(row["validation_accuracy_mean"]),
            "test": test,
            "95 % interval": interval,
            "at 0.5": _with_spread(row["test_accuracy_at_half_mean"]),
            "test AUC": f"{row['test_auc_mean']:.3f}",
        }
    return cells | {"training": f"{row['train_seconds_mean'] / 60:.1f} min"}


# Columns of one-shot accuracies: the title, and what the interval's column is called.
_TRIALS = {
    PUBLISHED: ("20-way one-shot (Lake's trial sets)", "Lake's"),
    "test": ("20 drawn trial sets", "20"),
    "test_400": ("400 trial sets", "400"),
}


def _with_spread(mean, deviation=None, bold=""):
    spread = "" if deviation is None else f" ± {100 * deviation:.1f}"
    return f"{bold}{percent(mean)}{bold}{spread}"


def _interval(bounds):
    return "{:.1f} to {:.1f}".format(*(100 * bound for bound in bounds))


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
