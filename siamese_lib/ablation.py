"""What a recipe's levers and its training data brought: tables from the finished runs of sweeps, with what is certain about them.

`python -m siamese_lib leaderboard` writes them as `ablation.json`, `learning_curve.json` and `leak.json` beside the leaderboard.
"""

import statistics as statistics_of
from collections import defaultdict
from pathlib import Path

from siamese_lib.files import write_json
from siamese_lib.leaderboard import interval_of_runs, right_in_a_row
from siamese_lib.sweeps import NOTHING, Sweep

SPLITS_OF_CHOICE = ("validation", "test")  # validation decides; test stands beside it and decides nothing


def ablation(sweep, runs_dir):
    """What is lost without each lever of a recipe, all runs of the sweep being trained alike but for that lever.

    Args:
        sweep: a `Sweep` with levers.
        runs_dir: where its runs are.

    Returns:
        A list of dicts, one a lever, with the keys recipe, lever, change, num_epochs, seeds, and for validation and test
        `*_accuracy_mean`, `*_auc_mean` (without the lever), `*_accuracy_gain`, `*_auc_gain` (whole recipe less that, mean over seeds) and
        `*_gain_interval` (of the accuracy's gain, 95 %, by bootstrap over people). A lever counts with the seeds that both sides have.
    """
    runs = defaultdict(dict)
    for point in sweep.points():
        if (run := point.run(runs_dir)).done:
            runs[point.value][point.config.seed] = run
    whole = runs.pop(NOTHING, {})
    rows = []
    for lever, without in runs.items():
        if seeds := sorted(set(without) & set(whole)):
            sides = [[of_seed[seed] for seed in seeds] for of_seed in (whole, without)]
            about = {"recipe": sweep.base.stem, "lever": lever, "change": sweep.levers[lever], "seeds": seeds}
            rows.append(about | {"num_epochs": sides[0][0].config.num_epochs} | _gains(*sides))
    return rows


def _gains(whole, without):
    gains = {}
    for split in SPLITS_OF_CHOICE:
        for metric in ("accuracy", "auc"):
            of_whole, of_without = ([run.metrics[split][metric] for run in side] for side in (whole, without))
            gains[f"{split}_{metric}_mean"] = statistics_of.mean(of_without)
            gains[f"{split}_{metric}_gain"] = statistics_of.mean(of_whole) - statistics_of.mean(of_without)
        gains[f"{split}_gain_interval"] = interval_of_runs(whole, split, right_in_a_row(whole, split) - right_in_a_row(without, split))
    return gains


def points_of_axis(sweep, axis, runs_dir):
    """The finished runs along one axis, a dict a value, seeds taken together.

    Returns:
        A list of dicts with the keys recipe, the axis, num_epochs, seeds, num_classes (people, under protocol `people`), num_pairs (under
        protocol `pairs`, those that were trained on), and for validation and test accuracy_mean, accuracy_interval (of that mean, 95 %, by
        bootstrap over people) and auc_mean.
    """
    runs = defaultdict(list)
    for point in sweep.points():
        if point.axis == axis and (run := point.run(runs_dir)).done:
            runs[point.value].append(run)
    return [{"recipe": sweep.base.stem, axis: value} | _point(of_value) for value, of_value in runs.items()]


def _point(runs):
    metrics, config = [run.metrics for run in runs], runs[0].config
    row = {"num_epochs": config.num_epochs, "seeds": [run.config.seed for run in runs]}
    row["num_classes"] = metrics[0].get("examples", {}).get("classes")
    row["num_pairs"] = metrics[0]["train"]["num_pairs"] if config.protocol == "pairs" else None
    for split in SPLITS_OF_CHOICE:
        row[f"{split}_accuracy_mean"] = statistics_of.mean(one[split]["accuracy"] for one in metrics)
        row[f"{split}_accuracy_interval"] = interval_of_runs(runs, split, right_in_a_row(runs, split))
        row[f"{split}_auc_mean"] = statistics_of.mean(one[split]["auc"] for one in metrics)
    return row


def write_tables(sweeps_dir, results_dir):
    """Writes the three tables from the finished runs of the sweep files `ablation_*`, `learning_curve_*` and `leak_*`.

    Args:
        sweeps_dir: `experiments/sweeps`.
        results_dir: the folder of the results; the sweeps' runs are in its folder `sweeps`.
    """
    results_dir = Path(results_dir)
    makers = {
        "ablation": ablation,
        "learning_curve": lambda sweep, runs_dir: points_of_axis(sweep, "training_fraction", runs_dir),
        "leak": lambda sweep, runs_dir: points_of_axis(sweep, "split_by", runs_dir),
    }
    for name, make in makers.items():
        sweeps = [Sweep.from_yaml(path) for path in sorted(Path(sweeps_dir).glob(f"{name}_*.yaml"))]
        write_json(results_dir / f"{name}.json", [row for sweep in sweeps for row in make(sweep, results_dir / "sweeps")])
