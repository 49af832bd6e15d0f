"""Why a pair scored as it did: what happens to the score when a part of an image is covered, and which other faces are near."""

import random

import numpy as np

from siamese_lib.data.pairs import faces_by_person
from siamese_lib.evaluation.metrics import log_odds

PATCH_SHARE = 0.22  # of the image's height: about an eye with its brow
STEPS_PER_PATCH = 2


def occlusion_maps(verifier, left, right):
    """What each part of the two images does to the score (Zeiler and Fergus, 2014, section 4.2).

    A square is covered with the image's mean grey, everywhere in turn, and the pair is scored again.

    Args:
        verifier: a `Verifier`.
        left, right: `(height, width, 1)`, uint8.

    Returns:
        `(left_map, right_map)`, each `(height, width)`: how much higher the score is with the part visible than covered, in log-odds;
        positive: the part speaks for the same person.
    """
    places, covered_left = _covered(left)
    _, covered_right = _covered(right)
    embeddings = verifier.embed(
        np.concatenate([left[np.newaxis], right[np.newaxis], covered_left, covered_right]).astype(
            np.float32
        )
    )
    left_embedding, right_embedding, of_left, of_right = np.split(
        embeddings, [1, 2, 2 + len(places)]
    )
    whole = log_odds(verifier.score(left_embedding, right_embedding))[0]
    maps = []
    for changed, other in ((of_left, right_embedding), (of_right, left_embedding)):
        drops = whole - log_odds(verifier.score(changed, np.repeat(other, len(changed), axis=0)))
        maps.append(_spread(drops, places, left.shape[:2]))
    return tuple(maps)


def _covered(image):
    """The rectangles `(top, bottom, left, right)` and for each the image with it covered."""
    height, width = image.shape[:2]
    side = max(4, round(PATCH_SHARE * height))
    tops, lefts = (_starts(size, side) for size in (height, width))
    places = [(top, top + side, start, start + side) for top in tops for start in lefts]
    covered = np.repeat(image[np.newaxis].astype(np.float32), len(places), axis=0)
    for copy, (top, bottom, start, end) in zip(covered, places):
        copy[top:bottom, start:end] = image.mean()
    return places, covered


def _starts(size, side):
    count = max(2, round(STEPS_PER_PATCH * size / side))
    return np.unique(np.round(np.linspace(0, size - side, count)).astype(int))


def _spread(values, places, shape):
    """Each pixel's mean over the rectangles that cover it."""
    total, count = np.zeros(shape), np.zeros(shape)
    for value, (top, bottom, start, end) in zip(values, places):
        total[top:bottom, start:end] += value
        count[top:bottom, start:end] += 1
    return total / np.maximum(count, 1)


def face_mask(dataset, crop, image_size):
    """Which pixels of the network's image show the face: the ellipse within the dataset's face box.

    Returns:
        `(height, width)`, bool.

    Raises:
        ValueError: if the crop follows each image's ink, so that the face has no fixed place.
    """
    if isinstance(crop, str):
        raise ValueError(
            f"The face has a fixed place only in a crop of four numbers, or without one. Received: crop {crop}"
        )
    top, bottom, left, right = dataset.face_box
    crop = crop or dataset.frame
    rows = crop[0] + (np.arange(image_size[0]) + 0.5) * (crop[1] - crop[0]) / image_size[0]
    columns = crop[2] + (np.arange(image_size[1]) + 0.5) * (crop[3] - crop[2]) / image_size[1]
    down, across = (
        (2 * rows - top - bottom) / (bottom - top),
        (2 * columns - left - right) / (right - left),
    )
    return down[:, np.newaxis] ** 2 + across**2 <= 1.0


def scores_with_parts(verifier, cache, pairs, mask):
    """The scores of pairs with the whole image, with the face alone and with the background alone; the rest is covered with mid-grey.

    Args:
        verifier: a `Verifier`.
        cache: the `FaceCache` with the images.
        pairs: a `PairList`.
        mask: which pixels are the face, `(height, width)`, from `face_mask`.

    Returns:
        `{"whole image", "face alone", "background alone"}` -> `(num_pairs,)`.
    """
    images, keep = cache[pairs.faces], mask[:, :, np.newaxis]
    versions = {
        "whole image": images,
        "face alone": np.where(keep, images, 128),
        "background alone": np.where(keep, 128, images),
    }
    return {
        name: verifier.score_embedded(pairs, verifier.embed(version))
        for name, version in versions.items()
    }


def draw_probes(faces, count, seed):
    """Draws faces of people who have another image among `faces`, at most one a person."""
    several = [own for own in faces_by_person(faces).values() if len(own) > 1]
    generator = random.Random(seed)
    return [generator.choice(own) for own in generator.sample(several, min(count, len(several)))]


def nearest_faces(verifier, embeddings, faces, probes, count):
    """The faces that score highest with each probe, the probe itself left out.

    Args:
        verifier: a `Verifier`.
        embeddings: `(num_faces, embedding_size)`, of `faces`.
        faces: a list of `Face`, the gallery.
        probes: some of them.
        count: how many neighbours.

    Returns:
        A pandas DataFrame, a row a neighbour, the nearest first: probe, neighbour, score, same_person.
    """
    import pandas as pd

    rows = []
    for probe in probes:
        own = faces.index(probe)
        scores = verifier.score_among(embeddings, [own] * len(faces), range(len(faces)))
        nearest = [place for place in np.argsort(-scores, kind="stable") if place != own][:count]
        rows += [
            (
                str(probe),
                str(faces[place]),
                float(scores[place]),
                faces[place].person == probe.person,
            )
            for place in nearest
        ]
    return pd.DataFrame(rows, columns=["probe", "neighbour", "score", "same_person"])


def map_of_faces(embeddings, seed=0):
    """A plane on which faces with near embeddings are near each other (t-SNE: van der Maaten and Hinton, 2008).

    Args:
        embeddings: `(num_faces, embedding_size)`; their cosines are what is kept.

    Returns:
        `(num_faces, 2)`; the axes have no unit, and only small distances mean anything.
    """
    from sklearn.manifold import TSNE

    perplexity = min(15.0, (len(embeddings) - 1) / 3)
    return TSNE(
        perplexity=perplexity, metric="cosine", init="random", random_state=seed
    ).fit_transform(embeddings)
