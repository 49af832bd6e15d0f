"""A run: one directory with everything that a training left, readable without TensorFlow."""

from pathlib import Path

from filelock import FileLock, Timeout

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.pairs import Pair, PairList, parse_face
from siamese_lib.utils.files import atomic_write, read_json, write_json, write_text

SPLITS = ("train", "validation", "test")
SCORE_COLUMNS = ("split", "left", "right", "label", "score")
ONESHOT_COLUMNS = ("method", "ways", "accuracy", "low", "high")
TRIAL_COLUMNS = ("split", "trial_set", "probe", "answer", "chosen", "correct")


class Run:
    """The directory of one run.

    Files: `config.json`, `history.csv` (a row an epoch), `metrics.json`, `scores.csv` (split, left, right, label, score),
    `oneshot.csv`, `trials.csv` where there are groups, `versions.json`, `model.keras` with `model.json` beside it, and `DONE`, which is
    written last.
    """

    def __init__(self, directory):
        self.directory = Path(directory)

    def __repr__(self):
        return f"Run({str(self.directory)!r})"

    @classmethod
    def of(cls, config, runs_dir):
        """The run of a config below `runs_dir`: `EXPERIMENT/seed_N`, or `EXPERIMENT,OVERRIDES/seed_N`.

        Raises:
            ValueError: if the directory holds the run of another config.
        """
        name = config.experiment + (f",{config.variant}" if config.variant else "")
        run = cls(Path(runs_dir) / name.replace("/", "_") / f"seed_{config.seed}")
        if run.path("config.json").is_file():
            before, now = run.config.result_fields(), config.result_fields()
            changed = [
                f"{key} was {before[key]} and is {now[key]}"
                for key in now
                if before[key] != now[key]
            ]
            if changed:
                raise ValueError(
                    f"{run.directory} holds a run of another configuration; delete it, or give the experiment another file name. "
                    f"Received: {', '.join(changed)}"
                )
        return run

    @classmethod
    def existing(cls, directory):
        """The finished run in a directory.

        Raises:
            FileNotFoundError: if there is none.
        """
        run = cls(directory)
        if not run.done:
            raise FileNotFoundError(
                f"There is no finished run (no file DONE) in this directory; train it first. Received: {directory}"
            )
        return run

    @classmethod
    def all_of(cls, folder):
        """The finished runs of an experiment's folder, by seed."""
        runs = [cls(path.parent) for path in Path(folder).glob("seed_*/DONE")]
        return sorted(runs, key=lambda run: int(run.directory.name.removeprefix("seed_")))

    def path(self, name):
        """The path of one of the run's files."""
        return self.directory / name

    def after_epoch(self, epoch):
        """The run of fewer epochs that this one was after so many, where its config's `score_epochs` asks for it."""
        return Run(self.directory / f"after_epoch_{epoch:05d}")

    @property
    def done(self):
        """Whether the run is finished."""
        return self.path("DONE").is_file()

    @property
    def config(self):
        """The run's `ExperimentConfig`."""
        return ExperimentConfig.from_dict(read_json(self.path("config.json")))

    @property
    def metrics(self):
        """The content of `metrics.json`: fractions between 0 and 1, times in seconds.

        Raises:
            ValueError: if it is not whole.
        """
        metrics = read_json(self.path("metrics.json"))
        if not isinstance(metrics, dict) or not {"threshold", "seconds", *SPLITS} <= set(metrics):
            raise ValueError(
                f"The metrics of a run are not whole; train it again. Received: {self.path('metrics.json')}"
            )
        return metrics

    @property
    def versions(self):
        """The content of `versions.json`: packages, machine, date, data."""
        return read_json(self.path("versions.json"))

    @property
    def history(self):
        """A pandas DataFrame with a row an epoch; empty before the first epoch."""
        import pandas as pd

        path = self.path("history.csv")
        return (
            _read_csv(path, ("epoch",), float_precision="round_trip")
            if path.is_file()
            else pd.DataFrame()
        )

    def scores(self, split=None):
        """The scored pairs as a pandas DataFrame with the columns split, left, right, label, score; of one split or of all."""
        table = _read_csv(self.path("scores.csv"), SCORE_COLUMNS, dtype={"left": str, "right": str})
        return table if split is None else table[table["split"] == split].reset_index(drop=True)

    def pairs(self, split):
        """The `PairList` of a split, in the order of its scores."""
        table = self.scores(split)
        columns = zip(table["left"], table["right"], table["label"])
        return PairList(
            tuple(
                Pair(parse_face(left), parse_face(right), label) for left, right, label in columns
            )
        )

    def correct(self, split=None):
        """Whether each pair, of one split or of all, was decided rightly at the threshold: a pandas Series, in the order of its scores."""
        table = self.scores(split)
        return (table["score"] >= self.metrics["threshold"]) == (table["label"] == 1)

    def lock(self, wait=False):
        """A lock on the run: one process trains it, a second one is told so, or waits.

        Raises:
            ValueError: on entering, if another process holds it and this one shall not wait.
        """
        return _RunLock(self.directory, wait)

    @property
    def locked(self):
        """Whether a process is training it at this moment."""
        try:
            with self.lock():
                return False
        except ValueError:
            return True

    def write_history(self, rows):
        """Writes `history.csv` whole, from a list of dicts, one an epoch."""
        import pandas as pd

        write_text(
            self.path("history.csv"), pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
        )

    def write_scores(self, pairs_by_split, scores_by_split):
        """Writes `scores.csv` from a `PairList` and an array `(num_pairs,)` for each split."""
        import pandas as pd

        rows = [
            (split, str(pair.left), str(pair.right), pair.label, f"{score:.9g}")
            for split in SPLITS
            for pair, score in zip(pairs_by_split[split], scores_by_split[split])
        ]
        with atomic_write(self.path("scores.csv")) as temporary:
            pd.DataFrame(rows, columns=SCORE_COLUMNS).to_csv(
                temporary, index=False, lineterminator="\n"
            )

    @property
    def oneshot(self):
        """N-way one-shot accuracies as `oneshot.oneshot_accuracies` gives them; empty for a run from before they were measured."""
        import pandas as pd

        path = self.path("oneshot.csv")
        return (
            _read_csv(path, ONESHOT_COLUMNS)
            if path.is_file()
            else pd.DataFrame(columns=ONESHOT_COLUMNS)
        )

    def write_oneshot(self, table):
        """Writes `oneshot.csv`."""
        write_text(
            self.path("oneshot.csv"),
            table.to_csv(index=False, lineterminator="\n", float_format="%.6g"),
        )

    def trials(self, split):
        """The one-shot trials within groups of one split ("validation", "test", "test_400"), as `oneshot.score_trials` gives them."""
        table = _read_csv(self.path("trials.csv"), TRIAL_COLUMNS)
        return table[table["split"] == split].reset_index(drop=True)

    def write_trials(self, table):
        """Writes `trials.csv`."""
        write_text(
            self.path("trials.csv"),
            table[list(TRIAL_COLUMNS)].to_csv(index=False, lineterminator="\n"),
        )

    def write_json(self, name, content):
        """Writes one of the run's JSON files."""
        write_json(self.path(name), content)

    @property
    def error(self):
        """Why it could not be trained, in a sentence, or None; the last try counts."""
        path = self.path("error.json")
        return read_json(path)["error"] if path.is_file() else None

    def write_error(self, error):
        """Writes down in `error.json` why it could not be trained."""
        self.write_json("error.json", {"error": error})

    def clear_error(self):
        """Removes `error.json`, before another try."""
        self.path("error.json").unlink(missing_ok=True)

    def checkpoints(self):
        """The checkpoint files, oldest first; the name holds the number of finished epochs."""
        return sorted(self.directory.glob("checkpoint-*.keras"))

    def remove_half_written(self):
        """Removes what a killed process was just writing; to be called under the lock."""
        for path in (*self.directory.glob(".*-*"), *self.directory.glob("after_epoch_*/.*-*")):
            path.unlink(missing_ok=True)

    def clean_up(self):
        """Removes what only an unfinished run needs: checkpoints, the best weights so far, half-written files."""
        self.remove_half_written()
        self.clear_error()
        for path in [*self.checkpoints(), self.path("best.weights.h5")]:
            path.unlink(missing_ok=True)

    def finish(self):
        """Writes `DONE`: from here on the run is read and no more changed."""
        write_text(self.path("DONE"), "")


def _read_csv(path, columns, **options):
    import pandas as pd

    try:
        table = pd.read_csv(path, **options)
    except (
        ValueError,
        UnicodeDecodeError,
    ) as error:  # what pandas raises for an empty or a torn table is a ValueError
        raise ValueError(
            f"{path} is not a whole table; train the run again. Received: {' '.join(str(error).split())}"
        ) from error
    if not set(columns) <= set(table):
        raise ValueError(
            f"{path} lacks columns; train the run again. Received: {', '.join(map(str, table))[:80]}"
        )
    return table


class _RunLock:
    def __init__(self, directory, wait):
        self._directory, self._wait = directory, wait
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(directory / ".lock")

    def __enter__(self):
        try:
            self._lock.acquire(timeout=-1 if self._wait else 0)
        except Timeout as error:
            raise ValueError(
                f"Another process is training this run; wait for it or end it. Received: {self._directory}"
            ) from error

    def __exit__(self, *_):
        self._lock.release()
