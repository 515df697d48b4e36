"""Tables of a database as sources: finding them, and reading those with one row a lead."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.config import LeadColumns, OutcomeColumns, Stages
from calibrate.engines import DuckDBEngine, Engine, quote_identifier
from calibrate.errors import ConfigError, DataError
from calibrate.history.cells import kind_of
from calibrate.history.frames import plain_types
from calibrate.history.leads import LEAD_COLUMNS
from calibrate.history.sources import Source, SourceTable
from calibrate.history.staging import find_column

__all__ = [
    "FILE_ENDINGS",
    "DatabaseTable",
    "find_table",
    "fingerprint",
    "read_leads",
    "read_table",
    "unread_columns",
]

FILE_ENDINGS = (".csv", ".gz", ".parquet", ".tsv", ".txt", ".xlsx")
"""How a source ends that means a file, though there is none of its name."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DatabaseTable:
    """A table or view of a database.

    Parameters
    ----------
    engine : Engine
        The database.
    name : str
        As it was given.
    sql : str
        As statements name it.
    columns : dict of str to str
        Name of each column -> its type.
    """

    engine: Engine
    name: str
    sql: str
    columns: dict[str, str]

    def header(self, table: str) -> SourceTable:
        """Return its columns as a source without rows.

        Parameters
        ----------
        table : str
            ``leads``, ``outcomes`` or ``activities``.

        Returns
        -------
        SourceTable
        """
        return SourceTable(
            table=table,
            names=tuple(self.columns),
            sources=(Source(table=table, name=self.name, rows=0, sha256=""),),
            is_text=False,
            load=lambda _: pa.table({}),
        )


def find_table(engine: Engine | None, source: object, *, file: object) -> DatabaseTable | None:
    """Return the table of the database that a source names.

    Parameters
    ----------
    engine : Engine or None
        The database, if there is one.
    source : object
        What was given as a source.
    file : object
        Where it is if it is a file or a glob.

    Returns
    -------
    DatabaseTable or None
        None for frames and for files: what is no table of the database, but is there.

    Raises
    ------
    ConfigError
        If it is neither a table nor a file, naming the nearest table.
    """
    if engine is None or not isinstance(source, str):
        return None
    try:
        columns = engine.columns(source)
    except ConfigError:
        path = Path(str(file))
        if path.exists() or glob.has_magic(source) or path.suffix.lower() in FILE_ENDINGS:
            return None
        raise
    return DatabaseTable(engine=engine, name=source, sql=engine.qualified(source), columns=columns)


@dataclass(frozen=True, eq=False, kw_only=True)
class _TableRows(SourceTable):
    """Rows of a database: they have an id and no number."""

    ids: Any = field(repr=False)

    def place(self, row: int) -> dict[str, Any]:
        """Return the table and the id of the row, which has no number.

        Parameters
        ----------
        row : int
            Place among the rows as they were ordered.

        Returns
        -------
        dict
            ``file`` only.
        """
        return {"file": f"{self.file}, id {self.ids[row].as_py()}"}


def read_leads(
    found: DatabaseTable, columns: LeadColumns, *, stages: Stages | None = None
) -> SourceTable:
    """Read a table of leads.

    Parameters
    ----------
    found : DatabaseTable
        Which.
    columns : LeadColumns
        What means what; columns that it ignores stay where they are.
    stages : Stages, optional
        Their column is needed though it is ignored.

    Returns
    -------
    SourceTable
        As `read_table` gives it.

    Raises
    ------
    DataError
        If it has no row, or no column of ids.
    """
    names = tuple(found.columns)
    place = find_column(names, columns.id or "lead_id", file=found.name, key="[leads] id")
    return read_table(found, "leads", columns, key=names[place], stages=stages)


def read_table(
    found: DatabaseTable,
    table: str,
    columns: LeadColumns | OutcomeColumns,
    *,
    key: str,
    stages: Stages | None = None,
) -> SourceTable:
    """Read a table with one row a lead.

    Parameters
    ----------
    found : DatabaseTable
        Which.
    table : str
        ``leads`` or ``outcomes``.
    columns : LeadColumns or OutcomeColumns
        What means what; columns that it ignores stay where they are.
    key : str
        Name of the column of lead ids.
    stages : Stages, optional
        Their column is needed though it is ignored.

    Returns
    -------
    SourceTable
        Its rows in the order of the ids (numbers by size, text by its bytes), rows of the same
        id in the order of their other columns: a database has no order of its own.

    Raises
    ------
    DataError
        If it has no row.
    """
    names = list(found.columns)
    unread = unread_columns(names, columns, stages)
    data = _fetched(found, [name for name in names if name not in unread])
    if data.num_rows == 0:
        raise DataError("the table has no row", file=found.name)
    data = _ordered(plain_types(data), key)
    origin = Source(table=table, name=found.name, rows=data.num_rows, sha256=fingerprint(data))

    def load(positions: Sequence[int]) -> pa.Table:
        cells = [
            pa.nulls(data.num_rows) if names[place] in unread else data.column(names[place])
            for place in positions
        ]
        return pa.table(cells, names=[f"c{place}" for place in positions])

    return _TableRows(
        table=table,
        names=tuple(names),
        sources=(origin,),
        is_text=False,
        load=load,
        ids=data.column(key),
    )


