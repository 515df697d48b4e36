"""How often the 95 % intervals of leads weighted for their age hold the truth."""

from __future__ import annotations

import pandas as pd

from benchmarks.studies import weighted
from benchmarks.studies.judging import by_expected, is_met, listed
from benchmarks.studies.study import Study

__all__ = ["run"]

N_DRAWS, N_QUICK_DRAWS = 4_000, 400
SEED = 2_000

SUMMARY = """Leads created evenly and read at the end of their period, weighted by the inverse
probability that their outcome is known (`censoring_weights`, `compare_rates`). Leads {n}, rate
{rate}, share watched up to the horizon {followed}; six independent criteria, met by 2 % to 80
%, relative risk 0.6 to 1.5, half of them without effect; lag log-normal (median 30 days, sigma
0.8) within the 90 days. {draws:,} draws a cell. Truth: the rates in closed form; for lift and
difference at the realised weighted share.

*Expected* is the smallest mean count of converters or non-converters of known outcome, with or
without the criterion. Required as for the unweighted intervals; of the rate only that it covers
at least as much: its variance takes the weights as known, and where few leads were watched to the
end and many of them buy (a share of 0.1 and a rate of 30 %) that is wider than it need be, on the
safe side. In lift, difference and relative risk what the weights do not know cancels. Every cell
is in `coverage_weighted_cells.csv`. Seed {seed}."""


def run(*, quick: bool = False) -> Study:
    """Run the study on the whole grid, or on two of its cells with fewer draws."""
    draws = N_QUICK_DRAWS if quick else N_DRAWS
    grid = weighted.QUICK_GRID if quick else weighted.GRID
    cells = weighted.weighted_intervals(grid, n_draws=draws, seed=SEED)
    rates, contrasts = (
        cells[cells["interval"] == "weighted rate"],
        cells[cells["interval"] != "weighted rate"],
    )
    given = {name: ", ".join(f"{value:,}" for value in values) for name, values in grid.items()}
    return Study(
        name="coverage_weighted",
        table=pd.concat([by_expected(rates, upper=1.0), by_expected(contrasts)]),
        summary=SUMMARY.format(draws=draws, seed=SEED, **given),
        passed=is_met(rates, upper=1.0) and is_met(contrasts),
        cells=listed(cells),
    )
