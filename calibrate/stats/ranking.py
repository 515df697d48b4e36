"""How well a score ranks converted above not converted leads.

Scores come with the number (or weight) of converted and not converted leads at each; a score
may stand on several rows. Ties count one half.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibrate.stats.intervals import FloatArray, Interval, normal_quantile

__all__ = [
    "GainsCurve",
    "auc",
    "auc_interval",
    "auc_limits",
    "average_precision",
    "gains_curve",
    "kolmogorov_smirnov",
    "share_below",
]

_HALVINGS = 60


class GainsCurve(NamedTuple):
    """Leads taken from the highest score down.

    ``lead_share`` of all leads have at least ``score``, and ``converted_share`` of all
    conversions are among them. The first point is (inf, 0, 0).
    """

    score: FloatArray
    lead_share: FloatArray
    converted_share: FloatArray


def auc(score: ArrayLike, n_converted: ArrayLike, n_not: ArrayLike) -> float:
    """Return the area under the ROC curve.

    Parameters
    ----------
    score : array_like
        Scores.
    n_converted, n_not : array_like
        Converted and not converted leads (or their weights) at each score.

    Returns
    -------
    float
        Probability that a converted lead has a higher score than a not converted one, ties
        counting one half; ``nan`` where only one outcome occurs.

    Examples
    --------
    Of the four pairs three are in the right order.

    >>> auc([1, 2, 3, 4], [0, 1, 0, 1], [1, 0, 1, 0])
    0.75
    """
    _, hits, others = _by_score(score, n_converted, n_not)
    return _area(hits, share_below(others))


def auc_interval(
    score: ArrayLike,
    n_converted: ArrayLike,
    n_not: ArrayLike,
    *,
    confidence_level: float = 0.95,
) -> Interval:
    """Return DeLong's interval of the area under the ROC curve, of leads that count once.

    Parameters
    ----------
    score : array_like
        Scores.
    n_converted, n_not : array_like
        Converted and not converted leads at each score.
    confidence_level : float
        Nominal coverage.

    Returns
    -------
    Interval
        Limits within 0 and 1; ``nan`` with fewer than two leads of an outcome.

    Notes
    -----
    ``AUC -+ z sqrt(S10 / m + S01 / n)``, S10 and S01 being the variances of the placements
    of the m converted among the n others and the reverse. Where the score separates
    perfectly these variances are 0; there the limit is that of Newcombe's method 5, with
    Hanley and McNeil's variance at the limit itself.

    References
    ----------
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), Comparing the areas under two
    or more correlated ROC curves, Biometrics 44, 837-845. R. G. Newcombe (2006), Confidence
    intervals for an effect size measure based on the Mann-Whitney statistic, part 2,
    Statistics in Medicine 25, 559-573.

    Examples
    --------
    >>> lower, upper = auc_interval([1, 2, 3, 4, 5], [3, 2, 2, 11, 33], [33, 6, 6, 11, 2])
    >>> round(float(lower), 3), round(float(upper), 3)
    (0.833, 0.953)
    """
    _, hits, others = _by_score(score, n_converted, n_not)
    m, n = float(hits.sum()), float(others.sum())
    if m <= 1 or n <= 1:
        return Interval(np.asarray(np.nan)[()], np.asarray(np.nan)[()])
    above = share_below(others)
    below = share_below(hits[::-1])[::-1]
    area = _area(hits, above)
    variance = hits @ (above - area) ** 2 / (m - 1) / m + others @ (below - area) ** 2 / (n - 1) / n
    return auc_limits(area, float(np.sqrt(variance)), (m, n), confidence_level=confidence_level)


def auc_limits(
    area: float, standard_error: float, n: tuple[float, float], *, confidence_level: float = 0.95
) -> Interval:
    """Return the interval of an AUC from its standard error.

    Parameters
    ----------
    area, standard_error : float
    n : (float, float)
        Converted and not converted leads; they tell the limit where the score separates
        perfectly (see `auc_interval`).
    confidence_level : float
        Nominal coverage.

    Examples
    --------
    >>> lower, upper = auc_limits(0.7, 0.05, (40, 60))
    >>> round(float(lower), 3), round(float(upper), 3)
    (0.602, 0.798)
    """
    z = normal_quantile(confidence_level)
    if standard_error <= 0 and area in {0.0, 1.0}:
        limit = _perfect_limit(*n, z)
        lower, upper = (limit, 1.0) if area == 1.0 else (0.0, 1 - limit)
    else:
        half = z * standard_error
        lower, upper = max(area - half, 0.0), min(area + half, 1.0)
    return Interval(np.asarray(lower)[()], np.asarray(upper)[()])


def kolmogorov_smirnov(score: ArrayLike, n_converted: ArrayLike, n_not: ArrayLike) -> float:
    """Return the Kolmogorov-Smirnov distance between the two outcomes' scores.

    Parameters
    ----------
    score : array_like
        Scores.
    n_converted, n_not : array_like
        Converted and not converted leads (or their weights) at each score.

    Returns
    -------
    float
        Largest vertical distance of the two distribution functions, 0 to 1; ``nan`` where
        only one outcome occurs.

    Examples
    --------
    >>> kolmogorov_smirnov([1, 2, 3, 4], [0, 1, 0, 1], [1, 0, 1, 0])
    0.5
    """
    _, hits, others = _by_score(score, n_converted, n_not)
    if not (hits.sum() > 0 and others.sum() > 0):
        return float("nan")
    gap = np.cumsum(hits) / hits.sum() - np.cumsum(others) / others.sum()
    return float(np.abs(gap).max())


def average_precision(score: ArrayLike, n_converted: ArrayLike, n_not: ArrayLike) -> float:
    """Return the average precision, the area under the precision-recall steps.

    Parameters
    ----------
    score : array_like
        Scores.
    n_converted, n_not : array_like
        Converted and not converted leads (or their weights) at each score.

    Returns
    -------
    float
        ``sum over cuts of (recall gained at the cut) * precision``; a score that tells
        nothing has the conversion rate. ``nan`` where nobody converted.

    Examples
    --------
    >>> round(average_precision([1, 2, 3, 4], [0, 1, 0, 1], [1, 0, 1, 0]), 4)  # (1/1 + 2/3) / 2
    0.8333
    """
    _, hits, others = (values[::-1] for values in _by_score(score, n_converted, n_not))
    if not hits.sum() > 0:
        return float("nan")
    caught = np.cumsum(hits)
    precision = caught / (caught + np.cumsum(others))
    return float(hits @ precision / hits.sum())


def gains_curve(score: ArrayLike, n_converted: ArrayLike, n_not: ArrayLike) -> GainsCurve:
    """Return which share of conversions the best-scored share of leads holds.

    Parameters
    ----------
    score : array_like
        Scores.
    n_converted, n_not : array_like
        Converted and not converted leads (or their weights) at each score.

    Returns
    -------
    GainsCurve
        One point a distinct score, highest first, after the point (inf, 0, 0). A
        ``converted_share`` is ``nan`` where nobody converted.

    Examples
    --------
    >>> gains_curve([1, 2], [1, 3], [5, 1]).converted_share.tolist()
    [0.0, 0.75, 1.0]
    """
    values, hits, others = (part[::-1] for part in _by_score(score, n_converted, n_not))
    with np.errstate(invalid="ignore"):
        converted_share = np.cumsum(np.r_[0.0, hits]) / hits.sum()
        lead_share = np.cumsum(np.r_[0.0, hits + others]) / (hits + others).sum()
    return GainsCurve(np.r_[np.inf, values], lead_share, converted_share)


def _by_score(
    score: ArrayLike, n_converted: ArrayLike, n_not: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return distinct scores with leads, lowest first, and the counts at each."""
    values, cell = np.unique(np.asarray(score, dtype=np.float64), return_inverse=True)
    hits = np.bincount(cell, np.asarray(n_converted), len(values)).astype(np.float64)
    others = np.bincount(cell, np.asarray(n_not), len(values)).astype(np.float64)
    present = hits + others > 0
    return values[present], hits[present], others[present]


def share_below(counts: FloatArray) -> FloatArray:
    """Return at each score the share of `counts` below it plus half of those at it.

    Examples
    --------
    >>> share_below(np.array([2.0, 2.0])).tolist()
    [0.25, 0.75]
    """
    with np.errstate(invalid="ignore"):
        return np.asarray((np.cumsum(counts) - counts / 2) / counts.sum())


def _area(hits: FloatArray, above: FloatArray) -> float:
    return float(hits @ above / hits.sum()) if hits.sum() > 0 else float("nan")


def _perfect_limit(m: float, n: float, z: float) -> float:
    """Return the area at which an observed AUC of 1 lies z standard errors above it."""
    spread = (m + n) / 2 - 1
    low, high = 0.5, 1.0
    for _ in range(_HALVINGS):
        area = (low + high) / 2
        inner = 1 + spread * ((1 - area) / (2 - area) + area / (1 + area))
        beyond = (1 - area) ** 2 > z * z * area * (1 - area) * inner / (m * n)
        low, high = (area, high) if beyond else (low, area)
    return (low + high) / 2
