"""The rows of all measurements: results.json, the tables and the figure of docs/benchmarks.md."""

import pandas as pd

from benchmarks.figure import draw
from siamese_lib.utils.files import atomic_write, read_json, write_json, write_text
from siamese_lib.utils.machine import project_root, versions
from siamese_lib.utils.text import between_marks

BEGIN, END = (
    "<!-- speed: written by `python -m benchmarks`, do not edit -->",
    "<!-- end of speed -->",
)


def machine_name():
    """The processor and its number of cores."""
    machine = versions()["machine"]
    return f"{machine['cpu']}, {machine['num_cpus']} cores"


def save_rows(rows):
    """Writes rows in the place of those of the same names, the tables and the figure."""
    root, about = project_root(), {"machine": machine_name(), "date": versions()["date"]}
    path, page = root / "benchmarks" / "results.json", root / "docs" / "benchmarks.md"
    new = {row["name"]: row | about for row in rows}
    merged = [new.pop(row["name"], row) for row in read_json(path)] + list(new.values())
    write_json(path, merged)
    text = page.read_text(encoding="utf-8")
    write_text(page, between_marks(text, BEGIN, END, as_markdown(merged)))
    with atomic_write(root / "docs" / "benchmarks.png") as temporary:
        draw(merged).savefig(temporary, dpi=110, bbox_inches="tight")


def as_markdown(rows):
    """The rows as Markdown tables, one for each machine."""
    tables = []
    for machine in dict.fromkeys(row["machine"] for row in rows):
        own = [row for row in rows if row["machine"] == machine]
        table = pd.DataFrame(
            {
                "what": [row["name"] for row in own],
                "measured": [f"{row['ratio']:.3g} {row['unit']}{_spread(row)}" for row in own],
                "bar": [_bar(row) for row in own],
            }
        )
        heading = f"Measured on {machine}; medians, in brackets the smallest and the largest turn."
        tables.append(f"{heading}\n\n{table.to_markdown(index=False)}")
    return "\n\n".join(tables)


def _spread(row):
    return f" ({row['low']:.3g} to {row['high']:.3g})" if row["low"] != row["high"] else ""


def _bar(row):
    return f"{row['bar']}{'' if row['kept'] else ', **missed**'}" if row["bar"] else ""
