"""Too few outcomes, too young leads, unequal observation."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.guards.finding import Finding, number, percent
from calibrate.guards.rates import judged
from calibrate.guards.thin import pooled_rates, pooled_words
from calibrate.history.planned import OPEN_BUT_PAST
from calibrate.observation import Observation
from calibrate.observation.followup import MIN_FOLLOWED
from calibrate.stats.intervals import wilson

__all__ = [
    "ENOUGH",
    "FewConversions",
    "HorizonTooLong",
    "ImmatureLeads",
    "OneOutcome",
    "PlannedClosings",
    "UnequalObservation",
    "few_conversions",
    "horizon_too_long",
    "immature_leads",
    "planned_closings",
    "unequal_observation",
    "what_can_be_said",
]

ENOUGH = 50
_MANY_IMMATURE = 0.25
_UNEQUAL = 0.10
_PLANNED = 0.01
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class OneOutcome(Finding):
    """All leads, or none, converted."""

    guard: str = "one outcome only"


@dataclass(frozen=True, kw_only=True)
class FewConversions(Finding):
    """Fewer conversions, or fewer leads without, than a score needs.

    Attributes
    ----------
    n, n_converted : int
    rate, rate_ci_lower, rate_ci_upper : float
        Control rate.
    standing_out : tuple of str
        Criteria whose rate, drawn towards the control rate, surely differs from it.
    """

    guard: str = "too few conversions"
    n: int = 0
    n_converted: int = 0
    rate: float = float("nan")
    rate_ci_lower: float = float("nan")
    rate_ci_upper: float = float("nan")
    standing_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImmatureLeads(Finding):
    """Many leads are too young for their outcome to be known."""

    guard: str = "immature leads"


@dataclass(frozen=True, kw_only=True)
class HorizonTooLong(Finding):
    """Hardly any lead has been watched up to the horizon.

    Attributes
    ----------
    horizon_days, longest_days : float
        Days asked for, and the most that 10 % of the leads have been watched for.
    followed_share : float
        Share of the leads that have been watched up to the horizon.
    """

    guard: str = "horizon too long"
    horizon_days: float = float("nan")
    longest_days: float = float("nan")
    followed_share: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class UnequalObservation(Finding):
    """Converted and other leads were observed for different times.

    Attributes
    ----------
    days_converted, days_others : float
        Mean days observed.
    """

    guard: str = "unequal observation"
    days_converted: float = float("nan")
    days_others: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class PlannedClosings(Finding):
    """Closing dates that are plans, not events."""

    guard: str = "planned closings"


def few_conversions(obs: Observation, *, ignore: Collection[str] = ()) -> list[Finding]:
    """See whether 50 leads converted, and 50 did not; if not, say what can still be said.

    Parameters
    ----------
    obs : Observation
    ignore : collection of str
        Columns that leak: no criterion is made of them.

    Returns
    -------
    list of OneOutcome or FewConversions
        At most one; none where `horizon_too_long` has said that nothing can be known yet.
        `pooled_rates` says how criteria are compared with so few.
    """
    obs = obs.single
    if horizon_too_long(obs):
        return []
    leads = judged(obs)
    everybody = leads.rate(np.ones(len(leads.rows), dtype=bool))
    n, n_converted = everybody.n, everybody.n_converted
    rare = min(n_converted, n - n_converted)
    if rare >= ENOUGH:
        return []
    if rare == 0:
        return [_one_outcome(n, n_converted)]
    rates = pooled_rates(obs, leads, ignore=ignore)
    standing_out = [rate for rate in rates if rate.holds]
    return [
        FewConversions(
            severity="likely",
            what=(
                f"{number(n_converted)} of {number(n)} leads compared at their landmark "
                f"converted; a score needs at least {ENOUGH} that did and {ENOUGH} that did not"
            ),
            how_sure="counted",
            effect=(
                f"{what_can_be_said(n_converted, n)}; {pooled_words(rates)}; points, and which "
                "of several criteria it is, cannot be said"
            ),
            action="use a longer fit period, or wait for more outcomes",
            columns=tuple(dict.fromkeys(rate.subject for rate in standing_out)),
            n=n,
            n_converted=n_converted,
            rate=everybody.rate,
            rate_ci_lower=everybody.rate_ci_lower,
            rate_ci_upper=everybody.rate_ci_upper,
            standing_out=tuple(rate.criterion for rate in standing_out),
        )
    ]


def _one_outcome(n: int, n_converted: int) -> Finding:
    which = "none converted" if n_converted == 0 else "all converted"
    rate = f"; {what_can_be_said(n_converted, n)}" if n and not n_converted else ""
    return OneOutcome(
        severity="certain",
        what=f"of the {number(n)} leads compared at their landmark, {which}",
        how_sure="counted",
        effect=f"nothing can be compared: no lift, no points{rate}",
        action="check the mapping of outcome and closed_at, the period and the horizon",
    )


def what_can_be_said(n_converted: float, n: float) -> str:
    """Say what so few conversions, perhaps effective ones, can still show.

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
    """See whether many leads are too young for their outcome to be known.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of ImmatureLeads
        At most one, about a quarter of the leads or more.
    """
    parts = [("period", obs), ("fit period", obs.fitting.single)]
    said, shares, known_on = [], [], []
    for name, part in parts[: 1 if obs.fitting is obs else 2]:
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
                f"{obs.horizon / _DAY:g} days on the day of the export"
            ),
            how_sure="counted",
            effect=_WHILE_YOUNG[obs.maturity if max(shares) <= 1 - MIN_FOLLOWED else "unknown"],
            action=(
                "an earlier period, a shorter horizon, or data as of "
                f"{max(known_on):%Y-%m-%d} or later"
            ),
        )
    ]


