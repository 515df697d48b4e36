"""PostgreSQL: reads the user's tables where they are, keeps temporary ones of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv

from calibrate.engines.arrow import plain_types
from calibrate.engines.base import parts_to_write, quote_identifier, split_name, temporary_only
from calibrate.engines.dialects import transpiled
from calibrate.engines.errors import NoTableError, no_table, not_plain, refuse_other_columns
from calibrate.engines.postgres_session import connected, folding, in_one_line, may_write
from calibrate.errors import ConfigError

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresEngine"]

_ROWS = 20_000  # turned into Arrow at a time
_TO_ARROW = {
    "bool": pa.bool_(),
    "int2": pa.int64(),
    "int4": pa.int64(),
    "int8": pa.int64(),
    "float4": pa.float64(),
    "float8": pa.float64(),
    "numeric": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us"),
    "interval": pa.duration("us"),
}
_NAMES = {
    "boolean": "BOOLEAN",
    "smallint": "BIGINT",
    "integer": "BIGINT",
    "bigint": "BIGINT",
    "real": "DOUBLE",
    "double precision": "DOUBLE",
    "numeric": "DECIMAL",
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "character": "VARCHAR",
    "name": "VARCHAR",
    "citext": "VARCHAR",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}
_TABLES = """
SELECT c.oid, n.nspname, c.relname, array_position(current_schemas(FALSE), n.nspname) AS place,
    has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') AS is_open
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY place, n.nspname COLLATE "C", c.relname COLLATE "C"
"""
_COLUMNS = """
SELECT a.attname, format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, NULL)
FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
ORDER BY a.attnum
"""
_LONGEST = 63  # bytes of a name; more would be cut off
_IS_PLAIN = """
SELECT relkind = 'r' AND NOT (relhassubclass OR relispartition OR relrowsecurity OR relhasrules
    OR relhastriggers)
FROM pg_class WHERE oid = $1
"""
_TYPES = """
SELECT attname, format_type(atttypid, atttypmod)
    || CASE WHEN attgenerated = '' AND attidentity = '' THEN '' ELSE ', generated' END
FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


