"""How often the 95 % intervals of unweighted leads hold the truth."""

from __future__ import annotations

import pandas as pd

from benchmarks.studies import binomial, drawn
from benchmarks.studies.judging import by_expected, is_met, listed
from benchmarks.studies.study import Study

__all__ = ["run"]

N_DRAWS, N_QUICK_DRAWS = 4_000, 400
SEED = 1_000

SUMMARY = """Share of samples in which an interval of nominally 95 % holds the truth.

- *rate*, *lift*, *difference*, *relative risk* (Wilson, Koopman, Newcombe): exact, the
  probabilities of all outcomes added up, with the leads with and without the criterion given.
  Leads {n}, rate of all leads {rate}, share meeting the criterion {share}, relative risk
  {risk}; cells with a rate above 98 % are left out.
- *control adjusted*: {draws:,} draws a cell; leads {adjusted_n}, rate {adjusted_rate}, share
  watched up to the 90-day horizon {followed}; lag log-normal (median 30 days, sigma 0.8) within
  the horizon.
- *adjusted odds ratio*: {draws:,} draws a cell; leads {odds_n}, rate {odds_rate}; eight
  criteria that go together (1 % to 80 % meet them; two nested counts of one activity, two
  levels of one column), log odds ratios 0 to 1. Truth: the model's contrast within the
  attribute, as `measure_lift` documents it.

*Expected* is the smallest expected count of converters or non-converters, with or without the
criterion (adjusted: of those seen). Required in the cells with 10 or more: 0.93 to 0.97 in at
least 95 % of them, none under 0.92; coverages from draws are given two Monte Carlo standard
errors (column *error*: the largest). Every cell, the thin ones too, is in `coverage_cells.csv`.
Seed {seed}."""


def run(*, quick: bool = False) -> Study:
    """Run the study on the whole grid, or on a few of its cells with fewer draws."""
    draws = N_QUICK_DRAWS if quick else N_DRAWS
    exact = binomial.QUICK_GRID if quick else binomial.GRID
    adjusted = drawn.QUICK_ADJUSTED_GRIDS if quick else drawn.ADJUSTED_GRIDS
    odds = drawn.QUICK_ODDS_GRID if quick else drawn.ODDS_GRID
    parts = [binomial.two_binomials(exact)]
    for number, grid in enumerate(adjusted):
        parts.append(drawn.adjusted_controls(grid, n_draws=draws, seed=SEED + number))
    parts.append(drawn.adjusted_odds_ratios(odds, n_draws=draws, seed=SEED + 10))
    cells = pd.concat(parts, ignore_index=True)
    summary = SUMMARY.format(
        n=_listed(exact["n"]),
        rate=_listed(exact["rate"]),
        share=_listed(exact["share"]),
        risk=_listed(exact["relative_risk"]),
        adjusted_n=_listed(n for grid in adjusted for n in grid["n"]),
        adjusted_rate=_listed(adjusted[0]["rate"]),
        followed=_listed(adjusted[0]["followed"]),
        odds_n=_listed(odds["n"]),
        odds_rate=_listed(odds["rate"]),
        draws=draws,
        seed=SEED,
    )
    return Study(
        name="coverage",
        table=by_expected(cells),
        summary=summary,
        passed=is_met(cells),
        cells=listed(cells),
    )


def _listed(values: object) -> str:
    return ", ".join(f"{value:,}" for value in values)
