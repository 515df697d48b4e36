"""How sure the choice of rules is: the search repeated on resampled leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.candidates import criterion_block
from calibrate.fitting.combining import Term, combined
from calibrate.fitting.proposing import penalty
from calibrate.fitting.space import Singles
from calibrate.fitting.tally import taken_in_turn, tally_of
from calibrate.observation import Sample
from calibrate.stats.resampling import resampled_weights

__all__ = ["selection_frequencies"]

SEARCHES = (25, 50)
SEARCHED_ROWS = 500_000  # rows gone through by all searches together, about
MOST_LEADS = 20_000  # in one resample
SAME = 0.9  # correlation from which two rules are one


def selection_frequencies(
    sample: Sample, chosen: Sequence[Term], proposed: Sequence[Term], rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    """Return how often the search, repeated on resamples, chooses each rule again.

    Parameters
    ----------
    sample : Sample
    chosen : sequence of Term
        Rules of the card; every search takes as many.
    proposed : sequence of Term
        What is searched: the single rules, and the merges, ranges and pairs that were among
        the best at some step of the search on all leads.

    Returns
    -------
    tuple of (float, float)
        For each rule the share of the resamples that choose it, or one that nearly the same
        leads meet (correlation 0.9 and more), and the share that choose some rule about one of
        its columns or activities.

    Notes
    -----
    25 to 50 resamples of at most about 20,000 leads, fewer the more leads there are. Leads with
    one key are drawn together. The share is the selection frequency of Sauerbrei and Schumacher
    (1992), A bootstrap resampling procedure for model building, Statistics in Medicine 11,
    2093-2109; forward selection, without swaps.
    """
    terms = list(dict.fromkeys((*proposed, *chosen)))
    keys = np.unique(sample.keys)
    if sample.n > MOST_LEADS:
        keys = keys[: max(1, len(keys) * MOST_LEADS // sample.n)]
    pool = _pool_of(combined(sample.rows(sample.keys <= keys[-1]), terms), terms)
    n_resamples = int(np.clip(SEARCHED_ROWS // pool.sample.n, *SEARCHES))
    place = [terms.index(term) for term in chosen]
    same, alike = pool.same[place], pool.alike[place]
    hits = np.zeros((2, len(chosen)))
    for copies in resampled_weights(len(keys), n_resamples, rng):
        found = pool.searched(copies, len(chosen))
        hits += same[:, found].any(axis=1), alike[:, found].any(axis=1)
    return tuple((float(a), float(b)) for a, b in (hits / n_resamples).T)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Pool:
    """The rules that can be chosen, and which of them count as the same, or as alike."""

    sample: Sample
    flags: Singles
    penalties: NDArray[np.float64]
    same: NDArray[np.bool_]
    alike: NDArray[np.bool_]
    owner: NDArray[np.intp]

    def searched(self, copies: NDArray[np.int64], n_rules: int) -> list[int]:
        """Return the rules that a search on a resample takes."""
        drawn = np.where(self.sample.weight > 0, copies[self.owner], 0)
        weight, sample = self._weight(drawn), self.sample
        tally = tally_of(self.flags, weight, sample.converted, sample.strata_flags)
        return taken_in_turn(tally, self.penalties, n_rules)

    def _weight(self, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how much each lead drawn so often weighs, all in all."""
        if self.sample.is_plain:
            return drawn.astype(float)
        again = self.sample.columns([]).rows(np.repeat(np.arange(len(drawn)), drawn))
        scale = again.effective_weight.sum() / again.weight.sum()
        return np.asarray(drawn * self.sample.weight * scale)


def _pool_of(sample: Sample, terms: Sequence[Term]) -> _Pool:
    about = [set(criterion_block(rule)) for rule in sample.criteria]
    X = sample.flags.T.astype(np.float32)
    X -= X.mean(axis=1, keepdims=True)
    size = np.maximum(np.sqrt((X**2).sum(axis=1)), 1e-9)
    _, owner = np.unique(sample.keys, return_inverse=True)
    return _Pool(
        sample=sample,
        flags=np.column_stack([sample.flags, np.ones(sample.n, dtype=bool)]).astype(np.float32),
        penalties=np.array([penalty(term, sample.n) for term in terms]),
        same=np.abs((X @ X.T) / np.outer(size, size)) >= SAME,
        alike=np.array([[bool(one & other) for other in about] for one in about]),
        owner=owner.ravel().astype(np.intp),
    )
