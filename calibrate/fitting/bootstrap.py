"""How sure points are: the fit repeated on resampled leads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from calibrate.observation import Sample
from calibrate.stats.resampling import resampled_weights

__all__ = ["resampled_coefficients"]

N_RESAMPLES = 300
MAX_ITERATIONS = 12
MAX_LOG_ODDS = 30.0

FloatArray = NDArray[np.float64]


def resampled_coefficients(
    sample: Sample, start: FloatArray, rng: np.random.Generator, *, n_resamples: int = N_RESAMPLES
) -> FloatArray:
    """Return the coefficients of the joint logistic fit on resampled leads.

    Leads are drawn with replacement, each with its weight; those with one key of the sample
    together.

    Parameters
    ----------
    sample : Sample
        Its criteria are the model's.
    start : ndarray, shape (1 + criteria + further landmarks,)
        Coefficients of the fit on all leads, intercept first.

    Returns
    -------
    ndarray, shape (n_resamples, 1 + criteria + further landmarks)

    Notes
    -----
    Counts, not copies: a resample is a draw of multinomial counts for the cells pattern x
    converted x weight, or for the clusters (Efron and Tibshirani 1993, chapter 6). All
    resamples are refitted at once, Newton's method on Firth's score.
    """
    design, pattern = sample.patterns()
    cell = 2 * pattern + sample.converted.astype(np.intp)
    cells = _resampled_cells(sample, cell, 2 * len(design), n_resamples, rng)
    lost, won = cells[:, 0::2], cells[:, 1::2]
    Z = np.column_stack([np.ones(len(design)), design]).astype(float)
    return _fit_all(Z, won, lost + won, start)


def _resampled_cells(
    sample: Sample,
    cell: NDArray[np.intp],
    n_cells: int,
    n_resamples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the weight in each cell in each resample, shape (n_resamples, n_cells)."""
    weight = sample.effective_weight
    keys, cluster = np.unique(sample.keys, return_inverse=True)
    if len(keys) < len(sample.keys):
        held = np.zeros((len(keys), n_cells))
        np.add.at(held, (cluster.ravel(), cell), weight)
        return resampled_weights(len(keys), n_resamples, rng).astype(float) @ held
    distinct, kind = np.unique(weight, return_inverse=True)
    alike, size = np.unique(cell * len(distinct) + kind.ravel(), return_counts=True)
    drawn = rng.multinomial(size.sum(), size / size.sum(), size=n_resamples)
    weighted = drawn * distinct[alike % len(distinct)]
    used, first = np.unique(alike // len(distinct), return_index=True)
    cells = np.zeros((n_resamples, n_cells))
    cells[:, used] = np.add.reduceat(weighted, first, axis=1)
    return cells


def _fit_all(
    Z: FloatArray, n_converted: FloatArray, n: FloatArray, start: FloatArray
) -> FloatArray:
    beta = np.tile(start, (len(n), 1))
    outer = np.einsum("pi,pj->pij", Z, Z).reshape(len(Z), -1)
    identity = 1e-9 * np.eye(Z.shape[1])
    for _ in range(MAX_ITERATIONS):
        rates = expit(np.clip(beta @ Z.T, -MAX_LOG_ODDS, MAX_LOG_ODDS))
        weight = n * rates * (1 - rates)
        information = (weight @ outer).reshape(len(n), Z.shape[1], -1) + identity
        inverse = np.linalg.inv(information)
        leverage = weight * (inverse.reshape(len(n), -1) @ outer.T)
        score = (n_converted - n * rates + leverage * (0.5 - rates)) @ Z
        step = np.einsum("bij,bj->bi", inverse, score)
        largest = np.abs(step).max(axis=1, keepdims=True)
        beta = beta + step / np.maximum(largest / 2, 1)
        if largest.max() < 1e-6:
            break
    return beta
