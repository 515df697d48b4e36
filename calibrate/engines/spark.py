"""Spark: a given session or a local one; tables of its catalog stay where they are."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from calibrate.engines.arrow import plain_types, stable_types
from calibrate.engines.base import parts_to_write, quote_identifier, split_name, temporary_only
from calibrate.engines.dialects import transpiled
from calibrate.engines.errors import (
    no_schema,
    no_table,
    not_plain,
    out_of_range,
    refuse_other_columns,
)
from calibrate.errors import CalibrateError, ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["SparkEngine"]

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
}
_LOCAL = {
    "spark.app.name": "calibrate",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.shuffle.partitions": "8",
}
_NAMES = {
    "boolean": "BOOLEAN",
    "tinyint": "BIGINT",
    "smallint": "BIGINT",
    "int": "BIGINT",
    "bigint": "BIGINT",
    "float": "DOUBLE",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "date": "DATE",
    "decimal": "DECIMAL",
    "timestamp_ntz": "TIMESTAMP",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}


class SparkEngine:
    """Spark SQL, through a session of its own beside the one given.

    Parameters
    ----------
    session : pyspark.sql.SparkSession, optional
        Where the tables are; its temporary views are seen too. Its settings and views stay as
        they are. Default a local session, stopped by `close`.
    master : str, default "local[*]"
        Which Spark to start where no session is given, such as ``"spark://host:7077"``.

    Raises
    ------
    CalibrateError
        If pyspark or a Java it can use is not installed.

    Notes
    -----
    Needs pyspark 4 and Java 17 or later. Times with a zone are read in UTC. Nothing is written
    but temporary views, and the table that the user names (`write_table`).
    """

    dialect = "spark"

    def __init__(self, session: SparkSession | None = None, *, master: str = "local[*]") -> None:
        self._is_ours = session is None
        self._given = _started(master) if session is None else session
        self._session = self._given.newSession()
        for key, value in _SETTINGS.items():
            self._session.conf.set(key, value)
        self._shared: dict[str, str] = {}

    def register(self, name: str, arrow_table: pa.Table) -> None:
        """Make an Arrow table readable as a temporary view.

        Parameters
        ----------
        name : str
            Its name; an earlier one is replaced.
        arrow_table : pyarrow.Table
            The rows.
        """
        with _in_one_line():
            frame = self._session.createDataFrame(plain_types(arrow_table))
            frame.createOrReplaceTempView(_ticked(name))

    def unregister(self, name: str) -> None:
        """Drop a temporary view.

        Parameters
        ----------
        name : str
            Name it was registered under.
        """
        self._session.catalog.dropTempView(_ticked(name))

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
        with _in_one_line():
            self._session.sql(transpiled(sql, self.dialect), args=_bound(parameters))

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
        with _in_one_line():
            frame = self._session.sql(transpiled(sql, self.dialect), args=_bound(parameters))
            return stable_types(frame.toArrow())

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table or view, and their types as DuckDB calls them.

        Parameters
        ----------
        table : str
            ``table``, ``schema.table`` or ``catalog.schema.table``.

        Returns
        -------
        dict of str to str

        Raises
        ------
        ConfigError
            If there is no such table.
        """
        name = transpiled(f"SELECT * FROM {self.qualified(table)}", self.dialect)
        with _in_one_line():
            fields = self._session.sql(name).schema.fields
        kinds = {field.name: field.dataType.simpleString().split("(")[0] for field in fields}
        return {name: _NAMES.get(kind, kind.upper()) for name, kind in kinds.items()}

    def qualified(self, table: str) -> str:
        """Return the full name of a table, quoted.

        Parameters
        ----------
        table : str
            As for `columns`.

        Returns
        -------
        str
            For a temporary view of the session given, the name under which it is seen here.

        Raises
        ------
        ConfigError
            If there is no such table.
        """
        parts = split_name(table)
        catalog = self._given.catalog
        with _in_one_line():
            ticked = ".".join(map(_ticked, parts))
            if not catalog.tableExists(ticked):
                raise no_table(table, sorted(found.name for found in catalog.listTables()))
            found = catalog.getTable(ticked)
            if found.isTemporary:
                return self._share(parts)
        schema = [found.catalog or "spark_catalog", *(found.namespace or [])]
        return ".".join(quote_identifier(part) for part in (*schema, found.name))

    def may_replace(self, table: str, sql: str, parameters: Sequence[object] = ()) -> bool:
        """Say whether `write_table` would replace rows; see `Engine.may_replace`."""
        name = ".".join(map(_ticked, parts_to_write(table, most=3)))
        with _in_one_line():
            if not self._session.catalog.tableExists(name):
                return False
            known = self._session.catalog.getTable(name)
            if known.isTemporary or known.tableType == "VIEW":
                raise not_plain(table)
            wanted = self._session.sql(transpiled(sql, self.dialect), args=_bound(parameters))
            refuse_other_columns(table, _types(self._session.table(name)), _types(wanted))
        return True

    def write_table(self, table: str, sql: str, parameters: Sequence[object] = ()) -> int:
        """Replace the rows of a table; see `Engine.write_table`.

        Notes
        -----
        What is all or nothing depends on the table: a Delta or Iceberg table is, Parquet files are
        not.
        """
        is_there = self.may_replace(table, sql, parameters)
        name = ".".join(map(_ticked, split_name(table)))
        with _in_one_line():
            frame = self._session.sql(transpiled(sql, self.dialect), args=_bound(parameters))
            if is_there:
                columns = self._session.table(name).columns
                frame.select(*map(_ticked, columns)).write.insertInto(name, overwrite=True)
            else:
                _made(frame, name, table)
            return int(self._session.table(name).count())

    def close(self) -> None:
        """Let go of what was registered; a session that was not given is stopped."""
        for shared in self._shared.values():
            self._given.catalog.dropGlobalTempView(shared)
        if self._is_ours:
            self._given.stop()
            return
        for view in self._session.catalog.listTables():
            if view.isTemporary:
                self._session.catalog.dropTempView(_ticked(view.name))

    def _share(self, parts: tuple[str, ...]) -> str:
        """Make a temporary view of the session given visible in ours; return its name here."""
        if parts[0] == "global_temp":
            return ".".join(map(quote_identifier, parts))
        view = parts[-1]
        if view not in self._shared:
            self._shared[view] = f"calibrate_{id(self):x}_{len(self._shared)}"
        name = self._shared[view]
        self._given.table(_ticked(view)).createOrReplaceGlobalTempView(name)
        return f"{quote_identifier('global_temp')}.{quote_identifier(name)}"


