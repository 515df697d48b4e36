"""Criteria proposed from the data, without looking at the outcome.

Because no outcome is looked at, every proposed criterion can be measured on the very
leads it was proposed from.
"""

from calibrate.candidates.blocks import criterion_block, is_level
from calibrate.candidates.levels import NO
from calibrate.candidates.propose import CEILING, criteria_of, propose_criteria

__all__ = ["CEILING", "NO", "criteria_of", "criterion_block", "is_level", "propose_criteria"]
