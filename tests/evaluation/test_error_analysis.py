"""Error analysis on generated images and errors with known causes."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.evaluation import error_analysis
from siamese_lib.evaluation.covariates import COVARIATES, pair_covariates

SIZE = (24, 20)


def face(person, number):
    return Face(person, number)


def draw_image(seed, brightness=0, mirror=False):
    """A random image, or one that is its own mirror image."""
    image = np.random.default_rng(seed).integers(60, 180, (*SIZE, 1)).astype(int)
    if mirror:
        image[:, SIZE[1] // 2 :] = image[:, : SIZE[1] // 2][:, ::-1]
    return (image + brightness).clip(0, 255).astype(np.uint8)


def test_the_worse_aligned_image_gives_the_eye_distance_of_a_pair(monkeypatch, tmp_path):
    monkeypatch.setattr("siamese_lib.data.summary.project_root", lambda: tmp_path)
    faces = [face("Ada", 1), face("Ada", 2), face("Ben", 1), face("Ben", 2)]
    cache = FaceCache(np.stack([draw_image(number) for number in range(4)]), faces)
    pairs = PairList((Pair(faces[0], faces[1], 1), Pair(faces[1], faces[2], 0)))
    dataset = SimpleNamespace(name="drawn", files=dict.fromkeys(faces))
    (tmp_path / "results" / "drawn").mkdir(parents=True)
    path = tmp_path / "results" / "drawn" / "eyes.csv"
    path.write_text("image,distance\nAda_0001,1.5\nAda_0002,3.0\nBen_0001,\nBen_0002,55.0\n")
    table = pair_covariates(pairs, cache, dataset)
    assert table["eye_distance"].tolist() == [3.0, 20.0]  # no face was found in Ben's first image
    path.write_text("image,distance\nAda_0001,1.5\n")  # of other images
    assert "eye_distance" not in pair_covariates(pairs, cache, dataset)


def test_the_covariates_describe_the_images():
    faces = [face("Ada", 1), face("Ada", 2), face("Ben", 1), face("Ben", 2)]
    cache = FaceCache(
        np.stack(
            [draw_image(1), draw_image(1, brightness=40), draw_image(2, mirror=True), draw_image(3)]
        ),
        faces,
    )
    pairs = PairList((Pair(faces[0], faces[1], 1), Pair(faces[2], faces[3], 1)))
    table = pair_covariates(
        pairs, cache, SimpleNamespace(name="drawn", files=dict.fromkeys([*faces, face("Ben", 3)]))
    )
    assert list(table) == [name for name in COVARIATES if name != "eye_distance"]
    brighter, turned = table.iloc[0], table.iloc[1]
    assert brighter["brightness_difference"] == pytest.approx(40, abs=0.01)
    assert brighter["contrast_difference"] == pytest.approx(0, abs=0.01)
    assert brighter["pixel_correlation"] == pytest.approx(1)
    assert brighter["asymmetry_difference"] == pytest.approx(0)
    # One of the two images is symmetric.
    assert turned["asymmetry_difference"] == pytest.approx(turned["asymmetry"])
    assert turned["pixel_correlation"] < 0.5
    assert (brighter["images_of_person"], turned["images_of_person"]) == (2, 3)


def pairs_with_a_cause(num_pairs, seed):
    """Pairs of both classes, their errors and two covariates.

    The first covariate makes errors in same pairs likely; the second is noise.
    """
    pairs = [
        Pair(face(f"Same{index}", 1), face(f"Same{index}", 2), 1) for index in range(num_pairs // 2)
    ]
    pairs += [
        Pair(face(f"One{index}", 1), face(f"Two{index}", 1), 0) for index in range(num_pairs // 2)
    ]
    generator = np.random.default_rng(seed)
    covariates = pd.DataFrame(generator.normal(size=(num_pairs, 2)), columns=["cause", "noise"])
    same = np.array([pair.label for pair in pairs])
    wrong = generator.random(num_pairs) < 1 / (1 + np.exp(2 - 1.5 * covariates["cause"] * same))
    return PairList(tuple(pairs)), wrong, covariates


def test_error_rates_rise_along_a_covariate_that_causes_errors():
    pairs, wrong, covariates = error_analysis.by_class(*pairs_with_a_cause(800, 0))[1]
    table = error_analysis.error_rates(pairs, wrong, covariates["cause"])
    assert table["pairs"].sum() == 400 and table["errors"].sum() == wrong.sum()
    assert table["error_rate"].is_monotonic_increasing
    assert table["error_rate"].iloc[-1] > 4 * table["error_rate"].iloc[0]
    assert (table["low"] <= table["error_rate"]).all()
    assert (table["error_rate"] <= table["high"]).all()
    assert (table["from"] <= table["median"]).all() and (table["median"] <= table["to"]).all()


def test_a_covariate_with_few_values_has_fewer_groups():
    pairs, wrong, _ = pairs_with_a_cause(100, 0)
    assert error_analysis.error_rates(pairs, wrong, np.zeros(100))["pairs"].tolist() == [100]
    assert error_analysis.error_rates(pairs, wrong, np.arange(100) % 2)["pairs"].sum() == 100


def test_the_regression_finds_the_cause_only_in_the_class_that_has_it():
    tables = {
        label: error_analysis.regression_of_errors(*of_class)
        for label, of_class in error_analysis.by_class(*pairs_with_a_cause(1200, 1)).items()
    }
    cause, noise = tables[1].loc["cause"], tables[1].loc["noise"]
    assert cause["low"] > 2 and 3 < cause["odds_ratio"] < 7
    assert noise["low"] < 1 < noise["high"]
    assert tables[0].loc["cause", "low"] < 1 < tables[0].loc["cause", "high"]


def test_a_regression_without_errors_is_reported():
    pairs, _, covariates = pairs_with_a_cause(20, 0)
    with pytest.raises(ValueError, match=r"10 wrong and as many .* Received: 0 wrong of 20 pairs"):
        error_analysis.regression_of_errors(pairs, np.zeros(20), covariates)


def test_a_regression_on_few_people_is_not_made():
    pairs, wrong, covariates = pairs_with_a_cause(400, 0)
    few = PairList(
        tuple(
            Pair(Face(f"P{index % 9}", 1), Face(f"P{index % 9}", 2 + index), 1)
            for index in range(len(pairs))
        )
    )
    assert error_analysis.enough_for_regression(pairs, wrong, covariates)
    assert not error_analysis.enough_for_regression(few, wrong, covariates)
    with pytest.raises(ValueError, match=r"Received: .* pairs of 9 people"):
        error_analysis.regression_of_errors(few, wrong, covariates)


def test_odds_ratios_are_those_of_the_counts_and_no_penalty_draws_them_to_one():
    # 20 of 40 pairs with the covariate are wrong and 8 of 40 without: an odds ratio of 4.
    wrong = np.array([1] * 20 + [0] * 20 + [1] * 8 + [0] * 32)
    has_it = np.repeat([1.0, 0.0], 40)
    people = [f"P{number}" for number in range(80)]
    pairs = PairList(tuple(Pair(Face(name, 1), Face(name, 2), 1) for name in people))
    table = error_analysis.regression_of_errors(pairs, wrong, pd.DataFrame({"it": has_it}))
    one_deviation = has_it.std(ddof=1)
    row = table.loc["it"]
    assert row["odds_ratio"] == pytest.approx(4**one_deviation, rel=1e-3)
    # Woolf's interval of the logarithm, from the counts.
    spread = 1.96 * np.sqrt(1 / 20 + 1 / 20 + 1 / 8 + 1 / 32) * one_deviation
    assert np.log(row["high"] / row["low"]) == pytest.approx(2 * spread, rel=0.25)


SCORES = pd.DataFrame(
    [
        ("Ada_0001", "Ada_0002", 1, 0.2, True),
        ("Ada_0001", "Ben_0001", 0, 0.9, True),
        ("Ben_0001", "Ben_0002", 1, 0.6, False),
        ("Cleo_0001", "Dov_0001", 0, 0.45, False),
    ],
    columns=["left", "right", "label", "score", "wrong"],
)


def test_the_least_confident_pairs_are_the_nearest_to_the_threshold():
    assert error_analysis.least_confident(SCORES, 0.5, 2).index.tolist() == [3, 2]


def test_errors_of_both_kinds_are_counted_by_person():
    table = error_analysis.errors_by_person(SCORES).set_index("person")
    assert table.index.tolist() == ["Ada", "Ben"]
    assert table.loc["Ada"].to_dict() == {
        "pairs": 2,
        "false_accepts": 1,
        "false_rejects": 1,
        "errors": 2,
    }
    assert table.loc["Ben"].to_dict() == {
        "pairs": 2,
        "false_accepts": 1,
        "false_rejects": 0,
        "errors": 1,
    }


def test_a_label_error_is_suspected_if_every_run_is_confident_of_the_opposite():
    second = SCORES.assign(score=[0.1, 0.52, 0.9, 0.1])
    found = error_analysis.suspected_label_errors([SCORES, second], [0.5, 0.5], distance=0.5)
    assert found["left"].tolist() == ["Ada_0001"] and found.index.tolist() == [0]
    assert (found["distance_1"] < -1).all() and (found["distance_2"] < -2).all()
    # With a lower threshold of the second run, its 0.52 is a confident decision too.
    found = error_analysis.suspected_label_errors([SCORES, second], [0.5, 0.2], distance=0.5)
    assert found["left"].tolist() == ["Ada_0001", "Ada_0001"]
