"""A folder of own pictures: what is a person, a group, a split, and what is left out and why."""

import os
import shutil
import zipfile

import numpy as np
import pytest
from drawn import write_people, write_picture
from PIL import Image

from siamese_lib.data import sources
from siamese_lib.data.cache import open_cache
from siamese_lib.data.images import decode_image
from siamese_lib.data.pairs import Face
from siamese_lib.data.pictures import locate_pictures


def found(folder, **options):
    """`{(person, number): file}`."""
    return {tuple(face): name for face, name in locate_pictures(folder, **options).files.items()}


@pytest.mark.parametrize("above", ["", "images/", "data/faces/all/"])
def test_a_folder_with_pictures_is_a_person_however_deep(tmp_path, above):
    write_people(tmp_path / above)
    assert found(tmp_path) == {
        (person, number): f"{above}{person}/{number}.png"
        for person in ("Ada", "Ben")
        for number in (1, 2)
    }


def test_pictures_are_numbered_in_natural_order_whatever_their_format(tmp_path):
    for name in ("photo 10.png", "photo 9.bmp", "Photo 2.jpg", "photo 1b.tif"):
        write_picture(tmp_path / "Ada" / name)
    write_people(tmp_path, ["Ben"])
    order = [name for (person, _), name in sorted(found(tmp_path).items()) if person == "Ada"]
    assert order == [
        f"Ada/{name}" for name in ("Photo 2.jpg", "photo 1b.tif", "photo 9.bmp", "photo 10.png")
    ]


def test_names_as_in_lfw_keep_their_numbers(tmp_path):
    write_people(tmp_path, ["Ben"])
    for number in (3, 12):
        write_picture(tmp_path / "Ada Example" / f"Ada Example_{number:04d}.jpg")
    assert {("Ada_Example", 3), ("Ada_Example", 12)} < set(found(tmp_path))


def test_a_name_is_composed_and_has_no_blanks(tmp_path):
    write_people(tmp_path, ["Jose\u0301 A.  Sample", "Ben"])
    assert {person for person, _ in found(tmp_path)} == {"Jos\u00e9_A._Sample", "Ben"}


@pytest.mark.parametrize("splits", [("train", "test"), ("Train", "Val", "Test")])
def test_people_in_several_splits_are_joined(tmp_path, splits):
    for split in splits:
        write_people(tmp_path / "data" / split)
    pictures = locate_pictures(tmp_path)
    assert {face.person for face in pictures.files} == {"Ada", "Ben"}
    assert len(pictures.files) == 4 * len(splits)
    (note,) = pictures.notes
    assert note.startswith("2 people") and "joined" in note


def test_a_person_may_have_the_name_of_a_split(tmp_path):
    write_people(tmp_path, ["Test", "Val", "Ada"])
    assert {person for person, _ in found(tmp_path)} == {"Test", "Val", "Ada"}


def test_with_groups_the_folder_above_is_the_group(tmp_path):
    for group in ("Greek", "Latin"):
        write_people(tmp_path / "images" / group, ["character01", "character02"])
    pictures = locate_pictures(tmp_path, groups=True)
    people = [f"{group}/character0{number}" for group in ("Greek", "Latin") for number in (1, 2)]
    assert sorted({face.person for face in pictures.files}) == people
    assert pictures.group_of == {person: person.partition("/")[0] for person in people}


def test_what_is_left_out_is_named_with_its_reason(tmp_path):
    write_people(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    write_picture(tmp_path / "cover.png")
    (tmp_path / "Ada" / "empty.jpg").touch()
    shutil.copyfile(write_picture(tmp_path / "Ben" / "a.bmp"), tmp_path / "Ben" / "cut.bmp")
    os.truncate(tmp_path / "Ben" / "cut.bmp", 200)
    (tmp_path / "Ben" / "loop.png").symlink_to("loop.png")
    pictures = locate_pictures(tmp_path)
    assert len(pictures.files) == 5
    reasons = {
        "notes.txt": "not a picture",
        "cover.png": "not in a person's folder",
        "Ada/empty.jpg": "cannot be read",
        "Ben/cut.bmp": "cannot be read",
        "Ben/loop.png": "cannot be read",
    }
    assert set(pictures.skipped) == set(reasons)
    for name, reason in reasons.items():
        assert pictures.skipped[name].startswith(name) and reason in pictures.skipped[name]


def test_a_picture_that_is_mended_is_used(tmp_path):
    write_people(tmp_path)
    (tmp_path / "Ada" / "3.png").touch()
    assert "Ada/3.png" in locate_pictures(tmp_path).skipped
    write_picture(tmp_path / "Ada" / "3.png")
    assert not locate_pictures(tmp_path).skipped


def test_an_archive_is_read_like_its_folder(tmp_path):
    write_people(tmp_path / "mine")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for path in sorted((tmp_path / "mine").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
    assert set(found(tmp_path / "mine.zip")) == set(found(tmp_path / "mine"))


def twice(folder):
    write_people(folder / "work")
    write_people(folder / "home", ["Ada"])


def two_groups_missing(folder):
    write_people(folder)


def damaged(folder):
    for name in ("1.jpg", "2.jpg"):
        (folder / "Ada").mkdir(exist_ok=True)
        (folder / "Ada" / name).write_bytes(b"no image")


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (lambda folder: write_picture(folder / "1.png"), {}, "subfolders, one for each person"),
        (lambda folder: (folder / "a.txt").touch(), {}, "subfolders, one for each person"),
        (twice, {}, r"two folders .* one person.*home/Ada and work/Ada"),
        (two_groups_missing, {"groups": True}, "GROUP/PERSON. Received: Ada"),
        (damaged, {}, "none of the pictures can be used.*Ada/1.jpg"),
        (
            lambda folder: [write_picture(folder / split / "1.png") for split in ("train", "val")],
            {},
            "folders of splits",
        ),
    ],
)
def test_a_folder_that_cannot_be_understood_is_an_error_of_one_sentence(
    tmp_path, build, options, message
):
    build(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as raised:
        locate_pictures(tmp_path, **options)
    assert "Received: " in str(raised.value) and "\n" not in str(raised.value)


def test_a_folder_with_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_FILES", 3)
    write_people(tmp_path)
    with pytest.raises(ValueError, match="too many files"):
        locate_pictures(tmp_path)


def test_a_letterbox_keeps_the_shape_between_bars_of_the_border_grey(tmp_path):
    grey = np.full((20, 40), 60, np.uint8)
    grey[5:15, 10:30] = 200
    path = tmp_path / "wide.png"
    Image.fromarray(grey).save(path)
    image = decode_image(path.read_bytes(), "letterbox", (40, 40), "wide.png")
    assert image.shape == (40, 40)
    assert (image[:10] == 60).all() and (image[-10:] == 60).all()
    assert (image[10:30] == grey).all()


def test_a_cache_holds_pictures_of_any_shape(tmp_path):
    write_picture(tmp_path / "Ada" / "1.png", 10, (90, 30))
    write_picture(tmp_path / "Ben" / "1.png", 20, (30, 90))
    pictures = locate_pictures(tmp_path)
    cache = open_cache(pictures, "letterbox", (32, 32), sorted(pictures.files))
    assert [int(cache[[Face(person, 1)]].mean()) for person in ("Ada", "Ben")] == [10, 20]
