"""Photographs of any kind come out upright with the eyes where LFW-a's images have them; what
cannot be used is one sentence.
"""

import sys

import numpy as np
import photographs
import pytest
from PIL import Image
from skimage import data

from siamese_lib.data import photos
from siamese_lib.data.photos import FRAME_EYES, MAX_SIDE, NoFace, detect, find_face, open_photo
from siamese_lib.utils.tensorflow import keras

ORIENTATION = 0x0112  # EXIF


def with_orientation(photo, value):
    """A JPEG of pixels that a viewer has to turn as EXIF says before it shows `photo`."""
    turned = {
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
        3: Image.Transpose.ROTATE_180,
    }[value]
    exif = Image.Exif()
    exif[ORIENTATION] = value
    return photographs.encoded(photo.transpose(turned), "JPEG", quality=95, exif=exif)


def sixteen_bit(photo, kind):
    return photographs.encoded(
        Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257), kind
    )


def animated(photo):
    return photographs.encoded(
        photo, "GIF", save_all=True, append_images=[photographs.landscape().resize(photo.size)]
    )


def transparent(photo):
    """Whose hidden pixels are noise."""
    pixels = np.dstack([np.asarray(photo), np.full(photo.size[::-1], 255, np.uint8)])
    pixels[:60] = np.random.default_rng(0).integers(0, 256, pixels[:60].shape)
    pixels[:60, :, 3] = 0
    return photographs.encoded(Image.fromarray(pixels))


ASTRONAUT = photographs.astronaut()
KINDS = {
    "PNG": photographs.encoded(ASTRONAUT),
    "JPEG": photographs.encoded(ASTRONAUT, "JPEG"),
    "off the centre": photographs.encoded(photographs.composition()),
    "small": photographs.encoded(ASTRONAUT.resize((300, 300))),
    "the face alone": photographs.encoded(ASTRONAUT.crop((160, 40, 290, 190))),
    "huge": photographs.encoded(ASTRONAUT.resize((4500, 4500)), "JPEG"),
    "turned by EXIF to the right": with_orientation(ASTRONAUT, 6),
    "turned by EXIF to the left": with_orientation(ASTRONAUT, 8),
    "upside down by EXIF": with_orientation(ASTRONAUT, 3),
    "grey": photographs.encoded(ASTRONAUT.convert("L")),
    "CMYK": photographs.encoded(ASTRONAUT.convert("CMYK"), "JPEG"),
    "palette": photographs.encoded(ASTRONAUT.convert("P")),
    "alpha": transparent(ASTRONAUT),
    "16-bit PNG": sixteen_bit(ASTRONAUT, "PNG"),
    "16-bit TIFF": sixteen_bit(ASTRONAUT, "TIFF"),
    "animated": animated(ASTRONAUT),
    "held askew": photographs.encoded(ASTRONAUT.rotate(20, Image.Resampling.BICUBIC)),
}


@pytest.mark.parametrize("content", KINDS.values(), ids=KINDS.keys())
def test_the_eyes_come_to_lie_where_lfwa_has_them(content):
    face = find_face(content, "astronaut")
    assert (face.image.mode, face.image.size, face.num_faces, face.note) == (
        "L",
        (250, 250),
        1,
        "",
    )
    # The detector looks anew, at the aligned image.
    eyes = detect(np.asarray(face.image.convert("RGB"))[np.newaxis])[0][0][:2]
    np.testing.assert_allclose(eyes, FRAME_EYES, atol=3)


def test_a_photograph_comes_out_upright_in_colour_and_not_larger_than_needed():
    photo = open_photo(with_orientation(photographs.composition(), 6), "a.jpg")
    assert (photo.mode, photo.size) == ("RGB", (1200, 800))
    assert np.abs(np.asarray(photo).astype(int) - np.asarray(photographs.composition())).mean() < 4
    assert max(open_photo(KINDS["huge"], "a.jpg").size) == MAX_SIDE


def test_what_lies_below_transparent_pixels_is_white():
    assert np.asarray(open_photo(KINDS["alpha"], "a.png"))[:60].min() == 255


def test_of_several_faces_the_largest_is_taken_and_it_says_so():
    face = find_face(photographs.encoded(photographs.two_people()), "party.jpg")
    assert (
        face.num_faces == 2 and face.note == "party.jpg: 2 faces were found, the largest is taken"
    )
    assert face.landmarks[:, 0].max() < 512  # the left one is twice as large
    mirrored = find_face(
        photographs.encoded(photographs.two_people().transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        "party.jpg",
    )
    assert mirrored.landmarks[:, 0].min() > 388


NOBODY = {
    "landscape": photographs.landscape(),
    "a cup": Image.fromarray(data.coffee()),
    "a cat": Image.fromarray(data.chelsea()),
    "one colour": Image.new("RGB", (300, 200), "gray"),
    "one pixel": Image.new("L", (1, 1)),
    "a line": Image.new("L", (900, 3)),
    "a face of a few pixels": photographs.composition(0.2, (10, 10), (600, 400)),
}


@pytest.mark.parametrize("photo", NOBODY.values(), ids=NOBODY.keys())
def test_no_face_is_one_sentence_that_says_so(photo):
    with pytest.raises(NoFace, match=r"^hill\.jpg: no face was found.*Received: \d+x\d+ pixels$"):
        find_face(photographs.encoded(photo), "hill.jpg")


@pytest.mark.parametrize("content", [b"", b"no image", KINDS["JPEG"][:3000], KINDS["PNG"][:200]])
def test_a_broken_file_is_one_sentence_that_names_it(content):
    with pytest.raises(ValueError, match=r"^holiday\.jpg cannot be read as an image.*Received: "):
        find_face(content, "holiday.jpg")


@pytest.fixture
def fresh_detector(monkeypatch):
    """A detector that has to be made anew, and only for this test."""
    monkeypatch.setattr(
        photos, "mtcnn_detector", photos.functools.cache(photos.mtcnn_detector.__wrapped__)
    )


def test_weights_that_were_not_tested_are_never_loaded(fresh_detector, monkeypatch):
    import joblib

    loaded = []
    monkeypatch.setattr(joblib, "load", loaded.append)
    monkeypatch.setitem(photos.WEIGHTS_SHA256, "onet.lz4", "0" * 64)
    with pytest.raises(
        ValueError,
        match=r"^onet\.lz4 is not the tested file of the face detector.*Received: sha256 94f6",
    ):
        find_face(KINDS["JPEG"], "a.jpg")
    assert loaded == []


def test_a_file_in_the_current_folder_is_not_taken_for_weights(
    fresh_detector, monkeypatch, tmp_path
):
    for name in photos.WEIGHTS_SHA256:
        (tmp_path / name).write_bytes(b"anything")
    monkeypatch.chdir(tmp_path)
    assert find_face(KINDS["JPEG"], "a.jpg").num_faces == 1


def test_without_the_package_one_sentence_says_what_to_install(fresh_detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(ValueError, match=r"pip install mtcnn==1\.0\.0\. Received: "):
        find_face(KINDS["JPEG"], "a.jpg")


def test_half_precision_of_a_training_before_does_not_reach_the_detector(fresh_detector):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        landmarks = find_face(KINDS["PNG"], "a.png").landmarks
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(landmarks, find_face(KINDS["PNG"], "a.png").landmarks, atol=0.01)
