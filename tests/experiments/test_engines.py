"""The local engine with real trainings: a killed sweep, a run that crashes, two sweeps at once."""

import os
import signal
import subprocess
import sys
import threading

import pandas as pd
import pytest
import yaml
from small_sweeps import BASE, WORKERS, wait_for, without_times, write_sweep

from siamese_lib.experiments.engines import LocalEngine, progress
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.experiments.sweep_runs import run_sweep, sweep_table
from siamese_lib.training.run import Run


def test_every_point_of_a_finished_sweep_has_metrics(whole_sweep):
    assert set(whole_sweep["state"]) == {"done"} and whole_sweep["run"].nunique() == 4
    assert whole_sweep["test_accuracy"].between(0, 1).all()


def test_a_state_of_a_longer_training_equals_a_shorter_training(sweep_folder, whole_sweep):
    (sweep_folder / "base.yaml").write_text(yaml.safe_dump(BASE))
    path = sweep_folder / "one_epoch.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "base": "base.yaml",
                "axes": {"batch_size": [64]},
                "overrides": {"num_epochs": 1},
                "seeds": [0],
            }
        )
    )
    alone = run_sweep(
        Sweep.from_yaml(path), sweep_folder / "alone", LocalEngine(workers=WORKERS)
    ).iloc[0]
    along = whole_sweep[
        (whole_sweep["axis"] == "num_epochs")
        & (whole_sweep["value"] == 1)
        & (whole_sweep["seed"] == 0)
    ].iloc[0]
    columns = ["validation_accuracy", "validation_auc", "test_accuracy", "test_auc"]
    assert along[columns].tolist() == pytest.approx(alone[columns].tolist(), abs=1e-6)


