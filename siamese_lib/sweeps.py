"""A sweep: one YAML file names a base experiment, what is varied, and seeds; every point becomes a run, and all runs one table.

Varied are fields of the experiment (axes), or the recipe's levers, which are taken away one at a time (an ablation).
"""

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from siamese_lib.config import ExperimentConfig
from siamese_lib.files import parse_yaml, replacing
from siamese_lib.runs import Run

WITHOUT, NOTHING = "without", "nothing"


@dataclass(frozen=True)
class Sweep:
    """What `experiments/sweeps/*.yaml` says.

    Attributes:
        name: the stem of the YAML file.
        base: the path of the base experiment.
        overrides: what every run changes of the base, for example a shorter training.
        axes: `{field: values}`; each axis is varied alone, the others stay as in the base.
        levers: `{name: overrides}`, for each lever of the recipe what takes it away.
        seeds: each point is trained once a seed.
    """

    name: str
    base: Path
    overrides: dict
    axes: dict
    levers: dict
    seeds: tuple[int, ...]

    @classmethod
    def from_yaml(cls, path):
        """Reads a sweep file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it does not hold a base experiment, axes with values or levers with overrides, and seeds.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"There is no such sweep file; see experiments/sweeps/*.yaml. Received: {path}")
        content = parse_yaml(path)
        wanted = {"base", "overrides", "axes", "levers", "seeds"}
        if not isinstance(content, dict) or set(content) - wanted or not {"base", "seeds"} <= set(content):
            raise ValueError(f"{path} must hold base, seeds, and axes or levers, and may hold overrides. Received: {str(content)[:80]!r}")
        axes, levers, seeds = content.get("axes", {}), content.get("levers", {}), content["seeds"]
        if not isinstance(axes, dict) or not all(isinstance(values, list) and values for values in axes.values()):
            raise ValueError(f"{path}: axes are lines 'field: [value, value]'. Received: {str(axes)[:80]!r}")
        if not isinstance(levers, dict) or not all(isinstance(changes, dict) and changes for changes in levers.values()):
            raise ValueError(f"{path}: levers are lines 'name: {{field: value}}'. Received: {str(levers)[:80]!r}")
        if not axes and not levers:
            raise ValueError(f"{path}: nothing is varied; give axes or levers. Received: {str(content)[:80]!r}")
        if not isinstance(seeds, list) or not seeds:
            raise ValueError(f"{path}: seeds are a list of whole numbers. Received: {str(seeds)[:80]!r}")
        overrides = content.get("overrides") or {}
        fields = [*overrides, *axes, *itertools.chain(*levers.values())] if isinstance(overrides, dict) else [None]
        if "seed" in fields or not all(isinstance(field, str) for field in fields):
            raise ValueError(
                f"{path}: overrides, axes and levers name fields of the experiment, but not seed. Received: {str(content)[:80]!r}"
            )
        return cls(path.stem, path.parent / str(content["base"]), overrides, axes, levers, tuple(seeds))

    @classmethod
    def of_experiment(cls, path):
        """The sweep of an experiment: the file of the same name in `sweeps/` beside it, or that of the one it is compared with, and so on.

        Raises:
            FileNotFoundError: if there is none.
        """
        path, seen = Path(path), set()
        stem = path.stem
        while stem and stem not in seen:
            if (file := path.parent / "sweeps" / f"{stem}.yaml").is_file():
                return cls.from_yaml(file)
            seen.add(stem)
            stem = ExperimentConfig.from_yaml(path.parent / f"{stem}.yaml").compare_with
        raise FileNotFoundError(f"There is no sweep for this experiment; write {path.name} into sweeps/ beside it. Received: {path}")

    def points(self):
        """Every run of the sweep as `(axis, value, config)`; a setting that lies on several axes is one run with one config.

        Of an ablation the axis is `WITHOUT` and the value the name of the lever, `NOTHING` for the whole recipe.
        """
        shared = ExperimentConfig.from_yaml(self.base, self.overrides)
        for axis, values in self.axes.items():
            for seed, value in itertools.product(self.seeds, values):
                config = self._config(shared, seed, {axis: value})
                yield axis, getattr(config, axis), config
        levers = {NOTHING: {}, **self.levers} if self.levers else {}
        for seed, (name, change) in itertools.product(self.seeds, levers.items()):
            yield WITHOUT, name, self._config(shared, seed, change)

    def _config(self, shared, seed, change):
        # The base's own value needs no override, so that the axes share that run.
        change = {field: value for field, value in change.items() if value != getattr(shared, field, None)}
        return ExperimentConfig.from_yaml(self.base, self.overrides | change | {"seed": seed})


def run_sweep(sweep, train, runs_dir):
    """Trains what is not trained yet and collects the table.

    Args:
        sweep: a `Sweep`.
        train: what makes a finished `Run` of a config, `train(config)`.
        runs_dir: where the table is written, as `SWEEP.csv`.

    Returns:
        A pandas DataFrame, a row a point of an axis and a seed; see `sweep_table`.

    Raises:
        ValueError: if no run could be finished.
    """
    configs = {config.hash(): config for _, _, config in sweep.points()}
    for config in tqdm(configs.values(), desc=f"Sweep {sweep.name}", unit="run"):
        try:
            train(config)
        except (ValueError, ArithmeticError, RuntimeError) as error:
            # One bad point, a learning rate at which the loss overflows, must not cost the others.
            print(f"{config.variant or config.experiment}, seed {config.seed} failed: {error}", file=sys.stderr)
    table = sweep_table(sweep, runs_dir)
    if table.empty:
        raise ValueError(f"No run of the sweep could be finished; the reasons stand above. Received: {sweep.name}, {len(configs)} runs")
    with replacing(Path(runs_dir) / f"{sweep.name}.csv") as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return table


def sweep_table(sweep, runs_dir):
    """The finished runs of a sweep.

    Returns:
        A pandas DataFrame with the columns axis, value, seed, validation_accuracy, validation_low, validation_high, the same for
        test, validation_auc, train_seconds; unfinished points are left out.
    """
    import pandas as pd

    rows = []
    for axis, value, config in sweep.points():
        run = Run.of(config, runs_dir)
        if run.done:
            rows.append({"axis": axis, "value": value, "seed": config.seed} | _row(run.metrics))
    return pd.DataFrame(rows)


def _row(metrics):
    row = {}
    for split in ("validation", "test"):
        low, high = metrics[split]["accuracy_interval"]
        row |= {f"{split}_accuracy": metrics[split]["accuracy"], f"{split}_low": low, f"{split}_high": high}
    return row | {"validation_auc": metrics["validation"]["auc"], "train_seconds": metrics["seconds"]["train"]}
