"""The scores that customers had before they bought."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.history import read_history
from calibrate.observation import observe
from calibrate.scorecard import Scorecard
from calibrate.thresholds import crossings, days_to_sale
from tests.handmade import hand_card
from tests.small_company import company_run

RATES = pd.DataFrame({"score": range(101), "rate": np.linspace(0.01, 0.6, 101)}).assign(
    rate_ci_lower=0.0, rate_ci_upper=1.0
)
LEADS = pd.DataFrame(
    [
        ("demo", "2023-01-01 00:00:00", "converted", "2023-01-31 12:00:00"),
        ("visits", "2023-01-01 00:00:00", "converted", "2023-01-21 12:00:00"),
        ("at the sale", "2023-01-01 00:00:00", "converted", "2023-01-11 12:00:00"),
        ("before it came", "2023-01-01 00:00:00", "converted", "2023-01-05 12:00:00"),
        ("lost", "2023-01-01 00:00:00", "lost", "2023-03-01 12:00:00"),
        ("open", "2023-01-01 00:00:00", "open", None),
    ],
    columns=["lead_id", "created_at", "outcome", "closed_at"],
)
EVENTS = pd.DataFrame(
    [
        ("demo", "visit", "2023-01-05 00:00:00"),
        ("demo", "demo", "2023-01-11 00:00:00"),  # 20.5 days before the sale
        ("demo", "demo", "2023-01-20 00:00:00"),
        ("visits", "visit", "2023-01-02 00:00:00"),
        ("visits", "visit", "2023-01-03 00:00:00"),  # 40 points
        ("at the sale", "demo", "2023-01-11 12:00:00"),
        ("at the sale", "demo", "2023-01-12 00:00:00"),
        ("before it came", "demo", "2022-12-20 00:00:00"),  # 4.5 days old at the sale
        ("lost", "demo", "2023-01-21 00:00:00"),  # at 20 days
    ],
    columns=["lead_id", "activity", "occurred_at"],
)


def a_card(*rules: tuple[dict, int]) -> Scorecard:
    return hand_card(*rules, rates=RATES, n=6, n_converted=4)


CARD = a_card(({"activity": "demo"}, 60), ({"activity": "visit", "at_least": 2}, 40))


def seen(leads: pd.DataFrame = LEADS, events: pd.DataFrame = EVENTS):
    history = read_history(leads, events, as_of="2023-06-01")
    return observe(history, observation_window="7D", horizon="60D")


@pytest.fixture(scope="module")
def by_hand():
    return crossings(CARD, seen(), 50)


def test_who_crossed_and_when_by_hand(by_hand) -> None:
    leads = by_hand.leads.set_index("lead_id")
    assert leads["days_to_sale"].dropna().to_dict() == {"demo": 20.5, "before it came": 4.5}
    assert leads.loc["demo", "crossed_at"] == pd.Timestamp("2023-01-11")
    assert leads["highest_score"].to_dict() == {
        "demo": 60,
        "visits": 40,
        "at the sale": 0,  # what happens at the sale or after it does not count
        "before it came": 60,
    }
    assert leads["score_at_creation"].tolist() == [0, 0, 0, 60]
    assert (by_hand.n, by_hand.n_crossed, by_hand.n_never) == (4, 2, 2)
    # of 4.5 and 20.5: quartiles 8.5, 12.5, 16.5
    assert (by_hand.days_p25, by_hand.days_median, by_hand.days_p75) == (8.5, 12.5, 16.5)
    assert by_hand.sentence == (
        "Of 4 customers 2 had reached 50 before they bought, half of them at least 12 days before;"
        " 2 never did."
    )


def test_scores_on_the_days_before_the_sale_by_hand(by_hand) -> None:
    table = by_hand.table.set_index("days_before")
    # just before the sale: 0, 40, 60, 60; 14 days before only the first two were leads already:
    # 60 (17 January) and 40 (7 January); 30 days before only the first: 0
    assert table.loc[0, ["n", "p25", "median", "p75"]].tolist() == [4, 0, 40, 60]
    assert table.loc[0, "above_share"] == 0.5
    assert table.loc[14, ["n", "p25", "p75"]].tolist() == [2, 40, 60]
    assert table.loc[30, ["n", "median"]].tolist() == [1, 0]
    assert table.index.max() == 30


def test_the_order_of_the_file_draws_no_other_leads() -> None:
    n = 60
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": "2023-01-01 00:00:00",
            "outcome": np.where(np.arange(n) < 10, "converted", "lost"),
            "closed_at": pd.Timestamp("2023-01-20") + pd.to_timedelta(np.arange(n) % 30, unit="D"),
        }
    )
    log = leads.loc[::3, ["lead_id"]].assign(activity="demo", occurred_at="2023-01-05 00:00:00")
    table = crossings(CARD, seen(leads, log), 50).table
    turned = crossings(CARD, seen(leads[::-1], log[::-1]), 50).table
    pd.testing.assert_frame_equal(turned, table)


def test_the_others_are_looked_at_at_the_same_ages(by_hand) -> None:
    # five others a customer; only "lost" ever has a demo, 20 days old. Customers were 30.5, 20.5,
    # 10.5 and 4.5 days old: none of the last ten can be above the cut
    table = by_hand.table.set_index("days_before")
    assert table.loc[0, "n_others"] == 20
    assert 0 < table.loc[0, "others_above_share"] <= 0.5
    early = crossings(CARD, seen(LEADS[~LEADS["lead_id"].isin(["demo", "visits"])]), 50)
    assert early.table.loc[0, "others_above_share"] == 0


def test_what_happens_at_or_after_the_sale_changes_nothing(by_hand) -> None:
    sold = LEADS[LEADS["outcome"] == "converted"]
    late = pd.DataFrame(
        {"lead_id": sold["lead_id"], "activity": "demo", "occurred_at": sold["closed_at"]}
    )
    after = late.assign(occurred_at="2023-02-20 00:00:00")
    changed = crossings(CARD, seen(events=pd.concat([EVENTS, late, after])), 50)
    pd.testing.assert_frame_equal(changed.leads, by_hand.leads)


def test_of_a_sale_known_by_its_day_nothing_of_that_day_counts() -> None:
    leads = LEADS.assign(closed_at=["2023-01-11", None, None, None, "2023-03-01", None])
    leads = leads[leads["lead_id"].isin(["demo", "lost", "open"])]
    found = crossings(CARD, seen(leads), 50)  # the demo of 11 January came that day
    assert (found.n, found.n_crossed, found.leads.loc[0, "score_at_sale"]) == (1, 0, 0)
    assert found.sentence == "None of 1 customers had reached 50 before buying."


def test_days_to_sale_are_those_of_the_crossings(by_hand) -> None:
    obs = seen()
    days = days_to_sale(CARD, obs, 50)
    np.testing.assert_array_equal(days, by_hand.leads["days_to_sale"])
    assert obs.table.loc[days.index, "lead_id"].tolist() == by_hand.leads["lead_id"].tolist()
    assert days.median() == by_hand.days_median


def test_nothing_can_be_told_without_times_customers_or_a_cut() -> None:
    wide = observe(read_history(pd.DataFrame({"lead_id": [1, 2], "outcome": ["yes", "no"]})))
    with pytest.raises(NotEnoughDataError, match="knows no times"):
        crossings(CARD, wide, 50)
    assert days_to_sale(CARD, wide, 50).empty
    none_bought = seen(LEADS[LEADS["outcome"] != "converted"])
    with pytest.raises(NotEnoughDataError, match="known to have bought"):
        crossings(CARD, none_bought, 50)
    assert days_to_sale(CARD, none_bought, 50).empty
    with pytest.raises(ConfigError, match="no tiers"):
        crossings(CARD, seen())


def test_the_paths_are_those_counted_one_by_one() -> None:
    """The same, lead by lead in plain Python, with a rule that looks back a few days."""
    leads, events, _ = cal.make_leads(300, rng=3, quarters=3)
    card = a_card(
        ({"activity": "email_click", "at_least": 2}, 30),
        ({"activity": "pricing_view", "within_days": 10}, 50),
    )
    obs = observe(read_history(leads, events, as_of="2026-07-01"), horizon="60D")
    found = crossings(card, obs, 50).leads.set_index("lead_id")
    events = events.assign(occurred_at=pd.to_datetime(events["occurred_at"]))
    lookback = pd.Timedelta(days=90)
    sales = leads[leads["outcome"] == "converted"]
    assert len(found) == len(sales) > 10
    for lead in sales.itertuples():
        created, closed = pd.Timestamp(lead.created_at), pd.Timestamp(lead.closed_at)
        own = events[events["lead_id"] == lead.lead_id]
        own = own[(own["occurred_at"] >= created - lookback) & (own["occurred_at"] < closed)]
        later = own.loc[own["occurred_at"] > created, "occurred_at"]
        scores = {}
        for moment in [created, *sorted(later), closed]:
            past = own[own["occurred_at"] <= moment]
            clicks = (past["activity"] == "email_click").sum()
            views = past[past["activity"] == "pricing_view"]["occurred_at"]
            recent = (views >= moment - pd.Timedelta(days=10)).any()
            scores[moment] = 30 * (clicks >= 2) + 50 * recent
        crossed = [moment for moment, score in scores.items() if score >= 50]
        row = found.loc[lead.lead_id]
        assert row["highest_score"] == max(scores.values())
        assert row["score_at_sale"] == scores[closed]
        assert pd.isna(row["crossed_at"]) == (not crossed)
        if crossed:
            assert row["crossed_at"] == crossed[0]


def test_a_run_tells_its_crossings() -> None:
    run = company_run()
    summary = run.summary()
    found = run.views.crossings
    assert summary["crossings"]["sentence"] == found.sentence
    assert summary["crossings"]["n"] == found.n == int((found.leads["highest_score"] >= 0).sum())
    assert found.threshold == run.cuts.threshold
    assert found.n_crossed == int((found.leads["highest_score"] >= found.threshold).sum())
