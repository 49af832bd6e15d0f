"""The table of an experiment's settings: complete, grouped, without what is not used."""

import dataclasses

import pandas as pd
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.notebook.tables import (
    GROUPS,
    NO_SETTINGS,
    folded,
    setup_table,
    times_table,
    uses,
)
from siamese_lib.training.objectives import WARM_UP_SHARE
from siamese_lib.training.run import SPLITS, Run
from siamese_lib.utils.machine import project_path

FILES = sorted(project_path("experiments").glob("*.yaml"))


def of(name):
    return ExperimentConfig.from_yaml(project_path(f"experiments/{name}.yaml"))


def test_every_setting_is_in_one_group():
    named = [name for fields in GROUPS.values() for name in fields]
    assert len(set(named)) == len(named)
    assert {*named, *NO_SETTINGS} == {field.name for field in dataclasses.fields(ExperimentConfig)}


def test_what_a_network_does_not_use_is_left_out_or_a_dash():
    table = setup_table({name: of(name) for name in ("lfwa_reference", "lfwa_people")})
    settings = table.reset_index("group", drop=True)
    assert {"members", "symmetries", "fold", "align", "training_fraction"}.isdisjoint(
        settings.index
    )
    assert settings.loc["margin"].tolist()[1:] == ["-", str(of("lfwa_people").margin)]
    assert settings.loc["early_stopping_patience", "lfwa_people"] == "-"
    assert settings.loc["flip"].tolist()[1:] == ["-", "yes"]
    assert settings.loc["crop", "lfwa_people"] == ", ".join(map(str, of("lfwa_people").crop))
    assert list(dict.fromkeys(table.index.get_level_values("group"))) == [
        group for group in GROUPS if group in table.index.get_level_values("group")
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_setting_that_a_recipe_names_is_shown(path):
    """Whoever writes a setting into a recipe finds it in the table."""
    for config in ExperimentConfig.from_yaml(path).networks():
        if config.is_hand_crafted:
            continue
        default = ExperimentConfig(experiment="default")
        changed = {
            field.name
            for field in dataclasses.fields(config)
            if field.name not in NO_SETTINGS
            and getattr(config, field.name) != getattr(default, field.name)
        }
        unused = {name for name in changed if not uses(config, name)}
        # Named so that a recipe built on this one can rely on it.
        assert unused <= {"start_from"}, unused


def test_a_folded_table_opens_on_its_title():
    text = folded(pd.DataFrame({"layer": ["a<b"], "parameters": [3]}), "every layer & more").data
    assert text.startswith("<details><summary>every layer &amp; more</summary>")
    assert "a&lt;b" in text and text.endswith("</details>")


# What makes metrics whole.
WHOLE = {"threshold": 0.5} | {split: {"accuracy": 0.5, "auc": 0.5} for split in SPLITS}


def finished(folder, aucs, **metrics):
    """A run whose validation AUCs by epoch are known; without any, one fitted in one step."""
    run = Run(folder / "any" / "seed_0")
    rows = [{"epoch": epoch + 1, "seconds": 60.0, "val_auc": auc} for epoch, auc in enumerate(aucs)]
    run.write_history(rows or [{"epoch": 1, "seconds": 60.0}])
    seconds = {"prepare": 1.5, "train": 60.0 * len(rows), "epoch": 60.0, "predict": 2.0}
    run.write_json("metrics.json", WHOLE | {"num_epochs": len(rows), "seconds": seconds} | metrics)
    run.finish()
    return run


@pytest.mark.parametrize(
    ("aucs", "best", "converged", "until"),
    [
        ([0.6, 0.899, 0.9, 0.896], 3, 2, "2.0"),  # from epoch 2 on within 0.005 of the best
        ([0.6, 0.9, 0.8, 0.898], 2, 4, "4.0"),
        ([0.6, 0.8, 0.9], 3, 3, "3.0"),
        ([0.9, 0.9], 1, 1, "1.0"),
        ([], "-", "-", "-"),
    ],
)
def test_a_training_converges_where_it_stays_near_its_best(tmp_path, aucs, best, converged, until):
    row = times_table({"a": finished(tmp_path, aucs)}).loc["a"]
    assert (row["best epoch"], row["converged after epoch"]) == (best, converged)
    assert row["minutes until then"] == until and row["minutes in all"] == f"{len(aucs)}.0"
    assert (row["seconds to prepare"], row["seconds to score"]) == ("1.5", "2.0")


def test_the_epochs_of_a_final_training_are_validated_by_nobody(tmp_path):
    finished(tmp_path / "runs", [0.6, 0.9, 0.8])
    final = Run(tmp_path / "runs" / "final" / "seed_0")
    final.write_history([{"epoch": epoch, "seconds": 90.0} for epoch in (1, 2, 3)])
    seconds = {"prepare": 1.5, "train": 270.0, "epoch": 90.0, "predict": 2.0}
    metrics = WHOLE | {"num_epochs": 3, "seconds": seconds, "held_out": "any/seed_0"}
    final.write_json("metrics.json", metrics)
    final.finish()
    table = times_table({"final": final, "held out": final.validated})
    assert table["best epoch"].tolist() == ["-", 2]
    assert table["minutes in all"].tolist() == ["4.5", "3.0"]


def test_the_share_of_steps_in_which_the_learning_rate_rises_is_told():
    assert WARM_UP_SHARE == 1 / 20
    assert "first twentieth of the steps" in GROUPS["optimiser"]["learning_rate_schedule"]
