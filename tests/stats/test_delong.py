from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.stats.delong import (
    leads_auc,
    leads_auc_interval,
    paired_auc_difference,
    standard_error_of,
)
from calibrate.stats.ranking import auc, auc_interval
from calibrate.stats.weighting import censoring_weights


@st.composite
def weighted_leads(draw):
    n = draw(st.integers(6, 40))
    scores = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    outcome = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    outcome[:4] = [True, False, True, False]
    weight = draw(st.lists(st.sampled_from([0.5, 1.0, 1.25, 4.0]), min_size=n, max_size=n))
    cluster = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    cluster[:4] = [0, 0, 1, 1]
    return np.array(scores), np.array(outcome), np.array(weight), np.array(cluster)


def some_leads(n=200, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 8, n)
    return scores, rng.random(n) < 0.1 + 0.05 * scores, rng.uniform(0.5, 3, n)


@given(weighted_leads())
def test_weights_of_one_without_clusters_are_delongs(leads):
    scores, outcome, _, _ = leads
    expected = auc_interval(scores, outcome, ~outcome)
    for cluster in (None, np.arange(len(scores))):
        found = leads_auc(scores, outcome, np.ones(len(scores)), cluster)
        assert found.auc == auc(scores, outcome, ~outcome)
        np.testing.assert_allclose(leads_auc_interval(found), expected, atol=1e-12)


@given(weighted_leads())
def test_the_area_and_its_influence_against_the_matrix_of_pairs(leads):
    scores, outcome, weight, cluster = leads
    a, b = scores[outcome][:, None], scores[~outcome][None, :]
    pairs = (a > b) + 0.5 * (a == b)
    w1, w0 = weight[outcome], weight[~outcome]
    area = w1 @ pairs @ w0 / w1.sum() / w0.sum()
    found = leads_auc(scores, outcome, weight, cluster)
    assert found.auc == pytest.approx(area)
    # Influence: w_i times the derivative of the area with respect to the weight of lead i.
    slope = np.empty(len(scores))
    slope[outcome] = (pairs @ w0 / w0.sum() - area) / w1.sum()
    slope[~outcome] = (w1 @ pairs / w1.sum() - area) / w0.sum()
    units = np.empty(len(scores))
    for side in (outcome, ~outcome):
        m = len(set(cluster[side].tolist()))
        units[side] = np.sqrt(m / (m - 1)) if m > 1 else np.nan
    expected = weight * slope * units
    if np.isnan(units).any():
        assert np.isnan(found.standard_error)
        return
    np.testing.assert_allclose(found.influence, expected, atol=1e-12)
    sums = [expected[cluster == c].sum() for c in set(cluster.tolist())]
    assert found.standard_error == pytest.approx(np.sqrt(np.square(sums).sum()), abs=1e-9)


def test_the_influence_is_the_derivative_of_the_area():
    scores, outcome, weight = some_leads(60)
    found = leads_auc(scores, outcome, weight)
    step = 1e-6
    for i in (0, 7, 31):
        heavier = weight + step * (np.arange(60) == i)
        slope = (leads_auc(scores, outcome, heavier).auc - found.auc) / step
        m = outcome.sum() if outcome[i] else (~outcome).sum()
        expected = weight[i] * slope * np.sqrt(m / (m - 1))
        assert found.influence[i] == pytest.approx(expected, abs=1e-6)


def test_a_weight_of_two_is_not_the_row_twice():
    scores, outcome, _ = some_leads(120)
    weight = 1.0 + (np.arange(120) % 2)
    twice = np.repeat(np.arange(120), weight.astype(int))
    weighted, rows = leads_auc(scores, outcome, weight), leads_auc(scores[twice], outcome[twice])
    assert weighted.auc == pytest.approx(rows.auc, abs=1e-14)
    # 180 rows pretend to know more than 120 leads do
    assert weighted.standard_error > 1.1 * rows.standard_error
    # only ratios of weights matter
    single, doubled = leads_auc(scores, outcome), leads_auc(scores, outcome, np.full(120, 2.0))
    assert doubled.standard_error == pytest.approx(single.standard_error, rel=1e-12)


