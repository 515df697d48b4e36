"""What a statement needs of tables that could not be opened: what the settings alone say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns
from calibrate.engines import quote_identifier, quote_literals
from calibrate.exports.canonical import (
    LETTERS,
    Cells,
    Closing,
    Key,
    LeadParts,
    LogParts,
    WinParts,
    plain_name,
)
from calibrate.history.cells import Cell, is_one_of, moved
from calibrate.history.outcomes import CONVERTED_WORDS, LOST_WORDS
from calibrate.history.staging import spelled

__all__ = ["leads_from", "log_from", "wins_from"]

Columns = LeadColumns | OutcomeColumns | ActivityColumns


@dataclass
class _Named:
    """The columns of a table by the names of the settings, as they are asked for."""

    columns: Columns
    cells: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a cleaned text, whatever the type of the column."""
        nulls = tuple(_spellings(self.columns.null_values))
        cell = Cell(name=name, kind="text", null_values=nulls, white=LETTERS)
        return self._called(cell.value)

    def raw(self, name: str) -> str:
        return self._called(f"t.{quote_identifier(name)}")

    def moment(self, name: str) -> str:
        return f"CAST({self.raw(name)} AS TIMESTAMP)"

    def number(self, name: str) -> str:
        cell = self.text(name)
        return f"CAST(CASE WHEN lower({cell}) <> 'nan' THEN {cell} END AS DOUBLE)"

    def closing(self, name: str) -> Closing:
        start = self.moment(name)
        last = f"{start} + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"
        is_date = f"{start} = CAST(CAST({start} AS DATE) AS TIMESTAMP)"
        return Closing(start=start, end=f"CASE WHEN {is_date} THEN {last} ELSE {start} END")

    def all(self, relation: str) -> Cells:
        """Return the cells that were asked for, without excluded rows."""
        kept = [
            f"NOT {is_one_of(self.text(name), _spellings(values))}"
            for name, values in self.columns.exclude.items()
            if values
        ]
        cells = {called: cell for cell, called in self.cells.items()}
        return Cells(relation=relation, cells=cells, kept=tuple(kept))

    def _called(self, cell: str) -> str:
        return self.cells.setdefault(cell, f"c{len(self.cells)}")


def leads_from(
    columns: LeadColumns,
    relation: str,
    fields: Mapping[str, str | None],
    *,
    is_wide: bool,
    has_wins: bool,
) -> LeadParts:
    """Return what a statement needs of leads of which only the settings are known.

    Parameters
    ----------
    columns : LeadColumns
    relation : str
        What stands behind FROM.
    fields : dict of str to str or None
        The columns that a card reads, and of what kind it needs them.
    is_wide : bool
        Whether there is no creation time.
    has_wins : bool
        Whether wins stand in a table of their own.
    """
    table = _Named(columns)
    lead_id = table.raw(columns.id or "lead_id")
    key = Key(text=table.text(columns.id or "lead_id"))
    contact = None if columns.contact is None else Key(text=table.text(columns.contact))
    of_log = "occurred_at" if columns.from_activities else "created_at"
    created_at = None if is_wide else table.moment(columns.created_at or of_log)
    outcome = "'open'"
    told = columns.outcome or (None if has_wins or columns.from_activities else "outcome")
    if told is not None:
        outcome = _outcome(table.text(told), columns)
    closed_at = None
    if columns.closed_at is not None or columns.from_activities:
        closed_at = table.closing(columns.closed_at or columns.created_at or "occurred_at")
    found = {}
    for field_name, kind in fields.items():
        plain = plain_name(field_name)
        if kind == "number":
            found[field_name] = (table.number(plain), "number")
        else:
            found[field_name] = (table.text(plain), "category")
    return LeadParts(
        lead_id=lead_id,
        key=key,
        contact=contact,
        created_at=created_at,
        outcome=outcome,
        closed_at=closed_at,
        worked=None,
        fields=found,
        is_log=columns.from_activities,
        cells=table.all(relation),
    )


def wins_from(columns: OutcomeColumns, relation: str, lead_name: str | None) -> WinParts:
    """Return what a statement needs of wins of which only the settings are known.

    Parameters
    ----------
    columns : OutcomeColumns
    relation : str
        What stands behind FROM.
    lead_name : str or None
        Name of the leads' id column.
    """
    table = _Named(columns)
    key = Key(text=table.text(columns.lead or lead_name or "lead_id"))
    closed_at = None if columns.closed_at is None else table.closing(columns.closed_at)
    return WinParts(cells=table.all(relation), key=key, closed_at=closed_at)


def log_from(
    columns: ActivityColumns,
    relation: str,
    leads: LeadColumns,
    *,
    dialect: str,
    takes: Sequence[str],
) -> LogParts:
    """Return what a statement needs of a log of which only the settings are known.

    Parameters
    ----------
    columns : ActivityColumns
    relation : str
        What stands behind FROM.
    leads : LeadColumns
        Names of the contact and id columns, and the time zone.
    dialect : str
    takes : sequence of str
        Which of ``detail`` and ``value`` the card reads.
    """
    table = _Named(columns)
    zone = leads.timezone or "UTC"
    key = Key(text=table.text(columns.lead or leads.contact or leads.id or "lead_id"))
    activity = table.text(columns.activity or "activity")
    moment = table.moment(columns.occurred_at or "occurred_at")
    return LogParts(
        key=key,
        activity=activity,
        occurred_at=moved(moment, columns.timezone or zone, zone, dialect=dialect),
        detail=table.text(columns.detail or "detail") if "detail" in takes else None,
        value=table.number(columns.value or "value") if "value" in takes else None,
        cells=table.all(relation),
    )


def _outcome(cell: str, columns: LeadColumns) -> str:
    won = [text.lower() for text in _spellings(columns.won)]
    lost = [text.lower() for text in _spellings(columns.lost)]
    if not won and not lost:
        won, lost = list(CONVERTED_WORDS), list(LOST_WORDS)
    bands = "".join(
        f" WHEN lower({cell}) IN ({quote_literals(words)}) THEN '{name}'"
        for name, words in (("converted", won), ("lost", lost))
        if words
    )
    return f"CASE{bands} ELSE 'open' END"


def _spellings(values: Sequence[object]) -> list[str]:
    """Return values of the settings as cells spell them; a column of decimals says 5.0 for 5."""
    texts = [spelled(value) for value in values]
    return [text for one in texts for text in ([one, f"{one}.0"] if _is_whole(one) else [one])]


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdigit()
