"""Reasons in words: what is unusual about a pair, and whether it fits the decision."""

import numpy as np
import pandas as pd
import pytest

from siamese_lib.evaluation.covariates import COVARIATES
from siamese_lib.evaluation.reasons import (
    REASONS,
    ranks,
    reasons_for,
    sentences,
    shares_of_reasons,
    wrong_decision,
)

COUNT = 20
# Pair 0 has the most different light, pair 19 the sharpest pictures; everything else is even.
TABLE = pd.DataFrame(
    {
        "brightness_difference": np.arange(COUNT)[::-1].astype(float),
        "sharpness": np.arange(COUNT).astype(float),
        "pixel_correlation": np.tile([0.4, 0.6], COUNT // 2),
    }
)


def test_every_reason_is_one_of_a_known_covariate():
    assert {reason.covariate for reason in REASONS} <= set(COVARIATES)
    assert len({reason.words for reason in REASONS}) == len(REASONS)


def test_ranks_are_shares_of_all_pairs():
    table = ranks(TABLE)
    assert table["brightness_difference"].tolist() == pytest.approx(
        [(COUNT - index - 0.5) / COUNT for index in range(COUNT)]
    )
    # Ten pairs share the lower value and ten the higher one.
    assert set(table["pixel_correlation"].round(3)) == {0.25, 0.75}


def test_a_reason_fits_the_decision_that_was_made():
    always = np.ones(COUNT, bool)
    apart = reasons_for(ranks(TABLE), np.zeros(COUNT), ~always)
    assert apart["the light differs more"].tolist() == [True] * 4 + [False] * (COUNT - 4)
    assert not apart["the light is more alike"].any()
    together = reasons_for(ranks(TABLE), np.ones(COUNT), ~always)
    assert not together["the light differs more"].any()
    assert together["the light is more alike"].tolist() == [False] * (COUNT - 4) + [True] * 4


def test_what_makes_any_decision_harder_is_a_reason_for_errors_only():
    always = np.ones(COUNT, bool)
    blurred = "one picture is more blurred"
    assert reasons_for(ranks(TABLE), np.zeros(COUNT), always)[blurred].tolist()[:5] == [
        *[True] * 4,
        False,
    ]
    assert not reasons_for(ranks(TABLE), np.zeros(COUNT), ~always)[blurred].any()


def test_sentences_name_the_reasons_or_say_that_there_are_none():
    found = reasons_for(ranks(TABLE), np.zeros(COUNT), np.ones(COUNT, bool))
    first, _, third, *_, last = sentences(found, ranks(TABLE))
    assert first == (
        "The light differs more than in nine of ten pairs; "
        "one picture is more blurred than in nine of ten pairs."
    )
    assert third.startswith("The light differs more than in eight of ten pairs; one picture")
    assert last == "Nothing measured here is unusual."


def test_shares_are_of_the_errors_and_of_the_correct_pairs_of_a_class():
    labels = np.array([1] * 10 + [0] * 10)
    wrong = np.array(([True] * 4 + [False] * 6) * 2)
    found = reasons_for(ranks(TABLE), wrong_decision(labels), np.ones(COUNT, bool))
    table = shares_of_reasons(found, labels, wrong).set_index(["class", "reason"])
    same = table.loc["same person"]
    assert same.loc["the light differs more", "errors"] == 4  # pairs 0 to 3, all of them wrong
    assert same.loc["the light differs more", "share of errors"] == pytest.approx(1.0)
    assert same.loc["the light differs more", "share of correct pairs"] == 0.0
    assert same.loc["none of these", "share of errors"] == 0.0
    different = table.loc["different people"]
    assert "the light differs more" not in different.index
    # Pairs 16 to 19 have the most alike light, and all are correct.
    assert different.loc["the light is more alike", "share of correct pairs"] == pytest.approx(
        4 / 6
    )
    assert different.loc["the light is more alike", "share of errors"] == 0.0
