"""The house: a room imports from floors below it alone, and the rooms of numbers work without TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import siamese_lib

PACKAGE = Path(siamese_lib.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
# From the ground up.
FLOORS = [
    ["files", "caches", "backend", "described", "checklist"],
    ["archives", "pairs", "config", "losses", "descriptors", "siamese_layers"],
    [
        "environment",
        "sample_faces",
        "augmentation",
        "sampling",
        "joint_bayesian",
        "model",
        "optimizers",
        "folding",
        "runs",
        "evaluation",
        "downloads",
    ],
    ["cloud", "fusion", "oneshot", "operating_points", "engines"],
    ["face_dataset"],
    ["lfw", "omniglot"],
    ["datasets"],
    ["images", "figures"],
    ["scoring", "inspection", "error_figures", "explorer_figures", "photos", "photo_figures", "sweep_figures", "oneshot_figures"],
    ["callbacks", "results", "widgets", "explanations", "errors", "comparison", "alignment"],
    ["training", "photo_widgets", "leaderboard"],
    ["sweeps", "ray_engine", "report_pages"],
    ["report", "ablation", "sweep_statistics"],
    ["commands"],
    ["__main__"],
]
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}
WITHOUT_TENSORFLOW = [
    "caches",
    "archives",
    "pairs",
    "sampling",
    "descriptors",
    "fusion",
    "joint_bayesian",
    "config",
    "environment",
    "runs",
    "evaluation",
    "oneshot",
    "face_dataset",
    "lfw",
    "omniglot",
    "datasets",
    "images",
    "photos",
    "comparison",
    "alignment",
    "described",
    "figures",
    "explorer_figures",
    "photo_figures",
    "inspection",
    "ablation",
    "engines",
    "sweeps",
    "sweep_statistics",
    "sweep_figures",
    "operating_points",
    "errors",
    "error_figures",
    "oneshot_figures",
]


def imported_rooms(source):
    """The rooms that a module imports, at its top or inside a function."""
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("siamese_lib.")}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "rooms are imported by their full name"
            if node.module == "siamese_lib":
                rooms |= {alias.name for alias in node.names if alias.name in MODULES}
            elif node.module.startswith("siamese_lib."):
                rooms.add(node.module.split(".")[1])
    return rooms


def test_every_room_has_a_floor():
    homeless = sorted(set(MODULES) - set(FLOOR_OF))
    assert not homeless, f"put the new room on a floor in FLOORS: {', '.join(homeless)}"
    assert len(FLOOR_OF) == sum(map(len, FLOORS)), "a room stands on two floors"


@pytest.mark.parametrize("room", [room for room in MODULES if room in FLOOR_OF])
def test_a_room_imports_from_floors_below_it(room):
    rooms = imported_rooms((PACKAGE / f"{room}.py").read_text(encoding="utf-8"))
    too_high = {other: FLOOR_OF[other] for other in rooms if other in FLOOR_OF and FLOOR_OF[other] >= FLOOR_OF[room]}
    assert not too_high, f"{room} is on floor {FLOOR_OF[room]} and imports from {too_high}"


@pytest.mark.parametrize(
    "source",
    [
        "import siamese_lib.images",
        "from siamese_lib import images",
        "from siamese_lib.images import open_cache",
        "def f():\n    import siamese_lib.images",
    ],
)
def test_every_way_to_import_a_room_is_seen(source):
    assert imported_rooms(source) == {"images"}


def test_the_rooms_of_numbers_work_without_tensorflow():
    rooms = [room for room in WITHOUT_TENSORFLOW if room in MODULES]
    code = (
        f"import sys\nfrom siamese_lib import {', '.join(rooms)}\nprint([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
