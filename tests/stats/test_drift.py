from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, entropy

from calibrate.errors import ConfigError
from calibrate.stats.drift import homogeneity_test, psi

BINS = st.lists(st.integers(0, 500), min_size=5, max_size=5).filter(lambda v: sum(v) > 0)


def test_psi_is_the_sum_of_both_divergences():
    then, now = np.array([10, 20, 30, 40]), np.array([20, 20, 25, 35])
    assert psi(then, now) == pytest.approx(entropy(then, now) + entropy(now, then))


@given(BINS, BINS)
def test_psi_is_non_negative_and_symmetric(then, now):
    assert psi(then, now) >= 0
    assert psi(then, now) == pytest.approx(psi(now, then), abs=1e-12)
    assert psi(then, then) == pytest.approx(0, abs=1e-12)


def test_empty_bins():
    # Bins empty in both are dropped: shares 10.5/21 twice against 20.5/21 and 0.5/21.
    expected = (20.5 - 10.5) / 21 * np.log(20.5 / 10.5) + (0.5 - 10.5) / 21 * np.log(0.5 / 10.5)
    assert psi([10, 0, 10], [20, 0, 0]) == pytest.approx(expected)
    assert np.isnan(psi([0, 0], [1, 2]))
    assert np.isnan(homogeneity_test([0, 0], [1, 2]))
    assert homogeneity_test([5, 0], [9, 0]) == 1.0


def test_homogeneity_against_scipy():
    then, now = [10, 20, 0, 30], [20, 10, 0, 35]
    expected = chi2_contingency([[10, 20, 30], [20, 10, 35]], correction=False)[1]
    assert homogeneity_test(then, now) == pytest.approx(expected)


@pytest.mark.parametrize("function", [psi, homogeneity_test])
def test_different_bins_are_refused(function):
    with pytest.raises(ConfigError, match="same bins, not 2 and 3"):
        function([1, 2], [1, 2, 3])
