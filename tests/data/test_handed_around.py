"""LFW as people hand it around: each layout of the table in docs/usage.md that is read."""

import json
import shutil
import sys
import unicodedata
import zipfile

import pyarrow
import pyarrow.parquet
import pytest
import synthetic_lfw
from synthetic_lfw import TEST_PEOPLE, TRAIN_PEOPLE, images_of, write_images, write_lists

from siamese_lib.data import parquet
from siamese_lib.data.load import lfwa_candidates, load_dataset
from siamese_lib.data.pair_lists import parse_csv_pairs, parse_people
from siamese_lib.data.pairs import Face, Pair
from siamese_lib.data.parquet import open_shards
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


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("name,imagenum1,name,imagenum2\nAda,1,,2\n", 0, "line 2: a line here is 'name,imagenum1,"),
        ("name,imagenum1,name,imagenum2\nAda,1,2\n", 0, "line 2: a line here is 'name,imagenum1,"),
        ("name,imagenum1,imagenum2\nAda,1,Ben,2\n", 1, "line 2: a line here is 'name,imagenum1,"),
        (
            "name,imagenum1,imagenum2\nAda,1,2\nAda,2,1\n",
            1,
            "line 3: the pair is on line 2 already",
        ),
        ("name,imagenum1,imagenum2\n", 1, "has no lines below its header"),
        ("", 1, "has no lines below its header"),
    ],
)
def test_a_table_of_pairs_is_checked_line_by_line(text, label, message):
    with pytest.raises(ValueError, match=rf"^own\.csv,? {message}.*Received: "):
        parse_csv_pairs(text.encode(), "own.csv", label)


def test_a_table_may_have_empty_columns_at_the_end_and_no_header():
    pairs = parse_csv_pairs(b"Ada,1,2,,\r\n,,,\nBen,1,3, ,\n", "own.csv", 1)
    assert pairs.pairs == (
        Pair(Face("Ada", 1), Face("Ada", 2), 1),
        Pair(Face("Ben", 1), Face("Ben", 3), 1),
    )


def test_a_cut_line_of_a_table_of_people_is_named():
    with pytest.raises(ValueError, match=r"own\.csv, line 3: a line here is 'name,images'"):
        parse_people(b"name,images\nAda,3\nBen\n", "own.csv")


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
    (tmp_path / "input" / "a-lfw-model" / "weights.tar.gz").touch()
    shutil.copytree(lfw, tmp_path / "input" / mount)
    assert is_like(load_dataset("lfwa"), expected)
    # An archive, which is not opened for the choice, comes before a folder without any data.
    model, notes = lfwa_candidates()[1:]
    assert (model.name, notes.name) == ("a-lfw-model", "lfw-notes")


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


@pytest.mark.parametrize(
    ("folder", "images", "archive", "more"),
    [
        pytest.param("lfw_home", "lfw_funneled", None, "joblib/sklearn/func_code.py", id="sklearn"),
        pytest.param("lfw-py", "lfw-deepfunneled", "lfw-deepfunneled.tgz", None, id="torchvision"),
    ],
)
def test_folders_of_libraries_are_read(lfw, expected, tmp_path, folder, images, archive, more):
    shutil.copytree(lfw / "lfw2", tmp_path / folder / images)
    write_lists(tmp_path / folder)
    (tmp_path / folder / "pairs.txt").write_text("10\t300\n")
    for name in filter(None, (archive, more)):
        (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / name).touch()
    assert is_like(load_dataset("lfwa", tmp_path / folder), expected)


def test_an_archive_beside_its_lists_is_read(lfw, expected, tmp_path):
    shutil.make_archive(str(tmp_path / "lfw-funneled"), "gztar", lfw, "lfw2")
    for path in lfw.glob("*.txt"):
        shutil.copy(path, tmp_path)
    assert is_like(load_dataset("lfwa", tmp_path), expected)


def test_all_images_in_one_folder_are_read(lfw, expected, tmp_path):
    (tmp_path / "images").mkdir()
    for path in [*lfw.rglob("*.jpg"), *lfw.glob("*.txt")]:
        shutil.copy(path, tmp_path / "images" if path.suffix == ".jpg" else tmp_path)
    assert is_like(load_dataset("lfwa", tmp_path), expected)


def test_a_table_of_parquet_beside_an_archive_does_no_harm(lfw, expected, tmp_path):
    shutil.make_archive(str(tmp_path / "images"), "zip", lfw)
    no_images(tmp_path / "attributes.parquet")
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


@pytest.mark.parametrize(
    "form", ["LABEL as a number", "names in a column of text", "paths of Windows"]
)
def test_shards_that_keep_the_names_are_read_with_the_lists(lfw, expected, tmp_path, form):
    files = sorted((lfw / "lfw2").rglob("*.jpg"))
    given = {
        "LABEL as a number": "{0.name}",
        "paths of Windows": r"C:\lfw\{0.parent.name}\{0.name}",
    }
    paths = [given[form].format(file) if form in given else None for file in files]
    columns = {
        "LABEL as a number": {"label": [len(file.parent.name) for file in files]},
        "names in a column of text": {"filename": [file.name for file in files]},
        "paths of Windows": {},
    }
    write_rows(
        tmp_path / "own.parquet", [file.read_bytes() for file in files], paths, columns[form]
    )
    write_lists(tmp_path)
    assert is_like(load_dataset("lfwa", tmp_path / "own.parquet"), expected)


