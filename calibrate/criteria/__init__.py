"""One rule about a lead: what it means, what it needs to know, and how it is said.

A rule is written as a small JSON object, its ``when`` (`scorecard.json`). Each kind
below is one class; a new kind is one more class with the keys it takes.

Meaning, the same everywhere: a missing value meets no field condition but
``missing``; ``not`` is plain negation (two-valued); days count back from the cutoff.
"""

from calibrate.criteria.conditions import Measure, Term, Terms
from calibrate.criteria.criterion import Criterion, as_criterion, describe
from calibrate.criteria.fields import level_text
from calibrate.criteria.kinds import kinds_needed
from calibrate.criteria.phrases import ENGLISH, Phrases

__all__ = ["ENGLISH", "Criterion", "Measure", "Phrases", "Term", "Terms"]
__all__ += ["as_criterion", "describe", "kinds_needed", "level_text"]
