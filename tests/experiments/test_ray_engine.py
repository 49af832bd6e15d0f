"""The Ray engine on a real Ray with several nodes on this machine."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from small_sweeps import wait_for, without_times, write_sweep

from siamese_lib.config import ExperimentConfig
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.experiments.sweep_runs import run_sweep
from siamese_lib.training.run import Run

ray = pytest.importorskip("ray", reason="needs the extra ray")
pytest.importorskip("ray.tune", reason="needs the extra ray")

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def cluster():
    """A head without CPUs and two nodes with one each, so that the nodes train the runs."""
    from ray.cluster_utils import Cluster

    from siamese_lib.experiments.ray_engine import patiently

    cluster = patiently(
        lambda: Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
    )
    cluster.nodes_to_lose = [patiently(lambda: cluster.add_node(num_cpus=1)) for _ in range(2)]
    cluster.wait_for_nodes(timeout=600)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_a_cluster_that_loses_a_node_gives_the_same_table_as_one_machine(
    cluster, sweep_folder, whole_sweep
):
    from siamese_lib.experiments.ray_engine import RayEngine

    sweep = Sweep.from_yaml(write_sweep(sweep_folder, resources={"num_cpus": 1}))
    runs_dir = sweep_folder / "ray"
    lost, ended = [], threading.Event()

    def lose_a_node():
        # Once both nodes are training.
        runs = [Run.of(point.config, runs_dir) for point in sweep.points()]
        wait_for(
            lambda: len({run.directory for run in runs if len(run.history)}) >= 2,
            unless=ended.is_set,
        )
        cluster.remove_node(cluster.nodes_to_lose.pop(), allow_graceful=False)
        lost.append(True)

    thread = threading.Thread(target=lose_a_node)
    thread.start()
    try:
        table = run_sweep(sweep, runs_dir, RayEngine(address=cluster.address))
    finally:
        ended.set()
        thread.join()
    assert lost
    pd.testing.assert_frame_equal(without_times(table), without_times(whole_sweep))
    assert not any((runs_dir / ".ray").iterdir())


def test_bad_runs_are_stopped_by_the_scheduler_and_the_table_shows_it(tmp_path):
    from siamese_lib.experiments.ray_engine import RayEngine, patiently

    path = write_sweep(
        tmp_path,
        axes={"learning_rate": [0.001, 0.0000001]},
        overrides={"num_epochs": 3, "monitor": "val_auc"},
        # One run after the other: the scheduler stops the second, which is worse than the first.
        resources={"num_cpus": 2},
        adaptive={"grace_epochs": 1, "reduction_factor": 2},
    )
    try:
        patiently(lambda: ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False))
        table = run_sweep(Sweep.from_yaml(path), tmp_path / "runs", RayEngine())
    finally:
        ray.shutdown()
    states = dict(zip(table["value"], table["state"]))
    assert states[0.001] == "done"
    assert states[0.0000001] == "1 epochs so far"


@pytest.mark.parametrize("experiment", ["sample_reference", "lfwa_people", "omniglot_compact"])
def test_the_scheduler_stops_the_runs_with_the_worst_monitor(experiment):
    from siamese_lib.experiments.ray_engine import _scheduler

    config = ExperimentConfig.from_yaml(EXPERIMENTS / f"{experiment}.yaml")
    sweep = SimpleNamespace(adaptive={"grace_epochs": 1})
    scheduler = _scheduler(sweep, [SimpleNamespace(config=config)])
    good, bad = (0.1, 0.9) if config.monitor == "val_loss" else (0.9, 0.1)

    def decision(name, value):
        trial = SimpleNamespace(trial_id=name)
        scheduler.on_trial_add(None, trial)
        return scheduler.on_trial_result(None, trial, {"epoch": 1, config.monitor: value})

    values = [bad, good, bad, good, bad, good]
    decisions = [decision(f"trial {number}", value) for number, value in enumerate(values)]
    # The first run has nothing to be compared with.
    assert decisions[1:] == ["CONTINUE" if value == good else "STOP" for value in values[1:]]


def test_a_run_with_invalid_input_is_not_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")  # what the run sets is taken back
    from siamese_lib.experiments.ray_engine import _train

    (point,) = Sweep.from_yaml(
        write_sweep(tmp_path, axes={"batch_size": [16]}, overrides={"dataset": "lfwa"}, seeds=[0])
    ).points()
    run = point.run(tmp_path)
    run.write_json("config.json", point.config.to_dict())
    _train({"directory": str(run.directory)}, data_root=str(tmp_path / "nowhere"), num_threads=1)
    assert "nowhere" in run.error


def test_a_process_that_is_lost_for_good_has_its_error_saved(tmp_path):
    from siamese_lib.experiments.ray_engine import _save_crashes

    lost, failed, unstarted = (Run(tmp_path / name) for name in ("lost", "failed", "unstarted"))
    failed.write_error("the loss is no longer finite")
    error = RuntimeError("the actor died\nunexpectedly")
    results = [
        SimpleNamespace(config={"directory": str(run.directory)}, error=error)
        for run in (lost, failed)
    ]
    # Ray gives no config of a trial that was lost before its first report.
    results.append(SimpleNamespace(config=None, error=RuntimeError("the node died")))
    _save_crashes(results, [lost, failed, unstarted])
    assert [run.error for run in (lost, failed, unstarted)] == [
        "RuntimeError: the actor died unexpectedly",
        "the loss is no longer finite",
        "RuntimeError: the node died",
    ]


def test_an_address_without_a_cluster_is_an_error_of_one_sentence(tmp_path):
    from siamese_lib.experiments.ray_engine import RayEngine

    with pytest.raises(ValueError, match="There is no Ray cluster"):
        run_sweep(
            Sweep.from_yaml(write_sweep(tmp_path, seeds=[0])),
            tmp_path / "runs",
            RayEngine(address="127.0.0.1:1"),
        )
    assert not (tmp_path / "runs").exists()


def test_a_node_that_starts_too_slowly_is_started_once_more(monkeypatch):
    from siamese_lib.experiments.ray_engine import _connect

    slow, tries = Exception("The current node timed out\nduring startup."), []
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    # Ray's own time limit has passed once, then twice.
    for errors in ([slow], [slow, slow]):

        def start(errors=errors, **_):
            tries.append(None)
            if errors:
                raise errors.pop()

        monkeypatch.setattr(ray, "init", start)
        if len(errors) == 1:
            _connect(None)
        else:
            with pytest.raises(ValueError, match=r"--engine local. Received: The current node"):
                _connect(None)
    assert len(tries) == 4