def test_clusters_of_two_identical_rows_are_the_single_rows():
    scores, outcome, weight = some_leads(120)
    other = np.roll(scores, 3)
    pairs = [np.repeat(values, 2) for values in (scores, other, outcome, weight)]
    cluster = np.repeat(np.arange(120), 2)
    single = leads_auc(scores, outcome, weight)
    double = leads_auc(pairs[0], pairs[2], pairs[3], cluster)
    np.testing.assert_allclose(
        [double.auc, *leads_auc_interval(double)], [single.auc, *leads_auc_interval(single)]
    )
    one = paired_auc_difference(scores, other, outcome, weight)
    two = paired_auc_difference(*pairs, cluster)
    np.testing.assert_allclose(two[:2], one[:2])
    apart = paired_auc_difference(*pairs)
    assert apart.standard_error < 0.75 * two.standard_error  # 1 / sqrt(2)


def test_leads_without_weight_count_for_nothing():
    scores, outcome, weight = some_leads(80)
    kept = np.arange(80) % 5 > 0
    some, part = (
        leads_auc(scores, outcome, weight * kept),
        leads_auc(scores[kept], outcome[kept], weight[kept]),
    )
    assert some.auc == pytest.approx(part.auc)
    assert some.standard_error == pytest.approx(part.standard_error)
    assert (some.influence[~kept] == 0).all()


def test_perfect_separation_of_weighted_leads_still_has_an_interval():
    scores, outcome = np.repeat([1, 2], [30, 20]), np.repeat([False, True], [30, 20])
    plain = auc_interval([1, 2], [0, 20], [30, 0])
    alike = leads_auc_interval(leads_auc(scores, outcome, np.full(50, 3.0)))
    np.testing.assert_allclose(alike, plain)
    uneven = np.where(np.arange(50) % 2, 5.0, 1.0)
    assert leads_auc_interval(leads_auc(scores, outcome, uneven)).lower < plain.lower


@pytest.mark.parametrize(
    ("outcome", "cluster"),
    [
        ([True] * 4, None),
        ([True, False, False, False], None),
        ([True, True, False, False], [0] * 4),
    ],
)
def test_fewer_than_two_leads_or_clusters_of_an_outcome(outcome, cluster):
    found = leads_auc([1, 2, 3, 4], outcome, cluster=cluster)
    assert np.isnan(found.standard_error)
    assert np.isnan(leads_auc_interval(found)).all()
    assert np.isnan(paired_auc_difference([1, 2, 3, 4], [4, 3, 2, 1], outcome, None, cluster)[0])


def known_by_now(rng, n):
    """Leads of 180 days, horizon 90: what is known of them on the last day, with weights."""
    clicked = rng.random(n) < 0.4
    lag = np.exp(np.log(30) + 0.8 * rng.standard_normal(n))
    won = (rng.random(n) < np.where(clicked, 0.3, 0.12)) & (lag < 90)
    follow_up = rng.uniform(0, 180, n)
    seen = won & (lag <= follow_up)
    weight = censoring_weights(seen, np.where(seen, lag, 0), follow_up, follow_up >= 90).weight
    return clicked[weight > 0], seen[weight > 0], weight[weight > 0]


def test_the_interval_of_weighted_leads_covers_the_truth():
    """600 companies of 700 leads of which half are mature; score: clicked or not.

    Both outcomes' share of clickers is known: .4 * .3 / (.4 * .3 + .6 * .12) = .625 among
    those who would convert, times P(lag < 90) for all alike. P(lag < 90) = Phi(log(3) / .8).
    """
    from scipy.stats import norm

    in_time = norm.cdf(np.log(3) / 0.8)
    hits = 0.4 * 0.3, 0.6 * 0.12
    among_won = hits[0] / sum(hits)
    among_others = 0.4 * (1 - 0.3 * in_time) / (1 - sum(hits) * in_time)
    truth = 0.5 + (among_won - among_others) / 2  # AUC of a yes/no score
    rng = np.random.default_rng(0)
    covered, areas, errors = [], [], []
    for _ in range(600):
        found = leads_auc(*known_by_now(rng, 700))
        lower, upper = leads_auc_interval(found)
        covered.append(lower <= truth <= upper)
        areas.append(found.auc)
        errors.append(found.standard_error)
    # standard error of the mean 0.001 and of the coverage 0.009
    assert np.mean(areas) == pytest.approx(truth, abs=0.004)
    assert np.std(areas) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.08)
    assert 0.93 <= np.mean(covered) <= 0.97


def test_influences_add_up_within_a_cluster():
    # 3 + 4 = 7 in the first cluster, -1 in the second: sqrt(49 + 1)
    assert standard_error_of(np.array([3.0, -1.0, 4.0]), [0, 1, 0]) == pytest.approx(50**0.5)
