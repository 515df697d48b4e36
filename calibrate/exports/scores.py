"""Scores to a file or a table, written by the engine: no lead comes into this process's tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from calibrate.changes import TierChanges, changes_between, tier_changes
from calibrate.display import FORMULA_STARTS
from calibrate.engines import DuckDBEngine, Engine, quote_identifier, quote_literal
from calibrate.errors import ConfigError
from calibrate.pipeline import Scoring

__all__ = ["write_scoring", "write_scoring_table"]

_OPTIONS = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false",
    ".csv": "FORMAT csv, HEADER true, USE_TMP_FILE false",
}


def write_scoring(
    scoring: Scoring, path: str | Path, *, compared_with: str | Path | None = None
) -> tuple[int, TierChanges | None]:
    """Let the engine score leads and write them to a file, whole or not at all.

    Parameters
    ----------
    scoring : Scoring
        From `scoring_of`.
    path : path
        A ``.csv`` or ``.parquet`` file.
    compared_with : path, optional
        Earlier scores; this may be the very file that is replaced.

    Returns
    -------
    int
        How many leads were scored.
    TierChanges or None
        Which changed tier.

    Raises
    ------
    ConfigError
        If the ending is neither ``.csv`` nor ``.parquet``.

    Notes
    -----
    DuckDB writes its own answer as it comes. From a database only the scores come, one row a
    lead. The content is that of `write_scores`.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in _OPTIONS:
        raise ConfigError(f'scores are written as .csv or .parquet, not "{path.name}"')
    partial = path.with_name(f".{path.stem}.{os.getpid()}{ending}")
    try:
        _touch(partial, path)
        if scoring.engine.dialect == "duckdb":
            n = _copy(scoring.engine, scoring.sql, scoring.parameters, partial)
        else:
            n = _copy_of_database(scoring, partial)
        moved = None if compared_with is None else tier_changes(compared_with, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return n, moved


def write_scoring_table(scoring: Scoring, table: str) -> tuple[int, TierChanges | None]:
    """Let the database write the scores into one of its tables, and say who changed tier.

    Parameters
    ----------
    scoring : Scoring
        From `scoring_of`, without earlier scores.
    table : str
        ``table`` or ``schema.table``; its rows are replaced, or it is made.

    Returns
    -------
    int
        How many leads were scored.
    TierChanges or None
        Which changed tier since the table was last written; None for a new one.

    Raises
    ------
    ConfigError
        If the table holds something else than scores.
    CalibrateError
        If it must not be written.
    """
    engine, sql, values, moved = scoring.engine, scoring.sql, scoring.parameters, None
    if engine.may_replace(table, sql, values):
        told = "SELECT CAST(s.lead_id AS VARCHAR) AS lead_id, s.score, s.tier FROM"
        before, now = f"{told} {engine.qualified(table)} AS s", f"{told} ({sql}) AS s"
        moved = changes_between(engine, before, now, values)
    return engine.write_table(table, sql, values), moved


def _touch(partial: Path, path: Path) -> None:
    """Make sure that the folder takes files; what is wrong is said of the file asked for."""
    try:
        partial.touch()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error


def _copy_of_database(scoring: Scoring, path: Path) -> int:
    engine = DuckDBEngine()
    try:
        engine.register("scores", scoring.engine.query(scoring.sql, scoring.parameters))
        return _copy(engine, "SELECT * FROM scores", (), path)
    finally:
        engine.close()


def _copy(engine: Engine, sql: str, parameters: Sequence[object], path: Path) -> int:
    if path.suffix == ".csv":
        sql = _plain_cells(engine, sql, parameters)
    file = quote_literal(str(path))
    engine.execute(f"COPY ({sql}) TO {file} ({_OPTIONS[path.suffix]})", parameters)
    return _rows_written(engine, path)


def _rows_written(engine: Engine, path: Path) -> int:
    if path.suffix == ".parquet":
        return int(pq.read_metadata(path).num_rows)
    file = quote_literal(str(path))
    read = f"read_csv({file}, header = true, all_varchar = true, delim = ',', quote = '\"')"
    return int(engine.query(f"SELECT count(*) AS n FROM {read}").column(0)[0].as_py())


def _plain_cells(engine: Engine, sql: str, parameters: Sequence[object]) -> str:
    """Return the SELECT whose cells are those of `csv_text`: no formula, days without a time."""
    schema = engine.query(f"SELECT * FROM ({sql}) LIMIT 0", parameters).schema
    cells = ", ".join(f"{_plain_cell(field)} AS {quote_identifier(field.name)}" for field in schema)
    return f"SELECT {cells} FROM ({sql})"


def _plain_cell(field: pa.Field) -> str:
    name = quote_identifier(field.name)
    if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
        signs = ", ".join(f"chr({ord(sign)})" for sign in FORMULA_STARTS)
        first = f"left(ltrim({name}, chr(39)), 1)"
        return f"CASE WHEN {first} IN ({signs}) THEN chr(39) || {name} ELSE {name} END"
    if pa.types.is_timestamp(field.type):
        kinds = (("day", ""), ("second", " %H:%M:%S"), ("millisecond", " %H:%M:%S.%g"))
        told = " ".join(
            f"WHEN date_trunc('{unit}', {name}) = {name} THEN strftime({name}, '%Y-%m-%d{rest}')"
            for unit, rest in kinds
        )
        return f"CASE {told} ELSE strftime({name}, '%Y-%m-%d %H:%M:%S.%f') END"
    return name
