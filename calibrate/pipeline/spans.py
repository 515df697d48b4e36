"""Which leads a run looks at when the settings do not say."""

from __future__ import annotations

import datetime as dt
import warnings

from calibrate.config import CalibrationSettings, Period, parse_period, quarter_of, quarters_before
from calibrate.errors import CalibrateWarning, NotEnoughDataError
from calibrate.history import History
from calibrate.observation import Observation, observe, resolve_windows

__all__ = ["observe_as_set", "periods_of", "require_leads", "warn_if_young"]

FIT_QUARTERS = 4
MIN_MATURE_SHARE = 0.2


def observe_as_set(
    history: History, calibration: CalibrationSettings, *, everything: bool = False
) -> Observation:
    """Observe the history as the settings say, with the default periods where they do not.

    With `everything`, all leads whenever they were created.
    """
    window, horizon = resolve_windows(history, calibration.observation_window, calibration.horizon)
    period, fit_period = Period(), Period()
    if not everything:
        period, fit_period = periods_of(history, calibration, horizon=horizon)
    return observe(
        history,
        period=period,
        fit_period=fit_period,
        observation_window=window,
        horizon=horizon,
        early=calibration.early,
        maturity=calibration.maturity,
        lookback=calibration.lookback,
        snapshots=calibration.snapshots,
    )


def require_leads(obs: Observation) -> None:
    """Refuse a period, or a fit period, in which no lead was created.

    Raises
    ------
    NotEnoughDataError
        Saying from when to when leads were created, as far as as_of knows.
    """
    history = obs.history
    if history.is_wide or history.as_of is None:
        return
    for name, seen in (("period", obs), ("fit_period", obs.fitting)):
        if len(seen.rows):
            continue
        first, last = (_created(history, end, history.as_of) for end in ("min", "max"))
        if first is None or last is None:
            raise _nothing_before(history.as_of)
        raise NotEnoughDataError(
            f"no lead was created in the {name} {seen.period.label}; those known on "
            f"{history.as_of:%Y-%m-%d} were created from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )


def warn_if_young(obs: Observation, calibration: CalibrationSettings) -> None:
    """Warn where nobody chose the period and hardly a lead of it has had its horizon.

    The rate of such a quarter is an estimate from its first days: no headline to go by.
    """
    history = obs.history
    if calibration.period is not None or history.is_wide or history.as_of is None:
        return
    n, n_mature = len(obs.rows), int(obs.rows["mature"].sum())
    if n_mature >= MIN_MATURE_SHARE * n:
        return
    last = quarters_before(history.as_of - obs.horizon, 1)[0]
    warnings.warn(
        f"{n_mature:,} of the {n:,} leads of {obs.period.label} have had their "
        f"{obs.horizon.days} days: its conversion rate is an estimate from the first of them; "
        f'period = "{last.label}" under [calibration] is the last quarter of which all have',
        CalibrateWarning,
        stacklevel=2,
    )


def periods_of(
    history: History, calibration: CalibrationSettings, *, horizon: dt.timedelta
) -> tuple[Period, Period]:
    """Return the period and the fit period.

    Returns
    -------
    period : Period
        As set; else the last complete quarter before as_of; where that holds no leads, the
        latest quarter that does (with a warning). Wide tables: everything.
    fit_period : Period
        As set; else the last four complete quarters whose outcomes are known at as_of (they
        ended a horizon before), extended to the period.
    """
    given, of_fit = (
        span and parse_period(span, timezone=history.timezone)
        for span in (calibration.period, calibration.fit_period)
    )
    if history.is_wide or history.as_of is None:
        return given or Period(), of_fit or Period()
    period = given or _last_quarter(history, history.as_of)
    if of_fit is not None:
        return period, of_fit
    known = quarters_before(history.as_of - horizon, FIT_QUARTERS)
    return period, _around([*known, period], first=_created(history, "min", history.as_of))


def _around(periods: list[Period], *, first: dt.datetime | None) -> Period:
    """Span of all these periods, from the first quarter that holds leads."""
    starts = [period.start for period in periods if period.start is not None]
    ends = [period.end for period in periods if period.end is not None]
    if len(starts) < len(periods) or len(ends) < len(periods):
        return Period()
    start = min(starts)
    begun = None if first is None else quarter_of(first).start
    return Period(start=start if begun is None else max(start, begun), end=max(ends))


def _last_quarter(history: History, as_of: dt.datetime) -> Period:
    quarter = quarters_before(as_of, 1)[0]
    latest = _created(history, "max", quarter.end or as_of)
    if latest is not None and latest in quarter:
        return quarter
    latest = _created(history, "max", as_of)
    if latest is None:
        raise _nothing_before(as_of)
    found = quarter_of(latest)
    warnings.warn(
        f"no lead was created in {quarter.label}, the last complete quarter; "
        f"{found.label} is used instead",
        CalibrateWarning,
        stacklevel=2,
    )
    return found


def _created(history: History, which: str, before: dt.datetime) -> dt.datetime | None:
    answer = history.engine.query(
        f"SELECT {which}(created_at) AS moment FROM leads WHERE created_at < ?", (before,)
    )
    moment: dt.datetime | None = answer.column("moment").to_pylist()[0]
    return moment


def _nothing_before(as_of: dt.datetime) -> NotEnoughDataError:
    return NotEnoughDataError(
        f"no lead was created before {as_of:%Y-%m-%d}; check as_of and created_at"
    )
