"""How sure a card is: its fit, and its search, repeated on resampled leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from calibrate.candidates import criterion_block
from calibrate.fitting.search import search_rules
from calibrate.observation import Sample
from calibrate.stats.resampling import resampled_weights

__all__ = ["resampled_coefficients", "selection_frequencies"]

N_RESAMPLES = 300
SEARCHES = (25, 100)
SEARCHED_ROWS = 1_000_000  # rows gone through by all searches together, about
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


def selection_frequencies(
    sample: Sample, chosen: Sequence[int], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return how often the search, repeated on resamples, chooses each rule again.

    Parameters
    ----------
    sample : Sample
        With all the rules that were searched.
    chosen : sequence of int
        Positions of the rules of the card; every search takes as many.

    Returns
    -------
    same : ndarray, shape (chosen,)
        Share of the resamples that choose the very rule.
    alike : ndarray, shape (chosen,)
        Share that choose some rule about the same column or activity.

    Notes
    -----
    25 to 100 resamples, fewer the more leads there are. Leads with one key are drawn
    together. The share is the selection frequency of Sauerbrei and Schumacher (1992), A
    bootstrap resampling procedure for model building, Statistics in Medicine 11, 2093-2109.
    """
    n_resamples = int(np.clip(SEARCHED_ROWS // sample.n, *SEARCHES))
    keys, cluster = np.unique(sample.keys, return_inverse=True)
    about = [criterion_block(rule) for rule in sample.criteria]
    same, alike = np.zeros(len(chosen)), np.zeros(len(chosen))
    for copies in resampled_weights(len(keys), n_resamples, rng):
        found = search_rules(sample, len(chosen), copies=copies[cluster.ravel()].astype(float))
        blocks = {about[j] for j in found}
        same += np.isin(chosen, found)
        alike += np.array([about[j] in blocks for j in chosen])
    return same / n_resamples, alike / n_resamples


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
