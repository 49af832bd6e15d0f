"""Images: decoding of all kinds of files, and a cache that is rebuilt if damaged or old."""

import dataclasses
import io
import os
import struct
import threading

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from siamese_lib.data.cache import open_cache
from siamese_lib.data.images import decode_image
from siamese_lib.data.lfw import locate_faces
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pairs import Face

SIZE = (40, 32)  # (height, width)
# 60 pixels high, 50 wide
GREY = (np.add.outer(3 * np.arange(60), 2 * np.arange(50)) % 256).astype(np.uint8)


def encoded(image, kind="PNG", **options):
    """The bytes of an array or a Pillow image in a file format."""
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, kind, **options)
    return out.getvalue()


def test_a_grey_image_of_the_requested_size_is_unchanged():
    decoded = decode_image(encoded(GREY), None, (60, 50), "a.png")
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, GREY)


def test_a_crop_is_top_bottom_left_right():
    np.testing.assert_array_equal(
        decode_image(encoded(GREY), (10, 50, 5, 37), (40, 32), "a.png"), GREY[10:50, 5:37]
    )


def test_the_crop_comes_before_the_size():
    # The white frame around the black image must not affect the result.
    framed = np.full((60, 60), 255, np.uint8)
    framed[10:50, 10:50] = 0
    assert decode_image(encoded(framed), (10, 50, 10, 50), (35, 33), "a.png").max() == 0


def drawn(top, left, size, thick, canvas=96):
    """The black outline of a square on white."""
    image = np.full((canvas, canvas), 255, np.uint8)
    image[top : top + size, left : left + size] = 0
    image[top + thick : top + size - thick, left + thick : left + size - thick] = 255
    return image


@pytest.mark.parametrize("square", [(4, 0, 40, 4), (56, 56, 40, 4), (10, 5, 80, 8)])
def test_the_bounding_box_removes_differences_of_position_and_size(square):
    central, elsewhere = (
        decode_image(encoded(drawn(*values)), "bounding_box", (48, 48), "a.png").astype(float)
        for values in ((28, 28, 40, 4), square)
    )
    assert np.abs(central - elsewhere).mean() < 5 and central.min() < 10
    # White at the border, which may be outside the image.
    assert elsewhere[[0, -1]].min() > 200 and elsewhere[:, [0, -1]].min() > 200


def test_a_dot_stays_small_and_without_ink_the_crop_is_the_whole_image():
    dot = decode_image(encoded(drawn(10, 80, 4, 1)), "bounding_box", (48, 48), "a.png")
    assert 2 <= (dot < 128).any(axis=0).sum() <= 8
    np.testing.assert_array_equal(
        decode_image(encoded(np.full((50, 50), 200, np.uint8)), "bounding_box", (48, 48), "a.png"),
        200,
    )


def test_the_size_is_height_and_width():
    assert decode_image(encoded(GREY), None, (70, 33), "a.png").shape == (70, 33)


@pytest.mark.parametrize("crop", [(0, 61, 0, 50), (0, 60, 0, 51), (100, 120, 100, 120)])
def test_a_crop_outside_the_image_is_refused(crop):
    with pytest.raises(ValueError, match=r"Ada_0001\.jpg is smaller than the crop.*60x50 pixels"):
        decode_image(encoded(GREY), crop, SIZE, "Ada_0001.jpg")


FRAME = (0, 60, 0, 50)
# Smooth, since an image that is scaled twice loses details.
SMOOTH = Image.fromarray(np.add.outer(2 * np.arange(60), 2 * np.arange(50)).astype(np.uint8))


@pytest.mark.parametrize("size", [(50, 60), (100, 120), (200, 240), (40, 48), (33, 40)])
def test_a_crop_in_pixels_of_the_frame_shows_the_same_part_of_an_image_of_any_size(size):
    crop = (10, 50, 5, 37)
    decoded = decode_image(encoded(SMOOTH.resize(size)), crop, SIZE, "a.png", FRAME).astype(int)
    np.testing.assert_allclose(decoded, np.asarray(SMOOTH)[10:50, 5:37], atol=3)


def test_an_image_in_the_size_of_the_frame_is_cropped_as_without_one():
    np.testing.assert_array_equal(
        decode_image(encoded(GREY), (10, 50, 5, 37), (35, 33), "a.png", FRAME),
        decode_image(encoded(GREY), (10, 50, 5, 37), (35, 33), "a.png"),
    )


