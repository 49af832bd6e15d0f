"""Runs: one folder a config, one process a run, and DONE at the end."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.pairs import Face, Pair, PairList, parse_face
from siamese_lib.training.run import Run

CONFIG = ExperimentConfig(experiment="tiny", seed=3)
PAIRS = {
    "train": PairList(
        (Pair(Face("Ada", 1), Face("Ada", 2), 1), Pair(Face("Ada", 1), Face("Ben_van_Dam", 12), 0))
    ),
    "validation": PairList((Pair(Face("Cleo", 1), Face("NA", 2), 0),)),
    "test": PairList(
        (Pair(Face("Dov", 1), Face("Dov", 2), 1), Pair(Face("Dov", 1), Face("Edda", 1), 0))
    ),
}
SCORES = {
    "train": np.array([0.1 + 0.2, 1e-12], np.float32),
    "validation": np.array([1 / 3], np.float32),
    "test": np.array([0.99999994, 0.0], np.float32),
}


@pytest.fixture
def run(tmp_path):
    run = Run.of(CONFIG, tmp_path)
    run.write_json("config.json", CONFIG.to_dict())
    return run


def test_a_run_lies_in_a_folder_of_its_experiment_variant_and_seed(tmp_path):
    assert Run.of(CONFIG, tmp_path).directory == tmp_path / "tiny" / "seed_3"
    varied = dataclasses.replace(CONFIG, variant="num_epochs=2")
    assert Run.of(varied, tmp_path).directory == tmp_path / "tiny,num_epochs=2" / "seed_3"


def test_a_variant_cannot_lead_out_of_the_folder(tmp_path):
    varied = dataclasses.replace(CONFIG, variant="compare_with=../../x")
    assert Run.of(varied, tmp_path).directory.parent.parent == tmp_path


def test_the_same_config_comes_back_to_its_run(tmp_path, run):
    assert run.config == CONFIG
    assert Run.of(CONFIG, tmp_path).directory == run.directory
    Run.of(dataclasses.replace(CONFIG, compare_with="other"), tmp_path)


def test_another_config_in_the_same_folder_is_refused_with_what_changed(tmp_path, run):
    changed = dataclasses.replace(CONFIG, learning_rate=0.5, crop=(0, 9, 0, 9))
    with pytest.raises(
        ValueError,
        match=r"crop was None and is \[0, 9, 0, 9\], learning_rate was 0\.001 and is 0\.5$",
    ):
        Run.of(changed, tmp_path)


def test_a_damaged_config_is_named(tmp_path, run):
    run.path("config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is not a JSON file"):
        Run.of(CONFIG, tmp_path)


def test_a_run_is_done_when_it_is_finished(run):
    assert not run.done
    with pytest.raises(FileNotFoundError, match="no finished run"):
        Run.existing(run.directory)
    run.finish()
    assert run.done
    assert Run.existing(run.directory).config == CONFIG


def test_a_folder_that_is_not_there_holds_no_run(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Received: .*none"):
        Run.existing(tmp_path / "none")


def test_a_second_one_that_locks_a_run_is_told_so(run):
    with run.lock():
        with (
            pytest.raises(ValueError, match=r"Another process is training this run.*seed_3"),
            Run(run.directory).lock(),
        ):
            pass
        code = "from siamese_lib.training.run import Run\n"
        code += f"with Run({str(run.directory)!r}).lock(): pass"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "Another process is training this run" in result.stderr
    with Run(run.directory).lock():
        pass


def test_a_lock_is_given_back_when_the_training_fails(run):
    with pytest.raises(KeyboardInterrupt), run.lock():
        raise KeyboardInterrupt
    with run.lock():
        pass


def test_the_lock_of_a_killed_process_holds_nobody_up(run):
    code = "import os\nfrom siamese_lib.training.run import Run\n"
    code += f"with Run({str(run.directory)!r}).lock(): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    with run.lock():
        pass


def test_scores_come_back_with_their_faces_and_labels(run):
    run.write_scores(PAIRS, SCORES)
    table = run.scores()
    assert list(table.columns) == ["split", "left", "right", "label", "score"]
    assert list(table["split"]) == ["train", "train", "validation", "test", "test"]
    assert list(table["label"]) == [1, 0, 0, 1, 0]
    faces = [(pair.left, pair.right) for pairs in PAIRS.values() for pair in pairs]
    assert [
        (parse_face(left), parse_face(right)) for left, right in zip(table["left"], table["right"])
    ] == faces


def test_decisions_of_all_splits_are_those_of_each_split(run):
    run.write_scores(PAIRS, SCORES)
    run.write_json(
        "metrics.json", {"threshold": 0.2, "seconds": {}} | {split: {} for split in PAIRS}
    )
    assert (
        run.correct().tolist()
        == [decided for split in PAIRS for decided in run.correct(split)]
        == [True, True, False, True, True]
    )


def test_scores_lose_no_digit(run):
    run.write_scores(PAIRS, SCORES)
    for split, expected in SCORES.items():
        np.testing.assert_array_equal(
            run.scores(split)["score"].to_numpy().astype(np.float32), expected
        )


def test_the_scores_of_a_split_are_numbered_from_zero(run):
    run.write_scores(PAIRS, SCORES)
    assert list(run.scores("test").index) == [0, 1]
    assert set(run.scores("test")["split"]) == {"test"}


def test_history_is_empty_before_the_first_epoch_and_exact_after(run):
    assert run.history.empty
    rows = [
        {"epoch": 0, "loss": 0.1 + 0.2, "val_auc": 1 / 3},
        {"epoch": 1, "loss": 1e-17, "val_auc": 0.5},
    ]
    run.write_history(rows[:1])
    run.write_history(rows)
    assert run.history.to_dict("records") == rows


@pytest.mark.parametrize(
    "change", [{"test": None}, {"test": 1}, {"seconds": None}, {"seconds": {}}, {"test": {}}]
)
def test_incomplete_metrics_are_one_sentence_wherever_they_are_read(run, change):
    splits = {split: {"accuracy": 0.5} for split in ("train", "validation", "test")}
    run.write_json("metrics.json", {"threshold": 0.5, "seconds": {"train": 1.0}} | splits | change)
    with pytest.raises(ValueError, match=r"incomplete; train it again. Received: .*metrics\.json"):
        _ = run.metrics["test"]["accuracy"] + run.metrics["seconds"]["train"]


def test_metrics_and_versions_are_what_was_written(run):
    metrics = {
        "threshold": 0.5,
        "seconds": {},
        "train": {"cross_entropy": 0.25},
        "validation": {"cross_entropy": 0.5},
        "test": {"cross_entropy": 0.75, "auc": None},
    }
    run.write_json("metrics.json", metrics)
    run.write_json("versions.json", {"python": "3"})
    assert run.metrics == metrics
    assert run.versions == {"python": "3"}


def test_metrics_that_are_not_whole_are_one_sentence(run):
    run.write_json("metrics.json", {"threshold": 0.5})
    with pytest.raises(ValueError, match="incomplete"):
        _ = run.metrics


@pytest.mark.parametrize("name", ["history.csv", "scores.csv", "oneshot.csv"])
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2,3\n4\n", b"\xff\xfe\x00", b"split,left\n"])
def test_a_table_that_is_not_whole_is_one_sentence(run, name, content):
    run.write_json("config.json", {})
    run.path(name).write_bytes(content)
    with pytest.raises(
        ValueError,
        match=rf"{name} (is not a whole table|lacks columns); train the run again\. Received: ",
    ):
        {
            "history.csv": lambda: run.history,
            "scores.csv": run.scores,
            "oneshot.csv": lambda: run.oneshot,
        }[name]()


def test_what_a_kill_left_behind_is_removed_and_the_evidence_is_not(run):
    kept = ["config.json", "history.csv", "model.keras", "DONE"]
    for name in [
        *kept,
        ".model-x7.keras",
        ".checkpoint-x7.keras",
        "checkpoint-00003.keras",
        "best.weights.h5",
    ]:
        run.path(name).write_text("")
    run.remove_half_written()
    assert run.checkpoints() and not list(run.directory.glob(".*-*"))
    run.clean_up()
    assert sorted(path.name for path in run.directory.iterdir() if path.name != ".lock") == sorted(
        kept
    )


def test_metrics_that_are_not_there_are_named(run):
    with pytest.raises(FileNotFoundError, match=r"metrics\.json"):
        _ = run.metrics


def test_a_run_of_an_earlier_version_is_read(tmp_path):
    config = dataclasses.replace(
        CONFIG, base_filters=24, restore_best_weights=True, num_epochs=2,
        variant="base_filters=24,num_epochs=2,restore_best_weights=True",
    )  # fmt: skip
    old = Run(tmp_path / "tiny,num_epochs=2,weights=best,width=24" / "seed_3")
    values = config.to_dict() | {"width": 24, "weights": "best", "variant": "as it was named then"}
    del values["base_filters"], values["restore_best_weights"]
    old.write_json("config.json", values)
    metrics = {"threshold": 0.5, "seconds": {}, "train": {}, "validation": {}, "test": {}}
    metrics |= {"weights": {"member/seed_0": 1.0}, "examples": {"pictures": 7}}
    metrics |= {"oneshot": {"test_many": {"accuracy": 0.5, "num_runs": 400}}}
    old.write_json("metrics.json", metrics)
    old.path("history.csv").write_text("epoch,loss,val_oneshot\n1,0.5,0.25\n")
    old.path("trials.csv").write_text(
        "part,run,probe,answer,chosen,right\ntest,1,a_0001,b_0001,b_0001,True\n"
        "test_many,2,c_0001,d_0001,e_0001,False\n"
    )

    run = Run.of(config, tmp_path)
    assert run.directory == old.directory and run.config.base_filters == 24
    assert run.config.restore_best_weights
    assert run.history["val_oneshot_accuracy"].tolist() == [0.25]
    trials = run.trials("test_400")
    assert trials["trial_set"].tolist() == [2] and trials["correct"].tolist() == [False]
    assert run.metrics["examples"] == {"images": 7}
    assert run.metrics["oneshot"] == {"test_400": {"accuracy": 0.5, "num_trial_sets": 400}}
    assert run.metrics["weights"] == {"member/seed_0": 1.0}  # of an ensemble, not of a config

    run = Run.of(dataclasses.replace(config, seed=4), tmp_path)
    assert (
        run.directory.parent.name == "tiny,base_filters=24,num_epochs=2,restore_best_weights=True"
    )


def test_the_networks_of_a_run_are_itself_or_the_members_that_are_there(run, tmp_path):
    assert run.networks() == [run] and run.name == "tiny/seed_3"
    both = Run(tmp_path / "both" / "seed_0")
    weights = {"light/seed_0": 0.5, "heavy/seed_1": 1.5, "gone/seed_0": 9.0}
    config = ExperimentConfig(experiment="both", encoder="ensemble", members=tuple(weights))
    both.write_json("config.json", config.to_dict())
    splits = {split: {} for split in ("train", "validation", "test")}
    metrics = {"threshold": 0.5, "seconds": {}, "weights": weights, **splits}
    both.write_json("metrics.json", metrics)
    for name in ("light/seed_0", "heavy/seed_1"):
        Run(tmp_path / name).finish()
    assert [each.name for each in both.networks()] == ["heavy/seed_1", "light/seed_0"]
