"""Events that no person did: in bursts, right after a mail was sent, in one second for many."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.guards.closeness import close_events
from calibrate.observation import Observation
from calibrate.observation.statements import Parameters, counted_for, span_sql, units_sql

__all__ = ["BURST", "SAME_SECOND", "SOON", "MachineEvents", "machine_events", "partners"]

BURST, SOON, SAME_SECOND = 1, 2, 4
"""What is odd about an event; an event may be several of them."""

SECONDS = dt.timedelta(seconds=5)
SAME = 10  # leads with the same activity in the same second
_BUSY, _CROWDED, _SUSPECTED = "busy_seconds", "crowded_seconds", "suspected_leads"


@dataclass(frozen=True, eq=False, kw_only=True)
class MachineEvents:
    """Odd events of one activity, counted by lead and by what is odd about them.

    Attributes
    ----------
    n_leads : int
        Rows of the observation's table.
    place : ndarray of int
        Row of the table.
    signs : ndarray of int
        Sum of `BURST`, `SOON` and `SAME_SECOND`.
    n : ndarray of int
        Events.
    """

    n_leads: int
    place: NDArray[np.int64]
    signs: NDArray[np.int64]
    n: NDArray[np.int64]

    def counts(self, signs: int) -> NDArray[np.int64]:
        """Return each lead's number of events with one of these signs or several."""
        odd = (self.signs & signs) > 0
        return np.bincount(self.place[odd], self.n[odd], minlength=self.n_leads).astype(np.int64)


def machine_events(obs: Observation, sent: Mapping[str, str]) -> dict[str, MachineEvents]:
    """Count the odd events of each activity whose times are known to the second.

    Parameters
    ----------
    obs : Observation
        At one landmark.
    sent : mapping of str to str
        Of opens and clicks the activity that says that the mail was sent.

    Returns
    -------
    dict of str to MachineEvents
        Activities with an odd event.

    Notes
    -----
    Odd are three events of a lead within five seconds, an event within five seconds after the
    mail was sent, and an activity of ten leads or more in the same second (and ten times as
    many as that hour's events would give on average). Sending itself is never odd.
    """
    engine = obs.history.engine
    close = close_events(obs, same=SAME, near=SECONDS)
    if not close.timed:
        return {}
    lead_rows = _lead_rows(obs)
    engine.register(_CROWDED, _crowded(obs, close.busy))
    try:
        looked_at = lead_rows if sent else _suspected(obs, close.lead_rows)
        engine.register(_SUSPECTED, pa.table({"lead_row": looked_at}))
        found = engine.query(*_signs_statement(obs, sent, close.timed))
    finally:
        engine.unregister(_CROWDED)
        engine.unregister(_SUSPECTED)
    activity = np.asarray(found["activity"].to_pylist(), dtype=object)
    place = np.searchsorted(lead_rows, _integers(found, "lead_row"))
    signs, n = _integers(found, "signs"), _integers(found, "n")
    events = {}
    for name in sorted(set(activity)):
        chosen = activity == name
        events[str(name)] = MachineEvents(
            n_leads=len(obs.table), place=place[chosen], signs=signs[chosen], n=n[chosen]
        )
    return events


def partners(activities: tuple[str, ...], verb: str, others: tuple[str, ...]) -> dict[str, str]:
    """Pair each activity of a verb with one of another verb about the same thing, by names.

    Parameters
    ----------
    activities : tuple of str
    verb : str
        What the activities to be paired are called, such as ``"click"``.
    others : tuple of str
        What their partners may be called, such as ``("sent", "deliver")``.

    Returns
    -------
    dict of str to str
        Activities without a partner are left out.

    Examples
    --------
    >>> partners(("email_click", "ad_click", "email_open"), "click", ("open",))
    {'email_click': 'email_open'}
    """
    known = {name: _subject(name, others) for name in activities if _has(name, others)}
    pairs = {}
    for name in activities:
        if not _has(name, (verb,)):
            continue
        subject = _subject(name, (verb,))
        shared = {
            other: len(subject & about) - len(subject ^ about) / 10
            for other, about in known.items()
            if subject & about or not (subject or about)
        }
        if shared:
            pairs[name] = max(sorted(shared), key=lambda other: shared[other])
    return pairs


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", name.lower().replace("e-mail", "email"))


def _has(name: str, verbs: tuple[str, ...]) -> bool:
    return any(word.startswith(verbs) for word in _words(name))


def _subject(name: str, verbs: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for word in _words(name) if not word.startswith(verbs))


def _integers(found: pa.Table, name: str) -> NDArray[np.int64]:
    return np.asarray(found[name].to_numpy(), dtype=np.int64)


def _lead_rows(obs: Observation) -> NDArray[np.int64]:
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    sql = f"WITH {units} SELECT u.lead_row FROM units AS u"
    found = obs.history.engine.query(sql, parameters.values)
    return np.sort(_integers(found, "lead_row"))


