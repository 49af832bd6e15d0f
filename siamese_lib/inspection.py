"""What is in a dataset: counts, duplicates, qualities of the pictures, mean faces."""

import hashlib
import io
from collections import Counter, defaultdict

import numpy as np
from PIL import Image

from siamese_lib import figures
from siamese_lib.pairs import SAME, Pair, parse_face, statistics


def people_table(dataset, pairs_by_split):
    """How much there is, for the whole dataset and for each part: people, images, pairs in total and by class.

    Args:
        dataset: a `FaceDataset`.
        pairs_by_split: `{part: PairList}`.

    Returns:
        A pandas DataFrame, one row a part; the first has no pairs.
    """
    people = len({face.person for face in dataset.files})
    rows = [{"part": "all pictures", "people": people, "images": len(dataset.files)}]
    for part, pairs in pairs_by_split.items():
        counts = statistics(pairs)
        rows.append({"part": f"{part} pairs"} | {key: counts[key] for key in ("people", "images", "pairs", "same", "different")})
    return as_table(rows).set_index("part")


def as_table(rows):
    """A pandas DataFrame of dicts for reading: empty where there is no value, and whole numbers stay whole beside that."""
    import pandas as pd

    columns = dict.fromkeys(column for row in rows for column in row)
    filled = [["" if row.get(column) is None else row[column] for column in columns] for row in rows]
    return pd.DataFrame(filled, columns=list(columns), dtype=object)


def images_by_person(dataset):
    """How many pictures each person has, the most first: a `Counter`."""
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
    """Brightness, contrast and sharpness of pictures.

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
        laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
        rows.append((float(grey.mean()), float(grey.std()), float(laplacian.std())))
    return pd.DataFrame(rows, columns=["brightness", "contrast", "sharpness"])


def mean_face(cache, faces):
    """The mean of the pictures of these faces, `(height, width)`, float."""
    return cache[faces].mean(axis=0)[:, :, 0]


def example_pairs(pairs, label, count, seed):
    """A random sample of pairs of one class, the same for the same seed."""
    chosen = [pair for pair in pairs if pair.label == label]
    order = np.random.default_rng(seed).permutation(len(chosen))[:count]
    return [chosen[place] for place in order]


def pair_table(pairs_by_split):
    """The pairs of all parts as a pandas DataFrame with the columns split, left, right, label, like `Run.scores` without the scores.

    Args:
        pairs_by_split: `{part: PairList}`.
    """
    import pandas as pd

    rows = [(split, str(pair.left), str(pair.right), pair.label) for split, pairs in pairs_by_split.items() for pair in pairs]
    return pd.DataFrame(rows, columns=["split", "left", "right", "label"])


def pair_of(row):
    """The `Pair` that a row of such a table names."""
    return Pair(parse_face(row["left"]), parse_face(row["right"]), row["label"])


def pair_caption(pair):
    """The names under a pair of faces."""
    names = f"{pair.left.person} {pair.left.number}"
    return f"{names} / {pair.right.number}" if pair.label == SAME else f"{names}\n{pair.right.person} {pair.right.number}"


def scored_gallery(scores, cache, threshold, title):
    """The gallery of scored pairs, each with its names, its score and its distance to the threshold.

    Args:
        scores: rows of `Run.scores` with the further column `wrong`.
        cache: the `FaceCache` with the pictures.
        threshold: what the scores were compared with.
        title: the figure's title.
    """
    rows = scores.to_dict("records")
    images = [cache[pair_of(row)[:2]] for row in rows]
    captions = [f"{row['score']:.4f} ({row['score'] - threshold:+.3f})\n{row['left']}\n{row['right']}" for row in rows]
    return figures.pair_gallery(images, captions, [row["wrong"] for row in rows], title if rows else f"{title}: there are none")
