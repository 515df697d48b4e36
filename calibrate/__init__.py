"""Turn your own lead history into a lead score that can be defended with numbers.

Every name is loaded when it is first used (PEP 562), so that importing this costs nothing.

Examples
--------
>>> import calibrate as cal
>>> cal.parse_period("2023Q4").label
'2023Q4'
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calibrate.backtest import Backtest, backtest
    from calibrate.campaigns import CampaignView, campaign_view
    from calibrate.changes import Changes, TierChanges, diff, tier_changes
    from calibrate.config import (
        ActivityColumns,
        Constraints,
        LeadColumns,
        OutcomeColumns,
        Settings,
        StageDates,
        Stages,
        load_settings,
        parse_period,
    )
    from calibrate.control import ControlRate, ConversionByAge, control_rate, conversion_by_age
    from calibrate.criteria import Criterion
    from calibrate.datasets import make_leads
    from calibrate.engines import DuckDBEngine, PostgresEngine, SparkEngine
    from calibrate.errors import (
        CalibrateError,
        CalibrateWarning,
        ConfigError,
        DataError,
        NotEnoughDataError,
    )
    from calibrate.evaluation import evaluate
    from calibrate.exports import export_sql
    from calibrate.fitting import Parsimony, cross_fit_scores, fit_scorecard, parsimony_curve
    from calibrate.fitting.classifier import ScorecardClassifier
    from calibrate.guards import Check, Finding, check, find_problems
    from calibrate.history import History, history_from_settings, read_history
    from calibrate.lift import Lift, measure_lift
    from calibrate.monitoring import Health, monitor
    from calibrate.observation import Observation, observe, observe_open
    from calibrate.pipeline import Run, recalibrate
    from calibrate.plots import (
        plot_backtest,
        plot_calibration,
        plot_control,
        plot_conversion_by_age,
        plot_drift,
        plot_gains,
        plot_lift,
        plot_parsimony,
        plot_scorecard,
        plot_thresholds,
    )
    from calibrate.readiness import Readiness, assess_readiness
    from calibrate.report import explore_thresholds
    from calibrate.scorecard import Scorecard
    from calibrate.thresholds import (
        Crossings,
        ScoreGrid,
        StageThresholds,
        Thresholds,
        choose_stage_thresholds,
        choose_thresholds,
        crossings,
        days_to_sale,
        score_grid,
    )
    from calibrate.writer import write_run, write_scores

__all__ = [
    "ActivityColumns",
    "Backtest",
    "CalibrateError",
    "CalibrateWarning",
    "CampaignView",
    "Changes",
    "Check",
    "ConfigError",
    "Constraints",
    "ControlRate",
    "ConversionByAge",
    "Criterion",
    "Crossings",
    "DataError",
    "DuckDBEngine",
    "Finding",
    "Health",
    "History",
    "LeadColumns",
    "Lift",
    "NotEnoughDataError",
    "Observation",
    "OutcomeColumns",
    "Parsimony",
    "PostgresEngine",
    "Readiness",
    "Run",
    "ScoreGrid",
    "Scorecard",
    "ScorecardClassifier",
    "Settings",
    "SparkEngine",
    "StageDates",
    "StageThresholds",
    "Stages",
    "Thresholds",
    "TierChanges",
    "assess_readiness",
    "backtest",
    "campaign_view",
    "check",
    "choose_stage_thresholds",
    "choose_thresholds",
    "control_rate",
    "conversion_by_age",
    "cross_fit_scores",
    "crossings",
    "days_to_sale",
    "diff",
    "evaluate",
    "explore_thresholds",
    "export_sql",
    "find_problems",
    "fit_scorecard",
    "history_from_settings",
    "load_settings",
    "make_leads",
    "measure_lift",
    "monitor",
    "observe",
    "observe_open",
    "parse_period",
    "parsimony_curve",
    "plot_backtest",
    "plot_calibration",
    "plot_control",
    "plot_conversion_by_age",
    "plot_drift",
    "plot_gains",
    "plot_lift",
    "plot_parsimony",
    "plot_scorecard",
    "plot_thresholds",
    "read_history",
    "recalibrate",
    "score_grid",
    "tier_changes",
    "write_run",
    "write_scores",
]

_ROOMS = {
    "backtest": ("Backtest", "backtest"),
    "campaigns": ("CampaignView", "campaign_view"),
    "changes": ("Changes", "TierChanges", "diff", "tier_changes"),
    "config": (
        "ActivityColumns",
        "Constraints",
        "LeadColumns",
        "OutcomeColumns",
        "Settings",
        "StageDates",
        "Stages",
        "load_settings",
        "parse_period",
    ),
    "control": ("ControlRate", "ConversionByAge", "control_rate", "conversion_by_age"),
    "criteria": ("Criterion",),
    "datasets": ("make_leads",),
    "engines": ("DuckDBEngine", "PostgresEngine", "SparkEngine"),
    "errors": (
        "CalibrateError",
        "CalibrateWarning",
        "ConfigError",
        "DataError",
        "NotEnoughDataError",
    ),
    "evaluation": ("evaluate",),
    "exports": ("export_sql",),
    "fitting": ("Parsimony", "cross_fit_scores", "fit_scorecard", "parsimony_curve"),
    "fitting.classifier": ("ScorecardClassifier",),  # loads scikit-learn, which a run need not
    "guards": ("Check", "Finding", "check", "find_problems"),
    "history": ("History", "history_from_settings", "read_history"),
    "lift": ("Lift", "measure_lift"),
    "monitoring": ("Health", "monitor"),
    "observation": ("Observation", "observe", "observe_open"),
    "pipeline": ("Run", "recalibrate"),
    "plots": (
        "plot_backtest",
        "plot_calibration",
        "plot_control",
        "plot_conversion_by_age",
        "plot_drift",
        "plot_gains",
        "plot_lift",
        "plot_parsimony",
        "plot_scorecard",
        "plot_thresholds",
    ),
    "readiness": ("Readiness", "assess_readiness"),
    "report": ("explore_thresholds",),
    "scorecard": ("Scorecard",),
    "thresholds": (
        "Crossings",
        "ScoreGrid",
        "StageThresholds",
        "Thresholds",
        "choose_stage_thresholds",
        "choose_thresholds",
        "crossings",
        "days_to_sale",
        "score_grid",
    ),
    "writer": ("write_run", "write_scores"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name, or the version, when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow, rare

        try:
            return version("calibrate")
        except PackageNotFoundError:
            return "unknown"
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'calibrate' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"calibrate.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)


class _Package(ModuleType):
    """The package itself; the function ``backtest`` is not hidden by the module of its name."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "backtest" and isinstance(value, ModuleType):
            value = value.backtest
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
