"""Rates with and without each criterion, with intervals and verdicts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from calibrate.lift.sides import Sides, p_values, sides_of
from calibrate.observation import MIN_FOLLOWED
from calibrate.stats.intervals import difference_interval, koopman, lift_interval, wilson
from calibrate.stats.significance import benjamini_hochberg

if TYPE_CHECKING:
    from calibrate.observation import Sample
    from calibrate.observation.alike import Rows

__all__ = [
    "MAX_Q_VALUE",
    "MIN_LEADS",
    "compare_rates",
    "compared",
    "intervals_of",
    "too_few",
]

MAX_Q_VALUE = 0.05
MIN_LEADS, MIN_EXPECTED = 30, 5
_OF_ONE_SIDE = ("rate", "lift", "difference", "relative_risk", "converted_share", "lead_share")
_OF_BOTH = ("p_value", "rate_without", "relative_risk")
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
    return compared(sample, sides_of(sample), confidence_level)


def compared(sample: Sample, sides: Sides, confidence_level: float) -> pd.DataFrame:
    """Return what `compare_rates` does, of sides that are known."""
    columns = _counts(sample, sides) | intervals_of(sides, confidence_level)
    columns["p_value"] = p_values(sides)
    columns, young = _told(columns, sample)
    columns |= _verdicts(columns, sides, young)
    return pd.DataFrame(columns | {"confidence_level": confidence_level})


def _counts(sample: Sample, sides: Sides) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "criterion": [rule.name for rule in sample.criteria],
        "group": [rule.group for rule in sample.criteria],
        "source": [rule.source for rule in sample.criteria],
    }
    for name in ("n", "n_converted", "n_without", "n_converted_without"):
        columns[name] = getattr(sides, name).astype(np.int64)
    total, won = sample.weight.sum(), sample.weight @ sample.converted
    columns["n_effective"] = sides.n_effective
    columns["lead_share"] = sides.lead_share
    by_outcome = sample.met.added(partial(_by_outcome, sample))
    columns["converted_share"] = by_outcome[0] / won
    columns["not_converted_share"] = by_outcome[1] / (total - won)
    columns["rate"] = sides.rate
    columns["control_rate"] = sides.control_rate
    with np.errstate(divide="ignore", invalid="ignore"):
        columns["lift"] = sides.rate / sides.control_rate
        columns["difference"] = sides.rate - sides.control_rate
        columns["rate_without"] = sides.rate_without
        some = np.where(sides.rate_without > 0, sides.rate_without, np.nan)
        columns["relative_risk"] = sides.rate / some
    return columns


def _by_outcome(sample: Sample, rows: Rows) -> NDArray[np.float64]:
    weight, converted = sample.weight[rows], sample.converted[rows]
    return np.column_stack([weight * converted, weight * (1 - converted)])


def intervals_of(sides: Sides, confidence_level: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Return the ends of the intervals under their column names.

    Parameters
    ----------
    sides : Sides
    confidence_level : array_like
        One for all criteria, or one each.
    """
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
    return {
        f"{name}_ci_{end}": getattr(interval, end)
        for name, interval in intervals.items()
        for end in ("lower", "upper")
    }


def too_few(n: ArrayLike, n_without: ArrayLike, rate: ArrayLike) -> NDArray[np.bool_]:
    """Return where no verdict is given: under 30 leads or 5 expected conversions on a side."""
    smaller_side = np.minimum(n, n_without)
    expected = smaller_side * np.asarray(rate)
    return np.asarray((smaller_side < MIN_LEADS) | (expected < MIN_EXPECTED))


def _told(columns: dict[str, Any], sample: Sample) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Take out the figures of criteria with, or without, which hardly a lead was watched long.

    Of such leads only those that bought are known. Return also which criteria these are.
    """
    with_, without = (share < MIN_FOLLOWED for share in sample.followed)
    n, n_without = columns["n"], columns["n_without"]
    alone = with_ & (n > 0)
    both = np.asarray((with_ | without) & (n > 0) & (n_without > 0), dtype=bool)
    told = dict(columns)
    for name, values in columns.items():
        of = name.removesuffix("_ci_lower").removesuffix("_ci_upper")
        hidden = (alone & (of in _OF_ONE_SIDE)) | (both & (of in _OF_BOTH))
        if hidden.any():
            told[name] = np.where(hidden, np.nan, values)
    return told, both


def _verdicts(
    columns: dict[str, Any], sides: Sides, young: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    q_value = benjamini_hochberg(columns["p_value"])
    n, n_without = columns["n"], columns["n_without"]
    won = columns["n_converted"] + columns["n_converted_without"]
    few = too_few(n, n_without, won / (n + n_without))
    untold = np.minimum(sides.n_told, sides.n_told_without) < MIN_LEADS
    young = ~few & (young | (sides.n_known < MIN_LEADS))
    few = few | untold | young
    proven = (q_value <= MAX_Q_VALUE) & ~few
    verdict = np.select(
        [few, proven & (columns["lift"] > 1), proven],
        ["too few", "raises", "lowers"],
        "no evidence",
    )
    lower, upper = columns["lift_ci_lower"], columns["lift_ci_upper"]
    small = (lower >= SMALL_LIFT[0]) & (upper <= SMALL_LIFT[1])
    reason = np.select(
        [young, few, proven, small],
        ["too young", "too few", "", "shown to be small"],
        "not proven (wide interval)",
    )
    return {"q_value": q_value, "verdict": verdict, "reason": reason}
