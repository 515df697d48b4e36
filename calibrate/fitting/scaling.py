"""From log-odds weights to whole-number points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from calibrate.errors import CalibrateError
from calibrate.fitting.attainable import Pattern, attainable_range
from calibrate.observation import Grouped
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.ranking import auc
from calibrate.stats.rounding import whole_points

__all__ = [
    "Points",
    "per_log_odds",
    "ranking_of",
    "scale_to_100",
    "scale_with",
    "span_of",
    "sticky",
]

STICKY_POINTS, STICKY_SHARE = 1.0, 0.05
NONE = 0.5  # points that are as near to none as to one

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Points(NamedTuple):
    """Whole-number base and points, and the points that one unit of log odds is worth."""

    base: int
    points: NDArray[np.int64]
    per_log_odds: float


def scale_to_100(
    weights: Floats,
    information: Floats,
    groups: Sequence[Pattern],
    *,
    ranking: Callable[[Ints], Floats] | None = None,
) -> Points:
    """Scale weights so that the lowest and highest attainable scores are exactly 0 and 100.

    Parameters
    ----------
    weights : ndarray, shape (criteria,)
        Log-odds weights, not all 0.
    information : ndarray, shape (criteria, criteria)
        Inverse covariance of the weights: what an error of rounding costs.
    groups : list of (positions, patterns)
        From `attainable_patterns`.
    ranking : callable, optional
        From whole points, one set a row, to how well each keeps the order (`ranking_of`).

    Returns
    -------
    Points
        0 only where a weight is worth less than half a point.

    Raises
    ------
    CalibrateError
        If no whole-number points reach both ends.

    Notes
    -----
    The whole-number points whose range is 100 and which lose least of the log likelihood at
    their own best factor (`stats.rounding.whole_points`); of those that lose hardly more, the
    points that keep the order best.
    """
    low, high = attainable_range(weights, groups)
    exact = 100 / (high - low) * weights
    points = whole_points(
        weights,
        information,
        start=exact,
        zero=np.abs(exact) < NONE,
        span=span_of(groups),
        prefer=ranking,
    )
    if points is None:
        raise CalibrateError("no whole-number points reach exactly 0 and 100; use fewer criteria")
    base = -int(attainable_range(points, groups)[0])
    return Points(base, points, per_log_odds(points, weights, information))


def scale_with(
    weights: Floats,
    intercept: float,
    information: Floats,
    scale: tuple[float, float],
    *,
    current: tuple[int, Floats] | None = None,
) -> Points:
    """Scale weights so that a score means what it meant on another card.

    Parameters
    ----------
    weights, intercept : log-odds weights and log odds without any criterion
    information : ndarray, shape (1 + criteria, 1 + criteria)
        Inverse covariance of intercept and weights.
    scale : (float, float)
        Points per unit of log odds, and the log odds of a score of 0, on the other card.
    current : (int, ndarray), optional
        Base and points (nan where a criterion is new) to stay with: a number moves only if
        it would by more than 1 point and by more than 5 %.
    """
    per_unit, log_odds_at_0 = scale
    exact = per_unit * np.array([intercept - log_odds_at_0, *weights])
    lower, upper = sticky(exact, current)
    whole = whole_points(
        exact,
        information,
        start=exact,
        scaled=True,
        lower=lower,
        upper=upper,
        zero=np.concatenate([[True], np.abs(exact[1:]) < NONE]) | (lower == 0),
    )
    if whole is None:  # nothing is asked for that could not be
        raise CalibrateError("no whole-number points were found; use scale = fit")
    return Points(int(whole[0]), whole[1:], per_unit)


def sticky(exact: Floats, current: tuple[int, Floats] | None) -> tuple[Floats, Floats]:
    """Return bounds that hold the numbers which hardly moved from those of another card."""
    free = np.full(len(exact), np.inf)
    if current is None:
        return -free, free
    held = np.array([current[0], *current[1]], dtype=float)
    room = np.maximum(STICKY_POINTS, STICKY_SHARE * np.abs(np.nan_to_num(held)))
    stays = np.abs(exact - held) <= room
    return np.where(stays, held, -free), np.where(stays, held, free)


def per_log_odds(points: Floats | Ints, weights: Floats, information: Floats) -> float:
    """Return the points that one unit of log odds is worth, by weighted least squares."""
    return float(weights @ information @ points / (weights @ information @ weights))


def ranking_of(grouped: Grouped, weights: Floats) -> Callable[[Ints], Floats]:
    """Return a function from whole points, one set a row, to the AUC they would have.

    Were the rates of the leads those that the weights promise: the order of the weights is then
    the best there is, and nothing is gained by the accidents of these leads.
    """
    flags = grouped.design[:, : len(weights)]
    sums = flags @ weights
    level = fit_logistic(flags[:, :0], grouped.n_converted, grouped.n, firth=False, offset=sums)
    won = grouped.n * expit(level.intercept + sums)

    def ranking(points: Ints) -> Floats:
        return np.array([auc(flags @ row, won, grouped.n - won) for row in points])

    return ranking


def span_of(groups: Sequence[Pattern]) -> Callable[[ArrayLike], Ints]:
    """Return a function from whole points, one set a row, to the width of their scores."""

    def span(points: ArrayLike) -> Ints:
        whole = np.asarray(points, dtype=np.int64)
        width = np.zeros(len(whole), dtype=np.int64)
        for index, patterns in groups:
            sums = whole[:, index] @ patterns.T
            width += sums.max(axis=1) - sums.min(axis=1)
        return width

    return span
