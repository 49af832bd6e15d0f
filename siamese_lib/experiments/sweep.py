"""A sweep: one YAML file names a base experiment, what is varied, and seeds; every point becomes a run, and all runs one table.

Varied are fields of the experiment, each alone (axes) or two together (grid), or the recipe's components, which are taken away one at a time
(an ablation).
"""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from siamese_lib.config import ExperimentConfig
from siamese_lib.experiments.engines import Progress
from siamese_lib.training.run import Run
from siamese_lib.utils.files import atomic_write, parse_yaml, write_json

ABLATED, FULL_RECIPE = "without", "nothing"
DONE = "done"
KEYS = ("base", "overrides", "axes", "grid", "components", "seeds", "resources", "adaptive")


@dataclass(frozen=True)
class Point:
    """One setting and seed of a sweep, and where its numbers stand.

    Attributes:
        axis: the field that is varied, both fields of a grid, or `ABLATED` in an ablation.
        value: the field's value, both values as text, or the component's name (`FULL_RECIPE` for the whole recipe).
        config: the `ExperimentConfig` that is trained.
        epoch: if given, the point is that training as it was after so many epochs.
    """

    axis: str
    value: object
    config: ExperimentConfig
    epoch: int | None = None

    def run(self, runs_dir):
        """The `Run` that holds the point's numbers; see `Run.done`."""
        whole = Run.of(self.config, runs_dir)
        if self.epoch is None:
            return whole
        state = whole.after_epoch(self.epoch)
        # Training that had stopped early by then would have stopped there with fewer epochs too.
        return (
            whole
            if not state.done and whole.done and whole.metrics["num_epochs"] < self.epoch
            else state
        )


