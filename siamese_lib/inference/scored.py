"""Figures of scored pairs with what explains them."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import pair_of
from siamese_lib.inference.explain import Maps
from siamese_lib.plots import galleries
from siamese_lib.utils.text import percent


def scored_gallery(scores: pd.DataFrame, cache: FaceCache, title: str) -> Figure:
    """The gallery of scored pairs: names, score and reasons above each pair.

    Args:
        scores: rows of `Run.scores` with the further column `wrong` and, if reasons are to be
            shown, `why`.
        cache: the `FaceCache` with the images.
        title: the figure's title.
    """
    images, captions, wrong = _shown(scores, cache)
    captions = [textwrap.fill(caption, 46) for caption in captions]
    return galleries.pair_gallery(images, captions, wrong, _full(title, images))


def explained_galleries(
    cache: FaceCache, groups: Mapping[str, pd.DataFrame], maps: Mapping[str, Sequence[Maps]]
) -> list[Figure]:
    """Galleries of scored pairs with the occlusion maps of both faces, all maps on one scale.

    Args:
        cache: the `FaceCache` with the images.
        groups: `{title: rows}`, the rows as in `scored_gallery`.
        maps: `{title: maps of these rows}`, as `maps_of_pairs` returns them.
    """
    # The strongest hundredth would leave the others without colour.
    sides = [side for of_group in maps.values() for pair in of_group for side in pair]
    values = np.concatenate([np.abs(side).ravel() for side in sides] or [np.ones(1)])
    strongest = float(np.quantile(values, 0.99))
    sheets: list[Figure] = []
    for title, scores in groups.items():
        images, captions, wrong = _shown(scores, cache)
        full = _full(title, images)
        sheets.append(
            galleries.explained_pairs(images, maps[title], captions, wrong, full, strongest)
        )
    return sheets


def _shown(scores, cache):
    """The images, the captions and the wrongness of scored pairs."""
    rows = scores.to_dict("records")
    images = [cache[pair_of(row)[:2]] for row in rows]
    return images, list(map(_caption, rows)), scores["wrong"].tolist()


def _caption(row: dict) -> str:
    why = f" {row['why']}" if "why" in row else ""
    return f"{row['left']}, {row['right']}: {percent(row['score'])}.{why}"


def _full(title, images):
    return title if images else f"{title}: there are none"
