"""The statement of a card over raw tables gives the scores that reading them gives."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import calibrate as cal
from calibrate.config import (
    ActivityColumns,
    DatabaseSettings,
    LeadColumns,
    OutcomeColumns,
    Settings,
)
from calibrate.engines import Engine
from calibrate.errors import ConfigError
from calibrate.exports import export_sql
from calibrate.pipeline import needs_of, score_leads
from tests.odd_company import card_of
from tests.warehouse import in_duckdb, in_postgres, in_spark, name_in

AS_OF = "2024-01-01"
CLICKED = ({"activity": "click"}, 20)
CLICKS = ({"activity": "click", "at_least": 2}, 20)
PLAN = ({"field": "plan", "in": ["pro"]}, 20)
Columns = dict[str, Any]


@dataclass
class Case:
    """Raw tables, what the settings say of them, and the rules of a card."""

    leads: Columns | None
    rules: tuple[tuple[dict[str, Any], int], ...] = (PLAN,)
    log: Columns | None = None
    wins: Columns | None = None
    lead_columns: Columns = field(default_factory=dict)
    log_columns: Columns = field(default_factory=dict)
    win_columns: Columns = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, pa.Table]:
        given = {"leads": self.leads, "log": self.log, "wins": self.wins}
        return {name: _arrow(rows) for name, rows in given.items() if rows is not None}

    def settings(self, names: Mapping[str, str], **more: Any) -> Settings:
        log = None
        if self.log is not None:
            log = ActivityColumns(source=names["log"], **self.log_columns)
        wins = None
        if self.wins is not None:
            wins = OutcomeColumns(source=names["wins"], **self.win_columns)
        source = names.get("leads")
        leads = LeadColumns(source=source, **self.lead_columns)
        return Settings(leads=leads, activities=log, outcomes=wins, **more)


def _arrow(rows: Columns) -> pa.Table:
    return pa.table(
        {
            name: values if isinstance(values, pa.Array) else _array(values)
            for name, values in rows.items()
        }
    )


def _array(values: list[Any]) -> pa.Array:
    if all(value is None for value in values):
        return pa.array(values, pa.string())
    kind = None
    if any(isinstance(value, dt.datetime) for value in values):
        aware = any(isinstance(value, dt.datetime) and value.tzinfo for value in values)
        kind = pa.timestamp("us", "UTC" if aware else None)
    return pa.array(values, kind)


def at(*texts: str | None) -> list[dt.datetime | None]:
    return [None if text is None else dt.datetime.fromisoformat(text) for text in texts]


def days(*texts: str | None) -> list[dt.date | None]:
    return [None if text is None else dt.date.fromisoformat(text) for text in texts]


IDS = ["a", "b", "c", "d"]
LEADS: Columns = {
    "lead_id": IDS,
    "created_at": at(*["2023-06-01 10:00"] * 4),
    "outcome": ["open"] * 4,
    "plan": ["pro", "pro", "free", None],
}
LOG: Columns = {
    "lead_id": IDS,
    "activity": ["click"] * 4,
    "occurred_at": at(*["2023-07-01 09:00"] * 4),
}
WINS: Columns = {
    "lead_id": ["a", "b", "c", "c"],
    "closed_at": at("2023-12-01 10:00", "2024-02-01 10:00", "2024-02-01 09:00", "2023-12-01 09:00"),
}
PLANS_OF_LOG: Columns = {
    "lead_id": ["a", "a", "b", "b", "c", None, "e"],
    "activity": ["click"] * 7,
    "occurred_at": at(
        "2023-06-01 08:00",
        "2023-07-01 08:00",
        "2023-08-01 08:00",
        "2023-05-01 08:00",
        "2024-03-01 08:00",
        "2023-05-01 08:00",
        "2023-05-01 08:00",
    ),
    "st": ["open", "won", "open", "open", "x", "open", "gone"],
}


def without(columns: Columns, *names: str) -> Columns:
    return {name: values for name, values in columns.items() if name not in names}


OF_LOG: Columns = {"from_activities": True}
NAMED: Columns = {"occurred_at": "occurred_at"}
EVERYWHERE = {
    "plain": Case(LEADS, (PLAN, CLICKED), LOG),
    "wins": Case(without(LEADS, "outcome"), wins=WINS),
    "wins whose date no setting names, beside lost leads": Case(
        LEADS | {"outcome": ["open", "lost", "lost", "lost"]}, wins=WINS
    ),
    "wins without dates, leads with": Case(
        LEADS
        | {
            "outcome": ["converted", "lost", "converted", "open"],
            "closed_at": at(*["2024-02-01 10:00"] * 3, None),
        },
        wins={"lead_id": ["a", "b", "c"], "closed_at": at(None, None, "2023-12-01 10:00")},
    ),
    "closed_at and contact that no setting names": Case(
        LEADS
        | {
            "outcome": ["lost", "open", "lost", "open"],
            "closed_at": at("2024-02-01 10:00", None, "2023-07-01 10:00", None),
            "contact": ["p", "q", "q", "r"],
        },
        (CLICKED,),
        {**without(LOG, "lead_id"), "lead_id": ["p", "x", "y", "r"]},
    ),
    "a contact, but the log names leads": Case(
        LEADS | {"contact": ["p", "q", "r", "s"]},
        (CLICKED,),
        LOG | {"lead_id": ["a", "c", "c", "x"]},
        lead_columns={"contact": "contact"},
    ),
    "a contact that the log calls contact": Case(
        LEADS | {"contact": ["p", None, "", "s"]},
        (CLICKED,),
        {**without(LOG, "lead_id"), "contact": ["p", "", "q", None]},
        lead_columns={"contact": "contact"},
    ),
    "whole numbers and doubles": Case(
        LEADS | {"lead_id": [1, 2, 3, 4]}, (CLICKED,), LOG | {"lead_id": [1.0, 3.0, None, 9.0]}
    ),
    "doubles and texts": Case(
        LEADS | {"lead_id": [1.0, 2.0, 3.0, 4.0]},
        (CLICKED,),
        LOG | {"lead_id": ["1", "2 ", "3.0", "04"]},
    ),
    "whole numbers and texts": Case(
        LEADS | {"lead_id": [1, 2, 3, 4]}, (CLICKED,), LOG | {"lead_id": ["01", " 2", "3", "9"]}
    ),
    "zones of log and wins": Case(
        LEADS,
        (CLICKED,),
        LOG
        | {
            # New York is 6 hours behind Rome: the last two are of the new year there
            "occurred_at": at(
                "2023-12-31 17:59", "2023-12-31 18:00", "2023-12-31 18:01", "2023-12-31 23:00"
            )
        },
        {"lead_id": IDS, "closed_at": at(*["2023-12-31 18:30"] * 2, *["2023-12-31 17:30"] * 2)},
        lead_columns={"timezone": "Europe/Rome"},
        log_columns={"timezone": "America/New_York"},
        win_columns={"timezone": "America/New_York"},
    ),
    "dates are not moved": Case(
        LEADS,
        (CLICKED,),
        LOG | {"occurred_at": days("2024-01-01", "2023-12-31", "2024-01-02", None)},
        lead_columns={"timezone": "Europe/Rome"},
        log_columns={"timezone": "America/New_York"},
    ),
    "blank and null-spelled cells of the log": Case(
        LEADS,
        (({"only": "click"}, 20),),
        {
            "lead_id": ["a", "a", "b", " b ", "-", "", "c", "c", None],
            "activity": ["click", " ", "click", "-", "click", "click", " click\t", "open", "open"],
            "occurred_at": at(*["2023-07-01 09:00"] * 9),
        },
        log_columns={"null_values": ["-"]},
    ),
    "null-spelled contacts": Case(
        LEADS | {"contact": ["-", "-", " ", "s"]},
        (CLICKED,),
        {**without(LOG, "lead_id"), "contact": ["-", "-", "s", "s"]},
        lead_columns={"contact": "contact", "null_values": ["-"]},
    ),
    "values and details of the log": Case(
        LEADS,
        (
            ({"activity": "click", "total": 5}, 20),
            ({"activity": "click", "detail": "/x*"}, 7),
        ),
        LOG
        | {
            "lead_id": ["a", "a", "b", "c"],
            "value": [4.0, 5.0, float("nan"), 6.0],
            "detail": ["-", " /X1", "\u00a0/x", None],
        },
        log_columns={"null_values": ["5", "-"]},
    ),
    "a row that stands there twice": Case(
        {name: [*values, values[0], values[2]] for name, values in LEADS.items()},
        (PLAN, CLICKED),
        LOG,
    ),
    "white space": Case(
        LEADS
        | {
            "lead_id": ["a\t", " b", "\u00a0c", "\ufeffd\r\n"],
            "plan": ["pro\n", "\tpro", "\u00a0pro", " "],
        },
        (PLAN, CLICKED, ({"field": "plan", "missing": True}, 3)),
        LOG
        | {
            "lead_id": [" a", "b\r", "c", "d"],
            "activity": ["click\t", "\u00a0click", "click ", "clic k"],
        },
    ),
    "ids that mean none": Case(
        LEADS | {"lead_id": ["NA", "b", "", None]}, lead_columns={"null_values": ["NA"]}
    ),
    "a closing date without a time": Case(
        LEADS
        | {
            "outcome": ["lost", "converted", "lost", "converted"],
            "closed_at": days("2024-01-01", "2024-01-02", "2023-12-31", None),
        }
    ),
    "closings all at midnight": Case(
        LEADS
        | {
            "outcome": ["lost"] * 4,
            "closed_at": at("2024-01-01", "2024-01-02", "2023-12-31", None),
        }
    ),
    "closings at and after midnight": Case(
        LEADS
        | {
            "outcome": ["lost"] * 4,
            "closed_at": at("2024-01-01", "2024-01-02", "2023-12-31 10:00", "2022-01-01"),
        }
    ),
    "win dates without a time": Case(
        without(LEADS, "outcome"),
        wins={"lead_id": IDS, "closed_at": days("2024-01-01", "2023-12-31", "2024-01-02", None)},
    ),
    "exclude sees cleaned cells": Case(
        LEADS | {"test": ["Spam", " spam", "", "-"], "n": [1.0, 2.0, None, 1.5]},
        (PLAN,),
        lead_columns={
            "null_values": ["Spam", "-"],
            "exclude": {"test": ["Spam", "spam", ""], "n": [1]},
        },
    ),
    "exclusions of nothing": Case(
        LEADS,
        (PLAN, CLICKED),
        LOG,
        lead_columns={"exclude": {"plan": []}},
        log_columns={"exclude": {"activity": []}},
    ),
    "dates and truth values as criteria": Case(
        LEADS
        | {
            "day": days("2023-01-01", "2023-01-02", None, "2023-01-01"),
            "moment": at("2023-01-01", "2023-01-02 10:00", None, None),
            "flag": [True, False, None, True],
        },
        (
            ({"field": "day", "in": ["2023-01-01"]}, 1),
            ({"field": "day", "in": ["2023-01-01 00:00:00"]}, 2),
            ({"field": "moment", "missing": True}, 4),
            ({"field": "flag", "in": ["yes"]}, 8),
            ({"not": {"field": "flag", "in": [True]}}, 16),
        ),
    ),
    "numbers as criteria": Case(
        LEADS
        | {
            "seats": [5.0, 100.0, float("nan"), 2.5],
            "rooms": [5, 100, None, -1],
            "price": pa.array([None, 5.5, 1.25, 100], pa.float64()).cast(pa.decimal128(10, 2)),
        },
        (
            ({"field": "seats", "at_least": 5}, 1),
            ({"field": "seats", "missing": True}, 2),
            ({"field": "rooms", "at_least": 5}, 4),
            ({"field": "rooms", "in": ["5", "x"]}, 8),
            ({"field": "price", "in": ["5.5", "x"]}, 16),
            ({"field": "price", "at_least": 1.25}, 32),
        ),
        lead_columns={"null_values": ["100", "-1", "Select"]},
    ),
    "names with capitals and blanks": Case(
        {
            "Lead_ID": IDS,
            " Created_At": at(*["2023-06-01 10:00"] * 4),
            "OUTCOME": ["open"] * 4,
            "plan": ["pro", "pro", "free", None],
        },
        (PLAN, CLICKED),
        {"LEAD_id": IDS, "Activity": LOG["activity"], "Occurred_At ": LOG["occurred_at"]},
        lead_columns={"id": "lead_id", "created_at": "created_at"},
        log_columns={"lead": "lead_id", "occurred_at": "OCCURRED_AT"},
    ),
    "a wide table": Case(
        without(LEADS, "created_at") | {"outcome": ["open", "yes", "open", "lost"]}
    ),
    "a wide table without an open lead": Case(
        without(LEADS, "created_at")
        | {"outcome": ["no", "yes", "yes", "lost"], "worked": ["no", "no", "yes", None]},
        lead_columns={"won": ["yes", "no"], "lost": ["lost"]},
    ),
    "times with a zone": Case(
        LEADS
        | {
            "created_at": at(
                "2023-12-31 23:30+00:00", "2023-12-31 22:30+00:00", *["2023-01-01 10:00+00:00"] * 2
            )
        },
        (PLAN, CLICKED),
        LOG
        | {
            "occurred_at": at(
                "2023-12-31 23:30+00:00",
                "2023-12-31 22:30+00:00",
                "2023-12-31 23:30+00:00",
                "2023-12-31 22:59+00:00",
            )
        },
        lead_columns={"timezone": "Europe/Rome"},
    ),
    "a rule on a field that is an activity": Case(
        LEADS,
        (({"field": "click", "at_least": 2}, 20), PLAN),
        LOG | {"lead_id": ["a", "a", "b", "x"]},
    ),
    "an activity called like a column": Case(
        LEADS,
        (({"activity": "activity:plan"}, 20), ({"activity": "activity:score"}, 3), PLAN),
        LOG | {"activity": ["plan", "click", "plan", "score"]},
    ),
}
IN_FILES = {
    "nanoseconds with a zone": Case(
        LEADS | {"created_at": pa.array([1685613600_000000999] * 4, pa.timestamp("ns", "UTC"))},
        ((({"activity": "click", "within_days": 2}), 20), ({"only": "click"}, 3)),
        LOG
        | {
            # the year ends in Rome at 23:00 UTC; of the second only nanoseconds are left
            "occurred_at": pa.array(
                [1704063600_000000000 + n for n in (0, 999, 1000, -1)], pa.timestamp("ns", "UTC")
            )
        },
        lead_columns={"timezone": "Europe/Rome"},
        log_columns={"timezone": "Europe/Rome"},
    ),
    "leads made from a log": Case(
        None,
        (CLICKS,),
        PLANS_OF_LOG,
        lead_columns=OF_LOG | {"outcome": "st", "won": ["won"], "lost": ["gone"]},
        log_columns=NAMED,
    ),
    "leads made from a log, wins apart": Case(
        None, (CLICKED,), without(PLANS_OF_LOG, "st"), WINS, lead_columns=OF_LOG, log_columns=NAMED
    ),
    "leads made from a log of days": Case(
        None,
        (CLICKS,),
        without(PLANS_OF_LOG, "occurred_at")
        | {
            "occurred_at": days("2023-06-01", "2024-01-01", *["2023-05-01"] * 3, None, "2023-12-31")
        },
        lead_columns=OF_LOG | {"outcome": "st", "won": ["won"], "lost": ["gone"]},
        log_columns=NAMED,
    ),
    "numbers spelled as text": Case(
        LEADS | {"seats": ["1.000,5", "n/a", "7,25", ""], "rooms": ["4", "x", "12", "y"]},
        (
            ({"field": "seats", "at_least": 7}, 1),
            ({"field": "rooms", "at_least": 10}, 2),
            ({"field": "rooms", "missing": True}, 4),
        ),
        LOG | {"lead_id": ["a", "a", "b", "c"], "value": ["1,5", "2", "3,5", ""]},
        lead_columns={"null_values": ["n/a"], "decimal": ","},
        log_columns={"decimal": ","},
    ),
    "totals of texts with a decimal comma": Case(
        LEADS,
        (({"activity": "click", "total": 3.5}, 20),),
        LOG | {"lead_id": ["a", "a", "b", "c"], "value": ["1,5", "2", "3,5", "n/a"]},
        log_columns={"decimal": ",", "null_values": ["n/a"]},
    ),
    "dates spelled as text, day first": Case(
        LEADS
        | {
            "created_at": ["03/04/2023", "04/12/2023", "01/02/2024", ""],
            "outcome": ["open", "lost", "open", "open"],
            "closed_at": ["", "01/01/2024", "", ""],
        },
        (PLAN, CLICKED),
        LOG | {"occurred_at": ["05/06/2023 10:00", "01/01/2024 10:00", "31/12/2023 23:59", ""]},
        lead_columns={"date_format": "%d/%m/%Y"},
        log_columns={"date_format": "%d/%m/%Y"},
    ),
    "closings, some with a time": Case(
        LEADS
        | {
            "outcome": ["lost"] * 4,
            "closed_at": ["2024-01-01", "2024-01-01 00:00", "2023-12-31 10:00", "2024-01-02"],
        },
        wins=None,
    ),
    "wins twice, some with a time": Case(
        without(LEADS, "outcome"),
        wins={
            "lead_id": ["a", "a", "b", "c"],
            "closed_at": ["2024-01-01", "2024-01-01 10:00", "2023-12-31 10:00", "2024-01-02"],
        },
    ),
    "text dates of a log in another zone": Case(
        LEADS,
        (CLICKED,),
        LOG
        | {
            "occurred_at": [
                "2023-12-31 17:59",
                "2023-12-31 18:01",
                "2024-01-01",
                "2023-12-31 18:00",
            ]
        },
        lead_columns={"timezone": "Europe/Rome"},
        log_columns={"timezone": "America/New_York"},
    ),
}


def expected_of(case: Case, settings: Settings, engine: Engine | None = None) -> dict[str, Any]:
    """What Python says after it read the same tables as `calibrate score` reads them."""
    card = card_of(*case.rules)
    sources = (
        part and part.source for part in (settings.leads, settings.activities, settings.outcomes)
    )
    history = cal.read_history(
        *sources,
        as_of=AS_OF,
        leads=settings.leads,
        activities=settings.activities,
        outcomes=settings.outcomes,
        engine=engine,
        needs=needs_of(card),
    )
    return by_lead(score_leads(card, history, settings))


def by_lead(scores: pd.DataFrame) -> dict[str, Any]:
    assert scores["lead_id"].is_unique
    return {
        str(row.lead_id): (
            row.score,
            None if pd.isna(row.tier) else row.tier,
            round(row.expected_rate, 12),
            row.fit,
            row.engagement,
        )
        for row in scores.itertuples()
    }


def on_duckdb(text: str, path: Path | str = ":memory:") -> dict[str, Any]:
    with duckdb.connect(str(path)) as connection:
        return by_lead(connection.execute(text).df())


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYWHERE)
def test_tables_of_duckdb(name: str, tmp_path: Path) -> None:
    case, path = EVERYWHERE[name], tmp_path / "crm.duckdb"
    engine = in_duckdb(path, case.tables)
    names = {table: name_in("duckdb", table) for table in case.tables}
    settings = case.settings(names, database=DatabaseSettings(url=f"duckdb://{path}"))
    expected = expected_of(case, settings, engine)
    engine.close()
    text = export_sql(card_of(*case.rules), settings, as_of=AS_OF)
    assert "not looked at" not in text
    assert expected == on_duckdb(text, path)
    assert expected or "open lead" in name


NOT_TEXT = {"whole numbers and doubles"}  # a cell 1.0 of text is not the id 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in [*EVERYWHERE, *IN_FILES]
        for kind in ("parquet", "csv")
        if kind == "parquet" or name not in NOT_TEXT
    ],
)
def test_files_read_by_duckdb(name: str, kind: str, tmp_path: Path) -> None:
    case = (EVERYWHERE | IN_FILES)[name]
    settings = case.settings(written(case.tables, tmp_path, kind))
    text = export_sql(card_of(*case.rules), settings, as_of=AS_OF)
    assert "not looked at" not in text
    assert expected_of(case, settings) == on_duckdb(text)


def written(tables: Mapping[str, pa.Table], folder: Path, kind: str) -> dict[str, str]:
    """Write tables as files; their paths."""
    for name, rows in tables.items():
        path = folder / f"{name}.{kind}"
        if kind == "parquet":
            pq.write_table(rows, path)
        else:
            rows.to_pandas(date_as_object=True).to_csv(
                path, index=False, sep=";", quoting=csv.QUOTE_ALL
            )
    return {name: str(folder / f"{name}.{kind}") for name in tables}


@pytest.mark.xdist_group("engines")
@pytest.mark.parametrize("name", EVERYWHERE)
def test_tables_of_postgres(name: str, postgres_url: str) -> None:
    """Run in a session of the server's own zone, which is not UTC."""
    import psycopg

    case, number = EVERYWHERE[name], list(EVERYWHERE).index(name)
    called = {table: f"{table} {number}" for table in case.tables}
    engine = in_postgres(postgres_url, {called[table]: rows for table, rows in case.tables.items()})
    try:
        settings = case.settings({t: name_in("postgres", n) for t, n in called.items()})
        text = export_sql(card_of(*case.rules), settings, as_of=AS_OF, engine=engine)
        expected = expected_of(case, settings, engine)
    finally:
        engine.close()
    assert "not looked at" not in text
    assert "in the SQL of PostgreSQL" in text
    with psycopg.connect(postgres_url) as connection:
        cursor = connection.execute(text.encode())
        columns = [column.name for column in cursor.description or ()]
        found = pd.DataFrame(cursor.fetchall(), columns=columns)
    assert by_lead(found) == expected


