"""The control rate in one line of plain English: the methods reconciled, the figures adding up."""

from __future__ import annotations

from typing import Any

import pandas as pd

from calibrate.display import format_interval, format_number, format_value

__all__ = ["control_sentence"]

_Row = dict[str, Any]


def control_sentence(rows: pd.DataFrame, method: str, *, horizon_days: float) -> str:
    """Say the headline first, then how the other methods' rates relate to it.

    Parameters
    ----------
    rows : DataFrame
        `ControlRate.table`.
    method : {"cohort", "adjusted", "period"}
        The headline.
    horizon_days : float
        By when a lead must have converted; nan where there are no times.

    Returns
    -------
    str
        One line without a full stop.
    """
    found: dict[str, _Row] = {row["method"]: row for row in rows.to_dict("records")}
    if "adjusted" not in found:
        return f"{_counted(found['cohort'])} became customers: {_rate(found['cohort'])}"
    days = f"{format_number(horizon_days)} days"
    won = _won(found["period"])
    if method == "period":
        return f"{won} ({_limits(found['period'])})"
    if method == "cohort":
        return f"{_cohort(found['cohort'], found['adjusted'], days)}; {won}"
    return f"{_adjusted(found['adjusted'], days)}{_old_enough(found['cohort'])}; {won}"


def _cohort(cohort: _Row, adjusted: _Row, days: str) -> str:
    young = adjusted["n"] - cohort["n"]
    said = f"{_counted(cohort)} became customers within {days}: {_rate(cohort)}"
    if not cohort["n"]:
        said = f"no lead has had its {days} yet"
    return f"{said}, {format_value('n', young)} too young are left out" if young else said


def _adjusted(adjusted: _Row, days: str) -> str:
    so_far = format_value("rate", adjusted["n_converted"] / adjusted["n"])
    opening = f"{_counted(adjusted)} became customers so far ({so_far})"
    note = str(adjusted["note"])
    if note.startswith("rate after"):
        until = note.removeprefix("rate after ").split(":")[0]
        return f"{opening}; none has had {days} yet, after {until} we expect {_rate(adjusted)}"
    return f"{opening}; once the youngest have had their {days} we expect {_rate(adjusted)}"


def _old_enough(cohort: _Row) -> str:
    if not cohort["n"]:
        return ""
    n_converted, n = format_value("n", cohort["n_converted"]), format_value("n", cohort["n"])
    rate = format_value("rate", cohort["rate"])
    return f"; of the {n} that have had them, {n_converted} did ({rate})"


def _won(period: _Row) -> str:
    won, n = format_value("n", period["n_converted"]), format_value("n", period["n"])
    per_100 = format_number(100 * period["rate"], 1)
    who = "customer was" if period["n_converted"] == 1 else "customers were"
    came = "lead" if period["n"] == 1 else "leads"
    return (
        f"{won} {who} won in the period, whenever created, for {n} {came} created in it: "
        f"{per_100} per 100"
    )


def _counted(row: _Row) -> str:
    return f"{format_value('n', row['n_converted'])} of {format_value('n', row['n'])} leads"


def _rate(row: _Row) -> str:
    return f"{format_value('rate', row['rate'])} ({_limits(row)})"


def _limits(row: _Row) -> str:
    return format_interval("rate", row["rate_ci_lower"], row["rate_ci_upper"])
