"""An activity that the CRM calls by another name from some day on."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.guards.finding import Finding, number
from calibrate.guards.logged import LoggedEvents, logged_events
from calibrate.guards.rates import GroupRate, Judged, judged
from calibrate.observation import Observation

__all__ = ["RenamedActivity", "renamed_activities"]

_MIN_EVENTS = 40  # on each side of the change, within the weeks compared
_SILENT = 15.0  # events to be expected in the silence: chance is silent once in 3 million times
_FEWEST_WEEKS, _MOST_WEEKS = 3, 8  # compared before and after the change
_OVERLAP, _GAP, _LONGEST_GAP = 2, 3, 14  # days
_GAPS = 10  # mean times between two events that may pass between the old name and the new
_VOLUME = 1.5
_SIMILAR = 2.0  # rates closer than this factor are similar, however surely they differ
_DIFFERENT = 0.05
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class RenamedActivity(Finding):
    """One activity stops as another starts: probably the same under a new name.

    Attributes
    ----------
    old, new : str
        Their names.
    changed_on : str
        Day of the first event under the new name.
    per_week_before, per_week_after : float
        Events a week under the old name before, and under the new after.
    """

    guard: str = "activity renamed"
    old: str = ""
    new: str = ""
    changed_on: str = ""
    per_week_before: float = float("nan")
    per_week_after: float = float("nan")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Log:
    """Events of each activity (rows) on each day (columns), from the first day of the log."""

    names: list[str]
    start: dt.date
    events: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Change:
    """An old and a new name, the first day of the new, and events a week on either side."""

    old: str
    new: str
    day: dt.date
    before: float
    after: float

    @property
    def nearness(self) -> tuple[int, float, str, str]:
        """Sorts the likeliest first: shared words, then the nearest volume."""
        shared = len(_words(self.old) & _words(self.new))
        return (-shared, abs(math.log(self.before / self.after)), self.old, self.new)


def renamed_activities(obs: Observation, log: LoggedEvents | None = None) -> list[Finding]:
    """Find activities that stop as another starts, done as often and bought after as often.

    Parameters
    ----------
    obs : Observation
    log : LoggedEvents, optional
        The events of its history, where they are counted already.

    Returns
    -------
    list of RenamedActivity
        In the order of the change.

    Notes
    -----
    An old and a new name are taken for the same activity where

    - the old one is silent to the end of the log, for so long that 15 events or more were to
      be expected, and the new one was silent as long before its first event;
    - the new one starts between two days before the last event of the old one and three days
      after it (or ten of its mean times between two events, at most 14 days);
    - in the three to eight weeks on either side there are 40 events or more, and the weekly
      numbers differ by a factor of 1.5 at most, but for their own standard error;
    - the leads that did one converted as often as those that did the other: less than a
      factor of two apart, or no evidence (p > 0.05) of a difference.

    Each name is used once; names with words in common, then the nearest volumes go first.
    Of 200 simulated companies with six activities, two of them ending and two starting on
    days of their own, 4 got a finding; of 100 with a renamed activity, 99 did.
    """
    if obs.history.is_wide or len(obs.activities) < 2:
        return []
    days = _log((log or logged_events(obs)).by_day)
    since = obs.fitting.period.start
    first = dt.date.min if since is None else (since - obs.lookback).date()
    changes = sorted(
        (change for change in _changes(days) if change.day >= first),
        key=lambda change: change.nearness,
    )
    leads, used, found = judged(obs), set[str](), []
    for change in changes:
        if change.old in used or change.new in used:
            continue
        rates = _rates(obs, leads, change)
        if rates is not None:
            used |= {change.old, change.new}
            found.append((change.day, change.old, _finding(change, rates)))
    return [finding for _, _, finding in sorted(found, key=lambda one: one[:2])]


def _log(by_day: pd.Series) -> _Log:
    place, names = pd.factorize(by_day.index.get_level_values("activity"), sort=True)
    days = by_day.index.get_level_values("day")
    start = days.min()
    column = (days - start).days.to_numpy()
    events = np.zeros((len(names), column.max() + 1), dtype=np.int64)
    events[place, column] = by_day.to_numpy()
    return _Log(names=[str(name) for name in names], start=start.date(), events=events)


def _changes(log: _Log) -> list[_Change]:
    """Return every pair that hands over from one day to another, at the same volume."""
    n_days = log.events.shape[1]
    seen = [np.flatnonzero(row) for row in log.events]
    stopping = [i for i, days in enumerate(seen) if n_days - 1 - days[-1] >= _GAP]
    starting = [i for i, days in enumerate(seen) if days[0] >= _GAP]
    found = []
    for old in stopping:
        for new in starting:
            first, last = int(seen[new][0]), int(seen[old][-1])
            if old == new or not last - _OVERLAP <= first <= last + _LONGEST_GAP:
                continue
            weeks = min(
                _MOST_WEEKS, (last - seen[old][0] + 1) // 7, (seen[new][-1] - first + 1) // 7
            )
            if weeks < _FEWEST_WEEKS:
                continue
            before = int(log.events[old, last - 7 * weeks + 1 : last + 1].sum())
            after = int(log.events[new, first : first + 7 * weeks].sum())
            if _hands_over(before / weeks, after / weeks, weeks, first, last, n_days):
                found.append(
                    _Change(
                        old=log.names[old],
                        new=log.names[new],
                        day=log.start + first * _DAY,
                        before=before / weeks,
                        after=after / weeks,
                    )
                )
    return found


def _hands_over(
    before: float, after: float, weeks: int, first: int, last: int, n_days: int
) -> bool:
    """Whether volumes a week are alike, the silences proven and the gap no longer than usual."""
    if min(before, after) * weeks < _MIN_EVENTS:
        return False
    error = math.sqrt(1 / (before * weeks) + 1 / (after * weeks))
    alike = abs(math.log(before / after)) <= math.log(_VOLUME) + error
    silent = min(before * (n_days - 1 - last), after * first) / 7 >= _SILENT
    return alike and silent and first - last <= max(_GAP, _GAPS * 7 / before)


def _rates(obs: Observation, leads: Judged, change: _Change) -> tuple[GroupRate, GroupRate] | None:
    """Return the conversion rates of those who did either, None where they surely differ."""
    did = [obs.rows[name].to_numpy()[leads.rows] > 0 for name in (change.old, change.new)]
    old, new = (leads.rate(met) for met in did)
    if min(old.n, new.n) == 0:
        return old, new
    near = max(old.rate, new.rate) < _SIMILAR * min(old.rate, new.rate)
    return (old, new) if near or leads.p_value(*did) > _DIFFERENT else None


def _finding(change: _Change, rates: tuple[GroupRate, GroupRate]) -> Finding:
    old, new = f'"{change.old}"', f'"{change.new}"'
    said = [rate.words() if rate.n else "too few leads to say" for rate in rates]
    return RenamedActivity(
        severity="likely",
        what=(
            f"{old} is not seen any more once {new} starts on {change.day:%Y-%m-%d}: "
            f"{number(round(change.before))} events a week before, "
            f"{number(round(change.after))} after"
        ),
        how_sure=(
            f"the same volume and no gap between them; of those who did {old}, {said[0]} "
            f"converted, of those who did {new}, {said[1]}; it may also be one campaign that "
            "follows another"
        ),
        effect=(
            f"each name is seen on a part of the leads only: no new lead can earn the points of "
            f"{old}, and {new} looks rarer, and less proven, than it is"
        ),
        action="give both the same name in the export, if somebody who knows the CRM agrees",
        columns=(change.old, change.new),
        old=change.old,
        new=change.new,
        changed_on=change.day.isoformat(),
        per_week_before=change.before,
        per_week_after=change.after,
    )


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", name.casefold()))