@pytest.mark.slow
@pytest.mark.xdist_group("engines")
@pytest.mark.parametrize(
    "name",
    [
        "white space",
        "whole numbers and doubles",
        "zones of log and wins",
        "numbers as criteria",
        "times with a zone",
        "a row that stands there twice",
        "closings at and after midnight",
    ],
)
def test_tables_of_spark(name: str, spark_session: Any) -> None:
    case, number = EVERYWHERE[name], list(EVERYWHERE).index(name)
    called = {table: f"{table}_{number}" for table in case.tables}
    engine = in_spark(spark_session, {called[table]: rows for table, rows in case.tables.items()})
    try:
        settings = case.settings({t: name_in("spark", n) for t, n in called.items()})
        text = export_sql(card_of(*case.rules), settings, as_of=AS_OF, engine=engine)
        expected = expected_of(case, settings, engine)
        assert "SET TIME ZONE 'UTC'" in text
        session = spark_session.newSession()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        for view in called.values():
            spark_session.table(f"`{view}`").createOrReplaceGlobalTempView(f"seen_{view}")
            text = text.replace(f"FROM `{view}`", f"FROM global_temp.`seen_{view}`")
        found = session.sql(text.removesuffix(";\n")).toArrow().to_pandas()
    finally:
        engine.close()
    assert by_lead(found) == expected


