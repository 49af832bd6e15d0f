"""Preparing images: the baseline's arrays against the cache; opening it again; what it takes in
memory; starting the library.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from benchmarks import baseline
from benchmarks.alternating import alternate, ratio_row, row, seconds_of
from siamese_lib.data.cache import open_cache

IMPORTS = 5


@contextmanager
def empty_cache():
    """A cache folder of its own, so that nothing is found that an earlier call left."""
    before = os.environ.get("SIAMESE_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SIAMESE_CACHE"] = folder
        try:
            yield
        finally:
            os.environ.pop("SIAMESE_CACHE") if before is None else os.environ.update(
                SIAMESE_CACHE=before
            )


def preparing(dataset):
    """Rows about the images of the pair lists and of the whole dataset."""
    pairs = [*dataset.train_pairs, *dataset.test_pairs]

    def read(face):
        return dataset.source.read(dataset.files[face])

    def prepare(faces=None):
        with empty_cache():
            open_cache(dataset, None, baseline.IMAGE_SIZE, faces)

    held = {}

    def load():
        held["arrays"] = baseline.load_pairs(read, pairs)

    load()  # the first reading of the archive pays for the disk
    rows = [
        ratio_row("preparing the images of the pair lists, cold", alternate(load, prepare), 2.0)
    ]
    everything = [seconds_of(lambda: prepare(sorted(dataset.files))) for _ in range(3)]
    rows.append(
        row(
            f"preparing all {len(dataset.files):,} images, cold",
            everything,
            "seconds",
            20.0,
            at_most=True,
        )
    )
    with empty_cache():
        cache = open_cache(dataset, None, baseline.IMAGE_SIZE)
        again = [
            seconds_of(lambda: open_cache(dataset, None, baseline.IMAGE_SIZE)) for _ in range(5)
        ]
        rows.append(
            row("opening them again, checksum included", again, "seconds", 0.2, at_most=True)
        )
        arrays = sum(array.nbytes for array in held["arrays"])
        mapped = f"{cache.images.nbytes / 1e6:.0f} MB, mapped from disk"
        note = f"{mapped}, in place of {arrays / 1e6:.0f} MB"
        rows.append(
            row(
                "memory of the prepared images",
                [cache.images.nbytes / arrays],
                "of the baseline's",
                0.25,
                note,
                at_most=True,
            )
        )
    return rows


def importing():
    """A row about `import siamese_lib`, which must not load TensorFlow."""
    code = "import sys, time; start = time.perf_counter(); import siamese_lib; "
    code += "print(time.perf_counter() - start); "
    code += "sys.exit('tensorflow' in sys.modules)"
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(IMPORTS)
    ]
    return [row("import siamese_lib, without TensorFlow", times, "seconds", 0.3, at_most=True)]