def test_an_image_of_another_shape_than_the_frame_is_refused_where_a_crop_depends_on_it():
    content = encoded(SMOOTH.resize((60, 60)))
    with pytest.raises(
        ValueError, match=r"^a\.png has another shape.*Received: 60x60 pixels .* instead of 60x50$"
    ):
        decode_image(content, (10, 50, 5, 37), SIZE, "a.png", FRAME)
    for crop in (None, "bounding_box"):
        np.testing.assert_array_equal(
            decode_image(content, crop, SIZE, "a.png", FRAME),
            decode_image(content, crop, SIZE, "a.png"),
        )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encoded(np.dstack([GREY] * 3)), id="RGB"),
        pytest.param(encoded(np.dstack([GREY] * 3 + [np.full_like(GREY, 255)])), id="RGBA"),
        pytest.param(encoded(Image.fromarray(GREY).convert("LA")), id="grey with alpha"),
        pytest.param(encoded(Image.fromarray(GREY).convert("P")), id="palette"),
        pytest.param(encoded(GREY.astype(np.uint16) * 257), id="16 bit"),
        pytest.param(encoded(GREY.astype(np.uint16) * 257, "TIFF"), id="16-bit TIFF"),
        pytest.param(
            encoded(Image.fromarray(GREY).convert("RGB").convert("CMYK"), "TIFF"), id="CMYK"
        ),
        pytest.param(encoded(GREY.astype(np.int32) * 257, "PPM"), id="16-bit PGM"),
        pytest.param(
            encoded(GREY, "GIF", save_all=True, append_images=[Image.new("L", (50, 60))]),
            id="the first of a GIF's images",
        ),
        pytest.param(
            encoded(GREY, "TIFF", save_all=True, append_images=[Image.new("L", (9, 9))]),
            id="the first of a TIFF's pages",
        ),
        pytest.param(encoded(GREY, "PPM"), id="PGM"),
        pytest.param(encoded(GREY, "BMP"), id="BMP"),
    ],
)
def test_every_kind_of_image_becomes_grey(content):
    np.testing.assert_allclose(decode_image(content, None, (60, 50), "a").astype(int), GREY, atol=1)


def test_colours_are_weighted_by_luminance():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    red, green, blue = decode_image(encoded(colours), None, (1, 3), "a.png")[0].astype(int)
    assert blue < red < green


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PPM", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9])
def test_a_truncated_image_is_named(kind, share):
    # Noise cannot be compressed, so that pixels are cut off.
    content = encoded(np.random.default_rng(0).integers(0, 256, (60, 50), dtype=np.uint8), kind)
    with pytest.raises(ValueError, match=r"Ada_0001\.jpg cannot be read as an image"):
        decode_image(content[: int(share * len(content))], None, SIZE, "Ada_0001.jpg")


@pytest.mark.parametrize(
    "content",
    [
        b"<html>not found</html>",
        b"P5\n50 x60\n255\n",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x01IHDR\x00abcd",
    ],
)
def test_a_file_that_is_no_image_is_named(content):
    with pytest.raises(ValueError, match=r"Ada_0001\.jpg cannot be read as an image"):
        decode_image(content, None, SIZE, "Ada_0001.jpg")


def test_an_image_whose_text_is_a_bomb_is_refused():
    out = io.BytesIO()
    notes = PngInfo()
    notes.add_text("comment", "a" * 100 * 2**20, zip=True)
    Image.fromarray(GREY).save(out, "PNG", pnginfo=notes)
    assert len(out.getvalue()) < 2**20
    with pytest.raises(ValueError, match=r"Ada_0001\.png cannot be read as an image"):
        decode_image(out.getvalue(), None, SIZE, "Ada_0001.png")


def test_no_image_starts_another_program(monkeypatch):
    # Pillow reads EPS with Ghostscript.
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(
        ValueError, match=r"Ada_0001\.jpg cannot be read as an image.*another format"
    ):
        decode_image(encoded(Image.fromarray(GREY), "EPS"), None, SIZE, "Ada_0001.jpg")


@pytest.mark.parametrize(
    "error",
    [MemoryError("too much"), KeyError("tag"), struct.error("short"), ZeroDivisionError("density")],
)
def test_every_exception_of_pillow_becomes_one_sentence(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ValueError, match=r"Ada_0001\.jpg cannot be read as an image"):
        decode_image(encoded(GREY), None, SIZE, "Ada_0001.jpg")


@pytest.fixture
def dataset(lfw_copy, empty_cache):
    return load_dataset("lfwa", lfw_copy)


def opened(dataset):
    return open_cache(dataset, (20, 230, 20, 230), SIZE)


class CountingSource:
    """A source that counts its reads."""

    def __init__(self, source):
        self._source, self.num_reads = source, 0
        self.location, self.fingerprint = source.location, source.fingerprint

    def read(self, name):
        self.num_reads += 1
        return self._source.read(name)


def counting(dataset):
    return dataclasses.replace(dataset, source=CountingSource(dataset.source))


def array_of(empty_cache):
    (path,) = empty_cache.rglob("images.npy")
    return path


def test_the_cache_holds_the_decoded_images(dataset):
    cache = opened(dataset)
    assert cache.images.shape == (len(dataset.listed_faces), *SIZE, 1)
    assert cache.images.dtype == np.uint8
    faces = dataset.listed_faces[::-5]
    for face, image in zip(faces, cache[faces]):
        expected = decode_image(
            dataset.source.read(dataset.files[face]), (20, 230, 20, 230), SIZE, ""
        )
        np.testing.assert_array_equal(image[:, :, 0], expected)


def test_the_cache_is_built_once(dataset):
    dataset = counting(dataset)
    first = opened(dataset)
    assert dataset.source.num_reads == len(first)
    np.testing.assert_array_equal(opened(dataset).images, first.images)
    assert dataset.source.num_reads == len(first)


