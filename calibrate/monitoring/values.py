"""The answer of monitoring."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from calibrate import display
from calibrate.errors import NotEnoughDataError
from calibrate.lift import measure_lift
from calibrate.observation import Observation

__all__ = ["HEALTH_COLUMNS", "Health"]

HEALTH_COLUMNS = (
    "kind",
    "name",
    "n",
    "n_converted",
    "n_expected",
    "expected_rate",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "difference",
    "level_rate",
    "p_value",
    "holm_p_value",
    "reference_share",
    "lead_share",
    "share_p_value",
    "psi",
    "note",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Health:
    """Whether a card still keeps its promises.

    Attributes
    ----------
    verdict : {"keep", "watch", "recalibrate"}
    reasons : tuple of str
        Opens with the promise against what came; then what the verdict rests on.
    period : str
        The quarter judged.
    """

    verdict: str
    reasons: tuple[str, ...]
    period: str
    _table: pd.DataFrame = field(repr=False)
    _lowest: Observation | None = field(default=None, repr=False)
    _highest: Observation | None = field(default=None, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row for the level, each tier, each criterion and the score's distribution.

        ``kind`` (level, tier, criterion, score), ``name, n, n_converted``; promised:
        ``n_expected, expected_rate``; observed: ``rate`` with Wilson's interval (where contacts
        have several leads, at the effective number of leads); ``difference`` (observed less
        promised); ``level_rate`` (promised, after the overall shift of level); ``p_value`` and
        ``holm_p_value`` of the difference beyond that shift; share of the leads
        ``reference_share`` when the card was fitted and ``lead_share`` now with
        ``share_p_value`` (Holm over the criteria); ``psi`` of the score; ``note``.
        """
        return self._table.copy()

    @cached_property
    def cold(self) -> pd.DataFrame:
        """Lift table among the leads of the lowest tier: who converts all the same.

        Measured when first asked for; empty where there are no tiers or only one outcome.
        """
        return _lift_among(self._lowest)

    @cached_property
    def hot(self) -> pd.DataFrame:
        """Lift table among the leads of the highest tier: who is lost all the same."""
        return _lift_among(self._highest)

    def _repr_html_(self) -> str:
        return display.html_table(self._table, caption=f"{self.verdict}: {' '.join(self.reasons)}")


def _lift_among(obs: Observation | None) -> pd.DataFrame:
    if obs is None:
        return pd.DataFrame()
    try:
        return measure_lift(obs).table
    except NotEnoughDataError:
        return pd.DataFrame()
