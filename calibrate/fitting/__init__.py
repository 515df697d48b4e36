"""From lift to whole-number points: search, rounding, intervals."""

from calibrate.fitting.fit import cross_fit_scores, fit_scorecard
from calibrate.fitting.price import Parsimony, parsimony_curve

__all__ = ["Parsimony", "cross_fit_scores", "fit_scorecard", "parsimony_curve"]
