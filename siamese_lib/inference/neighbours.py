"""The nearest faces of a face, and all faces in a plane."""

import random
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import Face, faces_by_person, parse_face
from siamese_lib.inference.verifier import Verifier
from siamese_lib.plots import galleries


def draw_probes(faces: Sequence[Face], count: int, seed: int) -> list[Face]:
    """Draws faces of people who have another image among `faces`, at most one of each person."""
    several = [images for images in faces_by_person(faces).values() if len(images) > 1]
    generator = random.Random(seed)
    chosen = generator.sample(several, min(count, len(several)))
    return [generator.choice(images) for images in chosen]


def nearest_faces(
    verifier: Verifier,
    embeddings: np.ndarray,
    faces: Sequence[Face],
    probes: Sequence[Face],
    count: int,
) -> pd.DataFrame:
    """The faces that score highest with each probe, without the probe itself.

    Args:
        verifier: a `Verifier`.
        embeddings: of `faces`, `(num_faces, embedding_size)`.
        faces: the gallery.
        probes: some of the gallery's faces.
        count: the number of neighbours.

    Returns:
        A pandas DataFrame, a row for each neighbour, the nearest first: probe, neighbour, score,
        same_person.
    """
    rows = []
    for probe in probes:
        row = faces.index(probe)
        scores = verifier.score_among(embeddings, [row] * len(faces), range(len(faces)))
        nearest = [index for index in np.argsort(-scores, kind="stable") if index != row]
        for index in nearest[:count]:
            same = faces[index].person == probe.person
            rows.append((str(probe), str(faces[index]), float(scores[index]), same))
    return pd.DataFrame(rows, columns=["probe", "neighbour", "score", "same_person"])


def map_of_faces(embeddings: np.ndarray, seed: int = 0) -> np.ndarray:
    """A plane in which faces with similar embeddings are close together.

    t-SNE: van der Maaten and Hinton, 2008.

    Args:
        embeddings: `(num_faces, embedding_size)`, compared by their cosines.

    Returns:
        `(num_faces, 2)`, without a unit; only small distances have a meaning.
    """

    perplexity = min(15.0, (len(embeddings) - 1) / 3)
    plane = TSNE(perplexity=perplexity, metric="cosine", init="random", random_state=seed)
    return plane.fit_transform(embeddings)


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
