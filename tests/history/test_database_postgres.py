"""What PostgreSQL must grant, what is made there, and that nothing of it is left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import calibrate as cal
from calibrate.errors import CalibrateError, ConfigError
from calibrate.history import read_history

if TYPE_CHECKING:
    import psycopg

pytestmark = pytest.mark.xdist_group("engines")

TABLES = """
CREATE SCHEMA small;
CREATE TABLE small.leads (lead_id char(4), created_at timestamptz, outcome text, closed_at date,
    secret text);
INSERT INTO small.leads VALUES ('a', '2024-01-01 12:00+00', 'converted', '2024-02-01', 'x'),
    ('b', '2024-01-02 12:00+00', 'open', NULL, 'x');
CREATE TABLE small.log (lead_id varchar(9), activity char(9), occurred_at timestamptz, value real);
INSERT INTO small.log VALUES ('a', 'open', '2024-01-05 23:30+00', 'NaN'),
    ('b', 'open', '2024-01-06 12:00+00', 1.5), ('b', 'click', '2024-01-07 12:00+00', NULL);
CREATE ROLE small_reader LOGIN;
GRANT USAGE ON SCHEMA small TO small_reader;
GRANT SELECT (lead_id, created_at, outcome, closed_at) ON small.leads TO small_reader;
GRANT SELECT ON small.log TO small_reader;
CREATE TABLE small.hidden (lead_id text);
"""
OBJECTS = (
    "SELECT count(*) FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner "
    "WHERE r.rolname = 'small_reader'"
)
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'small_reader'"


@pytest.fixture(scope="module")
def owner(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(TABLES)
        yield connection
        # a worker may come back to this file after another one
        connection.execute("DROP SCHEMA small CASCADE; DROP ROLE small_reader")


@pytest.fixture
def reader(owner: psycopg.Connection[Any], postgres_url: str) -> str:
    """URL of a user who may read two tables, one of them but for a column."""
    return postgres_url.replace("calibrate@", "small_reader@")


def count(owner: psycopg.Connection[Any], sql: str, until: int | None = None) -> int:
    """The number a statement answers; a session that was closed takes a moment to end."""
    for _ in range(100):
        row = owner.execute(sql).fetchone()
        assert row is not None
        if until is None or row[0] == until:
            break
        owner.execute("SELECT pg_sleep(0.1)")
    return int(row[0])


def test_reading_two_tables_is_enough_and_nothing_stays(
    owner: psycopg.Connection[Any], reader: str
) -> None:
    history = read_history("small.leads", "small.log", engine=reader)
    assert history.activities == ("open", "click")
    assert [part.name for part in history.attributes] == []  # "secret" cannot be seen
    obs = cal.observe(history, observation_window="7D", horizon="30D")
    assert obs.table["open"].tolist() == [1, 1]
    assert count(owner, OBJECTS) >= 2  # the table leads, the view activities
    history.engine.close()
    assert count(owner, OBJECTS, until=0) == 0


def test_a_connection_nobody_holds_any_more_is_closed(
    owner: psycopg.Connection[Any], reader: str
) -> None:
    read_history("small.leads", engine=reader)  # no activities: nothing stays in the database
    with pytest.raises(CalibrateError):
        read_history("small.leads", "small.log", engine=reader, leads=cal.LeadColumns(id="Id"))
    assert count(owner, SESSIONS, until=0) == 0


def test_cells_of_its_own_types(reader: str) -> None:
    leads = cal.LeadColumns(timezone="Europe/Rome")
    history = read_history("small.leads", "small.log", engine=reader, leads=leads)
    found = history.engine.query(
        "SELECT lead_key, activity, occurred_at, value FROM activities ORDER BY occurred_at LIMIT 1"
    )
    assert found.to_pylist() == [
        {
            "lead_key": "a",  # char(4) and varchar(9): blanks at the end are none
            "activity": "open",
            "occurred_at": dt.datetime(2024, 1, 6, 0, 30),  # 23:30 UTC, an hour later in Rome
            "value": None,  # NaN
        }
    ]
    history.engine.close()


def test_what_must_not_be_read_is_named(reader: str) -> None:
    with pytest.raises(ConfigError, match=r"may not read the table small\.hidden"):
        read_history("small.hidden", engine=reader)


def test_temporary_tables_must_be_allowed(owner: psycopg.Connection[Any], reader: str) -> None:
    owner.execute("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    try:
        with pytest.raises(CalibrateError, match="its user needs TEMPORARY on the database"):
            read_history("small.leads", "small.log", engine=reader)
        assert read_history("small.leads", engine=reader).n_leads == 2  # leads alone need none
    finally:
        owner.execute("GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
