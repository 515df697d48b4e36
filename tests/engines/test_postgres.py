from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest

from calibrate.engines import DuckDBEngine, PostgresEngine, engine_of
from calibrate.errors import CalibrateError, ConfigError, DataError

pytestmark = pytest.mark.xdist_group("engines")

SET_UP = """
CREATE SCHEMA "My crm";
CREATE DOMAIN "My crm".grade AS text;
CREATE TABLE "My crm"."Leads" ("select" text, "Città" varchar(9), n smallint, x numeric(9, 2),
    at timestamptz, day date, g "My crm".grade, u uuid, gone int);
ALTER TABLE "My crm"."Leads" DROP COLUMN gone;
INSERT INTO "My crm"."Leads" VALUES
    ('a', 'è', 1, 1.10, '2024-03-31 02:30:00+01', '2024-03-31', 'A', NULL);
INSERT INTO "My crm"."Leads" DEFAULT VALUES;
CREATE TABLE public.leads AS SELECT 'the user''s own' AS a;
CREATE VIEW public.calls AS SELECT 1.5::real AS seconds, true AS answered;
CREATE TABLE public.secret (a int, b int);
CREATE ROLE reader LOGIN;
GRANT SELECT (a) ON public.secret TO reader;
CREATE ROLE stranger LOGIN;
REVOKE TEMPORARY ON DATABASE crm FROM PUBLIC;
GRANT TEMPORARY ON DATABASE crm TO reader;
"""


