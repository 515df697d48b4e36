"""Points of the rules chosen, where constraints hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from calibrate.errors import NotEnoughDataError
from calibrate.fitting.attainable import Pattern, attainable_patterns
from calibrate.fitting.capped import Capped
from calibrate.fitting.constraints import Bounds
from calibrate.fitting.scaling import Points, per_log_odds, sticky
from calibrate.observation import Grouped, Sample
from calibrate.stats.constrained import ConstrainedFit, fit_constrained
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.patterns import unique_patterns
from calibrate.stats.rounding import whole_points

if TYPE_CHECKING:
    from calibrate.scorecard import Scale

__all__ = ["Held", "held_points"]

RIDGE = 1e-4  # so that a rule that no lead meets has a weight, of 0
NONE = 1e-6  # points, or log odds, that are none
ROUNDS = 5  # looks at which leads reach a cap
TRIED, N_TRIED = (-9.0, 1.0), 31  # logarithm of the log odds that a point may be worth
NO_RANGE = (
    "no whole-number points keep to all of them and reach exactly 0 and 100; loosen one, or use "
    'scale = "keep" with a card in force'
)
LITTLE = 0.5  # points that are as near to none as to one

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Held:
    """The joint model of the rules of a card under constraints.

    Attributes
    ----------
    sample : Sample
        With the rules of the card.
    bounds : Bounds
        In points.
    locked : ndarray of bool, shape (rules,)
        Rules that stay on the card though worth nothing.
    caps : mapping of group to points
    named : tuple of str
        The constraints that are asked for.
    """

    sample: Sample
    bounds: Bounds
    locked: NDArray[np.bool_]
    caps: Mapping[str, int]
    named: tuple[str, ...]

    @cached_property
    def grouped(self) -> Grouped:
        """The leads by the rules they meet."""
        return self.sample.grouped()

    @cached_property
    def counts(self) -> tuple[Floats, Floats]:
        """Conversions and leads, with those that stand for Firth's penalty.

        Firth's estimate is the maximum of the likelihood after ``h`` leads, half of them
        converted, are added to each pattern, h its leverage there; so added, the likelihood is
        concave, and its maximum under constraints is Firth's where none holds it.
        """
        fit = self.grouped.fit()
        Z = np.column_stack([np.ones(len(self.grouped.n)), self.grouped.design])
        beta = np.nan_to_num(np.concatenate([[fit.intercept], fit.coefficients]))
        rates = expit(Z @ beta)
        weight = self.grouped.n * rates * (1 - rates)
        information = Z.T @ (Z * weight[:, None])
        inverse = np.linalg.pinv(information, hermitian=True)
        leverage = weight * np.einsum("ij,jk,ik->i", Z, inverse, Z)
        return self.grouped.n_converted + leverage / 2, self.grouped.n + leverage

    @cached_property
    def ranges(self) -> Capped:
        """What sums of points leads can have."""
        seen = unique_patterns(self.sample.flags)[0]
        groups: Sequence[Pattern] = attainable_patterns(self.sample.criteria, seen)
        names = tuple(rule.group for rule in self.sample.criteria)
        return Capped(patterns=groups, groups=names, caps=self.caps)

    @property
    def size(self) -> int:
        """Rules."""
        return len(self.sample.criteria)

    @property
    def n_strata(self) -> int:
        """Landmarks but the first."""
        return int(self.grouped.design.shape[1]) - self.size

    def fitted(self, worth: float, points: Floats | None = None) -> ConstrainedFit:
        """Maximise the likelihood where a point is worth so much log odds.

        Parameters
        ----------
        worth : float
        points : ndarray, optional
            Points that tell which leads are above a cap. Where some are, the last coefficient is
            that of the points of such groups.

        Raises
        ------
        NotEnoughDataError
            If no points keep to the constraints.
        """
        design, capped = self._design(points)
        more = design.shape[1] - self.size
        lower = np.concatenate([self.bounds.lower * worth, np.full(more, -np.inf)])
        upper = np.concatenate([self.bounds.upper * worth, np.full(more, np.inf)])
        if capped:
            lower[-1] = upper[-1] = worth
        rows = np.column_stack([self.bounds.rows, np.zeros((len(self.bounds.rows), more))])
        found = fit_constrained(design, *self.counts, lower=lower, upper=upper, rows=rows, l2=RIDGE)
        if found is None:
            raise self.impossible("no points keep to all of them")
        return found

    def _design(self, points: Floats | None) -> tuple[Floats, bool]:
        """Return the design, in which rules of a group above its cap tell nothing more."""
        design = self.grouped.design.astype(float)
        over = self.over(points)
        if not over.any():
            return design, False
        design[:, : self.size][self.ranges.rules_of(over)] = 0.0
        return np.column_stack([design, self.ranges.constant(over)]), True

    def over(self, points: Floats | None) -> NDArray[np.bool_]:
        """Return which groups of which patterns are above their cap."""
        flags = self.grouped.design[:, : self.size]
        if points is None or not self.caps:
            return np.zeros((len(flags), 2), dtype=bool)
        return self.ranges.over(flags, points)

    def impossible(self, what: str) -> NotEnoughDataError:
        """Return the error that says which constraints leave nothing."""
        return NotEnoughDataError(f"[constraints] {', '.join(self.named)}: {what}")


class _Continuous(NamedTuple):
    """Points before rounding; ``worth`` is that of one in log odds."""

    fit: ConstrainedFit
    points: Floats
    worth: float


def held_points(
    held: Held, kept: tuple[Scale, float] | None, *, current: tuple[int, Floats] | None = None
) -> tuple[Points | None, Floats]:
    """Return the whole-number points under constraints, and the log-odds weights behind them.

    Parameters
    ----------
    held : Held
    kept : (Scale, float) or None
        A scale to keep, and the share of the effects to promise; None for 0 to 100.
    current : (int, ndarray), optional
        Base and points to stay with where they hardly move, as for `scale_with`.

    Returns
    -------
    Points or None
        None where constraints leave a rule without any effect that is free to go: without it,
        the others are fitted anew.
    weights : ndarray, shape (rules,)

    Raises
    ------
    NotEnoughDataError
        If no points keep to the constraints, or none of those reach exactly 0 and 100.

    Notes
    -----
    The constrained maximum of the likelihood (with Firth's penalty, `Held.counts`), in points:
    where constraints are in points, what a point is worth is found so that the attainable scores
    span 100. Then whole numbers, by the curvature there and the slope that constraints leave.
    """
    worth = None if kept is None else 1 / (kept[0].points_per_log_odds * kept[1])
    found = _continuous(held, worth, None)
    for _ in range(ROUNDS if held.caps else 0):
        before = held.over(found.points)
        found = _continuous(held, worth, found.points)
        if np.array_equal(before, held.over(found.points)):
            break
    weights = found.fit.coefficients[: held.size]
    if ((np.abs(found.points) < NONE) & ~held.locked).any():
        return None, weights
    points = _to_100(held, found) if kept is None else _kept(held, found, kept[0], current)
    return points, weights


def _continuous(held: Held, worth: float | None, points: Floats | None) -> _Continuous:
    """Return the points before rounding; `points` tell which leads are above a cap."""
    if worth is None and held.bounds.is_free_of_scale and not held.caps:
        fit = held.fitted(1.0)
        low, high = held.ranges.range(fit.coefficients[: held.size])
        worth = max((high - low) / 100, NONE)
    else:
        worth = _point_of_100(held, points) if worth is None else worth
        fit = held.fitted(worth, points)
    return _Continuous(fit, fit.coefficients[: held.size] / worth, worth)


def _point_of_100(held: Held, points: Floats | None) -> float:
    """Return the worth of a point at which the scores that leads can have span 100.

    Where none does exactly, the one that comes nearest.
    """

    def excess(log_worth: float) -> float:
        worth = float(np.exp(log_worth))
        fit = held.fitted(worth, points)
        low, high = held.ranges.range(fit.coefficients[: held.size] / worth)
        return high - low - 100

    grid = np.linspace(*TRIED, N_TRIED)
    found = np.array([excess(x) for x in grid])
    crossed = np.flatnonzero((found[:-1] > 0) & (found[1:] <= 0))
    if not len(crossed):
        nearest = int(np.argmin(np.abs(found)))
        if held.bounds.is_free_of_scale and abs(found[nearest]) > 1:
            raise held.impossible(NO_RANGE)
        return float(np.exp(grid[nearest]))
    at = int(crossed[0])
    return float(np.exp(brentq(excess, grid[at], grid[at + 1], xtol=1e-6)))


def _curvature(held: Held, found: _Continuous) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return where the likelihood would be highest, its curvature, and of which coefficients.

    Intercept, rules, and the points of capped groups; landmarks are taken at their best.
    """
    fit = found.fit
    beta = np.concatenate([[fit.intercept], fit.coefficients])
    inverse = np.linalg.inv(fit.information)
    target = beta + inverse @ fit.score
    kept = np.arange(1 + held.size)
    if len(beta) > 1 + held.size + held.n_strata:
        kept = np.append(kept, len(beta) - 1)
    return target[kept], np.linalg.inv(inverse[np.ix_(kept, kept)]), kept


def _to_100(held: Held, found: _Continuous) -> Points:
    target, information, kept = _curvature(held, found)
    # the intercept is fitted again when scores get their rates
    information = np.linalg.inv(np.linalg.inv(information)[1:, 1:])
    more = np.ones(len(kept) - 1 - held.size)
    start = np.concatenate([found.points, more])
    # where constraints are in points, what a point is worth is part of them
    in_points = bool(held.caps) or not held.bounds.is_free_of_scale
    lower, upper = _same_side(start)
    whole = whole_points(
        target[1:] / found.worth if in_points else target[1:],
        information,
        start=start,
        scaled=in_points,
        lower=np.maximum(lower, np.concatenate([held.bounds.lower, more])),
        upper=np.minimum(upper, np.concatenate([held.bounds.upper, more])),
        rows=_widened(held.bounds.rows, len(start)),
        zero=_may_be_none(held, start),
        span=lambda points: held.ranges.spans(points[:, : held.size]),
    )
    if whole is None:
        raise held.impossible(NO_RANGE)
    points = whole[: held.size]
    base = -round(held.ranges.range(points)[0])
    weights = np.concatenate([found.fit.coefficients[: held.size], found.worth * more])
    return Points(base, points, per_log_odds(whole, weights, information))


def _same_side(points: Floats) -> tuple[Floats, Floats]:
    """Return bounds that keep the signs of points which are clearly not 0."""
    clear = np.abs(points) >= LITTLE
    lower = np.where(clear & (points > 0), 1.0, -np.inf)
    return lower, np.where(clear & (points < 0), -1.0, np.inf)


def _may_be_none(held: Held, start: Floats) -> NDArray[np.bool_]:
    locked = np.concatenate([held.locked, np.ones(len(start) - held.size, dtype=bool)])
    return np.asarray((np.abs(start) < LITTLE) & ~locked)


def _widened(rows: Floats, size: int, before: int = 0) -> Floats:
    """Return inequalities with further columns, of numbers that are in none of them."""
    wide = np.zeros((len(rows), size))
    wide[:, before : before + rows.shape[1]] = rows
    return wide


def _kept(
    held: Held, found: _Continuous, scale: Scale, current: tuple[int, Floats] | None
) -> Points:
    target, information, kept = _curvature(held, found)
    coefficients = np.concatenate([[found.fit.intercept], found.fit.coefficients])
    more = np.ones(len(kept) - 1 - held.size)
    start = np.concatenate([[_base(held, found, scale)], found.points, more])
    free = np.array([np.inf])
    lower = np.concatenate([-free, held.bounds.lower, more])
    upper = np.concatenate([free, held.bounds.upper, more])
    zero = np.concatenate([[True], _may_be_none(held, start[1:])])
    before = np.concatenate([sticky(start[: 1 + held.size], current)[0], more])
    stays = np.isfinite(before) & (lower <= before) & (before <= upper)
    for held_still in (stays, np.zeros_like(stays)):  # what hardly moved stays, where it may
        at = np.where(held_still, before, start)
        whole = whole_points(
            start + (target - coefficients[kept]) / found.worth,
            information,
            start=at,
            scaled=True,
            lower=np.where(held_still, at, lower),
            upper=np.where(held_still, at, upper),
            rows=_widened(held.bounds.rows, len(start), 1),
            zero=zero | (held_still & (at == 0)),
        )
        if whole is not None:
            return Points(int(whole[0]), whole[1 : 1 + held.size], 1 / found.worth)
    raise held.impossible("no whole-number points keep to all of them")


def _base(held: Held, found: _Continuous, scale: Scale) -> float:
    """Return the score of a lead that meets no rule, on a scale, before rounding."""
    flags = held.grouped.design[:, : held.size]
    promised = held.ranges.score(flags, found.points) / scale.points_per_log_odds
    level = fit_logistic(
        flags[:, :0], held.grouped.n_converted, held.grouped.n, firth=False, offset=promised
    )
    return scale.points_per_log_odds * (level.intercept - scale.log_odds_at_0)
