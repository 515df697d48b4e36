"""Leads grouped by which criteria they meet."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.stats.packed import PackedFlags

__all__ = ["met_counts", "pattern_counts", "unique_patterns"]

MAX_BITS = 62
_BYTE = 255
_BLOCK = _BYTE * 512  # rows looked at together: more would only take memory


def met_counts(
    flags: NDArray[np.bool_] | PackedFlags, rows: NDArray[np.intp] | None = None
) -> NDArray[np.int64]:
    """Return how many leads meet each criterion, several times faster than a plain sum.

    Parameters
    ----------
    flags : ndarray of bool or PackedFlags, shape (leads, criteria)
    rows : ndarray of int, optional
        Only these leads.

    Returns
    -------
    ndarray of int, shape (criteria,)

    Notes
    -----
    Of so many leads that a byte can hold the number, bytes are added up.

    Examples
    --------
    >>> flags = np.array([[1, 0], [0, 1], [1, 0]], dtype=bool)
    >>> met_counts(flags).tolist(), met_counts(flags, np.array([1, 2])).tolist()
    ([2, 1], [1, 1])
    """
    if rows is not None or isinstance(flags, PackedFlags):
        n = len(flags) if rows is None else len(rows)
        blocks = [slice(at, at + _BLOCK) for at in range(0, n, _BLOCK)]
        parts = [met_counts(flags[block if rows is None else rows[block]]) for block in blocks]
        return np.asarray(sum(parts, np.zeros(flags.shape[1], dtype=np.int64)))
    n, n_criteria = flags.shape
    n_parts = n // _BYTE
    whole = np.ascontiguousarray(flags[: n_parts * _BYTE]).view(np.uint8)
    parts = whole.reshape(n_parts, _BYTE, n_criteria).sum(axis=1, dtype=np.uint8)
    rest = flags[n_parts * _BYTE :].sum(axis=0, dtype=np.int64)
    return np.asarray(parts.sum(axis=0, dtype=np.int64) + rest)


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
    if flags.shape[1] > MAX_BITS:
        packed = np.packbits(flags, axis=1)
        _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        return flags[first], inverse.ravel()
    shift = np.arange(flags.shape[1], dtype=np.int64)[::-1]
    place = 1 << shift
    number = np.empty(len(flags), dtype=np.int64)
    for at in range(0, len(flags), _BLOCK):
        number[at : at + _BLOCK] = flags[at : at + _BLOCK] @ place
    code, seen = pd.factorize(number, sort=True)
    return (seen[:, None] >> shift & 1).astype(bool), code


def pattern_counts(
    flags: NDArray[np.bool_], converted: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Return the distinct rows of a table of flags, their conversions and their leads.

    Parameters
    ----------
    flags : ndarray of bool, shape (leads, criteria)
    converted : ndarray, shape (leads,)

    Returns
    -------
    patterns : ndarray of bool, shape (patterns, criteria)
    n_converted, n : ndarray, shape (patterns,)

    Examples
    --------
    >>> flags = np.array([[1, 0], [0, 1], [1, 0]], dtype=bool)
    >>> _, n_converted, n = pattern_counts(flags, np.array([1.0, 0.0, 0.0]))
    >>> n_converted.tolist(), n.tolist()
    ([0.0, 1.0], [1.0, 2.0])
    """
    patterns, pattern = unique_patterns(flags)
    n_converted = np.bincount(pattern, converted).astype(float)
    return patterns, n_converted, np.bincount(pattern).astype(float)
