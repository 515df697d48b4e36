"""How well one column alone separates the leads that converted from the others."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.stats.ranking import auc, auc_interval

__all__ = ["Separation", "fold_of", "level_counts", "levels_of", "separation"]

_N_FOLDS = 5
_STRENGTH = 20.0
_BINS = 20


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Area under the ROC curve of one column's cross-fitted rates, and the lower end of it."""

    auc: float
    lower: float


def levels_of(column: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's level and the levels' names.

    Numbers with more than twenty values are cut at their twentieths; missing is a level.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and column.nunique() > _BINS:
        values = column.to_numpy(dtype=float)
        missing = np.isnan(values)
        edges = np.unique(np.quantile(values[~missing], np.arange(_BINS) / _BINS))
        code = np.where(missing, -1, np.searchsorted(edges, values, side="left"))
        texts = [f"{edges[0]:g}", *(f"above {edge:g}" for edge in edges)]
    else:
        code, levels = pd.factorize(column)
        texts = pd.Series(levels).astype(str).tolist()
    return _named(code, [*texts, "(empty)"])


def _named(code: NDArray[np.int64], texts: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return levels by their names, which several may share; the last name is of code -1."""
    there = np.flatnonzero(np.bincount(code + 1, minlength=len(texts)))
    used = pd.Series([texts[i - 1] for i in there.tolist()], dtype=object)
    rank, names = pd.factorize(used, sort=True)
    of_code = np.zeros(len(texts), dtype=np.int64)
    of_code[there] = rank
    return of_code[code + 1], [str(name) for name in names]


def level_counts(
    codes: NDArray[np.int64], converted: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return leads and converted leads a level."""
    return (
        np.bincount(codes, minlength=size).astype(np.int64),
        np.bincount(codes[converted], minlength=size).astype(np.int64),
    )


def fold_of(lead_ids: pd.Series) -> NDArray[np.int64]:
    """Return a fold 0 to 4 for each lead, by its id, so that the order of rows plays no part."""
    return np.array([zlib.crc32(str(i).encode()) % _N_FOLDS for i in lead_ids], dtype=np.int64)


def separation(
    codes: NDArray[np.int64], converted: NDArray[np.bool_], fold: NDArray[np.int64]
) -> Separation:
    """Return how well the levels' rates, learned on the other folds, rank the leads.

    Notes
    -----
    A level's score is its conversion rate in the other four folds, shrunken towards their
    overall rate with the strength of twenty leads, minus that rate; a column of many small
    levels, such as an id, therefore scores 0.5 and not 1.
    """
    size = int(codes.max(initial=-1)) + 1
    cells = fold * size + codes
    n = np.bincount(cells, minlength=_N_FOLDS * size).reshape(_N_FOLDS, size)
    k = np.bincount(cells[converted], minlength=_N_FOLDS * size).reshape(_N_FOLDS, size)
    others_n, others_k = n.sum(axis=0) - n, k.sum(axis=0) - k
    overall = others_k.sum(axis=1, keepdims=True) / np.maximum(
        others_n.sum(axis=1, keepdims=True), 1
    )
    score = (others_k - others_n * overall) / (others_n + _STRENGTH)  # exactly 0 if unseen
    used = n.ravel() > 0
    counts = score.ravel()[used], k.ravel()[used], (n - k).ravel()[used]
    return Separation(auc=float(auc(*counts)), lower=float(auc_interval(*counts).lower))
