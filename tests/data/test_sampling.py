"""Samplers and draws: order and limits of an epoch, held-out people, pairs drawn as in LFW."""

from collections import Counter

import numpy as np
import pytest
from drawn import draw_pairs

from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.data.sampling import (
    ClassSampler,
    PairSampler,
    hold_out_people,
    sample_balanced_pairs,
    subset,
)
from siamese_lib.data.summary import statistics


def faces_of(**counts):
    """Faces with the given number of images of each person."""
    return tuple(
        Face(person, number)
        for person, count in sorted(counts.items())
        for number in range(1, count + 1)
    )


def shown(sampler, seed, epoch):
    return [sampler.faces[index] for index in sampler.order(seed, epoch)]


PAIRS = PairList(
    tuple(
        Pair(Face("Ada", number), Face("Ben" if number % 2 else "Ada", number + 1), 1 - number % 2)
        for number in range(1, 21)
    )
)
FACES = faces_of(Ada=9, Ben=1, Cleo=4, Dov=6)


def by_person(faces, *settings):
    return ClassSampler({face: face.person for face in faces}, *settings)


SAMPLERS = {
    "pairs": PairSampler(PAIRS),
    "faces": by_person(FACES, 4),
    "faces together": by_person(FACES, 4, 2),
}
KINDS = pytest.mark.parametrize("kind", SAMPLERS)


@KINDS
def test_the_order_depends_on_seed_and_epoch_alone(kind):
    sampler = SAMPLERS[kind]
    expected = sampler.order(3, 7).tolist()
    np.random.seed(1)  # the global generator must not matter
    for seed, epoch in ((3, 8), (4, 7), (7, 3)):
        assert sampler.order(seed, epoch).tolist() != expected
    assert sampler.order(3, 7).tolist() == expected


@KINDS
def test_an_order_has_the_length_of_the_sampler_and_no_index_twice(kind):
    order = SAMPLERS[kind].order(0, 0)
    assert order.dtype == np.int64
    assert len(order) == len(SAMPLERS[kind]) == len(set(order.tolist()))


def test_an_epoch_of_pairs_shows_each_pair_once():
    sampler = SAMPLERS["pairs"]
    (left, right), labels, order = sampler.columns, sampler.labels, sampler.order(0, 0)
    assert labels.shape == (20, 1) and labels.dtype == np.float32
    assert sorted((left[index], right[index], int(labels[index, 0])) for index in order) == sorted(
        PAIRS
    )


def test_no_person_is_shown_more_often_than_the_limit():
    sampler = by_person(FACES, 4)
    for epoch in range(5):
        assert Counter(face.person for face in shown(sampler, 0, epoch)) == {
            "Ada": 4,
            "Ben": 1,
            "Cleo": 4,
            "Dov": 4,
        }
    assert len(sampler) == 13


def test_every_image_is_shown_within_some_epochs():
    sampler = by_person(FACES, 2)
    assert {face for epoch in range(40) for face in shown(sampler, 0, epoch)} == set(FACES)


def test_one_image_per_person_and_epoch_is_drawn_uniformly():
    sampler = by_person(faces_of(Ada=5), 1)
    counts = Counter(face for epoch in range(1000) for face in shown(sampler, 0, epoch))
    assert min(counts.values()) > 150 and max(counts.values()) < 250


@pytest.mark.parametrize("images_per_class", [2, 3, 4])
def test_images_of_one_person_follow_one_another(images_per_class):
    faces = faces_of(Ada=12, Ben=12, Cleo=12, Dov=24)
    people = [face.person for face in shown(by_person(faces, 12, images_per_class), 0, 0)]
    groups = [
        people[start : start + images_per_class]
        for start in range(0, len(people), images_per_class)
    ]
    assert all(len(set(group)) == 1 for group in groups)
    first = [group[0] for group in groups]
    assert first != sorted(first)  # the groups are in random order


def test_images_that_do_not_fill_a_group_are_shown_too():
    people = [face.person for face in shown(by_person(faces_of(Ada=5, Ben=1), 20, 2), 0, 0)]
    assert Counter(people) == {"Ada": 5, "Ben": 1}


def test_labels_are_the_indices_of_the_classes():
    mixed = tuple(reversed(FACES))
    sampler = by_person(mixed, 4)
    assert [sampler.classes[label] for label in sampler.labels] == [face.person for face in FACES]
    assert sorted(set(sampler.labels.tolist())) == list(range(len(sampler.classes)))
    assert sampler.columns == (FACES,)


PEOPLE = [f"Person_{number}" for number in range(20)]


def test_nobody_is_held_out_and_trained_on():
    train, held_out = hold_out_people(PEOPLE, 0.25, 0)
    assert len(held_out) == 5
    assert not train & held_out and train | held_out == set(PEOPLE)


def test_held_out_people_depend_on_the_seed_and_not_on_the_order_of_names():
    first = hold_out_people(PEOPLE, 0.25, 0)
    assert hold_out_people(set(PEOPLE), 0.25, 0) == hold_out_people(PEOPLE[::-1], 0.25, 0) == first
    assert hold_out_people(PEOPLE, 0.25, 1) != first


