"""The exported network in each runtime beside Keras: sizes, times, memory, differences of scores.

`python -m benchmarks.deploying --data-root LFW`; nothing else should run meanwhile.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.alternating import row, seconds_of
from benchmarks.builds import photographs
from benchmarks.table import machine_name, save_rows
from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.data.photos import find_face
from siamese_lib.inference.exporters import export
from siamese_lib.inference.runtimes import PACKAGES
from siamese_lib.inference.scorer import load_verifier
from siamese_lib.inference.verifier import Verifier
from siamese_lib.utils.files import write_json, write_text
from siamese_lib.utils.machine import project_root, versions
from siamese_lib.utils.text import between_marks

ROOT = project_root()
MODELS = {
    name: ROOT / "models" / f"{name}.keras" for name in ("lfwa_people", "lfwa_pairs_held_out")
}
TURNS, NUM_PICTURES = 5, 1_000
BATCHES = {1: 50, 64: NUM_PICTURES}  # pictures in a call: pictures in a turn
BEGIN, END = "<!-- runtimes: written by benchmarks.deploying, do not edit -->", "<!-- end -->"
KERAS = "Keras"
# Runs a command and prints its seconds and its peak memory. From a process of its own: a child is
# said to have used at least the memory of its parent.
MEASURED = """
import resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - started
print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def installed_size(packages):
    """Megabytes of these packages with all that they need, in the tested versions."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = ["-c", str(ROOT / "constraints.txt")]
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", folder]
        subprocess.run([*command, *packages, *constraints], check=True)
        return _megabytes(Path(folder).rglob("*"))


def _megabytes(paths):
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def first_answers(models, paths):
    """Seconds and peak megabytes of `verify --aligned` from the shell, model by model in turns."""
    found = {name: [] for name in models}
    for _ in range(TURNS):
        for name, model in models.items():
            command = [sys.executable, "-m", "siamese_lib", "verify", "--aligned", *paths]
            ended = subprocess.run(
                [sys.executable, "-c", MEASURED, *command, "--model", str(model)],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            )
            seconds, kilobytes = map(float, ended.stdout.split())
            found[name].append((seconds, kilobytes / 1e3))
    return found


def speeds(scorers, images):
    """Pictures a second, `{name: {batch: [a turn each]}}`, the runtimes in turns."""
    found = {name: {batch: [] for batch in BATCHES} for name in scorers}
    for batch, count in BATCHES.items():
        parts = [images[start : start + batch] for start in range(0, count, batch)]
        for turn in range(TURNS + 1):
            for name, scorer in scorers.items():
                seconds = seconds_of(partial(_embed_all, scorer, parts))
                if turn:  # the first calls prepare what later ones have
                    found[name][batch].append(count / seconds)
    return found


def _embed_all(scorer, parts):
    for part in parts:
        scorer.embed(part)


def differences(scorers, dataset):
    """Of all test pairs: the largest difference of a score from Keras', and of decisions."""
    reference = scorers[KERAS]
    cache = open_cache(dataset, reference.crop, reference.image_size)
    pairs, threshold = dataset.test_pairs, reference.settings["threshold"]
    scores = {name: scorer.score_pairs(cache, pairs) for name, scorer in scorers.items()}
    return {
        name: {
            "largest_difference": float(np.abs(own - scores[KERAS]).max()),
            "other_decisions": int(np.sum((own >= threshold) != (scores[KERAS] >= threshold))),
            "num_pairs": len(pairs),
        }
        for name, own in scores.items()
    }


def aligned_pair(folder):
    """Two aligned faces as files."""
    paths = []
    for photo in photographs(folder):
        paths.append(str(Path(photo).with_suffix(".png")))
        find_face(Path(photo).read_bytes(), photo).image.save(paths[-1])
    return paths


