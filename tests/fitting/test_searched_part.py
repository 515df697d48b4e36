"""Of many leads criteria are searched on some, drawn by their ids, and measured on all."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from calibrate.candidates import criteria_of
from calibrate.datasets import make_leads
from calibrate.fitting import cross_fit_scores, fit_scorecard
from calibrate.history import read_history
from calibrate.lift import measure_lift
from calibrate.observation import leads_searched, observe
from calibrate.observation import searched as draw

N, SOME = 6_000, 1_500
WINDOWS = {"observation_window": "14D", "horizon": "60D"}


@pytest.fixture(scope="module")
def company():
    return make_leads(n=N, rng=3)


def observed(company, leads=None, **options):
    known, activities, truth = company
    history = read_history(known if leads is None else leads, activities, as_of=truth.as_of)
    return observe(history, **WINDOWS, **options)


def mean_width(card):
    return np.mean([line.points_ci[1] - line.points_ci[0] for line in card.criteria])


@pytest.fixture
def few(monkeypatch):
    """Let `SOME` leads be many: at most so many are searched, however few convert."""
    for module in ("observation.searched", "fitting.screening", "lift.adjusted"):
        monkeypatch.setattr(f"calibrate.{module}.FEW_LEADS", SOME)
    monkeypatch.setattr(draw, "ENOUGH", 1)


def test_how_many_are_searched():
    # 5,000 customers at 1 in 20: 100,000 leads; at 1 in 50: 250,000; at 1 in 1,000: 5,000,000,
    # of which 1,000,000 are searched; at 99 in 100 the others are the rarer ones.
    assert leads_searched(99_000, 1) == 99_000
    assert leads_searched(400_000, 20_000) == 100_000
    assert leads_searched(400_000, 8_000) == 250_000
    assert leads_searched(400_000, 1_000) == 400_000
    assert leads_searched(9_000_000, 9_000) == 1_000_000
    assert leads_searched(9_000_000, 8_910_000) == 500_000


@pytest.mark.slow
def test_few_leads_are_all_searched(company):
    obs = observed(company)
    assert obs.searched is obs


@pytest.mark.usefixtures("few")
def test_leads_are_drawn_by_the_md5_of_their_ids(company):
    obs = observed(company)
    part = obs.searched
    compared = int(obs.is_compared.sum())
    share = 0.99 * SOME / compared
    bound = f"{int(share * 16**12):012x}"
    inside = [
        hashlib.md5(str(name).encode(), usedforsecurity=False).hexdigest() < bound
        for name in obs.rows["lead_id"]
    ]
    assert np.array_equal(part.drawn, np.flatnonzero(inside))
    # a draw of share p of n leads has the standard deviation sqrt(n p (1 - p)): 34
    assert int(part.is_compared.sum()) == pytest.approx(0.99 * SOME, abs=4 * 34)


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_the_order_of_the_file_draws_no_other_leads(company):
    leads = company[0]
    shuffled = leads.sample(frac=1, random_state=5)
    one, other = (observed(company, table).searched for table in (leads, shuffled))
    assert set(one.rows["lead_id"]) == set(other.rows["lead_id"])
    cards = [fit_scorecard(obs) for obs in (observed(company), observed(company, shuffled))]
    assert cards[0].to_json() == cards[1].to_json()


@pytest.mark.slow
@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("snapshots", [None, ["7D", "14D"]])
def test_numbers_of_the_log_are_those_of_the_same_leads(company, snapshots):
    obs = observed(company, snapshots=snapshots).fitting
    part = obs.searched
    rules = criteria_of(part, None, detail="many")
    assert part.drawn is not None
    assert len(part.rows) < len(obs.rows)
    assert np.array_equal(part.flags(rules), obs.flags(rules)[part.drawn])


@pytest.mark.slow
def test_where_all_are_searched_the_card_is_the_same(company, monkeypatch):
    whole = fit_scorecard(observed(company)).to_json()
    monkeypatch.setattr(draw, "FEW_LEADS", SOME)  # 5,000 customers are more than there are leads
    assert fit_scorecard(observed(company)).to_json() == whole


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_points_are_those_of_all_leads(company, monkeypatch):
    obs = observed(company, maturity="drop")
    card = fit_scorecard(obs)
    chosen = [line.criterion for line in card.criteria]
    monkeypatch.undo()
    obs = observed(company, maturity="drop")
    met = obs.flags(chosen)[obs.is_compared]
    assert [line.n for line in card.criteria] == met.sum(axis=0).tolist()
    assert card.control["n"] == int(obs.is_compared.sum())
    # the same rules, given and fitted on all leads, have the same points and intervals
    again = fit_scorecard(obs, criteria=chosen, pairs=False)
    points = {line.criterion.name: (line.points, line.lift) for line in again.criteria}
    assert points == {line.criterion.name: (line.points, line.lift) for line in card.criteria}
    assert mean_width(card) == pytest.approx(mean_width(again), rel=0.15)  # resamples differ


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_intervals_of_some_leads_would_be_wider(company):
    obs = observed(company, maturity="drop")
    card = fit_scorecard(obs)
    of_part = fit_scorecard(obs.searched, criteria=[line.criterion for line in card.criteria])
    # a quarter of the leads: intervals twice as wide, were no rule left out and no end rounded
    assert mean_width(of_part) > 1.4 * mean_width(card)


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_the_lift_table_is_of_all_leads_but_for_the_adjusted_odds(company):
    obs = observed(company)
    table = measure_lift(obs).table
    n = int(obs.is_compared.sum())
    assert (table["n"] + table["n_without"] == n).all()
    rules = measure_lift(obs).criteria
    assert table["n"].tolist() == obs.flags(rules)[obs.is_compared].sum(axis=0).tolist()
    of_part = measure_lift(obs.searched, rules).table
    for end in ("", "_ci_lower", "_ci_upper"):
        name = f"odds_ratio_adjusted{end}"
        pd.testing.assert_series_equal(table[name], of_part[name], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("method", ["logistic", "rate", "difference", "log_odds"])
def test_every_lead_is_scored_by_a_card_fitted_without_it(company, method):
    obs = observed(company)
    card = fit_scorecard(obs, method=method, intervals=False)
    scores = cross_fit_scores(obs, method=method, card=card)
    assert len(scores) == int(obs.is_compared.sum())
    assert scores["score"].between(0, 100).all()
    assert scores.index.is_unique
    if method == "logistic":  # with the rest 750 leads prove too little
        known = scores[scores["weight"] > 0]
        won = known["converted"].astype(bool)
        assert known.loc[won, "score"].mean() > known.loc[~won, "score"].mean()


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_shuffled_outcomes_give_an_empty_card(company):
    leads = company[0]
    columns = ["outcome", "closed_at", "created_at"]
    filled = 0
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(N)
        mixed = leads.assign(**{name: leads[name].to_numpy()[order] for name in columns})
        wide = mixed.drop(columns=["created_at", "closed_at"])
        obs = observe(read_history(wide[wide["outcome"] != "open"]))
        filled += not fit_scorecard(obs, intervals=False).is_empty
    assert filled <= 1  # each with p <= 0.01: two of ten or more in 4 of 1,000 (binomial)
