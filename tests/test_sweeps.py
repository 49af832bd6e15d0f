"""Sweeps: which runs a file asks for, and what becomes of runs that are done or fail."""

import pytest
import yaml

from siamese_lib.runs import Run
from siamese_lib.sweeps import Sweep, run_sweep, sweep_table

BASE = {"dataset": "sample", "learning_rate": 0.001, "batch_size": 32, "num_epochs": 6}
SWEEP = {
    "base": "base.yaml",
    "overrides": {"num_epochs": 2},
    "axes": {"learning_rate": [0.001, 0.01], "batch_size": [16, 32]},
    "seeds": [0, 1],
}


@pytest.fixture
def sweep_file(tmp_path):
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(BASE))
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(SWEEP, sort_keys=False))
    return path


def pretend_to_train(runs_dir, trained):
    """Writes a finished run without training it; the accuracy follows from the config."""

    def train(config):
        run = Run.of(config, runs_dir)
        if not run.done:
            trained.append(config)
            part = {"accuracy": config.batch_size / 100, "accuracy_interval": [0.1, 0.9], "auc": config.learning_rate}
            run.write_json("config.json", config.to_dict())
            run.write_json("metrics.json", {"threshold": 0.5, "train": part, "validation": part, "test": part, "seconds": {"train": 1.0}})
            run.finish()
        return run

    return train


def test_axes_are_varied_alone_and_share_the_base(sweep_file):
    points = list(Sweep.from_yaml(sweep_file).points())
    assert len(points) == 8 and len({config.hash() for _, _, config in points}) == 6
    for axis, value, config in points:
        assert getattr(config, axis) == value and config.num_epochs == 2
        changed = [key for key in ("learning_rate", "batch_size") if getattr(config, key) != BASE[key]]
        assert set(changed) <= {axis}


def test_the_table_has_a_row_a_point_and_a_second_sweep_trains_nothing(sweep_file, tmp_path):
    sweep, trained = Sweep.from_yaml(sweep_file), []
    table = run_sweep(sweep, pretend_to_train(tmp_path, trained), tmp_path)
    assert len(table) == 8 and len(trained) == 6
    row = table[(table["axis"] == "batch_size") & (table["value"] == 16) & (table["seed"] == 1)].iloc[0]
    assert row["validation_accuracy"] == 0.16 and row["validation_low"] == 0.1
    again = run_sweep(sweep, pretend_to_train(tmp_path, trained), tmp_path)
    assert len(trained) == 6 and again.equals(table)
    assert (tmp_path / "small.csv").read_text().count("\n") == 9


def test_levers_are_taken_away_one_at_a_time_beside_the_whole_recipe(sweep_file):
    levers = {"augmentation": {"flip": False, "rotation_degrees": 0.0}, "small steps": {"learning_rate": 0.01}}
    base = BASE | {"flip": True, "rotation_degrees": 5.0}
    (sweep_file.parent / "base.yaml").write_text(yaml.safe_dump(base))
    sweep_file.write_text(yaml.safe_dump({"base": "base.yaml", "levers": levers, "seeds": [0, 1]}))
    points = {(name, config.seed): config for axis, name, config in Sweep.from_yaml(sweep_file).points() if axis == "without"}
    assert set(points) == {(name, seed) for name in ("nothing", "augmentation", "small steps") for seed in (0, 1)}
    for (name, _), config in points.items():
        changed = {key for key, value in base.items() if getattr(config, key) != value}
        assert changed == set(levers.get(name, {}))


def test_a_run_that_fails_costs_only_its_own_points(sweep_file, tmp_path, capsys):
    train = pretend_to_train(tmp_path, [])

    def sometimes(config):
        if config.learning_rate == 0.01:
            raise ValueError("the loss is no longer finite")
        return train(config)

    table = run_sweep(Sweep.from_yaml(sweep_file), sometimes, tmp_path)
    assert len(table) == 6 and 0.01 not in table["value"].tolist()
    assert "learning_rate=0.01" in capsys.readouterr().err


def test_a_sweep_without_any_finished_run_is_one_sentence(sweep_file, tmp_path):
    def fail(config):
        raise ValueError("no data")

    with pytest.raises(ValueError, match="No run of the sweep"):
        run_sweep(Sweep.from_yaml(sweep_file), fail, tmp_path)


def test_a_value_that_yaml_takes_for_text_is_a_number_in_the_table(sweep_file):
    sweep_file.write_text("base: base.yaml\naxes: {learning_rate: [1e-4]}\nseeds: [0]\n")
    assert [value for _, value, _ in Sweep.from_yaml(sweep_file).points()] == [0.0001]


def test_the_table_can_be_read_before_all_is_done(sweep_file, tmp_path):
    sweep = Sweep.from_yaml(sweep_file)
    pretend_to_train(tmp_path, [])(next(sweep.points())[2])
    assert len(sweep_table(sweep, tmp_path)) == 2  # the base's own values lie on both axes


@pytest.mark.parametrize(
    "change",
    [
        {"axes": {}},
        {"axes": {"batch_size": 16}},
        {"seeds": []},
        {"seeds": 3},
        {"folds": 2},
        {"axes": {"batch_siz": [16]}},
        {"base": "no.yaml"},
        {"overrides": 5},
        {"axes": {"seed": [1]}},
        {"axes": {1: [1]}},
        {"levers": {"none": {}}},
        {"levers": ["flip"]},
        {"levers": {"flip": {"flop": True}}},
        {"levers": {"luck": {"seed": 3}}},
    ],
)
def test_a_wrong_sweep_file_is_one_sentence(sweep_file, change):
    sweep_file.write_text(yaml.safe_dump(SWEEP | change))
    with pytest.raises((ValueError, FileNotFoundError), match="Received: "):
        list(Sweep.from_yaml(sweep_file).points())
