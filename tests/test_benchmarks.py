"""The benchmarks measure what they say: ratios, the baseline's network, data that grow. Times
themselves are no matter for tests.
"""

import io
import json

import numpy as np
import pytest

from benchmarks import alternating, baseline, growth, scoring, trainings
from benchmarks.figure import draw
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.models.networks import build_model
from siamese_lib.models.tables import count_parameters
from siamese_lib.utils.machine import project_root

RESULTS = project_root() / "benchmarks" / "results.json"


def test_two_ways_are_timed_in_turns():
    calls = []
    seconds = alternating.alternate(lambda: calls.append("a"), lambda: calls.append("b"), turns=2)
    assert calls == ["a", "b", "a", "b"] and [len(times) for times in seconds] == [2, 2]


def test_a_ratio_is_that_of_the_work_done_in_a_second():
    row = alternating.ratio_row(
        "name", ([10.0, 20.0, 30.0], [1.0, 1.0, 2.0]), bar=16.0, work=(1, 2)
    )
    assert (
        (row["ratio"], row["low"], row["high"]) == (30.0, 20.0, 40.0)
        and row["kept"] is True
        and row["bar"] == "at least 16"
    )
    assert alternating.row("name", [0.3], "seconds", bar=0.2, at_most=True)["kept"] is False
    assert alternating.row("name", [0.3], "seconds")["kept"] is None


def test_the_baseline_is_the_reference_network():
    reference = build_model(
        ExperimentConfig.from_yaml(project_root() / "experiments" / "lfwa_reference.yaml")
    )
    assert count_parameters(baseline.build_network()) == count_parameters(reference)


def test_the_baseline_decodes_each_side_of_each_pair_into_float64(lfw_folder):
    dataset = load_dataset("lfwa", lfw_folder)
    left, right, labels = baseline.load_pairs(
        lambda face: dataset.source.read(dataset.files[face]), dataset.test_pairs
    )
    assert (
        left.shape == right.shape == (len(dataset.test_pairs), 105, 105, 1)
        and left.dtype == np.float64
    )
    assert labels.tolist() == list(dataset.test_pairs.labels)


def test_data_that_grow_are_a_dataset_like_any_other(tmp_path):
    growth.write_lists_and_archive(tmp_path, num_train=10, num_test=10)
    dataset = load_dataset("lfwa", tmp_path)
    assert len(dataset.files) == 40 and len(dataset.listed_faces) == 40
    assert len(dataset.train_pairs) == len(dataset.test_pairs) == 20


def test_a_trainer_counts_a_wait_for_every_step(lfw_folder):
    config = ExperimentConfig(
        experiment="tiny",
        dataset="lfwa",
        image_size=(40, 36),
        base_filters=16,
        embedding_size=16,
        batch_size=12,
    )
    assert len(trainings.Trainer(config, load_dataset("lfwa", lfw_folder)).steps(3)) == 3


def test_the_time_until_as_good_is_to_the_epoch_after_which_it_never_falls_back(
    monkeypatch, tmp_path
):
    from siamese_lib.training.run import Run

    histories = {"reference": [0.5, 0.7, 0.6], "recommended": [0.8, 0.6, 0.75, 0.9]}
    for name, curve in histories.items():
        run = Run(tmp_path / name / "seed_0")
        run.write_history(
            [{"epoch": epoch, "val_auc": auc} for epoch, auc in enumerate(curve, start=1)]
        )
        run.finish()
    monkeypatch.setattr(trainings, "Trainer", lambda config, dataset: config)
    monkeypatch.setattr(
        trainings,
        "_seconds_of_epoch",
        lambda config: {"reference": 60.0, "recommended": 10.0}[config.experiment],
    )
    configs = [ExperimentConfig(experiment=name) for name in histories]
    (row,) = trainings.until_as_good(*configs, None, tmp_path)
    # The reference is at its best after 2 epochs, the other one above it for good from its third
    # on.
    assert row["ratio"] == pytest.approx(2 * 60 / (3 * 10))


def test_products_are_counted_as_the_layers_have_them():
    encoder = build_model(
        ExperimentConfig(experiment="tiny", image_size=(40, 36), base_filters=16, embedding_size=16)
    ).get_layer("encoder")
    stem, last = encoder.get_layer("stem_convolution"), encoder.get_layer("embedding")
    assert scoring.multiplications(encoder) > 40 * 36 * 9 * 16 + last.kernel.shape[0] * 16
    assert stem.kernel.shape == (3, 3, 1, 16)


def test_the_committed_results_say_what_was_asked_for_and_can_be_drawn():
    rows = json.loads(RESULTS.read_text())
    assert all(
        {"name", "ratio", "low", "high", "bar", "machine", "unit"} <= set(row) for row in rows
    )
    assert all(row["low"] <= row["ratio"] <= row["high"] for row in rows)
    draw(rows).savefig(io.BytesIO(), format="png")
