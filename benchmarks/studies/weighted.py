"""Coverage of the intervals of leads weighted for their age, by draws.

Leads are created evenly and read at the end of their period. Six criteria, independent of each
other and of age, some without effect; their rates are known in closed form.
"""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import calibrate as cal
from benchmarks.studies.drawn import HORIZON, follow_up_reaching, lags, monte_carlo_error
from calibrate.criteria import as_criterion
from calibrate.lift import compare_rates
from calibrate.observation import Sample
from calibrate.stats.weighting import censoring_weights

__all__ = [
    "GRID",
    "QUICK_GRID",
    "Leads",
    "draw",
    "known_rates",
    "public_table",
    "weighted_intervals",
    "weighted_sample",
]

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
NOT_YET = np.datetime64("NaT", "us")
INTERVALS = ("rate", "lift", "difference", "relative_risk")


def known_rates(rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates with and without each criterion, where all leads convert at `rate`.

    A lead's rate is `rate` times one factor a criterion, which is 1 on average, so that the
    other criteria cancel.
    """
    without = 1 / (SHARES * RISKS + 1 - SHARES)
    return rate * RISKS * without, rate * without


class Leads(NamedTuple):
    """Criteria met, days to conversion (infinite: never), and days from creation to as_of."""

    flags: np.ndarray
    lag: np.ndarray
    follow_up: np.ndarray


def draw(n: int, rate: float, followed: float, rng: np.random.Generator) -> Leads:
    """Return simulated leads; none converts after the horizon."""
    flags = rng.random((n, len(SHARES))) < SHARES
    with_, without = known_rates(1.0)
    p = rate * np.where(flags, with_, without).prod(axis=1)
    lag = np.where(rng.random(n) < p, lags(n, rng), np.inf)
    return Leads(flags, lag, rng.permutation(follow_up_reaching(n, followed)))


def weighted_sample(leads: Leads) -> Sample:
    """Return the leads with their weights, as `sample_of` does for an observation."""
    lag, follow_up = leads.lag, leads.follow_up
    converted, mature = lag <= np.minimum(follow_up, HORIZON), follow_up >= HORIZON
    return Sample(
        criteria=CRITERIA,
        flags=leads.flags,
        converted=converted.astype(float),
        weight=censoring_weights(converted, lag, follow_up, mature).weight,
        keys=np.arange(len(lag), dtype=np.uint64),
    )


def public_table(leads: Leads) -> pd.DataFrame:
    """Return the lift table of the same leads by the public functions, from a frame."""
    as_of = dt.datetime(2024, 1, 1)
    created = np.datetime64(as_of, "us") - _span(leads.follow_up)
    won = leads.lag <= leads.follow_up
    columns = {f"x{j}": np.where(met, "yes", "no") for j, met in enumerate(leads.flags.T)}
    frame = pd.DataFrame(
        {
            "lead_id": np.arange(len(won)),
            "created_at": created,
            "outcome": np.where(won, "converted", "open"),
            "closed_at": np.where(won, created + _span(np.where(won, leads.lag, 0)), NOT_YET),
            **columns,
        }
    )
    history = cal.read_history(frame, as_of=as_of)
    window = dt.timedelta(minutes=1)  # all leads are open at their landmark
    obs = cal.observe(history, observation_window=window, horizon=f"{HORIZON:g}D")
    return cal.measure_lift(obs, [{"field": name, "in": ["yes"]} for name in columns]).table


def _span(days: np.ndarray) -> np.ndarray:
    return np.rint(days * 86_400e6).astype("timedelta64[us]")


def weighted_intervals(
    grid: dict[str, tuple[Any, ...]], *, n_draws: int, seed: int
) -> pd.DataFrame:
    """Return one row a cell, criterion and interval: its coverage at the realised share."""
    rows: list[dict[str, Any]] = []
    for number, (n, rate, followed) in enumerate(product(*grid.values())):
        rng = np.random.default_rng([seed, number])
        held, seen = np.zeros((len(INTERVALS), len(SHARES))), np.zeros((4, len(SHARES)))
        for _ in range(n_draws):
            sample = weighted_sample(draw(n, rate, followed, rng))
            held += _held(compare_rates(sample), rate)
            seen += _seen(sample)
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


def _seen(sample: Sample) -> np.ndarray:
    """Return converters and non-converters of known outcome, with and without each criterion."""
    known = sample.weight > 0
    won = known & (sample.converted > 0)
    parts = [(won, sample.flags), (known & ~won, sample.flags)]
    parts += [(rows, ~sample.flags) for rows, _ in parts]
    return np.array([met[rows].sum(axis=0) for rows, met in parts], dtype=float)
