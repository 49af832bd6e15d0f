"""Trains the points of a sweep that are missing and collects all of them in one table."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from siamese_lib.config import ExperimentConfig
from siamese_lib.experiments.engines import progress_bar
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.training.run import Run
from siamese_lib.utils.files import write_json, write_text

DONE = "done"


class Engine(Protocol):
    """Trains the runs of a sweep: `LocalEngine` or `RayEngine`."""

    def check(self, sweep: Sweep, configs: Sequence[ExperimentConfig]) -> None:
        """Refuses what no run could be trained with, before anything is written.

        Args:
            sweep: the `Sweep`.
            configs: those of its unfinished runs.

        Raises:
            FileNotFoundError, ValueError: if something is wrong.
        """

    def __call__(self, sweep: Sweep, runs: Sequence[Run]) -> None:
        """Trains the unfinished runs; leaves each finished or with an `error.json`."""


def run_sweep(sweep: Sweep, runs_dir: Path | str, engine: Engine) -> pd.DataFrame:
    """Trains the points that are not trained yet and collects the table.

    Args:
        sweep: a `Sweep`.
        runs_dir: the folder for the run folders and for the table, `SWEEP.csv` and `SWEEP.json`.
        engine: `LocalEngine` or `RayEngine`.

    Returns:
        A DataFrame with a row for each point; see `sweep_table`.

    Raises:
        FileNotFoundError, ValueError: if the data or the engine cannot be used, or no run could
            be finished.
    """
    configs = {point.config.hash(): point.config for point in sweep.points()}
    runs = {Run.of(config, runs_dir): config for config in configs.values()}
    unfinished = [run for run in runs if not run.done]
    if unfinished:
        engine.check(sweep, [runs[run] for run in unfinished])
    for run in unfinished:
        run.write_json("config.json", runs[run].to_dict())
        run.clear_error()
    try:
        if unfinished:
            with progress_bar(sweep.name, unfinished, len(runs) - len(unfinished)):
                engine(sweep, unfinished)
    finally:  # also when the sweep is interrupted: the table shows what is missing
        table = sweep_table(sweep, runs_dir)
        path = Path(runs_dir) / sweep.name
        write_text(f"{path}.csv", table.to_csv(index=False, lineterminator="\n"))
        rows = table.astype(object).where(table.notna(), None)
        write_json(f"{path}.json", rows.to_dict("records"))
    if not (table["state"] == DONE).any():
        raise ValueError(
            "No run of the sweep could be finished. "
            f"Received: {sweep.name}, {'; '.join(table['state'].unique())}"
        )
    return table


def sweep_table(sweep: Sweep, runs_dir: Path | str) -> pd.DataFrame:
    """All points of a sweep, trained or not; those without a finished run have empty metrics.

    Returns:
        A DataFrame with the columns axis, value, one for each varied field, seed, state ("done",
        "missing", "N epochs so far", "failed: REASON"), for validation and test `*_accuracy`,
        `*_low`, `*_high` (95 % interval over people) and `*_auc`, train_seconds, and run (the
        folder below `runs_dir`).
    """
    numbers = itertools.product(("validation", "test"), ("accuracy", "low", "high", "auc"))
    columns = ["axis", "value", *sweep.varied, "seed", "state", *map("_".join, numbers)]
    rows = [_row(point, Path(runs_dir)) for point in sweep.points()]
    return pd.DataFrame(rows, columns=[*columns, "train_seconds", "run"])


def _row(point, runs_dir):
    """The config's fields, the point's axis and value, and the metrics of a finished run."""
    run = point.run(runs_dir)
    metrics = run.metrics if run.done else {}
    row = vars(point.config) | {
        "axis": point.axis,
        "value": point.value,
        "num_epochs": point.epoch or point.config.num_epochs,
        "state": _state(run),
        "train_seconds": metrics.get("seconds", {}).get("train"),
        "run": run.directory.relative_to(runs_dir).as_posix(),
    }
    for split in {"validation", "test"} & set(metrics):
        row |= {f"{split}_{name}": metrics[split][name] for name in ("accuracy", "auc")}
        row[f"{split}_low"], row[f"{split}_high"] = metrics[split]["accuracy_interval"]
    return row


def _state(run):
    if run.done:
        return DONE
    if run.error:
        return f"failed: {run.error}"
    return f"{len(run.history)} epochs so far" if len(run.history) else "missing"
