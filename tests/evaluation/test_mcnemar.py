"""McNemar's test against a plain count and against cases calculated by hand."""

import math

import numpy as np
import pytest

from siamese_lib.evaluation.error_analysis import mcnemar


def test_the_four_counts_are_those_of_a_plain_loop():
    first, second = np.random.default_rng(0).integers(0, 2, (2, 200)).astype(bool)
    result = mcnemar(first, second)
    cells = {
        "both_correct": (True, True),
        "only_first": (True, False),
        "only_second": (False, True),
        "both_wrong": (False, False),
    }
    for name, cell in cells.items():
        assert result[name] == sum(both == cell for both in zip(first.tolist(), second.tolist()))


@pytest.mark.parametrize(
    ("only_first", "only_second", "expected"),
    [
        pytest.param(5, 0, 2 / 32, id="five against none"),
        pytest.param(1, 3, 2 * (1 + 4) / 16, id="one against three"),
        pytest.param(4, 4, 1.0, id="four against four"),
        pytest.param(0, 0, 1.0, id="no difference"),
        pytest.param(
            30, 10, 2 * sum(math.comb(40, k) for k in range(11)) / 2**40, id="thirty against ten"
        ),
    ],
)
def test_the_p_value_is_the_exact_one(only_first, only_second, expected):
    first = [True] * only_first + [False] * only_second + [True, False]
    second = [False] * only_first + [True] * only_second + [True, False]
    assert mcnemar(first, second)["p_value"] == pytest.approx(expected)


def test_the_order_of_the_two_does_not_matter():
    first, second = np.random.default_rng(1).uniform(size=(2, 100)) < [[0.8], [0.6]]
    result, swapped = mcnemar(first, second), mcnemar(second, first)
    assert result["p_value"] == swapped["p_value"]
    assert result["only_first"] == swapped["only_second"]


def test_pairs_with_two_equal_decisions_do_not_matter():
    first, second = [True] * 6 + [False], [False] * 6 + [True]
    more = mcnemar(first + [True] * 500, second + [True] * 500)
    assert more["p_value"] == mcnemar(first, second)["p_value"]


@pytest.mark.parametrize(
    ("first", "second"),
    [([True], [True, False]), ([[True]], [[True]])],
    ids=["lengths", "not a list"],
)
def test_decisions_on_other_pairs_are_an_error(first, second):
    with pytest.raises(ValueError, match="one length"):
        mcnemar(first, second)
