"""Gradient boosting as a rival: learned from the leads before, judged on those of a quarter."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from calibrate.fitting.boosting import MAX_LEADS, boosted
from calibrate.observation import Observation

__all__ = ["boosted_rates"]


def boosted_rates(
    train: Observation, test: Observation, *, allow_sensitive: Collection[str] = ()
) -> NDArray[np.float64]:
    """Return the conversion rates that gradient boosting expects of the leads judged.

    Parameters
    ----------
    train, test : Observation
        Fitted on at most 100,000 leads of the first at their landmark whose outcome is known,
        drawn by their ids, with their weights; one rate a row of ``test.at_landmark``.
    allow_sensitive : collection of str
        Attributes that are no criteria by default but wanted here.

    Notes
    -----
    On the attributes that may be criteria and the counts of activities (`fitting.boosting`).
    """
    part = train.searched
    known = part.at_landmark
    if len(known) > MAX_LEADS:
        hashes = part.lead_hashes[known.index.to_numpy()]
        known = known[hashes <= np.partition(hashes, MAX_LEADS - 1)[MAX_LEADS - 1]]
    wanted = [a for a in train.attributes if a.excluded is None or a.name in allow_sensitive]
    return boosted(known, test.at_landmark, attributes=wanted, activities=train.activities)
