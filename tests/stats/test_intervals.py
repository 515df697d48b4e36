from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from calibrate.errors import ConfigError
from calibrate.stats.intervals import (
    difference_interval,
    koopman,
    lift_interval,
    newcombe,
    normal_quantile,
    wilson,
    won_per_lead_interval,
)

TABLES = [(36, 100, 264, 900), (5, 10, 3, 20), (1, 400, 30, 900), (18, 20, 2, 25), (7, 7, 2, 7)]


@st.composite
def tables(draw, most=400):
    n1, n2 = draw(st.integers(1, most)), draw(st.integers(1, most))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


# Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("x", "n", "lower", "upper"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_published(x, n, lower, upper):
    assert np.round(wilson(x, n), 4).tolist() == [lower, upper]


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(("x", "n"), [(0, 7), (7, 7), (3, 10), (300, 1000), (2.5, 11.25)])
def test_wilson_against_statsmodels(x, n, level):
    expected = proportion_confint(x, n, alpha=1 - level, method="wilson")
    np.testing.assert_allclose(wilson(x, n, confidence_level=level), expected, atol=1e-14)


def test_wilson_edges():
    lower, upper = wilson([0, 5, 0, 1], [5, 5, 0, 1e9])
    assert lower[0] == 0.0
    assert upper[1] == 1.0
    assert np.isnan([lower[2], upper[2]]).all()
    assert 0 < lower[3] < 1e-9 < upper[3] < 1e-8


# Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10.
@pytest.mark.parametrize(
    ("table", "lower", "upper"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_published(table, lower, upper):
    assert np.round(newcombe(*table), 4).tolist() == [lower, upper]


@pytest.mark.parametrize("table", TABLES)
def test_newcombe_against_statsmodels(table):
    expected = confint_proportions_2indep(*table, compare="diff", method="newcomb", alpha=0.1)
    np.testing.assert_allclose(newcombe(*table, confidence_level=0.9), expected, atol=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("table", TABLES[:4])
def test_koopman_against_statsmodels(table, level):
    # statsmodels finds the roots of the same score statistic with brentq.
    expected = confint_proportions_2indep(
        *table, compare="ratio", method="score", correction=False, alpha=1 - level
    )
    np.testing.assert_allclose(koopman(*table, confidence_level=level), expected, rtol=1e-7)


def test_koopman_is_close_to_the_log_interval_for_large_counts():
    # scipy.stats.contingency.relative_risk(36000, 100000, 264000, 900000), Katz's interval
    from scipy.stats.contingency import relative_risk

    katz = relative_risk(36000, 100000, 264000, 900000).confidence_interval()
    np.testing.assert_allclose(koopman(36000, 100000, 264000, 900000), katz, rtol=1e-4)


def test_koopman_where_all_converted_has_a_closed_form():
    # At t < 1 the restricted rates are P1 = t, P2 = 1, so n1 (1 - t) / t = z^2.
    z = norm.ppf(0.975)
    lower, upper = koopman(10, 10, 20, 20)
    assert lower == pytest.approx(10 / (10 + z * z), rel=1e-12)
    assert upper == pytest.approx((20 + z * z) / 20, rel=1e-12)


def test_koopman_at_zero_conversions():
    lower, upper = koopman([0, 5, 0, 3], [10, 10, 10, 0], [5, 0, 0, 2], [20, 20, 20, 5])
    assert lower[[0, 2]].tolist() == [0.0, 0.0]
    assert upper[[1, 2]].tolist() == [np.inf, np.inf]
    assert 0 < upper[0] < np.inf
    assert lower[1] > 1
    assert np.isnan([lower[3], upper[3]]).all()


def test_the_textbook_example():
    # 36 % of the clickers convert, 300 of 1,000 leads do: 0.36 / 0.30 = 1.20.
    few = lift_interval(36, 100, 264, 900)
    many = lift_interval(360, 1000, 2640, 9000)
    assert few.lower < 1 < few.upper
    assert 1 < many.lower < 1.2 < many.upper
    assert difference_interval(36, 100, 264, 900).lower < 0
    assert 0 < difference_interval(360, 1000, 2640, 9000).lower < 0.06


@given(tables())
def test_lift_and_difference_lie_in_their_intervals(table):
    x1, n1, x2, n2 = table
    control = (x1 + x2) / (n1 + n2)
    difference = difference_interval(*table)
    assert difference.lower - 1e-12 <= x1 / n1 - control <= difference.upper + 1e-12
    lift = lift_interval(*table)
    assert 0 <= lift.lower <= lift.upper <= (n1 + n2) / n1 + 1e-9
    if control > 0:
        assert lift.lower - 1e-9 <= x1 / n1 / control <= lift.upper + 1e-9


@pytest.mark.slow
@given(tables())
def test_koopman_inverts_when_the_groups_are_swapped(table):
    x1, n1, x2, n2 = table
    lower, upper = koopman(*table)
    swapped = koopman(x2, n2, x1, n1)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(
            [1 / np.float64(upper), lower],
            [swapped.lower, 1 / np.float64(swapped.upper)],
            rtol=1e-9,
        )


@given(tables())
def test_newcombe_changes_sign_when_the_groups_are_swapped(table):
    x1, n1, x2, n2 = table
    lower, upper = newcombe(*table)
    np.testing.assert_allclose(newcombe(x2, n2, x1, n1), [-upper, -lower], atol=1e-12)


def test_everyone_or_nobody_meets_the_criterion():
    everyone = lift_interval([300, 0], [1000, 10], 0, 0)
    assert everyone.lower.tolist() == everyone.upper.tolist() == [1.0, 1.0]
    assert list(difference_interval(300, 1000, 0, 0)) == [0.0, 0.0]
    assert np.isnan(lift_interval(0, 0, 300, 1000)).all()
    assert np.isnan(difference_interval(0, 0, 300, 1000)).all()


def test_lift_at_zero_conversions():
    nobody_with = lift_interval(0, 50, 30, 100)
    assert nobody_with.lower == 0
    assert 0 < nobody_with.upper < 1
    only_with = lift_interval(10, 50, 0, 100)
    assert only_with.upper == pytest.approx(3.0)  # 1 / s = 150 / 50
    assert list(lift_interval(0, 50, 0, 100)) == [0.0, pytest.approx(3.0)]


def test_arrays_broadcast_and_scalars_stay_scalars():
    lower, upper = lift_interval([36, 40], 100, 264, 900)
    assert lower.shape == upper.shape == (2,)
    assert lower[0] == lift_interval(36, 100, 264, 900).lower
    assert np.ndim(lift_interval(36, 100, 264, 900).lower) == 0


def test_won_per_lead():
    # log(0.3) +- 1.959964 * sqrt(1/300 + 1/1000) = -1.203973 +- 0.129021
    np.testing.assert_allclose(won_per_lead_interval(300, 1000), [0.263687, 0.341314], atol=5e-7)
    lower, upper = won_per_lead_interval([0, 3, 30], [100, 0, 10])
    assert lower[0] == 0
    assert upper[0] == pytest.approx(norm.ppf(0.975) ** 2 / 100)
    assert np.isnan([lower[1], upper[1]]).all()
    assert lower[2] < 3 < upper[2]


@pytest.mark.parametrize("level", [0.0, 1.0, 95, -1])
def test_levels_outside_zero_and_one_are_refused(level):
    with pytest.raises(ConfigError, match="confidence_level"):
        normal_quantile(level)


# Exact coverage: every outcome of two binomials, weighted by its probability. Conditional on
# the shares the true lift is p1 / (s p1 + (1 - s) p2), the true difference (1 - s)(p1 - p2).
CELLS = [(60, 140, 0.30, 0.30), (60, 140, 0.36, 0.27), (40, 160, 0.05, 0.02), (150, 50, 0.10, 0.2)]


@pytest.mark.parametrize(("n1", "n2", "p1", "p2"), CELLS)
def test_exact_coverage_of_lift_and_difference(n1, n2, p1, p2):
    x1, x2 = (grid.ravel() for grid in np.mgrid[: n1 + 1, : n2 + 1])
    probability = binom.pmf(x1, n1, p1) * binom.pmf(x2, n2, p2)
    x1, x2, probability = (v[probability > 1e-9] for v in (x1, x2, probability))
    share = n1 / (n1 + n2)
    lift = lift_interval(x1, n1, x2, n2)
    true_lift = p1 / (share * p1 + (1 - share) * p2)
    difference = difference_interval(x1, n1, x2, n2)
    true_difference = (1 - share) * (p1 - p2)
    for interval, truth in ((lift, true_lift), (difference, true_difference)):
        covered = probability[(interval.lower <= truth) & (truth <= interval.upper)].sum()
        assert 0.935 <= covered <= 0.985


def test_taking_overlapping_rates_as_independent_is_far_too_wide():
    # Why the intervals above exist: the naive interval of rate / control, all leads counted
    # as a second sample, is 1.2 to 4.1 times as wide as it needs to be.
    naive = koopman(360, 600, 450, 1000)
    right = lift_interval(360, 600, 90, 400)
    assert (naive.upper - naive.lower) > 2 * (right.upper - right.lower)


@pytest.mark.parametrize("scale", [1, 10, 1000, 100_000])
def test_intervals_shrink_with_the_counts(scale):
    widths = [
        float(np.subtract(*reversed(f(36 * k, 100 * k, 264 * k, 900 * k))))
        for f, k in itertools.product((lift_interval, difference_interval), (scale, 10 * scale))
    ]
    np.testing.assert_allclose(
        [widths[0] / widths[1], widths[2] / widths[3]], np.sqrt(10), rtol=0.03
    )
