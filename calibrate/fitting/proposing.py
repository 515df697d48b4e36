"""The rules that would improve a model most: single ones, merged levels, ranges, pairs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibrate.fitting.combining import Combination, Term
from calibrate.fitting.model import COLLINEAR, RIDGE, Model
from calibrate.fitting.space import Floats, Indices, Singles, Space

__all__ = ["Proposal", "is_allowed", "opposite_levels", "penalty", "proposals"]

PER_LEVEL = 1.0  # what each further level of a merge must add to the statistic
PER_CUT = 3.0  # what the second end of a range must add
PAIR_SHARE = 0.8  # of a pair's statistic that counts: it is harder to remember
SHRINKING = 5.0  # information added before levels are put in order by their effect
SHORTLIST = 60  # pairs at most whose statistic is worked out exactly
HOPELESS = 0.25  # share of what a pair needs; not worth that where its lower bound is less
TAKEN = 4  # best of each kind handed on


class Proposal(NamedTuple):
    """A rule and about what it would take off the deviance, less its penalty."""

    gain: float
    term: Term


def proposals(model: Model, *, pairs: bool) -> Iterator[Proposal]:
    """Yield the best rules to add to a model, the best first.

    Parameters
    ----------
    model : Model
    pairs : bool
        Whether pairs of rules, and rules less other rules, are looked at too.

    Yields
    ------
    Proposal
        Where the space lets rules be joined: single rules; for each column the set of levels,
        in the order of their effect, that adds most (for one number of levels the best set is
        among these, Fisher 1958, On grouping for maximum homogeneity, JASA 53, 789-798); for each
        number the best range between two cuts; pairs. A rule that says more must add more
        (`penalty`).
    """
    space = model.space
    score = (space.X @ model.residual).astype(float)
    crossed = (model.crossed @ space.X.T).astype(float)
    usable = space.usable if space.fence is None else space.usable & space.fence.fair(score)
    single = np.where(usable, model.statistics(score, crossed), 0.0)
    order = np.argsort(-single, kind="stable")[: TAKEN if space.fence is None else len(single)]
    found = [Proposal(float(single[i]), int(i)) for i in order]
    if space.joins:
        found += _merged(model, score, crossed)
        found += _ranges(model, score, crossed)
    if space.joins and pairs:
        found += _pairs(model)
    taken = set(model.terms)
    found = [one for one in found if one.gain > 0 and one.term not in taken]
    found.sort(key=lambda one: -one.gain)
    yield from (one for one in found if is_allowed(model, one.term))


def is_allowed(model: Model, term: Term) -> bool:
    """Whether a rule may be added to a model.

    Constraints may forbid it; and of two rules that name levels of a column either one names all
    that the other does or they share none, or nobody could say what a level is worth.
    """
    levels = _levels_in(term)
    others = (_levels_in(other) for other in model.terms)
    if any(len(levels & other) not in (0, len(levels), len(other)) for other in others):
        return False
    fence = model.space.fence
    if fence is None:
        return True
    score = 0.0  # of single rules the direction has been looked at
    if not isinstance(term, int):
        score = float(model.residual[model.space.column(term)].sum(dtype=np.float64))
    return fence.admits(term, score, model.terms)


def _levels_in(term: Term) -> set[int]:
    """Return the rules that a single or merged rule names; none of a range or a pair."""
    if isinstance(term, int):
        return {term}
    return {part for part in term.parts if isinstance(part, int)} if term.kind == "any" else set()


def opposite_levels(space: Space, term: Term) -> Term | None:
    """Return the rule of the other levels of a column, if these are fewer than a rule names."""
    if isinstance(term, int) or term.kind != "any":
        return None
    named = _levels_in(term)
    group = next(group for group in space.levels if named <= set(group.tolist()))
    others = tuple(sorted(set(group.tolist()) - named))
    if not others or len(others) >= len(named):
        return None
    return others[0] if len(others) == 1 else Combination("any", others)


def penalty(term: Term, n: int) -> float:
    """Return what a rule must take off the deviance beyond what a single one must.

    Parameters
    ----------
    term : Term
    n : int
        Leads. A further condition costs twice its logarithm: it was chosen among many.
    """
    if isinstance(term, int):
        return 0.0
    inner = sum(penalty(part, n) for part in term.parts)
    if term.kind == "any":
        return inner + PER_LEVEL * (len(term.parts) - 1)
    return inner + (PER_CUT if term.kind == "range" else 2 * float(np.log(max(n, 2))))


def _merged(model: Model, score: Floats, crossed: Floats) -> Iterator[Proposal]:
    """Yield the best set of levels of each column, of either sign, all and the free ones."""
    levels = model.space.levels_by_column
    if not len(levels):
        return
    named = set().union(*(_levels_in(term) for term in model.terms))
    free = np.where(np.isin(levels, list(named)), -1, levels)
    some = (free != levels).any(axis=1)
    sets = np.stack([levels, free], axis=1)[np.column_stack([np.ones_like(some), some])]
    yield from _best_sets(model, sets, score, crossed)


def _best_sets(model: Model, sets: Indices, score: Floats, crossed: Floats) -> Iterator[Proposal]:
    """Yield for each row of levels (-1 for none) the best of those of one direction."""
    fence = model.space.fence
    rows, sign = np.repeat(sets, 2, axis=0), np.tile([1, -1], len(sets))[:, None]
    usable = (rows >= 0) & (sign * score[rows] > 0)
    if fence is not None:
        usable &= fence.fair(score[rows], rows)
    effect = sign * score[rows] / (crossed[0, rows] + SHRINKING)
    order = np.argsort(np.where(usable, -effect, np.inf), axis=1, kind="stable")
    order = order[:, : usable.sum(axis=1).max()]
    rows = np.take_along_axis(rows, order, axis=1)
    usable = np.take_along_axis(usable, order, axis=1)
    sums = np.cumsum(score[rows] * usable, axis=1)
    crossed_sums = np.cumsum(crossed[:, rows] * usable, axis=2)
    gain = model.statistics(sums.ravel(), crossed_sums.reshape(len(crossed), -1))
    gain = np.where(usable, gain.reshape(rows.shape) - PER_LEVEL * np.arange(rows.shape[1]), -1.0)
    best = gain.argmax(axis=1) if gain.size else np.zeros(len(rows), dtype=np.intp)
    for row in np.flatnonzero(best):
        parts = tuple(sorted(rows[row, : best[row] + 1].tolist()))
        yield Proposal(float(gain[row, best[row]]), Combination("any", parts))


def _ranges(model: Model, score: Floats, crossed: Floats) -> Iterator[Proposal]:
    low, high, ends = model.space.ranges
    gain = model.statistics(score[low] - score[high], crossed[:, low] - crossed[:, high])
    for first, end in pairwise(ends):
        best = first + int(np.argmax(gain[first:end]))
        parts = (int(low[best]), int(high[best]))
        yield Proposal(float(gain[best]) - PER_CUT, Combination("range", parts))


class _Joined(NamedTuple):
    """Sums over the leads who meet two rules, each an array (rules, rules)."""

    n: NDArray[Any]
    score: NDArray[Any]
    information: NDArray[Any]


def _pairs(model: Model) -> Iterator[Proposal]:
    """Yield the best pairs among the single rules and those of the model.

    A lower bound on the statistic, adjusted for the intercept alone, makes the shortlist; the
    exact one orders it.
    """
    space = model.space
    terms: list[Term] = [int(i) for i in space.paired]
    X, together = space.X[space.paired], space.together
    inside = [i for i, term in enumerate(model.terms) if _may_be_paired(term)]
    if inside:
        chosen = np.array([model.columns[i] for i in inside], dtype=np.float32)
        terms += [model.terms[i] for i in inside]
        across = chosen @ X.T
        together = _bordered(together, across, chosen @ chosen.T)
        X = np.vstack([X, chosen])
    both = _Joined(together, (X * model.residual) @ X.T, (X * model.crossed[0]) @ X.T)
    alone = _Joined(*(np.diag(sums)[:, None] for sums in both))
    without = _Joined(*(own - sums for own, sums in zip(alone, both, strict=True)))
    yield from _best_pairs(model, "both", terms, X, both)
    yield from _best_pairs(model, "without", terms, X, without)


def _bordered(inner: Singles, across: Singles, corner: Singles) -> Singles:
    return np.vstack([np.hstack([inner, across.T]), np.hstack([across, corner])])


def _may_be_paired(term: Term) -> bool:
    return isinstance(term, Combination) and term.kind in {"any", "range"}


def _best_pairs(
    model: Model, kind: str, terms: list[Term], X: Singles, sums: _Joined
) -> Iterator[Proposal]:
    space = model.space
    first, second = _shortlist(model, sums, ordered=kind == "without")
    if not len(first):
        return
    met = X[second]
    if kind == "without":
        np.subtract(1, met, out=met)
    met *= X[first]
    score = sums.score[first, second].astype(float)
    exact = model.statistics(score, (model.crossed @ met.T).astype(float))
    offered = 0
    for at in np.argsort(-exact, kind="stable"):
        parts = terms[first[at]], terms[second[at]]
        term = Combination(kind, parts)
        if _about(parts[0]) & _about(parts[1]) or not is_allowed(model, term):
            continue
        gain = PAIR_SHARE * float(exact[at]) - penalty(term, space.sample.n)
        yield Proposal(gain, term)
        offered += 1
        if offered == TAKEN:
            return


def _about(term: Term) -> set[int]:
    if isinstance(term, int):
        return {term}
    return {position for part in term.parts for position in _about(part)}


def _shortlist(model: Model, sums: _Joined, *, ordered: bool) -> tuple[Indices, Indices]:
    n, own = sums.n, sums.information
    left = own - own**2 / model.crossed[0].sum()
    fair: NDArray[np.bool_] = (n >= model.space.least) & (
        n <= model.space.sample.n - model.space.least
    )
    fair &= left > COLLINEAR * own
    if not ordered:
        fair = np.triu(fair, 1)
    bound = np.divide(sums.score**2, left + RIDGE, out=np.zeros_like(own), where=fair)
    needed = 2 * float(np.log(model.space.sample.n)) / PAIR_SHARE
    best = np.flatnonzero(bound > HOPELESS * needed)
    if len(best) > SHORTLIST:
        best = best[np.argpartition(-bound.ravel()[best], SHORTLIST)[:SHORTLIST]]
    first, second = np.divmod(np.sort(best), len(bound))
    return first, second
