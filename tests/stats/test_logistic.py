from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats.contingency import odds_ratio

from calibrate.stats.logistic import Units, fit_logistic, wald_interval

# Data set endometrial of R's brglm2 (Heinze and Schemper 2002): columns NV, PI, EH, HG.
# NV separates: all 13 women with NV = 1 have HG = 1.
ENDOMETRIAL = """
    0 13 1.64 0 0 16 2.26 0 0 8 3.14 0 0 34 2.68 0 0 20 1.28 0 0 5 2.31 0 0 17 1.8 0
    0 10 1.68 0 0 26 1.56 0 0 17 2.31 0 0 8 2.01 0 0 7 1.89 0 0 20 3.15 0 0 10 1.23 0
    0 18 1.27 0 0 16 1.76 0 0 18 2 0 0 8 2.64 1 0 29 0.88 1 0 12 1.27 1 0 20 1.37 1
    1 38 0.97 1 1 22 1.14 1 1 7 0.88 1 1 25 0.91 1 1 15 0.58 1 0 7 0.97 1 0 28 1.5 0
    0 11 1.33 0 0 19 2.37 0 0 10 1.82 0 0 10 3.13 0 0 18 1.31 0 0 14 1.92 0 0 21 1.64 0
    0 11 2.01 0 0 17 1.88 0 0 25 1.93 0 0 16 2.11 0 0 19 1.29 0 0 15 1.72 0 0 33 0.75 0
    0 24 1.92 0 0 48 1.84 1 0 12 1.11 1 0 19 1.61 1 0 2 1.18 1 1 22 1.44 1 1 40 1.18 1
    1 5 0.93 1 1 0 1.17 1 0 21 1.19 1 0 15 1.06 1 0 29 2.02 0 0 15 2.29 0 0 12 2.33 0
    0 3 2.9 0 0 20 1.7 0 0 23 1.41 0 0 12 2.25 0 0 22 1.54 0 0 42 1.97 0 0 15 1.75 0
    0 13 2.16 0 0 14 2.57 0 0 19 1.37 0 0 12 3.61 0 0 13 2.04 0 0 10 2.17 0 0 12 1.69 1
    1 49 0.27 1 0 6 1.84 1 0 5 1.3 1 0 17 0.96 1 1 11 1.01 1 1 21 0.98 1 0 5 0.35 1
    1 19 1.02 1 0 33 0.85 1
"""

SEX2 = """
    000010 1 2  001000 14 16  001010 3 4  001100 10 18  001110 12 30  001111 1 1  010000 44 86
    010001 3 3  010010 0 1  011000 15 16  011001 1 1  011010 2 2  011100 7 12  011110 3 9
    101000 2 2  101010 1 1  101011 1 1  101100 1 3  101110 0 4  101111 1 1  110000 5 19
    110010 0 1  111000 3 4  111110 0 2
"""


def sex2():
    """Return R logistf's data set sex2 by pattern: age oc vic vicl vis dia, cases, women."""
    table = np.array(SEX2.split(), dtype=int).reshape(-1, 3)
    X = np.array([[int(c) for c in f"{pattern:06d}"] for pattern in table[:, 0]], dtype=float)
    return X, table[:, 1], table[:, 2]


def simulated(patterns=400, columns=6, seed=0, size=60):
    rng = np.random.default_rng(seed)
    X = (rng.random((patterns, columns)) < 0.3).astype(float)
    n = rng.integers(1, size, patterns)
    eta = -2 + X @ np.linspace(-0.5, 1.0, columns)
    return X, rng.binomial(n, expit(eta)), n


