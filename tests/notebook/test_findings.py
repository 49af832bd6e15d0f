"""Sentences from numbers: they say what the numbers say, in each case."""

import pandas as pd

from siamese_lib.notebook import findings


def history(aucs, training=None):
    table = pd.DataFrame({"epoch": range(1, len(aucs) + 1), "val_auc": aucs})
    return table if training is None else table.assign(auc=training)


def test_the_quality_that_differs_most_is_named():
    train = pd.DataFrame({"brightness": [90.0, 110.0], "contrast": [40.0, 60.0]})
    test = pd.DataFrame({"brightness": [80.0, 100.0], "contrast": [39.0, 59.0]})
    sentence = findings.of_qualities({"train": train, "test": test})
    assert "brightness of the test images is 0.7 standard deviations below" in sentence


def test_a_curve_that_was_there_after_one_epoch_is_said_to_be():
    flat, rising = findings.of_curves(
        {
            "flat": history([0.93, 0.90, 0.94], [0.7, 0.9, 0.99]),
            "rising": history([0.6, 0.9, 0.8]),
            "pairless": pd.DataFrame({"epoch": [1], "loss": [1.0]}),
        }
    )
    assert "at most 0.940 (epoch 3)" in flat and "nearly all of it was there" in flat
    assert "ends at 0.990: a sign of overfitting." in flat
    assert "0.600 after one epoch, at most 0.900 (epoch 2), 0.800 at the end." in rising
    assert "overfitting" not in rising
    (alone,) = findings.of_curves({"one epoch": history([0.93])})
    (chance,) = findings.of_curves({"chance": history([0.51, 0.515])})
    assert alone.endswith("0.930 after one epoch.") and "nearly all" not in chance


def test_a_result_is_compared_with_pixels_and_a_short_training_is_said_to_be_short():
    pixels = {"accuracy": 0.74, "accuracy_interval": [0.70, 0.78]}
    good = {"accuracy": 0.90, "accuracy_interval": [0.88, 0.92], "num_epochs": 20}
    short = {"accuracy": 0.72, "accuracy_interval": [0.66, 0.79], "num_epochs": 2}
    better, worse = findings.of_results({"good": good, "short": short}, pixels)
    assert better == (
        "good decides 16.0 points more of the test pairs correctly than pixels alone; the "
        "intervals do not overlap."
    )
    assert "2.0 points fewer" in worse and "intervals overlap" in worse
    assert "trained for 2 epochs only" in worse


def test_a_background_that_says_as_much_as_the_face_is_called_so():
    assert "as much as the face" in findings.of_background(0.868, 0.885, 0.8)
    assert "the face says more" in findings.of_background(0.95, 0.75, 0.8)
    assert "look at faces" in findings.of_background(0.95, 0.52, 0.8)
    assert "takes 97% of the image" in findings.of_background(0.97, 0.66, 0.97)
    assert "need both parts" in findings.of_background(0.52, 0.51, 0.8)


def test_one_shot_accuracies_are_compared_with_the_pixels_of_the_same_n():
    table = pd.DataFrame(
        [
            ("pixels", 5, 0.80, 0.7, 0.9),
            ("pixels", 10, 0.70, 0.6, 0.8),
            ("chance", 5, 0.2, 0.2, 0.2),
            ("chance", 10, 0.1, 0.1, 0.1),
            ("strong", 5, 0.95, 0.90, 0.99),
            ("strong", 10, 0.90, 0.85, 0.95),
            ("half", 5, 0.95, 0.90, 0.99),
            ("half", 10, 0.72, 0.65, 0.79),
            ("weak", 5, 0.79, 0.7, 0.85),
            ("weak", 10, 0.68, 0.6, 0.75),
        ],
        columns=["method", "ways", "accuracy", "low", "high"],
    )
    strong, half, weak = findings.of_oneshot(table)
    assert strong == ("strong: above the pixels for every N (points: 5-way +15.0, 10-way +20.0).")
    assert "half: above the pixels for N = 5 only" in half
    assert "neither above nor below the pixels for any N" in weak
    worse = table.assign(high=table["high"].where(table["method"] != "weak", 0.75))
    assert "weak: below them for N = 5 only" in findings.of_oneshot(worse)[2]


def test_the_person_in_the_most_false_accepts_is_named():
    errors = pd.DataFrame({"person": ["a", "b"], "false_accepts": [3, 7], "errors": [9, 8]})
    assert findings.of_people(errors, 10).startswith("b takes part in 7 of the 10 false accepts")
    assert findings.of_people(errors, 0) == "There is no false accept."
