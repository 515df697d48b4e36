"""Numbers at moments found by bisection are those that the engine gives by joining."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from calibrate.criteria import Measure
from calibrate.history import History, read_history
from calibrate.observation import observe, observe_open
from calibrate.observation.moments import Moments, lives_of, observed_at
from tests.observation.test_tally import company

MEASURES = [
    Measure(activity, statistic=statistic, within_days=within)
    for activity in ("open", "visit", "click", None)
    for statistic in ("count", "days", "recency")
    for within in (None, 0.5, 7.0, 400.0)
]
DAY = np.timedelta64(1, "D")


@pytest.mark.parametrize("contacts", [False, True])
def test_by_bisection_as_by_a_join(contacts: bool) -> None:
    rng = np.random.default_rng(8)
    obs = observe(company(contacts=contacts), observation_window="14D")
    lives = lives_of(obs)
    place = np.sort(rng.integers(0, len(obs.rows), 3_000))
    share = rng.random(len(place))
    cutoff = lives.created_at[place] + (share * 60 * DAY.astype("m8[us]")).astype("m8[us]")
    until = cutoff + np.where(rng.random(len(place)) < 0.5, 0, 1).astype("m8[us]")
    with observed_at(obs, lives, Moments(place=place, cutoff=cutoff, until=until)) as looked_at:
        found = looked_at.features(MEASURES)
        asked = looked_at._log._asked(MEASURES)
    assert found["open"].sum() > 1_000
    for measure in MEASURES:
        name = measure.column
        assert np.array_equal(found[name], asked[name], equal_nan=True), measure


def small() -> History:
    """One lead with three visits: two on day 2, at 08:00 and 20:00, and one on day 5."""
    start = dt.datetime(2024, 1, 1)
    leads = pd.DataFrame({"lead_id": ["a", "b"], "created_at": start, "outcome": "open"})
    days = [1 + 8 / 24, 1 + 20 / 24, 4.0]
    visits = [start + dt.timedelta(days=day) for day in days]
    log = pd.DataFrame({"lead_id": "a", "activity": "visit", "occurred_at": visits})
    return read_history(leads, log, as_of="2024-03-01")


def test_by_hand() -> None:
    obs = observe(small(), observation_window="14D", horizon="30D")
    lives = lives_of(obs)
    days = np.array([0.0, 1.5, 2.0, 4.0, 4.0, 6.0, 6.0])
    place = np.array([0, 0, 0, 0, 0, 0, 1])
    cutoff = lives.created_at[place] + (days * 86_400_000_000).astype("m8[us]")
    until = cutoff + np.array([0, 0, 0, 0, 1, 0, 0]).astype("m8[us]")
    measures = [
        Measure("visit"),
        Measure("visit", within_days=2.5),
        Measure("visit", statistic="days"),
        Measure("visit", statistic="recency"),
        Measure("mail"),
    ]
    with observed_at(obs, lives, Moments(place=place, cutoff=cutoff, until=until)) as looked_at:
        found = looked_at.features(measures)
    every, lately, on_days, ago, mailed = (found[measure.column].tolist() for measure in measures)
    assert every == [0, 1, 2, 2, 3, 3, 0]
    # 2.5 days before day 4 is day 1.5: the visit at 08:00 is older; before day 6 it is day 3.5
    assert lately == [0, 1, 2, 1, 2, 1, 0]
    assert on_days == [0, 1, 1, 1, 2, 2, 0]
    assert np.allclose(
        ago, [np.nan, 1 / 6, 1 / 6, 2 + 1 / 6, 0.0, 2.0, np.nan], rtol=1e-12, equal_nan=True
    )
    assert mailed == [0] * 7


def test_a_table_without_leads_is_looked_at_too() -> None:
    leads = pd.DataFrame({"lead_id": ["a"], "created_at": dt.datetime(2024, 1, 1)})
    leads = leads.assign(outcome="lost", closed_at=dt.datetime(2024, 1, 5))
    log = pd.DataFrame({"lead_id": "a", "activity": ["visit"], "occurred_at": leads["created_at"]})
    nobody = observe_open(read_history(leads, log, as_of="2024-03-01"), counts=False)
    (passed,) = nobody.feature_passes([Measure("visit"), Measure("visit", within_days=7)])
    assert passed[1].shape == (0, 2)


def test_numbers_handed_out_can_be_changed() -> None:
    obs = observe(company(), observation_window="14D")
    asked = [
        Measure("open"),
        Measure("open", within_days=7.0),
        Measure("open", statistic="recency"),
    ]
    first = obs.features(asked)
    before = first.copy()
    first.iloc[:, :] = -1
    pd.testing.assert_frame_equal(obs.features(asked), before)
