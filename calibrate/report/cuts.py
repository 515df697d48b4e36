"""What the leadership part says beside the cut: stages, crossings, fit against engagement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrate.report.shape import Row, is_wide, rows_of

__all__ = ["beside_the_cut"]


def beside_the_cut(run: Mapping[str, Any]) -> Row:
    """Return ``arrivals, stages, crossings, grid``; each None where the run does not have it.

    Examples
    --------
    >>> beside_the_cut({})
    {'arrivals': None, 'stages': None, 'crossings': None, 'grid': None}
    """
    return {
        "arrivals": _arrivals(run),
        "stages": _stages(run),
        "crossings": _crossings(run),
        "grid": _grid(run),
    }


def _arrivals(run: Mapping[str, Any]) -> Row | None:
    """Return both figures where the latest weeks are unlike the whole time."""
    cuts = run.get("thresholds") or {}
    if not cuts.get("recent_differs") or not cuts.get("separates"):
        return None
    recent, capacity = cuts["recent_leads_per_week"], cuts.get("capacity")
    is_over = capacity is not None and recent > capacity
    return {
        "average": cuts["leads_per_week"],
        "recent": recent,
        "capacity": capacity or 0,
        "text": "recent_over" if is_over else "recent",
    }


def _stages(run: Mapping[str, Any]) -> Row | None:
    stages = run.get("stages") or {}
    rows = rows_of(stages.get("table"))
    if not rows:
        return None
    return {
        "rows": rows,
        "crossed": bool(stages.get("crossed")),
        "unknown": [row for row in rows if row.get("n_unknown")],
        "undated": [row for row in rows if row.get("n_undated")],
        "has_weeks": any(row.get("leads_per_week") is not None for row in rows),
    }


def _crossings(run: Mapping[str, Any]) -> Row | None:
    """Return the figures; of a table without times only that it has none."""
    found = run.get("crossings") or {}
    if not found.get("n"):
        wide = bool(found) and is_wide(run) and bool((run.get("scorecard") or {}).get("criteria"))
        return {"text": "no_times"} if wide else None
    median = found.get("days_median")
    text = "crossed_none" if median is None else "crossed" if median >= 1 else "crossed_soon"
    at_sale = next((row for row in rows_of(found.get("table")) if row["days_before"] == 0), None)
    is_compared = at_sale is not None and bool(at_sale["n_others"])
    if at_sale and is_compared and not found["n_never"] and at_sale["others_above_share"] == 1:
        return None  # everybody stands above such a cut: it tells nothing
    return {
        **found,
        "text": text,
        "days": int(median or 0),
        "at_sale": at_sale if is_compared else None,
    }


def _grid(run: Mapping[str, Any]) -> Row | None:
    """Return the cells by rows; no grid where there is but one cell."""
    grid = run.get("grid") or {}
    cells = rows_of(grid.get("table"))
    if len(cells) < 2:
        return None
    letters = list(dict.fromkeys(cell["fit"] for cell in cells))
    rows = [[cell for cell in cells if cell["fit"] == letter] for letter in letters]
    one = "one_row" if len(rows) == 1 else "one_column" if len(rows[0]) == 1 else ""
    top = max((cell["shrunken_rate"] or 0 for cell in cells), default=0)
    return {"rows": rows, "columns": rows[0], "one": one, "top_rate": top}
