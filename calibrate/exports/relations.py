"""How a table of the user stands behind FROM, and of what kind its columns are there."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.engines import DuckDBEngine, quote_identifier, quote_literal
from calibrate.engines.base import split_name
from calibrate.errors import CalibrateError, ConfigError
from calibrate.history.cells import kind_of
from calibrate.history.looking import Whereabouts
from calibrate.history.sources import SourceTable
from calibrate.history.tables import FILE_ENDINGS, DatabaseTable

__all__ = ["FINE", "FINE_INSTANT", "LOADED", "Relation", "Saying", "named", "relation_of"]

FINE = "fine"
"""A time without a zone that may be finer than microseconds."""
FINE_INSTANT = "fine instant"
"""The same with a zone."""
LOADED = "loaded"
"""Text of a file that stands in a table of the warehouse, of a type that is not known here."""
_FINE_TYPES = {"TIMESTAMP_NS": FINE, "TIMESTAMPTZ_NS": FINE_INSTANT}  # of DuckDB
_ELSE = (
    "load it into a table of your database and name that ([database] url), or save it as Parquet"
)


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


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table in a statement.

    Parameters
    ----------
    sql : str
        What stands behind FROM.
    names : tuple of str
        What its columns are called there, in the order of the source.
    kinds : tuple of str
        What they hold there, as of `kind_of`; also `FINE`, `FINE_INSTANT` and `LOADED`.
    shown : str
        Its name in messages.
    """

    sql: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    shown: str


def named(source: str, dialect: str, *, in_database: bool) -> str:
    """Return a table's name, quoted; a file stands for itself in DuckDB, else for its stem.

    Examples
    --------
    >>> print(named("crm.Deals", "postgres", in_database=True))
    "crm"."Deals"
    >>> print(named("data/deals.csv", "snowflake", in_database=False))
    "deals"
    """
    if not in_database and PurePath(source).suffix.lower() in FILE_ENDINGS:
        if dialect == "duckdb":
            return quote_literal(source)
        return quote_identifier(PurePath(source).name.split(".")[0])
    return ".".join(quote_identifier(part) for part in split_name(source))


def relation_of(at: Whereabouts, saying: Saying, *, used: Sequence[int]) -> Relation:
    """Return how a table stands in a statement.

    Parameters
    ----------
    at : Whereabouts
        Where it is.
    saying : Saying
    used : sequence of int
        Positions of the columns that the statement reads.

    Raises
    ------
    ConfigError
        If DuckDB does not read the file as reading does.
    """
    if at.found is not None:
        relation = _of_table(at.found, at.source, saying, used)
    else:
        relation = _of_file(at, saying, used)
    folded = [name.casefold() for name in relation.names]
    twice = next((at.names[i] for i in used if folded.count(folded[i]) > 1), None)
    if twice is not None:
        raise ConfigError(
            f'{relation.shown}: two columns are called "{twice}" but for capitals, which SQL does '
            "not tell apart: rename one of them"
        )
    return relation


def _of_table(found: DatabaseTable, source: str, saying: Saying, used: Sequence[int]) -> Relation:
    names, dialect = tuple(found.columns), saying.dialect
    kinds = [kind_of(kind) for kind in found.columns.values()]
    moments = [place for place in used if kinds[place] in ("moment", "instant")]
    if found.engine.dialect == dialect == "duckdb" and moments:
        asked = ", ".join(
            f"typeof({quote_identifier(names[place])}) AS c{place}" for place in moments
        )
        told = found.engine.query(f"SELECT {asked} FROM {found.sql} LIMIT 1").to_pylist()
        for place in moments:
            if told:
                kinds[place] = _FINE_TYPES.get(told[0][f"c{place}"], kinds[place])
    is_full = saying.is_here or (dialect == found.engine.dialect == "postgres")
    sql = found.sql if is_full else named(source, dialect, in_database=True)
    return Relation(sql=sql, names=names, kinds=tuple(kinds), shown=found.name)