def refusal(case: Case, tmp_path: Path, kind: str = "parquet", **more: Any) -> str:
    """The one line with which a statement is refused."""
    settings = case.settings(written(case.tables, tmp_path, kind))
    with pytest.raises(ConfigError) as refused:
        export_sql(card_of(*case.rules), settings, as_of=AS_OF, **more)
    return str(refused.value)


@pytest.mark.slow
def test_what_sql_of_a_database_cannot_read_is_refused(tmp_path: Path) -> None:
    texts = LEADS | {"created_at": ["2023-06-01", "2023-06-02", "2023-06-03", "2023-06-04"]}
    assert refusal(Case(texts), tmp_path, dialect="postgres") == (
        'leads.parquet, column "created_at": times spelled as text, which SQL of this database '
        "does not read as calibrate does: cast it to a timestamp in a view, and name the view"
    )
    seats = LEADS | {"seats": ["1,5", "2", "", "7"]}
    rule = ({"field": "seats", "at_least": 2}, 5)
    said = refusal(Case(seats, (rule,)), tmp_path, dialect="spark")
    assert 'column "seats": numbers spelled as text' in said
    assert said.endswith("cast it to a number in a view, and name the view")
    total = ({"activity": "click", "total": 2}, 5)
    log = LOG | {"value": ["1", "2", "3", "4"]}
    said = refusal(Case(LEADS, (total,), log), tmp_path, dialect="snowflake")
    assert 'log.parquet, column "value": numbers spelled as text' in said


