"""Which leads a run looks at when the settings do not say."""

from __future__ import annotations

import datetime as dt
import warnings

from calibrate.config import CalibrationSettings, Period, quarter_of, quarters_before
from calibrate.errors import CalibrateWarning, NotEnoughDataError
from calibrate.history import History
from calibrate.observation import Observation, observe, propose_windows

__all__ = ["observe_as_set", "periods_of", "weeks_of"]

FIT_QUARTERS = 4


def observe_as_set(
    history: History, calibration: CalibrationSettings, *, everything: bool = False
) -> Observation:
    """Observe the history as the settings say, with the default periods where they do not.

    With `everything`, all leads whenever they were created.
    """
    window, horizon = windows_of(history, calibration)
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


def windows_of(
    history: History, calibration: CalibrationSettings
) -> tuple[dt.timedelta, dt.timedelta]:
    """Return observation window and horizon, proposed from the data where set to "auto"."""
    window, horizon = calibration.observation_window, calibration.horizon
    if isinstance(window, str) or isinstance(horizon, str):
        proposed_window, proposed_horizon = propose_windows(history)
        window = proposed_window if isinstance(window, str) else window
        horizon = proposed_horizon if isinstance(horizon, str) else horizon
    return window, horizon


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
    if history.is_wide or history.as_of is None:
        return calibration.period or Period(), calibration.fit_period or Period()
    period = calibration.period or _last_quarter(history, history.as_of)
    if calibration.fit_period is not None:
        return period, calibration.fit_period
    known = quarters_before(history.as_of - horizon, FIT_QUARTERS)
    return period, _around([*known, period], first=_created(history, "min", history.as_of))


def weeks_of(obs: Observation) -> float | None:
    """Return the weeks in which the mature leads of an observation were created.

    None for a wide table, which knows no time.
    """
    created = obs.table.loc[obs.table["mature"], "created_at"].dropna()
    if obs.history.as_of is None or created.empty:
        return None
    first: dt.datetime = created.min().to_pydatetime()
    start = max(first, obs.period.start or first)
    last = obs.history.as_of - obs.horizon
    end = last if obs.period.end is None else min(last, obs.period.end)
    return max((end - start) / dt.timedelta(weeks=1), 1.0)


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
        raise NotEnoughDataError(
            f"no lead was created before {as_of:%Y-%m-%d}; check as_of and created_at"
        )
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
