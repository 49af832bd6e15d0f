"""Datasets: all layouts of LFW that are in use, the lists, the people to train on, the splits."""

import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import synthetic_lfw
from synthetic_lfw import (
    TEST_PEOPLE,
    TRAIN_PEOPLE,
    images_of,
    people_list,
    write_images,
    write_lists,
)

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.lfw import locate_faces
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pairs import Face
from siamese_lib.utils import machine

pytestmark = pytest.mark.usefixtures("empty_cache")

LAYOUTS = [
    "",
    "lfw2",
    "lfw2/lfw2",
    "lfwa/lfw2/lfw2",
    "lfwa/lfwa2/lfwa2",
    "lfw-funneled/lfw_funneled",
]
ALL_PEOPLE = TRAIN_PEOPLE + TEST_PEOPLE
ALL_FACES = {
    Face(person, number) for person in ALL_PEOPLE for number in range(1, images_of(person) + 1)
}


@pytest.fixture(scope="module")
def people_folder(tmp_path_factory):
    """The folders of all people, with 8x8 images."""
    folder = tmp_path_factory.mktemp("people")
    write_images(folder, draw=synthetic_lfw.tiny_image)
    return folder


def packed(folder, path):
    """Packs the content of a folder into a zip or tar archive, by the suffix of `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder))
    else:
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, ".")
    return path


def is_whole(dataset):
    return set(dataset.files) == ALL_FACES and all(
        dataset.source.read(name) for name in dataset.files.values()
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", ["folder", "lfwa.zip", "lfwa.tar.gz"])
def test_every_layout_is_read_as_folder_and_as_archive(tmp_path, people_folder, layout, form):
    root = tmp_path / "content"
    shutil.copytree(people_folder, root / layout, dirs_exist_ok=True)
    write_lists(root)
    data_root = root if form == "folder" else packed(root, tmp_path / form)
    dataset = load_dataset("lfwa", data_root)
    assert is_whole(dataset)
    assert (len(dataset.train_pairs), len(dataset.test_pairs)) == (60, 24)
    assert dataset.train_people == set(TRAIN_PEOPLE)


@pytest.mark.parametrize("name", ["lfwa.zip", "lfwa.tar.gz"])
@pytest.mark.parametrize("given", ["folder", "archive"])
def test_an_archive_with_the_lists_beside_it(tmp_path, people_folder, name, given):
    folder = tmp_path / "lfwa"
    write_lists(folder)
    archive = packed(people_folder, folder / name)
    assert is_whole(load_dataset("lfwa", folder if given == "folder" else archive))


@pytest.mark.parametrize(
    "names", [("pairsDevTrain.txt", "pairsDevTest.txt"), ("train.txt", "test.txt")]
)
@pytest.mark.parametrize("lists", ["lfwa", "lfwa/splits", "splits", "lfwa/lfw2"])
def test_the_pair_lists_may_be_in_the_folders_of_course_copies(
    tmp_path, people_folder, names, lists
):
    shutil.copytree(people_folder, tmp_path / "lfwa" / "lfw2")
    write_lists(tmp_path / "written", with_people=False)
    (tmp_path / lists).mkdir(exist_ok=True)
    for source, target in zip(("pairsDevTrain.txt", "pairsDevTest.txt"), names):
        shutil.copy(tmp_path / "written" / source, tmp_path / lists / target)
    dataset = load_dataset("lfwa", tmp_path / "lfwa")
    assert dataset.train_pairs.people == set(TRAIN_PEOPLE)
    assert dataset.test_pairs.people == set(TEST_PEOPLE)


def test_files_that_are_no_images_of_faces_are_ignored(lfw_copy):
    person = TRAIN_PEOPLE[0]
    for name in (
        "README.txt",
        f"{person}/notes.jpg",
        f"{person}/{TRAIN_PEOPLE[1]}_0001.jpg",
        f"{person}/{person}_01.jpg",
    ):
        (lfw_copy / "lfw2" / name).touch()
    # macOS adds such files to a zip.
    shadow = lfw_copy / "__MACOSX" / "lfw2" / person / f"._{person}_0001.jpg"
    shadow.parent.mkdir(parents=True)
    shadow.touch()
    assert set(load_dataset("lfwa", lfw_copy).files) == ALL_FACES


def test_of_two_copies_the_outer_one_is_taken(lfw_copy):
    shutil.copytree(lfw_copy / "lfw2", lfw_copy / "lfw2" / "lfw2")
    files = load_dataset("lfwa", lfw_copy).files
    assert len(files) == len(ALL_FACES)
    assert all(name.count("/") == 2 for name in files.values())


def other_set(lfw_copy, folder):
    """Images of the first three people with another content, in a folder of their own."""
    for person in TRAIN_PEOPLE[:3]:
        shutil.copytree(lfw_copy / "lfw2" / person, folder / person)
        for path in (folder / person).iterdir():
            path.write_bytes(path.read_bytes() + b"\0")
    return len(list(folder.rglob("*.jpg")))


@pytest.mark.parametrize("folder", ["lfw", "lfw2/lfw", "a/b/c"])
@pytest.mark.parametrize("form", ["folder", "lfwa.zip", "lfwa.tar.gz"])
def test_two_sets_of_images_of_the_same_people_are_not_mixed(lfw_copy, tmp_path, folder, form):
    count = other_set(lfw_copy, lfw_copy / folder)
    root = lfw_copy if form == "folder" else packed(lfw_copy, tmp_path / form)
    with pytest.raises(ValueError, match="two different sets of images") as caught:
        load_dataset("lfwa", root)
    received = str(caught.value).partition("Received: ")[2]
    assert f"{root / folder} with {count}" in received
    assert f"{root / 'lfw2'} with {len(ALL_FACES)}" in received
    if form == "folder" and folder != "lfw2/lfw":
        assert is_whole(load_dataset("lfwa", root / "lfw2"))


def test_sets_of_different_people_are_read_together(lfw_copy):
    for side, people in (("train", TRAIN_PEOPLE), ("test", TEST_PEOPLE)):
        for person in people:
            shutil.move(lfw_copy / "lfw2" / person, lfw_copy / side / person)
    assert is_whole(load_dataset("lfwa", lfw_copy))


def test_a_hidden_set_of_images_is_ignored(lfw_copy):
    other_set(lfw_copy, lfw_copy / ".Trash-1000" / "lfw2")
    other_set(lfw_copy, lfw_copy / "__MACOSX" / "lfw2")
    dataset = load_dataset("lfwa", lfw_copy)
    assert is_whole(dataset) and {name.split("/")[0] for name in dataset.files.values()} == {"lfw2"}


@pytest.mark.parametrize("with_people", [True, False])
def test_the_people_rule_names_the_source_of_the_training_people(lfw_copy, with_people):
    stranger = lfw_copy / "lfw2" / "Zed_Stranger" / "Zed_Stranger_0001.jpg"
    stranger.parent.mkdir()
    shutil.copy(next((lfw_copy / "lfw2").glob("*/*.jpg")), stranger)
    if not with_people:
        for path in lfw_copy.glob("people*.txt"):
            path.unlink()
    dataset = load_dataset("lfwa", lfw_copy)
    # Without the people lists, a person in no pair list counts as a training person.
    assert dataset.train_people == set(TRAIN_PEOPLE) | (set() if with_people else {"Zed_Stranger"})
    assert ("peopleDevTrain.txt" in dataset.people_rule) is with_people


def test_a_person_of_the_test_side_is_never_trained_on(lfw_copy):
    people = [*TRAIN_PEOPLE, TEST_PEOPLE[0]]
    (lfw_copy / "peopleDevTrain.txt").write_text(people_list(people))
    assert load_dataset("lfwa", lfw_copy).train_people == set(TRAIN_PEOPLE)


def test_people_lists_may_begin_with_a_byte_order_mark(lfw_copy):
    path = lfw_copy / "peopleDevTrain.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_dataset("lfwa", lfw_copy).train_people == set(TRAIN_PEOPLE)


def test_a_people_list_in_another_encoding_is_refused(lfw_copy):
    (lfw_copy / "peopleDevTrain.txt").write_bytes("1\nJosé\t3\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"peopleDevTrain\.txt is not UTF-8 text"):
        load_dataset("lfwa", lfw_copy)


@pytest.mark.parametrize(
    "text", ["11\nAda_Example\t3\n", "Ada_Example\t3\n", "one\nAda_Example\t3\n"]
)
def test_a_people_list_with_a_wrong_count_is_refused(lfw_copy, text):
    (lfw_copy / "peopleDevTrain.txt").write_text(text)
    with pytest.raises(ValueError, match=r"peopleDevTrain\.txt: the count"):
        load_dataset("lfwa", lfw_copy)


def test_people_in_both_pair_lists_are_refused_by_name(lfw_copy):
    path = lfw_copy / "pairsDevTest.txt"
    path.write_text(path.read_text().replace(TEST_PEOPLE[1], TRAIN_PEOPLE[2]))
    with pytest.raises(ValueError, match=f"both pair lists.*{TRAIN_PEOPLE[2]}"):
        load_dataset("lfwa", lfw_copy)


def test_a_malformed_pair_list_is_named_with_its_line(lfw_copy):
    path = lfw_copy / "pairsDevTest.txt"
    path.write_text(path.read_text().replace("\t1\t2\n", "\t0\t2\n", 1))
    with pytest.raises(ValueError, match=r"pairsDevTest\.txt, line 2"):
        load_dataset("lfwa", lfw_copy)


@pytest.mark.parametrize("side", ["Train", "Test"])
def test_a_missing_pair_list_is_named(lfw_copy, side):
    (lfw_copy / f"pairsDev{side}.txt").unlink()
    with pytest.raises(
        FileNotFoundError, match=rf"pairsDev{side}\.txt or {side.lower()}\.txt\. Received"
    ):
        load_dataset("lfwa", lfw_copy)


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="No images"):
        locate_faces(tmp_path)
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(FileNotFoundError, match=f"Received: {tmp_path}"):
        locate_faces(tmp_path)


def test_an_archive_without_images_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "lfwa.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(FileNotFoundError, match=r"No images .*lfwa\.zip"):
        locate_faces(tmp_path / "lfwa.zip")


def test_several_archives_in_a_folder_are_refused(tmp_path, people_folder):
    for name in ("lfwa.zip", "lfw2.zip"):
        packed(people_folder, tmp_path / name)
    with pytest.raises(ValueError, match=r"several archives.*lfw2\.zip, lfwa\.zip"):
        locate_faces(tmp_path)


def test_archives_inside_are_named_where_there_are_no_images(tmp_path, people_folder):
    inner = packed(people_folder, tmp_path / "deeper" / "inner" / "lfwa.zip")
    with pytest.raises(
        FileNotFoundError, match=r"; give the archive inside .*: .*/deeper with inner/lfwa\.zip$"
    ):
        locate_faces(tmp_path / "deeper")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, "inner.zip")
    with pytest.raises(
        FileNotFoundError, match=r"; unpack it and give .*: .*/outer\.zip with inner\.zip$"
    ):
        locate_faces(tmp_path / "outer.zip")


def test_what_macos_leaves_beside_an_archive_is_ignored(tmp_path, people_folder):
    packed(people_folder, tmp_path / "lfwa.zip")
    (tmp_path / "._lfwa.zip").write_bytes(b"left behind")
    assert set(locate_faces(tmp_path).files) == ALL_FACES


def test_another_archive_beside_lfwa_does_no_harm(tmp_path, people_folder):
    packed(people_folder, tmp_path / "lfwa.zip")
    (tmp_path / "holidays.zip").touch()
    assert set(locate_faces(tmp_path).files) == ALL_FACES


def test_a_missing_data_root_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Received: .*none"):
        load_dataset("lfwa", tmp_path / "none")


def test_without_a_data_root_the_usual_places_are_searched(lfw_folder, monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "project_root", lambda: tmp_path)
    monkeypatch.setattr(machine, "DRIVE", tmp_path / "drive")
    monkeypatch.setattr(machine, "KAGGLE_INPUT", tmp_path / "kaggle")
    with pytest.raises(FileNotFoundError, match="data_root"):
        load_dataset("lfwa")
    shutil.copytree(lfw_folder, tmp_path / "drive" / "datasets" / "lfwa")
    assert is_whole(load_dataset("lfwa"))


def test_another_name_is_refused():
    with pytest.raises(ValueError, match="Received: 'mnist'"):
        load_dataset("mnist")


def test_the_sample_needs_no_data_root():
    dataset = load_dataset("sample")
    assert (len(dataset.files), len(dataset.train_pairs), len(dataset.test_pairs)) == (
        400,
        840,
        360,
    )
    assert dataset.train_people == dataset.train_pairs.people
    assert len(dataset.test_pairs.people - dataset.train_people) == 12
    assert set(dataset.listed_faces) <= set(dataset.files)


def test_images_of_lfw_may_not_be_shown(lfw_folder):
    assert load_dataset("sample").faces_may_be_shown
    assert not load_dataset("lfwa", lfw_folder).faces_may_be_shown
    assert not load_dataset("lfw-funneled", lfw_folder).faces_may_be_shown


def test_no_person_is_in_two_splits(lfw_folder):
    splits = load_dataset("lfwa", lfw_folder).split(ExperimentConfig(experiment="any"))
    people = [person for pairs in splits.values() for person in pairs.people]
    assert sorted(people) == sorted(ALL_PEOPLE)
    assert {split: len(pairs) for split, pairs in splits.items()} == {
        "train": 48,
        "validation": 12,
        "test": 24,
    }


def test_only_the_test_people_are_kept_apart_in_a_split_by_pair(lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    splits = dataset.split(ExperimentConfig(experiment="any", split_by="pair"))
    train, validation, test = splits["train"], splits["validation"], splits["test"]
    assert sorted([*train, *validation]) == sorted(dataset.train_pairs)
    assert len(validation) == 12 and train.people & validation.people
    assert test == dataset.test_pairs and not test.people & (train.people | validation.people)


def of_people(seed=0, **values):
    people = {
        "protocol": "people",
        "loss": "margin_softmax",
        "monitor": "val_auc",
        "max_images_per_person": 4,
    }
    return ExperimentConfig(
        experiment="any", validation_fraction=0.3, seed=seed, **people, **values
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_person_is_in_two_splits_of_protocol_people(lfw_folder, seed):
    dataset = load_dataset("lfwa", lfw_folder)
    splits = dataset.split(of_people(seed))
    classes = set(dataset.sampler(of_people(seed), splits).classes)
    held_out = set(TRAIN_PEOPLE) - classes
    assert len(held_out) == 3 and classes <= set(TRAIN_PEOPLE)
    assert dataset.people(of_people(seed)) == (classes, held_out)
    assert splits["train"].people <= classes
    assert splits["validation"].people <= held_out
    assert splits["test"] == dataset.test_pairs


def test_validation_pairs_of_people_are_balanced_and_as_many_as_there_can_be(lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    validation = dataset.split(of_people())["validation"]
    _, held_out = dataset.people(of_people())
    num_same = sum(images_of(person) * (images_of(person) - 1) // 2 for person in held_out)
    expected = min(len(dataset.test_pairs) // 2, num_same)
    assert (len(validation), sum(validation.labels)) == (2 * expected, expected)


def sampler_of(dataset, config):
    return dataset.sampler(config, dataset.split(config))


def test_the_sampler_of_people_has_all_their_images_listed_or_not(lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    sampler = sampler_of(dataset, of_people())
    assert set(sampler.faces) == {face for face in ALL_FACES if face.person in sampler.classes}
    assert set(sampler.faces) - set(dataset.listed_faces)


def test_the_sampler_of_pairs_has_the_training_pairs(lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    config = ExperimentConfig(experiment="any")
    assert sampler_of(dataset, config).pairs == dataset.split(config)["train"]


@pytest.mark.parametrize("seed", range(3))
def test_the_classes_of_protocol_pairs_are_the_images_that_same_pairs_join(lfw_folder, seed):
    dataset = load_dataset("lfwa", lfw_folder)
    config = ExperimentConfig(experiment="any", loss="margin_softmax", monitor="val_auc", seed=seed)
    train, sampler = dataset.split(config)["train"], sampler_of(dataset, config)
    # An image that is only in another pair of the same person is not among them.
    assert list(sampler.faces) == train.faces
    joined = {frozenset(pair[:2]) for pair in train if pair.label == 1}
    assert all(sampler.class_of[left] == sampler.class_of[right] for left, right in joined)
    assert len(sampler.classes) == len({face.person for pair in joined for face in pair})


@pytest.mark.parametrize("with_people", [True, False])
def test_a_person_of_the_test_side_is_no_example(lfw_copy, with_people):
    # The stranger is in peopleDevTest and in no pair. The lists have been edited too: a person of
    # the test pairs is in peopleDevTrain.
    stranger = lfw_copy / "lfw2" / "Zed_Stranger"
    stranger.mkdir()
    for number in (1, 2):
        shutil.copy(
            next((lfw_copy / "lfw2").glob("*/*.jpg")), stranger / f"Zed_Stranger_{number:04d}.jpg"
        )
    for side, people in (
        ("Train", [*TRAIN_PEOPLE, TEST_PEOPLE[0]]),
        ("Test", [*TEST_PEOPLE[1:], "Zed_Stranger"]),
    ):
        counts = "".join(f"{person}\t3\n" for person in people)
        path = lfw_copy / f"peopleDev{side}.txt"
        path.write_text(f"{len(people)}\n{counts}") if with_people else path.unlink()
    dataset = load_dataset("lfwa", lfw_copy)
    for seed in range(5):
        seen = {
            *sampler_of(dataset, of_people(seed)).classes,
            *dataset.split(of_people(seed))["validation"].people,
        }
        assert not seen & set(TEST_PEOPLE)
        # Without the people lists the stranger counts as a training person; no test pair shows him.
        assert seen <= {*TRAIN_PEOPLE, *(() if with_people else ("Zed_Stranger",))}


@pytest.mark.parametrize(
    "of",
    [lambda **values: ExperimentConfig(experiment="any", **values), of_people],
    ids=["pairs", "people"],
)
def test_a_split_seed_holds_out_the_same_people_whatever_the_seed(lfw_folder, of):
    dataset = load_dataset("lfwa", lfw_folder)
    first, second, unset = (
        of(seed=seed, split_seed=split_seed) for seed, split_seed in ((0, 4), (1, 4), (4, None))
    )
    assert dataset.split(first) == dataset.split(second) == dataset.split(unset)
    assert sampler_of(dataset, first) == sampler_of(dataset, second)
    assert dataset.split(first) != dataset.split(of(seed=0, split_seed=None))


def test_people_without_an_image_are_not_counted(lfw_copy):
    (lfw_copy / "peopleDevTrain.txt").write_text(
        people_list(TRAIN_PEOPLE).replace("10\n", "11\nZed_Stranger\t1\n", 1)
    )
    dataset = load_dataset("lfwa", lfw_copy)
    assert "Zed_Stranger" in dataset.train_people
    classes = sampler_of(dataset, of_people()).classes
    assert len(classes) == 7 and "Zed_Stranger" not in classes


def test_the_sample_can_be_split_by_people_too():
    dataset = load_dataset("sample")
    splits, sampler = dataset.split(of_people()), sampler_of(dataset, of_people())
    assert not set(sampler.classes) & (splits["validation"].people | splits["test"].people)
    assert not splits["validation"].people & splits["test"].people
    assert all(len(pairs) for pairs in splits.values())


def test_the_fingerprint_changes_with_images_and_lists(lfw_copy):
    fingerprints = [load_dataset("lfwa", lfw_copy).fingerprint()]
    assert load_dataset("lfwa", lfw_copy).fingerprint() == fingerprints[0]
    image = next((lfw_copy / "lfw2" / TRAIN_PEOPLE[0]).glob("*_0001.jpg"))
    image.write_bytes(image.read_bytes() + b"\0")
    fingerprints.append(load_dataset("lfwa", lfw_copy).fingerprint())
    path = lfw_copy / "pairsDevTrain.txt"
    path.write_text(path.read_text().replace("\t2\t3\n", "\t3\t2\n", 1))
    fingerprints.append(load_dataset("lfwa", lfw_copy).fingerprint())
    assert len(set(fingerprints)) == 3


def test_lfwa_has_the_known_numbers(lfwa_root):
    dataset = load_dataset("lfwa", Path(lfwa_root))
    by_person = {}
    for face in dataset.files:
        by_person.setdefault(face.person, []).append(face)
    counts = [len(by_person[person]) for person in dataset.train_people]
    assert (len(dataset.files), len(by_person)) == (13_233, 5_749)
    assert (len(counts), sum(counts)) == (4_038, 9_525)
    several = [count for count in counts if count >= 2]
    assert (len(several), sum(several)) == (1_184, 6_671)
    assert not dataset.train_people & dataset.test_pairs.people
    assert set(dataset.listed_faces) <= set(dataset.files)


def test_the_sample_takes_no_data_root(tmp_path):
    with pytest.raises(ValueError, match=f"no data root.*Received: {tmp_path}$"):
        load_dataset("sample", tmp_path)
