"""This build against an earlier one: the same commands of both, in turns, wall and CPU time.

`git clone . OLD && git -C OLD checkout COMMIT && python -m benchmarks.builds OLD sweep verify`
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.alternating import row, seconds_of
from benchmarks.table import save_rows
from siamese_lib.data.photos import find_face
from siamese_lib.data.sample import sample_as_folder
from siamese_lib.utils.machine import project_root


def run(build, arguments, work, check=True):
    """Wall and CPU seconds of a command of a build, with its output in a file of the folder."""
    environment = os.environ | {"PYTHONPATH": str(build), "SIAMESE_CACHE": str(work / "cache")}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with open(work / "output.txt", "w") as output:
        subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=build,
            env=environment,
            stdout=output,
            stderr=output,
            check=check,
        )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio_rows(name, commands, builds, turns, bar):
    """Two rows: the share of the earlier build's wall and CPU time, turn by turn.

    Args:
        name: what was measured.
        commands: `commands(work)` gives the arguments of Python's -m, for a new folder.
        builds: the folders of the earlier and of this build.
        turns: how often each is run.
        bar: the largest share that is asked for.
    """
    seconds = []
    for _ in range(turns):
        turn = []
        for build in builds:
            work = Path(tempfile.mkdtemp())
            try:
                turn.append(run(build, commands(work), work))
            finally:
                shutil.rmtree(work)
        seconds.append(turn)
        print(name, turn, flush=True)
    return share_rows(name, seconds, "of the earlier build's", bar)


def share_rows(name, turns, unit, bar):
    """Two rows: what share of the first command's wall and CPU time the second one takes.

    Args:
        name, unit: for the reader.
        turns: for each turn, what `run` returned for the two commands.
        bar: the largest share that is asked for.
    """
    return [
        row(
            f"{name}, {kind} time",
            [second[index] / first[index] for first, second in turns],
            unit,
            bar,
            f"{turns[-1][0][index]:.1f} s, then {turns[-1][1][index]:.1f} s",
            at_most=True,
        )
        for index, kind in enumerate(("wall", "CPU"))
    ]


def photographs(folder, count=2):
    """Photographs with a face of the sample each, 640x480: the first person's first, then others.

    Returns:
        Their paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    names = [f"s{person}/{number}.pgm" for person in range(1, 41) for number in range(1, 11)]
    background = generator.integers(90, 160, (480, 640, 3), np.uint8)
    paths = []
    for index in range(count):
        photo = Image.fromarray(background)
        face = Image.open(sample_as_folder() / names[index % len(names)]).resize((276, 336))
        photo.paste(face.convert("RGB"), (180 + index // len(names), 70))
        paths.append(folder / f"{index:04d}.jpg")
        photo.save(paths[-1])
    return [str(path) for path in paths]


def _report(work):
    return ["siamese_lib", "report", "--runs", str(work / "runs"), "--output", str(work / "report")]


def _sweep(work):
    return ["siamese_lib", "sweep", "experiments/sweeps/sample.yaml", "--runs", str(work / "runs")]


def _verify(work):
    return ["siamese_lib", "verify", *photographs(work)]


def _verify_aligned(work):
    paths = []
    for photo in photographs(work):
        face = find_face(Path(photo).read_bytes(), photo)
        paths.append(str(Path(photo).with_suffix(".png")))
        face.image.save(paths[-1])
    return ["siamese_lib", "verify", "--aligned", *paths]


def tests_rows(builds):
    """Two rows: the tests of both builds, once each.

    A test of the earlier build may fail with today's packages; the note counts what passed.
    """
    options = ["-q", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "-m", "not long"]
    times, counts = [], []
    for build in builds:
        work = Path(tempfile.mkdtemp())
        times.append(run(build, ["pytest", *options], work, check=build != builds[0]))
        counts.append((work / "output.txt").read_text(encoding="utf-8").splitlines()[-1])
        print(build, times[-1], counts[-1], flush=True)
        shutil.rmtree(work)
    rows = share_rows("make test", [times], "of the earlier build's", 0.5)
    return [row | {"note": f"{row['note']}; {' / '.join(counts)}"} for row in rows]


def check_rows(_builds, turns=3):
    """A row: how long `make check` of this build takes; the earlier build has no such command."""

    def check():
        subprocess.run(["make", "check"], cwd=project_root(), stdout=subprocess.DEVNULL, check=True)

    return [
        row("make check", [seconds_of(check) for _ in range(turns)], "seconds", 60, at_most=True)
    ]


# For each part a function of the builds that returns its rows.
PARTS = {
    "report": partial(
        ratio_rows, "make report on the sample, after installation", _report, turns=1, bar=0.4
    ),
    "sweep": partial(ratio_rows, "sweep of the sample, 18 runs", _sweep, turns=1, bar=0.35),
    "verify": partial(ratio_rows, "verify on two photographs", _verify, turns=5, bar=0.75),
    "aligned": partial(ratio_rows, "verify --aligned", _verify_aligned, turns=5, bar=0.75),
    "tests": tests_rows,
    "check": check_rows,
}


def main():
    """Times the parts and replaces their rows in results.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.builds", description=__doc__)
    parser.add_argument("old", type=Path, help="a clone of the earlier commit")
    parser.add_argument("parts", nargs="+", choices=PARTS)
    options = parser.parse_args()
    builds = options.old.resolve(), project_root()
    for part in options.parts:
        save_rows(PARTS[part](builds))


if __name__ == "__main__":
    main()
