"""Ensembles: what is gained by fusing, what is written, what is refused."""

import numpy as np
import pytest

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation.metrics import area_under_roc, verification_metrics
from siamese_lib.training.ensemble import combine_runs, combine_scores, cross_validated_scores
from siamese_lib.training.run import SPLITS, Run


def drawn(num_pairs, strengths, seed):
    """Labels, and probabilities of members that err independently: `(num_members, num_pairs)`."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, num_pairs)
    signal = np.outer(strengths, 2 * labels - 1) + generator.normal(
        size=(len(strengths), num_pairs)
    )
    return labels, 1 / (1 + np.exp(-signal))


def test_members_that_err_differently_are_better_together_and_the_better_one_weighs_more():
    labels, validation = drawn(800, [1.2, 0.8, 0.0], seed=0)
    test_labels, test = drawn(2000, [1.2, 0.8, 0.0], seed=1)
    joint, (strong, weak, useless) = combine_scores(validation, labels, {"test": test})
    assert area_under_roc(joint["test"], test_labels) > area_under_roc(test[0], test_labels) + 0.01
    assert strong > weak > useless and abs(useless) < 0.3
    assert ((joint["test"] > 0) & (joint["test"] < 1)).all()


def test_the_test_pairs_have_no_say_in_the_weights():
    labels, validation = drawn(300, [1.0, 0.5], seed=2)
    _, test = drawn(100, [1.0, 0.5], seed=3)
    _, weights = combine_scores(validation, labels, {"test": test})
    assert combine_scores(validation, labels, {"test": test[:, ::-1]})[1] == weights


def test_validation_scores_come_from_weights_that_never_saw_their_people():
    # Sixty members that know nothing, and 120 pairs: fitted on the pairs themselves they look able.
    generator = np.random.default_rng(4)
    people = [f"P{number}" for number in range(60)]
    drawn_people = [generator.choice(people, 2, replace=False) for _ in range(60)]
    pairs = PairList(
        (
            *(Pair(Face(person, 1), Face(person, 2), 1) for person in people),
            *(Pair(Face(left, 1), Face(right, 2), 0) for left, right in drawn_people),
        )
    )
    noise = 1 / (1 + np.exp(-generator.normal(size=(60, len(pairs)))))
    joint, _ = combine_scores(noise, pairs.labels, {"validation": noise})
    scores = cross_validated_scores(noise, pairs, 0.5)
    assert area_under_roc(joint["validation"], pairs.labels) > 0.8
    assert area_under_roc(scores, pairs.labels) < 0.65


def test_cross_validated_decisions_of_able_members_agree_with_their_own():
    labels, members = drawn(600, [3.0, 2.5], seed=5)
    pairs = PairList(
        tuple(
            Pair(Face(f"P{number}", 1), Face(f"P{number}" if same else f"Q{number}", 2), int(same))
            for number, same in enumerate(labels)
        )
    )
    joint, _ = combine_scores(members, labels, {"validation": members})
    scores = cross_validated_scores(members, pairs, 0.3)
    agree = (scores >= 0.3) == (joint["validation"] >= 0.5)
    assert agree.mean() > 0.98  # whatever the threshold, decisions are those of the weights


def test_too_few_people_to_check_an_ensemble_are_an_error_of_one_sentence():
    pairs = PairList((Pair(Face("A", 1), Face("A", 2), 1), Pair(Face("A", 1), Face("B", 1), 0)))
    with pytest.raises(ValueError, match=r"too few people.*Received: pairs of 2 people"):
        cross_validated_scores(np.array([[0.9, 0.2], [0.8, 0.3]]), pairs, 0.5)


def member(folder, strength, seed, names="P"):
    """A finished run with drawn scores."""
    same = [
        Pair(Face(f"{names}{number}", 1), Face(f"{names}{number}", 2), 1) for number in range(60)
    ]
    different = [
        Pair(Face(f"{names}{number}", 1), Face(f"{names}{number + 1}", 1), 0)
        for number in range(60)
    ]
    pairs, generator, run = (
        PairList(tuple(same + different)),
        np.random.default_rng(seed),
        Run(folder),
    )
    scores = {
        split: 1
        / (1 + np.exp(-strength * (2 * np.array(pairs.labels) - 1) - generator.normal(size=120)))
        for split in SPLITS
    }
    metrics = {split: verification_metrics(pairs, scores[split], 0.5) for split in SPLITS}
    run.write_scores({split: pairs for split in SPLITS}, scores)
    run.write_json(
        "metrics.json",
        {
            "threshold": 0.5,
            **metrics,
            "seconds": {"train": 60.0},
            "parameters": {"total": 5},
            "num_epochs": 3,
        },
    )
    run.write_json("versions.json", {"data": {"dataset": "lfwa"}})
    return run


def test_the_run_of_an_ensemble_reads_like_any_other(tmp_path):
    members = [member(tmp_path / name / "seed_0", 1.0, seed) for seed, name in enumerate("ab")]
    run = Run(tmp_path / "both" / "seed_0")
    config = {
        "experiment": "both",
        "dataset": "lfwa",
        "encoder": "ensemble",
        "members": ["a/seed_0", "b/seed_0"],
    }
    run.write_json("config.json", config)
    combine_runs(run, members)
    metrics = run.metrics
    assert metrics["validation"]["auc"] > max(one.metrics["validation"]["auc"] for one in members)
    assert metrics["seconds"]["train"] == 120 and metrics["parameters"]["total"] == 10
    assert set(metrics["weights"]) == {"a/seed_0", "b/seed_0"} and len(run.scores("test")) == 120
    assert run.versions["data"] == {"dataset": "lfwa"}


def test_members_of_several_versions_are_summed_where_all_of_them_were_measured(tmp_path):
    members = [member(tmp_path / name / "seed_0", 1.0, seed) for seed, name in enumerate("ab")]
    old = members[0].metrics
    old["seconds"]["converge"] = 50.0  # an earlier version wrote this one too
    members[0].write_json("metrics.json", old)
    for number, order in enumerate((members, members[::-1])):
        run = Run(tmp_path / f"both_{number}" / "seed_0")
        combine_runs(run, order)
        assert run.metrics["seconds"] == {"train": 120.0}


def test_members_that_scored_other_pairs_are_refused(tmp_path):
    members = [member(tmp_path / "a", 1.0, 0), member(tmp_path / "b", 1.0, 1, names="Q")]
    with pytest.raises(ValueError, match="must score the same pairs"):
        combine_runs(Run(tmp_path / "both"), members)
