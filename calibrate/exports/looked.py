"""What a statement needs of tables that were opened: SQL of their cells, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calibrate.engines import DuckDBEngine
from calibrate.errors import ConfigError
from calibrate.exports.canonical import (
    LETTERS,
    Cells,
    Closing,
    Key,
    LeadParts,
    LogParts,
    WinParts,
)
from calibrate.exports.relations import FINE, LOADED, Relation, relation_of
from calibrate.history.attributes import attribute_name
from calibrate.history.cells import Cell, is_one_of, moment_cell, moved
from calibrate.history.dates import DateReading
from calibrate.history.leads import LeadsSeen
from calibrate.history.loading import text_of
from calibrate.history.looking import SeenLeads, SeenLog, SeenWins, Whereabouts
from calibrate.history.outcomes import closing_interval, flag_value, outcome_value
from calibrate.history.staging import find_column, spelled
from calibrate.history.typed import id_value

__all__ = ["Saying", "leads_of", "log_of", "wins_of"]

_TIMES = ("instant", "moment", "date", FINE)
_POSSIBLE = {
    "integer": r"0|-?[1-9][0-9]*",
    "boolean": "true|false",
    "moment": r"[0-9]{4}-.*",
    "instant": r"[0-9]{4}-.*",
    "date": r"[0-9]{4}-.*",
    FINE: r"[0-9]{4}-.*",
}
"""What a cell of such a kind can look like as text."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Saying:
    """How statements are said.

    Parameters
    ----------
    dialect : str
    zone : str
        Time zone of every time.
    private : DuckDBEngine
        Reads files.
    is_here : bool
        Whether the statement is run here, and files have another path.
    """

    dialect: str
    zone: str
    private: DuckDBEngine
    is_here: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class _Table:
    """A table in a statement, its columns ``c<position>``."""

    saying: Saying
    at: Whereabouts
    relation: Relation
    kinds: Mapping[int, str]
    null_values: tuple[str, ...]
    timezone: str | None

    def cells(self, excluded: Mapping[int, Sequence[object]]) -> Cells:
        """Return the cleaned cells of the columns, without excluded rows."""
        kept = [
            f"NOT {is_one_of(self.text(place), values)}"
            for place, values in excluded.items()
            if values
        ]
        cells = {f"c{place}": self._cell(place) for place in sorted(self.kinds)}
        return Cells(relation=self.relation.sql, cells=cells, kept=tuple(kept))

    def text(self, place: int) -> str:
        """Return the SQL of a column's values as text; whole numbers without a fraction."""
        return text_of(f"c{place}", "DOUBLE" if self.kinds[place] == "number" else self.kind(place))

    def kind(self, place: int) -> str:
        """Return VARCHAR for a text."""
        is_text = self.kinds[place] in ("text", "other", LOADED)
        return "VARCHAR" if is_text else self.kinds[place]

    def key(self, place: int) -> Key:
        """Return what names a lead."""
        number = f"c{place}" if self.kinds[place] == "integer" else None
        return Key(text=self.text(place), number=number)

    def refused(self, place: int, problem: str, kind: str) -> ConfigError:
        """Return the refusal of a column that cannot be said in the dialect."""
        return ConfigError(
            f'{self.relation.shown}, column "{self.at.names[place]}": {problem}, which SQL of this '
            f"database does not read as calibrate does: cast it to a {kind} in a view, and name "
            "the view"
        )

    def moment(self, place: int, reading: DateReading, *, into: str) -> str:
        """Return the SQL of a column of times."""
        kind, dialect = self.kinds[place], self.saying.dialect
        if kind == LOADED:
            kind = "moment"
        if kind not in _TIMES:
            if dialect == "duckdb":
                return reading.value
            raise self.refused(place, "times spelled as text", "timestamp")
        if kind == FINE:
            fine = Cell(name=f"c{place}", kind="moment", is_clean=True)
            said = f"make_timestamp(epoch_ns({fine.raw}) // 1000)"
        else:
            said = moment_cell(
                Cell(name=f"c{place}", kind=kind, is_clean=True), into=into, dialect=""
            )
        here = self.timezone or self.saying.zone
        is_moved = kind in ("moment", FINE) and reading.is_date != "true" and here != into
        if is_moved and dialect == "bigquery":
            raise ConfigError(
                f'{self.relation.shown}, column "{self.at.names[place]}": its times are in {here}, '
                f"those of the leads in {into}: convert them in a view, and name the view"
            )
        return moved(said, here, into, dialect=dialect) if is_moved else said

    def closing(self, place: int, reading: DateReading, *, into: str) -> Closing:
        """Return the SQL of a column of closings."""
        value, is_date = self.moment(place, reading, into=into), reading.is_date
        is_even = is_date in ("true", "false")
        if self.kinds[place] == LOADED and not is_even:
            is_date = f"{value} = date_trunc('day', {value})"
        start, end = closing_interval(DateReading(value=value, is_date=is_date))
        if is_even:
            end = (
                f"{value} + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND" if is_date == "true" else value
            )
        return Closing(start=start, end=end, is_even=is_even or self.kinds[place] == LOADED)

    def _cell(self, place: int) -> str:
        kind, name = self.kinds[place], self.relation.names[place]
        if kind in ("text", "other", LOADED):
            cell = Cell(name=name, kind="text", null_values=self.null_values, white=LETTERS)
            return cell.value
        if kind == "number":
            cell = Cell(name=name, kind=kind, null_values=self.null_values)
            return f"CAST({cell.value} AS DOUBLE)"
        possible = re.compile(_POSSIBLE[kind])
        nulls = tuple(null for null in self.null_values if possible.fullmatch(null))
        return Cell(name=name, kind=kind, null_values=nulls).value