def test_parallel_calls_build_it_once(dataset):
    dataset = counting(dataset)
    caches = []
    threads = [threading.Thread(target=lambda: caches.append(opened(dataset))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caches) == 3
    assert dataset.source.num_reads == len(dataset.listed_faces)


def test_another_crop_or_size_is_another_cache(dataset):
    first = open_cache(dataset, None, SIZE)
    assert open_cache(dataset, None, (32, 40)).images.shape[1:3] == (32, 40)
    assert not np.array_equal(open_cache(dataset, (0, 100, 0, 100), SIZE).images, first.images)


def test_images_of_another_size_are_counted_and_cropped_as_those_of_the_frame(
    dataset, lfw_copy, capsys
):
    before = opened(dataset)
    assert before.num_other_size == 0 and capsys.readouterr().out == ""
    changed = dataset.listed_faces[:2]
    for face, side in zip(changed, (500, 224)):
        path = lfw_copy / dataset.files[face]
        path.write_bytes(encoded(Image.open(path).resize((side, side)), "JPEG", quality=95))
    note = f"Images of another size than 250x250 pixels: 2 of {len(before):,}, scaled to it before"
    for _ in range(2):  # the second time from the cache
        after = opened(load_dataset("lfwa", lfw_copy))
        assert after.num_other_size == 2 and note in capsys.readouterr().out
    difference = np.abs(after[changed].astype(int) - before[changed])
    assert difference.mean() < 4
    whole = open_cache(load_dataset("lfwa", lfw_copy), None, SIZE)
    assert whole.num_other_size == 2 and capsys.readouterr().out == ""


def test_a_constant_image_is_no_error_in_a_cache(dataset, lfw_copy):
    face = dataset.listed_faces[0]
    path = lfw_copy / dataset.files[face]
    path.write_bytes(encoded(Image.new("L", (250, 250), 128), "JPEG"))
    assert (opened(load_dataset("lfwa", lfw_copy))[[face]] == 128).all()


def damage_pixel(path):
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)


def damage_header(path):
    # Without the last bracket of the header, NumPy's parser fails in an unusual way.
    path.write_bytes(path.read_bytes().replace(b"), }", b"   }", 1))


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-1])


def remove_index(path):
    (path.parent / "index.json").unlink()


def empty_index(path):
    (path.parent / "index.json").write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [damage_pixel, damage_header, cut_off, remove_index, empty_index, os.unlink]
)
def test_a_damaged_cache_is_rebuilt(dataset, empty_cache, damage):
    expected = np.array(opened(dataset).images)
    damage(array_of(empty_cache))
    np.testing.assert_array_equal(opened(dataset).images, expected)


def test_a_changed_image_is_read_again(dataset, lfw_copy):
    face = dataset.listed_faces[0]
    before = np.array(opened(dataset)[[face]])
    path = lfw_copy / dataset.files[face]
    path.write_bytes(encoded(255 - np.asarray(Image.open(path)), "JPEG"))
    after = opened(load_dataset("lfwa", lfw_copy))[[face]]
    assert np.abs(after.astype(int) - before).mean() > 20


def test_missing_images_are_named(dataset, lfw_copy):
    for face in dataset.listed_faces[:2]:
        (lfw_copy / dataset.files[face]).unlink()
    names = "Ada_Example_0001, Ada_Example_0002"
    with pytest.raises(
        FileNotFoundError, match=rf"2 of the required images are missing.*Received: no {names}$"
    ):
        opened(load_dataset("lfwa", lfw_copy))


def test_unreadable_images_are_all_named_and_no_cache_is_left(dataset, lfw_copy, empty_cache):
    faces = dataset.listed_faces[:3]
    for face, content in zip(faces, (b"", b"<html>", encoded(GREY))):
        (lfw_copy / dataset.files[face]).write_bytes(content)
    with pytest.raises(ValueError, match="3 images cannot be used") as caught:
        opened(load_dataset("lfwa", lfw_copy))
    assert all(dataset.files[face] in str(caught.value) for face in faces)
    assert not [path for path in (empty_cache / "images").iterdir() if path.is_dir()]


def test_an_image_with_a_read_error_of_the_disk_is_named(dataset):
    dataset = counting(dataset)
    victim = dataset.files[dataset.listed_faces[0]]
    read = dataset.source.read

    def failing_read(name):
        if name == victim:
            raise OSError(5, "Input/output error")
        return read(name)

    dataset.source.read = failing_read
    with pytest.raises(ValueError, match=f"1 images cannot be used.*{victim}.*Input/output error"):
        opened(dataset)


def test_a_cache_of_some_faces_needs_no_list(lfw_folder, empty_cache):
    faces = [Face("Ben_Example", 2), Face("Ada_Example", 1)]
    cache = open_cache(locate_faces(lfw_folder / "lfw2"), None, SIZE, faces)
    assert len(cache) == 2
    assert not np.array_equal(cache[faces][0], cache[faces][1])
    np.testing.assert_array_equal(cache[faces][::-1], cache[faces[::-1]])
