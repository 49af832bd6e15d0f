"""How exact the alignment of faces must be: where the eyes are in LFW-a, what an error costs.

`python -m benchmarks.alignment --data-root LFWA --model MODEL` measures training and validation
people and writes `results/lfwa/alignment.json`; no test pair is read. MODEL is the network of a run
with people held out, `lfwa_people_held_out/seed_0/model.keras`. With `--eyes` it looks for the eyes
in every image of the pair lists instead and writes `results/lfwa/eyes.csv`.
"""

import argparse
import importlib.metadata
import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from skimage.transform import SimilarityTransform

from siamese_lib.__main__ import exit_code
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.images import cropped_and_resized
from siamese_lib.data.load import load_dataset
from siamese_lib.data.photos import FRAME_EYES, NoFace, aligned, detect, warped
from siamese_lib.data.summary import EYES
from siamese_lib.evaluation.metrics import verification_metrics
from siamese_lib.inference.verifier import Verifier
from siamese_lib.utils.files import write_json, write_text
from siamese_lib.utils.machine import project_root, versions

NUM_FRAME_IMAGES = 400
IMAGES_TOGETHER = 32
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
# The errors that are measured, in the frame of 250x250 pixels; 0 is LFW-a's own alignment.
ERRORS = {
    "shift": (0, 2, 4, 6, 8, 12, 16),
    "rotation": (0, 2.5, 5, 10, 15, 20),
    "scale": (0, 5, 10, 15, 20, 30),
}
UNITS = {"shift": "pixels", "rotation": "degrees", "scale": "percent"}
EYES_CENTER = tuple(np.mean(FRAME_EYES, axis=0))
# A photo simulated from an image of LFW-a: its side in pixels, the largest rotation of the face in
# degrees, and the range of its scale.
PHOTO_SIDE, MAX_TURN, SCALES = 600, 15, (0.7, 2.0)


def main(arguments=None):
    """Measures and writes `alignment.json`; returns the command line's exit code."""
    root = project_root()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alignment", description=__doc__)
    parser.add_argument("--data-root", help="folder or archive of LFW-a")
    parser.add_argument(
        "--results", default=root / "results" / "lfwa", help="where the measurements are written"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--model", help="the .keras file of a run with people held out, its .json beside it"
    )
    what.add_argument("--eyes", action="store_true", help="writes eyes.csv instead")
    options = parser.parse_args(arguments)
    return exit_code(lambda: (_write_eyes if options.eyes else _measure_and_write)(options))


def _write_eyes(options):
    dataset = load_dataset("lfwa", options.data_root)
    table = measure_eyes(dataset, dataset.listed_faces)
    write_text(Path(options.results) / EYES, table.to_csv(index=False, float_format="%.1f"))
    print(f"{table['distance'].isna().sum()} of {len(table)} images show no face")


def measure_eyes(dataset, faces):
    """How far the eyes are from where LFW-a's alignment puts them, by the detector of photos.

    Args:
        dataset: LFW-a as a `FaceDataset`.
        faces: the faces to look at.

    Returns:
        A row for each face: image, distance (the mean of both eyes, in pixels of the frame; of
        several faces in an image the nearest; NaN where no face is found).
    """
    rows = []
    for start in range(0, len(faces), IMAGES_TOGETHER):
        part = faces[start : start + IMAGES_TOGETHER]
        images = [np.asarray(_image(dataset, face).convert("RGB")) for face in part]
        for face, found in zip(part, detect(np.stack(images))):
            eyes = np.array([landmarks[:2] for landmarks in found]).reshape(-1, 2, 2)
            distances = np.linalg.norm(eyes - np.array(FRAME_EYES), axis=2).mean(axis=1)
            nearest = distances.min() if len(distances) else np.nan
            rows.append({"image": str(face), "distance": nearest})
    return pd.DataFrame(rows)


def _measure_and_write(options):
    verifier = Verifier.load(options.model)
    dataset = load_dataset("lfwa", options.data_root)
    path = Path(options.results) / "alignment.json"
    measured = measure(verifier, dataset)
    write_json(path, measured | {"versions": versions()})
    print(f"Written: {path}")


