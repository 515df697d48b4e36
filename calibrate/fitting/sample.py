"""The leads a card is fitted on, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria import Criterion

if TYPE_CHECKING:
    from calibrate.observation import Observation

__all__ = ["Sample", "sample_of"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """Criteria met and outcome, one row a lead.

    Attributes
    ----------
    criteria : tuple of Criterion
    flags : ndarray of bool, shape (leads, criteria)
    converted : ndarray of float, shape (leads,)
    keys : ndarray of uint64, shape (leads,)
        Equal for leads that must be drawn together: those of one hash bucket of contacts
        where contacts have several leads, else one key a lead, made from its id.
    """

    criteria: tuple[Criterion, ...]
    flags: NDArray[np.bool_]
    converted: NDArray[np.float64]
    keys: NDArray[np.uint64]

    def rows(self, mask: NDArray[np.bool_]) -> Sample:
        """Return the sample of some leads."""
        return replace(
            self, flags=self.flags[mask], converted=self.converted[mask], keys=self.keys[mask]
        )

    def columns(self, positions: Sequence[int]) -> Sample:
        """Return the sample with some criteria."""
        criteria = tuple(self.criteria[i] for i in positions)
        return replace(self, criteria=criteria, flags=self.flags[:, list(positions)])


def sample_of(obs: Observation, criteria: Sequence[Criterion]) -> Sample:
    """Return the mature leads of an observation at their landmark."""
    leads = obs.at_landmark
    rows = leads.index.to_numpy()
    if obs.clusters is not None:
        keys = obs.clusters[rows].astype(np.uint64)
    else:
        keys = pd.util.hash_array(leads["lead_id"].astype(str).to_numpy(dtype=object))
    return Sample(
        criteria=tuple(criteria),
        flags=obs.flags(criteria)[rows],
        converted=np.asarray(leads["converted"], dtype=float),
        keys=keys,
    )
