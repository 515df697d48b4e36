"""What a run is told: columns, periods, thresholds; from Python or from ``calibrate.toml``."""

from __future__ import annotations

from calibrate.config.campaigns import CampaignSettings
from calibrate.config.columns import ActivityColumns, LeadColumns, OutcomeColumns
from calibrate.config.constraints import Constraints, FixedPoints
from calibrate.config.engine import DatabaseSettings, EngineSettings
from calibrate.config.hand_made import HandMade, HandMadePoints
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
    Settings,
    load_settings,
)
from calibrate.config.stages import DATED_STAGES, STAGES, MqlCut, SqlCut, StageDates, Stages
from calibrate.config.thresholds import ThresholdSettings

__all__ = [
    "DATED_STAGES",
    "STAGES",
    "ActivityColumns",
    "CalibrationSettings",
    "CampaignSettings",
    "Constraints",
    "DatabaseSettings",
    "EngineSettings",
    "FixedPoints",
    "HandMade",
    "HandMadePoints",
    "LeadColumns",
    "MqlCut",
    "OutcomeColumns",
    "Period",
    "Settings",
    "SqlCut",
    "StageDates",
    "Stages",
    "ThresholdSettings",
    "load_settings",
    "parse_duration",
    "parse_moment",
    "parse_period",
    "quarter_of",
    "quarters_before",
]
