"""Rates of weighted leads: leads too young to be judged, and leads of one contact.

A lead whose outcome by the horizon is known stands in for those as old as it was when it
became known, but not watched so long: inverse probability of censoring weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.stats.intervals import FloatArray

__all__ = [
    "CensoringWeights",
    "WeightedRate",
    "censoring_weights",
    "cluster_sums",
    "effective_size",
    "jackknife",
    "weighted_rate",
]

NOTHING = 1e-9  # a variance so far below that of one lead is rounding


class CensoringWeights(NamedTuple):
    """Weight of each lead, and the share of all leads that was watched up to the horizon."""

    weight: FloatArray
    followed_share: float


class WeightedRate(NamedTuple):
    """A weighted rate, its variance, and the leads that would give as exact a rate."""

    rate: float
    variance: float
    n_effective: float


def censoring_weights(
    converted: ArrayLike, lag_days: ArrayLike, follow_up_days: ArrayLike, mature: ArrayLike
) -> CensoringWeights:
    """Weight leads by the inverse probability that their outcome is known by now.

    Parameters
    ----------
    converted : array_like of bool
        Converted by the horizon, as known now.
    lag_days : array_like
        Days from creation to conversion; read where `converted`.
    follow_up_days : array_like
        Days from creation to now.
    mature : array_like of bool
        Watched up to the horizon.

    Returns
    -------
    CensoringWeights
        ``weight`` is ``1 / G(lag)`` for converted leads, ``1 / G(horizon)`` for the other
        mature ones and 0 for leads whose outcome is not known yet; ``followed_share`` is
        G(horizon), nan without leads. All weights are 1 where all leads are mature.

    Notes
    -----
    ``G(t)`` is the share of all these leads with a follow-up of at least t. Follow-up ends on
    the day of the export alike for all, so no lead is censored by what it does; being lost is
    no censoring. With ``T = min(lag, horizon)`` each weight has the expectation
    ``P(follow-up >= T) / G(T) = 1``.

    References
    ----------
    D. G. Horvitz and D. J. Thompson (1952), JASA 47, 663-685. J. M. Robins and A. Rotnitzky
    (1992), Recovery of information and adjustment for dependent censoring using surrogate
    markers, in AIDS Epidemiology, 297-331.

    Examples
    --------
    Four leads watched for 10, 20, 30 and 40 days, horizon 30 days. The second converted after
    15 days, which three of four were watched for: 4/3. Two of four are mature: 2.

    >>> found = censoring_weights([0, 1, 0, 0], [0, 15, 0, 0], [10, 20, 30, 40], [0, 0, 1, 1])
    >>> found.weight.round(2).tolist(), found.followed_share
    ([0.0, 1.33, 2.0, 2.0], 0.5)
    """
    is_won, is_mature = np.asarray(converted, dtype=bool), np.asarray(mature, dtype=bool)
    follow_up = np.sort(np.asarray(follow_up_days, dtype=np.float64))
    n = len(follow_up)
    if not n:
        return CensoringWeights(np.zeros(0), float("nan"))
    lag = np.asarray(lag_days, dtype=np.float64)
    watched = 1 - np.searchsorted(follow_up, np.where(is_won, lag, 0.0), side="left") / n
    followed = float(is_mature.mean())
    known = np.where(is_won, watched, followed)
    weight = np.zeros(n)
    np.divide(1.0, known, out=weight, where=(is_won | is_mature) & (known > 0))
    return CensoringWeights(weight, followed)


def weighted_rate(
    converted: ArrayLike, weight: ArrayLike, cluster: ArrayLike | None = None
) -> WeightedRate:
    """Return the conversion rate of weighted leads, and how exactly it is known.

    Parameters
    ----------
    converted : array_like of bool, shape (leads,)
    weight : array_like, shape (leads,)
    cluster : array_like of int, shape (leads,), optional
        Leads with the same number are not independent (deals of one contact).

    Returns
    -------
    WeightedRate
        All nan where nothing has a weight.

    Notes
    -----
    ``r = sum w y / sum w``, ``V = sum w^2 (y - r)^2 / (sum w)^2``, and ``n_effective = r (1 -
    r) / V``, which is n without weights and clusters. With m clusters
    ``V = sum_c (e_c (m - 1) / m / (W - W_c))^2``, the jackknife's but for the factor ``m / (m -
    1)``, with ``e_c = sum w (y - r)`` and ``W_c = sum w`` over the cluster: one that holds much
    of the weight draws the rate to itself. Few clusters whose residuals happen to cancel are no
    reason to be surer than of as many single leads: V is at least theirs.

    Where all outcomes are alike V says nothing; n_effective is then ``sum w / max w``, or Kish's
    size ``(sum w)^2 / sum w^2`` of the clusters where that is less. Kish's size of the leads would
    mislead, because weights depend on the outcome.

    References
    ----------
    B. Efron and C. Stein (1981), The jackknife estimate of variance, Annals of Statistics 9,
    586-596.

    Examples
    --------
    r = (4/3) / (16/3) = 1/4, V = ((4/3)^2 (3/4)^2 + 2 * 2^2 (1/4)^2) / (16/3)^2 = 0.0527

    >>> found = weighted_rate([1, 0, 0], [4 / 3, 2, 2])
    >>> round(found.rate, 4), round(found.variance, 4), round(found.n_effective, 2)
    (0.25, 0.0527, 3.56)
    """
    y, w = np.asarray(converted, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    total = float(w.sum())
    if not total > 0:
        return WeightedRate(float("nan"), float("nan"), float("nan"))
    rate = float(w @ y) / total
    weights = cluster_sums(w, cluster)
    residual = w * (y - rate)
    squared = float(residual @ residual)
    if cluster is not None:
        residual = jackknife(cluster_sums(residual, cluster), weights)
        several = np.count_nonzero(weights) > 1
        squared = max(squared, float(residual @ residual)) if several else 0.0
    variance = squared / total**2
    at_most = min(total**2 / float(weights @ weights), total / float(w.max()))
    n_effective = effective_size(rate, variance, at_most)
    return WeightedRate(rate, variance, float(n_effective))


def effective_size(rate: ArrayLike, variance: ArrayLike, one_sided: ArrayLike) -> FloatArray:
    """Return ``rate (1 - rate) / variance``, or another size where all outcomes are alike."""
    r, v, other = (np.asarray(values, dtype=np.float64) for values in (rate, variance, one_sided))
    spread = r * (1 - r)
    told = (spread > 0) & (v > NOTHING * spread)
    return np.asarray(np.where(told, spread / np.where(told, v, 1.0), other))[()]


def jackknife(residual: FloatArray, weight: FloatArray) -> FloatArray:
    """Return clusters' residuals, larger where a cluster holds much of the weight.

    A cluster's residual is taken from a ratio that it has drawn to itself; that of the ratio
    without it is ``W / (W - W_c)`` times as large.

    Parameters
    ----------
    residual, weight : ndarray, shape (clusters,)
        Sums over each cluster of the residual and of the ratio's denominator.

    Returns
    -------
    ndarray, shape (clusters,)
        ``(m - 1) / m e_c W / (W - W_c)``: ``e_c`` itself for m clusters alike; all 0 with a
        single cluster, from which no variance can be told.
    """
    present = weight > 0
    m, total = int(present.sum()), float(weight.sum())
    if m < 2:
        return np.zeros_like(residual)
    rest = np.where(present, total - weight, total)
    return np.asarray((m - 1) / m * residual * total / rest)


def cluster_sums(values: FloatArray, cluster: ArrayLike | None) -> FloatArray:
    """Return the sum of each cluster, numbered from 0; the values where there are none."""
    if cluster is None:
        return values
    number: NDArray[np.intp] = np.asarray(cluster, dtype=np.intp)
    return np.bincount(number, values).astype(np.float64)
