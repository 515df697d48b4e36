from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, mannwhitneyu
from sklearn.metrics import average_precision_score, roc_auc_score

from calibrate.stats.delong import paired_auc_difference
from calibrate.stats.ranking import (
    auc,
    auc_interval,
    average_precision,
    gains_curve,
    kolmogorov_smirnov,
)

# Hanley and McNeil 1982, Radiology 143, 29-36, table I: CT images read on a scale of five.
HANLEY = ([1, 2, 3, 4, 5], [3, 2, 2, 11, 33], [33, 6, 6, 11, 2])


@st.composite
def scored_leads(draw):
    scores = draw(st.lists(st.integers(0, 12), min_size=2, max_size=60))
    outcome = draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)))
    outcome[:2] = [True, False]
    return np.array(scores), np.array(outcome)


def placements(scores, outcome):
    """Return DeLong's matrix of comparisons, converted by others, the slow way."""
    a, b = scores[outcome][:, None], scores[~outcome][None, :]
    return (a > b) + 0.5 * (a == b)


def test_hanley_and_mcneil():
    # The paper: area 0.893. DeLong's standard error and interval as Stata's manual gives
    # them for these data ([R] roctab): 0.8932, 0.0307, 0.83295 to 0.95339.
    assert auc(*HANLEY) == pytest.approx(0.8932, abs=5e-5)
    np.testing.assert_allclose(auc_interval(*HANLEY), [0.83295, 0.95339], atol=1e-5)


@pytest.mark.slow
@given(scored_leads())
def test_against_scikit_learn_and_scipy(leads):
    scores, outcome = leads
    counts = scores, outcome.astype(int), (~outcome).astype(int)
    assert auc(*counts) == pytest.approx(roc_auc_score(outcome, scores))
    m, n = outcome.sum(), (~outcome).sum()
    u = mannwhitneyu(scores[outcome], scores[~outcome], method="asymptotic").statistic
    assert auc(*counts) == pytest.approx(u / m / n)
    assert average_precision(*counts) == pytest.approx(average_precision_score(outcome, scores))
    with np.errstate(all="ignore"):  # its p value of two leads divides by zero
        expected = ks_2samp(scores[outcome], scores[~outcome], method="asymp").statistic
    assert kolmogorov_smirnov(*counts) == pytest.approx(expected)


@given(scored_leads())
def test_delong_against_the_matrix_of_pairs(leads):
    scores, outcome = leads
    matrix = placements(scores, outcome)
    m, n = matrix.shape
    lower, upper = auc_interval(scores, outcome, ~outcome)
    if min(m, n) < 2:
        assert np.isnan([lower, upper]).all()
        return
    variance = matrix.mean(axis=1).var(ddof=1) / m + matrix.mean(axis=0).var(ddof=1) / n
    area = matrix.mean()
    if variance > 0 or area not in {0.0, 1.0}:
        half = 1.959964 * variance**0.5
        expected = [max(area - half, 0), min(area + half, 1)]
        np.testing.assert_allclose([lower, upper], expected, atol=1e-7)


@given(scored_leads(), st.integers(0, 10))
def test_paired_difference_against_the_matrices_of_pairs(leads, seed):
    scores, outcome = leads
    other = np.random.default_rng(seed).permutation(scores)
    found = paired_auc_difference(scores, other, outcome)
    gap = placements(scores, outcome) - placements(other, outcome)
    m, n = gap.shape
    if min(m, n) < 2:
        assert np.isnan(found[:2]).all()
        return
    variance = gap.mean(axis=1).var(ddof=1) / m + gap.mean(axis=0).var(ddof=1) / n
    assert found.difference == pytest.approx(gap.mean(), abs=1e-12)
    assert found.standard_error == pytest.approx(variance**0.5, abs=1e-9)
    assert paired_auc_difference(other, scores, outcome).difference == pytest.approx(
        -found.difference, abs=1e-12
    )


def test_the_same_score_twice_does_not_differ():
    found = paired_auc_difference([1, 2, 3, 4], [10, 20, 30, 40], [0, 1, 0, 1])
    assert found[:2] == (0.0, 0.0)


@given(scored_leads())
def test_rows_may_be_grouped_and_in_any_order(leads):
    scores, outcome = leads
    hits, others = outcome.astype(float), (~outcome).astype(float)
    grouped = (
        np.arange(13),
        np.bincount(scores, hits, 13),
        np.bincount(scores, others, 13),
    )
    for function in (auc, kolmogorov_smirnov, average_precision):
        assert function(*grouped) == pytest.approx(function(scores, hits, others))
        backwards = function(scores[::-1], hits[::-1], others[::-1])
        assert backwards == pytest.approx(function(scores, hits, others))
    np.testing.assert_allclose(auc_interval(*grouped), auc_interval(scores, hits, others))


def test_perfect_separation_still_has_an_interval():
    lower, upper = auc_interval([1, 2], [0, 20], [30, 0])
    assert upper == 1.0
    # Newcombe 2006, method 5: (1 - A)^2 = z^2 V(A) with Hanley and McNeil's V at A.
    spread = (20 + 30) / 2 - 1
    v = (
        lower
        * (1 - lower)
        * (1 + spread * ((1 - lower) / (2 - lower) + lower / (1 + lower)))
        / (20 * 30)
    )
    assert (1 - lower) ** 2 == pytest.approx(1.959964**2 * v, rel=1e-6)
    assert 0.8 < lower < 0.99
    reverse = auc_interval([1, 2], [20, 0], [0, 30])
    assert reverse.lower == 0.0
    assert reverse.upper == pytest.approx(1 - auc_interval([1, 2], [0, 20], [30, 0]).lower)


def test_a_score_that_tells_nothing():
    counts = [7], [30], [70]
    assert auc(*counts) == 0.5
    assert list(auc_interval(*counts)) == [0.5, 0.5]
    assert average_precision(*counts) == 0.3
    assert kolmogorov_smirnov(*counts) == 0.0


@pytest.mark.parametrize(
    "counts", [([1, 2], [0, 0], [3, 4]), ([1, 2], [3, 4], [0, 0]), ([], [], [])]
)
def test_one_outcome_only(counts):
    assert np.isnan(auc(*counts))
    assert np.isnan(auc_interval(*counts)).all()
    assert np.isnan(kolmogorov_smirnov(*counts))


def test_gains_curve():
    # Highest score first: 1 of 2 leads converted, then 1 of 3.
    curve = gains_curve([10, 20, 15], [1, 1, 0], [2, 1, 0])
    assert curve.score.tolist() == [np.inf, 20.0, 10.0]
    assert curve.lead_share.tolist() == [0.0, 0.4, 1.0]
    assert curve.converted_share.tolist() == [0.0, 0.5, 1.0]
    assert np.isnan(gains_curve([1, 2], [0, 0], [1, 1]).converted_share).all()
    assert np.isnan(average_precision([1, 2], [0, 0], [1, 1]))


@given(scored_leads())
def test_gains_curve_rises_and_its_area_is_the_auc(leads):
    scores, outcome = leads
    curve = gains_curve(scores, outcome, ~outcome)
    assert (np.diff(curve.lead_share) >= 0).all()
    assert (np.diff(curve.converted_share) >= 0).all()
    # area under gains = r/2 + (1 - r) AUC, r the conversion rate
    rate = outcome.mean()
    area = np.trapezoid(curve.converted_share, curve.lead_share)
    expected = rate / 2 + (1 - rate) * auc(scores, outcome, ~outcome)
    assert area == pytest.approx(expected)
