"""Lift of weighted leads, of contacts with several leads, and of several landmarks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pandas.testing import assert_frame_equal

from calibrate.candidates import criteria_of
from calibrate.config import LeadColumns
from calibrate.criteria import as_criterion
from calibrate.datasets import make_leads
from calibrate.fitting import fit_scorecard
from calibrate.history import read_history
from calibrate.lift import measure_lift, sides_of
from calibrate.lift.compare import compare_rates
from calibrate.lift.sides import p_values
from calibrate.observation import Sample, alike, observe, sample_of
from calibrate.observation import sample as sample_module
from calibrate.stats.weighting import censoring_weights

DAY = dt.timedelta(days=1)
START = pd.Timestamp("2024-01-01")
WINDOWS = {"observation_window": "5D", "horizon": "60D"}


def quarter(n, rng, *, as_of, effect=0.0, contacts=1):
    """Leads created over 92 days, x met by 40 %, won after 5 to 60 days."""
    created = np.sort(rng.uniform(0, 92, n))
    x = np.repeat(rng.random(n // contacts) < 0.4, contacts)
    wins = np.repeat(rng.random(n // contacts), contacts) < np.where(x, 0.2 + effect, 0.2)
    closed = created + 5 + np.minimum(rng.exponential(20, n), 54.9)
    known = wins & (closed <= as_of)
    frame = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": START + pd.to_timedelta(created, unit="D"),
            "outcome": np.where(known, "converted", "open"),
            "closed_at": START + pd.to_timedelta(np.where(known, closed, np.nan), unit="D"),
            "x": np.where(x, "yes", "no"),
            "contact": [f"c{i // contacts}" for i in range(n)],
        }
    )
    columns = LeadColumns(contact="contact") if contacts > 1 else LeadColumns()
    return read_history(frame, leads=columns, as_of=START + as_of * DAY)


RULES = [as_criterion({"field": "x", "in": ["yes"]})]


def test_nothing_changes_when_all_leads_are_mature():
    history = quarter(600, np.random.default_rng(0), as_of=200, effect=0.2)
    tables = [
        measure_lift(observe(history, maturity=maturity, **WINDOWS), RULES).table
        for maturity in ("weight", "drop")
    ]
    assert_frame_equal(*tables)
    cards = [
        fit_scorecard(observe(history, maturity=maturity, **WINDOWS), criteria=RULES).to_json()
        for maturity in ("weight", "drop")
    ]
    assert cards[0] == cards[1]


@pytest.mark.slow
def test_young_leads_bring_information_without_bias():
    """Half of the quarter is too young: the weighted rates are those of the whole quarter.

    30 quarters: the mean of a rate of 20 % or 30 % of about 500 leads each has a standard error
    of 0.4 points.
    """
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(30):
        history = quarter(1500, rng, as_of=92, effect=0.1)
        for maturity in ("weight", "drop"):
            lift = measure_lift(observe(history, maturity=maturity, **WINDOWS), RULES)
            row = lift.table.iloc[0]
            rows.append((maturity, row["rate"], row["rate_without"], row["n_effective"]))
    means = pd.DataFrame(rows, columns=["maturity", "with", "without", "n"]).groupby("maturity")
    found = means.mean()
    assert found.loc["weight", "with"] == pytest.approx(0.30, abs=0.01)
    assert found.loc["weight", "without"] == pytest.approx(0.20, abs=0.01)
    assert found.loc["weight", "n"] > 1.1 * found.loc["drop", "n"]


def test_identities_hold_under_weights():
    history = quarter(1500, np.random.default_rng(2), as_of=92, effect=0.2)
    rules = [as_criterion({"field": "x", "in": [level]}) for level in ("yes", "no")]
    lift = measure_lift(observe(history, **WINDOWS), rules)
    table = lift.table
    assert lift.n_converted / lift.n < 0.85 * lift.control_rate  # the young will still buy
    assert (table["control_rate"] == lift.control_rate).all()
    np.testing.assert_allclose(table["lift"], table["converted_share"] / table["lead_share"])
    assert table["lead_share"] @ table["lift"] == pytest.approx(1)
    for share in ("lead_share", "converted_share", "not_converted_share"):
        assert table[share].sum() == pytest.approx(1)
    for name in ("rate", "lift", "difference", "relative_risk"):
        assert (table[f"{name}_ci_lower"] < table[name]).all()
        assert (table[name] < table[f"{name}_ci_upper"]).all()


def test_the_relative_risk_of_weights_agrees_with_a_sandwich():
    """statsmodels' weighted log-binomial model, HC0: its standard error of log RR."""
    history = quarter(1500, np.random.default_rng(3), as_of=92, effect=0.1)
    obs = observe(history, **WINDOWS)
    leads = obs.at_landmark
    design = sm.add_constant((leads["x"] == "yes").astype(float).to_numpy())
    model = sm.GLM(
        leads["converted"].astype(float).to_numpy(),
        design,
        sm.families.Poisson(),  # its score of a saturated model is that of the rates' ratio
        var_weights=leads["weight"].to_numpy(),
    )
    expected = model.fit(cov_type="HC0")
    row = measure_lift(obs, RULES).table.iloc[0]
    assert np.log(row["relative_risk"]) == pytest.approx(expected.params[1])
    # Koopman's is a score interval: close to Wald's on the log scale, not equal to it.
    width = np.log(row["relative_risk_ci_upper"] / row["relative_risk_ci_lower"])
    assert width == pytest.approx(2 * 1.96 * expected.bse[1], rel=0.02)
    assert row["p_value"] == pytest.approx(expected.pvalues[1], rel=0.35)  # Fisher's, not Wald's