class PostgresEngine:
    """A PostgreSQL database, used read-only but for temporary tables (and `write_table`).

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host:port/database``, or any other connection string of
        libpq; what it leaves out comes from the environment (``PGPASSWORD``) or ``~/.pgpass``.

    Raises
    ------
    CalibrateError
        If psycopg is not installed or the database cannot be reached; never with the password.

    Notes
    -----
    Needs ``CONNECT`` and ``TEMPORARY`` on the database, ``USAGE`` on the schema and ``SELECT`` on
    the tables. Transactions are read-only, except for those that fill temporary tables and that of
    `write_table`. Rows come back a few thousand at a time. Numbers with decimals come back as
    doubles, times with a zone in UTC.
    """

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self._connection = connected(url)
        with in_one_line():
            self._collation = folding(self._connection)

    @property
    def collation(self) -> str | None:
        """Name of a collation that knows the capitals of all letters; None where there is none."""
        return self._collation

    def register(self, name: str, arrow_table: pa.Table) -> None:
        """Copy an Arrow table into a temporary table.

        Parameters
        ----------
        name : str
            Its name; an earlier one is replaced.
        arrow_table : pyarrow.Table
            The rows.
        """
        table = plain_types(arrow_table)
        quoted = quote_identifier(name)
        columns = ", ".join(
            f"{quote_identifier(field.name)} {_type_of(field.type)}" for field in table.schema
        )
        with self._writing() as cursor:
            self._drop(cursor, name)
            cursor.execute(f"CREATE TEMPORARY TABLE {quoted} ({columns})")
            with cursor.copy(f"COPY pg_temp.{quoted} FROM STDIN (FORMAT csv)") as copy:
                for batch in table.to_batches(max_chunksize=_ROWS):
                    copy.write(_csv(batch))
            cursor.execute(f"ANALYZE pg_temp.{quoted}")

    def unregister(self, name: str) -> None:
        """Drop a temporary table.

        Parameters
        ----------
        name : str
            Name it was registered under.
        """
        with self._writing() as cursor:
            self._drop(cursor, name)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that answers nothing, such as one that makes a temporary view.

        Parameters
        ----------
        sql : str
            One statement in the SQL of DuckDB, with ``?`` or ``$1`` where values go.
        parameters : sequence
            The values.
        """
        temporary_only(sql)
        with self._writing() as cursor:
            cursor.execute(self._said(sql), list(parameters))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a statement and hand back its rows.

        Parameters
        ----------
        sql : str
            One SELECT in the SQL of DuckDB, with ``?`` or ``$1`` where values go.
        parameters : sequence
            The values.

        Returns
        -------
        pyarrow.Table
            Of int64, double, bool, string, date32 and timestamp[us].
        """
        with in_one_line(), self._connection.cursor() as cursor:
            return _arrow(cursor, self._said(sql), list(parameters))

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table that may be read, and their types as DuckDB calls them.

        Parameters
        ----------
        table : str
            ``table``, if it is in the search path, or ``schema.table``.

        Returns
        -------
        dict of str to str

        Raises
        ------
        ConfigError
            If there is no such table, or it must not be read.
        """
        oid, _ = self._found(table)
        with in_one_line():
            rows = self._connection.execute(_COLUMNS, [oid]).fetchall()
        return {name: _NAMES.get(kind, kind.upper()) for name, kind in rows}

    def qualified(self, table: str) -> str:
        """Return the full name of a table of the database, quoted.

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
            If there is no such table, or it must not be read.
        """
        return self._found(table)[1]

    def may_replace(self, table: str, sql: str, parameters: Sequence[object] = ()) -> bool:
        """Say whether `write_table` would replace rows; see `Engine.may_replace`."""
        parts = parts_to_write(table)
        if parts[0].startswith("pg_") or max(len(part.encode()) for part in parts) > _LONGEST:
            raise ConfigError(f"PostgreSQL takes no table of the name {table}; name another")
        try:
            oid, _ = self._found(table)
        except NoTableError:
            return False
        with in_one_line(), self._connection.cursor() as cursor:
            if cursor.execute(_IS_PLAIN, [oid]).fetchone() != (True,):
                raise not_plain(table)
            found = dict(cursor.execute(_TYPES, [oid]).fetchall())
            cursor.execute(f"SELECT * FROM ({self._said(sql)}) AS answer LIMIT 0", list(parameters))
            codes = {column.name: column.type_code for column in cursor.description or ()}
            wanted = {
                name: cursor.execute("SELECT format_type($1, NULL)", [code]).fetchall()[0][0]
                for name, code in codes.items()
            }
        refuse_other_columns(table, found, wanted)
        return True

    def write_table(self, table: str, sql: str, parameters: Sequence[object] = ()) -> int:
        """Replace the rows of a table, in one transaction; see `Engine.write_table`.

        Notes
        -----
        Needs ``CREATE`` on the schema, or ``INSERT``, ``DELETE`` and ``SELECT`` on the table. Rows
        are deleted and inserted, so that rights and views stay, and whoever reads sees the old
        ones until the new ones are there; who writes meanwhile has to wait.
        """
        is_there, answer = self.may_replace(table, sql, parameters), self._said(sql)
        with self._writing() as cursor, may_write(table):
            if not is_there:
                target = ".".join(map(quote_identifier, split_name(table)))
                cursor.execute(f"CREATE TABLE {target} AS {answer}", list(parameters))
                return cursor.rowcount
            oid, target = self._found(table)
            names = [name for name, _ in cursor.execute(_TYPES, [oid]).fetchall()]
            named = ", ".join(map(quote_identifier, names))
            cursor.execute(f"LOCK TABLE ONLY {target} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(f"DELETE FROM ONLY {target}")
            cursor.execute(
                f"INSERT INTO {target} ({named}) SELECT {named} FROM ({answer}) AS answer",
                list(parameters),
            )
            return cursor.rowcount

    def close(self) -> None:
        """Close the connection; the temporary tables are gone with it."""
        self._connection.close()

    def _said(self, sql: str) -> str:
        return transpiled(sql, self.dialect, collation=self._collation)

    @contextmanager
    def _writing(self) -> Iterator[psycopg.Cursor[Any]]:
        """Give a cursor that may write; all or nothing."""
        with in_one_line(), self._connection.cursor() as cursor:
            cursor.execute("BEGIN READ WRITE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if not self._connection.closed:
                    self._connection.rollback()
                raise

    def _drop(self, cursor: psycopg.Cursor[Any], name: str) -> None:
        kinds = cursor.execute(
            "SELECT relkind FROM pg_class"
            " WHERE relname = $1 AND relnamespace = pg_my_temp_schema()",
            [name],
        ).fetchall()
        for (kind,) in kinds:
            thing = "VIEW" if kind in {"v", b"v"} else "TABLE"
            cursor.execute(f"DROP {thing} pg_temp.{quote_identifier(name)}")

    def _found(self, table: str) -> tuple[int, str]:
        *schema, name = split_name(table)[-2:]
        with in_one_line():
            known = self._connection.execute(_TABLES).fetchall()
        wanted = [
            row
            for row in known
            if row[2].casefold() == name.casefold()
            and (row[1].casefold() == schema[0].casefold() if schema else row[3] is not None)
        ]
        wanted.sort(key=lambda row: (row[2] != name, schema != [row[1]]))
        if not wanted:
            names = (f"{row[1]}.{row[2]}" if row[3] is None else row[2] for row in known)
            raise no_table(table, names)
        oid, found_schema, found_name, _, is_open = wanted[0]
        if not is_open:
            raise ConfigError(
                f"the user of the database may not read the table {found_schema}.{found_name}; "
                "it needs USAGE on the schema and SELECT on the table"
            )
        return oid, f"{quote_identifier(found_schema)}.{quote_identifier(found_name)}"


def _type_of(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_integer(kind):
        return "NUMERIC" if kind == pa.uint64() else "BIGINT"
    if pa.types.is_floating(kind):
        return "DOUBLE PRECISION"
    if pa.types.is_decimal(kind):
        return "NUMERIC"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP"
    return "DATE" if pa.types.is_date(kind) else "TEXT"


def _csv(batch: pa.RecordBatch) -> bytes:
    # Texts stand in quotes, so that an empty one is told from none.
    sink = io.BytesIO()
    pyarrow.csv.write_csv(batch, sink, pyarrow.csv.WriteOptions(include_header=False))
    return sink.getvalue()


def _arrow(cursor: psycopg.Cursor[Any], statement: str, parameters: Sequence[object]) -> pa.Table:
    """Run a statement; its rows arrive, and become Arrow, a few thousand at a time."""
    from psycopg import capabilities  # noqa: PLC0415  - an extra

    size = _ROWS if capabilities.has_stream_chunked() else 1  # one by one in old libraries
    parts: list[pa.Table] = []
    rows: list[tuple[object, ...]] = []
    for row in cursor.stream(statement, parameters, size=size):
        rows.append(row)
        if len(rows) == _ROWS:
            parts.append(_part(cursor, rows))
            rows = []
    if not parts and not rows:  # then the types are not told with them
        cursor.execute(f"SELECT * FROM ({statement}) AS answer LIMIT 0", parameters)
    parts.append(_part(cursor, rows))
    return pa.concat_tables(parts)


def _part(cursor: psycopg.Cursor[Any], rows: Sequence[tuple[object, ...]]) -> pa.Table:
    described = cursor.description or ()
    values = zip(*rows, strict=True) if rows else ((),) * len(described)
    columns = []
    for column, cells in zip(described, values, strict=True):
        kind = _TO_ARROW.get(column.type_display.split("(")[0], pa.string())
        columns.append(pa.array(cells, kind))
    return pa.table(columns, names=[column.name for column in described])
