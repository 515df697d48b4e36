"""Leads too young to be judged: who stands in for them, and when that is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.criteria import as_criterion
from calibrate.errors import NotEnoughDataError
from calibrate.fitting import cross_fit_scores, fit_scorecard
from calibrate.history import read_history
from calibrate.lift import measure_lift
from calibrate.observation import observe, sample_of, weights_given
from calibrate.stats.weighting import weighted_rate

WINDOWS = {"observation_window": "5D", "horizon": "30D"}
CLICKED = [as_criterion({"activity": "click"})]


def lead(name, created, outcome="open", closed=None, **more):
    return {
        "lead_id": name,
        "created_at": created,
        "outcome": outcome,
        "closed_at": closed,
        "contact": None,
        **more,
    }


FOUR = [
    lead("lost", 0, "lost", 9),
    lead("won", 60, "converted", 75),
    lead("won soon", 85, "converted", 95),
    lead("young", 90),
]


def test_weights_by_hand(hand_history):
    """As of day 100 they were watched for 100, 40, 15 and 10 days.

    G(30) = 2/4, so the mature one weighs 2; the one won after 15 days 1 / (3/4), the one won
    after 10 days 1 / (4/4); of the last nothing is known.
    """
    table = observe(hand_history(FOUR, as_of=100), **WINDOWS).table.set_index("lead_id")
    assert table["weight"].to_dict() == pytest.approx(
        {"lost": 2, "won": 4 / 3, "won soon": 1, "young": 0}
    )
    dropped = observe(hand_history(FOUR, as_of=100), maturity="drop", **WINDOWS).table
    assert dropped["weight"].tolist() == [1, 1, 0, 0]


def test_leads_that_stand_in_are_compared(hand_history):
    obs = observe(hand_history(FOUR, as_of=100), **WINDOWS)
    assert obs.at_landmark["lead_id"].tolist() == ["lost", "won", "won soon"]
    counts = obs.counts.set_index("check")["n"]
    assert counts["not mature"] == 2
    assert counts["at the landmark"] == 3
    assert counts["at the landmark, converted"] == 2


def test_a_lost_lead_is_watched_on(hand_history):
    """A loss ends nothing: whether the lead comes back by the horizon is not known before."""
    young_loss = [*FOUR, lead("lost young", 92, "lost", 99)]
    table = observe(hand_history(young_loss, as_of=100), **WINDOWS).table.set_index("lead_id")
    assert table.loc["lost young", "weight"] == 0
    assert table.loc["lost", "weight"] == pytest.approx(5 / 2)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    created=st.lists(st.integers(0, 300), min_size=1, max_size=12),
    lags=st.lists(st.integers(5, 80), min_size=12, max_size=12),
)
def test_all_weights_are_1_when_all_leads_are_mature(hand_history, created, lags):
    leads = [
        lead(f"L{i}", day, "converted", day + lags[i]) if lags[i] < 40 else lead(f"L{i}", day)
        for i, day in enumerate(created)
    ]
    table = observe(hand_history(leads, as_of=330), **WINDOWS).table
    assert (table["weight"] == 1).all()


def test_weights_add_up_to_the_leads_on_average():
    """Each lead stands for itself and those not watched long enough: sum of weights = leads.

    200 quarters of 400 leads; the sum has a standard deviation of about 20 a quarter, so its
    mean lies within 5 of 400 in all but one of 2,000 repetitions.
    """
    rng = np.random.default_rng(0)
    from calibrate.stats.weighting import censoring_weights

    sums = []
    for _ in range(200):
        follow_up = rng.uniform(0, 92, 400)
        lag = np.where(rng.random(400) < 0.4, rng.exponential(25, 400), 1000)
        won = (lag < 60) & (lag <= follow_up)
        sums.append(censoring_weights(won, lag, follow_up, follow_up >= 60).weight.sum())
    assert np.mean(sums) == pytest.approx(400, abs=5)


def test_nothing_is_extrapolated(hand_history):
    """19 leads watched for 20 days and one for 100: G(30) = 5 %, and 10 % were watched for 20."""
    leads = [lead("old", 0, "lost", 50), *(lead(f"L{i}", 80) for i in range(19))]
    obs = observe(hand_history(leads, as_of=100), **WINDOWS)
    with pytest.raises(NotEnoughDataError) as refused:
        sample_of(obs, [])
    assert "only 5.0% of the leads of all have been watched for the horizon of 30 days" in str(
        refused.value
    )
    assert "a horizon of at most 20 days" in str(refused.value)
    assert sample_of(observe(hand_history(leads, as_of=100), maturity="drop", **WINDOWS), []).n == 1


def test_several_landmarks_are_stacked_for_the_fit(hand_history):
    """A is open on days 3 and 10, B won on day 5: three rows to learn from, two leads to show."""
    leads = [lead("A", 0), lead("B", 0, "converted", 5)]
    events = [{"lead_key": key, "activity": "click", "occurred_at": 4} for key in ("A", "B")]
    obs = observe(hand_history(leads, events, as_of=90), snapshots=["10D", "3D"], **WINDOWS)
    assert obs.table["lead_id"].tolist() == ["A", "B"]
    stacked = obs.fitting.at_landmark
    assert stacked[["lead_id", "snapshot"]].to_numpy().tolist() == [["A", 3], ["B", 3], ["A", 10]]
    assert stacked["click"].tolist() == [0, 0, 1]
    sample = sample_of(obs.fitting, CLICKED)
    by_row = np.argsort(sample.labels)
    assert sample.stratum[by_row].tolist() == [0, 0, 1]
    cluster = sample.cluster[by_row]  # A is one lead, at two landmarks
    assert cluster[0] == cluster[2] != cluster[1]
    assert sample.expected[by_row].tolist() == [0.5, 0.5, 0]
    assert obs.fitting.outcomes["weight"].tolist() == [0.5, 0.5, 0.5, 0.5]


def test_one_snapshot_is_the_landmark(hand_history):
    obs = observe(hand_history(FOUR, as_of=100), snapshots=["5D"], **WINDOWS)
    plain = obs.at_landmark
    pd.testing.assert_frame_equal(obs.fitting.at_landmark.drop(columns="snapshot"), plain)
    assert obs.fitting.single.observation_window == obs.observation_window


def test_a_wide_table_has_no_snapshots():
    history = read_history(pd.DataFrame({"lead_id": ["a", "b"], "outcome": ["lost", "converted"]}))
    from calibrate.errors import ConfigError

    with pytest.raises(ConfigError, match="snapshots need created_at"):
        observe(history, snapshots=["3D"])


def test_weeks_are_those_the_weights_stand_for(hand_history):
    """Created on days 0 to 90, read on day 100: all of them, or those watched for 30 days."""
    weighted = observe(hand_history(FOUR, as_of=100), **WINDOWS)
    dropped = observe(hand_history(FOUR, as_of=100), maturity="drop", **WINDOWS)
    assert weighted.weeks == pytest.approx(100 / 7)
    assert dropped.weeks == pytest.approx(70 / 7)


def test_a_weighted_rate_in_which_everybody_agrees():
    """V = 0 says nothing. Those of the other outcome would weigh 2 and be known half of the time.

    (2 + 2 + 1) / 2 = 2.5 leads; Kish's (2 + 2 + 1)^2 / (4 + 4 + 1) = 2.8 would be too many, and
    three of weight 1 among others of weight 2 even 3 for 1.5.
    """
    found = weighted_rate([0, 0, 0], [2, 2, 1])
    assert (found.rate, found.variance) == (0, 0)
    assert found.n_effective == pytest.approx(2.5)


def test_leads_of_one_contact_count_as_often_as_there_are_contacts():
    """Every lead twice in one cluster: the same rate, and the information of one of each."""
    converted, weight, contact = [1, 0, 0, 1, 0], [1, 2, 1, 1, 3], [0, 1, 2, 3, 4]
    once = weighted_rate(converted, weight, contact)
    twice = weighted_rate(converted * 2, weight * 2, contact * 2)
    assert list(twice) == pytest.approx(list(once))
    alone = weighted_rate(converted * 2, weight * 2)
    assert alone.n_effective > 2 * once.n_effective


def test_the_variance_of_clusters_is_nearly_the_jackknife_s():
    """Leave each contact out, by hand: rates 0, 2/3, 1/2 around 2/5 of five leads; (2/3)^2."""
    converted, contact = [1, 1, 0, 0, 0], [0, 0, 1, 1, 2]
    rate = 2 / 5
    expected = (2 / 3) ** 2 * sum((left_out - rate) ** 2 for left_out in (0, 2 / 3, 1 / 2))
    assert weighted_rate(converted, [1] * 5, contact).variance == pytest.approx(expected)
    # Contacts whose deals cancel are not surer than five single leads: 5 leads, rate 2/5.
    assert weighted_rate([1, 0, 1, 0, 0], [1] * 5, contact).n_effective == pytest.approx(5)


def test_one_contact_is_one_lead():
    """Nothing tells how another contact would differ: as much as one lead says."""
    found = weighted_rate([1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0])
    assert found.n_effective == 1


def late(n, rng, *, effect=0.0):
    """A source that is new in the last 60 days of 365; 10 % of all leads buy within 90 days."""
    created = np.sort(rng.uniform(0, 365, n))
    is_new = rng.random(n) < np.where(created > 305, 0.5, 0.0)
    lag = 3 + np.minimum(rng.exponential(20, n), 86.9)
    won = rng.random(n) < 0.10 + effect * is_new
    known = won & (created + lag <= 365)
    start = pd.Timestamp("2023-01-01")
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": start + pd.to_timedelta(created, unit="D"),
            "outcome": np.where(known, "converted", "open"),
            "closed_at": start + pd.to_timedelta(np.where(known, created + lag, np.nan), unit="D"),
            "source": np.where(is_new, "webinar", "other"),
        }
    )
    return read_history(frame, as_of=start + pd.Timedelta(365, unit="D"))


def test_a_source_that_is_too_new_is_not_judged():
    """Of its leads only those that bought are known; a curve of all leads would give 100 %."""
    obs = observe(late(4000, np.random.default_rng(1)), observation_window="3D", horizon="90D")
    rules = [as_criterion({"field": "source", "in": [name]}) for name in ("webinar", "other")]
    table = measure_lift(obs, rules).table
    assert table["verdict"].tolist() == ["too few", "too few"]
    assert table["reason"].tolist() == ["too young", "too young"]
    assert table.loc[1, "rate"] == pytest.approx(0.10, abs=0.015)
    assert np.isnan(table.loc[0, "rate"])
    assert fit_scorecard(obs).is_empty
    scores = cross_fit_scores(obs, criteria=rules)
    assert scores["weight"].sum() == pytest.approx(len(obs.compared), rel=0.1)


@pytest.mark.slow
def test_what_goes_with_the_calendar_is_weighted_by_its_own_curve():
    """A criterion from 20 to 40 % of the leads in the last quarter, without effect.

    60 companies: p <= 0.05 for 3, give or take 1.7; with one curve for all it is 30 of them, and
    the mean lift 1.18.
    """
    rng = np.random.default_rng(3)
    small, lifts = 0, []
    for _ in range(60):
        n = 2500
        created = np.sort(rng.uniform(0, 365, n))
        x = rng.random(n) < np.where(created > 274, 0.4, 0.2)
        lag = 3 + np.minimum(rng.exponential(20, n), 86.9)
        known = (rng.random(n) < 0.2) & (created + lag <= 365)
        closed = np.where(known, created + lag, np.nan)
        start = pd.Timestamp("2023-01-01")
        frame = pd.DataFrame(
            {
                "lead_id": [f"L{i}" for i in range(n)],
                "created_at": start + pd.to_timedelta(created, unit="D"),
                "outcome": np.where(known, "converted", "open"),
                "closed_at": start + pd.to_timedelta(closed, unit="D"),
                "x": np.where(x, "yes", "no"),
            }
        )
        history = read_history(frame, as_of=start + pd.Timedelta(365, unit="D"))
        obs = observe(history, observation_window="3D", horizon="90D")
        row = measure_lift(obs, [{"field": "x", "in": ["yes"]}]).table.iloc[0]
        small += int(row["p_value"] <= 0.05)
        lifts.append(row["lift"])
    assert small <= 8
    assert np.mean(lifts) == pytest.approx(1, abs=0.03)


@pytest.mark.slow
def test_a_young_source_does_not_stop_univariate_points():
    obs = observe(late(4000, np.random.default_rng(1)), observation_window="3D", horizon="90D")
    frame = obs.table
    strong = frame.assign(
        vip=np.where(frame["converted"] | (np.arange(len(frame)) % 7 == 0), "yes", "no"),
        outcome=np.where(frame["converted"], "converted", "open"),
    )
    columns = ["lead_id", "created_at", "closed_at", "outcome", "source", "vip"]
    history = read_history(strong[columns], as_of=obs.history.as_of)
    again = observe(history, observation_window="3D", horizon="90D")
    card = fit_scorecard(again, method="log_odds")
    assert [line.criterion.name for line in card.criteria] == ["vip: yes"]


def test_closed_early_or_not_a_young_source_is_too_young():
    """With `truncate` its early buyers are compared, its other leads are not there yet."""
    history = late(4000, np.random.default_rng(1))
    options = {"observation_window": "60D", "horizon": "90D", "early": "truncate"}
    rule = [as_criterion({"field": "source", "in": ["webinar"]})]
    row = measure_lift(observe(history, **options), rule).table.iloc[0]
    assert np.isnan(row["rate"])
    assert np.isnan(row["p_value"])
    assert row["verdict"] == "too few"


def test_one_curve_is_kept_where_nothing_goes_with_the_calendar():
    obs = observe(late(4000, np.random.default_rng(1)), observation_window="3D", horizon="90D")
    coin = np.random.default_rng(0).random((len(obs.rows), 5)) < 0.5
    assert (weights_given(obs, coin) == obs.rows["weight"].to_numpy()).all()


@pytest.mark.slow
def test_the_order_of_the_file_changes_no_card():
    frame = late(1500, np.random.default_rng(2), effect=0.1)
    table = observe(frame, observation_window="3D", horizon="90D").table
    leads = table[["lead_id", "created_at", "closed_at", "source"]].assign(
        outcome=np.where(table["converted"], "converted", "open")
    )
    leads["coin"] = np.random.default_rng(4).choice(["a", "b", "c"], len(leads))
    cards = []
    for order in (leads, leads.sample(frac=1, random_state=5)):
        history = read_history(order, as_of=frame.as_of)
        obs = observe(history, observation_window="3D", horizon="90D")
        cards.append(fit_scorecard(obs, method="log_odds").to_json())
        cards.append(measure_lift(obs).table.sort_values("criterion").to_csv(index=False))
    assert cards[:2] == cards[2:]


def test_a_lead_is_not_the_contact_of_its_number(hand_history):
    leads = [
        lead("1", 0),
        lead("2", 0, contact="1"),
        lead("3", 0, contact="1"),
    ]
    obs = observe(hand_history(leads, as_of=100), **WINDOWS)
    assert obs.cluster_keys.nunique() == 2
