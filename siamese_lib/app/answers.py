"""What the page computes: the comparison of two pictures, the ranking of a gallery, error rates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.photos import AlignedFace
from siamese_lib.inference.comparison import score_faces, usable
from siamese_lib.inference.explain import occlusion_maps
from siamese_lib.inference.gallery import IMAGES_TOGETHER, cropped_face, read_file
from siamese_lib.inference.scorer import Scorer
from siamese_lib.training.run import Run
from siamese_lib.utils.machine import project_root

MAX_GALLERY = 500  # pictures


class Rates(NamedTuple):
    """Scored pairs of people whom the network has not seen, to which error rates refer.

    Attributes:
        scores, labels: `(num_pairs,)`.
    """

    scores: np.ndarray
    labels: np.ndarray

    def at(self, threshold: float) -> tuple[float, float]:
        """The false accept rate and the false reject rate at a threshold."""
        accepted, same = self.scores >= threshold, self.labels == 1
        return float(accepted[~same].mean()), float((~accepted)[same].mean())


def rates_of(verifier: Scorer) -> Rates | None:
    """The validation scores of the network's run in `results/`, if that is there.

    None too for a threshold that was calibrated on a user's own people: the rates are not theirs.
    """
    settings = verifier.settings
    runs = project_root() / "results"
    name = f"{settings.get('experiment')}/seed_{settings.get('seed')}"
    found = [runs / each.name / name for each in runs.glob("*")] if runs.is_dir() else []
    run = next((Run(folder) for folder in found if Run(folder).done), None)
    if run is None or "calibration" in settings or "config" not in settings:
        return None
    trained = ExperimentConfig.from_dict(settings["config"])
    if trained.result_fields() != run.config.result_fields():
        return None  # another network of the same name
    table = run.scores("validation")
    return Rates(table["score"].to_numpy(), table["label"].to_numpy())


class Compared(NamedTuple):
    """Two faces in comparison.

    Attributes:
        score: the probability that they belong to one person.
        images: what the network sees of them, `(height, width)` each.
        maps: the influence of each region of them on the score, in log-odds.
        notes: sentences on the choice of the faces.
    """

    score: float
    images: list[np.ndarray]
    maps: tuple[np.ndarray, np.ndarray]
    notes: list[str]


def compared(verifier: Scorer, paths: Sequence[str]) -> Compared:
    """Compares the largest faces of two pictures.

    Raises:
        ValueError: if one cannot be read or shows no face.
    """
    faces = [usable(face) for face in _faces(verifier, paths)]
    images = [cropped_face(verifier, face) for face in faces]
    maps = occlusion_maps(verifier, *np.stack(images)[..., np.newaxis])
    notes = [face.note for face in faces if face.note]
    return Compared(score_faces(verifier, faces), images, maps, notes)


def _faces(verifier: Scorer, paths: Sequence[str]) -> list[AlignedFace | ValueError]:
    return verifier.find_faces([(read_file(path), Path(path).name) for path in paths])


def ranked(
    verifier: Scorer, probe: str, paths: Sequence[str]
) -> tuple[list[tuple[float, str, Any]], list[str]]:
    """The faces of a gallery, the most alike to a probe first.

    Unlike `rank_folder`, it keeps nothing on the disk.

    Returns:
        `(rows, skipped)`: score, name and aligned image of each, and a sentence for each picture
        that cannot be compared.

    Raises:
        ValueError: if the probe cannot be compared, or no picture of the gallery can.
    """
    if len(paths) > MAX_GALLERY:
        raise ValueError(
            f"A gallery here has at most {MAX_GALLERY} pictures; `find` on the command line takes "
            f"any number. Received: {len(paths)}"
        )
    (first,) = _faces(verifier, [probe])
    own = usable(first)
    found: list[AlignedFace | ValueError] = []
    for start in range(0, len(paths), IMAGES_TOGETHER):  # their photos are not held all at once
        found += _faces(verifier, paths[start : start + IMAGES_TOGETHER])
    faces = [face for face in found if not isinstance(face, ValueError)]
    skipped = [str(face) for face in found if isinstance(face, ValueError)]
    if not faces:
        raise ValueError(
            f"No picture of the gallery can be compared. Received: {len(paths)} files"
            f"{', the first: ' + skipped[0] if skipped else ''}"
        )
    images = [cropped_face(verifier, face) for face in (own, *faces)]
    embeddings = verifier.embed(np.stack(images)[..., np.newaxis])
    scores = verifier.score(np.repeat(embeddings[:1], len(faces), axis=0), embeddings[1:])
    rows = [(score, face.name, face.image) for score, face in zip(scores.tolist(), faces)]
    return sorted(rows, key=lambda row: -row[0]), skipped
