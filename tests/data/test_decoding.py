"""Image files of all kinds come out upright and with 8 bits, or are refused in one sentence."""

import struct
import zlib

import numpy as np
import pytest
from photographs import encoded
from PIL import Image, features

from siamese_lib.data import decoding
from siamese_lib.data.decoding import open_image

ORIENTATION = 0x0112  # EXIF
# 60 pixels high, 50 wide; every grey value from 0 to 255
GREY = np.linspace(0, 255, 60 * 50).round().astype(np.uint8).reshape(60, 50)


def grey_of(content, name="a.tif", **options):
    return np.asarray(open_image(content, name, lambda image: image.convert("L"), **options))


def png(width, height, num_bits=8, colour_type=0, pixels=b""):
    """A PNG with these fields in its header; Pillow writes neither all of them nor no pixels."""
    chunks = b""
    for kind, content in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, num_bits, colour_type, 0, 0, 0)),
        (b"IDAT", pixels),
        (b"IEND", b""),
    ):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        chunks += struct.pack(">I", len(content)) + kind + content + checksum
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param(GREY.astype(np.uint16) * 257, "PNG", id="16-bit PNG"),
        pytest.param(GREY.astype(np.uint16) * 257, "TIFF", id="16-bit TIFF"),
        pytest.param(GREY.astype(np.int32) * 257, "TIFF", id="16 bits in 32-bit integers"),
        pytest.param(GREY.astype(np.int32), "TIFF", id="8 bits in 32-bit integers"),
        pytest.param(GREY.astype(np.uint16), "PNG", id="8 bits in a 16-bit PNG"),
        pytest.param((GREY / 255).astype(np.float32), "TIFF", id="floats from 0 to 1"),
        pytest.param(GREY.astype(np.float32), "TIFF", id="floats from 0 to 255"),
    ],
)
def test_a_file_of_more_than_8_bits_gives_the_image_of_8_bits(values, kind):
    np.testing.assert_array_equal(grey_of(encoded(Image.fromarray(values), kind)), GREY)


FLOATS = (GREY / 255).astype(np.float32)


@pytest.mark.parametrize(
    ("values", "kind", "range_"),
    [
        pytest.param(GREY.astype(np.uint16) * 16, "PNG", "0 to 4080", id="12 bits in a PNG"),
        pytest.param(GREY.astype(np.int32) * 16, "TIFF", "0 to 4080", id="12 bits in integers"),
        pytest.param(GREY.astype(np.int32) * 514, "TIFF", "0 to 131070", id="beyond 16 bits"),
        pytest.param(GREY.astype(np.int32) - 1, "TIFF", "-1 to 254", id="negative integers"),
        pytest.param(FLOATS - 0.5, "TIFF", "-0.5 to 0.5", id="floats around 0"),
        pytest.param(FLOATS * 40, "TIFF", "0 to 40", id="floats of another range"),
        pytest.param(FLOATS * np.nan, "TIFF", "nan to nan", id="not a number"),
        pytest.param(
            np.where(FLOATS == 1, np.inf, FLOATS), "TIFF", "0 to inf", id="infinitely bright"
        ),
        pytest.param(GREY.astype(np.uint16) * 0, "PNG", "0 to 0", id="black"),
    ],
)
def test_a_file_of_more_than_8_bits_without_a_known_white_is_refused(values, kind, range_):
    with pytest.raises(
        ValueError,
        match=rf"^a\.tif has more than 8 bits .* 8 bits\. Received: values from {range_}$",
    ):
        grey_of(encoded(Image.fromarray(values), kind))


def sixteen_bit_colours(values):
    """A PNG of `(height, width, 3)`, uint16."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(values.shape[1], values.shape[0], 16, 2, zlib.compress(rows))


def test_colours_of_16_bits_follow_the_same_rule():
    colours = np.dstack([GREY.astype(np.uint16)] * 3)
    np.testing.assert_array_equal(grey_of(sixteen_bit_colours(colours * 257)), GREY)
    with pytest.raises(ValueError, match="has more than 8 bits and no known white"):
        grey_of(sixteen_bit_colours(colours * 16))


KINDS = ["JPEG", "PNG", "TIFF", "WEBP", *(["AVIF"] if features.check("avif") else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_turned_upright(kind):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = Image.fromarray(GREY).transpose(Image.Transpose.ROTATE_90)
    upright = grey_of(encoded(turned.convert("RGB"), kind, exif=exif))
    assert upright.shape == GREY.shape
    assert np.abs(upright.astype(int) - GREY).mean() < 4


def test_damaged_exif_data_do_no_harm(recwarn):
    content = encoded(Image.fromarray(GREY), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" * 2)
    assert grey_of(content).shape == GREY.shape and not recwarn.list


@pytest.fixture
def small_limits(monkeypatch):
    """Limits that a small image exceeds, of this project and of Pillow."""
    monkeypatch.setattr(decoding, "MAX_PIXELS", 15_000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20_000)


def test_of_a_large_jpeg_only_a_fraction_is_decoded(small_limits):
    content = encoded(Image.new("L", (400, 300), 200), "JPEG")
    decoded = grey_of(content, enough_side=50)
    assert decoded.shape == (75, 100) and decoded.max() == 200
    assert Image.MAX_IMAGE_PIXELS == 20_000  # of the whole process


@pytest.mark.parametrize(
    ("content", "enough_side", "received"),
    [
        (encoded(Image.new("L", (400, 300)), "JPEG"), None, "400x300 pixels"),
        (encoded(Image.new("L", (400, 300)), "JPEG", progressive=True), 50, "400x300 pixels"),
        (encoded(Image.new("L", (140, 120)), "PNG"), 50, "140x120 pixels"),
        (encoded(Image.new("L", (140, 120)), "WEBP"), 50, "140x120 pixels"),
        (encoded(Image.new("L", (400, 300)), "PNG"), 50, r"a file of \d+ bytes"),
    ],
)
def test_what_is_decoded_whole_may_not_be_too_large(small_limits, content, enough_side, received):
    with pytest.raises(
        ValueError, match=rf"^a\.tif has too many pixels .*smaller copy\. Received: {received}$"
    ):
        grey_of(content, enough_side=enough_side)


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (11_000, 10_001), (110_000_001, 1)]
)
def test_an_image_of_huge_size_is_refused_before_it_is_decoded(width, height):
    with pytest.raises(ValueError, match=r"^a\.tif has too many pixels .*110 million"):
        grey_of(png(width, height))


def test_the_size_of_a_good_camera_is_decoded():
    with pytest.raises(ValueError, match="cannot be read as an image"):  # it has no pixels
        grey_of(png(12_000, 9_000))


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_a_heic_photo_is_called_so(brand):
    content = b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(500)
    with pytest.raises(
        ValueError, match=r"^a\.jpg is a HEIC photo.* as JPEG\. Received: 524 bytes"
    ):
        grey_of(content, "a.jpg")


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>not found</html>", b"\0\0\0\x18ftypqt  " + bytes(99)],
    ids=["empty", "a page", "a film"],
)
def test_other_files_are_one_sentence_without_pythons_objects(content):
    with pytest.raises(
        ValueError, match=r"^a\.jpg cannot be read as an image; .*JPEG, PNG"
    ) as caught:
        grey_of(content, "a.jpg")
    assert f"Received: {len(content)} bytes" in str(caught.value)
    assert "<_io" not in str(caught.value)
