"""Histories whose tables stand in a database: what is read, what stays, what is refused."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import calibrate as cal
from calibrate.config import DatabaseSettings, EngineSettings, Settings
from calibrate.engines import DuckDBEngine
from calibrate.errors import CalibrateError, ConfigError, DataError
from calibrate.history import History, history_from_settings, read_history
from calibrate.history.cells import kind_of

LEADS = {
    "lead_id": ["b", "a", "ü", "c"],
    "created_at": [dt.datetime(2024, 1, day) for day in (2, 1, 4, 3)],
    "outcome": ["converted", "lost", "open", "open"],
    "closed_at": [dt.datetime(2024, 1, 9), dt.datetime(2024, 1, 8), None, None],
}
EVENTS = {
    "lead_id": ["a", "b ", "b", "nobody", None, "c"],
    "activity": ["open", " open", "click", "click", "click", None],
    "occurred_at": [dt.datetime(2024, 1, 5, hour) for hour in range(6)],
}


def database(path: Path, **tables: dict[str, list[Any]] | pa.Table) -> DuckDBEngine:
    """A DuckDB file with tables."""
    with duckdb.connect(str(path)) as connection:
        for name, columns in tables.items():
            connection.register("columns_of_it", pa.table(columns))
            connection.execute(f'CREATE TABLE "{name}" AS FROM columns_of_it')
    return DuckDBEngine(path)


@pytest.fixture
def small(tmp_path: Path) -> DuckDBEngine:
    return database(tmp_path / "crm.duckdb", leads=LEADS, activities=EVENTS)


def n_of(history: History, check: str, table: str = "activities") -> int:
    counts = history.table
    found = counts[(counts["table"] == table) & (counts["check"] == check)]["n"]
    assert len(found) == 1
    return int(found.iloc[0])


def test_events_stay_and_are_counted_there(small: DuckDBEngine) -> None:
    history = read_history("leads", "activities", engine=small)
    assert history.engine is small
    assert history.activities == ("open", "click")  # 2 events of leads, and 1
    counted = {
        "rows read": 6,
        "without a lead's key": 1,
        "without a name": 1,
        "without a lead": 1,  # nobody
        "leads without any activity": 2,  # ü, and c whose only event has no name
        "activities joined to leads": 3,
    }
    assert {check: n_of(history, check) for check in counted} == counted
    kind = small.query("SELECT table_type FROM information_schema.tables "
                       "WHERE table_name = 'activities' AND table_catalog = 'temp'")  # fmt: skip
    assert kind.to_pylist() == [{"table_type": "VIEW"}]


def test_the_same_table_gives_the_same_history_whatever_its_order(tmp_path: Path) -> None:
    rows = pd.DataFrame(LEADS)
    there = [
        read_history("leads", engine=database(tmp_path / f"{i}.duckdb", leads=pa.table(part)))
        for i, part in enumerate((rows, rows.iloc[[3, 2, 0, 1]].reset_index(drop=True)))
    ]
    ids = [
        history.engine.query("SELECT lead_id FROM leads ORDER BY lead_row")[0].to_pylist()
        for history in there
    ]
    assert ids == [["a", "b", "c", "ü"]] * 2  # by the bytes of UTF-8
    assert there[0].sources == there[1].sources
    assert there[0].sources[0].rows == 4
    assert there[0].sources[0].name == "leads"


@pytest.mark.slow
def test_the_hash_of_a_log_knows_its_counts_and_no_order(tmp_path: Path) -> None:
    def hash_of(name: str, events: dict[str, list[Any]]) -> str:
        engine = database(tmp_path / f"{name}.duckdb", leads=LEADS, log=events)
        return read_history("leads", "log", engine=engine).sources[1].sha256

    turned = {column: values[::-1] for column, values in EVENTS.items()}
    renamed = EVENTS | {"activity": ["open", " open", "open", "click", "click", None]}
    first = hash_of("first", EVENTS)
    assert hash_of("turned", turned) == first
    assert hash_of("renamed", renamed) != first


@pytest.mark.slow
def test_a_frame_a_file_and_a_table_go_together(small: DuckDBEngine, tmp_path: Path) -> None:
    pd.DataFrame(LEADS).to_csv(tmp_path / "deals.csv", index=False)
    for leads in (pd.DataFrame(LEADS), tmp_path / "deals.csv", str(tmp_path / "deals.csv")):
        history = read_history(leads, "activities", engine=small)
        assert n_of(history, "activities joined to leads") == 3
    history = read_history("leads", pd.DataFrame(EVENTS), engine=small)
    assert n_of(history, "activities joined to leads") == 3
    assert history.engine is not small  # nothing is left there


@pytest.mark.slow
def test_a_history_can_be_read_again_on_the_same_engine(small: DuckDBEngine) -> None:
    first = read_history("leads", "activities", engine=small)
    again = read_history("leads", "activities", engine=small)
    assert first.table.equals(again.table)


@pytest.mark.slow
def test_keys_are_compared_as_numbers_or_as_text(tmp_path: Path) -> None:
    leads = LEADS | {"lead_id": ["1", "02", "3", "x"]}
    events = {"activity": ["open"] * 4, "occurred_at": EVENTS["occurred_at"][:4]}
    tables = {
        "numbers": events | {"lead_id": pa.array([1, 2, 3, 4], pa.int32())},
        "texts": events | {"lead_id": ["1", " 02 ", "3", "4"]},
        "decimals": events | {"lead_id": [decimal.Decimal(n) for n in (1, 2, 3, 4)]},
    }
    engine = database(tmp_path / "crm.duckdb", leads=leads, **tables)
    joined = {
        name: n_of(read_history("leads", name, engine=engine), "activities joined to leads")
        for name in tables
    }
    assert joined == {"numbers": 2, "texts": 3, "decimals": 2}  # 02 is no spelling of 2


@pytest.mark.slow
def test_contacts_and_ids(tmp_path: Path) -> None:
    leads = LEADS | {"contact": ["p@x.it", "p@x.it", "q@x.it", None]}
    by_contact = EVENTS | {"lead_id": ["p@x.it", "p@x.it", "q@x.it", "r@x.it", "s", "t"]}
    engine = database(tmp_path / "crm.duckdb", leads=leads, log=by_contact, by_id=EVENTS)
    columns = cal.LeadColumns(contact="contact")
    history = read_history("leads", "log", engine=engine, leads=columns)
    assert n_of(history, "activities joined to leads") == 3
    assert n_of(history, "leads without any activity") == 1
    assert "r@x.it" not in history.table.to_string()
    rejoined = read_history("leads", "by_id", engine=engine, leads=columns)
    assert n_of(rejoined, "activities that name the lead, not the contact") == 3
    assert n_of(rejoined, "leads without any activity") == 2


@pytest.mark.slow
def test_times_with_and_without_a_zone(tmp_path: Path) -> None:
    # 2024-03-31 00:30 UTC is 01:30 in Rome, half an hour before the clocks go forward; 18:30 of
    # the 30th in New York (UTC-4) is 22:30 UTC, 23:30 in Rome. Dates stay what they are.
    times = {
        "aware": pa.array([dt.datetime(2024, 3, 31, 0, 30)], pa.timestamp("us", "UTC")),
        "naive": pa.array([dt.datetime(2024, 3, 30, 18, 30)], pa.timestamp("us")),
        "fine": pa.array([1711823400_123456789], pa.timestamp("ns")),  # 18:30:00.123456789
        # 00:30:00.123456789 UTC
        "fine_aware": pa.array([1711845000_123456789], pa.timestamp("ns", "UTC")),
        "day": pa.array([dt.date(2024, 3, 30)], pa.date32()),
    }
    leads = LEADS | {"created_at": pa.array(LEADS["created_at"], pa.timestamp("us", "UTC"))}
    tables = {
        name: {"lead_id": ["a"], "activity": ["open"], "occurred_at": values}
        for name, values in times.items()
    }
    engine = database(tmp_path / "crm.duckdb", leads=leads, **tables)
    found = {}
    for name in times:
        read_history(
            "leads",
            name,
            engine=engine,
            leads=cal.LeadColumns(timezone="Europe/Rome"),
            activities=cal.ActivityColumns(timezone="America/New_York"),
        )
        found[name] = engine.query("SELECT occurred_at FROM activities")[0][0].as_py()
    assert found == {
        "aware": dt.datetime(2024, 3, 31, 1, 30),
        "naive": dt.datetime(2024, 3, 30, 23, 30),
        "fine": dt.datetime(2024, 3, 30, 23, 30, 0, 123456),
        "fine_aware": dt.datetime(2024, 3, 31, 1, 30, 0, 123456),
        "day": dt.datetime(2024, 3, 30),
    }
    created = read_history("leads", engine=engine, leads=cal.LeadColumns(timezone="Europe/Rome"))
    first = created.engine.query("SELECT min(created_at) AS first FROM leads")[0][0].as_py()
    assert first == dt.datetime(2024, 1, 1, 1)  # midnight UTC


@pytest.mark.parametrize(
    ("leads", "events", "how", "message"),
    [
        (
            {},
            {"occurred_at": ["2024-01-05"] * 6},
            {},
            (
                'log, column "occurred_at": the times of this column are varchar; '
                "cast it to a timestamp in a view, and name the view"
            ),
        ),
        (
            {},
            {"value": ["1"] * 6},
            {},
            (
                'log, column "value": the numbers of this column are varchar; '
                "cast it to a number in a view, and name the view"
            ),
        ),
        (
            {},
            {"lead_id": ["x"] * 6},
            {},
            (
                'log, column "lead_id": no activity belongs to a lead: no value of this column is '
                "a lead's id; is it the log of these leads? else say [activities] lead, or [leads] "
                "contact"
            ),
        ),
        (
            {},
            {},
            {"activities": cal.ActivityColumns(activity="activty")},
            (
                'log: there is no column "activty" for [activities] activity '
                '(did you mean "activity"?)'
            ),
        ),
        (
            {"outcome": ["won?", "lost", "open", "open"]},
            {},
            {},
            (
                'leads, id b, column "outcome": "won?" is not an outcome; it must be converted, '
                "lost or open (or yes/no, 1/0), or say under [leads] which values mean "
                "won = [...] and lost = [...]"
            ),
        ),
        (
            {"lead_id": ["b", "a", "a", "c"]},
            {},
            {},
            (
                'leads, id a, column "lead_id": "a" stands in another row already, with another '
                '"created_at"; keep one row a lead, or map the column that is different for each'
            ),
        ),
        (
            {},
            {},
            {"leads": cal.LeadColumns(id="Id")},
            (
                'leads: there is no column "Id" for [leads] id; it has "lead_id", "created_at", '
                '"outcome", "closed_at"'
            ),
        ),
        (
            {},
            {},
            {"leads": cal.LeadColumns(from_activities=True)},
            (
                "leads: leads are not made from a log that stands in a database; make a view there "
                "with a row a lead, and leave from_activities out"
            ),
        ),
    ],
)
def test_what_cannot_be_read_is_one_line_without_a_row(
    tmp_path: Path,
    leads: dict[str, list[Any]],
    events: dict[str, list[Any]],
    how: dict[str, Any],
    message: str,
) -> None:
    engine = database(tmp_path / "crm.duckdb", leads=LEADS | leads, log=EVENTS | events)
    with pytest.raises(CalibrateError) as refused:
        read_history("leads", "log", engine=engine, **how)
    assert str(refused.value) == message


@pytest.mark.slow
def test_tables_without_a_row_and_too_many_activities(tmp_path: Path) -> None:
    many = {
        "lead_id": ["a"] * 501,
        "activity": [f"page {i}" for i in range(501)],
        "occurred_at": [dt.datetime(2024, 1, 5)] * 501,
    }
    empty = pa.table(EVENTS).slice(0, 0)
    none = pa.table(LEADS).slice(0, 0)
    engine = database(tmp_path / "c.duckdb", leads=LEADS, many=many, empty=empty, none=none)
    with pytest.raises(DataError, match='many, column "activity": 501 different activities'):
        read_history("leads", "many", engine=engine)
    with pytest.raises(DataError, match="empty: the table has no row"):
        read_history("leads", "empty", engine=engine)
    with pytest.raises(DataError, match="none: the table has no row"):
        read_history("none", engine=engine)
    history = read_history("leads", "empty", engine=engine, new_leads=True)
    assert history.activities == ()


def test_a_missing_table_is_named_with_the_nearest(small: DuckDBEngine) -> None:
    with pytest.raises(ConfigError, match=r'no table lead \(did you mean "leads"\?\)'):
        read_history("lead", engine=small)
    with pytest.raises(DataError, match=r'there is no file "leads\.csv"'):
        read_history("leads.csv", engine=small)


def test_ignored_columns_stay_where_they_are(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listening(DuckDBEngine):
        def query(self, sql: str, parameters: Any = ()) -> pa.Table:
            asked.append(sql)
            return super().query(sql, parameters)

    leads = LEADS | {"notes": ["x"] * 4, "source": ["test", "web", "web", "web"]}
    database(tmp_path / "crm.duckdb", leads=leads).close()
    columns = cal.LeadColumns(ignore=["Notes", "source"], exclude={"source": ["test"]})
    history = read_history("leads", engine=Listening(tmp_path / "crm.duckdb"), leads=columns)
    assert n_of(history, 'rows excluded by "source"', "leads") == 1  # ignored, but needed
    assert history.attributes == ()
    fetched = next(sql for sql in asked if sql.startswith('SELECT t."lead_id"'))
    assert '"source"' in fetched
    assert "notes" not in fetched


@pytest.mark.slow
def test_settings_name_tables_of_the_database_else_files(tmp_path: Path) -> None:
    database(tmp_path / "crm.duckdb", leads=LEADS, log=EVENTS).close()
    pd.DataFrame(LEADS).to_csv(tmp_path / "deals.csv", index=False)
    url = f"duckdb://{tmp_path / 'crm.duckdb'}"
    for source in ("leads", "deals.csv"):
        settings = Settings(
            leads=cal.LeadColumns(source=source),
            activities=cal.ActivityColumns(source="log"),
            database=DatabaseSettings(url=url),
            engine=EngineSettings(memory_limit="500MB", threads=1, temp_directory="spill"),
            folder=tmp_path,
        )
        history = history_from_settings(settings)
        assert [part.name for part in history.sources] == [source, "log"]
        assert n_of(history, "activities joined to leads") == 3
        history.engine.close()


def test_the_engine_in_the_process_keeps_to_its_settings(tmp_path: Path) -> None:
    settings = Settings(
        leads=cal.LeadColumns(source="deals.csv"),
        engine=EngineSettings(memory_limit="300MB", threads=1),
        folder=tmp_path,
    )
    pd.DataFrame(LEADS).to_csv(tmp_path / "deals.csv", index=False)
    engine = history_from_settings(settings).engine
    asked = "SELECT current_setting('threads') AS n, current_setting('memory_limit') AS memory"
    assert engine.query(asked).to_pylist() == [{"n": 1, "memory": "71.5 MiB"}]  # 1/4 of 300e6


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BIGINT", "integer"),
        ("TIMESTAMP WITH TIME ZONE", "instant"),
        ("TIMESTAMP_S", "moment"),
        ("DECIMAL(10,2)", "number"),
        ("ENUM('a', 'b')", "text"),
        ("INTEGER[]", "other"),
        ("UUID", "other"),
    ],
)
def test_what_a_type_holds(name: str, kind: str) -> None:
    assert kind_of(name) == kind
