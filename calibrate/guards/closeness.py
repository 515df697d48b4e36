"""Events close together: the few that could be odd, found before any of them is judged.

To judge an event is to look at its neighbours, which takes an engine long when there are millions
of events. In the process they are passed over in numpy, some at a time: all that is kept is where
three are close together, or many in the same second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from calibrate.engines import Engine
from calibrate.observation import Observation
from calibrate.observation.events import Events, Units, event_slices, units_of
from calibrate.observation.statements import Parameters, counted_for, units_sql

__all__ = ["CloseEvents", "close_events"]

_SORTED = 1 << 25  # events of the log sorted together, about
_MICROS = 1_000_000
_MINUTE = 60
_SECONDS = pa.schema({"activity": pa.string(), "second": pa.timestamp("us")})

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class CloseEvents:
    """Where events within the spans of their leads are close together.

    Attributes
    ----------
    timed : list of str
        Activities at least half of whose events are not at a full minute; all else is of them.
    busy : pyarrow.Table
        ``activity, second``: where an activity was done so often, by whatever leads.
    lead_rows : ndarray of int
        Of the leads that did an activity three times within a short time: at least those,
        perhaps some that took a second longer; all where the engine is not in the process.
    """

    timed: list[str]
    busy: pa.Table
    lead_rows: Integers


class _Part(NamedTuple):
    """What some of the events show: counts an activity, seconds and leads with activities.

    ``seconds`` has whole seconds times the activities there are, plus the activity; ``close``
    places of leads likewise.
    """

    n: Integers
    n_timed: Integers
    seconds: Integers
    close: Integers


def close_events(obs: Observation, *, same: int, near: dt.timedelta) -> CloseEvents:
    """Look for events close together.

    Parameters
    ----------
    obs : Observation
    same : int
        So many in a second are many.
    near : timedelta
        Within so much time three are close.

    Returns
    -------
    CloseEvents
    """
    engine, names = obs.history.engine, obs.activities
    units = units_of(engine, obs.scope)
    if engine.dialect != "duckdb" or not len(units.lead_row):
        timed = _timed_in_engine(obs)
        busy = _busy_in_engine(obs, timed, same) if timed else _SECONDS.empty_table()
        return CloseEvents(timed=timed, busy=busy, lead_rows=units.lead_row)
    span = -(-near // dt.timedelta(seconds=1)) + 1
    few = _n_events(engine) <= _SORTED
    slices = _slices(obs, units)
    parts = [_part(events, here.start, span, few=few) for here, events in slices]
    n, n_timed = sum(part.n for part in parts), sum(part.n_timed for part in parts)
    codes = np.flatnonzero((n > 0) & (2 * n_timed >= n))
    timed = sorted(names[code] for code in codes)
    if few:
        busy = _busy_seconds(np.concatenate([part.seconds for part in parts]), names, same)
        busy = busy.filter(pc.is_in(busy["activity"], pa.array(timed, pa.string())))
    else:
        busy = _busy_by_activity(obs, units, timed, same)
    lead, code = np.divmod(np.concatenate([part.close for part in parts]), len(names))
    close = units.lead_row[np.unique(lead[np.isin(code, codes)])]
    return CloseEvents(timed=timed, busy=busy, lead_rows=close)


def _slices(obs: Observation, units: Units) -> Iterable[tuple[slice, Events]]:
    """Return the events that were kept when they were counted, or those that the engine has."""
    log, names = obs.seen, obs.activities
    if log is None or log.seen is None or log.scope != obs.scope or log.names != names:
        return event_slices(obs.history.engine, obs.scope, units, names, only=True)
    return [(slice(0, len(units.lead_row)), log.seen.named())]


def _part(events: Events, start: int, span: int, *, few: bool) -> _Part:
    """Look at the events of leads from `start` on; few are sorted by seconds all together."""
    width, second = len(events.names), events.micros // _MICROS
    is_timed = second % _MINUTE != 0
    return _Part(
        n=np.bincount(events.code, minlength=width),
        n_timed=np.bincount(events.code[is_timed], minlength=width),
        seconds=_key(events) if few else np.zeros(0, dtype=np.int64),
        close=_close(events, second, span) + start * width,
    )


def _close(events: Events, second: Integers, span: int) -> Integers:
    """Return leads and activities with three events within so many whole seconds."""
    if not len(second):
        return second
    second = second - second.min()
    stride = int(second.max()) + span + 1  # more than from one lead or activity to the next
    pair = events.place.astype(np.int64) * len(events.names) + events.code
    key = np.sort(pair * stride + second)  # one number sorts
    return np.unique(key[2:][key[2:] - key[:-2] <= span] // stride)


def _busy_seconds(key: Integers, names: Sequence[str], same: int) -> pa.Table:
    """Return the seconds of activities that are there so many times or more."""
    key.sort()
    last = key[same - 1 :]
    second, place = np.divmod(np.unique(last[last == key[: len(last)]]), len(names))
    busy = {
        "activity": np.array(names, dtype=object)[place],
        "second": pa.array(second * _MICROS).cast(pa.timestamp("us")),
    }
    return pa.table(busy, _SECONDS)


def _busy_by_activity(
    obs: Observation, units: Units, activities: Sequence[str], same: int
) -> pa.Table:
    """Return busy seconds of more events than can be sorted together, some activities at a time."""
    engine = obs.history.engine
    n_parts = -(-_n_events(engine) // _SORTED)
    found = [_SECONDS.empty_table()]
    for part in np.array_split(np.array(activities, dtype=object), n_parts):
        if len(part):
            names = part.tolist()
            slices = event_slices(engine, obs.scope, units, names, only=True)
            keys = [_key(events) for _, events in slices]
            found.append(_busy_seconds(np.concatenate(keys), names, same))
    return pa.concat_tables(found)


def _key(events: Events) -> Integers:
    return events.micros // _MICROS * len(events.names) + events.code


def _timed_in_engine(obs: Observation) -> list[str]:
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    lead, events = counted_for(obs.scope, parameters)
    found = obs.history.engine.query(
        f"""
WITH {units},
events AS (
    SELECT {lead} AS lead_row, a.activity, a.occurred_at FROM {events}
)
SELECT CAST(e.activity AS VARCHAR) AS activity, count(e.lead_row) AS n, count(*) FILTER (
    WHERE e.lead_row IS NOT NULL
        AND date_trunc('second', e.occurred_at) <> date_trunc('minute', e.occurred_at)) AS n_timed
FROM events AS e
GROUP BY e.activity""",
        parameters.values,
    ).to_pylist()
    return sorted(row["activity"] for row in found if row["n"] and 2 * row["n_timed"] >= row["n"])


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
