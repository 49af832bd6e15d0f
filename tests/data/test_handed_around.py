"""LFW as people hand it around: each layout of the table in docs/usage.md that is read."""

import json
import shutil
import unicodedata
import zipfile

import pyarrow
import pyarrow.parquet
import pytest
import synthetic_lfw
from synthetic_lfw import TEST_PEOPLE, TRAIN_PEOPLE, images_of, write_images, write_lists

from siamese_lib.data.load import load_dataset
from siamese_lib.data.pictures import locate_pictures
from siamese_lib.utils import machine

pytestmark = pytest.mark.usefixtures("empty_cache")

LISTS = {"Train": TRAIN_PEOPLE, "Test": TEST_PEOPLE}
IMAGE = {"bytes": pyarrow.binary(), "path": pyarrow.string()}


@pytest.fixture(scope="module")
def lfw(tmp_path_factory):
    """LFW's folder with 8x8 images and the lists of View 1."""
    folder = tmp_path_factory.mktemp("lfw")
    write_images(folder / "lfw2", draw=synthetic_lfw.tiny_image)
    write_lists(folder)
    return folder


@pytest.fixture(scope="module")
def expected(lfw):
    return load_dataset("lfwa", lfw)


def is_like(dataset, expected):
    """Whether a dataset has the faces, the lists and the bytes of another."""
    return (
        set(dataset.files) == set(expected.files)
        and set(dataset.train_pairs) == set(expected.train_pairs)
        and set(dataset.test_pairs) == set(expected.test_pairs)
        and dataset.train_people == expected.train_people
        and all(
            dataset.source.read(dataset.files[face]) == expected.source.read(name)
            for face, name in expected.files.items()
        )
    )


def as_csv(folder):
    """Replaces the lists by Kaggle's tables; some of their lines have empty columns at the end."""
    for name, people in LISTS.items():
        same, different = [], []
        for line in (folder / f"pairsDev{name}.txt").read_text().splitlines()[1:]:
            words = line.split()
            (same if len(words) == 3 else different).append(",".join(words))
        header = "name,imagenum1,imagenum2"
        (folder / f"matchpairsDev{name}.csv").write_text("\n".join([header, *same]) + ",\n")
        header = "name,imagenum1,name,imagenum2"
        (folder / f"mismatchpairsDev{name}.csv").write_text("\r\n".join([header, *different]))
        rows = [f"{person},{images_of(person)}" for person in people]
        (folder / f"peopleDev{name}.csv").write_text("\n".join(["name,images", *rows]))
        (folder / f"pairsDev{name}.txt").unlink()
        (folder / f"peopleDev{name}.txt").unlink(missing_ok=True)


def test_tables_of_kaggle_stand_in_for_the_lists(lfw, expected, tmp_path):
    shutil.copytree(lfw / "lfw2", tmp_path / "lfw-deepfunneled" / "lfw-deepfunneled")
    for path in lfw.glob("*.txt"):
        shutil.copy(path, tmp_path)
    as_csv(tmp_path)
    dataset = load_dataset("lfwa", tmp_path)
    assert dataset.people_rule == "peopleDevTrain.txt"
    assert is_like(dataset, expected)


def test_a_wrong_line_of_a_table_is_named(lfw, tmp_path):
    shutil.copytree(lfw, tmp_path / "lfw")
    as_csv(tmp_path / "lfw")
    table = tmp_path / "lfw" / "matchpairsDevTest.csv"
    table.write_text(table.read_text().replace(",1,2", ",1,x", 1))
    with pytest.raises(ValueError, match=r"matchpairsDevTest.csv, line 2: .*Received: 'x'"):
        load_dataset("lfwa", tmp_path / "lfw")


@pytest.mark.parametrize("mount", ["lfw-dataset", "datasets/somebody/lfw-dataset"])
def test_of_several_inputs_of_kaggle_the_first_with_pictures_is_read(
    lfw, expected, tmp_path, monkeypatch, mount
):
    monkeypatch.setattr(machine, "project_root", lambda: tmp_path / "project")
    monkeypatch.setattr(machine, "DRIVE", tmp_path / "drive")
    monkeypatch.setattr(machine, "KAGGLE_INPUT", tmp_path / "input")
    for other in ("a-lfw-model", "datasets/anybody/lfw-notes"):
        (tmp_path / "input" / other).mkdir(parents=True)
        (tmp_path / "input" / other / "readme.md").touch()
    shutil.copytree(lfw, tmp_path / "input" / mount)
    assert is_like(load_dataset("lfwa"), expected)


