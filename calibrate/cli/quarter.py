"""The quarter's questions: does the card in force still hold, and what does a new one change."""

from __future__ import annotations

from pathlib import Path

from calibrate.changes import Changes
from calibrate.cli import words
from calibrate.cli.console import remark, say, say_lines, show_json, show_table, tone_of
from calibrate.cli.constants import DEFAULT_CONFIG, DONE, ROWS_SHOWN, TRIPPED
from calibrate.config import load_settings
from calibrate.errors import CalibrateError
from calibrate.monitoring import TRAITS_CAPTION, Health
from calibrate.pipeline import find_card, history_for_card, judge_card, read_card
from calibrate.pipeline.comparing import compare_cards, lift_beside
from calibrate.pipeline.compose import noted, settings_for
from calibrate.pipeline.leaks import without_leaks

__all__ = ["diff", "monitor"]


def monitor(config: Path, *, card: Path | None, as_of: str | None, show: str) -> int:
    """Judge a card on what came after it."""
    settings = settings_for(config, period=None, as_of=as_of)
    current = find_card(settings, card)
    history = without_leaks(settings, history_for_card(current, settings))
    health = judge_card(settings, history, current)
    if show == "json":
        show_json(health.to_dict())
    elif show == "csv":
        show_table(health.table, show)
    else:
        for line in words.health_lines(health):
            say(line, tone=tone_of(line))
        if len(health.table):
            show_table(words.health_table(health), show)
            _tell_traits(health)
    return TRIPPED if health.verdict == "recalibrate" else DONE


def _tell_traits(health: Health) -> None:
    """Show what sets customers with low scores, and losses with high ones, apart."""
    traits = health.traits
    if len(traits):
        show_table(traits, "table", title=TRAITS_CAPTION)
    elif len(health.cold):
        say(
            "Nothing that could be proven sets the customers with low scores apart from the others."
        )


def diff(old: Path, new: Path, *, config: Path | None, show: str) -> int:
    """Compare two cards, and where the settings and their leads are at hand, on these."""
    found = _compared(old, new, config)
    if show == "json":
        show_json(found.to_dict())
    elif show == "csv":
        show_table(found.table, show)
    elif show == "markdown":
        say_lines(found.to_markdown().splitlines())
    else:
        _tell_changes(found)
    return DONE


def _compared(old: Path, new: Path, config: Path | None) -> Changes:
    """Compare on the leads of the settings; of settings that were not named, where they can."""
    old_card, new_card = read_card(old), read_card(new)
    before, now = lift_beside(old), lift_beside(new)
    if config is not None or DEFAULT_CONFIG.is_file():
        try:
            with noted():
                settings = load_settings(config or DEFAULT_CONFIG)
                return compare_cards(old_card, new_card, settings, lift_old=before, lift_new=now)
        except CalibrateError as error:
            if config is not None:
                raise
            remark(f"note: the leads are not compared: {error}")
    return compare_cards(old_card, new_card, lift_old=before, lift_new=now)


def _tell_changes(found: Changes) -> None:
    say(found.summary)
    if found.nothing_changed:
        return
    why = found.table[["criterion", "reason"]]
    show_table(found.table.drop(columns="reason"), "table")
    for name, reason in why[why["reason"] != ""].itertuples(index=False, name=None):
        say(f"{name}: {reason}")
    say("")
    show_table(found.figures_worded, "table")
    if len(found.moves):
        show_table(found.moves, "table", title="open leads by tier")
    for where, moved in (("up", found.up), ("down", found.down)):
        if len(moved):
            show_table(moved, "table", title=f"open leads that move {where}", max_rows=ROWS_SHOWN)
