"""A card's promises against what came."""

from __future__ import annotations

import datetime as dt
import inspect
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from calibrate.config import ActivityColumns, CalibrationSettings, LeadColumns, Settings
from calibrate.fitting import fit_scorecard
from calibrate.history import History, read_history
from calibrate.monitoring import monitor
from calibrate.monitoring.drift import score_drift, share_tests
from calibrate.monitoring.promises import _normal_of, level_test, residual_tests, shifted_to
from calibrate.monitoring.values import HEALTH_COLUMNS, TOO_FEW
from calibrate.monitoring.verdict import verdict_of
from calibrate.observation import observe
from calibrate.pipeline import judging
from calibrate.scorecard import Scorecard
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.significance import holm

WINDOWS = {"observation_window": "7D", "horizon": "60D", "lookback": "30D"}
RULES = (
    {"name": "director", "when": {"field": "level", "in": ["director"]}},
    {"name": "demo", "when": {"activity": "demo", "at_least": 1}},
)
CHANGE = pd.Timestamp("2023-07-01")


def company(
    *,
    n: int = 6000,
    seed: int = 0,
    demo_after: float = 1.6,
    level_after: float = 0.0,
    directors_after: float = 0.25,
) -> History:
    """Leads of 2022Q3 to 2023Q3; what is named ``after`` holds for those of 2023Q3."""
    rng = np.random.default_rng(seed)
    created = pd.Timestamp("2022-07-01") + pd.to_timedelta(
        np.sort(rng.uniform(0, 457, n)), unit="D"
    )
    after = np.asarray(created >= CHANGE)
    director = rng.random(n) < np.where(after, directors_after, 0.25)
    demo = rng.random(n) < 0.3
    effect = np.where(after, demo_after, 1.6)
    log_odds = -2.2 + 1.2 * director + effect * demo + np.where(after, level_after, 0.0)
    won = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    leads = pd.DataFrame(
        {
            "lead_id": np.arange(n),
            "created_at": created,
            "outcome": np.where(won, "converted", "lost"),
            "closed_at": created + pd.to_timedelta(rng.uniform(8, 55, n), unit="D"),
            "level": np.where(director, "director", "clerk"),
        }
    )
    asked = leads.loc[demo, ["lead_id", "created_at"]].rename(columns={"created_at": "occurred_at"})
    log = asked.assign(activity="demo", occurred_at=asked["occurred_at"] + pd.Timedelta(days=2))
    return read_history(leads, log, as_of="2024-01-15")


def card_of(history: History) -> Scorecard:
    """The card of 2022Q3 to 2023Q1 as known on 2023-07-01."""
    past = history.at(dt.datetime(2023, 7, 1))
    obs = observe(past, period=("2022-07-01", "2023-04-01"), **WINDOWS)
    card = fit_scorecard(obs, criteria=list(RULES))
    return card.with_tiers({"hot": card.base + 1, "cold": 0})


watch = partial(monitor, **WINDOWS)


@pytest.fixture(scope="module")
def steady() -> History:
    return company()


@pytest.fixture(scope="module")
def card(steady: History) -> Scorecard:
    return card_of(steady)


def test_a_quarter_like_those_before_is_kept(steady: History, card: Scorecard) -> None:
    health = watch(card, steady)
    assert (health.verdict, health.period) == ("keep", "2023Q3")
    assert health.reasons[0].startswith("2023Q3, ")
    assert "conversions promised" in health.reasons[0]
    table = health.table
    assert tuple(table.columns) == HEALTH_COLUMNS
    assert table["kind"].tolist() == ["level", *["tier"] * 2, *["criterion"] * 2, "score"]
    level, tiers = table.iloc[0], table[table["kind"] == "tier"]
    assert tiers["n"].sum() == level["n"]
    assert tiers["n_expected"].sum() == pytest.approx(level["n_expected"])
    assert level["n_expected"] == pytest.approx(
        level["n"] * level["rate"] - level["n"] * level["difference"]
    )


