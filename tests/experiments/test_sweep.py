"""Sweeps: the points of a sweep file, and the table of finished, failed and missing runs."""

import json

import pytest
import yaml

from siamese_lib.experiments.sweep import ABLATED, Sweep
from siamese_lib.experiments.sweep_runs import run_sweep, sweep_table
from siamese_lib.training.run import SPLITS, Run

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


def finish(config, runs_dir):
    """Writes a finished run without training it; the accuracy follows from the config."""
    run = Run.of(config, runs_dir)
    run.write_json("config.json", config.to_dict())
    write_metrics(run, config.batch_size / 100, config.learning_rate, config.num_epochs)


def write_metrics(run, accuracy, auc, num_epochs):
    of_split = {"accuracy": accuracy, "accuracy_interval": [0.1, 0.9], "auc": auc}
    seconds = {"train": 1.0}
    run.write_json(
        "metrics.json",
        {"threshold": 0.5, "seconds": seconds, "num_epochs": num_epochs}
        | dict.fromkeys(SPLITS, of_split),
    )
    run.finish()


class FakeEngine:
    """An engine without training; a run fails if `fails(config)` returns an error sentence."""

    def __init__(self, runs_dir, fails=lambda config: None):
        self.trained, self._runs_dir, self._fails = [], runs_dir, fails

    def check(self, sweep, configs):
        assert not self.trained

    def __call__(self, sweep, runs):
        for run in runs:
            self.trained.append(run.config)
            if error := self._fails(run.config):
                run.write_error(error)
            else:
                finish(run.config, self._runs_dir)


def test_axes_are_varied_alone_and_share_the_base(sweep_file):
    points = list(Sweep.from_yaml(sweep_file).points())
    assert len(points) == 8 and len({point.config.hash() for point in points}) == 6
    for point in points:
        assert getattr(point.config, point.axis) == point.value and point.config.num_epochs == 2
        changed = [
            key
            for key in ("learning_rate", "batch_size")
            if getattr(point.config, key) != BASE[key]
        ]
        assert set(changed) <= {point.axis}


def test_a_grid_trains_all_combinations_of_two_fields(sweep_file):
    sweep_file.write_text(
        yaml.safe_dump(
            SWEEP | {"grid": {"batch_size": [16, 32], "learning_rate": [0.001, 0.01]}, "seeds": [0]}
        )
    )
    sweep = Sweep.from_yaml(sweep_file)
    grid = [point for point in sweep.points() if point.axis == "batch_size x learning_rate"]
    assert [point.value for point in grid] == ["16 x 0.001", "16 x 0.01", "32 x 0.001", "32 x 0.01"]
    assert {(point.config.batch_size, point.config.learning_rate) for point in grid} == {
        (16, 0.001),
        (16, 0.01),
        (32, 0.001),
        (32, 0.01),
    }
    # Three of the four are points of the axes too.
    assert len({point.config.hash() for point in sweep.points()}) == 4 and set(sweep.varied) == {
        "learning_rate",
        "batch_size",
    }


def test_the_table_has_a_row_for_each_point_and_a_second_sweep_trains_nothing(sweep_file, tmp_path):
    sweep, engine = Sweep.from_yaml(sweep_file), FakeEngine(tmp_path)
    table = run_sweep(sweep, tmp_path, engine)
    assert len(table) == 8 and len(engine.trained) == 6 and set(table["state"]) == {"done"}
    row = table[
        (table["axis"] == "batch_size") & (table["value"] == 16) & (table["seed"] == 1)
    ].iloc[0]
    assert (
        row["validation_accuracy"] == 0.16
        and row["validation_low"] == 0.1
        and row["learning_rate"] == 0.001
    )
    again = run_sweep(sweep, tmp_path, engine)
    assert len(engine.trained) == 6 and again.equals(table)
    assert (tmp_path / "small.csv").read_text().count("\n") == 9
    written = json.loads((tmp_path / "small.json").read_text())
    assert [entry["value"] for entry in written] == table["value"].tolist()


