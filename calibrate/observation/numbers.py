"""Numbers taken from the log: tallied in the process, asked of the engine elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Measure
from calibrate.observation.bisected import numbers_at_moments
from calibrate.observation.events import (
    DAY,
    MICRO,
    Events,
    all_events,
    event_slices,
    expected_events,
    joined,
    units_of,
)
from calibrate.observation.features import by_activity_statement, by_activity_values
from calibrate.observation.reading import COUNT, feature_values
from calibrate.observation.statements import Scope, features_statement

if TYPE_CHECKING:
    from calibrate.engines import Engine

__all__ = ["SeenLog", "counts_and_log", "tallied_numbers"]

_KEPT = 1 << 23  # events kept, of 14 bytes each
_NEVER = np.iinfo(np.int64).max

Values = NDArray[np.generic]


@dataclass(frozen=True, eq=False, kw_only=True)
class SeenLog:
    """What was seen of the leads of a scope in the log.

    Parameters
    ----------
    engine : Engine
    scope : Scope
    names : tuple of str
        The activities.
    n : int
        Leads.
    n_events : int or None
        Events that count for them; None if that is not known.
    seen : Events or None
        These, where they have been seen and are kept.

    Notes
    -----
    In the process events are taken from the engine as they are and tallied, which is several
    times faster than to group them. Where there are few they are kept for the next question.
    Totals and details are left to the engine.
    """

    engine: Engine
    scope: Scope
    names: tuple[str, ...]
    n: int
    n_events: int | None
    seen: Events | None = None

    def numbers(self, measures: Sequence[Measure]) -> dict[str, Values]:
        """Return numbers under their column names, one entry a lead, in file order."""
        tallied, asked = self._parted(measures)
        columns = self._tallied(tallied) if tallied else {}
        return columns | self._asked(asked)

    def needs_passes(self, measures: Sequence[Measure]) -> bool:
        """Whether events are too many to be kept, and are passed over for some of these."""
        in_passes = not self._is_kept and self.scope.moments is None
        return in_passes and any(self._is_tallied(measure) for measure in measures)

    def passes(self, measures: Sequence[Measure]) -> Iterator[tuple[slice, dict[str, Values]]]:
        """Yield the same numbers, some leads at a time.

        Yields
        ------
        slice
            Of the leads.
        dict of str to ndarray
            Their numbers by column.
        """
        tallied, asked = self._parted(measures)
        whole = self._asked(asked)
        for rows, columns in self._tallied_in_passes(tallied):
            yield rows, columns | {name: values[rows] for name, values in whole.items()}

    def _parted(self, measures: Sequence[Measure]) -> tuple[list[Measure], list[Measure]]:
        """Return those that are tallied in the process, and those that the engine is asked."""
        tallied = [measure for measure in measures if self._is_tallied(measure)]
        return tallied, [measure for measure in measures if not self._is_tallied(measure)]

    def _is_tallied(self, measure: Measure) -> bool:
        if self.engine.dialect != "duckdb" or self.scope.is_wide or measure.detail is not None:
            return False
        known = measure.activity is None or measure.activity in self.names
        return known and measure.statistic in {"count", "days", "recency"}

    def _asked(self, measures: Sequence[Measure]) -> dict[str, Values]:
        columns: dict[str, Values] = {}
        for by_day in (False, True):
            kind = [m for m in measures if (m.statistic == "days") == by_day]
            named = [m for m in kind if m.activity is not None]
            if named:
                statement, values, places = by_activity_statement(self.scope, named)
                found = self.engine.query(statement, values)
                columns |= by_activity_values(found, places, self.n)
            of_any = [m for m in kind if m.activity is None]
            if of_any:
                found = self.engine.query(*features_statement(self.scope, of_any))
                columns |= feature_values(found, of_any)
        return columns

    def _tallied(self, measures: Sequence[Measure]) -> dict[str, Values]:
        if self.scope.moments is not None:
            return numbers_at_moments(self.engine, self.scope, measures)
        if self._is_kept:
            return tallied_numbers(self._kept, measures)
        columns: dict[str, Values] = {}
        for measure in measures:
            is_recency = measure.statistic == "recency"
            columns[measure.column] = np.zeros(self.n, dtype=float if is_recency else COUNT)
        for rows, found in self._tallied_in_passes(measures):
            for column, values in found.items():
                columns[column][rows] = values
        return columns

    def _tallied_in_passes(
        self, measures: Sequence[Measure]
    ) -> Iterator[tuple[slice, dict[str, Values]]]:
        activities = dict.fromkeys(measure.activity for measure in measures)
        named = [name for name in activities if name is not None]
        only = len(named) == len(activities)
        units = units_of(self.engine, self.scope)
        for rows, events in event_slices(self.engine, self.scope, units, named, only=only):
            yield rows, tallied_numbers(events, measures)

    @property
    def _is_kept(self) -> bool:
        return self.n_events is not None and self.n_events <= _KEPT

    @cached_property
    def _kept(self) -> Events:
        return self.seen or all_events(self.engine, self.scope, self.names)


def counts_and_log(
    engine: Engine, scope: Scope, names: tuple[str, ...]
) -> tuple[NDArray[COUNT], SeenLog]:
    """Count each activity of each lead in the process, and keep the events if they are few.

    Returns
    -------
    ndarray of int, shape (activities, leads)
    SeenLog
    """
    units = units_of(engine, scope)
    n = len(units.lead_row)
    counts = np.zeros((len(names), n), dtype=COUNT)
    parts: list[tuple[slice, Events]] = []
    # Twice as many, since not all of them count; else their times need not be fetched.
    keeps = not scope.is_wide and expected_events(engine, n) <= 2 * _KEPT
    n_events = 0
    for here, events in event_slices(engine, scope, units, names, timed=keeps) if names else ():
        counts[:, here] = _counted(events)
        n_events += len(events.place)
        parts = [*parts, (here, events)] if keeps and n_events <= _KEPT else []
    is_kept = keeps and n_events <= _KEPT
    seen = joined(parts, units, names) if is_kept else None
    return counts, SeenLog(
        engine=engine, scope=scope, names=names, n=n, n_events=n_events, seen=seen
    )


def _counted(events: Events) -> NDArray[np.int64]:
    n, n_names = len(events.cutoff), len(events.names)
    cell = events.code.astype(np.int64) * n + events.place
    return np.bincount(cell, minlength=(n_names + 1) * n).reshape(n_names + 1, n)[:n_names]


def tallied_numbers(events: Events, measures: Sequence[Measure]) -> dict[str, Values]:
    """Count events, days with one, and the time since the last one.

    Parameters
    ----------
    events : Events
    measures : sequence of Measure
        Of activities among its names, or of any; no totals and no details.

    Returns
    -------
    dict of str to ndarray, shape (n_leads,)
        By column: counts and days as int, recency in days, missing where it never happened.
    """
    kinds: dict[tuple[str, float | None, bool], list[Measure]] = {}
    for measure in measures:
        kind = (measure.statistic, measure.within_days, measure.activity is None)
        kinds.setdefault(kind, []).append(measure)
    age = events.cutoff[events.place] - events.micros
    columns: dict[str, Values] = {}
    for (statistic, within, _), some in kinds.items():
        row = _rows(events.names, some)[events.code]
        inside = row >= 0
        if within is not None:
            inside &= age <= dt.timedelta(days=within) // MICRO
        chosen = np.flatnonzero(inside)
        n = len(events.cutoff)
        cell = row[chosen].astype(np.int64) * n + events.place[chosen]
        size = len(some) * n
        if statistic == "recency":
            values: Values = _since(cell, age[chosen], size)
        elif statistic == "days":
            values = _days(cell, events.micros[chosen] // DAY, size)
        else:
            values = np.bincount(cell, minlength=size).astype(COUNT)
        columns |= {m.column: values[i * n : (i + 1) * n] for i, m in enumerate(some)}
    return columns


def _rows(names: Sequence[str], measures: Sequence[Measure]) -> NDArray[np.int16]:
    """Return which of the measures, of one activity each or of any, an event counts for."""
    if measures[0].activity is None:
        return np.zeros(len(names) + 1, dtype=np.int16)
    place = {measure.activity: i for i, measure in enumerate(measures)}
    return np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int16)


def _since(cell: NDArray[np.int64], age: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    last = np.full(size, _NEVER)
    np.minimum.at(last, cell, age)
    return np.where(last == _NEVER, np.nan, last / DAY)


def _days(cell: NDArray[np.int64], day: NDArray[np.int64], size: int) -> NDArray[COUNT]:
    if not len(cell):
        return np.zeros(size, dtype=COUNT)
    day = day - day.min()
    width = int(day.max()) + 1
    key = np.sort(cell * width + day)
    new = np.r_[True, key[1:] != key[:-1]]
    return np.bincount(key[new] // width, minlength=size).astype(COUNT)
