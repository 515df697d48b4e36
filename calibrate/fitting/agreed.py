"""The rules chosen, with points that keep to the constraints, and what these changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Criterion
from calibrate.fitting.combining import Term
from calibrate.fitting.constraints import Bounds, Limits, canonical
from calibrate.fitting.held import Held, held_points
from calibrate.fitting.leads import Leads
from calibrate.fitting.scaling import Points
from calibrate.fitting.wish import Wish
from calibrate.observation import Sample

__all__ = ["Agreed", "agreed_points"]

MOST_NOTES = 3  # of one kind
CLEAR = 0.5  # of a point

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreed:
    """Rules with points that keep to the constraints; no rules where none may have points.

    Attributes
    ----------
    terms : tuple of Term
    points : Points
    weights : ndarray, shape (terms,)
        Log odds behind the points.
    bounds : Bounds
        Of the points.
    stays : ndarray of bool, shape (terms,)
        Rules that are on the card whatever the data say.
    notes : tuple of str
        Which constraints held what.
    """

    terms: tuple[Term, ...]
    points: Points
    weights: Floats
    bounds: Bounds
    stays: NDArray[np.bool_]
    notes: tuple[str, ...]

    def intervals(self, ends: Floats, weights: Floats) -> Floats:
        """Return intervals of points under the constraints from those of a free fit.

        Parameters
        ----------
        ends : ndarray, shape (2, rules)
            Of the free fit, in points.
        weights : ndarray, shape (rules,)
            Of the free fit, in log odds.

        Notes
        -----
        As wide, around the constrained points, within what the constraints allow.
        """
        points = self.points.points
        moved = (self.weights - np.nan_to_num(weights)) * self.points.per_log_odds
        shifted = np.where(np.isnan(ends), points, ends + moved)
        within = np.clip(shifted, self.bounds.lower, self.bounds.upper)
        return np.array([np.minimum(within[0], points), np.maximum(within[1], points)])


def agreed_points(
    leads: Leads, terms: Sequence[Term], wish: Wish, limits: Limits, shrinkage: float
) -> Agreed:
    """Give the rules chosen points that keep to the constraints.

    A rule to which they leave no effect is left out, unless it must be on the card.

    Raises
    ------
    NotEnoughDataError
        If no points keep to the constraints.
    """
    left_out: list[tuple[Criterion, float]] = []
    scale = wish.kept_scale
    while terms:
        part = leads.combined(terms)
        bounds = limits.bounds(part.criteria) or Bounds.of(len(terms))
        stays = [limits.must_stay(part.criteria, i) for i in range(len(terms))]
        held = Held(
            sample=part,
            bounds=bounds,
            locked=np.array(stays, dtype=bool),
            caps=limits.caps,
            named=limits.named,
        )
        kept = None if scale is None else (scale, shrinkage)
        points, weights = held_points(held, kept, current=_current(part, wish))
        free = np.nan_to_num(held.grouped.fit().coefficients[: len(terms)])
        if points is not None:
            would = free * points.per_log_odds
            notes = (*_left_out(left_out, points), *_notes(held, limits, points, would))
            return Agreed(
                terms=tuple(terms),
                points=points,
                weights=weights,
                bounds=bounds,
                stays=held.locked,
                notes=notes,
            )
        gone = (np.abs(weights) < 1e-6) & ~held.locked
        gone = gone if gone.any() else _weakest(weights, held.locked)
        left_out += [(part.criteria[i], float(free[i])) for i in np.flatnonzero(gone)]
        terms = [term for term, out in zip(terms, gone, strict=True) if not out]
    nothing = Points(0, np.zeros(0, dtype=np.int64), 1.0)
    empty = np.zeros(0)
    return Agreed(
        terms=(),
        points=nothing,
        weights=empty,
        bounds=Bounds.of(0),
        stays=np.zeros(0, dtype=bool),
        notes=("the constraints leave no rule with an effect: no points",),
    )


def _weakest(weights: Floats, locked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    weakest = np.argmin(np.where(locked, np.inf, np.abs(weights)))
    return np.asarray(np.arange(len(weights)) == weakest)


def _current(part: Sample, wish: Wish) -> tuple[int, Floats] | None:
    """Return base and points of the card in force, where points stay with it."""
    if wish.current is None or not wish.sticky or wish.kept_scale is None:
        return None
    points = {canonical(line.criterion.when): line.points for line in wish.current.criteria}
    known = [points.get(canonical(rule.when), np.nan) for rule in part.criteria]
    return wish.current.base, np.array(known, dtype=float)


def _left_out(left_out: Sequence[tuple[Criterion, float]], points: Points) -> Iterator[str]:
    for rule, weight in left_out[:MOST_NOTES]:
        would = weight * points.per_log_odds
        if abs(would) >= CLEAR:
            yield f'"{rule.name}" has no points: without the constraints it would have {would:+.0f}'


def _notes(held: Held, limits: Limits, points: Points, would: Floats) -> Iterator[str]:
    names = [rule.name for rule in held.sample.criteria]
    forms = [canonical(rule.when) for rule in held.sample.criteria]
    met = held.sample.flags.sum(axis=0).tolist()
    for name, form, value, alone, n_met in zip(
        names, forms, points.points, would, met, strict=True
    ):
        if form in limits.fixed:
            data = f"the data alone say {alone:+.0f}" if n_met else "no lead meets it"
            yield f'"{name}" is held at {value} points by agreement ({data})'
    yield from _moved(held, limits, points, would)
    yield from _levelled(held, points, would)
    flags, groups = held.sample.flags, ("fit", "engagement")
    over = held.ranges.over(flags, points.points).mean(axis=0)
    for group, share in zip(groups, over, strict=True):
        if group in limits.caps:
            yield (
                f"at most {limits.caps[group]} points count from {group}: {share:.1%} of the leads "
                "it was fitted on have more"
            )


def _moved(held: Held, limits: Limits, points: Points, would: Floats) -> Iterator[str]:
    """Say which points moved only as far from the card in force as they may."""
    if limits.max_change is None:
        return
    said = 0
    for rule, value, alone in zip(held.sample.criteria, points.points, would, strict=True):
        form = canonical(rule.when)
        before = limits.old.get(form, 0)
        at_the_end = form not in limits.fixed and abs(value - before) == limits.max_change
        if at_the_end and abs(alone - before) > limits.max_change + CLEAR and said < MOST_NOTES:
            said += 1
            yield (
                f'"{rule.name}" moves from {before} to {value} points and no further '
                f"(max_change = {limits.max_change}); the data alone say {alone:+.0f}"
            )


def _levelled(held: Held, points: Points, would: Floats) -> Iterator[str]:
    """Say which points an order holds together."""
    rows = held.bounds.rows
    binding = (rows @ points.points == 0) & (rows @ would < -CLEAR)
    seen: list[frozenset[int]] = []
    for row in rows[binding]:
        involved = frozenset(np.flatnonzero(row).tolist())
        if involved in seen or len(seen) == MOST_NOTES:
            continue
        seen.append(involved)
        told = [
            f'"{held.sample.criteria[i].name}" {points.points[i]:+d} ({would[i]:+.0f} alone)'
            for i in sorted(involved)
        ]
        yield f"an order holds these together: {', '.join(told)}"
