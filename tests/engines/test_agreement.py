"""Three engines, one answer: every statement, row by row, and every number made of them."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from calibrate.engines import PostgresEngine, SparkEngine
from calibrate.engines.arrow import stable_types
from tests.engines.recorded import PACKAGE, Recorder, everything, history, moved


@functools.cache
def asked() -> tuple[Recorder, dict[str, pd.DataFrame]]:
    """What was asked of DuckDB, and the tables that came of it."""
    recorder = Recorder(history().engine)
    return recorder, everything(dataclasses.replace(history(), engine=recorder))


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[PostgresEngine]:
    engine = PostgresEngine(postgres_url)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def spark(spark_session: Any) -> Iterator[SparkEngine]:
    engine = SparkEngine(spark_session)
    yield engine
    engine.close()


def rows(found: pa.Table, sql: str) -> list[tuple[str, ...]]:
    """The rows in words that tell every bit of a number; in their order, if the SQL has one."""
    values = zip(*(column.to_pylist() for column in stable_types(found).columns), strict=True)
    spelled = [tuple(map(repr, row)) for row in values]
    ordered = re.search(r"\bORDER BY\b[^()]*(\([^()]*\)[^()]*)*$", sql.rsplit("\nFROM", 1)[-1])
    return spelled if ordered else sorted(spelled)


def ask_again(engine: Any, statements: Iterable[str]) -> list[str]:
    """Ask an engine what DuckDB was asked; the statements that it answers otherwise."""
    moved(history(), engine)
    different = []
    for sql, parameters, tables, expected in map(asked()[0].asked.__getitem__, statements):
        for name, table in tables.items():
            engine.register(name, table)
        found = engine.query(sql, parameters)
        named = [name for name in expected.column_names if "(" not in name]
        same = [name for name in found.column_names if name in named] == named
        if not same or rows(found, sql) != rows(expected, sql):
            different.append(sql)
        for name in tables:
            engine.unregister(name)
    return different


def telling(statements: Iterable[str]) -> list[str]:
    """The longest statements, as long as each holds a word or sign that none before it held."""
    seen: set[str] = set()
    kept = []
    for sql in sorted(statements, key=len, reverse=True):
        words = set(re.findall(r"[A-Za-z_]+ *\(?|[<>=*/+|-]+", sql))
        if words - seen:
            seen |= words
            kept.append(sql)
    return kept


def test_what_is_asked_covers_every_module_that_asks() -> None:
    asks = re.compile(r"engine\.query\b")
    known = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if asks.search(path.read_text(encoding="utf-8"))
    }
    reading = {name for name in known if name.startswith(("history/", "engines/"))}
    known -= {"changes/tiers.py", "exports/scores.py"}  # they ask a DuckDB of their own
    known -= {f"exports/{name}.py" for name in ("looked", "parts", "relations")}  # about tables:
    # test_export_sql_tables asks them of each engine
    known -= {"observation/tally.py"}  # logs too large to keep, and engines compared below
    recorder, tables = asked()
    assert known - reading <= recorder.callers
    assert len(recorder.asked) > 40  # statements, each with its own text
    empty = [kept[0] for kept in recorder.asked.values() if not kept[3].num_rows]
    assert empty == []
    assert [name for name, table in tables.items() if table.empty] == []


@pytest.mark.slow
@pytest.mark.xdist_group("engines")
def test_postgres_gives_the_rows_of_duckdb(postgres: PostgresEngine) -> None:
    assert ask_again(postgres, asked()[0].asked) == []


@pytest.mark.slow
@pytest.mark.xdist_group("engines")
def test_every_number_is_the_same_on_postgres(postgres: PostgresEngine) -> None:
    found, expected = everything(moved(history(), postgres)), asked()[1]
    assert found.keys() == expected.keys()
    for name, table in expected.items():
        pd.testing.assert_frame_equal(found[name], table, check_exact=True, obj=name)


@pytest.mark.slow
@pytest.mark.xdist_group("engines")
def test_spark_gives_the_rows_of_duckdb(spark: SparkEngine) -> None:
    statements = telling(asked()[0].asked)
    assert 20 < len(statements) < 40  # a second each, a minute in all
    assert ask_again(spark, statements) == []
