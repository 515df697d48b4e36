"""Two small tables for the report: the textbook's sum on one's own numbers, and the funnel."""

from __future__ import annotations

from typing import Any

import pandas as pd

from calibrate.lift import CHOSEN, Lift
from calibrate.scorecard import Scorecard

__all__ = ["funnel_table", "textbook_example"]


def textbook_example(lift: Lift, card: Scorecard) -> dict[str, Any] | None:
    """Return one criterion's way from rate to points, under three methods.

    Parameters
    ----------
    lift : Lift
    card : Scorecard

    Returns
    -------
    dict or None
        ``activity, n, n_converted, n_leads, lead_share, control_rate, rate`` (both rates with
        their intervals), ``lift, points_rate, points_difference, points_card, verdict`` of the
        most common criterion of group engagement whose verdict is ``raises`` (else the most
        common one of that group, else of any); None if no criterion was measured.
    """
    table = lift.table
    table = table[~table["reason"].str.startswith(CHOSEN)]
    for choice in (
        table[(table["group"] == "engagement") & (table["verdict"] == "raises")],
        table[table["group"] == "engagement"],
        table,
    ):
        if len(choice):
            return _example(choice.loc[choice["n"].idxmax()], lift, card)
    return None


def _example(row: pd.Series, lift: Lift, card: Scorecard) -> dict[str, Any]:
    points = {line.criterion.name: line.points for line in card.criteria}
    is_real = row["verdict"] in ("raises", "lowers")
    return {
        "activity": row["criterion"],
        "n": row["n"],
        "n_converted": row["n_converted"],
        "n_leads": lift.n,
        "lead_share": row["lead_share"],
        "control_rate": row["control_rate"],
        "control_rate_ci_lower": lift.control_rate_ci_lower,
        "control_rate_ci_upper": lift.control_rate_ci_upper,
        "rate": row["rate"],
        "rate_ci_lower": row["rate_ci_lower"],
        "rate_ci_upper": row["rate_ci_upper"],
        "lift": row["lift"],
        "points_rate": round(100 * row["rate"]) if row["verdict"] == "raises" else 0,
        "points_difference": round(100 * row["difference"]) if is_real else 0,
        "points_card": points.get(row["criterion"], 0),
        "verdict": row["verdict"],
    }


def funnel_table(table: pd.DataFrame, scores: pd.DataFrame, card: Scorecard) -> pd.DataFrame:
    """Return how many leads of a period reach each stage.

    Parameters
    ----------
    table : DataFrame
        ``obs.table``.
    scores : DataFrame
        ``card.score(obs)``.
    card : Scorecard
        With its tiers.

    Returns
    -------
    DataFrame
        ``stage, n, share``; each stage is a part of the one before, `share` is of the first.
    """
    mature = scores[table.loc[scores.index, "mature"].to_numpy(dtype=bool)]
    counts = {
        "created in the period": len(table),
        "old enough to be judged": int(table["mature"].sum()),
        "still open at the landmark": len(mature),
    }
    best = mature
    for tier in sorted(card.tiers, key=lambda tier: tier.at_least)[1:]:
        best = mature[mature["score"] >= tier.at_least]
        is_top = tier == card.tiers[0]
        counts[tier.name if is_top else f"{tier.name} or better"] = len(best)
    counts["of these, converted by the horizon"] = int(best["converted"].sum())
    funnel = pd.DataFrame({"stage": list(counts), "n": list(counts.values())})
    funnel["share"] = funnel["n"] / max(len(table), 1)
    return funnel
