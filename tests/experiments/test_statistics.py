"""Statistics of sweeps: intervals over seeds, significance, and the best setting."""

import numpy as np
import pandas as pd
import pytest
import yaml
from drawn import alternating_pairs

from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.bootstrap import people_weights
from siamese_lib.evaluation.metrics import area_under_roc, resampled_areas_under_roc
from siamese_lib.experiments.statistics import (
    accuracy_interval,
    best_settings,
    interval_of_mean,
    settings_table,
    significantly_better,
)
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.training.run import SPLITS, Run

NUM_PAIRS = 200
PAIRS = alternating_pairs(NUM_PAIRS)
LABELS = np.array(PAIRS.labels)


@pytest.fixture
def sweep(tmp_path):
    (tmp_path / "base.yaml").write_text("dataset: sample\n")
    content = {"base": "base.yaml", "axes": {"batch_size": [16, 32, 64]}, "seeds": [0, 1, 2]}
    (tmp_path / "some.yaml").write_text(yaml.safe_dump(content))
    return Sweep.from_yaml(tmp_path / "some.yaml")


def write_run(run, config, quality, seed=0):
    """A finished run whose same pairs score `quality` standard deviations above the others."""
    scores = np.random.default_rng(seed).normal(size=NUM_PAIRS) + quality * LABELS
    auc = area_under_roc(scores, LABELS)
    metrics = {"accuracy": 0.5, "accuracy_interval": [0.4, 0.6], "auc": auc}
    run.write_json("config.json", config.to_dict())
    run.write_json(
        "metrics.json",
        {"threshold": 0.5, "seconds": {"train": 1.0}, "num_epochs": 10}
        | dict.fromkeys(SPLITS, metrics),
    )
    run.write_scores(dict.fromkeys(SPLITS, PAIRS), dict.fromkeys(SPLITS, scores))
    run.finish()


def finish(sweep, runs_dir, quality):
    """Writes the runs of points for which `quality(value, seed)` is a number."""
    for point in sweep.points():
        of_point = quality(point.value, point.config.seed)
        if of_point is not None:
            seed = point.value * 100 + point.config.seed
            write_run(point.run(runs_dir), point.config, of_point, seed)


def test_clear_differences_name_the_best_setting(sweep, tmp_path):
    finish(sweep, tmp_path, lambda value, seed: {16: 0.2, 32: 4.0, 64: 0.5}[value])
    (row,) = best_settings(sweep, tmp_path)
    assert (
        row["best"] == 32
        and sorted(row["worse"]) == [16, 64]
        and not row["not_worse"]
        and row["seeds"] == [0, 1, 2]
    )
    assert "32 is the best" in row["sentence"]


def test_settings_that_differ_by_chance_alone_are_not_significantly_different(sweep, tmp_path):
    finish(sweep, tmp_path, lambda value, seed: 1.0 if value != 64 else 0.0)
    (row,) = best_settings(sweep, tmp_path)
    assert len(row["not_worse"]) == 1 and row["worse"] == [64]
    assert "no significant difference: " in row["sentence"]
    assert "significantly worse: 64" in row["sentence"]


def test_a_difference_that_depends_on_the_seed_is_not_significant(sweep, tmp_path):
    # Large with one seed, but the seeds disagree.
    finish(
        sweep, tmp_path, lambda value, seed: {16: 1.0, 32: (9.0, 1.1, 1.0)[seed], 64: 1.0}[value]
    )
    (row,) = best_settings(sweep, tmp_path)
    assert row["best"] == 32 and 16 in row["not_worse"]


def test_the_sentence_names_missing_settings_and_a_single_seed(sweep, tmp_path):
    finish(
        sweep, tmp_path, lambda value, seed: {16: 3.0, 32: 0.0}.get(value) if seed == 0 else None
    )
    (row,) = best_settings(sweep, tmp_path)
    assert row["missing"] == [64] and row["seeds"] == [0]
    assert "single seed" in row["sentence"] and "not trained yet: 64" in row["sentence"]


def test_the_sentence_tells_that_nothing_is_trained(sweep, tmp_path):
    (row,) = best_settings(sweep, tmp_path)
    assert row["best"] is None and "nothing can be said" in row["sentence"]


def test_runs_with_different_validation_pairs_are_not_compared(sweep, tmp_path):
    config = next(sweep.points()).config
    first, second = Run(tmp_path / "first"), Run(tmp_path / "second")
    for run in (first, second):
        write_run(run, config, 1.0)
    others = PairList(PAIRS.pairs[::-1])
    second.write_scores(
        dict.fromkeys(SPLITS, others), dict.fromkeys(SPLITS, np.linspace(0, 1, NUM_PAIRS))
    )
    with pytest.raises(ValueError, match="same validation pairs"):
        significantly_better([first], [second])
    with pytest.raises(ValueError, match="gain is measured on the same pairs"):
        accuracy_interval([first], "validation", baseline=[second])


def test_intervals_are_over_three_seeds_or_over_the_people_of_a_single_run():
    values, accuracies = [1, 1, 1, 2, 2, 3, 4], [0.6, 0.7, 0.8, 0.6, 0.8, 0.5, np.nan]
    states = ["done"] * 6 + ["missing"]
    runs = pd.DataFrame({"axis": "a", "value": values, "state": states}).assign(
        **{
            f"{split}_{key}": accuracies
            for split in ("validation", "test")
            for key in ("accuracy", "auc")
        },
        **{f"{split}_{key}": 0.4 for split in ("validation", "test") for key in ("low", "high")},
        train_seconds=1.0,
    )
    three, two, single = settings_table(runs).to_dict("records")
    assert three["interval_over"] == "seeds"
    assert three["validation_accuracy"] == pytest.approx(0.7)
    # Student's t with two degrees of freedom: 4.303 times the standard error of 0.1 / sqrt(3).
    assert three["validation_low"] == pytest.approx(0.7 - 4.303 * 0.1 / 3**0.5, abs=1e-3)
    # Two seeds are dots: Student's factor is 12.7.
    assert two["interval_over"] == "nothing" and np.isnan(two["test_low"])
    assert two["test_of_seeds"] == [0.6, 0.8]
    assert interval_of_mean([0.6, 0.8])[0] == pytest.approx(0.7 - 1.2706, abs=1e-3)
    assert single["interval_over"] == "people" and single["test_low"] == 0.4


def test_the_interval_of_a_mean_contains_it_about_19_times_in_20():
    draws = np.random.default_rng(0).normal(0.8, 0.01, (2000, 3))
    contains = [low <= 0.8 <= high for low, high in map(interval_of_mean, draws)]
    assert np.mean(contains) == pytest.approx(0.95, abs=0.02)


def test_areas_of_resamples_equal_those_of_the_drawn_pairs():
    scores = np.random.default_rng(1).normal(size=NUM_PAIRS).round(1)  # with ties
    weights = people_weights(*PAIRS.clusters_of_sides, 3)
    expected = [
        area_under_roc(np.repeat(scores, counts), np.repeat(LABELS, counts)) for counts in weights
    ]
    np.testing.assert_allclose(resampled_areas_under_roc(scores, LABELS, weights), expected)
