"""A run: one directory with everything that a training leaves, readable without TensorFlow."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.pairs import Pair, PairList, parse_face
from siamese_lib.utils.fields import OLD_NAMES, OLD_VALUES, with_current_names
from siamese_lib.utils.files import read_json, write_json, write_text

SPLITS = ("train", "validation", "test")
INCOMPLETE_METRICS = "The metrics of a run are incomplete; train it again"
SCORE_COLUMNS = ("split", "left", "right", "label", "score")
ONESHOT_COLUMNS = ("method", "ways", "accuracy", "low", "high")
TRIAL_COLUMNS = ("split", "trial_set", "probe", "answer", "chosen", "correct")


class Run:
    """The directory of one run.

    Files: `config.json`, `history.csv` (a row for each epoch), `metrics.json`, `scores.csv` (split,
    left, right, label, score), `oneshot.csv`, `trials.csv` where people belong to groups,
    `versions.json`, `model.keras` with `model.json`, and `DONE`, which is written last.
    """

    def __init__(self, directory: Path | str):
        self.directory = Path(directory)

    def __repr__(self) -> str:
        return f"Run({str(self.directory)!r})"

    @classmethod
    def of(cls, config: ExperimentConfig, runs_dir: Path | str) -> "Run":
        """The run of a config: `EXPERIMENT/seed_N` or `EXPERIMENT,OVERRIDES/seed_N` in `runs_dir`.

        Raises:
            ValueError: if the directory holds the run of another config.
        """

        def named(variant):
            name = ",".join(filter(None, [config.experiment, variant])).replace("/", "_")
            return cls(Path(runs_dir) / name / f"seed_{config.seed}")

        run, old_run = named(config.variant), named(_old_variant(config.variant))
        if old_run.path("config.json").is_file() and not run.directory.exists():
            run = old_run  # written when fields had other names
        if run.path("config.json").is_file():
            before, now = run.config.result_fields(), config.result_fields()
            changed = [
                f"{key} was {before[key]} and is {now[key]}"
                for key in now
                if before[key] != now[key] and key != "variant"
            ]
            if changed:
                raise ValueError(
                    f"{run.directory} holds a run of another configuration; delete it, or give "
                    f"the experiment another file name. Received: {', '.join(changed)}"
                )
        return run

    @classmethod
    def existing(cls, directory: Path | str) -> "Run":
        """The finished run in a directory.

        Raises:
            FileNotFoundError: if there is none.
        """
        run = cls(directory)
        if not run.done:
            raise FileNotFoundError(
                "There is no finished run (no file DONE) in this directory; train it first. "
                f"Received: {directory}"
            )
        return run

    @classmethod
    def all_of(cls, folder: Path | str) -> "list[Run]":
        """The finished runs of an experiment's folder, by seed."""
        paths = Path(folder).glob("seed_*/DONE")
        runs = [cls(path.parent) for path in paths if re.fullmatch(r"seed_\d+", path.parent.name)]
        return sorted(runs, key=lambda run: int(run.directory.name.removeprefix("seed_")))

    @property
    def name(self) -> str:
        """The last two parts of its directory, `EXPERIMENT/seed_N`."""
        return "/".join(self.directory.resolve().parts[-2:])

    def networks(self) -> "list[Run]":
        """The finished runs of its networks: itself, or an ensemble's members.

        The member with the largest weight in the ensemble is the first. Members are looked for
        beside the ensemble's run; those that are not there are left out.
        """
        if not self.config.members:
            return [self]
        weights = self.metrics["weights"]
        runs_dir = self.directory.resolve().parent.parent
        runs = [Run(runs_dir / name) for name in sorted(weights, key=weights.get, reverse=True)]
        return [run for run in runs if run.done]

    @property
    def validated(self) -> "Run":
        """The run whose validation people chose the threshold: this one, or of a final training its
        run with people held out, if that is beside it.
        """
        held_out = self.directory.resolve().parent.parent / self.metrics.get("held_out", self.name)
        return Run(held_out) if Run(held_out).done else self

    def path(self, name: str) -> Path:
        """The path of one of the run's files."""
        return self.directory / name

    def after_epoch(self, epoch: int) -> "Run":
        """The run of fewer epochs within this one, saved where `score_epochs` names the epoch."""
        return Run(self.directory / f"after_epoch_{epoch:05d}")

    @property
    def done(self) -> bool:
        """Whether the run is finished."""
        return self.path("DONE").is_file()

    @property
    def config(self) -> ExperimentConfig:
        """The run's `ExperimentConfig`.

        Raises:
            FileNotFoundError, ValueError: if its `config.json` is missing or wrong.
        """
        path = self.path("config.json")
        values = read_json(path)
        try:
            return ExperimentConfig.from_dict(values)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of `metrics.json`: fractions between 0 and 1, times in seconds.

        Raises:
            ValueError: if it is incomplete.
        """
        path, parts = self.path("metrics.json"), ("seconds", *SPLITS)
        metrics = read_json(path)
        if not isinstance(metrics, dict) or not all(
            isinstance(metrics.get(part), dict) for part in parts
        ):
            raise ValueError(f"{INCOMPLETE_METRICS}. Received: {path}")
        metrics = _Metrics(with_current_names(metrics, "metric"), path)
        if not isinstance(metrics["threshold"], float | int):
            raise ValueError(f"{INCOMPLETE_METRICS}. Received: {path} with a threshold of text")
        for part in parts:
            metrics[part] = _Metrics(metrics[part], path)
        for split in SPLITS:
            metrics[split].setdefault("cross_entropy", None)  # runs of an earlier version lack it
        return metrics

    @property
    def versions(self) -> dict[str, Any]:
        """The content of `versions.json`: packages, machine, date, data."""
        return read_json(self.path("versions.json"))

    @property
    def history(self) -> pd.DataFrame:
        """A pandas DataFrame with a row for each epoch; empty before the first epoch."""
        path = self.path("history.csv")
        if not path.is_file():
            return pd.DataFrame()
        return _read_csv(path, ("epoch",), old_names=True, float_precision="round_trip")

    def scores(self, split: str | None = None) -> pd.DataFrame:
        """The scored pairs of a split, or of all: split, left, right, label, score."""
        table = _read_csv(self.path("scores.csv"), SCORE_COLUMNS, dtype={"left": str, "right": str})
        return table if split is None else table[table["split"] == split].reset_index(drop=True)

    def pairs(self, split: str) -> PairList:
        """The `PairList` of a split, in the order of its scores."""
        table = self.scores(split)
        columns = zip(table["left"], table["right"], table["label"])
        return PairList(
            tuple(
                Pair(parse_face(left), parse_face(right), label) for left, right, label in columns
            )
        )

    def correct(self, split: str | None = None) -> pd.Series:
        """Whether each pair of a split, or of all, is decided correctly at the threshold.

        Returns:
            A pandas Series in the order of `scores`.
        """
        table = self.scores(split)
        return (table["score"] >= self.metrics["threshold"]) == (table["label"] == 1)

    @contextmanager
    def lock(self, wait: bool = False) -> Iterator[None]:
        """Locks the run: only one process trains it.

        Args:
            wait: whether to wait for another process that holds the lock.

        Raises:
            ValueError: if another process holds it and `wait` is false.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path(".lock"))
        try:
            # A second, since a process that only looks (`locked`) holds it for a moment.
            lock.acquire(timeout=-1 if wait else 1)
        except Timeout as error:
            raise ValueError(
                "Another process is training this run; wait for it or end it. "
                f"Received: {self.directory}"
            ) from error
        try:
            yield
        finally:
            lock.release()

    @property
    def locked(self) -> bool:
        """Whether a process is training it at this moment."""
        path = self.path(".lock")
        try:
            with FileLock(path, timeout=0) if path.exists() else nullcontext():
                return False
        except Timeout:
            return True

    def write_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes `history.csv` from a list of dicts, one for each epoch."""
        self._write_csv("history.csv", pd.DataFrame(rows))

    def write_scores(
        self,
        pairs_by_split: Mapping[str, PairList],
        scores_by_split: Mapping[str, np.ndarray],
    ) -> None:
        """Writes `scores.csv` from a `PairList` and an array `(num_pairs,)` for each split."""
        rows = [
            (split, str(pair.left), str(pair.right), pair.label, f"{score:.9g}")
            for split in SPLITS
            for pair, score in zip(pairs_by_split[split], scores_by_split[split])
        ]
        self._write_csv("scores.csv", pd.DataFrame(rows, columns=list(SCORE_COLUMNS)))

    @property
    def oneshot(self) -> pd.DataFrame:
        """N-way one-shot accuracies, as `oneshot.oneshot_accuracies` returns them, or empty."""
        path = self.path("oneshot.csv")
        if not path.is_file():
            return pd.DataFrame(columns=list(ONESHOT_COLUMNS))
        return _read_csv(path, ONESHOT_COLUMNS)

    def write_oneshot(self, table: pd.DataFrame) -> None:
        """Writes `oneshot.csv`."""
        self._write_csv("oneshot.csv", table, float_format="%.6g")

    def trials(self, split: str) -> pd.DataFrame:
        """The one-shot trials within groups of a split, as `oneshot.answer_trials` returns them.

        Args:
            split: a key of `evaluation.trial_sets`, for example "validation" or "test_400".
        """
        table = _read_csv(self.path("trials.csv"), TRIAL_COLUMNS, old_names=True)
        split_of = table["split"].replace(OLD_NAMES["metric"])
        return table.assign(split=split_of)[split_of == split].reset_index(drop=True)

    def write_trials(self, table: pd.DataFrame) -> None:
        """Writes `trials.csv`."""
        self._write_csv("trials.csv", table[list(TRIAL_COLUMNS)])

    def _write_csv(self, name: str, table: pd.DataFrame, **options: Any) -> None:
        write_text(self.path(name), table.to_csv(index=False, lineterminator="\n", **options))

    def write_json(self, name: str, content: Any) -> None:
        """Writes one of the run's JSON files."""
        write_json(self.path(name), content)

    @property
    def error(self) -> str | None:
        """The error of the last try in a sentence, or None."""
        path = self.path("error.json")
        return read_json(path)["error"] if path.is_file() else None

    def write_error(self, error: str) -> None:
        """Writes `error.json`."""
        self.write_json("error.json", {"error": error})

    def clear_error(self) -> None:
        """Removes `error.json`, before another try."""
        self.path("error.json").unlink(missing_ok=True)

    def checkpoints(self) -> list[Path]:
        """The checkpoint files, oldest first; the name holds the number of finished epochs."""
        return sorted(self.directory.glob("checkpoint-*.keras"))

    def remove_half_written(self) -> None:
        """Removes the half-written files of a killed process; to be called under the lock."""
        for path in (*self.directory.glob(".*-*"), *self.directory.glob("after_epoch_*/.*-*")):
            path.unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Removes the files of an unfinished run: checkpoints, best weights, half-written files."""
        self.remove_half_written()
        self.clear_error()
        for path in [*self.checkpoints(), self.path("best.weights.h5")]:
            path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Writes `DONE`; the run is not changed any more."""
        write_text(self.path("DONE"), "")


