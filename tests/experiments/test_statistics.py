"""What may be said of a sweep: intervals over seeds, and a best setting only where the intervals let it."""

import numpy as np
import pandas as pd
import pytest
import yaml

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation.metrics import area_under_roc, people_weights, resampled_areas_under_roc
from siamese_lib.experiments.statistics import (
    best_settings,
    interval_of_mean,
    settings_table,
    significantly_better,
)
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.training.run import SPLITS, Run

NUM_PAIRS = 200
PAIRS = PairList(
    tuple(
        Pair(
            Face(f"Person{index}", 1),
            Face(f"Person{index if index % 2 else index + 1}", 2),
            index % 2,
        )
        for index in range(NUM_PAIRS)
    )
)
LABELS = np.array(PAIRS.labels)


@pytest.fixture
def sweep(tmp_path):
    (tmp_path / "base.yaml").write_text("dataset: sample\n")
    content = {"base": "base.yaml", "axes": {"batch_size": [16, 32, 64]}, "seeds": [0, 1, 2]}
    (tmp_path / "some.yaml").write_text(yaml.safe_dump(content))
    return Sweep.from_yaml(tmp_path / "some.yaml")


def write_run(run, config, quality, seed=0):
    """A finished run whose same pairs score `quality` standard deviations higher than its different pairs."""
    scores = np.random.default_rng(seed).normal(size=NUM_PAIRS) + quality * LABELS
    part = {"accuracy": 0.5, "accuracy_interval": [0.4, 0.6], "auc": area_under_roc(scores, LABELS)}
    run.write_json("config.json", config.to_dict())
    run.write_json(
        "metrics.json",
        {"threshold": 0.5, "seconds": {"train": 1.0}, "num_epochs": 10}
        | dict.fromkeys(SPLITS, part),
    )
    run.write_scores(dict.fromkeys(SPLITS, PAIRS), dict.fromkeys(SPLITS, scores))
    run.finish()


def finish(sweep, runs_dir, quality):
    """Writes the runs of points for which `quality(value, seed)` says a number."""
    for point in sweep.points():
        if (much := quality(point.value, point.config.seed)) is not None:
            write_run(
                point.run(runs_dir), point.config, much, seed=point.value * 100 + point.config.seed
            )


def test_clear_differences_name_the_best_setting(sweep, tmp_path):
    finish(sweep, tmp_path, lambda value, seed: {16: 0.2, 32: 4.0, 64: 0.5}[value])
    (verdict,) = best_settings(sweep, tmp_path)
    assert (
        verdict["best"] == 32
        and sorted(verdict["worse"]) == [16, 64]
        and not verdict["open"]
        and verdict["seeds"] == [0, 1, 2]
    )
    assert "32 is the best" in verdict["sentence"]


def test_settings_that_differ_by_chance_alone_are_no_difference_found(sweep, tmp_path):
    finish(sweep, tmp_path, lambda value, seed: 1.0 if value != 64 else 0.0)
    (verdict,) = best_settings(sweep, tmp_path)
    assert len(verdict["open"]) == 1 and verdict["worse"] == [64]
    assert "no difference found" in verdict["sentence"] and "64 worse" in verdict["sentence"]


def test_a_difference_that_is_not_there_with_every_seed_is_none(sweep, tmp_path):
    # Large over people with one seed, but the seeds disagree.
    finish(
        sweep, tmp_path, lambda value, seed: {16: 1.0, 32: (9.0, 1.1, 1.0)[seed], 64: 1.0}[value]
    )
    (verdict,) = best_settings(sweep, tmp_path)
    assert verdict["best"] == 32 and 16 in verdict["open"]


def test_missing_settings_and_a_single_seed_are_said(sweep, tmp_path):
    finish(
        sweep, tmp_path, lambda value, seed: {16: 3.0, 32: 0.0}.get(value) if seed == 0 else None
    )
    (verdict,) = best_settings(sweep, tmp_path)
    assert verdict["missing"] == [64] and verdict["seeds"] == [0]
    assert "single seed" in verdict["sentence"] and "Not trained yet: 64" in verdict["sentence"]


def test_nothing_trained_is_said(sweep, tmp_path):
    (verdict,) = best_settings(sweep, tmp_path)
    assert verdict["best"] is None and "nothing can be said" in verdict["sentence"]


def test_runs_with_other_validation_pairs_are_not_compared(sweep, tmp_path):
    config = next(sweep.points()).config
    one, two = Run(tmp_path / "one"), Run(tmp_path / "two")
    for run in (one, two):
        write_run(run, config, 1.0)
    others = PairList(PAIRS.pairs[::-1])
    two.write_scores(
        dict.fromkeys(SPLITS, others), dict.fromkeys(SPLITS, np.linspace(0, 1, NUM_PAIRS))
    )
    with pytest.raises(ValueError, match="same validation pairs"):
        significantly_better([one], [two])


def test_intervals_are_over_seeds_where_there_are_several_and_over_people_else():
    runs = pd.DataFrame(
        {"axis": "a", "value": [1, 1, 2, 3], "state": ["done", "done", "done", "missing"]}
    ).assign(
        **{
            f"{split}_{key}": [0.6, 0.8, 0.5, np.nan]
            for split in ("validation", "test")
            for key in ("accuracy", "auc")
        },
        **{
            f"{split}_{key}": [0.1, 0.1, 0.4, np.nan]
            for split in ("validation", "test")
            for key in ("low", "high")
        },
        train_seconds=1.0,
    )
    several, single = settings_table(runs).to_dict("records")
    assert several["interval_over"] == "seeds" and several["validation_accuracy"] == pytest.approx(
        0.7
    )
    # Student's t with one degree of freedom: 12.706 times the standard error of 0.1, and more than all is no share.
    assert (several["validation_low"], several["validation_high"]) == (0.0, 1.0)
    assert interval_of_mean([0.6, 0.8])[0] == pytest.approx(0.7 - 1.2706, abs=1e-3)
    assert single["interval_over"] == "people" and single["test_low"] == 0.4


def test_the_interval_of_a_mean_holds_it_about_19_times_of_20():
    draws = np.random.default_rng(0).normal(0.8, 0.01, (2000, 3))
    held = [low <= 0.8 <= high for low, high in map(interval_of_mean, draws)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_areas_of_resamples_are_those_of_the_pairs_drawn():
    scores = np.random.default_rng(1).normal(size=NUM_PAIRS).round(1)  # with ties
    weights = people_weights(*PAIRS.people_of_sides, 3)
    expected = [
        area_under_roc(np.repeat(scores, counts), np.repeat(LABELS, counts)) for counts in weights
    ]
    np.testing.assert_allclose(resampled_areas_under_roc(scores, LABELS, weights), expected)
