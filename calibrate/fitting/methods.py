"""From leads to points: the four methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import criterion_block, is_level
from calibrate.fitting.logistic import logistic_points
from calibrate.fitting.scaled import outward, scaled_points, without_zeros
from calibrate.fitting.wish import NOTHING, Weighted, Wish
from calibrate.lift import compare_rates, sides_of
from calibrate.observation import Sample
from calibrate.stats.intervals import normal_quantile

__all__ = ["METHODS"]


def _rate(sample: Sample, wish: Wish, _rng: np.random.Generator) -> Weighted:
    """Points = conversion rate in percent, where it raises."""
    return _from_table(sample, wish, "rate", ("raises",), "is proven to raise conversion")


def _difference(sample: Sample, wish: Wish, _rng: np.random.Generator) -> Weighted:
    """Points = rate less control, in percentage points, where proven."""
    return _from_table(
        sample, wish, "difference", ("raises", "lowers"), "is proven to raise or lower conversion"
    )


def _from_table(
    sample: Sample, wish: Wish, column: str, verdicts: tuple[str, ...], proven: str
) -> Weighted:
    table = _compared(sample, wish)
    credible = table[table["verdict"].isin(verdicts)]
    chosen = _one_per_attribute(credible, sample, wish.most)
    percent = 100 * chosen[column]
    points = np.rint(percent).astype(int)
    notes = []
    if len(chosen) and 2 * int((points.abs() <= 1).sum()) > len(chosen):
        notes.append(
            f"more than half of the credible criteria are worth one point or none by {column}: "
            'method = "logistic" spreads them over 0 to 100'
        )
    kept = chosen[points != 0]
    lower = np.floor(100 * kept[f"{column}_ci_lower"]).astype(int)
    upper = np.ceil(100 * kept[f"{column}_ci_upper"]).astype(int)
    return Weighted(
        terms=tuple(kept.index.tolist()),
        points=tuple(points[kept.index].tolist()),
        intervals=tuple(zip(lower.tolist(), upper.tolist(), strict=True)),
        notes=tuple(notes) if len(kept) else (*notes, f"no criterion {proven}: no points"),
    )


def _log_odds(sample: Sample, wish: Wish, _rng: np.random.Generator) -> Weighted:
    """Points = univariate log odds ratios, shrunken towards none, scaled together.

    Notes
    -----
    Haldane's log odds ratio (1/2 added to each count) with variance ``s2``, times
    ``t2 / (t2 + s2)``, where ``t2 = max(mean(L^2 - s2), 0)`` over all criteria.
    """
    table = _compared(sample, wish)
    estimate, variance = _haldane(sample)
    known = np.isfinite(estimate)
    estimate, variance = np.where(known, estimate, 0.0), np.where(known, variance, 1.0)
    spread = max(float(np.mean((estimate**2 - variance)[known])), 0.0) if known.any() else 0.0
    weight = spread / (spread + variance) if spread else np.zeros(len(table))
    table = table.assign(weight=estimate * weight, error=np.sqrt(variance * weight))
    credible = table[table["verdict"].isin(("raises", "lowers"))]
    chosen = _one_per_attribute(credible, sample, wish.most)
    if chosen.empty:
        return Weighted(notes=(NOTHING,))
    part = sample.columns(chosen.index.tolist())
    weights = chosen["weight"].to_numpy(dtype=float)
    error = chosen["error"].to_numpy(dtype=float)
    scaled = scaled_points(part, wish, weights, np.diag(1 / error**2), 1.0)
    margin = normal_quantile(wish.confidence_level) * error
    ends = [scaled.per_log_odds * (weights + shift) for shift in (-margin, margin)]
    return without_zeros(chosen.index.tolist(), scaled, outward(*ends))


METHODS: Mapping[str, Callable[[Sample, Wish, np.random.Generator], Weighted]] = MappingProxyType(
    {"rate": _rate, "difference": _difference, "log_odds": _log_odds, "logistic": logistic_points}
)


def _compared(sample: Sample, wish: Wish) -> pd.DataFrame:
    return compare_rates(sample, confidence_level=wish.confidence_level)


def _one_per_attribute(credible: pd.DataFrame, sample: Sample, most: int) -> pd.DataFrame:
    """Keep the best proven criteria; nested cuts of one number or activity count once."""
    taken: dict[tuple[str, ...], int] = {}
    for row in credible.sort_values(["q_value", "n"], ascending=[True, False]).index:
        rule = sample.criteria[row]
        block = (*criterion_block(rule), rule.name) if is_level(rule) else criterion_block(rule)
        taken.setdefault(block, row)
    return credible.loc[sorted(list(taken.values())[:most])]


def _haldane(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    won, n, won_without, n_without = sides_of(sample).effective_counts()
    cells = np.array([won, n - won, won_without, n_without - won_without]) + 0.5
    estimate = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    return estimate, (1 / cells).sum(axis=0)
