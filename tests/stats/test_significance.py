from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, hypergeom
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import test_proportions_2indep as proportions_2indep

from calibrate.stats import significance
from calibrate.stats.significance import benjamini_hochberg, holm, mid_p_fisher, score_test


def exact_mid_p(x1, n1, x2, n2):
    """Return the same p from scipy's hypergeometric distribution, one table at a time."""
    law = hypergeom(n1 + n2, x1 + x2, n1)
    point = law.pmf(x1)
    return min(1.0, 2 * min(law.cdf(x1) - point, law.sf(x1)) + point)


@pytest.mark.parametrize("table", [(36, 100, 264, 900), (1, 40, 9, 30), (0, 10, 4, 20)])
def test_score_test_against_scipy_and_statsmodels(table):
    x1, n1, x2, n2 = table
    cells = [[x1, n1 - x1], [x2, n2 - x2]]
    assert score_test(*table) == pytest.approx(chi2_contingency(cells, correction=False)[1])
    other = proportions_2indep(*table, compare="diff", method="score", correction=False)
    assert score_test(*table) == pytest.approx(other.pvalue)


def test_degenerate_tables():
    # Nobody converted, everybody converted, no leads on one side.
    x1, n1 = [0, 5, 0], [5, 5, 0]
    x2, n2 = [0, 9, 3], [9, 9, 9]
    for test in (score_test, mid_p_fisher):
        p = test(x1, n1, x2, n2)
        assert p[:2].tolist() == [1.0, 1.0]
        assert np.isnan(p[2])


@given(st.integers(1, 80), st.integers(1, 80), st.data())
def test_mid_p_against_scipy(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    assert mid_p_fisher(x1, n1, x2, n2) == pytest.approx(exact_mid_p(x1, n1, x2, n2), abs=1e-12)


@given(st.integers(1, 5000), st.integers(1, 5000), st.data())
def test_mid_p_does_not_care_which_side_or_outcome_is_named_first(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    p = mid_p_fisher(x1, n1, x2, n2)
    assert 0 <= p <= 1
    assert mid_p_fisher(x2, n2, x1, n1) == pytest.approx(p, rel=1e-7, abs=1e-300)
    assert mid_p_fisher(n1 - x1, n1, n2 - x2, n2) == pytest.approx(p, rel=1e-7, abs=1e-300)


def test_the_textbook_example():
    assert mid_p_fisher(36, 100, 264, 900) > 0.05
    assert mid_p_fisher(360, 1000, 2640, 9000) < 1e-4


def test_mid_p_of_a_rare_criterion_in_a_million_leads_is_exact():
    # 12 of 2,000 against 2,000 of 998,000: 4 expected, where the score test is far off.
    assert mid_p_fisher(12, 2000, 2000, 998_000) == pytest.approx(
        exact_mid_p(12, 2000, 2000, 998_000), rel=1e-7
    )


@pytest.mark.parametrize(
    ("n1", "n", "converted"),
    [
        (520_000, 10_000_000, 3_000_000),
        (450_000, 10_000_000, 5_000_000),
        (1_200_000, 10_000_000, 1_200_000),
    ],
)
def test_beyond_the_bound_score_and_exact_agree(n1, n, converted, monkeypatch):
    variance = n1 * (n - n1) * converted * (n - converted) / n**2 / (n - 1)
    assert variance > significance.EXACT_VARIANCE_BOUND
    t = np.round(n1 * converted / n + np.array([-4.4, -2, -0.5, 0.5, 2, 4.4]) * variance**0.5)
    used = mid_p_fisher(t, n1, converted - t, n - n1)
    np.testing.assert_array_equal(used, score_test(t, n1, converted - t, n - n1))
    monkeypatch.setattr(significance, "EXACT_VARIANCE_BOUND", np.inf)
    exact = mid_p_fisher(t, n1, converted - t, n - n1)
    np.testing.assert_allclose(used, exact, rtol=0.03)


def test_fractional_counts_lie_between_their_neighbours():
    """Margins 10 and 20, 5.5 conversions round to 6: half way between 3 and 4 of them, in log p."""
    expected = np.sqrt(mid_p_fisher(3, 10, 3, 20) * mid_p_fisher(4, 10, 2, 20))
    assert mid_p_fisher(3.5, 10, 2, 20) == pytest.approx(float(expected))


@given(x=st.floats(0, 10), y=st.floats(0, 20), n=st.floats(11, 40), m=st.floats(21, 90))
def test_effective_counts_give_p_values(x, y, n, m):
    assert 0 < mid_p_fisher(x, n, y, m) <= 1


def test_a_thousand_criteria_over_a_million_leads_are_fast():
    n1 = np.linspace(50, 900_000, 1000).round()
    x1 = (0.031 * n1).round()
    started = time.perf_counter()
    p = mid_p_fisher(x1, n1, 30_000 - x1, 1_000_000 - n1)
    assert time.perf_counter() - started < 2.0
    assert p.shape == (1000,)
    assert np.isfinite(p).all()


P_VALUES = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]


@pytest.mark.parametrize(("function", "method"), [(benjamini_hochberg, "fdr_bh"), (holm, "holm")])
def test_corrections_against_statsmodels(function, method):
    shuffled = np.random.default_rng(0).permutation(P_VALUES)
    np.testing.assert_allclose(function(shuffled), multipletests(shuffled, method=method)[1])


@pytest.mark.parametrize("function", [benjamini_hochberg, holm])
def test_missing_p_values_pass_through_and_do_not_count(function):
    with_gaps = function([0.01, np.nan, 0.03, np.nan])
    assert np.isnan(with_gaps[[1, 3]]).all()
    np.testing.assert_array_equal(with_gaps[[0, 2]], function([0.01, 0.03]))
    assert function([]).shape == (0,)
    given_p = np.array([0.2, 0.1])
    function(given_p)
    assert given_p.tolist() == [0.2, 0.1]
