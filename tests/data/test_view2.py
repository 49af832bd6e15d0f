"""LFW's View 2: a fold is tested, and nobody whom it names is learnt from."""

import itertools
import shutil

import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pair_lists import parse_people_folds
from tests.synthetic_lfw import tiny_image

FOLDS = [(f"Ann_{number:02d}", f"Bob_{number:02d}") for number in range(1, 11)]
STRANGER = "Zed_Unlisted"  # has images, and no fold names him


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two people in each of ten folds, with two images each, and somebody else."""
    folder = tmp_path_factory.mktemp("view2")
    for person in (*itertools.chain(*FOLDS), STRANGER):
        (folder / "lfw2" / person).mkdir(parents=True)
        for number in (1, 2):
            path = folder / "lfw2" / person / f"{person}_{number:04d}.jpg"
            tiny_image(person, number).save(path)
    lines = [f"{ann}\t1\t2\n{ann}\t1\t{bob}\t2" for ann, bob in FOLDS]
    (folder / "pairs.txt").write_text("10\t1\n" + "\n".join(lines) + "\n")
    return folder


def people_list(folds):
    """The text of `people.txt`."""
    texts = ["".join([f"{len(fold)}\n", *(f"{person}\t2\n" for person in fold)]) for fold in folds]
    return f"{len(folds)}\n{''.join(texts)}"


def of_fold(fold, **values):
    return ExperimentConfig(experiment="any", dataset="lfwa", view=2, fold=fold, **values)


@pytest.mark.parametrize("fold", [1, 4, 10])
def test_a_fold_is_tested_and_the_other_nine_are_trained_on(folder, fold):
    dataset = load_dataset(of_fold(fold), folder)
    assert dataset.test_pairs.people == set(FOLDS[fold - 1])
    assert len(dataset.test_pairs) == 2 and len(dataset.train_pairs) == 18
    others = set(itertools.chain(*FOLDS)) - set(FOLDS[fold - 1])
    assert dataset.train_pairs.people == others
    assert dataset.train_people == others | {STRANGER}
    assert dataset.people_rule == "everyone whom the test pairs do not name"


def test_with_its_list_of_people_those_of_the_fold_are_not_trained_on(folder):
    folds = [list(fold) for fold in FOLDS]
    folds[2].append(STRANGER)
    path = folder / "people.txt"
    path.write_text(people_list(folds))
    try:
        of_third, of_first = (load_dataset(of_fold(fold), folder) for fold in (3, 1))
    finally:
        path.unlink()
    assert STRANGER not in of_third.train_people and STRANGER in of_first.train_people
    assert len(of_third.train_people) == 18 and of_third.people_rule == "people.txt"


def test_the_folds_of_view_2_test_every_listed_pair_once(folder):
    tested = [load_dataset(of_fold(fold), folder).test_pairs for fold in range(1, 11)]
    listed = {*tested[0], *load_dataset(of_fold(1), folder).train_pairs}
    pairs = list(itertools.chain(*tested))
    assert len(pairs) == len(set(pairs)) == 20 and set(pairs) == listed


def test_the_protocols_split_a_fold_like_view_1(folder):
    people = {"protocol": "people", "loss": "margin_softmax", "monitor": "val_auc"}
    for values in ({}, people):
        config = of_fold(5, **values)
        dataset = load_dataset(config, folder)
        splits = dataset.split(config)
        assert splits["test"] == dataset.test_pairs
        seen = splits["train"].people | splits["validation"].people
        assert seen and not seen & set(FOLDS[4])


def test_without_the_list_a_sentence_names_it(lfw_folder):
    with pytest.raises(FileNotFoundError, match=r"View 2 pair list .*pairs\.txt"):
        load_dataset(of_fold(1), lfw_folder)


def test_a_list_of_other_than_ten_folds_is_refused(folder, tmp_path):
    shutil.copytree(folder / "lfw2", tmp_path / "lfw2")
    lines = (folder / "pairs.txt").read_text().splitlines()
    (tmp_path / "pairs.txt").write_text("\n".join(["9\t1", *lines[1:-2]]) + "\n")
    with pytest.raises(ValueError, match=r"has 10 folds.*Received: 9"):
        load_dataset(of_fold(1), tmp_path)


def test_people_lists_of_folds_are_checked():
    text = people_list([["Ada", "Ben"], ["Cleo"]])
    assert parse_people_folds(text.encode(), "people.txt") == [{"Ada", "Ben"}, {"Cleo"}]
    for wrong in (
        "",
        "Ada\t2\n",
        text.replace("2\n2\n", "2\n3\n", 1),
        "3" + text[1:],
        text + "1\n",
    ):
        with pytest.raises(ValueError, match=r"people\.txt: the first line is the number of folds"):
            parse_people_folds(wrong.encode(), "people.txt")


@pytest.mark.parametrize("values", [{"view": 2}, {"fold": 3}])
def test_view_and_fold_belong_together(values):
    with pytest.raises(ValueError, match=r"view: 2 and fold belong together"):
        ExperimentConfig(experiment="any", dataset="lfwa", **values)


def test_view_2_is_of_lfw():
    with pytest.raises(ValueError, match=r"one of LFW's. Received: dataset sample"):
        ExperimentConfig(experiment="any", view=2, fold=1)


def test_the_members_of_an_ensemble_test_its_fold(tmp_path):
    (tmp_path / "one.yaml").write_text("dataset: lfwa\n")
    (tmp_path / "two.yaml").write_text("base: one\nbase_filters: 16\n")
    members = "[one/seed_0, two/seed_1]"
    (tmp_path / "both.yaml").write_text(
        f"dataset: lfwa\nview: 2\nfold: 3\nencoder: ensemble\nmembers: {members}\n"
    )
    for overrides, fold in (({}, 3), ({"fold": 7}, 7)):
        config = ExperimentConfig.from_yaml(tmp_path / "both.yaml", overrides)
        assert [(each.view, each.fold) for each in config.networks()] == [(2, fold)] * 2
