"""Two-sided tests of one rate against another, and corrections for many of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, chdtrc

from calibrate.stats.intervals import FloatArray, broadcast_counts

__all__ = ["EXACT_VARIANCE_BOUND", "benjamini_hochberg", "holm", "mid_p_fisher", "score_test"]

EXACT_VARIANCE_BOUND = 100_000.0
"""Hypergeometric variance above which :func:`mid_p_fisher` uses the score test; no table of
fewer than 1.6 million leads reaches it (the variance is at most n / 16)."""

_NEGLIGIBLE = 1e-17


def score_test(
    n_converted: ArrayLike,
    n: ArrayLike,
    n_converted_without: ArrayLike,
    n_without: ArrayLike,
) -> FloatArray:
    """Return the two-sided p value of the score test of equal rates.

    Parameters
    ----------
    n_converted, n : array_like
        Conversions and leads with the criterion.
    n_converted_without, n_without : array_like
        Conversions and leads without it.

    Returns
    -------
    numpy.ndarray
        p values; 1 where all or none converted (nothing speaks against equal rates),
        ``nan`` where a side has no leads.

    Notes
    -----
    Pearson's chi-square without continuity correction,
    ``z = (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2))`` with the pooled rate p.

    Examples
    --------
    >>> round(float(score_test(36, 100, 264, 900)), 4)
    0.1675
    """
    x1, n1, x2, n2 = broadcast_counts(n_converted, n, n_converted_without, n_without)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (x1 + x2) / (n1 + n2)
        variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
        square = np.where(variance > 0, (x1 / n1 - x2 / n2) ** 2 / variance, 0.0)
    return _unwrapped(np.where((n1 > 0) & (n2 > 0), chdtrc(1, square), np.nan))


def mid_p_fisher(
    n_converted: ArrayLike,
    n: ArrayLike,
    n_converted_without: ArrayLike,
    n_without: ArrayLike,
) -> FloatArray:
    """Return the two-sided mid-p value of Fisher's exact test of equal rates.

    Parameters
    ----------
    n_converted, n : array_like
        Conversions and leads with the criterion.
    n_converted_without, n_without : array_like
        Conversions and leads without it. Effective counts may be fractions.

    Returns
    -------
    numpy.ndarray
        p values, at most 1; ``nan`` where a side has no leads.

    Notes
    -----
    Given the margins the conversions T with the criterion are hypergeometric under equal
    rates; ``p = 2 min(P(T > t), P(T < t)) + P(T = t)``, at most 1: twice the smaller
    one-sided mid-p. Above a hypergeometric variance of :data:`EXACT_VARIANCE_BOUND` it is
    :func:`score_test`'s (there the two differ by less than 3 % of p down to p = 1e-5).
    Where counts are fractions the margins are rounded, and log p is interpolated between
    the whole numbers of conversions beside `n_converted`.

    References
    ----------
    H. O. Lancaster (1961), Significance tests in discrete distributions, JASA 56, 223-234.
    A. Agresti (2002), Categorical Data Analysis, 2nd ed., section 3.5.

    Examples
    --------
    Fisher's tea tasting, three of four cups named rightly: P(T = 3) = 16/70 and
    P(T = 4) = 1/70, so p = 2/70 + 16/70.

    >>> round(float(mid_p_fisher(3, 4, 1, 4)) * 70, 6)
    18.0
    """
    x1, n1, x2, n2 = broadcast_counts(n_converted, n, n_converted_without, n_without)
    shape = x1.shape
    p = np.array(score_test(x1, n1, x2, n2), dtype=np.float64, ndmin=1)
    x1, n1, x2, n2 = (np.atleast_1d(value) for value in (x1, n1, x2, n2))
    total, converted = n1 + n2, x1 + x2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = converted / total
        variance = n1 * n2 * share * (1 - share) / np.maximum(total - 1, 1)
    exact = (n1 > 0) & (n2 > 0) & (variance <= EXACT_VARIANCE_BOUND)
    if exact.any():
        p[exact] = _interpolated(x1[exact], n1[exact], x2[exact], n2[exact])
    return _unwrapped(p.reshape(shape))


def _interpolated(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> FloatArray:
    """Return the mid-p at whole margins, between the whole numbers next to `x1`."""
    side, other = np.maximum(np.rint(n1), 1), np.maximum(np.rint(n2), 1)
    converted = np.minimum(np.rint(x1 + x2), side + other)
    least, most = np.maximum(converted - other, 0), np.minimum(side, converted)
    at = np.clip(x1, least, most)
    below = np.floor(at)
    above = np.minimum(below + 1, most)
    lower = _doubled_mid_p(below, side, converted, side + other)
    between = at > below
    if not between.any():
        return lower
    upper = lower.copy()
    upper[between] = _doubled_mid_p(
        above[between], side[between], converted[between], (side + other)[between]
    )
    part = at - below
    return np.asarray(lower ** (1 - part) * upper**part)


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Return q values: p values adjusted to control the false discovery rate.

    Parameters
    ----------
    p : array_like
        One p value for every test made; ``nan`` passes through and does not count.

    Returns
    -------
    numpy.ndarray
        ``q_(i) = min over j >= i of m p_(j) / j``, at most 1, in the order given.

    References
    ----------
    Y. Benjamini and Y. Hochberg (1995), Controlling the false discovery rate, Journal of the
    Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    values, order = _ordered(p)
    rank = np.arange(1, order.size + 1)
    scaled = values[order] * order.size / rank
    values[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return values


def holm(p: ArrayLike) -> FloatArray:
    """Return p values adjusted by Holm to control the family-wise error rate.

    Parameters
    ----------
    p : array_like
        One p value for every test made; ``nan`` passes through and does not count.

    Returns
    -------
    numpy.ndarray
        ``max over j <= i of (m - j + 1) p_(j)``, at most 1, in the order given.

    References
    ----------
    S. Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian
    Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values, order = _ordered(p)
    scaled = values[order] * np.arange(order.size, 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return values


def _unwrapped(values: FloatArray) -> FloatArray:
    """Return the array, or the number in it where it has no dimension."""
    result: FloatArray = values[()]
    return result


def _ordered(p: ArrayLike) -> tuple[FloatArray, NDArray[np.intp]]:
    """Return a copy of p and the positions of its known values, smallest first."""
    values = np.array(p, dtype=np.float64, ndmin=1)
    known = np.flatnonzero(~np.isnan(values))
    return values, known[np.argsort(values[known], kind="stable")]


def _doubled_mid_p(
    t: FloatArray, drawn: FloatArray, marked: FloatArray, total: FloatArray
) -> FloatArray:
    """Return twice the smaller mid-p tail of hypergeometric counts."""
    log_pmf = _log_choose(marked, t) + _log_choose(total - marked, drawn - t)
    pmf = np.exp(log_pmf - _log_choose(total, drawn))
    lower = t * total <= drawn * marked
    # The lower tail of t is the upper tail of what was drawn unmarked.
    k = np.where(lower, drawn - t, t)
    good = np.where(lower, total - marked, marked)
    tail = np.zeros_like(pmf)
    term = pmf.copy()
    while np.any(term > _NEGLIGIBLE * (tail + pmf)):
        term = term * (good - k) * (drawn - k) / ((k + 1) * (total - good - drawn + k + 1))
        k = k + 1
        tail = tail + term
    mid = tail + pmf / 2
    return np.asarray(2 * np.minimum(mid, 1 - mid))


def _log_choose(n: FloatArray, k: FloatArray) -> FloatArray:
    return np.asarray(-np.log1p(n) - betaln(n - k + 1, k + 1))
