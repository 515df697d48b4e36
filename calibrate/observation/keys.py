"""Numbers that stand for ids and contacts, the same in every run."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["buckets_of", "hashes_of"]

_N_BUCKETS = 200
_AT_ONCE = 1 << 18  # ids


def hashes_of(ids: pd.Series) -> NDArray[np.uint64]:
    """Return a number for each id, the same for the same text."""
    hashes = np.empty(len(ids), dtype=np.uint64)
    for first in range(0, len(ids), _AT_ONCE):  # texts of all of them would take much memory
        rows = slice(first, first + _AT_ONCE)
        texts = ids.iloc[rows].astype(str).to_numpy(dtype=object)
        hashes[rows] = pd.util.hash_array(texts, categorize=False)
    return hashes


def buckets_of(keys: pd.Series) -> NDArray[np.int64]:
    """Return which of 200 buckets each contact falls into, by the first 32 bits of its MD5."""
    codes, unique = pd.factorize(keys)
    digests = [hashlib.md5(str(key).encode(), usedforsecurity=False).digest() for key in unique]
    buckets = [int.from_bytes(digest[:4], "big") % _N_BUCKETS for digest in digests]
    return np.asarray(np.array(buckets, dtype=np.int64)[codes])