def write_rows(path, contents, paths, columns, metadata=None):
    """A parquet file with these images and other columns."""
    images = [{"bytes": content, "path": name} for content, name in zip(contents, paths)]
    table = pyarrow.table({"image": pyarrow.array(images, pyarrow.struct(IMAGE)), **columns})
    pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), path)
    return path


def unpacked(path, *names):
    """The names of the files that parquet files are unpacked to."""
    return open_shards(path, [path / name for name in names] or [path], path.parent / "out").names()


CLASSES = {"huggingface": json.dumps({"info": {"features": {"label": {"names": ["Ada", "Ben"]}}}})}
INT, TEXT = pyarrow.int64(), pyarrow.string()


@pytest.mark.parametrize(
    ("labels", "metadata", "names"),
    [
        pytest.param((INT, 0, 1), CLASSES, ["Ada/1.jpg", "Ben/2.jpg"], id="classes"),
        pytest.param((INT, 0, -1), CLASSES, ["2.jpg", "Ada/1.jpg"], id="an image without class"),
        pytest.param((INT, None, 9), CLASSES, ["1.jpg", "2.jpg"], id="no such class"),
        pytest.param((INT, 3, 4), {"huggingface": "{"}, ["3/1.jpg", "4/2.jpg"], id="bad metadata"),
        pytest.param((pyarrow.uint8(), 3, 4), None, ["3/1.jpg", "4/2.jpg"], id="small numbers"),
        pytest.param((TEXT, None, "Ada"), None, ["1.jpg", "Ada/2.jpg"], id="no text"),
        pytest.param((TEXT, "A B", "Jose\u0301"), None, ["A_B/1.jpg", "Jos\u00e9/2.jpg"], id="NFD"),
        # The vowel signs, which alone differ, are no letters.
        pytest.param((TEXT, "\u0930\u093e", "\u0930\u094b"), None,
                     ["\u0930\u093e/1.jpg", "\u0930\u094b/2.jpg"], id="another script"),
        pytest.param((TEXT, "../../up", "/etc"), None,
                     ["_.._up/1.jpg", "_etc/2.jpg"], id="outside"),
    ],
)  # fmt: skip
def test_labels_of_a_shard_are_the_names_of_folders(tmp_path, labels, metadata, names):
    kind, *values = labels
    columns = {"label": pyarrow.array(values, kind)}
    path = write_rows(tmp_path / "own.parquet", [b"a", b"b"], ["1.jpg", "2.jpg"], columns, metadata)
    assert unpacked(path) == names


@pytest.mark.parametrize("name", ["1.jpg", None])
def test_images_with_one_name_are_all_kept(tmp_path, name):
    for shard_name in ("test.parquet", "train.parquet"):
        write_rows(tmp_path / shard_name, [b"a", b"b"], [name, name], {"label": ["Ada", "Ada"]})
    assert len(unpacked(tmp_path, "test.parquet", "train.parquet")) == 4


def test_a_shard_is_unpacked_with_little_memory(tmp_path):
    large = pyarrow.array([bytes(2**20)])
    images = pyarrow.StructArray.from_arrays(
        [
            pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 300, pyarrow.int32()), large),
            pyarrow.array([None] * 300, TEXT),
        ],
        ["bytes", "path"],
    )
    table = pyarrow.table({"image": images})
    pyarrow.parquet.write_table(table, tmp_path / "own.parquet", store_schema=False)
    before = pyarrow.total_allocated_bytes()
    peak = 0
    for _ in parquet._images(tmp_path / "own.parquet"):
        peak = max(peak, pyarrow.total_allocated_bytes() - before)
    assert 0 < peak < 50 * 2**20


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("MAX_MEMBER_BYTES", "too large for an image"),
        ("MAX_UNPACKED_BYTES", "unpacks to more than"),
    ],
)
def test_a_shard_that_is_too_large_is_refused(tmp_path, monkeypatch, limit, message):
    path = write_rows(tmp_path / "own.parquet", [b"a" * 60, b"b" * 60], ["1.jpg", "2.jpg"], {})
    monkeypatch.setattr(parquet, limit, 50)
    with pytest.raises(ValueError, match=message):
        unpacked(path)
    assert [each.name for each in (tmp_path / "out").iterdir()] == [".lock"]


def test_without_pyarrow_the_package_is_named(tmp_path, monkeypatch):
    path = write_rows(tmp_path / "own.parquet", [b"a"], ["1.jpg"], {})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ValueError, match=r"own\.parquet needs .*: pip install pyarrow\. Received: "
    ):
        unpacked(path)


def pairs_of_images(path):
    image = pyarrow.array([{"bytes": b"a", "path": "1.jpg"}], pyarrow.struct(IMAGE))
    table = pyarrow.table({"pair": [1], "img_0": image, "img_1": image})
    pyarrow.parquet.write_table(table, path)


def no_images(path):
    pyarrow.parquet.write_table(pyarrow.table({"name": ["a"]}), path)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda path, files: shard(path, files, embedded=False), "paths of images and not the"),
        (lambda path, files: no_images(path), "no column of images"),
        (lambda path, files: pairs_of_images(path), "several images in a row"),
        (lambda path, files: path.write_bytes(b"PAR1"), "cannot be read as a parquet file"),
    ],
)
def test_a_shard_that_cannot_be_used_is_an_error_of_one_sentence(lfw, tmp_path, build, message):
    files = sorted((lfw / "lfw2").rglob("*.jpg"))[:2]
    build(tmp_path / "own.parquet", files)
    with pytest.raises(ValueError, match=rf"{message}.*Received: "):
        locate_pictures(tmp_path / "own.parquet")