class _Metrics(dict):
    """The content of a `metrics.json`, or a part of it; a missing number is one sentence."""

    def __init__(self, values: Mapping[str, Any], path: Path) -> None:
        super().__init__(values)
        self._path = path

    def __missing__(self, name: str) -> Any:
        raise ValueError(f"{INCOMPLETE_METRICS}. Received: {self._path} without {name}")


def _old_variant(variant: str) -> str:
    """A variant as an earlier version named it, with the old names of fields and values."""
    old_names = {new: old for old, new in OLD_NAMES["field"].items()}
    items = []
    for item in re.split(r",(?=[a-z_]+=)", variant):
        key, _, value = item.partition("=")
        old_values = {str(new): old for old, new in OLD_VALUES.get(key, {}).items()}
        items.append(f"{old_names.get(key, key)}={old_values.get(value, value)}")
    return ",".join(sorted(items)) if variant else ""


def _read_csv(
    path: Path, columns: Sequence[str], old_names: bool = False, **options: Any
) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, **options)
    except (ValueError, UnicodeDecodeError) as error:  # an empty or torn table is a ValueError
        raise ValueError(
            f"{path} is not a whole table; train the run again. "
            f"Received: {' '.join(str(error).split())}"
        ) from error
    table = table.rename(columns=OLD_NAMES["column"]) if old_names else table
    if not set(columns) <= set(table):
        raise ValueError(
            f"{path} lacks columns; train the run again. "
            f"Received: {', '.join(map(str, table))[:80]}"
        )
    return table