def test_with_a_constant_learning_rate_epochs_are_states_of_one_training(sweep_file, tmp_path):
    sweep_file.write_text(
        yaml.safe_dump(SWEEP | {"axes": {"num_epochs": [1, 3, 6]}, "overrides": {}, "seeds": [0]})
    )
    sweep = Sweep.from_yaml(sweep_file)
    (config,) = {point.config.hash(): point.config for point in sweep.points()}.values()
    assert config.num_epochs == 6 and config.score_epochs == (1, 3, 6)
    run = Run.of(config, tmp_path)
    write_metrics(run.after_epoch(1), 0.5, 0.6, 1)
    assert sweep_table(sweep, tmp_path)["state"].tolist() == ["done", "missing", "missing"]
    # It stopped early, after four epochs; a training of six would have stopped there too.
    write_metrics(run.after_epoch(3), 0.6, 0.7, 3)
    finish(config, tmp_path)
    write_metrics(run, 0.7, 0.8, 4)
    table = sweep_table(sweep, tmp_path)
    assert table["validation_accuracy"].tolist() == [0.5, 0.6, 0.7] and table[
        "num_epochs"
    ].tolist() == [1, 3, 6]


def test_with_a_falling_learning_rate_each_number_of_epochs_is_a_training(sweep_file):
    (sweep_file.parent / "base.yaml").write_text(
        yaml.safe_dump(BASE | {"learning_rate_schedule": "cosine"})
    )
    sweep_file.write_text(
        yaml.safe_dump(SWEEP | {"axes": {"num_epochs": [1, 3]}, "overrides": {}, "seeds": [0]})
    )
    assert [
        (point.config.num_epochs, point.epoch) for point in Sweep.from_yaml(sweep_file).points()
    ] == [(1, None), (3, None)]


def test_components_are_removed_one_at_a_time_beside_the_full_recipe(sweep_file):
    components = {
        "augmentation": {"flip": False, "rotation_degrees": 0.0},
        "small steps": {"learning_rate": 0.01},
    }
    base = BASE | {"flip": True, "rotation_degrees": 5.0}
    (sweep_file.parent / "base.yaml").write_text(yaml.safe_dump(base))
    sweep_file.write_text(
        yaml.safe_dump({"base": "base.yaml", "components": components, "seeds": [0, 1]})
    )
    sweep = Sweep.from_yaml(sweep_file)
    points = {
        (point.value, point.config.seed): point.config
        for point in sweep.points()
        if point.axis == ABLATED
    }
    assert set(points) == {
        (name, seed) for name in ("nothing", "augmentation", "small steps") for seed in (0, 1)
    }
    for (name, _), config in points.items():
        changed = {key for key, value in base.items() if getattr(config, key) != value}
        assert changed == set(components.get(name, {}))


def test_a_failed_run_affects_only_its_own_points_and_is_tried_again_next_time(
    sweep_file, tmp_path
):
    sweep = Sweep.from_yaml(sweep_file)
    table = run_sweep(
        sweep,
        tmp_path,
        FakeEngine(
            tmp_path, lambda config: "no longer finite" if config.learning_rate == 0.01 else None
        ),
    )
    failed = table[table["state"] != "done"]
    assert failed["state"].tolist() == ["failed: no longer finite"] * 2 and set(
        failed["value"]
    ) == {0.01}
    assert (
        failed["validation_accuracy"].isna().all()
        and json.loads((tmp_path / "small.json").read_text())[1]["test_auc"] is None
    )
    engine = FakeEngine(tmp_path)
    assert set(run_sweep(sweep, tmp_path, engine)["state"]) == {"done"}
    assert [config.learning_rate for config in engine.trained] == [0.01, 0.01]


