"""The answer of a campaign view."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from calibrate import display
from calibrate.campaigns.sentences import sentences_of

__all__ = ["CAMPAIGN_COLUMNS", "CampaignView"]

CAMPAIGN_COLUMNS = (
    "value",
    "n",
    "n_converted",
    "n_effective",
    "lead_share",
    "hot_share",
    "hot_share_ci_lower",
    "hot_share_ci_upper",
    "n_expected",
    "n_observed",
    "n_difference",
    "n_difference_ci_lower",
    "n_difference_ci_upper",
    "expected_rate",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "control_rate",
    "shrunken_rate",
    "amount",
    "p_value",
    "q_value",
    "hot_q_value",
    "verdict",
    "confidence_level",
)
_SHOWN = (
    "value",
    "n",
    "hot_share",
    "n_expected",
    "n_observed",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "shrunken_rate",
    "amount",
    "verdict",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class CampaignView:
    """What the leads of each source or campaign promised, and what they brought.

    Attributes
    ----------
    column : str
    n, n_converted : int
        Leads compared at their landmark, and those that converted so far, as counted.
    control_rate : float
        Conversion rate of all of them, weighted where some are too young to be judged.
    hot_share : float
        Share of them in the highest tier; nan where the card has fewer than two.
    hot_tier : str or None
        Name of that tier.
    n_expected : float
        Conversions that their scores promise.
    amount : float
        Won; nan where no amount is known.
    confidence_level : float
    """

    column: str
    n: int
    n_converted: int
    control_rate: float
    hot_share: float
    hot_tier: str | None
    n_expected: float
    amount: float
    confidence_level: float
    _table: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a value; columns as `campaign_view` describes them."""
        return self._table.copy()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Which efforts bring leads that are worth it, in words."""
        return sentences_of(
            self.column, self._table, n=self.n, control_rate=self.control_rate, hot=self.hot_tier
        )

    def _repr_html_(self) -> str:
        shown = self._table[list(_SHOWN)].dropna(axis="columns", how="all")
        return display.html_table(shown, caption=" ".join(self.sentences))
