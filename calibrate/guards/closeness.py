"""Events close together: the few that could be odd, found before any of them is judged.

To judge an event is to look at its neighbours, which takes an engine long when there are millions
of events. In the process they are passed over in numpy, some at a time: all that is kept is where
three are close together, or many in the same second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.engines import Engine
from calibrate.observation import Observation
from calibrate.observation.events import event_slices, units_of
from calibrate.observation.statements import Parameters, counted_for, units_sql

__all__ = ["busy_seconds", "leads_with_three"]

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
    units = units_of(engine, obs.scope)
    n_parts = -(-_n_events(engine) // _SORTED)
    parts = [_SECONDS.empty_table()]
    for names in np.array_split(np.array(activities, dtype=object), max(n_parts, 1)):
        if not len(names):
            continue
        keys = [np.zeros(0, dtype=np.int64)]
        for _, events in event_slices(engine, obs.scope, units, names.tolist(), only=True):
            keys.append(events.micros // _MICROS * len(names) + events.code)
        second, place = np.divmod(_repeated(np.concatenate(keys), same), len(names))
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
    if not activities:
        return lead_rows[:0]
    span = -(-near // dt.timedelta(seconds=1)) + 1  # in whole seconds, so that one number sorts
    found = [lead_rows[:0]]
    units = units_of(engine, obs.scope)
    for here, events in event_slices(engine, obs.scope, units, activities, only=True):
        if not len(events.micros):
            continue
        second = events.micros // _MICROS
        second -= second.min()
        width = int(second.max()) + span + 1  # more than from one lead or activity to the next
        pair = events.place.astype(np.int64) * len(activities) + events.code
        key = np.sort(pair * width + second)
        close = key[2:][key[2:] - key[:-2] <= span] // width
        found.append(units.lead_row[here][np.unique(close // len(activities))])
    return np.intersect1d(np.concatenate(found), lead_rows)


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


def _n_events(engine: Engine) -> int:
    return int(engine.query("SELECT count(*) AS n FROM activities")["n"][0].as_py())
