"""The same table from every kind of source is the same history."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
from pathlib import Path

import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns, Settings
from calibrate.errors import DataError
from calibrate.history import History, history_from_settings, read_history
from calibrate.history.delimited import decode, parse_delimited, sniff_delimiter

ROWS = pd.DataFrame(
    {
        "lead_id": ["a1", "a2", "a3"],
        "created_at": ["2024-01-01 08:00:00", "2024-01-02 09:30:00", "2024-01-03 10:00:00"],
        "outcome": ["converted", "lost", "open"],
        "closed_at": ["2024-01-05 08:00:00", "2024-01-09 08:00:00", ""],
        "amount": ["1200.5", "", ""],
        "Industry": ["Software", "", "Retail, food"],
        "visits": ["3", "0", "12"],
    }
)


def content(history: History) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = history.engine.query(
        "SELECT * FROM leads ORDER BY lead_row"
    ).to_pylist()
    return rows


@pytest.fixture
def expected(tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "expected.csv"
    ROWS.to_csv(path, index=False)
    return content(read_history(path))


def test_a_csv_file_is_typed_as_it_says(expected: list[dict[str, object]]) -> None:
    first = expected[0]
    assert first["lead_row"] == 0
    assert (first["lead_id"], first["lead_key"]) == ("a1", 0)
    assert first["created_at"] == dt.datetime(2024, 1, 1, 8)
    assert first["closed_from"] == first["closed_at"] == dt.datetime(2024, 1, 5, 8)
    assert first["amount"] == 1200.5
    assert (first["x0"], first["x1"]) == ("Software", 3.0)
    assert expected[1]["x0"] is None
    assert expected[2]["x0"] == "Retail, food"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_reads_alike(
    delimiter: str, tmp_path: Path, expected: list[dict[str, object]]
) -> None:
    ROWS.to_csv(tmp_path / "leads.csv", index=False, sep=delimiter)
    assert content(read_history(tmp_path / "leads.csv")) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_marked_encoding_reads_alike(
    encoding: str, tmp_path: Path, expected: list[dict[str, object]]
) -> None:
    (tmp_path / "leads.csv").write_bytes(ROWS.to_csv(index=False).encode(encoding))
    assert content(read_history(tmp_path / "leads.csv")) == expected


@pytest.mark.slow
def test_gz_parquet_and_frames_read_alike(
    tmp_path: Path, expected: list[dict[str, object]]
) -> None:
    packed = tmp_path / "leads.csv.gz"
    packed.write_bytes(gzip.compress(ROWS.to_csv(index=False).encode()))
    pq.write_table(pa.Table.from_pandas(ROWS), tmp_path / "leads.parquet")
    table = pa.Table.from_pandas(ROWS)
    sources = [
        packed,
        tmp_path / "leads.parquet",
        str(tmp_path / "leads.par*"),
        ROWS,
        pl.from_pandas(ROWS),
        table,
        table.to_batches()[0],
        table.cast(pa.schema([(name, pa.large_string()) for name in table.column_names])),
        ROWS.astype("category"),
        pl.from_pandas(ROWS).lazy().collect(),
    ]
    for source in sources:
        assert content(read_history(source)) == expected


@pytest.mark.slow
def test_a_workbook_reads_alike_with_real_dates_and_numbers(
    tmp_path: Path, expected: list[dict[str, object]]
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(ROWS.columns))
    for row in ROWS.itertuples(index=False):
        cells = [value or None for value in row]
        cells[1] = dt.datetime.fromisoformat(row.created_at)
        cells[3] = dt.datetime.fromisoformat(row.closed_at) if row.closed_at else None
        cells[4] = 1200.5 if row.amount else None
        cells[6] = int(row.visits)
        sheet.append(cells)
    book.create_sheet("other").append(["nothing"])
    book.save(tmp_path / "leads.xlsx")
    for decimal in (None, ",", "."):
        columns = LeadColumns(decimal=decimal, date_format="%d/%m/%Y" if decimal else None)
        assert content(read_history(tmp_path / "leads.xlsx", leads=columns)) == expected


@pytest.mark.parametrize("kind", [lambda frame: frame, pa.Table.from_pandas])
def test_a_column_without_a_name_is_called_by_its_place(kind: object, tmp_path: Path) -> None:
    frame = pd.DataFrame({"lead_id": [1, 2], "outcome": ["lost", "converted"], "": [3, 4]})
    frame.to_csv(tmp_path / "leads.csv", index=False)
    for source in (kind(frame), tmp_path / "leads.csv"):  # type: ignore[operator]
        assert [a.name for a in read_history(source).attributes] == ["column 3"]


def test_native_types_of_a_frame_are_kept() -> None:
    frame = pd.DataFrame(
        {
            "lead_id": [7, 8],
            "created_at": pd.to_datetime(["2024-01-01 10:00", "2024-01-02 11:00"], utc=True),
            "outcome": [True, False],
            "newsletter": [True, None],
            "score": [1.5, float("nan")],
            "when": [dt.date(2024, 1, 1), None],
            "tags": [["a"], None],
        }
    )
    history = read_history(frame, leads=LeadColumns(timezone="Europe/Rome"))
    rows = content(history)
    assert [row["lead_id"] for row in rows] == [7, 8]
    assert [row["lead_key"] for row in rows] == [0, 1]
    assert rows[0]["created_at"] == dt.datetime(2024, 1, 1, 11)  # Rome is an hour ahead of UTC
    assert [row["outcome"] for row in rows] == ["converted", "open"]
    kinds = {a.name: (a.kind, a.excluded) for a in history.attributes}
    assert kinds["newsletter"] == ("category", None)
    assert kinds["field:score"] == ("number", None)
    assert kinds["when"] == ("date", "a date")
    assert rows[0]["x0"] == "yes"
    assert rows[1]["x1"] is None


def test_a_float_id_of_pandas_joins_a_whole_one() -> None:
    leads = pd.DataFrame({"lead_id": [1.0, 2.0], "created_at": ["2024-01-01"] * 2, "outcome": 0})
    log = pd.DataFrame({"lead_id": [2], "activity": ["x"], "occurred_at": ["2024-01-02"]})
    history = read_history(leads, log)
    assert [row["lead_id"] for row in content(history)] == [1, 2]
    assert history.n_activities == 1


def test_nanoseconds_are_truncated_as_from_text() -> None:
    stamp = "2024-01-01 10:00:00.123456789"
    text = pd.DataFrame({"lead_id": ["a"], "created_at": [stamp], "outcome": ["open"]})
    fine = text.assign(created_at=pd.to_datetime(text["created_at"]).astype("datetime64[ns]"))
    assert content(read_history(text)) == content(read_history(fine))
    assert content(read_history(fine))[0]["created_at"].microsecond == 123456


def test_several_files_are_one_table_in_the_order_of_their_names(tmp_path: Path) -> None:
    ROWS[2:].to_csv(tmp_path / "part2.csv", index=False)
    ROWS[:2].to_csv(tmp_path / "part1.csv", index=False, sep=";")
    history = read_history(str(tmp_path / "part*.csv"))
    assert [row["lead_id"] for row in content(history)] == ["a1", "a2", "a3"]
    assert [(s.name, s.rows) for s in history.sources] == [("part1.csv", 2), ("part2.csv", 1)]
    for part in (1, 2):
        path = tmp_path / f"part{part}.parquet"
        ROWS[part - 1 :: 2].drop(columns=["visits"] * (part - 1)).to_parquet(path, index=False)
    assert read_history(str(tmp_path / "part*.parquet")).n_leads == 3


def test_sources_carry_name_rows_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    ROWS.to_csv(path, index=False)
    source = read_history(path).sources[0]
    assert source.name == "leads.csv"
    assert source.rows == 3
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    one, two = read_history(ROWS).sources[0], read_history(ROWS.copy()).sources[0]
    assert one.name == "data frame"
    assert one.sha256 == two.sha256 != read_history(ROWS[::-1]).sources[0].sha256


def test_settings_name_sources_relative_to_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a [b]"
    folder.mkdir()
    ROWS.to_csv(folder / "leads.csv", index=False)
    log = pd.DataFrame({"lead_id": ["a1"], "activity": ["x"], "occurred_at": ["2024-01-02"]})
    log.to_csv(folder / "log.csv", index=False)
    pd.DataFrame({"lead_id": ["a2"]}).to_csv(folder / "wins.csv", index=False)
    for name in ("leads.csv", "lea*.csv", str(folder / "leads.csv")):
        settings = Settings(
            leads=LeadColumns(source=name),
            activities=ActivityColumns(source="log.csv"),
            outcomes=OutcomeColumns(source="wins.csv"),
            folder=folder,
        )
        history = history_from_settings(settings)
        assert (history.n_leads, history.n_activities) == (3, 1)
        assert [row["outcome"] for row in content(history)][:2] == ["converted", "converted"]


def test_excel_names_the_delimiter_in_its_first_line() -> None:
    table = parse_delimited("sep=|\na|b\n1|2\n", file="x.csv")
    assert table.names == ("a", "b")
    assert table.delimiter == "|"


def test_delimiters_inside_quotes_do_not_count() -> None:
    assert sniff_delimiter('a;"b,c,d";e\n1;"2,3";4\n') == ";"
    assert sniff_delimiter("no table") is None


def test_a_blank_row_is_left_out_and_counted(tmp_path: Path) -> None:
    text = ROWS.to_csv(index=False).splitlines()
    (tmp_path / "leads.csv").write_text("\n".join([text[0], text[1], "", ",,,,,,", *text[2:]]))
    history = read_history(tmp_path / "leads.csv")
    counts = history.table.set_index("check")["n"]
    assert history.n_leads == 3
    assert counts["blank rows"] == 2
    assert counts["rows read"] == 5


CELL = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=8)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_quoted_cells_survive_any_delimiter(rows: list[tuple[str, str]], delimiter: str) -> None:
    frame = pd.DataFrame(rows, columns=["first", "second"])
    text = frame.to_csv(index=False, sep=delimiter, quoting=1)
    table = parse_delimited(text, file="x.csv", delimiter=delimiter)
    assert [tuple(row.values()) for row in table.data.to_pylist()] == rows


def test_a_delimiter_or_codec_that_cannot_be_read_with_is_one_line() -> None:
    with pytest.raises(DataError, match='cells cannot be separated by "é"'):
        parse_delimited("sep=é\naéb\n1é2\n", file="x.csv")
    with pytest.raises(DataError, match='"base64" cannot be decoded'):
        decode(b"a,b\n", file="x.csv", encoding="base64")
