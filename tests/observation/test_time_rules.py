"""Every rule of time, on leads small enough to work out on paper.

Times are days since 2023-01-01. Window 7 days, horizon 30 days, lookback 90 days, as_of
day 365 unless said otherwise: landmark = created + 7, due = created + 30.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from calibrate.criteria import Measure
from calibrate.errors import ConfigError
from calibrate.observation import observe, observe_open, propose_windows

WINDOWS = {"observation_window": "7D", "horizon": "30D"}
MICROSECOND = 1 / 86_400_000_000


def lead(name, created, outcome="open", closed=None, **more):
    return {
        "lead_id": name,
        "created_at": created,
        "outcome": outcome,
        "closed_at": closed,
    } | more


def event(name, at, activity="click", **more):
    return {"lead_key": name, "activity": activity, "occurred_at": at} | more


def by_id(obs):
    return obs.table.set_index("lead_id")


def test_columns_and_their_order(hand_history, hand_attribute):
    history = hand_history(
        [lead("A", 100, x0="it", x1=3.0)],
        [event("A", 101), event("A", 102, "visit")],
        attributes=[hand_attribute("country", "x0"), hand_attribute("size", "x1", "number")],
    )
    table = observe(history, **WINDOWS).table
    assert list(table.columns) == [
        "lead_id",
        "created_at",
        "cutoff",
        "at_landmark",
        "status",
        "converted",
        "mature",
        "weight",
        "lag_days",
        "follow_up_days",
        "amount",
        "contact",
        "closed_at",
        "country",
        "size",
        "click",
        "visit",
    ]
    assert table["country"].dtype == object
    assert table["size"].dtype == np.float64
    assert table["click"].dtype == np.int32
    assert table["converted"].dtype == bool
    assert table["at_landmark"].dtype == bool


def test_status_outcome_and_cutoff(hand_history, day):
    history = hand_history(
        [
            lead("early win", 100, "converted", 106),
            lead("early loss", 100, "lost", 106),
            lead("win at the landmark", 100, "converted", 107),
            lead("win", 100, "converted", 120),
            lead("win just in time", 100, "converted", 130 - MICROSECOND),
            lead("win at the horizon", 100, "converted", 130),
            lead("loss", 100, "lost", 120),
            lead("open", 100),
            lead("undated loss", 100, "lost"),
            lead("planned", 100, "open", 103),
            lead("closes after as_of", 100, "converted", 366),
        ]
    )
    table = by_id(observe(history, **WINDOWS))
    assert table["status"].to_dict() == {
        "early win": "converted early",
        "early loss": "lost early",
    } | dict.fromkeys(table.index[2:], "at landmark")
    assert table.index[table["converted"]].tolist() == [
        "early win",
        "win at the landmark",
        "win",
        "win just in time",
    ]
    assert table["at_landmark"].tolist() == [False, False] + [True] * 9
    assert table["cutoff"].tolist() == [day(106)] * 2 + [day(107)] * 9
    assert table["mature"].all()
    assert (table["weight"] == 1.0).all()
    assert (table["follow_up_days"] == 265.0).all()  # 365 - 100
    lags = table["lag_days"].dropna().round(6)
    assert lags.to_dict() == {
        "early win": 6.0,
        "win at the landmark": 7.0,
        "win": 20.0,
        "win just in time": 30.0,
        "win at the horizon": 30.0,
    }
    assert table["closed_at"].isna().sum() == 4  # open, undated loss, planned, after as_of


def test_truncate_keeps_early_leads_up_to_their_closing(hand_history, day):
    history = hand_history(
        [lead("early win", 100, "converted", 106), lead("open", 100)],
        [event("early win", 105), event("early win", 106), event("open", 106)],
    )
    obs = observe(history, early="truncate", **WINDOWS)
    table = by_id(obs)
    assert table["at_landmark"].all()
    assert table["status"].tolist() == ["converted early", "at landmark"]
    assert table["cutoff"].tolist() == [day(106), day(107)]
    assert table["click"].tolist() == [1, 1]  # the win's click at 106 is at its closing
    assert len(obs.at_landmark) == 2


def test_events_count_from_the_lookback_to_just_before_the_cutoff(hand_history):
    times = {
        10 - MICROSECOND: 0,  # a microsecond before created_at - lookback
        10: 1,
        50: 1,
        107 - MICROSECOND: 1,
        107: 0,  # at the landmark
        200: 0,
    }
    for time, expected in times.items():
        history = hand_history([lead("A", 100)], [event("A", time)])
        assert observe(history, **WINDOWS).table["click"].tolist() == [expected], time


def test_a_closing_without_a_time_converts_at_its_end_and_cuts_at_its_start(hand_history, day):
    # Created on day 100 at 12:00; the landmark is day 107 at 12:00.
    end = 1 - MICROSECOND
    history = hand_history(
        [
            # Closed some time on day 107: the landmark lies inside, the end after it.
            lead("straddles", 100.5, "converted", 107 + end, closed_from=107),
            # Closed some time on day 106: early.
            lead("early", 100.5, "converted", 106 + end, closed_from=106),
            # Closed on the day it was created: the start of that day lies before creation.
            lead("same day", 100.5, "lost", 100 + end, closed_from=100),
            # Closed on the day the horizon ends (day 130 at 12:00): its end is too late.
            lead("too late", 100.5, "converted", 130 + end, closed_from=130),
            # A planned or mistyped date before the creation day: lag 0.
            lead("before", 100.5, "converted", 98, closed_from=97),
        ],
        [event("straddles", 106.9), event("straddles", 107.25), event("early", 106.1)],
    )
    table = by_id(observe(history, **WINDOWS))
    assert table["at_landmark"].tolist() == [True, False, False, True, False]
    assert table["converted"].tolist() == [True, True, False, False, True]
    assert table["cutoff"].tolist() == [day(107), day(106), day(100.5), day(107.5), day(100.5)]
    assert table["click"].tolist() == [1, 0, 0, 0, 0]
    assert table.loc["before", "lag_days"] == 0.0


def test_only_what_existed_at_as_of(hand_history, day):
    history = hand_history(
        [
            lead("old", 10, "converted", 60),
            lead("mature to the day", 70),
            lead("young", 71),
            lead("created at as_of", 100),
            lead("unborn", 101),
        ],
        [event("old", 11), event("young", 99), event("created at as_of", 100), event("young", 101)],
        as_of=100,
    )
    obs = observe(history, observation_window="7D", horizon="60D")
    table = by_id(obs)
    assert table.index.tolist() == ["old", "mature to the day", "young", "created at as_of"]
    assert table["mature"].tolist() == [True, False, False, False]
    assert by_id(observe(history, **WINDOWS))["mature"].tolist() == [True, True, False, False]
    assert table["click"].tolist() == [1, 0, 0, 1]
    assert obs.at_landmark["lead_id"].tolist() == ["old"]
    # The same data ten days before the win: it had not happened yet.
    before = observe(history.at(day(50)), observation_window="7D", horizon="40D")
    assert by_id(before)["converted"].tolist() == [False]
    assert before.table["lag_days"].isna().all()
    assert before.table["closed_at"].isna().all()


def test_wins_without_a_date_and_unworked_leads_are_left_out_and_counted(hand_history):
    history = hand_history(
        [
            lead("undated win", 100, "converted"),
            lead("unworked", 100, worked=False),
            lead("unworked but won", 100, "converted", 110, worked=False),
            lead("worked", 100, "lost", 103, worked=True),
            lead("unborn", 400),
            lead("young", 350),
            lead("last year", -20),
        ]
    )
    obs = observe(history, period="2023", **WINDOWS)
    assert obs.table["lead_id"].tolist() == ["unworked but won", "worked", "young"]
    counts = obs.counts
    assert list(counts.columns) == ["table", "check", "n", "rule", "examples"]
    assert dict(zip(counts["check"], counts["n"], strict=True)) == {
        "created after as_of": 1,
        "outside the period": 1,
        "won, closing date missing": 1,
        "not worked by anybody": 1,
        "observed": 3,
        "not mature": 1,
        "landmark after as_of": 0,
        "converted before the landmark": 0,
        "lost before the landmark": 1,
        "at the landmark": 1,
        "at the landmark, converted": 1,
        "won after the horizon": 0,
    }
    examples = dict(zip(counts["check"], counts["examples"], strict=True))
    assert examples["won, closing date missing"] == "undated win"
    assert examples["not mature"] == "young"


@pytest.mark.parametrize("fate", ["converted", "lost"])
def test_what_becomes_of_an_unworked_lead_after_as_of_decides_nothing(hand_history, day, fate):
    history = hand_history(
        [lead("unworked", 10, fate, 200, worked=False), lead("worked", 10, "lost", 20)], as_of=100
    )
    obs = observe(history, **WINDOWS)
    assert obs.table["lead_id"].tolist() == ["worked"]
    counts = obs.counts.set_index("check")
    assert counts.loc["not worked by anybody", "n"] == 1
    # By day 200 the win is known: somebody worked that lead.
    known = observe(history.at(day(200)), **WINDOWS).table["lead_id"].tolist()
    assert known == (["unworked", "worked"] if fate == "converted" else ["worked"])


def test_before_its_landmark_a_lead_is_seen_as_it_is_at_as_of(hand_history, day):
    history = hand_history(
        [
            lead("landmark is as_of", 93),
            lead("young", 95),
            lead("young, closed", 95, "lost", 99),
            lead("young, closes later", 95, "converted", 101),
        ],
        [event("landmark is as_of", 100), event("young", 100), event("young, closed", 99)],
        as_of=100,
    )
    obs = observe(history, **WINDOWS)
    table = by_id(obs)
    assert table["status"].tolist() == [
        "at landmark",
        "before landmark",
        "lost early",
        "before landmark",
    ]
    assert table["at_landmark"].tolist() == [True, False, False, False]
    assert table["cutoff"].tolist() == [day(100), day(100), day(99), day(100)]
    # At its landmark or closing an event comes too late; at as_of it is known.
    assert table["click"].tolist() == [0, 1, 0, 0]
    assert obs.counts.set_index("check").loc["landmark after as_of", "n"] == 2
    kept = by_id(observe(history, early="truncate", **WINDOWS))["at_landmark"]
    assert kept.tolist() == [True, False, True, False]


def test_a_period_with_a_zone_is_a_period_in_the_zone_of_the_data(hand_history):
    july = (dt.datetime(2023, 7, 1) - dt.datetime(2023, 1, 1)).days
    rows = [lead("June", july - 1 / 48), lead("July", july), lead("October", july + 92)]
    history = dataclasses.replace(hand_history(rows), timezone="Europe/Rome")
    for period in (
        ("2023-07-01", "2023-10-01"),
        ("2023-07-01T00:00+02:00", "2023-10-01T00:00+02:00"),
        "2023-06-30T22:00Z..2023-10-01",
    ):
        obs = observe(history, period=period, fit_period=period, **WINDOWS)
        assert obs.table["lead_id"].tolist() == ["July"], period
        assert obs.period.label == obs.fit_period.label == "2023Q3"


def test_an_event_of_a_contact_counts_for_every_lead_whose_span_holds_it(hand_history):
    history = hand_history(
        [
            lead("first", 0, contact="c"),
            lead("second", 100, contact="c"),
            lead("third", 300, contact="c"),
            lead("somebody else", 100, contact="d"),
        ],
        # first: [-90, 7), second: [10, 107), third: [210, 307)
        [event("c", 5), event("c", 50), event("c", 105), event("c", 250), event("c", 307)],
    )
    obs = observe(history, **WINDOWS)
    assert by_id(obs)["click"].to_dict() == {
        "first": 1,
        "second": 2,
        "third": 1,
        "somebody else": 0,
    }
    clusters = obs.clusters
    assert clusters is not None
    assert clusters[0] == clusters[1] == clusters[2] != clusters[3]
    # hashlib.md5(b"c").hexdigest() = 4a8a08f0 9d37...; 0x4a8a08f0 % 200
    assert clusters[0] == 0x4A8A08F0 % 200


def test_no_clusters_without_repeated_contacts(hand_history):
    alone = [lead("A", 1, contact="c"), lead("B", 2, contact="d")]
    assert observe(hand_history(alone), **WINDOWS).clusters is None
    assert observe(hand_history([lead("A", 1), lead("B", 1)]), **WINDOWS).clusters is None


def test_measures(hand_history):
    history = hand_history(
        [lead("A", 100), lead("B", 100)],
        [
            event("A", 100.25, "visit", detail="https://x.com/Pricing?a=1", value=30.0),
            event("A", 100.75, "visit", detail="https://x.com/about", value=12.5),
            event("A", 103.5, "visit", detail="https://x.com/pricing_2", value=None),
            event("A", 106, "call", value=600.0),
            event("A", 108, "call", value=1.0),
        ],
    )
    obs = observe(history, **WINDOWS)  # cutoff: day 107
    measures = [
        Measure("visit"),
        Measure("visit", detail="*/pricing*"),
        Measure("visit", detail="*pricing_?"),
        Measure("visit", detail="%pricing%"),
        Measure("visit", within_days=3.5),
        Measure("visit", within_days=3.25),
        Measure("visit", statistic="total"),
        Measure("visit", statistic="days"),
        Measure("visit", statistic="recency"),
        Measure(None),
        Measure(None, statistic="recency"),
        Measure("mail"),
    ]
    features = obs.features(measures)
    assert list(features.columns) == [measure.column for measure in measures]
    # Within 3.5 days of 107 is from 103.5 on, the boundary included.
    assert features.loc[0].tolist() == [3, 2, 1, 0, 1, 0, 42.5, 2, 3.5, 4, 1.0, 0]
    assert features.loc[1, "visit"] == 0
    assert np.isnan(features.loc[1, Measure("visit", statistic="recency").column])
    assert features.loc[1, Measure("visit", statistic="total").column] == 0.0
    assert features.dtypes[Measure("visit", statistic="days").column] == np.int32
    assert obs.features([Measure("call")], rows=[1]).index.tolist() == [1]


def test_open_leads_at_as_of(hand_history, day):
    history = hand_history(
        [
            lead("open", 10),
            lead("planned", 10, "open", 20),
            lead("won", 10, "converted", 20),
            lead("won later", 10, "converted", 150),
            lead("lost", 10, "lost", 20),
            lead("lost without a date", 10, "lost"),
            lead("won without a date", 10, "converted"),
            lead("unborn", 101),
            lead("not worked yet", 99, worked=False),
        ],
        [event("open", -81), event("open", 50), event("open", 100), event("open", 101)],
        as_of=100,
    )
    obs = observe_open(history)
    table = by_id(obs)
    assert table.index.tolist() == ["open", "planned", "won later", "not worked yet"]
    assert (table["cutoff"] == day(100)).all()
    assert table["converted"].isna().all()
    assert (table["weight"] == 0).all()
    assert (table["status"] == "open").all()
    # -81 lies before the lookback; what happens at as_of, as the latest event does, counts.
    assert table["click"].tolist() == [2, 0, 0, 0]
    recency = obs.features([Measure("click", statistic="recency")]).iloc[0, 0]
    assert recency == 0
    assert obs.is_open


def test_a_wide_table_cuts_nothing_off(hand_history, hand_attribute):
    history = hand_history(
        [
            lead("A", None, "converted", x0="1"),
            lead("B", None, "lost", x0=None),
            lead("C", None, x0="2"),
        ],
        as_of=None,
        is_wide=True,
        attributes=[hand_attribute("origin", "x0")],
    )
    obs = observe(history)
    table = obs.table
    assert table["converted"].tolist() == [True, False, False]
    assert table["at_landmark"].all()
    assert table["mature"].all()
    assert table["origin"].tolist() == ["1", None, "2"]
    assert table[["created_at", "cutoff", "closed_at", "lag_days"]].isna().all(axis=None)
    assert len(obs.at_landmark) == 3
    scored = observe_open(history).table
    assert scored["lead_id"].tolist() == ["C"]  # a customer is not called again
    assert scored["converted"].isna().all()


def test_periods(hand_history):
    history = hand_history([lead("Q1", 0), lead("also Q1", 89), lead("Q2", 90), lead("Q4", 300)])
    obs = observe(history, period="2023Q2", fit_period=("2023-01-01", "2023-07-01"), **WINDOWS)
    assert obs.table["lead_id"].tolist() == ["Q2"]
    assert obs.fitting.table["lead_id"].tolist() == ["Q1", "also Q1", "Q2"]
    assert obs.fitting.fitting is obs.fitting
    assert obs.fit_period.label == "2023-01-01..2023-07-01"
    whole = observe(history, **WINDOWS)
    assert whole.fitting is whole
    assert len(whole.table) == 4
    same = observe(history, period="2023Q2", fit_period=("2023-04-01", "2023-07-01"), **WINDOWS)
    assert same.fitting is same


def test_tables_are_handed_out_as_copies(hand_history):
    obs = observe(hand_history([lead("A", 0)]), **WINDOWS)
    table = obs.table
    table.loc[0, "lead_id"] = "changed"
    table["new"] = 1
    assert obs.table["lead_id"].tolist() == ["A"]
    assert "new" not in obs.table
    assert isinstance(obs.counts, pd.DataFrame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"observation_window": "30D", "horizon": "30D"},
            (
                "horizon (30 days) must be longer than observation_window (30 days): "
                "both are counted from the lead's creation"
            ),
        ),
        (
            WINDOWS | {"early": "landmrak"},
            'early "landmrak" must be landmark or truncate (did you mean "landmark"?)',
        ),
        (
            WINDOWS | {"maturity": "wieght"},
            'maturity "wieght" must be weight or drop (did you mean "weight"?)',
        ),
        (
            WINDOWS | {"snapshots": "3D"},
            'snapshots is a list such as ["3D", "7D", "14D"], not \'3D\'',
        ),
        (
            WINDOWS | {"snapshots": ["3D", "90D"], "horizon": "60D"},
            (
                "snapshots: 90 days is not shorter than the horizon of 60 days; "
                "leave it out or take a longer horizon"
            ),
        ),
    ],
)
def test_refusals(hand_history, options, message):
    with pytest.raises(ConfigError) as refused:
        observe(hand_history([lead("A", 0)]), **options)
    assert str(refused.value) == message


def wins(lags):
    return [lead(f"L{i}", 0, "converted", lag) for i, lag in enumerate(lags)]


@pytest.mark.parametrize(
    ("lags", "window", "horizon"),
    [
        ([], 14, 90),  # unknown
        # 25 % of 20 is 5: five wins lie inside 7 days, six inside 14; 17 of 20 (85 %) in 60.
        ([1, 2, 3, 5, 6, 13, *[40] * 11, 100, 100, 100], 7, 60),
        ([0] * 10, 3, 30),  # all at once
        ([200] * 10, 30, 365),
        ([29] * 5 + [61] * 15, 30, 90),
        ([7] * 8, 7, 30),  # a win on day 7 lies outside a window of 7 days
    ],
)
def test_proposed_windows(hand_history, lags, window, horizon):
    history = hand_history([*wins(lags), lead("planned", 0, "open", 2), lead("lost", 0, "lost", 1)])
    proposed = propose_windows(history)
    assert proposed == (dt.timedelta(days=window), dt.timedelta(days=horizon))


def test_a_proposal_gives_way_to_what_was_asked_for(hand_history):
    history = hand_history(wins([200] * 10))  # proposes 30 and 365 days
    obs = observe(history, horizon="20D")
    assert (obs.observation_window.days, obs.horizon.days) == (14, 20)
    obs = observe(history, horizon="2D")
    assert obs.observation_window == dt.timedelta(days=1)
    fast = hand_history(wins([0] * 10))  # proposes 3 and 30 days
    assert observe(fast, observation_window="45D").horizon.days == 60
    assert observe(fast, observation_window=400).horizon.days == 800


def test_wins_after_as_of_propose_nothing(hand_history):
    history = hand_history(wins([200] * 10), as_of=100)
    assert propose_windows(history) == (dt.timedelta(days=14), dt.timedelta(days=90))


def test_values_are_bound_and_never_run(hand_history):
    """Names and patterns from data or rules are values, whatever they look like."""
    evil = "x'); DROP TABLE leads; --"
    history = hand_history([lead("A", 100)], [event("A", 101, evil, detail="it's 100%")])
    obs = observe(history, **WINDOWS)
    assert obs.table[evil].tolist() == [1]
    measures = [
        Measure(evil, detail="*'*"),
        Measure(evil, detail="*100%"),
        Measure(evil, detail="*100_"),
    ]
    assert obs.features(measures).loc[0].tolist() == [1, 1, 0]


@pytest.mark.parametrize(("as_of", "expected"), [(None, [2, 1]), (200, [1, 1])])
def test_a_wide_table_counts_every_activity_known_at_as_of(hand_history, as_of, expected):
    leads = [lead(name, None, outcome) for name, outcome in (("A", "converted"), ("B", "lost"))]
    events = [event("A", 100), event("A", 300), event("B", 100.5)]
    obs = observe(hand_history(leads, events, as_of=as_of, is_wide=True))
    assert obs.table["click"].tolist() == expected
    assert obs.counts["check"].tolist() == ["observed"]
    assert "click" in obs._repr_html_()
