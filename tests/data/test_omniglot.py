"""Omniglot: its sources, held-out alphabets, one-shot trials and their files, and a training."""

import json
import shutil
import zipfile
from dataclasses import replace

import pandas as pd
import pytest
import synthetic_omniglot
import yaml
from drawn import write_trials
from links import broken_links
from synthetic_omniglot import ALPHABETS, NUM_CHARACTERS, NUM_DRAWERS

from siamese_lib.__main__ import main
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.data.omniglot import read_trials
from siamese_lib.data.pairs import PairList
from siamese_lib.evaluation.trials import PUBLISHED, VARIANTS, trial_sets
from siamese_lib.experiments.leaderboard import leaderboard, results_table
from siamese_lib.notebook.report import build_report
from siamese_lib.training.fit import train
from siamese_lib.training.run import Run

TINY = ExperimentConfig(
    experiment="tiny",
    dataset="omniglot",
    protocol="people",
    crop="bounding_box",
    image_size=(32, 32),
    encoder="compact",
    embedding_size=16,
    base_filters=16,
    joint_bayesian=True,
    loss="margin_softmax",
    symmetries=4,
    batch_size=64,
    num_epochs=2,
    learning_rate=0.003,
    monitor="val_oneshot_accuracy",
    validation_fraction=0.34,
    mixed_precision="float32",
    rotation_degrees=10.0,
    shear_range=0.3,
    affine_probability=0.5,
    elastic_fraction=0.05,
    fill_mode="constant",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("omniglot")
    synthetic_omniglot.write_drawings(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(folder):
    return load_dataset("omniglot", folder)


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    return train(TINY, folder, tmp_path_factory.mktemp("runs"), verbose=0)


def alphabets(pairs):
    return {person.split("/")[0] for person in pairs.people}


@pytest.mark.parametrize(
    ("pack", "name"),
    [
        (lambda folder, target: folder, ""),
        (synthetic_omniglot.packed_as_two, "omniglot"),
        (synthetic_omniglot.packed_as_one, "omniglot.tar.xz"),
    ],
)
def test_it_is_read_from_a_folder_from_two_zips_and_from_one_archive(
    folder, dataset, tmp_path, pack, name
):
    root = pack(folder, tmp_path / name)
    read = load_dataset("omniglot", root)
    assert read.files.keys() == dataset.files.keys()
    assert len(read.files) == 5 * NUM_CHARACTERS * NUM_DRAWERS
    assert all(
        read.source.read(read.files[face]) == dataset.source.read(dataset.files[face])
        for face in list(read.files)[::37]
    )
    assert (read.train_pairs, read.test_pairs) == (dataset.train_pairs, dataset.test_pairs)
    names, again = sorted(read.files.values()), load_dataset("omniglot", root)
    assert read.source.fingerprint(names) == again.source.fingerprint(names)


def test_one_half_alone_is_refused(folder, tmp_path):
    shutil.copytree(folder / "images_background", tmp_path / "images_background")
    with pytest.raises(FileNotFoundError, match=r"images_evaluation were not found.*Received"):
        load_dataset("omniglot", tmp_path)


@pytest.mark.parametrize("protocol", ["pairs", "people"])
def test_whole_alphabets_are_held_out_and_evaluation_alphabets_are_test_only(dataset, protocol):
    loss = {"pairs": "binary_crossentropy", "people": "margin_softmax"}[protocol]
    config = ExperimentConfig(
        experiment="e",
        dataset="omniglot",
        protocol=protocol,
        loss=loss,
        monitor="val_oneshot_accuracy",
        validation_fraction=0.34,
    )
    splits = dataset.split(config)
    train, validation, test = (alphabets(pairs) for pairs in splits.values())
    assert test == set(ALPHABETS["images_evaluation"])
    assert train | validation == set(ALPHABETS["images_background"])
    assert len(validation) == 1 and not train & validation
    assert all(2 * sum(pairs.labels) == len(pairs) for pairs in splits.values())
    held_out = {
        face.person.split("/")[0]
        for trials in trial_sets(dataset, config)["validation"]
        for face in trials.gallery
    }
    assert held_out == validation
    counts = dataset.sampler(config, splits).counts
    if protocol == "pairs":
        assert counts == {"pairs": len(splits["train"]), "images": counts["images"]}
    else:
        assert counts["classes"] == 40


def test_a_share_of_the_training_pairs_holds_as_many_same_as_different_ones(dataset):
    of_pairs = {"protocol": "pairs", "loss": "binary_crossentropy", "joint_bayesian": False}
    config = replace(TINY, **of_pairs, symmetries=1, monitor="val_loss")
    whole, third = (
        dataset.split(replace(config, training_fraction=fraction))["train"]
        for fraction in (1.0, 0.3)
    )
    assert len(third) == round(0.3 * len(whole))
    # Taken from a share of the people, there would be 9 % of the different pairs.
    assert sum(third.labels) / len(third) == pytest.approx(0.5, abs=0.1)
    assert set(third) < set(whole)


def test_trials_stay_within_an_alphabet_and_are_repeated_in_reverse(dataset):
    sets = trial_sets(dataset, TINY)["test"]
    assert len(sets) == 20
    for there, back in zip(sets[::2], sets[1::2]):
        for trials in (there, back):
            faces = (*trials.gallery, *trials.probes)
            assert len({face.person.split("/")[0] for face in faces}) == 1
            people = [face.person for face in trials.gallery]
            assert len(set(people)) == len(trials.probes) == NUM_CHARACTERS
            (of_gallery,) = {face.number for face in trials.gallery}
            (of_probes,) = {face.number for face in trials.probes}
            assert of_gallery != of_probes
            assert [face.person for face in trials.probes] == [
                people[answer] for answer in trials.answers
            ]
        assert set(there.gallery) == set(back.probes) and set(back.gallery) == set(there.probes)
    # Every alphabet is drawn before one is drawn again.
    first_two = {trials.gallery[0].person.split("/")[0] for trials in (sets[0], sets[2])}
    assert first_two == set(ALPHABETS["images_evaluation"])


def test_the_test_people_are_collected_once_and_not_for_every_image(dataset, monkeypatch):
    # Collected for every image, Omniglot's trial sets took minutes.
    calls, people = [], PairList.people.fget
    monkeypatch.setattr(
        PairList, "people", property(lambda pairs: calls.append(pairs) or people(pairs))
    )
    trial_sets(dataset, TINY)
    assert len(calls) < 5 < len(dataset.files)


def test_trials_are_written_and_read_in_the_layout_of_lake(dataset, tmp_path):
    sets, folder = trial_sets(dataset, TINY)["test"][:4], tmp_path / "all_runs"
    write_trials(folder, dataset, sets)
    assert sorted(path.name for path in folder.iterdir()) == ["run01", "run02", "run03", "run04"]
    first = (folder / "run01" / "class_labels.txt").read_text().split()
    assert first[0] == "run01/test/item01.png" and first[1].startswith("run01/training/class")
    with zipfile.ZipFile(tmp_path / "all_runs.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path))
    for name in ("all_runs", "all_runs.zip"):
        source, read = read_trials(tmp_path / name)
        for trials, again in zip(sets, read, strict=True):
            assert again.answers == trials.answers
            for faces, names in ((trials.gallery, again.gallery), (trials.probes, again.probes)):
                contents = [dataset.source.read(dataset.files[face]) for face in faces]
                assert [source.read(name) for name in names] == contents


@pytest.fixture
def published(folder, dataset, tmp_path):
    """A folder with the drawings and four trial sets beside them."""
    shutil.copytree(folder, tmp_path / "omniglot")
    sets = trial_sets(dataset, TINY)["test"][:4]
    write_trials(tmp_path / "omniglot" / "all_runs", dataset, sets)
    return tmp_path / "omniglot", sets


def test_published_trials_are_found_and_their_drawings_recognised(dataset, published):
    root, sets = published
    read = load_dataset("omniglot", root)
    assert read.files.keys() == dataset.files.keys() and dataset.published_trials == []
    for trials, again in zip(sets, read.published_trials, strict=True):
        # Lake's folders sort a gallery by its files; the trials are the same.
        assert trials == again
    found = trial_sets(read, TINY)
    assert found[PUBLISHED] == sets and {*VARIANTS} < {*found}
    assert "test_published" not in trial_sets(dataset, TINY)


def test_a_published_drawing_of_another_alphabet_is_refused(published):
    root, _ = published
    strange = next((root / "images_background").rglob("*.png"))
    shutil.copy(strange, root / "all_runs" / "run02" / "test" / "item05.png")
    with pytest.raises(ValueError, match=r"not one of the evaluation.*run02/test/item05\.png$"):
        trial_sets(load_dataset("omniglot", root), TINY)


@pytest.mark.parametrize(
    "name",
    [
        "training/._class01.png",
        "training/.class01.png",
        "training/class01 (1).png",
        "training/Thumbs.db",
        "._class_labels.txt",
    ],
)
def test_strange_files_among_trials_are_ignored(dataset, tmp_path, name):
    sets = trial_sets(dataset, TINY)["test"][:1]
    write_trials(tmp_path, dataset, sets)
    _, (expected,) = read_trials(tmp_path)
    shutil.copy(tmp_path / "run01" / "training" / "class01.png", tmp_path / "run01" / name)
    _, (read,) = read_trials(tmp_path)
    assert read == expected and len(read.gallery) == NUM_CHARACTERS


def test_archives_beside_missing_trials_are_named(tmp_path):
    (tmp_path / "all_runs.zip").touch()
    with pytest.raises(FileNotFoundError, match=r"give the archive inside .* with all_runs\.zip$"):
        read_trials(tmp_path)


def test_of_two_copies_of_a_half_one_is_read(folder, dataset, tmp_path):
    for copy in ("", "copy/"):
        shutil.copytree(folder / "images_background", tmp_path / copy / "images_background")
    shutil.copytree(folder / "images_evaluation", tmp_path / "images_evaluation")
    read = load_dataset("omniglot", tmp_path)
    assert read.files == dataset.files and read.train_pairs == dataset.train_pairs
    for path in (tmp_path / "copy").rglob("*.png"):
        path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=r"two different sets .*copy/images_background with"):
        load_dataset("omniglot", tmp_path)


@pytest.mark.training
def test_a_training_is_stopped_by_one_shot_accuracy_and_writes_the_trials(trained):
    assert list(trained.history["epoch"]) == [1, 2]
    assert trained.history["val_oneshot_accuracy"].between(0, 1).all()
    oneshot = trained.metrics["oneshot"]
    numbers = {
        split: (values["num_trial_sets"], values["num_trials"]) for split, values in oneshot.items()
    }
    assert numbers == {"validation": (100, 2000), "test": (20, 400), "test_400": (400, 8000)}
    for split, values in oneshot.items():
        trials = trained.trials(split)
        assert values["accuracy"] == trials["correct"].mean() > 0.1  # chance is 0.05
        assert ((trials["chosen"] == trials["answer"]) | ~trials["correct"]).all()
        low, high = values["accuracy_interval"]
        assert low <= values["accuracy"] <= high
    table = trained.oneshot
    assert set(table["ways"]) == {2, 5, 10, 20}
    assert set(table["method"]) == {"tiny", "pixels", "chance"}


@pytest.mark.training
def test_the_command_gives_the_accuracy_of_the_run(trained, dataset, tmp_path, capsys):
    write_trials(tmp_path / "all_runs", dataset, trial_sets(dataset, TINY)["test"])
    command = [
        "oneshot",
        "--model",
        str(trained.path("model.keras")),
        "--trials",
        str(tmp_path / "all_runs"),
    ]
    assert main([*command, "--json", str(tmp_path / "oneshot.json")]) == 0
    expected = {
        key: trained.metrics["oneshot"]["test"][key]
        for key in ("accuracy", "num_trial_sets", "num_trials")
    }
    assert json.loads((tmp_path / "oneshot.json").read_text()) == expected
    assert (
        f"accuracy {expected['accuracy']:.4f}  num_trial_sets 20  num_trials 400"
        in capsys.readouterr().out
    )


@pytest.mark.training
def test_an_interrupted_training_ends_as_an_uninterrupted_one(folder, trained, tmp_path):
    class Interrupted(Exception):
        pass

    from siamese_lib.utils.tensorflow import keras

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise Interrupted

    with pytest.raises(Interrupted):
        train(TINY, folder, tmp_path, verbose=0, callbacks=[Stop()])
    assert len(Run.of(TINY, tmp_path).history) == 1
    again = train(TINY, folder, tmp_path, verbose=0)
    pd.testing.assert_frame_equal(
        again.history.drop(columns="seconds"), trained.history.drop(columns="seconds")
    )
    pd.testing.assert_frame_equal(again.trials("test"), trained.trials("test"))


@pytest.mark.notebook
def test_the_notebook_reads_as_a_report(folder, tmp_path):
    values = {
        key: value for key, value in TINY.to_dict().items() if key not in ("experiment", "variant")
    }
    for name, compared, symmetries in (("tiny", "plain", 4), ("plain", "tiny", 1)):
        own = {"compare_with": compared, "symmetries": symmetries, "num_epochs": 1}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values | own))
    page = build_report(
        tmp_path / "tiny.yaml", folder, tmp_path / "runs", tmp_path / "report", {"num_shown": 3}
    )
    assert {path.stem for path in page.parent.glob("*.ipynb")} == {"05_omniglot"}
    text = (page.parent / "05_omniglot.html").read_text(encoding="utf-8")
    metrics = {
        name: Run.existing(tmp_path / "runs" / name / "seed_0").metrics
        for name in ("tiny", "plain")
    }
    accuracy = metrics["tiny"]["oneshot"]["test"]["accuracy"]
    assert f"20-way one-shot {accuracy:.1%}" in text and text.count("<img") == 11
    front = page.read_text(encoding="utf-8")
    assert broken_links(page.parent) == [] and "Omniglot, 400 images of 100 characters" in front
    best = max(metrics.values(), key=lambda values: values["validation"]["auc"])
    assert (
        f"in {100 * best['oneshot']['test_400']['accuracy']:.1f} % of the trials" in front
        and "show the same character" in front
        and "person" not in front
        and "LFW" not in front
    )


