"""The Ray engine on a real Ray with several nodes on this machine."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from small_sweeps import wait_for, without_times, write_sweep

from siamese_lib.config import ExperimentConfig
from siamese_lib.experiments.sweep import Sweep, run_sweep
from siamese_lib.training.run import Run

ray = pytest.importorskip("ray", reason="needs the extra ray")
pytest.importorskip("ray.tune", reason="needs the extra ray")

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def cluster():
    """A head without CPUs and two nodes with one each, so that the nodes train the runs."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    cluster.nodes_to_lose = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_a_cluster_that_loses_a_node_gives_the_same_table_as_one_machine(
    cluster, sweep_folder, whole_sweep
):
    from siamese_lib.experiments.ray_engine import RayEngine

    sweep = Sweep.from_yaml(write_sweep(sweep_folder, resources={"num_cpus": 1}))
    runs_dir = sweep_folder / "ray"
    lost = []

    def lose_a_node():
        # Once both nodes are training.
        runs = [Run.of(point.config, runs_dir) for point in sweep.points()]
        wait_for(lambda: len({run.directory for run in runs if len(run.history)}) >= 2)
        cluster.remove_node(cluster.nodes_to_lose.pop(), allow_graceful=False)
        lost.append(True)

    thread = threading.Thread(target=lose_a_node)
    thread.start()
    table = run_sweep(sweep, runs_dir, RayEngine(address=cluster.address))
    thread.join()
    assert lost
    pd.testing.assert_frame_equal(without_times(table), without_times(whole_sweep))
    assert not any((runs_dir / ".ray").iterdir())


def test_bad_runs_are_stopped_by_the_scheduler_and_the_table_shows_it(tmp_path):
    from siamese_lib.experiments.ray_engine import RayEngine

    path = write_sweep(
        tmp_path,
        axes={"learning_rate": [0.001, 0.0000001]},
        overrides={"num_epochs": 3, "monitor": "val_auc"},
        # One run after the other: the scheduler stops the second, which is worse than the first.
        resources={"num_cpus": 2},
        adaptive={"grace_epochs": 1, "reduction_factor": 2},
    )
    try:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        table = run_sweep(Sweep.from_yaml(path), tmp_path / "runs", RayEngine())
    finally:
        ray.shutdown()
    states = dict(zip(table["value"], table["state"]))
    assert states[0.001] == "done"
    assert states[0.0000001] == "1 epochs so far"


@pytest.mark.parametrize(
    ("experiment", "mode"),
    [("sample_reference", "min"), ("lfwa_people", "max"), ("omniglot_compact", "max")],
)
def test_the_scheduler_stops_the_runs_with_the_worst_monitor(experiment, mode):
    from siamese_lib.experiments.ray_engine import _scheduler

    config = ExperimentConfig.from_yaml(EXPERIMENTS / f"{experiment}.yaml")
    sweep = SimpleNamespace(adaptive={"grace_epochs": 1})
    scheduler = _scheduler(sweep, [SimpleNamespace(config=config)])
    assert (scheduler.metric, scheduler._mode) == (config.monitor, mode)


def test_a_run_with_invalid_input_is_not_tried_again(tmp_path):
    from siamese_lib.experiments.ray_engine import _train

    (point,) = Sweep.from_yaml(
        write_sweep(tmp_path, axes={"batch_size": [16]}, overrides={"dataset": "lfwa"}, seeds=[0])
    ).points()
    run = point.run(tmp_path)
    run.write_json("config.json", point.config.to_dict())
    _train({"directory": str(run.directory)}, data_root=str(tmp_path / "nowhere"))
    assert "nowhere" in run.error


def test_a_process_that_is_lost_for_good_has_its_error_saved(tmp_path):
    from siamese_lib.experiments.ray_engine import _save_crashes

    lost, failed = Run(tmp_path / "lost"), Run(tmp_path / "failed")
    failed.write_error("the loss is no longer finite")
    error = RuntimeError("the actor died\nunexpectedly")
    _save_crashes(
        SimpleNamespace(config={"directory": run.directory}, error=error) for run in (lost, failed)
    )
    assert (
        lost.error == "RuntimeError: the actor died unexpectedly"
        and failed.error == "the loss is no longer finite"
    )


def test_an_address_without_a_cluster_is_an_error_of_one_sentence(tmp_path):
    from siamese_lib.experiments.ray_engine import RayEngine

    with pytest.raises(ValueError, match="There is no Ray cluster"):
        run_sweep(
            Sweep.from_yaml(write_sweep(tmp_path, seeds=[0])),
            tmp_path,
            RayEngine(address="127.0.0.1:1"),
        )
