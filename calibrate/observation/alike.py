"""Sums over the leads who meet criteria; leads alike are counted instead of added up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.stats.packed import PackedFlags
from calibrate.stats.patterns import met_counts

__all__ = ["Met", "Rows", "is_worth_counting", "kinds_of", "met_by"]

BLOCK = 131_072  # rows looked at together: more would only take memory
COMMON = 1_000  # leads that make a kind worth counting
MOST_KINDS = 32
MANY_CRITERIA = 16

Flags = NDArray[np.bool_] | PackedFlags
Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Rows = Places | slice
ColumnsOf = Callable[[Rows], Floats]


@dataclass(frozen=True, eq=False, kw_only=True)
class Met:
    """How many leads of each common kind meet each criterion, and the flags of all others.

    Attributes
    ----------
    first : ndarray of int, shape (kinds,)
        A row of each common kind.
    n : ndarray of int, shape (kinds,)
        Rows of it.
    met : ndarray of int, shape (kinds, criteria)
        Those of them that meet each.
    others : ndarray of int, or None
        Rows of no common kind; None where there is none such.
    flags : ndarray of bool or PackedFlags, shape (others, criteria)
    """

    first: Places
    n: NDArray[np.int64]
    met: NDArray[np.int64]
    others: Places | None
    flags: Flags

    def added(self, columns: ColumnsOf, *, without: bool = False) -> Floats:
        """Return the sums of columns over the rows that meet each criterion, or do not.

        Parameters
        ----------
        columns : callable
            Gives the columns of some rows, shape (rows, columns) or (rows,); equal in all rows
            of a kind.
        without : bool
            Sum over those who do not meet it.

        Returns
        -------
        ndarray, shape (columns, criteria) or (criteria,)
        """
        counts = self.n[:, None] - self.met if without else self.met
        sums = columns(self.first).T @ counts.astype(float)
        for first in range(0, len(self.flags), BLOCK):
            block = slice(first, first + BLOCK)
            flags = ~self.flags[block] if without else self.flags[block]
            rows = block if self.others is None else self.others[block]
            sums = sums + columns(rows).T @ flags.astype(float)
        return np.asarray(sums)


def is_worth_counting(flags: Flags) -> bool:
    """Whether rows and criteria are so many that to find rows alike saves more than it takes."""
    return len(flags) > BLOCK and int(flags.shape[1]) >= MANY_CRITERIA


def kinds_of(weight: Floats, converted: Floats, stratum: Places | None) -> Places:
    """Return a number for each row, the same for the same weight, outcome and landmark."""
    kind = 2 * pd.factorize(weight)[0] + converted.astype(np.intp)
    if stratum is not None:
        kind = kind * (int(stratum.max()) + 1) + stratum
    return np.asarray(pd.factorize(kind)[0], dtype=np.intp)


def met_by(flags: Flags, kind: Places | None) -> Met:
    """Count the rows of common kinds that meet each criterion.

    Parameters
    ----------
    flags : ndarray of bool or PackedFlags, shape (rows, criteria)
    kind : ndarray of int, shape (rows,), or None
        Rows of one number are alike; None where none are.
    """
    if kind is None:
        kind = np.zeros(0, dtype=np.intp)
    sizes = np.bincount(kind)
    common = np.argsort(-sizes, kind="stable")[:MOST_KINDS]
    common = common[sizes[common] >= COMMON]
    rows = [np.flatnonzero(kind == one) for one in common]
    counts = [met_counts(flags, some) for some in rows]
    is_rare = np.ones(len(sizes), dtype=bool)
    is_rare[common] = False
    others = np.flatnonzero(is_rare[kind]) if len(common) else None
    return Met(
        first=np.array([some[0] for some in rows], dtype=np.intp),
        n=sizes[common],
        met=np.array(counts, dtype=np.int64).reshape(len(rows), flags.shape[1]),
        others=others,
        flags=flags if others is None else flags[others],
    )
