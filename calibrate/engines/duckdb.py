"""DuckDB in the process: the default engine."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from calibrate.engines.base import (
    parts_to_write,
    quote_identifier,
    quote_literal,
    split_name,
)
from calibrate.engines.errors import (
    NoTableError,
    no_schema,
    no_table,
    not_plain,
    out_of_range,
    refuse_other_columns,
)
from calibrate.errors import CalibrateError, ConfigError

__all__ = ["DuckDBEngine", "quote_identifier", "quote_literal"]


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn what the data or the machine caused into an expected error.

    Anything else, such as a statement that cannot be parsed, is a fault of ours and stays
    what it is. The engine's own words may quote a cell, so they are not repeated.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise CalibrateError(
            "there is not enough memory for this; raise memory_limit under [engine], where it is "
            "set, or export a shorter span of time"
        ) from error
    except duckdb.IOException as error:
        raise CalibrateError(
            "the engine cannot read or write a file that it needs; is the disk full? "
            "temp_directory under [engine] says where it puts what memory cannot hold"
        ) from error
    except duckdb.DataError as error:
        raise out_of_range() from error
    except (duckdb.InterruptException, RuntimeError) as error:
        if "interrupt" not in str(error).lower():
            raise
        raise KeyboardInterrupt from None  # Ctrl-C, in the engine's words


_FILE = "source"  # what a database file is attached as
_SCRATCH = "scratch"  # what the temporary one is
_SIGNED = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}
_NAMES = dict.fromkeys(_SIGNED, "BIGINT") | {
    "FLOAT": "DOUBLE",
    "TIMESTAMPTZ_NS": "TIMESTAMP WITH TIME ZONE",
}
_FINER = ("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


class DuckDBEngine:
    """A private in-memory database that takes and gives Arrow tables.

    Parameters
    ----------
    database : path, optional
        A DuckDB file whose tables are read where they are; it is opened for reading only, but
        while `write_table` writes. Default none.
    memory_limit : str, optional
        At most so much memory, e.g. ``"4GB"``; more spills to `temp_directory`.
    threads : int, optional
        At most so many threads; default all cores.
    temp_directory : path, optional
        Where to spill; default the system's choice of DuckDB.

    Notes
    -----
    Nothing is fetched at run time: extensions are never installed, Python variables are
    never read as tables, and the session's time zone is UTC. Ctrl-C ends a statement when the
    threads at work on it have done the part they are at: at once with one thread, with several
    on millions of rows within seconds.

    Examples
    --------
    >>> engine = DuckDBEngine()
    >>> engine.register("visits", pa.table({"pages": [1, 2, 4]}))
    >>> engine.query("SELECT max(pages) AS pages FROM visits WHERE pages < ?", [4]).to_pylist()
    [{'pages': 2}]
    >>> engine.close()
    """

    dialect = "duckdb"

    def __init__(
        self,
        database: str | Path | None = None,
        *,
        memory_limit: str | None = None,
        threads: int | None = None,
        temp_directory: str | Path | None = None,
    ) -> None:
        config: dict[str, Any] = {
            "autoinstall_known_extensions": "false",
            "python_enable_replacements": "false",
            "TimeZone": "UTC",
        }
        if memory_limit is not None:
            config["memory_limit"] = memory_limit
        if threads is not None:
            config["threads"] = threads
        if temp_directory is not None:
            config["temp_directory"] = str(temp_directory)
        self._temp_directory = None if temp_directory is None else Path(temp_directory)
        self._folders: list[str] = []
        try:
            self._connection = duckdb.connect(":memory:", config=config)
        except duckdb.Error as error:
            raise CalibrateError(f"the engine cannot start: {error}") from None
        # What spilled to disk goes with the connection, however the process ends.
        self._closing = weakref.finalize(self, _closed, self._connection, self._folders)
        self._database = None if database is None else Path(database)
        if self._database is not None:
            self._attach(self._database)

    def on_disk(self) -> str:
        """Return the name of a database for tables that memory is too dear for.

        Returns
        -------
        str
            What it is attached as. Its tables are packed, in a temporary file (in
            `temp_directory`, if that was given) that is gone when the engine is.
        """
        if not self._folders:
            if self._temp_directory is not None:
                self._temp_directory.mkdir(parents=True, exist_ok=True)
            folder = tempfile.mkdtemp(prefix="calibrate-", dir=self._temp_directory)
            self._folders.append(folder)
            file = quote_literal(str(Path(folder) / "tables.duckdb"))
            self.execute(f"ATTACH {file} AS {_SCRATCH} (TYPE duckdb)")
        return _SCRATCH

    def register(self, name: str, arrow_table: pa.Table) -> None:
        """Make an Arrow table readable under `name`, without copying it.

        Parameters
        ----------
        name : str
            Name in statements; an earlier table registered under it is replaced.
        arrow_table : pyarrow.Table
            The rows.
        """
        self._connection.register(name, arrow_table)

    def unregister(self, name: str) -> None:
        """Let go of a table given with `register`.

        Parameters
        ----------
        name : str
            Name it was registered under.
        """
        self._connection.unregister(name)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that answers nothing.

        Parameters
        ----------
        sql : str
            One statement, with ``?`` or ``$1`` where values go.
        parameters : sequence
            The values.
        """
        with _in_one_line():
            self._connection.execute(sql, list(parameters))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a statement and hand back its rows.

        Parameters
        ----------
        sql : str
            One SELECT, with ``?`` or ``$1`` where values go. Rows come in the order of its
            ORDER BY, or in no order.
        parameters : sequence
            The values.

        Returns
        -------
        pyarrow.Table
            The rows.
        """
        with _in_one_line():
            return self._connection.sql(sql, params=list(parameters)).to_arrow_table()

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table or view and their types, in its order.

        Parameters
        ----------
        table : str
            ``table`` or ``schema.table``, of the database file where there is one.

        Returns
        -------
        dict of str to str

        Raises
        ------
        ConfigError
            If there is no such table.
        """
        rows = self.query(f"DESCRIBE SELECT * FROM {self.qualified(table)}").to_pylist()
        return {row["column_name"]: _type_name(row["column_type"]) for row in rows}

    def qualified(self, table: str) -> str:
        """Return the full name of a table or view, quoted.

        Parameters
        ----------
        table : str
            As for `columns`.

        Returns
        -------
        str

        Raises
        ------
        ConfigError
            If there is no such table.
        """
        *schema, name = split_name(table)[-2:]
        known = self.query(
            "SELECT table_catalog AS c, table_schema AS s, table_name AS t"
            " FROM information_schema.tables ORDER BY table_catalog <> $1, c, s <> 'main', s, t",
            [_FILE],
        ).to_pylist()
        files = [row for row in known if row["c"] == _FILE] or known
        for row in files:
            in_schema = not schema or row["s"].casefold() == schema[0].casefold()
            if in_schema and row["t"].casefold() == name.casefold():
                return ".".join(quote_identifier(row[part]) for part in "cst")
        raise no_table(table, (row["t"] for row in files))

    def _attach(self, database: Path) -> None:
        if not database.is_file():
            raise ConfigError(f"there is no database file {database}")
        try:
            self._connection.execute(
                f"ATTACH {quote_literal(str(database))} AS {_FILE} (TYPE duckdb, READ_ONLY)"
            )
        except duckdb.Error:
            raise ConfigError(
                f"{database} cannot be opened as a DuckDB database; "
                "it may be another kind of file, or open for writing elsewhere"
            ) from None

    def may_replace(self, table: str, sql: str, parameters: Sequence[object] = ()) -> bool:
        """Say whether `write_table` would replace rows; see `Engine.may_replace`."""
        if self._database is None:
            raise ConfigError("there is no database to write a table into")
        parts_to_write(table)
        try:
            target = self.qualified(table)
        except NoTableError:
            return False
        plain = self.query("SELECT schema_name AS s, table_name AS t FROM duckdb_tables()")
        names = {f"{_FILE}.{row['s']}.{row['t']}" for row in plain.to_pylist()}
        if ".".join(split_name(target)) not in names:
            raise not_plain(table)
        found = self._types(f"SELECT * FROM {target}")
        refuse_other_columns(table, found, self._types(sql, parameters))
        return True

    def write_table(self, table: str, sql: str, parameters: Sequence[object] = ()) -> int:
        """Replace the rows of a table of the file; see `Engine.write_table`.

        Notes
        -----
        The file is open for writing only as long as this takes.
        """
        is_there = self.may_replace(table, sql, parameters)
        *schema, name = split_name(table)
        made = map(quote_identifier, (_FILE, *(schema or ["main"]), name))
        target = self.qualified(table) if is_there else ".".join(made)
        named = ", ".join(map(quote_identifier, self._types(sql, parameters)))
        self._reattach(read_only=False)
        try:
            with _in_one_line(), _transaction(self._connection):
                if not is_there:
                    self._connection.execute(
                        f"CREATE TABLE {target} AS SELECT * FROM ({sql}) LIMIT 0", list(parameters)
                    )
                self._connection.execute(f"DELETE FROM {target}")
                n = self._connection.execute(
                    f"INSERT INTO {target} ({named}) SELECT {named} FROM ({sql})", list(parameters)
                ).fetchall()[0][0]
        except duckdb.CatalogException:
            raise no_schema(table) from None
        except (duckdb.ConstraintException, duckdb.BinderException):
            raise CalibrateError(f"the table {table} does not take the rows") from None
        finally:
            self._reattach(read_only=True)
        return int(n)

    def _types(self, sql: str, parameters: Sequence[object] = ()) -> dict[str, str]:
        """Return the columns of an answer, and their types."""
        rows = self.query(f"DESCRIBE {sql}", parameters).to_pylist()
        return {row["column_name"]: row["column_type"] for row in rows}

    def _reattach(self, *, read_only: bool) -> None:
        """Open the database file again, to write into it or to read only."""
        file = quote_literal(str(self._database))
        how = "(TYPE duckdb, READ_ONLY)" if read_only else "(TYPE duckdb)"
        self._connection.execute(f"DETACH {_FILE}")
        try:
            self._connection.execute(f"ATTACH {file} AS {_FILE} {how}")
        except duckdb.Error:
            if not read_only:
                self._connection.execute(f"ATTACH {file} AS {_FILE} (TYPE duckdb, READ_ONLY)")
            raise CalibrateError(
                "the database file cannot be written: it is open elsewhere, or its folder takes no "
                "files"
            ) from None

    def close(self) -> None:
        """Give memory and disk back; the engine cannot be used afterwards."""
        self._closing()


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _closed(connection: duckdb.DuckDBPyConnection, folders: list[str]) -> None:
    connection.close()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _type_name(kind: str) -> str:
    kind = kind.partition("(")[0]
    if kind in _FINER:
        return "TIMESTAMP"
    return _NAMES.get(kind, kind)
