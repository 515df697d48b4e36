"""What the leadership part shows: chosen and sorted from ``run.json``, nothing computed.

Each function takes the dict of a run and returns plain values for the templates; the HTML
page and the Markdown text are two faces of the same view.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from calibrate.backtest import NOT_WALK_FORWARD
from calibrate.report.campaigns import campaigns_of
from calibrate.report.card import base_of, card_of, example_of, sizes_of, textbook_of
from calibrate.report.cuts import beside_the_cut
from calibrate.report.overlap import overlap_of
from calibrate.report.shape import Row, is_wide, rows_of, setting
from calibrate.report.why import why_not

__all__ = ["lead_link", "leadership"]

_CARDS = (
    *("candidate", "dated", "current", "hand_made", "rate", "newest", "equal"),
    "gradient_boosting",
)
_SEVERITIES = ("certain", "likely", "note")
_MAX_QUARTERS = 4
_MAX_LEADS = 6
_MAX_NOTHING = 8
_CUT = re.compile(r"(: [\d.,]+ times or more| adding up to [\d.,]+ or more| at least [\d.,]+)$")


def leadership(run: Mapping[str, Any]) -> Row:
    """Return the parts of the leadership pages, in their order.

    Parameters
    ----------
    run : mapping
        ``run.json``.

    Returns
    -------
    dict
        ``head, verdict, sentence, base, cut, beside, against, card, example, sizes, changes,
        nothing, missed, campaigns, unknown, textbook``; a part that the run cannot fill is None
        or empty.

    Examples
    --------
    >>> leadership({"scorecard": {"criteria": []}})["sentence"]["is_empty"]
    True
    """
    return {
        "head": _head(run),
        "verdict": _verdict(run),
        "sentence": _sentence(run),
        "base": base_of(run),
        "cut": _cut(run),
        "beside": beside_the_cut(run),
        "against": _against(run),
        "card": card_of(run),
        "example": _example(run),
        "sizes": sizes_of(run),
        "changes": _changes(run),
        "nothing": _nothing(run),
        "missed": _missed(run),
        "campaigns": campaigns_of(run),
        "unknown": _unknown(run),
        "textbook": textbook_of(run),
    }


def lead_link(lead_url: str | None, lead_id: object) -> str | None:
    """Return a lead's address in the CRM; only http(s) addresses make links.

    Examples
    --------
    >>> lead_link("https://crm.example.com/{lead_id}", "a b")
    'https://crm.example.com/a%20b'
    >>> lead_link("javascript:alert({lead_id})", 1) is None
    True
    """
    if not lead_url or not lead_url.lower().startswith(("https://", "http://")):
        return None
    return lead_url.replace("{lead_id}", quote(str(lead_id), safe=""))


def _head(run: Mapping[str, Any]) -> Row:
    return {
        "name": run.get("name") or "",
        "period": (run.get("period") or {}).get("label"),
        "as_of": run.get("as_of"),
        "version": (run.get("versions") or {}).get("calibrate", ""),
    }


def _verdict(run: Mapping[str, Any]) -> Row:
    monitoring, gate = run.get("monitoring") or {}, run.get("gate") or {}
    levels = [row for row in rows_of(monitoring.get("table")) if row.get("kind") == "level"]
    figures = gate.get("figures") or {}
    is_first = figures.get("compared_with") != "current"
    is_empty = not (run.get("scorecard") or {}).get("criteria")
    return {
        "monitoring": monitoring.get("verdict"),
        "level": levels[0] if levels else None,
        "knew": ("current", monitoring.get("period")) in _knew(run),
        # an empty first card has its own words; one that would follow another stays behind
        "gate": None if is_empty and is_first else gate.get("recommendation"),
        "figures": figures,
        "is_first": is_first,
        "why": why_not(run, is_wide=is_wide(run)),
        "pooled": len(_judged(run)),
    }


def _judged(run: Mapping[str, Any]) -> set[str]:
    """Return the periods behind the pooled figure of the new card."""
    return {
        str(row["period"])
        for row in rows_of(run.get("backtest"))
        if row["card"] == "candidate" and row.get("auc") is not None
    }


def _sentence(run: Mapping[str, Any]) -> Row:
    cuts = run.get("thresholds") or {}
    tiers = _with_ceilings(rows_of(cuts.get("tier_table")))
    is_empty = not (run.get("scorecard") or {}).get("criteria")
    separates = bool(cuts.get("separates")) and not is_empty
    wide, window = is_wide(run), setting(run, "calibration", "observation_window")
    tiers = tiers if separates and len(tiers) > 1 else []
    return {
        "control": run.get("control"),
        "is_wide": wide,
        "horizon": setting(run, "calibration", "horizon"),
        "window": window,
        "at_once": wide or not window or window < 1,
        "is_empty": is_empty,
        "separates": separates,
        "tiers": tiers,
        "is_weak": bool(tiers) and tiers[0]["rate_ci_lower"] <= tiers[-1]["rate_ci_upper"],
    }


def _with_ceilings(tiers: list[Row]) -> list[Row]:
    """Give each tier the score at which the next higher one begins."""
    ordered = sorted(tiers, key=lambda tier: -tier["at_least"])
    ceilings = [None, *(tier["at_least"] for tier in ordered)]
    return [tier | {"below": ceiling} for tier, ceiling in zip(ordered, ceilings, strict=False)]


def _cut(run: Mapping[str, Any]) -> Row | None:
    """Return the cuts, or None where there is nothing to cut."""
    cuts = run.get("thresholds") or {}
    table = sorted(rows_of(cuts.get("table")), key=lambda row: row["threshold"])
    sentence = _sentence(run)
    if not sentence["separates"] or len(table) < 2:
        return None
    at = cuts["threshold"]
    chosen = next((row for row in table if row["threshold"] >= at), table[-1])
    low, high = cuts.get("plateau") or (at, at)
    capacity = cuts.get("capacity")  # of all people together
    people = setting(run, "thresholds", "people")
    return {
        "objective": cuts.get("objective"),
        "text": _objective(cuts.get("objective"), capacity, chosen, is_weak=sentence["is_weak"]),
        "capacity": capacity,
        "threshold": at,
        "low": low,
        "high": high,
        "table": table,
        "chosen": chosen,
        "all": table[0],
        "people": people if people and people > 1 else None,
    }


def _objective(name: Any, capacity: float | None, chosen: Row, *, is_weak: bool) -> str:
    """Name the words for why this cut; only a full week of surely better leads is filled."""
    if name != "capacity" or capacity is None:
        return str(name)
    if is_weak:
        return "capacity_within"
    a_week = chosen.get("leads_per_week")
    return "capacity_free" if a_week is not None and a_week <= capacity - 1 else "capacity"


def _knew(run: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the cards that were made from leads of a period, with that period."""
    return {
        (row["card"], row["period"])
        for row in rows_of(run.get("backtest_differences"))
        if row.get("in_sample")
    }


