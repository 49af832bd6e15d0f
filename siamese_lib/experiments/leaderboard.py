"""The table of results: read from the committed run folders, written as JSON and into the README."""

import re
import statistics as statistics_of
from pathlib import Path

import numpy as np

from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.metrics import accuracy_at, best_threshold, people_bootstrap
from siamese_lib.evaluation.oneshot import average_over_seeds, trial_accuracy
from siamese_lib.plots import basic
from siamese_lib.training.run import Run
from siamese_lib.utils.files import atomic_write, write_json, write_text

# What stands in the pages around each dataset's table.
MARKS = {
    "lfwa": (
        "<!-- results: written by `python -m siamese_lib leaderboard`, do not edit -->",
        "<!-- end of results -->",
    ),
    "omniglot": (
        "<!-- results on Omniglot: written by `python -m siamese_lib leaderboard`, do not edit -->",
        "<!-- end of results on Omniglot -->",
    ),
}


def leaderboard(results_dir):
    """One row an experiment, from the finished runs in `results_dir/EXPERIMENT/seed_N`.

    Returns:
        A list of dicts with the keys experiment, protocol, encoder, num_parameters, num_seeds, validation_accuracy_mean,
        test_accuracy_mean, test_accuracy_sd (None for a single seed), test_accuracy_interval (over people, of the mean of the seeds),
        test_accuracy_at_half_mean, test_auc_mean, threshold_cost_mean (what the threshold from validation costs against the best one on the
        test pairs, which nothing else uses), train_seconds_mean; with one-shot runs also oneshot, `{part: ...}` as
        `oneshot.trial_accuracy` has it, of the mean of the seeds, with accuracy_sd; the best validation accuracy first.
    """
    rows = []
    for folder in sorted(Path(results_dir).iterdir()):
        if runs := Run.all_of(folder):
            rows.append(leaderboard_row(runs))
    return sorted(rows, key=lambda row: -row["validation_accuracy_mean"])


def leaderboard_row(runs):
    """The row of one experiment's finished runs, a run a seed; see `leaderboard`."""
    config, metrics = runs[0].config, [run.metrics for run in runs]
    test = [one["test"]["accuracy"] for one in metrics]
    oneshot = (
        {"oneshot": {part: _oneshot(runs, part) for part in metrics[0]["oneshot"]}}
        if "oneshot" in metrics[0]
        else {}
    )
    return {
        "experiment": config.experiment,
        "protocol": config.protocol,
        "encoder": config.encoder,
        "num_parameters": metrics[0]["parameters"]["total"],
        "num_seeds": len(runs),
        "validation_accuracy_mean": statistics_of.mean(
            one["validation"]["accuracy"] for one in metrics
        ),
        "test_accuracy_mean": statistics_of.mean(test),
        "test_accuracy_sd": _spread(test),
        "test_accuracy_interval": interval_of_runs(runs, "test", correct_of_runs(runs, "test")),
        "test_accuracy_at_half_mean": statistics_of.mean(
            one["test"]["accuracy_at_half"] for one in metrics
        ),
        "test_auc_mean": statistics_of.mean(one["test"]["auc"] for one in metrics),
        "threshold_cost_mean": statistics_of.mean(map(_threshold_cost, runs)),
        "train_seconds_mean": statistics_of.mean(one["seconds"]["train"] for one in metrics),
        **oneshot,
    }


def _oneshot(runs, part):
    whole = trial_accuracy(average_over_seeds([run.trials(part) for run in runs]))
    return whole | {
        "accuracy_sd": _spread([run.metrics["oneshot"][part]["accuracy"] for run in runs])
    }


def _spread(values):
    return statistics_of.stdev(values) if len(values) > 1 else None


def correct_of_runs(runs, split):
    """Whether each pair of a split was decided rightly, 1 or 0, the runs' pairs one after the other."""
    return np.concatenate([run.correct(split).to_numpy(float) for run in runs])


def interval_of_runs(runs, split, values):
    """The 95 % interval for the mean of `values`, which belong to the pairs of the runs one after the other, by bootstrap over people."""
    pairs = PairList(tuple(pair for run in runs for pair in run.pairs(split)))
    return people_bootstrap(*pairs.people_of_sides, values)


def _threshold_cost(run):
    table = run.scores("test")
    best = accuracy_at(
        table["score"], table["label"], best_threshold(table["score"], table["label"])
    )
    return best - run.metrics["test"]["accuracy"]


