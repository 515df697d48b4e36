"""How often each lead did each activity: counted by a database, and as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from calibrate.criteria import Measure
from calibrate.observation.reading import COUNT
from calibrate.observation.statements import Parameters, Scope, counted_for, units_sql

if TYPE_CHECKING:
    from calibrate.engines import Engine

__all__ = ["count_columns", "packed_counts"]

_BITS, _PACKED, _MOST = 17, 3, 24  # 51 bits: whole numbers that a sum of doubles has exactly

Rows = NDArray[np.int64]
Counts = NDArray[COUNT]


def count_columns(counts: Counts, activities: Sequence[str]) -> pd.DataFrame:
    """Return counts, shape (activities, leads), as one column an activity."""
    names = [Measure(activity).column for activity in activities]
    return pd.DataFrame(counts.T, columns=pd.Index(names, dtype=object), copy=False)


def packed_counts(
    engine: Engine, scope: Scope, activities: Sequence[str], lead_rows: Rows
) -> Counts | None:
    """Count in the engine, three activities to a sum, and take one row a lead from it.

    Returns
    -------
    ndarray of int, shape (activities, leads), or None
        None where a lead did too much for a sum to hold, or where there are so many activities
        that it is not quicker.

    Notes
    -----
    An event of the k-th activity of a sum adds ``2 ** (17 k)`` to it. No count reaches ``2 **
    17`` where all events of the lead together do not, which is counted beside.
    """
    if len(activities) > _MOST:
        return None
    counts = np.zeros((len(activities), len(lead_rows)), dtype=COUNT)
    if not counts.size:
        return counts
    found = engine.query(*_packed_statement(scope, activities))
    most = pc.max(found["n"]).as_py()
    if most is not None and most >= 1 << _BITS:
        return None
    place = np.searchsorted(lead_rows, np.asarray(found["lead_row"].cast(pa.int64())))
    for j in range(len(activities)):
        packed = np.asarray(found[f"p{j // _PACKED}"].to_numpy()).astype(np.int64)
        counts[j, place] = packed >> _BITS * (j % _PACKED) & (1 << _BITS) - 1
    return counts


def _packed_statement(scope: Scope, activities: Sequence[str]) -> tuple[str, list[object]]:
    parameters = Parameters()
    units = units_sql(scope, parameters)
    lead, events = counted_for(scope, parameters)
    sums = "".join(
        f",\n    sum({_packed_sql(activities[first : first + _PACKED], parameters)}) AS p{i}"
        for i, first in enumerate(range(0, len(activities), _PACKED))
    )
    statement = f"""
WITH {units},
spans AS (
    SELECT {lead} AS lead_row, a.activity
    FROM {events}
)
SELECT a.lead_row, count(*) AS n{sums}
FROM spans AS a
WHERE a.lead_row IS NOT NULL
GROUP BY a.lead_row"""
    return statement, parameters.values


def _packed_sql(activities: Sequence[str], parameters: Parameters) -> str:
    cases = "".join(
        f" WHEN a.activity = {parameters.text(name)} THEN CAST({1 << _BITS * k} AS DOUBLE)"
        for k, name in enumerate(activities)
    )
    return f"CASE{cases} ELSE CAST(0 AS DOUBLE) END"