def test_zones_that_bigquery_cannot_be_told_are_refused(tmp_path: Path) -> None:
    case = Case(LEADS, (CLICKED,), LOG, log_columns={"timezone": "Europe/Rome"})
    assert refusal(case, tmp_path, dialect="bigquery") == (
        'log.parquet, column "occurred_at": its times are in Europe/Rome, those of the leads in '
        "UTC: convert them in a view, and name the view"
    )


def test_files_that_duckdb_reads_otherwise_are_refused(tmp_path: Path) -> None:
    case = Case(LEADS | {"plan": ["Città", "a", "b", "c"]})
    names = written(case.tables, tmp_path, "csv")
    path = Path(names["leads"])
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    settings = case.settings(names)
    settings = settings.model_copy(
        update={"leads": settings.leads.model_copy(update={"encoding": "cp1252"})}
    )
    fix = "load it into a table of your database and name that"
    with pytest.raises(ConfigError, match=f"leads.csv: DuckDB does not read this file .*: {fix}"):
        export_sql(card_of(*case.rules), settings, as_of=AS_OF)
    book = tmp_path / "leads.xlsx"
    case.tables["leads"].to_pandas().to_excel(book, index=False)
    with pytest.raises(ConfigError, match=f"leads.xlsx: a statement cannot read a workbook: {fix}"):
        export_sql(card_of(*case.rules), case.settings({"leads": str(book)}), as_of=AS_OF)


