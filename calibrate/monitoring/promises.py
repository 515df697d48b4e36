"""Promised against observed, after taking out an overall shift of level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr

from calibrate.stats.weighting import cluster_sums

__all__ = ["Residual", "level_test", "residual_tests", "shifted_to"]

Floats = NDArray[np.float64]
MIN_EXPECTED = 5.0
STEPS = 100


class Residual(NamedTuple):
    """Conversions of a group beyond those expected, and how likely that is by chance."""

    n: float
    n_converted: float
    expected: float
    p_value: float


def shifted_to(promised: Floats, n_converted: float) -> Floats:
    """Shift all promised rates by the same log odds, until they sum to what came.

    Examples
    --------
    >>> float(shifted_to(np.array([0.2, 0.2]), 1.0).sum().round(6))
    1.0
    """
    log_odds = logit(np.clip(promised, 1e-9, 1 - 1e-9))
    low, high = -50.0, 50.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if float(expit(log_odds + middle).sum()) < n_converted:
            low = middle
        else:
            high = middle
    shifted: Floats = expit(log_odds + (low + high) / 2)
    return shifted


def level_test(
    promised: Floats,
    converted: Floats,
    n_reference: float,
    cluster: NDArray[np.intp] | None = None,
) -> float:
    """Return the p value of as many conversions, or a number as far from those promised.

    Parameters
    ----------
    promised, converted : ndarray
        Expected rate and outcome (0 or 1) of each lead.
    n_reference : float
        Leads that the promise was learned from.
    cluster : ndarray of int, optional
        Leads with the same number, from 0, are not independent (deals of one contact).

    Examples
    --------
    >>> round(level_test(np.full(100, 0.1), np.repeat([1.0, 0.0], [10, 90]), 1000), 2)
    1.0
    """
    variance = promised * (1 - promised)
    third = variance * (1 - 2 * promised)
    residual = converted - shifted_to(promised, float(converted.sum()))
    together = _together(residual, float(variance.sum()), cluster)
    return _p_value(
        float(converted.sum() - promised.sum()),
        together * float(variance.sum()),
        together**2 * float(third.sum()),
        len(promised) / n_reference,
    )


def residual_tests(
    promised: Floats,
    converted: Floats,
    groups: NDArray[np.bool_],
    n_reference: Floats,
    cluster: NDArray[np.intp] | None = None,
) -> list[Residual]:
    """Test each group's conversions beyond the promise and the overall shift of level.

    Parameters
    ----------
    promised, converted : ndarray of shape (n_leads,)
    groups : ndarray of bool, shape (n_leads, n_groups)
    n_reference : ndarray of shape (n_groups,)
        Leads of each group that the promise was learned from.
    cluster : ndarray of int of shape (n_leads,), optional
        Leads with the same number, from 0, are not independent (deals of one contact).

    Returns
    -------
    list of Residual
        ``expected`` after the shift; ``p_value`` is nan where fewer than five conversions, or
        five leads that do not convert, are expected in the group or outside it.

    Notes
    -----
    With ``p`` the promise shifted to the observed total and ``v = p (1 - p)``, the statistic of
    group g is ``O_g - sum_g p``. Its variance, the shift being estimated, is that of the score
    test, ``V_g = sum_g v - (sum_g v)^2 / sum v``; the promise was itself estimated from
    ``m_g`` leads, which adds ``V_g n_g / m_g``. Where leads are clustered, the products of the
    residuals within each cluster are added to ``V_g`` (never taken off: few clusters must not
    raise an alarm), and the third moment grows by the square of that factor. The normal
    approximation is corrected for skewness (normal power, the first Cornish-Fisher term turned
    round) and continuity, so that a rare criterion is not called broken by chance.

    References
    ----------
    R. E. Beard, T. Pentikainen, E. Pesonen, "Risk Theory", 3rd ed. (1984), section 3.11.
    """
    shifted = shifted_to(promised, float(converted.sum()))
    variance = shifted * (1 - shifted)
    third = variance * (1 - 2 * shifted)
    residual = converted - shifted
    residuals = []
    for column, reference in zip(groups.T, n_reference, strict=True):
        n, came, expected = float(column.sum()), float(converted[column].sum()), shifted[column]
        share = float(variance[column].sum() / variance.sum()) if variance.sum() > 0 else 1.0
        # each lead counts by its own part: 1 - share inside the group, -share outside it
        part = np.where(column, 1 - share, -share)
        spread, skew = float(part**2 @ variance), float(part**3 @ third)
        together = _together(part * residual, spread, cluster)
        p_value = float("nan")
        if _is_enough(expected) and _is_enough(shifted[~column]) and reference > 0:
            excess = came - float(expected.sum())
            p_value = _p_value(excess, together * spread, together**2 * skew, n / float(reference))
        residuals.append(Residual(n, came, float(expected.sum()), p_value))
    return residuals


def _together(residual: Floats, variance: float, cluster: NDArray[np.intp] | None) -> float:
    """Return how many times the variance of independent leads that of their clusters is.

    At least 1: ``1 + (sum_c (sum_i u_i)^2 - sum_i u_i^2) / variance`` with residuals u.
    """
    if cluster is None or not variance > 0:
        return 1.0
    sums = cluster_sums(residual, cluster)
    return max(1.0, 1.0 + float(sums @ sums - residual @ residual) / variance)


def _is_enough(expected: Floats) -> bool:
    hits = float(expected.sum())
    return min(hits, len(expected) - hits) >= MIN_EXPECTED


def _p_value(excess: float, variance: float, third: float, ratio: float) -> float:
    """Two-sided p of an excess with a variance and third moment of now.

    `ratio` is leads now over leads the promise was learned from: the promise's own error has
    `ratio` times that variance, and, entering with a minus, ``-ratio**2`` times the third
    moment.
    """
    spread = np.sqrt(variance * (1 + ratio))
    if not spread > 0:
        return 1.0
    skewness = third * (1 - ratio**2) / spread**3
    z = np.sign(excess) * max(abs(excess) - 0.5, 0.0) / spread
    if z == 0:
        return 1.0
    return min(2 * float(ndtr(-abs(_normal_of(float(z), float(skewness))))), 1.0)


def _normal_of(x: float, skewness: float) -> float:
    """Return the normal quantile of a standardised value with a skewness.

    The z with ``x = z + skewness (z^2 - 1) / 6``; beyond the reach of that parabola its vertex.
    """
    if skewness < 0:
        return -_normal_of(-x, -skewness)
    if skewness < 1e-6:
        return x
    turn = 3 / skewness
    return float(np.sqrt(max(turn**2 + 1 + 2 * turn * x, 0.0)) - turn)
