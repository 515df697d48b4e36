"""A small simulated company on disk, and one run of it that several test files look at."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pandas as pd

import calibrate as cal

SETTINGS = """\
[leads]
source = "leads.csv"
ignore = ["contract_plan"]
[activities]
source = "activities.parquet"
[calibration]
as_of = "2026-07-01"
observation_window = "14D"
horizon = "60D"
max_criteria = 3
[thresholds]
capacity = 5
people = 2
"""


@functools.cache
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """2,000 leads of six quarters, 2025Q1 to 2026Q2, with effects that cannot be missed."""
    effects = {"demo_request": 3.0, "pricing_view": 2.0}
    leads, activities, _ = cal.make_leads(2000, rng=7, quarters=6, effects=effects)
    return leads, activities


def write_company(folder: Path, settings: str = SETTINGS) -> Path:
    """Write leads, activities and settings; return the path of the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    leads, activities = tables()
    leads.to_csv(folder / "leads.csv", index=False)
    activities.to_parquet(folder / "activities.parquet", index=False)
    (folder / "calibrate.toml").write_text(settings, encoding="utf-8")
    return folder / "calibrate.toml"


@functools.cache
def company_run() -> cal.Run:
    """Return the run of the small company, made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="small-company-"))
    return cal.recalibrate(write_company(folder))
