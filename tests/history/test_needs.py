"""Files to be scored are read as the card needs them, whatever they hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from calibrate.history import Needs, read_history

LEADS = pd.DataFrame({"lead_id": ["a", "b", "c"], "created_at": "2024-01-01"})
EVENT = pd.DataFrame({"lead_id": ["a"], "activity": "demo", "occurred_at": "2024-01-02"})


def column(values: list[object], kind: str, folder: Path | None = None) -> list[object]:
    leads: object = LEADS.head(len(values)).assign(plan=values)
    if folder is not None:
        leads.to_csv(folder / "new.csv", index=False)  # type: ignore[attr-defined]
        leads = folder / "new.csv"
    history = read_history(leads, new_leads=True, needs=Needs(fields={"plan": kind}))
    assert [part.kind for part in history.attributes] == [kind]
    found = history.engine.query("SELECT x0 FROM leads ORDER BY lead_row")
    values_read: list[object] = found.column(0).to_pylist()
    return values_read


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([1, 2], ["1", "2"]),
        ([1.0, None], ["1", None]),
        (["1", "2"], ["1", "2"]),
        ([True, False], ["yes", "no"]),
        (["True", "FALSE"], ["yes", "no"]),
        (["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-02"]),
    ],
)
def test_text_stays_text(values: list[object], read: list[object], tmp_path: Path) -> None:
    assert column(values, "category") == read
    if None not in values:  # a file of a frame has 1.0 beside an empty cell
        assert column(values, "category", tmp_path) == read


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["5", "n/a", "x"], [5, None, None]),
        (["n/a"], [None]),
        (["005", "7"], [5, 7]),
        ([True, False], [1, 0]),
        ([5, None], [5, None]),
    ],
)
def test_numbers_stay_numbers(values: list[object], read: list[object]) -> None:
    assert column(values, "number") == read


def test_in_a_frame_the_neighbours_of_a_number_do_not_change_it() -> None:
    # alone 1,500 has a decimal point, beside 5,0 it would have a decimal comma
    assert column(["1,500"], "number") == column(["1,500", "5,0"], "number")[:1] == [1500]


def test_a_column_of_a_file_is_still_read_by_its_own_decimal_sign(tmp_path: Path) -> None:
    assert column(["1.500,5", "2,5"], "number", tmp_path) == [1500.5, 2.5]


@pytest.mark.slow
def test_activities_have_the_names_they_had_for_the_card() -> None:
    with_column = LEADS.assign(demo="x")
    for leads in (LEADS, with_column):
        history = read_history(
            leads, EVENT, new_leads=True, needs=Needs(activities=("activity:demo",))
        )
        assert history.activities == ("activity:demo",)
        history = read_history(leads, EVENT, new_leads=True, needs=Needs(activities=("demo",)))
        assert history.activities == ("demo",)
    assert "demo" not in [part.name for part in history.attributes]
    assert 'values of "demo"' in history.table["check"].tolist()


def test_a_column_called_contact_stays_the_attribute_that_the_card_reads() -> None:
    leads = LEADS.assign(contact=["phone", "mail", "visit"])
    assert read_history(leads, new_leads=True).has_contacts
    needs = Needs(fields={"field:contact": "category"})
    history = read_history(leads, new_leads=True, needs=needs)
    assert [part.name for part in history.attributes] == ["field:contact"]


@pytest.mark.slow
def test_new_leads_need_no_activity_yet(tmp_path: Path) -> None:
    others = EVENT.assign(lead_id="z")
    history = read_history(LEADS, others, new_leads=True)
    found = history.table.set_index("check")["n"]
    assert (history.n_activities, found["without a lead"]) == (0, 1)
    assert found["leads without any activity"] == 3
    (tmp_path / "log.csv").write_text("lead_id,activity,occurred_at\n")
    EVENT.head(0).to_parquet(tmp_path / "log.parquet")
    for empty in (EVENT.head(0), tmp_path / "log.csv", tmp_path / "log.parquet"):
        history = read_history(LEADS, empty, new_leads=True)
        assert (history.n_activities, history.activities) == (0, ())
        assert history.as_of is not None
