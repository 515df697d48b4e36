"""Constraints on a card: what they name, whether they can hold, and what they allow."""

from calibrate.fitting.constraints.limits import Bounds, Limits
from calibrate.fitting.constraints.naming import Names
from calibrate.fitting.constraints.reading import Subject, canonical, directions
from calibrate.fitting.constraints.resolving import limits_of, resolvable

__all__ = [
    "Bounds",
    "Limits",
    "Names",
    "Subject",
    "canonical",
    "directions",
    "limits_of",
    "resolvable",
]
