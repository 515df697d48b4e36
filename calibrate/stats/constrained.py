"""Logistic regression whose coefficients keep to bounds and linear inequalities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls
from scipy.special import expit

__all__ = ["ConstrainedFit", "fit_constrained", "nearest_allowed"]

Floats = NDArray[np.float64]

MOST_STEPS = 60
CLOSE = 1e-9  # standard errors from the maximum
SNAPPED = 1e-8  # a coefficient so near its bound is on it
SINGULAR = 1e-9  # of the largest information, added to every one
NO_DISTANCE = 1e-10


@dataclass(frozen=True, eq=False, kw_only=True)
class ConstrainedFit:
    """A maximum under constraints.

    Attributes
    ----------
    intercept : float
    coefficients : ndarray, shape (columns,)
    log_likelihood : float
        With the ridge penalty.
    score : ndarray, shape (1 + columns,)
        Slope of the log likelihood there, intercept first: 0 but where a constraint holds it.
    information : ndarray, shape (1 + columns, 1 + columns)
        Its curvature.
    """

    intercept: float
    coefficients: Floats
    log_likelihood: float
    score: Floats
    information: Floats


def fit_constrained(
    X: ArrayLike,
    n_converted: ArrayLike,
    n: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    rows: ArrayLike | None = None,
    l2: ArrayLike = 1e-6,
    start: ArrayLike | None = None,
) -> ConstrainedFit | None:
    """Maximise the likelihood of a logistic regression under linear constraints.

    Parameters
    ----------
    X : array_like, shape (patterns, columns)
    n_converted, n : array_like, shape (patterns,)
    lower, upper : array_like, shape (columns,), optional
        Bounds of the coefficients; equal where one is fixed.
    rows : array_like, shape (inequalities, columns), optional
        ``rows @ coefficients >= 0``.
    l2 : float or array_like
        Ridge penalty ``l2 / 2 * coefficient^2``.
    start : array_like, shape (1 + columns,), optional

    Returns
    -------
    ConstrainedFit or None
        None where no coefficients keep to the constraints.

    Notes
    -----
    The problem is concave. Newton's steps, each the nearest allowed point to the free one in
    the metric of the information (`nearest_allowed`), halved until the likelihood rises: a
    sequence of quadratic programmes (Nocedal and Wright 2006, Numerical Optimization, 18).

    Examples
    --------
    The data say -1.39; held at 0 or above, only the rate is left: log(6 / 14).

    >>> fit = fit_constrained([[1], [0]], [2, 4], [10, 10], lower=[0], l2=0)
    >>> fit.coefficients.tolist(), round(fit.intercept, 4)
    ([0.0], -0.8473)
    """
    design = np.asarray(X, dtype=float)
    x, total = np.asarray(n_converted, dtype=float), np.asarray(n, dtype=float)
    Z = np.column_stack([np.ones(len(design)), design])
    size = Z.shape[1]
    penalty = np.zeros(size)
    penalty[1:] = l2
    limits = _limits(size, lower, upper, rows)
    won, seen = float(x.sum()), float(total.sum())
    beta = np.zeros(size)
    beta[0] = np.log((won + 0.5) / (seen - won + 0.5))
    if start is not None:
        beta = np.asarray(start, dtype=float).copy()
    first = nearest_allowed(beta, np.eye(size), *limits)
    if first is None:
        return None
    beta = first
    for _ in range(MOST_STEPS):
        score, information = _slope(Z, x, total, penalty, beta)
        free = beta + np.linalg.solve(information, score)
        target = nearest_allowed(free, information, *limits)
        if target is None:
            return None
        step = target - beta
        if step @ information @ step < CLOSE**2:
            break
        beta = _climbed(Z, x, total, penalty, beta, step)
    score, information = _slope(Z, x, total, penalty, beta)
    return ConstrainedFit(
        intercept=float(beta[0]),
        coefficients=beta[1:],
        log_likelihood=_likelihood(Z, x, total, penalty, beta),
        score=score,
        information=information,
    )


def nearest_allowed(
    target: Floats, information: Floats, lower: Floats, upper: Floats, rows: Floats
) -> Floats | None:
    """Return the allowed point with the smallest ``(b - target)' information (b - target)``.

    Parameters
    ----------
    target : ndarray, shape (columns,)
    information : ndarray, shape (columns, columns)
        Positive definite.
    lower, upper : ndarray, shape (columns,)
        Bounds, infinite where there is none; equal where one is fixed.
    rows : ndarray, shape (inequalities, columns)
        ``rows @ b >= 0``.

    Returns
    -------
    ndarray or None
        None where no point is allowed.

    Notes
    -----
    Least distance programming by non-negative least squares (Lawson and Hanson 1974, Solving
    Least Squares Problems, chapter 23).

    Examples
    --------
    >>> free, none = np.full(2, np.inf), np.zeros((0, 2))
    >>> nearest_allowed(np.array([1.0, -1.0]), np.eye(2), np.zeros(2), free, none).tolist()
    [1.0, 0.0]
    """
    fixed = lower == upper
    if (lower > upper).any():
        return None
    point = np.where(fixed, lower, target)
    free = np.flatnonzero(~fixed)
    if not len(free):
        return point if (rows @ point >= -SNAPPED).all() else None
    inner = information[np.ix_(free, free)]
    # the free part of the target moves with what is held away from its own
    moved = information[np.ix_(free, np.flatnonzero(fixed))] @ (point - target)[fixed]
    centre = target[free] - np.linalg.solve(inner, moved)
    G, h = _inequalities(lower[free], upper[free], rows[:, free], -rows[:, fixed] @ point[fixed])
    found = _least_distance(centre, inner, G, h)
    if found is None:
        return None
    point[free] = np.clip(found, lower[free], upper[free])
    for bound in (lower, upper):
        near = np.abs(point - bound) <= SNAPPED
        point[near] = bound[near]
    return point


def _limits(
    size: int, lower: ArrayLike | None, upper: ArrayLike | None, rows: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Return the constraints with the intercept, which has none, in front."""
    least, most = np.full(size, -np.inf), np.full(size, np.inf)
    if lower is not None:
        least[1:] = lower
    if upper is not None:
        most[1:] = upper
    inner = np.zeros((0, size - 1)) if rows is None else np.asarray(rows, dtype=float)
    return least, most, np.column_stack([np.zeros(len(inner)), inner])


