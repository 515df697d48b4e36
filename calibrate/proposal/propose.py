"""From two files to the settings they probably need, and what to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from calibrate.display import html_sentences, html_table
from calibrate.proposal.calibration import Times, calibration_table, threshold_table
from calibrate.proposal.examples import examples_of
from calibrate.proposal.from_log import closings, deals_table, of_log, without_outcome
from calibrate.proposal.leads import (
    engagement,
    format_lines,
    lead_lines,
    source_line,
    url_line,
    won_of,
    zone_line,
)
from calibrate.proposal.looks import Column, TableLook, look_at
from calibrate.proposal.moments import where
from calibrate.proposal.questions import Ask, take_default
from calibrate.proposal.roles import Roles, is_log, roles_of
from calibrate.proposal.second import activity_lines, joined_by, moment_of
from calibrate.proposal.stages import campaign_columns, stage_tables
from calibrate.proposal.swapped import refuse_swapped
from calibrate.proposal.text import Line, Table, settings_text

__all__ = ["Proposal", "propose_settings"]

_HAND_MADE = Table(
    name="hand_made",
    note="The points you use today, if people agreed on them: past quarters are replayed with them",
    lines=[
        Line('"email_click >= 1"', 10, "a rule and its points", taken=False),
        Line('"demo_request"', 25, "an activity that was done at all", taken=False),
        Line("threshold", 30, "the sum from which a lead goes to sales", taken=False),
    ],
    taken=False,
)
_LATER = "known only later: calibrate check names them"


@dataclass(frozen=True, eq=False, kw_only=True)
class Proposal:
    """Settings for someone's files, as far as they can be guessed.

    Attributes
    ----------
    text : str
        A commented ``calibrate.toml``.
    table : DataFrame
        ``table, meaning, column, because, examples``; no example says who a person is.
    doubts : tuple of str
        What a person should look at.
    """

    text: str
    table: pd.DataFrame
    doubts: tuple[str, ...]
    settle: Callable[[Ask], Proposal] = field(repr=False)

    def asked(self, ask: Ask) -> Proposal:
        """Return the proposal with the answers of a person.

        Parameters
        ----------
        ask : callable
            A `Question` -> its answer. Some questions follow from earlier answers.

        Returns
        -------
        Proposal
            With defaults for answers, the same as this one.
        """
        return self.settle(ask)

    def _repr_html_(self) -> str:
        believed = self.table[self.table["table"] != "calibration"]
        doubts = html_sentences("Look at this", self.doubts) if self.doubts else ""
        caption = "What each column is taken for"
        return html_table(believed.drop(columns="because"), caption=caption) + doubts


def propose_settings(leads: str | Path, activities: str | Path | None = None) -> Proposal:
    """Look at a leads file, and perhaps an activity log, and propose settings.

    Parameters
    ----------
    leads, activities : path
        CSV, gz, Parquet or xlsx. A log alone will do where some of its events are sales; the
        second file may hold the deals that were won instead of activities.

    Returns
    -------
    Proposal
        As if Enter had been pressed at every question.

    Raises
    ------
    DataError
        If a file cannot be read, no column identifies the leads or tells their outcome,
        no column of the activities names the leads, or the files stand the wrong way round.
    """
    look = look_at(Path(leads), "leads")
    log = None if activities is None else look_at(Path(activities), "activities")
    refuse_swapped(look, log)
    parts = of_log if is_log(look) else _of_leads

    def settle(ask: Ask) -> Proposal:
        tables, times, doubts = parts(look, log, ask)
        tables += [calibration_table(times, ask), threshold_table(ask), _HAND_MADE]
        rows = [
            (table.name, line.key, line.shown, line.comment, line.examples)
            for table in tables
            for line in table.lines
            if table.taken and line.taken
        ]
        columns = ["table", "meaning", "column", "because", "examples"]
        return Proposal(
            text=settings_text(tables),
            table=pd.DataFrame(rows, columns=columns),
            doubts=tuple(doubts),
            settle=settle,
        )

    return settle(take_default)


def _of_leads(
    look: TableLook, log: TableLook | None, ask: Ask
) -> tuple[list[Table], Times, list[str]]:
    roles = roles_of(look)
    if log is None and roles.outcome is None:
        raise without_outcome(look)
    lines, doubts = lead_lines(look, roles, ask)
    won = won_of(lines)
    second, contact, said = _second(log, look, roles, ask)
    doubts += said
    if contact is not None:
        why = "the person behind the lead" + ("; activities name it" if second else "")
        lines.append(Line("contact", contact.name, why, examples=examples_of(contact)))
    if roles.created_at is None:
        lines.append(engagement(look, roles))
    spelled, more = format_lines(look, "leads", ask)
    lines += [*spelled, *zone_line(filter(None, (look, log)), ask)]
    if not any(line.key == "ignore" for line in lines):
        lines.append(Line("ignore", [], _LATER, taken=False))
    lines.append(url_line(roles.id, ask))
    tables = [Table(name="leads", lines=lines), *second]
    tables += [*stage_tables(look, roles, won or []), *_campaigns(look, roles)]
    return tables, _times(look, log, roles, lines), [*doubts, *more]


def _second(
    log: TableLook | None, look: TableLook, roles: Roles, ask: Ask
) -> tuple[list[Table], Column | None, list[str]]:
    """Return the table of the second file, the column of the leads that names people, doubts."""
    if log is None:
        return [], roles.contact, []
    joined = joined_by(log, look, roles.id)
    by = joined.by.name
    if roles.outcome is None:
        table, doubts = deals_table(log, joined.lead.name, by, ask)
        return [table], roles.contact, doubts
    named = Line("lead", joined.lead.name, f'the same values as "{by}" of the leads')
    spelled, doubts = format_lines(log, "activities", ask)
    lines = [source_line(log, "events"), named, *activity_lines(log, joined.lead), *spelled]
    contact = None if joined.by is roles.id else joined.by
    return [Table(name="activities", lines=lines)], contact, doubts


def _campaigns(look: TableLook, roles: Roles) -> list[Table]:
    columns = campaign_columns(look, roles)
    if not columns:
        return []
    shown = "; ".join(examples_of(column) for column in columns)
    why = "what each of their values brought is compared"
    line = Line("columns", [column.name for column in columns], why, examples=shown)
    return [Table(name="campaigns", lines=[line])]


def _times(look: TableLook, log: TableLook | None, roles: Roles, lines: list[Line]) -> Times:
    """Return the columns that say until when the data go."""
    if roles.created_at is None:
        return Times(columns=[])
    order = _order(look, lines)
    decided = [value for line in lines if line.key in ("won", "lost") for value in line.values]
    if roles.outcome is not None and roles.outcome_is_plain:
        decided = [v for v in roles.outcome.distinct if v.casefold() != "open"]
    closed = where(roles.closed_at, roles.outcome, decided)
    columns: list[tuple[Column | None, str | None]] = [(roles.created_at, order), (closed, order)]
    is_log = roles.outcome is not None and log is not None
    if log is not None:
        columns += closings(log) if not is_log else [(moment_of(log), log.date_order)]
    is_known = look.is_whole and (log is None or log.is_whole)
    return Times(columns=columns, is_known=is_known, has_log=is_log)


def _order(look: TableLook, lines: list[Line]) -> str | None:
    """Return the order of days and months that the data prove, or else that was answered."""
    return look.date_order or next(
        (line.shown for line in lines if line.key == "date_format"), None
    )
