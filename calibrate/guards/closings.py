"""Activities that are the closing itself, written into the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from calibrate.guards.finding import Finding, number, percent, quoted
from calibrate.guards.logged import (
    AT_CLOSING,
    FREE,
    LATER,
    NEAR,
    SEVERAL,
    SLOW,
    LoggedEvents,
    logged_events,
)
from calibrate.observation import Observation
from calibrate.observation.statements import Parameters

__all__ = ["ClosingLogged", "closing_logged"]

_MIN_EVENTS, _MIN_LEADS = 20, 20
_NEARLY_ALL, _ALL = 0.90, 0.99


@dataclass(frozen=True, kw_only=True)
class ClosingLogged(Finding):
    """An activity that is logged at the closing, or only after it.

    Parameters
    ----------
    n : int
        Its events on leads that took at least three days to close, or are open.
    n_at_closing, n_later : int
        Those of them within a day of a closing, and those later.
    """

    leaks: ClassVar[bool] = True

    guard: str = "the closing logged as an activity"
    n: int = 0
    n_at_closing: int = 0
    n_later: int = 0


def closing_logged(obs: Observation, log: LoggedEvents | None = None) -> list[Finding]:
    """Find activities whose events lie almost only at the closing of their lead, or after it.

    Parameters
    ----------
    obs : Observation
        All events of its history up to as_of are looked at.
    log : LoggedEvents, optional
        Those, where they are counted already.

    Returns
    -------
    list of ClosingLogged
        ``certain`` where 99 % of the events lie so, and ``likely`` from 90 %, if most of them
        lie within a day of the closing; in a ``note``, activities that come later still:
        what customers do.

    Notes
    -----
    An event is free if some lead of its key could have had it long before its closing: the
    event lies more than a day before the closing, or the lead is open, and not before the
    lookback. Leads closed within three days of creation say nothing, since everything they
    did lies near their closing; events of keys with such leads alone are not counted. At
    least 20 events on 20 keys.
    """
    counted = _counted(obs, log or logged_events(obs))
    rows = [row for row in counted if row["activity"] in obs.activities and _is_bound(row)]
    later = [row for row in rows if row["n_near"] < row["n_bound"] / 2]
    found = [_closing(row) for row in rows if row not in later]
    return [*found, *_afterwards(later)]


def _is_mostly_bound(row: dict[str, Any]) -> bool:
    return row["n"] >= _MIN_EVENTS and bool(row["n_bound"] >= _NEARLY_ALL * row["n"])


def _is_bound(row: dict[str, Any]) -> bool:
    return _is_mostly_bound(row) and bool(row["n_keys"] >= _MIN_LEADS)


def _closing(row: dict[str, Any]) -> Finding:
    n, bound = row["n"], row["n_bound"]
    certain = bound >= _ALL * n
    return ClosingLogged(
        severity="certain" if certain else "likely",
        what=(
            f'{number(bound)} of {number(n)} events "{row["activity"]}" ({percent(bound / n)}) '
            "lie within a day before the closing of their lead, or after it"
        ),
        how_sure=(
            "counted, on leads that took three days or more to close or are open: it is part of "
            "the closing, or follows from it"
        ),
        effect="counted, it would be the best sign there is, on the day when it is of no use",
        action="leave these events out of the export, or exclude them under [activities]",
        columns=(str(row["activity"]),),
        n=n,
        n_at_closing=row["n_near"],
        n_later=bound - row["n_near"],
    )


def _afterwards(rows: list[dict[str, Any]]) -> list[Finding]:
    if not rows:
        return []
    names = [str(row["activity"]) for row in rows]
    n, bound, near = (sum(row[key] for row in rows) for key in ("n", "n_bound", "n_near"))
    return [
        ClosingLogged(
            severity="note",
            what=(
                f"{quoted(names)}: {number(bound)} of {number(n)} events lie at the closing of "
                "their lead or after it, most of them later than a day after"
            ),
            how_sure="counted; customers do so, leads do not",
            effect="none: nothing after the cutoff counts; hardly a lead has any before",
            action="nothing",
            columns=tuple(names),
            n=n,
            n_at_closing=near,
            n_later=bound - near,
        )
    ]


def _counted(obs: Observation, log: LoggedEvents) -> list[dict[str, Any]]:
    """Count the events of each activity, and the keys of those that are bound to the closing."""
    rows = _of_one_lead(log)
    if (log.counts["stretch"] == SEVERAL).any():
        rows = _added(rows, _asked(obs, _EVENTS, alone=False))
    names = [row["activity"] for row in rows if _is_mostly_bound(row)]
    keys: dict[str, int] = {}
    if names:  # to count keys takes far longer than to count events
        keyed = "count(DISTINCT e.lead_key) FILTER (WHERE e.is_bound OR e.is_free) AS n_keys"
        counted = _asked(obs, keyed, activities=names)
        keys = {row["activity"]: row["n_keys"] for row in counted}
    return sorted(
        (row | {"n_keys": keys.get(row["activity"], 0)} for row in rows),
        key=lambda row: str(row["activity"]),
    )


_EVENTS = (
    "CAST(sum(CASE WHEN e.is_bound OR e.is_free THEN e.n ELSE 0 END) AS BIGINT) AS n, "
    "CAST(sum(CASE WHEN e.is_bound AND NOT e.is_free THEN e.n ELSE 0 END) AS BIGINT) "
    "AS n_bound, "
    "CAST(sum(CASE WHEN e.is_near AND NOT e.is_free THEN e.n ELSE 0 END) AS BIGINT) AS n_near"
)


def _of_one_lead(log: LoggedEvents) -> list[dict[str, Any]]:
    """Count the events of keys with one lead that says something, by activity."""
    said = log.counts[log.counts["stretch"].isin([FREE, AT_CLOSING, LATER])]
    n = said.groupby(["activity", "stretch"])["n"].sum().unstack(fill_value=0)
    n = n.reindex(columns=[FREE, AT_CLOSING, LATER], fill_value=0)
    return [
        {"activity": name, "n": free + near + later, "n_bound": near + later, "n_near": near}
        for name, free, near, later in n.itertuples()
    ]


def _added(rows: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add up the counts of each activity."""
    added = pd.DataFrame([*rows, *more]).groupby("activity", as_index=False).sum()
    found: list[dict[str, Any]] = added.to_dict("records")
    return found


