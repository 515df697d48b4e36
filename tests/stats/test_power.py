from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import (
    power_proportions_2indep,
    proportion_effectsize,
    samplesize_proportions_2indep_onetail,
)

from calibrate.errors import ConfigError
from calibrate.stats.power import detectable_lift, lift_sample_size, two_rate_sample_size
from calibrate.stats.significance import score_test


def test_the_example_everybody_knows_needs_963_leads_each():
    # By hand: z = 1.959964 and 0.841621, pooled rate .33: (1.959964 sqrt(2 * .33 * .67)
    # + 0.841621 sqrt(.36 * .64 + .30 * .70))^2 / .06^2 = (1.303340 + 0.558522)^2 / .0036
    # = 962.9. statsmodels' arcsine approximation agrees once rounded up (962.3).
    assert np.ceil(two_rate_sample_size(0.36, 0.30)) == 963
    size = NormalIndPower().solve_power(proportion_effectsize(0.36, 0.30), power=0.8, alpha=0.05)
    assert np.ceil(size) == 963


@pytest.mark.parametrize(
    ("rate", "without", "ratio", "power", "alpha"),
    [
        (0.36, 0.30, 1, 0.8, 0.05),
        (0.05, 0.03, 4, 0.9, 0.05),
        (0.02, 0.03, 0.5, 0.8, 0.01),
        (0.6, 0.5, 9, 0.7, 0.1),
    ],
)
def test_against_statsmodels(rate, without, ratio, power, alpha):
    found = two_rate_sample_size(rate, without, ratio=ratio, power=power, alpha=alpha)
    expected = samplesize_proportions_2indep_onetail(
        rate - without, without, power, ratio=ratio, alpha=alpha
    )
    assert found == pytest.approx(expected, rel=1e-9)
    # and its power function gives the power back (the other tail adds next to nothing)
    back = power_proportions_2indep(rate - without, without, found, ratio=ratio, alpha=alpha)
    assert back.power == pytest.approx(power, abs=1e-4)


def test_four_in_five_are_noticed():
    # 2,000 draws of the tests that the lift table makes: the standard error of the share is 0.009.
    rng = np.random.default_rng(0)
    n = int(np.ceil(two_rate_sample_size(0.36, 0.30)))
    won, without = rng.binomial(n, 0.36, 2000), rng.binomial(n, 0.30, 2000)
    assert (score_test(won, n, without, n) <= 0.05).mean() == pytest.approx(0.8, abs=0.027)


def test_lift_against_control_is_the_same_sum_with_the_share_put_in():
    # A tenth of the leads at 1.5 times 4 %: 6 % with; without it (4 - .1 * 6) / .9 = 3.778 %.
    found = lift_sample_size(1.5, 0.04, 0.1)
    without = (0.04 - 0.1 * 0.06) / 0.9
    assert found == pytest.approx(10 * two_rate_sample_size(0.06, without, ratio=9))


@pytest.mark.slow
@given(
    rate=st.floats(0.005, 0.6),
    share=st.floats(0.01, 0.9),
    times=st.floats(1.02, 3.0),
)
def test_the_detectable_lift_undoes_the_sample_size(rate, share, times):
    if times >= 0.999 * min(1 / rate, 1 / share):
        assert lift_sample_size(1.001 * min(1 / rate, 1 / share), rate, share) == np.inf
        return
    n = lift_sample_size(times, rate, share)
    assert detectable_lift(n, rate, share) == pytest.approx(times, rel=1e-6)


def test_more_leads_show_smaller_lifts():
    found = detectable_lift([100, 1000, 10_000, 100_000], 0.05, 0.3)
    assert (np.diff(found) < 0).all()
    assert (found > 1).all()


def test_what_cannot_be_noticed_is_missing():
    # Of 30 leads at 2 % even a criterion that holds all 0.6 expected conversions is missed.
    assert np.isnan(detectable_lift(30, 0.02, 0.5))
    assert np.isnan(detectable_lift([0, 100], [0.1, 0.0], 0.5)).all()
    assert lift_sample_size(1.0, 0.1, 0.5) == np.inf
    assert lift_sample_size(1.2, 0.1, [0.0, 1.0]).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("wrong", [{"power": 1.0}, {"alpha": 0.0}])
def test_shares_that_are_none_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(ConfigError, match=f"{name} must lie between 0 and 1"):
        two_rate_sample_size(0.3, 0.2, **wrong)


def test_quantiles_are_those_of_the_normal():
    # At a power of one half z_b = 0, and what is left is
    # z_a^2 2 p (1 - p) / d^2 with the pooled rate p = .33.
    z = norm.ppf(0.975)
    expected = z**2 * 2 * 0.33 * 0.67 / 0.06**2
    assert two_rate_sample_size(0.36, 0.30, power=0.5) == pytest.approx(expected)
