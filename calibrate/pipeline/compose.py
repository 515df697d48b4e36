"""`recalibrate`: everything, once, in order. The only composition there is."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from calibrate.candidates import criteria_of
from calibrate.config import Period, Settings, load_settings, parse_moment, parse_period
from calibrate.control import (
    ConversionByAge,
    control_by_quarter,
    control_rate,
    conversion_by_age,
)
from calibrate.errors import CalibrateWarning, NotEnoughDataError
from calibrate.fitting import barred_criteria, cross_fit_scores, fit_scorecard
from calibrate.gate import recommend
from calibrate.guards import find_problems
from calibrate.history import History, history_from_settings
from calibrate.lift import measure_lift, overlap_table
from calibrate.observation import Observation, observe_open, require_follow_up
from calibrate.pipeline.campaigns import look_at_campaigns
from calibrate.pipeline.cards import current_card
from calibrate.pipeline.cutting import at_one_age, cut_card
from calibrate.pipeline.example import example_of
from calibrate.pipeline.judging import against_current, prove
from calibrate.pipeline.leaks import left_out, warn_of_kept, with_allowed, without_columns
from calibrate.pipeline.lines import with_lifts
from calibrate.pipeline.named import require_named
from calibrate.pipeline.run import Run
from calibrate.pipeline.sizes import other_sizes
from calibrate.pipeline.spans import observe_as_set, require_leads, warn_if_young
from calibrate.pipeline.textbook import funnel_table
from calibrate.readiness import assess_readiness
from calibrate.scorecard import Scorecard

__all__ = ["noted", "recalibrate"]

Progress = Callable[[str, float], None]
SCORE_COLUMNS = (
    "lead_id",
    "set",
    "score",
    "expected_rate",
    "tier",
    "fit",
    "engagement",
    "converted",
    "amount",
    "cutoff",
)


def recalibrate(
    config: str | Path | Settings,
    *,
    period: str | tuple[object, object] | Period | None = None,
    as_of: str | dt.date | None = None,
    progress: Progress | None = None,
) -> Run:
    """Do the whole quarter's work: read, observe, measure, fit, cut, prove, compare.

    Parameters
    ----------
    config : path or Settings
        A ``calibrate.toml``.
    period, as_of : optional
        Instead of those of the settings.
    progress : callable, optional
        Told the name of each step and the share of the work done before it.

    Returns
    -------
    Run

    Raises
    ------
    CalibrateError
        Anything wrong in the settings or the data, in one line.
    NotEnoughDataError
        If none, or every one, of the leads to learn from converted.

    Notes
    -----
    Defaults: `period` is the last complete quarter before as_of (with a warning, the latest
    that holds leads); the fit period is the last four complete quarters whose outcomes are
    known, extended to `period`. Where a card is in force (``runs/current.json`` beside the
    settings), the new one is compared with it. Linear algebra keeps to one thread: its many
    small matrices are quicker so, and sums do not depend on the number of threads.
    """
    settings = settings_for(config, period=period, as_of=as_of)
    tell = progress or _silent
    with noted() as notes, threadpool_limits(limits=1, user_api="blas"):
        tell("reading leads and activities", 0.0)
        history = history_from_settings(settings)
        current = current_card(settings)
        read = ", ".join(f"{source.rows:,} {source.table}" for source in history.sources)
        tell(f"observing each lead up to its landmark, of {read} read", 0.1)
        obs = observe_as_set(history, settings.calibration)
        require_leads(obs)
        warn_if_young(obs, settings.calibration)
        require_named(settings, obs)
        _require_both_outcomes(obs)
        found = _measured(settings, obs, current, tell)
        tell("proving it on past quarters", 0.6)
        card, findings = found["card"], found["findings"]
        leaks = left_out(findings, settings.calibration.allow_leaks)
        usable = without_columns(history, leaks)
        proof = prove(settings, usable, current, whole=history)
        tell("scoring", 0.85)  # last: its tables need not lie beside those of the backtest
        scores, example = _scores(card, obs, history)
        campaigns = look_at_campaigns(settings, obs, card)
        tell("comparing with the card in force", 0.9)
        against = against_current(settings, obs, current, card, usable=usable, lift=found["lift"])
        gate = recommend(
            proof,
            candidate=card,
            current=current,
            findings=findings,
            max_change=settings.constraints.max_change,
        )
    tell("done", 1.0)
    return Run(
        settings=settings,
        history=history,
        observation=obs,
        scores=scores,
        example=example,
        proof=proof,
        current=current,
        gate=gate,
        campaigns=campaigns,
        funnel=funnel_table(obs.table, card.score(obs), card),
        warnings=tuple(dict.fromkeys(notes)),
        **found,
        **against,
    )


def settings_for(config: str | Path | Settings, *, period: object, as_of: object) -> Settings:
    """Return the settings with another period or day of the export, where these are given."""
    settings = config if isinstance(config, Settings) else load_settings(config)
    given: dict[str, Any] = {}
    if period is not None:
        given["period"] = parse_period(period)
    if as_of is not None:
        given["as_of"] = parse_moment(as_of, timezone=settings.leads.timezone or "UTC")
    calibration = settings.calibration.model_copy(update=given)
    return settings.model_copy(update={"calibration": calibration})


def _measured(
    settings: Settings, obs: Observation, current: Scorecard | None, tell: Progress
) -> dict[str, Any]:
    """Control rate, findings, lift, card with tiers, cuts."""
    calibration = settings.calibration
    level = calibration.confidence_level
    tell("measuring control rate and lift", 0.2)
    findings = with_allowed(find_problems(obs), calibration.allow_leaks, obs.history)
    warn_of_kept(findings, calibration.allow_leaks)
    leaks = left_out(findings, calibration.allow_leaks)
    allowed = calibration.allow_sensitive
    lift = measure_lift(obs, confidence_level=level, allow_sensitive=allowed)
    tell("fitting the scorecard", 0.3)
    searched = obs.fitting.searched
    candidates = criteria_of(searched, None, allow_sensitive=allowed, detail="many")
    how: dict[str, Any] = {
        "criteria": [rule for rule in candidates if not rule.rests_on(leaks)],
        "method": calibration.method,
        "max_criteria": calibration.max_criteria,
        "pairs": calibration.pairs,
        "current": current,
        "scale": calibration.scale,
        "constraints": settings.constraints,
        "rng": calibration.seed,
    }
    name = settings.name or (obs.period.label if obs.period != Period() else "all leads")
    card = fit_scorecard(obs, name=name, confidence_level=level, **how)
    tell("choosing thresholds", 0.45)
    honest = at_one_age(cross_fit_scores(obs, card=card, **how), obs.fitting)
    cuts, cut, views = cut_card(settings, obs, card, honest)
    barred = barred_criteria(lift, card, obs, settings.constraints, current=current)
    ready = assess_readiness(obs, capacity=settings.thresholds.weekly_capacity, lift=lift)
    n_searched = len(how["criteria"])
    lift = lift.with_card(card, obs, leaks=leaks, constrained=barred, n_searched=n_searched)
    return {
        "control": control_rate(obs, confidence_level=level),
        "control_by_quarter": _by_quarter(obs, level),
        "conversion_by_age": _by_age(obs, level),
        "readiness": ready,
        "lift": lift,
        "overlaps": overlap_table(lift, card, obs),
        "findings": findings,
        **other_sizes(obs, card, how, leaks, allow_sensitive=allowed, confidence_level=level),
        "card": with_lifts(cut, lift),
        "cuts": cuts,
        "views": views,
    }


def _by_quarter(obs: Observation, confidence_level: float) -> pd.DataFrame:
    return control_by_quarter(obs.history, horizon=obs.horizon, confidence_level=confidence_level)


def _by_age(obs: Observation, confidence_level: float) -> ConversionByAge | None:
    """Return the conversion by age; a wide table knows none."""
    if obs.history.is_wide:
        return None
    return conversion_by_age(obs, confidence_level=confidence_level)


def _scores(
    card: Scorecard, obs: Observation, history: History
) -> tuple[pd.DataFrame, dict[str, Any] | None]:
    """Every lead of the period, then every lead open at as_of, each at its own cutoff.

    With one of the first as an example.
    """
    parts: list[pd.DataFrame] = []
    example = None
    still_open = observe_open(history, lookback=obs.lookback, counts=False)
    for name, observation in (("period", obs), ("open", still_open)):
        if name == "period":
            inputs = card.inputs(observation, every_lead=True)
            example = example_of(card, inputs, obs.rows.loc[inputs.index, "at_landmark"])
            scores = card.score_frame(inputs)
        else:
            scores = card.scores_of(observation, every_lead=True)
        if history.is_wide and parts:  # all leads are open to be scored; those above once
            scores = scores[~scores["lead_id"].isin(parts[0]["lead_id"])]
        known = observation.table.loc[scores.index, ["converted", "amount", "cutoff"]]
        parts.append(scores.join(known).assign(set=name)[list(SCORE_COLUMNS)])
    return pd.concat(parts, ignore_index=True), example


def _require_both_outcomes(obs: Observation) -> None:
    require_follow_up(obs.fitting)
    converted = obs.fitting.rows["converted"][obs.fitting.is_compared]
    n, n_converted = len(converted), int(converted.sum())
    if 0 < n_converted < n:
        return
    label = obs.fit_period.label
    days = obs.horizon.days
    if n == 0:
        what = f"no lead created in {label} was still open at its landmark and is old enough"
        fix = f"take an earlier fit_period or a shorter horizon than {days} days"
    elif n_converted == 0:
        what = f"none of the {n:,} leads of {label} converted within {days} days"
        fix = "take a longer horizon or an earlier fit_period, or look at won = [...] in [leads]"
        undated = _undated_wins(obs.history)
        if undated:
            what += f"; {undated:,} wins have no closing date, so nobody knows when they were won"
            fix = "export when each lead was won and say closed_at = ... in [leads]"
    else:
        what = f"every one of the {n:,} leads of {label} converted"
        fix = "the leads that did not become customers are missing, or lost = [...] in [leads]"
    raise NotEnoughDataError(
        f"no score can be learned: {what}; {fix}; "
        "`calibrate check` still shows the counts and the control rate"
    )


def _undated_wins(history: History) -> int:
    counts = history.table
    return int(counts.loc[counts["check"] == "converted without a date", "n"].sum())


def _silent(_step: str, _done: float) -> None:
    """Tell nobody."""


@contextmanager
def noted() -> Iterator[list[str]]:
    """Collect our own warnings as texts; pass all others on."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CalibrateWarning)
        yield notes
    for warning in caught:
        if issubclass(warning.category, CalibrateWarning):
            notes.append(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