_WHILE_YOUNG = {
    "weight": (
        "some of them have still to convert: those seen to do so already stand in for the others, "
        "so that rates are not too low; the price is wider intervals"
    ),
    "drop": "their outcome is not known; rates and points rest on the others",
    "unknown": "their outcome by the horizon is not known yet, and nothing is extrapolated",
}


def horizon_too_long(obs: Observation) -> list[Finding]:
    """See whether 10 % of the leads have been watched up to the horizon.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of HorizonTooLong
        At most one, about the fit period; none where young leads are dropped, not weighted.

    Notes
    -----
    The weight of a lead is one over G, the share of the leads watched so long
    (`calibrate.stats.weighting.censoring_weights`). Below 10 % at the horizon a few leads
    would speak for all; lift and points are refused, nothing is extrapolated.
    """
    part = obs.fitting.single
    mature = part.table["mature"].to_numpy(dtype=bool)
    if part.maturity != "weight" or part.history.is_wide or not mature.size:
        return []
    followed = float(mature.mean())
    if followed >= MIN_FOLLOWED:
        return []
    horizon, longest = part.horizon / _DAY, math.floor(part.longest_followed(MIN_FOLLOWED))
    window = part.observation_window / _DAY
    possible = f"a horizon of {longest} days or less" if longest > window else "an earlier period"
    return [
        HorizonTooLong(
            severity="certain",
            what=(
                f"{f'only {percent(followed)}' if followed else 'none'} of the "
                f"{number(mature.size)} leads of the fit period ({part.period.label}) have been "
                f"watched for the horizon of {horizon:g} days"
            ),
            how_sure="counted",
            effect="how many convert by then cannot be known yet: there is no lift and no points",
            action=(
                f"take {possible}"
                + (", or an earlier period" if longest > window else "")
                + "; nothing is extrapolated"
            ),
            horizon_days=horizon,
            longest_days=float(longest),
            followed_share=followed,
        )
    ]


def unequal_observation(obs: Observation) -> list[Finding]:
    """Compare how long converted and other leads were observed, where early ones are kept.

    Parameters
    ----------
    obs : Observation

    Returns
    -------
    list of UnequalObservation
        At most one, and only with ``early="truncate"``.
    """
    obs = obs.single
    if obs.early != "truncate" or obs.history.is_wide or not obs.is_judged.any():
        return []
    leads = obs.at_landmark
    days = ((leads["cutoff"] - leads["created_at"]) / _DAY).to_numpy(dtype=float)
    converted = leads["converted"].to_numpy(dtype=bool)
    weight = leads["weight"].to_numpy(dtype=float)
    if converted.all() or not converted.any():
        return []
    won, others = (
        float(np.average(days[side], weights=weight[side])) for side in (converted, ~converted)
    )
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
            days_converted=won,
            days_others=others,
        )
    ]


def planned_closings(obs: Observation) -> Sequence[Finding]:
    """Count closing dates of open leads: those to come are plans, those past need a look."""
    read = obs.history.table
    past = read[read["check"] == OPEN_BUT_PAST]
    n_past = int(past["n"].sum())
    planned = read.loc[read["check"] == "open with a closing date", "n"].sum() - n_past
    counts = obs.counts
    n = int(planned + counts.loc[counts["check"] == "closed after as_of", "n"].sum())
    few = max(1.0, _PLANNED * len(obs.table))
    found = [] if n_past < few else [_closed_but_open(n_past, "".join(past["examples"]))]
    return found if n < few else [*found, _to_come(n)]


def _closed_but_open(n: int, most: str) -> PlannedClosings:
    """Tell of closing dates that are past; `most` names the commonest outcome, if it is known."""
    return PlannedClosings(
        severity="likely",
        what=f"{number(n)} open leads have a closing date that is past{most and '; '}{most}",
        how_sure="counted",
        effect="if they are lost or won, rates and points rest on outcomes that are wrong",
        action=(
            "if that value means lost or won, add it to lost = [...] or won = [...] under [leads]"
            if most
            else "see whether they are lost or won, and say so in the data"
        ),
    )


def _to_come(n: int) -> PlannedClosings:
    return PlannedClosings(
        severity="note",
        what=f"{number(n)} leads carry a closing date after the day of the export",
        how_sure="open leads with a date, or dates after the export",
        effect="taken as closings, they would be outcomes that nobody knows yet",
        action="nothing: these leads are open",
    )
