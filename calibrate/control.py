"""The control conversion rate: three methods on one line, and one of them the headline."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from calibrate.config import Period
from calibrate.display import html_table
from calibrate.errors import ConfigError, NotEnoughDataError, did_you_mean
from calibrate.observation import Observation
from calibrate.observation.reading import lead_frame
from calibrate.observation.statements import Parameters, Scope, leads_statement, units_sql
from calibrate.observation.windows import resolve_windows
from calibrate.stats.intervals import wilson, won_per_lead_interval
from calibrate.stats.survival import conversion_by, kaplan_meier

if TYPE_CHECKING:
    from calibrate.history import History

__all__ = ["ControlRate", "control_by_quarter", "control_rate"]

METHODS = ("period", "cohort", "adjusted")

_Row = dict[str, object]
_DAY = dt.timedelta(days=1)
_TABLE = (
    "method",
    "n",
    "n_converted",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "n_effective",
    "confidence_level",
    "note",
)
_BY_QUARTER = (
    "period",
    "method",
    "n",
    "n_converted",
    "n_mature",
    "follow_up_days",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "confidence_level",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class ControlRate:
    """The control conversion rate of a period's leads.

    Made by `control_rate`.

    Attributes
    ----------
    rate, rate_ci_lower, rate_ci_upper : float
        The headline and its interval.
    n, n_converted : int
        Leads and conversions it rests on, as counted.
    method : {"cohort", "adjusted", "period"}
        How the headline was computed.
    confidence_level : float
    period : Period
    """

    rate: float
    rate_ci_lower: float
    rate_ci_upper: float
    n: int
    n_converted: int
    method: str
    confidence_level: float
    period: Period
    rows: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a method.

        Returns
        -------
        DataFrame
            ``method, n, n_converted, rate, rate_ci_lower, rate_ci_upper, n_effective
            (leads that would give as exact a rate; missing for ``period``, which is no
            proportion), confidence_level, note``.
        """
        return self.rows.copy()

    def _repr_html_(self) -> str:
        return html_table(self.rows, caption=f"Control rate, {self.period.label}")


def control_rate(
    obs: Observation, *, method: str | None = None, confidence_level: float = 0.95
) -> ControlRate:
    """Measure the conversion rate of all leads of the period, the control of every lift.

    Parameters
    ----------
    obs : Observation
        From `observe`; all its leads count, those closed before their landmark too.
    method : {"cohort", "adjusted", "period"}, optional
        The headline; by default ``cohort`` where all leads are mature, else ``adjusted``.
    confidence_level : float
        Nominal coverage of the intervals.

    Returns
    -------
    ControlRate
        The headline; ``.table`` has every method.

    Raises
    ------
    ConfigError
        If the method is unknown, or needs times that a wide table does not have.
    NotEnoughDataError
        If the period has no leads.

    Notes
    -----
    ``cohort``: mature leads that converted by the horizon / mature leads; Wilson.
    ``adjusted``: 1 - Kaplan-Meier at the horizon over all leads, each watched until as_of
    (a lost lead too); log-log Greenwood. Where no lead was watched until the horizon, the
    rate at the longest follow-up, and the note says so. ``period``: customers won in the
    period, whenever created, / leads created in it, the textbook's ratio; the two are
    different people, so the interval is that of a ratio of two counts (log scale). A wide
    table has ``cohort`` only.

    Examples
    --------
    >>> from calibrate.history import read_history
    >>> from calibrate.observation import observe
    >>> outcome = ["converted"] * 30 + ["lost"] * 70
    >>> leads = pd.DataFrame({"lead_id": range(100), "outcome": outcome})
    >>> control = control_rate(observe(read_history(leads)))
    >>> control.rate, round(control.rate_ci_lower, 3), round(control.rate_ci_upper, 3)
    (0.3, 0.219, 0.396)
    """
    available = _available(obs, method)
    leads = obs.table
    if leads.empty:
        raise NotEnoughDataError(f"no lead was created in the period {obs.period.label}")
    rows = [_measured(obs, leads, name, confidence_level) for name in available]
    headline = method or _headline(leads, available)
    (chosen,) = (row for row in rows if row["method"] == headline)
    values = {name: chosen[name] for name in _TABLE if name not in {"n_effective", "note"}}
    table = pd.DataFrame(rows, columns=list(_TABLE))
    return ControlRate(**values, period=obs.period, rows=table)  # type: ignore[arg-type]


