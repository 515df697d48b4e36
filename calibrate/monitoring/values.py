"""The answer of monitoring."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from calibrate import display

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
    _cold: pd.DataFrame = field(repr=False)
    _hot: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row for the level, each tier, each criterion and the score's distribution.

        ``kind`` (level, tier, criterion, score), ``name, n, n_converted``; promised:
        ``n_expected, expected_rate``; observed: ``rate`` with Wilson's interval; ``difference``
        (observed less promised); ``level_rate`` (promised, after the overall shift of level);
        ``p_value`` and ``holm_p_value`` of the difference beyond that shift; share of the leads
        ``reference_share`` when the card was fitted and ``lead_share`` now with
        ``share_p_value`` (Holm over the criteria); ``psi`` of the score; ``note``.
        """
        return self._table.copy()

    @property
    def cold(self) -> pd.DataFrame:
        """Lift table among the leads of the lowest tier: who converts all the same."""
        return self._cold.copy()

    @property
    def hot(self) -> pd.DataFrame:
        """Lift table among the leads of the highest tier: who is lost all the same."""
        return self._hot.copy()

    def _repr_html_(self) -> str:
        return display.html_table(self._table, caption=f"{self.verdict}: {' '.join(self.reasons)}")
