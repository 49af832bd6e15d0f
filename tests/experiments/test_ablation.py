"""Tables of what components and training data contribute, from runs written without training."""

import numpy as np
import pytest
import yaml
from drawn import alternating_pairs

from siamese_lib.experiments.statistics import ablation, points_of_axis, tables_of_sweeps
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.training.run import SPLITS, Run

NUM_PAIRS = 40
PAIRS = alternating_pairs(NUM_PAIRS)


def write_run(config, runs_dir, num_wrong):
    """A finished run whose first `num_wrong` pairs are wrong at the threshold of one half."""
    run = Run.of(config, runs_dir)
    correct = np.arange(NUM_PAIRS) >= num_wrong
    scores = np.where(correct == (np.array(PAIRS.labels) == 1), 0.9, 0.1)
    metrics = {
        "accuracy": float(correct.mean()),
        "auc": 1 - num_wrong / 100,
        "num_pairs": NUM_PAIRS,
    }
    run.write_json("config.json", config.to_dict())
    run.write_json(
        "metrics.json",
        {"threshold": 0.5, "seconds": {}, "examples": {"classes": 7}}
        | dict.fromkeys(SPLITS, metrics),
    )
    run.write_scores(dict.fromkeys(SPLITS, PAIRS), dict.fromkeys(SPLITS, scores))
    run.finish()


@pytest.fixture
def folder(tmp_path):
    """A project with an ablation, a learning curve, and a sweep over two splits."""
    (tmp_path / "experiments" / "sweeps").mkdir(parents=True)
    (tmp_path / "experiments" / "base.yaml").write_text(
        "dataset: sample\nflip: true\ndropout_rate: 0.3\n"
    )
    files = {
        "ablation_base": {
            "components": {"flipping": {"flip": False}, "dropout": {"dropout_rate": 0.0}},
            "seeds": [0, 1],
        },
        "learning_curve_base": {"axes": {"training_fraction": [0.25, 0.5, 1.0]}, "seeds": [0, 1]},
        "leak_base": {"axes": {"split_by": ["person", "pair"]}, "seeds": [0]},
    }
    for name, content in files.items():
        (tmp_path / "experiments" / "sweeps" / f"{name}.yaml").write_text(
            yaml.safe_dump({"base": "../base.yaml", **content}, sort_keys=False)
        )
    return tmp_path


def finish(folder, name, num_wrong):
    """Writes the runs of a sweep file for which `num_wrong(value, seed)` is a number."""
    sweep = Sweep.from_yaml(folder / "experiments" / "sweeps" / f"{name}.yaml")
    runs_dir = folder / "results" / "sweeps"
    for point in sweep.points():
        if (wrong := num_wrong(point.value, point.config.seed)) is not None:
            write_run(point.config, runs_dir, wrong)
    return sweep, runs_dir


def test_the_gain_of_a_component_is_the_mean_loss_over_seeds_without_it(folder):
    wrong = {
        ("nothing", 0): 4,
        ("nothing", 1): 8,
        ("flipping", 0): 14,
        ("flipping", 1): 10,
        ("dropout", 0): 4,
        ("dropout", 1): 8,
    }
    flipping, dropout = ablation(*finish(folder, "ablation_base", lambda *point: wrong[point]))
    assert (flipping["component"], flipping["change"], flipping["seeds"]) == (
        "flipping",
        {"flip": False},
        [0, 1],
    )
    assert flipping["test_accuracy_gain"] == pytest.approx(12 / 2 / NUM_PAIRS)
    assert flipping["validation_accuracy_mean"] == pytest.approx(1 - 24 / 2 / NUM_PAIRS)
    low, high = flipping["validation_gain_interval"]
    assert 0 < low < flipping["validation_accuracy_gain"] < high
    assert (dropout["test_accuracy_gain"], dropout["test_gain_interval"]) == (0, [0, 0])


def test_a_component_is_compared_on_the_seeds_that_both_recipes_have(folder):
    wrong = {("nothing", 0): 4, ("flipping", 0): 6, ("flipping", 1): 40, ("dropout", 1): 0}
    (row,) = ablation(*finish(folder, "ablation_base", lambda *point: wrong.get(point)))
    assert (row["component"], row["seeds"]) == ("flipping", [0])
    assert row["test_accuracy_gain"] == pytest.approx(2 / NUM_PAIRS)


def test_points_of_an_axis_are_means_over_seeds_and_leave_out_missing_runs(folder):
    wrong = {(0.25, 0): 12, (0.25, 1): 16, (1.0, 0): 4}
    sweep, runs_dir = finish(folder, "learning_curve_base", lambda *point: wrong.get(point))
    quarter, whole = points_of_axis(sweep, runs_dir, "training_fraction")
    assert (quarter["training_fraction"], quarter["seeds"], whole["seeds"]) == (0.25, [0, 1], [0])
    assert quarter["test_accuracy_mean"] == pytest.approx(1 - 14 / NUM_PAIRS)
    low, high = quarter["test_accuracy_interval"]
    assert low < quarter["test_accuracy_mean"] < high
    assert (quarter["num_classes"], quarter["num_pairs"]) == (7, NUM_PAIRS)


def test_all_tables_are_there_even_before_a_run_is_finished(folder):
    _, runs_dir = finish(folder, "leak_base", lambda value, seed: {"person": 12, "pair": 4}[value])
    tables = tables_of_sweeps(folder / "experiments" / "sweeps", runs_dir)
    assert tables["ablation"] == tables["view2"] == []
    # The whole training set with the split by person is a run of both sweeps.
    assert [row["training_fraction"] for row in tables["learning_curve"]] == [1.0]
    assert [row["split_by"] for row in tables["leak"]] == ["person", "pair"]
