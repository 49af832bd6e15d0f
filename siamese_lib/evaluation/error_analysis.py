"""Error analysis: what goes with errors, errors by person, suspected label errors, McNemar's test.

Needs no network.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression

from siamese_lib.data.pairs import DIFFERENT, SAME, PairList, parse_face
from siamese_lib.evaluation.bootstrap import people_bootstrap, sample_and_resamples
from siamese_lib.evaluation.metrics import log_odds

NUM_REGRESSION_RESAMPLES = 200
# Wrong pairs, correct ones, and people, that a regression needs. With fewer people than that, some
# resamples leave so few that a covariate separates wrong from correct, and its odds are infinite.
PER_COVARIATE = 5


def most_confident(scores: pd.DataFrame, label: int, wrong: bool, count: int) -> pd.DataFrame:
    """The most confident correct or wrong decisions on the pairs of one class.

    Nobody is in two of them, so that a few people do not fill the list.

    Args:
        scores: rows of `Run.scores` with the further column `wrong`.
        label: 1 = same person, 0 = different people.
        wrong: whether to take wrong decisions or correct ones.
        count: the number of rows, at most.

    Returns:
        The rows, the most confident first.
    """
    chosen = scores[(scores["label"] == label) & (scores["wrong"] == wrong)]
    # A correct same pair and a wrong different pair have high scores.
    high = (label == SAME) != wrong
    return _one_each(chosen.sort_values("score", ascending=not high, kind="stable"), count)


def _one_each(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """The first rows, at most `count`, without those of a person who is in an earlier one."""
    shown: set[str] = set()
    kept: list = []
    for index, left, right in zip(rows.index, rows["left"], rows["right"]):
        people = {parse_face(left).person, parse_face(right).person}
        if len(kept) < count and shown.isdisjoint(people):
            kept.append(index)
            shown |= people
    return rows.loc[kept]


def least_confident(scores: pd.DataFrame, threshold: float, count: int) -> pd.DataFrame:
    """The rows of `Run.scores` nearest to the threshold, in log-odds, one a person at most."""
    distance = np.abs(log_odds(scores["score"]) - log_odds(threshold))
    return _one_each(scores.iloc[np.argsort(distance, kind="stable")], count)


def by_class(
    pairs: PairList, wrong: ArrayLike, covariates: pd.DataFrame
) -> dict[int, tuple[PairList, np.ndarray, pd.DataFrame]]:
    """The pairs of each class with their errors and covariates.

    False accepts and false rejects have different causes, so the classes are analysed apart.

    Args:
        pairs: a `PairList`.
        wrong: whether each pair was decided wrongly, `(num_pairs,)`.
        covariates: a row for each pair.

    Returns:
        `{label: (pairs, wrong, covariates)}`, label 1 = same person.
    """
    indices = {
        label: np.flatnonzero(np.array(pairs.labels) == label) for label in (SAME, DIFFERENT)
    }
    return {
        label: (pairs.at(chosen), np.asarray(wrong)[chosen], covariates.iloc[chosen])
        for label, chosen in indices.items()
    }


def error_rates(
    pairs: PairList, wrong: ArrayLike, values: ArrayLike, num_groups: int = 4
) -> pd.DataFrame:
    """The error rate in groups of pairs of about equal size along a covariate.

    Args:
        pairs: a `PairList`.
        wrong: whether each pair was decided wrongly, `(num_pairs,)`.
        values: the covariate, `(num_pairs,)`.
        num_groups: the number of groups; fewer where values repeat.

    Returns:
        A row for each group: from, median, to (of the covariate), pairs, errors, error_rate, low,
        high (95 % interval by bootstrap over people).
    """
    values, wrong = np.asarray(values, dtype=float), np.asarray(wrong, dtype=float)
    # Where all values are equal, `qcut` returns no group number; all pairs are then group 0.
    group_of = np.nan_to_num(pd.qcut(values, num_groups, labels=False, duplicates="drop"))
    rows = []
    for group in np.unique(group_of):
        chosen = np.flatnonzero(group_of == group)
        start, median, end = np.quantile(values[chosen], [0.0, 0.5, 1.0])
        low, high = people_bootstrap(*pairs.at(chosen).clusters_of_sides, wrong[chosen])
        rows.append(
            {
                "from": start,
                "median": median,
                "to": end,
                "pairs": len(chosen),
                "errors": int(wrong[chosen].sum()),
                "error_rate": wrong[chosen].mean(),
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)


def regression_of_errors(
    pairs: PairList, wrong: ArrayLike, covariates: pd.DataFrame
) -> pd.DataFrame:
    """A logistic regression of "wrong" on all covariates at once, with bootstrap intervals.

    Without a penalty, which would draw the odds ratios and their intervals towards 1. It therefore
    needs enough errors: `PER_COVARIATE` wrong pairs, correct pairs and people for each covariate
    (Vittinghoff and McCulloch, 2007). The intervals are by bootstrap over people.

    Args:
        pairs: a `PairList`, of one class.
        wrong: whether each pair was decided wrongly, `(num_pairs,)`.
        covariates: a row for each pair, as `covariates.pair_covariates` returns them.

    Returns:
        A row for each covariate: odds_ratio (of an error, for one standard deviation more of the
        covariate, the others fixed), low, high (95 %). An interval that contains 1 shows nothing.

    Raises:
        ValueError: if there are too few wrong pairs, correct pairs or people.
    """
    wrong = np.asarray(wrong, dtype=int)
    if not enough_for_regression(pairs, wrong, covariates):
        raise ValueError(
            f"A regression of errors on {covariates.shape[1]} covariates needs "
            f"{PER_COVARIATE * covariates.shape[1]} wrong and as many correct pairs and people. "
            f"Received: {wrong.sum()} wrong of {len(wrong)} pairs of {_num_people(pairs)} people"
        )
    inputs = ((covariates - covariates.mean()) / covariates.std().clip(lower=1e-9)).to_numpy()
    coefficients = [
        LogisticRegression(C=1e6).fit(inputs, wrong, sample_weight=weights).coef_[0]
        for weights in sample_and_resamples(pairs, wrong, NUM_REGRESSION_RESAMPLES)
    ]
    low, high = np.exp(np.quantile(coefficients[1:], [0.025, 0.975], axis=0))
    odds_ratios = {"odds_ratio": np.exp(coefficients[0]), "low": low, "high": high}
    return pd.DataFrame(odds_ratios, index=covariates.columns)


def enough_for_regression(pairs: PairList, wrong: ArrayLike, covariates: pd.DataFrame) -> bool:
    """Whether there are enough wrong and correct pairs and people for `regression_of_errors`."""
    num_wrong, num_pairs = int(np.sum(wrong)), len(covariates)
    fewest = min(num_wrong, num_pairs - num_wrong, _num_people(pairs))
    return fewest >= PER_COVARIATE * covariates.shape[1]


def _num_people(pairs):
    """The number of people, or of groups where people belong to groups."""
    return len(set().union(*pairs.clusters_of_sides))


def errors_by_person(scores: pd.DataFrame) -> pd.DataFrame:
    """The people in wrong pairs, with their numbers of pairs and errors.

    Args:
        scores: rows of `Run.scores` with the further column `wrong`.

    Returns:
        A row for each person in a wrong pair, the most errors first: person, pairs, false_accepts,
        false_rejects, errors.
    """
    kinds = pd.DataFrame(
        {
            "false_accepts": scores["wrong"] & (scores["label"] == DIFFERENT),
            "false_rejects": scores["wrong"] & (scores["label"] == SAME),
            "pair": np.arange(len(scores)),
        }
    )
    sides = [
        kinds.assign(person=[parse_face(name).person for name in scores[side]])
        for side in ("left", "right")
    ]
    # A pair of one person counts once for that person.
    of_person = pd.concat(sides).drop_duplicates(["pair", "person"]).groupby("person")
    counts = of_person.agg(
        pairs=("pair", "size"),
        false_accepts=("false_accepts", "sum"),
        false_rejects=("false_rejects", "sum"),
    )
    return (
        counts.reset_index()
        .assign(errors=counts["false_accepts"].to_numpy() + counts["false_rejects"].to_numpy())
        .query("errors > 0")
        .sort_values("errors", ascending=False, kind="stable", ignore_index=True)
    )


def suspected_label_errors(
    tables: Sequence[pd.DataFrame], thresholds: Sequence[float], distance: float
) -> pd.DataFrame:
    """The pairs that every run decides wrongly and with confidence; their labels need a check.

    Args:
        tables: the rows of `Run.scores` of several runs, on the same pairs.
        thresholds: the threshold of each run.
        distance: the smallest distance of every score from its threshold, in log-odds.

    Returns:
        The left, right and label of these pairs and the signed distance of each run (distance_1,
        ...), the most confident first.
    """
    distances = pd.DataFrame(
        {
            f"distance_{number}": log_odds(table["score"]) - log_odds(threshold)
            for number, (table, threshold) in enumerate(zip(tables, thresholds), start=1)
        },
        index=tables[0].index,
    )
    # Positive where the decision is wrong: same pairs have scores below the threshold then.
    confidence = distances.where(tables[0]["label"] != SAME, -distances).min(axis=1)
    suspected = confidence[confidence >= distance].sort_values(ascending=False)
    return tables[0][["left", "right", "label"]].join(distances).loc[suspected.index]


def mcnemar(first: Sequence[bool] | np.ndarray, second: Sequence[bool] | np.ndarray) -> dict:
    """McNemar's test (1947): do two ways to decide the same pairs differ in accuracy?

    The test uses the pairs that only one of the two decides correctly. The p-value is that of the
    exact binomial test, two-sided. It takes pairs as independent; where they share people, it is
    too small.

    Args:
        first, second: whether each way decides each pair correctly, `(num_pairs,)`, in the same
            order.

    Returns:
        A dict with the counts both_correct, only_first, only_second, both_wrong, and p_value.

    Raises:
        ValueError: if the two are not lists of one length.
    """
    from scipy.stats import binomtest

    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            "Two decisions on the same pairs are two lists of one length. "
            f"Received: shapes {first.shape} and {second.shape}"
        )
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    return {
        "both_correct": int(np.sum(first & second)),
        "only_first": only_first,
        "only_second": only_second,
        "both_wrong": int(np.sum(~first & ~second)),
        # Without a differing pair there is no evidence of a difference.
        "p_value": float(binomtest(only_first, only_first + only_second).pvalue)
        if only_first + only_second
        else 1.0,
    }
