"""Leads with a criterion beside those without it: weighted sums, rates and their variances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibrate.stats.significance import mid_p_fisher
from calibrate.stats.weighting import cluster_sums, effective_size, jackknife

if TYPE_CHECKING:
    from calibrate.observation import Sample
    from calibrate.observation.alike import Rows

__all__ = ["Sides", "p_values", "sides_of", "told_units"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sides:
    """Leads with and without each criterion, arrays of shape (criteria,).

    Attributes
    ----------
    n, n_converted, n_without, n_converted_without
        As counted.
    lead_share : ndarray
        Weighted share with the criterion (of the conversions to be expected, where leads are
        seen at several landmarks).
    control_rate : ndarray
        Rate of all leads; with several landmarks, in the mix of those with the criterion.
    rate, rate_without : ndarray
        Weighted rates, the second in the same mix.
    n_effective, n_effective_without : ndarray
        Leads that would give as exact a rate.
    n_told, n_told_without : ndarray
        Independent ones whose outcome is told: leads that weigh something, or their clusters.
    n_known : ndarray
        Leads that weigh something, on the side that has fewer.
    for_ratio, for_difference : ndarray
        Factors on both effective sizes in the variance of the ratio and of the difference of
        the two rates: above 1 where clusters hold leads of both sides.
    """

    n: Floats
    n_converted: Floats
    n_without: Floats
    n_converted_without: Floats
    lead_share: Floats
    control_rate: Floats
    rate: Floats
    rate_without: Floats
    n_effective: Floats
    n_effective_without: Floats
    n_told: Floats
    n_told_without: Floats
    n_known: Floats
    for_ratio: Floats
    for_difference: Floats

    def effective_counts(self, factor: Floats | float = 1.0) -> tuple[Floats, ...]:
        """Return conversions and leads with, and without, that would tell as much."""
        n, n_without = self.n_effective * factor, self.n_effective_without * factor
        known = np.nan_to_num(self.rate) * n, np.nan_to_num(self.rate_without) * n_without
        return known[0], n, known[1], n_without


@dataclass(frozen=True, eq=False, kw_only=True)
class _Sums:
    """Sums over one side, arrays of shape (criteria,)."""

    n: Floats
    n_converted: Floats
    weight: Floats
    won: Floats
    expected: Floats
    squared_weight: Floats
    squared_residual: Floats  # of weight * (converted - ratio * expected), by cluster


def sides_of(sample: Sample) -> Sides:
    """Measure each criterion of a sample with against without.

    Notes
    -----
    With weights w, outcomes y and ``e`` the rate of a row's landmark, the side's ratio to
    control is ``a = sum w y / sum w e`` (its lift), and its variance ``sum_c (sum w (y - a
    e))^2 / (sum w e)^2`` over clusters c, each sum enlarged as by `stats.weighting.jackknife`
    where several leads are a cluster. At a single landmark ``e`` is the control rate and
    the rate's variance is ``sum w^2 (y - r)^2 / (sum w)^2``.
    """
    with_, without = _sums(sample), _sums(sample, without=True)
    rate = _ratio(with_.won, with_.weight)
    # Met by all that weigh anything: control itself, so that the lift is exactly 1.
    rate = np.where((without.weight > 0) | (with_.weight == 0), rate, sample.rate)
    if sample.stratum is None:
        control = np.full(len(rate), sample.rate)
        lead_share = with_.weight / (with_.weight + without.weight)
        rate_without = _ratio(without.won, without.weight)
    else:
        control = _ratio(with_.expected, with_.weight)
        lead_share = with_.expected / (with_.expected + without.expected)
        rate_without = control * _ratio(without.won, without.expected)
    variance = _ratio(with_.squared_residual, with_.weight**2)
    variance_without = control**2 * _ratio(without.squared_residual, without.expected**2)
    for_ratio, for_difference = _overlap(
        sample, (with_, without), (rate, rate_without), (variance, variance_without)
    )
    sizes = with_.n, without.n
    if not sample.is_plain:
        heaviest = float(sample.weight.max())
        sizes = (
            effective_size(rate, variance, _one_sided(with_, heaviest)),
            effective_size(rate_without, variance_without, _one_sided(without, heaviest)),
        )
    return Sides(
        n=with_.n,
        n_converted=with_.n_converted,
        n_without=without.n,
        n_converted_without=without.n_converted,
        lead_share=lead_share,
        control_rate=control,
        rate=rate,
        rate_without=rate_without,
        n_effective=sizes[0],
        n_effective_without=sizes[1],
        n_told=told_units(sample),
        n_told_without=told_units(sample, without=True),
        n_known=_known(sample),
        for_ratio=for_ratio,
        for_difference=for_difference,
    )


def _one_sided(sums: _Sums, heaviest: float) -> Floats:
    """Return what a side's leads are worth where all of them had the same outcome."""
    kish = _ratio(sums.weight**2, sums.squared_weight)
    return np.minimum(kish, sums.weight / heaviest)


