"""The runs of a sweep as trials of Ray Tune, on one machine or a cluster: for users who outgrow one machine. Needs requirements-ray.txt.

Every node wants the project installed and sees the folder of the runs (shared storage). A trial on a node that is lost is started again
by Ray elsewhere and goes on from the run's last checkpoint.
"""

import logging
import shutil
import socket
import uuid
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from siamese_lib.training.run import Run

TRIES_AFTER_CRASH = 3  # more than on one machine: on a cluster nodes come and go
SECONDS_TO_ANSWER = 10
FOLDER = ".ray"


class RayEngine:
    """Trains runs on whatever `ray.init(address=...)` finds.

    Args:
        data_root: folder or archive of LFW-a, as the nodes see it; not needed for the sample.
        address: a cluster's address; none: the one of the environment variable RAY_ADDRESS, else a Ray of its own on this machine.

    Raises:
        ValueError: if Ray is not installed.
    """

    def __init__(self, data_root=None, address=None):
        try:
            import ray.tune  # noqa: F401
        except ImportError as error:
            raise ValueError(
                f"The engine ray wants Ray: pip install -r requirements-ray.txt. Received: {error}"
            ) from error
        self._data_root, self._address = data_root, address

    def __call__(self, sweep, runs):
        """Trains every run, as Ray has the resources that the sweep asks for.

        Raises:
            ValueError: if there is no cluster at the address.
        """
        import ray
        from ray import tune

        of_others = ray.is_initialized()
        _connect(self._address)
        data_root = self._data_root and str(Path(self._data_root).resolve())
        trial = tune.with_parameters(_train, data_root=data_root)
        resources = {
            "cpu": sweep.resources.get("num_cpus", 1),
            "gpu": sweep.resources.get("num_gpus", 0),
        }
        try:
            with _storage(runs[0].directory.parents[1].resolve()) as storage:
                trials = tune.Tuner(
                    tune.with_resources(trial, resources),
                    param_space={
                        "directory": tune.grid_search(
                            [str(run.directory.resolve()) for run in runs]
                        )
                    },
                    tune_config=tune.TuneConfig(scheduler=_scheduler(sweep, runs)),
                    run_config=tune.RunConfig(
                        name=sweep.name,
                        storage_path=str(storage),
                        verbose=0,
                        failure_config=tune.FailureConfig(max_failures=TRIES_AFTER_CRASH),
                    ),
                ).fit()
            for ended in trials:
                _note_crash(Run(ended.config["directory"]), ended.error)
        finally:
            if not of_others:
                ray.shutdown()


def _note_crash(run, error):
    """Writes down why a trial's process was lost for good, which it could not do itself."""
    if error and not run.done and not run.error:
        run.write_error(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


def _connect(address):
    import ray

    if ray.is_initialized():
        return
    try:
        _check_reachable(address)
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            include_dashboard=None if address else False,
        )
    except (OSError, ValueError) as error:
        raise ValueError(
            f"There is no Ray cluster at this address; start one with 'ray start'. Received: {address}"
        ) from error


def _check_reachable(address):
    """Ray itself waits two minutes for somebody to answer at HOST:PORT."""
    host, separator, port = (address or "").partition(":")
    if separator and port.isdigit():
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER).close()


def _train(trial, data_root):
    """One trial: on a node of the cluster, in a process of its own."""
    from siamese_lib.training.fit import train

    run = Run(trial["directory"])
    try:
        # The run may still be locked, by another sweep or for a moment by the process that a lost node leaves behind.
        train(
            run.config,
            data_root,
            run.directory.parents[1],
            verbose=0,
            wait=True,
            callbacks=[_reporter(run.config.monitor)],
        )
    except (ValueError, OSError) as error:
        # What is wrong with the input would be wrong again: no other try.
        run.write_error(" ".join(str(error).split()))
    except Exception as error:
        run.write_error(f"{type(error).__name__}: {' '.join(str(error).split())}")
        raise


def _reporter(monitor):
    """A Keras callback that tells Tune how far the run is, so that its scheduler can compare."""
    from ray import tune

    from siamese_lib.utils.tensorflow import keras

    class Reporter(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            tune.report({"epoch": epoch + 1, monitor: float(logs[monitor])})

    return Reporter()


def _scheduler(sweep, runs):
    """None, so that every run is trained to its end, or successive halving by the validation pairs (ASHA; Li et al., 2020)."""
    from ray.tune.schedulers import ASHAScheduler

    if not sweep.adaptive:
        return None
    configs = [run.config for run in runs]
    return ASHAScheduler(
        time_attr="epoch",
        metric=configs[0].monitor,
        mode="max" if configs[0].monitor == "val_auc" else "min",
        # One more than there are: at its last epoch a trial must not be stopped, since the test pairs are scored after it.
        max_t=max(config.num_epochs for config in configs) + 1,
        grace_period=sweep.adaptive.get("grace_epochs", 1),
        reduction_factor=sweep.adaptive.get("reduction_factor", 3),
    )


@contextmanager
def _storage(runs_dir):
    """A folder for Tune's own records below the runs; gone afterwards, as are those of sweeps that were killed."""
    folder = runs_dir / FOLDER
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