def _table(
    saying: Saying,
    at: Whereabouts,
    used: Sequence[int],
    null_values: Sequence[object],
    timezone: str | None,
) -> _Table:
    places = sorted(set(used))
    relation = relation_of(at, saying.dialect, saying.private, used=places, is_here=saying.is_here)
    return _Table(
        saying=saying,
        at=at,
        relation=relation,
        kinds={place: relation.kinds[place] for place in places},
        null_values=tuple(spelled(value) for value in null_values),
        timezone=timezone,
    )


def _excluded(
    at: Whereabouts, exclude: Mapping[str, Sequence[object]], table: str
) -> dict[int, Sequence[object]]:
    key = f"[{table}] exclude"
    return {
        find_column(at.names, name, file=at.source, key=key): values
        for name, values in exclude.items()
    }


def leads_of(
    look: SeenLeads, saying: Saying, fields: Mapping[str, str | None], *, with_worked: bool
) -> LeadParts:
    """Return what a statement needs of the leads.

    Parameters
    ----------
    look : SeenLeads
    saying : Saying
    fields : dict of str to str or None
        The columns that a card reads, and of what kind it needs them.
    with_worked : bool
        Whether it must be known who was worked.

    Returns
    -------
    LeadParts
        Without the fields that are no column of the leads.

    Raises
    ------
    ConfigError
        If a column cannot be read in SQL as reading does it.
    """
    columns, roles = look.columns, look.roles
    wanted = ["id", "created_at", "outcome", "closed_at", "contact"]
    wanted += ["worked"] if with_worked else []
    excluded = _excluded(look.at, columns.exclude, "leads")
    places = _places(look, fields)
    used = [*(roles[role] for role in wanted if role in roles), *places.values(), *excluded]
    table = _table(saying, look.at, used, columns.null_values, columns.timezone)
    if "id" not in roles:
        raise ConfigError(
            f"{table.relation.shown}: there is no column of ids, and rows have no number in SQL: "
            "name one under [leads] id"
        )
    created = closed_at = None
    if "created_at" in roles:
        created = table.moment(roles["created_at"], look.dates["created_at"], into=saying.zone)
    closing = "closed_at" if "closed_at" in roles else "created_at"
    if closing in roles and (closing == "closed_at" or look.seen is None):
        closed_at = table.closing(roles[closing], look.dates[closing], into=saying.zone)
    outcome = "'open'"
    if "outcome" in roles:
        outcome = outcome_value(look.staged, roles["outcome"], columns)
    contact = table.key(roles["contact"]) if "contact" in roles else None
    return LeadParts(
        cells=table.cells(excluded),
        lead_id=_lead_id(look, table),
        key=table.key(roles["id"]),
        contact=contact,
        created_at=created,
        outcome=outcome,
        closed_at=closed_at,
        worked=flag_value(look.staged, roles["worked"])
        if with_worked and "worked" in roles
        else None,
        fields={
            name: _field(table, place, fields[name], name, look.seen)
            for name, place in places.items()
        },
        is_log=look.seen is None,
    )


def _places(look: SeenLeads, fields: Mapping[str, str | None]) -> dict[str, int]:
    """Return where the columns stand that a card reads; not those that leads do not have."""
    if look.seen is None:
        return {}
    known = {part.attribute.name for part in look.seen.attributes}
    places = {attribute_name(name): place for place, name in enumerate(look.at.names)}
    return {name: places[name] for name in fields if name in known}


def _lead_id(look: SeenLeads, table: _Table) -> str:
    place = look.roles["id"]
    if table.kinds[place] == "number" and look.staged.types[place] == "DOUBLE":
        return id_value(look.staged, place)
    return f"c{place}"


