"""Why a rule came or went, told by the lift tables of the two runs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from calibrate import display
from calibrate.criteria import Criterion

__all__ = ["why_dropped", "why_new"]

NOT_LOOKED_AT = "not among the rules looked at"


def why_dropped(
    rule: Criterion, lift: pd.DataFrame | None, activities: Collection[str] | None = None
) -> str:
    """Return why a rule of the old card is not on the new one; nothing where it is not known.

    Parameters
    ----------
    rule : Criterion
    lift : DataFrame or None
        Lift table of the new run: ``criterion, lift, lift_ci_lower, lift_ci_upper, verdict,
        reason``.
    activities : collection of str, optional
        Names in today's log.

    Examples
    --------
    >>> from calibrate.criteria import as_criterion
    >>> rule = as_criterion({"activity": "email_click", "at_least": 1})
    >>> why_dropped(rule, None, activities=["page_view"])
    'there is no email_click in the log any more'
    >>> table = pd.DataFrame({"criterion": ["email_click"], "lift": [1.23],
    ...     "lift_ci_lower": [1.04], "lift_ci_upper": [1.46], "verdict": ["raises"],
    ...     "reason": ["counted by pricing_view"]})
    >>> why_dropped(rule, table)
    'lift now 1.23x (1.04x to 1.46x): counted by pricing_view'
    """
    gone = [] if activities is None else _gone(rule, activities)
    if gone:
        return f"there is no {' and no '.join(gone)} in the log any more"
    if lift is None:
        return ""
    row = _row(rule, lift)
    return NOT_LOOKED_AT if row is None else f"lift now {_said(row)}"


def why_new(rule: Criterion, lift: pd.DataFrame | None, lift_before: pd.DataFrame | None) -> str:
    """Return what a rule of the new card shows, and why it was not on the old one.

    Parameters
    ----------
    rule : Criterion
    lift, lift_before : DataFrame or None
        Lift tables of the new and of the old run.

    Examples
    --------
    >>> from calibrate.criteria import as_criterion
    >>> rule = as_criterion({"activity": "demo_request", "at_least": 1})
    >>> now = pd.DataFrame({"criterion": ["demo_request"], "lift": [2.5], "lift_ci_lower": [1.5],
    ...     "lift_ci_upper": [4.0], "verdict": ["raises"], "reason": [""]})
    >>> before = now.assign(lift=1.4, lift_ci_lower=0.9, verdict="too few", reason="too few")
    >>> why_new(rule, now, before)
    'lift now 2.50x (1.50x to 4.00x): raises; before 1.40x (0.90x to 4.00x): too few'
    """
    parts = []
    now = None if lift is None else _row(rule, lift)
    if now is not None:
        parts.append(f"lift now {_said(now)}")
    if lift_before is not None:
        before = _row(rule, lift_before)
        parts.append(f"before {NOT_LOOKED_AT if before is None else _said(before)}")
    return "; ".join(parts)


def _gone(rule: Criterion, activities: Collection[str]) -> list[str]:
    named = (measure.activity for measure in rule.measures if measure.activity is not None)
    return [name for name in dict.fromkeys(named) if name not in activities]


def _row(rule: Criterion, lift: pd.DataFrame) -> dict[str, Any] | None:
    rows = lift[lift["criterion"] == rule.name].to_dict(orient="records")
    return {str(name): value for name, value in rows[0].items()} if rows else None


def _said(row: dict[str, Any]) -> str:
    ends = (
        display.format_value("lift", row[name])
        for name in ("lift", "lift_ci_lower", "lift_ci_upper")
    )
    lift, lower, upper = ends
    reason = "" if pd.isna(row["reason"]) else str(row["reason"])
    return f"{lift} ({lower} to {upper}): {reason or row['verdict']}"
