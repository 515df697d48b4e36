"""A rule on trial: what it says, how many leads meet it, and how much it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from calibrate.observation import Observation

__all__ = ["Candidate", "Extent", "Flags", "Floats", "Leads", "complexity", "number_of"]

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_KEYS = (  # the first key that a rule has says how complex it is
    ("all", 8),
    ("not", 8),
    ("only", 7),
    ("share_of", 7),
    ("days", 6),
    ("detail", 5),
    ("within_days", 4),
    ("total", 3),
    ("missing", 2),
)


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much to propose.

    Parameters
    ----------
    min_leads : int
        Leads that must meet a rule, and that must not.
    many : bool
        For a search, or few enough for a person to read.
    """

    min_leads: int
    many: bool

    def allows(self, n_met: int, n: int) -> bool:
        """Whether there are enough leads on both sides."""
        return self.min_leads <= n_met <= n - self.min_leads


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """A rule that might become a criterion.

    Parameters
    ----------
    when : mapping
        The rule.
    group : {"fit", "engagement"}
    n_met : int
        Leads that meet it.
    rank : int
        0 for what is wanted most of its column or activity; the last go first where there are
        too many.
    flags : callable
        Returns which leads meet it; asked only where another rule is met by as many.
    """

    when: Mapping[str, Any]
    group: str
    n_met: int
    rank: int
    flags: Callable[[], Flags]


@dataclass(frozen=True, eq=False)
class Leads:
    """The leads that rules are proposed for: those compared at their landmark.

    Parameters
    ----------
    obs : Observation
    rows : ndarray of int, or None
        Their places in ``obs.table``; None for all.
    n : int
    """

    obs: Observation
    rows: NDArray[np.intp] | None
    n: int

    @classmethod
    def of(cls, obs: Observation) -> Leads:
        """Return those of an observation."""
        chosen = obs.rows["at_landmark"].to_numpy(dtype=bool)
        chosen = chosen & (obs.rows["weight"].to_numpy(dtype=float) > 0)
        if chosen.all():
            return cls(obs, None, len(chosen))
        rows = np.flatnonzero(chosen)
        return cls(obs, rows, len(rows))

    def numbers(self, column: pd.Series) -> Floats:
        """Return their numbers in a column of `obs.table`, or of features."""
        return np.asarray(self.stored(column), dtype=float)

    def stored(self, column: pd.Series) -> NDArray[Any]:
        """Return the same without a copy where there can be none: bytes stay bytes."""
        values = np.asarray(column)
        return values if self.rows is None else values[self.rows]

    def levels(self, name: str) -> tuple[NDArray[np.integer[Any]], list[Any]]:
        """Return the number of their level of a column, -1 where missing, and the levels."""
        column = self.obs.column(name).astype("category")
        codes = column.cat.codes.to_numpy()
        return codes if self.rows is None else codes[self.rows], list(column.cat.categories)


def complexity(when: Mapping[str, Any]) -> int:
    """Return how hard a rule is to take in; of two that say the same the lower one stays.

    Notes
    -----
    0 a level, a cut or "any"; 1 several levels, or at least so many times; 2 "not filled in";
    3 a total; 4 within days; 5 a detail; 6 days with an event; 7 a share of another activity, or
    nothing but one; 8 rules of rules.

    Examples
    --------
    >>> [complexity({"activity": "call", **more}) for more in ({}, {"at_least": 2}, {"days": 2})]
    [0, 1, 6]
    """
    for key, found in _KEYS:
        if key in when:
            return found
    if "activity" in when:
        return int(when.get("at_least", 1) > 1)
    return int(len(when.get("in", ())) > 1)


def number_of(value: float) -> int | float:
    """Return a whole number as one."""
    return int(value) if value == int(value) else float(value)
