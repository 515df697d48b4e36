"""Leads a week at each cut: over the whole time, and of late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["RECENT_WEEKS", "Arrivals", "recent_per_week"]

RECENT_WEEKS = 4
"""How many of the latest weeks are looked at apart."""
SAID_FROM = 0.2
_FEWEST_WEEKS = 2 * RECENT_WEEKS

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """How many leads a week reach the chosen cut.

    Attributes
    ----------
    per_week : float
        Over the whole time; nan without creation dates.
    recent_per_week : float
        Of those created in the latest four weeks; nan where the time is under eight.
    capacity : float or None
        Leads a week that sales can work, where given.

    Examples
    --------
    >>> Arrivals(per_week=10.0, recent_per_week=13.0, capacity=12.0).sentence
    '10.0 leads a week over the whole time, but 13.0 in the latest four weeks: more than the 12.0 \
that can be worked.'
    """

    per_week: float
    recent_per_week: float
    capacity: float | None = None

    @property
    def differs(self) -> bool:
        """Whether the latest weeks bring over 20 % more, or fewer, than the whole time."""
        if not (self.per_week > 0 and self.recent_per_week >= 0):
            return False
        return abs(self.recent_per_week / self.per_week - 1) > SAID_FROM

    @property
    def exceeds(self) -> bool:
        """Whether the latest weeks bring more than can be worked."""
        return self.capacity is not None and self.recent_per_week > self.capacity

    @property
    def sentence(self) -> str:
        """Both figures where they differ by more than 20 %, beside the capacity; else nothing."""
        if not self.differs:
            return ""
        said = (
            f"{self.per_week:.1f} leads a week over the whole time, "
            f"but {self.recent_per_week:.1f} in the latest four weeks"
        )
        if self.exceeds:
            said += f": more than the {self.capacity:.1f} that can be worked"
        return f"{said}."


def recent_per_week(scores: pd.DataFrame, cuts: NDArray[np.int64]) -> Floats:
    """Return the leads a week at or above each cut that the latest four weeks brought.

    Parameters
    ----------
    scores : DataFrame
        ``score, created_at``; leads too young to be judged too.
    cuts : ndarray of int

    Returns
    -------
    ndarray of float
        Leads counted once each; nan where the creation dates span under eight weeks.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=70)  # the latest 28 days hold 28 leads
    >>> frame = pd.DataFrame({"score": [10, 60] * 35, "created_at": days})
    >>> recent_per_week(frame, np.array([10, 60])).tolist()
    [7.0, 3.5]
    """
    nothing = np.full(len(cuts), np.nan)
    if "created_at" not in scores or scores["created_at"].isna().all():
        return nothing
    created = scores["created_at"]
    latest = created.max()
    if latest - created.min() < pd.Timedelta(weeks=_FEWEST_WEEKS):
        return nothing
    recent = scores.loc[created > latest - pd.Timedelta(weeks=RECENT_WEEKS), "score"]
    ordered = np.sort(recent.to_numpy(dtype=float))
    return (len(ordered) - np.searchsorted(ordered, cuts, side="left")) / float(RECENT_WEEKS)