def test_a_criterion_that_lost_its_effect_calls_for_a_new_card() -> None:
    history = company(demo_after=0.0)
    card = card_of(history)
    health = watch(card, history)
    assert health.verdict == "recalibrate"
    assert any(reason.startswith("demo: ") for reason in health.reasons)
    # not before the quarter can be judged: 60 days after its end
    early = watch(card, history.at(dt.datetime(2023, 11, 29)))
    assert (early.verdict, early.period) == ("keep", "2023Q2")
    asked = watch(card, history.at(dt.datetime(2023, 11, 29)), period="2023Q3")
    assert asked.verdict == "keep"
    assert "can be judged from 2023-11-30 on" in asked.reasons[0]
    assert asked.table.empty
    assert asked.cold.empty


@pytest.mark.slow
def test_a_shift_of_level_alone_is_watched() -> None:
    history = company(level_after=0.7)
    health = watch(card_of(history), history)
    assert health.verdict == "watch"
    assert any("level has shifted" in reason for reason in health.reasons)


def test_other_leads_are_watched() -> None:
    history = company(directors_after=0.6)
    health = watch(card_of(history), history)
    assert health.verdict == "watch"
    assert any("distributed differently: PSI" in reason for reason in health.reasons)
    assert any(reason.startswith("director: met by 2") for reason in health.reasons)


def test_capacity_is_compared_with_the_highest_tier(steady: History, card: Scorecard) -> None:
    health = watch(card, steady, capacity=5)
    hot = health.table.set_index("name").loc["hot"]
    # 2023Q3 has 92 days
    assert hot["per_week"] == pytest.approx(hot["n"] / (92 / 7))
    said = f"hot brings {hot['per_week']:.1f} leads a week, more than the 5 that can be worked."
    assert health.reasons[-1] == said
    assert "within the 5,000" in watch(card, steady, capacity=5000).reasons[-1]


def test_a_card_with_one_tier_has_no_highest(steady: History, card: Scorecard) -> None:
    health = watch(card.with_tiers({"cold": 0}), steady, capacity=1)
    assert not any("leads a week" in reason for reason in health.reasons)
    assert health.hot.empty
    assert not health.cold.empty


def test_what_could_not_have_been_noticed_is_said(steady: History, card: Scorecard) -> None:
    health = watch(card, steady)
    assert not any(reason.startswith("Too few") for reason in health.reasons)
    table = health.table
    table.loc[table["name"] == "demo", ["note", "holm_p_value"]] = TOO_FEW, np.nan
    said = "Too few leads to notice if these had lost their effect: demo."
    assert verdict_of(table) == ("keep", [health.reasons[1], said])


def test_low_scores_that_convert_and_high_ones_that_do_not_are_counted(
    steady: History, card: Scorecard
) -> None:
    health = watch(card, steady)
    tiers = health.table.set_index("name")
    cold, hot = tiers.loc["cold"], tiers.loc["hot"]
    low, high = health.reasons[-2:]
    assert f"{cold['n_converted']} of {cold['n']:,} cold leads" in low
    assert f"{hot['n'] - hot['n_converted']} of {hot['n']:,} hot leads" in high
    assert f"{hot['n'] - hot['n_expected']:.1f} expected" in high


def test_what_sets_low_scores_that_convert_apart_is_shown(steady: History) -> None:
    # a card that knows directors only: what its cold customers did was to ask for a demo
    past = steady.at(dt.datetime(2023, 7, 1))
    obs = observe(past, period=("2022-07-01", "2023-04-01"), **WINDOWS)
    blind = fit_scorecard(obs, criteria=list(RULES[:1]))
    blind = blind.with_tiers({"hot": blind.base + 1, "cold": 0})
    health = watch(blind, steady)
    demo = health.traits.set_index(["tier", "criterion"]).loc[("cold", "demo")]
    assert demo["verdict"] == "raises"
    assert demo["n"] == health.cold.set_index("criterion").loc["demo", "n"]
    told = json.loads(json.dumps(health.to_dict(), allow_nan=False))
    assert told["verdict"] == health.verdict
    assert [row["criterion"] for row in told["traits"]] == health.traits["criterion"].tolist()
    assert told["n_traits_looked_at"] == max(len(health.cold), len(health.hot))
    assert "within their tier" in health._repr_html_()


def test_a_quarter_the_card_was_fitted_on_is_said(steady: History, card: Scorecard) -> None:
    assert "fitted on leads of 2023Q1" in watch(card, steady, period="2023Q1").reasons[-1]


