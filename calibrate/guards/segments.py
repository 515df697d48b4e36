"""A criterion that helps in one segment and hurts in another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import binom, chdtrc

from calibrate.display import format_value
from calibrate.guards.finding import Finding, number, percent
from calibrate.guards.obvious import Obvious, Segments, obvious_criteria, segments_of
from calibrate.guards.rates import Judged, judged
from calibrate.observation import Observation
from calibrate.stats.intervals import FloatArray, normal_quantile
from calibrate.stats.significance import holm

__all__ = ["SignFlip", "gail_simon", "sign_flips"]

_LEVEL = 0.05  # of any false alarm at all, over everything looked at
_MIN_LEADS = 30  # with the criterion, and without it, in a segment
_MIN_EXPECTED = 5.0  # conversions, and leads without, on either side
_RELEVANT = 1.5  # odds that many times as high, and as low
_MOST = 3
_Z = normal_quantile(0.95)


@dataclass(frozen=True, kw_only=True)
class SignFlip(Finding):
    """A criterion raises conversion in one segment and lowers it in another.

    Attributes
    ----------
    odds_ratio_high, odds_ratio_low : float
        With against without the criterion, in the two segments named.
    p_value : float
        Gail and Simon's test of a change of sign, by Holm over all pairs looked at.
    n_pairs : int
        How many those were.
    """

    guard: str = "sign flips between segments"
    odds_ratio_high: float = float("nan")
    odds_ratio_low: float = float("nan")
    p_value: float = float("nan")
    n_pairs: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class _Effects:
    """Log odds ratios of criteria (columns) in segments (rows); nan where too few leads."""

    log_odds: FloatArray
    standard_error: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class _Flip:
    """A criterion, the column it flips over, and the two segments that show it best."""

    criterion: Obvious
    segments: Segments
    high: int
    low: int
    odds_ratios: tuple[float, float]
    p_value: float
    n_pairs: int


def sign_flips(obs: Observation, *, ignore: Collection[str] = ()) -> list[Finding]:
    """Find criteria that raise conversion in one segment and lower it in another.

    Parameters
    ----------
    obs : Observation
    ignore : collection of str
        Columns that leak: neither criteria nor segments are made of them.

    Returns
    -------
    list of SignFlip
        At most one a column of segments and three in all, the surest first.

    Notes
    -----
    For each criterion (an activity at least once, the largest levels of a category, a number
    at its median) and each category of the leads, the log odds ratio D_g of converting with
    against without it is taken in each segment g (Haldane and Anscombe's 1/2 in each cell,
    variance from the effective counts; weights and contacts with several leads count).
    Gail and Simon's likelihood ratio test of a change of sign is corrected by Holm over all
    pairs, so that a company without any such criterion gets a finding in at most 5 % of the
    cases. Besides, one segment's 95 % interval must lie wholly above, another's wholly below
    1, both by 1.5 times or more in the estimate. Of many leads those are looked at that criteria
    are searched on (`Observation.searched`).

    References
    ----------
    M. Gail and R. Simon (1985), Testing for qualitative interactions between treatment
    effects and patient subsets, Biometrics 41, 361-372. S. Holm (1979), Scandinavian Journal
    of Statistics 6, 65-70.
    """
    obs = obs.searched
    leads = judged(obs)
    criteria = obvious_criteria(obs, rows=leads.rows, min_leads=2 * _MIN_LEADS, ignore=ignore)
    columns = segments_of(obs, rows=leads.rows, min_leads=2 * _MIN_LEADS, ignore=ignore)
    by_column: dict[str, list[_Flip]] = {}
    for flip in _flips(leads, criteria, columns):
        by_column.setdefault(flip.segments.name, []).append(flip)
    return [_finding(leads, flips) for flips in list(by_column.values())[:_MOST]]


def gail_simon(log_odds: FloatArray, standard_error: FloatArray) -> float:
    """Return the p value of Gail and Simon's test of a qualitative interaction.

    Parameters
    ----------
    log_odds, standard_error : ndarray
        Effect and standard error in each segment; nan where there is none.

    Returns
    -------
    float
        1 with fewer than two segments, or with effects of one sign only.

    Notes
    -----
    ``Q = min(sum over D > 0 of (D / s)^2, the same over D < 0)``; under the least favourable
    hypothesis without a change of sign, ``P(Q > q) = sum over h = 1 .. K - 1 of
    C(K - 1, h) / 2^(K - 1) * P(chi-square with h degrees > q)``.

    Examples
    --------
    Two segments at z = 1.645 and -1.645: the 5 % point 2.71 of Gail and Simon's table 1.

    >>> round(gail_simon(np.array([1.645, -1.645]), np.array([1.0, 1.0])), 3)
    0.05
    """
    square = (log_odds / standard_error) ** 2
    known = np.isfinite(square)
    k = int(known.sum())
    q = min(square[known & (log_odds > 0)].sum(), square[known & (log_odds < 0)].sum())
    if k < 2 or not q > 0:
        return 1.0
    h = np.arange(1, k)
    return float(binom(k - 1, h) / 2 ** (k - 1) @ chdtrc(h, q))


def _flips(leads: Judged, criteria: list[Obvious], columns: list[Segments]) -> list[_Flip]:
    """Return the pairs with a proven change of sign, one a criterion, the surest first."""
    if not criteria or not columns:
        return []
    flags = np.column_stack([one.met for one in criteria]).astype(float)
    tested: list[tuple[int, Segments, FloatArray, FloatArray, float]] = []
    for segments in columns:
        effects = _effects(leads, flags, segments)
        for j, one in enumerate(criteria):
            d, s = effects.log_odds[:, j], effects.standard_error[:, j]
            if one.subject != segments.name and np.isfinite(d).sum() > 1:
                tested.append((j, segments, d, s, gail_simon(d, s)))
    adjusted = holm([pair[-1] for pair in tested]) if tested else np.zeros(0)
    found: dict[int, _Flip] = {}
    for place in np.argsort(adjusted, kind="stable"):
        j, segments, d, s, _ = tested[place]
        if adjusted[place] > _LEVEL or j in found:
            continue
        flip = _credible(criteria[j], segments, d, s, float(adjusted[place]), len(tested))
        if flip is not None and _holds_by_contact(leads, flip):
            found[j] = flip
    return list(found.values())


def _effects(leads: Judged, flags: FloatArray, segments: Segments) -> _Effects:
    """Return log odds ratios of all criteria in all segments, from sums of weights."""
    member = (segments.code[None, :] == np.arange(len(segments.levels))[:, None]).astype(float)
    w, y = leads.weight, leads.converted.astype(float)
    vectors = (np.ones_like(w), y, w, w * y, w * w, w * w * y)
    if (w == 1).all():
        n, k = (_both_sides(member * v, flags) for v in vectors[:2])
        sums = np.array([n, k, n, k, n, k])
    else:
        sums = np.array([_both_sides(member * v, flags) for v in vectors])
    rate, n_effective, enough = _effective(sums)
    known = enough.all(axis=0)
    rate, n_effective = np.where(known, rate, 0.5), np.where(known, n_effective, 0.0)
    hits, rest = rate * n_effective + 0.5, (1 - rate) * n_effective + 0.5
    log_odds, variance = np.log(hits / rest), 1 / hits + 1 / rest
    return _Effects(
        log_odds=np.where(known, log_odds[0] - log_odds[1], np.nan),
        standard_error=np.where(known, np.sqrt(variance.sum(axis=0)), np.nan),
    )


def _both_sides(member: FloatArray, flags: FloatArray) -> FloatArray:
    met = member @ flags
    return np.array([met, member.sum(axis=1, keepdims=True) - met])


def _effective(sums: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return rates, effective leads, and where there are enough, with and without a criterion."""
    n, k, w, wy, ww, wwy = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.clip(wy / w, 0.0, 1.0)
        variance = (wwy * (1 - 2 * rate) + rate**2 * ww) / w**2
        told = (rate > 0) & (rate < 1)
        n_effective = np.where(told, rate * (1 - rate) / variance, w**2 / ww)
        overall = k.sum(axis=0) / n.sum(axis=0)
    rare = np.minimum(overall, 1 - overall)
    return rate, n_effective, (n >= _MIN_LEADS) & (n * rare >= _MIN_EXPECTED)


