"""Constraints as bounds and inequalities of the rules of a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Criterion
from calibrate.fitting.constraints.ordering import in_order, is_plain, monotone, subject_of
from calibrate.fitting.constraints.reading import (
    Subject,
    Target,
    canonical,
    directions,
    mentions,
    subjects_of,
)

__all__ = ["Bounds", "Limits"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Bounds:
    """What the points of the rules of a card must keep to.

    Attributes
    ----------
    lower, upper : ndarray, shape (rules,)
        Equal where points are fixed.
    rows : ndarray, shape (inequalities, rules)
        ``rows @ points >= 0``.
    """

    lower: Floats
    upper: Floats
    rows: Floats

    @property
    def is_free_of_scale(self) -> bool:
        """Whether any multiple of allowed points is allowed too."""
        ends = np.concatenate([self.lower, self.upper])
        return bool(np.isin(ends, (-np.inf, 0.0, np.inf)).all())

    @classmethod
    def of(cls, size: int) -> Bounds:
        """Return no bounds for so many rules."""
        free = np.full(size, np.inf)
        return cls(lower=-free, upper=free, rows=np.zeros((0, size)))

    def hold(self, points: Floats) -> bool:
        """Whether points keep to all of it, but for rounding errors of arithmetic."""
        inside = (points >= self.lower - 1e-9) & (points <= self.upper + 1e-9)
        return bool(inside.all() and (self.rows @ points >= -1e-9).all())


@dataclass(frozen=True, eq=False, kw_only=True)
class Limits:
    """Constraints whose names are resolved.

    Attributes
    ----------
    signs : tuple of (Target, int)
    chains : tuple of (Target, Target)
        Neighbours of orders, the weaker first.
    rising : tuple of (Subject, int)
        1 where more is never worth less, -1 where never more.
    fixed : mapping of canonical rule to points
    locked : tuple of Criterion
        Rules that are on the card, whatever the data say.
    needed : tuple of Subject
        Columns and activities about which some rule is on the card.
    forbidden : tuple of Target
    caps : mapping of group to points
    max_change : int or None
    old : mapping of canonical rule to its points on the card in force
    one_per_column : bool
    """

    signs: tuple[tuple[Target, int], ...] = ()
    chains: tuple[tuple[Target, Target], ...] = ()
    rising: tuple[tuple[Subject, int], ...] = ()
    fixed: Mapping[str, int] = field(default_factory=dict)
    locked: tuple[Criterion, ...] = ()
    needed: tuple[Subject, ...] = ()
    forbidden: tuple[Target, ...] = ()
    caps: Mapping[str, int] = field(default_factory=dict)
    max_change: int | None = None
    old: Mapping[str, int] = field(default_factory=dict)
    one_per_column: bool = False

    @cached_property
    def alone(self) -> frozenset[Subject]:
        """Columns and activities in an order, which are not joined with others."""
        named = [target for chain in self.chains for target in chain]
        found = [subject_of(target) for target in named]
        return frozenset(s for s in (*found, *(s for s, _ in self.rising)) if s is not None)

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The constraints that are asked for."""
        asked = {
            "sign": self.signs,
            "order": self.chains,
            "increasing or decreasing": self.rising,
            "fixed": self.fixed,
            "caps": self.caps,
            "required": self.needed or set(self.locked_rules) - set(self.fixed) - set(self.old),
            "forbidden": self.forbidden,
            "max_change": self.max_change is not None,
            "one_per_column": self.one_per_column,
        }
        return tuple(name for name, value in asked.items() if value)

    @cached_property
    def locked_rules(self) -> frozenset[str]:
        """The locked rules by their `canonical` form."""
        return frozenset(canonical(rule.when) for rule in self.locked)

    def sign_of(self, criterion: Criterion) -> int | None:
        """Return the sign that points of a rule must have, 0 for any, None for no points."""
        wanted = {
            sign * direction
            for target, sign in self.signs
            for direction in directions(criterion, target)
            if direction
        }
        if len(wanted) > 1:
            return None
        return wanted.pop() if wanted else 0

    def allows(self, criterion: Criterion) -> bool:
        """Whether a rule may be on the card at all."""
        if canonical(criterion.when) in self.locked_rules:
            return True
        if self.sign_of(criterion) is None or self.forbids(criterion):
            return False
        if any(directions(criterion, rule) for rule in self.fixed):  # would undo what is agreed
            return False
        return is_plain(criterion) or not self.in_the_way(criterion)

    def forbids(self, criterion: Criterion) -> bool:
        """Whether a rule, or a part of it, is forbidden."""
        return any(directions(criterion, target) for target in self.forbidden)

    def in_the_way(self, criterion: Criterion) -> bool:
        """Whether a rule is about something that stands in an order."""
        about = subjects_of(criterion)
        any_other = Subject("activity", None) in about
        return any(s in about or (any_other and s.kind == "activity") for s in self.alone)

    def must_stay(self, criteria: Sequence[Criterion], position: int) -> bool:
        """Whether a rule of a card may not leave it."""
        own = criteria[position]
        if canonical(own.when) in self.locked_rules:
            return True
        rest = [rule for i, rule in enumerate(criteria) if i != position]
        return any(
            directions(own, subject) and not any(directions(rule, subject) for rule in rest)
            for subject in self.needed
        )

    def beside(self, criterion: Criterion, others: Sequence[Criterion]) -> bool:
        """Whether a rule may stand beside others."""
        if not self.one_per_column:
            return True
        taken = {part.subject for other in others for part in mentions(other.when)}
        return not (subjects_of(criterion) & taken - {Subject("activity", None)})

    def rows(self, criteria: Sequence[Criterion]) -> Floats | None:
        """Return the inequalities between the points of rules; None where they are too many."""
        found = [in_order(criteria, *chain) for chain in self.chains]
        for subject, direction in self.rising:
            rows = monotone(criteria, subject)
            found.append(None if rows is None else direction * rows)
        known = [rows for rows in found if rows is not None]
        if len(known) < len(found):
            return None
        return np.unique(np.vstack([np.zeros((0, len(criteria))), *known]), axis=0)

    def bounds(self, criteria: Sequence[Criterion]) -> Bounds | None:
        """Return what the points of rules must keep to; None where that is too much to say."""
        rows = self.rows(criteria)
        if rows is None:
            return None
        ends = [self.ends(criterion) for criterion in criteria]
        lower, upper = (np.array(side, dtype=float) for side in zip(*ends, strict=True))
        return Bounds(lower=lower, upper=upper, rows=rows)

    def ends(self, criterion: Criterion) -> tuple[float, float]:
        """Return the least and the most points of a rule."""
        rule = canonical(criterion.when)
        if rule in self.fixed:
            return float(self.fixed[rule]), float(self.fixed[rule])
        sign = self.sign_of(criterion)
        lower = 0.0 if sign == 1 else -np.inf
        upper = 0.0 if sign == -1 else np.inf
        if self.max_change is not None:
            before = self.old.get(rule, 0)
            lower = max(lower, before - self.max_change)
            upper = min(upper, before + self.max_change)
        return lower, upper
