from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, betabinom
from statsmodels.stats.proportion import proportion_confint

from calibrate.errors import ConfigError
from calibrate.stats.shrinkage import (
    STRENGTH_BOUNDS,
    beta_binomial_prior,
    posterior_interval,
    shrink,
)

K = np.array([5, 30, 12, 60, 2, 18, 41, 9])
N = np.array([100, 120, 90, 200, 40, 60, 110, 75])


def log_likelihood(mean, strength):
    return betabinom.logpmf(K, N, mean * strength, (1 - mean) * strength).sum()


def test_the_prior_maximises_scipys_beta_binomial_likelihood():
    mean, strength = beta_binomial_prior(K, N)
    best = log_likelihood(mean, strength)
    for m, s in [
        (mean * 1.01, strength),
        (mean / 1.01, strength),
        (mean, strength * 1.03),
        (mean, strength / 1.03),
    ]:
        assert log_likelihood(m, s) < best
    means = np.linspace(0.05, 0.6, 56)
    grid = [log_likelihood(m, s) for m in means for s in np.geomspace(1, 1000, 61)]
    assert max(grid) <= best


def test_levels_that_do_not_differ_are_drawn_together():
    mean, strength = beta_binomial_prior([30, 31, 29, 30], [100, 100, 100, 100])
    assert mean == pytest.approx(0.3, abs=1e-3)
    assert strength > 10_000
    np.testing.assert_allclose(shrink([30, 31], [100, 100], mean, strength), 0.3, atol=1e-3)


def test_levels_that_differ_widely_keep_their_rates():
    mean, strength = beta_binomial_prior([5, 500, 900, 20], [1000, 1000, 1000, 1000])
    assert strength < 5
    assert shrink(900, 1000, mean, strength) == pytest.approx(0.9, abs=0.005)


@pytest.mark.parametrize(
    ("k", "n", "mean"),
    [([0, 0], [10, 20], 0.0), ([10, 20], [10, 20], 1.0), ([3, 0], [10, 0], 0.3)],
)
def test_nothing_to_learn_from(k, n, mean):
    assert beta_binomial_prior(k, n) == (mean, STRENGTH_BOUNDS[1])


def test_no_leads():
    assert np.isnan(beta_binomial_prior([], [])[0])
    assert shrink(0, 0, 0.3, 50) == pytest.approx(0.3)


def test_shrunken_rates_lie_between_their_own_and_the_mean():
    rates = shrink(K, N, 0.3, 50)
    own = K / N
    assert ((rates - own) * (0.3 - rates) >= 0).all()
    # 60 of 200, drawn by 50 leads at 30 %: 75 of 250
    assert rates[3] == pytest.approx(0.3)


def test_posterior_interval_against_scipy():
    # scipy 1.17: beta(k + s m, n - k + s (1 - m)).ppf([0.05, 0.95])
    k, n = np.array([0, 3, 50]), np.array([10, 40, 50])
    found = posterior_interval(k, n, 0.2, 50, confidence_level=0.9)
    posterior = beta(k + 10, n - k + 40)
    np.testing.assert_allclose(found.lower, posterior.ppf(0.05), rtol=1e-12)
    np.testing.assert_allclose(found.upper, posterior.ppf(0.95), rtol=1e-12)


def test_posterior_interval_is_jeffreys_with_one_lead_at_a_half():
    # R. G. Newcombe's example 81 of 263: statsmodels 0.14,
    # proportion_confint(81, 263, method="jeffreys") = 0.25452, 0.36565
    found = posterior_interval(81, 263, 0.5, 1)
    expected = proportion_confint(81, 263, method="jeffreys")
    assert (float(found.lower), float(found.upper)) == pytest.approx(expected, rel=1e-9)


def test_posterior_interval_without_leads_is_the_prior():
    found = posterior_interval(0, 0, 0.3, 50)
    assert (found.lower, found.upper) == pytest.approx(tuple(beta(15, 35).ppf([0.025, 0.975])))


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_posterior_interval_refuses_an_impossible_level(level):
    with pytest.raises(ConfigError, match="confidence_level must lie between 0 and 1"):
        posterior_interval(1, 2, 0.5, 1, confidence_level=level)
