"""From leads to points: the four methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import criterion_block, is_level
from calibrate.fitting.attainable import attainable_patterns, attainable_range
from calibrate.fitting.bootstrap import resampled_coefficients, selection_frequencies
from calibrate.fitting.scaling import Points, scale_to_100, scale_with
from calibrate.fitting.search import (
    Choice,
    anything_to_score_on,
    balanced_folds,
    choose_rules,
    search_rules,
)
from calibrate.fitting.wish import Weighted, Wish
from calibrate.lift import MIN_LEADS, compare_rates, sides_of, told_units, too_few
from calibrate.observation import MIN_FOLLOWED, Sample
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.logistic import LogisticFit, fit_logistic
from calibrate.stats.patterns import unique_patterns

if TYPE_CHECKING:
    from calibrate.scorecard import Scale, Scorecard

__all__ = ["METHODS"]

N_FOLDS = 5
MIN_CELL = 5  # leads of a kind from which resamples show how many there might be
MIN_STRENGTH = 1.96  # standard errors that a rule must lie from 0 beside the others
NOTHING = "nothing separates converted from lost leads better than chance would: no points"


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
        positions=tuple(kept.index.tolist()),
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
    scaled = _scaled(part, wish, weights, np.diag(1 / error**2), 1.0)
    margin = normal_quantile(wish.confidence_level) * error
    ends = [scaled.per_log_odds * (weights + shift) for shift in (-margin, margin)]
    return _without_zeros(chosen.index.tolist(), scaled, _outward(*ends))


def _logistic(sample: Sample, wish: Wish, rng: np.random.Generator) -> Weighted:
    """Points = coefficients of one logistic model of the rules chosen together, scaled.

    Notes
    -----
    Rules are chosen by cross-validated loss (`choose_rules`), then those within 1.96 standard
    errors of 0 beside the others are taken out again, the weakest first: no line of the card
    may be worth nothing. Post-selection, so the intervals are those of a given card.
    """
    choice = _chosen(sample, wish, rng)
    if not choice.rules:
        return Weighted(notes=(NOTHING,))
    positions, fit = _pruned(sample, choice.rules, pinned=wish.exactly is not None)
    part, size = sample.columns(positions), len(positions)
    weights = fit.coefficients[:size]
    covariance = fit.covariance[1 : size + 1, 1 : size + 1]
    information = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
    scaled = _scaled(part, wish, weights, information, choice.shrinkage)
    card = replace(_without_zeros(positions, scaled, None), shrinkage=choice.shrinkage)
    if not wish.with_intervals:
        return card
    start = np.concatenate([[fit.intercept], fit.coefficients])
    drawn = resampled_coefficients(part, start, rng)[:, : size + 1]
    tails = (1 - wish.confidence_level) / 2 * np.array([1, -1]) + np.array([0, 1])
    ends = np.quantile(drawn[:, 1:], tails, axis=0)
    ends = _wide_enough(part, ends, weights, covariance, wish) * scaled.per_log_odds
    bases = np.quantile(_bases(part, wish, scaled, drawn, start[: size + 1]), tails)
    return replace(
        _without_zeros(positions, scaled, _outward(*ends)),
        base_interval=_outward(*bases[:, None])[0],
        selection=_selection(sample, positions, np.flatnonzero(scaled.points), rng),
        shrinkage=choice.shrinkage,
    )


def _wide_enough(
    sample: Sample,
    ends: NDArray[np.float64],
    weights: NDArray[np.float64],
    covariance: NDArray[np.float64],
    wish: Wish,
) -> NDArray[np.float64]:
    """Widen the interval of a criterion that separates, or nearly, to Wald's at least.

    Where under five leads of a kind (with or without, converted or not) were seen, a resample
    can hardly show any others.
    """
    sides = sides_of(sample)
    counts = sides.effective_counts()
    cells = [counts[0], counts[1] - counts[0], counts[2], counts[3] - counts[2]]
    thin = np.min(cells, axis=0) < MIN_CELL
    margin = normal_quantile(wish.confidence_level) * np.sqrt(np.diag(covariance))
    lower = np.where(thin, np.minimum(ends[0], weights - margin), ends[0])
    upper = np.where(thin, np.maximum(ends[1], weights + margin), ends[1])
    return np.array([lower, upper])


def _bases(
    sample: Sample,
    wish: Wish,
    scaled: Points,
    drawn: NDArray[np.float64],
    fitted: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the base of each resample on the scale of the card, before rounding."""
    scale = wish.kept_scale
    if scale is not None:
        # What the intercept moves by, and what the criteria move the leads' mean by for the
        # share of their effects that is taken back.
        per_unit = scale.points_per_log_odds
        share_met = sample.weight @ sample.flags / sample.weight.sum()
        moved = drawn - fitted
        taken_back = 1 - scaled.per_log_odds / per_unit
        shift = moved[:, 0] + taken_back * (moved[:, 1:] @ share_met)
        return np.asarray(scaled.base + per_unit * shift)
    groups = attainable_patterns(sample.criteria, unique_patterns(sample.flags)[0])
    lowest = [attainable_range(row, groups)[0] for row in drawn[:, 1:] * scaled.per_log_odds]
    return -np.array(lowest)


