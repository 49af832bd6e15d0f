"""Trains the runs of a sweep with Ray Tune, on one machine or a cluster.

Needs the extra `ray`. The project must be installed on every node, and every node must see
the folder of the runs (shared storage). If a node is lost, Ray starts its runs again on another
node, where they continue from their last checkpoints.
"""

import logging
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from siamese_lib.config import ExperimentConfig
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.training.run import Run

NO_CLUSTER = "There is no Ray cluster at this address; start one with 'ray start'"
TRIES_AFTER_CRASH = 3  # more than on one machine: the nodes of a cluster come and go


class RayEngine:
    """Trains runs on the machines that `ray.init(address=...)` finds.

    Args:
        data_root: folder or archive of LFW-a, as the nodes see it; not needed for the sample.
        address: the address of a cluster. Without one, it is the environment variable RAY_ADDRESS;
            without that, Ray is started on this machine.

    Raises:
        ValueError: if Ray is not installed.
    """

    def __init__(self, data_root: Path | str | None = None, address: str | None = None) -> None:
        try:
            import ray.tune  # noqa: F401
        except ImportError as error:
            raise ValueError(
                f'The engine ray needs Ray: pip install --editable ".[ray]". Received: {error}'
            ) from error
        self._data_root, self._address = data_root, address

    def check(self, sweep: Sweep, configs: Sequence[ExperimentConfig]) -> None:
        """Looks for the cluster; the data are where its nodes see them.

        Raises:
            ValueError: if nothing answers at the address.
        """
        host, _, port = (self._address or os.environ.get("RAY_ADDRESS") or "").partition(":")
        if not port.isdigit():
            return
        try:
            # Ten seconds; Ray itself would wait two minutes for an answer at HOST:PORT.
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, OverflowError) as error:  # a port above 65535
            raise ValueError(f"{NO_CLUSTER}. Received: {host}:{port}") from error

    def __call__(self, sweep: Sweep, runs: Sequence[Run]) -> None:
        """Trains every run, as many at a time as Ray has the sweep's resources for.

        Raises:
            ValueError: if there is no cluster at the address.
        """
        import ray
        from ray import tune

        started_elsewhere = ray.is_initialized()
        if not started_elsewhere:
            _connect(self._address)
        data_root = self._data_root and str(Path(self._data_root).resolve())
        num_cpus = sweep.resources.get("num_cpus", 1)
        trainable = tune.with_resources(
            tune.with_parameters(_train, data_root=data_root, num_threads=max(1, int(num_cpus))),
            {"cpu": num_cpus, "gpu": sweep.resources.get("num_gpus", 0)},
        )
        directories = [str(run.directory.resolve()) for run in runs]
        try:
            with _storage(runs[0].directory.parents[1].resolve()) as storage:
                results = tune.Tuner(
                    trainable,
                    param_space={"directory": tune.grid_search(directories)},
                    tune_config=tune.TuneConfig(
                        scheduler=_scheduler(sweep, runs) if sweep.adaptive else None
                    ),
                    run_config=tune.RunConfig(
                        name=sweep.name,
                        storage_path=str(storage),
                        verbose=0,
                        failure_config=tune.FailureConfig(max_failures=TRIES_AFTER_CRASH),
                    ),
                ).fit()
            _save_crashes(results, runs)
        finally:
            if not started_elsewhere:
                ray.shutdown()


def _save_crashes(results, runs):
    """Saves why processes were lost for good, which the processes themselves could not do."""
    errors = {}
    for result in results:
        if result.error:
            # A trial that was lost before its first report has no config.
            errors[(result.config or {}).get("directory")] = result.error
    for run in runs:
        unstarted = None if len(run.history) else errors.get(None)
        error = errors.get(str(run.directory.resolve()), unstarted)
        if error and not run.done and not run.error:
            run.write_error(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


def _connect(address):
    import ray

    address = address or os.environ.get("RAY_ADDRESS")
    settings = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if not address:
            patiently(lambda: ray.init(include_dashboard=False, **settings))
            return
        ray.init(address=address, **settings)
    except Exception as error:  # Ray has no class of its own for a node that does not start
        reason = NO_CLUSTER
        if not address:
            reason = "Ray does not start on this machine; end other programs or use --engine local"
        raise ValueError(
            f"{reason}. Received: {address or ' '.join(str(error).split())}"
        ) from error


def patiently(start: Callable[[], Any]) -> Any:
    """What `start()` returns, after a second try if the first fails.

    Ray gives a new node 30 seconds, which is a constant in its code. A busy machine needs more.
    """
    with suppress(Exception):
        return start()
    return start()


def _train(parameters, data_root, num_threads):
    """Trains one run, on a node of the cluster in its own process, with the cores it reserved."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(num_threads)  # before TensorFlow is loaded
    from ray import tune

    from siamese_lib.training.fit import continue_run
    from siamese_lib.utils.tensorflow import keras

    run = Run(parameters["directory"])
    try:
        monitor = run.config.monitor
        # Tells Ray Tune after each epoch how far the run is, for its scheduler.
        report = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: tune.report(
                {"epoch": epoch + 1, monitor: float(logs[monitor])}
            )
        )
        continue_run(
            run.directory,
            data_root,
            verbose=0,
            wait=True,  # for another sweep, or for the process that a lost node leaves behind
            callbacks=[report],
        )
    except (ValueError, OSError) as error:
        # Invalid input stays invalid, so there is no other try.
        run.write_error(" ".join(str(error).split()))
    except Exception as error:
        run.write_error(f"{type(error).__name__}: {' '.join(str(error).split())}")
        raise


def _scheduler(sweep, runs):
    """Stops runs that are bad on validation: asynchronous successive halving (Li et al., 2020)."""
    from ray.tune.schedulers import ASHAScheduler

    configs = [run.config for run in runs]
    return ASHAScheduler(
        time_attr="epoch",
        metric=configs[0].monitor,
        mode="max" if configs[0].monitor_increases else "min",
        # One epoch more than there are, so that no run is stopped at its last epoch, before the
        # test pairs are scored.
        max_t=max(config.num_epochs for config in configs) + 1,
        grace_period=sweep.adaptive.get("grace_epochs", 1),
        reduction_factor=sweep.adaptive.get("reduction_factor", 3),
    )


@contextmanager
def _storage(runs_dir: Path) -> Iterator[Path]:
    """A temporary folder for Ray Tune's own records, below the runs.

    It is removed at the end, and at the start those that killed sweeps left behind.
    """
    folder = runs_dir / ".ray"
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.lock"):
        _remove_if_unused(leftover)
    lock_path = folder / f"{uuid.uuid4().hex}.lock"
    try:
        with FileLock(lock_path):
            yield lock_path.with_suffix("")
    finally:
        _remove_if_unused(lock_path)


def _remove_if_unused(lock_path):
    try:
        with FileLock(lock_path, timeout=0):
            shutil.rmtree(lock_path.with_suffix(""), ignore_errors=True)
            lock_path.unlink(missing_ok=True)
    except Timeout:
        pass  # another sweep is using it
