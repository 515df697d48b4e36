"""Where to cut a score: thresholds by stated objectives, with their uncertainty, and tiers.

Beside them what a cut means: stages of the CRM, the scores of customers before they bought, and
leads by fit and engagement.
"""

from calibrate.thresholds.arrivals import Arrivals
from calibrate.thresholds.choose import best_threshold, choose_thresholds
from calibrate.thresholds.crossing import Crossings, crossings, days_to_sale
from calibrate.thresholds.grid import ScoreGrid, score_grid
from calibrate.thresholds.objectives import OBJECTIVES, Target
from calibrate.thresholds.stages import StageThresholds, choose_stage_thresholds, with_stage_tiers
from calibrate.thresholds.values import Thresholds

__all__ = [
    "OBJECTIVES",
    "Arrivals",
    "Crossings",
    "ScoreGrid",
    "StageThresholds",
    "Target",
    "Thresholds",
    "best_threshold",
    "choose_stage_thresholds",
    "choose_thresholds",
    "crossings",
    "days_to_sale",
    "score_grid",
    "with_stage_tiers",
]
