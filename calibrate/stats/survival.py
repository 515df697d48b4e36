"""Conversion by a day after creation, where some leads have not been watched so long."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibrate.stats.intervals import normal_quantile, wilson

__all__ = ["ConversionBy", "KaplanMeier", "conversion_by", "kaplan_meier"]


class KaplanMeier(NamedTuple):
    """Share not yet converted, its Greenwood sum, and the leads still watched, at a day."""

    survival: float
    greenwood: float
    n_at_risk: float


class ConversionBy(NamedTuple):
    """Rate converted by day ``at``, with its limits."""

    rate: float
    lower: float
    upper: float
    at: float


def kaplan_meier(at: float, days: ArrayLike, converted: ArrayLike) -> KaplanMeier:
    """Return the Kaplan-Meier estimate of the share not converted by a day.

    Parameters
    ----------
    at : float
        The day; conversions on it count.
    days : array_like
        Days until conversion, or until the lead was last watched.
    converted : array_like of bool
        Which of the two.

    Returns
    -------
    KaplanMeier
        ``survival`` S, ``greenwood`` (the sum G with var(S) = S^2 G), and ``n_at_risk``,
        the leads whose days reach `at`; ``nan`` where there are no leads.

    Notes
    -----
    ``S = prod (1 - d_i / r_i)`` and ``G = sum d_i / (r_i (r_i - d_i))`` over the days i up
    to `at` with d_i conversions among the r_i leads still watched.

    References
    ----------
    E. L. Kaplan and P. Meier (1958), Nonparametric estimation from incomplete observations,
    JASA 53, 457-481.

    Examples
    --------
    >>> kaplan_meier(2, [1, 2, 2, 3], [True, True, False, False]).survival  # 3/4 * 2/3
    0.5
    """
    time = np.asarray(days, dtype=np.float64)
    event = np.asarray(converted, dtype=bool)
    if not time.size:
        return KaplanMeier(float("nan"), float("nan"), 0.0)
    moments, cell = np.unique(time, return_inverse=True)
    at_risk = np.cumsum(np.bincount(cell, minlength=len(moments))[::-1])[::-1]
    events = np.bincount(cell[event], minlength=len(moments))
    used = (moments <= at) & (events > 0)
    d, r = events[used].astype(np.float64), at_risk[used].astype(np.float64)
    with np.errstate(divide="ignore"):
        greenwood = float((d / (r * (r - d))).sum())
    return KaplanMeier(float(np.prod(1 - d / r)), greenwood, float((time >= at).sum()))


def conversion_by(
    horizon_days: float, days: ArrayLike, converted: ArrayLike, *, confidence_level: float = 0.95
) -> ConversionBy:
    """Estimate the share of leads that convert by a horizon.

    Parameters
    ----------
    horizon_days : float
        Days after creation.
    days : array_like
        Days until conversion, or until the lead was last watched. Being lost is not an end
        of watching: a lost lead is watched until the data were exported.
    converted : array_like of bool
        Which of the two.
    confidence_level : float
        Nominal coverage.

    Returns
    -------
    ConversionBy
        ``rate``, ``lower``, ``upper``, and ``at``: the horizon, or the longest time any
        lead was watched where that is shorter. Nothing is extrapolated.

    Notes
    -----
    1 - Kaplan-Meier; limits on the log(-log) scale with Greenwood's variance. Where nobody
    or everybody converted that scale has no limits, and Wilson's are given for the leads
    watched until ``at`` (at least 1).

    References
    ----------
    J. D. Kalbfleisch and R. L. Prentice (2002), The Statistical Analysis of Failure Time
    Data, 2nd ed., section 1.4.

    Examples
    --------
    >>> result = conversion_by(2, [1, 2, 2, 3], [True, True, False, False])
    >>> result.rate, result.at
    (0.5, 2.0)
    """
    z = normal_quantile(confidence_level)
    time = np.asarray(days, dtype=np.float64)
    if not time.size:
        unknown = float("nan")
        return ConversionBy(unknown, unknown, unknown, unknown)
    at = float(min(horizon_days, time.max()))
    survival, greenwood, n_at_risk = kaplan_meier(at, time, converted)
    if 0 < survival < 1:
        spread = z * np.sqrt(greenwood) / abs(np.log(survival))
        lower = 1 - survival ** float(np.exp(-spread))
        upper = 1 - survival ** float(np.exp(spread))
        return ConversionBy(1 - survival, lower, upper, at)
    watched = max(n_at_risk, 1.0)
    limits = wilson((1 - survival) * watched, watched, confidence_level=confidence_level)
    return ConversionBy(1 - survival, float(limits.lower), float(limits.upper), at)
