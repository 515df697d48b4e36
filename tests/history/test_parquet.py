"""Parquet read by the engine itself says what the same rows say as an Arrow frame."""

from __future__ import annotations

import datetime as dt
import gc
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from calibrate.config import ActivityColumns, LeadColumns
from calibrate.engines import DuckDBEngine
from calibrate.errors import DataError
from calibrate.history import History, encoding, read_history, repeats
from calibrate.history.sources import read_source

DAY = dt.datetime(2024, 1, 10, 12)
US, NS = pa.timestamp("us"), pa.timestamp("ns")
BLANK = "\u00a0 \t"


def leads_table(n: int = 6) -> pa.Table:
    days = [DAY + dt.timedelta(days=i) for i in range(n)]
    fine = pa.array([1_704_888_000_123_456_789 + i for i in range(n)], NS)
    return pa.table(
        {
            "lead_id": pa.array([f"L{i}" for i in range(n)]),
            "created_at": pa.array(days, US),
            "outcome": pa.array(["open", " lost", "converted", "open\t", "open", "open"][:n]),
            "closed_at": pa.array([None, *days[1:]], pa.timestamp("ms")),
            "segment": pa.array([f"{BLANK}smb", "n/a", "", None, "big ", "big"][:n]),
            "kind": pa.array(list("aabbcc")[:n]).dictionary_encode(),
            "score": pa.array([1.5, float("nan"), None, 2, 3, 4][:n], pa.float32()),
            "visits": pa.array(range(n), pa.uint16()),
            "newsletter": pa.array([True, False, None, True, True, False][:n]),
            "seen": fine,
            "born": pa.array([dt.date(2024, 1, i + 1) for i in range(n)]),
            "zoned": pa.array(days, pa.timestamp("us", "Europe/Rome")),
            "large": pa.array([f"x{i % 2}" for i in range(n)], pa.large_string()),
        }
    )


def log_table() -> pa.Table:
    rows = [
        ("L0", "click", 1, "/pricing", 1.0),
        ("L0", "click", 1, "/pricing", 1.0),  # the same event again
        ("L0", "click", 1, "/home", 1.0),
        ("L1 ", "open", 2, None, None),  # a blank after the key
        ("L2", " click ", 3, "", 2.0),
        (None, "click", 3, None, None),
        ("L2", None, 3, None, None),
        ("L2", "click", None, None, None),
        ("stranger", "click", 3, None, None),
        (None, None, None, None, None),
        ("L3", "score", 4, None, None),  # a name that a column of the observation has
        ("L4", "n/a", 4, None, None),
    ]
    key, name, day, detail, value = zip(*rows, strict=True)
    times = [None if d is None else DAY + dt.timedelta(days=d, hours=1) for d in day]
    return pa.table(
        {
            "lead_id": pa.array(key),
            "activity": pa.array(name).dictionary_encode(),
            "occurred_at": pa.array(times, US),
            "detail": pa.array(detail),
            "value": pa.array(value),
        }
    )


def written(table: pa.Table, path: Path) -> Path:
    pq.write_table(table, path)
    return path


def content(history: History) -> tuple[object, ...]:
    engine = history.engine
    return (
        engine.query("SELECT * FROM leads ORDER BY lead_row").to_pylist(),
        engine.query("SELECT * FROM activities ORDER BY activity_row").to_pylist(),
        history.table.to_dict("records"),
        history.attributes,
        history.activities,
        history.as_of,
    )


@pytest.mark.slow
@pytest.mark.parametrize("nulls", [[], ["n/a"]])
def test_a_file_says_what_the_frame_says(tmp_path: Path, nulls: list[str]) -> None:
    leads, log = leads_table(), log_table()
    mapped = {
        "leads": LeadColumns(null_values=nulls, timezone="Europe/Rome"),
        "activities": ActivityColumns(null_values=nulls),
    }
    files = [written(leads, tmp_path / "leads.parquet"), written(log, tmp_path / "log.parquet")]
    opened = [read_source(file, "leads", LeadColumns()) for file in files]
    assert all(source.scan is not None for source in opened)  # the engine reads them
    history = read_history(*files, **mapped)
    assert content(history) == content(read_history(leads, log, **mapped))
    found = history.table.query("table == 'activities'").set_index("check")["n"]
    # counted in log_table; "n/a" names an activity, unless it is a spelling of nothing
    assert found["blank rows"] == found["without a lead's key"] == found["without a time"] == 1
    assert found["without a name"] == 1 + len(nulls)
    assert (found["without a lead"], found["the same event again"]) == (1, 1)
    assert found["activities joined to leads"] == 7 - len(nulls)
    assert history.activities[:2] == ("click", "activity:score")  # 4 clicks, then by name


