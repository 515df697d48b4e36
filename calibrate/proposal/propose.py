"""From two files to the settings they probably need, and what to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from calibrate.errors import DataError
from calibrate.proposal.looks import Column, TableLook, look_at
from calibrate.proposal.text import Line, settings_text
from calibrate.proposal.words import (
    ENGAGEMENT_WORDS,
    LOST_WORDS,
    PLAIN_OUTCOMES,
    WON_WORDS,
    name_rank,
)

__all__ = ["Proposal", "propose_settings"]

MAX_OUTCOMES = 25
MAX_ACTIVITIES = 300


@dataclass(frozen=True, eq=False, kw_only=True)
class Proposal:
    """Settings for someone's files, as far as they can be guessed.

    Attributes
    ----------
    text : str
        A commented ``calibrate.toml``.
    table : DataFrame
        ``table, meaning, column, because``.
    doubts : tuple of str
        What a person should look at.
    """

    text: str
    table: pd.DataFrame
    doubts: tuple[str, ...]


def propose_settings(leads: str | Path, activities: str | Path | None = None) -> Proposal:
    """Look at a leads file, and perhaps an activity log, and propose settings.

    Parameters
    ----------
    leads, activities : path
        CSV, gz, Parquet or xlsx.

    Returns
    -------
    Proposal

    Raises
    ------
    DataError
        If a file cannot be read, no column identifies the leads or tells their outcome, or
        no column of the activities names the leads.
    """
    look = look_at(Path(leads), "leads")
    log = None if activities is None else look_at(Path(activities), "activities")
    outcome = _outcome(look)
    lines, doubts = _lead_lines(look, outcome)
    doubts += _format_doubts(look)
    parts = {"leads": lines}
    if log is not None:
        contact, second = _second_table(log, look, lines)
        lines += contact
        parts["activities" if outcome is not None else "outcomes"] = second
        doubts += _format_doubts(log)
    if outcome is None and "outcomes" not in parts:
        raise DataError(
            "no column tells which leads became customers",
            file=Path(look.source).name,
            fix='export a column like "converted" (yes/no) or the stage of the deal, or name the '
            "file of closed deals as the second file",
        )
    rows = [
        (name, line.key, line.shown, line.comment) for name, part in parts.items() for line in part
    ]
    table = pd.DataFrame(rows, columns=["table", "meaning", "column", "because"])
    return Proposal(text=settings_text(parts), table=table, doubts=tuple(doubts))


def _lead_lines(look: TableLook, outcome: Column | None) -> tuple[list[Line], list[str]]:
    lines = [Line("source", look.source, "relative to this file")]
    created = _best("created_at", (c for c in look.columns if c.is_date))
    identity = _identity(look, is_wide=created is None)
    lines += [] if identity is None else [identity]
    if created is not None:
        lines.append(Line("created_at", created.name, "when the lead came in"))
    more, doubts = ([], []) if outcome is None else _outcome_lines(outcome)
    lines += more
    closed = _best("closed_at", (c for c in look.columns if c.is_date and c is not created))
    if closed is not None:
        lines.append(Line("closed_at", closed.name, "when it was won or lost"))
    amount = _best("amount", (c for c in look.columns if c.is_number))
    if amount is not None:
        lines.append(Line("amount", amount.name, "what a customer was worth"))
    if identity is None:
        doubts.append("no column has a different value in every row: the file's rows are the ids")
    if created is None:
        doubts.append("no column tells when a lead came in: quarters cannot be told apart")
        lines.append(_engagement(look))
    taken = {value for line in lines for value in line.values}
    late = [] if outcome is None else _late(look, outcome, more)
    late = [name for name in late if name not in taken]
    if late:
        lines.append(Line("ignore", late, "filled in almost only for winners: known too late?"))
    return lines + _format_lines(look), doubts


def _identity(look: TableLook, *, is_wide: bool) -> Line | None:
    """Line of the id; None for a table without times, whose rows can be the ids."""
    unique = [column for column in look.columns if column.is_unique and not column.is_date]
    column = _best("id", unique) or next(iter(unique), None)
    if column is None and is_wide:
        return None
    if column is None:
        raise DataError(
            "no column has a different value in every row, so none can be the lead's id",
            file=Path(look.source).name,
            fix="export the id, or add a column with the row number",
        )
    return Line("id", column.name, "different in every row")


def _outcome(look: TableLook) -> Column | None:
    """Column that tells what became of a lead."""
    few = [c for c in look.columns if 2 <= len(c.distinct) <= MAX_OUTCOMES]
    told = [c for c in few if _known(c, WON_WORDS)]
    return _best("outcome", told) or _best("outcome", few)


def _outcome_lines(column: Column) -> tuple[list[Line], list[str]]:
    line = Line("outcome", column.name, "what became of the lead")
    if {value.casefold() for value in column.distinct} <= PLAIN_OUTCOMES:
        return [line], []
    won, lost = _known(column, WON_WORDS), _known(column, LOST_WORDS)
    rest = [value for value in column.distinct if value not in {*won, *lost}]
    others = f"open: {', '.join(rest[:8])}" if rest else "every other value is open"
    lines = [line, Line("won", won, "customers"), Line("lost", lost, others)]
    doubts = [] if won else [f'which values of "{column.name}" mean a customer? say won = [...]']
    return lines, doubts


def _known(column: Column, words: Iterable[str]) -> list[str]:
    known = set(words)
    return [value for value in column.distinct if value.casefold().strip() in known]


def _late(look: TableLook, outcome: Column, more: list[Line]) -> list[str]:
    """Columns that are empty for almost everyone but, by their count, the winners."""
    won = {value for line in more if line.key == "won" for value in line.values}
    won = won or set(_known(outcome, WON_WORDS))
    n_won = sum(n for value, n in outcome.distinct.items() if value in won)
    few = n_won < 0.3 * len(look.columns[0].values)
    return [c.name for c in look.columns if few and 0 < len(c.values) <= 1.5 * n_won]


def _engagement(look: TableLook) -> Line:
    names = [
        column.name
        for column in look.columns
        if column.is_number and any(word in column.name.casefold() for word in ENGAGEMENT_WORDS)
    ]
    return Line("activity_columns", names, "columns that tell what a lead did")


def _second_table(
    log: TableLook, look: TableLook, lines: list[Line]
) -> tuple[list[Line], list[Line]]:
    """Lines of the activity log, or of the closed deals where the leads have no outcome."""
    identity = next((line.value for line in lines if line.key == "id"), None)
    joined = None if identity is None else _join(log, look, str(identity))
    if joined is None:
        raise DataError(
            "no column of it names the leads",
            file=Path(log.source).name,
            fix="is it the log of these leads? their ids must be in it",
        )
    lead, by = joined
    source = Line("source", log.source, "relative to this file")
    named = Line("lead", lead.name, f'the same values as "{by}" of the leads')
    if any(line.key == "outcome" for line in lines):
        contact = [] if by == identity else [Line("contact", by, "what the activities join by")]
        return contact, [source, named, *_activity_lines(log, lead), *_format_lines(log)]
    return [], [source, named, *_deal_lines(log), *_format_lines(log)]


def _activity_lines(log: TableLook, lead: Column) -> list[Line]:
    moments = [column for column in log.columns if column.is_date]
    texts = [c for c in log.columns if c is not lead and not c.is_date]
    kinds = [c for c in texts if not c.is_number and len(c.distinct) <= MAX_ACTIVITIES]
    found = (
        ("activity", _best("activity", kinds) or min(kinds, key=_variety, default=None)),
        ("occurred_at", _best("occurred_at", moments) or next(iter(moments), None)),
        ("detail", _best("detail", [c for c in texts if not c.is_number])),
        ("value", _best("value", [c for c in texts if c.is_number])),
    )
    comments = {
        "activity": "what was done",
        "occurred_at": "when",
        "detail": "such as the page that was viewed",
        "value": "such as seconds",
    }
    return [Line(key, c.name, comments[key]) for key, c in found if c is not None]


def _deal_lines(log: TableLook) -> list[Line]:
    closed = _best("closed_at", [column for column in log.columns if column.is_date])
    amount = _best("amount", [column for column in log.columns if column.is_number])
    found = (("closed_at", closed, "when it was won"), ("amount", amount, "what it was worth"))
    return [Line(key, c.name, comment) for key, c, comment in found if c is not None]


def _variety(column: Column) -> int:
    return len(column.distinct)


def _join(log: TableLook, look: TableLook, identity: str) -> tuple[Column, str] | None:
    """Column of the log that names leads, and the leads' column it matches."""
    keys = [c for c in look.columns if len(c.distinct) > 0.1 * c.rows and not c.is_date]
    keys.sort(key=lambda column: column.name != identity)
    best: tuple[float, Column, str] | None = None
    for column in log.columns:
        if column.is_date or not column.distinct:
            continue
        for key in keys:
            common = sum(value in key.distinct for value in column.distinct)
            share = common / min(len(column.distinct), len(key.distinct))
            rank = share - (name_rank("lead", column.name) is None) * 0.01
            if share > 0.2 and len(column.distinct) > 1 and (best is None or rank > best[0] + 0.02):
                best = (rank, column, key.name)
    return None if best is None else (best[1], best[2])


def _best(meaning: str, columns: Iterable[Column]) -> Column | None:
    ranked = [(name_rank(meaning, column.name), column) for column in columns]
    known = [(rank, column) for rank, column in ranked if rank is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def _format_lines(look: TableLook) -> list[Line]:
    lines = []
    if look.null_values:
        lines.append(Line("null_values", list(look.null_values), "these mean: not known"))
    if look.encoding is not None:
        lines.append(Line("encoding", look.encoding, "what Excel writes on Windows"))
    if look.unclear_dates:
        lines.append(Line("date_format", "%d/%m/%Y", 'or "%m/%d/%Y"'))
    if look.unclear_decimal:
        lines.append(Line("decimal", ",", 'or "."'))
    return lines


def _format_doubts(look: TableLook) -> list[str]:
    name = Path(look.source).name
    doubts = []
    if look.unclear_dates:
        doubts.append(f"{name}: day or month first? no date tells; day first is assumed")
    if look.unclear_decimal:
        doubts.append(f"{name}: 1.234 is taken for one thousand two hundred and thirty-four")
    return doubts
