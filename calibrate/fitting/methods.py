"""From leads to points: the four methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import criterion_block, is_level
from calibrate.errors import ConfigError
from calibrate.fitting.attainable import attainable_patterns
from calibrate.fitting.bootstrap import resampled_coefficients
from calibrate.fitting.sample import Sample
from calibrate.fitting.scaling import Points, scale_to_100, scale_with
from calibrate.fitting.search import (
    Choice,
    anything_to_score_on,
    balanced_folds,
    choose_rules,
    search_rules,
)
from calibrate.lift import compare_rates, too_few
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.logistic import LogisticFit, fit_logistic
from calibrate.stats.patterns import pattern_counts, unique_patterns

if TYPE_CHECKING:
    from calibrate.scorecard import Scorecard

__all__ = ["METHODS", "Weighted", "Wish"]

N_FOLDS = 5
MIN_STRENGTH = 1.96  # standard errors that a rule must lie from 0 beside the others
NOTHING = "nothing separates converted from lost leads better than chance would: no points"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a card is asked for.

    Attributes
    ----------
    max_criteria : int or "auto"
    scale : {"fit", "keep"}
    current : Scorecard or None
        The card in force; ``keep`` takes its scale.
    confidence_level : float
    with_intervals : bool
        Whether intervals of the points are wanted.
    exactly : int or None
        Number of rules, where it is known already: the search takes as many, and neither
        cross-validates nor asks whether there is anything to score on.
    shrinkage : float
        Share of the effects to promise, where `exactly` leaves it to the caller.
    sticky : bool
        Whether, on the scale of the current card, points stay where they hardly moved.
    """

    max_criteria: int | str = 12
    scale: str = "fit"
    current: Scorecard | None = None
    confidence_level: float = 0.95
    with_intervals: bool = True
    exactly: int | None = None
    shrinkage: float = 1.0
    sticky: bool = True

    @property
    def most(self) -> int:
        """The largest number of criteria allowed."""
        return 12 if isinstance(self.max_criteria, str) else self.max_criteria


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighted:
    """Criteria by position, with their points and intervals; nothing for an empty card.

    ``shrinkage`` is the share of the effects that new leads are expected to show.
    """

    positions: tuple[int, ...] = ()
    base: int = 0
    points: tuple[int, ...] = ()
    intervals: tuple[tuple[int, int], ...] | None = None
    shrinkage: float = 1.0
    notes: tuple[str, ...] = ()


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
    estimate, variance = _haldane(table)
    spread = max(float(np.mean(estimate**2 - variance)), 0.0) if len(table) else 0.0
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
    part = sample.columns(positions)
    information = np.asarray(np.linalg.inv(fit.covariance[1:, 1:]), dtype=np.float64)
    scaled = _scaled(part, wish, fit.coefficients, information, choice.shrinkage)
    intervals = None
    if wish.with_intervals:
        start = np.concatenate([[fit.intercept], fit.coefficients])
        drawn = resampled_coefficients(part, start, rng)[:, 1:]
        tail = (1 - wish.confidence_level) / 2
        ends = np.quantile(drawn, [tail, 1 - tail], axis=0) * scaled.per_log_odds
        intervals = _outward(*ends)
    return replace(_without_zeros(positions, scaled, intervals), shrinkage=choice.shrinkage)


def _pruned(sample: Sample, positions: list[int], *, pinned: bool) -> tuple[list[int], LogisticFit]:
    """Return the rules proven beside the others (at least one), and their joint fit."""
    while True:
        fit = _joint_fit(sample.columns(positions))
        error = np.sqrt(np.diag(fit.covariance)[1:])
        strength = np.nan_to_num(np.abs(fit.coefficients) / error)
        weakest = int(np.argmin(strength))
        stays = pinned or len(positions) == 1
        if strength[weakest] >= MIN_STRENGTH or (stays and strength[weakest] > 0):
            return positions, fit
        positions = [position for i, position in enumerate(positions) if i != weakest]


def _chosen(sample: Sample, wish: Wish, rng: np.random.Generator) -> Choice:
    """Return positions of the rules to fit together; none where nothing can be said."""
    met = sample.flags.sum(axis=0)
    few = too_few(met, len(sample.flags) - met, sample.converted.mean())
    judged = np.flatnonzero(~few & ~_said_by_opposite(sample.flags, met))
    flags, converted = sample.flags[:, judged], sample.converted
    if wish.exactly is not None:
        choice = Choice(search_rules(flags, converted, wish.exactly), wish.shrinkage)
    elif anything_to_score_on(flags, converted, rng):
        folds = balanced_folds(sample.keys, N_FOLDS, rng)
        fewest = wish.max_criteria == "auto"
        choice = choose_rules(flags, converted, folds, wish.most, fewest=fewest)
    else:
        choice = Choice([], 1.0)
    return choice._replace(rules=[int(judged[i]) for i in choice.rules])


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
    return compare_rates(
        sample.criteria, sample.flags, sample.converted, confidence_level=wish.confidence_level
    )


def _one_per_attribute(credible: pd.DataFrame, sample: Sample, most: int) -> pd.DataFrame:
    """Keep the best proven criteria; nested cuts of one number or activity count once."""
    taken: dict[tuple[str, ...], int] = {}
    for row in credible.sort_values(["q_value", "n"], ascending=[True, False]).index:
        rule = sample.criteria[row]
        block = (*criterion_block(rule), rule.name) if is_level(rule) else criterion_block(rule)
        taken.setdefault(block, row)
    return credible.loc[sorted(list(taken.values())[:most])]


def _haldane(table: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    won, n = table["n_converted"].to_numpy(float), table["n"].to_numpy(float)
    won_without = table["n_converted_without"].to_numpy(float)
    cells = np.array([won, n - won, won_without, table["n_without"] - won_without]) + 0.5
    estimate = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    return estimate, (1 / cells).sum(axis=0)


def _joint_fit(sample: Sample) -> LogisticFit:
    return fit_logistic(*pattern_counts(sample.flags, sample.converted))


def _scaled(
    sample: Sample,
    wish: Wish,
    weights: NDArray[np.float64],
    information: NDArray[np.float64],
    shrinkage: float,
) -> Points:
    if wish.scale == "keep" and wish.current is not None and not wish.current.is_empty:
        return _on_scale_of(wish.current, sample, weights, shrinkage, sticky=wish.sticky)
    seen, _ = unique_patterns(sample.flags)
    return scale_to_100(weights, information, attainable_patterns(sample.criteria, seen))


def _on_scale_of(
    card: Scorecard,
    sample: Sample,
    weights: NDArray[np.float64],
    shrinkage: float,
    *,
    sticky: bool,
) -> Points:
    """Give each criterion the points that promise on this card what the weights promise."""
    scale = card.scale
    if scale is None:
        raise ConfigError(
            f'the scale of "{card.name}" cannot be kept: its expected rates do not rise with '
            'the score; use scale = "fit"'
        )
    patterns, n_converted, n = pattern_counts(sample.flags, sample.converted)
    sums = patterns @ weights
    kept = shrinkage * float(fit_logistic(sums[:, None], n_converted, n).coefficients[0])
    level = fit_logistic(patterns[:, :0], n_converted, n, firth=False, offset=kept * sums)
    held = {line.criterion.name: line.points for line in card.criteria}
    points = np.array([held.get(rule.name, np.nan) for rule in sample.criteria])
    scaled = scale_with(
        kept * weights,
        level.intercept,
        scale.points_per_log_odds,
        scale.log_odds_at_0,
        current=(card.base, points) if sticky else None,
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
