"""Which rules say it best, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibrate.fitting.combining import Combination, Term
from calibrate.fitting.constraints import Limits, Subject
from calibrate.fitting.model import Model, model_of
from calibrate.fitting.parsimony import HeldOut
from calibrate.fitting.proposing import Proposal, is_allowed, opposite_levels, penalty, proposals
from calibrate.fitting.space import Floats, Indices, Singles, Space, space_of
from calibrate.observation import Sample, leads_searched
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.weighting import cluster_sums

__all__ = ["Choice", "balanced_folds", "choose_rules", "search_rules", "searched_leads"]

MIN_SHRINKAGE = 0.1
MOST_ROUNDS = 3
WORTHWHILE = 0.5  # of deviance, that a swap must gain


def balanced_folds(keys: NDArray[np.uint64], n_folds: int, rng: np.random.Generator) -> Indices:
    """Return a fold for each row, the same for equal keys, whatever the order of rows.

    Parameters
    ----------
    keys : ndarray of uint64
        One value a lead, or a cluster of leads that must stay together.
    """
    distinct, inverse = np.unique(keys, return_inverse=True)
    fold_of_key = rng.permutation(len(distinct)) % n_folds
    return np.asarray(fold_of_key[inverse], dtype=np.intp)


def searched_leads(sample: Sample) -> Sample:
    """Return the leads that rules are searched on, those with the smallest keys.

    As many as `leads_searched` says; those of an observation's part (`Observation.searched`)
    are no more already.
    """
    most = leads_searched(sample.n, round(sample.rate * sample.n))
    if sample.n <= most:
        return sample
    last = np.partition(sample.keys, most)[most]
    return sample.rows(sample.keys <= last)


def search_rules(
    sample: Sample, max_rules: int, *, pairs: bool = True, limits: Limits | None = None
) -> list[Term]:
    """Return the rules that a search for so many takes.

    Parameters
    ----------
    sample : Sample
    max_rules : int
    pairs : bool
        Whether rules found in the data may be joined in pairs.
    limits : Limits, optional
        Constraints: rules that must be taken come first, and what breaks one is not taken.

    Notes
    -----
    Forward selection by the efficient score statistic of the joint logistic model, less a
    penalty for what is harder to say (`proposals`); ties go to the first. After each rule taken
    the weakest is taken out and replaced by what then adds most, if the penalised deviance falls
    (floating search: Pudil, Novovicova and Kittler 1994, Pattern Recognition Letters 15,
    1119-1125); at the end each is, in turn, until none changes. Pairs come back from those
    proposed on the way. With several landmarks each has an intercept of its own.
    """
    search = _Search(space_of(sample, limits=limits), pairs=pairs)
    return list(search.settled(search.path(max_rules)[-1]).terms)


class Choice(NamedTuple):
    """The rules chosen, and how much of their effect new leads show.

    ``terms`` are rules of the sample or made of them; ``held_out`` the log odds that a search
    without its fold gives each lead at 0, 1, 2, ... rules, shape (leads, sizes), or None;
    ``proposed`` every rule that was seriously considered; ``judged`` the leads of ``held_out``
    with their folds; ``spread`` the variance of the log odds of all rules looked at.
    """

    terms: list[Term]
    shrinkage: float
    held_out: Floats | None = None
    proposed: tuple[Term, ...] = ()
    judged: HeldOut | None = None
    spread: float = 0.0


def choose_rules(
    sample: Sample,
    folds: Indices,
    max_rules: int,
    *,
    fewest: bool = False,
    pairs: bool = True,
    limits: Limits | None = None,
) -> Choice:
    """Return as many rules as cross-validation bears.

    Parameters
    ----------
    sample : Sample
    folds : ndarray of int
        From `balanced_folds`; the search is repeated without each fold.
    max_rules : int
    fewest : bool
        Take the fewest rules whose log loss on held-out leads is within one standard error of the
        smallest; else the most (a liberal choice: some of them may have to be taken out again).
    pairs : bool
        Whether rules may be joined in pairs. They are only where the cross-validated loss is
        smaller by more than one standard error.
    limits : Limits, optional
        As for `search_rules`.

    Returns
    -------
    Choice
        ``shrinkage`` is the calibration slope of the held-out log odds (Copas 1983,
        Regression, prediction and shrinkage), plus one standard error, at most 1: effects
        are only taken back as far as the folds show that they were promised too large.
    """
    space = space_of(sample, limits=limits)
    found = _Cross(sample, space, folds, max_rules, pairs=False)
    if pairs and space.joins:
        other = _Cross(sample, space, folds, max_rules, pairs=True)
        gain, error = _difference(sample, found.losses[:, found.best], other.losses[:, other.best])
        if gain > error:
            found = other
    size = found.fewest() if fewest else found.most()
    if space.fence is not None:
        size = max(size, space.fence.n_forced)
    search = _Search(space, pairs=found.pairs)
    model = search.settled(search.path(max(size, 1))[-1])
    return Choice(
        list(model.terms),
        _calibration(found.held_out[:, len(model.terms)], sample),
        found.held_out,
        tuple(search.pool),
    )


class _Cross:
    """Losses of held-out leads at each number of rules."""

    def __init__(
        self, sample: Sample, space: Space, folds: Indices, max_rules: int, *, pairs: bool
    ) -> None:
        self.sample, self.pairs = sample, pairs
        self.held_out = np.zeros((sample.n, max_rules + 1))
        for fold in np.unique(folds):
            held = folds == fold
            inside = space.of(sample.rows(~held & (sample.weight > 0)))
            path = _Search(inside, pairs=pairs).path(max_rules)
            outside = inside.of(sample.rows(held))
            steps = np.column_stack([model.log_odds(outside) for model in path])
            self.held_out[held] = steps[:, np.minimum(np.arange(max_rules + 1), len(path) - 1)]
        signed = np.logaddexp(0, self.held_out)
        self.losses = signed - sample.converted[:, None] * self.held_out
        share = sample.weight / sample.weight.sum()
        self.best = int(np.argmin(share @ self.losses))

    def fewest(self) -> int:
        """Return the fewest rules whose loss is within one standard error of the smallest."""
        return next(size for size in range(self.best + 1) if self._is_near(size))

    def most(self) -> int:
        """Return the most rules whose loss is so near."""
        return next(size for size in reversed(range(self.losses.shape[1])) if self._is_near(size))

    def _is_near(self, size: int) -> bool:
        least = self.losses[:, self.best]
        gain, error = _difference(self.sample, self.losses[:, size], least)
        return size == self.best or gain <= error


def _difference(sample: Sample, losses: Floats, others: Floats) -> tuple[float, float]:
    """Return by how much the second mean loss is smaller, and the standard error of that."""
    share = sample.weight / sample.weight.sum()
    apart = losses - others
    gain = float(share @ apart)
    sums = cluster_sums((apart - gain) * share, sample.cluster)
    return gain, float(np.sqrt((sums**2).sum()))


def _calibration(log_odds: Floats, sample: Sample) -> float:
    """Return the held-out calibration slope plus its standard error, from 0.1 to 1."""
    known = sample.weight > 0
    log_odds, sample = log_odds[known], sample.rows(known)
    weight = sample.effective_weight
    units = None if sample.is_plain else sample.units(np.arange(sample.n))
    fit = fit_logistic(log_odds[:, None], weight * sample.converted, weight, units=units)
    slope = np.nan_to_num(fit.coefficients[0] + np.sqrt(fit.covariance[1, 1]), nan=1.0)
    return round(float(np.clip(slope, MIN_SHRINKAGE, 1.0)), 6)


@dataclass(eq=False)
class _Search:
    """One search through a space; `pool` collects what was proposed on the way."""

    space: Space
    pairs: bool
    pool: dict[Term, Singles] = field(default_factory=dict)
    stacked: Singles = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    penalties: Floats = field(default_factory=lambda: np.zeros(0))

    def path(self, max_rules: int) -> list[Model]:
        """Return the models with 0, 1, 2, ... rules."""
        models = [model_of(self.space)]
        while len(models) <= max_rules:
            model = self._grown(models[-1])
            if model is None:
                break
            models.append(self.exchanged(model, int(np.argmin(model.strengths))))
        return models

    def _grown(self, model: Model) -> Model | None:
        """Return the model with the best rule that may be taken; None where there is none."""
        offered = list(proposals(model, pairs=self.pairs))
        self._remember(offered)
        fence, terms = self.space.fence, [one.term for one in offered]
        if fence is None:
            return model.with_term(terms[0]) if terms else None
        forced = fence.missing(model.terms)
        if isinstance(forced, int):
            return model.with_term(forced)
        if isinstance(forced, Subject):
            terms = list(fence.about(forced, model.statistics_of(self.space.X), model.terms))
        grown = map(model.with_term, terms)
        alive = next((one for one in grown if fence.is_alive(one)), None)
        return model.with_term(terms[0]) if alive is None and forced is not None else alive

    def settled(self, model: Model) -> Model:
        """Return the model after exchanging rules, each in turn, while that pays."""
        for _ in range(MOST_ROUNDS):
            before = model
            for position in range(len(model.terms)):
                model = self.exchanged(model, position)
            if model is before:
                break
        for position in range(len(model.terms)):
            model = self._turned(model, position)
        return model

    def _turned(self, model: Model, position: int) -> Model:
        """Return the model with "A" for "B or C or D", where this says as much."""
        shorter = opposite_levels(self.space, model.terms[position])
        if shorter is None:
            return model
        rest = model.without(position)
        if shorter in rest.terms or not is_allowed(rest, shorter):
            return model
        return self._better(model, rest.with_term(shorter, at=position), gain=-WORTHWHILE)

    def exchanged(self, model: Model, position: int) -> Model:
        """Return the model with a better rule in one place, or as it is where there is none."""
        fence = self.space.fence
        if fence is not None and not fence.may_leave(model.terms, position):
            return model
        rest = model.without(position)
        offered = [*islice(proposals(rest, pairs=False), 1), *self._pooled(rest)]
        if not offered:
            return model
        best = max(offered, key=lambda one: one.gain)
        if best.term == model.terms[position]:
            return model
        self._remember([best])
        return self._better(model, rest.with_term(best.term, at=position), gain=WORTHWHILE)

    def _better(self, model: Model, other: Model, *, gain: float) -> Model:
        """Return the other model if it may stand and its penalised deviance is so much less."""
        fence = self.space.fence
        if fence is not None and not fence.is_alive(other):
            return model
        return other if self._cost(other) < self._cost(model) - gain else model

    def _remember(self, offered: Sequence[Proposal]) -> None:
        made = (one.term for one in offered if isinstance(one.term, Combination))
        for term in made:
            if term not in self.pool:
                self.pool[term] = self.space.column(term).astype(np.float32)

    def _pooled(self, rest: Model) -> list[Proposal]:
        """Return the best rule of the pool, if any would improve the model."""
        if len(self.stacked) < len(self.pool):
            self.stacked = np.array(list(self.pool.values()))
            n = self.space.sample.n
            self.penalties = np.array([penalty(term, n) for term in self.pool])
        if not self.pool:
            return []
        gain = rest.statistics_of(self.stacked) - self.penalties
        terms = list(self.pool)
        for best in np.argsort(-gain, kind="stable"):
            if terms[best] not in rest.terms and is_allowed(rest, terms[best]):
                return [Proposal(float(gain[best]), terms[best])]
        return []

    def _cost(self, model: Model) -> float:
        n = self.space.sample.n
        return model.deviance + sum(penalty(term, n) for term in model.terms)
