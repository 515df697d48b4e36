"""The table [leads], line by line, and what a person is asked about it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from calibrate.errors import DataError
from calibrate.proposal.examples import examples_of, is_personal
from calibrate.proposal.looks import Column, TableLook
from calibrate.proposal.moments import has_time, has_zone
from calibrate.proposal.questions import Ask, address, choose, choose_one, yes_or_no, zone
from calibrate.proposal.roles import MAX_OUTCOMES, Roles
from calibrate.proposal.text import Line
from calibrate.proposal.words import ENGAGEMENT_WORDS, NOT_LEADS, WITHIN, known_values, name_rank

__all__ = [
    "engagement",
    "format_lines",
    "lead_lines",
    "source_line",
    "url_line",
    "won_of",
    "zone_line",
]

_NEARLY_ALL = 0.95
_EXCEL_DAY = re.compile(r"[34]\d{4}(?:[.,]\d+)?")  # 1982 to 2036
_DIGITS_OF_A_DATE = 3
_LEAD_URL = "https://crm.example.com/lead/{lead_id}"


def lead_lines(look: TableLook, roles: Roles, ask: Ask) -> tuple[list[Line], list[str]]:
    """Return the lines of [leads] up to the formats, and what to look at.

    Raises
    ------
    DataError
        If leads have times and no column can be their id.
    """
    told = [source_line(look, "leads")]
    doubts: list[str] = []
    for part in (_identity(look, roles), _created(roles), _outcome(look, roles, ask)):
        told += part[0]
        doubts += part[1]
    doubts += _unread_dates(look)
    named = (
        ("closed_at", roles.closed_at, "when it was won or lost"),
        ("amount", roles.amount, "what a customer was worth"),
        ("account", roles.account, "the company's name, never a criterion"),
    )
    for key, column, why in named:
        if column is not None:
            told.append(Line(key, column.name, why, examples=examples_of(column)))
    if roles.created_at is not None and roles.outcome is not None and roles.closed_at is None:
        doubts.append(
            "no column tells when a lead was won: such wins cannot be timed; say closed_at = ..."
        )
    late = _late(look, roles, won_of(told))
    if late:
        why = "filled in almost only for winners"
        told.append(Line("ignore", [c.name for c in late], why))
    excluded = _not_leads(look, roles)
    if excluded:
        kept, shown = _exclude(look, excluded, ask)
        told.append(kept)
        doubts += shown
    return told, doubts


def engagement(look: TableLook, roles: Roles) -> Line:
    """Return the line of the columns of a wide table that tell what leads did."""
    taken = (roles.id, roles.outcome, roles.amount)
    found = [
        column
        for column in look.columns
        if column not in taken
        and column.is_number
        and any(word in column.name.casefold() for word in ENGAGEMENT_WORDS)
    ]
    why = "columns that tell what a lead did"
    return Line("activity_columns", [c.name for c in found], why)


def source_line(look: TableLook, rows: str) -> Line:
    """Return the line of the file, with how many rows it has."""
    more = "" if look.is_whole else " and more"
    return Line("source", look.source, "", examples=f"{look.rows:,}{more} {rows}")


def url_line(ids: Column | None, ask: Ask) -> Line:
    """Return the line of the address of a lead, behind # where nobody gave one."""
    why = "makes the ids in the report clickable"
    values = [] if ids is None else list(ids.distinct)
    question = address(
        "leads.lead_url", "Paste the address of any one lead in your CRM (for links)", values
    )
    given = ask(question)
    return Line("lead_url", given or _LEAD_URL, why, taken=given is not None)


def zone_line(looks: Iterable[TableLook], ask: Ask) -> list[Line]:
    """Return the line of the time zone where some times carry one and others do not."""
    timed = [column for look in looks for column in look.dates if has_time(column)]
    zoned = [has_zone(column) for column in timed]
    if all(zoned) or not any(zoned):
        return []
    text = "Some times say their zone, others do not. Which zone are the others in?"
    given = ask(zone("leads.timezone", text))
    return [Line("timezone", given or "Europe/Rome", "of times that say none", taken=bool(given))]


