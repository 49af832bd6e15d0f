"""One-shot classification: the trials, correct answers, and cases whose accuracy is known."""

import numpy as np
import pandas as pd
import pytest

from siamese_lib.data.pairs import Face, TrialSet
from siamese_lib.evaluation.oneshot import (
    answer_trials,
    answered_correctly,
    average_over_seeds,
    clustered_accuracy,
    cosine_similarity,
    oneshot_accuracies,
    pairs_of_trial_sets,
    pixel_vectors,
    trial_accuracy,
)

# As in LFW, most people have one image; the order is not that of the people.
COUNTS = {f"P{number:02d}": 1 for number in range(12)} | {"Ada": 2, "Ben": 3, "Zoe": 7}
FACES = [Face(person, number) for person, count in COUNTS.items() for number in range(1, count + 1)]
FACES = [FACES[place] for place in np.random.default_rng(5).permutation(len(FACES))]
PEOPLE = sorted(COUNTS)
IDENTITY = np.eye(len(PEOPLE))[[PEOPLE.index(face.person) for face in FACES]]


def test_the_largest_similarity_wins_and_a_tie_is_wrong():
    similarities = [[0.9, 0.8, 0.1], [0.5, 0.5, 0.1], [0.2, 0.1, 0.3], [-0.1, -0.2, -0.3]]
    correct = answered_correctly(similarities, [0, 0, 0, 0])
    assert correct.tolist() == [True, False, False, True]
    accuracy, (low, high) = clustered_accuracy(correct, ["Ada", "Ben", "Cleo", "Dan"])
    assert accuracy == 0.5 and 0 <= low < 0.5 < high <= 1


def test_the_interval_is_over_people_and_not_over_trials():
    people = np.repeat([f"P{number}" for number in range(20)], 100)
    by_person = np.repeat(np.arange(20) % 2, 100)  # each person always correct or always wrong
    by_chance = np.tile([0, 1], 1000)  # each person correct half of the time
    intervals = [clustered_accuracy(correct, people)[1] for correct in (by_person, by_chance)]
    low, high = intervals[0]
    # The mean of 20 people who are 0 or 1: a standard error of sqrt(0.25 / 20) = 0.11.
    assert high - low == pytest.approx(2 * 1.96 * 0.112, abs=0.06)
    assert intervals[1] == [0.5, 0.5]


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    generator, covered = np.random.default_rng(0), 0
    people = np.repeat(np.arange(40), 10)
    for _ in range(200):
        rates = generator.beta(3, 1, 40)  # mean 0.75, people differ
        correct = generator.uniform(size=400) < np.repeat(rates, 10)
        _, (low, high) = clustered_accuracy(correct, people)
        covered += low <= 0.75 <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_the_table_knows_the_perfect_the_collapsed_and_the_guessing():
    noise = np.random.default_rng(0).normal(size=(len(FACES), 8))
    collapsed = np.outer(np.linspace(1, 2, len(FACES)), noise[0])  # one direction, other lengths
    table = oneshot_accuracies(
        {
            "perfect": cosine_similarity(IDENTITY.__getitem__),
            "blind": cosine_similarity(collapsed.__getitem__),
            "noise": cosine_similarity(noise.__getitem__),
        },
        FACES,
        ways=(2, 5, 100),
        num_trials=500,
    )
    assert list(table.columns) == ["method", "ways", "accuracy", "low", "high"]
    assert table["ways"].tolist() == [2] * 4 + [5] * 4
    accuracy = table.set_index(["method", "ways"])["accuracy"]
    assert (accuracy["perfect"] == 1).all() and (accuracy["blind"] == 0).all()
    assert accuracy["chance"].tolist() == [0.5, 0.2]
    assert abs(accuracy["noise", 2] - 0.5) < 0.25
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()


def test_only_the_direction_of_embeddings_matters():
    noise = np.random.default_rng(1).normal(size=(len(FACES), 4)) + 2 * IDENTITY[:, :4]
    table = oneshot_accuracies(
        {
            "one": cosine_similarity(noise.__getitem__),
            "longer": cosine_similarity((7 * noise).__getitem__),
        },
        FACES,
        ways=(5,),
        num_trials=300,
    )
    accuracy = table.set_index("method")["accuracy"]
    assert accuracy["one"] == accuracy["longer"]
    again = oneshot_accuracies(
        {"one": cosine_similarity(noise.__getitem__)}, FACES, ways=(5,), num_trials=300
    )
    assert again.iloc[0].tolist() == table.iloc[0].tolist()


def test_pixels_are_compared_by_their_correlation():
    images = np.random.default_rng(2).integers(0, 256, (6, 8, 5, 1), dtype=np.uint8)
    left, right = np.indices((6, 6)).reshape(2, -1)
    cosines = cosine_similarity(pixel_vectors(images).__getitem__)(left, right)
    np.testing.assert_allclose(cosines.reshape(6, 6), np.corrcoef(images.reshape(6, -1)), atol=1e-6)


