"""What sources and campaigns brought, as the leadership part shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrate.report.shape import Row, rows_of

__all__ = ["campaign_rows", "campaigns_of"]

_MAX_ROWS = 8
_FEW = ("too few", "too young")


def campaigns_of(run: Mapping[str, Any]) -> list[Row]:
    """Return each column with the rows that a leader reads, the most frequent first.

    Parameters
    ----------
    run : mapping
        ``run.json``.

    Returns
    -------
    list of dict
        ``column, n, rate, rows, rest, top_rate, hot_tier, has_hot, has_amount``; nothing of a
        column of which no row could be judged.

    Examples
    --------
    >>> campaigns_of({})
    []
    """
    found = []
    for part in rows_of(run.get("campaigns")):
        rows = rows_of(part.get("table"))
        shown = rows[:_MAX_ROWS]
        if all(row.get("verdict") in _FEW for row in rows):
            continue
        ends = [row.get("rate_ci_upper") or row.get("rate") or 0 for row in shown]
        found.append(
            {
                "column": part.get("column"),
                "n": part.get("n"),
                "rate": part.get("control_rate"),
                "rows": shown,
                "rest": len(rows) - len(shown),
                "top_rate": min(max(ends), 4 * (part.get("control_rate") or 1)),
                "hot_tier": part.get("hot_tier"),
                "has_hot": part.get("hot_share") is not None,
                "has_amount": part.get("amount") is not None,
            }
        )
    return found


def campaign_rows(run: Mapping[str, Any]) -> list[Row]:
    """Return the rows of all columns, each with the name of its column."""
    return [
        {"column": part.get("column")} | row
        for part in rows_of(run.get("campaigns"))
        for row in rows_of(part.get("table"))
    ]
