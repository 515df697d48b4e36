from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from calibrate.engines import DuckDBEngine, SparkEngine
from calibrate.engines.spark import _no_start, _value
from calibrate.errors import CalibrateError, ConfigError, DataError

pytestmark = pytest.mark.xdist_group("engines")


@pytest.fixture(scope="module")
def engine(spark_session: Any) -> Iterator[SparkEngine]:
    made = SparkEngine(spark_session)
    yield made
    made.close()


def test_a_table_comes_back_as_it_went(engine: SparkEngine) -> None:
    odd = pa.table(
        {
            "select": pa.array([1, 2, None], pa.int32()),
            'a "q`" è': ["", None, 'x,"\n\\.'],
            "at": pa.array([dt.datetime(1, 1, 1), None, dt.datetime(9999, 12, 31)]),
            # a moment that New York's clocks do not show
            "seen": pa.array(
                [dt.datetime(2024, 3, 10, 2, 30, 0, 7)] * 3, pa.timestamp("ns", "UTC")
            ),
            "day": pa.array([dt.date(2024, 2, 29), None, None]),
            "yes": [True, None, False],
            "none": pa.nulls(3),
            "level": pa.array(["hot", None, "hot"]).dictionary_encode(),
            "amount": pa.array([Decimal("0.10"), None, Decimal("12345678901234.56")]),
        }
    )
    engine.register("odd", odd.slice(0, 1))
    engine.register("odd", odd)
    found = engine.query('SELECT * FROM odd ORDER BY "select"')
    assert [str(kind) for kind in found.schema.types] == [
        "int64",
        "string",
        "timestamp[us]",
        "timestamp[us]",
        "date32[day]",
        "bool",
        "string",
        "string",
        "double",
    ]
    assert found.to_pydict() == odd.to_pydict() | {
        "seen": [dt.datetime(2024, 3, 10, 2, 30, 0, 7)] * 3,
        "amount": [0.1, None, 12345678901234.56],
    }


def test_values_are_bound_whatever_the_zone_of_the_machine(engine: SparkEngine) -> None:
    moment, span = dt.datetime(2024, 3, 10, 2, 30, 0, 7), dt.timedelta(days=9, microseconds=3)
    found = engine.query(
        "SELECT CAST($1 AS TIMESTAMP) AS at, CAST($3 AS VARCHAR) AS quoted, $4 + 1 AS n,"
        " CAST($1 AS TIMESTAMP) - CAST($2 AS INTERVAL) AS before",
        [moment, span, 'it\'s \\ "odd"; --', 41],
    )
    assert found.to_pylist() == [
        {"at": moment, "before": moment - span, "quoted": 'it\'s \\ "odd"; --', "n": 42}
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dt.timedelta(days=400), "400 00:00:00.000000"),
        (dt.timedelta(hours=25, seconds=61, microseconds=5), "1 01:01:01.000005"),
        (dt.timedelta(microseconds=-1), "-0 00:00:00.000001"),
        (dt.datetime(2024, 1, 2), "2024-01-02 00:00:00.000000"),
        (3.5, 3.5),
        (None, None),
    ],
)
def test_moments_and_spans_are_bound_as_texts(value: object, expected: object) -> None:
    assert _value(value) == expected


