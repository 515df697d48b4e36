"""The threshold explorer: any cut, and what it would catch and miss.

The numbers of every cut are written here, once, as texts; the page's script only picks
the row of the chosen cut, so what it shows is ``run.json``, rounded like everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrate.report import svg
from calibrate.report.words import Words

__all__ = ["explorer_view"]

_NAMES = (
    "leads_per_week",
    "n",
    "per_person",
    "rate",
    "caught",
    "missed",
    "amount",
    "expected_value",
)


def explorer_view(cut: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Return the explorer's texts and curves.

    Parameters
    ----------
    cut : mapping
        ``table`` (rows by ``threshold``), ``threshold``, ``low`` and ``high`` of the
        plateau, ``people`` (or None).
    words : Words

    Returns
    -------
    dict
        ``fields`` (name and heading), ``rows`` (one a cut: ``threshold`` and a text per
        field), ``start`` (row of the recommended cut), the two curves as SVG paths.
    """
    table = cut["table"]
    fields = [name for name in _NAMES if _is_known(name, table, cut)]
    of = table[0]["n_converted"]
    rows = [
        {"threshold": row["threshold"], **_texts(row, of, cut["people"], words)} for row in table
    ]
    at = [row["threshold"] for row in table]
    start = next((i for i, row in enumerate(table) if row["threshold"] >= cut["threshold"]), -1)
    return {
        "fields": [(name, words(f"explorer.{name}")) for name in fields],
        "rows": [{name: row[name] for name in ("threshold", *fields, "range")} for row in rows],
        "start": rows[start],
        "threshold": cut["threshold"],
        "low": cut["low"],
        "high": cut["high"],
        "customers": svg.steps(at, [row["recall"] for row in table]),
        "leads": svg.steps(at, [row.get("lead_share", row["n"] / table[0]["n"]) for row in table]),
        "nobody": str(words("explorer.nobody")),
    }


def _is_known(name: str, table: list[Any], cut: Mapping[str, Any]) -> bool:
    has_weeks = table[0].get("leads_per_week") is not None
    if name == "per_person":
        return has_weeks and bool(cut["people"])
    if name in ("leads_per_week", "n"):
        return has_weeks == (name == "leads_per_week")
    if name in ("amount", "expected_value"):
        return any(row.get(name) for row in table)
    return True


def _x_of_y(row: Mapping[str, Any], of: float, words: Words) -> str:
    return str(words("explorer.x_of_y", x=words.whole(row["n_converted"]), y=words.whole(of)))


def _range(row: Mapping[str, Any], words: Words) -> str:
    ends = [row.get("rate_ci_lower"), row.get("rate_ci_upper")]
    if None in ends:
        return ""
    lower, upper = (words.of_100(end) for end in ends)
    return str(words("page.bracket", lower=lower, upper=upper))


def _missed(row: Mapping[str, Any], words: Words) -> str:
    """Return the customers below a cut and, where weeks are known, how many a week."""
    a_week = row.get("missed_per_week")
    missed = words.whole(row["missed"])
    if a_week is None:
        return missed
    return str(words("explorer.missed_week", n=missed, a_week=words.one_decimal(a_week)))


def _texts(row: Mapping[str, Any], of: float, people: int | None, words: Words) -> dict[str, str]:
    """Return the text of every field at one cut."""
    a_week = row.get("leads_per_week")
    return {
        "leads_per_week": words.one_decimal(a_week) if a_week is not None else "",
        "n": words.whole(row["n"]),
        "per_person": words.one_decimal(a_week / people) if a_week is not None and people else "",
        "rate": words.of_100(row.get("rate")),
        "range": _range(row, words),
        "caught": _x_of_y(row, of, words),
        "missed": _missed(row, words),
        "amount": words.value("amount", row.get("amount")),
        "expected_value": words.value("amount", row.get("expected_value")),
    }