def measured(dataset, work):
    """A dict for each runtime, Keras first."""
    folders = {model: {name: work / f"{model}_{name}" for name in PACKAGES} for model in MODELS}
    for model, own in folders.items():
        for name, folder in own.items():
            export(MODELS[model], name, folder)
    scorers = {
        model: {KERAS: Verifier.load(MODELS[model], "float32")}
        | {name: load_verifier(folder) for name, folder in own.items()}
        for model, own in folders.items()
    }
    people = {KERAS: MODELS["lfwa_people"]} | folders["lfwa_people"]
    reference = scorers["lfwa_people"][KERAS]
    cache = open_cache(dataset, reference.crop, reference.image_size)
    pictures = np.asarray(cache.images[:NUM_PICTURES])
    embedded = speeds(scorers["lfwa_people"], pictures)
    answers = first_answers(people, aligned_pair(work / "photos"))
    alike = {model: differences(own, dataset) for model, own in scorers.items()}
    rows = {}
    for name, model in people.items():
        files = [model, model.with_suffix(".json")] if name == KERAS else model.glob("*")
        package = ["tensorflow"] if name == KERAS else [PACKAGES[name]]
        rows[name] = {
            "installation_mb": installed_size(["numpy", "pillow", *package]),
            "model_mb": _megabytes(files),
            "first_answer_s": [seconds for seconds, _ in answers[name]],
            "memory_mb": [memory for _, memory in answers[name]],
            "pictures_a_second": embedded[name],
            "differences": {model: alike[model][name] for model in MODELS},
        }
    return rows


def table(rows):
    """The table of docs/deploy.md."""
    titles = {KERAS: "Keras (TensorFlow)", "onnx": "ONNX Runtime", "openvino": "OpenVINO"}
    lines = [
        {
            "runtime": titles.get(name, "LiteRT"),
            "installation": f"{own['installation_mb']:,.0f} MB",
            "model": f"{own['model_mb']:.1f} MB",
            "first answer": f"{statistics.median(own['first_answer_s']):.2f} s",
            "memory": f"{statistics.median(own['memory_mb']):,.0f} MB",
            **{
                f"pictures a second, {batch} at a time": f"{statistics.median(turns):,.0f}"
                for batch, turns in own["pictures_a_second"].items()
            },
            "largest difference": "" if name == KERAS else f"{_largest(own):.0e}",
        }
        for name, own in rows.items()
    ]
    return pd.DataFrame(lines).to_markdown(index=False, disable_numparse=True)


def _largest(own):
    return max(each["largest_difference"] for each in own["differences"].values())


def bar_rows(rows):
    """What was asked for, as rows of the table of speeds."""

    def ratios(key, name):
        return [own / other for own, other in zip(rows[name][key], rows[KERAS][key])]

    shares = {
        name: [
            own / other
            for own, other in zip(
                rows[name]["pictures_a_second"][64], rows[KERAS]["pictures_a_second"][64]
            )
        ]
        for name in PACKAGES
    }
    name = "verify --aligned through ONNX Runtime"
    return [
        row(f"{name}, wall time", ratios("first_answer_s", "onnx"), "of Keras'", 0.2, at_most=True),
        row(f"{name}, memory", ratios("memory_mb", "onnx"), "of Keras'", 0.3, at_most=True),
        *(
            row(
                f"embedding through {PACKAGES[each]}, float32",
                own,
                "times Keras' speed",
                None if each == "litert" else 1,
            )
            for each, own in shares.items()
        ),
        row(
            "scores through other runtimes, largest difference",
            [max(map(_largest, list(rows.values())[1:]))],
            "of a score, 1,000 test pairs",
            1e-4,
            at_most=True,
        ),
    ]


def main():
    """Measures everything, writes deployment.json and the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deploying", description=__doc__)
    parser.add_argument("--data-root", required=True, help="folder or archive of LFW-a")
    dataset = load_dataset("lfwa", parser.parse_args().data_root)
    with tempfile.TemporaryDirectory() as work:
        rows = measured(dataset, Path(work))
    packages = {name: metadata.version(package) for name, package in PACKAGES.items()}
    path = ROOT / "benchmarks" / "deployment.json"
    save_rows(bar_rows(rows))
    write_json(path, {"rows": rows, "runtimes": packages, **versions()})
    page = ROOT / "docs" / "deploy.md"
    named = ", ".join(f"{PACKAGES[name]} {version}" for name, version in packages.items())
    about = f"Measured on {machine_name()}, {versions()['date'][:10]}, with {named}."
    text = page.read_text(encoding="utf-8")
    write_text(page, between_marks(text, BEGIN, END, f"{about}\n\n{table(rows)}"))


if __name__ == "__main__":
    main()