def _asked(
    obs: Observation, what: str, *, activities: Sequence[str] | None = None, alone: bool = True
) -> list[dict[str, Any]]:
    """Return aggregates of the events (``e``) that say something, by activity.

    A key of one lead alone, as most are, needs no comparing of its leads, event by event;
    without `alone` they are left out.
    """
    parameters = Parameters()
    as_of = parameters.moment(obs.history.as_of)
    near, slow = parameters.span(NEAR), parameters.span(SLOW)
    lookback = parameters.span(obs.lookback)
    wanted, wanted_alone = f"a.occurred_at <= {as_of}", "" if alone else " AND FALSE"
    if activities is not None:
        wanted += f" AND a.activity IN ({', '.join(parameters.text(name) for name in activities)})"
    is_free = "a.occurred_at >= s.since AND coalesce(a.occurred_at < s.near_from, TRUE)"
    is_near = "coalesce(a.occurred_at >= s.near_from AND a.occurred_at < s.near_to, FALSE)"
    is_bound = "coalesce(a.occurred_at >= s.near_from, FALSE)"
    found: list[dict[str, Any]] = obs.history.engine.query(
        f"""
WITH spans AS (
    SELECT l.lead_row, l.lead_key, l.created_at, l.created_at - {lookback} AS since,
        CASE WHEN l.outcome <> 'open' AND l.closed_at <= {as_of} THEN l.closed_from END AS closed
    FROM leads AS l
    WHERE l.created_at <= {as_of} AND (l.outcome = 'open' OR l.closed_from IS NOT NULL)
),
slow AS (
    SELECT s.lead_row, s.lead_key, s.since, s.closed - {near} AS near_from,
        s.closed + {near} + {near} AS near_to
    FROM spans AS s
    WHERE s.closed IS NULL OR s.closed - s.created_at >= {slow}
),
alone AS (
    SELECT s.lead_key, max(s.since) AS since, max(s.near_from) AS near_from,
        max(s.near_to) AS near_to
    FROM slow AS s
    GROUP BY s.lead_key
    HAVING count(*) = 1
),
several AS (
    SELECT s.lead_key, s.since, s.near_from, s.near_to,
        row_number() OVER (PARTITION BY s.lead_key ORDER BY s.lead_row) AS place
    FROM slow AS s
    JOIN (SELECT o.lead_key FROM slow AS o GROUP BY o.lead_key HAVING count(*) > 1) AS k
        ON k.lead_key = s.lead_key
),
events AS (
    SELECT a.activity, a.lead_key, 1 AS n, {is_free} AS is_free, {is_near} AS is_near,
        {is_bound} AS is_bound
    FROM activities AS a
    JOIN alone AS s ON s.lead_key = a.lead_key
    WHERE {wanted}{wanted_alone}
    UNION ALL
    SELECT a.activity, a.lead_key, count(*) FILTER (WHERE s.place = 1) AS n,
        bool_or({is_free}) AS is_free, bool_or({is_near}) AS is_near,
        bool_or({is_bound}) AS is_bound
    FROM activities AS a
    JOIN several AS s ON s.lead_key = a.lead_key
    WHERE {wanted}
    GROUP BY a.activity, a.lead_key, a.occurred_at
)
SELECT CAST(e.activity AS VARCHAR) AS activity, {what}
FROM events AS e
GROUP BY e.activity""",
        parameters.values,
    ).to_pylist()
    return found
