"""Is there anything to score on, and which rules say it best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import chi2

from calibrate.observation import Sample
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.weighting import cluster_sums

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


def anything_to_score_on(sample: Sample, rng: np.random.Generator) -> bool:
    """Test whether any rule separates better than chance would make the best one look.

    Notes
    -----
    Permutation test of the largest univariate score statistic over all rules, at p <= 0.01
    with 299 permutations of the leads' (weighted) residuals; leads of one contact, or one lead
    at several landmarks, keep together and change sign instead (wild bootstrap). Where
    Bonferroni's bound already proves it at 0.001, nothing is drawn. Westfall and Young (1993),
    Resampling-Based Multiple Testing, max-T.
    """
    met = sample.flags.sum(axis=0)
    usable = (met > 0) & (met < sample.n)
    if not usable.any() or sample.n_converted in (0, sample.n):
        return False
    sample = sample.columns(np.flatnonzero(usable).tolist())
    by_signs = sample.cluster is not None
    null = _by_signs(sample, rng) if by_signs else _by_permutation(sample, rng)
    observed = next(null)
    if chi2.sf(observed, 1) * usable.sum() <= MAX_P_VALUE / 10:
        return True
    drawn = np.concatenate(list(null))
    p_value = (1 + (drawn >= observed - 1e-6).sum()) / (1 + N_PERMUTATIONS)
    return bool(p_value <= MAX_P_VALUE)


def _by_permutation(sample: Sample, rng: np.random.Generator) -> Iterator[Any]:
    """Yield the largest score statistic, then batches of it under permutations."""
    X = sample.flags.astype(np.float32)
    share = X.mean(axis=0, dtype=np.float64)
    residual = sample.weight * (sample.converted - sample.expected)
    variance = float(residual @ residual) * share * (1 - share)
    e = residual.astype(np.float32)
    yield float(((e @ X).astype(np.float64) ** 2 / variance).max())
    copies = np.tile(e, (BATCH_SIZE, 1))
    for _ in range(BATCHES):
        sums = (rng.permuted(copies, axis=1) @ X).astype(np.float64)
        yield (sums**2 / variance).max(axis=1)


def _by_signs(sample: Sample, rng: np.random.Generator) -> Iterator[Any]:
    """Yield the largest score statistic, then batches of it with clusters' signs drawn."""
    scores = cluster_scores(sample)
    scale = np.maximum((scores.astype(np.float64) ** 2).sum(axis=0), 1e-300)
    yield float((scores.sum(axis=0, dtype=np.float64) ** 2 / scale).max())
    for _ in range(BATCHES):
        signs = rng.choice(np.array([-1, 1], dtype=np.float32), size=(BATCH_SIZE, len(scores)))
        yield ((signs @ scores).astype(np.float64) ** 2 / scale).max(axis=1)


def cluster_scores(sample: Sample) -> NDArray[np.float32]:
    """Return each cluster's part of each rule's score statistic, shape (clusters, rules)."""
    residual = sample.weight * (sample.converted - sample.expected)
    stratum = np.zeros(sample.n, np.intp) if sample.stratum is None else sample.stratum
    total = np.maximum(np.bincount(stratum, sample.weight), 1e-300)
    columns = []
    for met in sample.flags.T:
        share = np.bincount(stratum, sample.weight * met) / total
        columns.append(cluster_sums(residual * (met - share[stratum]), sample.cluster))
    return np.column_stack(columns).astype(np.float32)


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


def search_rules(sample: Sample, max_rules: int, *, copies: FloatArray | None = None) -> list[int]:
    """Return positions of rules in the order in which forward selection takes them.

    Parameters
    ----------
    sample : Sample
    max_rules : int
    copies : ndarray, shape (leads,), optional
        How often each lead is drawn, in a resample.

    Notes
    -----
    At each step the rule with the largest efficient score statistic of the joint logistic
    model (Rao 1948), ``U_j^2 / (I_jj - I_jS I_SS^-1 I_Sj)``; ties go to the first. With
    several landmarks each has an intercept of its own.
    """
    if copies is not None:
        drawn = copies > 0
        sample = sample.rows(drawn).weighted_by(copies[drawn])
    return _path(sample, max_rules).chosen


class Choice(NamedTuple):
    """Positions of the rules chosen, and how much of their effect new leads show."""

    rules: list[int]
    shrinkage: float


