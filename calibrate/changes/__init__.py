"""From the old card to the new one: what changed, by how much, and what that does to the leads."""

from calibrate.changes.compare import diff
from calibrate.changes.values import Changes

__all__ = ["Changes", "diff"]
