"""Tables that were opened: SQL of their cells, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from calibrate.engines import quote_literal
from calibrate.errors import ConfigError
from calibrate.exports.canonical import LETTERS, Cells, Closing, Key
from calibrate.exports.relations import (
    FINE,
    FINE_INSTANT,
    LOADED,
    Relation,
    Saying,
    relation_of,
)
from calibrate.history.attributes import attribute_name
from calibrate.history.cells import Cell, is_one_of, moment_cell, moved, truncated
from calibrate.history.dates import DateReading
from calibrate.history.loading import text_of
from calibrate.history.looking import SeenLeads, SeenLog, SeenWins
from calibrate.history.outcomes import closing_interval, flag_value, outcome_value
from calibrate.history.staging import find_column, spelled
from calibrate.history.typed import id_value

__all__ = ["looked_leads", "looked_log", "looked_wins"]

_TIMES = ("instant", "moment", "date", FINE, FINE_INSTANT)
_TEXTS = ("text", "other", LOADED)
_POSSIBLE = {
    "integer": r"0|-?[1-9][0-9]*",
    "boolean": "true|false",
    "moment": r"[0-9]{4}-.*",
    "instant": r"[0-9]{4}-.*",
    "date": r"[0-9]{4}-.*",
    FINE: r"[0-9]{4}-.*",
    FINE_INSTANT: r"[0-9]{4}-.*",
}
"""What a cell of such a kind can look like as text."""

_Seen = SeenLeads | SeenWins | SeenLog


@dataclass(frozen=True, eq=False, kw_only=True)
class _Looked:
    """A table that was opened; its columns are ``c<position>``.

    Parameters
    ----------
    look : SeenLeads, SeenWins or SeenLog
    saying : Saying
    relation : Relation
        How it stands in the statement.
    used : tuple of int
        Positions of the columns that the statement reads.
    excluded : dict of int to values
        Rows that do not count, by the position of a column.
    dates : dict of str to DateReading
        How times are written, by their meaning.
    numbers : dict of str to str
        SQL of DuckDB for numbers that may be spelled as text, by their meaning.
    """

    look: _Seen
    saying: Saying
    relation: Relation
    used: tuple[int, ...]
    excluded: Mapping[int, Sequence[object]]
    dates: Mapping[str, DateReading]
    numbers: Mapping[str, str] = field(default_factory=dict)

    @property
    def roles(self) -> Mapping[str, int]:
        return self.look.roles

    def has(self, role: str) -> bool:
        return role in self.roles

    def key(self, role: str) -> Key:
        place = self.roles[role]
        number = f"c{place}" if self._kind(place) == "integer" else None
        return Key(text=self._text(place), number=number)

    def text(self, role: str) -> str:
        return self._text(self.roles[role])

    def number(self, role: str) -> str:
        place = self.roles[role]
        if self._kind(place) in ("integer", "number", LOADED):
            return f"CAST(c{place} AS DOUBLE)"
        if self.saying.dialect == "duckdb" and role in self.numbers:
            return self.numbers[role]
        raise self._refused(place, "numbers spelled as text", "number")

    def moment(self, role: str) -> str:
        return self._moment(self.roles[role], self.dates[role], into=self.saying.zone)

    def closing(self, role: str) -> Closing:
        place, is_date = self.roles[role], self.dates[role].is_date
        value, is_loaded = self.moment(role), self._kind(place) == LOADED
        is_even = is_date in ("true", "false")
        if is_loaded and not is_even:
            is_date = f"{value} = date_trunc('day', {value})"
        start, end = closing_interval(DateReading(value=value, is_date=is_date))
        if is_even:
            end = (
                f"{value} + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND" if is_date == "true" else value
            )
        return Closing(start=start, end=end, is_even=is_even or is_loaded)

    def cells(self) -> Cells:
        kept = [
            f"NOT {is_one_of(self._text(place), values)}"
            for place, values in self.excluded.items()
            if values
        ]
        cells = {f"c{place}": self._cell(place) for place in self.used}
        return Cells(relation=self.relation.sql, cells=cells, kept=tuple(kept))

    def _kind(self, place: int) -> str:
        return self.relation.kinds[place]

    def _text(self, place: int) -> str:
        """Return the SQL of a column's values as text; whole numbers without a fraction."""
        kind = self._kind(place)
        kind = "VARCHAR" if kind in _TEXTS else "DOUBLE" if kind == "number" else kind
        return text_of(f"c{place}", kind)

    def _refused(self, place: int, problem: str, kind: str) -> ConfigError:
        """Return the refusal of a column that cannot be said in the dialect."""
        return ConfigError(
            f"{self._shown(place)}: {problem}, which SQL of this database does not read as "
            f"calibrate does: cast it to a {kind} in a view, and name the view"
        )

    def _shown(self, place: int) -> str:
        return f'{self.relation.shown}, column "{self.look.at.names[place]}"'

    def _moment(self, place: int, reading: DateReading, *, into: str) -> str:
        """Return the SQL of a column of times."""
        kind, dialect = self._kind(place), self.saying.dialect
        if kind == LOADED:
            kind = "moment"
        if kind not in _TIMES:
            if dialect == "duckdb":
                return reading.value
            raise self._refused(place, "times spelled as text", "timestamp")
        cell = Cell(name=f"c{place}", kind=kind, is_clean=True)
        if kind == FINE:
            said = truncated(cell.raw)
        elif kind == FINE_INSTANT:
            said = truncated(f"{cell.raw} AT TIME ZONE {quote_literal(into)}")
        else:
            said = moment_cell(cell, into=into, dialect="")
        here = self.look.columns.timezone or self.saying.zone
        is_moved = kind in ("moment", FINE) and reading.is_date != "true" and here != into
        if is_moved and dialect == "bigquery":
            raise ConfigError(
                f"{self._shown(place)}: its times are in {here}, those of the leads in {into}: "
                "convert them in a view, and name the view"
            )
        return moved(said, here, into, dialect=dialect) if is_moved else said

    def _cell(self, place: int) -> str:
        kind, name = self._kind(place), self.relation.names[place]
        nulls = tuple(spelled(value) for value in self.look.columns.null_values)
        if kind in _TEXTS:
            return Cell(name=name, kind="text", null_values=nulls, white=LETTERS).value
        if kind == "number":
            return f"CAST({Cell(name=name, kind=kind, null_values=nulls).value} AS DOUBLE)"
        possible = re.compile(_POSSIBLE[kind])
        nulls = tuple(null for null in nulls if possible.fullmatch(null))
        return Cell(name=name, kind=kind, null_values=nulls).value