def test_an_interrupted_sweep_has_a_table_that_shows_what_is_missing(sweep_file, tmp_path):
    class Stopped(FakeEngine):
        def __call__(self, sweep, runs):
            finish(runs[0].config, tmp_path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(Sweep.from_yaml(sweep_file), tmp_path, Stopped(tmp_path))
    states = [row["state"] for row in json.loads((tmp_path / "small.json").read_text())]
    assert states.count("done") == 2 and states.count("missing") == 6


def test_a_sweep_without_any_finished_run_is_an_error_of_one_sentence(sweep_file, tmp_path):
    with pytest.raises(ValueError, match=r"No run of the sweep.*no data"):
        run_sweep(
            Sweep.from_yaml(sweep_file), tmp_path, FakeEngine(tmp_path, lambda config: "no data")
        )


def test_a_number_that_yaml_reads_as_text_is_a_number_in_the_table(sweep_file):
    sweep_file.write_text("base: base.yaml\naxes: {learning_rate: [1e-4]}\nseeds: [0]\n")
    assert [point.value for point in Sweep.from_yaml(sweep_file).points()] == [0.0001]


def test_the_table_of_an_unfinished_sweep_shows_what_is_missing(sweep_file, tmp_path):
    sweep = Sweep.from_yaml(sweep_file)
    first, second, *_ = sweep.points()
    finish(first.config, tmp_path)
    second.run(tmp_path).write_history([{"epoch": 1, "loss": 0.5}])
    states = sweep_table(sweep, tmp_path)["state"].value_counts()
    assert states["done"] == 2  # the base's own values are on both axes
    assert states["1 epochs so far"] == 1 and states["missing"] == 5


def test_the_sweeps_of_an_experiment_include_those_of_its_comparisons(tmp_path):
    (tmp_path / "sweeps").mkdir()
    for name, compared in {"first": "second", "second": "third", "third": "first"}.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(BASE | {"compare_with": compared}))
    for name in ("second", "third"):
        (tmp_path / "sweeps" / f"{name}.yaml").write_text(
            yaml.safe_dump(SWEEP | {"base": "../first.yaml"})
        )
    assert [sweep.name for sweep in Sweep.of_experiment(tmp_path / "first.yaml")] == [
        "second",
        "third",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"axes": {}},
        {"axes": {"batch_size": 16}},
        {"seeds": []},
        {"seeds": 3},
        {"folds": 2},
        {"axes": {"batch_siz": [16]}},
        {"axes": {"batch_siz": [None]}},
        {"base": "no.yaml"},
        {"overrides": 5},
        {"axes": {"seed": [1]}},
        {"axes": {1: [1]}},
        {"grid": {"batch_size": [16, 32]}},
        {"grid": {"batch_size": 16, "learning_rate": 0.1}},
        {"resources": {"num_gpu": 1}},
        {"adaptive": {"grace_epochs": "few"}},
        {"components": {"none": {}}},
        {"axes": {"num_epochs": [1, "many"]}},
        {"axes": {"num_epochs": [[1], [2]]}},
        {"axes": {"num_epochs": [1, True]}},
        {"grid": {"encoder": ["compact", "koch"], "batch_size": [16]}},
        {"grid": {"crop": [[0, 100, 0, 90], None], "batch_size": [16]}},
        {"grid": {"early_stopping_patience": [None, 3], "batch_size": [16]}},
        {"components": ["flip"]},
        {"components": {"flip": {"flop": True}}},
        {"components": {"luck": {"seed": 3}}},
    ],
)
def test_a_wrong_sweep_file_is_an_error_of_one_sentence(sweep_file, change):
    sweep_file.write_text(yaml.safe_dump(SWEEP | change))
    with pytest.raises((ValueError, FileNotFoundError), match=r"small\.yaml.*Received: "):
        Sweep.from_yaml(sweep_file)


def test_the_message_on_no_seeds_shows_what_was_given(sweep_file):
    sweep_file.write_text(yaml.safe_dump(SWEEP | {"seeds": []}))
    with pytest.raises(ValueError, match=r"Received: '\[\]'$"):
        Sweep.from_yaml(sweep_file)
