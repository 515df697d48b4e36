"""The control conversion rate: three methods, one headline; by quarter, and by age of the leads."""

from calibrate.control.age import ConversionByAge, conversion_by_age
from calibrate.control.quarters import control_by_quarter
from calibrate.control.rates import ControlRate, control_rate

__all__ = [
    "ControlRate",
    "ConversionByAge",
    "control_by_quarter",
    "control_rate",
    "conversion_by_age",
]
