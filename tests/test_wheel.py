"""The wheel: built from the project, installed in another folder, it trains on its own there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
EXPERIMENT = {
    "dataset": "sample",
    "image_size": [40, 36],
    "embedding_size": 8,
    "base_filters": 16,
    "num_epochs": 1,
    "validation_fraction": 0.3,
}
CODE = """
import sys
import siamese_lib as sl
assert sl.__file__.startswith(sys.argv[1]), sl.__file__
run = sl.train(sl.ExperimentConfig.from_yaml("mine.yaml"), verbose=0)
assert run.done and 0 <= run.metrics["test"]["accuracy"] <= 1
from siamese_lib.notebook.pages import TEMPLATES
assert {path.name for path in TEMPLATES.iterdir()} >= {"index.html.j2", "style.css", "page"}
print("trained in", run.directory)
"""


def test_a_wheel_trains_elsewhere_from_a_yaml_of_the_users(tmp_path):
    source, wheels, site, elsewhere = (
        tmp_path / name for name in ("source", "wheels", "site", "elsewhere")
    )
    elsewhere.mkdir()
    # A copy: a build leaves folders in its source, from which the next one would take old files.
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "siamese_lib", source / "siamese_lib", ignore=ignored)
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    # Without isolation: setuptools of this environment, so that nothing is downloaded.
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(wheels), str(source)], check=True)
    (wheel,) = wheels.glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site]
    subprocess.run([*install, wheel], check=True)
    assert (site / "siamese_lib" / "py.typed").is_file()
    (elsewhere / "mine.yaml").write_text(yaml.safe_dump(EXPERIMENT), encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-c", CODE, str(site)],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == f"trained in {Path('runs', 'mine', 'seed_0')}"