def test_firth_against_logistf_sex2():
    # R: logistf(case ~ age + oc + vic + vicl + vis + dia, data = sex2)$coefficients, as in
    # logistf's own tests (tests/testthat), intercept 0.12025404; log-likelihood -132.5394.
    X, cases, women = sex2()
    fit = fit_logistic(X, cases, women)
    expected = [-1.10598130, -0.06881673, 2.26887464, -2.11140816, -0.78831694, 3.09601263]
    np.testing.assert_allclose(fit.coefficients, expected, atol=2e-6)
    assert fit.intercept == pytest.approx(0.12025404, abs=1e-6)
    assert fit.log_likelihood == pytest.approx(-132.5394, abs=1e-4)
    assert fit.converged
    # Standard errors from the inverse information, and the log-likelihood above, as printed
    # for these data in the README of the Python package firthlogist.
    errors = np.sqrt(np.diag(fit.covariance))
    expected = [0.485542, 0.42366, 0.443793, 0.548416, 0.543082, 0.417368, 1.67501]
    np.testing.assert_allclose(errors, expected, atol=1e-5)


def test_firth_against_logistf_endometrial():
    # R: logistf(HG ~ NV + PI + EH, data = endometrial)$coefficients
    data = np.array(ENDOMETRIAL.split(), dtype=float).reshape(-1, 4)
    fit = fit_logistic(data[:, :3], data[:, 3], np.ones(len(data)))
    np.testing.assert_allclose(fit.coefficients, [2.92927330, -0.03475175, -2.60416387], atol=2e-6)
    assert fit.intercept == pytest.approx(3.77455951, abs=2e-6)


def test_maximum_likelihood_against_statsmodels():
    import statsmodels.api as sm

    X, x, n = simulated()
    offset = np.linspace(-1, 1, len(n))
    model = sm.GLM(
        np.column_stack([x, n - x]), sm.add_constant(X), sm.families.Binomial(), offset=offset
    )
    expected = model.fit(tol=1e-12)
    fit = fit_logistic(X, x, n, firth=False, offset=offset)
    np.testing.assert_allclose(
        np.r_[fit.intercept, fit.coefficients], expected.params, rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(fit.covariance, expected.cov_params(), rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(np.transpose(wald_interval(fit)), expected.conf_int()[1:], rtol=1e-6)


def test_ridge_against_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    X, x, n = simulated()
    rows, y = np.vstack([X, X]), np.r_[np.ones(len(x)), np.zeros(len(x))]
    model = LogisticRegression(C=1 / 3.0, tol=1e-10, max_iter=1000)
    model.fit(rows, y, sample_weight=np.r_[x, n - x])
    fit = fit_logistic(X, x, n, firth=False, l2=3.0)
    np.testing.assert_allclose(fit.coefficients, model.coef_[0], atol=1e-5)
    assert fit.intercept == pytest.approx(model.intercept_[0], abs=1e-5)


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4))
def test_firth_of_one_yes_no_column_adds_a_half_to_each_cell(cells):
    # Haldane 1955, Anscombe 1956; Firth 1993, section 3: exact for a saturated table.
    a, b, c, d = cells
    if a + b == 0 or c + d == 0:
        return
    fit = fit_logistic([[1], [0]], [a, c], [a + b, c + d])
    expected = np.log((a + 0.5) * (d + 0.5) / (b + 0.5) / (c + 0.5))
    assert fit.converged
    assert fit.coefficients[0] == pytest.approx(expected, abs=1e-6)


def test_maximum_likelihood_of_one_yes_no_column_is_the_sample_odds_ratio():
    fit = fit_logistic([[1], [0]], [36, 264], [100, 900], firth=False)
    expected = odds_ratio([[36, 64], [264, 636]], kind="sample").statistic
    assert np.exp(fit.coefficients[0]) == pytest.approx(expected, rel=1e-9)
    # Woolf's variance 1/a + 1/b + 1/c + 1/d
    woolf = 1 / 36 + 1 / 64 + 1 / 264 + 1 / 636
    assert fit.covariance[1, 1] == pytest.approx(woolf, rel=1e-7)


def test_grouped_rows_equal_single_rows_and_their_order_does_not_matter():
    X, x, n = simulated(patterns=60, size=10)
    fit = fit_logistic(X, x, n)
    rows = np.repeat(X, n, axis=0)
    y = np.concatenate([np.r_[np.ones(k), np.zeros(m - k)] for k, m in zip(x, n, strict=True)])
    single = fit_logistic(rows, y, np.ones(len(y)))
    np.testing.assert_allclose(single.coefficients, fit.coefficients, atol=1e-7)
    np.testing.assert_allclose(single.covariance, fit.covariance, atol=1e-7)
    order = np.random.default_rng(1).permutation(len(n))
    shuffled = fit_logistic(X[order], x[order], n[order])
    np.testing.assert_allclose(shuffled.coefficients, fit.coefficients, atol=1e-7)


