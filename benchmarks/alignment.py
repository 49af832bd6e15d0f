"""How well faces have to be aligned: where LFW-a's images have the eyes, and what an error of the alignment does to the score.

`python -m siamese_lib alignment --data-root LFWA` measures all of it on training and validation people and writes
`results/lfwa/alignment.json`; no test pair is read.
"""

import importlib.metadata
import io

import numpy as np
from PIL import Image
from skimage.transform import SimilarityTransform

from siamese_lib.data.images import cropped_and_resized
from siamese_lib.evaluation.metrics import verification_metrics
from siamese_lib.inference.photos import FRAME_EYES, NoFace, aligned, detect, warped

NUM_FRAME_IMAGES = 400
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
# What is measured, in the frame of 250x250 pixels; 0 is LFW-a's own alignment.
ERRORS = {
    "shift": (0, 2, 4, 6, 8, 12, 16),
    "rotation": (0, 2.5, 5, 10, 15, 20),
    "scale": (0, 5, 10, 15, 20, 30),
}
UNITS = {"shift": "pixels", "rotation": "degrees", "scale": "percent"}
EYES_CENTER = tuple(np.mean(FRAME_EYES, axis=0))
# A photograph that is made of an LFW-an image: its side, how far the face is turned and scaled.
PHOTO_SIDE, MAX_TURN, SCALES = 600, 15, (0.7, 2.0)


