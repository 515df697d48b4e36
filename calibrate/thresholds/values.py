"""The answer: a threshold, its uncertainty, and what each cut would catch."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from calibrate.display import format_value, html_table
from calibrate.thresholds.arrivals import Arrivals

__all__ = ["Thresholds"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Thresholds:
    """Where to cut, why there, how sure that is, and what each cut would catch.

    Attributes
    ----------
    objective : str
        The objective used.
    threshold : int
        The chosen cut: leads with this score or more are ``hot``.
    threshold_ci_lower, threshold_ci_upper : int
        The cuts chosen in `confidence_level` of the resamples.
    plateau : tuple of int
        Lowest and highest cut of the unbroken run around the choice whose objective lies
        within 1 % of the objective's range of the best: moving inside it costs nothing.
    separates : bool
        Whether the score ranks better than chance. If not, there is one tier, ``cold``.
    message : str
        What was chosen and by which objective, in words.
    tiers : tuple of (str, int)
        Name and lowest score of each tier, highest first.
    weeks : float
        Weeks over which the leads arrived (nan if unknown).
    n, n_converted : int
        Leads as counted, those too young to be judged included, and those of them that converted
        so far.
    confidence_level : float
        Level of every interval.
    arrivals : Arrivals
        Leads a week that reach the cut, over the whole time and of late, beside the capacity.
    """

    objective: str
    threshold: int
    threshold_ci_lower: int
    threshold_ci_upper: int
    plateau: tuple[int, int]
    separates: bool
    message: str
    tiers: tuple[tuple[str, int], ...]
    weeks: float
    n: int
    n_converted: int
    confidence_level: float
    arrivals: Arrivals
    _table: pd.DataFrame = field(repr=False)
    _tier_table: pd.DataFrame = field(repr=False)
    _history: pd.DataFrame = field(repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a cut that occurs, lowest first.

        ``threshold``; of the leads at or above it ``n``, ``n_converted`` (as counted),
        ``n_effective``, ``rate`` (with Wilson's interval at so many leads), ``lead_share`` (of
        all leads), ``recall`` (with Wilson's interval, as ``recall_ci_lower`` and
        ``recall_ci_upper``), ``precision`` (the same as ``rate``), ``missed`` (conversions
        below, as counted), ``leads_per_week`` and ``recent_leads_per_week`` (of the latest four
        weeks, as counted), ``converted_per_week`` and ``missed_per_week`` (conversions a week at
        or above, and below), ``amount`` (won), ``expected_value`` and ``objective_value`` (nan
        where the objective does not allow the cut). Where leads are
        weighted, all but the counts is of the leads that they stand for, those still too
        young to be judged included.
        """
        return self._table.copy()

    @property
    def tier_table(self) -> pd.DataFrame:
        """One row a tier, highest first.

        ``tier, at_least, n, n_converted, n_effective, rate, rate_ci_lower, rate_ci_upper``,
        and the shares of all leads and of all conversions in it: ``lead_share,
        converted_share``.
        """
        return self._tier_table.copy()

    @property
    def history(self) -> pd.DataFrame:
        """Scores that customers had at the landmark beside those of the others.

        ``outcome`` (converted, not converted), ``n`` (as counted), and of their scores, with
        their weights, ``mean, p10, p25, median, p75, p90``.
        """
        return self._history.copy()

    def _repr_html_(self) -> str:
        shown = ["tier", "at_least", "n", "n_converted", "rate", "rate_ci_lower", "rate_ci_upper"]
        shown += ["lead_share", "converted_share", "confidence_level"]
        low, high = self.plateau
        tiers = self._tier_table.assign(confidence_level=self.confidence_level)
        notes = [f"Any cut from {low} to {high} does practically as well."] if low < high else []
        level = format_value("confidence_level", self.confidence_level).replace(".0%", "%")
        if self.separates:
            lower, upper = self.threshold_ci_lower, self.threshold_ci_upper
            where = f"lies between {lower} and {upper}" if lower < upper else f"stays at {lower}"
            again = f"Chosen again on other samples of these leads, the cut {where}"
            notes.append(f"{again} ({level} of the time).")
        return html_table(tiers[shown], caption=self.message, notes=notes)
