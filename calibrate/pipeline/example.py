"""One lead of the period, added up: how the card is read."""

from __future__ import annotations

from typing import Any

import pandas as pd

from calibrate.scorecard import Scorecard

__all__ = ["example_of"]


def example_of(card: Scorecard, inputs: pd.DataFrame, compared: pd.Series) -> dict[str, Any] | None:
    """Return the lead just above the highest cut, and which lines of the card it meets.

    Parameters
    ----------
    card : Scorecard
        With its tiers.
    inputs : DataFrame
        `Scorecard.inputs` of the leads of the period.
    compared : Series of bool
        Which of them are compared at their landmark; index of `inputs`.

    Returns
    -------
    dict or None
        ``lead_id, score, tier, expected_rate, rules`` (rows of `Explanation.table`): of the
        leads at or above the cut the one with the lowest score, else the one with the highest;
        of equals the first by id. None for an empty card, or without leads.
    """
    leads = inputs[compared.to_numpy(dtype=bool)]
    if card.is_empty or leads.empty:
        return None
    score = card.score_frame(leads)["score"]
    cut = card.tiers[0].at_least if card.tiers else 0
    wanted = score.where(score >= cut).min() if (score >= cut).any() else score.max()
    ids = leads.loc[score == wanted, "lead_id"]
    lead = leads.loc[ids.astype(str).sort_values(kind="stable").index[0]]
    told = card.explain(lead)
    return {
        "lead_id": lead["lead_id"],
        "score": told.score,
        "tier": told.tier,
        "expected_rate": told.expected_rate,
        "rules": told.table,
    }
