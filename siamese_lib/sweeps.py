"""A sweep: one YAML file names a base experiment, axes and seeds; every point becomes a run, and all runs one table."""

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from tqdm.auto import tqdm

from siamese_lib.config import ExperimentConfig
from siamese_lib.files import replacing
from siamese_lib.runs import Run


@dataclass(frozen=True)
class Sweep:
    """What `experiments/sweeps/*.yaml` says.

    Attributes:
        name: the stem of the YAML file.
        base: the path of the base experiment.
        overrides: what every run changes of the base, for example a shorter training.
        axes: `{field: values}`; each axis is varied alone, the others stay as in the base.
        seeds: each point is trained once a seed.
    """

    name: str
    base: Path
    overrides: dict
    axes: dict
    seeds: tuple[int, ...]

    @classmethod
    def from_yaml(cls, path):
        """Reads a sweep file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it does not hold a base experiment, axes with values, and seeds.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"There is no such sweep file; see experiments/sweeps/*.yaml. Received: {path}")
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not a YAML file: {' '.join(str(error).split())[:300]}") from error
        wanted = {"base", "overrides", "axes", "seeds"}
        if not isinstance(content, dict) or set(content) - wanted or not {"base", "axes", "seeds"} <= set(content):
            raise ValueError(f"{path} must hold base, axes and seeds, and may hold overrides. Received: {str(content)[:80]!r}")
        axes, seeds = content["axes"], content["seeds"]
        if not isinstance(axes, dict) or not axes or not all(isinstance(values, list) and values for values in axes.values()):
            raise ValueError(f"{path}: axes are lines 'field: [value, value]'. Received: {str(axes)[:80]!r}")
        if not isinstance(seeds, list) or not seeds:
            raise ValueError(f"{path}: seeds are a list of whole numbers. Received: {str(seeds)[:80]!r}")
        return cls(path.stem, path.parent / str(content["base"]), content.get("overrides") or {}, axes, tuple(seeds))

    def points(self):
        """Every run of the sweep as `(axis, value, config)`; a setting that lies on several axes is one run with one config."""
        shared = ExperimentConfig.from_yaml(self.base, **self.overrides)
        for (axis, values), seed in itertools.product(self.axes.items(), self.seeds):
            for value in values:
                # The base's own value needs no override, so that the axes share that run.
                change = {} if value == getattr(shared, axis, None) else {axis: value}
                yield axis, value, ExperimentConfig.from_yaml(self.base, **(self.overrides | change), seed=seed)


def run_sweep(sweep, train, runs_dir):
    """Trains what is not trained yet and collects the table.

    Args:
        sweep: a `Sweep`.
        train: what makes a finished `Run` of a config, `train(config)`.
        runs_dir: where the table is written, as `SWEEP.csv`.

    Returns:
        A pandas DataFrame, a row a point of an axis and a seed; see `sweep_table`.
    """
    points = list(sweep.points())
    for _, _, config in tqdm(points, desc=f"Sweep {sweep.name}", unit="run"):
        try:
            train(config)
        except (ValueError, ArithmeticError, RuntimeError) as error:
            # One bad point, a learning rate at which the loss overflows, must not cost the others.
            print(f"{config.variant or config.experiment}, seed {config.seed} failed: {error}", file=sys.stderr)
    table = sweep_table(sweep, runs_dir)
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
