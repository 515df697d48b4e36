"""What a `run.json` must look like to be shown, and its parts read with care."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateRuntimeError

from calibrate.errors import DataError

__all__ = ["DAMAGE", "Row", "is_wide", "require_shape", "rows_of", "setting"]

Row = dict[str, Any]

DAMAGE = (LookupError, TypeError, ValueError, AttributeError, TemplateRuntimeError)
"""What is raised on the way to a page where a ``run.json`` lacks what every run writes."""

_OBJECTS = (
    *("period", "control", "settings", "scorecard", "thresholds", "gate", "monitoring"),
    *("changes", "textbook", "versions", "conversion_by_age", "readiness", "rules"),
)
_NEEDED = {
    "lift": ("criterion", "control_rate", "rate", "rate_ci_lower", "rate_ci_upper", "verdict"),
    "backtest": ("card", "period"),
    "findings": ("severity", "what", "effect", "action"),
    "tier_table": ("tier", "at_least", "rate", "rate_ci_lower", "rate_ci_upper", "n"),
    "thresholds": ("threshold", "n", "n_converted", "recall", "missed"),
    "scorecard": ("name", "points", "group"),
}


def require_shape(run: Mapping[str, Any]) -> None:
    """Refuse a ``run.json`` whose parts are not what a run writes.

    Raises
    ------
    DataError
        Naming the part.
    """
    for name in _OBJECTS:
        if not isinstance(run.get(name) or {}, Mapping) or run.get(name) == []:
            raise _damaged(name, "is no object")
    cuts, card = run.get("thresholds") or {}, run.get("scorecard") or {}
    tables = {
        **{name: run.get(name) for name in _NEEDED},
        "tier_table": cuts.get("tier_table"),
        "thresholds": cuts.get("table"),
        "scorecard": card.get("criteria"),
    }
    for name, rows in tables.items():
        if not isinstance(rows or [], list) or not all(isinstance(r, Mapping) for r in rows or []):
            raise _damaged(name, "is no table")
        for column in _NEEDED[name]:
            if any(column not in row for row in rows or []):
                raise _damaged(name, f'has no "{column}"')


def _damaged(part: str, problem: str) -> DataError:
    return DataError(problem, file="run.json", column=part, fix="it is damaged: run again")


def rows_of(value: Any) -> list[Row]:
    """Return the rows of a table of ``run.json``, an absent one as no rows.

    Examples
    --------
    >>> rows_of(None), rows_of([{"n": 1}])
    ([], [{'n': 1}])
    """
    return [dict(row) for row in value or [] if isinstance(row, Mapping)]


def setting(run: Mapping[str, Any], table: str, name: str) -> Any:
    """Return one setting of a run, None where it is not set."""
    return ((run.get("settings") or {}).get(table) or {}).get(name)


def is_wide(run: Mapping[str, Any]) -> bool:
    """Whether the run's leads have no dates."""
    period = run.get("period") or {}
    return setting(run, "calibration", "horizon") is None or (
        (run.get("control") or {}).get("method") == "cohort"
        and period.get("start") is None
        and not rows_of(run.get("control_by_quarter"))
    )
