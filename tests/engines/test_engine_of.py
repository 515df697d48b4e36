from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import calibrate as cal
from calibrate import engines
from calibrate.engines import DuckDBEngine, engine_of
from calibrate.errors import CalibrateError, ConfigError


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "my crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE leads AS SELECT 'mine' AS \"select\", 1::UTINYINT AS n")
        connection.execute('CREATE SCHEMA "Crm"')
        connection.execute(
            'CREATE VIEW "Crm"."Città" AS SELECT TIMESTAMP_NS \'2024-01-02 03:04:05\' AS at,'
            " 1.5::DECIMAL(9, 2) AS x, TIMESTAMPTZ '2024-01-02 00:00:00+00' AS z"
        )
    return path


def test_a_duckdb_file_is_read_where_it_is(database: Path) -> None:
    engine = engine_of(f"duckdb://{database}")
    assert isinstance(engine, DuckDBEngine)
    assert engine.dialect == "duckdb"
    engine.register("leads", pa.table({"a": ["ours"]}))
    assert engine.query("SELECT * FROM leads").to_pylist() == [{"a": "ours"}]
    own = engine.qualified("LEADS")
    assert engine.query(f"SELECT * FROM {own}").to_pylist() == [{"select": "mine", "n": 1}]
    assert engine.columns("leads") == {"select": "VARCHAR", "n": "BIGINT"}
    assert engine.columns("crm.città") == {
        "at": "TIMESTAMP",
        "x": "DECIMAL",
        "z": "TIMESTAMP WITH TIME ZONE",
    }
    with pytest.raises(ConfigError, match=r'no table lead \(did you mean "leads"\?\)'):
        engine.columns("lead")
    with pytest.raises(duckdb.Error):
        engine._connection.execute(f"DELETE FROM {own}")
    engine.close()


def test_tables_of_the_process_have_columns_too() -> None:
    engine = DuckDBEngine()
    engine.register("calls", pa.table({"seconds": pa.array([1.5], pa.float32())}))
    assert engine.columns("calls") == {"seconds": "DOUBLE"}


def test_what_is_no_duckdb_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no database file"):
        engine_of(f"duckdb://{tmp_path}/none.duckdb")
    text = tmp_path / "leads.csv"
    text.write_text("a,b\n" * 5000, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"leads\.csv cannot be opened as a DuckDB database"):
        engine_of(f"duckdb://{text}")


@pytest.mark.parametrize("url", ["mysql://bob:hush@host/crm", "leads.csv", "", "bob:hush@host"])
def test_other_urls_name_the_known_ones_and_no_password(url: str) -> None:
    with pytest.raises(ConfigError, match="postgresql://, spark://, duckdb:///") as refused:
        engine_of(url)
    assert "hush" not in str(refused.value)


def test_urls_of_spark(monkeypatch: Any) -> None:
    started = []
    monkeypatch.setattr(
        "calibrate.engines.spark._started", lambda url: started.append(url) or Fake()
    )
    engine_of("spark://local")
    engine_of("SPARK://far:7077")
    assert started == ["local[*]", "spark://far:7077"]


class Fake:
    """A session that only takes settings."""

    def newSession(self) -> Fake:  # noqa: N802  - Spark's name
        return self

    @property
    def conf(self) -> Fake:
        return self

    def set(self, key: str, value: str) -> None:
        assert key.startswith("spark.sql.")
        assert value


@pytest.mark.slow
def test_engines_of_databases_are_loaded_when_asked_for() -> None:
    code = (
        "import sys, calibrate.engines, calibrate as cal\n"
        "assert cal.DuckDBEngine\n"
        "heavy = ['psycopg', 'pyspark', 'sqlglot']\n"
        "sys.exit(str([name for name in heavy if name in sys.modules]) if "
        "any(name in sys.modules for name in heavy) else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no attribute 'MySQLEngine'"):
        _ = engines.MySQLEngine  # type: ignore[attr-defined]
    assert cal.SparkEngine.dialect == "spark"
    with pytest.raises(CalibrateError):
        cal.PostgresEngine("postgresql://localhost:1/crm")
