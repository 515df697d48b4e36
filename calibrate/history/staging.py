"""A source in the engine: cleaned cells, rows that do not count set aside and counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from calibrate.engines import DuckDBEngine, quote_literal, quote_literals
from calibrate.errors import DataError, did_you_mean
from calibrate.history.checks import Check
from calibrate.history.loading import Raw, column_types, open_raw, spelled, text_of
from calibrate.history.personal import masked
from calibrate.history.sources import Columns, SourceTable

__all__ = ["Staged", "find_column", "spelled", "stage", "stage_in_place"]


def find_column(names: Sequence[str], wanted: str, *, file: str, key: str) -> int:
    """Return the position of a column: by its exact name, else by the only one but for case.

    Parameters
    ----------
    names : sequence of str
        The header.
    wanted : str
        The name in the settings.
    file, key : str
        For the message: the file, and the setting.

    Returns
    -------
    int
        Position among `names`.

    Raises
    ------
    DataError
        If there is none, naming the nearest, or several.

    Examples
    --------
    >>> find_column(["Id", "Stage"], "stage", file="x.csv", key="outcome")
    1
    """
    if wanted in names:
        return list(names).index(wanted)
    alike = [
        place
        for place, name in enumerate(names)
        if name.strip().casefold() == wanted.strip().casefold()
    ]
    if len(alike) == 1:
        return alike[0]
    near = did_you_mean(wanted, names)
    if not near:
        shown = ", ".join(f'"{name}"' for name in names[:8])
        near = f"; it has {shown}{', ...' if len(names) > 8 else ''}"
    raise DataError(f'there is no column "{wanted}" for {key}{near}', file=file)


@dataclass(frozen=True, eq=False, kw_only=True)
class Staged:
    """A source whose rows stand in a table of the engine.

    Parameters
    ----------
    engine : DuckDBEngine
        Where.
    name : str
        Name of the table; its columns are ``row`` (counted from 0) and ``c<position>``.
    source : SourceTable
        Where the rows came from.
    types : mapping of int to str
        DuckDB type of each column.
    checks : list of Check
        What was counted on the way; later steps append.
    as_of : datetime.datetime or None
        Where given, nothing after it may decide how a column is read.
    raw : Raw or None
        What a view is made of; None for a table.
    """

    engine: DuckDBEngine
    name: str
    source: SourceTable
    types: Mapping[int, str]
    checks: list[Check] = field(default_factory=list)
    as_of: dt.datetime | None = None
    raw: Raw | None = None

    @property
    def table(self) -> str:
        """Which table it is: ``leads``, ``outcomes`` or ``activities``."""
        return self.source.table

    @property
    def blank(self) -> str:
        """SQL of whether a row has no cell with anything in it."""
        return "(" + " AND ".join(f"c{place} IS NULL" for place in self.types) + ")"

    def is_text(self, position: int) -> bool:
        """Whether the column holds text.

        Parameters
        ----------
        position : int
            Which column.

        Returns
        -------
        bool
            True for VARCHAR.
        """
        return self.types[position] == "VARCHAR"

    def text(self, position: int) -> str:
        """Return the SQL of a column's values as text; whole numbers without a fraction.

        Parameters
        ----------
        position : int
            Which column.

        Returns
        -------
        str
            An expression of type VARCHAR.
        """
        return text_of(f"c{position}", self.types[position])

    def by_as_of(self, moment: str) -> str:
        """Return the SQL of whether a moment is not after `as_of`; never for a missing one.

        Parameters
        ----------
        moment : str
            SQL of type TIMESTAMP.

        Returns
        -------
        str
            A condition.
        """
        if self.as_of is None:
            return f"({moment}) IS NOT NULL"
        return f"({moment}) <= TIMESTAMP {quote_literal(self.as_of.isoformat(sep=' '))}"

    def count(self, condition: str, parameters: Sequence[object] = ()) -> int:
        """Return how many rows meet a condition.

        Parameters
        ----------
        condition : str
            SQL.
        parameters : sequence
            Its values.

        Returns
        -------
        int
            Rows.
        """
        return int(self.one(f"SELECT count(*) AS n FROM {self.name} WHERE {condition}", parameters))

    def any(self, condition: str) -> bool:
        """Return whether a row meets a condition; the first that does ends the search.

        Parameters
        ----------
        condition : str
            SQL.

        Returns
        -------
        bool
        """
        return self.one(f"SELECT 1 AS n FROM {self.name} WHERE {condition} LIMIT 1") is not None

    def one(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Return the first value of a statement's answer.

        Parameters
        ----------
        sql : str
            A SELECT.
        parameters : sequence
            Its values.

        Returns
        -------
        object
            None where it answers no row.
        """
        found = self.engine.query(sql, parameters)
        return found.column(0)[0].as_py() if found.num_rows else None

    def examples(self, expression: str, condition: str, *, distinct: bool = False) -> str:
        """Return up to three values of the rows that meet a condition, as one text.

        Parameters
        ----------
        expression, condition : str
            SQL.
        distinct : bool
            Whether each value stands once.

        Returns
        -------
        str
            Values in the order of the rows, separated by commas; personal data masked.
        """
        grouping = "GROUP BY value" if distinct else "GROUP BY value, row"
        found = self.engine.query(
            f"SELECT value FROM (SELECT CAST({expression} AS VARCHAR) AS value, row "
            f"FROM {self.name} WHERE {condition}) WHERE value IS NOT NULL "
            f"{grouping} ORDER BY min(row) LIMIT 3"
        )
        return ", ".join(masked(value) for value in found.column(0).to_pylist())

    def add(self, check: str, n: int, rule: str, examples: str = "") -> None:
        """Note a count.

        Parameters
        ----------
        check, n, rule, examples
            As in `Check`.
        """
        self.checks.append(
            Check(table=self.table, check=check, n=int(n), rule=rule, examples=examples)
        )

    def drop(self, condition: str, check: str, rule: str, *, example: str | None = None) -> int:
        """Leave out the rows that meet a condition, and count them.

        Parameters
        ----------
        condition : str
            SQL.
        check, rule : str
            As in `Check`.
        example : str, optional
            SQL of what is shown of them.

        Returns
        -------
        int
            How many there were.
        """
        n = self.count(condition)
        shown = self.examples(example, condition) if n and example else ""
        if n:
            self.engine.execute(f"DELETE FROM {self.name} WHERE {condition}")
        self.add(check, n, rule, shown)
        return n


