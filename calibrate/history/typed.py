"""The leads: one typed row each, in the engine's table ``typed_leads``."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.config import LeadColumns
from calibrate.history.attributes import Attribute
from calibrate.history.dates import DateReading, with_dates
from calibrate.history.leads import LeadsSeen
from calibrate.history.numbers import read_number
from calibrate.history.outcomes import closing_interval, flag_value, outcome_value
from calibrate.history.stages import StageColumns, stage_cells
from calibrate.history.staging import Staged

__all__ = ["TypedLeads", "id_value", "type_leads"]


@dataclass(frozen=True, eq=False, kw_only=True)
class TypedLeads:
    """The leads with typed columns, before outcomes of a second table are joined.

    Parameters
    ----------
    staged : Staged
        Where they came from; the typed rows stand in the table ``typed_leads``.
    attributes : tuple of Attribute
        Its columns x0, x1, ...
    is_wide : bool
        Whether there is no creation time.
    has_contacts : bool
        Whether a contact column is mapped.
    stage_columns : StageColumns or None
        Where the stages of the CRM stand, if they are mapped.
    outcome : int or None
        Position of their column of outcomes, if they have one.
    """

    staged: Staged
    attributes: tuple[Attribute, ...]
    is_wide: bool
    has_contacts: bool
    stage_columns: StageColumns | None = None
    outcome: int | None = None


def type_leads(seen: LeadsSeen, columns: LeadColumns, *, must_win: bool = False) -> TypedLeads:
    """Type the leads into the engine's table ``typed_leads``.

    Parameters
    ----------
    seen : LeadsSeen
        From `look_at_leads`; its table of known leads is dropped.
    columns : LeadColumns
        What means what.
    must_win : bool
        Whether some lead has to be won or lost, since outcomes are to be learnt from.

    Returns
    -------
    TypedLeads
        What was found.
    """
    _create(seen, columns, must_win=must_win)
    if seen.known.name != seen.staged.name:
        seen.staged.engine.execute(f"DROP TABLE {seen.known.name}")
    return TypedLeads(
        staged=seen.staged,
        attributes=tuple(part.attribute for part in seen.attributes),
        is_wide="created_at" not in seen.roles,
        has_contacts="contact" in seen.roles,
        stage_columns=seen.reached,
        outcome=seen.roles.get("outcome"),
    )


def _create(seen: LeadsSeen, columns: LeadColumns, *, must_win: bool) -> None:
    staged, roles = seen.staged, seen.roles
    table, dates = with_dates(staged, seen.dates)
    start, end = "CAST(NULL AS TIMESTAMP)", "CAST(NULL AS TIMESTAMP)"
    if "closed_at" in dates:
        start, end = closing_interval(dates["closed_at"])
    none = DateReading(value="CAST(NULL AS TIMESTAMP)", is_date="false")
    cells = {
        "lead_id": id_value(staged, roles.get("id")),
        "id_text": staged.text(roles["id"]) if "id" in roles else _row_id(staged),
        "contact": _text_or_null(staged, roles.get("contact")),
        "account": _text_or_null(staged, roles.get("account")),
        "created_at": dates.get("created_at", none).value,
        "outcome": (
            outcome_value(staged, roles["outcome"], columns, must_win=must_win)
            if "outcome" in roles
            else "'open'"
        ),
        "closed_from": start,
        "closed_to": end,
        "amount": (
            read_number(staged, roles["amount"], seen.profiles, columns.decimal)
            if "amount" in roles
            else "CAST(NULL AS DOUBLE)"
        ),
        "worked": (
            flag_value(staged, roles["worked"]) if "worked" in roles else "CAST(NULL AS BOOLEAN)"
        ),
        "first_contacted_at": dates.get("first_contacted_at", none).value,
        **stage_cells(staged, seen.reached, dates),
        **{part.attribute.column: part.value for part in seen.attributes},
    }
    listed = ", ".join(f"{value} AS {name}" for name, value in cells.items())
    staged.engine.execute(
        f"CREATE OR REPLACE TABLE typed_leads AS SELECT row, {listed} FROM {table}"
    )


def id_value(staged: Staged, position: int | None) -> str:
    """Return the SQL of the ids as they are given back: whole numbers where all are whole.

    Parameters
    ----------
    staged : Staged
        The leads.
    position : int or None
        Their column of ids; None: rows are numbered.

    Returns
    -------
    str
        An expression.
    """
    if position is None:
        return _row_id(staged)
    if staged.types[position] in ("DOUBLE", "FLOAT"):
        broken = staged.count(f"c{position} <> floor(c{position})")
        return f"c{position}" if broken else f"CAST(c{position} AS BIGINT)"
    return f"c{position}"


def _row_id(staged: Staged) -> str:
    return f"CAST(row + {2 if staged.source.is_text else 1} AS VARCHAR)"


def _text_or_null(staged: Staged, position: int | None) -> str:
    return "CAST(NULL AS VARCHAR)" if position is None else staged.text(position)
