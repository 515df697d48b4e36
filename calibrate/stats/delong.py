"""How sure the area under the ROC curve is: weighted or clustered leads, two scores compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from calibrate.stats.intervals import FloatArray, Interval
from calibrate.stats.ranking import auc, auc_limits, share_below
from calibrate.stats.weighting import cluster_sums

__all__ = [
    "LeadsAUC",
    "PairedDifference",
    "auc_within",
    "leads_auc",
    "leads_auc_interval",
    "paired_auc_difference",
    "standard_error_of",
]


class LeadsAUC(NamedTuple):
    """AUC of a score of leads, and what each lead contributes to its error.

    ``n_converted`` and ``n_not`` are the leads of each outcome that would tell as much if
    they counted once each.
    """

    auc: float
    standard_error: float
    influence: FloatArray
    n_converted: float
    n_not: float


class PairedDifference(NamedTuple):
    """Difference of two AUC on the same leads, its standard error, each lead's part in it."""

    difference: float
    standard_error: float
    influence: FloatArray


def leads_auc(
    score: ArrayLike,
    converted: ArrayLike,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> LeadsAUC:
    """Return the AUC of weighted leads and its standard error.

    Parameters
    ----------
    score : array_like of shape (leads,)
    converted : array_like of bool, shape (leads,)
    weight : array_like of shape (leads,), optional
        Default 1 each; leads without weight count for nothing.
    cluster : array_like of int, shape (leads,), optional
        Leads with the same number, from 0, are not independent (deals of one contact).

    Returns
    -------
    LeadsAUC
        ``standard_error`` and ``influence`` are nan with fewer than two leads (clusters) of an
        outcome.

    Notes
    -----
    With placement ``d_i``, the weighted share of the other outcome's leads that lead i is on
    the right side of (ties one half), and A their mean, the influence of lead i is ``phi_i =
    w_i (d_i - A) / W`` with W the weight of its own outcome, and the variance ``sum_c (sum_i
    phi_i)^2`` over clusters c. Each outcome's part is multiplied by ``m / (m - 1)``, m being
    its leads (or the clusters that hold any): with weights of 1 and no clusters that is
    DeLong's variance. Weights are taken as known.

    References
    ----------
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), Comparing the areas under two
    or more correlated ROC curves, Biometrics 44, 837-845. N. A. Obuchowski (1997),
    Nonparametric analysis of clustered ROC curve data, Biometrics 53, 567-578.

    Examples
    --------
    Placements 1/2 and 1 of the converted, 1 and 1/2 of the others around 3/4: the variance is
    (1/16 + 1/16) / 2 twice.

    >>> found = leads_auc([1, 2, 3, 4], [False, True, False, True])
    >>> found.auc, round(found.standard_error**2, 4)
    (0.75, 0.125)
    """
    won = np.asarray(converted, dtype=bool)
    w = np.ones(len(won)) if weight is None else np.asarray(weight, dtype=np.float64)
    sizes = [_size(w * side, cluster) for side in (won, ~won)]
    area = auc(score, w * won, w * ~won)
    n_units = np.array([_n_units(w, side, cluster) for side in (won, ~won)])
    if n_units.min() < 2:
        unknown = float("nan")
        return LeadsAUC(area, unknown, np.full(len(won), unknown), *sizes)
    total = np.array([w @ won, w @ ~won])
    scale = np.sqrt(n_units / (n_units - 1)) / total
    gap = _placements(np.asarray(score, dtype=np.float64), won, w) - area
    influence = w * gap * np.where(won, scale[0], scale[1])
    return LeadsAUC(area, standard_error_of(influence, cluster), influence, *sizes)


def auc_within(
    score: ArrayLike,
    converted: ArrayLike,
    weight: ArrayLike,
    cell: ArrayLike,
    cluster: ArrayLike | None = None,
) -> LeadsAUC:
    """Return the AUC over pairs of leads that belong to the same cell.

    Scores that different models gave are not comparable: those of a cross-validation are
    compared within the fold, those at several landmarks within the landmark.

    Parameters
    ----------
    score : array_like of shape (leads,)
    converted : array_like of bool, shape (leads,)
    weight : array_like of shape (leads,)
        Leads without weight count for nothing.
    cell : array_like of int, shape (leads,)
        Numbered from 0. A cell with fewer than two leads (clusters) of an outcome is left out.
    cluster : array_like of int, shape (leads,), optional
        As for `leads_auc`; a cluster may lie in several cells.

    Returns
    -------
    LeadsAUC
        All nan where no cell has both outcomes.

    Notes
    -----
    Cells count by their weight in pairs, ``s_c = W1_c W0_c / sum of W1 W0``: ``AUC = sum s_c
    AUC_c``, and a lead's influence is ``s_c`` times that on its cell's AUC.

    References
    ----------
    E. LeDell, M. Petersen and M. van der Laan (2015), Computationally efficient confidence
    intervals for cross-validated area under the ROC curve estimates, Electronic Journal of
    Statistics 9, 1583-1607.

    Examples
    --------
    Two cells of two against two leads: AUC 3/4 and 1, whatever the level of their scores.

    >>> score = [1, 2, 3, 4, 11, 12, 13, 14]
    >>> converted = [False, True, False, True, False, False, True, True]
    >>> auc_within(score, converted, [1] * 8, [0] * 4 + [1] * 4).auc
    0.875
    """
    won, w = np.asarray(converted, dtype=bool), np.asarray(weight, dtype=np.float64)
    cells = np.asarray(cell, dtype=np.intp)
    code, values = pd.factorize(np.asarray(score, dtype=np.float64), sort=True)
    shape = int(cells.max(initial=-1)) + 1, len(values)
    place = cells * shape[1] + code
    hits, others = (
        np.bincount(place, w * side, shape[0] * shape[1]).astype(np.float64).reshape(shape)
        for side in (won, ~won)
    )
    units = np.array([_units_within(w, side, cells, cluster, shape[0]) for side in (won, ~won)])
    weights = np.array([hits.sum(axis=1), others.sum(axis=1)])
    told = units.min(axis=0) >= 2
    pairs = np.where(told, weights[0] * weights[1], 0.0)
    if not pairs.sum() > 0:
        unknown = float("nan")
        return LeadsAUC(unknown, unknown, np.full(len(won), unknown), 0.0, 0.0)
    share = pairs / pairs.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        above = np.where(told[:, None], _share_below_each(others), 0.0)
        below = np.where(told[:, None], 1 - _share_below_each(hits), 0.0)
        areas = np.where(told, (hits * above).sum(axis=1) / weights[0], 0.0)
        scale = np.where(told, share * np.sqrt(units / (units - 1)) / weights, 0.0)
    gap = np.where(won, above.ravel()[place], below.ravel()[place]) - areas[cells]
    influence = w * gap * np.where(won, scale[0][cells], scale[1][cells])
    sizes = [_size(w * (side & told[cells]), cluster) for side in (won, ~won)]
    error = standard_error_of(influence, cluster)
    return LeadsAUC(float(share @ areas), error, influence, *sizes)


def leads_auc_interval(found: LeadsAUC, *, confidence_level: float = 0.95) -> Interval:
    """Return the interval of the AUC of weighted or clustered leads.

    Examples
    --------
    Weights of 1: DeLong's interval.

    >>> found = leads_auc([1, 1, 2, 2, 3], [False, True, False, True, True])
    >>> leads_auc_interval(found).lower == found.auc - 1.959963984540054 * found.standard_error
    np.True_
    """
    n = (found.n_converted, found.n_not)
    return auc_limits(found.auc, found.standard_error, n, confidence_level=confidence_level)


def paired_auc_difference(
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    converted: ArrayLike,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> PairedDifference:
    """Compare the AUC of two scores of the same leads.

    Parameters
    ----------
    scores_a, scores_b : array_like of shape (leads,)
        The two scores of each lead.
    converted, weight, cluster
        As for `leads_auc`.

    Returns
    -------
    PairedDifference
        ``AUC(a) - AUC(b)`` and its standard error; nan with fewer than two leads (clusters)
        of an outcome.

    Notes
    -----
    The influence of a lead on the difference is the difference of its influences; without
    weights and clusters the standard error is DeLong's.

    References
    ----------
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), Biometrics 44, 837-845.

    Examples
    --------
    >>> paired_auc_difference([1, 2, 3, 4], [1, 3, 2, 4], [False, True, False, True]).difference
    -0.25
    """
    one, two = (leads_auc(scores, converted, weight, cluster) for scores in (scores_a, scores_b))
    influence = one.influence - two.influence
    error = standard_error_of(influence, cluster)
    difference = one.auc - two.auc if np.isfinite(error) else float("nan")
    return PairedDifference(difference, error, influence)


def standard_error_of(influence: FloatArray, cluster: ArrayLike | None = None) -> float:
    """Return the standard error of an estimate from what each lead contributes to it.

    Examples
    --------
    >>> standard_error_of(np.array([3.0, -4.0])), standard_error_of(np.array([3.0, 1.0]), [0, 0])
    (5.0, 4.0)
    """
    parts = cluster_sums(influence, cluster)
    return float(np.sqrt(parts @ parts))


def _placements(score: FloatArray, won: NDArray[np.bool_], w: FloatArray) -> FloatArray:
    """Return the share of the other outcome's leads that each lead is on the right side of."""
    values, cell = np.unique(score, return_inverse=True)
    hits = np.bincount(cell, w * won, len(values)).astype(np.float64)
    others = np.bincount(cell, w * ~won, len(values)).astype(np.float64)
    above, below = share_below(others), share_below(hits[::-1])[::-1]
    return np.where(won, above[cell], below[cell])


def _share_below_each(counts: FloatArray) -> FloatArray:
    """Return in each row what `share_below` does."""
    return np.asarray((np.cumsum(counts, axis=1) - counts / 2) / counts.sum(axis=1)[:, None])


def _units_within(
    w: FloatArray,
    side: NDArray[np.bool_],
    cells: NDArray[np.intp],
    cluster: ArrayLike | None,
    n_cells: int,
) -> FloatArray:
    """Count in each cell the leads, or clusters, of a side that weigh something."""
    present = side & (w > 0)
    if cluster is None:
        return np.bincount(cells[present], minlength=n_cells).astype(np.float64)
    number = np.asarray(cluster, dtype=np.intp)[present]
    both = np.unique(np.column_stack([cells[present], number]), axis=0)
    return np.bincount(both[:, 0], minlength=n_cells).astype(np.float64)


def _n_units(w: FloatArray, side: NDArray[np.bool_], cluster: ArrayLike | None) -> float:
    present = side & (w > 0)
    if cluster is None:
        return float(present.sum())
    return float(np.count_nonzero(np.bincount(np.asarray(cluster, dtype=np.intp)[present])))


def _size(w: FloatArray, cluster: ArrayLike | None) -> float:
    sums = cluster_sums(w, cluster)
    square = float(sums @ sums)
    return float(sums.sum()) ** 2 / square if square > 0 else 0.0
