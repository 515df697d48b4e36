"""From the old card to the new one, from last night's scores to today's: what changed."""

from calibrate.changes.compare import diff
from calibrate.changes.tiers import TierChanges, changes_between, score_relation, tier_changes
from calibrate.changes.values import Changes

__all__ = ["Changes", "TierChanges", "changes_between", "diff", "score_relation", "tier_changes"]
