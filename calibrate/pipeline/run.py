"""The result of a run: everything that was measured, once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from calibrate.backtest import Backtest
from calibrate.campaigns import CampaignView
from calibrate.changes import Changes
from calibrate.config import Settings
from calibrate.control import ControlRate, ConversionByAge
from calibrate.display import html_sentences
from calibrate.fitting import Parsimony
from calibrate.gate import Gate
from calibrate.guards import Finding
from calibrate.history import History
from calibrate.lift import Lift
from calibrate.monitoring import Health
from calibrate.observation import Observation
from calibrate.pipeline.campaigns import campaigns_part
from calibrate.pipeline.cutting import CutViews, views_part
from calibrate.pipeline.plain import sha256_of, to_plain
from calibrate.pipeline.summary import (
    checks_of,
    control_part,
    conversion_part,
    inputs_of,
    parsimony_part,
    readiness_part,
    rules_part,
    settings_part,
    short_card_part,
    thresholds_part,
    versions,
)
from calibrate.pipeline.textbook import textbook_example
from calibrate.readiness import Readiness
from calibrate.scorecard import Scorecard
from calibrate.thresholds import Thresholds

__all__ = ["RUN_FILE", "RUN_SCHEMA", "Run"]

RUN_FILE, RUN_SCHEMA = "run.json", "calibrate.run/1"


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """One calibration: what was read, measured, chosen and found.

    Attributes
    ----------
    settings : Settings
    history : History
    observation : Observation
    control : ControlRate
    control_by_quarter : DataFrame
    conversion_by_age : ConversionByAge or None
        None for a wide table, which knows no times.
    readiness : Readiness
    lift : Lift
    overlaps : DataFrame
        Criteria that a rule of the card counts, beside that rule (`overlap_table`).
    card : Scorecard
        With its tiers.
    parsimony : Parsimony or None
        What fewer rules would give, and the ceiling; None where the method chooses no number.
    short_card : Scorecard or None
        The card of at most six rules, where `max_criteria` is "auto" and took more.
    cuts : Thresholds
    views : CutViews
        Beside the cuts: MQL and SQL, when customers crossed the cut, fit x engagement.
    proof : Backtest
    current : Scorecard or None
        The card in force when the run began; with it `health` and `changes`.
    gate : Gate
        Whether the new card has earned its place.
    findings : tuple of Finding
    campaigns : tuple of CampaignView
        One a column of sources or campaigns.
    funnel : DataFrame
        ``stage, n, share``.
    scores : DataFrame
        ``lead_id, set, score, expected_rate, tier, fit, engagement, converted, amount,
        cutoff``; `set` is ``period`` (each lead at its landmark, or at its closing or at as_of
        where that is sooner) or ``open`` (at as_of).
    example : dict or None
        One lead of the period, and which lines of the card it meets (`example_of`).
    warnings : tuple of str
    """

    settings: Settings
    history: History
    observation: Observation
    control: ControlRate
    control_by_quarter: pd.DataFrame = field(repr=False)
    conversion_by_age: ConversionByAge | None = field(repr=False)
    readiness: Readiness = field(repr=False)
    lift: Lift
    overlaps: pd.DataFrame = field(repr=False)
    card: Scorecard
    cuts: Thresholds
    proof: Backtest
    gate: Gate
    parsimony: Parsimony | None = None
    short_card: Scorecard | None = None
    current: Scorecard | None = None
    health: Health | None = None
    changes: Changes | None = None
    findings: tuple[Finding, ...] = ()
    campaigns: tuple[CampaignView, ...] = ()
    views: CutViews = field(default_factory=CutViews, repr=False)
    funnel: pd.DataFrame = field(repr=False)
    scores: pd.DataFrame = field(repr=False)
    example: dict[str, Any] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()

    @cached_property
    def inputs_hash(self) -> str:
        """SHA-256 of all that decides the numbers: sources, settings and the card in force."""
        before = None if self.current is None else json.loads(self.current.to_json())
        settings = settings_part(self.settings, self.observation)
        return sha256_of({"inputs": inputs_of(self.history), "settings": settings, "card": before})

    def _repr_html_(self) -> str:
        sure = [finding.what for finding in self.findings if finding.severity == "certain"]
        told = [self.control.sentence, *self.gate.reasons, *sure]
        title = f"{self.observation.period.label}: {self.gate.recommendation}"
        return "".join(
            (html_sentences(title, told), self.card._repr_html_(), self.cuts._repr_html_())
        )

    def summary(self) -> dict[str, Any]:
        """Return every number of the run as plain Python, ready for JSON.

        Returns
        -------
        dict
            The content of ``run.json``; missing and infinite numbers are None.
        """
        obs = self.observation
        plain: dict[str, Any] = to_plain(
            {
                "schema": RUN_SCHEMA,
                "name": self.card.name,
                "period": obs.period,
                "as_of": self.history.as_of,
                "versions": versions(),
                "inputs": inputs_of(self.history),
                "inputs_hash": self.inputs_hash,
                "settings": settings_part(self.settings, obs),
                "checks": checks_of(self.history, obs),
                "findings": self.findings,
                "control": control_part(self.control),
                "control_by_quarter": self.control_by_quarter,
                "conversion_by_age": conversion_part(self.conversion_by_age),
                "readiness": readiness_part(self.readiness),
                "funnel": self.funnel,
                "lift": self.lift.table,
                "rules": rules_part(self.lift, self.card, self.short_card, self.current),
                "overlaps": self.overlaps,
                "scorecard": json.loads(self.card.to_json()),
                "parsimony": parsimony_part(self.parsimony),
                "short_card": short_card_part(self.short_card, self.parsimony),
                "thresholds": thresholds_part(self.cuts),
                **views_part(self.views),
                "backtest": self.proof.table,
                "backtest_differences": self.proof.differences,
                "backtest_skipped": self.proof.skipped,
                "missed": self.proof.missed,
                "campaigns": campaigns_part(self.campaigns),
                "textbook": textbook_example(self.lift, self.card),
                "example": self.example,
                "lead_url": self.history.lead_url,
                "currency": None,
                "warnings": self.warnings,
                "may_differ": ["versions"],
                **self._against_current(),
            }
        )
        return plain

    def _against_current(self) -> dict[str, Any]:
        health, gate = self.health, self.gate
        return {
            "monitoring": health and health.to_dict(),
            "changes": self.changes and self.changes.to_dict(),
            "gate": {
                "recommendation": gate.recommendation,
                "reasons": gate.reasons,
                "figures": gate.figures,
            },
        }