def _against(run: Mapping[str, Any]) -> Row:
    rows = [row for row in rows_of(run.get("backtest")) if row.get("auc") is not None]
    periods = list(dict.fromkeys(row["period"] for row in rows))[-_MAX_QUARTERS:]
    knew = _knew(run)
    found = {
        (row["card"], row["period"]): row | {"knew": (row["card"], row["period"]) in knew}
        for row in rows
    }
    current = found.get(("current", periods[-1])) if periods else None
    cards = [card for card in _CARDS if any((card, period) in found for period in periods)]
    return {
        "periods": periods,
        "cards": [
            {"card": card, "cells": [found.get((card, period)) for period in periods]}
            for card in cards
        ],
        "latest": found.get(("candidate", periods[-1])) if periods else None,
        "current": None if current is None or current["knew"] else current,
        "is_walk_forward": not any(str(period).endswith(NOT_WALK_FORWARD) for period in periods),
        "any_knew": any(row["knew"] for row in found.values()),
        "skipped": [str(row["period"]) for row in rows_of(run.get("backtest_skipped"))],
    }


def _example(run: Mapping[str, Any]) -> Row | None:
    lead = example_of(run)
    return lead and lead | {"link": lead_link(run.get("lead_url"), lead["lead_id"])}


def _changes(run: Mapping[str, Any]) -> Row | None:
    changes = run.get("changes")
    if not changes:
        return None
    rows = rows_of(changes.get("criteria") or changes.get("table"))
    return {
        "rows": rows,
        "drawn": [_drawn(row) for row in rows],
        "counts": {
            status: sum(row.get("status") == status for row in rows)
            for status in ("new", "dropped", "changed", "same", "renamed")
        },
        "moved": [row for row in rows if row.get("status") != "same"],
    }


