"""The interval by bootstrap over people."""

import numpy as np
import pytest

from siamese_lib.evaluation.bootstrap import people_bootstrap


def hub_pairs():
    """60 wrong pairs with one person in all of them, and 60 correct pairs of other people."""
    left = ["hub"] * 60 + [f"left{index}" for index in range(60)]
    right = [f"friend{index}" for index in range(60)] + [f"right{index}" for index in range(60)]
    return left, right, np.array([0.0] * 60 + [1.0] * 60)


def plain_width(values):
    """The width of the interval that a bootstrap over pairs gives."""
    generator = np.random.default_rng(0)
    low, high = np.quantile(
        generator.choice(values, (2000, len(values))).mean(axis=1), [0.025, 0.975]
    )
    return high - low


def test_the_interval_contains_the_mean_and_lies_in_the_range():
    left, right, values = hub_pairs()
    low, high = people_bootstrap(left, right, values)
    assert 0 <= low < np.mean(values) < high <= 1


def test_the_interval_depends_on_the_seed_alone():
    case = hub_pairs()
    assert people_bootstrap(*case, seed=1) == people_bootstrap(*case, seed=1)
    assert people_bootstrap(*case, seed=1) != people_bootstrap(*case, seed=2)


def test_a_person_in_many_pairs_makes_the_interval_wider():
    left, right, values = hub_pairs()
    low, high = people_bootstrap(left, right, values)
    assert high - low > 1.5 * plain_width(values)


def test_left_and_right_are_interchangeable():
    left, right, values = hub_pairs()
    assert people_bootstrap(right, left, values) == people_bootstrap(left, right, values)


def test_pairs_of_one_person_each_give_the_interval_of_plain_pairs():
    people = [f"P{index}" for index in range(200)]
    values = np.arange(200) % 4 != 0
    low, high = people_bootstrap(people, people, values)
    assert high - low == pytest.approx(plain_width(values), rel=0.1)


def test_correct_pairs_alone_have_an_interval_of_width_zero():
    assert people_bootstrap(["a", "b"], ["c", "d"], [True, True]) == [1.0, 1.0]
