"""Leads by how far they came: the same rows, with another stage as the outcome."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from calibrate.config import DATED_STAGES, STAGES, Stages
from calibrate.errors import ConfigError, did_you_mean
from calibrate.observation.statements import Parameters, Scope, units_sql
from calibrate.stats.weighting import censoring_weights

if TYPE_CHECKING:
    from calibrate.history import History

__all__ = ["ALREADY", "UNDATED", "UNKNOWN", "StageRows", "mapped_stages", "reached_rows"]

ALREADY = "there before the landmark"
UNKNOWN = "lost, how far not known"
UNDATED = "reached, when not known"
REACHED = "reached by the horizon"

_NEVER = "TIMESTAMP '9999-12-31 00:00:00'"  # engines differ in what the least of a NULL is
_DAY = np.timedelta64(86_400_000_000, "us")
_RULES = {
    REACHED: "between the landmark and the horizon",
    ALREADY: "left out: there was nothing to foretell any more",
    UNKNOWN: "left out: no date, and the stage of a lost lead says nothing",
    UNDATED: "no date: counted as reached by the horizon, once that is over",
}
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class StageRows:
    """The rows of an observation with a stage as the outcome, and what was left out."""

    rows: pd.DataFrame
    left_out: pd.DataFrame


@dataclass(frozen=True, eq=False, kw_only=True)
class _Found:
    """What the history says of each lead, in the order of the rows."""

    at: NDArray[np.datetime64]
    undated: Flags
    unknown: Flags


def reached_rows(history: History, scope: Scope, rows: pd.DataFrame, stage: str) -> StageRows:
    """Return the rows of an observation with "reached the stage" for "converted".

    Parameters
    ----------
    history : History
        With its stages mapped.
    scope : Scope
        Of the observation.
    rows : DataFrame
        `Observation.table` at one landmark.
    stage : {"mql", "sql", "opportunity", "customer"}

    Returns
    -------
    StageRows
        ``converted``, ``lag_days``, ``weight`` and ``at_landmark`` are those of the stage.

    Raises
    ------
    ConfigError
        If no stages are mapped, there is no such stage, or an earlier state of the history is
        asked for a stage that has no date.
    """
    stages = _checked(history, stage)
    found = _reached(history, scope, stages, stage)
    days = _clock(rows, scope, found)
    at_landmark = rows["at_landmark"].to_numpy(dtype=bool)
    already = days.before_landmark & at_landmark
    unknown = found.unknown & at_landmark
    kept = at_landmark & ~already & ~unknown
    mature = rows["mature"].to_numpy(dtype=bool)
    converted = days.in_time | (found.undated & mature)
    lag = np.where(found.undated, scope.horizon / dt.timedelta(days=1), days.lag)
    weight = mature.astype(float)
    if scope.weights_young and not scope.is_wide:
        follow_up = rows["follow_up_days"].to_numpy(dtype=float)
        weight = censoring_weights(converted, lag, follow_up, mature).weight
    weight = np.where(already | unknown, 0.0, weight)
    changed = rows.assign(converted=converted, lag_days=lag, weight=weight, at_landmark=kept)
    counts = {
        "at the landmark": at_landmark,
        ALREADY: already,
        UNKNOWN: unknown,
        UNDATED: kept & found.undated,
        REACHED: kept & converted,
    }
    ids = rows["lead_id"].to_numpy()
    return StageRows(rows=changed, left_out=_counted(stage, counts, ids))


@dataclass(frozen=True, eq=False, kw_only=True)
class _Clock:
    before_landmark: Flags
    in_time: Flags
    lag: NDArray[np.float64]


def _clock(rows: pd.DataFrame, scope: Scope, found: _Found) -> _Clock:
    """Place each dated reaching before the landmark, up to the horizon, or after it."""
    dated = ~np.isnat(found.at)
    if scope.is_wide:
        nothing = np.zeros(len(rows), dtype=bool)
        return _Clock(before_landmark=nothing, in_time=dated, lag=np.full(len(rows), np.nan))
    created = rows["created_at"].to_numpy(dtype="datetime64[us]")
    landmark = created + np.timedelta64(scope.window)
    before = dated & (found.at < landmark)
    in_time = dated & ~before & (found.at < created + np.timedelta64(scope.horizon))
    return _Clock(before_landmark=before, in_time=in_time, lag=(found.at - created) / _DAY)


def _reached(history: History, scope: Scope, stages: Stages, stage: str) -> _Found:
    """Ask the history: the earliest date of the stage or a later one, and the present stage."""
    parameters = Parameters()
    units = units_sql(scope, parameters)
    later = STAGES[STAGES.index(stage) :]
    known = "TRUE" if scope.as_of is None else f"<= {parameters.moment(scope.as_of)}"
    dates = [f"s.{name}_at" for name in later]
    won = "l.outcome = 'converted'"
    lost = "l.outcome = 'lost' AND " + (
        "TRUE" if scope.as_of is None else f"coalesce(l.closed_at {known}, TRUE)"
    )
    dates.append(f"CASE WHEN {won} THEN l.closed_at END")
    earliest = ", ".join(f"coalesce({_by_then(date, known)}, {_NEVER})" for date in dates)
    present = "s.stage" if history.is_as_exported else "CAST(NULL AS TINYINT)"
    statement = f"""