@pytest.fixture(scope="module")
def crm_url(postgres_url: str) -> Iterator[str]:
    """A database of a company, in another zone than UTC; gone when the file is left."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE crm")
    url = postgres_url.replace("/postgres?", "/crm?")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in SET_UP.split(";\n"):
            connection.execute(statement)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE crm WITH (FORCE)")
        connection.execute("DROP ROLE reader, stranger")


@pytest.fixture(scope="module")
def engine(crm_url: str) -> Iterator[PostgresEngine]:
    made = engine_of(crm_url.replace("postgresql://", "postgres://"))
    assert isinstance(made, PostgresEngine)
    yield made
    made.close()


def as_user(url: str, user: str) -> PostgresEngine:
    return PostgresEngine(url.replace("calibrate@", f"{user}@"))


ODD = pa.table(
    {
        "select": pa.array([1, 2, None], pa.int32()),
        'a "q" è': ["", None, 'x,"\n\\.'],
        "at": pa.array([dt.datetime(1, 1, 1), None, dt.datetime(9999, 12, 31)], pa.timestamp("us")),
        "seen": pa.array([dt.datetime(2024, 3, 31, 1, 30, 0, 7)] * 3, pa.timestamp("ns", "UTC")),
        "x": [0.1, float("nan"), 1e308],
        "day": pa.array([dt.date(2024, 2, 29), None, None]),
        "yes": [True, None, False],
        "none": pa.nulls(3),
        "level": pa.array(["hot", None, "hot"]).dictionary_encode(),
        "amount": pa.array([Decimal("0.10"), None, Decimal("12345678901234.56")]),
    }
)


def test_a_table_comes_back_as_it_went(engine: PostgresEngine) -> None:
    engine.register("odd", ODD.slice(0, 1))
    engine.register("odd", ODD)
    found = engine.query('SELECT * FROM odd ORDER BY "select"')
    assert [str(kind) for kind in found.schema.types] == [
        "int64",
        "string",
        "timestamp[us]",
        "timestamp[us]",
        "double",
        "date32[day]",
        "bool",
        "string",
        "string",
        "double",
    ]
    expected = ODD.to_pydict() | {
        "seen": [dt.datetime(2024, 3, 31, 1, 30, 0, 7)] * 3,
        "amount": [0.1, None, 12345678901234.56],
    }
    assert np.isnan(found["x"][1].as_py())
    expected["x"][1] = found["x"][1].as_py()
    assert repr(found.to_pydict()) == repr(expected)
    engine.unregister("odd")
    with pytest.raises(psycopg.errors.UndefinedTable):
        engine.query("SELECT * FROM odd")


def test_answers_without_rows_have_the_same_types(engine: PostgresEngine) -> None:
    engine.register("odd", ODD.slice(0, 0))
    found = engine.query("SELECT at, x FROM odd")
    assert found.schema.types == [pa.timestamp("us"), pa.float64()]
    assert found.num_rows == 0


def test_many_rows_arrive_in_parts(engine: PostgresEngine) -> None:
    engine.register("many", pa.table({"a": np.arange(50_001)}))
    found = engine.query("SELECT a, a * 0.5 AS half FROM many ORDER BY a")
    assert found["a"].to_pylist() == list(range(50_001))
    assert found["a"].num_chunks == 3  # of 20,000
    assert found["half"][-1].as_py() == 25_000.0


def test_views_and_tables_give_way_to_each_other(engine: PostgresEngine) -> None:
    engine.execute("CREATE OR REPLACE TEMP VIEW activities AS SELECT seconds FROM calls")
    assert engine.query("SELECT * FROM activities").to_pylist() == [{"seconds": 1.5}]
    engine.register("activities", pa.table({"a": [1]}))
    assert engine.query("SELECT * FROM activities").to_pylist() == [{"a": 1}]
    engine.unregister("activities")
    engine.unregister("activities")


def test_nothing_of_the_user_is_touched(engine: PostgresEngine) -> None:
    engine.register("leads", pa.table({"a": ["ours"]}))
    assert engine.query("SELECT a FROM leads").to_pylist() == [{"a": "ours"}]
    own = engine.qualified("leads")
    assert own == '"public"."leads"'
    assert engine.query(f"SELECT a FROM {own}").to_pylist() == [{"a": "the user's own"}]
    engine.unregister("leads")
    engine.unregister("leads")
    assert engine.query("SELECT a FROM leads").to_pylist() == [{"a": "the user's own"}]
    with pytest.raises(ValueError, match="only temporary"):
        engine.execute("DROP TABLE leads")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        engine._connection.execute("DELETE FROM leads")


def test_columns_as_duckdb_calls_them(engine: PostgresEngine) -> None:
    assert engine.columns('"My crm".leads') == {
        "select": "VARCHAR",
        "Città": "VARCHAR",
        "n": "BIGINT",
        "x": "DECIMAL",
        "at": "TIMESTAMP WITH TIME ZONE",
        "day": "DATE",
        "g": "VARCHAR",
        "u": "UUID",
    }
    assert engine.columns("calls") == {"seconds": "DOUBLE", "answered": "BOOLEAN"}
    own = engine.qualified("my crm.Leads")
    assert own == '"My crm"."Leads"'
    found = engine.query(
        f'SELECT CAST(at AS TIMESTAMP) AS at, x FROM {own} WHERE "select" = ?', "a"
    )
    # half past two in a zone an hour ahead
    assert found.to_pylist() == [{"at": dt.datetime(2024, 3, 31, 1, 30), "x": 1.1}]


def test_a_table_that_is_not_there(engine: PostgresEngine) -> None:
    with pytest.raises(ConfigError, match=r'no table call \(did you mean "calls"\?\)'):
        engine.columns("call")
    with pytest.raises(ConfigError, match=r'no table crm\.Leads \(did you mean "My crm\.Leads"'):
        engine.qualified("crm.Leads")


def test_rights_that_are_missing(crm_url: str) -> None:
    reader = as_user(crm_url, "reader")
    assert reader.columns("secret") == {"a": "BIGINT"}
    with pytest.raises(CalibrateError, match=r"permission denied for table secret.*needs SELECT"):
        reader.query("SELECT b FROM secret")
    with pytest.raises(ConfigError, match=r"may not read the table My crm\.Leads; it needs USAGE"):
        reader.columns('"My crm"."Leads"')
    reader.close()
    stranger = as_user(crm_url, "stranger")
    with pytest.raises(CalibrateError, match="needs TEMPORARY on the database"):
        stranger.register("t", pa.table({"a": [1]}))
    assert stranger.query("SELECT 1 AS a").to_pylist() == [{"a": 1}]  # goes on
    stranger.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://bob:hush@localhost:1/crm", "no PostgreSQL server answers there"),
        ("postgresql://bob:hush@[crm", "write postgresql://user@host:5432/database"),
    ],
)
def test_no_connection_and_no_password_shown(url: str, words: str) -> None:
    with pytest.raises(CalibrateError, match=words) as refused:
        PostgresEngine(url)
    assert "hush" not in str(refused.value)
    assert "bob" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_no_such_database_or_user(postgres_url: str) -> None:
    with pytest.raises(CalibrateError, match='it has no database "nowhere"'):
        PostgresEngine(postgres_url.replace("/postgres?", "/nowhere?"))
    with pytest.raises(CalibrateError, match="refuses this user"):
        as_user(postgres_url, "nobody")


def test_without_the_driver_one_line_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CalibrateError, match=r'pip install "calibrate\[postgres\]"'):
        PostgresEngine("postgresql://localhost/crm")


def test_what_the_data_or_the_server_causes_is_one_line(engine: PostgresEngine) -> None:
    engine.register("odd", pa.table({"a": ["ada@example.com"]}))
    with pytest.raises(DataError, match="too large or too small to compute with") as refused:
        engine.query("SELECT CAST(a AS BIGINT) FROM odd")
    assert "ada" not in str(refused.value)
    with pytest.raises(DataError, match="look for NUL"):
        engine.register("bad", pa.table({"a": ["x\0y"]}))
    engine.register("numbers", pa.table({"a": range(10_000)}))
    engine._connection.execute("SET statement_timeout = 20")
    try:
        with pytest.raises(CalibrateError, match="statement_timeout; raise it"):
            engine.query("SELECT count(*) FROM numbers AS a, numbers AS b WHERE a.a > b.a")
    finally:
        engine._connection.execute("SET statement_timeout = 0")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        engine.query("SELECT b FROM odd")


def test_a_replica_takes_no_temporary_tables(engine: PostgresEngine, monkeypatch: Any) -> None:
    def refuse(*_: object) -> None:
        raise psycopg.errors.ReadOnlySqlTransaction

    monkeypatch.setattr(engine, "_drop", refuse)
    with pytest.raises(CalibrateError, match="read-only replica; use its primary"):
        engine.register("t", pa.table({"a": [1]}))


def test_decimals_of_doubles_are_those_of_duckdb(engine: PostgresEngine) -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [
            rng.normal(size=500) * 10.0 ** rng.integers(-8, 20, 500),
            rng.integers(-(10**9), 10**9, 500) / 10.0 ** rng.integers(0, 8, 500),
            (rng.integers(0, 10**7, 500) + 0.5) / 10**6,  # halves of the last digit
            [0.0, -0.0, 1e18, 9.99e17, 2.0**53, 4.5e15, 1e-300, 1e305, np.nan, np.inf, -np.inf],
        ]
    )
    table = pa.table({"i": np.arange(len(values)), "v": values})
    sql = ", ".join(
        f"CAST(TRY_CAST(v AS DECIMAL({kind})) AS VARCHAR) AS d{i}"
        for i, kind in enumerate(("24, 6", "24, 0", "18, 3"))
    )
    answers = []
    for each in (engine, DuckDBEngine()):
        each.register("numbers", table)
        answers.append(each.query(f"SELECT {sql} FROM numbers ORDER BY i").to_pydict())
    assert answers[0] == answers[1]
    assert answers[1]["d0"].count(None) > 4


TWO = "SELECT * FROM (VALUES ('a', 5), ('è', 7)) AS s(lead_id, score) WHERE score >= ?"


def test_a_table_of_scores_is_made_and_written_again(engine: PostgresEngine, crm_url: str) -> None:
    name = '"My crm"."Night scores"'
    assert engine.write_table(name, TWO, [0]) == 2
    with psycopg.connect(crm_url, autocommit=True) as other:
        other.execute(f"CREATE VIEW public.seen AS SELECT count(*) AS n FROM {name}")
        other.execute(f"GRANT SELECT ON {name} TO reader")
    assert engine.write_table(name, TWO, [6]) == 1
    rows = engine.query(f"SELECT lead_id, score FROM {engine.qualified(name)}").to_pylist()
    assert rows == [{"lead_id": "è", "score": 7}]
    with psycopg.connect(crm_url) as other:  # the view and the rights are as they were
        assert other.execute("SELECT n FROM seen").fetchone() == (1,)
        asked = f"SELECT has_table_privilege('reader', '{name}', 'SELECT')"
        assert other.execute(asked).fetchone() == (True,)
    never = "CAST(score // CAST(score <> score AS INTEGER) AS INTEGER)"
    fails = f"SELECT lead_id, {never} AS score FROM ({TWO}) AS t"
    with pytest.raises(DataError, match="too large"):
        engine.write_table(name, fails, [0])
    assert engine.query(f"SELECT score FROM {engine.qualified(name)}").to_pylist() == [{"score": 7}]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):  # reads only again
        engine._connection.execute(f"DELETE FROM {name}")


KEYED = "w.x (lead_id text PRIMARY KEY, score int)"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("VIEW w.x AS SELECT 'a' AS lead_id, 1 AS score", "is no plain table"),
        ("MATERIALIZED VIEW w.x AS SELECT 'a' AS lead_id, 1 AS score", "is no plain table"),
        ("TABLE w.x (lead_id text, score int, note text)", 'it has a column "note"'),
        ("TABLE w.x (lead_id text)", 'it has no column "score"'),
        ("TABLE w.x (lead_id text, score smallint)", '"score" is smallint, not integer'),
        (
            "TABLE w.x (lead_id varchar(3), score int)",
            r'"lead_id" is character varying\(3\), not',
        ),
        (
            "TABLE w.x (lead_id text, score int); CREATE TABLE w.y () INHERITS (w.x)",
            "is no plain table",
        ),
        (f"TABLE {KEYED}; CREATE TABLE w.y (lead_id text REFERENCES w.x)", "is no plain table"),
        (
            "TABLE w.x (lead_id text, score int); ALTER TABLE w.x ENABLE ROW LEVEL SECURITY",
            "is no plain table",
        ),
        ("SEQUENCE w.x", "does not take the rows"),
        ("TABLE w.x (lead_id text, score int CHECK (score < 6))", "does not take the rows"),
    ],
)
def test_only_a_plain_table_of_scores_is_replaced(
    engine: PostgresEngine, crm_url: str, made: str, words: str
) -> None:
    with psycopg.connect(crm_url, autocommit=True) as other:
        other.execute("DROP SCHEMA IF EXISTS w CASCADE; CREATE SCHEMA w")
        other.execute(f"CREATE {made}")
    with pytest.raises(CalibrateError, match=words):
        engine.write_table("w.x", TWO, [0])


@pytest.mark.parametrize("name", ["other.w.x", "w.", "", "pg_temp.x", f"w.{'n' * 64}"])
def test_names_that_are_not_those_of_tables(engine: PostgresEngine, name: str) -> None:
    with pytest.raises(ConfigError, match=r"of the name|cannot be the name"):
        engine.write_table(name, TWO, [0])


def test_two_who_write_at_once_wait_for_each_other(engine: PostgresEngine, crm_url: str) -> None:
    with psycopg.connect(crm_url, autocommit=True) as other:
        other.execute("DROP SCHEMA IF EXISTS w CASCADE; CREATE SCHEMA w")
    assert engine.write_table("w.x", TWO, [0]) == 2
    second = PostgresEngine(crm_url)
    with psycopg.connect(crm_url) as reader, ThreadPoolExecutor(2) as pool:
        reader.execute("SELECT * FROM w.x FOR UPDATE").fetchall()
        writing = [pool.submit(one.write_table, "w.x", TWO, [0]) for one in (engine, second)]
        time.sleep(0.3)  # both have come as far as they can
        reader.rollback()
        assert [job.result(timeout=30) for job in writing] == [2, 2]
    assert engine.query("SELECT count(*) AS n FROM w.x").to_pylist() == [{"n": 2}]
    second.close()


def test_what_must_not_be_written(engine: PostgresEngine, crm_url: str) -> None:
    with pytest.raises(ConfigError, match=r'holds something else \(it has a column "Citt'):
        engine.write_table('"My crm".Leads', TWO, [0])
    with pytest.raises(CalibrateError, match=r"has no schema for the table nowhere\.scores"):
        engine.write_table("nowhere.scores", TWO, [0])
    reader = as_user(crm_url, "reader")
    with pytest.raises(CalibrateError, match="its user needs CREATE on the schema, or SELECT, INS"):
        reader.write_table("public.scores", TWO, [0])
    assert reader.query("SELECT 1 AS a").to_pylist() == [{"a": 1}]  # goes on
    reader.close()
