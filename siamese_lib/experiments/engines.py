"""Engines train the runs of a sweep; the one here uses this machine, `ray_engine` a cluster.

An engine, see `sweep.Engine`, is called with the sweep and its unfinished runs, whose folders hold
`config.json`.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm.auto import tqdm

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.training.run import Run
from siamese_lib.utils.machine import num_usable_cores, project_root

if TYPE_CHECKING:
    from siamese_lib.experiments.sweep import Sweep

WATCH_SECONDS = 2.0  # between two looks at the folders of the runs
MAX_WORKERS = 4  # by default; each may take gigabytes of memory
TRIES = 2  # of a run whose process crashes


@contextmanager
def progress_bar(name: str, runs: Sequence[Run], num_done: int) -> Iterator[None]:
    """Shows a bar over all epochs of a sweep, with an estimate of the time left.

    A thread reads the number of trained epochs from the folders of the runs, so it does not matter
    where they are trained.

    Args:
        name: the sweep's name.
        runs: the unfinished runs.
        num_done: how many runs were finished before.
    """
    epochs = {run: run.config.num_epochs for run in runs}
    trained, total, _ = progress(epochs, num_done)
    ended = threading.Event()
    with tqdm(total=total, initial=trained, desc=f"Sweep {name}", unit="epoch") as bar:
        thread = threading.Thread(target=_watch, args=(bar, epochs, num_done, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _watch(bar, epochs, num_done, ended):
    is_last = False
    while not is_last:
        is_last = ended.wait(WATCH_SECONDS)
        trained, _, text = progress(epochs, num_done)
        if (trained, text) != (bar.n, bar.postfix):
            bar.set_postfix_str(text, refresh=False)
            bar.update(trained - bar.n)


def progress(epochs: Mapping[Run, int], num_done: int) -> tuple[int, int, str]:
    """How far the runs of a sweep are.

    Args:
        epochs: the unfinished runs and the epochs that each is to be trained for.
        num_done: how many runs were finished before.

    Returns:
        The epochs trained or no longer needed (a run stopped early or failed), all epochs, and in
        words how many runs have ended.
    """
    ended = {run: run.done or run.path("error.json").is_file() for run in epochs}
    trained = [most if ended[run] else min(_trained(run), most) for run, most in epochs.items()]
    num_ended, num_runs = num_done + sum(ended.values()), num_done + len(epochs)
    return sum(trained), sum(epochs.values()), f"{num_ended} of {num_runs} runs ended"


def _trained(run):
    """The number of trained epochs; the history is read only if its file has changed."""
    path = run.path("history.csv")
    return _num_epochs(run, path.stat().st_mtime_ns) if path.is_file() else 0


@functools.lru_cache(maxsize=1024)
def _num_epochs(run, _changed):
    return len(run.history)


class LocalEngine:
    """Trains runs on this machine, in processes that each train one run after another.

    A process starts TensorFlow once for all its runs, which for short runs takes most of the time.

    Args:
        data_root: folder or archive of LFW-a; not needed for the sample.
        workers: how many runs are trained at the same time, each with its share of the processor's
            cores; by default as many as there are cores, four at most.

    Raises:
        ValueError: if `workers` is less than 1.
    """

    def __init__(self, data_root: Path | str | None = None, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(
                f"The number of workers of a sweep is a whole number from 1 on. Received: {workers}"
            )
        self._data_root, self._workers = data_root, workers

    def check(self, sweep: "Sweep", configs: Sequence[ExperimentConfig]) -> None:
        """Finds the data of the runs, once for all of them.

        Raises:
            FileNotFoundError, ValueError: if the data cannot be used, or the sweep is adaptive,
                since only a cluster's scheduler stops bad runs.
        """
        if sweep.adaptive:
            raise ValueError(
                "An adaptive sweep needs --engine ray, whose scheduler stops bad runs. "
                f"Received: {sweep.name}"
            )
        for config in {config.dataset: config for config in configs}.values():
            load_dataset(config, self._data_root)

    def __call__(self, sweep: "Sweep", runs: Sequence[Run]) -> None:
        """Trains every run. After a crash a run is started once more, then its error is saved."""
        num_cores = num_usable_cores()
        num_workers = self._workers or min(num_cores, MAX_WORKERS)
        # Not more threads where fewer runs are left: sums are rounded differently with them.
        num_threads = max(1, num_cores // num_workers)
        waiting = _Waiting(runs)
        workers = [
            _Worker(self._data_root, num_threads) for _ in range(min(num_workers, len(runs)))
        ]
        with ThreadPoolExecutor(len(workers)) as pool:
            try:
                for ended in [pool.submit(worker.train_all, waiting) for worker in workers]:
                    ended.result()
            finally:
                for worker in workers:
                    worker.end()


class _Waiting:
    """The runs that no worker has taken yet."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs, self._lock = list(runs), threading.Lock()

    def take(self) -> Run | None:
        """The next run; one that another process is training at this moment comes last."""
        with self._lock:
            run = next((run for run in self._runs if not run.locked), next(iter(self._runs), None))
            if run:
                self._runs.remove(run)
            return run


class _Worker:
    """A process with the command `train_runs`, started when it is needed, anew after a crash."""

    def __init__(self, data_root: Path | str | None, num_threads: int) -> None:
        self._data_root, self._num_threads = data_root, num_threads
        self._process: subprocess.Popen | None = None
        self._is_ended, self._lock = False, threading.Lock()

    def train_all(self, waiting: _Waiting) -> None:
        """Trains runs until none waits; a run that could not be trained has its error saved."""
        with tempfile.TemporaryFile() as log:
            while not self._is_ended and (run := waiting.take()):
                error = ""
                for _ in range(TRIES):
                    error, may_try_again = self._train(run, log)
                    if run.done or not may_try_again:
                        break
                if not run.done and not self._is_ended:
                    run.write_error(error)
            self.end()

    def _train(self, run, log):
        """The error, empty if there is none, and whether another try may end in another way."""
        log.seek(0)  # the process writes where this file stands
        log.truncate()
        process = self._running(log)
        if process is None:
            return "", False
        try:
            process.stdin.write(f"{run.directory.resolve()}\n")
            process.stdin.flush()
            if answer := process.stdout.readline():
                return json.loads(answer)["error"] or "", False
        except OSError:  # a process that has just died takes no more input
            pass
        return _crash(process.wait(), log), True

    def _running(self, log):
        """The process, or None if the sweep is being ended."""
        with self._lock:
            if self._is_ended:
                return None
            if not self._process or self._process.poll() is not None:
                self._process = self._start(log)
            return self._process

    def _start(self, log):
        options = ["--data-root", str(self._data_root)] if self._data_root else []
        paths = [str(project_root()), *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = dict.fromkeys(
            ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"), str(self._num_threads)
        )
        # The process ends when its standard input closes: at the latest when this process ends.
        return subprocess.Popen(
            [sys.executable, "-m", "siamese_lib", "train_runs", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | threads,
        )

    def end(self) -> None:
        """Ends the process."""
        with self._lock:
            self._is_ended = True
            process = self._process
        if process:
            process.terminate()
            process.wait()


def _crash(exit_code, log):
    """The last lines that a process wrote, with its exit code."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()[-3:]
    return " ".join([f"the process ended with exit code {exit_code}", *lines])