WITH {units}
SELECT nullif(least({earliest}), {_NEVER}) AS at, {present} AS stage,
    coalesce({", ".join(dates)}) IS NOT NULL AS has_date, {won} AS won, {lost} AS lost
FROM units AS u
JOIN leads AS l ON l.lead_row = u.lead_row
JOIN lead_stages AS s ON s.lead_row = u.lead_row
ORDER BY u.lead_row"""
    answer = history.engine.query(statement, parameters.values)
    at_known = np.asarray(answer["at"].cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")
    rank = np.asarray(answer["stage"].cast(pa.float64()).to_numpy(), dtype=float)
    won_flags, lost_flags, has_date = (
        np.asarray(answer[name], dtype=bool) for name in ("won", "lost", "has_date")
    )
    there = rank >= STAGES.index(stage)
    # a date after as_of says that the present stage was reached later than that
    undated = ~has_date & (there | (won_flags & scope.is_wide))
    # a lost lead is no customer, however far it came
    silent = np.isnan(rank) & (stage != "customer" and stages.date_column(stage) is None)
    unknown = lost_flags & ~has_date & ~undated & silent
    return _Found(at=at_known, undated=undated, unknown=unknown)


def _by_then(moment: str, known: str) -> str:
    return moment if known == "TRUE" else f"CASE WHEN ({moment}) {known} THEN {moment} END"


def mapped_stages(history: History) -> Stages:
    """Return the stages of a history.

    Raises
    ------
    ConfigError
        If none are mapped.
    """
    if history.stages is None:
        raise ConfigError("no stages are mapped; say under [stages] which values mean sql")
    return history.stages


def _checked(history: History, stage: str) -> Stages:
    stages = mapped_stages(history)
    if stage not in DATED_STAGES:
        near = did_you_mean(stage, DATED_STAGES)
        raise ConfigError(f'there is no stage "{stage}"{near}; there are {", ".join(DATED_STAGES)}')
    dated = stage == "customer" or stages.date_column(stage)
    if not history.is_as_exported and not dated:
        raise ConfigError(
            f"which leads had reached {stage} on an earlier day is not known without its date; "
            f"name the column under [stages.dates] {stage}"
        )
    return stages


def _counted(stage: str, counts: dict[str, Flags], ids: NDArray[np.object_]) -> pd.DataFrame:
    rows = []
    for check, chosen in counts.items():
        shown = "" if check == "at the landmark" else ", ".join(map(str, ids[chosen][:3]))
        rule = _RULES.get(check, "open at the landmark")
        rows.append((f"stage {stage}", check, int(chosen.sum()), rule, shown))
    return pd.DataFrame(rows, columns=["table", "check", "n", "rule", "examples"])
