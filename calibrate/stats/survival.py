"""Conversion by a day after creation, where some leads have not been watched so long."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from calibrate.stats.intervals import FloatArray, normal_quantile, wilson
from calibrate.stats.weighting import cluster_sums

__all__ = [
    "ConversionBy",
    "KaplanMeier",
    "ShareBy",
    "conversion_by",
    "kaplan_meier",
    "share_by",
]


class KaplanMeier(NamedTuple):
    """Share not yet converted, its Greenwood sum, and the leads still watched, at each day."""

    survival: FloatArray
    greenwood: FloatArray
    n_at_risk: FloatArray


class ConversionBy(NamedTuple):
    """Rate converted by day ``at``, with its limits."""

    rate: FloatArray
    lower: FloatArray
    upper: FloatArray
    at: FloatArray


class ShareBy(NamedTuple):
    """Of those who convert by the horizon, the share that has by a day, with its limits."""

    share: FloatArray
    lower: FloatArray
    upper: FloatArray


def kaplan_meier(
    at: ArrayLike, days: ArrayLike, converted: ArrayLike, *, cluster: ArrayLike | None = None
) -> KaplanMeier:
    """Return the Kaplan-Meier estimate of the share not converted by each day.

    Parameters
    ----------
    at : array_like
        The day or days; conversions on a day count for it.
    days : array_like, shape (leads,)
        Days until conversion, or until the lead was last watched.
    converted : array_like of bool, shape (leads,)
        Which of the two.
    cluster : array_like of int, shape (leads,), optional
        Leads with the same number, counted from 0, are not independent (deals of one contact).

    Returns
    -------
    KaplanMeier
        In the shape of `at`: ``survival`` S, ``greenwood`` (the sum G with var(S) = S^2 G),
        and ``n_at_risk``, the leads, or clusters, whose days reach `at` (where S is 0 and
        nobody is left, all that converted); ``nan`` where there are no leads.

    Notes
    -----
    ``S = prod (1 - d_i / r_i)`` and ``G = sum d_i / (r_i (r_i - d_i))`` over the days i up
    to `at` with d_i conversions among the r_i leads still watched. G is also the sum of
    squares of each lead's influence on log S, which is G up to the end of its watching, less
    ``1 / (r - d)`` on the day it converted; with clusters the influences of a cluster are
    added up before they are squared.

    References
    ----------
    E. L. Kaplan and P. Meier (1958), Nonparametric estimation from incomplete observations,
    JASA 53, 457-481. Z. Ying and L. J. Wei (1994), The Kaplan-Meier estimate for dependent
    failure time observations, Journal of Multivariate Analysis 50, 17-29.

    Examples
    --------
    >>> float(kaplan_meier(2, [1, 2, 2, 3], [True, True, False, False]).survival)  # 3/4 * 2/3
    0.5
    """
    curve = _Curve.of(days, converted, cluster)
    when = np.asarray(at, dtype=np.float64)
    shape = when.shape
    if not curve.days.size:
        unknown = np.full(shape, np.nan)[()]
        return KaplanMeier(unknown, unknown, np.zeros(shape)[()])
    flat = when.ravel()
    variance = np.array([curve.covariance(day, day) for day in flat])
    return KaplanMeier(
        curve.survival(flat).reshape(shape)[()],
        variance.reshape(shape)[()],
        np.array([curve.n_at_risk(day) for day in flat]).reshape(shape)[()],
    )


def conversion_by(
    horizon_days: ArrayLike,
    days: ArrayLike,
    converted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> ConversionBy:
    """Estimate the share of leads that convert by a horizon, or by each of several.

    Parameters
    ----------
    horizon_days : array_like
        Days after creation.
    days : array_like, shape (leads,)
        Days until conversion, or until the lead was last watched. Being lost is not an end
        of watching: a lost lead is watched until the data were exported.
    converted : array_like of bool, shape (leads,)
        Which of the two.
    cluster : array_like of int, shape (leads,), optional
        Leads with the same number are not independent.
    confidence_level : float
        Nominal coverage.

    Returns
    -------
    ConversionBy
        In the shape of `horizon_days`: ``rate``, ``lower``, ``upper``, and ``at``: the
        horizon, or the longest time any lead was watched where that is shorter. Nothing is
        extrapolated.

    Notes
    -----
    1 - Kaplan-Meier; limits on the log(-log) scale with Greenwood's variance (by cluster,
    where there are some). Where nobody or everybody converted that scale has no limits, and
    Wilson's are given for the leads, or clusters, watched until ``at`` (or that converted;
    at least 1).

    References
    ----------
    J. D. Kalbfleisch and R. L. Prentice (2002), The Statistical Analysis of Failure Time
    Data, 2nd ed., section 1.4.

    Examples
    --------
    >>> result = conversion_by(2, [1, 2, 2, 3], [True, True, False, False])
    >>> float(result.rate), float(result.at)
    (0.5, 2.0)
    """
    z = normal_quantile(confidence_level)
    time = np.asarray(days, dtype=np.float64)
    wanted = np.asarray(horizon_days, dtype=np.float64)
    if not time.size:
        unknown = np.full(wanted.shape, np.nan)[()]
        return ConversionBy(unknown, unknown, unknown, unknown)
    at = np.minimum(wanted, time.max())
    survival, greenwood, n_at_risk = kaplan_meier(at, time, converted, cluster=cluster)
    watched = np.maximum(n_at_risk, 1.0)
    limits = wilson((1 - survival) * watched, watched, confidence_level=confidence_level)
    inside = (survival > 0) & (survival < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = z * np.sqrt(greenwood) / np.abs(np.log(survival))
        lower = np.where(inside, 1 - survival ** np.exp(-spread), limits.lower)
        upper = np.where(inside, 1 - survival ** np.exp(spread), limits.upper)
    return ConversionBy((1 - survival)[()], lower[()], upper[()], at[()])


def share_by(
    at: ArrayLike,
    horizon_days: float,
    days: ArrayLike,
    converted: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> ShareBy:
    """Estimate which share of the conversions by a horizon has happened by each day.

    Parameters
    ----------
    at : array_like
        Days after creation, at most the horizon; conversions on a day count for it.
    horizon_days : float
        The horizon; the longest time any lead was watched is taken where that is shorter.
    days, converted, cluster, confidence_level
        As in `conversion_by`.

    Returns
    -------
    ShareBy
        In the shape of `at`; ``nan`` where nobody has converted, exactly 1 at the horizon.

    Notes
    -----
    ``p = F(t) / F(H)`` with ``F = 1 - S``, S being Kaplan-Meier's. With the influences u on
    log S (see `kaplan_meier`) that of p is ``(p S(H) u(H) - S(t) u(t)) / F(H)``; V is the
    sum of its squares, and ``n = p (1 - p) / V`` goes into Wilson's interval: n is the number
    of conversions where every lead was watched to the horizon. Where the rarer conversions,
    those up to t or those after, are m from c clusters, n is multiplied by the squared ratio
    of Student's quantiles at m - 1 and c - 1 degrees of freedom (after Korn and Graubard).
    Where p is 0, n is the number of conversions.
    Where p is 1, conversions may still come after t: the lower limit is ``F(t)`` over what
    F(H) would be if the leads watched to the horizon converted after t at the upper limit of
    Wilson's interval for none of them.

    References
    ----------
    The variance is the delta method on the influence function of the Kaplan-Meier estimate,
    N. Reid (1981), Influence functions for censored data, Annals of Statistics 9, 78-92.
    E. L. Korn and B. I. Graubard (1998), Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data, Survey Methodology 24,
    193-201.

    Examples
    --------
    Three conversions in the 10 days for which all five leads were watched, one by day 2:

    >>> found = share_by([2, 10], 10, [1, 4, 5, 10, 10], [True, True, True, False, False])
    >>> found.share.round(3).tolist(), [round(float(end), 3) for end in wilson(1, 3)]
    ([0.333, 1.0], [0.061, 0.792])
    >>> found.lower.round(3).tolist(), found.upper.round(3).tolist()
    ([0.061, 1.0], [0.792, 1.0])
    """
    normal_quantile(confidence_level)  # refuses a level outside 0 to 1
    curve = _Curve.of(days, converted, cluster)
    when = np.asarray(at, dtype=np.float64)
    rows = [_share(curve, float(day), horizon_days, confidence_level) for day in when.ravel()]
    found = np.array(rows, dtype=np.float64).reshape(*when.shape, 3)
    return ShareBy(found[..., 0][()], found[..., 1][()], found[..., 2][()])


@dataclass(frozen=True, eq=False)
class _Curve:
    """Each lead's days and outcome, and Kaplan-Meier's steps over the days with conversions."""

    days: FloatArray
    event: NDArray[np.bool_]
    cluster: NDArray[np.intp] | None
    moments: FloatArray
    steps: FloatArray
    greenwood: FloatArray
    jump: FloatArray

    @classmethod
    def of(cls, days: ArrayLike, converted: ArrayLike, cluster: ArrayLike | None) -> _Curve:
        time, event = np.asarray(days, dtype=np.float64), np.asarray(converted, dtype=bool)
        moments, d = np.unique(time[event], return_counts=True)
        r = len(time) - np.searchsorted(np.sort(time), moments, side="left")
        with np.errstate(divide="ignore"):
            greenwood, jump = np.cumsum(d / (r * (r - d))), 1 / (r - d)
        number = None if cluster is None else np.asarray(cluster, dtype=np.intp)
        steps = np.append(1.0, np.cumprod(1 - d / r))
        return cls(time, event, number, moments, steps, np.append(0.0, greenwood), jump)

    def survival(self, at: FloatArray | float) -> FloatArray:
        found: FloatArray = self.steps[self._step(at)]
        return found

    def n_at_risk(self, at: float) -> float:
        if self.survival(at) > 0:
            return float(np.count_nonzero(self._last_day >= at))
        return float(np.count_nonzero(self._first_win <= at))

    def covariance(self, first: float, second: float) -> float:
        """Return the covariance of log S at two days."""
        sum_to = float(self.greenwood[self._step(min(first, second))])
        if self.cluster is None or not np.isfinite(sum_to):
            return sum_to
        sums = cluster_sums(self._influence(first), self.cluster)
        others = cluster_sums(self._influence(second), self.cluster) if second != first else sums
        return float(sums @ others)

    def _influence(self, at: float) -> FloatArray:
        """Return what each lead adds to log S at a day on which S is above 0."""
        last = int(self._step(at))
        seen = self.greenwood[np.minimum(self._own_step, last)]
        return np.asarray(seen - np.where(self._own_step <= last, self._own_jump, 0.0))

    @cached_property
    def _last_day(self) -> FloatArray:
        """Up to which day each lead, or cluster, was watched."""
        if self.cluster is None:
            return self.days
        last = np.full(self.cluster.max() + 1, -np.inf)
        np.maximum.at(last, self.cluster, self.days)
        return last

    @cached_property
    def _first_win(self) -> FloatArray:
        """On which day each lead, or cluster, first converted; never where it did not."""
        wins = np.where(self.event, self.days, np.inf)
        if self.cluster is None:
            return wins
        first = np.full(self.cluster.max() + 1, np.inf)
        np.minimum.at(first, self.cluster, wins)
        return first

    @cached_property
    def _own_step(self) -> NDArray[np.intp]:
        """The step up to which each lead was watched; that of its day where it converted."""
        return self._step(self.days)

    @cached_property
    def _own_jump(self) -> FloatArray:
        """What each conversion takes from log S on its day; 0 for other leads."""
        own = np.zeros(len(self.days))
        own[self.event] = self.jump[self._own_step[self.event] - 1]
        return own

    def _step(self, at: FloatArray | float) -> NDArray[np.intp]:
        return np.asarray(np.searchsorted(self.moments, at, side="right"))


def _share(
    curve: _Curve, at: float, horizon_days: float, confidence_level: float
) -> tuple[float, float, float]:
    unknown = float("nan")
    if not curve.event.any():
        return unknown, unknown, unknown
    end = min(horizon_days, float(curve.days.max()))
    by, last = float(curve.survival(at)), float(curve.survival(end))
    if last == 1:
        return unknown, unknown, unknown
    if at >= end:
        return 1.0, 1.0, 1.0
    share = (1 - by) / (1 - last)
    if by == last:
        none = wilson(0, max(curve.n_at_risk(end), 1.0), confidence_level=confidence_level)
        return 1.0, (1 - by) / (1 - by * (1 - float(none.upper))), 1.0
    n = float((curve.event & (curve.days <= end)).sum())
    variance = _share_variance(curve, (at, by), (end, last), share)
    if share > 0 and variance > 0:
        n = share * (1 - share) / variance * _few_clusters(curve, at, end, confidence_level)
    limits = wilson(share * n, n, confidence_level=confidence_level)
    return share, float(limits.lower), float(limits.upper)


def _few_clusters(curve: _Curve, at: float, end: float, confidence_level: float) -> float:
    """Return what is left of the conversions' information where few clusters hold them."""
    if curve.cluster is None:
        return 1.0
    in_time = curve.event & (curve.days <= end)
    sides = (in_time & (curve.days <= at), in_time & (curve.days > at))
    rarer = min(sides, key=np.count_nonzero)
    sizes = (np.count_nonzero(rarer), np.unique(curve.cluster[rarer]).size)
    of_leads, of_clusters = (
        float(stdtrit(max(size - 1, 1), 0.5 + confidence_level / 2)) for size in sizes
    )
    return (of_leads / of_clusters) ** 2


def _share_variance(
    curve: _Curve, first: tuple[float, float], second: tuple[float, float], share: float
) -> float:
    """Return the variance of the share from two days and the survival at each."""
    (at, by), (end, last) = first, second
    both = by**2 * curve.covariance(at, at)
    if last > 0:  # nobody is left to convert: what remains is F(t) itself
        both -= 2 * share * by * last * curve.covariance(at, end)
        both += (share * last) ** 2 * curve.covariance(end, end)
    return both / (1 - last) ** 2
