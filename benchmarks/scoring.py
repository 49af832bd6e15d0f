"""Scoring: the test pairs, images a second against what the machine multiplies at best, and a
gallery of every image.
"""

import time

import numpy as np

from benchmarks import baseline
from benchmarks.alternating import alternate, ratio_row, row, seconds_of
from siamese_lib.data.cache import open_cache
from siamese_lib.inference.verifier import Verifier
from siamese_lib.utils.tensorflow import tf

FEW_PAIRS = 100  # the baseline scores so many of the test pairs; all of them would take minutes
MATRIX_SIDE = 2048


def scoring(model, dataset):
    """Rows about the test pairs: the recommended network from cached images, and the baseline pair
    by pair.
    """
    verifier = Verifier.load(model)
    pairs = dataset.test_pairs
    cache = open_cache(dataset, verifier.crop, verifier.image_size, pairs.faces)
    verifier.score_pairs(cache, pairs)  # tracing
    network = baseline.build_network()
    left, right = np.random.default_rng(0).uniform(0, 255, (2, FEW_PAIRS, *baseline.IMAGE_SIZE, 1))
    baseline.score_one_by_one(network, left[:2], right[:2])
    seconds = alternate(
        lambda: baseline.score_one_by_one(network, left, right),
        lambda: verifier.score_pairs(cache, pairs),
    )
    note = f"the baseline scored {FEW_PAIRS} pairs, the project {len(pairs):,}"
    return [
        row(
            f"scoring the {len(pairs):,} test pairs from cached images",
            seconds[1],
            "seconds",
            2.0,
            at_most=True,
        ),
        ratio_row(
            "scoring, pairs a second", seconds, 10.0, work=(FEW_PAIRS, len(pairs)), note=note
        ),
    ]


def searching(model, dataset):
    """Rows about embedding every image of the dataset, about ranking them all for a probe, and how
    near the first is to the ceiling.
    """
    verifier, faces = Verifier.load(model), sorted(dataset.files)
    cache = open_cache(dataset, verifier.crop, verifier.image_size, faces)
    verifier.embed(cache.images[:512])
    started = time.perf_counter()
    embeddings = verifier.embed(cache.images)
    seconds = time.perf_counter() - started
    passes = len(faces) * (2 if verifier.settings["test_time_flip"] else 1)
    encoder = verifier.network.get_layer("encoder")
    dtype = encoder.get_layer("embedding").compute_dtype
    achieved = passes * multiplications(encoder) * 2 / seconds
    ceiling = floating_point_operations(dtype)

    def find():
        return np.argsort(verifier.score(np.repeat(embeddings[:1], len(faces), axis=0), embeddings))

    find()
    note = (
        f"{achieved / 1e9:.0f} of {ceiling / 1e9:.0f} GFLOP/s, the ceiling of a matrix product, "
        f"{dtype}"
    )
    return [
        row(
            "embedding images, each with its mirror image",
            [len(faces) / seconds],
            "images a second",
        ),
        row(
            "embedding, share of the machine's matrix product",
            [achieved / ceiling],
            "of the ceiling",
            note=note,
        ),
        row(
            f"find in a gallery of {len(faces):,} embedded images",
            [seconds_of(find) for _ in range(5)],
            "seconds",
        ),
    ]


def multiplications(encoder):
    """How many products of two numbers an image costs in the convolutions and dense layers of an
    encoder.
    """
    total = 0
    for layer in encoder.layers:
        if hasattr(layer, "kernel"):
            places = np.prod(layer.output.shape[1:-1]) if layer.output.shape[1:-1] else 1
            total += int(np.prod(layer.kernel.shape) * places)
    return total


def floating_point_operations(dtype):
    """How many a second this machine reaches in a large product of matrices, the best of five."""
    left, right = (tf.random.normal((MATRIX_SIDE, MATRIX_SIDE), dtype=dtype) for _ in range(2))
    best = min(seconds_of(lambda: tf.linalg.matmul(left, right).numpy()) for _ in range(5))
    return 2 * MATRIX_SIDE**3 / best
