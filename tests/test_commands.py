"""The command line: its output, its files, and one sentence with exit code 2 for wrong input."""

import json
import shutil
import subprocess
import sys

import photographs
import pytest
import yaml
from drawn import write_people
from PIL import Image
from synthetic_lfw import TEST_PEOPLE

from siamese_lib.__main__ import main
from siamese_lib.data.load import load_dataset
from siamese_lib.training.run import Run
from siamese_lib.utils import machine

EXPERIMENTS = sorted((machine.project_root() / "experiments").glob("*.yaml"))
TINY = {
    "dataset": "lfwa",
    "image_size": [40, 36],
    "embedding_size": 16,
    "base_filters": 16,
    "batch_size": 12,
    "num_epochs": 1,
}


def command(*arguments):
    """The exit code of a command."""
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiments") / "tiny.yaml"
    path.write_text(yaml.safe_dump(TINY))
    return path


@pytest.fixture(scope="module")
def run(experiment, lfw_folder, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    assert command("train", "--config", experiment, "--data-root", lfw_folder, "--runs", runs) == 0
    return Run.existing(runs / "tiny" / "seed_0")


def test_prepare_prints_what_it_found(lfw_folder, capsys):
    assert command("prepare", "--dataset", "lfwa", "--data-root", lfw_folder) == 0
    printed = capsys.readouterr().out
    dataset = load_dataset("lfwa", lfw_folder)
    for expected in (
        "test pairs",
        "people in both lists      0",
        "images missing            0",
        f"read from                 {lfw_folder / 'lfw2'}\n",
        "images of another size    0 than 250x250 pixels",
        f"in the cache       {len(dataset.files)} at",
    ):
        assert expected in printed


def scaled(lfw_copy, person, side):
    """Scales the images of a person; returns how many there are."""
    paths = sorted(lfw_copy.rglob(f"{person}_*.jpg"))
    for path in paths:
        Image.open(path).resize((side, side)).save(path, quality=95)
    return len(paths)


def test_prepare_counts_images_of_another_size(lfw_copy, capsys):
    count = scaled(lfw_copy, TEST_PEOPLE[0], 500)
    assert command("prepare", "--dataset", "lfwa", "--data-root", lfw_copy) == 0
    assert f"images of another size    {count} than 250x250 pixels" in capsys.readouterr().out


def test_prepare_refuses_two_sets_of_images(lfw_copy, capsys):
    shutil.copytree(lfw_copy / "lfw2", lfw_copy / "lfw")
    for person in TEST_PEOPLE:
        scaled(lfw_copy / "lfw", person, 200)
    assert command("prepare", "--dataset", "lfwa", "--data-root", lfw_copy) == 2
    (printed,) = capsys.readouterr().err.splitlines()
    assert f"{lfw_copy / 'lfw'} with 49 and {lfw_copy / 'lfw2'} with 49 images" in printed


def test_prepare_names_missing_and_unreadable_images(lfw_copy, capsys):
    image = sorted(lfw_copy.rglob("Ada_Example_0001.jpg"))[0]
    content = image.read_bytes()
    image.unlink()
    assert command("prepare", "--dataset", "lfwa", "--data-root", lfw_copy) == 2
    assert "Ada_Example_0001" in capsys.readouterr().out
    image.write_bytes(content[:300])
    assert command("prepare", "--dataset", "lfwa", "--data-root", lfw_copy) == 2
    assert "Ada_Example_0001" in capsys.readouterr().err


def test_prepare_names_identical_files(lfw_copy, capsys):
    first, second = sorted(lfw_copy.rglob("Ben_Example_000[12].jpg"))
    second.write_bytes(first.read_bytes())
    assert command("prepare", "--dataset", "lfwa", "--data-root", lfw_copy) == 0
    assert "Ben_Example_0001 = Ben_Example_0002" in capsys.readouterr().out


def test_prepare_counts_all_identical_files_and_names_the_first(tmp_path, capsys):
    folder = write_people(tmp_path / "own", [f"P{number}" for number in range(30)])
    write_people(folder, "AB", suffix=".bmp")  # of another content, since of another format
    assert command("prepare", "--dataset", "folder", "--data-root", folder) == 0
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if line.startswith("identical files")]
    assert " 2: A_0001 = A_0002 = B_0001 = B_0002, P0_0001 = " in line
    assert line.endswith(" = ...") and line.count(" = ") == 3 + 20


