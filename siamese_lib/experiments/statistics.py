"""What a sweep's numbers allow to be said: means and intervals over seeds, and whether a setting is better than another on validation.

What a recipe's components and its training data brought: tables from the finished runs of sweeps, with what is certain about them.

`python -m siamese_lib leaderboard` writes them as `ablation.json`, `learning_curve.json` and `leak.json` beside the leaderboard.
"""

import statistics as statistics_of
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from siamese_lib.evaluation.metrics import area_under_roc, people_weights, resampled_areas_under_roc
from siamese_lib.experiments.leaderboard import correct_of_runs, interval_of_runs
from siamese_lib.experiments.sweep import DONE, FULL_RECIPE, Sweep
from siamese_lib.utils.files import as_text, write_json

METRICS = ("validation_accuracy", "validation_auc", "test_accuracy", "test_auc", "train_seconds")


def settings_table(table):
    """One row a setting, its seeds taken together; settings without a finished run are left out.

    The interval is that of the mean over seeds (Student's t) where there are at least two, else that of the single run over people, which
    does not hold the spread from seed to seed; the column `interval_over` says which.

    Args:
        table: as `sweeps.sweep_table` gives it.

    Returns:
        A pandas DataFrame with the columns axis, value, num_seeds, interval_over, and for each metric its mean; for the accuracies of
        validation and test also `*_low` and `*_high`, 95 %.
    """
    rows = []
    for (axis, value), runs in table[table["state"] == DONE].groupby(["axis", "value"], sort=False):
        row = {
            "axis": axis,
            "value": value,
            "num_seeds": len(runs),
            "interval_over": "seeds" if len(runs) > 1 else "people",
        }
        row |= {metric: runs[metric].mean() for metric in METRICS}
        for split in ("validation", "test"):
            over_people = runs.iloc[0][[f"{split}_low", f"{split}_high"]].astype(float)
            interval = interval_of_mean(runs[f"{split}_accuracy"]) if len(runs) > 1 else over_people
            row[f"{split}_low"], row[f"{split}_high"] = np.clip(
                interval, 0.0, 1.0
            )  # Student's t does not know that these are shares
        rows.append(row)
    return pd.DataFrame(rows)


def interval_of_mean(values):
    """The 95 % interval of the mean of at least two values, by Student's t: `(low, high)`."""
    from scipy.stats import t

    values = np.asarray(values, dtype=float)
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


def best_settings(sweep, runs_dir):
    """For each axis the setting with the highest validation AUC, and which others are told apart from it. Test pairs say nothing here.

    AUC needs no threshold, so on a few hundred pairs it is steadier than accuracy. A setting is told apart if the interval of its
    difference to the best lies above zero: over people (bootstrap, both settings on the same pairs), and over seeds too (Student's t,
    paired by seed) where there are at least two. Intervals are of 95 % and not corrected for their number.

    Args:
        sweep: a `Sweep`.
        runs_dir: where its runs are.

    Returns:
        A list of dicts with the keys axis, best, seeds (that all compared settings share), worse (values that are told apart from the
        best), open (values that are not), missing (values with no seed in common), and sentence.
    """
    runs = defaultdict(dict)
    for point in sweep.points():
        runs[point.axis, point.value][point.config.seed] = point.run(runs_dir)
    return [
        _best_setting(
            axis, {value: of_seed for (name, value), of_seed in runs.items() if name == axis}
        )
        for axis in _axes(runs)
    ]


def _axes(runs):
    return dict.fromkeys(axis for axis, _ in runs)


def _best_setting(axis, runs):
    done = {
        value: {seed: run for seed, run in of_seed.items() if run.done}
        for value, of_seed in runs.items()
    }
    missing = [value for value, of_seed in done.items() if not of_seed]
    done = {value: of_seed for value, of_seed in done.items() if of_seed}
    seeds = sorted(set.intersection(*map(set, done.values()))) if done else []
    verdict = {
        "axis": axis,
        "best": None,
        "seeds": seeds,
        "worse": [],
        "open": [],
        "missing": missing,
    }
    if seeds:
        means = {
            value: np.mean([of_seed[seed].metrics["validation"]["auc"] for seed in seeds])
            for value, of_seed in done.items()
        }
        verdict["best"] = best = max(means, key=means.get)
        for value in done:
            if value != best:
                apart = significantly_better(
                    [done[best][seed] for seed in seeds], [done[value][seed] for seed in seeds]
                )
                verdict["worse" if apart else "open"].append(value)
    return verdict | {"sentence": _sentence(verdict)}