def test_traits_of_customers_with_low_scores(steady: History, card: Scorecard) -> None:
    health = watch(card, steady)
    tiers = health.table.set_index("name")
    assert set(health.cold["criterion"]) | set(health.hot["criterion"])
    assert (health.cold["n"] + health.cold["n_without"] == tiers.loc["cold", "n"]).all()


def test_a_table_without_dates(steady: History) -> None:
    rng = np.random.default_rng(0)
    level = np.where(rng.random(800) < 0.3, "director", "clerk")
    won = rng.random(800) < np.where(level == "director", 0.4, 0.1)
    frame = pd.DataFrame(
        {"lead_id": np.arange(800), "outcome": np.where(won, "yes", "no"), "level": level}
    )
    history = read_history(frame)
    card = fit_scorecard(observe(history), criteria=list(RULES[:1]))
    health = monitor(card, history)
    assert health.verdict == "keep"
    assert "Without dates" in health.reasons[-1]
    assert "not in this history" in health.table["note"].iloc[-1]


def test_a_quarter_without_leads_is_not_judged(steady: History, card: Scorecard) -> None:
    assert "no lead that can be judged" in watch(card, steady, period="2020Q1").reasons[0]


def test_fifty_quarters_without_a_change_raise_no_alarm() -> None:
    """Holm at 1 %: the promise learned from 2,000 leads, judged on 1,000 others."""
    rng = np.random.default_rng(7)
    share, beta = np.array([0.1, 0.3, 0.05, 0.5]), np.array([1.6, 0.8, -0.7, 0.4])

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        flags = rng.random((n, 4)) < share
        return flags, (rng.random(n) < 1 / (1 + np.exp(3 - flags @ beta))).astype(float)

    alarms = 0
    for _ in range(50):
        flags, converted = draw(2000)
        fit = fit_logistic(flags.astype(float), converted, np.ones(2000))
        now, came = draw(1000)
        promised = 1 / (1 + np.exp(-(fit.intercept + now @ fit.coefficients)))
        tests = residual_tests(promised, came, now, 2000 * flags.mean(axis=0))
        alarms += np.nanmin(holm(np.array([test.p_value for test in tests]))) <= 0.01
    assert alarms <= 2  # 0.5 expected; three or more happen once in seventy times


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=2, max_size=40),
    st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=50)
def test_after_the_shift_the_residuals_of_a_partition_sum_to_nothing(
    leads: list[tuple[float, bool]], seed: int
) -> None:
    promised = np.array([rate for rate, _ in leads])
    came = np.array([won for _, won in leads], dtype=float)
    if 0 < came.sum() < len(came):
        assert shifted_to(promised, came.sum()).sum() == pytest.approx(came.sum())
        part = np.random.default_rng(seed).random(len(leads)) < 0.5
        groups = np.stack([part, ~part], axis=1)
        one, two = residual_tests(promised, came, groups, np.array([100.0, 100.0]))
        excess = (one.n_converted - one.expected) + (two.n_converted - two.expected)
        assert excess == pytest.approx(0, abs=1e-6)


def test_the_level_test_agrees_with_the_poisson_law_of_rare_conversions() -> None:
    # 5,000 leads at 0.1 % : 5 conversions expected; a promise without error of its own
    promised = np.full(5000, 0.001)
    for came in (0, 1, 10, 13, 16):
        converted = (np.arange(5000) < came).astype(float)
        exact = poisson.sf(came - 1, 5) if came > 5 else poisson.cdf(came, 5)
        assert level_test(promised, converted, 1e12) == pytest.approx(2 * exact, rel=0.5)


def test_the_level_test_knows_the_error_of_the_promise() -> None:
    # 30 of 300 against a promise of 20 % learned from 300 leads: variance 2 * 300 * .2 * .8,
    # the third moments of both cancel: z = (30 - 0.5) / sqrt(96)
    converted = (np.arange(300) < 30).astype(float)
    z = (30 - 0.5) / np.sqrt(2 * 300 * 0.2 * 0.8)
    assert level_test(np.full(300, 0.2), converted, 300) == pytest.approx(2 * norm.sf(z))


@pytest.mark.slow
@given(st.floats(-3, 5), st.floats(-0.5, 0.5))
def test_the_skewness_transform_is_turned_round(z: float, skewness: float) -> None:
    if 1 + skewness * z / 3 > 0.05:  # before the vertex of the parabola
        x = z + skewness * (z**2 - 1) / 6
        assert _normal_of(x, skewness) == pytest.approx(z, abs=1e-3)


