"""Measures speed: prints rows, writes results.json and the table and figure in docs/.

`python -m benchmarks --data-root LFW`
"""

import argparse
from pathlib import Path

import pandas as pd

from benchmarks import data, growth, scoring, trainings
from benchmarks.figure import draw
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.experiments.leaderboard import between_marks
from siamese_lib.utils.files import atomic_write, write_json, write_text
from siamese_lib.utils.machine import project_root, versions

BEGIN, END = (
    "<!-- speed: written by `python -m benchmarks`, do not edit -->",
    "<!-- end of speed -->",
)


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
        for name in ("lfwa_reference", "lfwa_pairs", "lfwa_people")
    }
    dataset, model = load_dataset("lfwa", options.data_root), root / "models" / "lfwa_people.keras"
    reference, recommended, _ = configs.values()
    parts = (
        lambda: data.importing(),
        lambda: data.preparing(dataset),
        lambda: trainings.throughput(reference, dataset),
        lambda: trainings.waiting(configs.values(), dataset),
        lambda: trainings.until_as_good(reference, recommended, dataset, root / "results" / "lfwa"),
        lambda: trainings.memory(
            root / "experiments" / "lfwa_pairs.yaml", Path(options.data_root).resolve()
        ),
        lambda: scoring.scoring(model, dataset),
        lambda: scoring.searching(model, dataset),
        growth.growing,
    )
    rows = []
    for part in parts:
        for row in part():
            rows.append(row)
            print(_line(row), flush=True)
    about = versions()
    machine = f"{about['machine']['cpu']}, {about['machine']['num_cpus']} cores"
    write_json(
        root / "benchmarks" / "results.json",
        [row | {"machine": machine, "date": about["date"]} for row in rows],
    )
    with atomic_write(root / "docs" / "benchmarks.png") as temporary:
        draw(rows, machine).savefig(temporary, dpi=150)
    page = root / "docs" / "benchmarks.md"
    text = page.read_text(encoding="utf-8")
    write_text(page, between_marks(text, BEGIN, END, as_markdown(rows, machine)))


def as_markdown(rows, machine):
    """The rows as a Markdown table."""
    table = pd.DataFrame(
        {
            "what": [row["name"] for row in rows],
            "measured": [f"{row['ratio']:.3g} {row['unit']}{_spread(row)}" for row in rows],
            "bar": [_bar(row) for row in rows],
        }
    )
    heading = f"Measured on {machine}; medians, in brackets the smallest and the largest turn."
    return f"{heading}\n\n{table.to_markdown(index=False)}"


def _spread(row):
    return f" ({row['low']:.3g} to {row['high']:.3g})" if row["low"] != row["high"] else ""


def _bar(row):
    return f"{row['bar']}{'' if row['kept'] else ', **missed**'}" if row["bar"] else ""


def _line(row):
    bar = f" (bar: {row['bar']}, {'kept' if row['kept'] else 'MISSED'})" if row["bar"] else ""
    note = f"; {row['note']}" if row["note"] else ""
    spread = f"({row['low']:.3g} to {row['high']:.3g})"
    return f"{row['name']}: {row['ratio']:.3g} {row['unit']} {spread}{bar}{note}"


if __name__ == "__main__":
    main()