def test_only_the_asked_cosines_are_computed_however_many_images_there_are():
    # All cosines of 200,000 images would take 320 GB.
    generator, rows = np.random.default_rng(4), []
    vectors = generator.normal(size=(200_000, 3))

    def vectors_of(asked):
        rows.append(len(asked))
        return vectors[asked]

    left, right = generator.integers(len(vectors), size=(2, 5_000))
    cosines = cosine_similarity(vectors_of)(left, right)
    lengths = np.linalg.norm(vectors, axis=1)
    expected = np.sum(vectors[left] * vectors[right], axis=1) / (lengths[left] * lengths[right])
    np.testing.assert_allclose(cosines, expected, atol=1e-9)
    assert max(rows) <= 1024


def test_brightness_and_contrast_of_a_image_do_not_matter_and_a_flat_one_is_like_none():
    image = np.random.default_rng(3).integers(0, 100, (8, 5, 1))
    images = np.stack([image, 2 * image + 30, np.full((8, 5, 1), 77)]).astype(np.uint8)
    compare = cosine_similarity(pixel_vectors(images).__getitem__)
    assert compare([0], [1]) == pytest.approx(1)
    assert compare([2, 2, 2], [0, 1, 2]).tolist() == [0, 0, 0]


def test_a_trial_is_correct_only_if_the_correct_image_alone_is_most_similar():
    run = TrialSet(gallery=("a", "b", "c"), probes=("x", "y", "z"), answers=(0, 1, 2))
    similarities = np.array([[0.9, 0.1, 0.2], [0.5, 0.5, 0.1], [0.3, 0.2, 0.1]])
    places = {"a": 0, "b": 1, "c": 2, "x": 0, "y": 1, "z": 2}
    trials = answer_trials([run, run], places, lambda left, right: similarities[left, right])
    assert trials["correct"].tolist() == [True, False, False] * 2
    assert trials["trial_set"].tolist() == [1, 1, 1, 2, 2, 2]
    assert trials["answer"].tolist()[:3] == ["a", "b", "c"] and trials["chosen"][2] == "a"
    result = trial_accuracy(trials, pairs_of_trial_sets(trials))
    assert (result["accuracy"], result["num_trial_sets"], result["num_trials"]) == (
        pytest.approx(1 / 3),
        2,
        6,
    )


def test_the_interval_of_trials_within_groups_is_over_the_groups():
    # Ten groups in 100 trial sets each: a group is answered always or never.
    groups = np.repeat([f"G{number}" for number in range(10)], 100)
    trials = pd.DataFrame(
        {
            "trial_set": 1 + np.arange(1000),
            "probe": [f"{group}/person01_0001" for group in groups],
            "correct": np.repeat(np.arange(10) % 2, 100),
        }
    )
    low, high = trial_accuracy(trials)["accuracy_interval"]
    # The mean of ten groups that are 0 or 1: a standard error of sqrt(0.25 / 10) = 0.16.
    assert high - low == pytest.approx(2 * 1.96 * 0.158, abs=0.08)
    low, high = trial_accuracy(trials, pairs_of_trial_sets(trials))["accuracy_interval"]
    assert high - low < 0.1  # as if the trial sets were independent


def test_a_mean_over_seeds_is_of_the_same_trials_only():
    table = pd.DataFrame({"trial_set": [1, 1], "probe": ["a", "b"], "answer": ["c", "d"]})
    first, second = table.assign(correct=[True, False]), table.assign(correct=[True, True])
    assert average_over_seeds([first, second])["correct"].tolist() == [1.0, 0.5]
    with pytest.raises(ValueError, match="the same trials in every run"):
        average_over_seeds([first, second.assign(probe=["b", "a"])])


GROUPED = [
    Face(f"{group}{person}", number)
    for group in "ABC"
    for person in range(2 if group == "C" else 6)
    for number in (1, 2, 3)
]
GROUP_OF = {face.person: face.person[0] for face in GROUPED}


def test_trials_within_groups_are_harder_than_across():
    # Who tells only groups apart answers every question across groups and none within.
    embeddings = np.eye(3)[["ABC".index(face.person[0]) for face in GROUPED]]
    within = oneshot_accuracies(
        {"group": cosine_similarity(embeddings.__getitem__)},
        GROUPED,
        ways=(2, 5, 10),
        num_trials=100,
        group_of=GROUP_OF,
    )
    assert sorted(set(within["ways"])) == [2, 5]  # no group has ten
    assert (within[within["method"] == "group"]["accuracy"] == 0).all()
