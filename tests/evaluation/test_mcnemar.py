"""McNemar's test against a plain count and against cases that were worked out by hand."""

import math

import numpy as np
import pytest

from siamese_lib.evaluation.metrics import mcnemar


def test_the_four_counts_are_those_of_a_plain_loop():
    one, other = np.random.default_rng(0).integers(0, 2, (2, 200)).astype(bool)
    answer = mcnemar(one, other)
    cells = {
        "both_correct": (True, True),
        "only_first": (True, False),
        "only_second": (False, True),
        "both_wrong": (False, False),
    }
    for name, cell in cells.items():
        assert answer[name] == sum((a, b) == cell for a, b in zip(one.tolist(), other.tolist()))


@pytest.mark.parametrize(
    ("only_first", "only_second", "expected"),
    [
        pytest.param(5, 0, 2 / 32, id="five against none"),
        pytest.param(1, 3, 2 * (1 + 4) / 16, id="one against three"),
        pytest.param(4, 4, 1.0, id="as many for either"),
        pytest.param(0, 0, 1.0, id="never apart"),
        pytest.param(
            30, 10, 2 * sum(math.comb(40, k) for k in range(11)) / 2**40, id="thirty against ten"
        ),
    ],
)
def test_the_p_value_is_the_exact_one(only_first, only_second, expected):
    one = [True] * only_first + [False] * only_second + [True, False]
    other = [False] * only_first + [True] * only_second + [True, False]
    assert mcnemar(one, other)["p_value"] == pytest.approx(expected)


def test_the_two_may_change_places():
    one, other = np.random.default_rng(1).uniform(size=(2, 100)) < [[0.8], [0.6]]
    there, back = mcnemar(one, other), mcnemar(other, one)
    assert there["p_value"] == back["p_value"] and there["only_first"] == back["only_second"]


def test_pairs_that_both_decide_alike_do_not_matter():
    one, other = [True] * 6 + [False], [False] * 6 + [True]
    assert (
        mcnemar(one + [True] * 500, other + [True] * 500)["p_value"]
        == mcnemar(one, other)["p_value"]
    )


@pytest.mark.parametrize(
    ("one", "other"), [([True], [True, False]), ([[True]], [[True]])], ids=["lengths", "not a list"]
)
def test_decisions_on_other_pairs_are_refused(one, other):
    with pytest.raises(ValueError, match="one length"):
        mcnemar(one, other)
