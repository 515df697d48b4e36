"""Whole numbers in the place of weights, chosen together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["rounding_loss", "whole_points"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Span = Callable[[Ints], Ints]
Prefer = Callable[[Ints], Floats]

STEPS = (-2, -1, 1, 2)
STARTS = 6  # roundings of different scales that are improved
MOST_MOVES = 400
SHIFTS = np.linspace(0.8, 1.2, 161)  # scales that are tried, around the exact one
HARDLY = 0.002  # of what the weights explain
COMPARED = 400  # that lose hardly more than the best
DIGITS = 9  # of a loss that are compared: the same points on every machine
NEAR = 1e-9


def whole_points(  # noqa: PLR0913 - what whole numbers may be asked for, by its names
    target: ArrayLike,
    information: ArrayLike,
    *,
    start: ArrayLike,
    scaled: bool = False,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    rows: ArrayLike | None = None,
    zero: ArrayLike | None = None,
    span: Span | None = None,
    wanted: int = 100,
    prefer: Prefer | None = None,
) -> Ints | None:
    """Return the whole numbers that lose least of the likelihood, all taken together.

    Parameters
    ----------
    target : array_like, shape (rules,)
        Log-odds weights where the likelihood, seen from where it was fitted, would be highest.
    information : array_like, shape (rules, rules)
        Its curvature.
    start : array_like, shape (rules,)
        Points before rounding.
    scaled : bool
        Whether `target` is on the scale of the points. Otherwise the points may stand for any
        multiple of it: what a score is worth is fitted afterwards.
    lower, upper : array_like, shape (rules,), optional
        Bounds of the points; equal where they are fixed.
    rows : array_like, shape (inequalities, rules), optional
        ``rows @ points >= 0``.
    zero : array_like of bool, shape (rules,), optional
        Which points may be 0; default none.
    span : callable, optional
        From whole points, shape (candidates, rules), to the width of the scores they give.
    wanted : int
        What that width must be.
    prefer : callable, optional
        From whole points, shape (candidates, rules), to what is to be large of those that lose
        hardly more than the best, such as how well they keep an order.

    Returns
    -------
    ndarray of int or None
        None where no whole numbers were found that keep to all of this.

    Notes
    -----
    The loss is `rounding_loss`. Roundings at several scales that keep to everything are
    improved by moving one number, or two at once, by 1 or 2 while the loss falls (an exchange
    heuristic for the integer least-squares problem); where no rounding does, the nearest is
    first moved until it does. Ustun and Rudin (2019), Learning optimized risk scores, JMLR 20
    (150), polish their whole numbers likewise.

    Examples
    --------
    Three equal weights over 100 points: one of them gets the odd point.

    >>> eye = np.eye(3)
    >>> whole_points(np.ones(3), eye, start=100 * np.ones(3) / 3,
    ...              span=lambda p: p.sum(axis=1)).tolist()
    [34, 33, 33]
    """
    begin = np.asarray(start, dtype=float)
    size = len(begin)
    room = _Room(
        target=np.asarray(target, dtype=float),
        information=np.asarray(information, dtype=float),
        scaled=scaled,
        lower=np.full(size, -np.inf) if lower is None else np.asarray(lower, dtype=float),
        upper=np.full(size, np.inf) if upper is None else np.asarray(upper, dtype=float),
        rows=np.zeros((0, size)) if rows is None else np.asarray(rows, dtype=float),
        zero=np.zeros(size, dtype=bool) if zero is None else np.asarray(zero, dtype=bool),
        span=span,
        wanted=wanted,
    )
    found = [room.improved(points) for points in room.starts(begin)]
    if not found:
        return None
    best = min(found, key=lambda p: (room.loss(p[None, :])[0], tuple(p)))
    return best if prefer is None else room.preferred(best, prefer)


def rounding_loss(
    points: ArrayLike, target: ArrayLike, information: ArrayLike, *, scaled: bool = False
) -> Floats:
    """Return what the log likelihood loses, to second order, by points instead of weights.

    Parameters
    ----------
    points : array_like, shape (candidates, rules)
    target, information, scaled
        As for `whole_points`.

    Returns
    -------
    ndarray, shape (candidates,)
        ``(p - t)' I (p - t)``; where the scale is free, the same at the best factor b >= 0 of
        the points, ``t'It - (p'It)^2 / p'Ip``. Half of it is log likelihood.

    Examples
    --------
    ``t = (2, 1)``: the points (3, 1) at their best factor 0.7 lie (0.1, -0.3) away.

    >>> rounding_loss([[3, 1], [4, 2]], [2, 1], np.eye(2)).round(9).tolist()
    [0.1, 0.0]
    """
    p, t = np.asarray(points, dtype=float), np.asarray(target, dtype=float)
    curvature = np.asarray(information, dtype=float)
    if scaled:
        apart = p - t
        return np.asarray(np.einsum("ci,ij,cj->c", apart, curvature, apart))
    size = np.einsum("ci,ij,cj->c", p, curvature, p)
    shared = np.maximum(p @ (curvature @ t), 0.0)
    gain = np.divide(shared**2, size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(t @ curvature @ t - gain)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Room:
    """The whole numbers that are allowed, and what each costs."""

    target: Floats
    information: Floats
    scaled: bool
    lower: Floats
    upper: Floats
    rows: Floats
    zero: NDArray[np.bool_]
    span: Span | None
    wanted: int

    @cached_property
    def moves(self) -> Ints:
        """One number, or two, moved by 1 or 2; those that are fixed stay."""
        size = len(self.target)
        free = np.flatnonzero(self.lower < self.upper)
        found = []
        for i in free:
            for step in STEPS:
                move = np.zeros(size, dtype=np.int64)
                move[i] = step
                found.append(move)
        pairs = [one + other for one, other in combinations(found, 2) if not (one * other).any()]
        return np.array([*found, *pairs], dtype=np.int64).reshape(-1, size)

    def loss(self, points: Ints) -> Floats:
        """Return the loss of each row of points, to so many digits."""
        loss = rounding_loss(points, self.target, self.information, scaled=self.scaled)
        return np.asarray(np.round(loss, DIGITS))

    def fits(self, points: Ints) -> NDArray[np.bool_]:
        """Return which rows of points keep to everything but the span."""
        inside = (points >= self.lower) & (points <= self.upper) & (self.zero | (points != 0))
        return np.asarray(inside.all(axis=1) & (points @ self.rows.T >= -NEAR).all(axis=1))

    def spans(self, points: Ints) -> NDArray[np.bool_]:
        """Return which rows of points have the span wanted."""
        if self.span is None:
            return np.ones(len(points), dtype=bool)
        return np.asarray(self.span(points) == self.wanted)

    def rounded(self, points: Floats) -> Ints:
        """Return the nearest whole numbers within the bounds that may be 0 only where allowed."""
        whole = np.clip(np.rint(points), np.ceil(self.lower), np.floor(self.upper))
        away = np.where((points < 0) | (self.upper <= 0), -1.0, 1.0)
        return np.where((whole == 0) & ~self.zero, away, whole).astype(np.int64)

    def starts(self, points: Floats) -> list[Ints]:
        """Return the best roundings at several scales, or the nearest moved until it fits."""
        factors = np.ones(1) if self.span is None else SHIFTS
        tried = np.unique(self.rounded(np.outer(factors, points)), axis=0)
        good = tried[self.fits(tried)]
        good = good[self.spans(good)]
        if len(good):
            return list(good[np.argsort(self.loss(good), kind="stable")[:STARTS]])
        order = np.argsort(self.loss(tried), kind="stable")[:STARTS]
        repaired = (self.repaired(tried[i]) for i in order)
        return [found for found in repaired if found is not None]

    def improved(self, points: Ints) -> Ints:
        """Move numbers while the loss falls."""
        now = self.loss(points[None, :])[0]
        for _ in range(MOST_MOVES):
            moved = points + self.moves
            losses = self.loss(moved)
            better = np.flatnonzero(losses < now)
            better = better[self.fits(moved[better])]
            better = better[np.argsort(losses[better], kind="stable")]
            best = self._first_spanning(moved, better)
            if best is None:
                break
            points, now = moved[best], losses[best]
        return points

    def preferred(self, best: Ints, prefer: Prefer) -> Ints:
        """Return, of what loses hardly more than the best, what is preferred.

        Points that tie two large groups of leads may lose next to nothing of the likelihood, and
        still some of the order.
        """
        near = np.vstack([best, best + self.moves])
        losses = self.loss(near)
        explained = float(self.target @ self.information @ self.target)
        near = near[losses <= losses[0] + HARDLY * explained]
        near = near[self.fits(near)]
        near = near[np.argsort(self.loss(near), kind="stable")][: 4 * COMPARED]
        near = near[self.spans(near)][:COMPARED]
        value = np.round(prefer(near), DIGITS - 3)
        return np.asarray(near[np.argmax(value)])

    def _first_spanning(self, moved: Ints, order: NDArray[np.intp]) -> int | None:
        for part in np.array_split(order, max(1, len(order) // 32)):
            good = part[self.spans(moved[part])]
            if len(good):
                return int(good[0])
        return None

    def repaired(self, points: Ints) -> Ints | None:
        """Move numbers, at the least loss, until everything is kept to.

        Where no move comes nearer, the one that goes least astray, never back (tabu search:
        Glover 1989, ORSA Journal on Computing 1, 190-206).
        """
        gap, seen = self._gap(points[None, :])[0], {tuple(points)}
        for _ in range(MOST_MOVES):
            if gap == 0:
                return points
            moved = points + self.moves
            inside = (moved >= self.lower) & (moved <= self.upper) & (self.zero | (moved != 0))
            moved = moved[inside.all(axis=1)]
            gaps = self._gap(moved)
            best = self._step(points, gap, moved, gaps, seen)
            if best is None:
                return None
            points, gap = moved[best], gaps[best]
            seen.add(tuple(points))
        return None

    def _step(
        self, points: Ints, gap: float, moved: Ints, gaps: Floats, seen: set[tuple[int, ...]]
    ) -> int | None:
        nearer = np.flatnonzero(gaps < gap)
        if len(nearer):
            # what more is lost for each point that the gap becomes narrower
            more = self.loss(moved[nearer]) - self.loss(points[None, :])
            return int(nearer[np.argmin(more / (gap - gaps[nearer]))])
        for other in np.lexsort((self.loss(moved), gaps)):
            if tuple(moved[other]) not in seen:
                return int(other)
        return None

    def _gap(self, points: Ints) -> Floats:
        """Return how far each row of points is from keeping to everything."""
        gap = np.maximum(0.0, -(points @ self.rows.T)).sum(axis=1)
        outside = (points < self.lower) | (points > self.upper) | (~self.zero & (points == 0))
        gap = gap + outside.sum(axis=1)
        if self.span is not None:
            gap = gap + np.abs(self.span(points) - self.wanted)
        return np.asarray(gap, dtype=float)
