"""The card as a reader of the page sees it, and the leads it is counted on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrate.criteria import describe
from calibrate.errors import ConfigError
from calibrate.report.shape import Row, is_wide, rows_of, setting

__all__ = ["base_of", "card_of", "example_of", "rule_of", "sizes_of", "textbook_of"]

STABLE = 0.8  # share of resamples that choose a line again
_HALF = 0.5


def base_of(run: Mapping[str, Any]) -> Row | None:
    """Return the leads that the points, the tiers and the cuts are counted on."""
    control = (run.get("scorecard") or {}).get("control") or {}
    if any(control.get(name) is None for name in ("n", "n_converted", "rate")):
        return None
    label = (setting(run, "calibration", "fit_period") or {}).get("label")
    window = setting(run, "calibration", "observation_window")
    is_dated = not is_wide(run) and label not in (None, "all")
    was_open = bool(window) and window >= 1 and setting(run, "calibration", "early") != "truncate"
    text = "base_wide" if not is_dated else "base_open" if was_open else "base"
    return {
        **{name: control[name] for name in ("n", "n_converted", "rate")},
        "text": text + ("" if _adds_up(control) else "_so_far"),
        "period": label,
        "window": window,
    }


def _adds_up(counted: Mapping[str, Any]) -> bool:
    """Whether the rate is that of the counts, and not one that allows for young leads."""
    return bool(abs(counted["n_converted"] - counted["rate"] * counted["n"]) < 0.5)


def card_of(run: Mapping[str, Any]) -> Row:
    """Return the lines of the card, the most points first, and what a total means."""
    card = run.get("scorecard") or {}
    criteria = rows_of(card.get("criteria"))
    shares = {row["criterion"]: row.get("lead_share") for row in rows_of(run.get("lift"))}
    lines = [
        line
        | {
            **_against_average(line["points"], shares.get(line["name"])),
            "is_unstable": _is_unstable(line),
            "rule": rule_of(line),
        }
        for line in sorted(criteria, key=lambda line: (-line["points"], line["name"]))
    ]
    cuts = {tier["at_least"]: tier["name"] for tier in rows_of(card.get("tiers"))}
    shown = {0, 20, 40, 60, 80, 100} | set(cuts)
    totals = [row for row in rows_of(card.get("expected_rate")) if row["score"] in shown]
    return {
        "base": card.get("base", 0),
        "base_ci": card.get("base_ci"),
        "has_ranges": any(line.get("points_ci") for line in lines),
        "has_added": any(line.get("auc_added") is not None for line in lines),
        "has_chosen": any(line.get("n_looked_at") for line in lines),
        "lines": lines,
        "caps": dict(card.get("caps") or {}),
        "disqualify": [str(rule.get("name")) for rule in rows_of(card.get("disqualify"))],
        "hold": rows_of(card.get("hold")),
        "totals": totals,
        "top_rate": max(((row.get("rate_ci") or [0, row["rate"]])[1] for row in totals), default=1),
        "cuts": cuts,
    }


def rule_of(line: Mapping[str, Any]) -> str | None:
    """Return the whole rule of a line in words; None where its name says all of it."""
    if not line.get("when"):
        return None
    try:
        said = describe(line["when"], full=True)
    except ConfigError:  # a run of a newer version, or one written by hand
        return None
    return None if said == line.get("name") else said


def example_of(run: Mapping[str, Any]) -> Row | None:
    """Return one lead with the lines it meets and those it does not, the start first."""
    lead = run.get("example")
    if not isinstance(lead, Mapping) or not rows_of(lead.get("rules")):
        return None
    start, *lines = rows_of(lead["rules"])
    lines.sort(key=lambda line: (not line["met"], -line["points_possible"], line["criterion"]))
    return {**lead, "start": start["points"], "lines": lines}


def sizes_of(run: Mapping[str, Any]) -> Row | None:
    """Return what fewer lines would give, the ceiling, and the short card; None without them."""
    part = run.get("parsimony") or {}
    card = next((row for row in rows_of(part.get("table")) if row.get("chosen")), None)
    if card is None:
        return None
    short = run.get("short_card") or {}
    lines = rows_of((short.get("card") or {}).get("criteria"))
    lines.sort(key=lambda line: (-line["points"], line["name"]))
    return {
        "enough": part.get("enough"),
        "card": card,
        "ceiling": part.get("ceiling"),
        "short": lines
        and {
            "base": short["card"].get("base", 0),
            "lines": [line | {"rule": rule_of(line)} for line in lines],
            "price": short.get("price"),
        },
    }


def _against_average(points: int, share: float | None) -> Row:
    """Return what a line that most leads meet is worth beside the average lead, both ways."""
    share = share or 0.0
    without = -round(points * share)
    return {
        "is_common": share > _HALF and points != 0,
        "with": points + without,
        "without": without,
    }


def _is_unstable(line: Row) -> bool:
    again = line.get("selection_frequency")
    return again is not None and again < STABLE


def textbook_of(run: Mapping[str, Any]) -> Row | None:
    """Return the textbook's sum, and whether its counts give its rate."""
    book = run.get("textbook")
    if not book:
        return None
    bars = [
        {
            "is_activity": name == "rate",
            "n": book[n],
            "rate": book[name],
            "lower": book.get(f"{name}_ci_lower"),
            "upper": book.get(f"{name}_ci_upper"),
        }
        for name, n in (("rate", "n"), ("control_rate", "n_leads"))
    ]
    top = max(bar["upper"] or bar["rate"] for bar in bars)
    return dict(book) | {"adds_up": _adds_up(book), "bars": bars, "top_rate": top}