def significantly_better(better, other):
    """Whether validation AUC of the runs `better` is above that of `other`, seed by seed, beyond what people and seeds leave open.

    Raises:
        ValueError: if two runs of a seed have other validation pairs.
    """
    differences, resampled = [], []
    for one, two in zip(better, other):
        if one.pairs("validation") != two.pairs("validation"):
            raise ValueError(
                f"Two settings are compared on the same validation pairs; these have others. Received: {one}, {two}"
            )
        scores = [run.scores("validation") for run in (one, two)]
        weights = people_weights(*one.pairs("validation").people_of_sides)
        resampled.append(
            np.subtract(
                *(
                    resampled_areas_under_roc(part["score"], part["label"], weights)
                    for part in scores
                )
            )
        )
        differences.append(
            np.subtract(*(area_under_roc(part["score"], part["label"]) for part in scores))
        )
    over_people = np.nanquantile(np.mean(resampled, axis=0), 0.025)
    return bool(over_people > 0 and (len(differences) < 2 or interval_of_mean(differences)[0] > 0))


def _sentence(verdict):
    if verdict["best"] is None:
        return f"{verdict['axis']}: nothing can be said yet; its settings have no seed in common."
    names = {key: ", ".join(map(as_text, verdict[key])) for key in ("worse", "open", "missing")}
    if not verdict["open"] and not verdict["worse"]:
        words = f"only {as_text(verdict['best'])} is trained"
    elif not verdict["open"]:
        words = f"{as_text(verdict['best'])} is the best; all others are worse beyond the intervals"
    else:
        words = f"no difference found between {as_text(verdict['best'])} (the highest mean) and {names['open']}"
        words += f"; {names['worse']} worse beyond the intervals" if names["worse"] else ""
    if len(verdict["seeds"]) == 1:
        words += " (a single seed: the spread from seed to seed is not in the intervals)"
    return f"{verdict['axis']}: {words}." + (
        f" Not trained yet: {names['missing']}." if names["missing"] else ""
    )


SPLITS_SHOWN = (
    "validation",
    "test",
)  # validation decides; test stands beside it and decides nothing


def ablation(sweep, runs_dir):
    """What is lost without each component of a recipe, all runs of the sweep being trained alike but for that component.

    Args:
        sweep: a `Sweep` with components.
        runs_dir: where its runs are.

    Returns:
        A list of dicts, one a component, with the keys recipe, component, change, num_epochs, seeds, and for validation and test
        `*_accuracy_mean`, `*_auc_mean` (without the component), `*_accuracy_gain`, `*_auc_gain` (whole recipe less that, mean over seeds) and
        `*_gain_interval` (of the accuracy's gain, 95 %, by bootstrap over people). A component counts with the seeds that both sides have.
    """
    runs = defaultdict(dict)
    for point in sweep.points():
        if (run := point.run(runs_dir)).done:
            runs[point.value][point.config.seed] = run
    whole = runs.pop(FULL_RECIPE, {})
    rows = []
    for component, without in runs.items():
        if seeds := sorted(set(without) & set(whole)):
            sides = [[of_seed[seed] for seed in seeds] for of_seed in (whole, without)]
            about = {
                "recipe": sweep.base.stem,
                "component": component,
                "change": sweep.components[component],
                "seeds": seeds,
            }
            rows.append(about | {"num_epochs": sides[0][0].config.num_epochs} | _gains(*sides))
    return rows


def _gains(whole, without):
    gains = {}
    for split in SPLITS_SHOWN:
        for metric in ("accuracy", "auc"):
            of_whole, of_without = (
                [run.metrics[split][metric] for run in side] for side in (whole, without)
            )
            gains[f"{split}_{metric}_mean"] = statistics_of.mean(of_without)
            gains[f"{split}_{metric}_gain"] = statistics_of.mean(of_whole) - statistics_of.mean(
                of_without
            )
        gains[f"{split}_gain_interval"] = interval_of_runs(
            whole, split, correct_of_runs(whole, split) - correct_of_runs(without, split)
        )
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
    return [
        {"recipe": sweep.base.stem, axis: value} | _point_row(of_value)
        for value, of_value in runs.items()
    ]


def _point_row(runs):
    metrics, config = [run.metrics for run in runs], runs[0].config
    row = {"num_epochs": config.num_epochs, "seeds": [run.config.seed for run in runs]}
    row["num_classes"] = metrics[0].get("examples", {}).get("classes")
    row["num_pairs"] = metrics[0]["train"]["num_pairs"] if config.protocol == "pairs" else None
    for split in SPLITS_SHOWN:
        row[f"{split}_accuracy_mean"] = statistics_of.mean(
            one[split]["accuracy"] for one in metrics
        )
        row[f"{split}_accuracy_interval"] = interval_of_runs(
            runs, split, correct_of_runs(runs, split)
        )
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
        "learning_curve": lambda sweep, runs_dir: points_of_axis(
            sweep, "training_fraction", runs_dir
        ),
        "leak": lambda sweep, runs_dir: points_of_axis(sweep, "split_by", runs_dir),
    }
    for name, make in makers.items():
        sweeps = [Sweep.from_yaml(path) for path in sorted(Path(sweeps_dir).glob(f"{name}_*.yaml"))]
        write_json(
            results_dir / f"{name}.json",
            [row for sweep in sweeps for row in make(sweep, results_dir / "sweeps")],
        )
