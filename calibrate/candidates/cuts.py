"""Where to cut a number: few places, readable, and each clearly different from the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibrate.candidates.candidate import Extent, Floats, number_of

__all__ = ["apart", "distinct_cuts", "number_cuts", "readable_between", "total_cuts"]

MAX_CUTS = 20  # of one column
FEW_VALUES, FEWER_VALUES = 20, 10  # with at most so many, each value is a cut
DISTINCT_SHARE = 0.8  # a further cut must leave at most this share of the leads of the last
APART, APART_AT_MOST = 0.2, 0.02  # of the smaller side, and of all leads, between two cuts
DECILES = tuple(step / 10 for step in range(1, 10))
# Share below the cut, and how many leads rounding may move across it.
FINER = (0.95, 0.05, 0.98, 0.02, 0.99, 0.01, *(step / 20 for step in range(3, 18, 2)))
MOVED = {0.01: 0.003, 0.02: 0.005, 0.98: 0.005, 0.99: 0.003}
MOVED_DECILE, MOVED_FINER = 0.02, 0.01
SPIKE = 0.05  # leads with one value, from which the next value is a cut too
MIN_SIZES = 5  # fewer distinct totals are counts in disguise
QUARTILES, OUTER_TENTHS = (0.25, 0.5, 0.75), (0.9, 0.1)
SMALLEST_STEP = -12
LARGEST = 1e300  # beyond it a rule holds no number


def number_cuts(values: NDArray[Any], extent: Extent) -> list[tuple[float, int, int]]:
    """Return cuts of a column of numbers.

    Parameters
    ----------
    values : ndarray
        nan where missing; those count as below every cut.
    extent : Extent

    Returns
    -------
    list of (cut, leads at or above it, rank)
        In the order of the cuts.

    Notes
    -----
    With few different values each is a cut but the lowest, which would only say "filled in".
    Else the deciles, and for a search steps of 5 % and the outer 1 and 2 % too, each moved to
    the roundest number near it (`readable_between`); and the value above a frequent one.
    """
    ordered = np.sort(values[np.abs(values) <= LARGEST]).astype(float)
    if not ordered.size or ordered[0] == ordered[-1]:
        return []
    starts = np.flatnonzero(ordered[1:] > ordered[:-1]) + 1
    distinct = np.concatenate([ordered[:1], ordered[starts]])
    every = distinct.size <= FEW_VALUES
    if every:
        more = [_short(below, value) for below, value in pairwise(distinct)]
        few = more if distinct.size <= FEWER_VALUES else _deciles_of(ordered, distinct, more)
    else:
        more = _finer_cuts(ordered, distinct, starts)
        few = [_near(ordered, share, MOVED_DECILE) for share in DECILES]
        if distinct[0] == 0:
            few.append(_above(distinct[0], distinct[1]))
    at_or_above = {cut: int(ordered.size - np.searchsorted(ordered, cut)) for cut in (*few, *more)}
    usable = [cut for cut in few if cut > distinct[0]]
    kept = distinct_cuts(usable, at_or_above, len(values), extent)
    kept.sort(key=lambda cut: abs(at_or_above[cut] / ordered.size - 0.5))
    for cut in more if extent.many else ():
        n_met = at_or_above[cut]
        others = [at_or_above[other] for other in kept]
        is_new = n_met not in others if every else apart(n_met, others, len(values))
        if is_new and cut > distinct[0] and extent.allows(n_met, len(values)):
            kept.append(cut)
    ranked = {cut: rank for rank, cut in enumerate(kept[:MAX_CUTS])}
    return [(number_of(cut), at_or_above[cut], ranked[cut]) for cut in sorted(ranked)]


def total_cuts(values: Floats, extent: Extent) -> list[tuple[float, int]]:
    """Return readable cuts at quantiles of what is above 0, if its size says anything.

    Returns
    -------
    list of (cut, leads at or above it)
    """
    positive = np.sort(values[values > 0])
    if np.unique(positive).size < MIN_SIZES:
        return []
    cuts = [_near(positive, share, MOVED_DECILE) for share in (*QUARTILES, *OUTER_TENTHS)]
    n_met = {cut: int(positive.size - np.searchsorted(positive, cut)) for cut in cuts}
    usable = [cut for cut in cuts[: len(QUARTILES)] if cut > 0]
    kept = distinct_cuts(usable, n_met, len(values), extent)
    for cut in cuts[len(QUARTILES) :] if extent.many else ():
        is_new = cut > 0 and apart(n_met[cut], [n_met[other] for other in kept], len(values))
        if is_new and extent.allows(n_met[cut], len(values)):
            kept.append(cut)
    return [(number_of(cut), n_met[cut]) for cut in kept]


def distinct_cuts(
    cuts: Iterable[float], at_or_above: Mapping[Any, int], n: int, extent: Extent
) -> list[float]:
    """Keep the cuts that split the leads, each clearly differently from the last."""
    kept: list[float] = []
    last = n - extent.min_leads + 0.5
    for cut in sorted(set(cuts)):
        n_met = at_or_above[cut]
        if extent.min_leads <= n_met < last:
            kept.append(cut)
            last = n_met * DISTINCT_SHARE + 1
    return kept


def apart(n_met: int, others: Iterable[int], n: int) -> bool:
    """Whether a cut has enough leads between itself and each other one."""
    for other in others:
        smaller = min(n_met, n - n_met, other, n - other)
        if abs(n_met - other) < max(1.0, min(APART * smaller, APART_AT_MOST * n)):
            return False
    return True


def readable_between(low: float, high: float, near: float) -> float:
    """Return the roundest number above `low` and not above `high`.

    Notes
    -----
    A multiple of the largest step of 1, 0.5, 0.2 or 0.1 times a power of ten that has one
    there; of several the nearest to `near`. Where there is none, `high` itself.

    Examples
    --------
    >>> readable_between(690.2, 741.0, 717.9), readable_between(1995, 2003, 2001)
    (700.0, 2000.0)
    >>> readable_between(0.0, 0.0137, 0.0137), readable_between(2.2, 2.7, 2.4)
    (0.01, 2.5)
    """
    exponent = ceil(log10(max(abs(low), abs(high), 1e-300)))
    for power in range(exponent, exponent + SMALLEST_STEP, -1):
        for part in (10, 5, 2):
            step = part * 10.0 ** (power - 1)
            first, last = floor(low / step) + 1, floor(high / step)
            if first <= last:
                found = float(f"{min(max(round(near / step), first), last) * step:.12g}")
                if low < found <= high:
                    return found
    return high


def _finer_cuts(ordered: Floats, distinct: Floats, starts: np.ndarray) -> list[float]:
    cuts = [_near(ordered, share, MOVED.get(share, MOVED_FINER)) for share in FINER]
    sizes = np.diff([0, *starts, ordered.size])
    spikes = np.flatnonzero(sizes[:-1] >= SPIKE * ordered.size)
    return [*(_above(distinct[i], distinct[i + 1]) for i in spikes), *cuts]


def _deciles_of(ordered: Floats, distinct: Floats, cuts: list[float]) -> list[float]:
    """Return those of the cuts at each value that part the leads at a decile."""
    values = ordered[[int(share * ordered.size) for share in DECILES]]
    places = np.unique(np.searchsorted(distinct, values)) - 1
    wanted = places[places >= 0].tolist()
    return [cuts[place] for place in ([0, *wanted] if distinct[0] == 0 else wanted)]


def _near(ordered: Floats, share: float, moved: float) -> float:
    """Return the roundest cut that moves at most so many leads from a quantile."""
    size = ordered.size
    value = ordered[min(int(share * size), size - 1)]
    below = float(np.searchsorted(ordered, value)) / size
    least, most = ceil(size * (below - moved) - 1e-9), floor(size * (below + moved) + 1e-9)
    low = ordered[max(least - 1, 0)]
    high = ordered[min(max(most, 0), size - 1)]
    return readable_between(low, high, value) if high > low else float(value)


def _above(value: float, following: float) -> float:
    """Return the cut that parts a value from all above it."""
    if value == 0 and following >= 1:
        return 1.0
    return readable_between(value, following, following)


def _short(below: float, value: float) -> float:
    """Return a value as it is, or with six digits where that parts the same leads."""
    short = float(f"{value:.6g}")
    return short if below < short <= value else float(value)
