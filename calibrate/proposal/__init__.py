"""Settings proposed from the files themselves: what ``calibrate init`` writes."""

from __future__ import annotations

from calibrate.proposal.propose import Proposal, propose_settings
from calibrate.proposal.questions import Ask, Question, take_default

__all__ = ["Ask", "Proposal", "Question", "propose_settings", "take_default"]
