"""Engines train the runs of a sweep; the one here uses this machine, `ray_engine` a cluster.

An engine, see `sweep.Engine`, is called with the sweep and its unfinished runs, whose folders hold
`config.json`.
"""

import functools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tqdm.auto import tqdm

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.training.run import Run
from siamese_lib.utils.machine import project_root

if TYPE_CHECKING:
    from siamese_lib.experiments.sweep import Sweep

POLL_SECONDS = 0.2  # between two looks at the processes
WATCH_SECONDS = 2.0  # between two looks at the folders of the runs
INVALID_INPUT = 2  # exit code of a command with invalid input; another try would end the same way


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
    """Trains runs on this machine, each in its own process, so that its memory is freed.

    Args:
        data_root: folder or archive of LFW-a; not needed for the sample.
        workers: how many runs are trained at the same time.

    Raises:
        ValueError: if `workers` is less than 1.
    """

    def __init__(self, data_root: Path | str | None = None, workers: int = 1) -> None:
        if workers < 1:
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
        waiting, attempts = list(runs), Counter[Run]()
        working: dict[Run, tuple[subprocess.Popen, IO]] = {}
        try:
            while waiting or working:
                while waiting and len(working) < self._workers:
                    # A run that another process is training at this moment comes last.
                    run = next((run for run in waiting if not run.locked), waiting[0])
                    waiting.remove(run)
                    working[run] = self._start(run)
                ended = [run for run, (process, _) in working.items() if process.poll() is not None]
                for run in ended:
                    process, log = working.pop(run)
                    attempts[run] += 1
                    crashed = not run.done and process.returncode != INVALID_INPUT
                    if crashed and attempts[run] < 2:
                        waiting.insert(0, run)
                    elif not run.done:
                        run.write_error(_error(process, log))
                time.sleep(POLL_SECONDS)
        finally:
            for process, _ in working.values():
                process.terminate()
                process.wait()

    def _start(self, run):
        """A process that trains the run by the command line, and the file with its output."""
        options = ["--run", str(run.directory.resolve()), "--of-sweep"]
        options += ["--data-root", str(self._data_root)] if self._data_root else []
        paths = [str(project_root()), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        log = tempfile.TemporaryFile()  # noqa: SIM115  it stays open as long as the process runs
        # The process ends when its standard input closes: at the latest when this process ends.
        process = subprocess.Popen(
            [sys.executable, "-m", "siamese_lib", "train", *options],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
        )
        return process, log


def _error(process, log):
    """The last lines that a process wrote, with its exit code unless its input was invalid."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()[-3:]
    if process.returncode == INVALID_INPUT and lines:
        return lines[-1].removeprefix("siamese_lib: ")
    return " ".join([f"the process ended with exit code {process.returncode}", *lines])