def _selection(
    sample: Sample, positions: list[int], kept: NDArray[np.intp], rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    """Return how often the search chooses each rule with points, and its like, again."""
    searched = _searched(sample)
    place = {int(position): i for i, position in enumerate(searched)}
    chosen = [place[position] for position in positions]
    same, alike = selection_frequencies(sample.columns(searched.tolist()), chosen, rng)
    return tuple((float(same[i]), float(alike[i])) for i in kept)


def _pruned(sample: Sample, positions: list[int], *, pinned: bool) -> tuple[list[int], LogisticFit]:
    """Return the rules proven beside the others (at least one), and their joint fit."""
    while True:
        fit = sample.columns(positions).grouped().fit()
        size = len(positions)
        error = np.sqrt(np.diag(fit.covariance)[1 : size + 1])
        strength = np.nan_to_num(np.abs(fit.coefficients[:size]) / error)
        weakest = int(np.argmin(strength))
        stays = pinned or len(positions) == 1
        if strength[weakest] >= MIN_STRENGTH or (stays and strength[weakest] > 0):
            return positions, fit
        positions = [position for i, position in enumerate(positions) if i != weakest]


def _chosen(sample: Sample, wish: Wish, rng: np.random.Generator) -> Choice:
    """Return positions of the rules to fit together; none where nothing can be said."""
    judged = _searched(sample)
    part = sample.columns(judged.tolist())
    if wish.exactly is not None:
        choice = Choice(search_rules(part, wish.exactly), wish.shrinkage)
    elif anything_to_score_on(part, rng):
        folds = balanced_folds(sample.keys, N_FOLDS, rng)
        choice = choose_rules(part, folds, wish.most, fewest=wish.max_criteria == "auto")
    else:
        choice = Choice([], 1.0)
    return choice._replace(rules=[int(judged[i]) for i in choice.rules])


def _searched(sample: Sample) -> NDArray[np.intp]:
    """Return positions of the rules worth looking at."""
    met = sample.flags.sum(axis=0)
    few = too_few(met, sample.n - met, sample.converted.mean())
    told = np.minimum(told_units(sample, sample.flags), told_units(sample, ~sample.flags))
    few |= told < MIN_LEADS
    few |= np.minimum(*sample.followed) < MIN_FOLLOWED
    return np.flatnonzero(~few & ~_said_by_opposite(sample.flags, met))


def _said_by_opposite(flags: NDArray[np.bool_], met: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rules most leads meet and another, rarer rule says by its absence."""
    common = np.zeros(len(met), dtype=bool)
    for i in np.flatnonzero(2 * met > len(flags)):
        opposites = np.flatnonzero(met == len(flags) - met[i])
        common[i] = any((flags[:, i] ^ flags[:, j]).all() for j in opposites)
    return common


METHODS: Mapping[str, Callable[[Sample, Wish, np.random.Generator], Weighted]] = MappingProxyType(
    {"rate": _rate, "difference": _difference, "log_odds": _log_odds, "logistic": _logistic}
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


def _scaled(
    sample: Sample,
    wish: Wish,
    weights: NDArray[np.float64],
    information: NDArray[np.float64],
    shrinkage: float,
) -> Points:
    scale = wish.kept_scale
    if scale is not None and wish.current is not None:
        held = wish.current if wish.sticky else None
        return _on_scale(scale, sample, weights, shrinkage, held=held)
    seen, _ = unique_patterns(sample.flags)
    return scale_to_100(weights, information, attainable_patterns(sample.criteria, seen))


def _on_scale(
    scale: Scale,
    sample: Sample,
    weights: NDArray[np.float64],
    shrinkage: float,
    *,
    held: Scorecard | None,
) -> Points:
    """Give each criterion the points that promise on the scale what the weights promise."""
    grouped = sample.grouped()
    patterns, n_converted, n = grouped.design, grouped.n_converted, grouped.n
    sums = patterns[:, : len(weights)] @ weights
    kept = shrinkage * float(fit_logistic(sums[:, None], n_converted, n).coefficients[0])
    level = fit_logistic(patterns[:, :0], n_converted, n, firth=False, offset=kept * sums)
    current = None
    if held is not None:
        points = {line.criterion.name: line.points for line in held.criteria}
        known = [points.get(rule.name, np.nan) for rule in sample.criteria]
        current = held.base, np.array(known, dtype=float)
    scaled = scale_with(
        kept * weights,
        level.intercept,
        scale.points_per_log_odds,
        scale.log_odds_at_0,
        current=current,
    )
    return scaled._replace(per_log_odds=kept * scale.points_per_log_odds)


def _outward(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> tuple[tuple[int, int], ...]:
    return tuple((int(np.floor(a)), int(np.ceil(b))) for a, b in zip(lower, upper, strict=True))


def _without_zeros(
    positions: list[int], scaled: Points, intervals: tuple[tuple[int, int], ...] | None
) -> Weighted:
    kept = np.flatnonzero(scaled.points)
    return Weighted(
        positions=tuple(positions[i] for i in kept),
        base=scaled.base,
        points=tuple(int(scaled.points[i]) for i in kept),
        intervals=None if intervals is None else tuple(intervals[i] for i in kept),
    )
