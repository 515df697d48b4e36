from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from calibrate.stats.calibration import calibration_slope


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
