"""What a statement needs of each table, asked by the meaning of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from calibrate.exports.canonical import Cells, Closing, Key, LeadParts, LogParts, WinParts

__all__ = ["LeadTable", "Table", "lead_parts", "log_parts", "win_parts"]


class Table(Protocol):
    """A table in a statement: opened (`looked`), or known from the settings alone (`assumed`).

    Columns are named by their meaning, such as ``closed_at``; all but `has` take only those that
    the table has.
    """

    def has(self, role: str) -> bool:
        """Return whether it has a column of this meaning."""
        ...

    def key(self, role: str) -> Key:
        """Return what names a lead."""
        ...

    def text(self, role: str) -> str:
        """Return the SQL of a cleaned text."""
        ...

    def number(self, role: str) -> str:
        """Return the SQL of a number."""
        ...

    def moment(self, role: str) -> str:
        """Return the SQL of a time, in the zone of the answer."""
        ...

    def closing(self, role: str) -> Closing:
        """Return the SQL of a closing."""
        ...

    def cells(self) -> Cells:
        """Return the cells of the columns that were asked for; to be asked last."""
        ...


class LeadTable(Table, Protocol):
    """A table of leads, or a log that leads are made from."""

    @property
    def is_log(self) -> bool:
        """Whether a row is an event, and a lead all rows of its id."""
        ...

    def lead_id(self) -> str:
        """Return the SQL of the id as it is given back."""
        ...

    def outcome(self) -> str:
        """Return the SQL of what became of a lead."""
        ...

    def worked(self) -> str | None:
        """Return the SQL of whether somebody worked a lead; None where that is not asked."""
        ...

    def fields(self, wanted: Mapping[str, str | None]) -> dict[str, tuple[str, str]]:
        """Return SQL and kind of the columns that a card reads, of those that there are."""
        ...


def lead_parts(table: LeadTable, wanted: Mapping[str, str | None]) -> LeadParts:
    """Return what a statement needs of the leads.

    Parameters
    ----------
    table : LeadTable
    wanted : dict of str to str or None
        The columns that a card reads, and of what kind it needs them.

    Returns
    -------
    LeadParts

    Raises
    ------
    ConfigError
        If a column cannot be read in SQL as reading does it.
    """
    # an event of a log closes its lead when it happens
    closings = ("closed_at", "created_at") if table.is_log else ("closed_at",)
    closed_at = next((role for role in closings if table.has(role)), None)
    return LeadParts(
        lead_id=table.lead_id(),
        key=table.key("id"),
        contact=table.key("contact") if table.has("contact") else None,
        created_at=table.moment("created_at") if table.has("created_at") else None,
        outcome=table.outcome(),
        closed_at=None if closed_at is None else table.closing(closed_at),
        worked=table.worked(),
        fields=table.fields(wanted),
        is_log=table.is_log,
        cells=table.cells(),
    )


def win_parts(table: Table) -> WinParts:
    """Return what a statement needs of a table of wins.

    Parameters
    ----------
    table : Table

    Returns
    -------
    WinParts

    Raises
    ------
    ConfigError
        As `lead_parts`.
    """
    return WinParts(
        key=table.key("lead"),
        closed_at=table.closing("closed_at") if table.has("closed_at") else None,
        cells=table.cells(),
    )


def log_parts(table: Table, *, takes: Sequence[str]) -> LogParts:
    """Return what a statement needs of a log.

    Parameters
    ----------
    table : Table
    takes : sequence of str
        Which of ``detail`` and ``value`` the card reads.

    Returns
    -------
    LogParts

    Raises
    ------
    ConfigError
        As `lead_parts`.
    """
    return LogParts(
        key=table.key("lead"),
        activity=table.text("activity"),
        occurred_at=table.moment("occurred_at"),
        detail=table.text("detail") if "detail" in takes and table.has("detail") else None,
        value=table.number("value") if "value" in takes and table.has("value") else None,
        cells=table.cells(),
    )
