"""The table over the folds of LFW's View 2, from runs written without training."""

import numpy as np
import pytest
import yaml
from drawn import alternating_pairs

from siamese_lib.experiments.folds import (
    beside_published,
    folds_rows,
    roc_over_folds,
    runs_of_folds,
)
from siamese_lib.experiments.sweep import Sweep
from siamese_lib.training.run import SPLITS, Run

PAIRS = alternating_pairs(20)
MEMBERS = ("network/seed_0", "patterns/seed_0")


def write_run(run, config, num_wrong):
    """A finished run whose first `num_wrong` pairs are wrong at the threshold of one half."""
    correct = np.arange(len(PAIRS)) >= num_wrong
    scores = np.where(correct == (np.array(PAIRS.labels) == 1), 0.9, 0.1)
    metrics = {"accuracy": float(correct.mean()), "auc": 1 - num_wrong / 100}
    content = {
        "threshold": 0.5,
        "seconds": {"train": 60.0},
        "examples": {"classes": 10 * config.fold, "images": 30},
    }
    if config.members:
        del content["examples"]
        folders = [Run.of(each, "").name for each in config.networks()]
        content["weights"] = dict(zip(folders, (2.0, 1.0)))
    run.write_json("config.json", config.to_dict())
    run.write_json("metrics.json", content | dict.fromkeys(SPLITS, metrics))
    run.write_scores(dict.fromkeys(SPLITS, PAIRS), dict.fromkeys(SPLITS, scores))
    run.finish()


@pytest.fixture
def found(tmp_path):
    """The runs of three folds, of which the third is not finished."""
    shared = {"dataset": "lfwa", "protocol": "people", "view": 2, "fold": 1}
    network = {"loss": "margin_softmax", "monitor": "val_auc", "encoder": "compact"}
    files = {
        "network": shared | network,
        "patterns": shared | network | {"encoder": "lbp", "joint_bayesian": True},
        "both": shared | {"encoder": "ensemble", "members": list(MEMBERS)},
        "view2_any": {"base": "both.yaml", "axes": {"fold": [1, 2, 3]}, "seeds": [0]},
    }
    for name, content in files.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content))
    sweep = Sweep.from_yaml(tmp_path / "view2_any.yaml")
    for point, wrong in zip(sweep.points(), (2, 6)):
        write_run(Run.of(point.config, tmp_path), point.config, wrong)
        for member, more in zip(point.config.networks(), (1, 2)):
            write_run(Run.of(member, tmp_path), member, wrong + more)
    return runs_of_folds(sweep, tmp_path)


def test_the_mean_and_its_standard_error_are_over_folds(found):
    rows = {row["experiment"]: row for row in folds_rows(found)}
    assert set(rows) == {"both", "network", "patterns"}
    both = rows["both"]
    assert (both["folds"], both["accuracies"]) == ([1, 2], [0.9, 0.7])
    assert both["accuracy_mean"] == pytest.approx(0.8)
    # The deviation with the divisor n - 1 is 0.2 / sqrt(2); divided by sqrt(n), 0.1.
    assert both["standard_error"] == pytest.approx(0.1)
    assert both["auc_mean"] == pytest.approx(0.96)
    assert rows["network"]["accuracy_mean"] == pytest.approx(0.75)
    assert both["num_people"] == rows["network"]["num_people"] == 15


def test_a_single_fold_has_no_standard_error(found):
    row = folds_rows({"both": found["both"][:1]})[0]
    assert (row["accuracies"], row["standard_error"]) == ([0.9], None)


def test_roc_curves_are_read_at_the_same_rates(found):
    rates, curves = roc_over_folds(found["both"])
    assert len(curves) == 2 and all(len(each) == len(rates) for each in curves)
    # There are two different scores, and of the first fold's ten pairs of each class one is wrong:
    # accepting the higher score accepts nine tenths of the same and one of the different pairs.
    step = np.searchsorted(rates, 0.1)
    assert (curves[0][:step] == 0.0).all()
    assert curves[0][step:-1] == pytest.approx(0.9)
    assert curves[0][-1] == 1.0
    assert all((np.diff(each) >= 0).all() for each in curves)


def test_published_rows_stand_between_ours_by_accuracy(found):
    published = {
        "view2": [
            {
                "method": "theirs",
                "category": "unrestricted, label-free outside data",
                "accuracy": 0.775,
                "standard_error": 0.0107,
                "source": "somebody",
            }
        ]
    }
    table = beside_published(folds_rows(found), published)
    assert list(table["method"]) == ["both", "theirs", "network", "patterns"]
    assert table.loc[1, "accuracy"] == "77.50 %" and table.loc[1, "standard_error"] == "± 1.07"
    assert table.loc[0, "standard_error"] == "± 10.00"
    assert table.loc[0, "source"] == "this project, 2 folds"
    without = beside_published(folds_rows({"both": found["both"][:1]}), published)
    assert without.loc[0, "standard_error"] == ""