def _of_file(at: Whereabouts, saying: Saying, used: Sequence[int]) -> Relation:
    shown, dialect, private = PurePath(at.source).name, saying.dialect, saying.private
    elsewhere = named(at.source, dialect, in_database=False)
    if dialect != "duckdb" and at.is_text:
        kinds = (LOADED,) * len(at.names)
        return Relation(sql=elsewhere, names=at.names, kinds=kinds, shown=shown)
    if at.opened is not None and at.is_text:
        found = _names_of_text(at.opened, at.file, private, shown, used)
        sql = _text_file(at.opened, at.file if saying.is_here else at.source)
        return Relation(sql=sql, names=found, kinds=("text",) * len(found), shown=shown)
    here = _parquet_file(at.file)
    types = {row["column_name"]: row["column_type"] for row in _described(private, here)}
    stored = [types.get(name, "VARCHAR") for name in at.names]
    kinds = tuple(_FINE_TYPES.get(kind, kind_of(kind)) for kind in stored)
    _refuse_other(at, shown, kinds, types, used)
    sql = here if saying.is_here else _parquet_file(at.source)
    if dialect != "duckdb":
        sql, kinds = elsewhere, tuple(map(kind_of, stored))
    return Relation(sql=sql, names=at.names, kinds=kinds, shown=shown)


def _refuse_other(
    at: Whereabouts, shown: str, kinds: Sequence[str], types: dict[str, str], used: Sequence[int]
) -> None:
    for place in used:
        kind = types.get(at.names[place], "")
        if kinds[place] == "other" and kind.strip('"') not in ("NULL", "INTEGER"):
            raise ConfigError(
                f'{shown}, column "{at.names[place]}": it holds {kind.lower()}, which is spelled '
                "differently in SQL: write it as text"
            )


def _described(private: DuckDBEngine, relation: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = private.query(f"DESCRIBE SELECT * FROM {relation}").to_pylist()
    return rows


def _parquet_file(path: str) -> str:
    plain = quote_literal(path)
    if Path(path).suffix.lower() == ".parquet" and "=" not in path and not glob.has_magic(path):
        return plain
    return f"read_parquet({plain}, union_by_name = true, hive_partitioning = false)"


def _text_file(opened: SourceTable, path: str) -> str:
    delimiter = quote_literal(opened.delimiter or ",")
    return (
        f"read_csv({quote_literal(path)}, delim = {delimiter}, quote = '\"', escape = '\"', "
        "header = true, all_varchar = true)"
    )


def _names_of_text(
    opened: SourceTable, file: str, private: DuckDBEngine, shown: str, used: Sequence[int]
) -> tuple[str, ...]:
    """Return what DuckDB calls the columns of a text file, whose cells it reads as we do."""
    if opened.is_workbook:
        raise ConfigError(f"{shown}: a statement cannot read a workbook: {_ELSE}")
    try:
        found = private.query(f"SELECT * FROM {_text_file(opened, file)}")
    except (CalibrateError, duckdb.Error):
        found = None
    if found is None or found.num_columns != len(opened.names):
        raise _read_otherwise(shown)
    ours = opened.load(range(len(opened.names)))
    if not _filled(found, used).equals(_filled(ours, used)):
        raise _read_otherwise(shown)
    return tuple(found.column_names)


def _filled(data: pa.Table, used: Sequence[int]) -> pa.Table:
    """Return the cells of some columns, empty ones as such, of the rows that are not blank."""
    texts = [pc.fill_null(column.cast(pa.large_string()), "") for column in data.columns]
    has_cell = pc.not_equal(texts[0], "")
    for column in texts[1:]:
        has_cell = pc.or_(has_cell, pc.not_equal(column, ""))
    table = pa.table([texts[i] for i in used], names=[f"c{i}" for i in used])
    return table.filter(has_cell).combine_chunks()


def _read_otherwise(shown: str) -> ConfigError:
    return ConfigError(f"{shown}: DuckDB does not read this file as calibrate does: {_ELSE}")
