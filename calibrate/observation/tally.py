"""How often each lead did each activity: one number a lead and activity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from calibrate.criteria import Measure
from calibrate.observation.events import n_slices
from calibrate.observation.reading import COUNT, coded
from calibrate.observation.statements import Parameters, Scope, counted_for, units_sql

if TYPE_CHECKING:
    from calibrate.engines import Engine

__all__ = ["activity_counts", "count_columns", "packed_counts", "tallied_counts"]

_BITS, _PACKED, _MOST = 17, 3, 24  # 51 bits: whole numbers that a sum of doubles has exactly

Rows = NDArray[np.int64]
Counts = NDArray[COUNT]


def activity_counts(
    engine: Engine, scope: Scope, activities: Sequence[str], lead_rows: Rows
) -> pd.DataFrame | None:
    """Count each activity of each lead within its span.

    Parameters
    ----------
    engine : Engine
    scope : Scope
    activities : sequence of str
    lead_rows : ndarray of int
        ``lead_row`` of the leads, in order.

    Returns
    -------
    DataFrame or None
        One column of int32 an activity, one row a lead; None where the engine had better count
        by lead and activity (`by_activity_statement`).

    Notes
    -----
    Which events count for which lead is one piece of SQL for every engine. In the process the
    events it gives are tallied as they come, which is five times faster than to group them;
    another engine adds them up, and hands back one row a lead.
    """
    if engine.dialect == "duckdb":
        counts: Counts | None = tallied_counts(engine, scope, activities, lead_rows)
    else:
        counts = packed_counts(engine, scope, activities, lead_rows)
    return None if counts is None else count_columns(counts, activities)


def count_columns(counts: Counts, activities: Sequence[str]) -> pd.DataFrame:
    """Return counts, shape (activities, leads), as one column an activity."""
    names = [Measure(activity).column for activity in activities]
    return pd.DataFrame(counts.T, columns=pd.Index(names, dtype=object), copy=False)


def tallied_counts(
    engine: Engine, scope: Scope, activities: Sequence[str], lead_rows: Rows
) -> Counts:
    """Count in the process: events are taken from the engine, some leads at a time.

    Returns
    -------
    ndarray of int, shape (activities, leads)
    """
    counts = np.zeros((len(activities), len(lead_rows)), dtype=COUNT)
    if not counts.size:
        return counts
    parameters = Parameters()
    units = units_sql(scope, parameters)
    lead, events = counted_for(scope, parameters)
    first, last = (parameters.bind(None, "BIGINT") for _ in range(2))
    statement = (
        f"WITH {units} SELECT coalesce({lead}, -1) AS lead_row, a.activity FROM {events} "
        f"WHERE u.lead_row BETWEEN {first} AND {last}"
    )
    n = len(lead_rows)
    for rows in np.array_split(np.arange(n), n_slices(engine, n)):
        if len(rows):
            here = lead_rows[rows]
            values = [*parameters.values[:-2], int(here[0]), int(here[-1])]
            found = engine.query(statement, values)
            counts[:, rows[0] : rows[-1] + 1] = _tally(found, activities, here)
    return counts


def _tally(found: pa.Table, activities: Sequence[str], lead_rows: Rows) -> Rows:
    codes, levels = coded(found["activity"])
    lead_row = np.asarray(found["lead_row"].to_numpy())
    inside = lead_row >= 0
    wanted = {name: j for j, name in enumerate(activities)}
    rest = len(activities)  # a row for what nobody asks for
    row = np.array([*(wanted.get(str(level), rest) for level in levels), rest], dtype=np.int64)
    n, start = len(lead_rows), lead_rows[0]
    place = np.zeros(lead_rows[-1] - start + 1, dtype=np.int64)
    place[lead_rows - start] = np.arange(n)
    cell = row[codes[inside]] * n + place[lead_row[inside] - start]
    return np.bincount(cell, minlength=(rest + 1) * n).reshape(rest + 1, n)[:rest]


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
