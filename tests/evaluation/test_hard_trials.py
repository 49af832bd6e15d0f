"""Hard image numbers and hard people, against the answers of single trials."""

import numpy as np
import pandas as pd
import pytest

from siamese_lib.data.pairs import Face, TrialSet
from siamese_lib.evaluation.hard_trials import (
    accuracy_by_numbers,
    confusion_rates,
    ease_of_numbers,
    hard_numbers,
    hard_people,
    rank_of_trial_sets,
    share_of_harder_choices,
    similarities_by_number,
)
from siamese_lib.evaluation.oneshot import answer_trials

PEOPLE, NUMBERS = [f"Greek/character{index:02d}" for index in range(6)], [1, 2, 3, 4]
FACES = [Face(person, number) for person in PEOPLE for number in NUMBERS]


def noisy(faces, noise=1.2, seed=0):
    """Similarities of images that are their person plus noise, the more the larger the number."""
    generator = np.random.default_rng(seed)
    vectors = {
        face: np.eye(len(PEOPLE))[PEOPLE.index(face.person)]
        + noise * face.number / 4 * generator.normal(size=len(PEOPLE))
        for face in FACES
    }
    chosen = np.array([vectors[face] for face in faces])
    return chosen @ chosen.T


def trial_set(probe_number, gallery_number, people=PEOPLE):
    gallery = tuple(Face(person, gallery_number) for person in people)
    probes = tuple(Face(person, probe_number) for person in people)
    return TrialSet(gallery, probes, tuple(range(len(people))))


def test_the_accuracy_of_two_numbers_is_that_of_their_trials():
    accuracy = accuracy_by_numbers(similarities_by_number(PEOPLE, NUMBERS, noisy))
    matrix, rows = noisy(FACES), {face: row for row, face in enumerate(FACES)}
    for probe, gallery in ((1, 2), (2, 1), (4, 3)):
        answers = answer_trials([trial_set(probe, gallery)], rows, lambda a, b: matrix[a, b])
        assert accuracy[probe - 1, gallery - 1] == pytest.approx(answers["correct"].mean())
    assert np.isnan(np.diag(accuracy)).all() and 0 < np.nanmean(accuracy) < 1


def test_a_tie_is_an_error():
    accuracy = accuracy_by_numbers(np.ones((3, 2, 3, 2)))
    assert accuracy[0, 1] == 0


def test_two_people_who_are_drawn_alike_are_confused():
    scores = similarities_by_number(PEOPLE, NUMBERS, lambda faces: noisy(faces, noise=0))
    assert np.nanmax(confusion_rates(scores)) == 0
    scores[2, :, 5, :] = 1.0  # the probes of one are as similar to another's as to its own
    rates = confusion_rates(scores)
    assert rates[2, 5] == 1 and np.nansum(rates) == 1


def test_the_confusion_of_two_people_is_counted_over_pairs_of_different_numbers():
    scores = similarities_by_number(PEOPLE, NUMBERS, noisy)
    expected = np.mean(
        [
            scores[0, first, 1, second] >= scores[0, first, 0, second]
            for first in range(4)
            for second in range(4)
            if first != second
        ]
    )
    assert confusion_rates(scores)[0, 1] == pytest.approx(expected)


def test_a_choice_of_people_who_are_never_confused_is_the_easiest():
    rates = np.full((10, 10), 0.2)
    rates[:4, :4] = 0.0
    np.fill_diagonal(rates, np.nan)
    assert share_of_harder_choices(rates, [0, 1, 2, 3]) > 0.95
    assert share_of_harder_choices(rates, [4, 5, 6, 7]) == 0


def test_the_most_confused_people_are_named_first():
    group_of = dict.fromkeys(PEOPLE[:3], "one") | dict.fromkeys(PEOPLE[3:], "two")
    choices, confused = hard_people(group_of, NUMBERS, PEOPLE[:2], noisy)
    assert choices[["group", "people", "chosen"]].values.tolist() == [["one", 3, 2], ["two", 3, 0]]
    assert np.isnan(choices["harder_share"][1]) and 0 <= choices["harder_share"][0] <= 1
    assert confused["confused_share"].is_monotonic_decreasing and len(confused)
    assert all(group_of[row.person] == group_of[row.taken_for] for row in confused.itertuples())


def test_easy_numbers_rank_above_the_others():
    ranks = rank_of_trial_sets([trial_set(1, 2), trial_set(4, 3)], NUMBERS, noisy)
    easy, hard = ranks.to_dict("records")
    assert easy["accuracy"] > hard["accuracy"] and easy["easier"] > hard["easier"]
    assert easy["group"] == "Greek" and len(easy["all"]) == 12
    assert 0 <= hard["easier"] < easy["easier"] <= 1


def test_every_pair_of_numbers_has_an_accuracy_in_every_group():
    group_of = dict.fromkeys(PEOPLE[:3], "one") | dict.fromkeys(PEOPLE[3:], "two")
    table = hard_numbers(group_of, NUMBERS, noisy)
    assert len(table) == 2 * 4 * 3 and table["accuracy"].is_monotonic_increasing
    (row,) = table.query("group == 'two' and probe == 4 and gallery == 3").itertuples()
    answers = accuracy_by_numbers(similarities_by_number(PEOPLE[3:], NUMBERS, noisy))
    assert row.accuracy == answers[3, 2]


def test_a_number_is_compared_with_the_mean_of_its_group():
    accuracy = {(1, 2): 0.9, (2, 1): 0.9, (1, 3): 0.6, (3, 1): 0.6, (2, 3): 0.3, (3, 2): 0.3}
    rows = [
        (value - easier, group, *numbers)
        for group, easier in (("one", 0.0), ("two", 0.2))
        for numbers, value in accuracy.items()
    ]
    ease = ease_of_numbers(pd.DataFrame(rows, columns=["accuracy", "group", "probe", "gallery"]))
    assert ease["difference"].tolist() == pytest.approx([0.15, 0, -0.15])
    assert ease["interval"][1] == pytest.approx([0.15, 0.15])  # the same in both groups


def test_the_interval_is_over_groups():
    rows = [(0.9, "one", 1, 2), (0.5, "one", 1, 3), (0.4, "one", 2, 3)]
    rows += [(0.5, "two", 1, 2), (0.5, "two", 1, 3), (0.8, "two", 2, 3)]
    ease = ease_of_numbers(pd.DataFrame(rows, columns=["accuracy", "group", "probe", "gallery"]))
    low, high = ease["interval"][1]  # easier than the others in one group, harder in the other
    assert ease["difference"][1] == pytest.approx(0) and low < 0 < high
