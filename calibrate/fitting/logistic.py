"""Points from one logistic model of the rules chosen together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibrate.fitting.attainable import attainable_patterns, attainable_range
from calibrate.fitting.bootstrap import resampled_coefficients
from calibrate.fitting.combining import Term, combined, renumbered
from calibrate.fitting.counting import n_looked_at
from calibrate.fitting.parsimony import HeldOut, parsimony_table
from calibrate.fitting.permutation import anything_to_score_on
from calibrate.fitting.scaled import outward, scaled_points, without_zeros
from calibrate.fitting.scaling import Points
from calibrate.fitting.search import (
    Choice,
    balanced_folds,
    choose_rules,
    search_rules,
    searched_leads,
)
from calibrate.fitting.selection import selection_frequencies
from calibrate.fitting.wish import NOTHING, Weighted, Wish
from calibrate.lift import MIN_LEADS, sides_of, told_units, too_few
from calibrate.observation import MIN_FOLLOWED, Sample
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.logistic import LogisticFit
from calibrate.stats.patterns import unique_patterns

__all__ = ["logistic_points"]

N_FOLDS = 5
MIN_CELL = 5  # leads of a kind from which resamples show how many there might be
MIN_STRENGTH = 2.1  # standard errors that a rule must lie from 0 beside the others


def logistic_points(sample: Sample, wish: Wish, rng: np.random.Generator) -> Weighted:
    """Points = coefficients of one logistic model of the rules chosen together, scaled.

    Notes
    -----
    Rules are chosen by cross-validated loss (`choose_rules`), then those within 2.1 standard
    errors of 0 beside the others are taken out again, the weakest first: no line of the card
    may be worth nothing. Post-selection, so the intervals are those of a given card.
    """
    choice, held_out = _chosen(sample, wish, rng)
    if not choice.terms:
        return Weighted(notes=(NOTHING,))
    card = _with_points(sample, choice, wish, rng)
    searched = [term for term in choice.proposed if isinstance(term, int)]
    looked_at = tuple(
        None if isinstance(term, int) else n_looked_at(term, sample.criteria, searched)
        for term in card.terms
    )
    card = replace(card, looked_at=looked_at)
    if held_out is None:
        return card
    level = wish.confidence_level
    table = parsimony_table(held_out, len(card.terms), confidence_level=level)
    return replace(card, parsimony=table)


def _with_points(sample: Sample, choice: Choice, wish: Wish, rng: np.random.Generator) -> Weighted:
    terms, fit = _pruned(sample, choice.terms, pinned=wish.exactly is not None)
    part, size = combined(sample, terms), len(terms)
    weights = fit.coefficients[:size]
    covariance = fit.covariance[1 : size + 1, 1 : size + 1]
    information = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
    scaled = scaled_points(part, wish, weights, information, choice.shrinkage)
    card = replace(without_zeros(terms, scaled, None), shrinkage=choice.shrinkage)
    if not wish.with_intervals:
        return card
    start = np.concatenate([[fit.intercept], fit.coefficients])
    drawn = resampled_coefficients(part, start, rng)[:, : size + 1]
    tails = (1 - wish.confidence_level) / 2 * np.array([1, -1]) + np.array([0, 1])
    ends = np.quantile(drawn[:, 1:], tails, axis=0)
    ends = _wide_enough(part, ends, weights, covariance, wish) * scaled.per_log_odds
    bases = np.quantile(_bases(part, wish, scaled, drawn, start[: size + 1]), tails)
    card = replace(
        without_zeros(terms, scaled, outward(*ends)),
        base_interval=outward(*bases[:, None])[0],
        shrinkage=choice.shrinkage,
    )
    again = selection_frequencies(sample, card.terms, choice.proposed, rng)
    return replace(card, selection=again)


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


def _pruned(sample: Sample, terms: list[Term], *, pinned: bool) -> tuple[list[Term], LogisticFit]:
    """Return the rules proven beside the others (at least one), and their joint fit."""
    while True:
        fit = combined(sample, terms).grouped().fit()
        size = len(terms)
        error = np.sqrt(np.diag(fit.covariance)[1 : size + 1])
        strength = np.nan_to_num(np.abs(fit.coefficients[:size]) / error)
        weakest = int(np.argmin(strength))
        stays = pinned or size == 1
        if strength[weakest] >= MIN_STRENGTH or (stays and strength[weakest] > 0):
            return terms, fit
        terms = [term for i, term in enumerate(terms) if i != weakest]


def _chosen(sample: Sample, wish: Wish, rng: np.random.Generator) -> tuple[Choice, HeldOut | None]:
    """Return the rules to fit together, none where nothing can be said, and what chose them."""
    judged = _searched(sample).tolist()
    part, held_out = searched_leads(sample.columns(judged)), None
    if wish.exactly is not None:
        choice = Choice(search_rules(part, wish.exactly, pairs=wish.pairs), wish.shrinkage)
    elif anything_to_score_on(part, rng):
        folds = balanced_folds(part.keys, N_FOLDS, rng)
        fewest = wish.max_criteria == "auto"
        choice = choose_rules(part, folds, wish.most, fewest=fewest, pairs=wish.pairs)
        if choice.held_out is not None:
            held_out = HeldOut(part, folds, choice.held_out)
    else:
        choice = Choice([], 1.0)
    choice = choice._replace(
        terms=[renumbered(term, judged) for term in choice.terms],
        proposed=(*judged, *(renumbered(term, judged) for term in choice.proposed)),
    )
    return choice, held_out


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