@dataclass(frozen=True, eq=False, kw_only=True)
class _LookedLeads(_Looked):
    """Leads that were opened.

    Parameters
    ----------
    with_worked : bool
        Whether it must be known who was worked.
    """

    look: SeenLeads
    with_worked: bool

    @property
    def is_log(self) -> bool:
        return self.look.seen is None

    def lead_id(self) -> str:
        if not self.has("id"):
            raise ConfigError(
                f"{self.relation.shown}: there is no column of ids, and rows have no number in "
                "SQL: name one under [leads] id"
            )
        place, staged = self.roles["id"], self.look.staged
        if self._kind(place) == "number" and staged.types[place] == "DOUBLE":
            return id_value(staged, place)
        return f"c{place}"

    def outcome(self) -> str:
        if not self.has("outcome"):
            return "'open'"
        return outcome_value(self.look.staged, self.roles["outcome"], self.look.columns)

    def worked(self) -> str | None:
        if not (self.with_worked and self.has("worked")):
            return None
        return flag_value(self.look.staged, self.roles["worked"])

    def fields(self, wanted: Mapping[str, str | None]) -> dict[str, tuple[str, str]]:
        places = _places(self.look, wanted)
        return {name: self._field(place, wanted[name], name) for name, place in places.items()}

    def _field(self, place: int, wanted: str | None, name: str) -> tuple[str, str]:
        """Return SQL and kind of a column that a card reads."""
        cell, kind = f"c{place}", self._kind(place)
        if kind in _TIMES:
            never_moved = DateReading(value=cell, is_date="true")
            return self._moment(place, never_moved, into="UTC"), "date"
        if kind == "boolean" and wanted == "number":
            return f"CASE WHEN {cell} THEN 1.0 WHEN NOT {cell} THEN 0.0 END", "number"
        if kind == "boolean":
            return f"CASE WHEN {cell} THEN 'yes' WHEN NOT {cell} THEN 'no' END", "category"
        if kind == "number":
            return cell, "number"
        if kind == "integer":
            if wanted == "number":
                return f"CAST({cell} AS DOUBLE)", "number"
            return self._text(place), "category"
        return self._text_field(place, wanted, name)

    def _text_field(self, place: int, wanted: str | None, name: str) -> tuple[str, str]:
        cell, seen = f"c{place}", self.look.seen
        if wanted == "category" or seen is None:
            return cell, "category"
        (part,) = (part for part in seen.attributes if part.attribute.name == name)
        kind = "category" if part.attribute.kind == "text" else part.attribute.kind
        if kind == "category" and wanted is None:
            return cell, "category"
        if self.saying.dialect == "duckdb":
            return part.value, kind
        if self._kind(place) == LOADED:
            return (f"CAST({cell} AS DOUBLE)", "number") if kind == "number" else (cell, "category")
        profile = seen.profiles.get(place)
        if wanted is None and profile is not None and profile.either == profile.values:
            return cell, "category"  # only whether it is filled in matters
        raise self._refused(place, f"{kind}s spelled as text", kind.replace("date", "timestamp"))