def test_the_session_given_stays_as_it_is(spark_session: Any) -> None:
    spark_session.sql(
        "SELECT 'mine' AS a, TIMESTAMP '2024-07-01 12:00:00' AS at, 1.50BD AS x, 2S AS n"
    ).createOrReplaceTempView("leads")
    before = dict(spark_session.conf.getAll)
    engine = SparkEngine(spark_session)
    own = engine.qualified("leads")
    assert engine.columns("leads") == {
        "a": "VARCHAR",
        "at": "TIMESTAMP WITH TIME ZONE",
        "x": "DECIMAL",
        "n": "BIGINT",
    }
    engine.register("leads", pa.table({"a": ["ours"]}))
    engine.execute(f"CREATE OR REPLACE TEMP VIEW activities AS SELECT * FROM {own}")
    assert engine.query("SELECT a FROM leads").to_pylist() == [{"a": "ours"}]
    # noon in New York is four o'clock in UTC
    assert engine.query("SELECT a, CAST(at AS TIMESTAMP) AS at FROM activities").to_pylist() == [
        {"a": "mine", "at": dt.datetime(2024, 7, 1, 16)}
    ]
    assert spark_session.table("leads").collect()[0].a == "mine"
    engine.unregister("leads")
    with pytest.raises(ConfigError, match=r'no table lead \(did you mean "leads"\?\)'):
        engine.columns("lead")
    with pytest.raises(ValueError, match="only temporary"):
        engine.execute("DROP VIEW leads")
    engine.close()
    assert dict(spark_session.conf.getAll) == before
    assert [view.name for view in spark_session.catalog.listTables()] == ["leads"]
    # which lists global views too
    assert spark_session.catalog.listTables("global_temp") == spark_session.catalog.listTables()
    spark_session.catalog.dropTempView("leads")


def test_what_the_data_causes_is_one_line_that_quotes_no_cell(engine: SparkEngine) -> None:
    engine.register("t", pa.table({"a": ["ada@example.com"]}))
    with pytest.raises(DataError, match="too large or too small to compute with") as refused:
        engine.query("SELECT CAST(a AS BIGINT) AS b FROM t")
    assert "ada" not in str(refused.value)


def test_decimals_of_doubles_are_those_of_duckdb(engine: SparkEngine) -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [
            rng.normal(size=300) * 10.0 ** rng.integers(-8, 20, 300),
            (rng.integers(0, 10**7, 300) + 0.5) / 10**6,  # halves of the last digit
            [0.0, 1e18, 9.99e17, 2.0**53, 4.5e15, 1e-300, 1e305, np.nan, np.inf, -np.inf],
        ]
    )
    table = pa.table({"i": np.arange(len(values)), "v": values})
    answers = []
    for each in (engine, DuckDBEngine()):
        each.register("numbers", table)
        sql = "SELECT CAST(TRY_CAST(v AS DECIMAL(24, 6)) AS VARCHAR) AS d FROM numbers ORDER BY i"
        answers.append(each.query(sql)["d"].to_pylist())
    assert answers[0] == answers[1]


def test_without_pyspark_or_java_one_line_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(CalibrateError, match=r'pip install "calibrate\[spark\]"'):
        SparkEngine()
    assert "needs Java 17" in _no_start("local[*]", "[JAVA_GATEWAY_EXITED] Java gateway exited")
    assert _no_start("spark://far:7077", "x") == (
        "Spark cannot start at spark://far:7077; its log says why"
    )


def test_a_table_of_scores_is_made_and_written_again(engine: SparkEngine) -> None:
    two = "SELECT * FROM (VALUES ('a', 5), ('è', 7)) AS s(lead_id, score) WHERE score >= ?"
    try:
        assert engine.write_table("night_scores", two, [0]) == 2
        assert engine.write_table("night_scores", two, [6]) == 1
        rows = engine.query(f"SELECT * FROM {engine.qualified('night_scores')}").to_pylist()
        assert rows == [{"lead_id": "è", "score": 7}]
        with pytest.raises(ConfigError, match=r'holds something else \(it has no column "tier"'):
            engine.write_table("night_scores", f"SELECT *, 1 AS tier FROM ({two})", [6])
    finally:
        engine._session.sql("DROP TABLE IF EXISTS night_scores")
    with pytest.raises(ConfigError, match=r"has no schema for the table nowhere\.scores"):
        engine.write_table("nowhere.scores", two, [0])
    with pytest.raises(ConfigError, match="letters, digits and _ only"):
        engine.write_table('"night scores"', two, [0])
