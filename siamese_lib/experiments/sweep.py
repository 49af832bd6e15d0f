"""Sweeps: one YAML file names a base experiment, what is varied, and the seeds.

A sweep varies fields of the experiment, each alone (axes) or two together (grid), or removes the
components of the recipe one at a time (an ablation). Each setting is trained with each seed.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siamese_lib.config import ExperimentConfig
from siamese_lib.training.run import Run
from siamese_lib.utils.files import parse_yaml

ABLATED, FULL_RECIPE = "ablated", "nothing"  # axis of an ablation, and its point without removal
KEYS = ("base", "overrides", "axes", "grid", "components", "seeds", "resources", "adaptive")


@dataclass(frozen=True)
class Point:
    """One setting and one seed of a sweep.

    Attributes:
        axis: the field that is varied; for a grid both fields, for an ablation `ABLATED`.
        value: the field's value; for a grid both values as text, for an ablation the name of the
            removed component, `FULL_RECIPE` if none is removed.
        config: the config that is trained.
        epoch: if given, the point is the state of that training after so many epochs.
    """

    axis: str
    value: Any
    config: ExperimentConfig
    epoch: int | None = None

    def run(self, runs_dir: Path | str) -> Run:
        """The run with the point's metrics; it may be unfinished, see `Run.done`."""
        whole = Run.of(self.config, runs_dir)
        state = whole.after_epoch(self.epoch) if self.epoch else whole
        # A training that stopped before this epoch would have stopped there with fewer epochs too.
        stopped = whole.done and not state.done and whole.metrics["num_epochs"] < self.epoch
        return whole if stopped else state


