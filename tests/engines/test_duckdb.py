from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.engines import DuckDBEngine, quote_identifier
from calibrate.errors import CalibrateError, ConfigError, DataError


def test_values_are_bound_and_rows_come_back_as_arrow() -> None:
    engine = DuckDBEngine(threads=1)
    engine.register("t", pa.table({"a": [1, 2, 3]}))
    engine.execute("CREATE TABLE u AS SELECT a FROM t WHERE a >= ? ORDER BY a", [2])
    assert engine.query("SELECT a FROM u ORDER BY a").column("a").to_pylist() == [2, 3]
    engine.unregister("t")
    with pytest.raises(duckdb.Error):
        engine.query("SELECT a FROM t")
    engine.close()


def test_engines_share_nothing() -> None:
    one, two = DuckDBEngine(), DuckDBEngine()
    one.execute("CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(duckdb.Error):
        two.query("SELECT a FROM t")


def test_python_variables_are_no_tables() -> None:
    leads = pa.table({"a": [1]})
    assert leads.num_rows == 1
    with pytest.raises(duckdb.Error):
        DuckDBEngine().query("SELECT a FROM leads")


def test_nothing_is_installed_and_the_zone_is_utc() -> None:
    rows = DuckDBEngine(memory_limit="500MB", temp_directory="spill").query(
        "SELECT current_setting('autoinstall_known_extensions') AS install,"
        " current_setting('TimeZone') AS zone"
    )
    assert rows.to_pylist() == [{"install": False, "zone": "UTC"}]


def test_what_the_data_causes_is_one_line_that_quotes_no_cell() -> None:
    engine = DuckDBEngine()
    engine.register("t", pa.table({"a": ["ada@example.com"]}))
    for ask in (engine.query, engine.execute):
        with pytest.raises(DataError, match="too large or too small to compute with") as refused:
            ask("SELECT CAST(a AS BIGINT) AS b FROM t")
        assert "ada" not in str(refused.value)
    with pytest.raises(DataError, match="too large or too small to compute with"):
        engine.query("SELECT TIMESTAMP '290000-01-01' + INTERVAL 9000000 DAY AS moment")


def test_what_is_too_large_for_the_memory_is_one_line() -> None:
    engine = DuckDBEngine(memory_limit="5MB", threads=1, temp_directory="")
    with pytest.raises(CalibrateError, match="not enough memory"):
        engine.execute("CREATE TABLE t AS SELECT range AS a, md5(range::TEXT) FROM range(3000000)")


def test_a_wrong_memory_limit_is_one_line() -> None:
    with pytest.raises(CalibrateError, match="engine cannot start"):
        DuckDBEngine(memory_limit="lots")


@pytest.mark.slow
@given(st.text(min_size=1).filter(lambda name: "\x00" not in name and name.isprintable()))
def test_any_name_can_be_an_identifier(name: str) -> None:
    found = duckdb.sql(f"SELECT 1 AS {quote_identifier(name)}").columns
    assert found == [name]


SCORES = "SELECT * FROM (VALUES ('a', 5), ('b', 7)) AS s(lead_id, score) WHERE score >= ?"


def file_with(folder: Path, *statements: str) -> DuckDBEngine:
    path = folder / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return DuckDBEngine(path)


def test_a_table_of_scores_is_made_and_written_again(tmp_path: Path) -> None:
    engine = file_with(tmp_path, "CREATE SCHEMA crm")
    assert engine.write_table("crm.scores", SCORES, [0]) == 2
    assert engine.write_table("crm.scores", SCORES, [6]) == 1
    rows = engine.query(f"SELECT * FROM {engine.qualified('crm.scores')}").to_pylist()
    assert rows == [{"lead_id": "b", "score": 7}]
    with pytest.raises(duckdb.Error, match="read-only"):
        engine.execute(f"DELETE FROM {engine.qualified('crm.scores')}")
    engine.close()
    with pytest.raises(ConfigError, match="no database to write a table into"):
        DuckDBEngine().write_table("scores", SCORES, [0])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("VIEW x AS SELECT 'a' AS lead_id, 1 AS score", "is no plain table"),
        ("TABLE x (lead_id VARCHAR, score BOOLEAN)", 'its column "score" is BOOLEAN, not INTEGER'),
        ("TABLE x (lead_id VARCHAR, score INTEGER CHECK (score < 6))", "does not take the rows"),
    ],
)
def test_only_a_plain_table_of_scores_is_replaced(tmp_path: Path, made: str, words: str) -> None:
    engine = file_with(tmp_path, f"CREATE {made}")
    with pytest.raises(CalibrateError, match=words):
        engine.write_table("x", SCORES, [0])
    engine.close()


def test_a_file_that_is_open_elsewhere_is_not_written(tmp_path: Path) -> None:
    engine, other = file_with(tmp_path), DuckDBEngine(tmp_path / "crm.duckdb")
    with pytest.raises(CalibrateError, match="it is open elsewhere"):
        engine.write_table("scores", SCORES, [0])
    other.close()
    assert engine.write_table("scores", SCORES, [0]) == 2
    engine.close()


def test_what_was_spilled_is_gone_when_the_program_ends(tmp_path: Path) -> None:
    program = """
import pathlib, threading, time
from calibrate.engines import DuckDBEngine
engine = DuckDBEngine(memory_limit="60MB", threads=1)
numbers = "SELECT range AS a, md5(CAST(range AS VARCHAR)) AS b FROM range(3000000)"
engine.execute(f"CREATE TABLE t AS {numbers}")
assert any(pathlib.Path(".tmp").iterdir())
threading.Thread(target=lambda kept: time.sleep(60), args=(engine,), daemon=True).start()
raise SystemExit(3)
"""
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, cwd=tmp_path, check=False, capture_output=True)
    assert done.returncode == 3
    assert not list(tmp_path.rglob("duckdb_temp*"))
