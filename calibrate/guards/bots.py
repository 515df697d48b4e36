"""Activity that no person did: link scanners that click within seconds, and never open."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.guards.finding import Finding, number, percent, points
from calibrate.observation import Observation
from calibrate.observation.statements import Parameters, span_sql, units_sql

__all__ = [
    "Bots",
    "bots",
]

_BURST = dt.timedelta(seconds=5)
_MIN_LEADS = 10
_MIN_SHARE_BURSTS = 0.01
_MIN_SHARE_UNOPENED = 0.10


@dataclass(frozen=True, kw_only=True)
class Bots(Finding):
    """Activity that link scanners did, not people."""

    guard: str = "bots"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Suspects:
    """Which leads of the table are suspected of one activity, and why."""

    activity: str
    doers: NDArray[np.bool_]
    bursting: NDArray[np.bool_]
    remaining: NDArray[np.int64]  # events outside bursts
    unopened: NDArray[np.bool_]
    opens: str | None


def bots(obs: Observation) -> list[Finding]:
    """Find activities done in bursts within seconds, or clicked without being opened."""
    opens = _opens_of_clicks(obs.activities)
    bursts = _bursts(obs)
    found = []
    for activity in obs.activities:
        if activity in bursts or activity in opens:
            finding = _finding(obs, _suspects(obs, activity, bursts, opens))
            found.extend([finding] if finding else [])
    return found


def _suspects(
    obs: Observation,
    activity: str,
    bursts: dict[str, NDArray[np.int64]],
    opens: dict[str, str],
) -> _Suspects:
    table = obs.table
    counts = table[activity].to_numpy()
    in_bursts = bursts.get(activity, np.zeros(len(table), dtype=np.int64))
    opened = opens.get(activity)
    unopened = (counts > 0) & (table[opened].to_numpy() == 0) if opened else counts < 0
    return _Suspects(
        activity=activity,
        doers=counts > 0,
        bursting=in_bursts > 0,
        remaining=counts - in_bursts,
        unopened=unopened,
        opens=opened,
    )


def _finding(obs: Observation, suspects: _Suspects) -> Finding | None:
    n_doers = int(suspects.doers.sum())
    n_bursting, n_unopened = int(suspects.bursting.sum()), int(suspects.unopened.sum())
    has_bursts = n_bursting >= max(_MIN_LEADS, _MIN_SHARE_BURSTS * n_doers)
    has_unopened = n_unopened >= max(_MIN_LEADS, _MIN_SHARE_UNOPENED * n_doers)
    if not (has_bursts or has_unopened):
        return None
    signs = []
    if has_bursts:
        signs.append(
            f"{number(n_bursting)} of {number(n_doers)} leads ({percent(n_bursting / n_doers)}) "
            f"did it three times or more within {_BURST.seconds} seconds"
        )
    if has_unopened:
        signs.append(
            f"{number(n_unopened)} ({percent(n_unopened / n_doers)}) did it "
            f'without a single "{suspects.opens}"'
        )
    return Bots(
        severity="likely" if has_bursts else "note",
        what=f'"{suspects.activity}": {", and ".join(signs)}',
        how_sure=(
            "link scanners of mail servers do so, people do not"
            if has_bursts
            else "link scanners do so, but so do people whose mail program hides that they opened"
        ),
        effect=_counterfactual(obs, suspects, has_bursts=has_bursts),
        action="leave these events out of the export, or ask for the tool's own bot filter",
        columns=(suspects.activity,),
    )


def _counterfactual(obs: Observation, suspects: _Suspects, *, has_bursts: bool) -> str:
    table = obs.table
    rows = (table["at_landmark"] & (table["weight"] > 0)).to_numpy()
    converted = table["converted"].to_numpy(dtype=bool, na_value=False)
    people = suspects.remaining > 0 if has_bursts else suspects.doers & ~suspects.unopened
    everybody, person = rows & suspects.doers, rows & people
    if not everybody.any() or not person.any():
        return "what is left without them is too little to compare"
    control = converted[rows].mean()
    return (
        f"against the control rate, those who did it are at "
        f"{points(converted[everybody].mean() - control)}; without these events, at "
        f"{points(converted[person].mean() - control)}"
    )


def _bursts(obs: Observation) -> dict[str, NDArray[np.int64]]:
    """Events a lead in bursts, by activity, where times are known to the second."""
    parameters = Parameters()
    units = units_sql(obs.scope, parameters)
    span = span_sql(obs.scope, parameters)
    near = parameters.span(_BURST)
    found = obs.history.engine.query(
        f"""
WITH {units},
places AS (
    SELECT u.lead_row, row_number() OVER (ORDER BY u.lead_row) - 1 AS place FROM units AS u
),
events AS (
    SELECT u.lead_row, a.activity, a.occurred_at,
        lag(a.occurred_at, 2) OVER w AS second_before, lag(a.occurred_at) OVER w AS before,
        lead(a.occurred_at) OVER w AS after, lead(a.occurred_at, 2) OVER w AS second_after
    FROM units AS u
    JOIN activities AS a ON a.lead_key = u.lead_key
    WHERE {span}
    WINDOW w AS (PARTITION BY u.lead_row, a.activity ORDER BY a.occurred_at)
),
timed AS (
    SELECT e.activity FROM events AS e
    GROUP BY e.activity
    HAVING count(*) FILTER (WHERE date_part('second', e.occurred_at) <> 0) >= 0.5 * count(*)
)
SELECT p.place, e.activity, count(*) AS n
FROM events AS e
JOIN places AS p ON p.lead_row = e.lead_row
JOIN timed AS t ON t.activity = e.activity
WHERE e.second_after - e.occurred_at <= {near} OR e.after - e.before <= {near}
    OR e.occurred_at - e.second_before <= {near}
GROUP BY p.place, e.activity
ORDER BY e.activity, p.place""",
        parameters.values,
    )
    place, n = found["place"].to_numpy(), found["n"].to_numpy()
    activity = np.asarray(found["activity"].to_pylist(), dtype=object)
    bursts = {}
    for name in dict.fromkeys(activity):
        counts = np.zeros(len(obs.table), dtype=np.int64)
        counts[place[activity == name]] = n[activity == name]
        bursts[str(name)] = counts
    return bursts


def _opens_of_clicks(activities: tuple[str, ...]) -> dict[str, str]:
    """Pair each click with the open of the same thing, by their names."""
    opens = {name: _subject(name, "open") for name in activities if "open" in name.lower()}
    pairs = {}
    for click in activities:
        if "click" not in click.lower():
            continue
        subject = _subject(click, "click")
        shared = {
            name: len(subject & other) - len(subject ^ other) / 10
            for name, other in opens.items()
            if subject & other or not (subject or other)
        }
        if shared:
            pairs[click] = max(sorted(shared), key=lambda name: shared[name])
    return pairs


def _subject(name: str, verb: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+", name.lower().replace("e-mail", "email"))
    return frozenset(word for word in words if not word.startswith(verb))
