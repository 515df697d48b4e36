"""Intervals on points: the fit repeated on resampled leads, criteria and scale held."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from calibrate.fitting.sample import Sample
from calibrate.stats.patterns import unique_patterns
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

    Leads are drawn with replacement; those with one key of the sample together.

    Parameters
    ----------
    sample : Sample
        Its criteria are the model's.
    start : ndarray, shape (1 + criteria,)
        Coefficients of the fit on all leads, intercept first.

    Returns
    -------
    ndarray, shape (n_resamples, 1 + criteria)

    Notes
    -----
    Counts, not copies: a resample is a draw of multinomial counts for the cells pattern x
    converted, or for the clusters (Efron and Tibshirani 1993, chapter 6). All resamples are
    refitted at once, Newton's method on Firth's score.
    """
    patterns, pattern = unique_patterns(sample.flags)
    n, n_converted = _resampled_counts(sample, pattern, len(patterns), n_resamples, rng)
    Z = np.column_stack([np.ones(len(patterns)), patterns]).astype(float)
    return _fit_all(Z, n_converted, n, start)


def _resampled_counts(
    sample: Sample,
    pattern: NDArray[np.intp],
    n_patterns: int,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return leads and conversions of each pattern in each resample."""
    cell = 2 * pattern + sample.converted.astype(np.intp)
    keys, cluster = np.unique(sample.keys, return_inverse=True)
    if len(keys) == len(sample.keys):
        size = np.bincount(cell, minlength=2 * n_patterns)
        cells = rng.multinomial(size.sum(), size / size.sum(), size=n_resamples).astype(float)
    else:
        held = np.zeros((len(keys), 2 * n_patterns))
        np.add.at(held, (cluster.ravel(), cell), 1.0)
        cells = resampled_weights(len(keys), n_resamples, rng).astype(float) @ held
    lost, won = cells[:, 0::2], cells[:, 1::2]
    return lost + won, won


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
