"""The leads that statistics rest on, as arrays: criteria met, outcome, weight, cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.criteria import Criterion
from calibrate.errors import NotEnoughDataError
from calibrate.observation.alike import Met, is_worth_counting, kinds_of, met_by
from calibrate.observation.flags import packed_flags_of
from calibrate.observation.followup import MIN_FOLLOWED, weights_given
from calibrate.stats.logistic import LogisticFit, Units, fit_logistic
from calibrate.stats.packed import PackedFlags
from calibrate.stats.patterns import met_counts, unique_patterns
from calibrate.stats.weighting import weighted_rate

if TYPE_CHECKING:
    from calibrate.observation.observation import Observation

__all__ = ["Grouped", "Sample", "require_follow_up", "sample_of"]

Floats = NDArray[np.float64]
_MOST_FLAGS = 1 << 28  # not packed
_COLUMNS = ("snapshot", "converted", "mature")


class Grouped(NamedTuple):
    """Leads grouped by the criteria they meet, for a logistic regression.

    ``design`` (patterns x columns) has the criteria and, where leads are seen at several
    landmarks, a column for each landmark but the first. ``n`` and ``n_converted`` are sums of
    effective weights. ``units`` are the leads behind them; None where counts say it all.
    """

    design: NDArray[np.bool_]
    n_converted: Floats
    n: Floats
    units: Units | None

    def fit(self) -> LogisticFit:
        """Fit all columns jointly, with Firth's penalty."""
        return fit_logistic(self.design, self.n_converted, self.n, units=self.units)


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """Criteria met and outcome, one row a lead (and landmark).

    Attributes
    ----------
    criteria : tuple of Criterion
    flags : ndarray of bool, shape (leads, criteria)
    converted : ndarray of float, shape (leads,)
    weight : ndarray of float, shape (leads,)
        1 where all leads are mature; 0 where the outcome is not known yet.
    keys : ndarray of uint64, shape (leads,)
        Equal for leads that must be drawn together: those of one hash bucket of contacts
        where contacts have several leads, else one key a lead, made from its id.
    cluster : ndarray of int, shape (leads,), or None
        The contact (or, at several landmarks, the lead) of each row, numbered; None where
        every row stands for itself.
    stratum : ndarray of int, shape (leads,), or None
        Which of several landmarks, numbered from 0.
    n_strata : int
        How many landmarks.
    labels : ndarray of int, shape (leads,), or None
        Rows of ``obs.table``.
    mature : ndarray of bool, shape (leads,), or None
        Watched up to the horizon; None where all are.
    packed : PackedFlags or None
        The flags, where they would take too much memory: `flags` has no rows then, and `patterns`,
        `grouped` and `units` cannot be asked for.
    """

    criteria: tuple[Criterion, ...]
    flags: NDArray[np.bool_]
    converted: Floats
    weight: Floats
    keys: NDArray[np.uint64]
    cluster: NDArray[np.intp] | None = None
    stratum: NDArray[np.intp] | None = None
    n_strata: int = 1
    labels: NDArray[np.intp] | None = None
    mature: NDArray[np.bool_] | None = None
    packed: PackedFlags | None = None

    def rows(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> Sample:
        """Return the sample of some leads, by mask or by row (repeated where drawn again)."""
        return replace(
            self,
            flags=self.flags[mask] if self.packed is None else self.flags,
            packed=None if self.packed is None else self.packed.rows(mask),
            converted=self.converted[mask],
            weight=self.weight[mask],
            keys=self.keys[mask],
            cluster=None if self.cluster is None else self.cluster[mask],
            stratum=None if self.stratum is None else self.stratum[mask],
            labels=None if self.labels is None else self.labels[mask],
            mature=None if self.mature is None else self.mature[mask],
        )

    def weighted_by(self, copies: Floats) -> Sample:
        """Return the sample in which each row counts so many times."""
        return replace(self, weight=self.weight * copies)

    def columns(self, positions: Sequence[int]) -> Sample:
        """Return the sample with some criteria."""
        criteria = tuple(self.criteria[i] for i in positions)
        if self.packed is not None:
            met = [self.packed.column(i) for i in positions]
            flags = np.array(met, dtype=np.bool_).reshape(len(met), self.n).T
            return replace(self, criteria=criteria, flags=flags, packed=None)
        return replace(self, criteria=criteria, flags=self.flags[:, list(positions)])

    @property
    def n(self) -> int:
        """Rows, as counted."""
        return len(self.converted)

    @property
    def n_converted(self) -> int:
        """Those of them that converted so far, as counted."""
        return int(self.converted.sum())

    @cached_property
    def is_plain(self) -> bool:
        """Whether every row is one independent lead that counts once."""
        return self.cluster is None and self.stratum is None and bool((self.weight == 1).all())

    @cached_property
    def rate(self) -> float:
        """Weighted conversion rate of all rows."""
        return float(self.weight @ self.converted / self.weight.sum())

    @cached_property
    def met(self) -> Met:
        """Sums over the rows that meet each criterion, of columns made of weight and outcome."""
        flags = self.flags if self.packed is None else self.packed
        if self.cluster is not None or not is_worth_counting(flags):
            return met_by(flags, None)
        return met_by(flags, kinds_of(self.weight, self.converted, self.stratum))

    @cached_property
    def followed(self) -> tuple[Floats, Floats]:
        """Share of the leads with, and without, each criterion that was watched to the horizon."""
        flags = self.flags if self.packed is None else self.packed
        met = met_counts(flags)
        if self.mature is None:
            return np.ones(len(met)), np.ones(len(met))
        inside = met_counts(flags, np.flatnonzero(self.mature))
        outside = self.mature.sum() - inside
        return inside / np.maximum(met, 1), outside / np.maximum(self.n - met, 1)

    @cached_property
    def expected(self) -> Floats:
        """Weighted conversion rate of each row's landmark, shape (leads,)."""
        if self.stratum is None:
            return np.full(self.n, self.rate)
        total = np.bincount(self.stratum, self.weight)
        won = np.bincount(self.stratum, self.weight * self.converted)
        rates = np.divide(won, total, out=np.zeros_like(won), where=total > 0)
        return np.asarray(rates[self.stratum])

    @cached_property
    def effective_weight(self) -> Floats:
        """Weights that add up to the effective number of leads, shape (leads,).

        So scaled, they can stand in formulas made for counts; without weights and clusters
        they are 1.
        """
        if self.is_plain:
            return self.weight
        size = weighted_rate(self.converted, self.weight, self.cluster).n_effective
        return np.asarray(self.weight * (size / self.weight.sum()))

    @cached_property
    def strata_flags(self) -> NDArray[np.bool_]:
        """One column a landmark but the first, shape (leads, landmarks - 1)."""
        if self.stratum is None:
            return np.zeros((self.n, 0), dtype=bool)
        return np.asarray(self.stratum[:, None] == np.arange(1, self.n_strata)[None, :])

    def patterns(self) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Return the distinct rows of criteria and landmarks, and which of them each row is."""
        if self.stratum is None:
            return unique_patterns(self.flags)
        return unique_patterns(np.column_stack([self.flags, self.strata_flags]))

    def grouped(self) -> Grouped:
        """Group the rows by criteria (and landmark) for a logistic regression."""
        known = self.weight > 0
        if not known.all():
            return self.rows(known).grouped()
        design, pattern = self.patterns()
        weight = self.effective_weight
        return Grouped(
            design=design,
            n_converted=np.bincount(pattern, weight * self.converted).astype(float),
            n=np.bincount(pattern, weight).astype(float),
            units=None if self.is_plain else self.units(pattern),
        )

    def units(self, pattern: NDArray[np.intp]) -> Units:
        """Return the leads behind counts, of which each belongs to a row of a design."""
        return Units(pattern, self.converted, self.effective_weight, self.cluster)


def sample_of(obs: Observation, criteria: Sequence[Criterion], *, pack: bool = False) -> Sample:
    """Return the leads of an observation that are compared at their landmark.

    Their weights are those given the criteria (`followup.weights_given`). With `pack`, flags that
    would take more than 256 MB are packed, where no lead belongs to a cluster.

    Raises
    ------
    NotEnoughDataError
        If under 10 % of the leads have been watched up to the horizon.
    """
    require_follow_up(obs)
    wanted = [name for name in _COLUMNS if name in obs.rows]
    leads, keys = _in_order(obs.rows[wanted][obs.is_compared], obs.lead_hashes)
    rows = leads.index.to_numpy()
    cluster = None
    if obs.clusters is not None:
        cluster = pd.factorize(obs.cluster_keys.loc[rows])[0].astype(np.intp)
        keys = obs.clusters[rows].astype(np.uint64)
    stratum, n_strata = None, 1
    if obs.parts:
        codes, landmarks = pd.factorize(leads["snapshot"], sort=True)
        stratum, n_strata = codes.astype(np.intp), len(landmarks)
    packed: PackedFlags | None = None
    if pack and cluster is None and len(obs.rows) * len(criteria) > _MOST_FLAGS:
        packed = packed_flags_of(obs, criteria)
        weight, flags = weights_given(obs, packed), np.zeros((0, len(criteria)), dtype=np.bool_)
        packed = packed.rows(rows)
    else:
        flags = obs.flags(criteria)
        weight, flags = weights_given(obs, flags), flags[rows]
    return Sample(
        criteria=tuple(criteria),
        flags=flags,
        packed=packed,
        converted=np.asarray(leads["converted"], dtype=float),
        weight=weight[rows],
        keys=keys,
        cluster=cluster,
        stratum=stratum,
        n_strata=n_strata,
        labels=rows,
        mature=None if leads["mature"].all() else leads["mature"].to_numpy(dtype=bool),
    )


def _in_order(
    leads: pd.DataFrame, hashes: NDArray[np.uint64]
) -> tuple[pd.DataFrame, NDArray[np.uint64]]:
    """Return the leads in an order that does not depend on that of the file, and their keys."""
    keys = hashes[leads.index.to_numpy()]
    by = [keys]
    if "snapshot" in leads:
        by.insert(0, leads["snapshot"].to_numpy(dtype=float))
    order = np.lexsort(by)
    return leads.iloc[order], keys[order]


def require_follow_up(obs: Observation) -> None:
    """Refuse weights where hardly any lead has been watched up to the horizon.

    Raises
    ------
    NotEnoughDataError
        If under 10 % have; it names the longest horizon that 10 % have been watched for.
    """
    rows = obs.rows
    if obs.maturity != "weight" or obs.history.is_wide or rows.empty:
        return
    followed = float(rows["mature"].mean())
    if followed >= MIN_FOLLOWED:
        return
    days = obs.horizon.total_seconds() / 86_400
    longest = int(obs.longest_followed(MIN_FOLLOWED))
    raise NotEnoughDataError(
        f"only {followed:.1%} of the leads of {obs.period.label} have been watched for the "
        f"horizon of {days:g} days, and nothing is extrapolated; take an earlier period or a "
        f'horizon of at most {longest} days (or maturity = "drop")'
    )
