"""What a card is asked for, and what a method answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.errors import ConfigError
from calibrate.fitting.combining import Term
from calibrate.fitting.constraints import Limits

if TYPE_CHECKING:
    from calibrate.scorecard import Scale, Scorecard

__all__ = ["NOTHING", "NOTHING_ALLOWED", "Weighted", "Wish"]

MOST_CRITERIA = 100
NOTHING = "nothing separates converted from lost leads better than chance would: no points"
NOTHING_ALLOWED = NOTHING.replace("nothing", "nothing that the constraints allow", 1)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a card is asked for.

    Attributes
    ----------
    max_criteria : int or "auto"
    limits : Limits or None
        Constraints.
    scale : {"fit", "keep"}
    current : Scorecard or None
        The card in force; ``keep`` takes its scale.
    confidence_level : float
    with_intervals : bool
        Whether intervals of the points are wanted.
    exactly : int or None
        Number of rules, where it is known already: the search takes as many, and neither
        cross-validates nor asks whether there is anything to score on.
    shrinkage : float
        Share of the effects to promise, where `exactly` leaves it to the caller.
    sticky : bool
        Whether, on the scale of the current card, points stay where they hardly moved.
    """

    max_criteria: int | str = 12
    pairs: bool = True
    limits: Limits | None = None
    scale: str = "fit"
    current: Scorecard | None = None
    confidence_level: float = 0.95
    with_intervals: bool = True
    exactly: int | None = None
    shrinkage: float = 1.0
    sticky: bool = True

    @property
    def kept_scale(self) -> Scale | None:
        """The scale of the current card, where points keep to it.

        Raises
        ------
        ConfigError
            If that card's expected rates do not rise.
        """
        if self.scale != "keep" or self.current is None or self.current.is_empty:
            return None
        if self.current.scale is None:
            raise ConfigError(
                f'the scale of "{self.current.name}" cannot be kept: its expected rates do not '
                'rise with the score; use scale = "fit"'
            )
        return self.current.scale

    @property
    def tails(self) -> NDArray[np.float64]:
        """The two shares between which an interval lies."""
        outside = (1 - self.confidence_level) / 2
        return np.array([outside, 1 - outside])

    @property
    def most(self) -> int:
        """The largest number of criteria allowed; on a scale of 100 points more say nothing."""
        return 12 if isinstance(self.max_criteria, str) else min(self.max_criteria, MOST_CRITERIA)


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighted:
    """Rules of a sample, or made of them, with their points; nothing for an empty card.

    ``shrinkage`` is the share of the effects that new leads are expected to show;
    ``selection`` how often resamples choose each criterion, and one about the same, again;
    ``looked_at`` among how many rules each that the search made was chosen (`n_looked_at`);
    ``parsimony`` what other numbers of rules would give (`parsimony_table`).
    """

    terms: tuple[Term, ...] = ()
    base: int = 0
    points: tuple[int, ...] = ()
    intervals: tuple[tuple[int, int], ...] | None = None
    base_interval: tuple[int, int] | None = None
    selection: tuple[tuple[float, float], ...] | None = None
    looked_at: tuple[int | None, ...] | None = None
    parsimony: pd.DataFrame | None = None
    shrinkage: float = 1.0
    caps: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
