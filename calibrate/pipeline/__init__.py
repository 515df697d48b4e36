"""The only composition: from settings to everything measured, and a card put to use."""

from __future__ import annotations

from calibrate.pipeline.cards import find_card, read_card, runs_folder
from calibrate.pipeline.plain import json_text, to_plain
from calibrate.pipeline.recalibrate import recalibrate
from calibrate.pipeline.run import Run

__all__ = [
    "Run",
    "find_card",
    "json_text",
    "read_card",
    "recalibrate",
    "runs_folder",
    "to_plain",
]