def measure_frame(dataset, seed=0):
    """Where LFW-a's images have eyes, nose and mouth, by the detector that also aligns photographs.

    Args:
        dataset: LFW-a as a `FaceDataset`; one image each of 400 people is looked at, all of them training people.
        seed: which people.

    Returns:
        A dict with num_images, num_without_face, and `landmarks`: for each of the five points the median (x, y) and the spread, which is
        the median distance from it on either axis, all in pixels.

    Raises:
        NoFace: a ValueError, if none of them shows a face.
    """
    first = {
        face.person: face
        for face in sorted(dataset.files, reverse=True)
        if face.person in dataset.train_people
    }
    people = np.random.default_rng(seed).permutation(sorted(first))[:NUM_FRAME_IMAGES]
    found = [detect(np.asarray(_image(dataset, first[person]).convert("RGB"))) for person in people]
    points = np.array([faces[0] for faces in found if faces])  # (num_images, 5, 2)
    if not len(points):
        raise NoFace(
            f"{dataset.source.location}: no face was found in any image that was looked at. Received: {len(people)} images"
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
    """What an error of the alignment does to scores: the right image of each pair is shifted, turned or scaled, the left one never.

    The direction of the shift, the sense of the turn and whether the face grows or shrinks are drawn for each image.

    Args:
        verifier: a `Verifier`.
        dataset: a `FaceDataset` with the images, in LFW-a's frame.
        pairs: a `PairList` of people who are not in the test pairs.
        errors: `{kind: amounts}`; shift in pixels of the frame, rotation in degrees, scale in percent.
        seed: of the directions.

    Returns:
        A list of dicts: kind, amount, unit, accuracy and accuracy_interval at the verifier's threshold, auc, and for the classes `same` and
        `different` the mean score and its quartiles.
    """
    faces = pairs.faces
    images = [_image(dataset, face).convert("L") for face in faces]
    draws = np.random.default_rng(seed).uniform(size=len(faces))
    left = _embedded(verifier, images)
    rows = []
    for kind, amounts in errors.items():
        for amount in amounts:
            moved = (
                [
                    warped(image, alignment_error(kind, amount, draw))
                    for image, draw in zip(images, draws)
                ]
                if amount
                else images
            )
            scores = _scores(verifier, pairs, left, _embedded(verifier, moved) if amount else left)
            rows.append(
                {
                    "kind": kind,
                    "amount": amount,
                    "unit": UNITS[kind],
                    **_summary(verifier, pairs, scores),
                }
            )
    return rows


def alignment_error(kind, amount, draw):
    """One error of the alignment, about the middle between the eyes, as a `SimilarityTransform` of LFW-a's frame.

    Args:
        kind: "shift", "rotation" or "scale".
        amount: pixels, degrees or percent.
        draw: a number in 0-1, which chooses the direction.
    """
    if kind == "shift":
        return SimilarityTransform(
            translation=amount * np.array([np.cos(2 * np.pi * draw), np.sin(2 * np.pi * draw)])
        )
    sign = 1 if draw < 0.5 else -1
    if kind == "rotation":
        change = SimilarityTransform(rotation=sign * np.radians(amount))
    else:
        change = SimilarityTransform(scale=(1 + amount / 100) ** sign)
    center = np.array(EYES_CENTER)
    return (
        SimilarityTransform(translation=-center) + change + SimilarityTransform(translation=center)
    )


def score_of_photos(verifier, dataset, pairs, seed=0):
    """What the way through detection and alignment costs: LFW-a's images become photographs, and these are aligned anew.

    Each image is scaled, turned and put off the centre of a larger one; its face then has to be found.

    Args:
        verifier, dataset, pairs: as in `score_under_error`.
        seed: of the photographs.

    Returns:
        A dict with num_images, num_without_face (these keep LFW-a's alignment), the median and the 90th percentile of the distance in
        pixels by which the middle between the eyes is off LFW-a's, and `lfwa` and `photographs`: as rows of `score_under_error`.
    """
    random = np.random.default_rng(seed)
    images = [_image(dataset, face).convert("L") for face in pairs.faces]
    anew, distances = [], []
    for image in images:
        photo, transform = simulate_photo(image, random)
        faces = detect(np.asarray(photo.convert("RGB")))
        anew.append(aligned(photo, faces[0]) if faces else image)
        if faces:
            back = transform.inverse(faces[0][:2]).mean(axis=0)
            distances.append(np.hypot(*(back - EYES_CENTER)))
    of_images, of_photographs = _embedded(verifier, images), _embedded(verifier, anew)
    return {
        "num_images": len(images),
        "num_without_face": len(images) - len(distances),
        "distance_median": round(float(np.median(distances)), 2),
        "distance_90_percent": round(float(np.quantile(distances, 0.9)), 2),
        "lfwa": _summary(verifier, pairs, _scores(verifier, pairs, of_images, of_images)),
        "photographs": _summary(
            verifier, pairs, _scores(verifier, pairs, of_photographs, of_photographs)
        ),
    }


def simulate_photo(image, random):
    """A larger photograph with a scaled and turned face off its centre, and the transform from the frame to it.

    Args:
        image: a grey Pillow image in LFW-a's frame.
        random: a `numpy.random.Generator`.
    """
    turn = SimilarityTransform(
        rotation=np.radians(random.uniform(-MAX_TURN, MAX_TURN)),
        scale=np.exp(random.uniform(*np.log(SCALES))),
    )
    place = random.uniform(0.4, 0.6, 2) * PHOTO_SIDE
    transform = (
        SimilarityTransform(translation=-np.array(EYES_CENTER))
        + turn
        + SimilarityTransform(translation=place)
    )
    return warped(image, transform, PHOTO_SIDE), transform


def measure(verifier, dataset, config):
    """All of the above for one network: what `results/lfwa/alignment.json` holds.

    Args:
        verifier: a `Verifier`.
        dataset: LFW-a as a `FaceDataset`.
        config: the `ExperimentConfig` that the network was trained by; its validation pairs are scored, which share no
            person with the test pairs.
    """
    pairs = dataset.split(config)["validation"]
    return {
        "model": verifier.settings["experiment"],
        "detector": f"mtcnn {importlib.metadata.version('mtcnn')}",
        "num_pairs": len(pairs),
        "frame": measure_frame(dataset),
        "photographs": score_of_photos(verifier, dataset, pairs),
        "errors": score_under_error(verifier, dataset, pairs, ERRORS),
    }


def _image(dataset, face):
    return Image.open(io.BytesIO(dataset.source.read(dataset.files[face])))


def _embedded(verifier, images):
    inputs = [
        cropped_and_resized(image, verifier.crop, verifier.image_size, "a image")
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
