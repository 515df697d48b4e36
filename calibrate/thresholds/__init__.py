"""Where to cut a score: one threshold by a stated objective, with its uncertainty, and tiers."""

from calibrate.thresholds.choose import choose_thresholds
from calibrate.thresholds.objectives import OBJECTIVES
from calibrate.thresholds.values import Thresholds

__all__ = ["OBJECTIVES", "Thresholds", "choose_thresholds"]
