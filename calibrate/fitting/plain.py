"""Frames of nothing but numbers, as a card reads them without an engine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

__all__ = ["plain_columns"]


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
