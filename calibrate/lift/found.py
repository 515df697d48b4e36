"""Rules that a search made by looking at the outcome, measured with what that costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.lift.adjusted import shrunken_rates
from calibrate.lift.compare import MAX_Q_VALUE, compared, intervals_of
from calibrate.lift.sides import sides_of
from calibrate.observation import Sample
from calibrate.stats.significance import benjamini_hochberg

__all__ = ["CHOSEN", "COUNTED_BY", "compare_chosen", "found_rows"]

CHOSEN = "chosen among"  # how the reason of such a row begins
COUNTED_BY = "counted by "  # likewise, of a criterion outside the card; a rule's name follows
MOST_LEVEL = 10**12  # rules from which no interval is given: none would be worth reading
MORE_FAMILIES = 3  # pairs of rules, of made rules, and of both


def compare_chosen(
    sample: Sample, looked_at: Sequence[int | None], *, confidence_level: float = 0.95
) -> pd.DataFrame:
    """Return the lift table of rules, of which some were made by a search.

    Parameters
    ----------
    sample : Sample
        With these rules.
    looked_at : sequence of int or None
        Among how many rules each was chosen; None for one that was there before.
    confidence_level : float

    Returns
    -------
    DataFrame
        As `compare_rates`, but for a rule chosen among M the intervals have the level ``1 - (1 -
        confidence_level) / M`` each, so that together those of all M hold with the level
        asked for, and so does that of the one chosen, whichever it is (Bonferroni); and
        ``p_value`` is M times the one of the rule alone. Beyond 10^12 rules there is no interval.
        ``q_value`` and ``verdict`` are those of each rule alone.
    """
    sides = sides_of(sample)
    table = compared(sample, sides, confidence_level)
    n = np.array([1.0 if among is None else float(among) for among in looked_at])
    table["p_value"] = np.where(n > 1, np.minimum(table["p_value"] * n, 1.0), table["p_value"])
    levels = 1 - (1 - confidence_level) / np.clip(n, 1, MOST_LEVEL)
    for name, ends in intervals_of(sides, levels).items():
        told = table[name].notna() & (n <= MOST_LEVEL)
        table[name] = np.where(told & (n > 1), ends, table[name].where(told))
    return table


def found_rows(
    sample: Sample,
    looked_at: Sequence[int | None],
    p_values: NDArray[np.float64],
    *,
    n_searched: int,
    confidence_level: float,
) -> pd.DataFrame:
    """Return the rows of a lift table for rules of a card that it does not have yet.

    Parameters
    ----------
    sample : Sample
        With these rules.
    looked_at : sequence of int or None
        As for `compare_chosen`.
    p_values : ndarray
        Of the table's own rows.
    n_searched : int
        Single rules that the search had before it.
    confidence_level : float

    Returns
    -------
    DataFrame
        ``odds_ratio_adjusted`` is missing: the points tell what a rule is worth beside others.

    Notes
    -----
    q: Benjamini and Hochberg's over the table's rows, these rows with their multiplied p, and
    rows that prove nothing: one for each single rule that was searched, and one for each family
    of rules that could be made of them (levels of a column, cuts of a number, pairs), of which
    there are at most half as many, and three. That is the weighted procedure in which each of a
    family's M rules has the weight ``1 / M`` (C. R. Genovese, K. Roeder and L. Wasserman 2006,
    False discovery control with p-value weighting, Biometrika 93, 509-524).
    """
    table = compare_chosen(sample, looked_at, confidence_level=confidence_level)
    own = table["p_value"].to_numpy(dtype=float)
    idle = np.ones(n_searched + n_searched // 2 + MORE_FAMILIES)
    table["q_value"] = benjamini_hochberg(np.concatenate([own, p_values, idle]))[: len(own)]
    told = table["verdict"] != "too few"
    proven = told & (table["q_value"] <= MAX_Q_VALUE)
    table["verdict"] = np.select(
        [~told, proven & (table["lift"] > 1), proven],
        ["too few", "raises", "lowers"],
        "no evidence",
    )
    table["reason"] = [
        reason if few else f"{CHOSEN} {_count(n or n_searched)} rules"
        for reason, few, n in zip(table["reason"], ~told, looked_at, strict=True)
    ]
    odds = [f"odds_ratio_adjusted{end}" for end in ("", "_ci_lower", "_ci_upper")]
    return table.assign(
        **dict.fromkeys(odds, np.nan), shrunken_rate=shrunken_rates(table, sample.criteria)
    )


def _count(n: int) -> str:
    return f"{n:,}" if n < MOST_LEVEL else "countless"
