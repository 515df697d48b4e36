"""One lift, one number: the lines of a card as the lift table has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibrate.lift import Lift
from calibrate.scorecard import Scorecard, ScoredCriterion

__all__ = ["with_lifts"]


def with_lifts(card: Scorecard, lift: Lift) -> Scorecard:
    """Return the card whose lines have the lift and the interval of the lift table.

    Parameters
    ----------
    card : Scorecard
    lift : Lift
        With the rules of the card (`Lift.with_card`).

    Notes
    -----
    Where some leads are too young, leads are weighted given the criteria that are looked at. A
    card is searched among more of them than the table shows, so that the same leads can have
    slightly other weights there; the page shows one of the two.
    """
    table = lift.table.set_index(np.arange(len(lift.criteria)))
    lines = []
    for line in card.criteria:
        rule = line.criterion
        places = [i for i, other in enumerate(lift.criteria) if other.when == rule.when]
        lines.append(_measured(line, table.loc[places[0]].to_dict()) if places else line)
    return replace(card, criteria=tuple(lines))


def _measured(line: ScoredCriterion, row: dict[str, float]) -> ScoredCriterion:
    ends = row["lift_ci_lower"], row["lift_ci_upper"]
    if not np.isfinite(row["lift"]):
        return line
    return replace(line, lift=row["lift"], lift_ci=ends if np.isfinite(ends).all() else None)