@pytest.mark.training
def test_the_leaderboard_gives_one_shot_accuracy_over_seeds(trained, tmp_path):
    for seed in (0, 1):
        shutil.copytree(trained.directory, tmp_path / "e" / f"seed_{seed}")
    perfect = Run(tmp_path / "e" / "seed_1")
    splits = perfect.metrics["oneshot"]
    perfect.write_trials(pd.concat(map(perfect.trials, splits)).assign(correct=True))
    oneshot = {split: {"accuracy": 1.0} for split in splits}
    perfect.write_json("metrics.json", perfect.metrics | {"oneshot": oneshot})
    (row,) = leaderboard(tmp_path)
    own, test = trained.metrics["oneshot"]["test"]["accuracy"], row["oneshot"]["test"]
    assert test["accuracy"] == pytest.approx((1 + own) / 2) and test["num_trials"] == 400
    assert test["accuracy_sd"] == pytest.approx((1 - own) / 2**0.5)
    cell = f"**{50 * (1 + own):.1f} %** ± {100 * (1 - own) / 2**0.5:.1f}"
    assert cell in results_table([row], markdown=True).to_numpy().ravel().tolist()


@pytest.mark.training
@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda folder: (folder / "class_labels.txt").unlink(), "There are no trials here"),
        (
            lambda folder: (folder / "class_labels.txt").write_text("run01/test/item01.png\n"),
            "holds lines 'test-image training-image'",
        ),
        (lambda folder: (folder / "class_labels.txt").write_bytes(b"\xff\xfe"), "is not UTF-8"),
        (
            lambda folder: (folder / "test" / "item03.png").unlink(),
            "names images that are not there.*item03",
        ),
        (
            lambda folder: (folder / "training" / "class01.png").write_bytes(b"no image"),
            "cannot be read as an image",
        ),
    ],
)
def test_incomplete_trials_are_refused_in_one_sentence(
    trained, dataset, tmp_path, capsys, change, sentence
):
    write_trials(tmp_path, dataset, trial_sets(dataset, TINY)["test"][:1])
    change(tmp_path / "run01")
    assert (
        main(["oneshot", "--model", str(trained.path("model.keras")), "--trials", str(tmp_path)])
        == 2
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("siamese_lib: ") and "Received: " in line
    assert pd.Series([line]).str.contains(sentence).all()
