"""Frames of nothing but numbers, as a card reads them without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.history import read_history
from calibrate.observation import observe

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["observed_numbers", "plain_columns"]

MANY = 20_000  # leads from which going round the engine pays
LOOKED_AT = 100  # rows that tell what columns are called and hold


def plain_columns(frame: pd.DataFrame, kinds: Mapping[str, str | None]) -> pd.DataFrame | None:
    """Return the columns that rules read, if each can be read as it stands.

    Parameters
    ----------
    frame : DataFrame
    kinds : mapping of str to str or None
        Attribute and its kind, from `kinds_needed`; ``field:NAME`` is the column NAME.

    Returns
    -------
    DataFrame or None
        The columns under the names of the attributes. None where one is missing, or reading it
        takes more than its numbers: text, dates, and fractions where a rule names text.

    Examples
    --------
    >>> frame = pd.DataFrame({"score": np.array([0, 1], dtype=np.int8), "plan": ["a", "b"]})
    >>> plain_columns(frame, {"field:score": "number"})["field:score"].dtype
    dtype('int8')
    >>> plain_columns(frame, {"plan": "category"}) is None
    True
    """
    columns = {}
    for attribute, kind in kinds.items():
        name = attribute if attribute in frame.columns else attribute.removeprefix("field:")
        column = frame.get(name)
        if not isinstance(column, pd.Series) or not isinstance(column.dtype, np.dtype):
            return None
        whole = column.dtype.kind in "iub"
        if not whole and (column.dtype.kind != "f" or kind == "category"):
            return None
        columns[attribute] = column if whole else column.astype(np.float64)
    return pd.DataFrame(columns, index=frame.index, copy=False)


def observed_numbers(frame: pd.DataFrame, converted: NDArray[np.bool_]) -> Observation | None:
    """Observe many leads whose columns are all numbers, without a copy in an engine.

    Parameters
    ----------
    frame : DataFrame
        Columns with text as names, one row a lead.
    converted : ndarray of bool, shape (leads,)

    Returns
    -------
    Observation or None
        As `read_history` and `observe` make it, but that whole numbers keep their type, and that
        its history holds the first leads only. None for few leads, and where a column is
        anything but a number by its type or its name.

    Notes
    -----
    What a column of numbers is does not depend on its values, so the first rows tell.
    """
    names = [name.strip().casefold() for name in frame]
    numeric = all(isinstance(t, np.dtype) and t.kind in "iuf" for t in frame.dtypes)
    if len(frame) < MANY or not numeric or "contact" in names:
        return None
    some = slice(LOOKED_AT)
    told = np.where(converted[some], "converted", "lost")
    first = frame[some].assign(lead_id=np.arange(LOOKED_AT), outcome=told)
    obs = observe(read_history(first))
    attributes = obs.attributes
    if len(attributes) != len(names) or any(one.kind != "number" for one in attributes):
        return None
    known = {
        "lead_id": np.arange(len(frame)),
        "at_landmark": True,
        "converted": converted,
        "mature": True,
        "weight": 1.0,
        "contact": pd.Series(None, index=frame.index, dtype=object),
    }
    floats = {name: np.float64 for name in frame if frame[name].dtype.kind == "f"}
    values = frame.astype(floats).set_axis([one.name for one in attributes], axis=1)
    rows = pd.concat([pd.DataFrame(known, index=frame.index), values], axis=1)
    return replace(obs, rows=rows, labels={})
