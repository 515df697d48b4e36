"""Leads at moments of choice: what was known of each just then."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.errors import NotEnoughDataError
from calibrate.observation.observation import Observation
from calibrate.observation.statements import Parameters, units_sql

__all__ = ["Lives", "Moments", "event_moments", "lives_of", "observed_at"]

_TABLE = "looked_at"

Places = NDArray[np.intp]
Times = NDArray[np.datetime64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Lives:
    """From when to when each lead of an observation was open, in the order of its table.

    Attributes
    ----------
    key : pyarrow.Array
        What its activities are joined by, of whatever type the engine knows them by.
    created_at, ended_at : ndarray of datetime64
        Creation, and the start of its closing's day or moment; as_of while it is open.
    is_win : ndarray of bool
        Whether it was won by as_of.
    """

    key: pa.Array
    created_at: Times
    ended_at: Times
    is_win: NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Moments:
    """Leads, by their place in the table, and moments.

    Attributes
    ----------
    place : ndarray of int
    cutoff : ndarray of datetime64
        What counts back in days counts from here.
    until : ndarray of datetime64
        Activities before it are seen.
    """

    place: Places
    cutoff: Times
    until: Times

    def __add__(self, more: Moments) -> Moments:
        """Return these moments, then the others."""
        return Moments(
            place=np.concatenate([self.place, more.place]),
            cutoff=np.concatenate([self.cutoff, more.cutoff]),
            until=np.concatenate([self.until, more.until]),
        )


def lives_of(obs: Observation) -> Lives:
    """Return from when to when each lead was open.

    Raises
    ------
    NotEnoughDataError
        For a wide table, which knows no times.
    """
    if obs.history.is_wide:
        raise NotEnoughDataError(
            "this table knows no times, so that the score of a lead before its sale is not known"
        )
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    as_of = parameters.moment(obs.scope.as_of)
    found = obs.history.engine.query(
        f"""
WITH {units}
SELECT u.lead_key, u.created_at, u.is_win, CASE WHEN u.closed_at IS NULL THEN {as_of}
    WHEN l.closed_from < u.created_at THEN u.created_at ELSE l.closed_from END AS ended_at
FROM units AS u JOIN leads AS l ON l.lead_row = u.lead_row
ORDER BY u.lead_row""",
        parameters.values,
    )
    return Lives(
        key=found["lead_key"].combine_chunks(),
        created_at=_times(found["created_at"]),
        ended_at=_times(found["ended_at"]),
        is_win=np.asarray(found["is_win"], dtype=bool),
    )


def event_moments(
    obs: Observation, lives: Lives, place: Places, activities: Sequence[str] | None
) -> Moments:
    """Return the moments just after each activity of some leads, from creation to closing.

    Parameters
    ----------
    obs : Observation
    lives : Lives
    place : ndarray of int
        Which leads.
    activities : sequence of str or None
        Only these; None is every one.

    Returns
    -------
    Moments
        Lead by lead, in the order of time; none at or after the closing.
    """
    engine, parameters = obs.history.engine, Parameters()
    units = Moments(place=place, cutoff=lives.ended_at[place], until=lives.ended_at[place])
    named = ""
    if activities is not None:
        listed = ", ".join(parameters.text(name) for name in activities)
        named = f" AND a.activity IN ({listed})" if activities else " AND FALSE"
    engine.register(_TABLE, _arrow(lives, units))
    try:
        found = engine.query(
            f"""
SELECT DISTINCT u.lead_row AS place, a.occurred_at AS moment
FROM {_TABLE} AS u JOIN activities AS a ON a.lead_key = u.lead_key
WHERE a.occurred_at > u.created_at AND a.occurred_at < u.until{named}
ORDER BY place, moment""",
            parameters.values,
        )
    finally:
        engine.unregister(_TABLE)
    at = np.asarray(found["place"].to_numpy(), dtype=np.intp)
    moment = _times(found["moment"])
    return Moments(place=place[at], cutoff=moment, until=moment + np.timedelta64(1, "us"))


@contextmanager
def observed_at(obs: Observation, lives: Lives, moments: Moments) -> Iterator[Observation]:
    """Observe leads at the moments given, one row each, as long as the block lasts.

    Parameters
    ----------
    obs : Observation
        At one landmark.
    lives : Lives
        Of it.
    moments : Moments

    Yields
    ------
    Observation
        Its table has the attributes; numbers of the log are taken at each moment, from
        ``lookback`` before the creation on.
    """
    engine = obs.history.engine
    log = [name for name in obs.activities if name in obs.rows.columns]
    rows = obs.rows.drop(columns=log).iloc[moments.place].reset_index(drop=True)
    rows = rows.assign(cutoff=moments.cutoff)
    scope = dataclasses.replace(obs.scope, moments=_TABLE)
    engine.register(_TABLE, _arrow(lives, moments))
    try:
        yield dataclasses.replace(
            obs, scope=scope, rows=rows, other=None, parts=(), labels={}, left_out=pd.DataFrame()
        )
    finally:
        engine.unregister(_TABLE)


def _arrow(lives: Lives, moments: Moments) -> pa.Table:
    time = pa.timestamp("us")
    place = moments.place
    columns = {
        "lead_row": pa.array(np.arange(len(place), dtype=np.int64)),
        "lead_key": lives.key.take(pa.array(place)),
        "created_at": pa.array(lives.created_at[place], time),
        "cutoff": pa.array(moments.cutoff, time),
        "until": pa.array(moments.until, time),
    }
    return pa.table(columns)


def _times(column: pa.ChunkedArray) -> Times:
    return np.asarray(column.cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")