@dataclass(frozen=True)
class Sweep:
    """The content of a file `experiments/sweeps/*.yaml`.

    Attributes:
        name: the stem of the YAML file.
        base: the path of the base experiment.
        seeds: each setting is trained once with each seed.
        overrides: fields that all runs change in the base, for example a shorter training.
        axes: `{field: values}`; each field is varied alone, the others stay as in the base.
        grid: `{field: values}` of two fields; all their combinations are trained.
        components: `{name: overrides}`: for each component of the recipe, what removes it.
        resources: `{"num_cpus": n, "num_gpus": n}`, what one run needs on a cluster.
        adaptive: empty, or `{"grace_epochs": n, "reduction_factor": n}`: a cluster then stops
            runs that are among the worst on validation.
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
    def from_yaml(cls, path: Path | str) -> "Sweep":
        """Reads a sweep file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it lacks a base experiment, something to vary, or seeds, or one of its
                points is no valid experiment.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no such sweep file; see experiments/sweeps/*.yaml. Received: {path}"
            )
        content = parse_yaml(path)
        if not isinstance(content, dict) or not {"base", "seeds"} <= set(content) <= set(KEYS):
            raise ValueError(
                f"{path} must hold base, seeds, and axes, grid or components; "
                f"keys are {', '.join(KEYS)}. Received: {str(content)[:80]!r}"
            )
        values: dict[str, Any] = {key: content.get(key) or {} for key in _FORMS}
        for key, (has_form, form) in _FORMS.items():
            if not has_form(values[key]):
                raise ValueError(f"{path}: {form}. Received: {str(content.get(key))[:80]!r}")
        if not (values["axes"] or values["grid"] or values["components"]):
            raise ValueError(
                f"{path}: nothing is varied; give axes, grid or components. "
                f"Received: {str(content)[:80]!r}"
            )
        components = itertools.chain(*values["components"].values())
        names = [*values["overrides"], *values["axes"], *values["grid"], *components]
        if "seed" in names or not all(isinstance(name, str) for name in names):
            raise ValueError(
                f"{path}: only fields of the experiment can be varied, and seed belongs under "
                f"seeds. Received: {str(content)[:80]!r}"
            )
        base, seeds = path.parent / str(content["base"]), tuple(values.pop("seeds"))
        sweep = cls(name=path.stem, base=base, seeds=seeds, **values)
        try:
            list(sweep.points())  # a wrong value is refused before the first run
        except (FileNotFoundError, ValueError) as error:
            raise type(error)(f"{path}: {error}") from error
        return sweep

    @classmethod
    def of_experiment(cls, path: Path | str) -> "list[Sweep]":
        """The sweeps around an experiment and around those that it is compared with.

        The sweep of an experiment is the file of the same name in `sweeps/` beside it. The key
        `compare_with` leads from one experiment to the next.

        Raises:
            FileNotFoundError: if there is none.
        """
        path = Path(path)
        stems = [path.stem]
        for stem in stems:  # it grows while it is read
            compared = ExperimentConfig.from_yaml(path.parent / f"{stem}.yaml").compare_with
            stems += [name for name in compared if name not in stems]
        files = [path.parent / "sweeps" / f"{stem}.yaml" for stem in stems]
        if found := [cls.from_yaml(file) for file in files if file.is_file()]:
            return found
        raise FileNotFoundError(
            f"There is no sweep for this experiment; write {path.name} into sweeps/ beside it. "
            f"Received: {path}"
        )

    def points(self) -> Iterator[Point]:
        """Every point of the sweep. A setting on several axes has the same config on each."""
        shared = self._config(self.seeds[0], {})
        for axis, values in self.axes.items():
            for seed, value in itertools.product(self.seeds, values):
                if axis == "num_epochs" and shared.shorter_runs_are_prefixes:
                    # One long training, scored along the way, replaces several shorter ones.
                    along = {"num_epochs": max(values), "score_epochs": sorted(set(values))}
                    yield Point(axis, value, self._config(seed, along), epoch=value)
                else:
                    config = self._config(seed, {axis: value})
                    yield Point(axis, getattr(config, axis), config)
        settings = itertools.product(*self.grid.values()) if self.grid else ()
        for seed, values in itertools.product(self.seeds, settings):
            config = self._config(seed, dict(zip(self.grid, values)))
            yield Point(self.grid_axis, _grid_value(config, self.grid), config)
        components = {FULL_RECIPE: {}, **self.components} if self.components else {}
        for seed, (name, removal) in itertools.product(self.seeds, components.items()):
            yield Point(ABLATED, name, self._config(seed, removal))

    def _config(self, seed, change):
        return ExperimentConfig.from_yaml(self.base, self.overrides | change | {"seed": seed})

    @property
    def grid_axis(self) -> str:
        """The `axis` of the grid's points."""
        return " x ".join(self.grid)

    @property
    def varied(self) -> tuple[str, ...]:
        """The fields that axes and grid vary, each once."""
        return tuple(dict.fromkeys([*self.axes, *self.grid]))


def _grid_value(config, names):
    values = {name: getattr(config, name) for name in names}
    if not all(type(value) in (int, float) for value in values.values()):
        raise ValueError(f"The fields of a grid are numbers. Received: {values}")
    return " x ".join(f"{value:g}" for value in values.values())


def _is_dict_of(kind, value):
    """Whether `value` is a dict whose values are of one kind (list or dict) and not empty."""
    return isinstance(value, dict) and all(
        isinstance(item, kind) and item for item in value.values()
    )


def _has_numbers(names, value):
    """Whether `value` is a dict of numbers from 0 on, under some of these names."""
    return (
        isinstance(value, dict)
        and set(value) <= set(names)
        and all(type(number) in (int, float) and number >= 0 for number in value.values())
    )


# For each key of a sweep file: a check of its value, and the required form in words.
_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "seeds": (
        lambda value: isinstance(value, list) and bool(value),
        "seeds are a list of whole numbers",
    ),
    "overrides": (lambda value: isinstance(value, dict), "overrides are lines 'field: value'"),
    "axes": (
        lambda value: (
            _is_dict_of(list, value)
            and all(type(epochs) is int for epochs in value.get("num_epochs", []))
        ),
        "axes are lines 'field: [value, value]', the values of num_epochs whole numbers",
    ),
    "grid": (
        lambda value: _is_dict_of(list, value) and len(value) in (0, 2),
        "a grid is two lines 'field: [number, number]'",
    ),
    "components": (
        lambda value: _is_dict_of(dict, value),
        "components are lines 'name: {field: value}'",
    ),
    "resources": (
        lambda value: _has_numbers(("num_cpus", "num_gpus"), value),
        "resources are num_cpus and num_gpus, numbers from 0 on",
    ),
    "adaptive": (
        lambda value: _has_numbers(("grace_epochs", "reduction_factor"), value),
        "adaptive takes grace_epochs and reduction_factor, numbers from 0 on",
    ),
}
