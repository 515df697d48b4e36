"""The scorecard as a value: criteria and whole-number points; apply, explain, JSON."""

from calibrate.scorecard.card import Scorecard
from calibrate.scorecard.values import (
    PARSIMONY_COLUMNS,
    Explanation,
    Hold,
    Scale,
    ScoredCriterion,
    Tier,
)

__all__ = [
    "PARSIMONY_COLUMNS",
    "Explanation",
    "Hold",
    "Scale",
    "Scorecard",
    "ScoredCriterion",
    "Tier",
]
