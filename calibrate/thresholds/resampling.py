"""The cuts that resamples of the leads would have chosen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from calibrate.evaluation import ScoredLeads
from calibrate.stats.resampling import as_generator

__all__ = ["N_RESAMPLES", "resampled_sums"]

Floats = NDArray[np.float64]
N_RESAMPLES = 1000
MAX_UNITS = 20_000  # drawn one by one; beyond, in groups made at random
N_GROUPS = 2_000
_CHUNK = 100


def resampled_sums(
    leads: ScoredLeads, rng: int | np.random.Generator
) -> Iterator[tuple[Floats, Floats]]:
    """Yield weights and converted weights at each score, in 1,000 resamples of the leads.

    Parameters
    ----------
    leads : ScoredLeads
    rng : int or Generator

    Yields
    ------
    n, n_converted : ndarray of shape (some resamples, distinct scores)
        Sums of weights, scores rising.

    Notes
    -----
    Efron's bootstrap, drawn on counts: leads of the same score, outcome and weight are alike,
    so that how often each kind is drawn is multinomial. Leads of one cluster are drawn
    together. More than 20,000 kinds are first put into 2,000 groups at random, which are
    drawn as they are. The order of the leads never matters.
    """
    generator = as_generator(rng)
    n_scores = len(np.unique(leads.score))
    copies, sums = _alike(leads) if leads.is_plain else _units(leads, generator)
    total = copies.sum()
    for start in range(0, N_RESAMPLES, _CHUNK):
        size = min(_CHUNK, N_RESAMPLES - start)
        draws = generator.multinomial(round(total), copies / total, size=size).astype(float)
        drawn = draws if sums is None else np.asarray(draws @ sums)
        n_converted, others = drawn[:, :n_scores], drawn[:, n_scores:]
        yield n_converted + others, n_converted


def _cells(leads: ScoredLeads) -> tuple[NDArray[np.intp], int]:
    """Return the cell of each lead: the converted by score, then the others; and how many."""
    values, place = np.unique(leads.score, return_inverse=True)
    return np.where(leads.converted, place, place + len(values)), 2 * len(values)


def _alike(leads: ScoredLeads) -> tuple[Floats, None]:
    cell, n_cells = _cells(leads)
    return np.bincount(cell, minlength=n_cells).astype(float), None


def _units(leads: ScoredLeads, generator: np.random.Generator) -> tuple[Floats, csr_array]:
    """Return how often each unit occurs, and the weight that one of them has in each cell.

    A unit is a cluster, or all leads outside clusters with one score, outcome and weight. They
    come in an order of their own, whatever that of the leads.
    """
    cell, n_cells = _cells(leads)
    order = np.lexsort((leads.weight, cell))
    cell, weight = cell[order], leads.weight[order]
    unit = np.arange(len(cell)) if leads.cluster is None else leads.cluster[order]
    token = pd.util.hash_array(np.arange(n_cells)) / 2.0**64
    unit = _ranked(unit, np.bincount(unit, weight * token[cell]).astype(float))
    single = np.bincount(unit)[unit] == 1
    kinds, times = _runs(np.column_stack([cell, weight])[single])
    several, rank = np.unique(unit[~single], return_inverse=True)
    n_units = len(kinds) + len(several)
    if n_units > MAX_UNITS:
        group = generator.permutation(int(unit.max()) + 1)[unit] % N_GROUPS
        return np.ones(N_GROUPS), csr_array((weight, (group, cell)), shape=(N_GROUPS, n_cells))
    copies = np.r_[times, np.ones(len(several))]
    rows = np.r_[np.arange(len(kinds)), len(kinds) + rank]
    columns = np.r_[kinds[:, 0].astype(np.intp), cell[~single]]
    values = np.r_[kinds[:, 1], weight[~single]]
    return copies, csr_array((values, (rows, columns)), shape=(n_units, n_cells))


def _runs(rows: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the distinct rows of a table in order, and how often each is there."""
    first = np.flatnonzero((np.diff(rows, axis=0, prepend=np.nan) != 0).any(axis=1))
    return rows[first], np.diff(first, append=len(rows))


def _ranked(unit: NDArray[np.intp], key: Floats) -> NDArray[np.intp]:
    """Return the units numbered by their key."""
    place = np.empty(len(key), dtype=np.intp)
    place[np.argsort(key, kind="stable")] = np.arange(len(key))
    return place[unit]