def test_events_keep_the_order_of_the_files_and_their_text_is_trimmed(tmp_path: Path) -> None:
    log = log_table()
    written(log[:4], tmp_path / "log1.parquet")
    written(log[4:].drop_columns(["detail"]), tmp_path / "log2.parquet")
    leads = written(leads_table(), tmp_path / "leads.parquet")
    history = read_history(leads, str(tmp_path / "log*.parquet"))
    rows = history.engine.query(
        "SELECT lead_key, activity, detail FROM activities ORDER BY activity_row"
    ).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (0, "click", "/pricing"),
        (0, "click", "/pricing"),
        (0, "click", "/home"),
        (1, "open", None),
        (2, "click", None),
        (3, "activity:score", None),
        (4, "n/a", None),
    ]


ODD = {
    "a list": pa.array([["a"], None]),
    "a decimal": pa.array([Decimal("1.5"), None]),
    "a duration": pa.array([1, None], pa.duration("us")),
    "nothing": pa.nulls(2),
    "finer than can be cast": pa.array([1, None], pa.timestamp("ns", "UTC")),
}


@pytest.mark.slow
@pytest.mark.parametrize("column", ODD.values(), ids=ODD)
def test_what_the_engine_sees_otherwise_arrow_reads(tmp_path: Path, column: pa.Array) -> None:
    table = leads_table(2).append_column("odd", column)
    file = written(table, tmp_path / "leads.parquet")
    assert read_source(file, "leads", LeadColumns()).scan is None
    assert content(read_history(file)) == content(read_history(table))


def test_files_of_different_types_and_names_alike_are_left_to_arrow(tmp_path: Path) -> None:
    table = leads_table(2)
    wider = table.set_column(7, "visits", pa.array([1, 2], pa.int64()))
    written(table, tmp_path / "a.parquet")
    written(wider, tmp_path / "b.parquet")
    pattern = str(tmp_path / "[ab].parquet")
    assert read_source(pattern, "leads", LeadColumns()).scan is None
    alike = table.append_column("Segment", pa.array(["a", "b"]))
    assert read_source(written(alike, tmp_path / "c.parquet"), "leads", LeadColumns()).scan is None
    (tmp_path / "x[1]").mkdir()
    odd = written(table, tmp_path / "x[1]" / "leads.parquet")
    assert read_source(odd, "leads", LeadColumns()).scan is None  # no pattern is made of its name
    assert read_history(odd).n_leads == 2


@pytest.mark.slow
def test_whole_numbers_and_texts_join_as_texts(tmp_path: Path) -> None:
    leads = leads_table(3).set_column(0, "lead_id", pa.array([7, 8, 9]))
    times = pa.array([DAY] * 3, US)
    names = pa.array(["click"] * 3)
    for keys, n in ((["7", " 8", "x"], 2), ([7, 8, 80], 2), ([7.0, 8.5, 9.0], 2)):
        log = pa.table({"lead_id": pa.array(keys), "activity": names, "occurred_at": times})
        history = read_history(leads, written(log, tmp_path / "log.parquet"))
        assert history.n_activities == n
        shown = history.table.query("check == 'without a lead'")["examples"].tolist()
        assert shown == [str(next(k for k in keys if k in ("x", 80, 8.5)))]


@pytest.mark.slow
def test_many_names_are_numbered_too_and_too_many_refused(tmp_path: Path) -> None:
    n = 501
    log = pd.DataFrame(
        {
            "lead_id": ["L0"] * n,
            "activity": [f"a{i:03}" for i in range(n)],
            "occurred_at": [DAY] * n,
        }
    )
    leads = leads_table(2)
    history = read_history(leads, log[:100])
    assert sorted(history.activities) == [f"a{i:03}" for i in range(100)]
    with pytest.raises(DataError, match="501 different activities are too many"):
        read_history(leads, log)
    log.loc[1:, "lead_id"] = "stranger"  # only those of leads count
    assert read_history(leads, log).activities == ("a000",)


def test_repeats_are_found_in_every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_SLICE", 3)
    log = pd.DataFrame(
        {
            "lead_id": ["L0", "L5", "L5", "L5", "L2", "L0", "L3"],
            "activity": ["a", "b", "b", "b", "a", "a", "b"],
            "occurred_at": [DAY] * 7,
        }
    )
    history = read_history(leads_table(), log)
    found = history.table.set_index("check")["n"]
    assert found["the same event again"] == 3  # L0 a once, L5 b twice more
    assert found["leads without any activity"] == 2  # L1 and L4


@pytest.mark.slow
def test_a_large_log_is_kept_on_disk_as_long_as_its_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads, log = leads_table(), log_table()
    expected = content(read_history(leads, log))
    monkeypatch.setattr(encoding, "_LARGE", 1)
    engine = DuckDBEngine(temp_directory=tmp_path / "spill")
    assert content(read_history(leads, log, engine=engine)) == expected
    (made,) = (tmp_path / "spill").glob("calibrate-*")
    assert {file.suffix for file in made.iterdir()} <= {".duckdb", ".wal"}
    engine.close()
    assert not made.exists()
    history = read_history(leads, log, engine=DuckDBEngine(temp_directory=tmp_path / "spill"))
    assert content(read_history(leads, log, engine=history.engine)) == expected  # read again
    del history
    gc.collect()
    assert not list((tmp_path / "spill").glob("calibrate-*"))
