"""Rates with and without each criterion, with intervals and verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from calibrate.criteria import Criterion
from calibrate.stats.intervals import difference_interval, koopman, lift_interval, wilson
from calibrate.stats.significance import benjamini_hochberg, mid_p_fisher

__all__ = ["compare_rates", "too_few"]

MAX_Q_VALUE = 0.05
MIN_LEADS, MIN_EXPECTED = 30, 5
SMALL_LIFT = (0.9, 1.1)  # an interval within is an effect shown to be small


def compare_rates(
    rules: Sequence[Criterion],
    flags: NDArray[np.bool_],
    converted: NDArray[np.float64],
    *,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Return the lift table without what takes a joint model or the attribute's levels.

    Parameters
    ----------
    rules : sequence of Criterion
    flags : ndarray of bool, shape (leads, criteria)
    converted : ndarray, shape (leads,)
    confidence_level : float

    Returns
    -------
    DataFrame
        The columns of `measure_lift` but ``odds_ratio_adjusted*`` and ``shrunken_rate``.
    """
    table = _counts(rules, flags, converted)
    _add_intervals(table, confidence_level)
    _add_verdicts(table)
    table["confidence_level"] = confidence_level
    return table


def _counts(
    rules: Sequence[Criterion], flags: NDArray[np.bool_], converted: NDArray[np.float64]
) -> pd.DataFrame:
    n_all, won = len(converted), converted.sum()
    n = flags.sum(axis=0).astype(float)
    n_converted = flags.T.astype(float) @ converted
    table = pd.DataFrame(
        {
            "criterion": [rule.name for rule in rules],
            "group": [rule.group for rule in rules],
            "source": [rule.source for rule in rules],
            "n": n.astype(np.int64),
            "n_converted": n_converted.astype(np.int64),
        }
    )
    table["n_without"] = n_all - table["n"]
    table["n_converted_without"] = int(won) - table["n_converted"]
    table["n_effective"] = n
    table["lead_share"] = n / n_all
    table["converted_share"] = n_converted / won
    table["not_converted_share"] = (n - n_converted) / (n_all - won)
    table["rate"] = _ratio(table["n_converted"], table["n"])
    table["control_rate"] = won / n_all
    table["lift"] = table["rate"] / table["control_rate"]
    table["difference"] = table["rate"] - table["control_rate"]
    table["rate_without"] = _ratio(table["n_converted_without"], table["n_without"])
    table["relative_risk"] = _ratio(table["rate"], table["rate_without"])
    return table


def _ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    return numerator / denominator.where(denominator > 0)


def _add_intervals(table: pd.DataFrame, confidence_level: float) -> None:
    with_and_without = [
        table[name].to_numpy(dtype=float)
        for name in ("n_converted", "n", "n_converted_without", "n_without")
    ]
    intervals = {
        "rate": wilson(*with_and_without[:2], confidence_level=confidence_level),
        "lift": lift_interval(*with_and_without, confidence_level=confidence_level),
        "difference": difference_interval(*with_and_without, confidence_level=confidence_level),
        "relative_risk": koopman(*with_and_without, confidence_level=confidence_level),
    }
    for name, (lower, upper) in intervals.items():
        table[f"{name}_ci_lower"], table[f"{name}_ci_upper"] = lower, upper
    table["p_value"] = mid_p_fisher(*with_and_without)


def too_few(n: ArrayLike, n_without: ArrayLike, control_rate: ArrayLike) -> NDArray[np.bool_]:
    """Return where no verdict is given: under 30 leads or 5 expected conversions on a side."""
    smaller_side = np.minimum(n, n_without)
    expected = smaller_side * np.asarray(control_rate)
    return np.asarray((smaller_side < MIN_LEADS) | (expected < MIN_EXPECTED))


def _add_verdicts(table: pd.DataFrame) -> None:
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=float))
    few = too_few(table["n"], table["n_without"], table["control_rate"])
    proven = (table["q_value"] <= MAX_Q_VALUE) & ~few
    table["verdict"] = np.select(
        [few, proven & (table["lift"] > 1), proven], ["too few", "raises", "lowers"], "no evidence"
    )
    small = (table["lift_ci_lower"] >= SMALL_LIFT[0]) & (table["lift_ci_upper"] <= SMALL_LIFT[1])
    table["reason"] = np.select(
        [few, proven, small], ["too few", "", "shown to be small"], "not proven (wide interval)"
    )