def _field(
    table: _Table, place: int, wanted: str | None, name: str, seen: LeadsSeen | None
) -> tuple[str, str]:
    """Return SQL and kind of a column that a card reads."""
    cell, kind = f"c{place}", table.kinds[place]
    if kind in _TIMES:
        never_moved = DateReading(value=cell, is_date="true")
        return table.moment(place, never_moved, into="UTC"), "date"
    if kind == "boolean" and wanted == "number":
        return f"CASE WHEN {cell} THEN 1.0 WHEN NOT {cell} THEN 0.0 END", "number"
    if kind == "boolean":
        return f"CASE WHEN {cell} THEN 'yes' WHEN NOT {cell} THEN 'no' END", "category"
    if kind == "number":
        return cell, "number"
    if kind == "integer":
        if wanted == "number":
            return f"CAST({cell} AS DOUBLE)", "number"
        return table.text(place), "category"
    return _text_field(table, place, wanted, name, seen)


def _text_field(
    table: _Table, place: int, wanted: str | None, name: str, seen: LeadsSeen | None
) -> tuple[str, str]:
    cell = f"c{place}"
    if wanted == "category" or seen is None:
        return cell, "category"
    (part,) = (part for part in seen.attributes if part.attribute.name == name)
    kind = "category" if part.attribute.kind == "text" else part.attribute.kind
    if kind == "category" and wanted is None:
        return cell, "category"
    if table.saying.dialect == "duckdb":
        return part.value, kind
    if table.kinds[place] == LOADED:
        return (f"CAST({cell} AS DOUBLE)", "number") if kind == "number" else (cell, "category")
    profile = seen.profiles.get(place)
    if wanted is None and profile is not None and profile.either == profile.values:
        return cell, "category"  # only whether it is filled in matters
    raise table.refused(place, f"{kind}s spelled as text", kind.replace("date", "timestamp"))


def wins_of(look: SeenWins, saying: Saying) -> WinParts:
    """Return what a statement needs of a table of wins.

    Parameters
    ----------
    look : SeenWins
    saying : Saying

    Raises
    ------
    ConfigError
        If a column cannot be read in SQL as reading does it.
    """
    columns, roles = look.columns, look.roles
    excluded = _excluded(look.at, columns.exclude, "outcomes")
    used = [roles[role] for role in ("lead", "closed_at") if role in roles]
    table = _table(saying, look.at, [*used, *excluded], columns.null_values, columns.timezone)
    closed_at = None
    if look.closed_at is not None:
        closed_at = table.closing(roles["closed_at"], look.closed_at, into=saying.zone)
    return WinParts(cells=table.cells(excluded), key=table.key(roles["lead"]), closed_at=closed_at)


def log_of(look: SeenLog, saying: Saying, *, takes: Sequence[str]) -> LogParts:
    """Return what a statement needs of a log.

    Parameters
    ----------
    look : SeenLog
    saying : Saying
    takes : sequence of str
        Which of ``detail`` and ``value`` the card reads.

    Raises
    ------
    ConfigError
        If a column cannot be read in SQL as reading does it.
    """
    columns, roles = look.columns, look.roles
    excluded = _excluded(look.at, columns.exclude, "activities")
    used = [roles[role] for role in ("lead", "activity", "occurred_at", *takes) if role in roles]
    table = _table(saying, look.at, [*used, *excluded], columns.null_values, columns.timezone)
    return LogParts(
        cells=table.cells(excluded),
        key=table.key(roles["lead"]),
        activity=table.text(roles["activity"]),
        occurred_at=table.moment(roles["occurred_at"], _times(look, table), into=saying.zone),
        detail=table.text(roles["detail"]) if "detail" in takes and "detail" in roles else None,
        value=_value(look, table) if "value" in takes and "value" in roles else None,
    )


def _times(look: SeenLog, table: _Table) -> DateReading:
    """Return how the times of a log are read: dates are not moved between zones."""
    if look.reading is not None:
        return look.reading.occurred_at
    log, zone = look.placed, table.saying.zone
    is_date = "false"
    here = look.columns.timezone or zone
    if log is not None and here != zone:
        timed = f"{log.moment} <> CAST(CAST({log.moment} AS DATE) AS TIMESTAMP)"
        sql = f"SELECT 1 AS n FROM {log.table.sql} AS t WHERE {timed} LIMIT 1"
        is_date = "false" if log.table.engine.query(sql).num_rows else "true"
    return DateReading(value="", is_date=is_date)


def _value(look: SeenLog, table: _Table) -> str:
    place = look.roles["value"]
    kind = table.kinds[place]
    if kind in ("integer", "number", LOADED):
        return f"CAST(c{place} AS DOUBLE)"
    if table.saying.dialect == "duckdb" and look.reading is not None:
        return look.reading.extra["value"]
    raise table.refused(place, "numbers spelled as text", "number")
