"""Statistics of runs and sweeps: means over seeds, 95 % intervals, significance, ablations.

`python -m siamese_lib leaderboard` writes the tables of `tables_of_sweeps` beside LFW-a's
leaderboard.
"""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.bootstrap import people_bootstrap, people_weights
from siamese_lib.evaluation.metrics import area_under_roc, resampled_areas_under_roc
from siamese_lib.experiments.folds import folds_rows, runs_of_folds
from siamese_lib.experiments.sweep import ABLATED, FULL_RECIPE, Sweep
from siamese_lib.experiments.sweep_runs import DONE
from siamese_lib.training.run import Run
from siamese_lib.utils.text import as_text

METRICS = ("validation_accuracy", "validation_auc", "test_accuracy", "test_auc", "train_seconds")
# Validation decides between settings; test is shown beside it and decides nothing.
SPLITS_SHOWN = ("validation", "test")
FEWEST_SEEDS = 3  # of an interval over seeds


def mean_over_runs(runs: Sequence[Run], split: str, metric: str) -> float:
    """The mean of `metrics[split][metric]` over runs."""
    return statistics.mean(run.metrics[split][metric] for run in runs)


def accuracy_interval(runs: Sequence[Run], split: str, baseline: Sequence[Run] = ()) -> list[float]:
    """The 95 % interval of the mean accuracy of runs on a split, by bootstrap over people.

    Args:
        runs: one for each seed.
        split: "train", "validation" or "test".
        baseline: runs of the same seeds on the same pairs; if given, the interval is that of the
            gain in accuracy over them.

    Returns:
        `[low, high]`

    Raises:
        ValueError: if a run and its baseline scored different pairs.
    """
    of_runs = [run.pairs(split) for run in runs]
    if baseline and [run.pairs(split) for run in baseline] != of_runs:
        raise ValueError(
            "A gain is measured on the same pairs; these runs scored different ones. "
            f"Received: {runs[0]}, {baseline[0]}"
        )
    pairs = PairList(tuple(itertools.chain(*of_runs)))
    values = _correct(runs, split) - (_correct(baseline, split) if baseline else 0.0)
    return people_bootstrap(*pairs.clusters_of_sides, values)


def _correct(runs, split):
    """Whether each pair of the runs was decided correctly, 1 or 0, `(num_runs * num_pairs,)`."""
    return np.concatenate([run.correct(split).to_numpy(float) for run in runs])


def interval_of_mean(values: Sequence[float] | np.ndarray | pd.Series) -> tuple[float, float]:
    """The 95 % interval of the mean of at least two values, by Student's t: `(low, high)`."""
    from scipy.stats import sem, t

    # In units of the standard error, since SciPy gives NaN for values without any spread.
    low, high = np.mean(values) + sem(values) * np.array(t.interval(0.95, len(values) - 1))
    return low, high


