from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from calibrate.stats.calibration import calibration_slope
from calibrate.stats.logistic import Units


def test_promises_kept_exactly():
    log_odds = np.array([-3.0, -1.0, 0.0, 2.0])
    n = np.array([100.0, 200, 300, 50])
    fit = calibration_slope(log_odds, n * expit(log_odds), n)
    assert fit.slope == pytest.approx(1, abs=1e-6)
    assert fit.intercept == pytest.approx(0, abs=1e-6)
    assert fit.slope_interval.lower < 1 < fit.slope_interval.upper


def test_bold_and_shifted_promises():
    log_odds = np.array([-3.0, -1.0, 0.0, 2.0])
    n = np.full(4, 1000.0)
    fit = calibration_slope(log_odds, n * expit(0.5 * log_odds - 0.7), n)
    assert fit.slope == pytest.approx(0.5, abs=1e-6)
    assert fit.intercept == pytest.approx(-0.7, abs=1e-6)


def test_against_statsmodels():
    import statsmodels.api as sm

    promised = np.array([0.02, 0.05, 0.1, 0.3])
    x, n = np.array([3, 9, 22, 25]), np.array([120, 150, 200, 90])
    model = sm.GLM(np.c_[x, n - x], sm.add_constant(logit(promised)), sm.families.Binomial())
    expected = model.fit(tol=1e-12)
    fit = calibration_slope(logit(promised), x, n, confidence_level=0.9)
    np.testing.assert_allclose([fit.intercept, fit.slope], expected.params, rtol=1e-6)
    np.testing.assert_allclose(fit.slope_interval, expected.conf_int(alpha=0.1)[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "n"),
    [
        ([0, 0], [9, 9]),
        ([9, 9], [9, 9]),
        ([0, 9], [9, 9]),
        ([9, 0], [9, 9]),
        ([0, 0], [0, 0]),
        ([3, 0], [9, 0]),
    ],
)
def test_not_defined_where_one_outcome_or_a_cut_says_everything(x, n):
    slope, intercept, interval = calibration_slope([-1.0, 1.0], x, n)
    assert np.isnan([slope, intercept, *interval]).all()


def test_one_promise_only():
    assert np.isnan(calibration_slope([-1.0, -1.0], [3, 4], [9, 9]).slope)


def leads_behind(n=400, seed=3):
    rng = np.random.default_rng(seed)
    promise = rng.integers(0, 6, n)
    log_odds = np.linspace(-2.5, 0.5, 6)
    won = (rng.random(n) < expit(0.8 * log_odds[promise])).astype(float)
    return log_odds, promise, won, rng.uniform(0.5, 4, n)


def grouped(promise, won, weight):
    return np.bincount(promise, weight * won), np.bincount(promise, weight)


def test_weighted_against_statsmodels():
    import statsmodels.api as sm

    log_odds, promise, won, weight = leads_behind()
    X = sm.add_constant(log_odds[promise])
    model = sm.GLM(won, X, sm.families.Binomial(), var_weights=weight)
    expected = model.fit(cov_type="HC0", tol=1e-12)
    fit = calibration_slope(
        log_odds, *grouped(promise, won, weight), units=Units(promise, won, weight, None)
    )
    np.testing.assert_allclose([fit.intercept, fit.slope], expected.params, rtol=1e-6)
    np.testing.assert_allclose(fit.slope_interval, expected.conf_int()[1], rtol=1e-6)


def test_leads_twice_in_clusters_are_no_more_than_once():
    log_odds, promise, won, weight = leads_behind()
    twice = [np.repeat(values, 2) for values in (promise, won, weight)]
    cluster = np.repeat(np.arange(len(won)), 2)
    fit = calibration_slope(log_odds, *grouped(*twice), units=Units(*twice, cluster))
    once = calibration_slope(
        log_odds, *grouped(promise, won, weight), units=Units(promise, won, weight, None)
    )
    assert fit.slope == pytest.approx(once.slope, abs=1e-9)
    # the clustered sandwich multiplies by clusters / (clusters - 1)
    widths = [float(np.diff(found.slope_interval)[0]) for found in (fit, once)]
    assert widths[0] == pytest.approx(widths[1] * np.sqrt(400 / 399), rel=1e-6)
    apart = calibration_slope(log_odds, *grouped(*twice))
    assert float(np.diff(apart.slope_interval)[0]) < 0.8 * widths[0]
