"""The scorecard as a value: criteria and whole-number points; apply, explain, JSON."""

from calibrate.scorecard.card import DISQUALIFIED, Scorecard
from calibrate.scorecard.values import (
    PARSIMONY_COLUMNS,
    Explanation,
    Hold,
    Scale,
    ScoredCriterion,
    Tier,
)

__all__ = [
    "DISQUALIFIED",
    "PARSIMONY_COLUMNS",
    "Explanation",
    "Hold",
    "Scale",
    "Scorecard",
    "ScoredCriterion",
    "Tier",
]