def test_a_zip_with_backslashes_is_read(lfw, expected, tmp_path):
    with zipfile.ZipFile(tmp_path / "lfw.zip", "w") as archive:
        for path in sorted(path for path in lfw.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo("x")
            member.filename = "\\".join(path.relative_to(lfw).parts)
            archive.writestr(member, path.read_bytes())
    assert is_like(load_dataset("lfwa", tmp_path / "lfw.zip"), expected)


@pytest.mark.parametrize(("of_files", "of_lists"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_composed_and_decomposed_names_are_the_same(lfw, tmp_path, of_files, of_lists):
    shutil.copytree(lfw, tmp_path / "lfw")
    old, new = TEST_PEOPLE[0], "Jos\u00e9_van_Sample"
    name = unicodedata.normalize(of_files, new)
    folder = (tmp_path / "lfw" / "lfw2" / old).rename(tmp_path / "lfw" / "lfw2" / name)
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.replace(old, name))
    for path in (tmp_path / "lfw").glob("*.txt"):
        text = path.read_text().replace(old, unicodedata.normalize(of_lists, new))
        path.write_text(text)
    dataset = load_dataset("lfwa", tmp_path / "lfw")
    assert new in dataset.test_pairs.people
    assert all(face in dataset.files for face in dataset.listed_faces)


def test_a_few_png_among_jpegs_are_read(lfw, expected, tmp_path):
    shutil.copytree(lfw, tmp_path / "lfw")
    for path in sorted((tmp_path / "lfw").rglob("*_0002.jpg")):
        path.rename(path.with_suffix(".PNG"))
    assert is_like(load_dataset("lfwa", tmp_path / "lfw"), expected)


def test_an_archive_beside_its_lists_is_read(lfw, expected, tmp_path):
    shutil.make_archive(str(tmp_path / "lfw-funneled"), "gztar", lfw, "lfw2")
    for path in lfw.glob("*.txt"):
        shutil.copy(path, tmp_path)
    assert is_like(load_dataset("lfwa", tmp_path), expected)


def shard(path, rows, with_names=True, embedded=True):
    """A parquet file as `datasets` writes it: images, and labels with names or without."""
    names = sorted(TRAIN_PEOPLE + TEST_PEOPLE)
    images = [
        {"bytes": file.read_bytes() if embedded else None, "path": file.name} for file in rows
    ]
    labels = [names.index(file.parent.name) for file in rows]
    schema = pyarrow.schema(
        {"image": pyarrow.struct(IMAGE), "label": pyarrow.int64()},
        metadata={
            "huggingface": json.dumps(
                {"info": {"features": {"image": {"_type": "Image"}, "label": {"names": names}}}}
                if with_names
                else {}
            )
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pyarrow.table({"image": images, "label": labels}, schema=schema)
    pyarrow.parquet.write_table(table, path)
    return path


def test_shards_of_parquet_are_read_together(lfw, expected, tmp_path):
    files = sorted((lfw / "lfw2").rglob("*.jpg"))
    for number in (0, 1):
        shard(tmp_path / "set" / "data" / f"train-0000{number}-of-00002.parquet", files[number::2])
    for path in lfw.glob("*.txt"):
        shutil.copy(path, tmp_path / "set")
    assert is_like(load_dataset("lfwa", tmp_path / "set"), expected)
    pictures = locate_pictures(tmp_path / "set")
    assert set(pictures.files) == set(expected.files)


def test_a_shard_without_names_has_numbered_people(lfw, tmp_path):
    files = sorted((lfw / "lfw2").rglob("*.jpg"))
    pictures = locate_pictures(shard(tmp_path / "own.parquet", files, with_names=False))
    assert {face.person for face in pictures.files} == {str(number) for number in range(14)}


def no_images(path):
    pyarrow.parquet.write_table(pyarrow.table({"name": ["a"]}), path)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda path, files: shard(path, files, embedded=False), "paths of images and not the"),
        (lambda path, files: no_images(path), "no column of images"),
        (lambda path, files: path.write_bytes(b"PAR1"), "cannot be read as a parquet file"),
    ],
)
def test_a_shard_that_cannot_be_used_is_an_error_of_one_sentence(lfw, tmp_path, build, message):
    files = sorted((lfw / "lfw2").rglob("*.jpg"))[:2]
    build(tmp_path / "own.parquet", files)
    with pytest.raises(ValueError, match=rf"{message}.*Received: "):
        locate_pictures(tmp_path / "own.parquet")
