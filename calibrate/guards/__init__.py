"""Guards: what in the data would make a score look better, or worse, than it is.

Each guard looks for one trap and says what it found, how sure that is, what it does to
the numbers and what to do about it. None of them changes anything.
"""

from calibrate.guards.bots import Bots
from calibrate.guards.checking import Check, check
from calibrate.guards.contact import FreeMail, ImplausibleContacts
from calibrate.guards.deciding import SeparatesAlone, ValueDecides
from calibrate.guards.filling import FilledByOutcome, FilledForWinners
from calibrate.guards.finding import Finding, leaking_columns
from calibrate.guards.known_later import KnownLater
from calibrate.guards.outcomes import (
    FewConversions,
    HorizonTooLong,
    ImmatureLeads,
    OneOutcome,
    PlannedClosings,
    UnequalObservation,
)
from calibrate.guards.problems import find_problems
from calibrate.guards.renamed import RenamedActivity
from calibrate.guards.segments import SignFlip
from calibrate.guards.worked import WorkedLeads, WorkedNotMapped

__all__ = [
    "Bots",
    "Check",
    "FewConversions",
    "FilledByOutcome",
    "FilledForWinners",
    "Finding",
    "FreeMail",
    "HorizonTooLong",
    "ImmatureLeads",
    "ImplausibleContacts",
    "KnownLater",
    "OneOutcome",
    "PlannedClosings",
    "RenamedActivity",
    "SeparatesAlone",
    "SignFlip",
    "UnequalObservation",
    "ValueDecides",
    "WorkedLeads",
    "WorkedNotMapped",
    "check",
    "find_problems",
    "leaking_columns",
]
