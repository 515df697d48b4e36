"""Leads grouped by which criteria they meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["unique_patterns"]

MAX_BITS = 62


def unique_patterns(flags: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return the distinct rows of a table of flags, and which of them each row is.

    Parameters
    ----------
    flags : ndarray of bool, shape (leads, criteria)

    Returns
    -------
    patterns : ndarray of bool, shape (patterns, criteria)
        In an order that depends on the set of rows only.
    inverse : ndarray of int, shape (leads,)
        ``patterns[inverse]`` is `flags`.

    Examples
    --------
    >>> patterns, inverse = unique_patterns(np.array([[1, 0], [0, 1], [1, 0]], dtype=bool))
    >>> patterns.astype(int).tolist(), inverse.tolist()
    ([[0, 1], [1, 0]], [1, 0, 1])
    """
    if flags.shape[1] <= MAX_BITS:
        place = 1 << np.arange(flags.shape[1], dtype=np.int64)[::-1]
        _, first, inverse = np.unique(flags @ place, return_index=True, return_inverse=True)
    else:
        packed = np.packbits(flags, axis=1)
        _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return flags[first], inverse.ravel()
