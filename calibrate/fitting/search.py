"""Is there anything to score on, and which rules say it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import chi2

from calibrate.stats.logistic import fit_logistic

__all__ = ["Choice", "anything_to_score_on", "balanced_folds", "choose_rules", "search_rules"]

BATCHES, BATCH_SIZE = 23, 13  # permutations are drawn in batches, to bound the memory
N_PERMUTATIONS = BATCHES * BATCH_SIZE
MAX_P_VALUE = 0.01
RIDGE = 0.25  # a log odds ratio is a priori about 2 at most
MIN_SHRINKAGE = 0.1
COLLINEAR = 1e-3  # share of a rule's information that the chosen ones must leave

Flags = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]


def anything_to_score_on(flags: Flags, converted: FloatArray, rng: np.random.Generator) -> bool:
    """Test whether any rule separates better than chance would make the best one look.

    Notes
    -----
    Permutation test of the largest univariate score statistic over all rules, at
    p <= 0.01 with 299 permutations. Where Bonferroni's bound already proves it at
    0.001, no permutation is drawn. Westfall and Young (1993), Resampling-Based Multiple
    Testing, max-T.
    """
    n_met = flags.sum(axis=0)
    usable = (n_met > 0) & (n_met < len(flags))
    rate = converted.mean()
    if not usable.any() or rate in (0.0, 1.0):
        return False
    X = flags[:, usable].astype(np.float32)
    share = X.mean(axis=0, dtype=np.float64)
    variance = len(X) * share * (1 - share) * rate * (1 - rate)
    expected = len(X) * share * rate

    def largest(outcomes: NDArray[np.float32]) -> FloatArray:
        observed = (outcomes @ X).astype(np.float64)
        return np.asarray(((observed - expected) ** 2 / variance).max(axis=-1))

    y = converted.astype(np.float32)
    observed = float(largest(y))
    if chi2.sf(observed, 1) * usable.sum() <= MAX_P_VALUE / 10:
        return True
    copies = np.tile(y, (BATCH_SIZE, 1))
    drawn = np.concatenate([largest(rng.permuted(copies, axis=1)) for _ in range(BATCHES)])
    p_value = (1 + (drawn >= observed - 1e-6).sum()) / (1 + N_PERMUTATIONS)
    return bool(p_value <= MAX_P_VALUE)


def balanced_folds(keys: NDArray[np.uint64], n_folds: int, rng: np.random.Generator) -> Indices:
    """Return a fold for each row, the same for equal keys, whatever the order of rows.

    Parameters
    ----------
    keys : ndarray of uint64
        One value a lead, or a cluster of leads that must stay together.
    """
    distinct, inverse = np.unique(keys, return_inverse=True)
    fold_of_key = rng.permutation(len(distinct)) % n_folds
    return np.asarray(fold_of_key[inverse], dtype=np.intp)


def search_rules(flags: Flags, converted: FloatArray, max_rules: int) -> list[int]:
    """Return positions of rules in the order in which forward selection takes them.

    Notes
    -----
    At each step the rule with the largest efficient score statistic of the joint logistic
    model (Rao 1948), ``U_j^2 / (I_jj - I_jS I_SS^-1 I_Sj)``; ties go to the first.
    """
    return _path(flags, converted, max_rules).chosen


class Choice(NamedTuple):
    """Positions of the rules chosen, and how much of their effect new leads show."""

    rules: list[int]
    shrinkage: float


def choose_rules(
    flags: Flags,
    converted: FloatArray,
    folds: Indices,
    max_rules: int,
    *,
    fewest: bool = False,
) -> Choice:
    """Return the rules whose number has the smallest cross-validated log loss.

    Parameters
    ----------
    flags : ndarray of bool, shape (leads, rules)
    converted : ndarray, shape (leads,)
    folds : ndarray of int
        From `balanced_folds`; the search is repeated without each fold.
    max_rules : int
    fewest : bool
        Take the fewest rules whose loss is within one standard error of the smallest.

    Returns
    -------
    Choice
        ``shrinkage`` is the calibration slope of the held-out log odds (Copas 1983,
        Regression, prediction and shrinkage), plus one standard error, at most 1: effects
        are only taken back as far as the folds show that they were promised too large.
    """
    path = search_rules(flags, converted, max_rules)
    log_odds = np.zeros((len(converted), len(path) + 1))
    for fold in np.unique(folds):
        held = folds == fold
        inner = _path(flags[~held], converted[~held], len(path))
        log_odds[held] = _log_odds(inner, flags[held], len(path) + 1)
    losses = np.logaddexp(0, log_odds) - converted[:, None] * log_odds
    mean = losses.mean(axis=0)
    best = int(np.argmin(mean))
    if fewest:
        excess = losses - losses[:, [best]]
        error = excess.std(axis=0, ddof=1) / np.sqrt(len(losses))
        best = int(np.flatnonzero(mean - mean[best] <= error)[0])
    size = min(max(best, 1), len(path))
    return Choice(path[:size], _calibration(log_odds[:, size], converted))


def _calibration(log_odds: FloatArray, converted: FloatArray) -> float:
    """Return the held-out calibration slope plus its standard error, from 0.1 to 1."""
    fit = fit_logistic(log_odds[:, None], converted, np.ones(len(converted)))
    slope = np.nan_to_num(fit.coefficients[0] + np.sqrt(fit.covariance[1, 1]), nan=1.0)
    return round(float(np.clip(slope, MIN_SHRINKAGE, 1.0)), 6)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Path:
    chosen: list[int]
    intercepts: list[float]
    coefficients: list[FloatArray]


def _path(flags: Flags, converted: FloatArray, max_rules: int) -> _Path:
    X = np.ascontiguousarray(flags.T, dtype=np.float32)
    available = np.asarray(flags.any(axis=0) & ~flags.all(axis=0), dtype=bool)
    pattern: Indices = np.zeros(len(flags), dtype=np.intp)
    path = _Path(chosen=[], intercepts=[], coefficients=[])
    for _ in range(max_rules + 1):
        pattern, first = _numbered(pattern)
        rows = flags[first][:, path.chosen]
        n = np.bincount(pattern).astype(float)
        fit = fit_logistic(rows, np.bincount(pattern, converted), n, firth=False, l2=RIDGE)
        path.intercepts.append(fit.intercept)
        path.coefficients.append(np.nan_to_num(fit.coefficients))
        if len(path.chosen) == max_rules:
            break
        rates = expit(fit.intercept + rows @ path.coefficients[-1])
        statistic = _score_statistics(X, converted, rates[pattern], flags[:, path.chosen])
        statistic[~available] = 0
        best = int(np.argmax(statistic))
        if statistic[best] <= 0:
            break
        path.chosen.append(best)
        available[best] = False
        pattern = 2 * pattern + flags[:, best]
    return path


def _numbered(pattern: Indices) -> tuple[Indices, Indices]:
    """Return the patterns numbered from 0 without gaps, and the last lead that has each."""
    present = np.bincount(pattern) > 0
    numbered = (np.cumsum(present) - 1)[pattern]
    holder = np.empty(int(present.sum()), dtype=np.intp)
    holder[numbered] = np.arange(len(pattern))
    return numbered, holder


def _score_statistics(
    X: NDArray[np.float32], converted: FloatArray, rates: FloatArray, chosen: Flags
) -> FloatArray:
    weight = rates * (1 - rates)
    Z = np.column_stack([np.ones(len(chosen)), chosen])
    score = (X @ (converted - rates).astype(np.float32)).astype(float)
    crossed = (X @ (weight[:, None] * Z).astype(np.float32)).astype(float)
    own = crossed[:, 0]  # flags are 0 or 1, so their squares are themselves
    explained = np.linalg.solve(Z.T @ (weight[:, None] * Z) + 1e-9 * np.eye(Z.shape[1]), crossed.T)
    left = own - np.einsum("ij,ji->i", crossed, explained)
    known = left > COLLINEAR * np.maximum(own, 1e-12)
    return np.asarray(np.divide(score**2, left, out=np.zeros_like(score), where=known))


def _log_odds(path: _Path, flags: Flags, n_sizes: int) -> FloatArray:
    """Return each lead's log odds at each number of rules; a shorter path repeats its last."""
    columns = []
    for size in range(n_sizes):
        step = min(size, len(path.intercepts) - 1)
        coefficients = path.coefficients[step]
        met = flags[:, path.chosen[: len(coefficients)]]
        columns.append(path.intercepts[step] + met @ coefficients)
    return np.column_stack(columns)
