"""Wins that were recorded only from some day on, or only until some day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.guards.finding import Finding, number
from calibrate.observation import Observation
from calibrate.observation.statements import Parameters
from calibrate.stats.survival import kaplan_meier

__all__ = ["WinsNotRecorded", "wins_not_recorded"]

_DAY = dt.timedelta(days=1)
_EXPECTED = 20.0
_MIN_CONVERTED = 20
_MIN_GAP = 7.0  # days; no win over a long weekend says nothing


@dataclass(frozen=True, kw_only=True)
class WinsNotRecorded(Finding):
    """A time without a single win, at the start or the end of the data, when many were due.

    Parameters
    ----------
    n_expected : float
        Wins to be expected in it.
    n_leads : int
        Leads of the fit period that it concerns.
    """

    guard: str = "wins not recorded"
    n_expected: float = 0.0
    n_leads: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class _Wins:
    """Days since the first lead: creation of each lead, its win (nan), the export."""

    created: NDArray[np.float64]
    won: NDArray[np.float64]
    as_of: float
    start: dt.datetime

    @property
    def first(self) -> float:
        return float(np.nanmin(self.won))

    @property
    def last(self) -> float:
        return float(np.nanmax(self.won))

    def date(self, day: float) -> dt.date:
        return (self.start + day * _DAY).date()


def wins_not_recorded(obs: Observation) -> list[Finding]:
    """Find a start, or an end, of the data without a win although many were due.

    Parameters
    ----------
    obs : Observation
        All leads of its history are looked at; the finding tells how many of its fit period
        are concerned, and is none where that is nobody.

    Returns
    -------
    list of WinsNotRecorded
        ``likely``.

    Notes
    -----
    How soon leads convert is learned (Kaplan-Meier, F) from the leads created since the first
    win. The wins due before it are the sum of F(first win - created) over the leads created
    before. Wins that come at random at the pace expected leave a gap with so many due with
    probability exp(-due); from 20 due on (two in a billion) a change of pace is no answer
    either. At the end likewise, with the leads that had not converted by the last win, F
    being learned from what was known then. Gaps of under a week say nothing.
    """
    wins = _wins(obs)
    if wins is None:
        return []
    return [*_before_the_first(obs, wins), *_after_the_last(obs, wins)]


def _before_the_first(obs: Observation, wins: _Wins) -> list[Finding]:
    since = wins.created >= wins.first
    early = wins.created[~since]
    due = _share_by(wins, since, wins.first - early, until=wins.as_of).sum()
    created = _created(obs)
    n = int((created < np.datetime64(wins.start + wins.first * _DAY)).sum())
    if due < _EXPECTED or n == 0 or wins.first < _MIN_GAP:
        return []
    return [
        WinsNotRecorded(
            severity="likely",
            what=(
                f"no win is recorded before {wins.date(wins.first)}, though leads came in from "
                f"{wins.date(0)} on; about {number(round(due))} were due by then, judging by the "
                "leads that came later"
            ),
            how_sure="chance leaves no such gap; but sales may really have begun then",
            effect=(
                f"{number(n)} of {number(len(created))} leads of the fit period were created "
                "before: their early wins are missing, and the quarters of then look worse than "
                "they were"
            ),
            action=f"let period and fit_period start on {wins.date(wins.first)} or later",
            n_expected=float(due),
            n_leads=n,
        )
    ]


def _after_the_last(obs: Observation, wins: _Wins) -> list[Finding]:
    if wins.as_of - wins.last < _MIN_GAP:
        return []
    known = wins.created <= wins.last
    waiting = wins.created[~(wins.won <= wins.as_of)]  # nan: not won
    by_end = _share_by(wins, known, wins.as_of - waiting, until=wins.last)
    so_far = np.ceil(np.maximum(wins.last - waiting, 0))  # whole days, so that less is due
    by_last = np.minimum(_share_by(wins, known, so_far, until=wins.last), by_end)
    due = float(((by_end - by_last) / np.maximum(1 - by_last, 1e-9)).sum())
    created = _created(obs)
    horizon = obs.horizon / _DAY
    edge = np.datetime64(wins.start + (wins.last - horizon) * _DAY)
    n = int((created > edge).sum())
    if due < _EXPECTED or n == 0:
        return []
    return [
        WinsNotRecorded(
            severity="likely",
            what=(
                f"no win is recorded after {wins.date(wins.last)}, though the data reach to "
                f"{wins.date(wins.as_of)}; about {number(round(due))} were due since"
            ),
            how_sure="chance leaves no such gap; the wins may have been exported earlier",
            effect=(
                f"{number(n)} of {number(len(created))} leads of the fit period could still "
                "convert then: they look worse than they are"
            ),
            action=f'export the wins again, or say as_of = "{wins.date(wins.last)}"',
            n_expected=due,
            n_leads=n,
        )
    ]


def _share_by(
    wins: _Wins, chosen: NDArray[np.bool_], days: NDArray[np.float64], *, until: float
) -> NDArray[np.float64]:
    """Share of the chosen leads that converts within each number of days, as known at `until`."""
    created, won = wins.created[chosen], wins.won[chosen]
    converted = won <= until
    watched = np.where(converted, np.maximum(won - created, 0), until - created)
    whole = np.floor(days).astype(np.int64)
    grid = np.unique(whole)
    if not converted.any() or not len(grid):
        return np.zeros(len(days))
    survival = kaplan_meier(grid, watched, converted).survival
    return np.asarray(1 - np.atleast_1d(survival)[np.searchsorted(grid, whole)])


def _created(obs: Observation) -> NDArray[np.datetime64]:
    created = obs.fitting.table["created_at"].to_numpy(dtype="datetime64[us]")
    return np.asarray(created)


def _wins(obs: Observation) -> _Wins | None:
    parameters = Parameters()
    as_of = parameters.moment(obs.history.as_of)
    found = obs.history.engine.query(
        f"""
SELECT l.created_at,
    CASE WHEN l.outcome = 'converted' AND l.closed_at <= {as_of} THEN l.closed_at END AS won
FROM leads AS l
WHERE l.created_at <= {as_of}""",
        parameters.values,
    ).to_pandas()
    start = found["created_at"].min()
    if obs.history.as_of is None or found["won"].notna().sum() < _MIN_CONVERTED:
        return None
    day = np.timedelta64(1, "D")
    return _Wins(
        created=((found["created_at"] - start) / day).to_numpy(dtype=float),
        won=((found["won"] - start) / day).to_numpy(dtype=float),
        as_of=(obs.history.as_of - start.to_pydatetime()) / _DAY,
        start=start.to_pydatetime(),
    )
