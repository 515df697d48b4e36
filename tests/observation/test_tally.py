"""Counting in the process and in an engine give what counting by hand gives."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from calibrate.config import ActivityColumns, LeadColumns
from calibrate.criteria import Measure, as_criterion
from calibrate.history import History, read_history
from calibrate.observation import Observation, events, numbers, observe, observe_open, tally

START = dt.datetime(2024, 1, 1)
WINDOW, LOOKBACK = pd.Timedelta(days=14), pd.Timedelta(days=90)
NAMES = ("open", "click", "call", "form", "visit")


def company(n_leads: int = 200, n_events: int = 4_000, *, contacts: bool = False) -> History:
    rng = np.random.default_rng(3)
    created = START + pd.to_timedelta(rng.integers(0, 86_400 * 200, n_leads), unit="s")
    lasted = pd.to_timedelta(rng.integers(0, 86_400 * 40, n_leads), unit="s")
    outcome = rng.choice(["open", "lost", "converted"], n_leads)
    leads = pd.DataFrame(
        {
            "lead_id": np.arange(n_leads),
            "created_at": created,
            "outcome": outcome,
            "closed_at": pd.Series(created + lasted).where(outcome != "open"),
        }
    )
    owner = rng.integers(0, n_leads, n_events)
    if contacts:
        leads["contact"] = [f"c{i // 2}" for i in range(n_leads)]
        leads.loc[::7, "contact"] = None
    log = pd.DataFrame(
        {
            "lead_id": [f"c{i // 2}" for i in owner] if contacts else owner,
            "activity": rng.choice(NAMES, n_events),
            "occurred_at": START
            + pd.to_timedelta(rng.integers(-86_400 * 60, 86_400 * 240, n_events), unit="s"),
        }
    )
    mapped = {"leads": LeadColumns(contact="contact")} if contacts else {}
    return read_history(
        leads, log, as_of="2024-07-01", activities=ActivityColumns(lead="lead_id"), **mapped
    )


def by_hand(history: History, obs: Observation) -> np.ndarray:
    engine = history.engine
    log = engine.query("SELECT lead_key, activity, occurred_at FROM activities").to_pandas()
    keys = engine.query("SELECT lead_id, lead_key FROM leads").to_pandas()
    leads = obs.table.merge(keys, on="lead_id")
    pairs = leads.merge(log, on="lead_key")
    end = pairs["cutoff"]
    before = pairs["occurred_at"] < end
    if obs.is_open:
        before = pairs["occurred_at"] <= end
    else:  # as_of cuts off what is not at its landmark yet, that very moment included
        before |= (pairs["occurred_at"] == end) & (pairs["status"] == "before landmark")
    inside = before & (pairs["occurred_at"] >= pairs["created_at"] - LOOKBACK)
    counted = pairs[inside].groupby(["lead_id", "activity"], observed=True).size()
    wide = counted.unstack(fill_value=0).reindex(obs.table["lead_id"], fill_value=0)
    return wide.reindex(columns=list(history.activities), fill_value=0).to_numpy().T


@pytest.mark.parametrize("contacts", [False, True])
@pytest.mark.parametrize("is_open", [False, True])
def test_all_ways_of_counting_agree(
    monkeypatch: pytest.MonkeyPatch, contacts: bool, is_open: bool
) -> None:
    monkeypatch.setattr(events, "_LEAST_AT_ONCE", 700)  # some slices of leads
    history = company(contacts=contacts)
    obs = observe_open(history) if is_open else observe(history, observation_window="14D")
    rows = history.engine.query("SELECT lead_id, lead_row FROM leads").to_pandas()
    lead_rows = obs.table.merge(rows, on="lead_id")["lead_row"].to_numpy()
    asked = (history.engine, obs.scope, history.activities, lead_rows)
    expected = by_hand(history, obs)
    assert expected.sum() > 300  # there is something to count
    assert np.array_equal(numbers.counts_and_log(*asked[:3])[0], expected)
    monkeypatch.setattr(numbers, "_KEPT", 0)  # then their times are not fetched
    assert np.array_equal(numbers.counts_and_log(*asked[:3])[0], expected)
    packed = tally.packed_counts(*asked)
    assert packed is not None
    assert np.array_equal(packed, expected)
    table = obs.table[list(history.activities)]
    assert np.array_equal(table.to_numpy().T, expected)
    assert set(table.dtypes) == {np.dtype("int32")}
    named = [Measure(name) for name in history.activities]
    bare = obs.only(np.ones(len(obs.table), dtype=bool))
    object.__setattr__(bare, "rows", obs.rows.drop(columns=list(history.activities)))
    assert np.array_equal(bare.features(named).to_numpy().T, expected)  # by lead and activity


MEASURES = [
    Measure(name, within_days=days, statistic=statistic)
    for name in (*NAMES, "never", None)
    for days in (None, 0.5, 7)
    for statistic in ("count", "days", "recency")
]


@pytest.mark.slow
@pytest.mark.parametrize("kept", [1 << 22, 0])
@pytest.mark.parametrize("is_open", [False, True])
def test_numbers_tallied_are_those_of_the_statements(
    monkeypatch: pytest.MonkeyPatch, is_open: bool, kept: int
) -> None:
    monkeypatch.setattr(events, "_LEAST_AT_ONCE", 700)  # some slices of leads
    monkeypatch.setattr(numbers, "_KEPT", kept)
    history = company(contacts=True)
    obs = observe_open(history) if is_open else observe(history, observation_window="14D")
    tallied = obs._log.numbers(MEASURES)
    few = obs._log.numbers(MEASURES[:2])
    monkeypatch.setattr(numbers.SeenLog, "_is_tallied", lambda _log, _measure: False)
    asked = obs._log.numbers(MEASURES)
    assert tallied.keys() == asked.keys()
    for column, values in asked.items():
        assert tallied[column].dtype == values.dtype
        assert tallied[column].tobytes() == values.tobytes(), column
    for column, values in few.items():
        assert np.array_equal(values, asked[column])
    assert sum(values.sum() > 0 for values in asked.values()) >= 30  # of 5 activities in 6 ways


def test_numbers_counted_by_hand() -> None:
    """Landmark 15 January at noon; opened on the 14th at 23:00, and on the 15th at 1:00 and 2:00.

    Ages are 13, 11 and 10 hours: within half a day two, on two dates, the last 10/24 days ago.
    """
    leads = pd.DataFrame(
        {
            "lead_id": [1, 2],
            "created_at": [dt.datetime(2024, 1, 1, 12)] * 2,
            "outcome": ["open"] * 2,
        }
    )
    log = pd.DataFrame(
        {
            "lead_id": 1,
            "activity": "open",
            "occurred_at": [
                dt.datetime(2024, 1, 14, 23),
                dt.datetime(2024, 1, 15, 1),
                dt.datetime(2024, 1, 15, 2),
                dt.datetime(2024, 1, 15, 12),  # at the landmark: not before it
            ],
        }
    )
    obs = observe(read_history(leads, log, as_of="2024-07-01"), observation_window="14D")
    found = obs.features(
        [
            Measure("open", within_days=0.5),
            Measure("open", statistic="days"),
            Measure("open", statistic="recency"),
            Measure("open", within_days=11 / 24),  # the one 11 hours ago included
        ]
    )
    assert found.iloc[0].tolist() == [2, 2, 10 / 24, 2]
    assert found.iloc[1, [0, 1, 3]].tolist() == [0, 0, 0]
    assert np.isnan(found.iloc[1, 2])


def test_a_sum_that_cannot_hold_the_events_of_a_lead_is_not_used() -> None:
    most = (1 << 17) - 1
    leads = pd.DataFrame({"lead_id": [1, 2], "created_at": [START] * 2, "outcome": ["open"] * 2})

    def packed(n: int) -> np.ndarray | None:
        log = pa.table(
            {
                "lead_id": pa.array(np.r_[np.ones(n, dtype=np.int64), 2]),
                "activity": pa.array(["click"] * (n - 1) + ["open", "open"]),
                "occurred_at": pa.array([START] * (n + 1), pa.timestamp("us")),
            }
        )
        history = read_history(leads, log, as_of="2024-07-01")
        obs = observe(history, observation_window="14D")
        rows = np.arange(2)
        return tally.packed_counts(history.engine, obs.scope, history.activities, rows)

    found = packed(most)
    assert found is not None
    assert found.tolist() == [[most - 1, 0], [1, 1]]
    assert packed(most + 1) is None


def test_many_activities_are_left_to_the_engine() -> None:
    history = company()
    scope = observe(history, observation_window="14D").scope
    names = tuple(f"a{i}" for i in range(25))
    assert tally.packed_counts(history.engine, scope, names, np.arange(3)) is None
    nothing = tally.packed_counts(history.engine, scope, (), np.arange(3))
    assert nothing is not None
    assert tally.count_columns(nothing, ()).shape == (3, 0)


def test_criteria_are_met_by_the_same_leads_some_leads_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = company(contacts=True)
    criteria = [
        as_criterion({"activity": name, **more})
        for name in ("open", "click")
        for more in ({}, {"at_least": 3}, {"within_days": 7}, {"last_within_days": 5})
    ]
    at_once = observe(history, observation_window="14D").flags(criteria)
    assert 100 < at_once.sum() < at_once.size - 100
    monkeypatch.setattr(events, "_LEAST_AT_ONCE", 700)  # some slices of leads
    monkeypatch.setattr(numbers, "_KEPT", 0)
    obs = observe(history, observation_window="14D")
    measures = [measure for criterion in criteria for measure in criterion.measures]
    passes = [rows for rows, _ in obs.feature_passes(measures)]
    assert len(passes) > 5
    assert [rows.start for rows in passes[1:]] == [rows.stop for rows in passes[:-1]]
    assert np.array_equal(obs.flags(criteria), at_once)
