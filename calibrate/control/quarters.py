"""The control rate of every quarter in which leads were created."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from calibrate.control.rates import adjusted_rate, clusters_of, cohort_rate
from calibrate.observation.reading import lead_frame, observed_leads
from calibrate.observation.statements import Parameters, Scope, units_sql
from calibrate.observation.windows import resolve_windows

if TYPE_CHECKING:
    from calibrate.history import History

__all__ = ["control_by_quarter"]

_DAY = dt.timedelta(days=1)
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
    rows = []
    for quarter in _quarters(history, scope):  # all leads at once would take much memory
        start, end = (each.start_time.to_pydatetime() for each in (quarter, quarter + 1))
        part = dataclasses.replace(scope, start=start, end=end)
        cohort = lead_frame(observed_leads(history.engine, part, ()), part, ())
        cluster = clusters_of(cohort, has_contacts=history.has_contacts)
        if cohort["mature"].all():
            row = cohort_rate(cohort, cluster, confidence_level=confidence_level)
        else:
            row = adjusted_rate(
                cohort, cluster, horizon=scope.horizon, confidence_level=confidence_level
            )
        watched = min(scope.horizon / _DAY, float(cohort["follow_up_days"].max()))
        extra = {"n_mature": int(cohort["mature"].sum()), "follow_up_days": watched}
        rows.append(row | extra | {"period": f"{quarter}"})
    return pd.DataFrame(rows, columns=list(_BY_QUARTER))


def _quarters(history: History, scope: Scope) -> list[pd.Period]:
    """Return the quarters in which leads were created."""
    parameters = Parameters()
    units = units_sql(scope, parameters)
    start = "date_trunc('quarter', u.created_at)"
    found = history.engine.query(
        f"WITH {units} SELECT DISTINCT {start} AS start FROM units AS u", parameters.values
    )
    starts = sorted(start for start in found["start"].to_pylist() if start is not None)
    return [pd.Period(start, freq="Q") for start in starts]


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
