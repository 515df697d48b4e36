"""Rules that a search of many leads goes through: the best of those about the same thing."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from calibrate.candidates import criterion_block
from calibrate.fitting.constraints import Limits, canonical
from calibrate.fitting.space import level_of
from calibrate.observation import FEW_LEADS, Sample
from calibrate.stats.patterns import met_counts

__all__ = ["screened"]

MOST_ALIKE = 6  # cuts of one number, or rules about one activity

Positions = NDArray[np.intp]


def screened(sample: Sample, positions: Positions, limits: Limits | None = None) -> Positions:
    """Return which rules a search goes through.

    Parameters
    ----------
    sample : Sample
    positions : ndarray of int
        Rules worth looking at.
    limits : Limits, optional
        Rules that must be on the card stay.

    Returns
    -------
    ndarray of int
        All of them up to 100,000 leads, of which any cut may be the best. Of more leads all levels
        of each column, and of the other rules about one column or activity the six that separate
        best by themselves: with so many leads these are the same ones again and again, and
        going through the others takes most of the time.

    Notes
    -----
    By the univariate score statistic (J. Fan and J. Lv 2008, Sure independence screening for
    ultrahigh dimensional feature space, JRSS B 70, 849-911, within each attribute). Rules left
    out have been looked at: they count where it is asked among how many a rule was chosen.
    """
    if sample.n <= FEW_LEADS:
        return positions
    statistics = _statistics(sample)
    locked = set() if limits is None else set(limits.locked_rules)
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    kept: list[int] = []
    for place in positions.tolist():
        rule = sample.criteria[place]
        if level_of(rule) is not None or canonical(rule.when) in locked:
            kept.append(place)
        else:
            alike[criterion_block(rule)].append(place)
    for places in alike.values():
        kept += sorted(places, key=lambda place: (-statistics[place], place))[:MOST_ALIKE]
    return np.array(sorted(kept), dtype=np.intp)


def _statistics(sample: Sample) -> NDArray[np.float64]:
    gap = sample.weight * (sample.converted - sample.expected)
    score = sample.met.added(lambda rows: gap[rows])
    share = met_counts(sample.flags) / sample.n
    spread = share * (1 - share)
    return np.asarray(np.divide(score**2, spread, out=np.zeros_like(score), where=spread > 0))
