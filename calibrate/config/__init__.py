"""What a run is told: columns, periods, thresholds; from Python or from ``calibrate.toml``."""

from __future__ import annotations

from calibrate.config.columns import ActivityColumns, LeadColumns, OutcomeColumns
from calibrate.config.constraints import Constraints, FixedPoints
from calibrate.config.periods import (
    Period,
    parse_duration,
    parse_moment,
    parse_period,
    quarter_of,
    quarters_before,
)
from calibrate.config.settings import (
    CalibrationSettings,
    DatabaseSettings,
    Settings,
    ThresholdSettings,
    load_settings,
)

__all__ = [
    "ActivityColumns",
    "CalibrationSettings",
    "Constraints",
    "DatabaseSettings",
    "FixedPoints",
    "LeadColumns",
    "OutcomeColumns",
    "Period",
    "Settings",
    "ThresholdSettings",
    "load_settings",
    "parse_duration",
    "parse_moment",
    "parse_period",
    "quarter_of",
    "quarters_before",
]
