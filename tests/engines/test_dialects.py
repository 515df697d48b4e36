from __future__ import annotations

import pytest

from calibrate.engines import DIALECTS, transpiled
from calibrate.engines.base import split_name, temporary_only


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("postgres", "SELECT a FROM t WHERE b = $2 AND c <> '?' AND d < $2 AND e = $1"),
        ("spark", "SELECT a FROM t WHERE b = :p2 AND c <> '?' AND d < :p2 AND e = :p1"),
        ("databricks", "SELECT a FROM t WHERE b = :p2 AND c <> '?' AND d < :p2 AND e = :p1"),
        ("snowflake", "SELECT a FROM t WHERE b = :2 AND c <> '?' AND d < :2 AND e = :1"),
        ("bigquery", "SELECT a FROM t WHERE b = @p2 AND c <> '?' AND d < @p2 AND e = @p1"),
    ],
)
def test_values_go_where_each_driver_looks_for_them(dialect: str, expected: str) -> None:
    sql = "SELECT a FROM t WHERE b = $2 AND c <> '?' AND d < $2 AND e = $1"
    assert transpiled(sql, dialect) == expected


def test_question_marks_are_numbered_as_they_stand() -> None:
    sql = "SELECT count(*) FILTER (WHERE a = ?) FROM t WHERE b = ? AND c = '?' AND d = ?"
    assert transpiled(sql, "postgres") == (
        "SELECT COUNT(*) FILTER(WHERE a = $1) FROM t WHERE b = $2 AND c = '?' AND d = $3"
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_are_quoted_as_each_database_does(dialect: str) -> None:
    quote = '"' if dialect in ("postgres", "snowflake") else "`"
    found = transpiled('SELECT "select", "Città nuova" FROM "my leads"', dialect)
    assert (
        found
        == f"SELECT {quote}select{quote}, {quote}Città nuova{quote} FROM {quote}my leads{quote}"
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("function", ["epoch_us", "strip_accents"])
def test_a_function_nobody_looked_at_is_refused(dialect: str, function: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){function}"):
        transpiled(f"SELECT {function}(a) FROM t", dialect)


def test_what_postgres_cannot_try_is_refused() -> None:
    with pytest.raises(ValueError, match="TRY_CAST"):
        transpiled("SELECT TRY_CAST(a AS TIMESTAMP) FROM t", "postgres")
    with pytest.raises(ValueError, match="regexp_replace without 'g'"):
        transpiled("SELECT regexp_replace(a, 'b', 'c') FROM t", "spark")
    with pytest.raises(ValueError, match="bigquery cannot say this"):
        transpiled("SELECT list_sort(a) FROM t", "bigquery")
    with pytest.raises(ValueError, match="mysql is not known"):
        transpiled("SELECT 1", "mysql")


def test_divisions_are_of_doubles() -> None:
    # Spark and Snowflake read 3600.0 as a decimal, and keep few digits of a quotient.
    sql = "SELECT n / 3600.0 FROM t"
    assert transpiled(sql, "postgres") == "SELECT CAST(n AS DOUBLE PRECISION) / 3600.0 FROM t"
    for dialect in ("spark", "databricks", "snowflake"):
        assert "CAST(3600.0 AS DOUBLE)" in transpiled(sql, dialect)


def test_upper_and_lower_case_by_a_collation_that_knows_all_letters() -> None:
    sql = "SELECT lower(a), b ILIKE $1 ESCAPE '\\', c NOT ILIKE $2 FROM t ORDER BY a COLLATE \"C\""
    assert transpiled(sql, "postgres", collation="C.utf8") == (
        'SELECT LOWER((a) COLLATE "C.utf8"), b COLLATE "C.utf8" ILIKE $1 ESCAPE \'\\\', '
        'c COLLATE "C.utf8" NOT ILIKE $2 FROM t ORDER BY a COLLATE "C"'
    )
    assert transpiled(sql, "spark") == (
        "SELECT LOWER(a), b ILIKE :p1 ESCAPE '\\\\', c NOT ILIKE :p2 FROM t ORDER BY a NULLS LAST"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE leads",
        "CREATE TABLE leads AS SELECT 1 AS a",
        "INSERT INTO leads VALUES (1)",
        "CREATE OR REPLACE VIEW v AS SELECT 1 AS a",
        "UPDATE leads SET a = 1",
    ],
)
def test_only_temporary_things_are_made(sql: str) -> None:
    with pytest.raises(ValueError, match="only temporary"):
        temporary_only(sql)


def test_names_of_tables() -> None:
    assert split_name("leads") == ("leads",)
    assert split_name('main."crm.x"."a ""b"""') == ("main", "crm.x", "a b")
    assert split_name("`my db`.t") == ("my db", "t")