def settings_table(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each setting of a sweep: means over its seeds, with 95 % intervals.

    With at least `FEWEST_SEEDS` seeds the interval is that of the mean over seeds (Student's t).
    With one seed it is the run's own interval over people, which leaves out the spread between
    seeds. In between there is none: Student's factor for two seeds is 12.7. The column
    `interval_over` tells which. Settings without a finished run are left out.

    Args:
        table: the sweep's points, as `sweep_table` returns them.

    Returns:
        A DataFrame with the columns axis, value, num_seeds, interval_over, the mean of each of
        `METRICS`, and for the accuracies on validation and test `*_low`, `*_high` (NaN without an
        interval) and `*_of_seeds` (a list).
    """
    rows = []
    for (axis, value), runs in table[table["state"] == DONE].groupby(["axis", "value"], sort=False):
        over = "seeds" if len(runs) >= FEWEST_SEEDS else "people" if len(runs) == 1 else "nothing"
        row = {"axis": axis, "value": value, "num_seeds": len(runs), "interval_over": over}
        row |= runs[list(METRICS)].mean().to_dict()
        for split in SPLITS_SHOWN:
            bounds, accuracies = [f"{split}_low", f"{split}_high"], runs[f"{split}_accuracy"]
            interval: Any = (np.nan, np.nan)
            if over == "seeds":
                interval = interval_of_mean(accuracies)
            elif over == "people":
                interval = runs[bounds].iloc[0]
            # Student's t ignores that an accuracy lies between 0 and 1.
            row |= dict(zip(bounds, np.clip(interval, 0.0, 1.0)))
            row[f"{split}_of_seeds"] = accuracies.to_list()
        rows.append(row)
    return pd.DataFrame(rows)


def _finished_runs(sweep, runs_dir):
    """`{axis: {value: {seed: run}}}`; a value without a finished run has an empty dict."""
    runs = defaultdict(lambda: defaultdict(dict))
    for point in sweep.points():
        run, of_value = point.run(runs_dir), runs[point.axis][point.value]
        if run.done:
            of_value[point.config.seed] = run
    return runs


def best_settings(sweep: Sweep, runs_dir: Path | str) -> list[dict[str, Any]]:
    """For each axis the setting with the highest validation AUC, and how the others compare.

    AUC needs no threshold and therefore varies less than accuracy on a few hundred pairs. Test
    pairs are not used. The intervals behind `worse` are not corrected for multiple comparisons.

    Args:
        sweep: a `Sweep`.
        runs_dir: the folder of its runs.

    Returns:
        A list of dicts with the keys axis, best, seeds (shared by all compared settings), worse
        (values significantly worse than the best, see `significantly_better`), not_worse (the
        other values), missing (values without a finished run), and sentence (all this in words).
    """
    runs = _finished_runs(sweep, runs_dir)
    return [_best_setting(axis, of_axis) for axis, of_axis in runs.items()]


def _best_setting(axis, runs):
    done = {value: of_seed for value, of_seed in runs.items() if of_seed}
    seeds = sorted(set.intersection(*map(set, done.values()))) if done else []
    row = {"axis": axis, "best": None, "seeds": seeds, "worse": [], "not_worse": []}
    row["missing"] = [value for value in runs if value not in done]
    if seeds:
        done = {value: [of_seed[seed] for seed in seeds] for value, of_seed in done.items()}
        best = max(done, key=lambda value: mean_over_runs(done[value], "validation", "auc"))
        row["best"], best_runs = best, done.pop(best)
        for value, others in done.items():
            row["worse" if significantly_better(best_runs, others) else "not_worse"].append(value)
    return row | {"sentence": _sentence(row)}


def _sentence(row):
    if row["best"] is None:
        return f"{row['axis']}: nothing can be said yet: its settings have no seed in common."
    is_clear = row["worse"] and not row["not_worse"]
    parts = [f"{as_text(row['best'])} {'is the best' if is_clear else 'has the highest mean AUC'}"]
    names = {
        "worse": "significantly worse",
        "not_worse": "no significant difference",
        "missing": "not trained yet",
    }
    parts += [f"{names[key]}: {', '.join(map(as_text, row[key]))}" for key in names if row[key]]
    if len(row["seeds"]) == 1:
        parts.append("a single seed, so the intervals leave out the spread between seeds")
    return f"{row['axis']}: {'; '.join(parts)}."


def significantly_better(first: Sequence[Run], second: Sequence[Run]) -> bool:
    """Whether the runs `first` have a significantly higher validation AUC than the runs `second`.

    The 95 % interval of the difference must lie above zero: over people (bootstrap, both runs of
    a seed on the same pairs), and with at least two seeds also over seeds (Student's t, paired).

    Args:
        first, second: one run for each seed, in the same order.

    Raises:
        ValueError: if the two runs of a seed have different validation pairs.
    """
    differences, resampled = [], []
    for runs in zip(first, second):
        pairs = runs[0].pairs("validation")
        if pairs != runs[1].pairs("validation"):
            raise ValueError(
                "Two settings can be compared on the same validation pairs only; these have "
                f"different ones. Received: {runs[0]}, {runs[1]}"
            )
        labels, weights = pairs.labels, people_weights(*pairs.clusters_of_sides)
        of_first, of_second = (run.scores("validation")["score"] for run in runs)
        differences.append(area_under_roc(of_first, labels) - area_under_roc(of_second, labels))
        resampled.append(
            resampled_areas_under_roc(of_first, labels, weights)
            - resampled_areas_under_roc(of_second, labels, weights)
        )
    over_people = np.nanquantile(np.mean(resampled, axis=0), 0.025)
    return bool(over_people > 0 and (len(differences) < 2 or interval_of_mean(differences)[0] > 0))


def ablation(sweep: Sweep, runs_dir: Path | str) -> list[dict[str, Any]]:
    """The accuracy and AUC that each component of a recipe contributes.

    All runs of the sweep are trained alike but for the removed component. A component is compared
    on the seeds for which both the full recipe and the recipe without it are trained.

    Args:
        sweep: a `Sweep` with components.
        runs_dir: the folder of its runs.

    Returns:
        A list of dicts, one for each component, with the keys recipe, component, change, seeds,
        num_epochs, and for validation and test `*_accuracy_mean`, `*_auc_mean` (without the
        component), `*_accuracy_gain`, `*_auc_gain` (full recipe minus that, mean over seeds) and
        `*_gain_interval` (of the accuracy's gain, 95 %, by bootstrap over people).
    """
    runs, rows = _finished_runs(sweep, runs_dir)[ABLATED], []
    full = runs.pop(FULL_RECIPE, {})
    for component, ablated in runs.items():
        if seeds := sorted(set(ablated) & set(full)):
            row = {
                "recipe": sweep.base.stem,
                "component": component,
                "change": sweep.components[component],
                "seeds": seeds,
                "num_epochs": full[seeds[0]].config.num_epochs,
            }
            rows.append(row | _gains([full[s] for s in seeds], [ablated[s] for s in seeds]))
    return rows


def _gains(full, ablated):
    gains = {}
    for split in SPLITS_SHOWN:
        for metric in ("accuracy", "auc"):
            mean = mean_over_runs(ablated, split, metric)
            gains[f"{split}_{metric}_mean"] = mean
            gains[f"{split}_{metric}_gain"] = mean_over_runs(full, split, metric) - mean
        gains[f"{split}_gain_interval"] = accuracy_interval(full, split, baseline=ablated)
    return gains


def points_of_axis(sweep: Sweep, runs_dir: Path | str, axis: str) -> list[dict[str, Any]]:
    """The finished runs along one axis of a sweep, a dict for each value, averaged over seeds.

    Returns:
        A list of dicts with the keys recipe, the axis, num_epochs, seeds, num_classes (people that
        were trained on, under protocol `people`), num_pairs (pairs that were trained on, under
        protocol `pairs`), and for validation and test `*_accuracy_mean`, `*_accuracy_interval` (of
        that mean, 95 %, by bootstrap over people) and `*_auc_mean`.
    """
    return [
        {"recipe": sweep.base.stem, axis: value} | _point_row(list(of_seed.values()))
        for value, of_seed in _finished_runs(sweep, runs_dir)[axis].items()
        if of_seed
    ]


def _point_row(runs):
    config, metrics = runs[0].config, runs[0].metrics
    row = {
        "num_epochs": config.num_epochs,
        "seeds": [run.config.seed for run in runs],
        "num_classes": metrics.get("examples", {}).get("classes"),
        "num_pairs": metrics["train"]["num_pairs"] if config.protocol == "pairs" else None,
    }
    for split in SPLITS_SHOWN:
        row |= {
            f"{split}_accuracy_mean": mean_over_runs(runs, split, "accuracy"),
            f"{split}_accuracy_interval": accuracy_interval(runs, split),
            f"{split}_auc_mean": mean_over_runs(runs, split, "auc"),
        }
    return row


def tables_of_sweeps(
    sweeps_dir: Path | str, runs_dir: Path | str
) -> dict[str, list[dict[str, Any]]]:
    """The tables of ablations, learning curves, the leak of a split by pairs, and View 2.

    They come from the finished runs of the sweep files `ablation_*`, `learning_curve_*`, `leak_*`
    and `view2_*`.

    Args:
        sweeps_dir: `experiments/sweeps`.
        runs_dir: the folder of the sweeps' runs.

    Returns:
        `{name: rows}` with the names ablation, learning_curve, leak, view2.
    """
    rows_of: dict[str, Callable[[Sweep, Path], list[dict[str, Any]]]] = {
        "ablation": ablation,
        "learning_curve": partial(points_of_axis, axis="training_fraction"),
        "leak": partial(points_of_axis, axis="split_by"),
        "view2": lambda sweep, runs_dir: folds_rows(runs_of_folds(sweep, runs_dir)),
    }
    return {
        name: [
            row
            for path in sorted(Path(sweeps_dir).glob(f"{name}_*.yaml"))
            for row in rows(Sweep.from_yaml(path), Path(runs_dir))
        ]
        for name, rows in rows_of.items()
    }
