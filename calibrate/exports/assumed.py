"""Tables that could not be opened: what the settings alone say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns
from calibrate.engines import quote_identifier, quote_literals
from calibrate.errors import ConfigError
from calibrate.exports.canonical import LETTERS, Cells, Closing, Key, plain_name
from calibrate.history.cells import Cell, is_one_of, moved
from calibrate.history.outcomes import CONVERTED_WORDS, LOST_WORDS
from calibrate.history.staging import spelled

__all__ = ["assumed_leads", "assumed_log", "assumed_wins"]

Columns = LeadColumns | OutcomeColumns | ActivityColumns
_OF_EVENTS = ("activity", "occurred_at", "detail", "value")


@dataclass(kw_only=True)
class _Assumed:
    """A table of which only the settings are known; its cells are named as they are asked for.

    Parameters
    ----------
    columns : LeadColumns, OutcomeColumns or ActivityColumns
    relation : str
        What stands behind FROM.
    names : dict of str to str
        Name of the column of each meaning.
    zone, dialect : str
        Time zone of the answer; dialect of the statement.
    """

    columns: Columns
    relation: str
    names: Mapping[str, str]
    zone: str
    dialect: str
    called: dict[str, str] = field(default_factory=dict)

    def has(self, role: str) -> bool:
        return role in self.names

    def key(self, role: str) -> Key:
        return Key(text=self.text(role))

    def text(self, role: str) -> str:
        return self._text(self.names[role])

    def number(self, role: str) -> str:
        return self._number(self.names[role])

    def moment(self, role: str) -> str:
        here = self.columns.timezone or self.zone
        if here != self.zone and self.dialect == "bigquery":
            raise ConfigError(
                f'column "{self.names[role]}": its times are in {here}, those of the leads in '
                f"{self.zone}: convert them in a view, and name the view"
            )
        return moved(self._moment(role), here, self.zone, dialect=self.dialect)

    def closing(self, role: str) -> Closing:
        day, value = self._moment(role), self.moment(role)
        last = f"{day} + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND"
        is_date = f"{day} = CAST(CAST({day} AS DATE) AS TIMESTAMP)"
        start = day if value == day else f"CASE WHEN {is_date} THEN {day} ELSE {value} END"
        return Closing(start=start, end=f"CASE WHEN {is_date} THEN {last} ELSE {value} END")

    def cells(self) -> Cells:
        kept = [
            f"NOT {is_one_of(self._text(name), _spellings(values))}"
            for name, values in self.columns.exclude.items()
            if values
        ]
        cells = {name: cell for cell, name in self.called.items()}
        return Cells(relation=self.relation, cells=cells, kept=tuple(kept))

    def _text(self, name: str) -> str:
        """Return a cleaned text, whatever the type of the column."""
        nulls = tuple(_spellings(self.columns.null_values))
        cell = Cell(name=name, kind="text", null_values=nulls, white=LETTERS)
        return self._called(cell.value)

    def _number(self, name: str) -> str:
        cell = self._text(name)
        return f"CAST(CASE WHEN lower({cell}) <> 'nan' THEN {cell} END AS DOUBLE)"

    def _raw(self, role: str) -> str:
        return self._called(f"t.{quote_identifier(self.names[role])}")

    def _moment(self, role: str) -> str:
        return f"CAST({self._raw(role)} AS TIMESTAMP)"

    def _called(self, cell: str) -> str:
        return self.called.setdefault(cell, f"c{len(self.called)}")


@dataclass(kw_only=True)
class _AssumedLeads(_Assumed):
    """Leads of which only the settings are known."""

    columns: LeadColumns

    @property
    def is_log(self) -> bool:
        return self.columns.from_activities

    def lead_id(self) -> str:
        return self._raw("id")

    def outcome(self) -> str:
        if not self.has("outcome"):
            return "'open'"
        cell = self.text("outcome")
        won = [text.lower() for text in _spellings(self.columns.won)]
        lost = [text.lower() for text in _spellings(self.columns.lost)]
        if not won and not lost:
            won, lost = list(CONVERTED_WORDS), list(LOST_WORDS)
        bands = "".join(
            f" WHEN lower({cell}) IN ({quote_literals(words)}) THEN '{name}'"
            for name, words in (("converted", won), ("lost", lost))
            if words
        )
        return f"CASE{bands} ELSE 'open' END"

    def worked(self) -> None:
        return None

    def fields(self, wanted: Mapping[str, str | None]) -> dict[str, tuple[str, str]]:
        return {
            name: (self._number(plain_name(name)), "number")
            if kind == "number"
            else (self._text(plain_name(name)), "category")
            for name, kind in wanted.items()
        }


def assumed_leads(
    columns: LeadColumns, relation: str, *, is_wide: bool, has_wins: bool, dialect: str
) -> _AssumedLeads:
    """Return leads of which only the settings are known.

    Parameters
    ----------
    columns : LeadColumns
    relation : str
        What stands behind FROM.
    is_wide : bool
        Whether there is no creation time.
    has_wins : bool
        Whether wins stand in a table of their own.
    dialect : str
        Of the statement.

    Returns
    -------
    LeadTable
    """
    of_log = columns.from_activities
    outcome = None if has_wins or of_log else "outcome"
    names = {
        "id": columns.id or "lead_id",
        "contact": columns.contact,
        "created_at": columns.created_at or ("occurred_at" if of_log else "created_at"),
        "outcome": columns.outcome or outcome,
        "closed_at": columns.closed_at,
    }
    if is_wide:
        del names["created_at"]
    return _AssumedLeads(
        columns=columns,
        relation=relation,
        names=_known(names),
        zone=columns.timezone or "UTC",
        dialect=dialect,
    )


def assumed_wins(
    columns: OutcomeColumns, relation: str, leads: LeadColumns, *, dialect: str
) -> _Assumed:
    """Return wins of which only the settings are known.

    Parameters
    ----------
    columns : OutcomeColumns
    relation : str
        What stands behind FROM.
    leads : LeadColumns
        Name of the column of ids, and the time zone.
    dialect : str
        Of the statement.

    Returns
    -------
    Table
    """
    names = {"lead": columns.lead or leads.id or "lead_id", "closed_at": columns.closed_at}
    return _Assumed(
        columns=columns,
        relation=relation,
        names=_known(names),
        zone=leads.timezone or "UTC",
        dialect=dialect,
    )


def assumed_log(
    columns: ActivityColumns, relation: str, leads: LeadColumns, *, dialect: str
) -> _Assumed:
    """Return a log of which only the settings are known.

    Parameters
    ----------
    columns : ActivityColumns
    relation : str
        What stands behind FROM.
    leads : LeadColumns
        Names of the columns of contacts and ids, and the time zone.
    dialect : str
        Of the statement.

    Returns
    -------
    Table
    """
    names = {
        "lead": columns.lead or leads.contact or leads.id or "lead_id",
        **{role: getattr(columns, role) or role for role in _OF_EVENTS},
    }
    return _Assumed(
        columns=columns,
        relation=relation,
        names=names,
        zone=leads.timezone or "UTC",
        dialect=dialect,
    )


def _known(names: Mapping[str, str | None]) -> dict[str, str]:
    return {role: name for role, name in names.items() if name is not None}


def _spellings(values: Sequence[object]) -> list[str]:
    """Return values of the settings as cells spell them; a column of decimals says 5.0 for 5."""
    texts = [spelled(value) for value in values]
    return [text for one in texts for text in ([one, f"{one}.0"] if _is_whole(one) else [one])]


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdigit()