def as_markdown(rows):
    """The rows as a Markdown table for readers: percent, minutes, and how many seeds."""
    lines = [
        "| experiment | protocol | encoder | parameters | seeds | validation | test | 95 % interval | at 0.5 | test AUC | training |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| `{row['experiment']}` | {row['protocol']} | {row['encoder']} | {row['num_parameters']:,} | {row['num_seeds']} "
            f"| {100 * row['validation_accuracy_mean']:.1f} % | {_percent(row['test_accuracy_mean'], row['test_accuracy_sd'])} "
            f"| {_interval(row['test_accuracy_interval'])} | {100 * row['test_accuracy_at_half_mean']:.1f} % "
            f"| {row['test_auc_mean']:.3f} | {row['train_seconds_mean'] / 60:.1f} min |"
        )
    return "\n".join(lines)


def oneshot_as_markdown(rows):
    """The rows of runs with one-shot trials as a Markdown table: first what the paper measures."""
    lines = [
        "| experiment | encoder | parameters | seeds | 20-way one-shot, 20 runs | 95 % interval | 400 runs | 95 % interval "
        "| verification | 95 % interval | training |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        customary, many = (row["oneshot"][part] for part in ("test", "test_400"))
        lines.append(
            f"| `{row['experiment']}` | {row['encoder']} | {row['num_parameters']:,} | {row['num_seeds']} "
            f"| {_percent(customary['accuracy'], customary['accuracy_sd'])} | {_interval(customary['accuracy_interval'])} "
            f"| {_percent(many['accuracy'], many['accuracy_sd'])} | {_interval(many['accuracy_interval'])} "
            f"| {_percent(row['test_accuracy_mean'], row['test_accuracy_sd'])} | {_interval(row['test_accuracy_interval'])} "
            f"| {row['train_seconds_mean'] / 60:.1f} min |"
        )
    return "\n".join(lines)


TABLES = {"lfwa": as_markdown, "omniglot": oneshot_as_markdown}


def _percent(mean, spread):
    return f"**{100 * mean:.1f} %**" + ("" if spread is None else f" ± {100 * spread:.1f}")


def _interval(bounds):
    return "{:.1f} to {:.1f}".format(*(100 * bound for bound in bounds))


def update(results_dir, readme, card):
    """Writes `leaderboard.json` into the folder of each dataset's runs, the tables into the README between their marks, and the figure of
    LFW-a's beside it; into the models' card the rows of the experiments whose model lies there.

    Args:
        results_dir: the folder with `lfwa` and `omniglot`, in which their runs are.
        readme: the README; its figure is `docs/results.png` in the same folder.
        card: `models/README.md`.

    Returns:
        The rows, `{dataset: [row, ...]}`.

    Raises:
        ValueError: if one of the two pages has lost its marks.
    """
    boards = {dataset: leaderboard(Path(results_dir) / dataset) for dataset in MARKS}
    with_model = {
        dataset: [
            row for row in rows if (Path(card).parent / f"{row['experiment']}.keras").is_file()
        ]
        for dataset, rows in boards.items()
    }
    for page, shown in ((readme, boards), (card, with_model)):
        write_text(page, with_tables(Path(page).read_text(encoding="utf-8"), shown))
    for dataset, rows in boards.items():
        write_json(Path(results_dir) / dataset / "leaderboard.json", rows)
    lines = [
        (f"{row['experiment']}, test", row["test_accuracy_mean"], row["test_accuracy_interval"])
        for row in boards["lfwa"]
    ]
    with atomic_write(Path(readme).parent / "docs" / "results.png") as temporary:
        basic.accuracy_intervals(
            lines, "LFW-a, test pairs of people who were not in training"
        ).savefig(temporary, dpi=150)
    return boards


def with_tables(text, boards):
    """A page's text with the tables of these rows, `{dataset: [row, ...]}`, between their marks."""
    for dataset, rows in boards.items():
        text = between_marks(
            text, *MARKS[dataset], TABLES[dataset](rows) if rows else "None is committed yet."
        )
    return text


def between_marks(text, begin, end, content):
    """A page's text with other content between two marks, which stay.

    Raises:
        ValueError: if the page has lost its marks.
    """
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(
            f"The page has lost the marks of a table that is written into it; put them back. Received: no {begin!r}"
        )
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)