def _credible(
    criterion: Obvious, segments: Segments, d: FloatArray, s: FloatArray, p: float, n_pairs: int
) -> _Flip | None:
    """Return the two segments with the surest effects of either sign, if both are credible."""
    z = np.where(np.isfinite(d), d / s, 0.0)
    high, low = int(np.argmax(z)), int(np.argmin(z))
    relevant = np.log(_RELEVANT)
    if z[high] < _Z or z[low] > -_Z or d[high] < relevant or d[low] > -relevant:
        return None
    return _Flip(
        criterion=criterion,
        segments=segments,
        high=high,
        low=low,
        odds_ratios=(float(np.exp(d[high])), float(np.exp(d[low]))),
        p_value=p,
        n_pairs=n_pairs,
    )


def _holds_by_contact(leads: Judged, flip: _Flip) -> bool:
    """Whether the change of sign stands where leads of one contact count as one."""
    if leads.cluster is None:
        return True
    d, s = [], []
    for level in range(len(flip.segments.levels)):
        inside = flip.segments.code == level
        sides = [leads.rate(inside & met) for met in (flip.criterion.met, ~flip.criterion.met)]
        if min(side.n for side in sides) < _MIN_LEADS:
            continue
        odds = [(g.hits + 0.5, g.n_effective - g.hits + 0.5) for g in sides]
        d.append(np.log(odds[0][0] / odds[0][1]) - np.log(odds[1][0] / odds[1][1]))
        s.append(np.sqrt(sum(1 / a + 1 / b for a, b in odds)))
    return gail_simon(np.array(d), np.array(s)) * flip.n_pairs <= _LEVEL


