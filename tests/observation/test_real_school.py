"""The school's deals and calls, counted a second time in plain pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibrate.config import ActivityColumns, LeadColumns
from calibrate.criteria import Measure, as_criterion
from calibrate.history import read_history
from calibrate.observation import observe, observe_open

pytestmark = pytest.mark.real

AS_OF = pd.Timestamp("2024-01-01")
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def history(real_data):
    return read_history(
        real_data / "school_crm" / "deals.csv.gz",
        real_data / "school_crm" / "calls.parquet",
        as_of="2024-01-01",
        leads=LeadColumns(
            id="Id",
            created_at="Created Time",
            outcome="Stage",
            won=["Payment Done"],
            lost=["Lost"],
            closed_at="Closing Date",
            contact="Contact Name",
            ignore=["Lost Reason"],
            exclude={"Source": ["Test"], "Lost Reason": ["Duplicate"]},
        ),
        activities=ActivityColumns(
            lead="CONTACT ID",
            activity="Call Status",
            occurred_at="Call Start Time",
            value="Call Duration (in seconds)",
        ),
    )


@pytest.fixture(scope="module")
def deals(real_data):
    """Every deal with its times, by the rules of the design, without the project's code."""
    deals = pd.read_csv(real_data / "school_crm" / "deals.csv.gz", dtype=str)
    deals = deals[(deals["Source"] != "Test") & (deals["Lost Reason"] != "Duplicate")]
    deals = deals.set_index("Id")
    created = pd.to_datetime(deals["Created Time"])
    start = pd.to_datetime(deals["Closing Date"])
    start = start.where(deals["Stage"].isin(["Payment Done", "Lost"]))
    end = start + DAY - pd.Timedelta(microseconds=1)
    start = start.where(start.isna() | (start >= created), created)
    end = end.where(end.isna() | (end >= created), created)
    landmark = created + 7 * DAY
    return pd.DataFrame(
        {
            "contact": deals["Contact Name"],
            "created_at": created,
            "cutoff": landmark.where(start.isna() | (start >= landmark), start).clip(upper=AS_OF),
            "at_landmark": (end.isna() | (end >= landmark)) & (landmark <= AS_OF),
            "converted": (deals["Stage"] == "Payment Done") & (end < created + 60 * DAY),
            "closed_from": start,
        }
    )


@pytest.fixture(scope="module")
def calls(real_data, deals):
    calls = pd.read_parquet(real_data / "school_crm" / "calls.parquet")
    calls = calls.assign(
        contact=calls["CONTACT ID"].astype("string"),
        occurred_at=pd.to_datetime(calls["Call Start Time"]),
        seconds=pd.to_numeric(calls["Call Duration (in seconds)"], errors="coerce"),
    )
    columns = ["contact", "Call Status", "occurred_at", "seconds"]
    joined = deals.reset_index().merge(calls[columns], on="contact")
    inside = (joined["occurred_at"] >= joined["created_at"] - 90 * DAY) & (
        (joined["occurred_at"] < joined["cutoff"])
        | ((joined["occurred_at"] == AS_OF) & (joined["cutoff"] == AS_OF))
    )
    return joined[inside]


@pytest.fixture(scope="module")
def obs(history):
    return observe(history, observation_window="7D", horizon="60D")


def test_times_and_outcomes(obs, deals):
    table = obs.table.set_index("lead_id")
    assert len(table) == 7_237  # 8,020 less 38 tests and 745 duplicates
    expected = deals.loc[table.index]
    for name in ("created_at", "cutoff", "at_landmark", "converted"):
        assert (table[name] == expected[name]).all(), name
    assert (table["mature"] == (expected["created_at"] + 60 * DAY <= AS_OF)).all()


def test_features(obs, deals, calls):
    table = obs.table.set_index("lead_id")
    by_status = calls.groupby(["Id", "Call Status"]).size().unstack(fill_value=0)
    assert sorted(obs.activities) == sorted(by_status.columns)
    for activity in obs.activities:
        expected = by_status[activity].reindex(table.index, fill_value=0)
        assert (table[activity] == expected).all(), activity
    measures = {
        "total": calls.groupby("Id")["seconds"].sum(),
        "days": calls["occurred_at"].dt.date.groupby(calls["Id"]).nunique(),
        "recency": (calls["cutoff"] - calls["occurred_at"]).groupby(calls["Id"]).min() / DAY,
    }
    features = obs.features([Measure(None, statistic=name) for name in measures])
    features.index = table.index
    for name, expected in measures.items():
        fill = np.nan if name == "recency" else 0
        wanted = expected.reindex(table.index, fill_value=fill).astype(float)
        found = features[Measure(None, statistic=name).column].astype(float)
        assert np.allclose(found, wanted, rtol=1e-12, equal_nan=True), name


def test_no_call_at_or_after_a_closing_counts(obs, deals, calls):
    assert not (calls["occurred_at"] >= calls["closed_from"]).any()
    n = obs.table[list(obs.activities)].to_numpy().sum()
    assert n == len(calls)


def test_flags_say_which_calls_a_lead_had(obs):
    criteria = [as_criterion({"activity": activity}) for activity in obs.activities]
    assert np.array_equal(obs.flags(criteria), obs.table[list(obs.activities)].to_numpy() > 0)


def test_deals_of_one_contact_share_a_cluster(obs):
    contacts, clusters = obs.table["contact"], obs.clusters
    assert contacts.duplicated().any()  # 759 contacts hold several deals
    assert clusters.min() >= 0
    assert clusters.max() < 200
    assert pd.Series(clusters).groupby(contacts.to_numpy()).nunique().max() == 1


def test_open_leads(history, deals):
    table = observe_open(history).table
    # Open as exported: the file has 1,746 stages that are neither won nor lost.
    assert len(table) == 1_746
    assert (table["cutoff"] == AS_OF).all()
