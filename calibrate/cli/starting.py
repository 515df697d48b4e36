"""The first command: a settings file for someone's own files."""

from __future__ import annotations

from pathlib import Path

from calibrate import writer
from calibrate.cli.asking import ask, is_terminal
from calibrate.cli.console import place, remark, say, show_json, show_table
from calibrate.cli.constants import DONE
from calibrate.errors import ConfigError
from calibrate.proposal import Proposal, propose_settings

__all__ = ["init"]

_SHOWN = ["table", "meaning", "column", "examples"]


def init(
    leads: Path, activities: Path | None, target: Path, *, force: bool, yes: bool, show: str
) -> int:
    """Write a settings file; on a terminal ask first what the data cannot tell."""
    if target.exists() and not force:
        raise ConfigError(f'there is a "{target.name}" here already; --force replaces it')
    proposal = propose_settings(leads, activities)
    asks = is_terminal() and not yes and show == "table"
    if show == "table":
        _tell(proposal)
    if asks:
        say("")
        say("Some questions. Enter takes what stands in brackets; Ctrl-C stops, nothing written.")
        proposal = proposal.asked(ask)
    writer.write_whole(target, proposal.text)
    if show == "json":
        show_json({"written": place(target), "table": proposal.table, "doubts": proposal.doubts})
    elif show == "csv":
        show_table(proposal.table, show)
    else:
        if not asks:
            remark(
                "the lines behind # are what the data do not tell, such as how many can be called"
            )
        say(f"wrote {place(target)}; read it, correct it, then: calibrate check")
    return DONE


def _tell(proposal: Proposal) -> None:
    believed = proposal.table[proposal.table["table"] != "calibration"]
    show_table(believed[_SHOWN], "table", title="what each column is taken for")
    for doubt in proposal.doubts:
        say(f"look at this: {doubt}", tone="yellow")
