"""A source in the engine: cleaned cells, rows that do not count set aside and counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.engines import DuckDBEngine, quote_literal
from calibrate.errors import DataError, did_you_mean
from calibrate.history.checks import Check
from calibrate.history.personal import masked
from calibrate.history.sources import Columns, SourceTable

__all__ = ["Staged", "find_column", "spelled", "stage"]

_WHITE = " \t\r\n\u00a0\ufeff"
_FLOATS = ("DOUBLE", "FLOAT")


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
    """

    engine: DuckDBEngine
    name: str
    source: SourceTable
    types: Mapping[int, str]
    checks: list[Check] = field(default_factory=list)
    as_of: dt.datetime | None = None

    @property
    def table(self) -> str:
        """Which table it is: ``leads``, ``outcomes`` or ``activities``."""
        return self.source.table

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
        return _text(f"c{position}", self.types[position])

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
    folded = {name.strip().casefold() for name in source.names}
    excluded = {
        find_column(source.names, name, file=source.file, key=f"[{source.table}] exclude"): values
        for name, values in columns.exclude.items()
        if not lenient or name.strip().casefold() in folded
    }
    wanted = sorted({*positions, *excluded})
    name = f"staged_{source.table}"
    types = _load(engine, source, wanted, [spelled(value) for value in columns.null_values], name)
    staged = Staged(engine=engine, name=name, source=source, types=types, as_of=as_of)
    staged.add("rows read", source.rows, "")
    blank = " AND ".join(f"c{place} IS NULL" for place in wanted)
    if source.is_text or staged.count(blank):
        staged.drop(blank, "blank rows", "left out")
    for position, values in excluded.items():
        shown = ", ".join(spelled(value) for value in values)
        label = source.names[position]
        condition = f"coalesce(list_contains($1, {staged.text(position)}), false)"
        parameters = [[spelled(value) for value in values]]
        n = staged.count(condition, parameters)
        engine.execute(f"DELETE FROM {name} WHERE {condition}", parameters)
        staged.add(f'rows excluded by "{label}"', n, "not counted as " + source.table, shown)
    return staged


def spelled(value: object) -> str:
    """Return a value of the settings as it is spelled in text cells.

    Parameters
    ----------
    value : object
        Text, number or truth value of a TOML file.

    Returns
    -------
    str
        ``true`` and ``false`` for truth values, no fraction for whole numbers.

    Examples
    --------
    >>> spelled(1.0), spelled(True), spelled(" Select ")
    ('1', 'true', 'Select')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip(_WHITE)


def _text(column: str, kind: str) -> str:
    if kind == "VARCHAR":
        return column
    if kind in _FLOATS:
        whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
        return (
            f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({column} AS VARCHAR) END"
        )
    return f"CAST({column} AS VARCHAR)"


def _load(
    engine: DuckDBEngine,
    source: SourceTable,
    positions: Sequence[int],
    null_values: list[str],
    name: str,
) -> dict[int, str]:
    loaded = source.load(positions)
    cells = [_cleaned(column, null_values) for column in loaded.columns]
    rows = pa.array(np.arange(loaded.num_rows, dtype=np.int64))
    raw = f"raw_{source.table}"
    engine.register(raw, pa.table([*cells, rows], names=[*loaded.column_names, "row"]))
    types = _types(engine, raw)
    nulls = f"[{', '.join(quote_literal(value) for value in null_values)}]"
    selected = ", ".join(_typed_cell(place, types[place], nulls) for place in positions)
    engine.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT row, {selected} FROM {raw}")
    engine.unregister(raw)
    return _types(engine, name)


def _cleaned(column: Any, null_values: list[str]) -> Any:
    """Trim text and take its null spellings for missing; Arrow does it ten times faster."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    trimmed = pc.utf8_trim(column, characters=_WHITE)
    missing = pc.is_in(trimmed, value_set=pa.array(["", *null_values], column.type))
    return pc.if_else(missing, pa.scalar(None, column.type), trimmed)


def _typed_cell(position: int, kind: str, nulls: str) -> str:
    column = f"c{position}"
    if kind == "VARCHAR":
        return column
    if kind == '"NULL"':
        return f"CAST({column} AS VARCHAR) AS {column}"
    gone = f"list_contains({nulls}, {_text(column, kind)})" if nulls != "[]" else "false"
    if kind in _FLOATS:
        gone = f"isnan({column}) OR {gone}"
    return f"CASE WHEN {gone} THEN NULL ELSE {column} END AS {column}"


def _types(engine: DuckDBEngine, name: str) -> dict[int, str]:
    found = engine.query(f"DESCRIBE {name}").to_pylist()
    return {
        int(row["column_name"][1:]): row["column_type"]
        for row in found
        if row["column_name"] != "row"
    }
