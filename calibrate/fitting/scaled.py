"""Points on the scale that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibrate.fitting.attainable import attainable_patterns
from calibrate.fitting.combining import Term
from calibrate.fitting.constraints.reading import canonical
from calibrate.fitting.scaling import Points, ranking_of, scale_to_100, scale_with
from calibrate.fitting.wish import Weighted, Wish
from calibrate.observation import Sample
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.patterns import unique_patterns

if TYPE_CHECKING:
    from calibrate.scorecard import Scale, Scorecard

__all__ = ["outward", "scaled_points", "without_zeros"]


def scaled_points(
    sample: Sample,
    wish: Wish,
    weights: NDArray[np.float64],
    information: NDArray[np.float64],
    shrinkage: float,
) -> Points:
    """Turn the weights of a sample's rules into whole-number points on the scale wished for."""
    scale = wish.kept_scale
    if scale is not None and wish.current is not None:
        held = wish.current if wish.sticky else None
        return _on_scale(scale, sample, weights, shrinkage, held=held)
    seen, _ = unique_patterns(sample.flags)
    groups = attainable_patterns(sample.criteria, seen)
    ranking = ranking_of(sample.grouped(), weights)
    return scale_to_100(weights, information, groups, ranking=ranking)


def _on_scale(
    scale: Scale,
    sample: Sample,
    weights: NDArray[np.float64],
    shrinkage: float,
    *,
    held: Scorecard | None,
) -> Points:
    """Give each criterion the points that promise on the scale what the weights promise."""
    grouped = sample.grouped()
    size = 1 + len(weights)
    covariance = grouped.fit().covariance[:size, :size]
    patterns, n_converted, n = grouped.design, grouped.n_converted, grouped.n
    sums = patterns[:, : len(weights)] @ weights
    kept = shrinkage * float(fit_logistic(sums[:, None], n_converted, n).coefficients[0])
    level = fit_logistic(patterns[:, :0], n_converted, n, firth=False, offset=kept * sums)
    current = None
    if held is not None:
        points = {line.criterion.name: line.points for line in held.criteria}
        points |= {canonical(line.criterion.when): line.points for line in held.criteria}
        known = [
            points.get(canonical(rule.when), points.get(rule.name, np.nan))
            for rule in sample.criteria
        ]
        current = held.base, np.array(known, dtype=float)
    scaled = scale_with(
        kept * weights,
        level.intercept,
        np.linalg.pinv(np.nan_to_num(covariance), hermitian=True),
        (scale.points_per_log_odds, scale.log_odds_at_0),
        current=current,
    )
    return scaled._replace(per_log_odds=kept * scale.points_per_log_odds)


def outward(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> tuple[tuple[int, int], ...]:
    """Return the whole numbers around intervals."""
    return tuple((int(np.floor(a)), int(np.ceil(b))) for a, b in zip(lower, upper, strict=True))


def without_zeros(
    terms: Sequence[Term], scaled: Points, intervals: tuple[tuple[int, int], ...] | None
) -> Weighted:
    """Return the rules whose points are not 0."""
    kept = np.flatnonzero(scaled.points)
    return Weighted(
        terms=tuple(terms[int(i)] for i in kept),
        base=scaled.base,
        points=tuple(int(scaled.points[i]) for i in kept),
        intervals=None if intervals is None else tuple(intervals[i] for i in kept),
    )