def kill_in_the_middle(path, runs_dir):
    """Starts a sweep and kills it once a run is done and the next has begun."""
    command = [sys.executable, "-m", "siamese_lib", "sweep", str(path), "--runs", str(runs_dir)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(
        lambda: (
            any(run.done for run in runs_of(path, runs_dir))
            and sum(len(run.history) > 0 for run in runs_of(path, runs_dir)) == 2
        ),
        unless=lambda: process.poll() is not None,
    )
    process.send_signal(signal.SIGKILL)
    process.wait()


def runs_of(path, runs_dir):
    return list(
        {
            run.directory: run
            for run in (Run.of(point.config, runs_dir) for point in Sweep.from_yaml(path).points())
        }.values()
    )


def test_a_killed_sweep_resumes_to_the_same_table_and_leaves_no_process_behind(
    sweep_folder, whole_sweep
):
    path, runs_dir = write_sweep(sweep_folder), sweep_folder / "killed"
    kill_in_the_middle(path, runs_dir)
    # The process of the unfinished run ends with the sweep.
    wait_for(lambda: not any(run.locked for run in runs_of(path, runs_dir)))
    states = set(sweep_table(Sweep.from_yaml(path), runs_dir)["state"])
    assert "done" in states and len(states) > 1
    table = run_sweep(Sweep.from_yaml(path), runs_dir, LocalEngine(workers=WORKERS))
    pd.testing.assert_frame_equal(without_times(table), without_times(whole_sweep))


@pytest.mark.long
def test_a_killed_sweep_of_six_runs_resumes_to_the_same_table(tmp_path):
    path = write_sweep(tmp_path, seeds=[0, 1])
    whole = run_sweep(Sweep.from_yaml(path), tmp_path / "whole", LocalEngine(workers=WORKERS))
    assert len(runs_of(path, tmp_path / "whole")) == 6
    kill_in_the_middle(path, tmp_path / "killed")
    table = run_sweep(Sweep.from_yaml(path), tmp_path / "killed", LocalEngine(workers=WORKERS))
    pd.testing.assert_frame_equal(without_times(table), without_times(whole))


def test_a_run_that_crashes_once_is_started_again_and_leaves_no_error(tmp_path):
    path = write_sweep(tmp_path, axes={"learning_rate": [0.001]}, seeds=[0])
    sweep = Sweep.from_yaml(path)
    (point,) = sweep.points()
    run, crashes = point.run(tmp_path), []

    def crash():
        wait_for(lambda: run.locked, unless=lambda: run.done or run.error)
        children = subprocess.run(
            ["pgrep", "-P", str(os.getpid()), "-f", "train_runs"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        os.kill(int(children[0]), signal.SIGKILL)
        crashes.append(children[0])

    thread = threading.Thread(target=crash)
    thread.start()
    table = run_sweep(sweep, tmp_path, LocalEngine(workers=WORKERS))
    thread.join()
    assert crashes and table["state"].tolist() == ["done"] and not run.path("error.json").exists()


def test_a_run_that_crashes_twice_has_its_error_in_the_table_and_the_others_go_on(
    tmp_path, monkeypatch
):
    sweep = Sweep.from_yaml(
        write_sweep(
            tmp_path, axes={"embedding_size": [8, 16]}, overrides={"num_epochs": 1}, seeds=[0]
        )
    )
    first = next(sweep.points()).run(tmp_path)
    first.path("checkpoint-00001.keras").mkdir(parents=True)  # a folder, which Keras cannot load
    table = run_sweep(sweep, tmp_path, LocalEngine(workers=WORKERS))
    assert table["state"].iloc[0].startswith("failed: ") and table["state"].iloc[1] == "done"


PROCESS = """#!/bin/sh
while read folder; do
  case "$folder" in
    *0.01*) echo "a longer line of the first run" >&2; echo '{"error": "wrong input"}' ;;
    *) echo "the second run" >&2; kill -9 $$ ;;
  esac
done
"""


def test_the_error_of_a_killed_run_holds_nothing_of_the_run_before(tmp_path, monkeypatch):
    path = write_sweep(tmp_path, axes={"learning_rate": [0.01, 0.001]}, seeds=[0])
    sweep = Sweep.from_yaml(path)
    (tmp_path / "process").write_text(PROCESS)
    (tmp_path / "process").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "process"))
    with pytest.raises(ValueError, match="No run of the sweep could be finished"):
        run_sweep(sweep, tmp_path / "runs", LocalEngine(workers=1))
    errors = [point.run(tmp_path / "runs").error for point in sweep.points()]
    assert errors == ["wrong input", "the process ended with exit code -9 the second run"]


def test_two_sweeps_on_one_folder_train_no_run_twice(sweep_folder, whole_sweep):
    path, runs_dir, tables = write_sweep(sweep_folder), sweep_folder / "both", []
    sweep = Sweep.from_yaml(path)
    threads = [
        threading.Thread(
            target=lambda: tables.append(run_sweep(sweep, runs_dir, LocalEngine(workers=WORKERS)))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pd.testing.assert_frame_equal(without_times(tables[0]), without_times(whole_sweep))
    assert tables[0].equals(tables[1])
    # Each training of a run writes one file of events.
    events = [
        list((run.directory / "tensorboard" / "train").iterdir()) for run in runs_of(path, runs_dir)
    ]
    assert [len(files) for files in events] == [1] * 3


def test_progress_counts_trained_epochs_and_those_no_longer_needed(tmp_path):
    sweep = Sweep.from_yaml(
        write_sweep(tmp_path, axes={"learning_rate": [0.001, 0.01, 0.1]}, seeds=[0])
    )
    runs = [point.run(tmp_path) for point in sweep.points()]
    for run, point in zip(runs, sweep.points()):
        run.write_json("config.json", point.config.to_dict())
    epochs = dict.fromkeys(runs, 2)
    assert progress(epochs, num_done=1) == (0, 6, "1 of 4 runs ended")
    runs[0].write_history([{"epoch": 1}])
    runs[1].write_error("no longer finite")
    assert progress(epochs, num_done=1) == (3, 6, "2 of 4 runs ended")
    runs[0].write_history([{"epoch": 1}, {"epoch": 2}])
    assert progress(epochs, num_done=1) == (4, 6, "2 of 4 runs ended")


def test_progress_reads_a_history_only_when_it_has_changed(tmp_path, monkeypatch):
    run, reads = Run(tmp_path), []
    run.write_history([{"epoch": 1}])
    history = Run.history.fget
    monkeypatch.setattr(Run, "history", property(lambda run: reads.append(run) or history(run)))
    for _ in range(3):
        assert progress({run: 2}, num_done=0) == (1, 2, "0 of 1 runs ended")
    assert len(reads) == 1


def test_a_run_after_another_in_one_process_equals_a_run_alone(tmp_path):
    """The process of a sweep keeps nothing of a run but TensorFlow itself."""
    rows = []
    for name, rates in (("after", [0.001, 0.01]), ("alone", [0.01])):
        path = write_sweep(tmp_path, name, axes={"learning_rate": rates})
        table = run_sweep(Sweep.from_yaml(path), tmp_path / name, LocalEngine(workers=1))
        rows.append(table.iloc[-1])
    columns = ["value", "validation_accuracy", "validation_auc", "test_accuracy", "test_auc"]
    assert rows[0][columns].tolist() == rows[1][columns].tolist()


def test_no_workers_are_an_error_of_one_sentence():
    with pytest.raises(ValueError, match="whole number from 1 on"):
        LocalEngine(workers=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"adaptive": {"grace_epochs": 1}}, "--engine ray"),
        ({"overrides": {"dataset": "lfwa"}}, "No images .*Received: "),
    ],
)
def test_what_no_run_could_be_trained_with_is_refused_before_the_first(
    tmp_path, capsys, content, message
):
    sweep = Sweep.from_yaml(write_sweep(tmp_path, **content))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run_sweep(sweep, tmp_path / "runs", LocalEngine(tmp_path))
    assert not (tmp_path / "runs").exists() and not capsys.readouterr().err