def format_lines(look: TableLook, table: str, ask: Ask) -> tuple[list[Line], list[str]]:
    """Return the lines on spellings of a file, and what was assumed."""
    told: list[Line] = []
    doubts: list[str] = []
    if look.null_values:
        told.append(Line("null_values", look.null_values, "these mean: not known"))
    if look.encoding is not None:
        told.append(Line("encoding", look.encoding, "what Excel writes on Windows"))
    dates, said = _date_format(look, table, ask)
    told += dates
    doubts += said
    if look.unclear_decimal:
        words = {",": "one thousand two hundred thirty-four", ".": "one and a bit"}
        text = f"{look.file}: what is 1.234?"
        sign = ask(choose_one(f"{table}.decimal", text, words, ","))
        told.append(Line("decimal", sign, '"," or "."'))
        doubts.append(f"{look.file}: no number tells whether 1.234 is a thousand or a bit over one")
    return told, doubts


def _date_format(look: TableLook, table: str, ask: Ask) -> tuple[list[Line], list[str]]:
    """Return the line that says how dates are written, where that must be said, and doubts."""
    spelled = [column for column in look.dates if column.is_spelled]
    if look.unclear_dates:
        unclear = next(c for c in look.dates if len(c.date_orders) == 2)
        shown, orders = examples_of(unclear), sorted(unclear.date_orders)
        words = dict(zip(orders, ("day first", "month first"), strict=True))
        text = f"{look.file}: {shown}: is the day or the month first?"
        order = ask(choose_one(f"{table}.date_format", text, words, orders[0]))
        either = " or ".join(f'"{word}"' for word in words)
        doubts = [f"{look.file}: no date tells whether the day or the month is first"]
    elif spelled:
        order, shown = spelled[0].date_order or min(spelled[0].date_orders), examples_of(spelled[0])
        either, doubts = "how the dates are written", []
    else:
        return [], []
    if spelled:
        doubts += [
            f'{look.file}: the dates in "{c.name}" are written like {examples_of(c)}, others like '
            f"{shown}: write all as 2024-01-31, or one column stays unread"
            for c in look.dates
            if c.date_orders and order not in c.date_orders
        ]
    return [Line("date_format", order, either, examples=shown)], doubts


def _unread_dates(look: TableLook) -> list[str]:
    """Columns called like the dates of a lead that hold none, in words."""
    said = []
    for column in look.columns:
        names = [name_rank(meaning, column.name) for meaning in ("created_at", "closed_at")]
        is_called = any(rank is not None and rank < WITHIN for rank in names)
        if column.is_date or not is_called or not column.filled:
            continue
        value = str(column.values[0])
        if _EXCEL_DAY.fullmatch(value):
            said.append(
                f'"{column.name}" holds numbers such as {value}, the days of a spreadsheet: '
                "format them as 2024-01-31 there, and export again"
            )
        elif sum(sign.isdigit() for sign in value) >= _DIGITS_OF_A_DATE:
            said.append(
                f'"{column.name}" is called like a date, and {value} is none that can be read: '
                "write it as 2024-01-31, or say date_format"
            )
    return said


def _identity(look: TableLook, roles: Roles) -> tuple[list[Line], list[str]]:
    column = roles.id
    if column is None and roles.created_at is None:
        return [], ["no column has a different value in every row: the file's rows are the ids"]
    if column is None:
        raise DataError(
            "no column has a different value in every row, so none can be the lead's id",
            file=look.file,
            fix="export the id, or add a column with the row number",
        )
    doubts = []
    why = "different in every row"
    if not column.is_unique:
        again = column.rows - len(column.counts)
        why = "the lead's id"
        doubts.append(f'{again:,} rows of "{column.name}" repeat an id: is each row one lead?')
    if is_personal(column):
        doubts.append(
            f'the ids in "{column.name}" may say who a person is, and ids stand in the report; '
            "better export the CRM's record id"
        )
    return [Line("id", column.name, why, examples=examples_of(column, is_key=True))], doubts


def _created(roles: Roles) -> tuple[list[Line], list[str]]:
    column = roles.created_at
    if column is None:
        return [], ["no column tells when a lead came in: quarters cannot be told apart"]
    why = "when the lead came in"
    return [Line("created_at", column.name, why, examples=examples_of(column))], []


