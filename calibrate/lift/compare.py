"""Rates with and without each criterion, with intervals and verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from calibrate.lift.sides import Sides, p_values, sides_of
from calibrate.observation import MIN_FOLLOWED
from calibrate.stats.intervals import difference_interval, koopman, lift_interval, wilson
from calibrate.stats.significance import benjamini_hochberg

if TYPE_CHECKING:
    from calibrate.observation import Sample

__all__ = ["MAX_Q_VALUE", "MIN_LEADS", "compare_rates", "too_few"]

MAX_Q_VALUE = 0.05
MIN_LEADS, MIN_EXPECTED = 30, 5
SMALL_LIFT = (0.9, 1.1)  # an interval within is an effect shown to be small


def compare_rates(sample: Sample, *, confidence_level: float = 0.95) -> pd.DataFrame:
    """Return the lift table without what takes a joint model or the attribute's levels.

    Parameters
    ----------
    sample : Sample
    confidence_level : float

    Returns
    -------
    DataFrame
        The columns of `measure_lift` but ``odds_ratio_adjusted*`` and ``shrunken_rate``.
    """
    sides = sides_of(sample)
    table = _counts(sample, sides)
    _add_intervals(table, sides, confidence_level)
    table["p_value"] = p_values(sides)
    young = _blank_the_young(table, sample)
    _add_verdicts(table, sides, young)
    table["confidence_level"] = confidence_level
    return table


def _counts(sample: Sample, sides: Sides) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "criterion": [rule.name for rule in sample.criteria],
            "group": [rule.group for rule in sample.criteria],
            "source": [rule.source for rule in sample.criteria],
        }
    )
    for name in ("n", "n_converted", "n_without", "n_converted_without"):
        table[name] = getattr(sides, name).astype(np.int64)
    total, won = sample.weight.sum(), sample.weight @ sample.converted
    met = sample.flags.T.astype(float)
    table["n_effective"] = sides.n_effective
    table["lead_share"] = sides.lead_share
    table["converted_share"] = met @ (sample.weight * sample.converted) / won
    table["not_converted_share"] = met @ (sample.weight * (1 - sample.converted)) / (total - won)
    table["rate"] = sides.rate
    table["control_rate"] = sides.control_rate
    table["lift"] = table["rate"] / table["control_rate"]
    table["difference"] = table["rate"] - table["control_rate"]
    table["rate_without"] = sides.rate_without
    table["relative_risk"] = table["rate"] / table["rate_without"].where(table["rate_without"] > 0)
    return table


def _add_intervals(table: pd.DataFrame, sides: Sides, confidence_level: float) -> None:
    counts = sides.effective_counts()
    ratio = sides.effective_counts(sides.for_ratio)
    gap = sides.effective_counts(sides.for_difference)
    share = sides.lead_share
    intervals = {
        "rate": wilson(*counts[:2], confidence_level=confidence_level),
        "lift": lift_interval(*ratio, lead_share=share, confidence_level=confidence_level),
        "difference": difference_interval(
            *gap, lead_share=share, confidence_level=confidence_level
        ),
        "relative_risk": koopman(*ratio, confidence_level=confidence_level),
    }
    for name, (lower, upper) in intervals.items():
        table[f"{name}_ci_lower"], table[f"{name}_ci_upper"] = lower, upper


def too_few(n: ArrayLike, n_without: ArrayLike, rate: ArrayLike) -> NDArray[np.bool_]:
    """Return where no verdict is given: under 30 leads or 5 expected conversions on a side."""
    smaller_side = np.minimum(n, n_without)
    expected = smaller_side * np.asarray(rate)
    return np.asarray((smaller_side < MIN_LEADS) | (expected < MIN_EXPECTED))


def _blank_the_young(table: pd.DataFrame, sample: Sample) -> NDArray[np.bool_]:
    """Take out the figures of criteria with, or without, which hardly a lead was watched long.

    Of such leads only those that bought are known. Return which criteria these are.
    """
    with_, without = (share < MIN_FOLLOWED for share in sample.followed)
    named = ("rate", "lift", "difference", "relative_risk", "converted_share", "lead_share")
    told = [
        name for name in table if name.removesuffix("_ci_lower").removesuffix("_ci_upper") in named
    ]
    table.loc[with_ & (table["n"] > 0), told] = np.nan
    both = (with_ | without) & (table["n"] > 0) & (table["n_without"] > 0)
    compared = [name for name in told if name.startswith("relative_risk")]
    table.loc[both, ["p_value", "rate_without", *compared]] = np.nan
    return np.asarray(both, dtype=bool)


def _add_verdicts(table: pd.DataFrame, sides: Sides, young: NDArray[np.bool_]) -> None:
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=float))
    won, n = table["n_converted"] + table["n_converted_without"], table["n"] + table["n_without"]
    few = too_few(table["n"], table["n_without"], won / n)
    untold = np.minimum(sides.n_told, sides.n_told_without) < MIN_LEADS
    young = ~few & (young | (sides.n_known < MIN_LEADS))
    few = few | untold | young
    proven = (table["q_value"] <= MAX_Q_VALUE) & ~few
    table["verdict"] = np.select(
        [few, proven & (table["lift"] > 1), proven], ["too few", "raises", "lowers"], "no evidence"
    )
    small = (table["lift_ci_lower"] >= SMALL_LIFT[0]) & (table["lift_ci_upper"] <= SMALL_LIFT[1])
    table["reason"] = np.select(
        [young, few, proven, small],
        ["too young", "too few", "", "shown to be small"],
        "not proven (wide interval)",
    )
