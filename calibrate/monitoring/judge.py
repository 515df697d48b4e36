"""Judging a card on the last quarter whose outcomes are known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import partial

import pandas as pd

from calibrate.config import Period, parse_duration, parse_period, quarters_before
from calibrate.history import History
from calibrate.lift import measure_lift
from calibrate.monitoring.tables import Leads, health_table
from calibrate.monitoring.values import HEALTH_COLUMNS, Health
from calibrate.monitoring.verdict import capacity_reason, ends_reason, opening_of, verdict_of
from calibrate.observation import Observation, Span, observe, resolve_windows
from calibrate.scorecard import Scorecard

__all__ = ["monitor"]


def monitor(
    card: Scorecard,
    history: History,
    *,
    period: str | Period | tuple[object, object] | None = None,
    observation_window: Span = "auto",
    horizon: Span = "auto",
    early: str = "landmark",
    lookback: Span = "90D",
    capacity: float | None = None,
    allow_sensitive: Collection[str] = (),
    confidence_level: float = 0.95,
) -> Health:
    """Ask whether a card still keeps its promises.

    Parameters
    ----------
    card : Scorecard
    history : History
    period : period, optional
        The leads judged; default the last quarter that ended a horizon before as_of. A
        quarter is judged one horizon after its end, not before.
    observation_window, horizon, early, lookback
        As the card was fitted with.
    capacity : float, optional
        Leads a week that sales can work.
    allow_sensitive : collection of str
        Attributes that are looked at in `Health.traits` though they are no criteria by default.
    confidence_level : float, default 0.95
        Of the intervals in the tables.

    Returns
    -------
    Health

    Notes
    -----
    ``recalibrate`` if, beyond an overall shift of level, the conversions of a tier or of the
    leads that meet a criterion differ from those promised (Holm at 1 % over all of them; the
    variance includes the promise's own, see `residual_tests`). ``watch`` if the level has
    shifted (p < 1 %), the score is distributed differently than among the leads it was fitted
    on (PSI over ten bins of theirs above 0.1 with a chi-square p < 1 %), or a criterion is met
    by another share of the leads (two-proportion tests, Holm at 1 %). Else ``keep``. Deals of
    one contact are one cluster in all of it. Only mature leads count: all of the quarter
    judged, and of those that the card was fitted on the ones that are mature by now.
    """
    window, due = resolve_windows(history, observation_window, horizon)
    look = partial(
        observe,
        history,
        observation_window=window,
        horizon=due,
        early=early,
        maturity="drop",
        lookback=parse_duration(lookback),
    )
    chosen = (
        _period(history, due) if period is None else parse_period(period, timezone=history.timezone)
    )
    too_early = _too_early(history, chosen, due)
    now = None if too_early else look(period=chosen)
    if now is None or now.at_landmark.empty:
        reason = too_early or f"{chosen.label} holds no lead that can be judged."
        return _not_judged(chosen, reason)
    leads = _leads(card, now)
    tiers = [tier.name for tier in card.tiers]
    then = None if card.period is None else look(period=card.period)
    table = health_table(
        leads,
        None if then is None or then.at_landmark.empty else _leads(card, then),
        criteria=[line.criterion.name for line in card.criteria],
        tiers=tiers,
        n_fitted=_n_fitted(card, leads),
        weeks=_weeks(chosen),
        confidence_level=confidence_level,
    )
    verdict, reasons = verdict_of(table)
    return Health(
        verdict=verdict,
        reasons=(
            opening_of(table, chosen.label),
            *reasons,
            *ends_reason(table, tiers),
            *capacity_reason(table, tiers[0] if len(tiers) > 1 else None, capacity),
            *_seen_before(card, chosen),
        ),
        period=chosen.label,
        _table=table,
        _lowest=_only(now, leads, tiers[-1:]),
        _highest=_only(now, leads, tiers[:1] if len(tiers) > 1 else []),
        _ends=(tiers[-1], tiers[0]) if tiers else ("", ""),
        _measure=partial(
            measure_lift, confidence_level=confidence_level, allow_sensitive=allow_sensitive
        ),
    )


def _period(history: History, horizon: dt.timedelta) -> Period:
    if history.as_of is None or history.is_wide:
        return Period()
    return quarters_before(history.as_of - horizon, 1)[0]


def _too_early(history: History, period: Period, horizon: dt.timedelta) -> str:
    if history.as_of is None or history.is_wide or period.end is None:
        return ""
    if period.end + horizon <= history.as_of:
        return ""
    day = (period.end + horizon).date().isoformat()
    return f"{period.label} can be judged from {day} on, when its last leads are mature."


def _not_judged(period: Period, reason: str) -> Health:
    return Health(
        verdict="keep",
        reasons=(reason, "Nothing was judged."),
        period=period.label,
        _table=pd.DataFrame(columns=list(HEALTH_COLUMNS)),
    )


def _leads(card: Scorecard, obs: Observation) -> Leads:
    rows = obs.at_landmark.index
    flags = obs.flags([line.criterion for line in card.criteria])
    return Leads(scores=card.score(obs).loc[rows], flags=flags[rows.to_numpy()])


def _n_fitted(card: Scorecard, leads: Leads) -> float:
    """Leads that would have told as much as those the card was fitted on."""
    known = card.control.get("n_effective") or card.control.get("n")
    return float(known or len(leads.scores))


def _seen_before(card: Scorecard, period: Period) -> list[str]:
    if card.period is None or period.start is None or period.end is None:
        return ["Without dates it cannot be told whether the card was fitted on these leads."]
    fitted = parse_period(card.period)
    if fitted.start is None or fitted.end is None:
        return []
    if period.end <= fitted.start or period.start >= fitted.end:
        return []
    return [f"The card was fitted on leads of {period.label}: it agrees with them too well."]


def _weeks(period: Period) -> float | None:
    if period.start is None or period.end is None:
        return None
    return (period.end - period.start) / dt.timedelta(weeks=1)


def _only(obs: Observation, leads: Leads, tiers: list[str]) -> Observation | None:
    """Return the observation with the leads of some tiers alone."""
    if not tiers:
        return None
    inside = leads.scores.index[leads.scores["tier"].isin(tiers)]
    return obs.only(obs.rows.index.isin(inside))
