"""How often the intervals on points hold the points of the population."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.studies.drawn import (
    HORIZON,
    follow_up_reaching,
    lags,
    monte_carlo_error,
    rates_of,
)
from benchmarks.studies.judging import by_expected, is_met, listed
from benchmarks.studies.study import Study
from calibrate.criteria import as_criterion
from calibrate.fitting.bootstrap import resampled_coefficients
from calibrate.observation import Sample
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.patterns import unique_patterns
from calibrate.stats.weighting import censoring_weights

__all__ = ["CELLS", "Cell", "points_coverage", "population", "run"]

N_DRAWS, N_QUICK_DRAWS = 4_000, 200
SEED = 2_500
N_POPULATION = 400_000

SUMMARY = """Criteria and scale held fixed: five criteria that go together, fitted jointly with
Firth's penalty, 100 points for the whole range of log odds. The truth is the same fit on a
population of {population:,} leads, whose outcomes follow another model (an interaction and a
part that no criterion tells), times the same scale. Intervals: bootstrap over the leads, ends
rounded outward (`resampled_coefficients`). {draws:,} draws a cell; where *followed* is under 1
the leads are weighted for their age, that share having been watched up to the horizon.

Required: 0.93 or more in at least 95 % of the cells with 10 or more expected converters and
non-converters with and without, none under 0.92 (two Monte Carlo standard errors granted);
outward rounding makes intervals of whole points cover more. Every criterion of every cell is in
`coverage_points_cells.csv`. Seed {seed}."""

RULES = tuple(
    as_criterion({"activity": name, "at_least": 1})
    for name in ("webinar", "page_view", "email_open", "demo", "call")
)
EFFECTS = np.array([0.9, 0.5, 0.2, 1.4, -0.6])


class Cell(NamedTuple):
    """Leads, the rate of all, and the share watched up to the horizon."""

    n: int
    rate: float
    followed: float


CELLS = (
    Cell(600, 0.20, 1.0),
    Cell(2_000, 0.05, 1.0),
    Cell(10_000, 0.20, 1.0),
    Cell(2_000, 0.20, 0.30),
    Cell(10_000, 0.05, 0.30),
)
QUICK_CELLS = (Cell(2_000, 0.20, 1.0), Cell(2_000, 0.20, 0.30))


class Population(NamedTuple):
    """Criteria met, the rates at which leads convert, and the points that a fit would give."""

    flags: np.ndarray
    rates: np.ndarray
    per_log_odds: float
    points: np.ndarray


def population(rate: float, rng: np.random.Generator) -> Population:
    """Return a population whose leads convert at `rate`, and the points fitted to it."""
    eager, hidden = rng.standard_normal((2, N_POPULATION))
    noise = rng.standard_normal((N_POPULATION, len(RULES)))
    flags = 0.7 * eager[:, None] + noise > np.array([1.6, 0.2, -0.3, 2.4, 1.0])
    told = flags @ EFFECTS + 0.4 * (flags[:, 0] & flags[:, 1])
    rates = rates_of(told + 0.5 * hidden, rate)
    patterns, pattern = unique_patterns(flags)
    fit = fit_logistic(patterns, np.bincount(pattern, rates), np.bincount(pattern), firth=False)
    per_log_odds = 100 / float(np.abs(fit.coefficients).sum())
    return Population(flags, rates, per_log_odds, per_log_odds * fit.coefficients)


def sampled(company: Population, cell: Cell, rng: np.random.Generator) -> Sample:
    """Return leads drawn from the population, those of known outcome, with their weights."""
    row = rng.integers(len(company.rates), size=cell.n)
    flags, won = company.flags[row], rng.random(cell.n) < company.rates[row]
    weight = np.ones(cell.n)
    if cell.followed < 1:
        lag = np.where(won, lags(cell.n, rng), np.inf)
        follow_up = follow_up_reaching(cell.n, cell.followed)
        won, mature = lag <= np.minimum(follow_up, HORIZON), follow_up >= HORIZON
        weight = censoring_weights(won, lag, follow_up, mature).weight
    return Sample(
        criteria=RULES,
        flags=flags,
        converted=won.astype(float),
        weight=weight,
        keys=np.arange(cell.n, dtype=np.uint64),
    ).rows(weight > 0)


def intervals(
    sample: Sample, per_log_odds: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of the points, as `fit_scorecard` makes them for chosen criteria."""
    grouped = sample.grouped()
    fit = fit_logistic(grouped.design, grouped.n_converted, grouped.n, units=grouped.units)
    start = np.concatenate([[fit.intercept], fit.coefficients])
    drawn = per_log_odds * resampled_coefficients(sample, start, rng)[:, 1:]
    lower, upper = np.quantile(drawn, [0.025, 0.975], axis=0)
    return np.floor(lower), np.ceil(upper)


def points_coverage(cells: tuple[Cell, ...], *, n_draws: int, seed: int) -> pd.DataFrame:
    """Return one row a cell and criterion: coverage and mean width of its interval."""
    rows: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        rng = np.random.default_rng([seed, number])
        company = population(cell.rate, rng)
        held, width, seen = np.zeros((3, len(RULES)))
        for _ in range(n_draws):
            sample = sampled(company, cell, rng)
            lower, upper = intervals(sample, company.per_log_odds, rng)
            held += (lower <= company.points) & (company.points <= upper)
            width += (upper - lower) / n_draws
            seen += _fewest(sample) / n_draws
        for j, rule in enumerate(RULES):
            rows.append(
                {
                    "interval": "points" if cell.followed == 1 else "points, weighted",
                    "criterion": rule.name,
                    **cell._asdict(),
                    "points": company.points[j],
                    "width": width[j],
                    "expected": seen[j],
                    "coverage": held[j] / n_draws,
                    "error": monte_carlo_error(held[j] / n_draws, n_draws),
                }
            )
    return pd.DataFrame(rows)


def _fewest(sample: Sample) -> np.ndarray:
    """Return the fewest converters or non-converters with or without each criterion."""
    won = sample.converted.astype(bool)
    sides = [sample.flags[won], sample.flags[~won], ~sample.flags[won], ~sample.flags[~won]]
    return np.min([side.sum(axis=0) for side in sides], axis=0)


def run(*, quick: bool = False) -> Study:
    """Run the study, or two of its cells with fewer draws."""
    draws, cells = (N_QUICK_DRAWS, QUICK_CELLS) if quick else (N_DRAWS, CELLS)
    found = points_coverage(cells, n_draws=draws, seed=SEED)
    return Study(
        name="coverage_points",
        table=by_expected(found, upper=1.0),
        summary=SUMMARY.format(population=N_POPULATION, draws=draws, seed=SEED),
        passed=is_met(found, upper=1.0),
        cells=listed(found),
    )
