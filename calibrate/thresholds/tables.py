"""The tables beside a threshold: every cut, the tiers, and the scores of customers.

``n``, ``n_converted`` and ``missed`` are leads as counted (those too young to be judged too, as not
converted so far); all else is weighted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.evaluation import ScoredLeads, rate_intervals, recall_intervals
from calibrate.thresholds.objectives import Objective, Sweep, Target, expected_value

__all__ = ["cut_table", "outcome_table", "sweep_of", "tier_table"]

Floats = NDArray[np.float64]


def sweep_of(n: Floats, n_converted: Floats, weeks: float) -> Sweep:
    """Sum the weights of each score (rising along the last axis) from the top down."""
    return Sweep(n=_from_the_top(n), n_converted=_from_the_top(n_converted), weeks=weeks)


def cut_table(
    cells: pd.DataFrame,
    leads: ScoredLeads,
    objective: Objective,
    target: Target,
    *,
    weeks: float,
    recent: Floats,
    confidence_level: float,
) -> pd.DataFrame:
    """Return one row a cut: what it catches, what it misses and what that is worth."""
    sweep = sweep_of(_floats(cells, "weight"), _floats(cells, "weight_converted"), weeks)
    converted_so_far = _from_the_top(cells["n_leads_converted"].to_numpy())
    n_known = _from_the_top(cells["n"].to_numpy())
    best_first = leads.part(np.argsort(-leads.score, kind="stable"))
    parts = [best_first.part(slice(count)) for count in n_known]
    n_effective, interval = rate_intervals(parts, confidence_level=confidence_level)
    caught = recall_intervals(leads, _floats(cells, "score"), confidence_level=confidence_level)
    columns = {
        "threshold": cells["score"].to_numpy(dtype=np.int64),
        "n": _from_the_top(cells["n_leads"].to_numpy()),
        "n_converted": converted_so_far,
        "n_effective": n_effective,
        "rate": sweep.precision,
        "rate_ci_lower": interval.lower,
        "rate_ci_upper": interval.upper,
        "lead_share": sweep.n / sweep.n[0],
        "recall": sweep.recall,
        "recall_ci_lower": caught.lower,
        "recall_ci_upper": caught.upper,
        "precision": sweep.precision,
        "missed": converted_so_far[0] - converted_so_far,
        "leads_per_week": sweep.leads_per_week,
        "recent_leads_per_week": recent,
        "converted_per_week": _per_week(sweep.n_converted, weeks),
        "missed_per_week": _per_week(sweep.n_converted[0] - sweep.n_converted, weeks),
        "amount": _from_the_top(_floats(cells, "amount")),
        "expected_value": expected_value(sweep, target),
        "objective_value": objective.values(sweep, target),
    }
    return pd.DataFrame(columns)


def tier_table(
    cells: pd.DataFrame,
    leads: ScoredLeads,
    tiers: tuple[tuple[str, int], ...],
    *,
    confidence_level: float,
) -> pd.DataFrame:
    """Return one row a tier, highest first: its leads, its conversions and its rate."""
    counts = ["n_leads", "n_leads_converted", "weight", "weight_converted"]
    rows, parts = [], []
    ceiling = np.inf
    for name, at_least in tiers:
        inside = (cells["score"] >= at_least) & (cells["score"] < ceiling)
        rows.append((name, at_least, *cells.loc[inside, counts].sum()))
        parts.append(leads.part((leads.score >= at_least) & (leads.score < ceiling)))
        ceiling = at_least
    table = pd.DataFrame(rows, columns=["tier", "at_least", *counts])
    table = table.rename(columns={"n_leads": "n", "n_leads_converted": "n_converted"})
    table = table.astype({"n": int, "n_converted": int})
    weight, converted = _floats(table, "weight"), _floats(table, "weight_converted")
    n_effective, interval = rate_intervals(parts, confidence_level=confidence_level)
    return table[["tier", "at_least", "n", "n_converted"]].assign(
        n_effective=n_effective,
        rate=np.divide(converted, weight, out=np.full(len(weight), np.nan), where=weight > 0),
        rate_ci_lower=interval.lower,
        rate_ci_upper=interval.upper,
        lead_share=weight / cells["weight"].sum(),
        converted_share=converted / cells["weight_converted"].sum(),
    )


def outcome_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the scores that customers had beside those of the others.

    Quantiles are scores that occur: the lowest with at least that share at or below it.
    """
    score, hits = _floats(cells, "score"), _floats(cells, "weight_converted")
    others = _floats(cells, "weight") - hits
    won = int(cells["n_leads_converted"].sum())
    n_not = int(cells["n_leads"].sum()) - won
    rows = [
        {"outcome": outcome, "n": n, "mean": float(score @ weight / weight.sum())}
        | {
            name: _quantile(score, weight, share)
            for name, share in zip(
                ("p10", "p25", "median", "p75", "p90"), (0.1, 0.25, 0.5, 0.75, 0.9), strict=True
            )
        }
        for outcome, n, weight in (("converted", won, hits), ("not converted", n_not, others))
    ]
    return pd.DataFrame(rows)


def _quantile(score: Floats, weight: Floats, share: float) -> float:
    reached = np.cumsum(weight) >= share * weight.sum() - 1e-9
    return float(score[int(np.argmax(reached))])


def _per_week(counts: Floats, weeks: float) -> Floats:
    return counts / weeks if weeks > 0 else np.full_like(counts, np.nan)


def _from_the_top(values: NDArray[Any]) -> NDArray[Any]:
    summed: NDArray[Any] = np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]
    return summed


def _floats(frame: pd.DataFrame, column: str) -> Floats:
    values: Floats = frame[column].to_numpy(dtype=float)
    return values