def _outcome(look: TableLook, roles: Roles, ask: Ask) -> tuple[list[Line], list[str]]:
    column = roles.outcome
    if column is None:
        return [], []
    what = "what became of the lead"
    told = [Line("outcome", column.name, what, examples=examples_of(column))]
    others = [c.name for c in _other_outcomes(look, column)]
    doubts = []
    if others:
        doubts.append(
            f'"{column.name}" is taken for the outcome; {", ".join(others)} could be it too'
        )
    if roles.outcome_is_plain:
        return told, doubts
    won, lost = (known_values(column.distinct, meaning) for meaning in ("won", "lost"))
    counts = dict(column.distinct)
    won = ask(choose("leads.won", f'Which values of "{column.name}" are won?', counts, won))
    rest = {value: n for value, n in counts.items() if value not in won}
    lost = [value for value in lost if value in rest]
    closed = _closed(roles, column)
    notes = {value: f"{n:,} with a closing date" for value, n in closed.items() if n}
    question = f'Which values of "{column.name}" are lost?'
    lost = ask(choose("leads.lost", question, rest, lost, notes=notes))
    still = [value for value in rest if value not in lost]
    why = f"open: {', '.join(still[:8])}" if still else "every other value is open"
    told.append(Line("won", won, "customers", examples=_counted(counts, won)))
    told.append(Line("lost", lost, why, examples=_counted(counts, lost)))
    if not won:
        doubts.append(f'which values of "{column.name}" mean a customer? say won = [...]')
    dated = [value for value in still if closed[value] >= _NEARLY_ALL * counts[value]]
    if dated and any(closed[value] <= 0.5 * counts[value] for value in still):
        named = ", ".join(f'"{value}"' for value in dated)
        doubts.append(f"leads at {named} carry a closing date: do they mean lost? they are open")
    return told, doubts


def _closed(roles: Roles, outcome: Column) -> dict[str, int]:
    """Return how many leads of each outcome carry a closing date."""
    dated = roles.closed_at
    return {v: 0 if dated is None else dated.filled_where(outcome, [v]) for v in outcome.distinct}


def _other_outcomes(look: TableLook, column: Column) -> list[Column]:
    names = {"conversion", "converted", "visit", "purchase", "won", "customer"}
    return [
        other
        for other in look.columns
        if other is not column and other.name.casefold() in names and len(other.counts) == 2
    ]


def _counted(counts: dict[str, int], values: list[str]) -> str:
    return f"{sum(counts[value] for value in values):,} leads"


def won_of(lines: Iterable[Line]) -> list[str] | None:
    """Return the values that mean a customer; None where the outcome needs no words."""
    return next((line.values for line in lines if line.key == "won"), None)


def _late(look: TableLook, roles: Roles, won: list[str] | None) -> list[Column]:
    """Columns that at least half of the winners have filled in, and hardly anyone else."""
    outcome = roles.outcome
    if outcome is None:
        return []
    won = known_values(outcome.distinct, "won") if won is None else won
    n_won = sum(outcome.distinct[value] for value in won)
    named = (outcome, roles.id, roles.created_at, roles.closed_at, roles.amount, roles.contact)
    if not 0 < n_won < look.rows:
        return []
    found = []
    for column in look.columns:
        if column in named or not column.filled:
            continue
        of_won = column.filled_where(outcome, won)
        of_others = (column.filled - of_won) / (look.rows - n_won)
        if of_won >= 0.5 * n_won and of_others <= 0.1 * of_won / n_won:
            found.append(column)
    return found


def _not_leads(look: TableLook, roles: Roles) -> dict[str, list[str]]:
    """Values that say that a row is a test or another one's double."""
    found = {}
    for column in look.columns:
        if column is roles.outcome or column.is_date or len(column.counts) > 20 * MAX_OUTCOMES:
            continue
        values = [value for value in column.distinct if value.casefold() in NOT_LEADS]
        if values:
            found[column.name] = values
    return found


def _exclude(look: TableLook, excluded: dict[str, list[str]], ask: Ask) -> tuple[Line, list[str]]:
    counts = {
        column.name: sum(column.distinct[value] for value in excluded[column.name])
        for column in look.columns
        if column.name in excluded
    }
    parts = [f"{', '.join(values)} ({counts[name]:,})" for name, values in excluded.items()]
    said = "; ".join(f"{name}: {part}" for name, part in zip(excluded, parts, strict=True))
    text = f"These rows look like no leads: {said}. Leave them out?"
    is_out = ask(yes_or_no("leads.exclude", text, default=True))
    why = "no leads; they are counted"
    doubts = [f"left out as no leads: {said}"] if is_out else []
    return Line("exclude", excluded, why, taken=is_out, examples=said), doubts
