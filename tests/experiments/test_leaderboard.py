"""The leaderboard, and the committed runs behind it."""

from pathlib import Path

import numpy as np
import pytest
from leaderboard_rows import row_of

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation.metrics import verification_metrics
from siamese_lib.evaluation.trials import PUBLISHED
from siamese_lib.experiments import leaderboard
from siamese_lib.training.run import SPLITS, Run

PROJECT = Path(__file__).parents[2]
RESULTS = PROJECT / "results" / "lfwa"
RUNS = [
    Run(path.parent)
    for dataset in leaderboard.DATASETS
    for path in sorted((PROJECT / "results" / dataset).glob("*/seed_*/DONE"))
]


def test_results_for_html_have_no_markdown():
    (cells,) = leaderboard.results_table([row_of("e", 0.75)]).to_dict("records")
    assert cells["experiment"] == "e" and cells["test"] == "75.0 %"


def test_trials_that_only_one_row_answered_come_first_and_leave_empty_cells():
    rows = [row_of("before", 0.7, oneshot=0.6), row_of("after", 0.7, oneshot=0.6)]
    rows[1]["oneshot"][PUBLISHED] = rows[1]["oneshot"]["test"] | {"accuracy": 0.8}
    table = leaderboard.results_table(rows)
    shots = [name for name in table if "trial sets" in name]
    assert shots == ["20-way one-shot (Lake's trial sets)", "20 drawn trial sets", "400 trial sets"]
    assert table[shots[0]].tolist() == ["", "80.0 % ± 1.0"]
    assert table[shots[1]].tolist() == ["60.0 % ± 1.0"] * 2


@pytest.mark.parametrize(
    "run", RUNS, ids=lambda run: f"{run.directory.parent.name}-{run.directory.name}"
)
def test_the_committed_metrics_follow_from_the_committed_scores(run):
    for split in ("train", "validation", "test"):
        scores, pairs = run.scores(split), run.pairs(split)
        penalties = None
        if run.metrics[split]["loss"] is not None:  # the same penalties on every split
            penalties = run.metrics["test"]["loss"] - run.metrics["test"]["cross_entropy"]
            assert penalties > 0
        expected = verification_metrics(
            pairs, scores["score"].to_numpy(), run.metrics["threshold"], penalties
        )
        # scores.csv keeps nine digits, so the area may differ in the last digits.
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
    table = leaderboard.results_table([row], markdown=True)
    assert table["test"].tolist() == ["**75.0 %** ± 7.1"]
    assert "| `lfwa_quick` | pairs" in table.to_markdown(index=False)
    low, high = row["test_accuracy_interval"]
    assert 0.5 < low < 0.75 < high < 0.95
    assert row["threshold_cost_mean"] == pytest.approx(0.25)  # at 0.2 all would be correct
