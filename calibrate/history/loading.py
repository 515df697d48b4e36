"""A source as a relation of the engine, and the SQL of its cleaned cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.engines import DuckDBEngine, quote_literal, quote_literals
from calibrate.history.sources import SourceTable

__all__ = ["INTEGER_TYPES", "WHITE", "Raw", "column_types", "open_raw", "spelled", "text_of"]

WHITE = " \t\r\n\u00a0\ufeff"
"""What reading takes off both ends of a text."""
_FLOATS = ("DOUBLE", "FLOAT")
_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
INTEGER_TYPES = frozenset((*_SIGNED, *(f"U{name}" for name in _SIGNED)))
"""What the engine calls whole numbers."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Raw:
    """A source that the engine reads under a name, nothing copied.

    Parameters
    ----------
    engine : DuckDBEngine
        Where.
    name : str
        Name of the relation; its columns are ``row`` (counted from 0) and ``c<position>``.
    types : mapping of int to str
        DuckDB type of each column.
    null_values : tuple of str
        Spellings of a missing value.
    is_clean : bool
        Whether its text is trimmed already, its missing values NULL.
    is_view : bool
        Whether the engine reads files; else it reads Arrow's memory.
    """

    engine: DuckDBEngine
    name: str
    types: Mapping[int, str]
    null_values: tuple[str, ...]
    is_clean: bool
    is_view: bool

    def cell(self, position: int, column: str | None = None) -> str:
        """Return the SQL of a column's cleaned values.

        Parameters
        ----------
        position : int
            Which column.
        column : str, optional
            SQL of its raw values, where they are not the column itself.

        Returns
        -------
        str
            Text trimmed; NULL where it is empty, no number, or spelled as missing.
        """
        column, kind = column or f"c{position}", self.types[position]
        nulls = quote_literals(self.null_values)
        if kind == "VARCHAR":
            return column if self.is_clean else _trimmed(column, nulls)
        if kind == '"NULL"':
            return f"CAST({column} AS VARCHAR)"
        known = column
        if kind in _FLOATS:  # statistics of Parquet files hide a NaN, which is no whole number
            known = f"CASE WHEN isnan({column}) THEN NULL ELSE {column} END"
        gone = _is_one_of(text_of(f"({known})", kind), nulls) if nulls else "false"
        if kind in _FLOATS:
            gone = f"isnan({column}) OR {gone}"
        return column if gone == "false" else f"CASE WHEN {gone} THEN NULL ELSE {column} END"

    def close(self) -> None:
        """Let go of the source."""
        if self.is_view:
            self.engine.execute(f"DROP VIEW IF EXISTS {self.name}")
        else:
            self.engine.unregister(self.name)


def open_raw(
    engine: DuckDBEngine,
    source: SourceTable,
    positions: Sequence[int],
    null_values: Sequence[str],
) -> Raw:
    """Let the engine read a source: Parquet by itself, anything else from Arrow's memory.

    Parameters
    ----------
    engine : DuckDBEngine
        Where to.
    source : SourceTable
        Where from.
    positions : sequence of int
        Which columns.
    null_values : sequence of str
        Spellings of a missing value.

    Returns
    -------
    Raw
        Named ``raw_<table>``.
    """
    name = f"raw_{source.table}"
    if source.scan is not None:
        relation = source.scan.relation(positions)
        engine.execute(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {relation}")
    else:
        loaded = source.load(positions)
        cells = [_cleaned(column, null_values) for column in loaded.columns]
        rows = pa.array(np.arange(loaded.num_rows, dtype=np.int64))
        engine.register(name, pa.table([*cells, rows], names=[*loaded.column_names, "row"]))
    return Raw(
        engine=engine,
        name=name,
        types=column_types(engine, name),
        null_values=tuple(null_values),
        is_clean=source.scan is None,
        is_view=source.scan is not None,
    )


def column_types(engine: DuckDBEngine, name: str) -> dict[int, str]:
    """Return the DuckDB type of each column ``c<position>`` of a relation.

    Parameters
    ----------
    engine : DuckDBEngine
        Where it is.
    name : str
        Its name.

    Returns
    -------
    dict of int to str
    """
    found = engine.query(f"DESCRIBE {name}").to_pylist()
    return {
        int(row["column_name"][1:]): row["column_type"]
        for row in found
        if row["column_name"][0] == "c"
    }


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
    return str(value).strip(WHITE)


def text_of(column: str, kind: str) -> str:
    """Return the SQL of values as text; whole numbers without a fraction.

    Parameters
    ----------
    column : str
        SQL of the values.
    kind : str
        Their DuckDB type.

    Returns
    -------
    str
        An expression of type VARCHAR.

    Examples
    --------
    >>> text_of("c0", "BIGINT")
    'CAST(c0 AS VARCHAR)'
    """
    if kind == "VARCHAR":
        return column
    if kind in _FLOATS:
        whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
        return (
            f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({column} AS VARCHAR) END"
        )
    return f"CAST({column} AS VARCHAR)"


def _cleaned(column: Any, null_values: Sequence[str]) -> Any:
    """Trim text and take its null spellings for missing; Arrow does it ten times faster."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    trimmed = pc.utf8_trim(column, characters=WHITE)
    missing = pc.is_in(trimmed, value_set=pa.array(["", *null_values], column.type))
    return pc.if_else(missing, pa.scalar(None, column.type), trimmed)


def _trimmed(column: str, nulls: str) -> str:
    """Trim in the engine, only text that needs it.

    Comparing a text, and looking at its end, is much cheaper than taking a letter out of it.
    """
    white = quote_literal(WHITE)
    first = (
        f"{column} < '!' OR {column} >= '\ufeff' OR ({column} >= '\u00a0' AND {column} < '\u00a1')"
    )
    last = " OR ".join(f"ends_with({column}, chr({ord(letter)}))" for letter in WHITE)
    needed = f"{first} OR {last}"
    text = f"nullif(CASE WHEN {needed} THEN trim({column}, {white}) ELSE {column} END, '')"
    return f"CASE WHEN {_is_one_of(text, nulls)} THEN NULL ELSE {text} END" if nulls else text


def _is_one_of(value: str, listed: str) -> str:
    """Say IN without the join that the engine makes of it, even where nobody asks."""
    return f"coalesce(list_position([{listed}], {value}), 0) > 0"
