"""What is wrong with the activity log: late start, gaps, events after the closing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.guards.finding import Finding, number, percent
from calibrate.guards.logged import LoggedEvents, logged_events
from calibrate.history import History
from calibrate.observation import Observation
from calibrate.observation.statements import Parameters

__all__ = [
    "ActivityAfterClosing",
    "LogStartsLate",
    "WeeksMissing",
    "activity_after_closing",
    "log_starts_late",
    "weeks_missing",
]

_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(days=7)
_BUSY_WEEK = 20  # a Poisson count of mean 20 is 0 once in 500 million weeks
_NEIGHBOURS = 4


@dataclass(frozen=True, kw_only=True)
class ActivityAfterClosing(Finding):
    """Events at or after the closing of their lead."""

    guard: str = "activity after closing"


@dataclass(frozen=True, kw_only=True)
class LogStartsLate(Finding):
    """The log does not reach back to where leads are first looked at."""

    guard: str = "log starts late"


@dataclass(frozen=True, kw_only=True)
class WeeksMissing(Finding):
    """Whole weeks without an event among busy ones."""

    guard: str = "weeks missing in the log"


def activity_after_closing(obs: Observation, log: LoggedEvents | None = None) -> list[Finding]:
    """Count events at or after the closing of every lead they could belong to."""
    closed = (log or logged_events(obs)).of_closed
    won, after = closed["is_won"], closed["is_after"].eq(True)
    chosen = {"n": won | ~won, "n_won": won, "n_after": after, "n_won_after": after & won}
    row = {name: int(closed.loc[rows, "n"].sum()) for name, rows in chosen.items()}
    if not row["n_after"]:
        return []
    lost, lost_after = row["n"] - row["n_won"], row["n_after"] - row["n_won_after"]
    return [
        ActivityAfterClosing(
            severity="note",
            what=(
                f"{number(row['n_after'])} events lie at or after the closing of their lead: "
                f"{_share(row['n_won_after'], row['n_won'])} of the events of won leads, "
                f"{_share(lost_after, lost)} of those of lost ones"
            ),
            how_sure="counted",
            effect=(
                "counted, they would reward what customers do after buying; "
                "features end at the cutoff, so they do not count"
            ),
            action="nothing: they are left out",
        )
    ]


def log_starts_late(obs: Observation, log: LoggedEvents | None = None) -> list[Finding]:
    """Compare the start of the log with the first moment at which a lead is looked at."""
    first_lead, first_event, has_before = _starts(obs.history, log or logged_events(obs))
    if first_lead is None or first_event is None:
        return []
    needed = first_lead - obs.lookback if has_before else first_lead
    if first_event - needed <= _DAY:
        return []
    created = obs.fitting.table["created_at"]
    since = first_event + obs.lookback if has_before else first_event
    n = int((created < since).sum())
    if n == 0:
        return []
    late = first_event > first_lead
    return [
        LogStartsLate(
            severity="likely" if first_event - first_lead > _WEEK else "note",
            what=(
                f"the activity log starts on {first_event:%Y-%m-%d}, "
                + (
                    f"{(first_event - first_lead) / _DAY:.1f} days after the first lead"
                    if late
                    else f"{(first_event - needed) / _DAY:.0f} days after the lookback of the "
                    "first lead"
                )
            ),
            how_sure="counted",
            effect=(
                f"{number(n)} of {number(len(created))} leads of the fit period were created "
                "before it could show all of their activity: they look less active than they were"
            ),
            action="shorten the lookback, or let the fit period start later",
        )
    ]


def weeks_missing(obs: Observation, log: LoggedEvents | None = None) -> list[Finding]:
    """Look for whole weeks without an event among busy ones."""
    weeks = _events_a_week(obs, log or logged_events(obs))
    if len(weeks) < 3:
        return []
    counts = np.array([n for _, n in weeks])
    empty = [
        week
        for i, (week, n) in enumerate(weeks)
        if n == 0 and _median_around(counts, i) >= _BUSY_WEEK
    ]
    if not empty:
        return []
    shown = ", ".join(f"{week:%Y-%m-%d}" for week in empty[:4])
    more = f" and {len(empty) - 4} more" if len(empty) > 4 else ""
    return [
        WeeksMissing(
            severity="likely",
            what=f"{len(empty)} weeks hold no event at all (weeks of {shown}{more})",
            how_sure=(
                f"the weeks around them hold {_BUSY_WEEK} or more; "
                "a silent week by chance is all but impossible, a holiday is not"
            ),
            effect="leads of these weeks look inactive",
            action="export the log again, or leave these weeks out of the fit period",
        )
    ]


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else "none"


def _starts(
    history: History, log: LoggedEvents
) -> tuple[dt.datetime | None, dt.datetime | None, bool]:
    parameters = Parameters()
    as_of = parameters.moment(history.as_of)
    first_lead = history.engine.query(
        f"SELECT min(l.created_at) AS first FROM leads AS l WHERE l.created_at <= {as_of}",
        parameters.values,
    ).to_pylist()[0]["first"]
    events = log.counts
    if events.empty:
        return first_lead, None, False
    return first_lead, events["first"].min().to_pydatetime(), bool(events["is_before"].any())


def _events_a_week(obs: Observation, log: LoggedEvents) -> list[tuple[dt.date, int]]:
    """Whole weeks, from the first event to the landmark of the last lead or as_of."""
    history = obs.history
    last = obs.fitting.table["created_at"].max()
    if log.by_day.empty or history.as_of is None or last != last:  # noqa: PLR0124  (NaT)
        return []
    by_day = log.by_day
    days = by_day.index.get_level_values("day")
    monday = days - pd.to_timedelta(days.day_of_week, unit="D")
    counts = {day.date(): int(n) for day, n in by_day.groupby(monday).sum().items()}
    end = min(history.as_of, last.to_pydatetime() + obs.observation_window).date()
    week, weeks = min(counts), []
    while week + _WEEK <= end:
        weeks.append((week, counts.get(week, 0)))
        week += _WEEK
    return weeks


def _median_around(counts: NDArray[np.int64], i: int) -> float:
    around = counts[max(0, i - _NEIGHBOURS) : i + _NEIGHBOURS + 1]
    around = around[around > 0]
    return float(np.median(around)) if len(around) else 0.0
