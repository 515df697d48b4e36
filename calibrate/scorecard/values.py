"""The parts of a scorecard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from calibrate import display
from calibrate.criteria import Criterion
from calibrate.errors import ConfigError

__all__ = [
    "PARSIMONY_COLUMNS",
    "Explanation",
    "Hold",
    "Scale",
    "ScoredCriterion",
    "Tier",
    "sorted_tiers",
]

PARSIMONY_COLUMNS = (
    "n_criteria",
    "n",
    "n_converted",
    "log_loss",
    "log_loss_difference",
    "log_loss_difference_ci_lower",
    "log_loss_difference_ci_upper",
    "auc",
    "auc_ci_lower",
    "auc_ci_upper",
    "auc_difference",
    "auc_difference_ci_lower",
    "auc_difference_ci_upper",
    "kept_share",
    "chosen",
    "confidence_level",
)


@dataclass(frozen=True, kw_only=True)
class ScoredCriterion:
    """One line of the card.

    Parameters
    ----------
    criterion : Criterion
    points : int
    points_ci : (int, int) or None
        Interval of the points, ends rounded outward.
    n : int or None
        Leads who met it when the card was fitted.
    lift : float or None
    lift_ci : (float, float) or None
        Of the leads it was fitted on. A rule that a search made of others (merged levels, a
        range, a pair) was chosen among `n_looked_at` like it: its interval is so much wider
        that it holds whichever of them was chosen.
    selection_frequency : float or None
        Share of resamples in which the search, repeated, chooses this criterion again; under
        0.8 it is unstable.
    attribute_frequency : float or None
        The same for any criterion about the same column or activity.
    auc_added : float or None
        AUC of the card less that of the card without this line's points (`Scorecard.table`).
    n_looked_at : int or None
        Among how many rules the search chose it, where it made it of others (merged levels, a
        range, a pair); None for a rule that was there before any outcome was looked at.
    """

    criterion: Criterion
    points: int
    points_ci: tuple[int, int] | None = None
    n: int | None = None
    lift: float | None = None
    lift_ci: tuple[float, float] | None = None
    selection_frequency: float | None = None
    attribute_frequency: float | None = None
    auc_added: float | None = None
    n_looked_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A ceiling on the score while a condition stands and another is not yet met."""

    rule: Criterion
    at_most: int
    until: Criterion


@dataclass(frozen=True)
class Scale:
    """What a score promises: log odds ``log_odds_at_0 + score / points_per_log_odds``."""

    points_per_log_odds: float
    log_odds_at_0: float


@dataclass(frozen=True)
class Tier:
    """A named band: scores of `at_least` and more, up to the next tier."""

    name: str
    at_least: int


def sorted_tiers(named: Iterable[tuple[object, object]]) -> tuple[Tier, ...]:
    """Return tiers from names and scores, the highest first.

    Raises
    ------
    ConfigError
        If two share a name or a score, or a score is no whole number from 0 to 100.
    """
    tiers = sorted((Tier(str(name), _whole(cut)) for name, cut in named), key=lambda t: -t.at_least)
    said = ", ".join(f"{tier.name} from {tier.at_least}" for tier in tiers)
    if len({tier.at_least for tier in tiers}) < len(tiers):
        raise ConfigError(f"two tiers begin at the same score: {said}")
    if len({tier.name for tier in tiers}) < len(tiers):
        raise ConfigError(f"two tiers have the same name: {said}")
    return tuple(tiers)


def _whole(cut: object) -> int:
    is_number = isinstance(cut, (int, float, np.number)) and not isinstance(cut, bool)
    if not is_number or not 0 <= cut <= 100 or cut != int(cut):  # type: ignore[operator,call-overload]
        raise ConfigError(f"a tier begins at a whole score from 0 to 100, not {cut}")
    return int(cut)  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True, eq=False, kw_only=True)
class Explanation:
    """Why a lead has its score.

    Attributes
    ----------
    score : int
    expected_rate : float
        Share of leads with this score that convert.
    tier : str or None
    table : DataFrame
        One row a rule: ``criterion, group, met, points`` (what this lead gets),
        ``points_possible``, and ``rule``, the whole of it in words (the name may leave levels
        out).
    """

    score: int
    expected_rate: float
    tier: str | None
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a rule; the points of this lead add up to its score before limits."""
        return self._table.copy()

    @property
    def details(self) -> pd.DataFrame:
        """The rules whose name does not say all: ``criterion, rule``."""
        told = self._table[self._table["rule"] != self._table["criterion"]]
        return told[["criterion", "rule"]].reset_index(drop=True)

    def _repr_html_(self) -> str:
        tier = f", {self.tier}" if self.tier else ""
        rate = display.format_value("rate", self.expected_rate)
        total = int(self._table["points"].sum())
        table = display.html_table(
            self._table.drop(columns="rule").rename(columns={"points_possible": "possible_points"}),
            caption=f"score {self.score}{tier}: {rate} of such leads convert",
            notes=[] if total == self.score else [f"The points add up to {total}; limits apply."],
        )
        return table if self.details.empty else table + display.html_table(self.details)
