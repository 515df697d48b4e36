"""The answer of monitoring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from calibrate import display
from calibrate.errors import NotEnoughDataError
from calibrate.lift import Lift, measure_lift
from calibrate.observation import Observation

__all__ = ["HEALTH_COLUMNS", "TOO_FEW", "TRAITS_CAPTION", "TRAIT_COLUMNS", "Health"]

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
    "per_week",
    "share_p_value",
    "psi",
    "note",
)

TRAIT_COLUMNS = (
    "tier",
    "criterion",
    "n",
    "n_converted",
    "rate",
    "rate_ci_lower",
    "rate_ci_upper",
    "lift",
    "lift_ci_lower",
    "lift_ci_upper",
    "verdict",
)
TOO_FEW = "too few to judge"
TRAITS_CAPTION = "within their tier, these convert more or less often than the rest of it"


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
    _ends: tuple[str, str] = field(default=("", ""), repr=False)
    _measure: Callable[[Observation], Lift] = field(default=measure_lift, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row for the level, each tier, each criterion and the score's distribution.

        ``kind`` (level, tier, criterion, score), ``name, n, n_converted``; promised:
        ``n_expected, expected_rate``; observed: ``rate`` with Wilson's interval (where contacts
        have several leads, at the effective number of leads); ``difference`` (observed less
        promised); ``level_rate`` (promised, after the overall shift of level); ``p_value`` and
        ``holm_p_value`` of the difference beyond that shift; share of the leads
        ``reference_share`` when the card was fitted and ``lead_share`` now with
        ``share_p_value`` (Holm over the criteria); ``per_week``, leads at their landmark a
        week; ``psi`` of the score; ``note``.
        """
        return self._table.copy()

    @cached_property
    def cold(self) -> pd.DataFrame:
        """Lift table among the leads of the lowest tier: who converts all the same.

        Measured when first asked for; empty where there are no tiers or only one outcome.
        """
        return _table_of(self._measure, self._lowest)

    @cached_property
    def hot(self) -> pd.DataFrame:
        """Lift table among the leads of the highest tier: who is lost all the same."""
        return _table_of(self._measure, self._highest)

    @property
    def traits(self) -> pd.DataFrame:
        """What sets the customers with low scores, and the losses with high ones, apart.

        The rows of `cold` and `hot` that raise or lower, with ``tier`` before them:
        ``tier, criterion, n, n_converted, rate, rate_ci_lower, rate_ci_upper, lift,
        lift_ci_lower, lift_ci_upper, verdict``. Where many criteria are looked at, few are
        proven: an empty table says that nothing sets them apart that these leads can show.
        """
        parts = [
            table[table["verdict"].isin(["raises", "lowers"])].assign(tier=tier)
            for tier, table in zip(self._ends, (self.cold, self.hot), strict=True)
            if len(table)
        ]
        found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        return found.reindex(columns=list(TRAIT_COLUMNS))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values, missing ones as None."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "period": self.period,
            "table": display.plain_rows(self._table),
            "traits": display.plain_rows(self.traits),
            "n_traits_looked_at": max(len(self.cold), len(self.hot)),
        }

    def _repr_html_(self) -> str:
        shown = ["kind", "name", "n", "n_expected", "n_converted", "expected_rate", "rate"]
        shown += ["rate_ci_lower", "rate_ci_upper", "note"]
        judged = self._table.loc[self._table["kind"] != "score", shown]
        told = display.html_sentences(f"{self.verdict} ({self.period})", self.reasons)
        told += display.html_table(judged)
        traits = self.traits
        if traits.empty:
            return told
        return told + display.html_table(traits, caption=TRAITS_CAPTION)


def _table_of(measure: Callable[[Observation], Lift], obs: Observation | None) -> pd.DataFrame:
    if obs is None:
        return pd.DataFrame()
    try:
        return measure(obs).table
    except NotEnoughDataError:
        return pd.DataFrame()