def test_everyone_is_held_out_with_some_seed():
    assert set().union(*(hold_out_people(PEOPLE, 0.25, seed)[1] for seed in range(40))) == set(
        PEOPLE
    )


@pytest.mark.parametrize(("count", "fraction"), [(20, 0.01), (1, 0.5), (1, 0.6), (0, 0.5)])
def test_a_fraction_that_leaves_a_split_empty_is_one_sentence(count, fraction):
    with pytest.raises(
        ValueError, match=f"held-out people leaves .* Received: {fraction} of {count} people"
    ) as caught:
        hold_out_people(PEOPLE[:count], fraction, 0)
    assert "\n" not in str(caught.value)


def unordered(pairs):
    return [frozenset(pair[:2]) for pair in pairs]


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_list_is_balanced_and_correct_and_has_no_pair_twice(seed):
    pairs = sample_balanced_pairs(FACES, 15, seed)
    assert len(pairs) == 30 and sum(pairs.labels) == 15
    assert all((pair.left.person == pair.right.person) == pair.label for pair in pairs)
    assert all(len(faces) == 2 for faces in unordered(pairs))
    assert len(set(unordered(pairs))) == 30
    assert set(pairs.faces) <= set(FACES)


def test_a_drawn_list_depends_on_the_seed_and_not_on_the_order_of_faces():
    first = sample_balanced_pairs(FACES, 10, 0)
    assert (
        sample_balanced_pairs(FACES[::-1], 10, 0)
        == sample_balanced_pairs(list(FACES), 10, 0)
        == first
    )
    assert sample_balanced_pairs(FACES, 10, 1) != first


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({"Ada": 3, "Ben": 3}, 6, id="same pairs run out"),
        pytest.param({"Ada": 5, "Ben": 1}, 5, id="different pairs run out"),
    ],
)
def test_where_there_are_fewer_pairs_all_of_a_class_are_drawn(counts, expected):
    pairs = sample_balanced_pairs(faces_of(**counts), 1000, 0)
    assert len(pairs) == 2 * expected and sum(pairs.labels) == expected


def test_people_are_drawn_uniformly_whatever_their_numbers_of_images():
    # 20 people with 10 images each and Zed with 300: if images were drawn, Zed would be in almost
    # every same pair.
    faces = faces_of(Zed=300, **{f"Person_{number:02d}": 10 for number in range(20)})
    lists = [sample_balanced_pairs(faces, 200, seed) for seed in range(5)]
    for label, share in ((1, 1 / 21), (0, 2 / 21)):
        shows_zed = [
            "Zed" in (pair.left.person, pair.right.person)
            for pairs in lists
            for pair in pairs
            if pair.label == label
        ]
        assert np.mean(shows_zed) == pytest.approx(share, rel=0.4)


@pytest.mark.parametrize("counts", [{}, {"Ada": 5}, {"Ada": 1, "Ben": 1}])
def test_faces_that_make_no_pairs_are_one_sentence(counts):
    with pytest.raises(
        ValueError, match=rf"two people, and one with two images\. Received: {len(counts)} people"
    ) as caught:
        sample_balanced_pairs(faces_of(**counts), 5, 0)
    assert "\n" not in str(caught.value)


def test_a_share_is_contained_in_a_larger_one_and_keeps_the_order():
    items = list(range(100, 200))
    quarter, half, all_of_it = (subset(items, fraction, seed=1) for fraction in (0.25, 0.5, 1.0))
    assert (len(quarter), len(half)) == (25, 50) and all_of_it == items
    assert set(quarter) < set(half) and half == sorted(half)
    assert subset(items, 0.25, seed=2) != quarter and len(subset(items, 0.001, seed=1)) == 1


DRAWN_FROM = [Face(f"P{person}", number) for person in range(12) for number in range(1, 6)]


@pytest.mark.parametrize("group_size", [2, 4])
def test_drawn_pairs_are_balanced_and_correct(group_size):
    drawn = draw_pairs(DRAWN_FROM, num_same_per_person=4, group_size=group_size, seed=0)
    assert len(drawn) == len({frozenset((pair.left, pair.right)) for pair in drawn}) == 2 * 4 * 12
    assert all((pair.left.person == pair.right.person) == (pair.label == 1) for pair in drawn)
    assert set(drawn.faces) <= set(DRAWN_FROM)
    assert Counter(pair.left.person for pair in drawn if pair.label == 1) == {
        f"P{person}": 4 for person in range(12)
    }
    assert statistics(drawn)["components"] >= 12 // group_size


def test_drawn_pairs_depend_on_the_seed_and_not_on_the_order_of_the_faces():
    drawn = draw_pairs(DRAWN_FROM, 4, 3, seed=0)
    assert draw_pairs(DRAWN_FROM[::-1], 4, 3, seed=0) == drawn
    assert draw_pairs(DRAWN_FROM, 4, 3, seed=1) != drawn


def test_a_person_left_over_joins_the_last_group():
    drawn = draw_pairs(DRAWN_FROM[: 5 * 5], num_same_per_person=4, group_size=2, seed=0)
    assert statistics(drawn) == {
        "pairs": 40,
        "same": 20,
        "different": 20,
        "people": 5,
        "images": len(drawn.faces),
        "components": 2,
    }
