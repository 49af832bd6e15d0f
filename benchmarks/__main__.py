"""Measures speed: prints rows, writes results.json and the table and figure in docs/.

`python -m benchmarks --data-root LFW`
"""

import argparse
from pathlib import Path

from benchmarks import data, growth, memory, scoring, trainings
from benchmarks.table import save_rows
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.utils.machine import project_root


def main():
    """Measures everything in one process; nothing else should run meanwhile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--data-root", required=True, help="folder or archive of LFW-a")
    root = project_root()
    options = parser.parse_args()
    configs = {
        name: ExperimentConfig.from_yaml(
            root / "experiments" / f"{name}.yaml", {"mixed_precision": "auto"}
        )
        for name in ("lfwa_reference", "lfwa_pairs_small", "lfwa_people")
    }
    dataset, model = load_dataset("lfwa", options.data_root), root / "models" / "lfwa_people.keras"
    reference, recommended, _ = configs.values()
    parts = (
        lambda: data.importing(),
        lambda: data.preparing(dataset),
        lambda: trainings.throughput(reference, dataset),
        lambda: trainings.waiting(configs.values(), dataset),
        lambda: trainings.until_as_good(reference, recommended, dataset, root / "results" / "lfwa"),
        lambda: memory.by_stage(Path(options.data_root).resolve()),
        lambda: scoring.scoring(model, dataset),
        lambda: scoring.searching(model, dataset),
        growth.growing,
    )
    rows = []
    for part in parts:
        for row in part():
            rows.append(row)
            print(_line(row), flush=True)
    save_rows(rows)


def _line(row):
    bar = f" (bar: {row['bar']}, {'kept' if row['kept'] else 'MISSED'})" if row["bar"] else ""
    note = f"; {row['note']}" if row["note"] else ""
    spread = f"({row['low']:.3g} to {row['high']:.3g})"
    return f"{row['name']}: {row['ratio']:.3g} {row['unit']} {spread}{bar}{note}"


if __name__ == "__main__":
    main()
