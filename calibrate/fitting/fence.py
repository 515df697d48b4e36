"""Constraints inside the search: what may be proposed, and fits that keep to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Criterion
from calibrate.errors import NotEnoughDataError
from calibrate.fitting.combining import Term, criterion_of
from calibrate.fitting.constraints import Bounds, Limits, Subject, canonical, directions
from calibrate.stats.constrained import fit_constrained
from calibrate.stats.logistic import LogisticFit

__all__ = ["Fence"]

NOTHING = 1e-6  # log odds that are none

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Grown(Protocol):
    """A model, as far as a fence needs to know it."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """Its rules."""

    @property
    def weights(self) -> Floats:
        """Coefficient of each term."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Fence:
    """Constraints on the rules of a sample, and on what is made of them.

    Attributes
    ----------
    limits : Limits
    criteria : tuple of Criterion
        Of the sample that is searched.
    """

    limits: Limits
    criteria: tuple[Criterion, ...]
    known: dict[Term, Criterion] = field(default_factory=dict)
    judged: dict[Term, int | None] = field(default_factory=dict)

    @cached_property
    def locked(self) -> tuple[int, ...]:
        """Positions of the rules that are on the card whatever the data say."""
        place = {canonical(rule.when): i for i, rule in reversed([*enumerate(self.criteria)])}
        return tuple(place[canonical(rule.when)] for rule in self.limits.locked)

    @property
    def n_forced(self) -> int:
        """Rules that the card has at least."""
        rules = [self.criteria[i] for i in self.locked]
        open_ = [s for s in self.limits.needed if not any(directions(r, s) for r in rules)]
        return len(rules) + len(open_)

    @cached_property
    def signs(self) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which single rules may be taken, and the sign each must have (0 for any)."""
        found = [self.sign(i) for i in range(len(self.criteria))]
        allowed = np.array([sign is not None for sign in found], dtype=bool)
        return allowed, np.array([sign or 0 for sign in found], dtype=np.int64)

    def criterion(self, term: Term) -> Criterion:
        """Return the rule of a term."""
        if term not in self.known:
            self.known[term] = criterion_of(term, self.criteria)
        return self.known[term]

    def sign(self, term: Term) -> int | None:
        """Return the sign that a term must have, 0 for any, None where it may not be taken."""
        if term not in self.judged:
            rule = self.criterion(term)
            lower, upper = self.limits.ends(rule)
            allowed = self.limits.allows(rule) and (lower < upper or term in self.locked)
            sign = int(lower >= 0) - int(upper <= 0)
            self.judged[term] = sign if allowed else None
        return self.judged[term]

    def fair(self, score: Floats, positions: Indices | None = None) -> NDArray[np.bool_]:
        """Return which single rules may be taken with an effect in the direction of a score."""
        allowed, signs = self.signs
        if positions is not None:
            allowed, signs = allowed[positions], signs[positions]
        return np.asarray(allowed & (signs * score >= 0))

    def admits(self, term: Term, score: float, others: Iterable[Term] = ()) -> bool:
        """Whether a term may be taken with an effect in the direction of a score."""
        sign = self.sign(term)
        if sign is None or sign * score < 0:
            return False
        if not self.limits.one_per_column:
            return True
        return self.limits.beside(self.criterion(term), [self.criterion(t) for t in others])

    def may_leave(self, terms: Sequence[Term], position: int) -> bool:
        """Whether a term may be replaced."""
        return not self.limits.must_stay([self.criterion(term) for term in terms], position)

    def missing(self, terms: Sequence[Term]) -> int | Subject | None:
        """Return what must be taken next: a position, something about a subject, or nothing."""
        for position in self.locked:
            if position not in terms:
                return position
        rules = [self.criterion(term) for term in terms]
        for subject in self.limits.needed:
            if not any(directions(rule, subject) for rule in rules):
                return subject
        return None

    def about(self, subject: Subject, strengths: Floats, terms: Sequence[Term]) -> list[int]:
        """Return the single rules about a subject that may be taken, the strongest first.

        Raises
        ------
        NotEnoughDataError
            If there is none.
        """
        found = [
            int(i)
            for i in np.argsort(-strengths, kind="stable")
            if directions(self.criteria[i], subject) and self.admits(int(i), 0.0, terms)
        ]
        if not found:
            raise NotEnoughDataError(
                f'[constraints] required: there is no rule about "{subject.name}" that could be '
                "on the card: it is left out, too few leads meet one, or constraints forbid it"
            )
        return found

    def is_alive(self, model: Grown) -> bool:
        """Whether every rule of a model that is free to go has an effect."""
        if self.bounds(model.terms) is None:
            return False
        rules = [self.criterion(term) for term in model.terms]
        free = [not self.limits.must_stay(rules, i) for i in range(len(rules))]
        return bool((np.abs(model.weights[free]) > NOTHING).all())

    def bounds(self, terms: Sequence[Term]) -> Bounds | None:
        """Return what hold whatever a point is worth: signs and orders; None where too many."""
        bounds = self.limits.bounds([self.criterion(term) for term in terms]) if terms else None
        if bounds is None:
            return None if terms else Bounds.of(0)
        return replace(
            bounds,
            lower=np.where(bounds.lower >= 0, 0.0, -np.inf),
            upper=np.where(bounds.upper <= 0, 0.0, np.inf),
        )

    def refitted(
        self,
        fit: LogisticFit,
        terms: Sequence[Term],
        design: NDArray[np.bool_],
        counts: tuple[NDArray[Any], NDArray[Any]],
        *,
        l2: float,
    ) -> LogisticFit:
        """Return a fit whose last coefficients, those of the terms, keep to signs and orders.

        Parameters
        ----------
        fit : LogisticFit
            The free maximum.
        terms : sequence of Term
        design : ndarray of bool, shape (patterns, columns)
        counts : (ndarray, ndarray)
            Conversions and leads of each pattern.
        l2 : float
            The ridge penalty of the fit.
        """
        bounds = self.bounds(terms)
        first = design.shape[1] - len(terms)
        if bounds is None or bounds.hold(np.nan_to_num(fit.coefficients[first:])):
            return fit
        free = np.full(first, np.inf)
        held = fit_constrained(
            design,
            *counts,
            lower=np.concatenate([-free, bounds.lower]),
            upper=np.concatenate([free, bounds.upper]),
            rows=np.column_stack([np.zeros((len(bounds.rows), first)), bounds.rows]),
            l2=l2,
        )
        if held is None:
            return fit
        return replace(
            fit,
            intercept=held.intercept,
            coefficients=held.coefficients,
            log_likelihood=held.log_likelihood,
        )
