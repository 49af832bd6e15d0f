"""Where the runs of a sweep are trained: here one process a run on this machine; `ray_engine` does the same on a cluster.

An engine is handed runs whose folders hold `config.json`. It leaves each one finished, or with `error.json`.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

from tqdm.auto import tqdm

from siamese_lib.utils.machine import project_root

POLL_SECONDS = 0.2
REFUSED = 2  # exit code of a command whose input is wrong: another try would end alike
LINES_OF_ERROR = 3


class Progress:
    """A bar over all epochs that are to be trained, so that the time left can be estimated from the first epoch on.

    It reads from the runs' folders how far they are, wherever they are trained, in a thread of its own.

    Args:
        name: the sweep's name.
        runs: the unfinished `Run`s.
        num_done: how many runs were finished before.
    """

    def __init__(self, name, runs, num_done):
        self._runs, self._num_done = runs, num_done
        self._epochs = {run.directory: run.config.num_epochs for run in runs}
        self._bar = tqdm(
            total=sum(self._epochs.values()),
            initial=self._trained(),
            desc=f"Sweep {name}",
            unit="epoch",
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self.update()
        self._bar.close()

    def _watch(self):
        while not self._ended.wait(POLL_SECONDS):
            self.update()

    def update(self):
        """Brings the bar up to date; it is drawn anew only when something happened."""
        trained, words = self._trained(), self._words()
        if (trained, words) != (self._bar.n, self._bar.postfix):
            self._bar.set_postfix_str(words, refresh=False)
            self._bar.update(trained - self._bar.n)

    @property
    def state(self):
        """Epochs that are trained or not needed any more, epochs in all, and how many runs ended, in words."""
        return self._bar.n, self._bar.total, self._words()

    def _words(self):
        ended = self._num_done + sum(run.done or run.error is not None for run in self._runs)
        return f"{ended} of {self._num_done + len(self._runs)} runs ended"

    def _trained(self):
        # A run that stopped early or failed has nothing left to do.
        return sum(
            epochs if run.done or run.error else min(len(run.history), epochs)
            for run, epochs in zip(self._runs, self._epochs.values())
        )


class LocalEngine:
    """Trains runs on this machine, each in a process of its own, so that its memory is given back.

    Args:
        data_root: folder or archive of LFW-a; not needed for the sample.
        workers: how many runs at a time.

    Raises:
        ValueError: if `workers` is less than 1.
    """

    def __init__(self, data_root=None, workers=1):
        if workers < 1:
            raise ValueError(
                f"A sweep takes a whole number of workers from 1 on. Received: {workers}"
            )
        self._data_root, self._workers = data_root, workers

    def __call__(self, sweep, runs):
        """Trains every run; a process that crashes is started once more, then its error is written down.

        Raises:
            ValueError: if the sweep wants bad runs to be stopped, which only a cluster's scheduler does.
        """
        if sweep.adaptive:
            raise ValueError(
                f"An adaptive sweep wants --engine ray, whose scheduler stops bad runs. Received: {sweep.name}"
            )
        waiting, working, attempts = list(runs), [], Counter()
        try:
            while waiting or working:
                while waiting and len(working) < self._workers:
                    working.append(_Worker(_next(waiting), self._data_root))
                for worker in [worker for worker in working if worker.ended]:
                    working.remove(worker)
                    attempts[worker.run.directory] += 1
                    if worker.crashed and attempts[worker.run.directory] < 2:
                        waiting.insert(0, worker.run)
                    elif not worker.run.done:
                        worker.run.write_error(worker.error)
                time.sleep(POLL_SECONDS)
        finally:
            for worker in working:
                worker.stop()


def _next(waiting):
    """Takes the next run out of the list; one that another process trains at this moment comes last."""
    run = next((run for run in waiting if not run.locked), waiting[0])
    waiting.remove(run)
    return run


class _Worker:
    """A process that trains one run: the command that a user would type."""

    def __init__(self, run, data_root):
        self.run = run
        command = [
            sys.executable,
            "-m",
            "siamese_lib",
            "train",
            "--run",
            str(run.directory.resolve()),
            "--of-sweep",
        ]
        command += ["--data-root", str(data_root)] if data_root else []
        paths = [str(project_root()), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the process
        # The process ends when its standard input does, and that ends with this process, however it ends.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )

    @property
    def ended(self):
        return self._process.poll() is not None

    @property
    def crashed(self):
        return not self.run.done and self._process.returncode != REFUSED

    @property
    def error(self):
        """The last lines that the process wrote, or how it ended."""
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()[-LINES_OF_ERROR:]
        if self._process.returncode == REFUSED and lines:
            return lines[-1].removeprefix("siamese_lib: ")
        return " ".join([f"the process ended with exit code {self._process.returncode}", *lines])

    def stop(self):
        self._process.terminate()
        self._process.wait()
