"""One-shot classification: which of N people is it, when each has shown one picture? Needs no network and no TensorFlow.

After Koch, Zemel and Salakhutdinov (2015, section 4.3) and Lake et al. (2011): an episode has a gallery, one picture each of N
people, and a probe, another picture of one of them; the answer is the gallery picture that is most similar to the probe.
"""

import numpy as np

from siamese_lib.evaluation import people_bootstrap


def draw_episodes(faces, num_ways, num_episodes, seed):
    """Draws episodes of N-way one-shot classification (Koch et al., 2015, section 4.3; Lake et al., 2011).

    Everybody with two pictures is the probe's person equally often; the others are drawn from all people, one picture of each.

    Args:
        faces: the pictures to draw from, each once; of people who were not trained on.
        num_ways: N, the people in a gallery.
        num_episodes: how many.
        seed: the same seed draws the same episodes.

    Returns:
        `(gallery, probes)`: places in `faces`, `(num_episodes, num_ways)` and `(num_episodes,)`; the first picture of a gallery is the
        one of the probe's person.

    Raises:
        ValueError: if N is less than 2 or more than there are people, or nobody has two pictures.
    """
    _, person_of, counts = np.unique([face.person for face in faces], return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts > 1)
    if not 2 <= num_ways <= len(counts) or not len(several):
        raise ValueError(
            "An episode needs two or more people, and one of them with two pictures. "
            f"Received: num_ways={num_ways}, {len(counts)} people, {len(several)} with two"
        )
    generator = np.random.default_rng(seed)
    wanted = generator.choice(several, num_episodes)
    others = np.stack([generator.choice(len(counts) - 1, num_ways - 1, replace=False) for _ in range(num_episodes)])
    people = np.column_stack([wanted, others + (others >= wanted[:, np.newaxis])])  # the step over the probe's person
    pictures = generator.integers(counts[people])
    # From a picture of the gallery one to all but one places on, around: any other picture of the person.
    probe_pictures = (pictures[:, 0] + generator.integers(1, counts[wanted])) % counts[wanted]
    by_person, starts = np.argsort(person_of, kind="stable"), np.cumsum(counts) - counts
    return by_person[starts[people] + pictures], by_person[starts[wanted] + probe_pictures]


def oneshot_accuracy(similarities, people, seed=0):
    """The share of episodes whose probe is most similar to the picture of its own person, with a 95 % interval.

    A tie counts as wrong: who cannot tell two people apart has not answered. Episodes with the same probe's person are not
    independent, so these people are drawn with replacement, not episodes (cluster bootstrap: Field and Welsh, "Bootstrapping clustered
    data", 2007); the people beside them in the galleries are taken as they are.

    Args:
        similarities: of the probe to each gallery picture, `(num_episodes, num_ways)`; first the one of the probe's person.
        people: the probe's person in each episode, `(num_episodes,)`.

    Returns:
        `(accuracy, [low, high])`
    """
    similarities = np.asarray(similarities)
    right = similarities[:, 0] > similarities[:, 1:].max(axis=1)
    return float(right.mean()), people_bootstrap(people, people, right, seed=seed)


def pixel_vectors(images):
    """The pictures themselves as embeddings: grey values with the picture's mean removed, so that their cosine is a correlation.

    Args:
        images: `(num_images, height, width, 1)`, uint8.

    Returns:
        `(num_images, height * width)`, float32.
    """
    pixels = np.asarray(images, dtype=np.float32).reshape(len(images), -1)
    return pixels - pixels.mean(axis=1, keepdims=True)


def oneshot_table(methods, faces, ways=(2, 5, 10, 20, 50), num_episodes=2000, seed=0):
    """One-shot accuracy of several methods on the same episodes, beside chance.

    Args:
        methods: `{name: compare}`; `compare(left, right)` gives the similarities `(num_pairs,)` of faces, named by their places.
        faces: people who were not trained on.
        ways: the values of N; those that exceed the number of people are left out.
        num_episodes: for each N.
        seed: of the episodes.

    Returns:
        A pandas DataFrame with the columns method, ways, accuracy, low, high; the method `chance` is 1 / N.

    Raises:
        ValueError: if nobody has two pictures.
    """
    import pandas as pd

    people = np.array([face.person for face in faces])
    ways = [num_ways for num_ways in ways if num_ways <= len(set(people))]
    rows = []
    for num_ways in ways:
        gallery, probes = draw_episodes(faces, num_ways, num_episodes, seed)
        for name, compare in methods.items():
            similarities = compare(np.repeat(probes, num_ways), gallery.ravel()).reshape(gallery.shape)
            accuracy, interval = oneshot_accuracy(similarities, people[probes])
            rows.append((name, num_ways, accuracy, *interval))
        rows.append(("chance", num_ways, *[1 / num_ways] * 3))
    return pd.DataFrame(rows, columns=["method", "ways", "accuracy", "low", "high"])


def by_cosine(embeddings):
    """What `oneshot_table` takes as a method: the cosine of embeddings `(num_faces, dim)`; 0 where one of them is zero."""
    embeddings = np.asarray(embeddings, dtype=np.float64)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.where(lengths > 0, lengths, 1.0)
    # Equal embeddings must tie, whatever the order in which the sums are taken.
    cosines = np.round(unit @ unit.T, 9)
    return lambda left, right: cosines[left, right]
