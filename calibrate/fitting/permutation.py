"""Whether there is anything to score on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from calibrate.fitting.space import Space
from calibrate.observation import Sample
from calibrate.stats.weighting import cluster_sums

__all__ = ["anything_to_score_on"]

BATCHES, BATCH_SIZE = 23, 13  # permutations are drawn in batches, to bound the memory
N_PERMUTATIONS = BATCHES * BATCH_SIZE
MAX_P_VALUE = 0.01
MOST_PAIRED_LEADS = 50_000  # whose pairs are tested


def anything_to_score_on(
    sample: Sample,
    rng: np.random.Generator,
    *,
    space: Space | None = None,
    signs: NDArray[np.int64] | None = None,
) -> bool:
    """Test whether any rule separates better than chance would make the best one look.

    Parameters
    ----------
    sample : Sample
    rng : numpy.random.Generator
    space : Space, optional
        Of the same leads, where rules may be joined in pairs.
    signs : ndarray of int, shape (rules,), optional
        1 or -1 where a rule may only raise, or only lower; what it does otherwise counts for
        nothing.

    Notes
    -----
    Permutation test of the largest univariate score statistic over all rules, at p <= 0.01
    with 299 permutations of the leads' (weighted) residuals; leads of one contact, or one lead
    at several landmarks, keep together and change sign instead (wild bootstrap). Where
    Bonferroni's bound already proves it at 0.001, nothing is drawn. Westfall and Young (1993),
    Resampling-Based Multiple Testing, max-T. With pairs, two thirds of the 0.01 are for single
    rules and, where these say nothing, one third for pairs: the largest statistic of all must be
    beyond that of every permutation.
    """
    if sample.n_converted in (0, sample.n):
        return False
    joined = space is not None and space.joins
    signs = np.zeros(sample.flags.shape[1], dtype=np.int64) if signs is None else signs
    if _any_single(sample, signs, rng, MAX_P_VALUE * (2 / 3 if joined else 1)):
        return True
    return joined and space is not None and _any_pair(space, signs, rng)


def _any_single(
    sample: Sample, signs: NDArray[np.int64], rng: np.random.Generator, max_p_value: float
) -> bool:
    met = sample.flags.sum(axis=0)
    usable = (met > 0) & (met < sample.n)
    if not usable.any():
        return False
    sample = sample.columns(np.flatnonzero(usable).tolist())
    by_signs = sample.cluster is not None
    null = (_by_signs if by_signs else _by_permutation)(sample, signs[usable], rng)
    observed = next(null)
    if chdtrc(1, observed) * usable.sum() <= MAX_P_VALUE / 10:
        return True
    drawn = np.concatenate(list(null))
    p_value = (1 + (drawn >= observed - 1e-6).sum()) / (1 + N_PERMUTATIONS)
    return bool(p_value <= max_p_value)


def _any_pair(space: Space, signs: NDArray[np.int64], rng: np.random.Generator) -> bool:
    """Test pairs of rules, most often with a few permutations: one as large decides.

    A pair obeys the signs of both its parts, "A without B" the opposite of that of B.
    """
    if space.sample.n > MOST_PAIRED_LEADS:
        last = np.partition(space.sample.keys, MOST_PAIRED_LEADS)[MOST_PAIRED_LEADS]
        space = space.of(space.sample.rows(space.sample.keys <= last))
    if len(space.paired) < 2:
        return False
    sample, X = space.sample, space.X[space.paired]
    residual = sample.effective_weight * (sample.converted - sample.expected)
    both = space.together
    kinds = (np.triu(both, 1), np.diag(both)[:, None] - both)
    first, second = signs[space.paired][:, None], signs[space.paired][None, :]
    wanted = (first + second, first - second)
    variances = []
    for n, sign in zip(kinds, wanted, strict=True):
        fair = (n >= space.least) & (n <= sample.n - space.least) & ((sign != 0) | (first == 0))
        share = n / sample.n
        variances.append(np.where(fair, share * (1 - share) * float(residual @ residual), np.inf))

    def largest(e: NDArray[np.float64]) -> float:
        sums = (X * e.astype(np.float32)) @ X.T
        without = np.diag(sums)[:, None] - sums
        pairs = zip((sums, without), variances, wanted, strict=True)
        return max(float(_largest(u.astype(float), v, sign).max()) for u, v, sign in pairs)

    observed = largest(residual)
    if observed <= 0:
        return False
    return all(largest(_redrawn(residual, sample, rng)) < observed for _ in range(N_PERMUTATIONS))


def _redrawn(
    residual: NDArray[np.float64], sample: Sample, rng: np.random.Generator
) -> NDArray[np.float64]:
    if sample.cluster is None:
        return rng.permutation(residual)
    signs = rng.choice(np.array([-1.0, 1.0]), size=int(sample.cluster.max()) + 1)
    return np.asarray(residual * signs[sample.cluster])


def _by_permutation(
    sample: Sample, signs: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[Any]:
    """Yield the largest score statistic, then batches of it under permutations."""
    X = sample.flags.astype(np.float32)
    share = X.mean(axis=0, dtype=np.float64)
    residual = sample.weight * (sample.converted - sample.expected)
    variance = float(residual @ residual) * share * (1 - share)
    e = residual.astype(np.float32)
    yield float(_largest((e @ X).astype(np.float64), variance, signs))
    copies = np.tile(e, (BATCH_SIZE, 1))
    for _ in range(BATCHES):
        sums = (rng.permuted(copies, axis=1) @ X).astype(np.float64)
        yield _largest(sums, variance, signs)


def _by_signs(sample: Sample, signs: NDArray[np.int64], rng: np.random.Generator) -> Iterator[Any]:
    """Yield the largest score statistic, then batches of it with clusters' signs drawn."""
    scores = _cluster_scores(sample)
    scale = np.maximum((scores.astype(np.float64) ** 2).sum(axis=0), 1e-300)
    yield float(_largest(scores.sum(axis=0, dtype=np.float64), scale, signs))
    for _ in range(BATCHES):
        drawn = rng.choice(np.array([-1, 1], dtype=np.float32), size=(BATCH_SIZE, len(scores)))
        yield _largest((drawn @ scores).astype(np.float64), scale, signs)


def _largest(
    sums: NDArray[np.float64], variance: NDArray[np.float64], signs: NDArray[np.int64]
) -> Any:
    """Return the largest statistic of each row of sums, of those in an allowed direction."""
    return np.where(signs * sums < 0, 0.0, sums**2 / variance).max(axis=-1)


def _cluster_scores(sample: Sample) -> NDArray[np.float32]:
    """Return each cluster's part of each rule's score statistic, shape (clusters, rules)."""
    residual = sample.weight * (sample.converted - sample.expected)
    stratum = np.zeros(sample.n, np.intp) if sample.stratum is None else sample.stratum
    total = np.maximum(np.bincount(stratum, sample.weight), 1e-300)
    columns = []
    for met in sample.flags.T:
        share = np.bincount(stratum, sample.weight * met) / total
        columns.append(cluster_sums(residual * (met - share[stratum]), sample.cluster))
    return np.column_stack(columns).astype(np.float32)
