"""Reasons for decisions in words, from the ranks of a pair's covariates among all pairs.

A reason is a hint and no proof: it names in which way a pair is unusual, and only those ways that
fit the decision. Needs no network.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from siamese_lib.data.pairs import CLASS_NAMES, SAME

EXTREME = 0.2  # a rank in the lowest or highest fifth of all pairs is unusual


class Reason(NamedTuple):
    """How an unusual covariate bears on a decision.

    Attributes:
        covariate: the covariate's name.
        high: whether a high value is meant, or a low one.
        decision: the decision that it supports, 1 = same person, or None: it makes any decision
            harder.
        words: for a sentence: "the light differs more", to which "than in nine of ten pairs" is
            added.
    """

    covariate: str
    high: bool
    decision: int | None
    words: str


REASONS = (
    Reason("brightness_difference", True, 0, "the light differs more"),
    Reason("contrast_difference", True, 0, "the contrast differs more"),
    Reason("asymmetry_difference", True, 0, "the poses differ more"),
    Reason("pixel_correlation", False, 0, "the pictures agree less pixel by pixel"),
    Reason("pixel_correlation", True, 1, "the pictures agree more pixel by pixel"),
    Reason("asymmetry_difference", False, 1, "the poses are more alike"),
    Reason("brightness_difference", False, 1, "the light is more alike"),
    Reason("sharpness", False, None, "one picture is more blurred"),
    Reason("asymmetry", True, None, "one face is turned or lit from the side more"),
    Reason("eye_distance", True, None, "one face is out of its place more"),
)


def ranks(covariates: pd.DataFrame) -> pd.DataFrame:
    """For each pair the share of all pairs with a smaller value, of each covariate; ties halved."""
    return covariates.rank() / len(covariates) - 0.5 / len(covariates)


def reasons_for(of_ranks: pd.DataFrame, decisions: ArrayLike, wrong: ArrayLike) -> pd.DataFrame:
    """Which reasons each pair has.

    A covariate in the most unusual fifth is a reason if it supports the decision that was made, or,
    for a wrong decision, if it makes any decision harder.

    Args:
        of_ranks: as `ranks` returns them.
        decisions: 1 = same person, `(num_pairs,)`.
        wrong: whether each decision is wrong, `(num_pairs,)`.

    Returns:
        A column for each of `REASONS` whose covariate is known, named by its words; bool.
    """
    decisions, wrong = np.asarray(decisions), np.asarray(wrong, dtype=bool)
    columns = {}
    for reason in REASONS:
        if reason.covariate in of_ranks:
            rank = of_ranks[reason.covariate]
            unusual = rank >= 1 - EXTREME if reason.high else rank <= EXTREME
            fits = wrong if reason.decision is None else decisions == reason.decision
            columns[reason.words] = unusual & fits
    return pd.DataFrame(columns)


def sentences(of_reasons: pd.DataFrame, of_ranks: pd.DataFrame) -> list[str]:
    """A sentence for each pair, from its two most unusual reasons, the most unusual first.

    Args:
        of_reasons: as `reasons_for` returns them.
        of_ranks: the ranks that it was given.
    """
    high = {reason.words: reason for reason in REASONS}
    written = []
    for index, row in of_reasons.iterrows():
        found = []
        for words in of_reasons.columns[row.to_numpy(bool)]:
            rank = of_ranks.at[index, high[words].covariate]
            share = rank if high[words].high else 1 - rank
            found.append(
                (share, f"{words} than in {_OF_TEN[min(int(10 * share), 9)]} of ten pairs")
            )
        text = "; ".join(words for _, words in sorted(found, reverse=True)[:2])
        text = text or "nothing measured here is unusual"
        written.append(f"{text[0].upper()}{text[1:]}.")
    return written


_OF_TEN = {8: "eight", 9: "nine"}


def shares_of_reasons(
    of_reasons: pd.DataFrame, labels: Sequence[int] | pd.Series, wrong: ArrayLike
) -> pd.DataFrame:
    """How often each reason goes with errors, and how often with correct decisions.

    Args:
        of_reasons: as `reasons_for` returns them for the decision that is **wrong** for each
            pair's class, so that correct pairs are counted by the same reasons.
        labels: of the pairs, 1 = same person.
        wrong: whether each pair was decided wrongly.

    Returns:
        A row for each reason and class, and one for "none of these": class, reason, share of errors
        and share of correct pairs with it, errors (their number). The shares of a class may sum to
        more than one, since a pair may have several reasons.
    """
    labels, wrong = np.asarray(labels), np.asarray(wrong, dtype=bool)
    rows = []
    for label, name in CLASS_NAMES.items():
        for reason in of_reasons:
            relevant = next(each for each in REASONS if each.words == reason)
            if relevant.decision in (None, 1 - label):
                rows.append(_share(name, reason, of_reasons[reason], labels == label, wrong))
        nothing = ~of_reasons.any(axis=1)
        rows.append(_share(name, "none of these", nothing, labels == label, wrong))
    return pd.DataFrame(rows)


def _share(class_name, reason, holds, of_class, wrong):
    errors, correct = (holds[of_class & chosen] for chosen in (wrong, ~wrong))
    return {
        "class": class_name,
        "reason": reason,
        "share of errors": float(errors.mean()) if len(errors) else float("nan"),
        "share of correct pairs": float(correct.mean()) if len(correct) else float("nan"),
        "errors": int(errors.sum()),
    }


def wrong_decision(labels: Sequence[int] | pd.Series) -> np.ndarray:
    """The decision that is wrong for each pair: "different" for a same pair, and vice versa."""
    return np.where(np.asarray(labels) == SAME, 0, 1)
