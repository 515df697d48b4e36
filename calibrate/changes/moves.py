"""Who changes tier: the same leads under the old card and the new one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from calibrate.scorecard import DISQUALIFIED, Scorecard

__all__ = ["MOVED_COLUMNS", "MOVE_COLUMNS", "Moves", "moves_of"]

MOVE_COLUMNS = ("tier_old", "tier_new", "n")
MOVED_COLUMNS = ("lead_id", "tier_old", "tier_new", "score_old", "score_new")


class Moves(NamedTuple):
    """How the same leads stand under two cards.

    Attributes
    ----------
    counts : DataFrame
        ``tier_old, tier_new, n``, the highest tiers first.
    up, down : DataFrame
        ``lead_id, tier_old, tier_new, score_old, score_new`` of those whose tier rises, the
        highest new score first, and of those whose tier falls, the highest old score first.
    """

    counts: pd.DataFrame
    up: pd.DataFrame
    down: pd.DataFrame


def moves_of(
    old: pd.DataFrame | None, new: pd.DataFrame | None, old_card: Scorecard, new_card: Scorecard
) -> Moves:
    """Return the leads counted by old and new tier, and those that change it.

    Parameters
    ----------
    old, new : DataFrame or None
        The same leads scored by either card: ``lead_id, score, tier``.
    old_card, new_card : Scorecard
        Which tier is above which.

    Returns
    -------
    Moves

    Notes
    -----
    Tiers of the same name are the same tier; one that only the new card has stands above the
    tier that it stands above there.
    """
    if old is None or new is None:
        nobody = pd.DataFrame(columns=list(MOVED_COLUMNS))
        return Moves(pd.DataFrame(columns=list(MOVE_COLUMNS)), nobody, nobody)
    wanted = ["lead_id", "score", "tier"]
    old, new = _with_like_ids(old[wanted], new[wanted])
    both = old.merge(new, on="lead_id", suffixes=("_old", "_new"))
    height = _heights(old_card, new_card)
    rank_old, rank_new = (both[name].map(height) for name in ("tier_old", "tier_new"))
    up = _sorted(both[rank_new > rank_old], "score_new")
    down = _sorted(both[rank_new < rank_old], "score_old")
    counts = both.groupby(["tier_old", "tier_new"], sort=False).size().reset_index(name="n")
    high, low = (counts[name].map(height) for name in ("tier_old", "tier_new"))
    order = np.lexsort((-low.to_numpy(), -high.to_numpy()))
    return Moves(counts.iloc[order].reset_index(drop=True), up, down)


def _sorted(moved: pd.DataFrame, score: str) -> pd.DataFrame:
    moved = moved.sort_values(score, ascending=False, kind="stable")
    return moved[list(MOVED_COLUMNS)].reset_index(drop=True)


def _with_like_ids(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both with ids as texts where one has them as numbers: from CSV ids are texts."""
    number = [pd.api.types.is_numeric_dtype(frame["lead_id"]) for frame in (old, new)]
    if number[0] == number[1]:
        return old, new
    return old.astype({"lead_id": str}), new.astype({"lead_id": str})


def _heights(old_card: Scorecard, new_card: Scorecard) -> dict[str, int]:
    """Return the place of each tier of either card from below; disqualified is under them all."""
    order = [DISQUALIFIED, *(tier.name for tier in reversed(old_card.tiers))]
    below = DISQUALIFIED
    for tier in reversed(new_card.tiers):
        if tier.name not in order:
            order.insert(order.index(below) + 1, tier.name)
        below = tier.name
    return {name: place for place, name in enumerate(order)}
