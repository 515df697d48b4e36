"""The whole log counted once, for all guards that look at it: by day, and by where events lie."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from calibrate.observation import Observation
from calibrate.observation.statements import Parameters

__all__ = [
    "AT_CLOSING",
    "FREE",
    "LATER",
    "NEAR",
    "SEVERAL",
    "SLOW",
    "LoggedEvents",
    "logged_events",
]

NEAR = dt.timedelta(days=1)
"""So long before a closing, and twice as long after its day began, is at the closing."""
SLOW = dt.timedelta(days=3)
"""Leads that closed sooner say nothing: all they did lies near their closing."""
SEVERAL, FREE, AT_CLOSING, LATER = -1, 1, 2, 3
_WON = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class LoggedEvents:
    """Events up to as_of, counted by day, and by where they lie to the leads of their key.

    Attributes
    ----------
    by_day : Series
        Events by ``activity`` and ``day``.
    counts : DataFrame
        One row a kind of events of leads: ``activity``, ``is_before`` (the creation of the first
        lead of its key), ``ended`` (1: all leads of its key are closed, 2: and one is won; 0:
        some lead is open), ``is_after`` (at or after the last closing), ``stretch``, the number
        ``n`` and the ``first`` of them. ``stretch`` is told of keys with one lead that took three
        days or more to close, or is open: `FREE` (since the lookback, more than a day before the
        closing), `AT_CLOSING` (up to two days after it), `LATER` or 0; it is `SEVERAL` where a
        key has several such leads.
    """

    by_day: pd.Series
    counts: pd.DataFrame

    @property
    def of_closed(self) -> pd.DataFrame:
        """The rows of events all of whose leads are closed, with ``is_won``."""
        rows = self.counts[self.counts["ended"] > 0]
        return rows.assign(is_won=rows["ended"] == _WON)


def logged_events(obs: Observation) -> LoggedEvents:
    """Count the events of the history of an observation.

    Parameters
    ----------
    obs : Observation
        Its lookback says since when events are free.

    Returns
    -------
    LoggedEvents
    """
    return LoggedEvents(by_day=_by_day(obs), counts=_counts(obs))


def _by_day(obs: Observation) -> pd.Series:
    parameters = Parameters()
    found = obs.history.engine.query(
        f"""
SELECT CAST(a.activity AS VARCHAR) AS activity, CAST(a.occurred_at AS DATE) AS day, count(*) AS n
FROM activities AS a
WHERE a.occurred_at <= {parameters.moment(obs.history.as_of)}
GROUP BY a.activity, CAST(a.occurred_at AS DATE)""",
        parameters.values,
    ).to_pandas()
    found["day"] = pd.to_datetime(found["day"])
    return found.set_index(["activity", "day"])["n"]


def _counts(obs: Observation) -> pd.DataFrame:
    parameters = Parameters()
    as_of = parameters.moment(obs.history.as_of)
    near, slow = parameters.span(NEAR), parameters.span(SLOW)
    found: pd.DataFrame = obs.history.engine.query(
        f"""
WITH seen AS (
    SELECT l.lead_key, l.created_at, l.closed_from, l.outcome,
        l.outcome <> 'open' AND coalesce(l.closed_at <= {as_of}, FALSE) AS is_closed
    FROM leads AS l
    WHERE l.created_at <= {as_of}
),
judged AS (
    SELECT s.lead_key, s.created_at, s.closed_from, s.outcome, s.is_closed,
        (s.outcome = 'open' OR s.closed_from IS NOT NULL) AND (NOT s.is_closed
            OR coalesce(s.closed_from - s.created_at >= {slow}, TRUE)) AS is_slow
    FROM seen AS s
),
keys AS (
    SELECT j.lead_key, min(j.created_at) AS created_at, max(j.closed_from) AS closed_from,
        CASE WHEN NOT bool_and(j.is_closed) THEN 0
            WHEN bool_or(j.outcome = 'converted') THEN {_WON} ELSE 1 END AS ended,
        count(*) FILTER (WHERE j.is_slow) AS n_slow,
        max(CASE WHEN j.is_slow THEN j.created_at END)
            - {parameters.span(obs.lookback)} AS since,
        max(CASE WHEN j.is_slow AND j.is_closed THEN j.closed_from END) AS closed
    FROM judged AS j
    GROUP BY j.lead_key
),
spans AS (
    SELECT k.lead_key, k.created_at, k.closed_from, k.ended, k.n_slow, k.since,
        k.closed - {near} AS near_from, k.closed + {near} + {near} AS near_to
    FROM keys AS k
),
events AS (
    SELECT a.activity, a.occurred_at, a.occurred_at < s.created_at AS is_before, s.ended,
        a.occurred_at >= s.closed_from AS is_after,
        CASE WHEN s.n_slow > 1 THEN {SEVERAL} WHEN a.occurred_at >= s.near_to THEN {LATER}
            WHEN a.occurred_at >= s.near_from THEN {AT_CLOSING}
            WHEN a.occurred_at >= s.since THEN {FREE} ELSE 0 END AS stretch
    FROM activities AS a
    JOIN spans AS s ON s.lead_key = a.lead_key
    WHERE a.occurred_at <= {as_of}
)
SELECT CAST(e.activity AS VARCHAR) AS activity, e.is_before, e.ended, e.is_after, e.stretch,
    count(*) AS n, min(e.occurred_at) AS first
FROM events AS e
GROUP BY e.activity, e.is_before, e.ended, e.is_after, e.stretch""",
        parameters.values,
    ).to_pandas()
    return found
