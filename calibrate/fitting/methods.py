"""From leads to points: the four methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import criterion_block, is_level
from calibrate.fitting.combining import Term
from calibrate.fitting.leads import Leads
from calibrate.fitting.logistic import chosen_rules, logistic_points
from calibrate.fitting.scaled import outward, scaled_points, without_zeros
from calibrate.fitting.search import Choice
from calibrate.fitting.wish import NOTHING, Weighted, Wish
from calibrate.lift import compare_rates, sides_of
from calibrate.observation import Sample
from calibrate.stats.intervals import normal_quantile

__all__ = ["METHODS"]


class Method(NamedTuple):
    """How rules are chosen on the leads searched, and measured on all."""

    choose: Callable[[Sample, Wish, np.random.Generator], Choice]
    measure: Callable[[Leads, Choice, Wish, np.random.Generator], Weighted]


def _raising(sample: Sample, wish: Wish, _rng: np.random.Generator) -> Choice:
    return _credible(sample, wish, ("raises",))


def _telling(sample: Sample, wish: Wish, _rng: np.random.Generator) -> Choice:
    return _credible(sample, wish, ("raises", "lowers"))


def _credible(sample: Sample, wish: Wish, verdicts: tuple[str, ...]) -> Choice:
    table = compare_rates(sample, confidence_level=wish.confidence_level)
    credible = table[table["verdict"].isin(verdicts)]
    return Choice(_one_per_attribute(credible, sample, wish.most), 1.0)


def _rate(leads: Leads, choice: Choice, wish: Wish, _rng: np.random.Generator) -> Weighted:
    """Points = conversion rate in percent, where it raises."""
    return _from_table(leads, choice, wish, "rate", "is proven to raise conversion")


def _difference(leads: Leads, choice: Choice, wish: Wish, _rng: np.random.Generator) -> Weighted:
    """Points = rate less control, in percentage points, where proven."""
    return _from_table(leads, choice, wish, "difference", "is proven to raise or lower conversion")


def _from_table(leads: Leads, choice: Choice, wish: Wish, column: str, proven: str) -> Weighted:
    nothing = f"no criterion {proven}: no points"
    if not choice.terms:
        return Weighted(notes=(nothing,))
    part = leads.combined(choice.terms)
    table = compare_rates(part, confidence_level=wish.confidence_level)
    points = np.rint(100 * table[column]).astype(int)
    notes = []
    if 2 * int((points.abs() <= 1).sum()) > len(points):
        notes.append(
            f"more than half of the credible criteria are worth one point or none by {column}: "
            'method = "logistic" spreads them over 0 to 100'
        )
    kept = table[points != 0]
    lower = np.floor(100 * kept[f"{column}_ci_lower"]).astype(int)
    upper = np.ceil(100 * kept[f"{column}_ci_upper"]).astype(int)
    return Weighted(
        terms=tuple(choice.terms[row] for row in kept.index),
        points=tuple(points[kept.index].tolist()),
        intervals=tuple(zip(lower.tolist(), upper.tolist(), strict=True)),
        notes=tuple(notes) if len(kept) else (*notes, nothing),
    )


def _separating(sample: Sample, wish: Wish, rng: np.random.Generator) -> Choice:
    """Return the proven rules, and how far the log odds of all rules lie apart.

    Notes
    -----
    The spread is ``max(mean(L^2 - s2), 0)`` over Haldane's log odds ratios L (1/2 added to each
    count) with variances s2.
    """
    estimate, variance = _haldane(sample)
    known = np.isfinite(estimate)
    spread = max(float(np.mean((estimate**2 - variance)[known])), 0.0) if known.any() else 0.0
    return _telling(sample, wish, rng)._replace(spread=spread)


def _log_odds(leads: Leads, choice: Choice, wish: Wish, _rng: np.random.Generator) -> Weighted:
    """Points = univariate log odds ratios, shrunken towards none, scaled together.

    Notes
    -----
    Haldane's log odds ratio with variance ``s2``, times ``t2 / (t2 + s2)``, t2 being the spread.
    """
    if not choice.terms:
        return Weighted(notes=(NOTHING,))
    part, spread = leads.combined(choice.terms), choice.spread
    estimate, variance = _haldane(part)
    share = spread / (spread + variance) if spread else np.zeros(len(estimate))
    weights, error = estimate * share, np.sqrt(variance * share)
    scaled = scaled_points(part, wish, weights, np.diag(1 / error**2), 1.0)
    margin = normal_quantile(wish.confidence_level) * error
    ends = [scaled.per_log_odds * (weights + shift) for shift in (-margin, margin)]
    return without_zeros(choice.terms, scaled, outward(*ends))


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "rate": Method(_raising, _rate),
        "difference": Method(_telling, _difference),
        "log_odds": Method(_separating, _log_odds),
        "logistic": Method(chosen_rules, logistic_points),
    }
)


def _one_per_attribute(credible: pd.DataFrame, sample: Sample, most: int) -> list[Term]:
    """Keep the best proven criteria; nested cuts of one number or activity count once."""
    taken: dict[tuple[str, ...], int] = {}
    for row in credible.sort_values(["q_value", "n"], ascending=[True, False]).index:
        rule = sample.criteria[row]
        block = (*criterion_block(rule), rule.name) if is_level(rule) else criterion_block(rule)
        taken.setdefault(block, row)
    return [*sorted(list(taken.values())[:most])]


def _haldane(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    won, n, won_without, n_without = sides_of(sample).effective_counts()
    cells = np.array([won, n - won, won_without, n_without - won_without]) + 0.5
    estimate = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    return estimate, (1 / cells).sum(axis=0)