def told_units(sample: Sample, *, without: bool = False) -> Floats:
    """Count the leads, or clusters of them, that weigh something, shape (criteria,).

    Of those who meet each criterion, or do not.
    """
    known = sample.weight > 0
    if sample.cluster is None:
        return sample.met.added(lambda rows: known[rows].astype(float), without=without)
    flags = (~sample.flags if without else sample.flags).T
    told = (sample.cluster[column & known] for column in flags)
    return np.array([float(len(np.unique(clusters))) for clusters in told])


def _known(sample: Sample) -> Floats:
    known = sample.weight > 0
    n = sample.met.added(lambda rows: known[rows].astype(float))
    return np.asarray(np.minimum(n, known.sum() - n), dtype=float)


def p_values(sides: Sides) -> Floats:
    """Test each criterion, with against without, two-sided.

    Notes
    -----
    Mid-p of Fisher's test, of the effective counts where leads are weighted or clustered: a
    score test whose variance is estimated from the few conversions of a rare criterion would
    find too much.
    """
    return np.asarray(mid_p_fisher(*sides.effective_counts(sides.for_difference)))


def _sums(sample: Sample, *, without: bool = False) -> _Sums:
    added = sample.met.added(partial(_columns, sample), without=without)
    n, n_converted, weight, won, expected, squares, yy, ye, ee = added
    ratio = _ratio(won, expected)
    if sample.cluster is None:
        residual = yy - 2 * ratio * ye + ratio**2 * ee
    else:
        flags = ~sample.flags if without else sample.flags
        squares, residual = _clustered(sample, flags, ratio)
    return _Sums(
        n=n,
        n_converted=n_converted,
        weight=weight,
        won=won,
        expected=expected,
        squared_weight=squares,
        squared_residual=np.maximum(residual, 0.0),
    )


def _columns(sample: Sample, rows: Rows) -> Floats:
    """Return what is added up over a side: counts, weights, and the squares of a residual."""
    w, y, e = sample.weight[rows], sample.converted[rows], sample.expected[rows]
    sums = [np.ones_like(w), y, w, w * y, w * e]
    return np.column_stack([*sums, w * w, w * w * y, w * w * y * e, w * w * e * e])


def _clustered(sample: Sample, flags: NDArray[np.bool_], ratio: Floats) -> tuple[Floats, Floats]:
    squares, residual = np.zeros(flags.shape[1]), np.zeros(flags.shape[1])
    for j, met in enumerate(flags.T):
        weight = cluster_sums(sample.weight * met, sample.cluster)
        part = _residual(sample, met, ratio[j])
        gap = sample.converted - np.nan_to_num(ratio[j]) * sample.expected
        alone = sample.weight * met * gap
        squares[j] = weight @ weight
        if np.count_nonzero(weight) > 1:
            residual[j] = max(part @ part, alone @ alone)
    return squares, residual


def _residual(sample: Sample, met: NDArray[np.bool_], ratio: float) -> Floats:
    """Return each cluster's residual on one side, as the jackknife tells it."""
    expected = sample.weight * met * sample.expected
    residual = sample.weight * met * sample.converted - np.nan_to_num(ratio) * expected
    return jackknife(cluster_sums(residual, sample.cluster), cluster_sums(expected, sample.cluster))


def _overlap(
    sample: Sample,
    sums: tuple[_Sums, _Sums],
    rates: tuple[Floats, Floats],
    variances: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:
    """Return how much the covariance of the two rates takes off the variance of each contrast."""
    n_criteria = sample.flags.shape[1]
    if sample.cluster is None:
        return np.ones(n_criteria), np.ones(n_criteria)
    with_, without = sums
    ratios = _ratio(with_.won, with_.expected), _ratio(without.won, without.expected)
    crossed = np.zeros(n_criteria)
    for j, met in enumerate(sample.flags.T):
        first, second = (
            _residual(sample, side, ratio[j])
            for side, ratio in zip((met, ~met), ratios, strict=True)
        )
        crossed[j] = first @ second
    # On the scale of the ratios to control, times control squared: that of the rates.
    control = _ratio(with_.expected, with_.weight)
    covariance = control * _ratio(crossed, with_.weight * without.expected)
    apart = variances[0] + variances[1]
    relative = _ratio(variances[0], rates[0] ** 2) + _ratio(variances[1], rates[1] ** 2)
    both = _ratio(covariance, rates[0] * rates[1])
    return _factor(relative, relative - 2 * both), _factor(apart, apart - 2 * covariance)


def _factor(apart: Floats, together: Floats) -> Floats:
    told = np.isfinite(apart) & np.isfinite(together) & (together > 1e-6 * np.abs(apart))
    return np.where(told, apart / np.where(told, together, 1.0), 1.0)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    known = denominator > 0
    return np.where(known, numerator / np.where(known, denominator, 1.0), np.nan)
