"""Events close together: the few that could be odd, found before any of them is judged.

To judge an event is to look at its neighbours, which takes an engine long when there are millions
of events. In the process they are passed over in numpy, some at a time: all that is kept is where
three are close together, or many in the same second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.engines import Engine
from calibrate.observation import Observation
from calibrate.observation.reading import coded
from calibrate.observation.statements import Parameters, counted_for, units_sql

__all__ = ["busy_seconds", "leads_with_three"]

_SLICE = 2_000_000  # events taken from the engine at a time, about
_SORTED = 1 << 25  # events of the log sorted together, about
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
    found = engine.query("SELECT coalesce(max(l.lead_row), 0) + 1 AS n FROM leads AS l")
    n_rows, n_slices = int(found["n"][0].as_py()), _n_slices(engine)
    ends = [n_rows * i // n_slices for i in range(n_slices + 1)]  # to look up few leads at a time
    n_parts = -(-_n_events(engine) // _SORTED)
    parts = [_SECONDS.empty_table()]
    for names in np.array_split(np.array(activities, dtype=object), max(n_parts, 1)):
        keys = [np.zeros(0, dtype=np.int64)]
        for first, last in pairwise(ends):
            code, micros, _ = _events(obs, names.tolist(), first, last)
            keys.append(micros // _MICROS * len(names) + code)
        second, place = np.divmod(_repeated(np.concatenate(keys), same), max(len(names), 1))
        busy = {
            "activity": names[place],
            "second": pa.array(second * _MICROS).cast(pa.timestamp("us")),
        }
        parts.append(pa.table(busy, _SECONDS))
    return pa.concat_tables(parts)


def _repeated(key: Integers, times: int) -> Integers:
    """Return the numbers that are there so many times or more."""
    key.sort()
    last = key[times - 1 :]
    return np.unique(last[last == key[: len(last)]])


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
        code, micros, lead_row = _events(obs, activities, *ends)
        if not len(micros):
            continue
        second = micros // _MICROS
        second -= second.min()
        width = int(second.max()) + span + 1  # more than from one lead or activity to the next
        pair = (lead_row - ends[0]) * len(activities) + code
        key = np.sort(pair * width + second)
        close = key[2:][key[2:] - key[:-2] <= span] // width
        found.append(np.unique(close // len(activities) + ends[0]))
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
    obs: Observation, activities: Sequence[str], first: int, last: int
) -> tuple[Integers, Integers, Integers]:
    """Return code, time and lead of the events that count, from one ``lead_row`` to another.

    The code is the place of the activity among the activities.
    """
    if not activities:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    lead, events = counted_for(obs.scope, parameters)
    listed = ", ".join(parameters.text(name) for name in activities)
    found = obs.history.engine.query(
        f"WITH {units} SELECT coalesce({lead}, -1) AS lead_row, a.activity, a.occurred_at "
        f"FROM {events} WHERE u.lead_row >= {parameters.bind(first, 'BIGINT')} "
        f"AND u.lead_row < {parameters.bind(last, 'BIGINT')} AND a.activity IN ({listed})",
        parameters.values,
    )
    codes, levels = coded(found["activity"])
    place = {name: i for i, name in enumerate(activities)}
    code = np.array([*(place.get(str(level), -1) for level in levels), -1], dtype=np.int64)[codes]
    lead_row = np.asarray(found["lead_row"].to_numpy(), dtype=np.int64)
    micros = np.asarray(found["occurred_at"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy())
    inside = lead_row >= 0
    return code[inside], micros[inside], lead_row[inside]


def _n_events(engine: Engine) -> int:
    return int(engine.query("SELECT count(*) AS n FROM activities")["n"][0].as_py())


def _n_slices(engine: Engine) -> int:
    return max(1, -(-_n_events(engine) // _SLICE))
