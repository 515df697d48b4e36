"""Conversion rates of the leads that are judged, and of any part of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.display import format_interval
from calibrate.guards.finding import number, percent, points
from calibrate.observation import Observation
from calibrate.stats.intervals import newcombe, wilson
from calibrate.stats.significance import mid_p_fisher
from calibrate.stats.weighting import weighted_rate

__all__ = ["Against", "GroupRate", "Judged", "judged"]


@dataclass(frozen=True, kw_only=True)
class GroupRate:
    """Conversion rate of a group of leads, with its 95 % interval.

    Attributes
    ----------
    n, n_converted : int
        Raw counts.
    rate, rate_ci_lower, rate_ci_upper : float
        Weighted where the leads are; Wilson's interval at `n_effective` leads.
    n_effective : float
        Leads that would tell as much without weights.
    """

    n: int
    n_converted: int
    rate: float
    rate_ci_lower: float
    rate_ci_upper: float
    n_effective: float

    @property
    def hits(self) -> float:
        """Effective conversions."""
        return self.rate * self.n_effective

    def words(self) -> str:
        """Say the rate, its interval and how many leads it rests on."""
        interval = format_interval("rate", self.rate_ci_lower, self.rate_ci_upper)
        return f"{percent(self.rate)} ({interval}, n = {number(self.n)})"


@dataclass(frozen=True, kw_only=True)
class Against:
    """Difference of a group's rate from the control rate, in the unit of rates."""

    n: int
    difference: float
    lower: float
    upper: float

    def words(self) -> str:
        """Say the difference, its interval and how many leads it rests on."""
        return (
            f"{points(self.difference)} (95% interval {points(self.lower)} to "
            f"{points(self.upper)}, n = {number(self.n)})"
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """The leads of an observation whose outcome counts.

    Attributes
    ----------
    rows : ndarray of int
        Their places in ``Observation.table``.
    converted : ndarray of bool
    weight : ndarray of float
        As in ``Observation.at_landmark``.
    cluster : ndarray of int or None
        Number of each lead's contact, where contacts have several leads.
    """

    rows: NDArray[np.intp]
    converted: NDArray[np.bool_]
    weight: NDArray[np.float64]
    cluster: NDArray[np.intp] | None

    def rate(self, chosen: NDArray[np.bool_]) -> GroupRate:
        """Return the rate of some of these leads."""
        cluster = None if self.cluster is None else self.cluster[chosen]
        converted = self.converted[chosen]
        found = weighted_rate(converted, self.weight[chosen], cluster)
        interval = wilson(found.rate * found.n_effective, found.n_effective)
        return GroupRate(
            n=len(converted),
            n_converted=int(converted.sum()),
            rate=found.rate,
            rate_ci_lower=float(interval.lower),
            rate_ci_upper=float(interval.upper),
            n_effective=found.n_effective,
        )

    def against_control(self, chosen: NDArray[np.bool_]) -> Against:
        """Return the rate of some minus that of all, with its 95 % interval.

        Notes
        -----
        ``(1 - s)(p1 - p2)``, s the (weighted) share of the chosen, with Newcombe's interval
        of ``p1 - p2`` at the effective counts: see `calibrate.stats.intervals`.
        """
        one, two = self.rate(chosen), self.rate(~chosen)
        if two.n == 0:
            return Against(n=one.n, difference=0.0, lower=0.0, upper=0.0)
        gap = newcombe(one.hits, one.n_effective, two.hits, two.n_effective)
        rest = float(self.weight[~chosen].sum() / self.weight.sum())
        return Against(
            n=one.n,
            difference=rest * (one.rate - two.rate),
            lower=rest * float(gap.lower),
            upper=rest * float(gap.upper),
        )

    def p_value(self, chosen: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
        """Return the two-sided p of equal rates of two parts (mid-p Fisher)."""
        one, two = self.rate(chosen), self.rate(others)
        return float(mid_p_fisher(one.hits, one.n_effective, two.hits, two.n_effective))


def judged(obs: Observation) -> Judged:
    """Return the leads of an observation that rates rest on."""
    rows, cluster = np.flatnonzero(obs.is_judged), None
    leads = obs.rows[["converted", "weight"]].iloc[rows]
    if obs.clusters is not None:
        cluster = pd.factorize(obs.cluster_keys.iloc[rows])[0].astype(np.intp)
    return Judged(
        rows=rows,
        converted=leads["converted"].to_numpy(dtype=bool, na_value=False),
        weight=leads["weight"].to_numpy(dtype=np.float64),
        cluster=cluster,
    )