def choose_rules(sample: Sample, folds: Indices, max_rules: int, *, fewest: bool = False) -> Choice:
    """Return the rules whose number has the smallest cross-validated log loss.

    Parameters
    ----------
    sample : Sample
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
    path = search_rules(sample, max_rules)
    log_odds = np.zeros((sample.n, len(path) + 1))
    for fold in np.unique(folds):
        held = folds == fold
        inner = _path(sample.rows(~held), len(path))
        log_odds[held] = _log_odds(inner, sample.rows(held), len(path) + 1)
    losses = np.logaddexp(0, log_odds) - sample.converted[:, None] * log_odds
    share = sample.weight / sample.weight.sum()
    mean = share @ losses
    best = int(np.argmin(mean))
    if fewest:
        excess = mean - mean[best]
        apart = (losses - losses[:, [best]] - excess) * share[:, None]
        error = [
            float(np.sqrt((cluster_sums(column, sample.cluster) ** 2).sum())) for column in apart.T
        ]
        best = int(np.flatnonzero(excess <= np.array(error))[0])
    size = min(max(best, 1), len(path))
    return Choice(path[:size], _calibration(log_odds[:, size], sample))


def _calibration(log_odds: FloatArray, sample: Sample) -> float:
    """Return the held-out calibration slope plus its standard error, from 0.1 to 1."""
    known = sample.weight > 0
    log_odds, sample = log_odds[known], sample.rows(known)
    weight = sample.effective_weight
    units = None if sample.is_plain else sample.units(np.arange(sample.n))
    fit = fit_logistic(log_odds[:, None], weight * sample.converted, weight, units=units)
    slope = np.nan_to_num(fit.coefficients[0] + np.sqrt(fit.covariance[1, 1]), nan=1.0)
    return round(float(np.clip(slope, MIN_SHRINKAGE, 1.0)), 6)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Path:
    """Rules in the order taken, and the model before and after each.

    The first ``n_strata_flags`` coefficients are those of the landmarks but the first, which are
    always in.
    """

    chosen: list[int]
    n_strata_flags: int
    intercepts: list[float]
    coefficients: list[FloatArray]


def _path(sample: Sample, max_rules: int) -> _Path:
    flags, converted, weight = sample.flags, sample.converted, sample.effective_weight
    strata = sample.strata_flags
    X = np.ascontiguousarray(flags.T, dtype=np.float32)
    available = np.asarray(flags.any(axis=0) & ~flags.all(axis=0), dtype=bool)
    landmark = strata @ np.arange(1, strata.shape[1] + 1, dtype=np.intp)
    pattern: Indices = landmark.astype(np.intp)
    path = _Path(chosen=[], n_strata_flags=strata.shape[1], intercepts=[], coefficients=[])
    for _ in range(max_rules + 1):
        pattern, first = _numbered(pattern)
        inside = np.column_stack([strata, flags[:, path.chosen]])
        n, won = np.bincount(pattern, weight), np.bincount(pattern, weight * converted)
        fit = fit_logistic(inside[first], won, n, firth=False, l2=RIDGE)
        path.intercepts.append(fit.intercept)
        path.coefficients.append(np.nan_to_num(fit.coefficients))
        if len(path.chosen) == max_rules:
            break
        rates = expit(fit.intercept + inside[first] @ path.coefficients[-1])
        statistic = _score_statistics(X, converted, weight, rates[pattern], inside)
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
    X: NDArray[np.float32],
    converted: FloatArray,
    leads: FloatArray,
    rates: FloatArray,
    chosen: Flags,
) -> FloatArray:
    weight = leads * rates * (1 - rates)
    Z = np.column_stack([np.ones(len(chosen)), chosen])
    score = (X @ (leads * (converted - rates)).astype(np.float32)).astype(float)
    crossed = (X @ (weight[:, None] * Z).astype(np.float32)).astype(float)
    own = crossed[:, 0]  # flags are 0 or 1, so their squares are themselves
    explained = np.linalg.solve(Z.T @ (weight[:, None] * Z) + 1e-9 * np.eye(Z.shape[1]), crossed.T)
    left = own - np.einsum("ij,ji->i", crossed, explained)
    known = left > COLLINEAR * np.maximum(own, 1e-12)
    return np.asarray(np.divide(score**2, left, out=np.zeros_like(score), where=known))


def _log_odds(path: _Path, sample: Sample, n_sizes: int) -> FloatArray:
    """Return each lead's log odds at each number of rules; a shorter path repeats its last."""
    columns = []
    for size in range(n_sizes):
        step = min(size, len(path.intercepts) - 1)
        coefficients = path.coefficients[step]
        rules = path.chosen[: len(coefficients) - path.n_strata_flags]
        met = np.column_stack([sample.strata_flags, sample.flags[:, rules]])
        columns.append(path.intercepts[step] + met @ coefficients)
    return np.column_stack(columns)
