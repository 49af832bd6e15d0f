"""The bootstrap over people, from which every interval comes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from siamese_lib.data.pairs import PairList

NUM_RESAMPLES = 2000
WEIGHTS_PER_BLOCK = 100_000  # of pairs in resamples, that are held at a time


def people_bootstrap(
    left_clusters: ArrayLike,
    right_clusters: ArrayLike,
    values: ArrayLike,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> list[float]:
    """A 95 % interval for the mean of `values` over pairs, by bootstrap over people.

    Pairs that share a person are not independent. Therefore people are drawn with replacement, not
    pairs. A pair of two people counts as often as the product of how often both were drawn, a pair
    of one person as often as that person (pigeonhole bootstrap: Owen, "The pigeonhole bootstrap",
    2007). Where people belong to groups, pairs within a group are not independent either, and
    groups take the place of people.

    Args:
        left_clusters, right_clusters: the person or group on each side, `(num_pairs,)`, as
            `PairList.clusters_of_sides` returns them.
        values: `(num_pairs,)`, for example whether each pair was decided correctly.

    Returns:
        `[low, high]`
    """
    values = np.asarray(values, dtype=float)
    # Block by block: the weights of all resamples together would take hundreds of megabytes.
    blocks = _weight_blocks(left_clusters, right_clusters, num_resamples, seed)
    totals, sums = np.hstack([(weights.sum(axis=1), weights @ values) for weights in blocks])
    means = sums[totals > 0] / totals[totals > 0]
    return [float(bound) for bound in np.quantile(means, [0.025, 0.975])]


def people_weights(
    left_clusters: ArrayLike,
    right_clusters: ArrayLike,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> np.ndarray:
    """How often each pair counts in each resample of a bootstrap over people.

    `people_bootstrap` describes the resampling.

    Returns:
        `(num_resamples, num_pairs)`, whole numbers.
    """
    return np.vstack(list(_weight_blocks(left_clusters, right_clusters, num_resamples, seed)))


def _weight_blocks(
    left_clusters: ArrayLike, right_clusters: ArrayLike, num_resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """The rows of `people_weights`, a block of resamples at a time."""
    clusters, index = np.unique(
        np.concatenate([left_clusters, right_clusters]), return_inverse=True
    )
    left, right = np.split(index, 2)
    generator = np.random.default_rng(seed)
    chances = np.full(len(clusters), 1 / len(clusters))
    per_block = max(1, WEIGHTS_PER_BLOCK // len(left))
    for start in range(0, num_resamples, per_block):
        count = min(per_block, num_resamples - start)
        draws = generator.multinomial(len(clusters), chances, size=count)
        yield np.where(left == right, draws[:, left], draws[:, left] * draws[:, right])


def sample_and_resamples(pairs: PairList, classes: ArrayLike, num_resamples: int) -> np.ndarray:
    """The weights of the sample itself and of each bootstrap resample over people.

    Resamples without a pair of one of the two classes are left out.

    Args:
        pairs: a `PairList`.
        classes: `(num_pairs,)`, 0 or 1.
        num_resamples: the number of resamples that are drawn.

    Returns:
        `(at most 1 + num_resamples, num_pairs)`, whole numbers; the first row is the sample's, all
        ones.
    """
    weights = people_weights(*pairs.clusters_of_sides, num_resamples)
    weights = np.vstack([np.ones_like(weights[:1]), weights])
    first_class = np.asarray(classes) == 0
    return weights[weights[:, first_class].any(axis=1) & weights[:, ~first_class].any(axis=1)]