def control_by_quarter(
    history: History,
    *,
    horizon: str | int | dt.timedelta = "auto",
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Measure the control rate of every quarter in which leads were created.

    Parameters
    ----------
    history : History
        The leads.
    horizon : str, int (days) or timedelta
        By when a lead must have converted, counted from its creation.
    confidence_level : float
        Nominal coverage of the intervals.

    Returns
    -------
    DataFrame
        One row a quarter, oldest first: ``period, method`` (``cohort`` where all its leads
        are mature, else ``adjusted``)``, n, n_converted, n_mature, follow_up_days`` (the
        horizon, or the longest follow-up where that is shorter: such a rate is not yet
        comparable)``, rate, rate_ci_lower, rate_ci_upper, confidence_level``. No rows for a
        wide table, which knows no times.

    Examples
    --------
    >>> from calibrate.history import read_history
    >>> leads = pd.DataFrame({"lead_id": range(4), "outcome": "lost"})
    >>> len(control_by_quarter(read_history(leads), horizon="90D"))
    0
    """
    scope = _whole_scope(history, horizon)
    if scope.is_wide:
        return pd.DataFrame(columns=list(_BY_QUARTER))
    leads = lead_frame(history.engine.query(*leads_statement(scope, ())), scope, ())
    quarters = pd.DatetimeIndex(leads["created_at"]).to_period("Q").astype(str)
    rows = []
    for quarter, cohort in leads.groupby(np.asarray(quarters), sort=True):
        if cohort["mature"].all():
            row = _cohort(cohort, confidence_level)
        else:
            row = _adjusted(cohort, scope.horizon, confidence_level)
        watched = min(scope.horizon / _DAY, float(cohort["follow_up_days"].max()))
        extra = {"n_mature": int(cohort["mature"].sum()), "follow_up_days": watched}
        rows.append(row | extra | {"period": quarter})
    return pd.DataFrame(rows, columns=list(_BY_QUARTER))


def _available(obs: Observation, method: str | None) -> tuple[str, ...]:
    if obs.is_open:
        raise ConfigError("the outcomes of open leads are not known; use observe()")
    if method is not None and method not in METHODS:
        hint = did_you_mean(str(method), METHODS)
        raise ConfigError(f'method "{method}" must be one of {", ".join(METHODS)}{hint}')
    if not obs.history.is_wide:
        return METHODS
    if method not in {None, "cohort"}:
        raise ConfigError(f'method "{method}" needs created_at, which this table does not have')
    return ("cohort",)


def _measured(obs: Observation, leads: pd.DataFrame, method: str, confidence_level: float) -> _Row:
    if method == "period":
        return _period(obs, leads, confidence_level)
    if method == "cohort":
        return _cohort(leads, confidence_level)
    return _adjusted(leads, obs.horizon, confidence_level)


def _headline(leads: pd.DataFrame, available: tuple[str, ...]) -> str:
    is_mature = bool(leads["mature"].all()) or "adjusted" not in available
    return "cohort" if is_mature else "adjusted"


def _cohort(leads: pd.DataFrame, confidence_level: float) -> _Row:
    mature = leads[leads["mature"].to_numpy(dtype=bool)]
    n, n_converted = len(mature), int(mature["converted"].sum())
    limits = wilson(n_converted, n, confidence_level=confidence_level)
    young = len(leads) - n
    return {
        "method": "cohort",
        "n": n,
        "n_converted": n_converted,
        "rate": n_converted / n if n else float("nan"),
        "rate_ci_lower": float(limits.lower),
        "rate_ci_upper": float(limits.upper),
        "n_effective": float(n),
        "confidence_level": confidence_level,
        "note": f"mature leads only; {young} too young are left out" if young else "all leads",
    }


def _adjusted(leads: pd.DataFrame, horizon: dt.timedelta, confidence_level: float) -> _Row:
    converted = leads["converted"].to_numpy(dtype=bool)
    follow_up = leads["follow_up_days"].to_numpy(dtype=float)
    due = horizon / _DAY
    until = min(due, float(follow_up.max()))
    days = np.where(converted, leads["lag_days"].to_numpy(dtype=float), np.minimum(follow_up, due))
    found = conversion_by(until, days, converted, confidence_level=confidence_level)
    survival, greenwood, n_at_risk = kaplan_meier(until, days, converted)
    variance = survival**2 * greenwood if 0 < survival < 1 else 0.0
    note = "all leads, each as long as it was watched"
    if until < due:
        note = f"rate after {until:.0f} days: no lead was watched for {due:.0f}"
    return {
        "method": "adjusted",
        "n": len(leads),
        "n_converted": int(converted.sum()),
        "rate": found.rate,
        "rate_ci_lower": found.lower,
        "rate_ci_upper": found.upper,
        "n_effective": found.rate * (1 - found.rate) / variance if variance else n_at_risk,
        "confidence_level": confidence_level,
        "note": note,
    }


def _period(obs: Observation, leads: pd.DataFrame, confidence_level: float) -> _Row:
    won, n = _won_in_period(obs), len(leads)
    limits = won_per_lead_interval(won, n, confidence_level=confidence_level)
    return {
        "method": "period",
        "n": n,
        "n_converted": won,
        "rate": won / n,
        "rate_ci_lower": float(limits.lower),
        "rate_ci_upper": float(limits.upper),
        "n_effective": float("nan"),
        "confidence_level": confidence_level,
        "note": "customers won in the period, whenever created, per lead created in it",
    }


def _won_in_period(obs: Observation) -> int:
    """Count the customers won in the period and known at as_of, whenever they were created."""
    parameters = Parameters()
    units = units_sql(dataclasses.replace(obs.scope, start=None, end=None), parameters)
    conditions = ["u.is_win"]
    if obs.period.start is not None:
        conditions.append(f"u.closed_at >= {parameters.moment(obs.period.start)}")
    if obs.period.end is not None:
        conditions.append(f"u.closed_at < {parameters.moment(obs.period.end)}")
    statement = f"WITH {units}\nSELECT count(*) AS won FROM units AS u"
    where = " AND ".join(conditions)
    found = obs.history.engine.query(f"{statement} WHERE {where}", parameters.values)
    return int(found["won"][0].as_py())


def _whole_scope(history: History, horizon: str | int | dt.timedelta) -> Scope:
    """Return the scope of all leads; the window plays no part in the control rate."""
    zero = dt.timedelta(0)
    if history.is_wide:
        due = zero
    else:
        _, due = resolve_windows(history, "auto", horizon)
    return Scope(
        as_of=history.as_of,
        start=None,
        end=None,
        window=zero,
        horizon=due,
        lookback=zero,
        is_wide=history.is_wide,
    )