def stage(
    engine: DuckDBEngine,
    source: SourceTable,
    columns: Columns,
    positions: Iterable[int],
    *,
    lenient: bool = False,
    as_of: dt.datetime | None = None,
) -> Staged:
    """Put the named columns of a source into the engine, cleaned, without excluded rows.

    Parameters
    ----------
    engine : DuckDBEngine
        Where to.
    source : SourceTable
        Where from.
    columns : LeadColumns, OutcomeColumns or ActivityColumns
        Null spellings and exclusions.
    positions : iterable of int
        Columns that will be needed; those of the exclusions are added.
    lenient : bool
        Whether a column that `exclude` names may be missing.
    as_of : datetime.datetime or None
        As in `Staged`.

    Returns
    -------
    Staged
        Cells trimmed, empty ones and null spellings NULL, blank rows left out and counted.
    """
    excluded = _excluded(source, columns, lenient=lenient)
    wanted = sorted({*positions, *excluded})
    name = f"staged_{source.table}"
    raw = _raw(engine, source, columns, wanted)
    cells = ", ".join(f"{raw.cell(place)} AS c{place}" for place in wanted)
    engine.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT row, {cells} FROM {raw.name}")
    raw.close()
    types = column_types(engine, name)
    staged = Staged(engine=engine, name=name, source=source, types=types, as_of=as_of)
    staged.add("rows read", source.rows, "")
    blank = staged.blank
    if source.is_text or staged.any(blank):
        staged.drop(blank, "blank rows", "left out")
    for position, values in excluded.items():
        condition = _is_one_of(staged, position, values)
        _count_excluded(staged, position, values, staged.count(condition))
        engine.execute(f"DELETE FROM {name} WHERE {condition}")
    return staged


def stage_in_place(
    engine: DuckDBEngine, source: SourceTable, columns: Columns, positions: Iterable[int]
) -> Staged:
    """Let the engine read the named columns of a source where they are, cleaned as they pass.

    Parameters
    ----------
    engine : DuckDBEngine
        Where to.
    source : SourceTable
        Where from.
    columns : LeadColumns, OutcomeColumns or ActivityColumns
        Null spellings and exclusions.
    positions : iterable of int
        Columns that will be needed; those of the exclusions are added.

    Returns
    -------
    Staged
        A view without excluded rows; blank ones are in it. Beside ``c<position>`` it has
        ``r<position>``, the cells as they stand in the source. To be let go of with its `raw`.
    """
    excluded = _excluded(source, columns, lenient=False)
    wanted = sorted({*positions, *excluded})
    name = f"staged_{source.table}"
    raw = _raw(engine, source, columns, wanted)
    cells = ", ".join(f"{raw.cell(place)} AS c{place}, c{place} AS r{place}" for place in wanted)
    view = f"CREATE OR REPLACE TEMPORARY VIEW {name} AS SELECT * FROM (SELECT row, {cells} FROM "
    engine.execute(f"{view}{raw.name})")
    types = column_types(engine, name)
    staged = Staged(engine=engine, name=name, source=source, types=types, raw=raw)
    staged.add("rows read", source.rows, "")
    left: list[str] = []
    for position, values in excluded.items():
        condition = _is_one_of(staged, position, values)
        before = "".join(f" AND NOT {earlier}" for earlier in left)
        _count_excluded(staged, position, values, staged.count(condition + before))
        left.append(condition)
    if left:
        engine.execute(f"{view}{raw.name}) WHERE NOT ({' OR '.join(left)})")
    return staged


def _raw(
    engine: DuckDBEngine, source: SourceTable, columns: Columns, positions: Sequence[int]
) -> Raw:
    nulls = [spelled(value) for value in columns.null_values]
    return open_raw(engine, source, positions, nulls)


def _excluded(
    source: SourceTable, columns: Columns, *, lenient: bool
) -> dict[int, Sequence[object]]:
    """Return the positions of the columns that `exclude` names, and the values."""
    folded = {name.strip().casefold() for name in source.names}
    key = f"[{source.table}] exclude"
    return {
        find_column(source.names, name, file=source.file, key=key): values
        for name, values in columns.exclude.items()
        if not lenient or name.strip().casefold() in folded
    }


def _is_one_of(staged: Staged, position: int, values: Sequence[object]) -> str:
    listed = quote_literals(map(spelled, values))
    if not listed:
        return "false"
    return f"(coalesce(list_position([{listed}], {staged.text(position)}), 0) > 0)"


def _count_excluded(staged: Staged, position: int, values: Sequence[object], n: int) -> None:
    shown = ", ".join(spelled(value) for value in values)
    label = staged.source.names[position]
    staged.add(f'rows excluded by "{label}"', n, "not counted as " + staged.table, shown)
