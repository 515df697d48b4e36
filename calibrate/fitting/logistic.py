"""Points from one logistic model of the rules chosen together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from calibrate.fitting.agreed import Agreed, agreed_points
from calibrate.fitting.attainable import attainable_patterns, attainable_range
from calibrate.fitting.bootstrap import resampled_coefficients
from calibrate.fitting.combining import Term, renumbered
from calibrate.fitting.constraints import Limits, canonical
from calibrate.fitting.counting import n_like, n_looked_at
from calibrate.fitting.fence import Fence
from calibrate.fitting.leads import Leads
from calibrate.fitting.parsimony import HeldOut, parsimony_table
from calibrate.fitting.permutation import anything_to_score_on
from calibrate.fitting.scaled import outward, scaled_points, without_zeros
from calibrate.fitting.scaling import Points
from calibrate.fitting.screening import screened
from calibrate.fitting.search import (
    Choice,
    balanced_folds,
    choose_rules,
    search_rules,
    searched_leads,
)
from calibrate.fitting.selection import selection_frequencies
from calibrate.fitting.space import space_of
from calibrate.fitting.wish import NOTHING, NOTHING_ALLOWED, Weighted, Wish
from calibrate.lift import MIN_LEADS, sides_of, told_units, too_few
from calibrate.observation import MIN_FOLLOWED, Sample
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.logistic import LogisticFit
from calibrate.stats.patterns import met_counts, unique_patterns

__all__ = ["chosen_rules", "logistic_points"]

N_FOLDS = 5
FEW_FOLDS, MANY_LEADS = 2, 50_000  # with so many leads half of them tell as much
MIN_CELL = 5  # leads of a kind from which resamples show how many there might be
FALSE_SHARE = 0.15  # of the rules of a card that may have come about by chance
MAX_P_VALUE = 0.05  # of any of them

Floats = NDArray[np.float64]


def logistic_points(leads: Leads, choice: Choice, wish: Wish, rng: np.random.Generator) -> Weighted:
    """Points = coefficients of one logistic model of the rules chosen together, scaled.

    Notes
    -----
    Rules are chosen by cross-validated loss (`chosen_rules`), liberally; then those not proven
    beside the others are taken out again, the weakest first, until the p-value of each of the k
    left is at most ``0.15 k / m`` and 0.05, where m rules of its kind were looked at: of seven
    rules about one may be there by chance (the step-up rule of Benjamini and Hochberg 1995,
    JRSS B 57, 289-300, on Wald's tests). Post-selection, so the intervals are those of a given
    card.
    """
    if not choice.terms:
        return Weighted(notes=(NOTHING if wish.limits is None else NOTHING_ALLOWED,))
    card = _with_points(leads, choice, wish, rng)
    searched = [term for term in choice.proposed if isinstance(term, int)]
    looked_at = tuple(
        None if isinstance(term, int) else n_looked_at(term, leads.searched.criteria, searched)
        for term in card.terms
    )
    card = replace(card, looked_at=looked_at)
    if choice.judged is None:
        return card
    level = wish.confidence_level
    table = parsimony_table(choice.judged, len(card.terms), confidence_level=level)
    return replace(card, parsimony=table)


def _with_points(leads: Leads, choice: Choice, wish: Wish, rng: np.random.Generator) -> Weighted:
    """Return the card of the rules chosen, with intervals where wanted."""
    terms, fit = _pruned(leads, choice, wish)
    if wish.limits is not None:
        agreed = agreed_points(leads, terms, wish, wish.limits, choice.shrinkage)
        return _with_agreed(leads, choice, wish, agreed, rng)
    part, size = leads.combined(terms), len(terms)
    weights = fit.coefficients[:size]
    covariance = fit.covariance[1 : size + 1, 1 : size + 1]
    information = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
    scaled = scaled_points(part, wish, weights, information, choice.shrinkage)
    card = replace(without_zeros(terms, scaled, None), shrinkage=choice.shrinkage)
    if not wish.with_intervals:
        return card
    start, drawn, ends = _resampled(part, fit, wish, rng)
    bases = _bases(part, wish, scaled, drawn, start)
    card = _with_intervals(card, terms, scaled, ends * scaled.per_log_odds, bases, wish)
    again = selection_frequencies(leads.searched, card.terms, choice.proposed, rng)
    return replace(card, selection=again)


def _with_agreed(
    leads: Leads, choice: Choice, wish: Wish, agreed: Agreed, rng: np.random.Generator
) -> Weighted:
    """Return the card whose points keep to constraints, with intervals where wanted."""
    caps = {} if wish.limits is None else wish.limits.caps
    card = replace(
        without_zeros(agreed.terms, agreed.points, None),
        shrinkage=choice.shrinkage,
        caps=caps if agreed.terms else {},
        notes=agreed.notes,
    )
    if not wish.with_intervals or not agreed.terms:
        return card
    part, points = leads.combined(agreed.terms), agreed.points
    start, drawn, ends = _resampled(part, part.grouped().fit(), wish, rng)
    centre = np.concatenate([start[:1], agreed.weights])
    bases = _bases(part, wish, points, drawn + (centre - start), centre)
    ends = agreed.intervals(ends * points.per_log_odds, start[1:])
    card = _with_intervals(card, agreed.terms, points, ends, bases, wish)
    again = selection_frequencies(leads.searched, card.terms, choice.proposed, rng)
    stays = agreed.stays[points.points != 0]
    again = tuple((1.0, 1.0) if stay else one for stay, one in zip(stays, again, strict=True))
    return replace(card, selection=again)


def _resampled(
    sample: Sample, fit: LogisticFit, wish: Wish, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return the coefficients, intercept first, those of resamples, and intervals of the rules'."""
    size = len(sample.criteria)
    start = np.nan_to_num(np.concatenate([[fit.intercept], fit.coefficients]))
    drawn = resampled_coefficients(sample, start, rng)[:, : size + 1]
    ends = np.quantile(drawn[:, 1:], wish.tails, axis=0)
    return start[: size + 1], drawn, _wide_enough(sample, ends, fit, wish)


def _with_intervals(
    card: Weighted, terms: Sequence[Term], scaled: Points, ends: Floats, bases: Floats, wish: Wish
) -> Weighted:
    """Return the card with intervals, ends rounded outward, that hold its own numbers.

    Points that stay with the card in force, or are rounded together, may lie a little outside.
    """
    lower, upper = np.minimum(ends[0], scaled.points), np.maximum(ends[1], scaled.points)
    least, most = np.quantile(bases, wish.tails)
    base = np.array([min(least, scaled.base)]), np.array([max(most, scaled.base)])
    intervals = without_zeros(terms, scaled, outward(lower, upper)).intervals
    return replace(card, intervals=intervals, base_interval=outward(*base)[0])


def _wide_enough(sample: Sample, ends: Floats, fit: LogisticFit, wish: Wish) -> Floats:
    """Widen the interval of a criterion that separates, or nearly, to Wald's at least.

    Where under five leads of a kind (with or without, converted or not) were seen, a resample
    can hardly show any others.
    """
    sides = sides_of(sample)
    counts = sides.effective_counts()
    cells = [counts[0], counts[1] - counts[0], counts[2], counts[3] - counts[2]]
    thin = np.min(cells, axis=0) < MIN_CELL
    size = len(sample.criteria)
    weights, variances = fit.coefficients[:size], np.diag(fit.covariance)[1 : size + 1]
    margin = normal_quantile(wish.confidence_level) * np.sqrt(variances)
    lower = np.where(thin, np.minimum(ends[0], weights - margin), ends[0])
    upper = np.where(thin, np.maximum(ends[1], weights + margin), ends[1])
    return np.array([lower, upper])


def _bases(sample: Sample, wish: Wish, scaled: Points, drawn: Floats, fitted: Floats) -> Floats:
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


def _pruned(leads: Leads, choice: Choice, wish: Wish) -> tuple[list[Term], LogisticFit]:
    """Return the rules proven beside the others (at least one), and their joint fit."""
    terms, pinned = choice.terms, wish.exactly is not None
    n_single = sum(isinstance(term, int) for term in choice.proposed)
    while True:
        part = leads.combined(terms)
        fit = part.grouped().fit()
        size = len(terms)
        error = np.sqrt(np.diag(fit.covariance)[1 : size + 1])
        strength = np.nan_to_num(np.abs(fit.coefficients[:size]) / error)
        looked_at = np.array([n_like(term, n_single) for term in terms])
        allowed = np.minimum(MAX_P_VALUE, FALSE_SHARE * size / np.maximum(looked_at, 1))
        excess = 2 * ndtr(-strength) / allowed
        if wish.limits is not None:
            excess[_settled(part, wish.limits)] = 0.0
        weakest = int(np.lexsort((strength, -excess))[0])
        stays = pinned or size == 1
        if excess[weakest] <= 1 or (stays and strength[weakest] > 0):
            return terms, fit
        terms = [term for i, term in enumerate(terms) if i != weakest]


def _settled(sample: Sample, limits: Limits) -> NDArray[np.bool_]:
    """Return which rules must stay, or stand in an order, which is judged as a whole."""
    rules = sample.criteria
    stays = [limits.must_stay(rules, i) or limits.in_the_way(rule) for i, rule in enumerate(rules)]
    return np.array(stays, dtype=bool)


def chosen_rules(sample: Sample, wish: Wish, rng: np.random.Generator) -> Choice:
    """Return the rules to fit together, none where nothing can be said, and what chose them."""
    worth = _searched(sample, wish.limits)
    judged = screened(sample, worth, wish.limits).tolist()
    part, held_out = searched_leads(sample.columns(judged)), None
    if wish.exactly is not None:
        terms = search_rules(part, wish.exactly, pairs=wish.pairs, limits=wish.limits)
        choice = Choice(terms, wish.shrinkage)
    elif _anything(part, wish, rng):
        n_folds = N_FOLDS if part.n < MANY_LEADS else FEW_FOLDS
        folds = balanced_folds(part.keys, n_folds, rng)
        fewest = wish.max_criteria == "auto"
        choice = choose_rules(
            part, folds, wish.most, fewest=fewest, pairs=wish.pairs, limits=wish.limits
        )
        if choice.held_out is not None:
            held_out = HeldOut(part, folds, choice.held_out)
    else:
        choice = Choice(_forced(part, wish.limits), 1.0)
    return choice._replace(
        terms=[renumbered(term, judged) for term in choice.terms],
        proposed=(*worth.tolist(), *(renumbered(term, judged) for term in choice.proposed)),
        judged=held_out,
    )


def _anything(sample: Sample, wish: Wish, rng: np.random.Generator) -> bool:
    """Whether there is anything to score on among the rules that may be on the card."""
    signs = None
    if wish.limits is not None:
        allowed, signs = Fence(limits=wish.limits, criteria=sample.criteria).signs
        sample, signs = sample.columns(np.flatnonzero(allowed).tolist()), signs[allowed]
    space = space_of(sample) if wish.pairs else None
    return anything_to_score_on(sample, rng, space=space, signs=signs)


def _forced(sample: Sample, limits: Limits | None) -> list[Term]:
    """Return the rules that must be on the card though nothing separates."""
    n_forced = 0 if limits is None else Fence(limits=limits, criteria=sample.criteria).n_forced
    return search_rules(sample, n_forced, pairs=False, limits=limits) if n_forced else []


def _searched(sample: Sample, limits: Limits | None) -> NDArray[np.intp]:
    """Return positions of the rules worth looking at, and of those that must be on the card."""
    met = met_counts(sample.flags)
    few = too_few(met, sample.n - met, sample.converted.mean())
    told = np.minimum(told_units(sample), told_units(sample, without=True))
    few |= told < MIN_LEADS
    few |= np.minimum(*sample.followed) < MIN_FOLLOWED
    wanted = ~few & ~_said_by_opposite(sample.flags, met)
    if limits is not None:
        forms = [canonical(rule.when) for rule in sample.criteria]
        wanted |= np.array([form in limits.locked_rules for form in forms], dtype=bool)
    return np.flatnonzero(wanted)


def _said_by_opposite(flags: NDArray[np.bool_], met: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rules most leads meet and another, rarer rule says by its absence."""
    common = np.zeros(len(met), dtype=bool)
    for i in np.flatnonzero(2 * met > len(flags)):
        opposites = np.flatnonzero(met == len(flags) - met[i])
        common[i] = any((flags[:, i] ^ flags[:, j]).all() for j in opposites)
    return common
