"""Rules about columns of the leads table: levels, numbers, what is not filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calibrate.candidates.candidate import Candidate, Extent, Flags, Leads
from calibrate.candidates.cuts import number_cuts

if TYPE_CHECKING:
    from calibrate.history import Attribute

__all__ = ["NO", "column_candidates"]

MAX_LEVELS, MORE_LEVELS = 30, 100  # levels of one column that get a rule of their own
MAX_NAMED = 40  # levels that one rule can list and a person still read
YES = {"yes", "y", "true", "t", "1", "on", "si", "sì", "ja", "oui"}
NO = {"no", "n", "false", "f", "0", "off", "nein", "non"}

Codes = NDArray[np.integer[Any]]


def column_candidates(attribute: Attribute, leads: Leads, extent: Extent) -> list[Candidate]:
    """Return the rules about one column.

    Parameters
    ----------
    attribute : Attribute
    leads : Leads
    extent : Extent
    """
    name, group = attribute.name, attribute.group
    if attribute.kind == "number":
        values = leads.stored(leads.obs.rows[name])
        found = [
            Candidate(
                when={"field": name, "at_least": cut},
                group=group,
                n_met=n_met,
                rank=rank,
                flags=_reaching(values, cut),
            )
            for cut, n_met, rank in number_cuts(values, extent)
        ]
        n_missing, empty = int(np.isnan(values).sum()), lambda: np.isnan(values)
    else:
        codes, levels = leads.levels(name)
        counts = np.bincount(codes[codes >= 0] if (codes < 0).any() else codes)
        sizes = np.zeros(len(levels), dtype=np.int64)
        sizes[: len(counts)] = counts
        column = _Column(name=name, group=group, n=leads.n, codes=codes)
        found = list(column.candidates(_spellings(levels, sizes), extent))
        n_missing, empty = leads.n - int(sizes.sum()), lambda: codes < 0
    if extent.allows(n_missing, leads.n):
        when = {"field": name, "missing": True}
        found.append(Candidate(when=when, group=group, n_met=n_missing, rank=1, flags=empty))
    return found


@dataclass(frozen=True)
class _Spellings:
    """A level as it is written, with or without capitals and spaces: texts, codes, leads."""

    texts: tuple[str, ...]
    codes: tuple[int, ...]
    n: int


@dataclass(frozen=True, eq=False, kw_only=True)
class _Column:
    name: str
    group: str
    n: int
    codes: Codes

    def candidates(self, levels: Sequence[_Spellings], extent: Extent) -> Iterator[Candidate]:
        common = [level for level in levels if level.n >= extent.min_leads]
        rare = [level for level in levels if level.n < extent.min_leads]
        named = common[: MORE_LEVELS if extent.many else MAX_LEVELS]
        yes = _yes_of(levels) if sum(level.n for level in levels) == self.n else None
        for rank, level in enumerate(named):
            if extent.allows(level.n, self.n) and yes in (None, level):
                yield self._any_of([level], rank)
        n_rare = sum(level.n for level in rare)
        if yes is None and 1 < len(rare) <= MAX_NAMED and extent.allows(n_rare, self.n):
            yield self._any_of(rare, 3)
        elif extent.many and 1 < len(common) <= MAX_NAMED < len(rare):
            yield from self._any_other(common, n_rare, extent)

    def _any_of(self, levels: Sequence[_Spellings], rank: int) -> Candidate:
        texts = [text for level in levels for text in level.texts]
        return Candidate(
            when={"field": self.name, "in": texts if len(levels) == 1 else sorted(texts)},
            group=self.group,
            n_met=sum(level.n for level in levels),
            rank=rank,
            flags=_among(self.codes, [code for level in levels for code in level.codes]),
        )

    def _any_other(
        self, common: Sequence[_Spellings], n_rare: int, extent: Extent
    ) -> Iterator[Candidate]:
        """Yield "none of the common levels", where the rare ones are too many to list."""
        named = self._any_of(common, 3)
        if extent.allows(n_rare, self.n):
            filled = {"field": self.name, "missing": False}
            flags = named.flags
            yield Candidate(
                when={"all": [{"not": named.when}, filled]},
                group=self.group,
                n_met=n_rare,
                rank=3,
                flags=lambda: ~flags() & (self.codes >= 0),
            )


def _spellings(levels: Sequence[Any], sizes: NDArray[np.int64]) -> list[_Spellings]:
    """Return the levels that leads have, alike spellings as one, the most frequent first."""
    alike: dict[str, list[int]] = {}
    for code in np.flatnonzero(sizes).tolist():
        alike.setdefault(" ".join(str(levels[code]).casefold().split()), []).append(code)
    found = []
    for codes in alike.values():
        codes.sort(key=lambda code: (-sizes[code], str(levels[code])))
        texts = tuple(str(levels[code]) for code in codes)
        found.append(_Spellings(texts, tuple(codes), int(sizes[codes].sum())))
    return sorted(found, key=lambda level: (-level.n, level.texts))


def _yes_of(levels: Sequence[_Spellings]) -> _Spellings | None:
    """Return the yes of a column of yes and no: no is its opposite."""
    if len(levels) == 2:
        said = [level.texts[0].strip().casefold() for level in levels]
        for yes, no in ((0, 1), (1, 0)):
            if said[yes] in YES and said[no] in NO:
                return levels[yes]
    return None


def _reaching(values: NDArray[Any], cut: float) -> Callable[[], Flags]:
    return lambda: values >= cut


def _among(codes: Codes, wanted: Sequence[int]) -> Callable[[], Flags]:
    if len(wanted) == 1:
        return lambda: codes == wanted[0]
    return lambda: np.isin(codes, wanted)
