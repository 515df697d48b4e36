"""Too few outcomes, too young leads, unequal observation."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from calibrate.guards.finding import Finding, number, percent
from calibrate.observation import Observation
from calibrate.stats.intervals import wilson

__all__ = [
    "ENOUGH",
    "FewConversions",
    "ImmatureLeads",
    "OneOutcome",
    "PlannedClosings",
    "UnequalObservation",
    "few_conversions",
    "immature_leads",
    "planned_closings",
    "unequal_observation",
    "what_can_be_said",
]

ENOUGH = 50
_MANY_IMMATURE = 0.25
_UNEQUAL = 0.10
_PLANNED = 0.01


@dataclass(frozen=True, kw_only=True)
class OneOutcome(Finding):
    """All leads, or none, converted."""

    guard: str = "one outcome only"


@dataclass(frozen=True, kw_only=True)
class FewConversions(Finding):
    """Fewer conversions, or fewer leads without, than a score needs."""

    guard: str = "too few conversions"


@dataclass(frozen=True, kw_only=True)
class ImmatureLeads(Finding):
    """Many leads are too young for their outcome to be known."""

    guard: str = "immature leads"


@dataclass(frozen=True, kw_only=True)
class UnequalObservation(Finding):
    """Converted and other leads were observed for different times."""

    guard: str = "unequal observation"


@dataclass(frozen=True, kw_only=True)
class PlannedClosings(Finding):
    """Closing dates that are plans, not events."""

    guard: str = "planned closings"


def few_conversions(obs: Observation) -> list[Finding]:
    """See whether 50 leads converted, and 50 did not."""
    leads = obs.at_landmark
    n, n_converted = len(leads), int(leads["converted"].sum())
    rare = min(n_converted, n - n_converted)
    if rare >= ENOUGH:
        return []
    if rare == 0:
        which = "none converted" if n_converted == 0 else "all converted"
        return [
            OneOutcome(
                severity="certain",
                what=f"of the {number(n)} mature leads at their landmark, {which}",
                how_sure="counted",
                effect="nothing can be compared: no lift, no points",
                action="check the mapping of outcome and closed_at, the period and the horizon",
            )
        ]
    return [
        FewConversions(
            severity="likely",
            what=(
                f"{number(n_converted)} of {number(n)} mature leads at their landmark converted; "
                f"a score needs at least {ENOUGH} that did and {ENOUGH} that did not"
            ),
            how_sure="counted",
            effect=what_can_be_said(n_converted, n),
            action="use a longer fit period, or wait for more outcomes",
        )
    ]


def what_can_be_said(n_converted: int, n: int) -> str:
    """Say what so few conversions can still show.

    Notes
    -----
    The log of a relative risk between two halves of the leads has variance of about
    ``4 / n_converted``, so that at 5 % significance a relative risk under
    ``exp((1.96 + 0.84) * 2 / sqrt(n_converted))`` is missed at least once in five times.

    Examples
    --------
    >>> what_can_be_said(16, 400)
    'the rate lies between 2.5% and 6.4%; a criterion met by half of the leads would have to \
convert 4.1 times as often to be noticed'
    """
    if n == 0:
        return "nothing: there is no mature lead"
    if n_converted == 0:
        upper = percent(float(wilson(0, n).upper))
        return f"the rate lies below {upper}; criteria cannot be compared"
    interval = wilson(n_converted, n)
    times = math.exp(2.8 * 2 / math.sqrt(min(n_converted, max(n - n_converted, 1))))
    return (
        f"the rate lies between {percent(float(interval.lower))} and "
        f"{percent(float(interval.upper))}; a criterion met by half of the leads would have to "
        f"convert {times:.1f} times as often to be noticed"
    )


def immature_leads(obs: Observation) -> list[Finding]:
    """See whether many leads are too young for their outcome to be known."""
    parts = [("period", obs), ("fit period", obs.fitting)][: 1 if obs.fitting is obs else 2]
    said, shares, known_on = [], [], []
    for name, part in parts:
        created, mature = part.table["created_at"], part.table["mature"]
        if len(mature) and (~mature).mean() >= _MANY_IMMATURE:
            said.append(
                f"{number((~mature).sum())} of the {number(len(mature))} leads of the {name} "
                f"({part.period.label})"
            )
            shares.append((~mature).mean())
            known_on.append(created.max() + obs.horizon)
    if not said:
        return []
    return [
        ImmatureLeads(
            severity="likely" if max(shares) == 1 else "note",
            what=(
                f"{' and '.join(said)} are younger than the horizon of "
                f"{obs.horizon / dt.timedelta(days=1):g} days on the day of the export"
            ),
            how_sure="counted",
            effect="their outcome is not known; rates and points rest on the others",
            action=(
                "an earlier period, a shorter horizon, or data as of "
                f"{max(known_on):%Y-%m-%d} or later"
            ),
        )
    ]


def unequal_observation(obs: Observation) -> list[Finding]:
    """Compare how long converted and other leads were observed, where early ones are kept."""
    leads = obs.at_landmark
    if obs.early != "truncate" or leads.empty:
        return []
    days = (leads["cutoff"] - leads["created_at"]).dt.total_seconds() / 86_400
    converted = leads["converted"].to_numpy(dtype=bool)
    if converted.all() or not converted.any():
        return []
    won, others = days[converted].mean(), days[~converted].mean()
    if abs(won - others) <= _UNEQUAL * max(won, others):
        return []
    return [
        UnequalObservation(
            severity="likely",
            what=(
                f"leads that converted were observed for {won:.1f} days on average, "
                f"the others for {others:.1f}"
            ),
            how_sure="counted; above a difference of 10% lifts are no longer comparable",
            effect="an activity without any effect seems to raise or lower conversion",
            action='use early="landmark"',
        )
    ]


def planned_closings(obs: Observation) -> list[Finding]:
    """Count closing dates that are plans, not events."""
    history = obs.history
    planned = history.table
    planned = planned[planned["check"] == "open with a closing date"]
    counts = obs.counts
    later = counts[counts["check"] == "closed after as_of"]
    n = int(planned["n"].sum() + later["n"].sum())
    if n < max(1.0, _PLANNED * len(obs.table)):
        return []
    return [
        PlannedClosings(
            severity="note",
            what=f"{number(n)} leads carry a closing date after the day of the export",
            how_sure="open leads with a date, or dates after the export",
            effect="taken as closings, they would be outcomes that nobody knows yet",
            action="nothing: these leads are open",
        )
    ]
