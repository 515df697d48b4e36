"""The parts of ``run.json``."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any

import pandas as pd

from calibrate.config import Settings
from calibrate.control import ControlRate, ConversionByAge
from calibrate.fitting import Parsimony
from calibrate.history import History
from calibrate.lift import Lift
from calibrate.observation import Observation
from calibrate.pipeline.plain import to_plain
from calibrate.readiness import Readiness
from calibrate.scorecard import Scorecard
from calibrate.thresholds import Thresholds

__all__ = [
    "checks_of",
    "control_part",
    "conversion_part",
    "inputs_of",
    "parsimony_part",
    "readiness_part",
    "rules_part",
    "settings_part",
    "short_card_part",
    "thresholds_part",
    "versions",
]

_LIBRARIES = ("calibrate", "duckdb", "numpy", "pandas", "pyarrow", "scipy")


def versions() -> dict[str, str]:
    """Return the versions of what computed the run."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def inputs_of(history: History) -> list[dict[str, Any]]:
    """Return what was read: ``table, name, rows, sha256`` of each source."""
    return [
        {"table": s.table, "name": s.name, "rows": s.rows, "sha256": s.sha256}
        for s in history.sources
    ]


def settings_part(settings: Settings, obs: Observation) -> dict[str, Any]:
    """Return the settings as used: every default and "auto" resolved, windows in days.

    Sources are file names without their folders; the database's address, which may hold a
    password, is left out.
    """
    tables = {
        name: getattr(settings, name)
        for name in ("leads", "outcomes", "activities", "stages", "calibration", "thresholds")
    }
    if not settings.constraints.is_empty:
        tables["constraints"] = settings.constraints
    if not settings.hand_made.is_empty:
        tables["hand_made"] = settings.hand_made
    part = {name: table.model_dump() for name, table in tables.items() if table is not None}
    for table in part.values():
        if isinstance(table.get("source"), str):
            table["source"] = PurePath(table["source"]).name
    part["calibration"] |= {
        "as_of": obs.history.as_of,
        "period": obs.period,
        "fit_period": obs.fit_period,
        "observation_window": obs.observation_window,
        "horizon": obs.horizon,
        "lookback": obs.lookback,
    }
    if settings.calibration.backtest_quarters is None:  # told where it is set
        del part["calibration"]["backtest_quarters"]
    plain: dict[str, Any] = to_plain({"name": settings.name, **part})
    return plain


def checks_of(history: History, obs: Observation) -> list[dict[str, Any]]:
    """Return every count of what was handled or left out, of the data and of the periods."""
    counts = [history.table, obs.counts]
    if obs.fitting is not obs:
        of_fit = obs.fitting.counts
        counts.append(of_fit.assign(table=of_fit["table"] + " (fit period)"))
    rows: list[dict[str, Any]] = to_plain(pd.concat(counts, ignore_index=True))
    return rows


def control_part(control: ControlRate) -> dict[str, Any]:
    """Return the headline and the three methods."""
    plain: dict[str, Any] = to_plain(
        {
            "rate": control.rate,
            "rate_ci_lower": control.rate_ci_lower,
            "rate_ci_upper": control.rate_ci_upper,
            "n": control.n,
            "n_converted": control.n_converted,
            "method": control.method,
            "confidence_level": control.confidence_level,
            "period": control.period,
            "sentence": control.sentence,
            "table": control.table,
        }
    )
    return plain


def conversion_part(by_age: ConversionByAge | None) -> dict[str, Any] | None:
    """Return the conversion by age, without the curve; None where there are no times."""
    if by_age is None:
        return None
    plain: dict[str, Any] = to_plain(
        {
            "horizon_days": by_age.horizon_days,
            "until_days": by_age.until_days,
            "n": by_age.n,
            "n_converted": by_age.n_converted,
            "note": by_age.note,
            "period": by_age.period,
            "confidence_level": by_age.confidence_level,
            "table": by_age.table,
        }
    )
    return plain


def readiness_part(readiness: Readiness) -> dict[str, Any]:
    """Return the verdict, its figures, and what can be judged now."""
    plain: dict[str, Any] = to_plain(readiness)
    plain["table"] = plain.pop("rows")
    plain["n_unjudged"] = len(readiness.not_yet)
    return plain


def parsimony_part(curve: Parsimony | None) -> dict[str, Any] | None:
    """Return the price of fewer rules: the table, the ceiling, and the fewest that are enough."""
    if curve is None:
        return None
    plain: dict[str, Any] = to_plain(
        {
            "table": curve.table,
            "ceiling": curve.ceiling,
            "enough": curve.enough,
            "sentence": curve.sentence,
        }
    )
    return plain


def short_card_part(card: Scorecard | None, curve: Parsimony | None) -> dict[str, Any] | None:
    """Return the short card, and the row of the parsimony table that tells its price."""
    if card is None or curve is None:
        return None
    table = curve.table
    price = table[table["n_criteria"] == len(card.criteria)]
    return {
        "card": json.loads(card.to_json()),
        "price": to_plain(price)[0] if len(price) else None,
    }


def rules_part(lift: Lift, *cards: Scorecard | None) -> dict[str, Any]:
    """Return the ``when`` of every rule that was measured or is on a card, by its name."""
    of_cards = [rule for card in cards if card for rule in card.rules]
    plain: dict[str, Any] = to_plain({rule.name: rule.when for rule in (*lift.criteria, *of_cards)})
    return plain


def thresholds_part(cuts: Thresholds) -> dict[str, Any]:
    """Return the cuts and what each would catch."""
    plain: dict[str, Any] = to_plain(
        {
            "objective": cuts.objective,
            "threshold": cuts.threshold,
            "threshold_ci_lower": cuts.threshold_ci_lower,
            "threshold_ci_upper": cuts.threshold_ci_upper,
            "plateau": cuts.plateau,
            "separates": cuts.separates,
            "message": cuts.message,
            "weeks": cuts.weeks,
            "leads_per_week": cuts.arrivals.per_week,
            "recent_leads_per_week": cuts.arrivals.recent_per_week,
            "recent_differs": cuts.arrivals.differs,
            "capacity": cuts.arrivals.capacity,
            "confidence_level": cuts.confidence_level,
            "table": cuts.table,
            "tiers": [{"name": name, "at_least": cut} for name, cut in cuts.tiers],
            "tier_table": cuts.tier_table,
            "history": cuts.history,
        }
    )
    return plain