def _finding(leads: Judged, flips: list[_Flip]) -> Finding:
    flip = flips[0]
    others = ", ".join(f'"{other.criterion.name}"' for other in flips[1:])
    said = [_segment_words(leads, flip, level) for level in (flip.high, flip.low)]
    column, name = flip.segments.name, flip.criterion.name
    return SignFlip(
        severity="likely",
        what=f'"{name}" raises conversion {said[0]}, and lowers it {said[1]}'
        + (f"; so do {others}" if others else ""),
        how_sure=(
            f"p {format_value('p_value', flip.p_value)} for a change of sign, corrected for the "
            f"{number(flip.n_pairs)} pairs of criterion and segment looked at; if there were none "
            "anywhere, a warning like this would come up in at most 5 of 100 companies"
        ),
        effect=(
            "one number of points for all leads rewards some of them for what lowers their odds; "
            f'the lift of "{name}" over all leads is a mixture of the two'
        ),
        action=(
            f'make a rule of the pair, such as "{name}" together with "{column}" = '
            f"{flip.segments.levels[flip.high]}, or fit a card for each part of the leads"
        ),
        columns=(column, *dict.fromkeys(one.criterion.subject for one in flips)),
        odds_ratio_high=flip.odds_ratios[0],
        odds_ratio_low=flip.odds_ratios[1],
        p_value=flip.p_value,
        n_pairs=flip.n_pairs,
    )


def _segment_words(leads: Judged, flip: _Flip, level: int) -> str:
    inside = flip.segments.code == level
    met = leads.rate(inside & flip.criterion.met)
    others = leads.rate(inside & ~flip.criterion.met)
    return (
        f'where "{flip.segments.name}" is {flip.segments.levels[level]} '
        f"({met.words()} with it, {percent(others.rate)} without, n = {number(others.n)})"
    )
