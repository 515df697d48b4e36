"""Settings proposed from the files themselves: what ``calibrate init`` writes."""

from __future__ import annotations

from calibrate.proposal.propose import Proposal, propose_settings

__all__ = ["Proposal", "propose_settings"]
