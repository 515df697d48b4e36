"""The pattern table: everything a statistic needs, without the leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Criterion
from calibrate.observation.observation import Observation

__all__ = ["PatternTable", "pattern_table"]


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternTable:
    """Leads at the landmark, counted by the criteria they meet.

    Attributes
    ----------
    criteria : tuple of Criterion
    flags : ndarray of bool, shape (n_patterns, n_criteria)
    n, n_converted : ndarray of int
        Leads with the pattern, and how many of them converted.
    amount : ndarray of float
        Amount of those that converted.
    cluster : ndarray of int
        Bucket of the contact, -1 where leads are not clustered.
    """

    criteria: tuple[Criterion, ...]
    flags: NDArray[np.bool_]
    n: NDArray[np.int64]
    n_converted: NDArray[np.int64]
    amount: NDArray[np.float64]
    cluster: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.flags, self.n, self.n_converted, self.amount, self.cluster):
            array.flags.writeable = False

    def grouped(self) -> PatternTable:
        """Return the table without clusters: one row a pattern."""
        group, first = _groups(self.flags, np.full(len(self.n), -1))
        size = len(first)
        return PatternTable(
            criteria=self.criteria,
            flags=self.flags[first],
            n=_sums(group, self.n, size),
            n_converted=_sums(group, self.n_converted, size),
            amount=_amounts(group, self.amount, size),
            cluster=np.full(size, -1),
        )


def pattern_table(obs: Observation, criteria: Sequence[Criterion]) -> PatternTable:
    """Count the leads at the landmark by the criteria they meet.

    Parameters
    ----------
    obs : Observation
    criteria : sequence of Criterion

    Returns
    -------
    PatternTable
        One row a pattern and cluster, in an order that depends on nothing but them.
    """
    leads = obs.at_landmark
    flags = obs.flags(criteria)[leads.index.to_numpy()]
    clusters = obs.clusters
    cluster = np.full(len(leads), -1) if clusters is None else clusters[leads.index.to_numpy()]
    converted = leads["converted"].to_numpy(dtype=np.int64)
    amount = np.where(converted == 1, np.nan_to_num(leads["amount"].to_numpy(dtype=float)), 0.0)
    group, first = _groups(flags, cluster)
    size = len(first)
    return PatternTable(
        criteria=tuple(criteria),
        flags=flags[first],
        n=_sums(group, np.ones_like(group), size),
        n_converted=_sums(group, converted, size),
        amount=_amounts(group, amount, size),
        cluster=cluster[first],
    )


def _sums(group: NDArray[np.int64], values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    totals = np.zeros(size, dtype=np.int64)
    np.add.at(totals, group, values)
    return totals


def _amounts(
    group: NDArray[np.int64], values: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    totals = np.zeros(size)
    order = np.argsort(values, kind="stable")  # the sum does not depend on the order of rows
    np.add.at(totals, group[order], values[order])
    return totals


def _groups(
    flags: NDArray[np.bool_], cluster: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Sixty-two flags to a word; rows with equal words and cluster are one group.
    words = [
        flags[:, start : start + 62] @ (1 << np.arange(min(62, flags.shape[1] - start)))
        for start in range(0, flags.shape[1], 62)
    ]
    keys = [cluster, *words]
    order = np.lexsort(keys[::-1])
    starts = np.zeros(len(order), dtype=np.bool_)
    starts[:1] = True
    for key in keys:
        starts[1:] |= key[order][1:] != key[order][:-1]
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(starts) - 1
    return group, order[starts]
