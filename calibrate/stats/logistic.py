"""Logistic regression on grouped counts, with Firth's penalty against separation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.special import expit

from calibrate.stats.intervals import FloatArray, Interval, normal_quantile
from calibrate.stats.weighting import cluster_sums

__all__ = ["LogisticFit", "Units", "fit_logistic", "wald_interval"]

_ALIASED = 1e-9  # share of a column's variation left by the earlier ones, below: none
_SCORE_TOLERANCE = 1e-8  # distance from the maximum, in standard errors
_STALLED_TOLERANCE = 1e-5  # the same, where rounding lets no step come closer
_OVERSHOOT = 0.5  # share of the slope with which a step may pass the maximum
_INFINITE = 30.0  # log-odds that no data show: a fit without penalty has run away
_LARGEST_STEP = 5.0  # of any linear predictor in one iteration
_STEP_HALVINGS = 25
_VANISHED = 1e-6


class Units(NamedTuple):
    """The leads behind grouped counts, where these are sums of weights.

    ``pattern`` is the row of the design that each lead belongs to, ``converted`` and ``weight``
    its own; leads with the same number in ``cluster`` (or None) are not independent.
    """

    pattern: NDArray[np.intp]
    converted: FloatArray
    weight: FloatArray
    cluster: NDArray[np.intp] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class LogisticFit:
    """A fitted logistic regression.

    Attributes
    ----------
    intercept : float
        Log-odds where every column is 0.
    coefficients : numpy.ndarray
        Log odds ratio of each column, in the order given. ``nan`` for a column that is
        constant or a linear combination of earlier ones (and the intercept); an exact copy
        of an earlier column carries that column's value.
    covariance : numpy.ndarray
        Covariance of intercept and coefficients, intercept first; ``nan`` rows and columns
        where the coefficient is.
    log_likelihood : float
        Maximised log-likelihood of the leads, including the penalties.
    converged : bool
        Whether the penalised score reached zero.
    """

    intercept: float
    coefficients: FloatArray
    covariance: FloatArray
    log_likelihood: float
    converged: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class _Problem:
    Z: FloatArray
    n_converted: FloatArray
    n: FloatArray
    offset: FloatArray
    penalty: FloatArray
    firth: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class _State:
    beta: FloatArray
    score: FloatArray
    covariance: FloatArray
    log_likelihood: float
    rates: FloatArray


def fit_logistic(
    X: ArrayLike,
    n_converted: ArrayLike,
    n: ArrayLike,
    *,
    firth: bool = True,
    l2: float = 0.0,
    offset: ArrayLike | None = None,
    units: Units | None = None,
    start: ArrayLike | None = None,
    max_iter: int = 100,
) -> LogisticFit:
    """Fit a logistic regression to grouped counts.

    Parameters
    ----------
    X : array_like of shape (patterns, columns)
        One row a pattern; the intercept is added here.
    n_converted, n : array_like of shape (patterns,)
        Conversions and leads of each pattern; fractions are fine. Patterns without leads
        are ignored.
    firth : bool
        Maximise the likelihood times Jeffreys' prior. Estimates are finite whatever the
        data, and their bias is of second order.
    l2 : float
        Ridge penalty ``l2 / 2 * sum(coefficients ** 2)``; never on the intercept.
    offset : array_like, optional
        Log-odds added to each pattern with a coefficient of 1.
    units : Units, optional
        The leads behind `n` and `n_converted`, where these are sums of weights: the covariance
        is then the sandwich over leads, or over their clusters. Patterns must all have leads.
    start : array_like, optional
        Intercept and coefficients to begin from; the maximum does not depend on it.
    max_iter : int
        Most Newton iterations.

    Returns
    -------
    LogisticFit
        Estimates. Everything is ``nan`` where there are no leads. Without Firth's penalty
        and ridge a separated fit has no maximum, and ``converged`` is false.

    Notes
    -----
    With ``p`` the fitted rates, ``W = diag(n p (1 - p))`` and ``I = Z' W Z + l2``, Firth's
    score is ``Z' (x - n p + h (1/2 - p)) - l2 b`` where h are the diagonal elements of
    ``W Z I^-1 Z'``. Newton's method with steps halved until the penalised likelihood rises.
    With one yes/no column the estimate is the log odds ratio after adding 1/2 to each of
    the four counts. The sandwich is ``I^-1 (sum_c u_c u_c') I^-1`` with ``u_c`` the sum over a
    cluster's leads of ``w (y - p) z``; it knows that weights are not copies of leads. No variance
    is below the model's ``I^-1``: under separation the residuals, and the sandwich, vanish.

    References
    ----------
    D. Firth (1993), Bias reduction of maximum likelihood estimates, Biometrika 80, 27-38.
    G. Heinze and M. Schemper (2002), A solution to the problem of separation in logistic
    regression, Statistics in Medicine 21, 2409-2419. K.-Y. Liang and S. L. Zeger (1986),
    Longitudinal data analysis using generalized linear models, Biometrika 73, 13-22.

    Examples
    --------
    Nobody without the criterion converted: log(6.5 / 4.5) - log(0.5 / 20.5) = 4.0813.

    >>> fit = fit_logistic([[1], [0]], [6, 0], [10, 20])
    >>> fit.coefficients.round(4).tolist(), fit.converged
    ([4.0813], True)
    """
    design, x, total, shift = _cleaned(X, n_converted, n, offset)
    Z = np.column_stack([np.ones(len(design)), design])
    source = _sources(design)
    kept = _independent(Z, total, source)
    penalty = np.diag(np.where(np.arange(kept.size) == 0, 0.0, l2))
    if not len(design):
        return _reported(design.shape[1], kept, source, None, converged=False)
    problem = _Problem(
        Z=Z[:, kept], n_converted=x, n=total, offset=shift, penalty=penalty, firth=firth
    )
    begin = None if start is None else np.asarray(start, dtype=np.float64)[kept]
    state, converged = _newton(problem, max_iter, begin)
    if units is not None:
        state = _sandwich(problem, state, units)
    return _reported(design.shape[1], kept, source, state, converged=converged)


def wald_interval(fit: LogisticFit, *, confidence_level: float = 0.95) -> Interval:
    """Return Wald intervals of the coefficients (log odds ratios) of a fit.

    Parameters
    ----------
    fit : LogisticFit
        A fitted model.
    confidence_level : float
        Nominal coverage.

    Returns
    -------
    Interval
        Arrays in the order of ``fit.coefficients``: ``b -+ z se(b)``. Their exponentials
        are the limits of the odds ratios.

    Examples
    --------
    >>> fit = fit_logistic([[1], [0]], [6, 0], [10, 20])
    >>> bool(wald_interval(fit).lower[0] > 0)
    True
    """
    z = normal_quantile(confidence_level)
    half = z * np.sqrt(np.diag(fit.covariance)[1:])
    return Interval(fit.coefficients - half, fit.coefficients + half)


def _cleaned(
    X: ArrayLike, n_converted: ArrayLike, n: ArrayLike, offset: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the design, counts and offset of the patterns that have leads."""
    design = np.asarray(X, dtype=np.float64)
    x = np.asarray(n_converted, dtype=np.float64)
    total = np.asarray(n, dtype=np.float64)
    shift = np.zeros(len(total)) if offset is None else np.asarray(offset, dtype=np.float64)
    present = total > 0
    return design[present], x[present], total[present], shift[present]


def _sources(design: FloatArray) -> NDArray[np.intp]:
    """Return for each column the position of the first column equal to it."""
    first: dict[bytes, int] = {}
    columns = np.ascontiguousarray(design.T) + 0.0  # -0.0 and 0.0 have different bytes
    return np.array(
        [first.setdefault(column.tobytes(), j) for j, column in enumerate(columns)], dtype=np.intp
    )


def _independent(Z: FloatArray, n: FloatArray, source: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the columns of Z, intercept first, that earlier ones do not determine."""
    with np.errstate(invalid="ignore"):
        centred = Z[:, 1:] - n @ Z[:, 1:] / n.sum()
    gram = centred.T @ (centred * n[:, np.newaxis])
    before = np.diag(gram).copy()
    size = n @ (Z[:, 1:] ** 2)
    kept = [0]
    for j in range(len(source)):
        left = gram[j, j]
        constant = not before[j] > _ALIASED * _ALIASED * size[j]
        if source[j] != j or constant or left <= _ALIASED * before[j]:
            continue
        kept.append(j + 1)
        gram = gram - np.outer(gram[:, j], gram[j]) / left
    return np.array(kept, dtype=np.intp)


def _newton(problem: _Problem, max_iter: int, begin: FloatArray | None) -> tuple[_State, bool]:
    beta = begin
    if beta is None:
        x, n = problem.n_converted.sum(), problem.n.sum()
        beta = np.zeros(problem.Z.shape[1])
        beta[0] = np.log((x + 0.5) / (n - x + 0.5)) - problem.n @ problem.offset / n
    state = _evaluate(problem, beta)
    if state is None:
        return _unknown(problem), False
    for _ in range(max_iter):
        step = state.covariance @ state.score
        if state.score @ step < _SCORE_TOLERANCE**2:
            return state, _is_finite(problem, state)
        following = _line_search(problem, state, step)
        if following is None:
            break
        state = following
    distance = state.score @ state.covariance @ state.score
    return state, bool(distance < _STALLED_TOLERANCE**2) and _is_finite(problem, state)


def _is_finite(problem: _Problem, state: _State) -> bool:
    if problem.firth:
        return True
    return bool(np.abs(problem.Z @ state.beta).max() < _INFINITE)


def _line_search(problem: _Problem, state: _State, step: FloatArray) -> _State | None:
    """Return the state after the longest halved step that climbs and does not overshoot.

    Near separation Firth's likelihood may curve more than twice as strongly as Fisher's
    information says, and full steps would swing about the maximum for ever.
    """
    largest = np.abs(problem.Z @ step).max()
    step = step * min(1.0, _LARGEST_STEP / largest)
    tolerance = 1e-12 * (1 + abs(state.log_likelihood))
    for _ in range(_STEP_HALVINGS):
        following = _evaluate(problem, state.beta + step)
        if (
            following is not None
            and following.log_likelihood >= state.log_likelihood - tolerance
            and following.score @ step >= -_OVERSHOOT * (state.score @ step)
        ):
            return following
        step = step / 2
    return None


def _evaluate(problem: _Problem, beta: FloatArray) -> _State | None:
    """Return score, covariance and likelihood at `beta`, or None where they do not exist."""
    Z, x, n = problem.Z, problem.n_converted, problem.n
    eta = Z @ beta + problem.offset
    rates = expit(eta)
    weights = n * rates * expit(-eta)
    information = Z.T @ (Z * weights[:, np.newaxis]) + problem.penalty
    factor, failed = dpotrf(information, lower=True)
    if failed or not np.isfinite(factor[-1, -1]):
        return None
    half = dpotri(factor, lower=True)[0]  # the upper triangle is zero
    covariance = half + half.T
    covariance.flat[:: len(beta) + 1] /= 2
    log_likelihood = float(x @ eta - n @ np.logaddexp(0.0, eta) - beta @ problem.penalty @ beta / 2)
    residual = x - n * rates
    if problem.firth:
        log_likelihood += float(np.log(np.diag(factor)).sum())
        leverage = weights * np.einsum("ij,ij->i", Z @ covariance, Z)
        residual = residual + leverage * (0.5 - rates)
    return _State(
        beta=beta,
        score=Z.T @ residual - problem.penalty @ beta,
        covariance=covariance,
        log_likelihood=log_likelihood,
        rates=rates,
    )


def _sandwich(problem: _Problem, state: _State, units: Units) -> _State:
    residual = units.weight * (units.converted - state.rates[units.pattern])
    if units.cluster is None:
        squares = np.bincount(units.pattern, residual**2, len(problem.Z))
        meat = problem.Z.T @ (problem.Z * squares[:, np.newaxis])
    else:
        columns = problem.Z.T[:, units.pattern] * residual
        scores = np.array([cluster_sums(column, units.cluster) for column in columns])
        n_clusters = len(np.unique(units.cluster))
        meat = scores @ scores.T * (n_clusters / max(n_clusters - 1, 1))
    robust = state.covariance @ meat @ state.covariance
    return replace(state, covariance=_at_least(robust, state.covariance))


def _at_least(robust: FloatArray, model: FloatArray) -> FloatArray:
    """Return the sandwich with no variance below the model's.

    Where a column separates the outcomes the residuals vanish, and the sandwich with them.
    """
    told, least = np.diag(robust), np.diag(model)
    vanished = told <= _VANISHED * least
    factor = np.sqrt(np.maximum(least / np.where(vanished, least, told), 1.0))
    scaled = robust * np.outer(factor, factor)
    either = vanished[:, np.newaxis] | vanished
    return np.where(either, model, scaled)


def _unknown(problem: _Problem) -> _State:
    size = problem.Z.shape[1]
    return _State(
        beta=np.full(size, np.nan),
        score=np.full(size, np.nan),
        covariance=np.full((size, size), np.nan),
        log_likelihood=float("nan"),
        rates=np.full(len(problem.n), np.nan),
    )


def _reported(
    n_columns: int,
    kept: NDArray[np.intp],
    source: NDArray[np.intp],
    state: _State | None,
    *,
    converged: bool,
) -> LogisticFit:
    """Return the fit with one entry a column given: twins repeated, aliased ones nan."""
    beta = np.full(n_columns + 1, np.nan)
    covariance = np.full((n_columns + 1, n_columns + 1), np.nan)
    if state is not None:
        beta[kept] = state.beta
        covariance[np.ix_(kept, kept)] = state.covariance
    twin = np.concatenate([[0], source + 1]).astype(np.intp)
    return LogisticFit(
        intercept=float(beta[0]),
        coefficients=beta[twin][1:],
        covariance=covariance[np.ix_(twin, twin)],
        log_likelihood=float("nan") if state is None else state.log_likelihood,
        converged=converged,
    )
