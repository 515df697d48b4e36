"""The answer of a backtest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd

from calibrate import display

__all__ = [
    "CARDS",
    "DIFFERENCE_COLUMNS",
    "MISSED_COLUMNS",
    "POOLED_COLUMNS",
    "TABLE_COLUMNS",
    "Backtest",
]

CARDS = (
    "candidate",
    "dated",
    "current",
    "hand_made",
    "rate",
    "newest",
    "equal",
    "gradient_boosting",
)
TABLE_COLUMNS = (
    "period",
    "card",
    "n",
    "n_converted",
    "auc",
    "auc_ci_lower",
    "auc_ci_upper",
    "ks",
    "average_precision",
    "precision",
    "recall",
    "volume",
    "calibration_slope",
    "calibration_intercept",
    "amount",
    "amount_share",
    "median_days",
)
DIFFERENCE_COLUMNS = (
    "period",
    "card",
    "n",
    "n_converted",
    "difference",
    "standard_error",
    "difference_ci_lower",
    "difference_ci_upper",
    "in_sample",
)
POOLED_COLUMNS = (
    "card",
    "n_periods",
    "n",
    "n_converted",
    "auc",
    "auc_ci_lower",
    "auc_ci_upper",
    "calibration_slope",
    "calibration_slope_ci_lower",
    "calibration_slope_ci_upper",
    "calibration_intercept",
)
MISSED_COLUMNS = ("what", "period", "lead_id", "score", "expected_rate")


@dataclass(frozen=True, eq=False, kw_only=True)
class Backtest:
    """Cards judged on leads they had not seen, beside their rivals on the same leads.

    Attributes
    ----------
    confidence_level : float
    is_walk_forward : bool
        False where the cards were fitted with what was known only after the first day of the
        quarter that they are judged on: no proof that they would have worked.
    waiting : tuple of (str, str)
        Of each quarter that is over and too young: its first day, and the day from which it can
        be judged.
    """

    confidence_level: float
    is_walk_forward: bool = True
    waiting: tuple[tuple[str, str], ...] = ()
    _table: pd.DataFrame = field(repr=False)
    _skipped: pd.DataFrame = field(repr=False)
    _missed: pd.DataFrame = field(repr=False)
    _differences: pd.DataFrame = field(repr=False)
    _pooled: pd.DataFrame = field(repr=False)
    _scores: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a quarter and card.

        ``period, card`` (`CARDS`), ``n, n_converted, auc`` with DeLong's interval (where
        contacts have several leads, they are its clusters), ``ks, average_precision``, then at
        the card's threshold, or else at the candidate's volume, ``precision, recall, volume``
        (leads above it), ``calibration_slope, calibration_intercept``, ``amount`` (won above
        the threshold), ``amount_share`` (of all that the quarter's leads won), ``median_days``
        (from crossing the card's own threshold to the sale, of the customers that did).
        """
        return self._table.copy()

    @property
    def skipped(self) -> pd.DataFrame:
        """Quarters that were not judged: ``period, reason``."""
        return self._skipped.copy()

    @property
    def missed(self) -> pd.DataFrame:
        """The three wins that the candidate scored lowest, the three losses scored highest.

        ``what, period, lead_id, score, expected_rate``.
        """
        return self._missed.copy()

    @property
    def differences(self) -> pd.DataFrame:
        """AUC of the candidate less that of each rival, paired on the same leads.

        ``period`` (``all``: pooled over the quarters not `in_sample`), ``card`` (the rival),
        ``n, n_converted, difference, standard_error, difference_ci_lower,
        difference_ci_upper, in_sample`` (the rival was fitted with knowledge of the quarter).
        """
        return self._differences.copy()

    @property
    def pooled(self) -> pd.DataFrame:
        """One row a card over all quarters that it had not seen.

        ``card, n_periods, n, n_converted, auc`` (of pairs within a quarter) and
        ``calibration_slope`` with intervals, ``calibration_intercept``.
        """
        return self._pooled.copy()

    @property
    def scores(self) -> pd.DataFrame:
        """The candidate's scores of leads that it had not seen, ``period`` by period."""
        return self._scores.copy()

    def with_skipped(self, skipped: pd.DataFrame) -> Backtest:
        """Return the same with another list of quarters that were not judged."""
        return replace(self, _skipped=skipped.copy())

    def _repr_html_(self) -> str:
        shown = ["period", "card", "n", "n_converted", "auc", "auc_ci_lower", "auc_ci_upper"]
        shown += ["precision", "recall", "volume"]
        names = {card: display.wording("cards", card) for card in CARDS}
        table = self._table[shown].assign(card=self._table["card"].replace(names))
        meaning = (
            "AUC: how often a customer has a higher score than somebody who did not buy; 0.5 is "
            "a coin. Precision, recall and volume are those of the leads above the cut."
        )
        skipped = "; ".join(f"{row.period} ({row.reason})" for row in self._skipped.itertuples())
        notes = [meaning, *([f"Not judged: {skipped}."] if skipped else [])]
        caption = "Judged on leads that the cards had not seen"
        if not self.is_walk_forward:
            caption = "Judged on leads left out, not on later ones: this proves less"
        return display.html_table(table, caption=caption, notes=notes)
