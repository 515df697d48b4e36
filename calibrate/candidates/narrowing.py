"""No rule twice, none that only says the opposite of a simpler one, and not too many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibrate.candidates.candidate import Candidate, complexity

__all__ = ["at_most", "without_repeats"]


def without_repeats(candidates: Sequence[Candidate], n: int) -> list[Candidate]:
    """Leave out rules that the same leads meet as another one, or exactly the other leads.

    Parameters
    ----------
    candidates : sequence of Candidate
    n : int
        Leads.

    Returns
    -------
    list of Candidate
        In the same order. Of rules met by the same leads the simplest stays (`complexity`), of
        equally simple ones the first; a rule also goes where the leads that do not meet it are
        those of a simpler one. Two levels of one column both stay: neither is simpler.

    Notes
    -----
    Leads are compared only where as many meet, or do not meet, both rules.
    """
    n_alike: dict[int, int] = {}
    for candidate in candidates:
        smaller = min(candidate.n_met, n - candidate.n_met)
        n_alike[smaller] = n_alike.get(smaller, 0) + 1
    order = sorted(range(len(candidates)), key=lambda i: (complexity(candidates[i].when), i))
    said: dict[bytes, list[tuple[bool, int]]] = {}
    kept = []
    for place in order:
        candidate = candidates[place]
        if n_alike[min(candidate.n_met, n - candidate.n_met)] > 1:
            flags, level = candidate.flags(), complexity(candidate.when)
            first = bool(flags[0])
            rivals = said.setdefault(np.packbits(flags ^ first).tobytes(), [])
            if any(same == first or simpler < level for same, simpler in rivals):
                continue
            rivals.append((first, level))
        kept.append(place)
    return [candidates[place] for place in sorted(kept)]


def at_most(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """Keep the rules wanted most, in the same order.

    Notes
    -----
    First those of rank 0 of every column and activity, then those of rank 1, and so on; within
    a rank in the order given.
    """
    order = sorted(range(len(candidates)), key=lambda place: (candidates[place].rank, place))
    return [candidates[place] for place in sorted(order[:most])]
