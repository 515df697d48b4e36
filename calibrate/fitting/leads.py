"""The leads that rules are searched on, and all those that what is found is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibrate.criteria import Criterion
from calibrate.errors import NotEnoughDataError
from calibrate.fitting.combining import Term, combined
from calibrate.lift import MIN_LEADS
from calibrate.observation import Sample, sample_of

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["Leads", "leads_of"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Leads:
    """Leads with the rules that are searched, and with those found.

    Attributes
    ----------
    obs : Observation
        Of all the leads.
    searched : Sample
        With every rule that is searched; all leads, or some where there are many
        (`Observation.searched`).
    whole : Sample or None
        All leads, with the rules `terms` only; None where all are searched.
    terms : tuple of Term
        Rules of `searched`, or made of them.
    """

    obs: Observation
    searched: Sample
    whole: Sample | None = None
    terms: tuple[Term, ...] = ()

    @property
    def all(self) -> Sample:
        """All the leads, with whatever rules."""
        return self.searched if self.whole is None else self.whole

    @cached_property
    def place(self) -> NDArray[np.intp]:
        """Row of `all` that each lead searched is."""
        drawn, whole = self.obs.searched.drawn, self.whole
        if drawn is None or whole is None:
            return np.arange(self.searched.n)
        row = np.full(len(self.obs.rows), -1, dtype=np.intp)
        row[whole.labels] = np.arange(whole.n)
        return row[drawn[self.searched.labels]]

    def measured(self, terms: Iterable[Term]) -> Leads:
        """Return the leads with these rules measured on all of them."""
        if self.obs.searched is self.obs:
            return self
        named = tuple(dict.fromkeys(terms))
        rules = combined(self.searched.rows(np.arange(0)), named).criteria
        return replace(self, whole=sample_of(self.obs, rules), terms=named)

    def combined(self, terms: Sequence[Term]) -> Sample:
        """Return all the leads with the rules that are the terms, in their order."""
        if self.whole is None:
            return combined(self.searched, terms)
        return self.whole.columns([self.terms.index(term) for term in terms])

    def searched_in(self, mask: NDArray[np.bool_]) -> Sample:
        """Return the leads searched that are among some; `mask` is of `all`."""
        return self.searched.rows(mask[self.place])

    def rows(self, mask: NDArray[np.bool_]) -> Leads:
        """Return some of the leads, to measure rules on; `mask` is of `all`."""
        if self.whole is None:
            return replace(self, searched=self.searched.rows(mask))
        return replace(self, whole=self.whole.rows(mask))


def leads_of(obs: Observation, rules: Sequence[Criterion]) -> Leads:
    """Return the leads of an observation that are compared at their landmark.

    Raises
    ------
    NotEnoughDataError
        Without leads, conversions, or leads that did not convert; where they belong to too few
        contacts; where under 10 % of the leads have been watched up to the horizon.
    """
    sample = sample_of(obs.searched, rules)
    n, won = sample.n, sample.n_converted
    if won in (0, n):
        raise NotEnoughDataError(
            f"{won} of the {n} leads of the fit period at their landmark converted: a score needs "
            "leads that did and leads that did not; widen fit_period or change the horizon"
        )
    n_units = n if sample.cluster is None else len(np.unique(sample.cluster))
    if n_units < min(n, MIN_LEADS):
        raise NotEnoughDataError(
            f"the {n} leads belong to {n_units} contacts, which are too few to learn from; if they "
            "are different people, correct or remove the contact column"
        )
    return Leads(obs=obs, searched=sample)
