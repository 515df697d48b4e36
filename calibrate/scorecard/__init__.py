"""The scorecard as a value: criteria and whole-number points; apply, explain, JSON."""

from calibrate.scorecard.card import Scorecard
from calibrate.scorecard.values import Explanation, Hold, Scale, ScoredCriterion, Tier

__all__ = ["Explanation", "Hold", "Scale", "Scorecard", "ScoredCriterion", "Tier"]
