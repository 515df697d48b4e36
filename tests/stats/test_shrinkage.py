from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom

from calibrate.stats.shrinkage import STRENGTH_BOUNDS, beta_binomial_prior, shrink

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
