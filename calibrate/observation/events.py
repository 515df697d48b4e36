"""Events within the spans of their leads, taken from the engine in the process as arrays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.observation.reading import coded
from calibrate.observation.statements import Parameters, Scope, counted_for, units_sql

if TYPE_CHECKING:
    from calibrate.engines import Engine

__all__ = [
    "DAY",
    "MICRO",
    "Events",
    "Units",
    "all_events",
    "codes_of",
    "event_slices",
    "expected_events",
    "joined",
    "micros_of",
    "units_of",
]

DAY = 86_400_000_000  # microseconds
MICRO = dt.timedelta(microseconds=1)
_LEAST_AT_ONCE, _MOST_AT_ONCE = 500_000, 2_000_000  # events taken together, about
_SLICES = 32  # more, of fewer events, would only take longer

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Units:
    """The leads of a scope, in file order.

    Attributes
    ----------
    lead_row, cutoff : ndarray of int, shape (n_leads,)
        The cutoff in microseconds since 1970.
    """

    lead_row: Integers
    cutoff: Integers


@dataclass(frozen=True, eq=False, kw_only=True)
class Events:
    """Events that count for their leads, in any order.

    Attributes
    ----------
    place : ndarray of int32, shape (n_events,)
        Of the lead, in file order, from 0.
    code : ndarray of uint16, shape (n_events,)
        The place of the activity among `names`; what has none there is beyond the last.
    micros : ndarray of int64, shape (n_events,)
        When, in microseconds since 1970.
    cutoff : ndarray of int64, shape (n_leads,)
    names : tuple of str
    """

    place: NDArray[np.int32]
    code: NDArray[np.uint16]
    micros: Integers
    cutoff: Integers
    names: tuple[str, ...]

    def named(self) -> Events:
        """Return those of the activities that have names here."""
        known = self.code < len(self.names)
        if known.all():
            return self
        place, code, micros = self.place[known], self.code[known], self.micros[known]
        return replace(self, place=place, code=code, micros=micros)


def units_of(engine: Engine, scope: Scope) -> Units:
    """Return the leads of a scope that knows times."""
    parameters = Parameters()
    found = engine.query(
        f"WITH {units_sql(scope, parameters)} SELECT u.lead_row, u.cutoff FROM units AS u",
        parameters.values,
    )
    lead_row = np.asarray(found["lead_row"].to_numpy(), dtype=np.int64)
    order = np.argsort(lead_row, kind="stable")
    return Units(lead_row=lead_row[order], cutoff=micros_of(found["cutoff"])[order])


def event_slices(
    engine: Engine,
    scope: Scope,
    units: Units,
    names: Sequence[str],
    *,
    only: bool = False,
    timed: bool = True,
) -> Iterator[tuple[slice, Events]]:
    """Pass over the events of a scope, some leads at a time.

    Parameters
    ----------
    engine : Engine
        In the process.
    scope : Scope
    units : Units
        Of it.
    names : sequence of str
        Activities to tell apart.
    only : bool
        Nothing but those.
    timed : bool
        Whether it matters when they were; else `Events.micros` is empty.

    Yields
    ------
    slice
        Of the units.
    Events
        Of those; places are counted from the first of them.
    """
    n = len(units.lead_row)
    for rows in np.array_split(np.arange(n), _n_slices(engine, n)):
        if len(rows):
            here = slice(int(rows[0]), int(rows[-1]) + 1)
            some = Units(lead_row=units.lead_row[here], cutoff=units.cutoff[here])
            yield here, events_between(engine, scope, some, names, only=only, timed=timed)


def all_events(engine: Engine, scope: Scope, names: Sequence[str]) -> Events:
    """Return all events of a scope at once."""
    units = units_of(engine, scope)
    return joined(list(event_slices(engine, scope, units, names)), units, names)


def joined(parts: Sequence[tuple[slice, Events]], units: Units, names: Sequence[str]) -> Events:
    """Return what `event_slices` gave as one."""
    nothing = np.zeros(0, dtype=np.int32)
    return Events(
        place=np.concatenate([nothing, *(e.place + np.int32(at.start) for at, e in parts)]),
        code=np.concatenate([nothing.astype(np.uint16), *(e.code for _, e in parts)]),
        micros=np.concatenate([nothing.astype(np.int64), *(e.micros for _, e in parts)]),
        cutoff=units.cutoff,
        names=tuple(names),
    )


def events_between(
    engine: Engine, scope: Scope, units: Units, names: Sequence[str], *, only: bool, timed: bool
) -> Events:
    """Return the events of neighbouring leads, at least one; as for `event_slices`."""
    parameters = Parameters()
    common = units_sql(scope, parameters)
    lead, events = counted_for(scope, parameters)
    start, end = int(units.lead_row[0]), int(units.lead_row[-1])
    first, last = parameters.bind(start, "BIGINT"), parameters.bind(end, "BIGINT")
    wanted = f"u.lead_row BETWEEN {first} AND {last}"
    if only:
        wanted += f" AND a.activity IN ({', '.join(parameters.text(name) for name in names)})"
    time = ", a.occurred_at" if timed else ""
    found = engine.query(
        f"WITH {common} SELECT coalesce({lead}, -1) AS lead_row, a.activity{time} "
        f"FROM {events} WHERE {wanted}",
        parameters.values,
    )
    lead_row = np.asarray(found["lead_row"].to_numpy(), dtype=np.int64)
    inside = np.flatnonzero(lead_row >= 0)
    place = np.zeros(end - start + 1, dtype=np.int32)
    place[units.lead_row - start] = np.arange(len(units.lead_row), dtype=np.int32)
    return Events(
        place=place[lead_row[inside] - start],
        code=codes_of(found["activity"], names)[inside],
        micros=micros_of(found["occurred_at"])[inside] if timed else np.zeros(0, dtype=np.int64),
        cutoff=units.cutoff,
        names=tuple(names),
    )


def codes_of(column: pa.ChunkedArray, names: Sequence[str]) -> NDArray[np.uint16]:
    """Return the place of each activity among the names; beyond the last where it has none."""
    codes, levels = coded(column)
    known = {name: i for i, name in enumerate(names)}
    rest = len(names)
    code = [*(known.get(str(level), rest) for level in levels), rest]  # missing, -1, is the last
    return np.array(code, dtype=np.uint16)[codes]


def micros_of(column: pa.ChunkedArray) -> Integers:
    """Return times in microseconds since 1970."""
    return np.asarray(column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy())


def _n_slices(engine: Engine, n_units: int) -> int:
    """Return in how many parts the events of so many leads are passed over."""
    expected = expected_events(engine, n_units)
    at_once = int(np.clip(expected // _SLICES, _LEAST_AT_ONCE, _MOST_AT_ONCE))
    return max(1, -(-expected // at_once))


def expected_events(engine: Engine, n_units: int) -> int:
    """Return how many events so many leads have, about."""
    found = engine.query(
        "SELECT (SELECT count(*) FROM activities) AS n_events, "
        "(SELECT count(*) FROM leads) AS n_leads"
    ).to_pylist()[0]
    return int(found["n_events"] * n_units / max(found["n_leads"], 1))