def test_separation():
    X, x, n = [[1, 0], [1, 1], [0, 0], [0, 1]], [50, 40, 0, 0], [50, 40, 60, 70]
    firth = fit_logistic(X, x, n)
    assert firth.converged
    assert np.isfinite(firth.coefficients).all()
    assert firth.coefficients[0] > 5
    assert not fit_logistic(X, x, n, firth=False).converged
    assert fit_logistic(X, x, n, firth=False, l2=1.0).converged


@pytest.mark.parametrize("seed", range(60))
def test_firth_converges_on_difficult_data(seed):
    # Few patterns, counts up to a million, rates from 0 to 1, columns of any scale.
    rng = np.random.default_rng(seed)
    patterns = rng.integers(2, 60)
    columns = rng.integers(1, min(patterns, 12) + 1)
    X = (rng.random((patterns, columns)) < rng.random(columns)).astype(float)
    X = X * 10 ** rng.uniform(-3, 4, columns) if seed % 3 == 0 else X
    n = np.round(10 ** rng.uniform(0, 6, patterns))
    x = rng.binomial(n.astype(int), rng.choice([0, 1, 1e-4, 0.5, rng.random()], patterns))
    fit = fit_logistic(X, x, n)
    assert fit.converged
    assert np.isfinite(fit.intercept)


@pytest.mark.parametrize("share", [0, 1])
def test_nobody_or_everybody_converted(share):
    n = np.array([10, 20, 30])
    fit = fit_logistic([[1, 0], [0, 1], [0, 0]], share * n, n)
    assert fit.converged
    assert np.isfinite(fit.covariance).all()
    assert np.sign(fit.intercept) == (1 if share else -1)


def test_duplicates_are_fitted_once_and_reported_for_both():
    X, x, n = simulated(columns=3)
    alone = fit_logistic(X, x, n)
    doubled = fit_logistic(np.column_stack([X, X[:, 1], np.ones(len(n))]), x, n)
    np.testing.assert_allclose(doubled.coefficients[:3], alone.coefficients)
    assert doubled.coefficients[3] == doubled.coefficients[1]
    assert doubled.covariance[4, 4] == doubled.covariance[2, 2]
    assert np.isnan(doubled.coefficients[4])  # constant
    assert np.isnan(doubled.covariance[5]).all()
    interval = wald_interval(doubled)
    assert interval.lower[3] == interval.lower[1]
    assert np.isnan(interval.lower[4])


def test_a_column_that_others_determine_is_left_out():
    # All levels of one attribute: the last is one minus the others, as R's glm reports NA.
    levels = np.eye(3)
    fit = fit_logistic(levels, [5, 9, 20], [50, 40, 60])
    assert np.isnan(fit.coefficients).tolist() == [False, False, True]
    assert fit_logistic(levels[:, :2], [5, 9, 20], [50, 40, 60]).intercept == fit.intercept


def test_no_columns_and_no_leads():
    alone = fit_logistic(np.zeros((1, 0)), [3], [10], firth=False)
    assert alone.intercept == pytest.approx(np.log(3 / 7))
    nothing = fit_logistic([[1.0], [0.0]], [0, 0], [0, 0])
    assert np.isnan(nothing.intercept)
    assert np.isnan(nothing.coefficients).all()
    assert not nothing.converged


def test_patterns_without_leads_and_fractional_counts():
    X, x, n = simulated(patterns=30)
    fit = fit_logistic(X, x, n)
    padded = fit_logistic(np.vstack([X, np.ones((1, 6))]), np.r_[x, 0], np.r_[n, 0])
    np.testing.assert_allclose(padded.coefficients, fit.coefficients)
    halves = fit_logistic(X, x / 2, n / 2, firth=False)
    whole = fit_logistic(X, x, n, firth=False)
    np.testing.assert_allclose(halves.coefficients, whole.coefficients, rtol=1e-6)
    np.testing.assert_allclose(halves.covariance, 2 * whole.covariance, rtol=1e-6)