def _fetched(found: DatabaseTable, names: Sequence[str]) -> pa.Table:
    """Return columns as they are; times with a zone in UTC, what has no plain type as text."""
    kinds = [kind_of(found.columns[name]) for name in names]
    cast = {"instant": "CAST({} AS TIMESTAMP)", "other": "CAST({} AS VARCHAR)"}
    cells = [
        f"{cast.get(kind, '{}').format(f't.{quote_identifier(name)}')} AS c{place}"
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    data = found.engine.query(f"SELECT {', '.join(cells)} FROM {found.sql} AS t")
    for place, kind in enumerate(kinds):
        if kind == "instant":
            moments = data.column(place).cast(pa.timestamp("us"))
            data = data.set_column(place, f"c{place}", pc.assume_timezone(moments, "UTC"))
    return data.rename_columns(names)


def fingerprint(data: pa.Table) -> str:
    """Return a hash of the rows, whatever their order and the width of their numbers.

    Parameters
    ----------
    data : pyarrow.Table
        Of `plain_types`.

    Returns
    -------
    str
        64 hexadecimal digits: of the names, and of two sums over the hashes of the rows.

    Examples
    --------
    >>> one = pa.table({"a": pa.array([1, 2], pa.int32()), "b": ["x", None]})
    >>> other = pa.table({"a": pa.array([2, 1], pa.int64()), "b": [None, "x"]})
    >>> fingerprint(one) == fingerprint(other)
    True
    """
    engine = DuckDBEngine(threads=1)
    engine.register("rows", data.rename_columns([f"c{i}" for i in range(data.num_columns)]))
    cells = ", ".join(
        f"coalesce(length(v{i}) || ':' || v{i}, '-')" for i in range(data.num_columns)
    )
    texts = ", ".join(f"CAST(c{i} AS VARCHAR) AS v{i}" for i in range(data.num_columns))
    parts = ", ".join(
        f"sum(CAST(('0x' || substr(h, {start}, 15)) AS HUGEINT)) AS s{start}" for start in (1, 17)
    )
    names = "".join(f"{len(name)}:{name}" for name in data.column_names)
    sums = engine.query(
        f"SELECT count(*) AS n, {parts} FROM (SELECT md5(concat({cells})) AS h FROM "
        f"(SELECT {texts} FROM rows))"
    ).to_pylist()[0]
    told = f"{names}|{sums['n']}|{sums['s1']}|{sums['s17']}"
    engine.close()
    return hashlib.sha256(told.encode()).hexdigest()


def unread_columns(
    names: Sequence[str], columns: LeadColumns | OutcomeColumns, stages: Stages | None = None
) -> frozenset[str]:
    """Return the columns that nothing needs: ignored, and of no other meaning.

    Parameters
    ----------
    names : sequence of str
        All columns.
    columns : LeadColumns or OutcomeColumns
        What means what, and what is ignored.
    stages : Stages, optional
        Their columns are needed too.

    Returns
    -------
    frozenset of str
    """
    ignored = {name.strip().casefold() for name in getattr(columns, "ignore", ())}
    if not ignored:
        return frozenset()
    told = columns.model_dump(exclude={"ignore", "null_values", "won", "lost"})
    needed = (
        set(LEAD_COLUMNS)
        | _texts(told)
        | (_texts(stages.model_dump()) if stages is not None else set())
    )
    return frozenset(name for name in names if name.strip().casefold() in ignored - needed)


def _texts(value: object) -> set[str]:
    """Return every text of a settings table, keys and values."""
    if isinstance(value, str):
        return {value.strip().casefold()}
    if isinstance(value, dict):
        return {text for pair in value.items() for part in pair for text in _texts(part)}
    if isinstance(value, (list, tuple)):
        return {text for part in value for text in _texts(part)}
    return set()


def _ordered(data: pa.Table, key: str) -> pa.Table:
    ids = data.column(key)
    keys = [key]
    if pc.count_distinct(ids, mode="all").as_py() < data.num_rows:
        keys += [
            name
            for name in data.column_names
            if name != key and not pa.types.is_null(data.schema.field(name).type)
        ]
    order = [(name, "ascending") for name in keys]
    return data.take(pc.sort_indices(data, sort_keys=order))
