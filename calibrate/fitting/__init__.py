"""From lift to whole-number points: search, rounding, intervals."""

from calibrate.fitting.fit import cross_fit_scores, fit_scorecard

__all__ = ["cross_fit_scores", "fit_scorecard"]