def test_groups_with_too_few_are_not_tested() -> None:
    promised, came = np.full(100, 0.1), (np.arange(100) < 10).astype(float)
    groups = np.stack([np.arange(100) < 30, np.ones(100, dtype=bool)], axis=1)
    few, everyone = residual_tests(promised, came, groups, np.array([1000.0, 1000.0]))
    assert np.isnan(few.p_value)  # 3 conversions expected
    assert np.isnan(everyone.p_value)  # nobody outside


def test_score_drift_by_hand() -> None:
    # reference: ten scores, ten leads each; now: half of the lowest bin moved to the highest
    reference = np.repeat(np.arange(10.0), 10)
    now = np.concatenate([reference[5:], np.full(5, 9.0)])
    expected = (0.05 - 0.1) * np.log(0.05 / 0.1) + (0.15 - 0.1) * np.log(0.15 / 0.1)
    assert score_drift(reference, now).psi == pytest.approx(expected, rel=0.05)
    # two values make two bins, not ten empty ones
    assert score_drift(np.repeat([0.0, 50.0], 50), np.repeat([0.0, 50.0], 50)).psi == 0


def test_shares_are_tested_together() -> None:
    then, now = np.array([100.0, 500.0]), np.array([200.0, 500.0])
    p_values = share_tests(then, 1000, now, 1000)
    assert p_values[0] < 1e-6
    assert p_values[1] == 1


@pytest.mark.slow
def test_windows_and_periods_are_read_as_everywhere(steady: History) -> None:
    card = card_of(steady)
    first, second = ("2023-04-01T00:00Z", "2023-07-01T00:00Z")
    one, two = (
        monitor(card, steady, period=period, observation_window=window, horizon="7D")
        for period, window in (((first, second), "auto"), ("2023Q2", "3D"))
    )
    assert one.period == "2023Q2"
    # 14 days are proposed; of those proposals shorter than the horizon, 3 is the longest
    pd.testing.assert_frame_equal(one.table, two.table)


def twice(history: History) -> History:
    """The same company with every lead entered twice, as two deals of one contact."""
    leads = history.engine.query("SELECT * FROM leads").to_pandas()
    log = history.engine.query("SELECT * FROM activities").to_pandas()
    leads = pd.concat(
        [leads.assign(lead_id=leads["lead_id"].astype(str) + suffix) for suffix in ("a", "b")],
        ignore_index=True,
    )
    level = next(a.column for a in history.attributes if a.name == "level")
    columns = ["lead_id", "created_at", "outcome", "closed_at", "contact", level]
    leads["contact"] = leads["lead_id"].str[:-1]
    leads = leads[columns].rename(columns={level: "level"})
    log = log[["lead_key", "activity", "occurred_at"]].rename(columns={"lead_key": "contact"})
    return read_history(
        leads,
        log.astype({"contact": str}),
        leads=LeadColumns(contact="contact"),
        activities=ActivityColumns(lead="contact"),
        as_of="2024-01-15",
    )


@pytest.mark.slow
def test_deals_of_one_contact_that_are_alike_count_once(steady: History) -> None:
    double = twice(steady)
    cards = [card_of(history) for history in (steady, double)]
    one, two = (
        watch(card, history).table for card, history in zip(cards, (steady, double), strict=True)
    )
    assert (two["n"] == 2 * one["n"]).all()
    assert cards[1].control["n_effective"] == pytest.approx(cards[0].control["n"])
    columns = ["rate", "rate_ci_lower", "rate_ci_upper", "share_p_value", "psi"]
    np.testing.assert_allclose(one[columns], two[columns], atol=1e-9)
    # model-based against robust variance, and a smaller correction for continuity
    np.testing.assert_allclose(one["p_value"], two["p_value"], atol=0.06)


