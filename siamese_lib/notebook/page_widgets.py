"""Parts of a page that answer to the reader without a kernel: plain script, nothing is fetched."""

import base64
import hashlib
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import pair_of
from siamese_lib.evaluation.metrics import log_odds
from siamese_lib.notebook.pages import rendered
from siamese_lib.notebook.publishing import jpeg_of
from siamese_lib.plots.tiles import pair_tile

NUM_THRESHOLDS = 201  # of the slider, evenly spaced in log-odds
FACE_HEIGHT = 120  # pixels


def threshold_in_page(scores: pd.DataFrame, threshold: float) -> Any:
    """A slider in the page that moves the threshold, with the four counts below it.

    Args:
        scores: rows of `Run.scores`.
        threshold: where the slider stands at first.

    Returns:
        An IPython `HTML`.
    """
    odds = log_odds(scores["score"])
    steps = np.linspace(odds.min(), odds.max(), NUM_THRESHOLDS)
    start = int(np.abs(steps - log_odds(threshold)).argmin())
    steps[start] = log_odds(threshold)  # the first view is the run's own
    of_labels = [np.sort(odds[scores["label"] == label]).round(4).tolist() for label in (0, 1)]
    values = {"odds": steps.round(4).tolist(), "scores": of_labels, "start": start}
    return _html("threshold.html.j2", **values)


def guess_in_page(
    scores: pd.DataFrame, threshold: float, cache: FaceCache, count: int = 10, seed: int = 0
) -> Any:
    """Pairs that the reader decides before the network's answer is shown, with a tally.

    Half of the pairs show one person.

    Args:
        scores: rows of `Run.scores`.
        threshold: of the network's decisions.
        cache: the `FaceCache` with the images.
        count: the number of pairs.
        seed: the same seed draws the same pairs.

    Returns:
        An IPython `HTML`.
    """
    drawn = scores.sample(frac=1.0, random_state=seed)
    rows = pd.concat([drawn[drawn["label"] == label].head(count // 2) for label in (0, 1)])
    pairs = [
        {
            "label": row["label"],
            "decision": int(row["score"] >= threshold),
            "score": row["score"],
            "image": _picture(cache, row),
        }
        for row in rows.sample(frac=1.0, random_state=seed).to_dict("records")
    ]
    return _html("guess.html.j2", pairs=pairs)


def _picture(cache: FaceCache, row: dict) -> str:
    tile = Image.fromarray(np.squeeze(pair_tile(*cache[pair_of(row)[:2]])).astype(np.uint8))
    size = round(tile.width * FACE_HEIGHT / tile.height), FACE_HEIGHT
    return base64.b64encode(jpeg_of(tile.resize(size, Image.Resampling.BICUBIC))).decode("ascii")


def _html(template: str, **values: Any) -> Any:
    from IPython.display import HTML

    identity = "w" + hashlib.sha256(repr(values).encode()).hexdigest()[:8]
    return HTML(rendered(template, identity=identity, **values))
