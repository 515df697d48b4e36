"""Simulated leads with a known truth, and the simulated company in ``data/``."""

from __future__ import annotations

from calibrate.datasets.company import write_company
from calibrate.datasets.simulation import make_leads
from calibrate.datasets.truth import Truth

__all__ = ["Truth", "make_leads", "write_company"]
