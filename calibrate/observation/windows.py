"""How long leads are observed, and by when they must have converted."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from calibrate.config import parse_duration
from calibrate.errors import ConfigError
from calibrate.observation.statements import Parameters

if TYPE_CHECKING:
    from calibrate.history import History

__all__ = ["propose_windows", "resolve_windows"]

_WINDOWS = (3, 7, 14, 30)
_HORIZONS = (30, 60, 90, 180, 365)


def propose_windows(history: History) -> tuple[dt.timedelta, dt.timedelta]:
    """Propose an observation window and a horizon from the wins known at as_of.

    Parameters
    ----------
    history : History

    Returns
    -------
    observation_window : timedelta
        The longest of 3, 7, 14, 30 days with at most 25 % of the wins inside; 3 where
        even three days hold more, 14 where no win has a date.
    horizon : timedelta
        The shortest of 30, 60, 90, 180, 365 days that 85 % of the wins reach; 365 where
        none does, 90 where no win has a date.

    Notes
    -----
    Wins still to come are not in the data, so that a short history proposes a shorter
    horizon than a long one would.
    """
    if history.is_wide:
        return dt.timedelta(days=14), dt.timedelta(days=90)
    parameters = Parameters()
    within = ", ".join(
        "count(*) FILTER (WHERE l.closed_at < l.created_at + "
        f"{parameters.span(dt.timedelta(days=days))}) AS d{days}"
        for days in sorted({*_WINDOWS, *_HORIZONS})
    )
    moment = parameters.moment(history.as_of)
    counts = history.engine.query(
        f"SELECT count(*) AS wins, {within} FROM leads AS l WHERE l.outcome = 'converted'"
        f" AND l.created_at <= {moment} AND l.closed_at <= {moment}",
        parameters.values,
    ).to_pylist()[0]
    wins = counts["wins"]
    if wins == 0:
        return dt.timedelta(days=14), dt.timedelta(days=90)
    window = max((d for d in _WINDOWS if 4 * counts[f"d{d}"] <= wins), default=_WINDOWS[0])
    horizon = min(
        (d for d in _HORIZONS if 100 * counts[f"d{d}"] >= 85 * wins), default=_HORIZONS[-1]
    )
    return dt.timedelta(days=window), dt.timedelta(days=horizon)


def resolve_windows(
    history: History, observation_window: object, horizon: object
) -> tuple[dt.timedelta, dt.timedelta]:
    """Return both as lengths of time; ``"auto"`` is proposed from the data.

    Raises
    ------
    ConfigError
        If the horizon does not end after the observation window.
    """
    auto_window, auto_horizon = _is_auto(observation_window), _is_auto(horizon)
    day = dt.timedelta(days=1)
    proposed = propose_windows(history) if auto_window or auto_horizon else (day, day)
    window = proposed[0] if auto_window else parse_duration(observation_window)
    due = proposed[1] if auto_horizon else parse_duration(horizon)
    if due <= window and auto_window != auto_horizon:  # a proposal gives way to what was given
        shorter = [d * day for d in _WINDOWS if d * day < due]
        longer = [d * day for d in _HORIZONS if d * day > window]
        window = max(shorter, default=due / 2) if auto_window else window
        due = min(longer, default=2 * window) if auto_horizon else due
    if due <= window:
        raise ConfigError(
            f"horizon ({_days(due)}) must be longer than observation_window ({_days(window)}): "
            "both are counted from the lead's creation"
        )
    return window, due


def _is_auto(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "auto"


def _days(span: dt.timedelta) -> str:
    return f"{span / dt.timedelta(days=1):g} days"
