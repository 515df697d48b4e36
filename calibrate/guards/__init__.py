"""Guards: what in the data would make a score look better, or worse, than it is.

Each guard looks for one trap and says what it found, how sure that is, what it does to
the numbers and what to do about it. None of them changes anything.
"""

from calibrate.guards.checking import Check, check
from calibrate.guards.deciding import SeparatesAlone, ValueDecides
from calibrate.guards.filling import FilledByOutcome, FilledForWinners
from calibrate.guards.finding import Finding, leaking_columns
from calibrate.guards.known_later import KnownLater
from calibrate.guards.problems import find_problems

__all__ = [
    "Check",
    "FilledByOutcome",
    "FilledForWinners",
    "Finding",
    "KnownLater",
    "SeparatesAlone",
    "ValueDecides",
    "check",
    "find_problems",
    "leaking_columns",
]
