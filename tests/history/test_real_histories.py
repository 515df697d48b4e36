"""The public data sets: facts that can be counted by hand, each with where it comes from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from calibrate.config import ActivityColumns, LeadColumns, OutcomeColumns
from calibrate.history import History, read_history

pytestmark = pytest.mark.real


def counts(history: History, table: str = "leads") -> dict[str, int]:
    found = history.table.query("table == @table")
    return dict(zip(found["check"], found["n"], strict=True))


def test_school_crm(real_data: Path) -> None:
    folder = real_data / "school_crm"
    history = read_history(
        folder / "deals.csv.gz",
        folder / "calls.parquet",
        as_of="2024-01-01",
        leads=LeadColumns(
            id="Id",
            created_at="Created Time",
            outcome="Stage",
            won=["Payment Done"],
            lost=["Lost"],
            closed_at="Closing Date",
            contact="Contact Name",
        ),
        activities=ActivityColumns(
            lead="CONTACT ID", activity="Call Status", occurred_at="Call Start Time"
        ),
    )
    found = counts(history)
    # Its README: 8,020 deals, 178 won, 6,080 lost, 152 open ones with a planned date; 1,210
    # losses and 17 wins close "before" creation, all but 10 because a date has no time.
    assert found["rows read"] == history.n_leads == 8020
    assert (found["leads converted"], found["leads lost"]) == (178, 6080)
    assert found["open with a closing date"] == 152
    assert found["closed before the creation"] == 10
    assert found["closed on the day of creation, without a time"] == 1210 + 17 - 10
    assert found["closed after as_of"] == 0
    log = counts(history, "activities")
    assert log["rows read"] == 30767
    assert log["activities joined to leads"] + log["without a lead"] == 30767
    reasons = {a.name: a.excluded for a in history.attributes}
    assert "who works" in str(reasons["Deal Owner"])
    assert "response" in str(reasons["SLA"])
    assert reasons["Campaign"] is None


def test_olist_funnel(real_data: Path) -> None:
    folder = real_data / "olist_funnel"
    history = read_history(
        folder / "olist_marketing_qualified_leads_dataset.csv.gz",
        None,
        folder / "olist_closed_deals_dataset.csv.gz",
        leads=LeadColumns(id="mql_id", created_at="first_contact_date"),
        outcomes=OutcomeColumns(closed_at="won_date"),
        as_of="2018-12-01",
    )
    found = counts(history)
    # Its README: 8,000 leads, 842 won, one of them two days before its first contact.
    assert (found["rows read"], found["leads converted"]) == (8000, 842)
    assert found["closed before the creation"] == 1
    quarter = history.engine.query(
        "SELECT count(*) AS n, count(*) FILTER (outcome = 'converted') AS won FROM leads "
        "WHERE created_at >= TIMESTAMP '2017-07-01' AND created_at < TIMESTAMP '2017-10-01'"
    ).to_pylist()
    assert quarter == [{"n": 937, "won": 18}]


def test_x_education(real_data: Path) -> None:
    history = read_history(
        real_data / "x_education" / "leads.csv.gz",
        leads=LeadColumns(id="Prospect ID", outcome="Converted", null_values=["Select"]),
    )
    assert history.is_wide
    assert (history.n_leads, counts(history)["leads converted"]) == (9240, 3561)
    columns = {a.name: a.column for a in history.attributes}
    sms = history.engine.query(
        "SELECT count(*) AS n, count(*) FILTER (outcome = 'converted') AS won FROM leads "
        f"WHERE {columns['Last Activity']} = 'SMS Sent'"
    ).to_pylist()[0]
    assert sms["n"] == 2745
    assert round(100 * sms["won"] / sms["n"], 1) == 62.9
    selects = history.engine.query(
        f"SELECT count(*) AS n FROM leads WHERE {columns['Specialization']} = 'Select'"
    )
    assert selects.column("n").to_pylist() == [0]


def test_bank_marketing(real_data: Path) -> None:
    history = read_history(
        real_data / "bank_marketing" / "bank-full.csv.gz",
        leads=LeadColumns(outcome="y", null_values=["unknown"]),
    )
    assert (history.n_leads, counts(history)["leads converted"]) == (45211, 5289)
    assert not history.has_contacts  # "contact" is cellular / telephone there
    found = {a.name: a for a in history.attributes}
    assert found["age"].sensitive
    assert found["balance"].kind == "number"
    assert found["poutcome"].excluded is None


def test_hillstrom(real_data: Path) -> None:
    history = read_history(
        real_data / "hillstrom" / "hillstrom.csv.gz",
        leads=LeadColumns(outcome="visit", ignore=["conversion", "spend"]),
    )
    column = next(a.column for a in history.attributes if a.name == "segment")
    rates = history.engine.query(
        f"SELECT {column} AS mail, round(10000 * avg(CAST(outcome = 'converted' AS INTEGER))) AS r "
        f"FROM leads GROUP BY {column} ORDER BY {column}"
    ).to_pylist()
    # Its README: visit 10.62 % without, 18.28 % men's mail, 15.14 % women's.
    assert [row["r"] for row in rates] == [1828, 1062, 1514]


def test_crm_opportunities(real_data: Path) -> None:
    history = read_history(
        real_data / "crm_opportunities" / "sales_pipeline.csv",
        leads=LeadColumns(
            id="opportunity_id",
            created_at="engage_date",
            outcome="deal_stage",
            won=["Won"],
            lost=["Lost"],
            closed_at="close_date",
            amount="close_value",
        ),
    )
    found = counts(history)
    assert found["rows read"] == 8800
    assert found["without a creation time"] == 500
    won, lost = found["leads converted"], found["leads lost"]
    assert round(100 * won / (won + lost), 1) == 63.2
    first = history.engine.query("SELECT created_at FROM leads ORDER BY lead_row LIMIT 1")
    assert first.column(0).to_pylist() == [dt.datetime(2016, 10, 20)]  # "10/20/2016"


def test_attribution_sample(real_data: Path) -> None:
    history = read_history(
        real_data / "attribution_sample" / "touches.csv.gz",
        leads=LeadColumns(from_activities=True, outcome="conversion", amount="conversion_value"),
        activities=ActivityColumns(lead="customer_id", activity="channel", occurred_at="time"),
    )
    found = counts(history)
    assert found["leads made from events"] == history.n_leads == 7896
    assert round(100 * found["leads converted"] / 7896, 1) == 20.8
    assert history.n_activities == 62483
