"""The table of results: read from the committed run folders, written as JSON and into the README."""

import re
import statistics as statistics_of
from pathlib import Path

import numpy as np

from siamese_lib import figures
from siamese_lib.evaluation import accuracy_at, best_threshold, people_bootstrap
from siamese_lib.files import replacing, write_json, write_text
from siamese_lib.pairs import PairList
from siamese_lib.runs import Run

BEGIN, END = "<!-- results: written by `python -m siamese_lib leaderboard`, do not edit -->", "<!-- end of results -->"


def leaderboard(results_dir):
    """One row an experiment, from the finished runs in `results_dir/EXPERIMENT/seed_N`.

    Returns:
        A list of dicts with the keys experiment, protocol, encoder, num_parameters, num_seeds, validation_accuracy_mean,
        test_accuracy_mean, test_accuracy_sd (None for a single seed), test_accuracy_interval (over people, of the mean of the seeds),
        test_accuracy_at_half_mean, test_auc_mean, threshold_cost_mean (what the threshold from validation costs against the best one on the
        test pairs, which nothing else uses), train_seconds_mean; the best validation accuracy first.
    """
    rows = []
    for folder in sorted(Path(results_dir).iterdir()):
        if runs := Run.all_of(folder):
            rows.append(_row(runs))
    return sorted(rows, key=lambda row: -row["validation_accuracy_mean"])


def _row(runs):
    config, metrics = runs[0].config, [run.metrics for run in runs]
    test = [one["test"]["accuracy"] for one in metrics]
    return {
        "experiment": config.experiment,
        "protocol": config.protocol,
        "encoder": config.encoder,
        "num_parameters": metrics[0]["parameters"]["total"],
        "num_seeds": len(runs),
        "validation_accuracy_mean": statistics_of.mean(one["validation"]["accuracy"] for one in metrics),
        "test_accuracy_mean": statistics_of.mean(test),
        "test_accuracy_sd": statistics_of.stdev(test) if len(test) > 1 else None,
        "test_accuracy_interval": interval_of_runs(runs, "test", right_in_a_row(runs, "test")),
        "test_accuracy_at_half_mean": statistics_of.mean(one["test"]["accuracy_at_half"] for one in metrics),
        "test_auc_mean": statistics_of.mean(one["test"]["auc"] for one in metrics),
        "threshold_cost_mean": statistics_of.mean(map(_threshold_cost, runs)),
        "train_seconds_mean": statistics_of.mean(one["seconds"]["train"] for one in metrics),
    }


def right_in_a_row(runs, split):
    """Whether each pair of a split was decided rightly, 1 or 0, the runs' pairs one after the other."""
    return np.concatenate([run.right(split).to_numpy(float) for run in runs])


def interval_of_runs(runs, split, values):
    """The 95 % interval for the mean of `values`, which belong to the pairs of the runs one after the other, by bootstrap over people."""
    pairs = PairList(tuple(pair for run in runs for pair in run.pairs(split)))
    return people_bootstrap(*pairs.people_of_sides, values)


def _threshold_cost(run):
    table = run.scores("test")
    best = accuracy_at(table["score"], table["label"], best_threshold(table["score"], table["label"]))
    return best - run.metrics["test"]["accuracy"]


def as_markdown(rows):
    """The rows as a Markdown table for readers: percent, minutes, and how many seeds."""
    lines = [
        "| experiment | protocol | encoder | parameters | seeds | validation | test | 95 % interval | at 0.5 | test AUC | training |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["test_accuracy_interval"]
        spread = "" if row["test_accuracy_sd"] is None else f" ± {100 * row['test_accuracy_sd']:.1f}"
        test, at_half = (100 * row[f"{name}_mean"] for name in ("test_accuracy", "test_accuracy_at_half"))
        lines.append(
            f"| `{row['experiment']}` | {row['protocol']} | {row['encoder']} | {row['num_parameters']:,} | {row['num_seeds']} "
            f"| {100 * row['validation_accuracy_mean']:.1f} % | **{test:.1f} %**{spread} | {100 * low:.1f} to {100 * high:.1f} "
            f"| {at_half:.1f} % | {row['test_auc_mean']:.3f} | {row['train_seconds_mean'] / 60:.1f} min |"
        )
    return "\n".join(lines)


def update(results_dir, readme, card):
    """Writes `leaderboard.json` into `results_dir`, the table into the README between its two marks, and its figure beside it;
    into the models' card the rows of the experiments whose model lies there.

    Args:
        results_dir: the folder of the runs, `results/lfwa`.
        readme: the README; its figure is `docs/results.png` in the same folder.
        card: `models/README.md`.

    Returns:
        The rows.

    Raises:
        ValueError: if one of the two pages has lost its marks.
    """
    rows = leaderboard(results_dir)
    write_json(Path(results_dir) / "leaderboard.json", rows)
    with_model = [row for row in rows if (Path(card).parent / f"{row['experiment']}.keras").is_file()]
    for page, shown in ((readme, rows), (card, with_model)):
        write_text(page, with_table(Path(page).read_text(encoding="utf-8"), shown))
    lines = [(f"{row['experiment']}, test", row["test_accuracy_mean"], row["test_accuracy_interval"]) for row in rows]
    with replacing(Path(readme).parent / "docs" / "results.png") as temporary:
        figures.accuracy_intervals(lines, "LFW-a, test pairs of people who were not in training").savefig(temporary, dpi=150)
    return rows


def with_table(text, rows):
    """A page's text with the table of these rows between its marks."""
    return between_marks(text, BEGIN, END, as_markdown(rows))


def between_marks(text, begin, end, content):
    """A page's text with other content between two marks, which stay.

    Raises:
        ValueError: if the page has lost its marks.
    """
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"The page has lost the marks of a table that is written into it; put them back. Received: no {begin!r}")
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)
