"""A card exported as SQL: run on the user's own tables it gives Python's scores; golden texts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
import sqlglot

import calibrate as cal
from calibrate.config import (
    ActivityColumns,
    DatabaseSettings,
    LeadColumns,
    OutcomeColumns,
    Settings,
    load_settings,
)
from calibrate.engines import PostgresEngine, SparkEngine
from calibrate.errors import ConfigError
from calibrate.exports import export_card, export_sql
from tests.golden.card import CARD, DIALECTS, FOLDER, SETTINGS, golden_text
from tests.odd_company import AS_OF, EVERY_RULE, card_of, odd_company

LEADS = LeadColumns(
    source="Deals",
    id="Deal ID",
    created_at="Created Time",
    outcome="order",
    won=["Payment Done"],
    lost=["Won't buy"],
    closed_at="Closing Date",
    contact="Contact Name",
    null_values=["no", "100"],
    exclude={"Città": ["Zürich"]},
)
LOG = ActivityColumns(
    source="Call's",
    lead="WHO",
    activity="Call Status",
    occurred_at="when",
    detail="Page URL",
    value="Seconds",
)
OF_USER = Settings(leads=LEADS, activities=LOG)
WORDS = {"converted": "PAYMENT done ", "lost": "Won't buy", "open": "New"}


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The odd company under the names of some CRM; two deals have one contact."""
    leads, log = odd_company()
    deals = leads.rename(
        columns={
            "lead_id": "Deal ID",
            "created_at": "Created Time",
            "outcome": "order",
            "closed_at": "Closing Date",
        }
    )
    deals["order"] = deals["order"].map(WORDS)
    place = deals["Deal ID"].str.removeprefix("L'").astype(int)
    deals["Contact Name"] = "c " + (place // 2).astype(str)
    calls = log.rename(
        columns={
            "activity": "Call Status",
            "occurred_at": "when",
            "detail": "Page URL",
            "value": "Seconds",
        }
    )
    calls["WHO"] = "c " + (calls["lead_id"].str.removeprefix("L'").astype(int) // 2).astype(str)
    return deals, calls.drop(columns="lead_id")


@pytest.fixture(scope="module")
def expected(tables: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    """What Python says of them."""
    history = cal.read_history(*tables, as_of=AS_OF, leads=LEADS, activities=LOG)
    return sorted_scores(EVERY_RULE.score(cal.observe_open(history)))


def sorted_scores(scores: pd.DataFrame) -> pd.DataFrame:
    names = ["lead_id", "score", "expected_rate", "tier", "fit", "engagement"]
    scores = scores[names].sort_values("lead_id", ignore_index=True)
    tier = scores["tier"].astype(object)
    return scores.assign(tier=tier.where(tier.notna(), None))


def run_on_duckdb(text: str, arrow: dict[str, pa.Table]) -> pd.DataFrame:
    with duckdb.connect() as connection:
        for name, table in arrow.items():
            connection.register(name, table)
        return connection.execute(text).df()


def test_duckdb_gives_python_s_scores(tables: Any, expected: pd.DataFrame) -> None:
    text = export_sql(EVERY_RULE, OF_USER, as_of=AS_OF)
    found = run_on_duckdb(text, arrow_of(tables))
    pd.testing.assert_frame_equal(sorted_scores(found), expected, check_dtype=False)
    assert found["score"].is_monotonic_decreasing
    assert set(found["cutoff"]) == {pd.Timestamp(AS_OF)}


def arrow_of(tables: tuple[pd.DataFrame, pd.DataFrame]) -> dict[str, pa.Table]:
    pairs = zip(("Deals", "Call's"), tables, strict=True)
    return {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in pairs}


@pytest.mark.xdist_group("engines")
def test_postgres_gives_python_s_scores(
    tables: Any, expected: pd.DataFrame, postgres_url: str
) -> None:
    engine = PostgresEngine(postgres_url)
    try:
        for name, table in arrow_of(tables).items():
            engine.register(name, table)
        text = export_sql(EVERY_RULE, OF_USER, dialect="postgres", as_of=AS_OF)
        cursor = engine._connection.execute(text.encode())
        names = [column.name for column in cursor.description or ()]
        found = pd.DataFrame(cursor.fetchall(), columns=names)
    finally:
        engine.close()
    pd.testing.assert_frame_equal(sorted_scores(found), expected, check_dtype=False)


@pytest.mark.slow
@pytest.mark.xdist_group("engines")
def test_spark_gives_python_s_scores(
    tables: Any, expected: pd.DataFrame, spark_session: Any
) -> None:
    engine = SparkEngine(spark_session)
    try:
        for name, table in arrow_of(tables).items():
            engine.register(name, table)
        text = export_sql(EVERY_RULE, OF_USER, dialect="spark", as_of=AS_OF)
        found = engine._session.sql(text.removesuffix(";\n")).toArrow().to_pandas()
    finally:
        engine.close()
    pd.testing.assert_frame_equal(sorted_scores(found), expected, check_dtype=False)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_golden(dialect: str) -> None:
    """Read the difference; if it is meant: python -m tests.golden.card."""
    assert golden_text(dialect) == (FOLDER / f"{dialect}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_golden_texts_parse_in_their_dialect(dialect: str) -> None:
    text = (FOLDER / f"{dialect}.sql").read_text(encoding="utf-8")
    (tree,) = sqlglot.parse(text, read=dialect)
    assert tree is not None
    columns = ["lead_id", "score", "expected_rate", "tier", "fit", "engagement", "cutoff"]
    assert tree.named_selects == columns
    names = {column.name for column in tree.find_all(sqlglot.exp.Column)}
    assert {"Deal ID", "select", "Città", 'seats "now"', "contact"} <= names
    texts = {part.name for part in tree.find_all(sqlglot.exp.Literal) if part.is_string}
    assert {"d'Adda", "back\\slash", "Zürich", "visite d'été", "hot 'n' new"} <= texts


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_of_the_settings_or_the_card_becomes_sql(dialect: str) -> None:
    nasty = "x'); DROP TABLE \"t\"; -- \\' `"
    card = card_of(({"field": nasty, "in": [nasty]}, 5), ({"activity": nasty}, 7), name="a\nSELECT")
    settings = Settings(
        leads=LeadColumns(source="t", id=nasty, won=[nasty], exclude={nasty: [nasty]}),
        activities=ActivityColumns(source="u", detail=nasty),
    )
    text = export_sql(card, settings, dialect=dialect)
    (tree,) = sqlglot.parse(text, read=dialect)
    assert isinstance(tree, sqlglot.exp.Select)
    found = {part.name for part in tree.find_all(sqlglot.exp.Literal, sqlglot.exp.Identifier)}
    assert nasty in found
    assert not list(tree.find_all(sqlglot.exp.Drop))
    assert all(line.startswith("--") for line in text.splitlines()[:3])


def test_files_are_read_where_they_are_by_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: Any, expected: pd.DataFrame
) -> None:
    for name, table in arrow_of(tables).items():
        pa.parquet.write_table(table, tmp_path / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    settings = OF_USER.model_copy(
        update={
            "leads": LEADS.model_copy(update={"source": "Deals.parquet"}),
            "activities": LOG.model_copy(update={"source": "Call's.parquet"}),
        }
    )
    text = export_sql(EVERY_RULE, settings, as_of=AS_OF)
    found = run_on_duckdb(text, {})
    pd.testing.assert_frame_equal(sorted_scores(found), expected, check_dtype=False)
    elsewhere = export_sql(EVERY_RULE, settings, dialect="snowflake")
    assert 'FROM "Deals" AS t' in elsewhere
    assert "named like your files (Deals.parquet, Call's.parquet)" in elsewhere


def test_without_as_of_leads_are_scored_whenever_it_is_run() -> None:
    """One click a day ago, one a hundred: 10 + 5 within 30 days."""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    leads = pa.table(
        {"lead_id": [1], "created_at": [now - dt.timedelta(days=9)], "outcome": ["no"]}
    )
    days = [1, 100]
    log = pa.table(
        {
            "lead_id": [1, 1],
            "activity": ["click", "click"],
            "occurred_at": [now - dt.timedelta(days=d) for d in days],
        }
    )
    card = card_of(
        ({"activity": "click", "at_least": 1, "within_days": 30}, 5),
        ({"activity": "click", "at_least": 2, "within_days": 30}, 7),
        period=("2020-01-01", "2021-01-01"),
    )
    settings = Settings(
        leads=LeadColumns(source="leads"), activities=ActivityColumns(source="activities")
    )
    text = export_sql(card, settings)
    found = run_on_duckdb(text, {"leads": leads, "activities": log})
    assert found["score"].tolist() == [15]


def test_wins_of_another_table_close_a_lead() -> None:
    """1 is won by then; 2 is won later; 3 is nobody's win: base 10, plus 5 for the plan."""
    day = dt.datetime(2024, 12, 1)
    leads = pa.table({"lead_id": [1, 2, 3], "created_at": [day] * 3, "plan": ["pro", "pro", None]})
    wins = pa.table({"lead_id": [1, 2], "won_on": [day, dt.datetime(2025, 6, 1)]})
    card = card_of(({"field": "plan", "in": ["pro"]}, 5), period=("2020-01-01", "2021-01-01"))
    settings = Settings(
        leads=LeadColumns(source="leads"),
        outcomes=OutcomeColumns(source="events", closed_at="won_on"),
    )
    text = export_sql(card, settings, as_of="2025-01-01")
    found = run_on_duckdb(text, {"leads": leads, "events": wins})
    assert found[["lead_id", "score"]].to_numpy().tolist() == [[2, 15], [3, 10]]


def test_wins_of_a_table_that_was_not_seen_are_in_the_zone_of_their_table() -> None:
    """As_of is midnight in Rome, 18:00 in New York: 1 is won by then, 2 two hours later.

    3 was won on the last day of the year, without a time: by its end, in either zone.
    """
    leads = pa.table({"lead_id": [1, 2, 3], "created_at": [dt.datetime(2024, 12, 1)] * 3})
    won_on = [
        dt.datetime(2024, 12, 31, 17),
        dt.datetime(2024, 12, 31, 20),
        dt.datetime(2024, 12, 31),
    ]
    wins = pa.table({"lead_id": [1, 2, 3], "won_on": won_on})
    settings = Settings(
        leads=LeadColumns(source="leads", timezone="Europe/Rome"),
        outcomes=OutcomeColumns(source="events", closed_at="won_on", timezone="America/New_York"),
    )
    card = card_of(({"field": "plan", "in": ["pro"]}, 5), period=("2020-01-01", "2021-01-01"))
    leads = leads.append_column("plan", pa.array(["pro"] * 3))
    text = export_sql(card, settings, as_of="2025-01-01")
    found = run_on_duckdb(text, {"leads": leads, "events": wins})
    assert found["lead_id"].tolist() == [2]


def test_leads_made_from_a_log() -> None:
    """1 clicked twice, 2 became a customer: 10 + 7."""
    times = pd.to_datetime(["2024-12-01", "2024-12-05", "2024-12-03"])
    log = pa.table(
        {"who": [1, 1, 2], "what": ["click"] * 3, "at": times, "paid": ["no", "no", "yes"]}
    )
    settings = Settings(
        leads=LeadColumns(from_activities=True, outcome="paid"),
        activities=ActivityColumns(source="log", lead="who", activity="what", occurred_at="at"),
    )
    card = card_of(({"activity": "click", "at_least": 2}, 7))
    text = export_sql(card, settings, as_of="2025-01-01")
    found = run_on_duckdb(text, {"log": log})
    assert found[["lead_id", "score"]].to_numpy().tolist() == [[1, 17]]


def test_a_wide_table_has_no_times() -> None:
    leads = pa.table({"lead_id": ["a", "b"], "outcome": ["open", "yes"], "clicks": [3, 9]})
    card = card_of(({"field": "clicks", "at_least": 2}, 7))
    text = export_sql(card, Settings(leads=LeadColumns(source="leads")))
    found = run_on_duckdb(text, {"leads": leads})
    assert found["lead_id"].tolist() == ["a"]
    assert found["score"].tolist() == [17]  # base 10
    assert found["cutoff"].isna().all()
    assert "as they stand" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("postgresql://localhost/crm", "PostgreSQL"),
        ("spark://local", "Spark"),
        ("duckdb:///crm.duckdb", "DuckDB"),
        (None, "DuckDB"),
    ],
)
def test_the_dialect_is_that_of_the_database(url: str | None, dialect: str) -> None:
    database = None if url is None else DatabaseSettings(url=url)
    text = export_sql(EVERY_RULE, OF_USER.model_copy(update={"database": database}))
    assert f"in the SQL of {dialect}\n" in text.splitlines(keepends=True)[0]


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(ConfigError, match=r'no dialect "snowflak" \(did you mean "snowflake"'):
        export_sql(CARD, SETTINGS, dialect="snowflak")
    with pytest.raises(ConfigError, match='no export to "hubspot"; there is: sql'):
        export_card(CARD, SETTINGS, "hubspot")


def test_a_zone_of_its_own_is_refused_for_bigquery_also_where_no_table_can_be_opened() -> None:
    assert OF_USER.activities is not None
    log = OF_USER.activities.model_copy(update={"timezone": "Europe/Rome"})
    said = r'column ".+": its times are in Europe/Rome, those of the leads in .+ in a view'
    with pytest.raises(ConfigError, match=said):
        export_sql(EVERY_RULE, OF_USER.model_copy(update={"activities": log}), dialect="bigquery")


def test_three_dialects_say_that_they_were_never_run() -> None:
    for dialect in DIALECTS:
        said = "Generated, not executed" in golden_text(dialect)
        assert said == (dialect in {"snowflake", "bigquery", "databricks"})


def test_every_column_that_reading_takes_by_default_is_named(tmp_path: Path) -> None:
    (tmp_path / "calibrate.toml").write_text('[leads]\nsource = "leads.csv"\n')
    settings = load_settings(tmp_path / "calibrate.toml")
    card = card_of(({"field": "plan", "in": ["a"]}, 5), period=("2024-01-01", "2025-01-01"))
    text = export_sql(card, settings)
    for name in ("lead_id", "created_at", "outcome", "plan"):
        assert f't."{name}"' in text
