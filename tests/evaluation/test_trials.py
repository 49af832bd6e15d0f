"""One-shot trials: who is in them, and what is drawn anew beside published ones."""

from collections import Counter

import numpy as np
import pytest

from siamese_lib.data.pairs import Face, TrialSet
from siamese_lib.evaluation.trials import (
    draw_trial_sets,
    draw_trials,
    images_of,
    vary_trial_sets,
)

# As in LFW, most people have one image; the order is not that of the people.
COUNTS = {f"P{number:02d}": 1 for number in range(12)} | {"Ada": 2, "Ben": 3, "Zoe": 7}
FACES = [Face(person, number) for person, count in COUNTS.items() for number in range(1, count + 1)]
FACES = [FACES[place] for place in np.random.default_rng(5).permutation(len(FACES))]
GROUPED = [
    Face(f"{group}{person}", number)
    for group in "ABC"
    for person in range(2 if group == "C" else 6)
    for number in (1, 2, 3)
]
GROUP_OF = {face.person: face.person[0] for face in GROUPED}


@pytest.mark.parametrize("num_ways", [2, 5, len(COUNTS)])
def test_a_trial_holds_n_people_and_another_image_of_the_first(num_ways):
    trials = draw_trials(FACES, num_ways, 300, seed=0)
    assert len(trials) == 300
    for gallery, (probe,), answers in trials:
        assert len({face.person for face in gallery}) == len(gallery) == num_ways
        assert answers == (0,) and gallery[0].person == probe.person and gallery[0] != probe


def test_everybody_with_two_images_is_asked_for_equally_often_with_every_image():
    trials = draw_trials(FACES, 3, 6000, seed=0)
    probes = [probe for _, (probe,), _ in trials]
    others = [face for gallery, _, _ in trials for face in gallery[1:]]
    asked = Counter(probe.person for probe in probes)
    assert set(asked) == {"Ada", "Ben", "Zoe"}
    assert all(abs(count - 2000) < 200 for count in asked.values())
    assert {face for face in FACES if COUNTS[face.person] > 1} == set(probes)
    assert set(FACES) == set(others)
    beside = Counter(face.person for face in others if COUNTS[face.person] == 1)
    assert len(beside) == 12 and max(beside.values()) < 1.3 * min(beside.values())


def test_a_seed_draws_the_same_trials_again_and_another_seed_others():
    first, again, other = (draw_trials(FACES, 4, 50, seed) for seed in (3, 3, 4))
    assert first == again and first != other


@pytest.mark.parametrize(
    ("faces", "num_ways"),
    [
        (FACES, 1),
        (FACES, len(COUNTS) + 1),
        ([Face("Ada", 1), Face("Ben", 1)], 2),
        ([Face("Ada", 1), Face("Ada", 2)], 2),
    ],
    ids=["one way", "too many ways", "nobody twice", "alone"],
)
def test_trials_that_cannot_be_drawn_are_refused(faces, num_ways):
    with pytest.raises(ValueError, match="A trial needs"):
        draw_trials(faces, num_ways, 10, seed=0)


def test_a_group_that_is_too_small_is_never_asked_and_none_at_all_is_an_error():
    runs = draw_trial_sets(GROUPED, GROUP_OF, num_ways=5, num_trial_sets=8)
    assert {face.person[0] for run in runs for face in run.gallery} == {"A", "B"}
    with pytest.raises(ValueError, match=r"need a group with as many people.*num_ways=7"):
        draw_trial_sets(GROUPED, GROUP_OF, num_ways=7)


# Two alphabets of eight characters by nine drawers; the published sets are of the first four
# characters of A, by drawers 1 and 2.
ALPHABETS = {f"{group}/{letter}": group for group in "AB" for letter in range(8)}
DRAWINGS = [Face(person, number) for person in ALPHABETS for number in range(1, 10)]
PUBLISHED = [
    TrialSet(
        tuple(Face(f"A/{letter}", first) for letter in range(4)),
        tuple(Face(f"A/{letter}", second) for letter in (2, 0, 3, 1)),
        (2, 0, 3, 1),
    )
    for first, second in ((1, 2), (2, 1))
]


def drawers(trials):
    """The two image numbers of a trial set, each the same in all images of its side."""
    (of_gallery,), (of_probes,) = ({face.number for face in side} for side in trials[:2])
    return of_gallery, of_probes


@pytest.mark.parametrize(
    ("redrawn", "same_people", "numbers"),
    [
        (("numbers",), True, set(range(1, 10))),
        (("published numbers",), True, {1, 2}),
        (("people",), False, {1, 2}),
        (("people", "numbers"), False, set(range(1, 10))),
    ],
)
def test_a_variant_of_published_trials_changes_what_it_names(redrawn, same_people, numbers):
    sets = vary_trial_sets(PUBLISHED, DRAWINGS, ALPHABETS, redrawn, num_draws=40)
    assert len(sets) == 80
    own = {face.person for face in PUBLISHED[0].gallery}
    for trials in sets:
        people = [face.person for face in trials.gallery]
        assert len(set(people)) == 4 and {ALPHABETS[person] for person in people} == {"A"}
        assert [face.person for face in trials.probes] == [people[i] for i in trials.answers]
        assert len(set(drawers(trials))) == 2
        assert {face.number for face in images_of([trials])} <= numbers
        assert (set(people) == own) or not same_people
    drawn = {face.person for trials in sets for face in trials.gallery}
    assert drawn == (own if same_people else {name for name in ALPHABETS if name[0] == "A"})
    assert {number for trials in sets for number in drawers(trials)} == numbers


def test_only_people_keeps_each_sets_own_drawers():
    sets = vary_trial_sets(PUBLISHED, DRAWINGS, ALPHABETS, ("people",), num_draws=3)
    assert [drawers(trials) for trials in sets] == [(1, 2)] * 3 + [(2, 1)] * 3
