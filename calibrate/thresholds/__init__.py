"""Where to cut a score: one threshold by a stated objective, with its uncertainty, and tiers."""

from calibrate.thresholds.choose import Thresholds, choose_thresholds
from calibrate.thresholds.objectives import OBJECTIVES

__all__ = ["OBJECTIVES", "Thresholds", "choose_thresholds"]
