"""From log-odds weights to whole-number points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibrate.errors import CalibrateError
from calibrate.fitting.attainable import Pattern, attainable_range

__all__ = ["Points", "scale_to_100", "scale_with"]

FACTORS = np.linspace(0.8, 1.2, 801)  # around the factor that makes the range exactly 100
MAX_STEPS = 500
STICKY_POINTS, STICKY_SHARE = 1.0, 0.05

Weights = NDArray[np.float64]


class Points(NamedTuple):
    """Whole-number base and points, and the points that one unit of log odds is worth."""

    base: int
    points: NDArray[np.int64]
    per_log_odds: float


def scale_to_100(
    weights: Weights, information: NDArray[np.float64], groups: Sequence[Pattern]
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

    Returns
    -------
    Points

    Notes
    -----
    Among the whole-number points whose range is 100, those with the smallest loss
    ``(b p - w)' I (b p - w)`` at their own best factor ``b``: to second order, what the
    log likelihood loses by rounding.
    """
    low, high = attainable_range(weights, groups)
    exact = 100 / (high - low)
    tried = np.unique(np.rint(exact * np.outer(FACTORS, weights)).astype(np.int64), axis=0)
    fitting = list(tried[_widths(tried, groups) == 100])
    if not fitting:
        start = np.rint(exact * weights).astype(np.int64)
        fitting = [_stepped(start, weights, information, groups)]
    points = min(fitting, key=lambda p: (_loss(p, weights, information), tuple(p)))
    base = -int(attainable_range(points, groups)[0])
    per_log_odds = float(weights @ information @ points / (weights @ information @ weights))
    return Points(base, points.astype(np.int64), per_log_odds)


def scale_with(
    weights: Weights,
    intercept: float,
    per_log_odds: float,
    log_odds_at_0: float,
    *,
    current: tuple[int, Weights] | None = None,
) -> Points:
    """Scale weights so that a score means what it meant on another card.

    Parameters
    ----------
    weights, intercept : log-odds weights and log odds without any criterion
    per_log_odds : float
        Points per unit of log odds on the other card.
    log_odds_at_0 : float
        Log odds of a score of 0 on the other card.
    current : (int, ndarray), optional
        Base and points (nan where a criterion is new) to stay with: a number moves only if
        it would by more than 1 point and by more than 5 %.
    """
    exact = per_log_odds * np.array([intercept - log_odds_at_0, *weights])
    whole = np.rint(exact)
    if current is not None:
        held = np.array([current[0], *current[1]], dtype=float)
        room = np.maximum(STICKY_POINTS, STICKY_SHARE * np.abs(np.nan_to_num(held)))
        whole = np.where(np.abs(exact - held) <= room, held, whole)
    return Points(int(whole[0]), whole[1:].astype(np.int64), per_log_odds)


def _widths(points: NDArray[np.int64], groups: Sequence[Pattern]) -> NDArray[np.int64]:
    """Return the width of the attainable range for each row of points."""
    width = np.zeros(len(points), dtype=np.int64)
    for index, patterns in groups:
        sums = points[:, index] @ patterns.T
        width += sums.max(axis=1) - sums.min(axis=1)
    return width


def _loss(points: NDArray[np.int64], weights: Weights, information: NDArray[np.float64]) -> float:
    cost = float(points @ information @ points)
    if cost <= 0:
        return np.inf
    gain = float(weights @ information @ points)
    loss = float(weights @ information @ weights) - max(gain, 0.0) ** 2 / cost
    return round(loss, 9)


def _stepped(
    start: NDArray[np.int64],
    weights: Weights,
    information: NDArray[np.float64],
    groups: Sequence[Pattern],
) -> NDArray[np.int64]:
    """Move single points by 1, the cheapest first, until the range is 100."""
    points = start
    steps = np.vstack([np.eye(len(start), dtype=np.int64), -np.eye(len(start), dtype=np.int64)])
    for _ in range(MAX_STEPS):
        gap = abs(_widths(points[None, :], groups)[0] - 100)
        if gap == 0:
            return points
        moved = points + steps
        nearer = list(moved[np.abs(_widths(moved, groups) - 100) < gap])
        if not nearer:
            break
        points = min(nearer, key=lambda p: _loss(p, weights, information))
    raise CalibrateError("no whole-number points reach exactly 0 and 100; use fewer criteria")