def test_rare_criteria_without_effect_are_seldom_proven_under_weights():
    """5 % of the leads buy, 5 % meet a criterion: four conversions with it, weighed 1 to 2.

    4,000 criteria: p <= 0.01 for 40 of them, give or take 6.3; a z score whose variance comes from
    these four conversions gives about 110.
    """
    rng = np.random.default_rng(7)
    n, small = 3000, 0
    for _ in range(40):
        follow_up = rng.uniform(45, 135, n)
        lag = np.where(rng.random(n) < 0.05, 20 * np.exp(0.8 * rng.standard_normal(n)), 1e9)
        won = (lag < 90) & (lag <= follow_up)
        sample = Sample(
            criteria=tuple(RULES) * 100,
            flags=rng.random((n, 100)) < 0.05,
            converted=won.astype(float),
            weight=censoring_weights(won, lag, follow_up, follow_up >= 90).weight,
            keys=np.arange(n, dtype=np.uint64),
        )
        small += int((p_values(sides_of(sample)) <= 0.01).sum())
    assert small <= 40 + 3 * 6.3


def test_two_deals_of_each_contact_tell_no_more_than_one():
    one = quarter(700, np.random.default_rng(4), as_of=200, effect=0.15)
    rows = observe(one, **WINDOWS).table
    twice = pd.concat([rows, rows.assign(lead_id=rows["lead_id"] + "b")])
    frame = twice[["lead_id", "created_at", "closed_at", "x"]].assign(
        contact=rows["lead_id"].tolist() * 2,
        outcome=np.where(twice["converted"], "converted", "open"),
    )
    frame["closed_at"] = frame["closed_at"].where(twice["converted"])
    pairs = read_history(frame, leads=LeadColumns(contact="contact"), as_of=one.as_of)
    single = measure_lift(observe(one, **WINDOWS), RULES).table.iloc[0]
    double = measure_lift(observe(pairs, **WINDOWS), RULES).table.iloc[0]
    assert double["n"] == 2 * single["n"]
    for name in ("rate", "lift", "difference", "relative_risk"):
        ends = [f"{name}_ci_lower", f"{name}_ci_upper"]
        # The jackknife over contacts is a little wider than the formula for single leads.
        np.testing.assert_allclose(double[ends].astype(float), single[ends].astype(float), 3e-3)
    # The sandwich of contacts against the model's covariance: alike, not the same.
    for end in ("lower", "upper"):
        name = f"odds_ratio_adjusted_ci_{end}"
        assert double[name] == pytest.approx(single[name], rel=0.05)


def test_contacts_on_both_sides_make_the_contrast_surer():
    """Each of four contacts has one deal with and one without.

    Bought: both, none, none, the one with. V1 = 4 (1/2)^2 / 16 = 1/16, V2 = (9/16 + 3/16) / 16 =
    3/64, their sum 7/64; Cov = (1/2 3/4 + 1/2 1/4 + 1/2 1/4 - 1/2 1/4) / 16 = 1/32; the
    difference has the variance 7/64 - 4/64, 7/3 times less than two samples would have.
    """
    sides = sides_of(pairs([1, 1, 0, 0, 0, 0, 1, 0]))
    assert (sides.rate[0], sides.rate_without[0]) == (1 / 2, 1 / 4)
    assert sides.for_difference[0] == pytest.approx(7 / 3)


def test_a_difference_without_any_variance_keeps_its_factor():
    """Bought: both, none, none, none. p1 - p2 is 0 for certain; its variance is not divided by."""
    assert sides_of(pairs([1, 1, 0, 0, 0, 0, 0, 0])).for_difference[0] == 1


def pairs(converted):
    """Four contacts with two deals each, the first of them with the criterion."""
    return Sample(
        criteria=tuple(RULES),
        flags=np.tile([True, False], 4)[:, None],
        converted=np.array(converted, dtype=float),
        weight=np.ones(8),
        keys=np.arange(8, dtype=np.uint64) // 2,
        cluster=np.arange(8) // 2,
    )


