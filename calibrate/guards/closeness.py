"""Events close together: the few that could be odd, found before any of them is judged.

To judge an event is to look at its neighbours, which takes an engine long when there are millions
of events. In the process they are passed over in numpy, some at a time: all that is kept is where
three are close together, or many in the same second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.engines import Engine
from calibrate.observation import Observation
from calibrate.observation.reading import coded
from calibrate.observation.statements import Parameters, counted_for, units_sql

__all__ = ["busy_seconds", "leads_with_three"]

_SLICE = 2_000_000  # events looked at together, about
_HOUR = dt.timedelta(hours=1)
_MICROS = 1_000_000
_SECONDS = pa.schema({"activity": pa.string(), "second": pa.timestamp("us")})

Integers = NDArray[np.int64]


def busy_seconds(obs: Observation, activities: Sequence[str], *, same: int) -> pa.Table:
    """Return the seconds in which an activity was done so many times or more.

    Parameters
    ----------
    obs : Observation
    activities : sequence of str
        Those looked at.
    same : int
        Events within their span, of whatever leads.

    Returns
    -------
    pyarrow.Table
        ``activity, second``.
    """
    engine = obs.history.engine
    if engine.dialect != "duckdb":
        return _busy_in_engine(obs, activities, same)
    parts = []
    for first, last in _times(engine):
        code, micros, _, names = _events(obs, activities, "a.occurred_at", first, last)
        key = np.sort(micros // _MICROS * max(len(names), 1) + code)
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else key
        runs = np.diff(np.r_[starts, len(key)])
        second, place = np.divmod(key[starts[runs >= same]], max(len(names), 1))
        found = {
            "activity": [names[i] for i in place],
            "second": pa.array(second * _MICROS).cast(pa.timestamp("us")),
        }
        parts.append(pa.table(found, _SECONDS))
    return pa.concat_tables(parts) if parts else _SECONDS.empty_table()


def leads_with_three(
    obs: Observation, activities: Sequence[str], lead_rows: Integers, *, near: dt.timedelta
) -> Integers:
    """Return the leads that did an activity three times within a short time.

    Parameters
    ----------
    obs : Observation
    activities : sequence of str
        Those looked at.
    lead_rows : ndarray of int
        The leads, in order.
    near : timedelta
        How short.

    Returns
    -------
    ndarray of int
        Of `lead_rows`: at least those, perhaps some that took a second longer; all of them
        where the engine is not in the process.
    """
    engine = obs.history.engine
    if engine.dialect != "duckdb":
        return lead_rows
    span = -(-near // dt.timedelta(seconds=1)) + 1  # in whole seconds, so that one number sorts
    found = [lead_rows[:0]]
    for rows in np.array_split(lead_rows, _n_slices(engine)):
        if not len(rows):
            continue
        ends = int(rows[0]), int(rows[-1]) + 1
        code, micros, lead_row, names = _events(obs, activities, "u.lead_row", *ends)
        if not len(micros):
            continue
        second = micros // _MICROS
        second -= second.min()
        width = int(second.max()) + span + 1  # more than from one lead or activity to the next
        pair = (lead_row - ends[0]) * len(names) + code
        key = np.sort(pair * width + second)
        close = key[2:][key[2:] - key[:-2] <= span] // width
        found.append(np.unique(close // len(names) + ends[0]))
    return np.concatenate(found)


def _busy_in_engine(obs: Observation, activities: Sequence[str], same: int) -> pa.Table:
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    lead, events = counted_for(obs.scope, parameters)
    listed = ", ".join(parameters.text(name) for name in activities)
    found = obs.history.engine.query(
        f"""
WITH {units},
events AS (
    SELECT {lead} AS lead_row, a.activity, date_trunc('second', a.occurred_at) AS second
    FROM {events}
    WHERE a.activity IN ({listed})
)
SELECT CAST(e.activity AS VARCHAR) AS activity, e.second
FROM events AS e
GROUP BY e.activity, e.second
HAVING count(e.lead_row) >= {parameters.bind(same, "BIGINT")}""",
        parameters.values,
    )
    return found.cast(_SECONDS)


def _events(
    obs: Observation, activities: Sequence[str], column: str, first: object, last: object
) -> tuple[Integers, Integers, Integers, list[str]]:
    """Return code, time and lead of the events that count, from one value of a column to another.

    The code is the place of the activity among the names that come last.
    """
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    lead, events = counted_for(obs.scope, parameters)
    listed = ", ".join(parameters.text(name) for name in activities)
    kind = "BIGINT" if isinstance(first, int) else "TIMESTAMP"
    found = obs.history.engine.query(
        f"WITH {units} SELECT coalesce({lead}, -1) AS lead_row, a.activity, a.occurred_at "
        f"FROM {events} WHERE {column} >= {parameters.bind(first, kind)} "
        f"AND {column} < {parameters.bind(last, kind)} AND a.activity IN ({listed})",
        parameters.values,
    )
    code, levels = coded(found["activity"])
    lead_row = np.asarray(found["lead_row"].to_numpy(), dtype=np.int64)
    micros = np.asarray(found["occurred_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy())
    inside = lead_row >= 0
    names = [str(level) for level in levels]
    return code[inside].astype(np.int64), micros[inside], lead_row[inside], names


def _n_slices(engine: Engine) -> int:
    n = int(engine.query("SELECT count(*) AS n FROM activities")["n"][0].as_py())
    return max(1, -(-n // _SLICE))


def _times(engine: Engine) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Part the time of the log, at full hours."""
    ends = engine.query(
        "SELECT min(a.occurred_at) AS first, max(a.occurred_at) AS last FROM activities AS a"
    ).to_pylist()[0]
    if ends["first"] is None:
        return
    start = ends["first"].replace(minute=0, second=0, microsecond=0)
    hours = (ends["last"] - start) // _HOUR + 1
    n_slices = _n_slices(engine)
    yield from pairwise(start + (hours * i // n_slices) * _HOUR for i in range(n_slices + 1))
