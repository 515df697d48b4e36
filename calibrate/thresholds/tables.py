"""The tables beside a threshold: every cut, the tiers, and the scores of customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.stats.intervals import wilson
from calibrate.thresholds.objectives import Objective, Sweep, Target, expected_value

__all__ = ["cut_table", "outcome_table", "sweep_of", "tier_table"]

Floats = NDArray[np.float64]


def sweep_of(n: Floats, n_converted: Floats, weeks: float) -> Sweep:
    """Sum the counts of each score (rising along the last axis) from the top down."""
    return Sweep(n=_from_the_top(n), n_converted=_from_the_top(n_converted), weeks=weeks)


def cut_table(
    cells: pd.DataFrame,
    objective: Objective,
    target: Target,
    *,
    weeks: float,
    confidence_level: float,
) -> pd.DataFrame:
    """Return one row a cut: what it catches, what it misses and what that is worth."""
    sweep = sweep_of(_floats(cells, "n"), _floats(cells, "n_converted"), weeks)
    interval = wilson(sweep.n_converted, sweep.n, confidence_level=confidence_level)
    columns = {
        "threshold": cells["score"].to_numpy(dtype=np.int64),
        "n": sweep.n,
        "n_converted": sweep.n_converted,
        "rate": sweep.precision,
        "rate_ci_lower": interval.lower,
        "rate_ci_upper": interval.upper,
        "recall": sweep.recall,
        "precision": sweep.precision,
        "missed": sweep.n_converted[0] - sweep.n_converted,
        "leads_per_week": sweep.leads_per_week,
        "amount": _from_the_top(_floats(cells, "amount")),
        "expected_value": expected_value(sweep, target),
        "objective_value": objective.values(sweep, target),
    }
    return pd.DataFrame(columns)


def tier_table(
    cells: pd.DataFrame, tiers: tuple[tuple[str, int], ...], *, confidence_level: float
) -> pd.DataFrame:
    """Return one row a tier, highest first: its leads, its conversions and its rate."""
    score = _floats(cells, "score")
    n_all, converted_all = _floats(cells, "n"), _floats(cells, "n_converted")
    rows = []
    ceiling = np.inf
    for name, at_least in tiers:
        inside = (score >= at_least) & (score < ceiling)
        rows.append((name, at_least, n_all[inside].sum(), converted_all[inside].sum()))
        ceiling = at_least
    table = pd.DataFrame(rows, columns=["tier", "at_least", "n", "n_converted"])
    n, n_converted = _floats(table, "n"), _floats(table, "n_converted")
    interval = wilson(n_converted, n, confidence_level=confidence_level)
    return table.assign(
        rate=np.divide(n_converted, n, out=np.full(len(n), np.nan), where=n > 0),
        rate_ci_lower=interval.lower,
        rate_ci_upper=interval.upper,
        lead_share=n / n_all.sum(),
        converted_share=n_converted / converted_all.sum(),
    )


def outcome_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the scores that customers had beside those of the others.

    Quantiles are scores that occur: the lowest with at least that share at or below it.
    """
    score, hits = _floats(cells, "score"), _floats(cells, "n_converted")
    others = _floats(cells, "n") - hits
    rows = [
        {"outcome": outcome, "n": n.sum(), "mean": float(score @ n / n.sum())}
        | {
            name: _quantile(score, n, share)
            for name, share in zip(
                ("p10", "p25", "median", "p75", "p90"), (0.1, 0.25, 0.5, 0.75, 0.9), strict=True
            )
        }
        for outcome, n in (("converted", hits), ("not converted", others))
    ]
    return pd.DataFrame(rows)


def _quantile(score: Floats, n: Floats, share: float) -> float:
    reached = np.cumsum(n) >= share * n.sum() - 1e-9
    return float(score[int(np.argmax(reached))])


def _from_the_top(values: Floats) -> Floats:
    summed: Floats = np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]
    return summed


def _floats(frame: pd.DataFrame, column: str) -> Floats:
    values: Floats = frame[column].to_numpy(dtype=float)
    return values
