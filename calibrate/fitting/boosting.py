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


def boosted(
    known: pd.DataFrame,
    judged: pd.DataFrame,
    *,
    attributes: Sequence[Attribute],
    activities: Sequence[str],
) -> NDArray[np.float64]:
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
    (categories as codes, by frequency among the leads learned from) and the counts. One thread
    and a fixed seed: the same numbers everywhere.
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
    model = HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=15, early_stopping=False, random_state=SEED
    )
    with threadpool_limits(limits=1):
        model.fit(
            _matrix(known, columns, levels),
            known["converted"].to_numpy(dtype=bool),
            sample_weight=known["weight"].to_numpy(dtype=float),
        )
        rates: NDArray[np.float64] = model.predict_proba(_matrix(judged, columns, levels))[:, 1]
    return rates


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


def _matrix(
    leads: pd.DataFrame, columns: Sequence[str], levels: dict[str, list[object]]
) -> NDArray[np.float64]:
    matrix = np.full((len(leads), len(columns)), np.nan)
    for place, name in enumerate(columns):
        if name in levels:
            codes = {level: float(code) for code, level in enumerate(levels[name])}
            matrix[:, place] = leads[name].map(codes).to_numpy(dtype=float)
        else:
            matrix[:, place] = leads[name].to_numpy(dtype=float)
    return matrix