def stacked(n, rng):
    """Leads that click at a constant rate until they are won or the horizon, without effect."""
    created = rng.uniform(0, 300, n)
    lag = np.where(rng.random(n) < 0.3, rng.exponential(15, n), np.inf)
    clicks = rng.poisson(0.1 * np.minimum(lag, 40))
    owner = np.repeat(np.arange(n), clicks)
    at = created[owner] + rng.random(clicks.sum()) * np.minimum(lag, 40)[owner]
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": START + pd.to_timedelta(created, unit="D"),
            "outcome": np.where(np.isfinite(lag), "converted", "open"),
            "closed_at": START
            + pd.to_timedelta(np.where(np.isfinite(lag), created + lag, np.nan), unit="D"),
        }
    )
    log = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in owner],
            "activity": "click",
            "occurred_at": START + pd.to_timedelta(at, unit="D"),
        }
    )
    return read_history(leads, log, as_of=START + 600 * DAY)


def test_several_landmarks_do_not_make_an_effect():
    """A click more is a day older, and who is old will rarely buy: only strata keep that apart."""
    history = stacked(6000, np.random.default_rng(5))
    clicked = [as_criterion({"activity": "click"})]
    obs = observe(history, snapshots=["3D", "10D", "20D"], observation_window="3D", horizon="60D")
    row = measure_lift(obs, clicked).table.iloc[0]
    leads = obs.fitting.at_landmark
    pooled = leads.loc[leads["click"] > 0, "converted"].mean() / leads["converted"].mean()
    assert pooled < 0.9  # what a naive comparison would say
    assert row["lift"] == pytest.approx(1, abs=0.06)
    assert row["verdict"] == "no evidence"
    assert row["odds_ratio_adjusted"] == pytest.approx(1, abs=0.12)
    assert row["lift"] == pytest.approx(row["converted_share"] / row["lead_share"])
    card = fit_scorecard(obs, criteria=clicked)
    assert card.is_empty


@pytest.mark.slow
def test_a_planted_effect_is_found_at_several_landmarks():
    rng = np.random.default_rng(6)
    n = 4000
    x = rng.random(n) < 0.3
    lag = np.where(rng.random(n) < np.where(x, 0.4, 0.2), rng.exponential(15, n), np.inf)
    created = rng.uniform(0, 300, n)
    won = np.isfinite(lag)
    closed = START + pd.to_timedelta(np.where(won, created + lag, np.nan), unit="D")
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": START + pd.to_timedelta(created, unit="D"),
            "outcome": np.where(won, "converted", "open"),
            "closed_at": closed,
            "x": np.where(x, "yes", "no"),
        }
    )
    history = read_history(leads, as_of=START + 600 * DAY)
    windows = {"observation_window": "3D", "horizon": "60D"}
    obs = observe(history, snapshots=["3D", "10D", "20D"], **windows)
    single = measure_lift(observe(history, **windows), RULES).table.iloc[0]
    several = measure_lift(obs, RULES).table.iloc[0]
    assert several["verdict"] == "raises"
    assert several["relative_risk"] == pytest.approx(single["relative_risk"], rel=0.15)
    # Three looks at a lead are not three leads: the interval hardly narrows.
    width = [np.log(r["lift_ci_upper"] / r["lift_ci_lower"]) for r in (single, several)]
    assert width[1] > 0.75 * width[0]
    card = fit_scorecard(obs, criteria=RULES)
    assert [line.points for line in card.criteria] == [100]
    assert card.criteria[0].selection_frequency == 1


@pytest.mark.parametrize("counts_kinds", [False, True])
def test_packed_flags_give_the_same_table(
    monkeypatch: pytest.MonkeyPatch, counts_kinds: bool
) -> None:
    leads, log, _ = make_leads(3_000, rng=4)
    history = read_history(leads, log)
    obs = observe(history, observation_window="7D", horizon="60D")
    rules = criteria_of(obs, None)
    assert (obs.rows["weight"] != 1).any()  # of young leads
    if counts_kinds:
        monkeypatch.setattr(alike, "BLOCK", 500)
        monkeypatch.setattr(alike, "COMMON", 50)
    plain = sample_of(obs, rules)
    monkeypatch.setattr(sample_module, "_MOST_FLAGS", 0)
    packed = sample_of(obs, rules, pack=True)
    assert packed.flags.shape == (0, len(rules))
    assert packed.packed is not None
    assert len(plain.met.first) > 0 or not counts_kinds
    assert_frame_equal(compare_rates(plain), compare_rates(packed))
    every_third = np.arange(0, plain.n, 3)
    some, some_packed = (sample.rows(every_third).columns([0, 4]) for sample in (plain, packed))
    assert_frame_equal(compare_rates(some), compare_rates(some_packed))
