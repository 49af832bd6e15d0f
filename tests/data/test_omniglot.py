"""Omniglot: where it is read from, who is held out, runs of one-shot trials and their files, a training with all of it."""

import json
import shutil
import zipfile

import pandas as pd
import pytest
import synthetic_omniglot
import yaml
from drawn import write_trials
from synthetic_omniglot import ALPHABETS, NUM_CHARACTERS, NUM_DRAWERS
from test_report import broken_links

from siamese_lib.__main__ import main
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.data.omniglot import read_trials
from siamese_lib.experiments.leaderboard import leaderboard, oneshot_as_markdown
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
    "pack", [None, synthetic_omniglot.packed_like_the_public_home, synthetic_omniglot.packed_as_one]
)
def test_it_is_read_from_a_folder_from_two_zips_and_from_one_archive(
    folder, dataset, tmp_path, pack
):
    root = (
        pack(
            folder,
            tmp_path
            / ("omniglot" if pack is not synthetic_omniglot.packed_as_one else "omniglot.tar.xz"),
        )
        if pack
        else folder
    )
    read = load_dataset("omniglot", root)
    assert (
        read.files.keys() == dataset.files.keys()
        and len(read.files) == 5 * NUM_CHARACTERS * NUM_DRAWERS
    )
    assert all(
        read.source.read(read.files[face]) == dataset.source.read(dataset.files[face])
        for face in list(read.files)[::37]
    )
    assert (read.train_pairs, read.test_pairs) == (dataset.train_pairs, dataset.test_pairs)
    names = sorted(read.files.values())
    assert read.source.fingerprint(names) == load_dataset("omniglot", root).source.fingerprint(
        names
    )


def test_half_of_it_is_refused(folder, tmp_path):
    shutil.copytree(folder / "images_background", tmp_path / "images_background")
    with pytest.raises(FileNotFoundError, match=r"images_evaluation were not found.*Received"):
        load_dataset("omniglot", tmp_path)


@pytest.mark.parametrize("protocol", ["pairs", "people"])
def test_whole_alphabets_are_held_out_and_evaluation_is_for_the_test_alone(dataset, protocol):
    loss = {"pairs": "binary_crossentropy", "people": "margin_softmax"}[protocol]
    config = ExperimentConfig(
        experiment="e",
        dataset="omniglot",
        protocol=protocol,
        loss=loss,
        monitor="val_oneshot_accuracy",
        validation_fraction=0.34,
    )
    parts = dataset.split(config)
    assert alphabets(parts["test"]) == set(ALPHABETS["images_evaluation"])
    assert alphabets(parts["train"]) | alphabets(parts["validation"]) == set(
        ALPHABETS["images_background"]
    )
    assert len(alphabets(parts["validation"])) == 1 and not alphabets(parts["train"]) & alphabets(
        parts["validation"]
    )
    assert all(2 * sum(pairs.labels) == len(pairs) for pairs in parts.values())
    held_out = {
        face.person.split("/")[0]
        for run in dataset.trial_sets(config)["validation"]
        for face in run.gallery
    }
    assert held_out == alphabets(parts["validation"])
    counts = dataset.examples(config).counts
    assert (
        counts == {"pairs": len(parts["train"]), "images": counts["images"]}
        if protocol == "pairs"
        else counts["classes"] == 40
    )


def test_runs_stay_within_an_alphabet_and_go_both_ways(dataset):
    runs = dataset.trial_sets(TINY)["test"]
    assert len(runs) == 20
    for there, back in zip(runs[::2], runs[1::2]):
        for run in (there, back):
            assert len({face.person.split("/")[0] for face in (*run.gallery, *run.probes)}) == 1
            assert len({face.person for face in run.gallery}) == len(run.probes) == NUM_CHARACTERS
            (one,), (other,) = (
                {face.number for face in run.gallery},
                {face.number for face in run.probes},
            )
            assert one != other
            assert [face.person for face in run.probes] == [
                run.gallery[answer].person for answer in run.answers
            ]
        assert set(there.gallery) == set(back.probes) and set(back.gallery) == set(there.probes)
    first_two = {runs[0].gallery[0].person.split("/")[0], runs[2].gallery[0].person.split("/")[0]}
    assert first_two == set(ALPHABETS["images_evaluation"])  # every alphabet before one comes again


def test_runs_are_written_and_read_as_lake_has_them(dataset, tmp_path):
    runs = dataset.trial_sets(TINY)["test"][:4]
    write_trials(tmp_path / "all_runs", dataset, runs)
    assert sorted(path.name for path in (tmp_path / "all_runs").iterdir()) == [
        "run01",
        "run02",
        "run03",
        "run04",
    ]
    first = (tmp_path / "all_runs" / "run01" / "class_labels.txt").read_text().split()
    assert first[0] == "run01/test/item01.png" and first[1].startswith("run01/training/class")
    with zipfile.ZipFile(tmp_path / "all_runs.zip", "w") as archive:
        for path in sorted((tmp_path / "all_runs").rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path))
    for place in ("all_runs", "all_runs.zip"):
        source, read = read_trials(tmp_path / place)
        for run, again in zip(runs, read, strict=True):
            assert again.answers == run.answers
            for side in ("gallery", "probes"):
                contents = [dataset.source.read(dataset.files[face]) for face in getattr(run, side)]
                assert [source.read(name) for name in getattr(again, side)] == contents