def looked_leads(
    look: SeenLeads, saying: Saying, wanted: Mapping[str, str | None], *, with_worked: bool
) -> _LookedLeads:
    """Return leads that were opened.

    Parameters
    ----------
    look : SeenLeads
    saying : Saying
    wanted : dict of str to str or None
        The columns that a card reads, and of what kind it needs them.
    with_worked : bool
        Whether it must be known who was worked.

    Returns
    -------
    LeadTable
        Without the fields that are no column of the leads.

    Raises
    ------
    ConfigError
        If a column cannot be read in SQL as reading does it.
    """
    roles = ["id", "created_at", "outcome", "closed_at", "contact"]
    roles += ["worked"] if with_worked else []
    excluded = _excluded(look)
    used = _used(look, roles, [*_places(look, wanted).values(), *excluded])
    return _LookedLeads(
        look=look,
        saying=saying,
        relation=relation_of(look.at, saying, used=used),
        used=used,
        excluded=excluded,
        dates=look.dates,
        with_worked=with_worked,
    )


def looked_wins(look: SeenWins, saying: Saying) -> _Looked:
    """Return a table of wins that was opened.

    Parameters
    ----------
    look : SeenWins
    saying : Saying

    Returns
    -------
    Table

    Raises
    ------
    ConfigError
        As `looked_leads`.
    """
    excluded = _excluded(look)
    used = _used(look, ["lead", "closed_at"], excluded)
    return _Looked(
        look=look,
        saying=saying,
        relation=relation_of(look.at, saying, used=used),
        used=used,
        excluded=excluded,
        dates={} if look.closed_at is None else {"closed_at": look.closed_at},
    )


def looked_log(look: SeenLog, saying: Saying, *, takes: Sequence[str]) -> _Looked:
    """Return a log that was opened.

    Parameters
    ----------
    look : SeenLog
    saying : Saying
    takes : sequence of str
        Which of ``detail`` and ``value`` the card reads.

    Returns
    -------
    Table

    Raises
    ------
    ConfigError
        As `looked_leads`.
    """
    excluded = _excluded(look)
    used = _used(look, ["lead", "activity", "occurred_at", *takes], excluded)
    return _Looked(
        look=look,
        saying=saying,
        relation=relation_of(look.at, saying, used=used),
        used=used,
        excluded=excluded,
        dates={"occurred_at": _times(look, saying.zone)},
        numbers={} if look.reading is None else look.reading.extra,
    )


def _places(look: SeenLeads, wanted: Iterable[str]) -> dict[str, int]:
    """Return where the columns stand that a card reads; not those that leads do not have."""
    if look.seen is None:
        return {}
    known = {part.attribute.name for part in look.seen.attributes}
    places = {attribute_name(name): place for place, name in enumerate(look.at.names)}
    return {name: places[name] for name in wanted if name in known}


def _excluded(look: _Seen) -> dict[int, Sequence[object]]:
    columns, at = look.columns, look.at
    key = f"[{columns.toml_name}] exclude"
    return {
        find_column(at.names, name, file=at.source, key=key): values
        for name, values in columns.exclude.items()
    }


def _used(look: _Seen, roles: Iterable[str], more: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({*(look.roles[role] for role in roles if role in look.roles), *more}))


def _times(look: SeenLog, zone: str) -> DateReading:
    """Return how the times of a log are read: dates are not moved between zones."""
    if look.reading is not None:
        return look.reading.occurred_at
    log, is_date = look.placed, "false"
    if log is not None and (look.columns.timezone or zone) != zone:
        timed = f"{log.moment} <> CAST(CAST({log.moment} AS DATE) AS TIMESTAMP)"
        sql = f"SELECT 1 AS n FROM {log.table.sql} AS t WHERE {timed} LIMIT 1"
        is_date = "false" if log.table.engine.query(sql).num_rows else "true"
    return DateReading(value="", is_date=is_date)
