"""Rates of one activity by another: mails clicked of mails sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from calibrate.candidates.activities import COUNT_CUTS
from calibrate.candidates.candidate import Candidate, Extent, Flags, Floats

__all__ = ["share_candidates"]

SHARES = (0.05, 0.1, 0.2, 0.25, 0.33, 0.5, 0.66, 0.75, 0.9)
MINIMA = (10, 5, 3, 2)  # events of the whole, from which a share says something
NESTED, AS_OFTEN = 0.95, 0.85  # of the leads with the part did the whole, and as often at least
GOES_WITH = 0.2  # correlation of the two counts among leads that did the whole
SAME = 0.8  # overlap from which a share only says what a count says
MAX_WHOLES = 2  # of one part
MAX_PAIRS, MORE_PAIRS = 4, 15
LOOKED_AT = 100_000  # leads that pairs are chosen on
QUARTILES, MEDIAN = (0.5, 0.25, 0.75), (0.5,)


class _Pair(NamedTuple):
    part: int
    whole: int
    correlation: float


def share_candidates(
    activities: Sequence[str], counts: Sequence[Floats], extent: Extent
) -> Iterator[Candidate]:
    """Yield rules about rates of one activity by another.

    Parameters
    ----------
    activities : sequence of str
    counts : sequence of ndarray
        Events of each, one entry a lead.
    extent : Extent

    Notes
    -----
    A pair makes sense where the part hardly ever comes without the whole (95 % of those who did
    the part did the whole, 85 % at least as often), and both grow together (correlation of 0.2
    among those who did the whole). Each part has two wholes at most. The share is a round number
    near the median, for a search near the quartiles, of the shares above 0; it counts where
    there were events enough: the largest of 10, 5, 3, 2 that half of those who did the whole
    reach.
    """
    for rank, pair in enumerate(_pairs(counts, MORE_PAIRS if extent.many else MAX_PAIRS)):
        part, whole = counts[pair.part], counts[pair.whole]
        minimum = _minimum(whole)
        if minimum is None:
            continue
        enough = whole >= minimum
        known = part[enough & (part > 0)] / whole[enough & (part > 0)]
        if not known.size:
            continue
        told = [part >= cut for cut in COUNT_CUTS[:5]]
        wanted = np.quantile(known, QUARTILES if extent.many else MEDIAN)
        shares = dict.fromkeys(SHARES[int(np.abs(np.subtract(SHARES, w)).argmin())] for w in wanted)
        for share in shares:
            met = enough & (part >= share * whole)
            n_met = int(met.sum())
            if extent.allows(n_met, len(met)) and not any(_same(met, other) for other in told):
                told.append(met)
                yield Candidate(
                    when={
                        "activity": activities[pair.part],
                        "share_of": activities[pair.whole],
                        "at_least": share,
                        "minimum": minimum,
                    },
                    group="engagement",
                    n_met=n_met,
                    rank=2 + rank // 4,
                    flags=met.copy,
                )


def _pairs(counts: Sequence[Floats], most: int) -> list[_Pair]:
    """Return pairs that make sense, those that grow together most first."""
    if len(counts) < 2 or not len(counts[0]):
        return []
    step = -(-len(counts[0]) // LOOKED_AT)
    seen = np.column_stack([count[::step] for count in counts])
    did = (seen > 0).astype(np.float32)
    both, doers, events = did.T @ did, did.sum(axis=0), seen.sum(axis=0)
    found: list[_Pair] = []
    for part in np.flatnonzero(doers):
        likely = both[part] >= NESTED * doers[part]
        likely &= (doers >= doers[part]) & (events > events[part])
        pairs = [_looked_at(seen, int(part), int(whole)) for whole in np.flatnonzero(likely)]
        sensible = [pair for pair in pairs if pair.correlation >= GOES_WITH]
        found += sorted(sensible, key=lambda pair: -pair.correlation)[:MAX_WHOLES]
    return sorted(found, key=lambda pair: -pair.correlation)[:most]


def _looked_at(seen: Floats, part: int, whole: int) -> _Pair:
    x, y = seen[:, part], seen[:, whole]
    doers, ever = x > 0, y > 0
    if (x[doers] <= y[doers]).mean() < AS_OFTEN:
        return _Pair(part, whole, 0.0)
    x, y = x[ever] - x[ever].mean(), y[ever] - y[ever].mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return _Pair(part, whole, round(float(x @ y) / scale, 9) if scale > 0 else 0.0)


def _minimum(whole: Floats) -> int | None:
    n_ever = int((whole > 0).sum())
    for minimum in MINIMA:
        if 2 * int((whole >= minimum).sum()) >= n_ever:
            return minimum
    return None


def _same(a: Flags, b: Flags) -> bool:
    return bool((a & b).sum() > SAME * (a | b).sum())
