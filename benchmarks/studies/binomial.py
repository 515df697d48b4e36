"""Exact coverage of the intervals made from two binomial counts.

No draws: the probability of every outcome is added up. For given conversions with the
criterion, both limits fall steadily as conversions without it rise, so that the outcomes whose
interval holds the truth are one run of counts, whose ends are found by halving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binom

from calibrate.stats.intervals import (
    Interval,
    difference_interval,
    koopman,
    lift_interval,
    wilson,
)

__all__ = ["GRID", "QUICK_GRID", "Cell", "cells", "exact_coverage", "two_binomials"]

GRID = {
    "n": (50, 200, 1_000, 5_000, 20_000, 50_000),
    "rate": (0.005, 0.02, 0.05, 0.10, 0.20, 0.30, 0.60),
    "share": (0.01, 0.05, 0.10, 0.20, 0.50, 0.80),
    "relative_risk": (0.5, 0.8, 1.0, 1.25, 2.0, 4.0),
}
QUICK_GRID = {
    "n": (200, 1_000),
    "rate": (0.05, 0.30),
    "share": (0.10, 0.50),
    "relative_risk": (1.0, 2.0),
}
HIGHEST_RATE = 0.98
NEGLIGIBLE = 1e-12  # probability left out at either end of each count


class Cell(NamedTuple):
    """Leads with and without a criterion, and the rates at which they convert."""

    n: int
    rate: float
    share: float
    relative_risk: float
    n_with: int
    n_without: int
    rate_with: float
    rate_without: float

    @property
    def fewest_expected(self) -> float:
        """Fewest expected converters or non-converters, with or without."""
        return min(
            side * p
            for side, r in (
                (self.n_with, self.rate_with),
                (self.n_without, self.rate_without),
            )
            for p in (r, 1 - r)
        )


def cells(grid: dict[str, tuple[Any, ...]]) -> Iterator[Cell]:
    """Return the cells of a grid: `rate` is that of all leads, `share` meets the criterion."""
    for n, rate, share, risk in product(*grid.values()):
        n_with = max(round(n * share), 1)
        s = n_with / n
        rate_without = rate / (s * risk + 1 - s)
        if risk * rate_without <= HIGHEST_RATE and rate_without <= HIGHEST_RATE:
            yield Cell(n, rate, share, risk, n_with, n - n_with, risk * rate_without, rate_without)


def two_binomials(grid: dict[str, tuple[Any, ...]]) -> pd.DataFrame:
    """Return one row a cell and interval: ``interval, n, rate, ..., expected, coverage``."""
    rows = []
    for cell in cells(grid):
        for interval, coverage in _coverages(cell).items():
            rows.append(
                {
                    "interval": interval,
                    **dict(zip(grid, cell, strict=False)),
                    "expected": cell.fewest_expected,
                    "coverage": coverage,
                    "error": 0.0,
                }
            )
    return pd.DataFrame(rows)


def _coverages(cell: Cell) -> dict[str, float]:
    p1, p2 = cell.rate_with, cell.rate_without
    s = cell.n_with / cell.n
    control = s * p1 + (1 - s) * p2
    return {
        "rate": _wilson_coverage(cell.n_with, p1),
        "lift": exact_coverage(cell, lift_interval, p1 / control),
        "difference": exact_coverage(cell, difference_interval, p1 - control),
        "relative risk": exact_coverage(cell, koopman, p1 / p2),
    }


def _wilson_coverage(n: int, rate: float) -> float:
    x = np.arange(n + 1)
    lower, upper = wilson(x, n)
    return float(binom.pmf(x, n, rate)[(lower <= rate) & (rate <= upper)].sum())


def exact_coverage(cell: Cell, interval: Callable[..., Interval], truth: float) -> float:
    """Return the probability that an interval of two counts holds the truth.

    Parameters
    ----------
    cell : Cell
    interval : callable
        Takes conversions and leads with, then without; its limits must not rise with the
        conversions without.
    truth : float
    """
    tails = [NEGLIGIBLE, 1 - NEGLIGIBLE]
    low, high = binom.ppf(tails, cell.n_with, cell.rate_with)
    x1 = np.arange(int(low), int(high) + 1)
    least, most = (int(x) for x in binom.ppf(tails, cell.n_without, cell.rate_without))

    def limits(x2: np.ndarray) -> Interval:
        return interval(x1, cell.n_with, x2, cell.n_without)

    first = _first(lambda x2: limits(x2).lower <= truth, len(x1), least, most)
    beyond = _first(lambda x2: limits(x2).upper < truth, len(x1), least, most)
    inside = binom.cdf(beyond - 1, cell.n_without, cell.rate_without) - binom.cdf(
        first - 1, cell.n_without, cell.rate_without
    )
    weight = binom.pmf(x1, cell.n_with, cell.rate_with)
    return float((weight * np.maximum(inside, 0)).sum())


def _first(
    condition: Callable[[np.ndarray], np.ndarray], size: int, least: int, most: int
) -> np.ndarray:
    """Return the first count at which a condition that stays true holds; most + 1 if none."""
    below, at = np.full(size, least - 1), np.full(size, most + 1)
    while (at - below > 1).any():
        middle = np.clip((below + at) // 2, least, most)
        true = condition(middle)
        unknown = at - below > 1
        at = np.where(unknown & true, middle, at)
        below = np.where(unknown & ~true, middle, below)
    return at
