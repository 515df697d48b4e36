"""Conversion lift of criteria against the control rate, with its uncertainty."""

from calibrate.lift.compare import MIN_LEADS, compare_rates, too_few
from calibrate.lift.found import CHOSEN, COUNTED_BY, compare_chosen
from calibrate.lift.measure import LIFT_COLUMNS, Lift, measure_lift
from calibrate.lift.overlaps import OVERLAP_COLUMNS, overlap_table
from calibrate.lift.sides import Sides, sides_of, told_units

__all__ = [
    "CHOSEN",
    "COUNTED_BY",
    "LIFT_COLUMNS",
    "MIN_LEADS",
    "OVERLAP_COLUMNS",
    "Lift",
    "Sides",
    "compare_chosen",
    "compare_rates",
    "measure_lift",
    "overlap_table",
    "sides_of",
    "told_units",
    "too_few",
]
