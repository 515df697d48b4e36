"""Rules about what leads did: how often, how much, how lately, on how many days, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibrate.candidates.candidate import Candidate, Extent, Flags, Floats
from calibrate.candidates.cuts import apart, distinct_cuts, total_cuts
from calibrate.criteria import Measure

__all__ = ["ActivityLog", "activity_candidates", "measures_wanted"]

COUNT_CUTS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)
WINDOWS = (90, 30, 14, 7, 3, 1)  # days
CLEARLY_FEWER = 2 / 3  # leads of the last window that the next may leave, for a person
WORTH_A_LINE = 2  # times the fewest leads
MAX_WINDOWS = 2  # of one activity, for a person
COUNTED_WINDOWS = (30, 7)  # in which a search counts events, too
SEVERAL = (2, 3, 5)
OTHERWISE = 0.8  # of the leads with as many events at any time, at most
MOST_ACTIVITIES = 20  # the most frequent, whose events a search counts in windows and by day
_EVERY = Measure(None)


@dataclass(frozen=True, eq=False, kw_only=True)
class ActivityLog:
    """What the leads' logs hold.

    Parameters
    ----------
    measures : mapping of Measure to ndarray
        Values of the leads; plain counts of every activity among them.
    reach : float
        Days before the cutoff at which the log of a lead begins.
    n : int
        Leads.
    """

    measures: Mapping[Measure, Floats]
    reach: float
    n: int

    def get(self, measure: Measure) -> Floats | None:
        """Return the values of a measure, if it was asked for."""
        return self.measures.get(measure)


def measures_wanted(
    activities: Sequence[str], with_values: Sequence[str], reach: float, extent: Extent
) -> list[Measure]:
    """Return what `activity_candidates` looks at beside plain counts.

    Parameters
    ----------
    activities : sequence of str
        The most frequent first.
    with_values : sequence of str
        Those whose events carry values.
    reach : float
        Days; windows as long tell nothing. 0 where nothing counts back from a cutoff.
    extent : Extent
    """
    wanted = [Measure(name, statistic="total") for name in with_values]
    if reach > WINDOWS[-1]:
        wanted += [Measure(name, statistic="recency") for name in activities]
    if extent.many:
        for name in activities[:MOST_ACTIVITIES]:
            wanted.append(Measure(name, statistic="days"))
            wanted += [Measure(name, within_days=d) for d in COUNTED_WINDOWS if d < reach]
    return wanted


def activity_candidates(activity: str, log: ActivityLog, extent: Extent) -> list[Candidate]:
    """Return the rules about one activity.

    Parameters
    ----------
    activity : str
    log : ActivityLog
    extent : Extent

    Returns
    -------
    list of Candidate
        How often; totals of the values; "within days"; and for a search several times within
        days, days with an event, and "nothing but".
    """
    counts = log.measures[Measure(activity)]
    n_met = {cut: int((counts >= cut).sum()) for cut in COUNT_CUTS}
    often = distinct_cuts(COUNT_CUTS, n_met, log.n, extent)
    found = [
        _candidate({"activity": activity, "at_least": cut}, n_met[cut], rank, counts >= cut)
        for rank, cut in enumerate(int(cut) for cut in often)
    ]
    totals = log.get(Measure(activity, statistic="total"))
    if totals is not None:
        found += [
            _candidate({"activity": activity, "total": cut}, n, 2 + rank, totals >= cut)
            for rank, (cut, n) in enumerate(total_cuts(totals, extent))
        ]
    found += _lately(activity, log, n_met[1], extent)
    if extent.many:
        found += _several_lately(activity, log, n_met, extent)
        found += _on_days(activity, log, n_met, extent)
        found += _nothing_else(activity, log, n_met[1], extent)
    return found


def _lately(activity: str, log: ActivityLog, n_doers: int, extent: Extent) -> Iterator[Candidate]:
    """Yield "within d days": the last event lies that near the cutoff."""
    recency = log.get(Measure(activity, statistic="recency"))
    if recency is None:
        return
    n_met = {days: int((recency <= days).sum()) for days in WINDOWS if days < log.reach}
    chosen: list[int] = []
    last = n_doers
    for days, n in n_met.items():
        fewer = WORTH_A_LINE * extent.min_leads <= n <= CLEARLY_FEWER * last
        if fewer and extent.allows(n, log.n) and len(chosen) < MAX_WINDOWS:
            chosen.append(days)
            last = n
    if extent.many:
        for days, n in n_met.items():
            others = [n_doers, *(n_met[other] for other in chosen)]
            if extent.allows(n, log.n) and days not in chosen and apart(n, others, log.n):
                chosen.append(days)
    for rank, days in enumerate(chosen):
        when = {"activity": activity, "at_least": 1, "within_days": days}
        yield _candidate(when, n_met[days], 1 + rank, recency <= days)


def _several_lately(
    activity: str, log: ActivityLog, n_ever: Mapping[int, int], extent: Extent
) -> Iterator[Candidate]:
    for days in COUNTED_WINDOWS:
        counts = log.get(Measure(activity, within_days=days))
        if counts is None:
            continue
        last = int((counts >= 1).sum())
        for rank, k in enumerate(SEVERAL):
            n = int((counts >= k).sum())
            fewer = n <= OTHERWISE * min(last, n_ever[k])
            if fewer and extent.allows(n, log.n):
                when = {"activity": activity, "at_least": k, "within_days": days}
                yield _candidate(when, n, 4 + rank, counts >= k)
                last = n


def _on_days(
    activity: str, log: ActivityLog, n_ever: Mapping[int, int], extent: Extent
) -> Iterator[Candidate]:
    counts = log.get(Measure(activity, statistic="days"))
    if counts is None:
        return
    last = n_ever[1]
    for rank, k in enumerate(SEVERAL):
        n = int((counts >= k).sum())
        if n <= OTHERWISE * min(last, n_ever[k]) and extent.allows(n, log.n):
            yield _candidate({"activity": activity, "days": k}, n, 5 + rank, counts >= k)
            last = n


def _nothing_else(
    activity: str, log: ActivityLog, n_doers: int, extent: Extent
) -> Iterator[Candidate]:
    counts, every = log.measures[Measure(activity)], log.get(_EVERY)
    if every is None:
        return
    only = (counts >= 1) & (counts == every)
    n = int(only.sum())
    if n <= OTHERWISE * n_doers and extent.allows(n, log.n):
        yield _candidate({"only": activity}, n, 6, only)


def _candidate(when: dict[str, Any], n_met: int, rank: int, flags: Flags) -> Candidate:
    packed = np.packbits(flags)  # many rules of many leads wait side by side
    return Candidate(
        when=when, group="engagement", n_met=n_met, rank=rank, flags=_unpacked(packed, len(flags))
    )


def _unpacked(packed: np.ndarray, n: int) -> Callable[[], Flags]:
    return lambda: np.unpackbits(packed, count=n).astype(bool)