def _drawn(row: Row) -> Row:
    """Return a line of both cards for the slope chart: what is not there has no end."""
    gone = {"new": "points_old", "dropped": "points_new"}.get(str(row.get("status")))
    return row if gone is None else row | {gone: None}


def _nothing(run: Mapping[str, Any]) -> Row:
    names = {line["name"] for line in rows_of((run.get("scorecard") or {}).get("criteria"))}
    rows = [row for row in rows_of(run.get("lift")) if row["criterion"] not in names]
    rows.sort(key=lambda row: (-(row.get("n") or 0), row["criterion"]))
    shown = _once(rows)[:_MAX_NOTHING]
    for row in shown:
        row["overlap"] = overlap_of(run, row["criterion"])
    top = max((row.get("rate_ci_upper") or row.get("rate") or 0 for row in shown), default=1)
    if shown:
        top = min(top, 4 * shown[0]["control_rate"])  # a leak must not flatten the others
    return {"rows": shown, "rest": len(rows) - len(shown), "top_rate": top}


def _once(rows: list[Row]) -> list[Row]:
    """Keep the most common of cuts in the same number: "visits at least 1", not also 2 and 3."""
    kept: dict[str, Row] = {}
    for row in rows:
        kept.setdefault(_CUT.sub("", row["criterion"]), row)
    return list(kept.values())


def _missed(run: Mapping[str, Any]) -> Row:
    rows = rows_of(run.get("missed"))
    for row in rows:
        row["link"] = lead_link(run.get("lead_url"), row.get("lead_id"))
    wins = [row for row in rows if _is_win(row)]
    losses = [row for row in rows if not _is_win(row)]
    has_amount = any(row.get("amount") is not None for row in rows)
    return {"wins": wins[:_MAX_LEADS], "losses": losses[:_MAX_LEADS], "has_amount": has_amount}


def _is_win(row: Row) -> bool:
    if row.get("converted") is not None:
        return bool(row["converted"])
    return str(row.get("what", "")).startswith("win")


def _unknown(run: Mapping[str, Any]) -> Row:
    findings = sorted(rows_of(run.get("findings")), key=_severity)
    told = [row for row in findings if row.get("severity") != "note"]
    return {
        "findings": findings,
        "groups": _by_severity(told),
        "n_notes": len(findings) - len(told),
        "warnings": [str(warning) for warning in run.get("warnings") or []],
        "counts": _positive(rows_of(run.get("checks"))),
    }


def _severity(finding: Row) -> int:
    name = finding.get("severity")
    return _SEVERITIES.index(name) if name in _SEVERITIES else len(_SEVERITIES)


def _by_severity(findings: list[Row]) -> list[Row]:
    groups: dict[str, list[Row]] = {}
    for row in findings:
        groups.setdefault(str(row.get("severity")), []).append(row)
    return [{"severity": name, "rows": rows} for name, rows in groups.items()]


def _positive(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if (row.get("n") or 0) > 0]