def test_a_training_stops_on_one_shot_trials_and_writes_them(trained):
    assert (
        list(trained.history["epoch"]) == [1, 2]
        and trained.history["val_oneshot_accuracy"].between(0, 1).all()
    )
    oneshot = trained.metrics["oneshot"]
    assert {
        part: (values["num_trial_sets"], values["num_trials"]) for part, values in oneshot.items()
    } == {
        "validation": (100, 2000),
        "test": (20, 400),
        "test_400": (400, 8000),
    }
    for part, values in oneshot.items():
        trials = trained.trials(part)
        assert values["accuracy"] == trials["correct"].mean() > 0.1  # chance is 0.05
        assert ((trials["chosen"] == trials["answer"]) | ~trials["correct"]).all()
        low, high = values["accuracy_interval"]
        assert low <= values["accuracy"] <= high
    table = trained.oneshot
    assert set(table["ways"]) == {2, 5, 10, 20} and set(table["method"]) == {
        "tiny",
        "pixels",
        "chance",
    }


def test_the_command_gives_the_figure_of_the_run(trained, dataset, tmp_path, capsys):
    write_trials(tmp_path / "all_runs", dataset, dataset.trial_sets(TINY)["test"])
    command = [
        "oneshot",
        "--model",
        str(trained.path("model.keras")),
        "--runs",
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


def test_a_training_that_was_interrupted_ends_as_a_whole_one(folder, trained, tmp_path):
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
    for name, other in (("tiny", "plain"), ("plain", "tiny")):
        text = yaml.safe_dump(
            values
            | {"compare_with": other, "symmetries": 4 if name == "tiny" else 1, "num_epochs": 1}
        )
        (tmp_path / f"{name}.yaml").write_text(text)
    page = build_report(
        tmp_path / "tiny.yaml", folder, tmp_path / "runs", tmp_path / "report", {"num_shown": 3}
    )
    assert {path.stem for path in page.parent.glob("*.ipynb")} == {"05_omniglot"}
    text = (page.parent / "05_omniglot.html").read_text(encoding="utf-8")
    accuracy = Run.existing(tmp_path / "runs" / "tiny" / "seed_0").metrics["oneshot"]["test"][
        "accuracy"
    ]
    assert f"20-way one-shot {accuracy:.1%}" in text and text.count("<img") == 9
    front = page.read_text(encoding="utf-8")
    assert broken_links(page.parent) == [] and "Omniglot, 400 images of 100 characters" in front
    runs = [Run.existing(tmp_path / "runs" / name / "seed_0").metrics for name in ("tiny", "plain")]
    best = max(runs, key=lambda metrics: metrics["validation"]["auc"])
    assert (
        f"in {best['oneshot']['test_400']['accuracy']:.1%} of the trials" in front
        and "of the same character" in front
        and "person" not in front
        and "LFW" not in front
    )


def test_the_leaderboard_gives_one_shot_accuracy_over_seeds(trained, tmp_path):
    for seed in (0, 1):
        shutil.copytree(trained.directory, tmp_path / "e" / f"seed_{seed}")
    other = Run(tmp_path / "e" / "seed_1")
    trials = pd.concat([other.trials(part) for part in ("validation", "test", "test_400")])
    other.write_trials(trials.assign(correct=True))
    other.write_json(
        "metrics.json",
        other.metrics | {"oneshot": {part: {"accuracy": 1.0} for part in other.metrics["oneshot"]}},
    )
    (row,) = leaderboard(tmp_path)
    own = trained.metrics["oneshot"]["test"]["accuracy"]
    assert (
        row["oneshot"]["test"]["accuracy"] == pytest.approx((1 + own) / 2)
        and row["oneshot"]["test"]["num_trials"] == 400
    )
    assert row["oneshot"]["test"]["accuracy_sd"] == pytest.approx((1 - own) / 2**0.5)
    assert (
        f"| **{50 * (1 + own):.1f} %** ± {100 * (1 - own) / 2**0.5:.1f} |"
        in oneshot_as_markdown([row])
    )


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda run: (run / "class_labels.txt").unlink(), "There are no runs here"),
        (
            lambda run: (run / "class_labels.txt").write_text("run01/test/item01.png\n"),
            "holds lines 'test-image training-image'",
        ),
        (lambda run: (run / "class_labels.txt").write_bytes(b"\xff\xfe"), "is not UTF-8"),
        (
            lambda run: (run / "test" / "item03.png").unlink(),
            "names images that are not there.*item03",
        ),
        (
            lambda run: (run / "training" / "class01.png").write_bytes(b"no image"),
            "cannot be read as a image",
        ),
    ],
)
def test_runs_that_are_not_whole_are_refused_in_one_sentence(
    trained, dataset, tmp_path, capsys, change, sentence
):
    write_trials(tmp_path, dataset, dataset.trial_sets(TINY)["test"][:1])
    change(tmp_path / "run01")
    assert (
        main(["oneshot", "--model", str(trained.path("model.keras")), "--runs", str(tmp_path)]) == 2
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("siamese_lib: ") and "Received: " in line
    assert pd.Series([line]).str.contains(sentence).all()


def test_one_shot_trials_want_groups(tmp_path):
    config = ExperimentConfig(
        experiment="e",
        monitor="val_oneshot_accuracy",
        image_size=(40, 36),
        base_filters=16,
        num_epochs=1,
    )
    with pytest.raises(
        ValueError,
        match=r"val_oneshot_accuracy wants a dataset with groups.*Received: dataset sample",
    ):
        train(config, runs_dir=tmp_path, verbose=0)
