"""Dates, numbers, outcomes and missing values, as people spell them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.config import LeadColumns
from calibrate.errors import CalibrateWarning, DataError
from calibrate.history import History, read_history
from calibrate.history.dates import date_values
from calibrate.history.numbers import number_values

ITALIAN = (
    "ID;Data creazione;Esito;Data chiusura;Importo;Città;Visite;Punteggio\n"
    "1;03/07/2023;Vinto;13/07/2023 17.45;1.234,50;Forlì;3;0,5\n"
    "2;14/07/2023;Perso;20/07/2023;;Cefalù;0;1,25\n"
    "3;15/07/2023;Aperto;;12,5;N.D.;12;2\n"
)
COLUMNS = {
    "id": "ID",
    "created_at": "Data creazione",
    "outcome": "Esito",
    "won": ["Vinto"],
    "lost": ["Perso"],
    "closed_at": "Data chiusura",
    "amount": "Importo",
    "null_values": ["N.D."],
}


def rows(history: History) -> list[dict[str, object]]:
    found: list[dict[str, object]] = history.engine.query(
        "SELECT * FROM leads ORDER BY lead_row"
    ).to_pylist()
    return found


def read(created: list[str], **columns: object) -> list[object]:
    frame = pd.DataFrame({"lead_id": range(len(created)), "created_at": created, "outcome": "open"})
    return [row["created_at"] for row in rows(read_history(frame, leads=LeadColumns(**columns)))]


@pytest.mark.parametrize(
    "told", [{}, {"date_format": "%d/%m/%Y", "decimal": ",", "delimiter": ";"}]
)
def test_what_an_italian_marketer_sends_from_excel(told: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "lead.csv"
    path.write_bytes(ITALIAN.encode("cp1252"))
    history = read_history(path, leads=LeadColumns(**COLUMNS, encoding="cp1252", **told))
    first, second, third = rows(history)
    assert first["created_at"] == dt.datetime(2023, 7, 3)
    assert first["closed_from"] == first["closed_at"] == dt.datetime(2023, 7, 13, 17, 45)
    assert second["closed_from"] == dt.datetime(2023, 7, 20)
    assert second["closed_at"] == dt.datetime(2023, 7, 20, 23, 59, 59, 999999)
    assert [row["amount"] for row in (first, second, third)] == [1234.5, None, 12.5]
    assert [row["x0"] for row in (first, second, third)] == ["Forlì", "Cefalù", None]
    assert [row["x1"] for row in (first, second, third)] == [3.0, 0.0, 12.0]
    assert [row["x2"] for row in (first, second, third)] == [0.5, 1.25, 2.0]
    assert [row["outcome"] for row in (first, second, third)] == ["converted", "lost", "open"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31", dt.datetime(2024, 1, 31)),
        ("2024-1-31 9:05", dt.datetime(2024, 1, 31, 9, 5)),
        ("2024/01/31", dt.datetime(2024, 1, 31)),
        ("2024-01-31T09:05:06.5", dt.datetime(2024, 1, 31, 9, 5, 6, 500000)),
        ("2024-01-31 09:05:06,250", dt.datetime(2024, 1, 31, 9, 5, 6, 250000)),
        ("2024-01-31T09:05:06Z", dt.datetime(2024, 1, 31, 9, 5, 6)),
        ("2024-01-31T09:05+02:00", dt.datetime(2024, 1, 31, 7, 5)),
        ("2024-01-31 09:05:06 UTC", dt.datetime(2024, 1, 31, 9, 5, 6)),
        ("2024-01-31 09:05 PM", dt.datetime(2024, 1, 31, 21, 5)),
        ("31/01/2024", dt.datetime(2024, 1, 31)),
        ("31.01.2024 9.05", dt.datetime(2024, 1, 31, 9, 5)),
        ("31.1.2024, 09:05:06", dt.datetime(2024, 1, 31, 9, 5, 6)),
        ("31-01-2024 09:05", dt.datetime(2024, 1, 31, 9, 5)),
        ("1/31/2024", dt.datetime(2024, 1, 31)),
        ("1/31/2024 12:05 a.m.", dt.datetime(2024, 1, 31, 0, 5)),
        ("01/31/2024 12:05:06 PM", dt.datetime(2024, 1, 31, 12, 5, 6)),
    ],
)
def test_dates_are_read_in_the_only_order_that_fits(text: str, moment: dt.datetime) -> None:
    assert read([text]) == [moment]


def test_a_declared_format_settles_what_is_ambiguous() -> None:
    assert read(["03/04/2024"], date_format="%d/%m/%Y") == [dt.datetime(2024, 4, 3)]
    assert read(["03/04/2024 10:30"], date_format="%m/%d/%Y") == [dt.datetime(2024, 3, 4, 10, 30)]
    assert read(["3.4.24", "3.4.24 10:30"], date_format="%d.%m.%y") == [
        dt.datetime(2024, 4, 3),
        dt.datetime(2024, 4, 3, 10, 30),
    ]
    assert read(["20240403"], date_format="%Y%m%d") == [dt.datetime(2024, 4, 3)]
    assert read(["2024-04-03"], date_format="%d/%m/%Y") == [dt.datetime(2024, 4, 3)]


def test_an_ambiguous_column_takes_the_order_another_one_proves() -> None:
    frame = pd.DataFrame(
        {
            "lead_id": ["a", "b"],
            "created_at": ["03/04/2024", "05/06/2024"],
            "outcome": ["lost", "lost"],
            "closed_at": ["25/04/2024", "07/06/2024"],
        }
    )
    assert rows(read_history(frame))[0]["created_at"] == dt.datetime(2024, 4, 3)


def test_naive_times_are_in_the_zone_of_the_table_and_aware_ones_move_to_it() -> None:
    summer = dt.datetime(2024, 7, 1, 12)
    assert read(["2024-07-01 12:00"], timezone="Europe/Rome") == [summer]
    assert read(["2024-07-01T10:00Z"], timezone="Europe/Rome") == [summer]  # CEST is UTC+2


def test_a_log_in_another_zone_is_moved_to_that_of_the_leads() -> None:
    from calibrate.config import ActivityColumns

    leads = pd.DataFrame({"lead_id": ["a"], "created_at": ["2024-07-01 12:00"], "outcome": "open"})
    for when in ("2024-07-01 12:00", pd.Timestamp("2024-07-01 12:00")):
        log = pd.DataFrame({"lead_id": ["a"], "activity": ["x"], "occurred_at": [when]})
        history = read_history(
            leads,
            log,
            leads=LeadColumns(timezone="Europe/Rome"),
            activities=ActivityColumns(timezone="UTC"),
        )
        found = history.engine.query("SELECT occurred_at FROM activities").to_pylist()
        assert found[0]["occurred_at"] == dt.datetime(2024, 7, 1, 14)


def test_up_to_one_date_in_a_hundred_may_be_none() -> None:
    created = ["2024-01-01"] * 199 + ["n/a"]
    frame = pd.DataFrame({"lead_id": range(200), "created_at": created, "outcome": "open"})
    history = read_history(frame)
    counts = history.table.set_index("check")
    assert history.n_leads == 199
    assert counts.loc['values of "created_at" that are no date', "n"] == 1
    assert counts.loc['values of "created_at" that are no date', "examples"] == "n/a"
    assert counts.loc["without a creation time", "n"] == 1
    assert counts.loc["without a creation time", "examples"] == "199"


def test_the_zero_date_of_databases_is_missing() -> None:
    frame = pd.DataFrame(
        {
            "lead_id": ["a", "b"],
            "created_at": ["2024-01-01", "2024-01-02"],
            "outcome": ["open", "lost"],
            "closed_at": ["0000-00-00 00:00:00", "2024-01-09"],
        }
    )
    assert rows(read_history(frame))[0]["closed_at"] is None


MOMENTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2090, 1, 1))


@given(MOMENTS, st.sampled_from(["ymd", "dmy", "mdy"]), st.sampled_from("/.-"))
def test_a_moment_survives_every_spelling_of_its_order(
    moment: dt.datetime, order: str, mark: str
) -> None:
    parts = {"ymd": ["%Y", "%m", "%d"], "dmy": ["%d", "%m", "%Y"], "mdy": ["%m", "%d", "%Y"]}
    text = moment.strftime(mark.join(parts[order]) + " %H:%M:%S.%f")
    assert one(date_values("v", order), text) == moment


@given(st.decimals(-(10**9), 10**9, places=3), st.booleans())
def test_a_number_survives_either_decimal_sign(value: object, grouped: bool) -> None:
    point = f"{value:,}" if grouped else f"{value}"
    comma = point.translate(str.maketrans(".,", ",."))
    assert one(number_values("v", "."), point) == float(value)
    assert one(number_values("v", ","), comma) == float(value)


def one(expression: str, text: str) -> object:
    return duckdb.execute(f"SELECT {expression} FROM (SELECT ? AS v)", [text]).fetchall()[0][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.5", "2"], [1.5, 2.0]),
        (["1,5", "2"], [1.5, 2.0]),
        (["1,234.5", "2"], [1234.5, 2.0]),
        (["1.234,5", "2"], [1234.5, 2.0]),
        (["€ 1.234,5", "2 €"], [1234.5, 2.0]),
        (["1.234", "2.5"], [1.234, 2.5]),
        (["1.234.567", "2"], [1234567.0, 2.0]),
        (["1e3", "-2"], [1000.0, -2.0]),
        (["1 234,5", "2"], [1234.5, 2.0]),
    ],
)
def test_a_column_proves_its_decimal_sign(
    cells: list[str], numbers: list[float], tmp_path: Path
) -> None:
    frame = pd.DataFrame({"lead_id": ["a", "b"], "outcome": "open", "amount": cells})
    frame.to_csv(tmp_path / "leads.csv", sep=";", index=False)
    found = rows(read_history(tmp_path / "leads.csv"))
    assert [row["amount"] for row in found] == numbers


def test_an_ambiguous_number_takes_what_is_told_or_proven(tmp_path: Path) -> None:
    frame = pd.DataFrame({"lead_id": ["a"], "outcome": "open", "amount": ["1.500"]})
    frame.to_csv(tmp_path / "leads.csv", sep=";", index=False)

    def amount(**columns: object) -> object:
        return rows(read_history(tmp_path / "leads.csv", leads=LeadColumns(**columns)))[0]["amount"]

    assert amount(decimal=",") == 1500.0
    assert amount(decimal=".") == 1.5
    frame.assign(visits="2,5").to_csv(tmp_path / "leads.csv", sep=";", index=False)
    assert amount() == 1500.0
    frame.to_csv(tmp_path / "leads.csv", index=False)  # commas separate the cells
    assert amount() == 1.5


@pytest.mark.parametrize(
    ("values", "outcomes"),
    [
        (["yes", "No", None], ["converted", "open", "open"]),
        (["1", "0", "1"], ["converted", "open", "converted"]),
        (["TRUE", "false", ""], ["converted", "open", "open"]),
        (["Converted", "LOST", "open"], ["converted", "lost", "open"]),
        ([1, 0, 1], ["converted", "open", "converted"]),
        ([1.0, 0.0, None], ["converted", "open", "open"]),
        ([True, False, True], ["converted", "open", "converted"]),
    ],
)
def test_outcomes_in_every_usual_spelling(values: list[object], outcomes: list[str]) -> None:
    frame = pd.DataFrame({"lead_id": ["a", "b", "c"], "outcome": values})
    assert [row["outcome"] for row in rows(read_history(frame))] == outcomes


def test_mapped_outcomes_ignore_case_and_leave_the_rest_open() -> None:
    frame = pd.DataFrame({"lead_id": ["a", "b", "c", "d"], "outcome": ["Won", "LOST", "New", "1"]})
    with pytest.warns(CalibrateWarning, match='no row has the value "Customer" that won names'):
        history = read_history(frame, leads=LeadColumns(won=["won", "Customer"], lost=["Lost"]))
    assert [row["outcome"] for row in rows(history)] == ["converted", "lost", "open", "open"]
    listed = history.table.set_index("check").loc["outcome is neither won nor lost"]
    assert (listed["n"], listed["examples"]) == (2, "1 (1), New (1)")


def test_worked_and_first_contact_are_typed() -> None:
    frame = pd.DataFrame(
        {
            "lead_id": ["a", "b", "c"],
            "created_at": ["2024-01-01"] * 3,
            "outcome": "open",
            "worked": ["yes", "0", None],
            "first_contacted_at": ["2024-01-02 10:00", "", ""],
        }
    )
    found = rows(read_history(frame))
    assert [row["worked"] for row in found] == [True, False, None]
    assert found[0]["first_contacted_at"] == dt.datetime(2024, 1, 2, 10)


def test_columns_are_found_without_regard_to_case_when_only_one_fits() -> None:
    frame = pd.DataFrame({"LEAD_ID": ["a"], "Stage": ["Won"]})
    history = read_history(frame, leads=LeadColumns(outcome="stage", won=["Won"]))
    assert rows(history)[0]["outcome"] == "converted"
    with pytest.raises(DataError):
        read_history(frame, leads=LeadColumns(outcome="stages"))
