"""Coverage of the intervals of leads weighted for their age, by draws.

Leads are created evenly and read at the end of their period. Six criteria, independent of each
other and of age, some without effect; their rates are known in closed form.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.studies.drawn import HORIZON, follow_up_reaching, lags, monte_carlo_error
from calibrate.criteria import as_criterion
from calibrate.lift import compare_rates
from calibrate.observation import Sample
from calibrate.stats.weighting import censoring_weights

__all__ = ["GRID", "QUICK_GRID", "known_rates", "weighted_intervals", "weighted_sample"]

GRID = {
    "n": (1_000, 5_000),
    "rate": (0.02, 0.10, 0.30, 0.60),
    "followed": (0.10, 0.30),
}
QUICK_GRID = {"n": (1_000,), "rate": (0.10, 0.30), "followed": (0.20,)}

SHARES = np.array([0.02, 0.10, 0.30, 0.50, 0.80, 0.25])
RISKS = np.array([1.5, 1.0, 1.0, 1.2, 1.0, 0.6])  # with against without
CRITERIA = tuple(
    as_criterion({"activity": f"activity {j}", "at_least": 1}) for j in range(len(SHARES))
)
INTERVALS = ("rate", "lift", "difference", "relative_risk")


def known_rates(rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates with and without each criterion, where all leads convert at `rate`.

    A lead's rate is `rate` times one factor a criterion, which is 1 on average, so that the
    other criteria cancel.
    """
    without = 1 / (SHARES * RISKS + 1 - SHARES)
    return rate * RISKS * without, rate * without


def weighted_sample(n: int, rate: float, followed: float, rng: np.random.Generator) -> Sample:
    """Return the leads whose outcome is known, with their weights."""
    flags = rng.random((n, len(SHARES))) < SHARES
    with_, without = known_rates(1.0)
    p = rate * np.where(flags, with_, without).prod(axis=1)
    lag = np.where(rng.random(n) < p, lags(n, rng), np.inf)
    follow_up = rng.permutation(follow_up_reaching(n, followed))
    converted, mature = lag <= np.minimum(follow_up, HORIZON), follow_up >= HORIZON
    weight = censoring_weights(converted, lag, follow_up, mature).weight
    return Sample(
        criteria=CRITERIA,
        flags=flags,
        converted=converted.astype(float),
        weight=weight,
        keys=np.arange(n, dtype=np.uint64),
    ).rows(weight > 0)


def weighted_intervals(
    grid: dict[str, tuple[Any, ...]], *, n_draws: int, seed: int
) -> pd.DataFrame:
    """Return one row a cell, criterion and interval: its coverage at the realised share."""
    rows: list[dict[str, Any]] = []
    for number, (n, rate, followed) in enumerate(product(*grid.values())):
        rng = np.random.default_rng([seed, number])
        held, seen = np.zeros((len(INTERVALS), len(SHARES))), np.zeros((4, len(SHARES)))
        for _ in range(n_draws):
            sample = weighted_sample(n, rate, followed, rng)
            table = compare_rates(sample)
            held += _held(table, rate)
            seen += _seen(table)
        for (i, interval), j in product(enumerate(INTERVALS), range(len(SHARES))):
            coverage = held[i, j] / n_draws
            rows.append(
                {
                    "interval": f"weighted {interval.replace('_', ' ')}",
                    "n": n,
                    "rate": rate,
                    "share": SHARES[j],
                    "relative_risk": RISKS[j],
                    "followed": followed,
                    "expected": float(seen[:, j].min() / n_draws),
                    "coverage": coverage,
                    "error": monte_carlo_error(coverage, n_draws),
                }
            )
    return pd.DataFrame(rows)


def _held(table: pd.DataFrame, rate: float) -> np.ndarray:
    with_, without = known_rates(rate)
    share = table["lead_share"].to_numpy(dtype=float)
    control = share * with_ + (1 - share) * without
    truths = (with_, with_ / control, with_ - control, with_ / without)
    return np.array(
        [
            (table[f"{name}_ci_lower"] <= truth) & (truth <= table[f"{name}_ci_upper"])
            for name, truth in zip(INTERVALS, truths, strict=True)
        ]
    )


def _seen(table: pd.DataFrame) -> np.ndarray:
    """Return converters and non-converters counted with and without each criterion."""
    n, won = table["n"], table["n_converted"]
    n_without, won_without = table["n_without"], table["n_converted_without"]
    return np.array([won, n - won, won_without, n_without - won_without], dtype=float)
