"""The table of results, and the committed evidence behind it."""

import json
from pathlib import Path

import numpy as np
import pytest

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation.metrics import verification_metrics
from siamese_lib.experiments import leaderboard
from siamese_lib.training.run import SPLITS, Run

PROJECT = Path(__file__).parents[2]
RESULTS = PROJECT / "results" / "lfwa"
RUNS = [
    Run(path.parent)
    for dataset in leaderboard.MARKS
    for path in sorted((PROJECT / "results" / dataset).glob("*/seed_*/DONE"))
]


def test_the_committed_tables_are_those_that_the_runs_give():
    boards = {
        dataset: leaderboard.leaderboard(PROJECT / "results" / dataset)
        for dataset in leaderboard.MARKS
    }
    for dataset, rows in boards.items():
        assert json.loads((PROJECT / "results" / dataset / "leaderboard.json").read_text()) == rows
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert leaderboard.with_tables(readme, boards) == readme
    card = (PROJECT / "models" / "README.md").read_text(encoding="utf-8")
    models = {path.stem for path in (PROJECT / "models").glob("*.keras")}
    with_model = {
        dataset: [row for row in rows if row["experiment"] in models]
        for dataset, rows in boards.items()
    }
    assert leaderboard.with_tables(card, with_model) == card


@pytest.mark.parametrize(
    "run", RUNS, ids=lambda run: f"{run.directory.parent.name}-{run.directory.name}"
)
def test_the_committed_metrics_follow_from_the_committed_scores(run):
    for split in ("train", "validation", "test"):
        scores, pairs = run.scores(split), run.pairs(split)
        expected = verification_metrics(
            pairs, scores["score"].to_numpy(), run.metrics["threshold"], run.metrics[split]["loss"]
        )
        # scores.csv keeps nine digits, so that the area may differ in the last ones.
        for key, value in expected.items():
            assert run.metrics[split][key] == (
                pytest.approx(value, abs=1e-6) if value is not None else None
            ), key


def test_the_reference_was_run_on_the_whole_of_view_1():
    run = Run.existing(RESULTS / "lfwa_reference" / "seed_0")
    assert run.metrics["parameters"]["total"] == 38_954_049
    assert run.metrics["train"]["num_pairs"] + run.metrics["validation"]["num_pairs"] == 2200
    assert run.metrics["test"]["num_pairs"] == 1000
    assert len(run.history) == 10


def test_several_seeds_are_averaged(tmp_path):
    same = PairList(
        tuple(Pair(Face(f"P{number}", 1), Face(f"P{number}", 2), 1) for number in range(10))
    )
    different = PairList(
        tuple(Pair(Face(f"P{number}", 1), Face(f"P{number + 1}", 1), 0) for number in range(10))
    )
    pairs = PairList((*same, *different))
    for seed, num_wrong in enumerate((6, 4)):
        run = Run(tmp_path / "lfwa_quick" / f"seed_{seed}")
        scores = np.array([0.3] * num_wrong + [0.9] * (10 - num_wrong) + [0.1] * 10)
        run.write_scores({split: pairs for split in SPLITS}, {split: scores for split in SPLITS})
        metrics = {split: verification_metrics(pairs, scores, 0.5) for split in SPLITS}
        run.write_json("config.json", {"experiment": "lfwa_quick", "seed": seed})
        run.write_json(
            "metrics.json",
            {"threshold": 0.5, **metrics, "parameters": {"total": 5}, "seconds": {"train": 60.0}},
        )
        run.finish()
    (row,) = leaderboard.leaderboard(tmp_path)
    assert row["num_seeds"] == 2 and row["test_accuracy_mean"] == pytest.approx(0.75)
    assert row["test_accuracy_sd"] == pytest.approx(0.0707, abs=1e-3)
    assert "**75.0 %** ± 7.1" in leaderboard.as_markdown([row])
    low, high = row["test_accuracy_interval"]
    assert 0.5 < low < 0.75 < high < 0.95
    assert row["threshold_cost_mean"] == pytest.approx(0.25)  # at 0.2 all would be right


def test_a_readme_without_marks_is_not_touched(tmp_path):
    (tmp_path / "README.md").write_text("no marks")
    with pytest.raises(ValueError, match="marks"):
        leaderboard.update(PROJECT / "results", tmp_path / "README.md", tmp_path / "README.md")
