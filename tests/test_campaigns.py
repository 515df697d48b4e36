"""What sources and campaigns promised and brought, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact, hypergeom

from calibrate.campaigns import CAMPAIGN_COLUMNS, CampaignView, campaign_columns, campaign_view
from calibrate.criteria import as_criterion
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.history import read_history
from calibrate.observation import Observation, observe
from calibrate.scorecard import Scorecard, ScoredCriterion, Tier
from calibrate.stats.intervals import wilson
from tests.small_company import company_run

# source, leads, of them directors, won
PLAN = (
    ("fair", 200, 150, 60),
    ("search", 300, 60, 30),
    ("mail", 100, 20, 10),
    ("flyer", 12, 2, 1),
    ("radio", 8, 1, 0),
    (None, 80, 15, 9),
)


def company(**more: Any) -> Observation:
    """700 leads, 110 won; 248 directors."""
    rows = []
    for source, n, directors, won in PLAN:
        for i in range(n):
            level = "director" if i < directors else "clerk"
            rows.append({"Lead Source": source, "level": level, "won": i < won})
    leads = pd.DataFrame(rows)
    leads["outcome"] = np.where(leads.pop("won"), "converted", "lost")
    leads["amount"] = np.where(leads["outcome"] == "converted", 10.0, np.nan)
    leads.insert(0, "lead_id", [f"L{i}" for i in range(len(leads))])
    return observe(read_history(leads.assign(**more)))


def a_card(*, tiers: bool = True) -> Scorecard:
    """A director has 60 points and a promise of 30 %, anyone else 0 and 10 %."""
    score = np.arange(101)
    rates = pd.DataFrame({"score": score, "rate": np.where(score >= 60, 0.3, 0.1)})
    rule = as_criterion({"field": "level", "in": ["director"]})
    return Scorecard(
        name="card",
        period=None,
        as_of=None,
        method="logistic",
        control={"rate": 0.15, "n": 700},
        base=0,
        criteria=(ScoredCriterion(criterion=rule, points=60),),
        expected_rate=rates.assign(rate_ci_lower=0.0, rate_ci_upper=1.0),
        tiers=(Tier("hot", 60), Tier("cold", 0)) if tiers else (),
    )


@pytest.fixture(scope="module")
def obs() -> Observation:
    return company()


@pytest.fixture(scope="module")
def view(obs: Observation) -> CampaignView:
    return campaign_view(a_card(), obs, "Lead Source")


def test_one_row_a_value_and_rare_ones_together(view: CampaignView) -> None:
    table = view.table
    assert tuple(table.columns) == CAMPAIGN_COLUMNS
    assert table["value"].tolist() == [
        "search",
        "fair",
        "mail",
        "other (2 values)",
        "not filled in",
    ]
    assert table["n"].tolist() == [300, 200, 100, 20, 80]  # 12 + 8 = 20
    assert table["n_converted"].tolist() == [30, 60, 10, 1, 9]
    assert (view.n, view.n_converted) == (700, 110)
    assert view.control_rate == pytest.approx(110 / 700)


def test_what_was_promised_and_what_came(view: CampaignView) -> None:
    table = view.table.set_index("value")
    # 60 directors at 30 % and 240 others at 10 %: 18 + 24; of the fair 150 and 50: 45 + 5
    assert table["n_expected"].tolist() == pytest.approx([42, 50, 14, 2.6, 11])
    assert table["n_observed"].tolist() == pytest.approx([30, 60, 10, 1, 9])
    assert table.loc["fair", "n_difference"] == pytest.approx(10)
    lower, upper = wilson(60, 200)
    assert table.loc["fair", "n_difference_ci_lower"] == pytest.approx(200 * lower - 50)
    assert table.loc["fair", "n_difference_ci_upper"] == pytest.approx(200 * upper - 50)
    assert table["rate"].tolist() == pytest.approx([0.1, 0.3, 0.1, 0.05, 9 / 80])
    assert table["amount"].tolist() == pytest.approx([300, 600, 100, 10, 90])
    assert (view.amount, view.n_expected) == (1100, pytest.approx(119.6))


def test_the_share_of_hot_leads(view: CampaignView) -> None:
    table = view.table.set_index("value")
    assert table["hot_share"].tolist() == pytest.approx([0.2, 0.75, 0.2, 0.15, 15 / 80])
    lower, upper = wilson(150, 200)
    assert table.loc["fair", "hot_share_ci_lower"] == pytest.approx(lower)
    assert table.loc["fair", "hot_share_ci_upper"] == pytest.approx(upper)
    assert (view.hot_share, view.hot_tier) == (pytest.approx(248 / 700), "hot")


def test_the_verdict_and_its_q_value(view: CampaignView) -> None:
    table = view.table.set_index("value")
    assert table["verdict"].tolist() == [
        "fewer customers",
        "more customers",
        "fewer hot leads",
        "too few",
        "fewer hot leads",
    ]
    # mail: 10 of 100 against 100 of 600, two-sided mid-p of Fisher's test from scipy
    less = hypergeom(700, 110, 100)
    p_value = 2 * less.cdf(9) + less.pmf(10)
    assert table.loc["mail", "p_value"] == pytest.approx(p_value)
    assert p_value < fisher_exact([[10, 90], [100, 500]])[1]
    # Benjamini and Hochberg over the ten p values of both questions: never below p
    assert (table["q_value"] >= table["p_value"]).all()
    assert table.loc["mail", "q_value"] > 0.05 > table.loc["mail", "hot_q_value"]


def test_rates_are_drawn_towards_their_kind(view: CampaignView) -> None:
    table = view.table
    inside = table["shrunken_rate"].between(table["rate"].min(), table["rate"].max())
    assert inside.all()
    moved = (table["shrunken_rate"] - table["rate"]).abs()
    assert moved.idxmax() == 3  # the fewest leads


def test_few_values_are_drawn_towards_control(obs: Observation) -> None:
    view = campaign_view(a_card(), obs, "level")
    row = view.table.set_index("value").loc["director"]
    # (rate n + 50 * 110 / 700) / (n + 50) with 248 directors
    n_converted = row["rate"] * 248
    assert row["shrunken_rate"] == pytest.approx((n_converted + 50 * 110 / 700) / 298)


def test_it_says_which_efforts_are_worth_it(view: CampaignView) -> None:
    said = view.sentences
    assert said[0] == "Lead Source: of 700 leads 15.7% convert."
    assert said[1] == "More customers than the average: fair (30.0%)."
    assert said[2] == (
        "Fewer hot leads than the average, customers not proven yet: "
        "not filled in (18.8%), mail (20.0%)."
    )
    assert said[3] == "Fewer customers than the average: search (10.0%)."
    assert said[4] == "Too few or too young leads to say anything of one value."
    assert "More customers than the average" in view._repr_html_()


def test_without_tiers_or_amounts_the_rest_is_told() -> None:
    obs = company(amount=np.nan)
    view = campaign_view(a_card(tiers=False), obs, "Lead Source")
    assert view.table[["hot_share", "hot_q_value", "amount"]].isna().all(axis=None)
    assert view.hot_tier is None
    assert np.isnan(view.amount)
    # only the five p values of the conversions count
    assert view.table["verdict"].tolist()[:2] == ["fewer customers", "more customers"]
    assert "hot_share" not in view._repr_html_()


def test_a_tier_that_nobody_or_everybody_is_in(obs: Observation) -> None:
    for hot, share in ((95, 0.0), (30, 1.0)):  # every lead has 30 or 90 points
        card = replace(a_card(), base=30).with_tiers({"hot": hot, "cold": 0})
        table = campaign_view(card, obs, "Lead Source").table
        assert (table["hot_share"] == share).all()
        assert table["hot_q_value"].isna().all()
        assert table["verdict"].iloc[2] == "no difference shown"


def test_a_card_that_separates_nothing_has_no_hot_leads(obs: Observation) -> None:
    view = campaign_view(a_card().with_tiers({"cold": 0}), obs, "Lead Source")
    assert view.hot_tier is None
    assert view.table["hot_share"].isna().all()


def test_the_amount_of_leads_too_young_to_be_judged_is_not_known() -> None:
    """Nobody of the last source was watched for 50 days: a rate of 0 would be no finding."""
    created = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(400) // 4, unit="D")
    young = np.arange(400) >= 300  # created from 17 March on, 25 days before as_of at most
    won = (np.arange(400) % 5 == 0) & ~young
    leads = pd.DataFrame(
        {
            "lead_id": np.arange(400),
            "created_at": created,
            "outcome": np.where(won, "converted", "open"),
            "closed_at": (created + pd.Timedelta(days=10)).where(won),
            "amount": np.where(won, 10.0, np.nan),
            "source": np.where(young, "new campaign", "fair"),
            "level": "clerk",
        }
    )
    obs = observe(read_history(leads, as_of="2023-04-11"), observation_window="7D", horizon="50D")
    table = campaign_view(a_card(), obs, "source").table.set_index("value")
    assert table.loc["new campaign", ["rate", "amount"]].isna().all()
    assert table.loc["fair", "amount"] > 0


def test_a_single_rare_value_keeps_its_name(obs: Observation) -> None:
    table = campaign_view(a_card(), obs, "Lead Source", min_leads=10).table
    assert table["value"].tolist()[3:] == ["flyer", "radio", "not filled in"]
    assert table["verdict"].tolist()[3:5] == ["too few", "too few"]


def test_numbers_are_values_too() -> None:
    numbers = np.repeat([1.0, 2.5, np.nan], [400, 200, 100])
    table = campaign_view(a_card(), company(campaign_no=numbers), "campaign_no").table
    assert table["value"].tolist() == ["1", "2.5", "not filled in"]
    assert table["n"].tolist() == [400, 200, 100]


def test_personal_and_sensitive_columns_are_refused(obs: Observation) -> None:
    mails = [f"someone{i}@example.com" for i in range(700)]
    age = np.where(np.arange(700) % 2, "young", "old")
    odd = company(sent_by=mails, **{"Age group": age})
    with pytest.raises(ConfigError, match='"sent_by" holds personal data'):
        campaign_view(a_card(), odd, "sent_by")
    with pytest.raises(ConfigError, match='"Age group" is sensitive'):
        campaign_view(a_card(), odd, "Age group")
    allowed = campaign_view(a_card(), odd, "Age group", allow_sensitive=["Age group"])
    assert allowed.table["n"].tolist() == [350, 350]
    with pytest.raises(ConfigError, match=r'no column "Lead Sorce" \(did you mean "Lead Source"'):
        campaign_view(a_card(), obs, "Lead Sorce")
    days = company(seen=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(700), unit="D"))
    with pytest.raises(ConfigError, match='"seen" holds dates'):
        campaign_view(a_card(), days, "seen")


def test_one_outcome_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="0 of 700 leads of all converted"):
        campaign_view(a_card(), company(outcome="lost"), "Lead Source")


def test_columns_are_recognised_by_their_names() -> None:
    two = np.where(np.arange(700) % 2, "a", "b")
    found = company(utm_campaign=two, Canale=two, resource=two, stage_source=two)
    assert campaign_columns(found) == ("utm_campaign", "Lead Source")
    assert campaign_columns(company(Canale=two)) == ("Lead Source", "Canale")


def test_young_leads_are_stood_in_for() -> None:
    """Two sources over 100 days, horizon 50: those of known outcome stand for the young."""
    rng = np.random.default_rng(3)
    n = 4000
    created = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(rng.uniform(0, 100, n)), "D")
    fair = rng.random(n) < 0.5
    won = rng.random(n) < np.where(fair, 0.3, 0.1)
    lag = pd.to_timedelta(rng.uniform(8, 49, n), unit="D")
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": created,
            "outcome": np.where(won, "converted", "lost"),
            "closed_at": created + lag,
            "source": np.where(fair, "fair", "search"),
            "level": "clerk",
        }
    )
    obs = observe(read_history(leads, as_of="2023-04-11"), observation_window="7D", horizon="50D")
    view = campaign_view(a_card(), obs, "source")
    table = view.table.set_index("value")
    row = table.loc["fair"]
    assert row["n_converted"] < 0.25 * row["n"] < row["n_observed"]  # so far, and in the end
    assert row["rate"] == pytest.approx(0.3, abs=0.04)  # standard error 1.2 points
    assert row["n_observed"] == pytest.approx(row["n"] * row["rate"])
    assert row["n_effective"] < row["n"]
    assert table["verdict"].to_dict() == {"fair": "more customers", "search": "fewer customers"}


@pytest.mark.slow
def test_nothing_is_found_where_there_is_nothing() -> None:
    """Ten sources that differ by nothing: a verdict in five of 100 companies at most."""
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        leads = pd.DataFrame(
            {
                "lead_id": [f"L{i}" for i in range(1500)],
                "outcome": np.where(rng.random(1500) < 0.15, "converted", "lost"),
                "source": rng.choice([f"s{k}" for k in range(10)], 1500),
                "level": np.where(rng.random(1500) < 0.3, "director", "clerk"),
            }
        )
        table = campaign_view(a_card(), observe(read_history(leads)), "source").table
        alarms += not (table["verdict"] == "no difference shown").all()
    # binomial(30, 0.05): more than 5 three times in 1,000 (scipy: binom.sf(5, 30, .05) = .0033)
    assert alarms <= 5


@pytest.mark.slow
def test_a_run_has_the_view_of_its_source(tmp_path: Path) -> None:
    run = company_run()
    (view,) = run.campaigns
    again = campaign_view(run.card, run.observation, "source")
    pd.testing.assert_frame_equal(view.table, again.table)
    (part,) = run.summary()["campaigns"]
    assert part["column"] == "source"
    assert part["sentences"] == list(view.sentences)
    assert [row["value"] for row in part["table"]] == view.table["value"].tolist()
