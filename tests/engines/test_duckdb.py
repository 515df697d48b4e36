from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.engines import DuckDBEngine, quote_identifier
from calibrate.errors import CalibrateError, DataError


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