def _types(frame: DataFrame) -> dict[str, str]:
    return {field.name: field.dataType.simpleString() for field in frame.schema.fields}


def _made(frame: DataFrame, name: str, table: str) -> None:
    from pyspark.errors import AnalysisException  # noqa: PLC0415  - an extra

    try:
        frame.write.saveAsTable(name)
    except AnalysisException as error:
        match error.getCondition():
            case "SCHEMA_NOT_FOUND":
                raise no_schema(table) from None
            case "INVALID_SCHEMA_OR_RELATION_NAME":
                why = "a name has letters, digits and _ only"
                raise ConfigError(f"Spark makes no table {table}: {why}") from None
        raise


def _started(master: str) -> SparkSession:
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415  - an extra
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError:
        raise CalibrateError(
            'Spark needs the package pyspark: pip install "calibrate[spark]"'
        ) from None
    builder = SparkSession.builder.master(master)
    for key, value in (_LOCAL | _SETTINGS).items():
        builder = builder.config(key, value)
    if master.startswith("local"):
        builder = builder.config("spark.driver.host", "localhost")
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise CalibrateError(_no_start(master, str(error))) from None
    except Exception as error:  # what the gateway of Java raises is of many kinds
        raise CalibrateError(_no_start(master, str(error))) from error


def _no_start(master: str, said: str) -> str:
    if "JAVA_GATEWAY" in said or "Unsupported" in said:
        return "Spark cannot start: it needs Java 17 or later; install it and set JAVA_HOME"
    return f"Spark cannot start at {master}; its log says why"


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn what the data or the cluster caused into an expected error.

    A statement that cannot be analysed is a fault of ours and stays what it is. Spark's own
    words may quote a cell, so they are not repeated, and not logged either.
    """
    from pyspark import errors  # noqa: PLC0415  - an extra

    log = logging.getLogger("SQLQueryContextLogger")
    was = log.disabled
    log.disabled = True
    try:
        yield
    except (
        errors.ArithmeticException,
        errors.DateTimeException,
        errors.NumberFormatException,
    ) as error:
        raise out_of_range() from error
    except (errors.AnalysisException, errors.ParseException):
        raise
    except errors.PySparkException as error:
        state = error.getCondition() or type(error).__name__
        raise CalibrateError(f"Spark cannot finish a statement ({state})") from error
    finally:
        log.disabled = was


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _bound(parameters: Sequence[object]) -> dict[str, Any]:
    """Return the values by name; moments and spans as texts, which know no zone of this machine."""
    return {f"p{i}": _value(value) for i, value in enumerate(parameters, start=1)}


def _value(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, dt.timedelta):
        sign = "-" if value < dt.timedelta(0) else ""
        seconds, micros = divmod(abs(value) // dt.timedelta(microseconds=1), 1_000_000)
        minutes, second = divmod(seconds, 60)
        hours, minute = divmod(minutes, 60)
        days, hour = divmod(hours, 24)
        return f"{sign}{days} {hour:02d}:{minute:02d}:{second:02d}.{micros:06d}"
    return value