def measure(verifier, dataset):
    """All measurements for one network: the content of `results/lfwa/alignment.json`.

    Args:
        verifier: a `Verifier`; the validation pairs of its training are scored, which share no
            person with the test pairs.
        dataset: LFW-a as a `FaceDataset`.

    Raises:
        ValueError: if the network has learnt from people of these pairs, or is of other data.
    """
    pairs = _validation_pairs(verifier, dataset)
    return {
        "model": verifier.settings["experiment"],
        "detector": f"mtcnn {importlib.metadata.version('mtcnn')}",
        "num_pairs": len(pairs),
        "frame": measure_frame(dataset),
        "photographs": score_of_photos(verifier, dataset, pairs),
        "errors": score_under_error(verifier, dataset, pairs, ERRORS),
    }


def _validation_pairs(verifier, dataset):
    """The validation pairs of the network's training; it must not have learnt from their people."""
    trained = verifier.settings.get("config", {})
    # A final network has no validation pairs of its own.
    if trained.get("dataset") == dataset.name and not trained["final"]:
        pairs = dataset.split(ExperimentConfig.from_dict(trained))["validation"]
        if not any(verifier.known_people(pairs).get("train", ())):
            return pairs
    raise ValueError(
        "The network has learnt from the people that are scored here, or from other data; give "
        "the network of a run on LFW-a with people held out. "
        f"Received: {verifier.settings.get('experiment')}"
    )


def measure_frame(dataset, seed=0):
    """Where eyes, nose and mouth are in LFW-a, by the detector that also aligns photos.

    Args:
        dataset: LFW-a as a `FaceDataset`; one image each of 400 training people is read.
        seed: of the choice of people.

    Returns:
        A dict with num_images, num_without_face, and `landmarks`: for each of the five points the
        median (x, y) and the spread, the median distance from it on either axis, all in pixels.

    Raises:
        NoFace: a ValueError, if no image shows a face.
    """
    first = {
        face.person: face
        for face in sorted(dataset.files, reverse=True)
        if face.person in dataset.train_people
    }
    people = np.random.default_rng(seed).permutation(sorted(first))[:NUM_FRAME_IMAGES]
    images = [_image(dataset, first[person]).convert("RGB") for person in people]
    found = [detect(np.asarray(image)[np.newaxis])[0] for image in images]
    points = np.array([faces[0] for faces in found if faces])  # (num_images, 5, 2)
    if not len(points):
        raise NoFace(
            f"{dataset.source.location}: no face was found in any of the images that were read. "
            f"Received: {len(people)} images"
        )
    medians = np.median(points, axis=0)
    spreads = np.median(np.abs(points - medians), axis=0)
    landmarks = {
        name: {"median": median.round(1).tolist(), "spread": spread.round(1).tolist()}
        for name, median, spread in zip(POINTS, medians, spreads)
    }
    return {
        "num_images": len(people),
        "num_without_face": len(people) - len(points),
        "landmarks": landmarks,
    }


def score_under_error(verifier, dataset, pairs, errors, seed=0):
    """Scores of pairs whose right image has an error of the alignment; the left one has none.

    The direction of the shift, the sense of the rotation and whether the face grows or shrinks are
    drawn for each image.

    Args:
        verifier: a `Verifier`.
        dataset: a `FaceDataset` with the images, in LFW-a's frame.
        pairs: a `PairList` of people who are not in the test pairs.
        errors: `{kind: amounts}`; shift in pixels of the frame, rotation in degrees, scale in
            percent.
        seed: of the directions.

    Returns:
        A list of dicts: kind, amount, unit, accuracy and accuracy_interval at the verifier's
        threshold, auc, and for the classes `same` and `different` the mean score and its quartiles.
    """
    faces = pairs.faces
    images = [_image(dataset, face).convert("L") for face in faces]
    draws = np.random.default_rng(seed).uniform(size=len(faces))
    exact = _embedded(verifier, images)
    rows = []
    for kind, amounts in errors.items():
        for amount in amounts:
            moved = exact
            if amount:
                transforms = [
                    alignment_error(kind, amount, draw).inverse.params[:2] for draw in draws
                ]
                moved = _embedded(verifier, map(warped, images, transforms))
            summary = _summary(verifier, pairs, _scores(verifier, pairs, exact, moved))
            rows.append({"kind": kind, "amount": amount, "unit": UNITS[kind], **summary})
    return rows