@dataclass(frozen=True)
class Sweep:
    """What `experiments/sweeps/*.yaml` says.

    Attributes:
        name: the stem of the YAML file.
        base: the path of the base experiment.
        seeds: each point is trained once a seed.
        overrides: what every run changes of the base, for example a shorter training.
        axes: `{field: values}`; each axis is varied alone, the others stay as in the base.
        grid: `{field: values}` of two fields, all of whose combinations are trained.
        components: `{name: overrides}`, for each component of the recipe what takes it away.
        resources: `{"num_cpus": n, "num_gpus": n}`, what one run asks of a cluster.
        adaptive: nothing, or `{"grace_epochs": n, "reduction_factor": n}`: a cluster stops runs that do badly on validation.
    """

    name: str
    base: Path
    seeds: tuple[int, ...]
    overrides: dict = field(default_factory=dict)
    axes: dict = field(default_factory=dict)
    grid: dict = field(default_factory=dict)
    components: dict = field(default_factory=dict)
    resources: dict = field(default_factory=dict)
    adaptive: dict = field(default_factory=dict)

    @classmethod
    def from_yaml(cls, path):
        """Reads a sweep file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it does not hold a base experiment, something to vary, and seeds.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no such sweep file; see experiments/sweeps/*.yaml. Received: {path}"
            )
        content = parse_yaml(path)
        if (
            not isinstance(content, dict)
            or set(content) - set(KEYS)
            or not {"base", "seeds"} <= set(content)
        ):
            raise ValueError(
                f"{path} must hold base, seeds, and axes, grid or components; keys are {', '.join(KEYS)}. Received: {_start(content)}"
            )
        seeds = content.pop("seeds")
        if not isinstance(seeds, list) or not seeds:
            raise ValueError(
                f"{path}: seeds are a list of whole numbers. Received: {_start(seeds)}"
            )
        parts = {key: content.get(key) or {} for key in KEYS[1:] if key != "seeds"}
        for key, value in parts.items():
            if not isinstance(value, dict) or not _WELL_FORMED[key][0](value):
                raise ValueError(f"{path}: {_WELL_FORMED[key][1]}. Received: {_start(value)}")
        if not parts["axes"] and not parts["grid"] and not parts["components"]:
            raise ValueError(
                f"{path}: nothing is varied; give axes, grid or components. Received: {_start(content)}"
            )
        fields = [
            *parts["overrides"],
            *parts["axes"],
            *parts["grid"],
            *itertools.chain(*parts["components"].values()),
        ]
        if "seed" in fields or not all(isinstance(name, str) for name in fields):
            raise ValueError(
                f"{path}: what is varied are fields of the experiment, but not seed. Received: {_start(content)}"
            )
        return cls(
            name=path.stem, base=path.parent / str(content["base"]), seeds=tuple(seeds), **parts
        )

    @classmethod
    def of_experiment(cls, path):
        """The sweeps around an experiment: the file of the same name in `sweeps/` beside it, if any, then that of the experiment it is
        compared with, and so on.

        Returns:
            A list of `Sweep`s.

        Raises:
            FileNotFoundError: if there is none.
        """
        path, stems = Path(path), []
        stem = path.stem
        while stem and stem not in stems:
            stems.append(stem)
            stem = ExperimentConfig.from_yaml(path.parent / f"{stem}.yaml").compare_with
        files = [path.parent / "sweeps" / f"{stem}.yaml" for stem in stems]
        if found := [cls.from_yaml(file) for file in files if file.is_file()]:
            return found
        raise FileNotFoundError(
            f"There is no sweep for this experiment; write {path.name} into sweeps/ beside it. Received: {path}"
        )

    def points(self):
        """Every `Point` of the sweep; settings that lie on several axes are one run with one config."""
        shared = ExperimentConfig.from_yaml(self.base, self.overrides)
        for axis, values in self.axes.items():
            for seed, value in itertools.product(self.seeds, values):
                if axis == "num_epochs" and shared.shorter_runs_are_prefixes:
                    # One long training, looked at on its way, is what several shorter ones would have been.
                    along = {"num_epochs": max(values), "score_epochs": sorted(set(values))}
                    yield Point(axis, value, self._config(shared, seed, along), epoch=value)
                else:
                    config = self._config(shared, seed, {axis: value})
                    yield Point(axis, getattr(config, axis), config)
        for seed, values in itertools.product(
            self.seeds, itertools.product(*self.grid.values()) if self.grid else ()
        ):
            config = self._config(shared, seed, dict(zip(self.grid, values)))
            yield Point(
                self.grid_axis,
                " x ".join(f"{_number(config, name):g}" for name in self.grid),
                config,
            )
        components = {FULL_RECIPE: {}, **self.components} if self.components else {}
        for seed, (name, change) in itertools.product(self.seeds, components.items()):
            yield Point(ABLATED, name, self._config(shared, seed, change))

    def _config(self, shared, seed, change):
        # The base's own value needs no override, so that the axes share that run.
        known = vars(shared)
        change = {
            name: value
            for name, value in change.items()
            if name not in known or value != known[name]
        }
        return ExperimentConfig.from_yaml(self.base, self.overrides | change | {"seed": seed})

    @property
    def grid_axis(self):
        """What the points of the grid have as their axis."""
        return " x ".join(self.grid)

    @property
    def varied(self):
        """The fields that axes and grid vary, each once."""
        return tuple(dict.fromkeys([*self.axes, *self.grid]))


def _number(config, name):
    value = getattr(config, name)
    if type(value) not in (int, float):
        raise ValueError(f"A grid takes fields that are numbers. Received: {name}: {value!r}")
    return value


def _lists(axes):
    return all(isinstance(values, list) and values for values in axes.values())


def _axes(axes):
    return _lists(axes) and all(type(value) is int for value in axes.get("num_epochs", []))


def _numbers(*names):
    return lambda part: (
        set(part) <= set(names)
        and all(type(value) in (int, float) and value >= 0 for value in part.values())
    )


_WELL_FORMED = {
    "overrides": (lambda part: True, "overrides are lines 'field: value'"),
    "axes": (_axes, "axes are lines 'field: [value, value]', those of num_epochs whole numbers"),
    "grid": (
        lambda part: _lists(part) and len(part) in (0, 2),
        "a grid is two lines 'field: [number, number]'",
    ),
    "components": (
        lambda part: all(isinstance(change, dict) and change for change in part.values()),
        "components are 'name: {field: value}'",
    ),
    "resources": (
        _numbers("num_cpus", "num_gpus"),
        "resources are num_cpus and num_gpus, numbers from 0 on",
    ),
    "adaptive": (
        _numbers("grace_epochs", "reduction_factor"),
        "adaptive takes grace_epochs and reduction_factor, numbers",
    ),
}


def _start(content):
    return repr(str(content)[:80])


def run_sweep(sweep, runs_dir, engine):
    """Trains what is not trained yet and collects the table.

    Args:
        sweep: a `Sweep`.
        runs_dir: where run folders are made, and the table, as `SWEEP.csv` and `SWEEP.json`.
        engine: what trains runs, `engine(sweep, runs)`: `engines.LocalEngine` or `ray_engine.RayEngine`.

    Returns:
        A pandas DataFrame, a row a point of an axis and a seed; see `sweep_table`.

    Raises:
        ValueError: if no run could be finished.
    """
    runs = {point.config.hash(): Run.of(point.config, runs_dir) for point in sweep.points()}
    configs = {point.config.hash(): point.config for point in sweep.points()}
    unfinished = {name: run for name, run in runs.items() if not run.done}
    for name, run in unfinished.items():
        run.write_json("config.json", configs[name].to_dict())
        run.clear_error()
    try:
        if unfinished:
            with Progress(sweep.name, list(unfinished.values()), len(runs) - len(unfinished)):
                engine(sweep, list(unfinished.values()))
    finally:  # also of a sweep that is stopped there is a table, which says what is missing
        table = _write_table(sweep, Path(runs_dir))
    if not (table["state"] == DONE).any():
        raise ValueError(
            f"No run of the sweep could be finished. Received: {sweep.name}, {'; '.join(table['state'].unique())}"
        )
    return table


def _write_table(sweep, runs_dir):
    table = sweep_table(sweep, runs_dir)
    with atomic_write(runs_dir / f"{sweep.name}.csv") as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    write_json(
        runs_dir / f"{sweep.name}.json",
        table.astype(object).where(table.notna(), None).to_dict("records"),
    )
    return table


def sweep_table(sweep, runs_dir):
    """All points of a sweep, those that are not trained with their state and without numbers.

    Returns:
        A pandas DataFrame with the columns axis, value, one for each field that is varied, seed, state ("done", "missing",
        "N epochs so far", "failed: why"), for validation and test `*_accuracy`, `*_low`, `*_high` (95 % over people) and `*_auc`,
        train_seconds and run (the folder, below `runs_dir`).
    """
    import pandas as pd

    return pd.DataFrame([_row(sweep, point, Path(runs_dir)) for point in sweep.points()])


def _row(sweep, point, runs_dir):
    run = point.run(runs_dir)
    settings = {name: getattr(point.config, name) for name in sweep.varied}
    if point.epoch is not None:
        settings["num_epochs"] = point.epoch
    row = (
        {"axis": point.axis, "value": point.value}
        | settings
        | {"seed": point.config.seed, "state": _state(run)}
    )
    metrics = run.metrics if run.done else None
    for split in ("validation", "test"):
        numbers = (
            (
                metrics[split]["accuracy"],
                *metrics[split]["accuracy_interval"],
                metrics[split]["auc"],
            )
            if metrics
            else [None] * 4
        )
        row |= dict(
            zip([f"{split}_{name}" for name in ("accuracy", "low", "high", "auc")], numbers)
        )
    seconds = metrics["seconds"]["train"] if metrics else None
    return row | {"train_seconds": seconds, "run": run.directory.relative_to(runs_dir).as_posix()}


def _state(run):
    if run.done:
        return DONE
    if run.error:
        return f"failed: {run.error}"
    return f"{len(run.history)} epochs so far" if len(run.history) else "missing"
