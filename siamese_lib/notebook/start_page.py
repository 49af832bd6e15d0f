"""The page in front of the three reports, with the references that all of them share."""

import base64
from pathlib import Path

from siamese_lib.experiments.leaderboard import LADDER_TITLE, rungs
from siamese_lib.notebook.pages import rendered
from siamese_lib.plots import intervals
from siamese_lib.utils.files import parse_yaml, read_json, write_text
from siamese_lib.utils.machine import project_root

TITLE = "One-shot face verification with Siamese networks"
CARDS = (
    (
        "sample",
        "Sample faces",
        "400 pictures of 40 people. Everything is trained in minutes, every face may be shown.",
    ),
    (
        "lfwa",
        "LFW-a",
        "13,233 press photographs: the comparison with the course solution, the best networks, "
        "their errors.",
    ),
    ("omniglot", "Omniglot", "Handwritten characters of 50 alphabets: the paper's benchmark."),
)


def write_start_page(results_dir: Path | str, report_dir: Path | str) -> Path:
    """Writes `index.html` and `references.html` beside the reports; returns the first.

    Args:
        results_dir: the folder with `lfwa/leaderboard.json` and the numbers for comparison.
        report_dir: the folder with the reports; those that are missing have no link.
    """
    root, report = project_root(), Path(report_dir)
    rows = read_json(Path(results_dir) / "lfwa" / "leaderboard.json")
    figure = intervals.ladder(rungs(rows, results_dir), LADDER_TITLE)
    cards = [
        {
            "title": title,
            "text": text,
            "address": f"{name}/index.html" if (report / name / "index.html").is_file() else "",
        }
        for name, title, text in CARDS
    ]
    page = rendered(
        "start.html.j2",
        title=TITLE,
        best=rows[0],  # the best on validation
        pairs=_in_base64((root / "docs" / "pairs.png").read_bytes()),
        ladder=_in_base64(figure.to_svg().encode("utf-8")),
        ladder_words=figure.description,
        cards=cards,
    )
    write_text(report / "index.html", page)
    items = parse_yaml(root / "notebooks" / "references.yaml")
    write_text(
        report / "references.html", rendered("references.html.j2", title="References", items=items)
    )
    return report / "index.html"


def _in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