def alignment_error(kind, amount, draw):
    """One error of the alignment as a `SimilarityTransform` of LFW-a's frame.

    Rotation and scale are about the middle between the eyes.

    Args:
        kind: "shift", "rotation" or "scale".
        amount: pixels, degrees or percent.
        draw: a number in 0-1, which determines the direction.
    """
    if kind == "shift":
        angle = 2 * np.pi * draw
        return SimilarityTransform(translation=amount * np.array([np.cos(angle), np.sin(angle)]))
    sign = 1 if draw < 0.5 else -1
    if kind == "rotation":
        change = SimilarityTransform(rotation=sign * np.radians(amount))
    else:
        change = SimilarityTransform(scale=(1 + amount / 100) ** sign)
    return _about_the_eyes(change, EYES_CENTER)


def _about_the_eyes(change, target):
    """A transform about the middle between the eyes that moves this point to `target`."""
    to_origin = SimilarityTransform(translation=-np.array(EYES_CENTER))
    return to_origin + change + SimilarityTransform(translation=np.array(target))


def score_of_photos(verifier, dataset, pairs, seed=0):
    """The cost of detection and alignment: LFW-a's images become photos and are aligned again.

    Each image is scaled, rotated and moved off the centre of a larger one; its face is then
    detected and aligned.

    Args:
        verifier, dataset, pairs: as in `score_under_error`.
        seed: of the photos.

    Returns:
        A dict with num_images, num_without_face (these keep LFW-a's alignment), the median and the
        90th percentile of the distance in pixels between the two middles of the eyes, and `lfwa`
        and `photographs`: as rows of `score_under_error`.
    """
    random = np.random.default_rng(seed)
    images = [_image(dataset, face).convert("L") for face in pairs.faces]
    aligned_again, distances = [], []
    for image in images:
        photo, transform = simulate_photo(image, random)
        (faces,) = detect(np.asarray(photo.convert("RGB"))[np.newaxis])
        aligned_again.append(aligned(photo, faces[0]) if faces else image)
        if faces:
            found = transform.inverse(faces[0][:2]).mean(axis=0)
            distances.append(np.hypot(*(found - EYES_CENTER)))
    of_images, of_photos = _embedded(verifier, images), _embedded(verifier, aligned_again)
    return {
        "num_images": len(images),
        "num_without_face": len(images) - len(distances),
        "distance_median": round(float(np.median(distances)), 2),
        "distance_90_percent": round(float(np.quantile(distances, 0.9)), 2),
        "lfwa": _summary(verifier, pairs, _scores(verifier, pairs, of_images, of_images)),
        "photographs": _summary(verifier, pairs, _scores(verifier, pairs, of_photos, of_photos)),
    }


def simulate_photo(image, random):
    """A larger photo with a scaled and rotated face off its centre, and the transform to it.

    Args:
        image: a grey Pillow image in LFW-a's frame.
        random: a `numpy.random.Generator`.
    """
    change = SimilarityTransform(
        rotation=np.radians(random.uniform(-MAX_TURN, MAX_TURN)),
        scale=np.exp(random.uniform(*np.log(SCALES))),
    )
    transform = _about_the_eyes(change, random.uniform(0.4, 0.6, 2) * PHOTO_SIDE)
    return warped(image, transform.inverse.params[:2], PHOTO_SIDE), transform


def _image(dataset, face):
    return Image.open(io.BytesIO(dataset.source.read(dataset.files[face])))


def _embedded(verifier, images):
    inputs = [
        cropped_and_resized(image, verifier.crop, verifier.image_size, "an image")
        for image in images
    ]
    return verifier.embed(np.stack(inputs)[..., np.newaxis])


def _scores(verifier, pairs, left, right):
    rows = {face: row for row, face in enumerate(pairs.faces)}
    return verifier.score(
        left[[rows[pair.left] for pair in pairs]], right[[rows[pair.right] for pair in pairs]]
    )


def _summary(verifier, pairs, scores):
    metrics = verification_metrics(pairs, scores, verifier.settings["threshold"])
    labels = np.array(pairs.labels)
    classes = {"same": scores[labels == 1], "different": scores[labels == 0]}
    return {key: metrics[key] for key in ("accuracy", "accuracy_interval", "auc")} | {
        name: {
            "mean": float(values.mean()),
            "quartiles": np.quantile(values, [0.25, 0.75]).tolist(),
        }
        for name, values in classes.items()
    }


if __name__ == "__main__":
    sys.exit(main())