def _inequalities(
    lower: Floats, upper: Floats, rows: Floats, least: Floats
) -> tuple[Floats, Floats]:
    """Return ``G, h`` of ``G b >= h``."""
    eye = np.eye(len(lower))
    low, high = np.isfinite(lower), np.isfinite(upper)
    some = np.abs(rows).max(axis=1, initial=0.0) > 0
    impossible = ~some & (least > SNAPPED)
    G = np.vstack([eye[low], -eye[high], rows[some | impossible]])
    return G, np.concatenate([lower[low], -upper[high], least[some | impossible]])


def _least_distance(centre: Floats, information: Floats, G: Floats, h: Floats) -> Floats | None:
    gap = h - G @ centre
    if (gap <= 0).all():
        return centre
    root = cholesky(information, lower=False)
    M = solve_triangular(root, G.T, trans="T").T
    scale = np.maximum(np.sqrt((M**2).sum(axis=1)), NO_DISTANCE)
    M, gap = M / scale[:, None], gap / scale
    E = np.vstack([M.T, gap])
    goal = np.zeros(len(E))
    goal[-1] = 1.0
    dual, distance = nnls(E, goal, maxiter=30 * max(E.shape))
    if distance <= NO_DISTANCE:
        return None
    residual = E @ dual - goal
    moved = -residual[:-1] / residual[-1]
    return np.asarray(centre + solve_triangular(root, moved))


def _slope(Z: Floats, x: Floats, n: Floats, penalty: Floats, beta: Floats) -> tuple[Floats, Floats]:
    rates = expit(Z @ beta)
    weights = n * rates * (1 - rates)
    information = Z.T @ (Z * weights[:, None])
    floor = SINGULAR * max(float(information.diagonal().max()), 1e-12)
    information[np.diag_indices_from(information)] += penalty + floor
    return np.asarray(Z.T @ (x - n * rates) - penalty * beta), information


def _likelihood(Z: Floats, x: Floats, n: Floats, penalty: Floats, beta: Floats) -> float:
    eta = Z @ beta
    return float(x @ eta - n @ np.logaddexp(0.0, eta) - penalty @ beta**2 / 2)


def _climbed(
    Z: Floats, x: Floats, n: Floats, penalty: Floats, beta: Floats, step: Floats
) -> Floats:
    """Return the point after the longest halved step that climbs."""
    before = _likelihood(Z, x, n, penalty, beta)
    for halving in range(30):
        point = beta + step / 2**halving
        if _likelihood(Z, x, n, penalty, point) >= before - 1e-12 * abs(before):
            return np.asarray(point)
    return beta
