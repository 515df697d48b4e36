"""Closing rules, joins, counts: what stands in the engine's tables afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns
from calibrate.errors import DataError
from calibrate.history import History, read_history

DAY = dt.datetime(2024, 1, 10)


def leads_of(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base = {"lead_id": [f"L{k}" for k in range(n)], "created_at": ["2024-01-10 12:00"] * n}
    return pd.DataFrame({**base, "outcome": ["converted"] * n, **columns})


def rows(history: History, table: str = "leads") -> list[dict[str, Any]]:
    order = "lead_row" if table == "leads" else "activity_row"
    found: list[dict[str, Any]] = history.engine.query(
        f"SELECT * FROM {table} ORDER BY {order}"
    ).to_pylist()
    return found


def counts(history: History, table: str = "leads") -> dict[str, int]:
    found = history.table.query("table == @table")
    return dict(zip(found["check"], found["n"], strict=True))


def test_the_tables_have_exactly_these_columns() -> None:
    history = read_history(leads_of(a=["x"], b=["1"]))
    described = history.engine.query("DESCRIBE leads").to_pylist()
    assert [(row["column_name"], row["column_type"]) for row in described] == [
        ("lead_row", "BIGINT"),
        ("lead_id", "VARCHAR"),
        ("lead_key", "INTEGER"),
        ("created_at", "TIMESTAMP"),
        ("outcome", "VARCHAR"),
        ("closed_from", "TIMESTAMP"),
        ("closed_at", "TIMESTAMP"),
        ("amount", "DOUBLE"),
        ("contact", "VARCHAR"),
        ("account", "VARCHAR"),
        ("worked", "BOOLEAN"),
        ("first_contacted_at", "TIMESTAMP"),
        ("x0", "VARCHAR"),
        ("x1", "DOUBLE"),
    ]
    described = history.engine.query("DESCRIBE activities").to_pylist()
    assert [(row["column_name"], row["column_type"]) for row in described] == [
        ("activity_row", "BIGINT"),
        ("lead_key", "INTEGER"),
        ("activity", "VARCHAR"),
        ("occurred_at", "TIMESTAMP"),
        ("detail", "VARCHAR"),
        ("value", "DOUBLE"),
    ]
    tables = history.engine.query("SELECT table_name FROM information_schema.tables")
    assert sorted(tables.column(0).to_pylist()) == ["activities", "activity_rows", "leads"]


def test_closing_intervals() -> None:
    closed = ["2024-01-10", "2024-01-12", "2024-01-09", "2024-01-11 08:30", "2024-01-10 11:59", ""]
    history = read_history(leads_of(closed_at=closed))
    noon, end = dt.datetime(2024, 1, 10, 12), dt.timedelta(days=1, microseconds=-1)
    assert [(row["closed_from"], row["closed_at"]) for row in rows(history)] == [
        (noon, DAY + end),  # its day, not before the creation
        (dt.datetime(2024, 1, 12), dt.datetime(2024, 1, 12) + end),
        (noon, noon),  # an earlier day: lag 0
        (dt.datetime(2024, 1, 11, 8, 30), dt.datetime(2024, 1, 11, 8, 30)),
        (noon, noon),  # an earlier time: lag 0
        (None, None),
    ]
    found = counts(history)
    assert found["closed before the creation"] == 2
    assert found["closed on the day of creation, without a time"] == 1
    assert found["converted without a date"] == 1


def test_only_converted_and_lost_leads_have_a_closing() -> None:
    history = read_history(
        leads_of(outcome=["open", "lost", "lost"], closed_at=["2024-02-01", "", "2024-01-20"])
    )
    assert [row["closed_at"] is None for row in rows(history)] == [True, True, False]
    found = counts(history)
    assert found["open with a closing date"] == 1
    assert found["lost without a date"] == 1
    assert (found["leads lost"], found["leads open"], found["leads converted"]) == (2, 1, 0)


def test_a_column_of_midnights_holds_dates_and_dates_of_a_frame_do() -> None:
    texts = leads_of(closed_at=["2024-01-12 00:00:00"])
    stamps = texts.assign(closed_at=pd.to_datetime(texts["closed_at"]))
    days = texts.assign(closed_at=[dt.date(2024, 1, 12)])
    for frame in (texts, stamps, days):
        (row,) = rows(read_history(frame))
        assert row["closed_at"] == dt.datetime(2024, 1, 12, 23, 59, 59, 999999)
    timed = leads_of(closed_at=["2024-01-12 00:00:00", "2024-01-13 10:00:00"])
    assert rows(read_history(timed))[0]["closed_at"] == dt.datetime(2024, 1, 12)


def test_wins_in_a_second_table() -> None:
    wins = pd.DataFrame(
        {
            "mql": ["L0", "L0", "L2", "L9", None],
            "won_date": ["2024-01-20", "2024-01-15", "", "2024-01-16", "2024-01-17"],
            "amount": [1, 2, 3, 4, 5],
        }
    )
    leads = leads_of(outcome=["open", "lost", "open"], closed_at=["", "2024-01-12", ""])
    history = read_history(
        leads, None, wins, outcomes=OutcomeColumns(lead="mql", closed_at="won_date")
    )
    first, second, third = rows(history)
    assert (first["outcome"], first["closed_from"]) == ("converted", dt.datetime(2024, 1, 15))
    assert first["amount"] == 2.0
    assert second["outcome"] == "lost"
    assert (third["outcome"], third["closed_at"]) == ("converted", None)
    found = counts(history, "outcomes")
    assert found["a lead won again"] == 1
    assert found["wins without a lead"] == 1
    assert found["without a lead's id"] == 1
    assert counts(history)["converted without a date"] == 1
    plain = read_history(
        leads.drop(columns=["outcome", "closed_at"]),
        None,
        wins["mql"].to_frame(),
        outcomes=OutcomeColumns(lead="mql"),
    )
    assert [row["outcome"] for row in rows(plain)] == ["converted", "open", "converted"]


def test_the_column_of_wins_may_be_called_as_in_the_leads() -> None:
    leads = leads_of(a=["x", "y"]).rename(columns={"lead_id": "mql"})
    history = read_history(leads, None, pd.DataFrame({"mql": ["L1"]}), leads=LeadColumns(id="mql"))
    assert counts(history, "outcomes")["converted in the leads, but no win here"] == 1


@pytest.mark.slow
def test_excluded_rows_are_counted_and_not_leads() -> None:
    leads = leads_of(Source=["Test", "Ads", None, "Ads"], Reason=["Duplicate", "Duplicate", "", ""])
    columns = LeadColumns(exclude={"source": "Test", "Reason": ["Duplicate"]}, ignore=["Reason"])
    history = read_history(leads, leads=columns)
    assert [row["lead_id"] for row in rows(history)] == ["L2", "L3"]
    assert [row["lead_row"] for row in rows(history)] == [0, 1]
    found = counts(history)
    assert found['rows excluded by "Source"'] == 1
    assert found['rows excluded by "Reason"'] == 1
    assert [attribute.name for attribute in history.attributes] == ["Source"]


@pytest.mark.slow
def test_exact_duplicates_are_dropped_and_counted() -> None:
    leads = leads_of(a=["x", "y"])
    history = read_history(pd.concat([leads, leads.iloc[:1]]))
    assert history.n_leads == 2
    assert counts(history)["duplicate rows"] == 1
    with pytest.raises(DataError, match='with another "a"'):
        read_history(pd.concat([leads, leads.iloc[:1].assign(a="z")]))


def test_leads_without_a_creation_time_or_id_are_left_out_and_counted() -> None:
    leads = leads_of(a=["x", "y", "z"])
    leads.loc[0, "created_at"] = None
    leads.loc[1, "lead_id"] = None
    history = read_history(leads)
    assert [row["lead_id"] for row in rows(history)] == ["L2"]
    assert counts(history)["without a creation time"] == 1
    assert counts(history)["without an id"] == 1


def log_of(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base = {"lead_id": ["L0"] * n, "activity": ["click"] * n}
    return pd.DataFrame({**base, "occurred_at": ["2024-01-11 10:00"] * n, **columns})


def test_activities_are_joined_and_counted() -> None:
    log = log_of(
        lead_id=["L0", "L1", "L0", None, "L7", "L0", "L1", "L0"],
        activity=["click", "open", "click", "click", "click", None, "open", "score"],
        occurred_at=["2024-01-11 10:00"] * 6 + [None, "2024-03-01 10:00"],
        value=["1", "2", "1", "", "", "", "", "7.5"],
    )
    history = read_history(leads_of(a=["x", "y", "z"]), log, as_of="2024-02-01")
    found = counts(history, "activities")
    assert found["rows read"] == 8
    assert found["without a lead's key"] == 1
    assert found["without a name"] == 1
    assert found["without a time"] == 1
    assert found["without a lead"] == 1
    assert found["the same event again"] == 1
    assert found["activities joined to leads"] == 4
    assert found["leads without any activity"] == 1
    assert found["after as_of"] == 1
    assert history.n_activities == 3
    assert history.activities == ("click", "open")
    assert [row["activity"] for row in rows(history, "activities")] == [
        "click",
        "open",
        "click",
        "activity:score",
    ]
    assert rows(history, "activities")[3]["value"] == 7.5


def test_activities_join_by_contact_for_every_lead_of_it() -> None:
    leads = leads_of(contact=["ann", "ann", None])
    log = log_of(lead_id=["ann", "bob"])
    history = read_history(leads, log)
    assert history.has_contacts
    assert [row["lead_key"] for row in rows(history)] == [0, 0, None]  # of the first lead of ann
    assert history.n_activities == 1
    listed = history.table.query("check == 'without a lead'")
    assert listed["examples"].tolist() == [""]  # a contact may be an e-mail address


def test_activities_that_name_the_lead_though_contacts_are_mapped() -> None:
    history = read_history(leads_of(contact=["ann", "bob"]), log_of(lead_id=["L0", "L1"]))
    assert [row["lead_key"] for row in rows(history)] == [0, 1]
    assert [row["contact"] for row in rows(history)] == ["ann", "bob"]
    found = counts(history, "activities")
    assert found["activities that name the lead, not the contact"] == 2


def test_a_column_only_called_contact_is_an_attribute() -> None:
    history = read_history(leads_of(contact=["cellular"] * 15 + ["telephone"] * 15))
    assert not history.has_contacts
    assert [attribute.name for attribute in history.attributes] == ["field:contact"]
    told = read_history(leads_of(contact=["cellular"] * 30), leads=LeadColumns(contact="contact"))
    assert told.has_contacts


def test_the_log_may_call_its_key_as_the_leads_do() -> None:
    leads = leads_of(a=["x"]).rename(columns={"lead_id": "Id"})
    log = log_of(detail=["/pricing"]).rename(columns={"lead_id": "Id"})
    history = read_history(leads, log, leads=LeadColumns(id="Id"))
    assert rows(history, "activities")[0]["detail"] == "/pricing"


def test_leads_made_from_a_log() -> None:
    log = pd.DataFrame(
        {
            "who": ["b", "a", "a", "a", "c", None],
            "when": ["2024-01-03", "2024-01-02", "2024-01-01", "2024-01-05", "2024-01-04", ""],
            "what": ["view", "view", "click", "buy", "bounce", "view"],
            "price": ["", "", "", "9.5", "", ""],
        }
    ).assign(when=lambda t: t["when"].where(t["when"] == "", t["when"] + " 10:00"))
    history = read_history(
        log,
        leads=LeadColumns(
            from_activities=True, outcome="what", won="buy", lost="bounce", amount="price"
        ),
        activities=ActivityColumns(lead="who", activity="what", occurred_at="when"),
    )
    found = {row["lead_id"]: row for row in rows(history)}
    assert list(found) == ["b", "a", "c"]  # in the order of the file
    assert found["a"]["created_at"] == dt.datetime(2024, 1, 1, 10)
    assert found["a"]["closed_at"] == dt.datetime(2024, 1, 5, 10)
    assert (found["a"]["outcome"], found["a"]["amount"]) == ("converted", 9.5)
    assert found["b"]["outcome"] == "open"
    assert found["c"]["outcome"] == "lost"
    assert history.attributes == ()
    assert history.n_activities == 5
    with pytest.raises(DataError, match=r"\[leads\] outcome"):
        read_history(
            log,
            leads=LeadColumns(from_activities=True),
            activities=ActivityColumns(lead="who", activity="what", occurred_at="when"),
        )


def test_as_of_is_given_or_the_latest_time_but_never_a_closing() -> None:
    leads = leads_of(closed_at=["2024-05-01 10:00"])
    history = read_history(leads, log_of(occurred_at=["2024-02-01 09:00"]))
    assert history.as_of == dt.datetime(2024, 2, 1, 9)
    assert counts(history)["closed after as_of"] == 1
    given_one = read_history(leads, as_of="2024-06-01T02:00+02:00")
    assert given_one.as_of == dt.datetime(2024, 6, 1)
    earlier = given_one.at("2024-01-10")
    assert earlier.n_leads == 0
    assert earlier.engine is given_one.engine
    assert counts(earlier)["created after as_of"] == 1
    assert "created after as_of" in earlier._repr_html_()


def test_a_wide_table_needs_neither_time_nor_id() -> None:
    history = read_history(pd.DataFrame({"outcome": ["1", "0"], "a": ["x", "x"]}))
    assert history.is_wide
    assert history.as_of is None
    assert [row["lead_id"] for row in rows(history)] == ["1", "2"]
    assert counts(history)["no column of ids"] == 2
    assert history.n_leads == 2
    assert history.n_activities == 0


def test_leads_to_be_scored_need_no_outcome() -> None:
    leads = leads_of(a=["x"]).drop(columns="outcome")
    columns = LeadColumns(
        outcome="Stage",
        won=["Won"],
        closed_at="Closing",
        ignore=["Lost Reason"],
        exclude={"Lost Reason": ["Duplicate"]},
        activity_columns=["a", "gone"],
    )
    history = read_history(leads, leads=columns, new_leads=True, allow_sensitive=["age"])
    assert rows(history)[0]["outcome"] == "open"
    assert history.attributes[0].group == "engagement"


@pytest.mark.slow
@settings(deadline=None, max_examples=15)
@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_no_count(order: list[int]) -> None:
    leads = leads_of(
        outcome=["converted", "lost", "open", "lost", "converted", "open"],
        closed_at=["2024-01-12", "2024-01-09", "2024-02-01", "", "2024-01-10", ""],
    )
    log = log_of(lead_id=["L0", "L1", "L9"])
    one = read_history(leads, log)
    other = read_history(leads.iloc[order], log)
    pd.testing.assert_frame_equal(
        one.table[["table", "check", "n"]], other.table[["table", "check", "n"]]
    )
    by_id = {row["lead_id"]: row["closed_at"] for row in rows(one)}
    assert {row["lead_id"]: row["closed_at"] for row in rows(other)} == by_id


def test_the_table_is_handed_out_as_a_copy() -> None:
    history = read_history(leads_of(a=["x"]))
    taken = history.table
    taken["n"] = 0
    assert counts(history)["rows read"] == 1
    assert list(history.table.columns) == ["table", "check", "n", "rule", "examples"]


def test_a_win_without_a_date_takes_neither_a_plan_nor_a_loss_for_it() -> None:
    leads = leads_of(
        outcome=["open", "lost", "converted"], closed_at=["2024-03-01", "2024-03-02", "2024-03-03"]
    )
    wins = pd.DataFrame({"lead_id": ["L0", "L1", "L2"]})
    history = read_history(leads, None, wins, as_of="2024-12-31")
    assert [row["closed_from"] for row in rows(history)] == [None, None, dt.datetime(2024, 3, 3)]
    assert counts(history)["converted without a date"] == 2


def test_wins_without_an_amount_are_told() -> None:
    leads = pd.DataFrame(
        {
            "lead_id": [1, 2, 3, 4],
            "outcome": ["converted", "converted", "lost", "converted"],
            "amount": [900.0, None, None, None],
        }
    )
    counts = read_history(leads).table.set_index("check")["n"]
    assert counts["converted without an amount"] == 2
    assert "converted without an amount" not in set(
        read_history(leads.drop(columns="amount")).table["check"]
    )
