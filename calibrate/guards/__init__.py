"""Guards: what in the data would make a score look better, or worse, than it is.

Each guard looks for one trap and says what it found, how sure that is, what it does to
the numbers and what to do about it. None of them changes anything.
"""

from calibrate.guards.checking import Check, check
from calibrate.guards.columns import FilledByOutcome, SeparatesAlone, ValueDecides
from calibrate.guards.finding import Finding, leaking_columns
from calibrate.guards.problems import find_problems

__all__ = [
    "Check",
    "FilledByOutcome",
    "Finding",
    "SeparatesAlone",
    "ValueDecides",
    "check",
    "find_problems",
    "leaking_columns",
]
