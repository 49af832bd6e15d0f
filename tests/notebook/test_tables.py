"""The table of an experiment's settings: complete, grouped, without what is not used."""

import dataclasses

import pandas as pd
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.notebook.tables import GROUPS, NO_SETTINGS, folded, setup_table, uses
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
    assert text.startswith("<details><summary>every layer &amp; more</summary><table")
    assert "a&lt;b" in text and text.endswith("</details>")
