"""Why a card is not to be put in force yet, from the facts of ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrate.backtest.folds import MIN_CONVERSIONS
from calibrate.gate import MARGIN, SLOPE

__all__ = ["why_not"]

_PROSE = {
    "not walk-forward": "not_walk_forward",
    "the candidate ranks worse than the hand-made": "by_hand",
    "it rests on": "leak",
    "points moved": "moved",
}


def why_not(run: Mapping[str, Any], *, is_wide: bool = False) -> list[dict[str, Any]]:
    """Return why the gate does not say "promote": keys of the table ``[why]`` and their values.

    Parameters
    ----------
    run : mapping
        ``run.json``.
    is_wide : bool, default False
        Whether the leads have no dates, and so no quarters.

    Returns
    -------
    list of dict
        ``key`` and the values of that text; empty where the gate says "promote" or nothing.

    Examples
    --------
    >>> card = {"criteria": [{}], "control": {"n_converted": 45}}
    >>> why_not({"gate": {"recommendation": "hold"}, "scorecard": card})
    [{'key': 'few', 'n': 45, 'needed': 50}, {'key': 'unjudged'}]
    """
    gate, card = run.get("gate") or {}, run.get("scorecard") or {}
    if gate.get("recommendation") in (None, "promote"):
        return []
    if not card.get("criteria"):
        return [{"key": "empty"}]
    figures = gate.get("figures") or {}
    return [*_few(card), *_proven(figures, is_wide=is_wide), *_promises(figures), *_said(gate)]


def _few(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    n = (card.get("control") or {}).get("n_converted")
    if n is None or n >= MIN_CONVERSIONS:
        return []
    return [{"key": "few", "n": n, "needed": MIN_CONVERSIONS}]


def _proven(figures: Mapping[str, Any], *, is_wide: bool) -> list[dict[str, Any]]:
    rival = "current" if figures.get("compared_with") == "current" else "chance"
    lower, upper = figures.get("difference_ci_lower"), figures.get("difference_ci_upper")
    if lower is None or upper is None:
        known = rival == "current" and figures.get("candidate_auc") is not None
        if known and figures.get("first_judged"):
            return [{"key": "uncompared_until", "day": figures["first_judged"]}]
        return [{"key": "untried" if is_wide else "uncompared" if known else "unjudged"}]
    if rival == "chance":
        return [] if lower > 0 else [{"key": "chance"}]
    is_worse = upper < 0 or (figures.get("difference") or 0) < MARGIN
    return [{"key": "worse"}] if is_worse else []


def _promises(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    lower = figures.get("calibration_slope_ci_lower")
    upper = figures.get("calibration_slope_ci_upper")
    if upper is not None and upper < SLOPE[0]:
        return [{"key": "bold"}]
    if lower is not None and lower > SLOPE[1]:
        return [{"key": "timid"}]
    return []


def _said(gate: Mapping[str, Any]) -> list[dict[str, Any]]:
    reasons = [str(reason) for reason in gate.get("reasons") or []]
    return [
        {"key": key}
        for start, key in _PROSE.items()
        if any(reason.startswith(start) for reason in reasons)
    ]
