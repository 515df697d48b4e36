"""Sources of an invented run."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def a_row(value: str, n: int, k: int, verdict: str, **more: Any) -> Row:
    return {
        "value": value,
        "n": n,
        "n_converted": k,
        "hot_share": 0.25,
        "hot_share_ci_lower": 0.2,
        "hot_share_ci_upper": 0.31,
        "n_expected": k + 3.4,
        "n_observed": float(k),
        "n_difference": -3.4,
        "rate": k / n,
        "rate_ci_lower": 0.8 * k / n,
        "rate_ci_upper": 1.3 * k / n,
        "control_rate": 0.072,
        "shrunken_rate": 0.0815,
        "amount": 1234567.0,
        "verdict": verdict,
    } | more


def bring_campaigns(run: Row) -> Row:
    """Return the run with three sources."""
    rows = [
        a_row("fair", 1200, 130, "more customers"),
        a_row("paid search", 2000, 100, "fewer customers"),
        a_row("other (7 values)", 90, 5, "too few", rate=None, shrunken_rate=None),
    ]
    part = {
        "column": "Lead Source",
        "n": 4300,
        "control_rate": 0.072,
        "hot_share": 0.25,
        "hot_tier": "hot",
    }
    return run | {"campaigns": [part | {"amount": 3703701.0, "table": rows}]}
