"""Growth: once, twice, four and eight times as many images and pairs, made for the purpose. Time
must grow linearly, memory stay flat.

`python -m benchmarks.growth NUMBER` measures one size, in a process of its own, and prints JSON.
"""

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.alternating import row, seconds_of
from siamese_lib.utils.machine import project_root

SIZES = (2_000, 4_000, 8_000, 16_000)
LARGE, ON_PAPER = 100_000, 1_000_000
SIDE = 64  # pixels of a image
PART_OF_EPOCH = 0.1  # of the large size; the rest of its epoch is more of the same


def growing():
    """Rows about how preparing, an epoch, evaluation and memory grow, and about a hundred thousand
    images.
    """
    measured = [_in_a_process(size) for size in SIZES]
    rows = []
    for what in ("preparing", "epoch", "evaluation"):
        slope = np.polyfit(np.log(SIZES), np.log([one[what] for one in measured]), 1)[0]
        note = ", ".join(f"{one[what]:.1f} s" for one in measured)
        rows.append(
            row(
                f"growth of {what}, power of the number of images",
                [float(slope)],
                "(1 is linear)",
                1.1,
                note,
                at_most=True,
            )
        )
    for what, key in (("a training's", "memory"), ("the one-shot test's", "oneshot memory")):
        memory = [one[key] for one in measured]
        note = f"{memory[0]:.2f} and {memory[-1]:.2f} GB for {SIZES[0]:,} and {SIZES[-1]:,} images"
        rows.append(
            row(
                f"growth of {what} own memory, largest against smallest",
                [memory[-1] / memory[0]],
                "times",
                1.1,
                note,
                at_most=True,
            )
        )
    large = _in_a_process(LARGE)
    words = {"preparing": "seconds", "epoch": "seconds", "evaluation": "seconds", "memory": "GB"}
    for what, unit in words.items():
        paper = large[what] * (1 if what == "memory" else ON_PAPER / LARGE)
        note = f"so about {paper:,.1f} {unit} for {ON_PAPER:,}"
        rows.append(row(f"{LARGE:,} images: {what}", [large[what]], unit, note=note))
    return rows


def _in_a_process(size):
    command = [sys.executable, "-m", "benchmarks.growth", str(size)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project_root())
    return json.loads(result.stdout.splitlines()[-1])


def measure(size):
    """Seconds of preparing, an epoch and evaluation, and the memory of the training and of the
    one-shot test in GB, for so many images and half as many pairs.
    """
    from benchmarks.data import empty_cache
    from benchmarks.trainings import Trainer
    from siamese_lib.config import ExperimentConfig
    from siamese_lib.data.cache import open_cache
    from siamese_lib.data.load import load_dataset
    from siamese_lib.inference.verifier import Verifier
    from siamese_lib.models.networks import build_model

    config = ExperimentConfig(
        experiment="growth",
        dataset="lfwa",
        image_size=(40, 40),
        base_filters=16,
        embedding_size=64,
        batch_size=64,
        num_epochs=1000,
        flip=True,
    )
    with tempfile.TemporaryDirectory() as folder, empty_cache():
        write_lists_and_archive(Path(folder), size // 4, size // 4)
        dataset = load_dataset("lfwa", folder)
        seconds = {
            "preparing": seconds_of(
                lambda: open_cache(dataset, None, config.image_size, dataset.faces_of(config))
            )
        }
        trainer = Trainer(config, dataset)
        share = PART_OF_EPOCH if size >= LARGE else 1.0
        steps = max(1, round(share * trainer.steps_per_epoch))
        seconds["epoch"] = (
            seconds_of(lambda: trainer.steps(steps)) * trainer.steps_per_epoch / steps
        )
        memory = own_memory()
        verifier = Verifier(build_model(config), {"test_time_flip": False})
        cache = open_cache(dataset, None, config.image_size, dataset.faces_of(config))
        verifier.embed(cache.images[:512])
        seconds["evaluation"] = seconds_of(lambda: verifier.score_pairs(cache, dataset.test_pairs))
        oneshot = oneshot_memory(cache, dataset.oneshot_faces)
    return seconds | {"memory": memory, "oneshot memory": oneshot}


def oneshot_memory(cache, faces):
    """The largest memory in GB while the pixels of faces are compared in one-shot trials."""
    from siamese_lib.evaluation.oneshot import oneshot_accuracies, pixel_similarity

    compare, memory = pixel_similarity(cache, faces), []

    def watched(left, right):
        similarities = compare(left, right)
        memory.append(own_memory())
        return similarities

    oneshot_accuracies({"pixels": watched}, faces, ways=(5,))
    return max(memory)


def own_memory():
    """What this process holds itself, in GB; pages of mapped files, as the cache is one, may be
    dropped at any time and do not count.
    """
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) / 1e6


def write_lists_and_archive(folder, num_train, num_test):
    """An archive of people with two images each in LFW's layout, and View 1 lists of all of them.

    Args:
        folder: where to write.
        num_train, num_test: people of the two lists.
    """
    people = [f"Person_{number:07d}" for number in range(num_train + num_test)]
    generator = np.random.default_rng(0)
    with zipfile.ZipFile(folder / "lfwa.zip", "w") as archive:
        for person in people:
            for place in (1, 2):
                # No two are alike: copies of test images would be left out of the training.
                archive.writestr(f"lfw2/{person}/{person}_{place:04d}.jpg", _image(generator))
    for part, names in (("Train", people[:num_train]), ("Test", people[num_train:])):
        same = [f"{name}\t1\t2" for name in names]
        different = [
            f"{one}\t{left}\t{other}\t{right}"
            for one, other in zip(names[::2], names[1::2])
            for left, right in ((1, 2), (2, 1))
        ]
        (folder / f"pairsDev{part}.txt").write_text(
            "\n".join([str(len(same)), *same, *different]) + "\n"
        )


def _image(generator):
    content = io.BytesIO()
    Image.fromarray(generator.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)).save(
        content, format="jpeg"
    )
    return content.getvalue()


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
