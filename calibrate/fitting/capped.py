"""Scores that leads can have where a group of rules has a cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibrate.fitting.attainable import Pattern, attainable_range
from calibrate.fitting.scaling import span_of
from calibrate.observation import Sample

__all__ = ["Capped", "within_caps"]

GROUPS = ("fit", "engagement")

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Capped:
    """What sums of points leads can have.

    Attributes
    ----------
    patterns : sequence of (positions, patterns)
        From `attainable_patterns`.
    groups : tuple of str
        Group of each rule.
    caps : mapping of group to points
        At most so many points from it.

    Examples
    --------
    >>> one = (np.array([0]), np.array([[False], [True]]))
    >>> two = (np.array([1]), np.array([[False], [True]]))
    >>> both = Capped(patterns=[one, two], groups=("fit", "fit"), caps={"fit": 25})
    >>> both.range(np.array([10, 20]))
    (0.0, 25.0)
    """

    patterns: Sequence[Pattern]
    groups: tuple[str, ...]
    caps: Mapping[str, int]

    @cached_property
    def members(self) -> Flags:
        """Which rules are of which group, shape (2, rules)."""
        return np.array([[group == name for group in self.groups] for name in GROUPS], dtype=bool)

    @cached_property
    def limits(self) -> Floats:
        """Most points of each group."""
        return np.array([self.caps.get(name, np.inf) for name in GROUPS], dtype=float)

    def sums(self, flags: NDArray[Any], points: NDArray[Any]) -> Floats:
        """Return the points of each group, before its cap, shape (leads, 2)."""
        return np.asarray(flags @ (self.members * points).T, dtype=float)

    def score(self, flags: NDArray[Any], points: NDArray[Any]) -> Floats:
        """Return the points of leads that meet these rules, shape (leads,)."""
        return np.asarray(np.minimum(self.sums(flags, points), self.limits).sum(axis=1))

    def over(self, flags: NDArray[Any], points: NDArray[Any]) -> Flags:
        """Return which groups of which leads are above their cap, shape (leads, 2)."""
        return np.asarray(self.sums(flags, points) > self.limits)

    def constant(self, over: Flags) -> Floats:
        """Return the points of the groups that are above their cap, shape (leads,)."""
        return np.asarray(np.where(over, self.limits, 0.0).sum(axis=1))

    def rules_of(self, over: Flags) -> Flags:
        """Return which rules tell nothing more, their group being above its cap."""
        return np.asarray(over @ self.members)

    def spans(self, points: NDArray[Any]) -> NDArray[np.int64]:
        """Return the width of the attainable scores for each row of whole points."""
        if not self.caps:
            return span_of(self.patterns)(points)
        ends = [self.range(row) for row in points]
        return np.array([round(high - low) for low, high in ends], dtype=np.int64)

    def range(self, points: NDArray[Any]) -> tuple[float, float]:
        """Return the lowest and the highest sum of points that a lead can have."""
        if not self.caps:
            return attainable_range(points, self.patterns)
        low, high = np.zeros((1, 2)), np.zeros((1, 2))
        for index, patterns in self.patterns:
            sums = np.unique(patterns @ (self.members[:, index] * points[index]).T, axis=0)
            low, high = -_frontier(-low, -sums), _frontier(high, sums)
        ends = [np.minimum(part, self.limits).sum(axis=1) for part in (low, high)]
        return float(ends[0].min()), float(ends[1].max())


def _frontier(sums: Floats, more: Floats) -> Floats:
    """Add any of some sums to any of others, and keep those that no other exceeds in both."""
    every = (sums[:, None, :] + more[None, :, :]).reshape(-1, 2)
    every = every[np.lexsort((-every[:, 1], -every[:, 0]))]
    highest = np.maximum.accumulate(every[:, 1])
    kept = np.concatenate([[True], every[1:, 1] > highest[:-1]])
    return np.asarray(every[kept])


def within_caps(
    sample: Sample, points: Sequence[int], caps: Mapping[str, int]
) -> dict[str, NDArray[np.int64]]:
    """Return the points of each group that leads have, at most its cap.

    Parameters
    ----------
    sample : Sample
        With the rules that have the points.
    points : sequence of int
    caps : mapping of group to int
    """
    found = {}
    for group in GROUPS:
        total = np.zeros(sample.n, dtype=np.int64)
        for rule, own, met in zip(sample.criteria, points, sample.flags.T, strict=True):
            if rule.group == group:
                total += own * met
        cap = caps.get(group)
        found[group] = np.asarray(total if cap is None else np.minimum(total, cap))
    return found
