"""The control conversion rate by three methods, one of them the headline."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.config import Period
from calibrate.control.sentence import control_sentence
from calibrate.display import format_value, html_table
from calibrate.errors import ConfigError, NotEnoughDataError, did_you_mean
from calibrate.observation import Observation
from calibrate.observation.statements import Parameters, units_sql
from calibrate.stats.intervals import wilson, won_per_lead_interval
from calibrate.stats.survival import conversion_by, kaplan_meier
from calibrate.stats.weighting import weighted_rate

__all__ = [
    "METHODS",
    "ControlRate",
    "adjusted_rate",
    "clusters_of",
    "cohort_rate",
    "control_rate",
    "leads_of",
    "watched_days",
]

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
    horizon_days : float
        By when, counted from creation, a lead must have converted; nan for a wide table.
    """

    rate: float
    rate_ci_lower: float
    rate_ci_upper: float
    n: int
    n_converted: int
    method: str
    confidence_level: float
    period: Period
    horizon_days: float = float("nan")
    rows: pd.DataFrame = field(repr=False)

    @property
    def sentence(self) -> str:
        """All methods reconciled on one line, in plain English."""
        return control_sentence(self.rows, self.method, horizon_days=self.horizon_days)

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
        return html_table(
            self.rows.drop(columns=["n_effective"]),
            caption=f"Control rate, {self.period.label}: {format_value('rate', self.rate)}",
            notes=[self.sentence],
        )


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
    >>> control.sentence
    '30 of 100 leads became customers: 30.0% (21.9% to 39.6%)'
    """
    available = _available(obs, method)
    leads = leads_of(obs)
    rows = [_measured(obs, leads, name, confidence_level) for name in available]
    headline = method or _headline(leads, available)
    (chosen,) = (row for row in rows if row["method"] == headline)
    values = {name: chosen[name] for name in _TABLE if name not in {"n_effective", "note"}}
    table = pd.DataFrame(rows, columns=list(_TABLE))
    due = float("nan") if obs.history.is_wide else obs.horizon / _DAY
    return ControlRate(
        **values,  # type: ignore[arg-type]
        period=obs.period,
        horizon_days=due,
        rows=table,
    )


def leads_of(obs: Observation) -> pd.DataFrame:
    """Return all leads of an observation, each once.

    Raises
    ------
    ConfigError
        If they are open leads, whose outcome nobody knows.
    NotEnoughDataError
        If there are none.
    """
    if obs.is_open:
        raise ConfigError("the outcomes of open leads are not known; use observe()")
    leads = obs.single.table
    if leads.empty:
        raise NotEnoughDataError(f"no lead was created in the period {obs.period.label}")
    return leads


def clusters_of(leads: pd.DataFrame, *, has_contacts: bool) -> NDArray[np.int64] | None:
    """Return a number for each lead's contact; None where no contact has two leads.

    A lead without a contact is a cluster of its own.
    """
    contacts = leads["contact"]
    if not has_contacts or not contacts.dropna().duplicated().any():
        return None
    codes = np.asarray(pd.factorize(contacts)[0], dtype=np.int64)
    alone = codes < 0
    codes[alone] = codes.max() + 1 + np.arange(alone.sum())
    return codes


def _available(obs: Observation, method: str | None) -> tuple[str, ...]:
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
    cluster = clusters_of(leads, has_contacts=obs.history.has_contacts)
    if method == "cohort":
        return cohort_rate(leads, cluster, confidence_level=confidence_level)
    return adjusted_rate(leads, cluster, horizon=obs.horizon, confidence_level=confidence_level)


def _headline(leads: pd.DataFrame, available: tuple[str, ...]) -> str:
    is_mature = bool(leads["mature"].all()) or "adjusted" not in available
    return "cohort" if is_mature else "adjusted"


def cohort_rate(
    leads: pd.DataFrame, cluster: NDArray[np.int64] | None, *, confidence_level: float
) -> _Row:
    """Return the row ``cohort``: mature leads only."""
    mature = leads["mature"].to_numpy(dtype=bool)
    converted = leads["converted"].to_numpy(dtype=bool)[mature]
    n, n_converted = len(converted), int(converted.sum())
    rate, n_effective = n_converted / n if n else float("nan"), float(n)
    if n and cluster is not None:
        n_effective = weighted_rate(converted, np.ones(n), cluster[mature]).n_effective
    x = n_converted if cluster is None else rate * n_effective
    limits = wilson(x, n_effective, confidence_level=confidence_level)
    young = len(leads) - n
    return {
        "method": "cohort",
        "n": n,
        "n_converted": n_converted,
        "rate": rate,
        "rate_ci_lower": float(limits.lower),
        "rate_ci_upper": float(limits.upper),
        "n_effective": n_effective,
        "confidence_level": confidence_level,
        "note": f"mature leads only; {young} too young are left out" if young else "all leads",
    }


def adjusted_rate(
    leads: pd.DataFrame,
    cluster: NDArray[np.int64] | None,
    *,
    horizon: dt.timedelta,
    confidence_level: float,
) -> _Row:
    """Return the row ``adjusted``: all leads, each as long as it was watched."""
    converted = leads["converted"].to_numpy(dtype=bool)
    days, until = watched_days(leads, horizon)
    due = horizon / _DAY
    found = conversion_by(
        until, days, converted, cluster=cluster, confidence_level=confidence_level
    )
    survival, greenwood, n_at_risk = kaplan_meier(until, days, converted, cluster=cluster)
    if cluster is not None:  # few contacts that happen to agree are no reason to be surer
        greenwood = max(greenwood, kaplan_meier(until, days, converted).greenwood)
    rate = float(found.rate)
    variance = float(survival**2 * greenwood) if 0 < survival < 1 else 0.0
    note = "all leads, each as long as it was watched"
    if until < due:
        note = f"rate after {until:.0f} days: no lead was watched for {due:.0f}"
    return {
        "method": "adjusted",
        "n": len(leads),
        "n_converted": int(converted.sum()),
        "rate": rate,
        "rate_ci_lower": float(found.lower),
        "rate_ci_upper": float(found.upper),
        "n_effective": rate * (1 - rate) / variance if variance else float(n_at_risk),
        "confidence_level": confidence_level,
        "note": note,
    }


def watched_days(leads: pd.DataFrame, horizon: dt.timedelta) -> tuple[NDArray[np.float64], float]:
    """Return each lead's days to its conversion, or to the end of watching, and the last day.

    The last day is the horizon, or the longest follow-up where that is shorter.
    """
    converted = leads["converted"].to_numpy(dtype=bool)
    follow_up = leads["follow_up_days"].to_numpy(dtype=float)
    due = horizon / _DAY
    lag = leads["lag_days"].to_numpy(dtype=float)
    days = np.where(converted, lag, np.minimum(follow_up, due))
    return days, min(due, float(follow_up.max()))


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