def test_columns_and_kinds_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    assert refusal(Case(LEADS | {"PLAN": IDS}), tmp_path) == (
        'leads.parquet: two columns are called "plan" but for capitals, which SQL does not tell '
        "apart: rename one of them"
    )
    lists = LEADS | {"tags": pa.array([["x"], [], None, ["y"]], pa.list_(pa.string()))}
    case = Case(lists, (({"field": "tags", "missing": True}, 5),))
    assert refusal(case, tmp_path) == (
        'leads.parquet, column "tags": it holds varchar[], which is spelled differently in SQL: '
        "write it as text"
    )


def test_a_card_that_counts_activities_needs_a_log(tmp_path: Path) -> None:
    assert refusal(Case(LEADS, (CLICKED,)), tmp_path) == (
        "the card counts activities: name the log under [activities] source"
    )


def test_what_was_assumed_of_tables_that_are_not_there_is_said(tmp_path: Path) -> None:
    case = Case(LEADS, (PLAN, CLICKED), LOG, log_columns={"timezone": "Europe/Rome"})
    names = {"leads": str(tmp_path / "gone.parquet"), "log": "crm.calls"}
    text = export_sql(card_of(*case.rules), case.settings(names), as_of=AS_OF)
    assert "-- Columns were not looked at: gone.parquet, crm.calls could not be opened." in text
    assert "AT TIME ZONE 'Europe/Rome'" in text
    there = written(case.tables, tmp_path, "parquet")
    text = export_sql(card_of(*case.rules), case.settings(there), as_of=AS_OF)
    assert "not looked at" not in text
    assert "Times are those of UTC, whatever the zone of the session." in text
