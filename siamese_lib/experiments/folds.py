"""LFW's View 2: the accuracy over ten folds, as LFW asks to report it.

`python -m siamese_lib leaderboard` writes the table to `view2.json` beside the leaderboard of
LFW-a, from the finished runs of the sweep files `view2_*`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import sem

from siamese_lib.evaluation.metrics import roc
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.training.run import Run
from siamese_lib.utils.text import percent

NUM_RATES = 201  # false accept rates at which `roc_over_folds` reads the curves


def runs_of_folds(sweep: Sweep, runs_dir: Path | str) -> dict[str, list[Run]]:
    """The finished runs of a sweep over folds, and those of an ensemble's members.

    Args:
        sweep: a `Sweep` with the axis fold.
        runs_dir: the folder of its runs.

    Returns:
        `{experiment: runs}`, the runs by fold.
    """
    found: dict[str, list[Run]] = defaultdict(list)
    for run in (point.run(runs_dir) for point in sweep.points()):
        if run.done:
            for each in [run, *run.networks()] if run.config.members else [run]:
                found[each.config.experiment].append(each)
    return dict(found)


def folds_rows(runs: Mapping[str, Sequence[Run]]) -> list[dict[str, Any]]:
    """The mean accuracy of each experiment over its folds, the standard error, and the mean AUC.

    The standard error is the standard deviation of the folds' accuracies, with the divisor
    `num_folds - 1`, divided by the square root of `num_folds` (Huang et al., 2007, section 4).

    Args:
        runs: `{experiment: runs}`, as `runs_of_folds` returns them.

    Returns:
        A list of dicts with the keys experiment, protocol, folds, accuracies (of the folds, each at
        the threshold from its own validation people), accuracy_mean, standard_error (None for a
        single fold), auc_mean, validation_accuracy_mean, num_people (trained on, mean over folds)
        and train_seconds_mean.
    """
    rows = []
    for experiment, of_folds in runs.items():
        metrics = [run.metrics for run in of_folds]
        accuracies = [values["test"]["accuracy"] for values in metrics]
        examples = [run.networks()[0].metrics["examples"] for run in of_folds]
        rows.append(
            {
                "experiment": experiment,
                "protocol": of_folds[0].config.protocol,
                "folds": [run.config.fold for run in of_folds],
                "accuracies": accuracies,
                "accuracy_mean": float(np.mean(accuracies)),
                "standard_error": float(sem(accuracies)) if len(accuracies) > 1 else None,
                "auc_mean": float(np.mean([values["test"]["auc"] for values in metrics])),
                "validation_accuracy_mean": float(
                    np.mean([values["validation"]["accuracy"] for values in metrics])
                ),
                "num_people": round(np.mean([values["classes"] for values in examples])),
                "train_seconds_mean": float(
                    np.mean([values["seconds"]["train"] for values in metrics])
                ),
            }
        )
    return rows


def roc_over_folds(runs: Sequence[Run]) -> tuple[np.ndarray, list[np.ndarray]]:
    """The ROC curves of the folds' test pairs, read at the same false accept rates.

    Args:
        runs: one for each fold.

    Returns:
        `(false_accept_rates, true_accept_rates)`: `(NUM_RATES,)`, and the same for each fold.
    """
    rates, curves = np.linspace(0.0, 1.0, NUM_RATES), []
    for run in runs:
        scores = run.scores("test")
        far, tar, _ = roc(scores["score"], scores["label"])
        # The highest share of accepted same pairs at no more than this rate of false accepts.
        curves.append(tar[np.searchsorted(far, rates, side="right") - 1])
    return rates, curves


def beside_published(
    rows: Sequence[Mapping[str, Any]], published: Mapping[str, Any], markdown: bool = False
) -> pd.DataFrame:
    """The project's rows and the published ones of LFW's categories, the best first.

    Args:
        rows: as `folds_rows` returns them.
        published: the content of `results/lfwa/published.json`: `{"view2": [...]}`, each a dict
            with the keys method, category, accuracy, standard_error and source.
        markdown: whether the project's experiments are marked as code and their accuracies as bold.

    Returns:
        A DataFrame with the columns method, category, accuracy, standard_error, AUC, source; all
        text, the AUC that of the project's rows alone.
    """
    bold, code = ("**", "`") if markdown else ("", "")
    categories = {"people": "unrestricted", "pairs": "image-restricted"}
    ours = [
        {
            "method": f"{code}{row['experiment']}{code}",
            "category": categories[row["protocol"]],
            "accuracy": row["accuracy_mean"],
            "standard_error": row["standard_error"],
            "AUC": f"{row['auc_mean']:.3f}",
            "source": f"this project, {len(row['folds'])} folds",
            "mark": bold,
        }
        for row in rows
    ]
    others = [{**row, "AUC": "", "mark": ""} for row in published["view2"]]
    table = pd.DataFrame([*ours, *others]).sort_values("accuracy", ascending=False)
    accuracy = table["mark"] + table["accuracy"].map(partial(percent, digits=2)) + table["mark"]
    error = (100 * table["standard_error"].astype(float)).map(
        lambda points: "" if np.isnan(points) else f"± {points:.2f}"
    )
    columns = ["method", "category", "accuracy", "standard_error", "AUC", "source"]
    return table.assign(accuracy=accuracy, standard_error=error)[columns].reset_index(drop=True)
