"""Figures of scored faces from a table and an image cache: galleries of pairs, nearest faces."""

import pandas as pd
from matplotlib.figure import Figure

from siamese_lib.data.images import FaceCache
from siamese_lib.data.pairs import pair_of, parse_face
from siamese_lib.inference.explain import occlusion_maps
from siamese_lib.inference.verifier import Verifier
from siamese_lib.plots import galleries


def scored_gallery(scores: pd.DataFrame, cache: FaceCache, threshold: float, title: str) -> Figure:
    """The gallery of scored pairs: names, score and distance to the threshold above each pair.

    Args:
        scores: rows of `Run.scores` with the further column `wrong`.
        cache: the `FaceCache` with the images.
        threshold: the threshold of the decisions.
        title: the figure's title.
    """
    rows = scores.to_dict("records")
    images = [cache[pair_of(row)[:2]] for row in rows]
    captions = [
        f"{row['score']:.4f} ({row['score'] - threshold:+.3f})\n{row['left']}\n{row['right']}"
        for row in rows
    ]
    return galleries.pair_gallery(images, captions, scores["wrong"].tolist(), _full(title, rows))


def explained_gallery(
    verifier: Verifier, cache: FaceCache, scores: pd.DataFrame, threshold: float, title: str
) -> Figure:
    """Scored pairs with the occlusion maps of both faces: which regions changed the score.

    Args:
        verifier: the `Verifier` that computed the scores.
        cache, scores, threshold, title: as in `scored_gallery`.
    """
    rows = scores.to_dict("records")
    images = [cache[pair_of(row)[:2]] for row in rows]
    maps = [occlusion_maps(verifier, left, right) for left, right in images]
    captions = [
        f"{row['left']} / {row['right']}: {row['score']:.4f} ({row['score'] - threshold:+.3f})"
        for row in rows
    ]
    wrong = scores["wrong"].tolist()
    return galleries.explained_pairs(images, maps, captions, wrong, _full(title, rows))


def _full(title, rows):
    return title if rows else f"{title}: there are none"


def neighbour_sheet(table: pd.DataFrame, cache: FaceCache, title: str) -> Figure:
    """Each probe with its nearest faces; faces of other people are framed.

    Args:
        table: the table of `nearest_faces`.
        cache: the `FaceCache` with the images.
        title: the figure's title.
    """
    rows = []
    for probe, near in table.groupby("probe", sort=False):
        images = cache[[parse_face(name) for name in (probe, *near["neighbour"])]]
        neighbours = zip(images[1:], near["neighbour"], near["score"], ~near["same_person"])
        rows.append((images[0], probe, list(neighbours)))
    return galleries.neighbour_rows(rows, title)
