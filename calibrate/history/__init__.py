"""The history of leads: reading, typing, joining, and counting whatever was left out."""

from __future__ import annotations

from calibrate.history.attributes import Attribute
from calibrate.history.checks import Check
from calibrate.history.history import History
from calibrate.history.leads import LEAD_COLUMNS
from calibrate.history.needs import Needs
from calibrate.history.passing import history_in_passing
from calibrate.history.reading import history_from_settings, read_history
from calibrate.history.sources import Source

__all__ = [
    "LEAD_COLUMNS",
    "Attribute",
    "Check",
    "History",
    "Needs",
    "Source",
    "history_from_settings",
    "history_in_passing",
    "read_history",
]
