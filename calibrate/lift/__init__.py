"""Conversion lift of criteria against the control rate, with its uncertainty."""

from calibrate.lift.compare import compare_rates, too_few
from calibrate.lift.measure import LIFT_COLUMNS, Lift, measure_lift

__all__ = ["LIFT_COLUMNS", "Lift", "compare_rates", "measure_lift", "too_few"]
