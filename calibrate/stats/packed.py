"""Flags of many leads and criteria, eight to a byte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PackedFlags", "column_of"]


@dataclass(frozen=True, eq=False)
class PackedFlags:
    """A table of flags that is looked at some rows at a time.

    Parameters
    ----------
    bits : ndarray of uint8, shape (leads, ceil(n_criteria / 8))
        As `numpy.packbits` gives them along the criteria.
    n_criteria : int

    Examples
    --------
    >>> flags = PackedFlags.empty(2, 9)
    >>> flags[0:1] = np.array([[True, False, False, False, False, False, False, False, True]])
    >>> flags.shape, flags.bits.tolist(), flags[0:2].sum(axis=1).tolist()
    ((2, 9), [[128, 128], [0, 0]], [2, 0])
    >>> flags.column(8).tolist()
    [True, False]
    """

    bits: NDArray[np.uint8]
    n_criteria: int

    @classmethod
    def empty(cls, n: int, n_criteria: int) -> PackedFlags:
        """Return flags of which none is set."""
        return cls(np.zeros((n, -(-n_criteria // 8)), dtype=np.uint8), n_criteria)

    @property
    def shape(self) -> tuple[int, int]:
        """Leads and criteria."""
        return len(self.bits), self.n_criteria

    def __len__(self) -> int:
        return len(self.bits)

    def __getitem__(self, rows: slice | NDArray[np.generic]) -> NDArray[np.bool_]:
        flags = np.unpackbits(self.bits[rows], axis=1, count=self.n_criteria)
        return flags.view(np.bool_)

    def __setitem__(self, rows: slice, flags: NDArray[np.bool_]) -> None:
        self.bits[rows] = np.packbits(flags, axis=1)

    def column(self, position: int) -> NDArray[np.bool_]:
        """Return which leads meet one criterion."""
        byte, bit = divmod(position, 8)
        return np.asarray(self.bits[:, byte] >> (7 - bit) & 1, dtype=bool)

    def rows(self, chosen: NDArray[np.generic]) -> PackedFlags:
        """Return the flags of some rows, as they are."""
        return PackedFlags(self.bits[chosen], self.n_criteria)


def column_of(flags: NDArray[np.bool_] | PackedFlags, position: int) -> NDArray[np.bool_]:
    """Return which leads meet one criterion."""
    return flags.column(position) if isinstance(flags, PackedFlags) else flags[:, position]
