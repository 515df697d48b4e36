"""Small versions of the coverage studies; each can fail, and is shown to."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from benchmarks.studies import binomial, coverage_points, drawn, judging, weighted
from calibrate.lift import compare_rates
from calibrate.stats.intervals import Interval, koopman, lift_interval, newcombe

ENDS = ("_ci_lower", "_ci_upper")
CELL = binomial.Cell(60, 0.3, 0.25, 1.5, 15, 45, 0.4, 0.2667)


@pytest.mark.parametrize(
    ("interval", "truth"),
    [(koopman, 1.5), (newcombe, 0.4 - 0.2667), (lift_interval, 0.4 / 0.300025)],
)
def test_halving_finds_the_same_coverage_as_adding_up_every_outcome(interval, truth):
    x1, x2 = np.meshgrid(np.arange(16), np.arange(46), indexing="ij")
    lower, upper = interval(x1, 15, x2, 45)
    mass = np.outer(binom.pmf(np.arange(16), 15, 0.4), binom.pmf(np.arange(46), 45, 0.2667))
    every_outcome = mass[(lower <= truth) & (truth <= upper)].sum()
    assert binomial.exact_coverage(CELL, interval, truth) == pytest.approx(every_outcome, abs=1e-10)


def independent_delta_lift(x1, n1, x2, n2):
    """Take the two rates of a lift as independent, the error that is warned of."""
    everyone, won = n1 + n2, x1 + x2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (1 - x1 / n1) / x1 + (1 - won / everyone) / won
        lift = (x1 / n1) / (won / everyone)
        factor = np.exp(1.96 * np.sqrt(variance))
        return Interval(np.where(x1 > 0, lift / factor, 0), np.where(x1 > 0, lift * factor, np.inf))


@pytest.mark.slow
def test_two_binomial_intervals_cover_and_a_wrong_one_is_caught():
    cells = binomial.two_binomials({**binomial.QUICK_GRID, "n": (1_000,)})
    assert judging.is_met(cells)
    half = binomial.Cell(1_000, 0.3, 0.5, 1.0, 500, 500, 0.3, 0.3)
    wrong = binomial.exact_coverage(half, independent_delta_lift, 1.0)
    assert wrong > judging.RANGE[1]  # far too wide at a share of one half


def judged(coverage, error=0.0, expected=20.0):
    return pd.DataFrame(
        {"interval": "lift", "coverage": coverage, "error": error, "expected": expected}
    )


def test_the_requirement_is_the_one_written_down():
    assert judging.is_met(judged([0.95] * 19 + [0.925]))  # 95 % of 20 cells within
    assert not judging.is_met(judged([0.95] * 18 + [0.925] * 2))
    assert not judging.is_met(judged([0.95] * 99 + [0.919]))  # one under 0.92
    assert judging.is_met(judged([0.95] * 99 + [0.919], error=0.002))  # within its error
    assert judging.is_met(judged([0.95, 0.5], expected=[10.0, 9.9]))  # thin: listed only
    assert not judging.is_met(judged([0.99] * 2))
    assert judging.is_met(judged([0.99] * 2), upper=1.0)


def test_cells_are_counted_by_what_can_be_expected():
    table = judging.by_expected(judged([0.95, 0.9, 0.8], expected=[10.0, 9.9, 0.5]))
    assert table["expected"].tolist() == ["10 or more", "5 to 10", "under 1"]
    assert table["lowest"].tolist() == [0.95, 0.9, 0.8]


def test_adjusted_control_rate_and_adjusted_odds_cover():
    control = drawn.adjusted_controls(
        {"n": (500,), "rate": (0.2,), "followed": (0.2,)}, n_draws=400, seed=1
    )
    assert judging.is_met(control)
    odds = drawn.adjusted_odds_ratios({"n": (1_000,), "rate": (0.3,)}, n_draws=200, seed=1)
    assert judging.is_met(odds)


def test_rates_of_the_drawn_models_are_as_stated():
    log_odds = np.array([0.0, 1.0, -2.0])
    assert drawn.rates_of(log_odds, 0.3).mean() == pytest.approx(0.3, abs=1e-9)
    with_, without = weighted.known_rates(0.3)
    mixed = weighted.SHARES * with_ + (1 - weighted.SHARES) * without
    assert mixed == pytest.approx(np.full(6, 0.3))
    assert with_ / without == pytest.approx(weighted.RISKS)


@pytest.mark.slow
def test_weighted_intervals_cover_and_unweighted_ones_would_not():
    grid = {"n": (1_000,), "rate": (0.2,), "followed": (0.3,)}
    assert judging.is_met(weighted.weighted_intervals(grid, n_draws=200, seed=1))
    rng = np.random.default_rng(1)
    drawn_leads = [weighted.draw(1_000, 0.2, 0.3, rng) for _ in range(20)]
    samples = [weighted.weighted_sample(leads) for leads in drawn_leads]
    unweighted = np.mean([s.converted[s.weight > 0].mean() for s in samples])
    assert unweighted > 0.25  # of those whose outcome is known, far too many have converted
    assert np.mean([s.rate for s in samples]) == pytest.approx(0.2, abs=0.02)


def test_weighted_leads_are_those_of_the_public_road():
    leads = weighted.draw(400, 0.3, 0.4, np.random.default_rng(1))
    columns = [f"{name}{end}" for name in weighted.INTERVALS for end in ("", *ENDS)]
    inner = compare_rates(weighted.weighted_sample(leads))[columns]
    public = weighted.public_table(leads)[columns]
    np.testing.assert_allclose(inner.to_numpy(float), public.to_numpy(float), atol=1e-9)


@pytest.mark.slow
def test_points_of_the_population_lie_in_the_intervals():
    cells = (coverage_points.Cell(1_000, 0.2, 1.0),)
    found = coverage_points.points_coverage(cells, n_draws=100, seed=1)
    assert judging.is_met(found, upper=1.0)
    assert found["width"].min() > 5  # not by saying nothing exact at all ...
    assert found["width"].max() < 80  # ... nor anything


def test_every_cell_is_listed_once_with_its_intervals_side_by_side():
    rows = {"interval": ["lift", "rate", "odds"], "n": [50, 50, 60], "criterion": [None, None, "a"]}
    cells = pd.DataFrame({**rows, "coverage": [0.95, 0.94, 0.93], "error": 0.0})
    found = judging.listed(cells)
    assert found["n"].tolist() == [50, 60]
    assert found["criterion"].isna().tolist() == [True, False]
    assert found.loc[0, ["coverage lift", "coverage rate"]].tolist() == [0.95, 0.94]
    assert found.loc[1, "coverage odds"] == 0.93
