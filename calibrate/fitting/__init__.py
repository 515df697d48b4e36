"""From lift to whole-number points: search, rounding, intervals."""

from calibrate.fitting.constrained import barred_criteria, names_in
from calibrate.fitting.constraints import resolvable
from calibrate.fitting.fit import cross_fit_scores, fit_scorecard
from calibrate.fitting.price import Parsimony, parsimony_curve

__all__ = [
    "Parsimony",
    "barred_criteria",
    "cross_fit_scores",
    "fit_scorecard",
    "names_in",
    "parsimony_curve",
    "resolvable",
]
