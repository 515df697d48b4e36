"""Readiness: counts by hand, and nothing but the rate of all leads taken from the outcomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.errors import ConfigError
from calibrate.stats.power import detectable_lift, lift_sample_size

REAL = Path(__file__).parent / "real"
START = pd.Timestamp("2023-01-01")
QUARTER_WEEKS = 365.25 / 4 / 7


def observed(n, won, *, as_of="2023-07-01", visitors=0, sources=None, wins=None, **options):
    """`n` leads spread over the first quarter of 2023, the first `won` of them won on day 20."""
    created = START + pd.to_timedelta(np.arange(n) * 90 / n, unit="D").round("s")
    is_won = np.arange(n) < won if wins is None else wins
    leads = pd.DataFrame({"lead_id": [f"L{i}" for i in range(n)], "created_at": created})
    leads["outcome"] = np.where(is_won, "converted", "open")
    leads["closed_at"] = (leads["created_at"] + pd.Timedelta(days=20)).where(is_won)
    if sources is not None:
        leads["source"] = sources
    log = None
    if visitors:
        log = leads[["lead_id", "created_at"]].head(visitors)
        log = log.rename(columns={"created_at": "occurred_at"}).assign(activity="pricing_view")
    history = cal.read_history(leads, log, as_of=as_of)
    given = {"period": "2023Q1", "observation_window": "7D", "horizon": "30D"} | options
    return cal.observe(history, **given)


def test_not_yet_and_when_by_hand():
    found = cal.assess_readiness(observed(300, 12))
    assert (found.verdict, found.n, found.n_converted, found.rate) == ("not yet", 300, 12, 0.04)
    # 300 leads in the 90 days of the quarter; 50 / 0.04 = 1,250 leads bring 50 conversions
    assert found.leads_a_week == pytest.approx(300 / (90 / 7), rel=1e-6)
    a_quarter = found.leads_a_week * QUARTER_WEEKS  # all were still open at the landmark: 304.4
    assert found.leads_a_quarter == pytest.approx(a_quarter)
    assert found.quarters_needed == pytest.approx(1250 / a_quarter)
    # 4.1 quarters in all; 38 more conversions take 38 / 0.04 = 950 leads, 3.1 quarters
    assert found.message == (
        "Not yet: 12 of 300 leads became customers (4.0%), and a score takes 50 that did and 50 "
        "that did not. That takes about 1,250 leads like these, 5 quarters at 304 a quarter: "
        "about 4 quarters more. Until then call the newest first."
    )


def test_fifty_conversions_are_enough():
    assert cal.assess_readiness(observed(400, 49)).verdict == "not yet"
    assert cal.assess_readiness(observed(400, 50)).verdict == "ready"
    assert cal.assess_readiness(observed(400, 351)).verdict == "not yet"  # 49 did not


@pytest.mark.slow
def test_ready_says_which_lifts_can_be_noticed():
    found = cal.assess_readiness(observed(2000, 200))
    assert found.minimal_lift == detectable_lift(2000, 0.1, 0.5)
    assert found.minimal_lift_tenth == detectable_lift(2000, 0.1, 0.1)
    table = found.table
    assert table["lead_share"].tolist() == [0.5, 0.25, 0.1, 0.05]
    assert table["n"].tolist() == [1000, 500, 200, 100]
    assert table["judged"].tolist() == [True] * 4  # 100 leads at 10 %: 10 expected, 5 needed
    needed = lift_sample_size(1.2, 0.1, np.array([0.5, 0.25, 0.1, 0.05]))
    assert table["quarters_needed"].tolist() == pytest.approx(needed / found.leads_a_quarter)
    for said in (
        "Ready: 200 of 2,000 leads became customers (10.0%).",
        f"What half of the leads meet is noticed, 80 times in 100, from {found.minimal_lift:.2f}",
        "Where sales can call all 156 leads of a week",  # 2,000 in 90 / 7 weeks
    ):
        assert said in found.message


def test_the_lift_that_is_said_is_noticed_four_times_in_five():
    """Half of 2,000 leads at the lift said, drawn 2,000 times: standard error 0.009."""
    times = cal.assess_readiness(observed(2000, 200)).minimal_lift
    rng = np.random.default_rng(0)
    with_, without = rng.binomial(1000, [[0.1 * times], [0.2 - 0.1 * times]], (2, 2000))
    pooled = (with_ + without) / 2000
    z = (with_ - without) / 1000 / np.sqrt(pooled * (1 - pooled) * 2 / 1000)
    assert (z > 1.959964).mean() == pytest.approx(0.8, abs=0.027)


@pytest.mark.slow
def test_criteria_that_cannot_be_judged_yet_are_named():
    # 12 of 1,000 leads looked at the prices: too few to be proposed as a criterion, and 25 came
    # from a fair: fewer than 30. The other sources have 475 and 500.
    sources = ["fair"] * 25 + ["web"] * 475 + ["mail"] * 500
    obs = observed(1000, 100, visitors=12, sources=sources)
    found = cal.assess_readiness(obs)
    rows = found.table.set_index("criterion").loc[lambda rows: rows["kind"] == "criterion"]
    assert rows["n"].to_dict() == {
        "source: mail": 500,
        "source: web": 475,
        "source: fair": 25,
        "pricing_view": 12,
    }
    assert found.not_yet == ("source: fair", "pricing_view")
    assert (
        "2 of 4 criteria cannot be judged yet, too few leads meet them, or too few do not: "
        "source: fair, pricing_view." in found.message
    )
    assert rows.loc["source: fair", "detectable_lift"] == detectable_lift(1000, 0.1, 0.025)
    # what everybody does says nothing and is not waited for
    assert cal.assess_readiness(observed(1000, 100, visitors=1000)).not_yet == ()


def test_of_many_that_cannot_be_judged_five_are_named():
    sources = np.repeat([f"s{i}" for i in range(8)], [25] * 7 + [825])
    found = cal.assess_readiness(observed(1000, 100, sources=sources))
    assert len(found.not_yet) == 7
    assert found.message.count("source: s") == 5
    assert "source: s4 and 2 more." in found.message


def test_a_tenth_may_be_too_few_to_notice_anything():
    # 60 of 120 leads bought: of the 12 leads that are a tenth all may buy, 1 / 0.5 = 2 times as
    # many, and still be missed too often at a level of one in a million.
    found = cal.assess_readiness(observed(120, 60), alpha=1e-6)
    assert np.isnan(found.minimal_lift_tenth)
    assert "What a tenth of them meet cannot be noticed yet." in found.message


@pytest.mark.slow
def test_before_the_first_lead_nothing_arrives():
    found = cal.assess_readiness(observed(300, 12, period="2022Q1", fit_period="2023Q1"))
    assert np.isnan([found.leads_a_week, found.leads_a_quarter]).all()
    assert (found.verdict, found.n) == ("not yet", 300)


@pytest.mark.slow
def test_given_criteria_are_counted_instead():
    obs = observed(1000, 100, visitors=400)
    (rule,) = cal.measure_lift(obs, [{"activity": "pricing_view", "at_least": 1}]).criteria
    rows = cal.assess_readiness(obs, criteria=[rule]).table
    assert rows["n"].tolist()[4:] == [400]


@pytest.mark.slow
def test_a_lift_table_saves_the_counting():
    sources = ["fair"] * 25 + ["web"] * 475 + ["mail"] * 500
    obs = observed(1000, 100, visitors=12, sources=sources)
    counted = cal.assess_readiness(obs)
    told = cal.assess_readiness(obs, lift=cal.measure_lift(obs))
    pd.testing.assert_frame_equal(counted.table, told.table)
    assert counted.message == told.message


@pytest.mark.slow
def test_nothing_but_the_rate_is_taken_from_the_outcomes():
    sources = ["fair"] * 30 + ["web"] * 470 + ["mail"] * 500
    rng = np.random.default_rng(1)
    first, second = (
        cal.assess_readiness(
            observed(1000, 0, visitors=300, sources=sources, wins=rng.permutation(1000) < 100)
        )
        for _ in range(2)
    )
    assert first.message == second.message
    pd.testing.assert_frame_equal(first.table, second.table)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("capacity", "verdict"), [(24, "not needed"), (23, "ready"), (300 / (90 / 7), "not needed")]
)
def test_no_score_is_needed_where_sales_can_call_everybody(capacity, verdict):
    found = cal.assess_readiness(observed(300, 60), capacity=capacity)  # 23.3 leads a week
    assert (found.verdict, found.capacity_leads_a_week) == (verdict, capacity)
    if verdict == "not needed":
        assert found.message.endswith("Call them all, the newest first.")
    else:
        assert found.message.endswith(
            "About 23 leads arrive a week and sales can call 23: it has to choose."
        )


def test_few_leads_that_sales_can_call_need_no_score_either():
    assert cal.assess_readiness(observed(30, 3), capacity=50).message == (
        "No score is needed: about 2.3 leads arrive a week and sales can call 50. Call them all, "
        "the newest first."
    )


@pytest.mark.slow
def test_leads_that_nobody_worked_arrive_too():
    created = START + pd.to_timedelta(np.arange(900) / 10, unit="D")
    leads = pd.DataFrame({"lead_id": range(900), "created_at": created, "outcome": "open"})
    leads["worked"] = np.arange(900) % 3 == 0
    history = cal.read_history(leads, leads=cal.LeadColumns(worked="worked"), as_of="2023-07-01")
    obs = cal.observe(history, period="2023Q1", observation_window="7D", horizon="30D")
    found = cal.assess_readiness(obs, capacity=30)
    assert found.leads_a_week == pytest.approx(70, rel=0.01)  # 10 a day
    assert found.leads_a_quarter == pytest.approx(found.leads_a_week * QUARTER_WEEKS / 3)
    assert found.n == 300


@pytest.mark.slow
def test_when_cannot_be_said_where_nobody_or_everybody_converted():
    for won in (0, 300):
        found = cal.assess_readiness(observed(300, won))
        assert found.verdict == "not yet"
        assert "When that will be cannot be said." in found.message
        assert np.isnan([found.minimal_lift, found.quarters_needed]).all()


@pytest.mark.slow
def test_no_outcome_known_yet():
    found = cal.assess_readiness(observed(300, 0, as_of="2023-01-05"))
    assert (found.verdict, found.n, found.n_converted) == ("not yet", 0, 0)
    assert found.message.startswith("Not yet: ")
    assert found.not_yet == ()
    assert found.table["judged"].tolist() == [False] * 4
    assert np.isnan(found.table["detectable_lift"]).all()


def test_young_leads_are_stood_in_for_and_the_figures_say_so():
    # Read on 2023-04-11 the leads of the last 20 days have not had their 30 days.
    found = cal.assess_readiness(observed(900, 300, as_of="2023-04-11"))
    assert found.rate != pytest.approx(found.n_converted / found.n)
    assert "leads at their landmark became customers so far" in found.message
    assert f"({100 * found.rate:.1f}% of all once" in found.message


def test_a_wide_table_knows_no_weeks():
    leads = pd.DataFrame({"lead_id": range(300), "outcome": ["converted"] * 12 + ["lost"] * 288})
    found = cal.assess_readiness(cal.observe(cal.read_history(leads)), capacity=1000)
    assert found.verdict == "not yet"
    assert np.isnan([found.leads_a_week, found.leads_a_quarter, found.quarters_needed]).all()
    assert "That takes about 1,250 leads like these. Until then" in found.message


@pytest.mark.slow
def test_each_lead_counts_once_at_several_landmarks():
    obs = observed(1000, 100, visitors=400, snapshots=["3D", "7D"])
    for lift in (None, cal.measure_lift(obs)):
        found = cal.assess_readiness(obs, lift=lift)
        assert (found.n, found.n_converted) == (1000, 100)
        assert found.table["n"].max() == 500


def test_refusals():
    obs = observed(300, 12)
    with pytest.raises(ConfigError, match="capacity must be leads a week, above 0, not 0"):
        cal.assess_readiness(obs, capacity=0)
    with pytest.raises(ConfigError, match="power must lie between 0 and 1"):
        cal.assess_readiness(obs, power=1.0)
    with pytest.raises(ConfigError, match="open leads"):
        cal.assess_readiness(cal.observe_open(obs.history))


def test_results_are_values():
    found = cal.assess_readiness(observed(300, 12))
    changed = found.table
    changed["n"] = -1
    assert found.table["n"].min() > 0
    assert "Not yet" in found._repr_html_()


@pytest.mark.slow
@pytest.mark.real
def test_olist_is_ready(real_data):
    # Counted in the file: 8,000 leads from 2017-06-14 to 2018-05-31, 351 days.
    settings = cal.load_settings(REAL / "olist_funnel" / "calibrate.toml")
    obs = cal.observe(cal.history_from_settings(settings), horizon="90D")
    found = cal.assess_readiness(obs)
    assert found.verdict == "ready"
    assert found.leads_a_week == pytest.approx(8000 / (351 / 7))
    assert cal.assess_readiness(obs, capacity=160).verdict == "not needed"
