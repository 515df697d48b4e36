"""The same rows in a DuckDB file, in PostgreSQL and in Spark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from calibrate.engines import DuckDBEngine, Engine, PostgresEngine, SparkEngine, quote_identifier

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCHEMA = "My crm"
Tables = Mapping[str, pa.Table]


def name_in(dialect: str, table: str) -> str:
    """The name of a table as settings say it; temporary views of Spark have no schema."""
    quoted = quote_identifier(table)
    return quoted if dialect == "spark" else f"{quote_identifier(SCHEMA)}.{quoted}"


def in_duckdb(path: Path, tables: Tables) -> Engine:
    connection = duckdb.connect(str(path))
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(SCHEMA)}")
    for name, rows in tables.items():
        connection.register("rows_of_it", rows)
        connection.execute(f"CREATE TABLE {name_in('duckdb', name)} AS FROM rows_of_it")
    connection.close()
    return DuckDBEngine(path)


def in_postgres(url: str, tables: Tables) -> Engine:
    """Tables that are there already stay: a view of another session may rest on them."""
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(SCHEMA)}")
        for name, rows in tables.items():
            table = name_in("postgres", name)
            columns = ", ".join(
                f"{quote_identifier(field.name)} {_postgres_type(field.type)}"
                for field in rows.schema
            )
            found = cursor.execute("SELECT to_regclass(%s)", [table]).fetchone()
            if found != (None,):
                continue
            cursor.execute(f"CREATE TABLE {table} ({columns})")
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                    copy.write_row(row)
    return PostgresEngine(url)


def in_spark(session: SparkSession, tables: Tables) -> Engine:
    session.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")  # times without a zone have none
    for name, rows in tables.items():
        session.createDataFrame(rows).createOrReplaceTempView(f"`{name}`")
    session.conf.unset("spark.sql.timestampType")
    return SparkEngine(session)


def _postgres_type(kind: Any) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else "timestamptz"
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    return _POSTGRES_TYPES[str(kind)]


_POSTGRES_TYPES = {
    "int64": "bigint",
    "int32": "integer",
    "double": "double precision",
    "bool": "boolean",
    "date32[day]": "date",
    "string": "text",
}
