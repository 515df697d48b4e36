"""The only composition: from settings to everything measured, and a card put to use."""

from __future__ import annotations

from calibrate.pipeline.cards import find_card, read_card, runs_folder
from calibrate.pipeline.compose import recalibrate
from calibrate.pipeline.judging import judge_card, prove
from calibrate.pipeline.plain import json_text, to_plain
from calibrate.pipeline.run import Run
from calibrate.pipeline.scoring import (
    Scoring,
    explain_lead,
    history_for_card,
    needs_of,
    score_leads,
    scoring_of,
    with_sources,
)

__all__ = [
    "Run",
    "Scoring",
    "explain_lead",
    "find_card",
    "history_for_card",
    "json_text",
    "judge_card",
    "needs_of",
    "prove",
    "read_card",
    "recalibrate",
    "runs_folder",
    "score_leads",
    "scoring_of",
    "to_plain",
    "with_sources",
]
