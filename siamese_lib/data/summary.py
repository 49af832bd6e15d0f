"""What a dataset contains: counts, duplicates, qualities of the images, mean faces."""

import hashlib
import io
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import FaceCache
from siamese_lib.data.face_dataset import FaceDataset, FaceFiles
from siamese_lib.data.pairs import Face, Pair, PairList, parse_face
from siamese_lib.data.sampling import connected_components
from siamese_lib.utils.machine import project_root
from siamese_lib.utils.text import as_table

if TYPE_CHECKING:
    import pandas as pd

EYES = "eyes.csv"  # beside a dataset's results


def statistics(pairs: PairList) -> dict[str, int]:
    """Counts of a pair list: pairs, pairs of each class, people, images, connected components."""
    return {
        "pairs": len(pairs),
        "same": sum(pairs.labels),
        "different": len(pairs) - sum(pairs.labels),
        "people": len(pairs.people),
        "images": len(pairs.faces),
        "components": len(connected_components(pairs)),
    }


def people_table(dataset: FaceDataset, pairs_by_split: Mapping[str, PairList]) -> "pd.DataFrame":
    """The numbers of people, images and pairs in the dataset and in each split.

    Args:
        dataset: the dataset.
        pairs_by_split: `{split: PairList}`.

    Returns:
        A row for the dataset, without pairs, and a row for each split.
    """
    num_people = len(images_by_person(dataset))
    rows = [{"split": "all images", "people": num_people, "images": len(dataset.files)}]
    for split, pairs in pairs_by_split.items():
        counts = statistics(pairs)
        del counts["components"]
        rows.append({"split": f"{split} pairs", **counts})
    return as_table(rows).set_index("split")


def learning_table(dataset: FaceDataset, configs: Iterable[ExperimentConfig]) -> "pd.DataFrame":
    """What each experiment learns from, a row for each: pairs, or images of classes.

    Under protocol `people` a class is a person, under `pairs` the images that same pairs join.
    """
    rows = []
    for config in configs:
        sampler = dataset.sampler(config, dataset.split(config))
        kind = "person" if config.protocol == "people" else "group of joined images"
        rows.append(
            {
                "experiment": config.experiment,
                "protocol": config.protocol,
                "an example is": f"an image of a {kind}" if config.learns_classes else "a pair",
                "held out": "nobody" if config.final else f"{config.validation_fraction:.0%}",
                **sampler.counts,
            }
        )
    return as_table(rows).set_index("experiment")


def measuring_pairs(
    config: ExperimentConfig, splits: Mapping[str, PairList]
) -> dict[str, PairList]:
    """The pairs that an experiment is measured on, named by where they come from.

    The test pairs are always those of the list; under protocol `people` training and validation
    pairs are drawn from the images of these people.

    Args:
        config: the experiment.
        splits: what `dataset.split(config)` returned.
    """
    origin = "drawn" if config.protocol == "people" else "listed"
    return {
        f"{'listed' if split == 'test' else origin} {split}": pairs
        for split, pairs in splits.items()
    }


def images_by_person(dataset: FaceFiles) -> Counter[str]:
    """The number of images of each person."""
    return Counter(face.person for face in dataset.files)


def shared_people(pairs_by_split: Mapping[str, PairList]) -> dict[str, int]:
    """The number of people that two splits share: `{"train and test": 0, ...}`."""
    return {
        f"{first} and {second}": len(pairs_by_split[first].people & pairs_by_split[second].people)
        for first, second in itertools.combinations(pairs_by_split, 2)
    }


def missing_faces(dataset: FaceDataset) -> list[Face]:
    """The faces in the pair lists that have no file, sorted."""
    return [face for face in dataset.listed_faces if face not in dataset.files]


def duplicate_files(dataset: FaceFiles) -> list[list[Face]]:
    """Groups of faces whose files are identical byte by byte, each group sorted."""
    groups = defaultdict(list)
    for face, name in sorted(dataset.files.items()):
        groups[hashlib.sha256(dataset.source.read(name)).digest()].append(face)
    return [group for group in groups.values() if len(group) > 1]


def image_sizes(dataset: FaceFiles, faces: Iterable[Face]) -> Counter[tuple[int, int]]:
    """The number of files with each size `(height, width)`; only the files' headers are decoded."""
    sizes: Counter[tuple[int, int]] = Counter()
    for face in faces:
        with Image.open(io.BytesIO(dataset.source.read(dataset.files[face]))) as image:
            sizes[image.height, image.width] += 1
    return sizes


def image_qualities(images: np.ndarray) -> "pd.DataFrame":
    """Brightness, contrast and sharpness of images.

    Args:
        images: `(num_images, height, width, 1)`, uint8.

    Returns:
        A row for each image. brightness: the mean grey value (0-255). contrast: the standard
        deviation of the grey values (0-255). sharpness: the standard deviation of the Laplacian, in
        grey values (Pech-Pacheco et al., 2000).
    """
    import pandas as pd

    rows = []
    for image in images:
        grey = image[:, :, 0].astype(np.float32)
        centre = grey[1:-1, 1:-1]
        neighbours = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
        sharpness = float((neighbours - 4 * centre).std())
        rows.append((float(grey.mean()), float(grey.std()), sharpness))
    return pd.DataFrame(rows, columns=["brightness", "contrast", "sharpness"])


def eye_distances(dataset: FaceDataset) -> dict[Face, float]:
    """How far a detector finds the eyes from where the dataset's alignment puts them, in pixels.

    `python -m benchmarks.alignment --eyes` measured them for the images of LFW-a's pair lists.

    Returns:
        `{face: distance}`, NaN where no face was found; empty for other datasets.
    """
    import pandas as pd

    path = project_root() / "results" / dataset.name / EYES
    if not path.is_file():
        return {}
    table = pd.read_csv(path)
    return dict(zip(map(parse_face, table["image"]), table["distance"]))


def mean_face(cache: FaceCache, faces: Sequence[Face]) -> np.ndarray:
    """The mean of the images of these faces, `(height, width)`, float."""
    return cache[faces].mean(axis=0)[:, :, 0]


def example_pairs(pairs: PairList, label: int, count: int, seed: int) -> list[Pair]:
    """A random sample of the pairs with a label; the same seed gives the same pairs."""
    chosen = [pair for pair in pairs if pair.label == label]
    order = np.random.default_rng(seed).permutation(len(chosen))[:count]
    return [chosen[index] for index in order]
