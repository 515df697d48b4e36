"""Numbers of the log at many moments of the same leads: each event is looked up, not joined.

A lead that did a thousand things has a thousand moments, and what it had done by each of them would
be half a million pairs of a moment and an event. In the process the events are sorted once; what
lies before a moment is then found by bisection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.criteria import Measure
from calibrate.observation.events import DAY, MICRO, codes_of, micros_of
from calibrate.observation.reading import COUNT
from calibrate.observation.statements import Parameters, Scope, units_sql, until_sql

if TYPE_CHECKING:
    from calibrate.engines import Engine

__all__ = ["numbers_at_moments"]

# Leads of one contact have the same events, but not the same span of them.
_LEAD = "min(u.lead_row) OVER (PARTITION BY u.lead_key, u.created_at)"

Integers = NDArray[np.int64]
Values = NDArray[np.generic]


def numbers_at_moments(
    engine: Engine, scope: Scope, measures: Sequence[Measure]
) -> dict[str, Values]:
    """Return how often, on how many days and how long ago, at each moment of a scope.

    Parameters
    ----------
    engine : Engine
        In the process.
    scope : Scope
        With `moments`.
    measures : sequence of Measure
        Counts, days and recency; no details.

    Returns
    -------
    dict of str to ndarray, shape (n_moments,)
        By column, in the order of the moments; recency in days, missing where it never happened.

    Notes
    -----
    Events of one activity are sorted by lead and time. The number of them in ``[a, b)`` is the
    difference of the two places where a and b would stand; distinct days are counted by how many
    of these events are the first of their day.
    """
    moments, log = _moments(engine, scope), _log(engine, scope, measures)
    found: dict[str, Values] = {}
    for activity in dict.fromkeys(measure.activity for measure in measures):
        line = _Line.of(log, activity, moments)
        for measure in measures:
            if measure.activity == activity:
                found[measure.column] = line.numbers(measure, moments)
    return {measure.column: found[measure.column] for measure in measures}


@dataclass(frozen=True, eq=False, kw_only=True)
class _Moments:
    """Leads, by the first of their moments, and two times in microseconds since 1970."""

    lead: Integers
    cutoff: Integers
    until: Integers


@dataclass(frozen=True, eq=False, kw_only=True)
class _Log:
    """Events of the leads, in any order."""

    lead: Integers
    code: NDArray[np.uint16]
    micros: Integers
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Line:
    """Events of one activity (or of any) on one line: lead after lead, each in order of time.

    ``key`` is the lead's place among ``leads`` times ``len(times) + 1`` plus the time's place among
    ``times``; ``firsts`` (one entry more than events) has how many events before one are the first
    of their lead's day.
    """

    key: Integers
    micros: Integers
    firsts: Integers
    leads: Integers
    times: Integers

    @classmethod
    def of(cls, log: _Log, activity: str | None, moments: _Moments) -> _Line:
        """Put the events of an activity in a row."""
        leads = np.unique(moments.lead)
        chosen = slice(None) if activity is None else log.code == log.names.index(activity)
        lead, micros = np.searchsorted(leads, log.lead[chosen]), log.micros[chosen]
        order = np.lexsort((micros, lead))
        lead, micros = lead[order], micros[order]
        times, day = np.unique(micros), micros // DAY
        starts = (lead[1:] != lead[:-1]) | (day[1:] != day[:-1])
        first = np.r_[True, starts][: len(lead)]  # none, where there are no events
        return cls(
            key=lead * (len(times) + 1) + np.searchsorted(times, micros),
            micros=micros,
            firsts=np.r_[0, np.cumsum(first)],
            leads=leads,
            times=times,
        )

    def numbers(self, measure: Measure, moments: _Moments) -> Values:
        """Return a measure at each moment."""
        begin, end = self._place(moments, None), self._place(moments, moments.until)
        if measure.within_days is not None:
            span = dt.timedelta(days=measure.within_days) // MICRO
            begin = self._place(moments, moments.cutoff - span)
        n = np.maximum(end - begin, 0)
        if measure.statistic == "recency":
            last = self.micros[np.maximum(end - 1, 0)] if len(self.micros) else moments.cutoff
            return np.where(n > 0, (moments.cutoff - last) / DAY, np.nan)
        if measure.statistic == "days":
            after = self.firsts[end] - self.firsts[np.minimum(begin + 1, len(self.micros))]
            n = np.where(n > 0, 1 + after, 0)
        return np.asarray(n, dtype=COUNT)

    def _place(self, moments: _Moments, micros: Integers | None) -> NDArray[np.intp]:
        """Return how many events stand before a time of each moment's lead; or before its first."""
        lead = np.searchsorted(self.leads, moments.lead)
        time = 0 if micros is None else np.searchsorted(self.times, micros)
        return np.asarray(np.searchsorted(self.key, lead * (len(self.times) + 1) + time))


def _moments(engine: Engine, scope: Scope) -> _Moments:
    parameters = Parameters()
    found = engine.query(
        f"WITH {units_sql(scope, parameters)}\n"
        f"SELECT {_LEAD} AS lead, u.cutoff, u.until FROM units AS u ORDER BY u.lead_row",
        parameters.values,
    )
    lead = np.asarray(found["lead"].to_numpy(), dtype=np.int64)
    return _Moments(lead=lead, cutoff=micros_of(found["cutoff"]), until=micros_of(found["until"]))


def _log(engine: Engine, scope: Scope, measures: Sequence[Measure]) -> _Log:
    names = tuple(dict.fromkeys(m.activity for m in measures if m.activity is not None))
    parameters = Parameters()
    units = units_sql(scope, parameters)
    since, until = f"u.created_at - {parameters.span(scope.lookback)}", until_sql(scope, parameters)
    named = ""
    if all(measure.activity is not None for measure in measures):
        named = f" AND a.activity IN ({', '.join(parameters.text(name) for name in names)})"
    found: pa.Table = engine.query(
        f"""
WITH {units},
lives AS (
    SELECT min(u.lead_row) AS lead, u.lead_key, {since} AS since, max(u.until) AS until
    FROM units AS u
    GROUP BY u.lead_key, u.created_at
)
SELECT u.lead, a.activity, a.occurred_at
FROM lives AS u JOIN activities AS a ON a.lead_key = u.lead_key
WHERE a.occurred_at >= u.since AND {until}{named}""",
        parameters.values,
    )
    return _Log(
        lead=np.asarray(found["lead"].to_numpy(), dtype=np.int64),
        code=codes_of(found["activity"], names),
        micros=micros_of(found["occurred_at"]),
        names=names,
    )
