"""Make an observation from a history."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.config import Period, parse_duration, parse_period
from calibrate.criteria import Measure
from calibrate.errors import ConfigError, did_you_mean
from calibrate.observation.counts import counted
from calibrate.observation.numbers import counts_and_log
from calibrate.observation.observation import Observation
from calibrate.observation.reading import (
    coded_categories,
    lead_frame,
    lead_labels,
    observed_leads,
)
from calibrate.observation.statements import Scope
from calibrate.observation.tally import count_columns, packed_counts
from calibrate.observation.windows import resolve_windows

if TYPE_CHECKING:
    from calibrate.history import History

__all__ = ["Span", "observe", "observe_open"]

PeriodLike = Period | str | tuple[object, object] | None
Span = str | int | dt.timedelta

_DAY = dt.timedelta(days=1)
_EARLY = ("landmark", "truncate")
_MATURITY = ("weight", "drop")


def observe(
    history: History,
    *,
    period: PeriodLike = None,
    fit_period: PeriodLike = None,
    observation_window: Span = "auto",
    horizon: Span = "auto",
    early: str = "landmark",
    maturity: str = "weight",
    lookback: Span = "90D",
    snapshots: Sequence[Span] | None = None,
) -> Observation:
    """Observe each lead up to its cutoff, and what became of it by its horizon.

    Parameters
    ----------
    history : History
    period : str, pair, Period or None
        Leads created in it: ``"2023Q4"``, ``("2023-01-01", "2024-01-01")``; None is all.
    fit_period : same, optional
        Leads that verdicts and points rest on; the period by default.
    observation_window, horizon : str, int (days), timedelta or ``"auto"``
        How long a lead is observed, and by when it must have converted, both counted
        from its creation. ``"auto"`` is proposed from the data (`propose_windows`).
    early : {"landmark", "truncate"}
        Leads won or lost before their landmark are only counted, or are kept with what
        was seen before their closing.
    maturity : {"weight", "drop"}
        Leads whose outcome by the horizon is known stand in for those too young for it
        (weight ``1 / G(min(lag, horizon))``), or only leads whose horizon ended before as_of
        count.
    lookback : str, int (days) or timedelta
        How far before creation activities count.
    snapshots : sequence of str, int (days) or timedelta, optional
        Several landmarks of the same leads for lift, fit and thresholds (`Observation.fitting`
        stacks them): compared within each landmark, one lead being one cluster. All
        shorter than the horizon. `observation_window` stays that of `Observation.table`.

    Returns
    -------
    Observation
        `.table` has one row a lead of the period.

    Raises
    ------
    ConfigError
        If the horizon does not end after the observation window, or an option is unknown.

    Notes
    -----
    A lead is compared at ``landmark = created_at + observation_window`` if neither won
    nor lost before. Its features come from events with ``created_at - lookback <=
    occurred_at < cutoff`` and not after as_of; an event of a contact counts for every
    lead of the contact whose span contains it. It converted if won in ``[landmark,
    created_at + horizon)``; leads won before the landmark carry ``converted`` too, for
    the control rate, but are not at the landmark. A closing without a time of day counts
    for the outcome at its end, and cuts the features at its start; a closing after as_of
    makes the lead open. A lead whose landmark lies after as_of is not at the landmark; its
    cutoff is as_of, up to and including that moment. Wins without a date and leads that
    nobody worked are left out, and counted. ``G(t)`` is the share of the observation's leads
    whose follow-up, creation to as_of, reaches t (`stats.weighting.censoring_weights`).
    """
    _check_options(early, maturity)
    window, due = resolve_windows(history, observation_window, horizon)
    landmarks = _landmarks(history, snapshots, due)
    chosen = parse_period(period, timezone=history.timezone)
    fitted = chosen
    if fit_period is not None:
        fitted = parse_period(fit_period, timezone=history.timezone)
    scope = Scope(
        as_of=history.as_of,
        start=chosen.start,
        end=chosen.end,
        window=window,
        horizon=due,
        lookback=parse_duration(lookback),
        is_wide=history.is_wide,
        truncates=early == "truncate",
        weights_young=maturity == "weight",
    )
    other = None
    fit_scope = dataclasses.replace(scope, start=fitted.start, end=fitted.end)
    if landmarks:
        other = _stacked(history, fit_scope, fitted, landmarks)
    elif (fitted.start, fitted.end) != (chosen.start, chosen.end):
        other = _observation(history, fit_scope, fitted, fitted, None)
    return _observation(history, scope, chosen, fitted, other)


def observe_open(history: History, *, lookback: Span = "90D", counts: bool = True) -> Observation:
    """Observe the leads that are open at as_of, with all that is known by then.

    Parameters
    ----------
    history : History
    lookback : str, int (days) or timedelta
        How far before creation activities count.
    counts : bool, default True
        Whether the table has a count column an activity. Rules do not need them: what they ask
        for is taken from the log.

    Returns
    -------
    Observation
        Cutoff is as_of, what happened at that very moment included, ``converted`` is
        missing, ``weight`` is 0. Wide tables: the leads with an open outcome.
    """
    everything = parse_period(None)
    scope = Scope(
        as_of=history.as_of,
        start=None,
        end=None,
        window=dt.timedelta(0),
        horizon=dt.timedelta(0),
        lookback=parse_duration(lookback),
        is_open=True,
        is_wide=history.is_wide,
    )
    return _observation(history, scope, everything, everything, None, counts=counts)


def _observation(
    history: History,
    scope: Scope,
    period: Period,
    fit_period: Period,
    other: Observation | None,
    *,
    counts: bool = True,
) -> Observation:
    found = observed_leads(history.engine, scope, history.attributes)
    lead_rows = np.asarray(found["lead_row"].to_numpy(), dtype=np.int64)
    found = coded_categories(found, history.attributes)
    leads = lead_frame(found, scope, history.attributes)
    bare = Observation(
        history=history,
        period=period,
        fit_period=fit_period,
        observation_window=scope.window,
        horizon=scope.horizon,
        lookback=scope.lookback,
        early="truncate" if scope.truncates else "landmark",
        maturity="weight" if scope.weights_young else "drop",
        is_open=scope.is_open,
        scope=scope,
        rows=leads,
        left_out=counted(history, scope, leads),
        other=other,
        labels=lead_labels(found, history.attributes),
    )
    del found  # as large as the table made of it
    return _counted(bare, lead_rows) if counts else bare


def _counted(bare: Observation, lead_rows: NDArray[np.int64]) -> Observation:
    """Return the observation with a count column an activity."""
    history, scope, names = bare.history, bare.scope, bare.activities
    counts: NDArray[np.int32] | None
    seen = None
    if history.engine.dialect == "duckdb":
        counts, seen = counts_and_log(history.engine, scope, names)
    else:
        counts = packed_counts(history.engine, scope, names, lead_rows)
    if counts is None:  # too many activities for sums
        table = bare.features(Measure(activity) for activity in names)
    else:
        table = count_columns(counts, names)
    return dataclasses.replace(bare, rows=pd.concat([bare.rows, table], axis=1), seen=seen)


def _stacked(
    history: History, scope: Scope, period: Period, landmarks: Sequence[dt.timedelta]
) -> Observation:
    """Observe the same leads at several landmarks, one below the other."""
    parts = tuple(
        _observation(history, dataclasses.replace(scope, window=window), period, period, None)
        for window in landmarks
    )
    rows = [part.rows.assign(snapshot=part.observation_window / _DAY) for part in parts]
    return dataclasses.replace(
        parts[-1], rows=pd.concat(rows, ignore_index=True), parts=parts, labels={}
    )


def _landmarks(
    history: History, snapshots: Sequence[Span] | None, horizon: dt.timedelta
) -> list[dt.timedelta]:
    """Return the landmarks asked for, shortest first; none where nothing is asked for."""
    if snapshots is None:
        return []
    if isinstance(snapshots, str) or not len(snapshots):
        raise ConfigError(f'snapshots is a list such as ["3D", "7D", "14D"], not {snapshots!r}')
    if history.is_wide:
        raise ConfigError("snapshots need created_at, which this table does not have")
    landmarks = sorted({parse_duration(span) for span in snapshots})
    if landmarks[-1] >= horizon:
        raise ConfigError(
            f"snapshots: {landmarks[-1] / _DAY:g} days is not shorter than the horizon of "
            f"{horizon / _DAY:g} days; leave it out or take a longer horizon"
        )
    return landmarks


def _check_options(early: str, maturity: str) -> None:
    for name, value, known in (("early", early, _EARLY), ("maturity", maturity, _MATURITY)):
        if value not in known:
            raise ConfigError(
                f'{name} "{value}" must be {" or ".join(known)}{did_you_mean(str(value), known)}'
            )