@pytest.mark.slow
def test_no_alarm_because_deals_come_in_pairs() -> None:
    """2,000 deals of 1,000 contacts, alike in each: how often is p under 5 % by chance?

    Taken one by one they give p under 5 % wherever |z| > 1.96 / sqrt(2): 16.6 %.
    """
    rng = np.random.default_rng(3)
    promised, cluster = np.full(2000, 0.1), np.repeat(np.arange(1000), 2)
    groups = np.repeat(rng.random(1000) < 0.3, 2)[:, None]
    told = {"clustered": 0, "apart": 0, "group": 0, "group apart": 0}
    for _ in range(400):
        came = np.repeat(rng.random(1000) < 0.1, 2).astype(float)
        told["clustered"] += level_test(promised, came, 1e9, cluster) < 0.05
        told["apart"] += level_test(promised, came, 1e9) < 0.05
        for name, numbers in (("group", cluster), ("group apart", None)):
            [test] = residual_tests(promised, came, groups, np.array([1e9]), numbers)
            told[name] += test.p_value < 0.05
    # 20 of 400 expected, standard deviation 4.4; without clusters 66, standard deviation 7.4
    assert max(told["clustered"], told["group"]) <= 33
    assert min(told["apart"], told["group apart"]) >= 44


def test_one_lead_a_cluster_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    promised = rng.uniform(0.05, 0.4, 300)
    came = (rng.random(300) < promised).astype(float)
    groups, numbers = rng.random((300, 2)) < 0.4, np.arange(300)[::-1]
    reference = np.array([500.0, 500.0])
    plain = residual_tests(promised, came, groups, reference)
    told = residual_tests(promised, came, groups, reference, numbers)
    assert [test.p_value for test in told] == pytest.approx([test.p_value for test in plain])
    assert level_test(promised, came, 900, numbers) == pytest.approx(
        level_test(promised, came, 900)
    )


def test_drift_of_scores_that_come_in_pairs() -> None:
    rng = np.random.default_rng(1)
    then, now = rng.integers(0, 20, 400).astype(float), rng.integers(1, 21, 300).astype(float)
    single = score_drift(then, now)
    double = score_drift(
        np.repeat(then, 2),
        np.repeat(now, 2),
        reference_cluster=np.repeat(np.arange(400), 2),
        cluster=np.repeat(np.arange(300), 2),
    )
    assert double == pytest.approx(single)
    assert score_drift(np.repeat(then, 2), np.repeat(now, 2)).p_value < single.p_value


@pytest.mark.slow
def test_leads_closed_early_are_judged_where_the_card_keeps_them(steady: History) -> None:
    span = {"observation_window": "20D", "horizon": "60D", "lookback": "30D"}
    past = steady.at(dt.datetime(2023, 7, 1))
    obs = observe(past, period=("2022-07-01", "2023-04-01"), early="truncate", **span)
    card = fit_scorecard(obs, criteria=list(RULES)).with_tiers({"hot": 50, "cold": 0})
    n = {
        early: int(monitor(card, steady, early=early, **span).table["n"].iloc[0])
        for early in ("landmark", "truncate")
    }
    assert n["truncate"] == len(observe(steady, period="2023Q3", **span).table)
    # Leads are closed 8 to 55 days after their creation: 12 of 47 days lie before day 20.
    assert n["landmark"] / n["truncate"] == pytest.approx(35 / 47, abs=0.04)
    kept = monitor(card, steady, early="truncate", **span)
    assert kept.verdict == "keep"


@pytest.mark.slow
def test_the_promise_is_as_sure_as_its_effective_leads() -> None:
    """A card from weighted or clustered leads promises less surely than its count says."""
    history = company(level_after=0.3)
    card = card_of(history)
    known = {name: value for name, value in card.control.items() if name != "n_effective"}

    def p_value(**control: float) -> float:
        told = replace(card, control=known | control)
        return float(watch(told, history).table["p_value"].iloc[0])

    assert p_value(n_effective=1e9) < p_value(n_effective=card.control["n"]) < 0.05
    assert p_value(n_effective=50) > 0.3
    assert p_value() == p_value(n_effective=card.control["n"])  # cards of before


def test_a_run_monitors_leads_as_it_calibrates(
    steady: History, card: Scorecard, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, object] = {}
    monkeypatch.setattr(judging, "monitor", lambda *_, **given: told.update(given))
    calibration = CalibrationSettings(early="truncate", horizon="60D", lookback="30D")
    leads = LeadColumns(source="leads.csv")
    judging.judge_card(Settings(leads=leads, calibration=calibration), steady, card)
    taken = set(inspect.signature(monitor).parameters)
    assert set(told) == taken - {"card", "history", "period"}
    assert (told["early"], told["lookback"]) == ("truncate", dt.timedelta(days=30))