def _crowded(obs: Observation, busy: pa.Table) -> pa.Table:
    """Return the busy seconds in which far more leads than that hour's average did an activity."""
    engine = obs.history.engine
    if not len(busy):
        return busy
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    lead, events = counted_for(obs.scope, parameters)
    names = ", ".join(parameters.text(name) for name in sorted(set(busy["activity"].to_pylist())))
    same = parameters.bind(SAME, "BIGINT")
    engine.register(_BUSY, busy)
    try:
        found = engine.query(
            f"""
WITH {units},
events AS (
    SELECT {lead} AS lead_row, u.lead_key, a.activity,
        date_trunc('second', a.occurred_at) AS second
    FROM {events}
    WHERE a.activity IN ({names})
),
seconds AS (
    SELECT e.activity, e.second, count(DISTINCT e.lead_key) AS n
    FROM events AS e
    JOIN {_BUSY} AS b ON b.activity = e.activity AND b.second = e.second
    WHERE e.lead_row IS NOT NULL
    GROUP BY e.activity, e.second
    HAVING count(DISTINCT e.lead_key) >= {same}
),
hours AS (
    SELECT e.activity, date_trunc('hour', e.second) AS hour, count(e.lead_row) AS n
    FROM events AS e
    GROUP BY e.activity, date_trunc('hour', e.second)
)
SELECT CAST(s.activity AS VARCHAR) AS activity, s.second
FROM seconds AS s
JOIN hours AS h ON h.activity = s.activity AND h.hour = date_trunc('hour', s.second)
WHERE s.n >= {same} * h.n / 3600.0""",
            parameters.values,
        )
    finally:
        engine.unregister(_BUSY)
    return found.cast(busy.schema)


def _suspected(obs: Observation, close: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the leads that could have an odd event: three close together, or a crowded second."""
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    lead, events = counted_for(obs.scope, parameters)
    found = obs.history.engine.query(
        f"""
WITH {units}
SELECT DISTINCT coalesce({lead}, -1) AS lead_row
FROM {events}
JOIN {_CROWDED} AS c ON c.activity = a.activity AND c.second = date_trunc('second', a.occurred_at)
""",
        parameters.values,
    )
    crowded = _integers(found, "lead_row")
    return np.union1d(close, crowded[crowded >= 0])


def _signs_statement(
    obs: Observation, sent: Mapping[str, str], timed: Sequence[str]
) -> tuple[str, list[object]]:
    """Return the statement for the odd events of the leads looked at, counted by what is odd."""
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    span = span_sql(obs.scope, parameters)
    near = parameters.span(SECONDS)
    soon = _soon_sql(sent, near, parameters)
    sends = set(sent.values())
    known = ", ".join(parameters.text(name) for name in sorted({*timed, *sends}))
    judged = ", ".join(parameters.text(name) for name in timed if name not in sends) or "NULL"
    return (
        f"""
WITH {units},
events AS (
    SELECT u.lead_row, a.activity, a.occurred_at,
        date_trunc('second', a.occurred_at) AS second
    FROM units AS u
    JOIN {_SUSPECTED} AS s ON s.lead_row = u.lead_row
    JOIN activities AS a ON a.lead_key = u.lead_key
    WHERE {span} AND a.activity IN ({known})
),
around AS (
    SELECT e.lead_row, e.activity, e.second, e.occurred_at,
        lag(e.occurred_at, 2) OVER w AS second_before, lag(e.occurred_at) OVER w AS before,
        lead(e.occurred_at) OVER w AS after, lead(e.occurred_at, 2) OVER w AS second_after,
        {soon} AS soon
    FROM events AS e
    WINDOW w AS (PARTITION BY e.lead_row, e.activity ORDER BY e.occurred_at)
),
signs AS (
    SELECT a.lead_row, a.activity,
        CASE WHEN a.second_after - a.occurred_at <= {near} OR a.after - a.before <= {near}
            OR a.occurred_at - a.second_before <= {near} THEN {BURST} ELSE 0 END
        + CASE WHEN a.soon THEN {SOON} ELSE 0 END
        + CASE WHEN c.second IS NOT NULL THEN {SAME_SECOND} ELSE 0 END AS signs
    FROM around AS a
    LEFT JOIN {_CROWDED} AS c ON c.activity = a.activity AND c.second = a.second
    WHERE a.activity IN ({judged})
)
SELECT s.lead_row, CAST(s.activity AS VARCHAR) AS activity, s.signs, count(*) AS n
FROM signs AS s
WHERE s.signs > 0
GROUP BY s.lead_row, s.activity, s.signs""",
        parameters.values,
    )


def _soon_sql(sent: Mapping[str, str], near: str, parameters: Parameters) -> str:
    """Return whether the mail that an event (``e``) is about was sent just before."""
    conditions = []
    for name in sorted(set(sent.values())):
        about = [activity for activity in sorted(sent) if sent[activity] == name]
        of_it = ", ".join(parameters.text(activity) for activity in about)
        conditions.append(
            f"(e.activity IN ({of_it}) AND count(*) FILTER "
            f"(WHERE e.activity = {parameters.text(name)}) OVER (PARTITION BY e.lead_row "
            f"ORDER BY e.occurred_at RANGE BETWEEN {near} PRECEDING AND CURRENT ROW) > 0)"
        )
    return " OR ".join(conditions) or "FALSE"
