"""Conversion lift of criteria against the control rate, with its uncertainty."""

from calibrate.lift.compare import compare_rates, too_few
from calibrate.lift.measure import LIFT_COLUMNS, Lift, measure_lift
from calibrate.lift.sides import Sides, sides_of

__all__ = [
    "LIFT_COLUMNS",
    "Lift",
    "Sides",
    "compare_rates",
    "measure_lift",
    "sides_of",
    "too_few",
]