def test_sandwich_against_statsmodels():
    import statsmodels.api as sm

    X, x, _ = simulated(patterns=300, columns=3, size=2)
    weights = np.random.default_rng(2).uniform(0.5, 3, len(x))
    model = sm.GLM(x, sm.add_constant(X), sm.families.Binomial(), var_weights=weights)
    expected = model.fit(cov_type="HC0", tol=1e-12)
    units = Units(pattern=np.arange(len(x)), converted=x, weight=weights, cluster=None)
    fit = fit_logistic(X, weights * x, weights, firth=False, units=units)
    np.testing.assert_allclose(fit.covariance, expected.cov_params(), rtol=1e-6)


def test_clustered_sandwich_against_statsmodels():
    """Three leads alike in each of 300 clusters: the sandwich is about three times the model's."""
    import statsmodels.api as sm

    X, x, _ = simulated(patterns=300, columns=3, size=2)
    X, x, cluster = np.repeat(X, 3, axis=0), np.repeat(x, 3), np.repeat(np.arange(len(x)), 3)
    model = sm.GLM(x, sm.add_constant(X), sm.families.Binomial())
    groups = {"groups": cluster, "use_correction": False}
    expected = model.fit(cov_type="cluster", cov_kwds=groups, tol=1e-12).cov_params()
    units = Units(pattern=np.arange(len(x)), converted=x, weight=np.ones(len(x)), cluster=cluster)
    fit = fit_logistic(X, x, np.ones(len(x)), firth=False, units=units)
    # statsmodels without its correction, times clusters / (clusters - 1)
    m = len(np.unique(cluster))
    np.testing.assert_allclose(fit.covariance, expected * m / (m - 1), rtol=1e-6)


def test_separation_is_not_certainty_under_weights():
    """60 leads with x, none converted: the sandwich alone would be sure of an odds ratio of 0."""
    X = np.array([[1.0], [0.0]])
    pattern = np.repeat([0, 1], [60, 900])
    converted = np.r_[np.zeros(60), np.ones(90), np.zeros(810)]
    units = Units(pattern, converted, np.ones(960), np.r_[0, np.arange(959)])
    plain = fit_logistic(X, [0, 90], [60, 900])
    robust = fit_logistic(X, [0, 90], [60, 900], units=units)
    assert robust.covariance[1, 1] == pytest.approx(plain.covariance[1, 1])


def test_weights_of_one_give_nearly_the_model_based_covariance():
    X, x, n = simulated(patterns=30)
    pattern = np.repeat(np.arange(len(n)), 2)
    converted = np.tile([1.0, 0.0], len(n))
    counts = np.column_stack([x, n - x]).ravel().astype(int)
    rows = np.repeat(np.arange(len(counts)), counts)
    units = Units(pattern[rows], converted[rows], np.ones(len(rows)), None)
    robust = fit_logistic(X, x, n, units=units)
    model = fit_logistic(X, x, n)
    np.testing.assert_allclose(robust.coefficients, model.coefficients)
    np.testing.assert_allclose(np.diag(robust.covariance), np.diag(model.covariance), rtol=0.5)


def test_many_patterns_are_fast():
    X, x, n = simulated(patterns=3000, columns=30, size=600)
    fit_logistic(X, x, n)
    started = time.perf_counter()
    assert fit_logistic(X, x, n).converged
    assert time.perf_counter() - started < 0.5  # 0.02 s alone on one core


def test_offsets_beyond_all_numbers_give_no_estimate():
    fit = fit_logistic([[1], [0]], [3, 4], [9, 9], offset=[1e4, -1e4])
    assert not fit.converged
    assert np.isnan([fit.intercept, fit.coefficients[0], fit.log_likelihood]).all()


def test_too_few_iterations_are_told():
    X, x, n = simulated()
    assert not fit_logistic(X, x, n, max_iter=1).converged
