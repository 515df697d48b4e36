"""Gradient boosting: what a model that nobody has to read or sign could reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from calibrate.history import Attribute

__all__ = ["MAX_LEADS", "SEED", "boosted"]

MAX_LEADS = 100_000
SEED = 0
MOST_VALUES = 255  # of a column, that scikit-learn tells apart
BLOCK = 500_000  # leads whose rates are worked out at a time: their columns take 8 bytes a value

Floats = NDArray[np.float64]


def boosted(
    known: pd.DataFrame,
    judged: pd.DataFrame,
    *,
    attributes: Sequence[Attribute],
    activities: Sequence[str],
) -> Floats:
    """Return the conversion rates that gradient boosting expects of leads.

    Parameters
    ----------
    known : DataFrame
        Leads to learn from, with ``converted``, ``weight`` and the columns used.
    judged : DataFrame
        The same columns; one rate a row.
    attributes : sequence of Attribute
    activities : sequence of str
        Columns of counts.

    Notes
    -----
    scikit-learn's histogram gradient boosting, 100 trees of at most 15 leaves, on the attributes
    (categories as codes, by frequency among the leads learned from) and the counts. Columns of
    more than 255 values are cut at as many weighted quantiles, as scikit-learn does itself, one
    quantile at a time. One thread and a fixed seed: the same numbers everywhere.
    """
    from sklearn.ensemble import (  # noqa: PLC0415 - ten seconds cold
        HistGradientBoostingClassifier,
    )
    from threadpoolctl import (  # noqa: PLC0415 - scikit-learn's
        threadpool_limits,
    )

    levels = _levels(attributes, known)
    numbers = [a.name for a in attributes if a.kind == "number"]
    # scikit-learn cannot bin a column without a single known value.
    columns = [name for name in (*levels, *numbers, *activities) if known[name].notna().any()]
    if not columns:
        rate = np.average(known["converted"].astype(float), weights=known["weight"])
        return np.full(len(judged), float(rate))
    weight = known["weight"].to_numpy(dtype=float)
    X = _matrix(known, columns, levels)
    cuts = [_cuts(column, weight) for column in X.T]
    _bin(X, cuts)
    model = HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=15, early_stopping=False, random_state=SEED
    )
    with threadpool_limits(limits=1):
        model.fit(X, known["converted"].to_numpy(dtype=bool), sample_weight=weight)
        rates = np.empty(len(judged))
        for first in range(0, len(judged), BLOCK):
            others = _matrix(judged.iloc[first : first + BLOCK], columns, levels)
            _bin(others, cuts)
            rates[first : first + BLOCK] = model.predict_proba(others)[:, 1]
    return rates


def _cuts(column: Floats, weight: Floats) -> Floats | None:
    """Return where a column is cut; None where scikit-learn tells its values apart."""
    known = ~np.isnan(column) & (weight > 0)
    if len(np.unique(column[known])) <= MOST_VALUES:
        return None
    return _quantiles(column[known], weight[known])


def _bin(X: Floats, cuts: Sequence[Floats | None]) -> None:
    """Turn columns that are cut into numbers of bins, in place; missing stays missing."""
    for column, ends in zip(X.T, cuts, strict=True):
        if ends is not None:
            column[:] = np.where(np.isnan(column), np.nan, np.searchsorted(ends, column))


def _quantiles(values: Floats, weight: Floats) -> Floats:
    """Return the distinct weighted quantiles at 1/255, 2/255, ...; the mean of two at a tie.

    Method 2 of R. Hyndman and Y. Fan (1996), Sample quantiles in statistical packages, The
    American Statistician 50, 361-365.
    """
    order = np.argsort(values, kind="stable")
    ordered, below = values[order], np.cumsum(weight[order])
    wanted = np.linspace(0, 100, MOST_VALUES + 1)[1:-1] / 100 * below[-1]
    place = np.minimum(np.searchsorted(below, wanted), len(values) - 1)
    following = ordered[np.minimum(place + 1, len(values) - 1)]
    tied = below[place] - wanted <= np.finfo(float).eps
    return np.unique(np.where(tied, (ordered[place] + following) / 2, ordered[place]))


def _levels(attributes: Sequence[Attribute], known: pd.DataFrame) -> dict[str, list[object]]:
    """Return the levels of each category, the most frequent first, then by name."""
    return {
        a.name: known[a.name]
        .value_counts()
        .sort_index(key=lambda names: names.astype(str))
        .sort_values(ascending=False, kind="stable")
        .index.tolist()
        for a in attributes
        if a.kind == "category"
    }


def _matrix(leads: pd.DataFrame, columns: Sequence[str], levels: dict[str, list[object]]) -> Floats:
    matrix = np.full((len(leads), len(columns)), np.nan)
    for place, name in enumerate(columns):
        if name in levels:
            codes = {level: float(code) for code, level in enumerate(levels[name])}
            matrix[:, place] = leads[name].map(codes).to_numpy(dtype=float)
        else:
            matrix[:, place] = leads[name].to_numpy(dtype=float)
    return matrix
