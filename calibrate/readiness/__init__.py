"""Readiness: does the company need a lead score, and can it have one yet."""

from calibrate.readiness.assess import Readiness, assess_readiness

__all__ = ["Readiness", "assess_readiness"]
