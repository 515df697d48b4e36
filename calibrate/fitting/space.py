"""What the search goes through: the rules of a sample as arrays, and what may be joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Criterion
from calibrate.fitting.combining import Term, columns_met
from calibrate.fitting.constraints import Limits
from calibrate.fitting.fence import Fence
from calibrate.lift import MIN_LEADS
from calibrate.observation import Sample

__all__ = ["Space", "cut_of", "level_of", "space_of"]

MIN_EXPECTED = 5  # conversions, and their absence, to be expected among those who meet a pair
MOST_PAIRED = 128  # rules that pairs are made of

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class Space:
    """Rules and outcomes of a sample, and the structure among the rules.

    Attributes
    ----------
    sample : Sample
        Leads that weigh something.
    levels : tuple of ndarray of int
        Rules that are levels of one column and exclude each other.
    cuts : tuple of ndarray of int
        Rules that are cuts of one number, each implied by the next.
    joins : bool
        Whether levels may be merged, cuts made ranges and rules joined in pairs.
    fence : Fence or None
        Constraints, where there are any.
    """

    sample: Sample
    levels: tuple[Indices, ...]
    cuts: tuple[Indices, ...]
    joins: bool
    fence: Fence | None = None

    @cached_property
    def X(self) -> Singles:  # noqa: N802 - the design matrix has this name everywhere
        """Rules met, shape (rules, leads)."""
        return np.ascontiguousarray(self.sample.flags.T, dtype=np.float32)

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """Rules that some leads meet and some do not."""
        met = self.sample.flags.sum(axis=0)
        return np.asarray((met > 0) & (met < self.sample.n))

    @cached_property
    def paired(self) -> Indices:
        """Rules that pairs are made of: where there are many, those that separate best."""
        candidates = np.flatnonzero(self.usable)
        if len(candidates) <= MOST_PAIRED:
            return candidates
        sample = self.sample
        residual = sample.effective_weight * (sample.converted - sample.expected)
        share = self.X[candidates].mean(axis=1, dtype=np.float64)
        score = (self.X[candidates] @ residual.astype(np.float32)).astype(float)
        order = np.argsort(-(score**2) / (share * (1 - share)), kind="stable")
        return np.sort(candidates[order[:MOST_PAIRED]])

    @cached_property
    def levels_by_column(self) -> Indices:
        """The rules of `levels`, one row a column, filled up with -1."""
        table = np.full((len(self.levels), max(map(len, self.levels), default=0)), -1)
        for row, group in zip(table, self.levels, strict=True):
            row[: len(group)] = group
        return table

    @cached_property
    def ranges(self) -> tuple[Indices, Indices, list[int]]:
        """All ranges between two cuts of a number: their cuts, and where each number begins."""
        ends = [np.triu_indices(len(chain), 1) for chain in self.cuts]
        low, high = (
            np.concatenate([chain[end[side]] for chain, end in zip(self.cuts, ends, strict=True)])
            if ends
            else np.zeros(0, dtype=np.intp)
            for side in (0, 1)
        )
        return low, high, [0, *np.cumsum([len(end[0]) for end in ends], dtype=int).tolist()]

    @cached_property
    def together(self) -> Singles:
        """Leads that meet both of two rules of `paired`."""
        X = self.X[self.paired]
        return np.asarray(X @ X.T)

    @cached_property
    def least(self) -> float:
        """Leads that must meet a pair, and not meet it, for anything to be said of it."""
        rate = self.sample.rate
        return max(MIN_LEADS, MIN_EXPECTED / max(min(rate, 1 - rate), 1e-9))

    def column(self, term: Term) -> NDArray[np.bool_]:
        """Return which leads meet a term."""
        return columns_met(term, self.sample.flags)

    def of(self, sample: Sample) -> Space:
        """Return the space of other leads with the same rules."""
        return replace(self, sample=sample)


def space_of(sample: Sample, *, joins: bool = True, limits: Limits | None = None) -> Space:
    """Return the space of a sample; only rules found in the data are joined, never given ones.

    Parameters
    ----------
    sample : Sample
    joins : bool
        Whether rules may be joined at all.
    limits : Limits, optional
        Constraints on what is taken.
    """
    if not (sample.weight > 0).all():
        sample = sample.rows(sample.weight > 0)
    joins = joins and all(rule.source == "found" for rule in sample.criteria)
    met = sample.flags.sum(axis=0)
    levels: dict[object, list[int]] = defaultdict(list)
    cuts: dict[object, list[int]] = defaultdict(list)
    for i, rule in enumerate(sample.criteria if joins else ()):
        if (column := level_of(rule)) is not None:
            levels[column].append(i)
        elif (chain := cut_of(rule)) is not None:
            cuts[chain].append(i)
    nested = (sorted(chain, key=lambda i: (-met[i], i)) for chain in cuts.values())
    return Space(
        sample=sample,
        levels=tuple(np.array(group, dtype=np.intp) for group in _apart(levels.values(), sample)),
        cuts=tuple(np.array(chain, dtype=np.intp) for chain in nested if len(chain) > 1),
        joins=joins,
        fence=None if limits is None else Fence(limits=limits, criteria=sample.criteria),
    )


def level_of(rule: Criterion) -> object:
    """Return the column that a rule names levels of, or None where it names none."""
    return rule.when["field"] if set(rule.when) == {"field", "in"} else None


def cut_of(rule: Criterion) -> object:
    """Return what a rule is a cut of, or None where it is no cut."""
    when = rule.when
    bounds = [key for key in ("at_least", "total", "days") if key in when]
    if len(bounds) != 1 or "below" in when or "share_of" in when:
        return None
    return (bounds[0], *sorted((k, str(v)) for k, v in when.items() if k != bounds[0]))


def _apart(groups: Iterable[list[int]], sample: Sample) -> Iterator[list[int]]:
    """Yield the groups of three levels or more of which no lead meets two."""
    for group in groups:
        if len(group) > 2 and (sample.flags[:, group].sum(axis=1, dtype=np.int64) <= 1).all():
            yield group
