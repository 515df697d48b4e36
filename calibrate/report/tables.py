"""Every table of a run, for the appendix and the workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from calibrate.display import merged_columns
from calibrate.report.campaigns import campaign_rows
from calibrate.report.card import rule_of
from calibrate.report.shape import rows_of

__all__ = ["RunTable", "merged", "tables_of"]

Row = dict[str, Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class RunTable:
    """One table of the run.

    Attributes
    ----------
    key : str
        Its name in the language files' ``[appendix]``.
    file : str
        The file of the run folder that holds all of it.
    """

    key: str
    file: str
    _table: pd.DataFrame

    @property
    def table(self) -> pd.DataFrame:
        """The rows, numbers as in ``run.json``."""
        return self._table.copy()

    @property
    def printed(self) -> pd.DataFrame:
        """The rows without the columns that print leaves to the file."""
        return self._table.drop(columns=list(_HIDDEN.get(self.key, ())), errors="ignore")


def tables_of(run: Mapping[str, Any]) -> list[RunTable]:
    """Return the tables of a run that have rows, in the order of the appendix.

    Examples
    --------
    >>> [table.key for table in tables_of({"warnings": ["one"], "funnel": []})]
    ['warnings']
    """
    cuts, card = run.get("thresholds") or {}, run.get("scorecard") or {}
    changes, monitoring = run.get("changes") or {}, run.get("monitoring") or {}
    found = {
        "control": (run.get("control") or {}).get("table"),
        "control_by_quarter": run.get("control_by_quarter"),
        "conversion_by_age": (run.get("conversion_by_age") or {}).get("table"),
        "funnel": run.get("funnel"),
        "readiness": (run.get("readiness") or {}).get("table"),
        "scorecard": _scorecard(card),
        "parsimony": (run.get("parsimony") or {}).get("table"),
        "short_card": _scorecard((run.get("short_card") or {}).get("card") or {}),
        "expected_rate": _expected_rate(card),
        "lift": run.get("lift"),
        "overlaps": run.get("overlaps"),
        "tiers": cuts.get("tier_table"),
        "thresholds": cuts.get("table"),
        "history": cuts.get("history"),
        "stages": (run.get("stages") or {}).get("table"),
        "crossings": (run.get("crossings") or {}).get("table"),
        "grid": (run.get("grid") or {}).get("table"),
        "backtest": run.get("backtest"),
        "backtest_skipped": run.get("backtest_skipped"),
        "missed": run.get("missed"),
        "campaigns": campaign_rows(run),
        "monitoring_reasons": [{"reason": str(text)} for text in monitoring.get("reasons") or []],
        "monitoring": monitoring.get("table"),
        "changes": changes.get("criteria") or changes.get("table"),
        "gate": _gate(run.get("gate") or {}),
        "textbook": _pairs(run.get("textbook")),
        "findings": _findings(rows_of(run.get("findings"))),
        "checks": run.get("checks"),
        "warnings": [{"note": str(warning)} for warning in run.get("warnings") or []],
        "settings": _pairs(run.get("settings")),
        "inputs": run.get("inputs"),
        "versions": _pairs(run.get("versions")),
    }
    return [
        RunTable(key=key, file=_FILES.get(key, "run.json"), _table=_frame(rows_of(rows)))
        for key, rows in found.items()
        if rows
    ]


def merged(table: pd.DataFrame) -> list[tuple[str, tuple[str, ...]]]:
    """Return the columns of a printed table: a value and its interval share one.

    Returns
    -------
    list of (str, tuple of str)
        Name, and the columns it is made of: one, or value, lower and upper end. The level,
        the same on every row, is left out.

    Examples
    --------
    >>> merged(pd.DataFrame(columns=["n", "rate", "rate_ci_lower", "rate_ci_upper"]))
    [('n', ('n',)), ('rate', ('rate', 'rate_ci_lower', 'rate_ci_upper'))]
    """
    return merged_columns([str(name) for name in table.columns])


# Columns that a printed table leaves to the file: constant, or told by another.
_HIDDEN = {
    "lift": (
        "source",
        "n_without",
        "n_converted_without",
        "not_converted_share",
        "rate_without",
        "control_rate",
        "n_effective",
        "confidence_level",
    ),
    "campaigns": (
        "n_effective",
        "n_difference",
        "n_difference_ci_lower",
        "n_difference_ci_upper",
        "expected_rate",
        "control_rate",
        "p_value",
        "hot_q_value",
        "confidence_level",
    ),
    "readiness": ("kind",),
    "stages": ("message", "precision", "n_leads"),
    "grid": ("fit_at_least", "fit_below", "engagement_at_least", "engagement_below", "is_thin"),
    "parsimony": ("n", "n_converted"),
    "short_card": ("source", "selection_frequency", "attribute_frequency"),
}
# ``run.json`` knows no order of columns: what a row is about stands first, then how many leads,
# then how they did; what only statisticians ask for stands last.
_FIRST = (
    *("table", "check", "setting", "column", "value", "severity", "guard", "lead_id"),
    *("period", "card", "kind", "criterion", "name", "rule", "group", "status"),
    *("points", "points_old", "points_new"),
    *("cell", "fit", "engagement", "stage", "tier", "at_least", "threshold", "score", "outcome"),
    *("n_criteria", "chosen", "days", "days_before", "method", "what"),
    *("n", "n_leads", "n_mature", "n_watched", "rows", "n_converted", "n_expected", "n_observed"),
    *("share", "lead_share", "converted_share", "rate", "control_rate", "lift", "difference"),
    *("auc", "auc_difference", "kept_share", "auc_added", "precision", "recall", "missed"),
    *("leads_per_week", "recent_leads_per_week", "converted_per_week", "missed_per_week"),
    *("volume", "amount", "amount_share", "p10", "p25", "median", "p75", "p90", "mean"),
)
_LAST = (
    *("verdict", "reason", "note", "examples", "source", "p_value", "q_value", "hot_q_value"),
    *("n_effective", "confidence_level"),
)
_OF_A_FINDING = ("severity", "guard", "what", "how_sure", "effect", "action", "columns")
_FILES = {
    "lift": "lift.csv",
    "thresholds": "thresholds.csv",
    "backtest": "backtest.csv",
    "funnel": "funnel.csv",
    "scorecard": "scorecard.json",
    "parsimony": "scorecard.json",
    "changes": "changes.md",
}


def _frame(rows: list[Row]) -> pd.DataFrame:
    columns = sorted(dict.fromkeys(key for row in rows for key in row), key=_place)
    return pd.DataFrame([[row.get(key) for key in columns] for row in rows], columns=columns)


def _place(column: str) -> tuple[int, str]:
    """Return where a column stands: an interval behind its value, what has no place between."""
    name = column.removesuffix("_ci_lower").removesuffix("_ci_upper")
    if name in _FIRST:
        return _FIRST.index(name), column
    if name in _LAST:
        return len(_FIRST) + 1 + _LAST.index(name), column
    return len(_FIRST), ""


def _opened(row: Row) -> Row:
    """Give ``lift_ci: [a, b]`` the two columns it has in every other table."""
    flat: Row = {}
    for key, value in row.items():
        if key.endswith("_ci"):
            lower, upper = value if value is not None else (None, None)
            flat |= {f"{key}_lower": lower, f"{key}_upper": upper}
        elif key != "when":
            flat[key] = value
    return flat


def _scorecard(card: Mapping[str, Any]) -> list[Row]:
    """Return the lines; the whole rule where a name leaves something out."""
    rows = rows_of(card.get("criteria"))
    rules = [rule_of(row) for row in rows]
    opened = [_opened(row) for row in rows]
    if not any(rules):
        return opened
    return [row | {"rule": rule} for row, rule in zip(opened, rules, strict=True)]


def _expected_rate(card: Mapping[str, Any]) -> list[Row]:
    """Return the rates of each score; an empty card has one rate for all, which says nothing."""
    return (
        [_opened(row) for row in rows_of(card.get("expected_rate"))] if card.get("criteria") else []
    )


def _findings(rows: list[Row]) -> list[Row]:
    """Return what all findings have; the figures of some guards are in ``run.json``."""
    return [{name: row.get(name) for name in _OF_A_FINDING} for row in rows]


def _gate(gate: Mapping[str, Any]) -> list[Row]:
    told = {"recommendation": gate.get("recommendation")}
    reasons = {f"reason {i}": text for i, text in enumerate(gate.get("reasons") or [], start=1)}
    return _pairs(told | reasons | dict(gate.get("figures") or {}))


def _pairs(values: Any, prefix: str = "") -> list[Row]:
    """Return a nested mapping as rows of ``setting, value``."""
    rows: list[Row] = []
    for key, value in (values or {}).items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            rows += _pairs(value, f"{name}.")
        elif value not in (None, [], {}):
            rows.append({"setting": name, "value": value})
    return rows
