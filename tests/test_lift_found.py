"""Rules that the search made stand in the lift table, and do not promise too much."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import calibrate as cal
from calibrate.criteria import as_criterion
from calibrate.fitting.combining import combined
from calibrate.fitting.counting import n_looked_at
from calibrate.fitting.search import search_rules
from calibrate.lift import CHOSEN, compare_chosen, compare_rates, measure_lift
from calibrate.lift.found import found_rows
from calibrate.observation import sample_of
from calibrate.scorecard import Scorecard, ScoredCriterion
from calibrate.stats.intervals import lift_interval, wilson
from calibrate.stats.significance import benjamini_hochberg
from tests.companies import wide_company

MERGED = {"field": "source", "in": ["s0", "s3", "s5"]}


def company(rng: np.random.Generator, n: int, effect: float = 0.0) -> cal.Observation:
    """Leads of 12 sources; those of the third and of MERGED buy more often, if anything does."""
    source = rng.integers(0, 12, n)
    raised = np.isin(source, [0, 3, 5])
    converted = rng.random(n) < 1 / (1 + np.exp(2 - effect * raised))
    return wide_company(
        rng.random((n, 3)) < 0.4,
        converted,
        source=[f"s{i}" for i in source],
        size=rng.lognormal(3, 1, n).round(),
    )


def card_of(*lines: ScoredCriterion) -> Scorecard:
    rates = pd.DataFrame({"score": range(101), "rate": np.linspace(0.01, 0.6, 101)})
    rates = rates.assign(rate_ci_lower=rates["rate"], rate_ci_upper=rates["rate"])
    return Scorecard(
        name="test",
        period=None,
        as_of=None,
        method="logistic",
        control={"rate": 0.1},
        base=0,
        criteria=lines,
        expected_rate=rates,
    )


def made(when: dict[str, object], points: int = 20, n: int | None = 2048) -> ScoredCriterion:
    rule = as_criterion({"when": when, "source": "found"})
    return ScoredCriterion(criterion=rule, points=points, n_looked_at=n)


@pytest.fixture(scope="module")
def obs() -> cal.Observation:
    return company(np.random.default_rng(0), 3000, effect=1.0)


@pytest.fixture(scope="module")
def lift(obs: cal.Observation) -> cal.Lift:
    return measure_lift(obs)


def test_a_merged_rule_of_the_card_gets_a_row(obs: cal.Observation, lift: cal.Lift) -> None:
    both = lift.with_card(card_of(made(MERGED)), obs)
    row = both.table.iloc[-1]
    assert len(both.table) == len(lift.table) + 1 == len(both.criteria)
    assert (row["criterion"], row["source"]) == ("source: s0 or s3 or s5", "found")
    assert row["reason"] == "chosen among 2,048 rules"
    chosen = obs.table["source"].isin(MERGED["in"])
    n, won = int(chosen.sum()), int(obs.table.loc[chosen, "converted"].sum())
    assert (row["n"], row["n_converted"]) == (n, won)
    # The counts are what was seen; the intervals have the level 1 - 0.05 / 2048.
    level = 1 - 0.05 / 2048
    assert (row["rate_ci_lower"], row["rate_ci_upper"]) == pytest.approx(
        tuple(map(float, wilson(won, n, confidence_level=level)))
    )
    rest, total = len(obs.table) - n, int(obs.table["converted"].sum())
    wide = lift_interval(won, n, total - won, rest, confidence_level=level)
    assert (row["lift_ci_lower"], row["lift_ci_upper"]) == pytest.approx(tuple(map(float, wide)))
    assert np.isnan(row["odds_ratio_adjusted"])
    assert row["confidence_level"] == 0.95
    # Rows that were there stay as they were, but for the reasons.
    old = both.table.iloc[:-1].drop(columns="reason")
    pd.testing.assert_frame_equal(old, lift.table.drop(columns="reason"))


@pytest.mark.slow
def test_p_and_q_account_for_what_was_looked_at(obs: cal.Observation, lift: cal.Lift) -> None:
    rule = as_criterion(MERGED)
    alone = compare_rates(sample_of(obs, [rule]))["p_value"].iloc[0]
    row = lift.with_card(card_of(made(MERGED)), obs, n_searched=200).table.iloc[-1]
    assert row["p_value"] == pytest.approx(2048 * alone)
    # By hand: the rows of the table, this one, and 200 rules and 103 families that show nothing.
    others = lift.table["p_value"].to_numpy()
    padded = np.concatenate([[2048 * alone], others, np.ones(303)])
    assert row["q_value"] == pytest.approx(benjamini_hochberg(padded)[0])
    assert row["verdict"] == "raises"
    weak = lift.with_card(card_of(made({"field": "size", "at_least": 5, "below": 20})), obs)
    assert weak.table.iloc[-1]["verdict"] == "no evidence"


def test_beyond_counting_there_is_no_interval(obs: cal.Observation, lift: cal.Lift) -> None:
    row = lift.with_card(card_of(made(MERGED, n=2**99)), obs).table.iloc[-1]
    assert row["reason"] == "chosen among countless rules"
    assert row[["rate_ci_lower", "lift_ci_upper"]].isna().all()
    assert row["lift"] > 1
    assert 0 <= row["p_value"] <= 1


def test_rules_that_are_in_the_table_are_not_added(obs: cal.Observation, lift: cal.Lift) -> None:
    level = made({"field": "source", "in": ["s0"]}, n=None)
    assert len(lift.with_card(card_of(level), obs).table) == len(lift.table)
    pair = made({"all": [{"field": "source", "in": ["s0"]}, {"field": "x0", "at_least": 1}]})
    twice = lift.with_card(card_of(made(MERGED)), obs).with_card(card_of(pair), obs)
    assert twice.table["criterion"].tolist()[-1] == pair.criterion.name
    assert len(twice.table) == len(lift.table) + 1
    # A rule from elsewhere that was there before the outcome was looked at has its own interval.
    single = {"field": "size", "at_least": 33}
    row = lift.with_card(card_of(made(single, n=None)), obs, n_searched=80).table.iloc[-1]
    assert row["reason"] == "chosen among 80 rules"
    plain = compare_rates(sample_of(obs, [as_criterion(single)])).iloc[0]
    assert row["lift_ci_lower"] == pytest.approx(plain["lift_ci_lower"])
    assert row["q_value"] > plain["q_value"]


@pytest.mark.slow
def test_a_level_inside_a_merged_rule_is_counted_by_it() -> None:
    # Twelve sources alike in size: one of six merged ones goes with them at a correlation of
    # sqrt((1/12) (1/2) / ((11/12) (1/2))) = 0.30; of eight, 0.21: under the 0.3 asked for.
    rng = np.random.default_rng(1)
    source = np.arange(6000) % 12
    converted = rng.random(6000) < np.where(source < 8, 0.3, 0.05)
    obs = wide_company(rng.random((6000, 1)) < 0.5, converted, source=[f"s{i}" for i in source])
    rule = {"field": "source", "in": [f"s{i}" for i in range(8)]}
    table = measure_lift(obs).with_card(card_of(made(rule)), obs).table.set_index("criterion")
    name = table.index[-1]
    for i in range(8):
        row = table.loc[f"source: s{i}"]
        assert row["verdict"] == "raises"
        assert row["reason"] == f"counted by {name}"


@pytest.mark.slow
def test_the_lines_of_a_card_do_not_promise_too_much() -> None:
    obs = company(np.random.default_rng(2), 3000, effect=1.2)
    card = cal.fit_scorecard(obs, max_criteria=3, intervals=False)
    line = next(line for line in card.criteria if "in" in line.criterion.when)
    # The column's levels that can be judged at all: 12, so 2^11 ways to part them.
    assert line.n_looked_at == 2**11
    level = 1 - 0.05 / 2**11
    part = sample_of(obs, [line.criterion])
    alone = compare_rates(part, confidence_level=level).iloc[0]
    assert line.lift_ci == pytest.approx((alone["lift_ci_lower"], alone["lift_ci_upper"]))
    assert line.lift == pytest.approx(alone["lift"])
    row = (
        measure_lift(obs).with_card(card, obs).table.set_index("criterion").loc[line.criterion.name]
    )
    assert (row["lift_ci_lower"], row["lift_ci_upper"]) == pytest.approx(line.lift_ci)
    assert json.loads(card.to_json())["criteria"][0].keys() >= {"n_looked_at", "auc_added"}


def test_a_wider_level_is_a_larger_quantile() -> None:
    """Of 100 and 36 conversions by Wilson, z = 3.29 at 1 - 0.05 / 50 (scipy norm.isf)."""
    obs = wide_company((np.arange(1000) < 100)[:, None], np.arange(1000) % 25 < 9)
    rules = [as_criterion({"field": "x0", "at_least": 1})]
    table = compare_chosen(sample_of(obs, rules), [50])
    z = norm.isf(0.0005)
    p, n = 0.36, 100
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert table.loc[0, "rate_ci_lower"] == pytest.approx(middle - reach)
    assert table.loc[0, "rate_ci_upper"] == pytest.approx(middle + reach)


@pytest.mark.slow
def test_where_nothing_is_true_hardly_a_made_rule_is_called_proven() -> None:
    """Ten companies without any effect, six rules searched in each: those made of others.

    Taken for rules named beforehand, most of them would be proven (p <= 0.05).
    """
    n_made = n_proven = n_naive = 0
    for seed in range(10):
        obs = company(np.random.default_rng(seed), 1500)
        lift = measure_lift(obs)
        sample = sample_of(obs, lift.criteria)
        terms = [term for term in search_rules(sample, 6) if not isinstance(term, int)]
        if not terms:
            continue
        looked_at = [n_looked_at(term, lift.criteria, range(len(lift.criteria))) for term in terms]
        part = combined(sample, terms)
        p_values = lift.table["p_value"].to_numpy(dtype=float)
        n = len(p_values)
        rows = found_rows(part, looked_at, p_values, n_searched=n, confidence_level=0.95)
        n_made += len(rows)
        n_proven += int(rows["verdict"].isin(["raises", "lowers"]).sum())
        n_naive += int((compare_rates(part)["p_value"] <= 0.05).sum())
        assert rows["reason"].str.startswith((CHOSEN, "too few")).all()
    assert n_made >= 10
    assert n_naive > n_made / 2
    assert n_proven <= n_made / 20
