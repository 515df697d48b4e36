"""Gradient boosting: what a model that nobody has to read or sign could reach."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.observation import Observation

if TYPE_CHECKING:
    from calibrate.history import Attribute

__all__ = ["boosted_rates"]

MAX_LEADS = 100_000
SEED = 0


def boosted_rates(
    train: Observation, test: Observation, *, allow_sensitive: Collection[str] = ()
) -> NDArray[np.float64]:
    """Return the conversion rates that gradient boosting expects of the leads judged.

    Parameters
    ----------
    train, test : Observation
        Fitted on at most 100,000 leads of the first at their landmark whose outcome is known,
        with their weights; one rate a row of ``test.at_landmark``.
    allow_sensitive : collection of str
        Attributes that are no criteria by default but wanted here.

    Notes
    -----
    scikit-learn's histogram gradient boosting, 100 trees of at most 15 leaves, on the
    attributes that may be criteria (categories as codes, by frequency in training) and the
    counts of activities. One thread and a fixed seed: the same numbers everywhere.
    """
    from sklearn.ensemble import (  # noqa: PLC0415 - ten seconds cold
        HistGradientBoostingClassifier,
    )
    from threadpoolctl import (  # noqa: PLC0415 - scikit-learn's
        threadpool_limits,
    )

    known = train.at_landmark
    if len(known) > MAX_LEADS:
        chosen = np.random.default_rng(SEED).choice(len(known), MAX_LEADS, replace=False)
        known = known.iloc[np.sort(chosen)]
    judged = test.at_landmark
    wanted = [a for a in train.attributes if a.excluded is None or a.name in allow_sensitive]
    levels = _levels(wanted, known)
    numbers = [a.name for a in wanted if a.kind == "number"]
    # scikit-learn cannot bin a column without a single known value.
    columns = [name for name in (*levels, *numbers, *train.activities) if known[name].notna().any()]
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


def _levels(wanted: Sequence[Attribute], known: pd.DataFrame) -> dict[str, list[object]]:
    """Return the levels of each category, the most frequent first."""
    return {
        a.name: known[a.name].value_counts().index.tolist() for a in wanted if a.kind == "category"
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
