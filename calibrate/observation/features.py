"""Numbers taken from the log, several activities at a time.

An event is looked at once for each kind of number (how many, within 30 days, the last one),
however many activities there are: the engine counts by lead and activity, and the rows of one
activity fill the column of each number asked of it. Events outside the span of their lead are not
left out by a condition, which would slow the join down, but counted for no lead: NULL joins none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.criteria import Measure
from calibrate.engines import as_doubles
from calibrate.observation.reading import COUNT, coded
from calibrate.observation.statements import (
    Parameters,
    Scope,
    aggregate_sql,
    counted_for,
    filter_sql,
    units_sql,
)

__all__ = ["by_activity_statement", "by_activity_values"]


def by_activity_statement(
    scope: Scope, measures: Sequence[Measure]
) -> tuple[str, list[object], Mapping[Measure, str]]:
    """Return the statement for numbers of named activities, its parameters, and the columns.

    Parameters
    ----------
    scope : Scope
    measures : sequence of Measure
        Each of one activity; either all count days, or none does.

    Returns
    -------
    str
        Gives ``place`` (of the lead, in file order, from 0)``, activity, k0, k1, ...``: one row a
        lead and activity that it did.
    list
    mapping of Measure to str
        The column in which to find it.
    """
    parameters = Parameters()
    units = units_sql(scope, parameters)
    kinds = list(dict.fromkeys(_kind(measure) for measure in measures))
    names = dict.fromkeys(str(measure.activity) for measure in measures)
    listed = ", ".join(parameters.text(name) for name in names)
    lead, events = counted_for(scope, parameters)
    events += f" WHERE a.activity IN ({listed})"
    by_day = kinds[0].statistic == "days"
    parts = (_by_day_sql if by_day else _by_lead_sql)(lead, events, kinds, parameters)
    shown = "".join(f", p.k{i}" for i in range(len(kinds)))
    statement = f"""
WITH {units},
numbered AS (
    SELECT u.lead_row, row_number() OVER (ORDER BY u.lead_row) - 1 AS place FROM units AS u
),
parts AS ({parts}
)
SELECT n.place, p.activity{shown}
FROM parts AS p
JOIN numbered AS n ON n.lead_row = p.lead_row"""
    columns = {measure: f"k{kinds.index(_kind(measure))}" for measure in measures}
    return statement, parameters.values, columns


def by_activity_values(
    found: pa.Table, columns: Mapping[Measure, str], n: int
) -> dict[str, NDArray[np.generic]]:
    """Return the measures under their column names, one entry a lead.

    Parameters
    ----------
    found : pyarrow.Table
        What the statement gave, in any order.
    columns : mapping of Measure to str
    n : int
        Leads.
    """
    codes, names = coded(found["activity"])
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(names) + 1))
    rows = {str(name): order[ends[i] : ends[i + 1]] for i, name in enumerate(names)}
    place = np.asarray(found["place"].cast(pa.int64()))
    raw = {
        key: np.asarray(as_doubles(found[key]).to_numpy(), dtype=float)
        for key in dict.fromkeys(columns.values())
    }
    values: dict[str, NDArray[np.generic]] = {}
    for measure, key in columns.items():
        of_activity = rows.get(str(measure.activity), order[:0])
        inside = raw[key][of_activity]
        filled = np.full(n, np.nan if measure.statistic == "recency" else 0.0)
        if measure.statistic != "recency":
            inside = np.nan_to_num(inside)
        filled[place[of_activity]] = inside
        is_count = measure.statistic in {"count", "days"}
        values[measure.column] = filled.astype(COUNT) if is_count else filled
    return values


def _kind(measure: Measure) -> Measure:
    """Return the number to take of every activity; a detail is looked for in its own only."""
    return measure if measure.detail is not None else replace(measure, activity=None)


def _by_lead_sql(lead: str, events: str, kinds: Sequence[Measure], parameters: Parameters) -> str:
    columns = "".join(
        f",\n        {aggregate_sql(kind, parameters)} AS k{i}" for i, kind in enumerate(kinds)
    )
    return f"""
    SELECT {lead} AS lead_row, a.activity{columns}
    FROM {events}
    GROUP BY 1, a.activity"""


def _by_day_sql(lead: str, events: str, kinds: Sequence[Measure], parameters: Parameters) -> str:
    happened = "".join(
        f",\n            count(*){filter_sql(kind, parameters)} AS d{i}"
        for i, kind in enumerate(kinds)
    )
    columns = "".join(f", count(*) FILTER (WHERE d.d{i} > 0) AS k{i}" for i in range(len(kinds)))
    return f"""
    SELECT d.lead_row, d.activity{columns}
    FROM (
        SELECT {lead} AS lead_row, a.activity, CAST(a.occurred_at AS DATE) AS day{happened}
        FROM {events}
        GROUP BY 1, a.activity, CAST(a.occurred_at AS DATE)
    ) AS d
    GROUP BY d.lead_row, d.activity"""