def test_summary_counts_the_reference(capsys):
    assert command("summary", "--config", "experiments/lfwa_reference.yaml", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["parameters"] == {
        "total": 38_954_049,
        "trainable": 38_952_897,
        "non_trainable": 1_152,
    }
    assert sum(layer["parameters"] for layer in printed["layers"]) == 38_954_049
    assert command("summary", "--config", "experiments/lfwa_reference.yaml") == 0
    assert "38,954,049" in capsys.readouterr().out


def test_summary_lists_the_members_of_an_ensemble_and_their_sum(capsys):
    assert command("summary", "--config", "experiments/lfwa_ensemble.yaml", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    totals = {member["member"]: member["total"] for member in printed["members"]}
    assert list(totals)[-1] == "lfwa_lpq/seed_0" and len(totals) == 4
    assert sum(totals.values()) == printed["parameters"]["total"] == 27_826_488
    assert command("summary", "--config", "experiments/lfwa_ensemble.yaml") == 0
    printed = capsys.readouterr().out
    assert "lfwa_people" in printed and "total 27,826,488" in printed


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_experiment_has_a_summary(path, capsys):
    assert command("summary", "--config", path) == 0
    assert "trainable" in capsys.readouterr().out


def test_train_writes_overrides_into_a_folder_of_their_own(experiment, lfw_folder, tmp_path):
    arguments = [
        "train",
        "--config",
        str(experiment),
        "--data-root",
        str(lfw_folder),
        "--runs",
        str(tmp_path),
    ]
    assert command(*arguments, "--seed", "3", "--set", "learning_rate=0.002") == 0
    run = Run.existing(tmp_path / "tiny,learning_rate=0.002" / "seed_3")
    assert (run.config.learning_rate, run.config.seed) == (0.002, 3)
    saved = json.loads(run.path("config.json").read_text())
    assert {
        "experiment",
        "dataset",
        "protocol",
        "encoder",
        "learning_rate",
        "batch_size",
        "num_epochs",
        "seed",
    } <= set(saved)


def test_evaluate_a_run(run, tmp_path, capsys):
    assert command("evaluate", "--run", run.directory, "--json", tmp_path / "test.json") == 0
    written = json.loads((tmp_path / "test.json").read_text())
    assert written == {
        key: (run.metrics["threshold"] if key == "threshold" else run.metrics["test"][key])
        for key in ("accuracy", "auc", "eer", "threshold", "num_pairs")
    }
    assert f"{written['accuracy']:.4f}" in capsys.readouterr().out


def test_evaluate_a_model_on_a_pair_list_gives_the_numbers_of_the_run(run, lfw_folder, tmp_path):
    arguments = [
        "--pairs",
        str(lfw_folder / "pairsDevTest.txt"),
        "--data-root",
        str(lfw_folder),
        "--json",
        str(tmp_path / "test.json"),
    ]
    assert command("evaluate", "--model", run.path("model.keras"), *arguments) == 0
    written = json.loads((tmp_path / "test.json").read_text())
    assert (
        written["accuracy"] == run.metrics["test"]["accuracy"]
        and written["num_pairs"] == run.metrics["test"]["num_pairs"]
    )
    assert written["auc"] == pytest.approx(run.metrics["test"]["auc"])


@pytest.mark.parametrize(
    ("part", "known"),
    [("Train", 1), ("Test", 0)],
    ids=["people of the training", "other people"],
)
def test_evaluate_says_how_many_pairs_show_people_of_the_training(
    run, lfw_folder, tmp_path, capsys, part, known
):
    arguments = ("--pairs", lfw_folder / f"pairsDev{part}.txt", "--data-root", lfw_folder)
    output = ("--json", tmp_path / "numbers.json")
    assert command("evaluate", "--model", run.path("model.keras"), *arguments, *output) == 0
    written = json.loads((tmp_path / "numbers.json").read_text())
    assert written["num_known_pairs"] == known * written["num_pairs"]
    assert written["accuracy_on_others"] == (None if known else written["accuracy"])
    printed = capsys.readouterr().out
    assert ("a person whom the network was trained on" in printed) is bool(known)


def test_evaluate_says_that_an_older_model_file_does_not_tell(run, lfw_folder, tmp_path, capsys):
    for suffix in (".keras", ".json"):
        shutil.copy(run.path("model" + suffix), tmp_path / f"old{suffix}")
    settings = json.loads((tmp_path / "old.json").read_text())
    (tmp_path / "old.json").write_text(json.dumps(settings | {"people": {}}))
    arguments = ("--pairs", lfw_folder / "pairsDevTest.txt", "--data-root", lfw_folder)
    assert command("evaluate", "--model", tmp_path / "old.keras", *arguments) == 0
    assert "does not name the people whom it was trained on" in capsys.readouterr().out


def test_evaluate_crops_images_of_another_size_at_the_same_part_and_says_so(
    lfw_folder, lfw_copy, tmp_path, capsys
):
    model = machine.project_root() / "models" / "lfwa_people.keras"
    for person in TEST_PEOPLE:
        scaled(lfw_copy, person, 500)
    numbers, note = [], "Images of another size than 250x250 pixels: 12 of 12"
    for root in (lfw_folder, lfw_copy):
        arguments = ("--pairs", root / "pairsDevTest.txt", "--data-root", root)
        output = ("--json", tmp_path / "numbers.json")
        assert command("evaluate", "--model", model, *arguments, *output) == 0
        numbers.append(json.loads((tmp_path / "numbers.json").read_text())["auc"])
        assert (note in capsys.readouterr().out) is (root == lfw_copy)
    assert numbers[0] == pytest.approx(numbers[1], abs=0.05)


def test_verify_two_aligned_images_as_the_run_scored_them(run, lfw_folder, capsys):
    row = run.scores("test").iloc[0]
    images = [str(next(lfw_folder.rglob(f"{name}.jpg"))) for name in (row["left"], row["right"])]
    assert command("verify", *images, "--run", run.directory, "--aligned") == 0
    printed = capsys.readouterr().out
    assert f"score {row['score']:.4f}" in printed
    assert (
        "same person" if row["score"] >= run.metrics["threshold"] else "different people"
    ) in printed


def test_a_sweep_prints_and_writes_its_table(experiment, lfw_folder, tmp_path, capsys):
    (tmp_path / "both.yaml").write_text(
        yaml.safe_dump({"base": str(experiment), "axes": {"batch_size": [6, 12]}, "seeds": [0]})
    )
    arguments = ["--data-root", lfw_folder, "--runs", tmp_path / "runs"]
    assert command("sweep", tmp_path / "both.yaml", *arguments) == 0
    assert "batch_size" in capsys.readouterr().out
    assert len((tmp_path / "runs" / "both.csv").read_text().splitlines()) == 3


WRONG = {
    "a key that is an attribute of the config": [
        "summary",
        "--config",
        "experiments/sample.yaml",
        "--set",
        "path=x",
    ],
    "nothing where something is needed": [
        "summary",
        "--config",
        "experiments/sample.yaml",
        "--set",
        "batch_size=null",
    ],
    "decay without its optimizer": [
        "summary",
        "--config",
        "experiments/sample_reference.yaml",
        "--set",
        "weight_decay=0.1",
    ],
    "prepare with values but no experiment": ["prepare", "--set", "seed=1"],
    "a run and a pair list": ["evaluate", "--run", "nowhere", "--pairs", "nowhere.txt"],
    "a runs folder that is a file": [
        "train",
        "--config",
        "experiments/sample.yaml",
        "--runs",
        "README.md",
    ],
    "a results folder that is not there": ["leaderboard", "--results", "nowhere"],
    "an unknown parameter of the report": ["report", "--set", "num_epoch=3"],
    "no experiment file": ["train", "--config", "nowhere.yaml"],
    "no data": ["prepare", "--dataset", "lfwa", "--data-root", "nowhere"],
    "unknown key": ["summary", "--config", "experiments/sample.yaml", "--set", "learning_rat=1"],
    "value out of range": [
        "summary",
        "--config",
        "experiments/sample.yaml",
        "--set",
        "batch_size=0",
    ],
    "no key": ["summary", "--config", "experiments/sample.yaml", "--set", "batch_size"],
    "no run": ["evaluate", "--run", "nowhere"],
    "no model": [
        "evaluate",
        "--model",
        "nowhere.keras",
        "--pairs",
        "nowhere.txt",
        "--data-root",
        ".",
    ],
    "model without pairs": ["evaluate", "--model", "nowhere.keras"],
    "no run for photographs": ["verify", "a.jpg", "b.jpg", "--run", "nowhere"],
    "no photograph": ["verify", "nowhere.jpg", "nowhere.jpg"],
    "no probe": ["find", "nowhere.jpg", "tests"],
    "fewer than one": ["find", "nowhere.jpg", "tests", "--top", "0"],
    "no sweep file": ["sweep", "nowhere.yaml"],
    "no experiment for the report": ["report", "--experiment", "nowhere.yaml"],
    "a parameter of the report that has a flag": ["report", "--set", "data_root=/"],
    "a parameter of the report without a value": ["report", "--set", "num_epochs="],
    "data that are not there and not needed": ["report", "--data-root", "nowhere"],
    "a folder below a file": ["prepare", "--dataset", "sample", "--data-root", "README.md/x"],
    "runs below a file": ["report", "--runs", "README.md/runs"],
    "an unknown home": ["verify", "~nobody-here/a.jpg", "b.jpg"],
    "a folder for a model": ["oneshot", "--model", "models", "--trials", "tests"],
    "an image for a model": ["verify", "docs/pairs.png", "docs/pairs.png", "--model", "README.md"],
    "a file for a folder": ["find", "README.md", "README.md"],
    "numbers into a folder": ["evaluate", "--run", "tests", "--json", "docs"],
    "one key twice": [
        "summary",
        "--config",
        "experiments/sample.yaml",
        "--set",
        "batch_size=2",
        "--set",
        "batch_size=3",
    ],
    "two seeds": [
        "summary",
        "--config",
        "experiments/sample.yaml",
        "--seed",
        "1",
        "--set",
        "seed=2",
    ],
    "a run elsewhere": ["train", "--run", "tests", "--runs", "docs"],
    "a sweep without its data": [
        "sweep",
        "experiments/sweeps/own_pictures.yaml",
        "--runs",
        "runs/nowhere",
    ],
    "own pictures without a folder": ["train", "--config", "experiments/own_pictures.yaml"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_unusable_input_is_one_sentence_and_exit_code_two(arguments, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr().err.strip()
    assert printed.startswith("siamese_lib: ") and "\n" not in printed and "Received: " in printed


MODEL = "models/lfwa_people.keras"
LIST = "siamese_lib/data/sample_lists/test.txt"
# Of every command that needs a network, or starts something that does.
WRONG_PATHS = [
    "prepare --config nowhere.yaml",
    "prepare --dataset lfwa --data-root nowhere",
    "summary --config nowhere.yaml",
    "summary --config experiments/sample.yaml --set batch_size=0",
    "train --config nowhere.yaml",
    "train --config experiments/lfwa_quick.yaml --data-root nowhere",
    "train --config experiments/sample.yaml --runs README.md",
    "train --run nowhere",
    "sweep nowhere.yaml",
    "sweep experiments/sweeps/lfwa_reference.yaml --data-root nowhere",
    "sweep experiments/sweeps/lfwa_reference.yaml --runs README.md",
    "report --experiment nowhere.yaml",
    "report --experiment experiments/lfwa_quick.yaml --data-root nowhere",
    "report --runs README.md",
    "evaluate --run nowhere",
    "evaluate --model nowhere.keras --pairs README.md --data-root tests",
    f"evaluate --model {MODEL} --pairs nowhere.txt --data-root tests",
    f"evaluate --model {MODEL} --pairs {LIST} --data-root nowhere",
    "oneshot --model nowhere.keras --trials tests",
    f"oneshot --model {MODEL} --trials nowhere",
    "verify nowhere.jpg nowhere.jpg",
    "verify README.md README.md --run nowhere",
    "verify README.md README.md --model nowhere.keras",
    "find nowhere.jpg tests",
    "find README.md nowhere",
    "find README.md tests --run nowhere",
    "find README.md tests --model nowhere.keras",
]
RUN_ALL = """
import sys
from siamese_lib.__main__ import main
codes = [main(line.split()) for line in sys.argv[1:]]
print(set(codes), "tensorflow" in sys.modules, "keras" in sys.modules)
"""


def test_a_wrong_path_is_refused_before_tensorflow_is_loaded():
    ended = subprocess.run(
        [sys.executable, "-c", RUN_ALL, *WRONG_PATHS], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split("\n")[-2] == "{2} False False"
    sentences = ended.stderr.strip().splitlines()
    assert len(sentences) == len(WRONG_PATHS) and all("Received: " in line for line in sentences)


def test_the_process_of_a_sweep_answers_wrong_input_in_a_sentence_and_goes_on(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "siamese_lib", "train_runs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    for name in ("first", "second"):
        print(tmp_path / name, file=process.stdin, flush=True)
        sentence = json.loads(process.stdout.readline())["error"]
        assert "Received: " in sentence and name in sentence and "\n" not in sentence
    process.stdin.close()
    assert process.wait() == 1
    process.stdout.close()


FILES = {
    "experiment.yaml": "seed: 1\nseed: 2\n",
    "code.yaml": "seed: !!python/object/apply:os.getcwd []\n",
    "sweep.yaml": "base: experiment.yaml\nseeds: [0]\naxes: {num_epochs: [1, many]}\n",
    "aliases.yaml": "axes: &a {batch_size: [*a]}\n",
    "pairs.txt": "1\nAda 0 2\nAda 1 Ben 1\n",
    "list.json": "[]",
    "model.keras": "no model",
    "model.json": json.dumps(
        {"crop": None, "image_size": [40, 36], "test_time_flip": False, "threshold": 0.5}
    ),
    "bad.zip": "PK\x03\x04 cut off",
    "bad.tar.gz": "<html>not found</html>",
    "runs/old/seed_0/config.json": '{"experiment": "old", "a_field_of_another_version": 1}',
    "runs/torn/seed_0/config.json": '{"experiment": "torn"',
    "runs/empty/seed_0/DONE": "",
}
BAD_FILES = {
    "a key twice": ["summary", "--config", "experiment.yaml"],
    "a tag that runs code": ["summary", "--config", "code.yaml"],
    "a sweep with a wrong value": ["sweep", "sweep.yaml"],
    "a sweep of aliases": ["sweep", "aliases.yaml"],
    "a value on the command line that is too deep": [
        "summary",
        "--config",
        "experiments/sample.yaml",
        "--set",
        "crop=" + "[" * 5000,
    ],
    "a date that does not exist": [
        "summary",
        "--config",
        "experiments/sample.yaml",
        "--set",
        "crop=2024-13-45",
    ],
    "a pair list with an index 0": [
        "evaluate",
        "--model",
        "model.keras",
        "--pairs",
        "pairs.txt",
        "--data-root",
        ".",
    ],
    "a file that is no model": [
        "verify",
        "pairs.txt",
        "pairs.txt",
        "--aligned",
        "--model",
        "model.keras",
    ],
    "a zip that is cut off": ["prepare", "--dataset", "lfwa", "--data-root", "bad.zip"],
    "a tar that is a page": ["prepare", "--dataset", "lfwa", "--data-root", "bad.tar.gz"],
    "a run of another version": ["train", "--run", "runs/old/seed_0"],
    "a run with half a config": ["train", "--run", "runs/torn/seed_0"],
    "a run without metrics": ["evaluate", "--run", "runs/empty/seed_0"],
}


@pytest.mark.parametrize("arguments", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_one_sentence_and_exit_code_two_and_stays_as_it_was(
    arguments, tmp_path, monkeypatch, capsys
):
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    (printed,) = capsys.readouterr().err.strip().splitlines()
    assert printed.startswith("siamese_lib: ") and ("Received: " in printed)
    assert {name: (tmp_path / name).read_text() for name in FILES} == FILES


def test_an_override_can_remove_a_value_and_seed_can_be_set_both_ways(capsys):
    for extra in (
        ["--set", "crop=null"],
        ["--set", "seed=1"],
        ["--seed", "1"],
        ["--set", "early_stopping_patience=null"],
    ):
        assert command("summary", "--config", "experiments/lfwa_quick.yaml", *extra) == 0


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        '{"crop": 5}',
        '{"crop": 5, "image_size": [40, 36], "threshold": 0.5, "test_time_flip": true}',
        "[]",
    ],
)
def test_incomplete_settings_of_a_model_are_one_sentence(run, content, tmp_path, capsys):
    shutil.copy(run.path("model.keras"), tmp_path / "model.keras")
    (tmp_path / "model.json").write_text(content)
    (tmp_path / "a.jpg").write_bytes(b"")
    images = [tmp_path / "a.jpg"] * 2
    assert command("verify", *images, "--model", tmp_path / "model.keras", "--aligned") == 2
    assert "Received: " in capsys.readouterr().err


def test_an_image_that_cannot_be_read_is_named(run, tmp_path, capsys):
    arguments = [tmp_path / "a.jpg", tmp_path / "b.jpg", "--run", run.directory, "--aligned"]
    (tmp_path / "a.jpg").write_bytes(b"no image")
    assert command("verify", *arguments) == 2
    assert "b.jpg" in capsys.readouterr().err
    (tmp_path / "b.jpg").write_bytes(b"no image")
    assert command("verify", *arguments) == 2
    assert "a.jpg cannot be read as an image" in capsys.readouterr().err


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """A folder with two photographs of one person, one of two and one of nobody."""
    folder = tmp_path_factory.mktemp("album")
    photographs.astronaut().save(folder / "a.png")
    photographs.composition().save(folder / "b.jpg")
    photographs.two_people().save(folder / "two.png")
    photographs.landscape().save(folder / "hill.jpg")
    return folder


def test_verify_decides_on_two_photos_with_the_person_anywhere(album, capsys):
    assert command("verify", album / "a.png", album / "b.jpg") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert (
        line.startswith("same person: score ")
        and "threshold 0.5000, set on validation pairs of lfwa" in line
    )


def test_verify_notes_which_of_several_faces_it_uses(album, capsys):
    assert command("verify", album / "a.png", album / "two.png") == 0
    note, decision = capsys.readouterr().out.splitlines()
    assert (
        note == f"{album / 'two.png'}: 2 faces were found, the largest is taken"
        and decision.startswith("same person")
    )


def test_verify_on_a_landscape_finds_no_face(album, capsys):
    for images in (("a.png", "hill.jpg"), ("hill.jpg", "a.png")):
        assert command("verify", *(str(album / name) for name in images)) == 2
        printed = capsys.readouterr()
        assert (
            "hill.jpg: no face was found" in printed.err
            and len(printed.err.splitlines()) == 1
            and not printed.out
        )


def test_find_ranks_a_folder_and_names_what_it_skips(album, capsys):
    assert command("find", album / "a.png", album) == 0
    note, skipped, header, first, second, last = capsys.readouterr().out.splitlines()
    assert note == "two.png: 2 faces were found, the largest is taken"
    assert skipped.startswith("skipped: hill.jpg: no face was found")
    assert header.split() == ["rank", "image", "score", "decision"]
    assert {first.split()[1], second.split()[1]} == {"b.jpg", "two.png"} and "same person" in first
    of_threshold = "threshold 0.5000, set on validation pairs of lfwa"
    assert last == f"{of_threshold}; a larger score is more alike"
    assert command("find", album / "a.png", album, "--top", "1") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [first, last]


def test_find_uses_aligned_images_unchanged(run, lfw_folder, capsys):
    row = run.scores("test").iloc[0]
    images = {name: next(lfw_folder.rglob(f"{name}.jpg")) for name in (row["left"], row["right"])}
    folder = images[row["right"]].parent
    probe = images[row["left"]]
    assert command("find", probe, folder, "--run", run.directory, "--aligned") == 0
    line = next(
        line for line in capsys.readouterr().out.splitlines() if f"{row['right']}.jpg" in line
    )
    assert f" {row['score']:.4f} " in line


def test_find_without_a_usable_image_is_one_sentence(album, tmp_path, capsys):
    photographs.landscape().save(tmp_path / "hill.jpg")
    assert command("find", album / "a.png", tmp_path) == 2
    printed = capsys.readouterr()
    assert (
        "no image with a face" in printed.err
        and len(printed.err.splitlines()) == 1
        and not printed.out
    )
    assert command("find", album / "a.png", tmp_path / "nowhere") == 2
    assert "There is no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        ["train", "--run", ""],
        ["evaluate", "--run", ""],
        ["verify", "a.jpg", "b.jpg", "--run", ""],
        ["find", "a.jpg", ""],
        ["prepare", "--dataset", "lfwa", "--data-root", "~nobody-of-this-name/lfwa"],
    ],
)
def test_an_empty_option_and_an_unknown_home_are_one_sentence(line, capsys):
    assert main(line) == 2
    message = capsys.readouterr().err.strip()
    assert "Received: " in message and "\n" not in message


def test_results_without_runs_leave_every_page_as_it_is(tmp_path, capsys):
    pages = [machine.project_root() / page for page in ("README.md", "docs/results.md")]
    before = [page.read_bytes() for page in pages]
    for dataset in ("lfwa", "omniglot"):
        (tmp_path / dataset).mkdir()
    assert command("leaderboard", "--results", tmp_path) == 2
    assert "without runs of lfwa and omniglot" in capsys.readouterr().err
    assert [page.read_bytes() for page in pages] == before


@pytest.mark.parametrize(
    "people", [{"train": "a"}, {"train": 1, "validation": 2}, ["a"], {"a": "b"}]
)
def test_a_model_file_with_wrong_people_is_one_sentence(run, tmp_path, capsys, people):
    shutil.copy(run.path("model.keras"), tmp_path / "wrong.keras")
    settings = json.loads(run.path("model.json").read_text()) | {"people": people}
    (tmp_path / "wrong.json").write_text(json.dumps(settings))
    images = ["README.md", "README.md"]
    assert command("verify", *images, "--aligned", "--model", tmp_path / "wrong.keras") == 2
    assert "and people, if any, as two texts" in capsys.readouterr().err
