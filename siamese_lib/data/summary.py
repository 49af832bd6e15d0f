"""What is in a dataset: counts, duplicates, qualities of the images, mean faces."""

import hashlib
import io
from collections import Counter, defaultdict

import numpy as np
from PIL import Image

from siamese_lib.data.sampling import connected_components
from siamese_lib.utils.files import as_table


def statistics(pairs):
    """Counts of a pair list: pairs, pairs by class, people, images, connected components."""
    return {
        "pairs": len(pairs),
        "same": sum(pairs.labels),
        "different": len(pairs) - sum(pairs.labels),
        "people": len(pairs.people),
        "images": len(pairs.faces),
        "components": len(connected_components(pairs)),
    }


def people_table(dataset, pairs_by_split):
    """How much there is, for the whole dataset and for each part: people, images, pairs in total and by class.

    Args:
        dataset: a `FaceDataset`.
        pairs_by_split: `{part: PairList}`.

    Returns:
        A pandas DataFrame, one row a part; the first has no pairs.
    """
    people = len({face.person for face in dataset.files})
    rows = [{"part": "all images", "people": people, "images": len(dataset.files)}]
    for part, pairs in pairs_by_split.items():
        counts = statistics(pairs)
        rows.append(
            {"part": f"{part} pairs"}
            | {key: counts[key] for key in ("people", "images", "pairs", "same", "different")}
        )
    return as_table(rows).set_index("part")


def images_by_person(dataset):
    """How many images each person has, the most first: a `Counter`."""
    return Counter(face.person for face in dataset.files)


def shared_people(pairs_by_split):
    """How many people each two parts share: `{"train and test": 0, ...}`."""
    parts = list(pairs_by_split)
    return {
        f"{one} and {two}": len(pairs_by_split[one].people & pairs_by_split[two].people)
        for index, one in enumerate(parts)
        for two in parts[index + 1 :]
    }


def missing_faces(dataset):
    """The faces that the pair lists name and the data do not hold, sorted."""
    return [face for face in dataset.listed_faces if face not in dataset.files]


def duplicate_files(dataset):
    """Groups of faces whose files are identical byte by byte, each group sorted."""
    groups = defaultdict(list)
    for face, name in sorted(dataset.files.items()):
        groups[hashlib.sha256(dataset.source.read(name)).digest()].append(face)
    return [group for group in groups.values() if len(group) > 1]


def image_sizes(dataset, faces):
    """How many of these faces' files have which size: a `Counter` of `(height, width)`; only the files' headers are read."""
    sizes = Counter()
    for face in faces:
        with Image.open(io.BytesIO(dataset.source.read(dataset.files[face]))) as image:
            sizes[image.height, image.width] += 1
    return sizes


def image_qualities(images):
    """Brightness, contrast and sharpness of images.

    Args:
        images: `(num_images, height, width, 1)`, uint8.

    Returns:
        A pandas DataFrame: brightness, the mean grey value (0-255); contrast, its standard deviation (0-255); sharpness, the
        standard deviation of the Laplacian (Pech-Pacheco et al., 2000), in grey values.
    """
    import pandas as pd

    rows = []
    for image in images:
        grey = image[:, :, 0].astype(np.float32)
        laplacian = (
            grey[:-2, 1:-1]
            + grey[2:, 1:-1]
            + grey[1:-1, :-2]
            + grey[1:-1, 2:]
            - 4 * grey[1:-1, 1:-1]
        )
        rows.append((float(grey.mean()), float(grey.std()), float(laplacian.std())))
    return pd.DataFrame(rows, columns=["brightness", "contrast", "sharpness"])


def mean_face(cache, faces):
    """The mean of the images of these faces, `(height, width)`, float."""
    return cache[faces].mean(axis=0)[:, :, 0]


def example_pairs(pairs, label, count, seed):
    """A random sample of pairs of one class, the same for the same seed."""
    chosen = [pair for pair in pairs if pair.label == label]
    order = np.random.default_rng(seed).permutation(len(chosen))[:count]
    return [chosen[place] for place in order]
