"""Whether the leads themselves have changed: score distribution and criteria."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibrate.stats.drift import homogeneity_test, psi
from calibrate.stats.significance import holm, score_test
from calibrate.stats.weighting import weighted_rate

__all__ = ["ScoreDrift", "effective_counts", "score_drift", "share_tests"]

Floats = NDArray[np.float64]
Clusters = NDArray[np.intp] | None
N_BINS = 10


class ScoreDrift(NamedTuple):
    """Population stability index of the score, and the chi-square p value."""

    psi: float
    p_value: float


def effective_counts(member: NDArray[np.bool_], cluster: Clusters) -> tuple[Floats, Floats]:
    """Return for each column the members, and the leads, that would tell as much alone.

    Parameters
    ----------
    member : ndarray of bool, shape (n_leads, n_columns)
    cluster : ndarray of int, shape (n_leads,), or None
        Leads with the same number, from 0, are not independent. None: the counts.

    Examples
    --------
    Two leads of each contact, alike in everything, tell as much as one.

    >>> met, n = effective_counts(np.array([[1], [1], [0], [0]], bool), np.array([0, 0, 1, 1]))
    >>> met.tolist(), n.tolist()
    ([1.0], [2.0])
    """
    met, everyone = member.sum(axis=0).astype(float), float(len(member))
    if cluster is None:
        return met, np.full(len(met), everyone)
    once = np.ones(len(member))
    n = np.array([weighted_rate(column, once, cluster).n_effective for column in member.T])
    return met / everyone * n, n


def score_drift(
    reference: Floats,
    now: Floats,
    *,
    reference_cluster: Clusters = None,
    cluster: Clusters = None,
) -> ScoreDrift:
    """Compare two score distributions over ten bins of the reference.

    Parameters
    ----------
    reference, now : ndarray
        Scores of the leads the card was fitted on, and of those judged.
    reference_cluster, cluster : ndarray of int, optional
        Leads with the same number, from 0, are not independent (deals of one contact).

    Notes
    -----
    The bins are cut at the deciles of the reference; equal deciles make one bin, so that a
    score with few values has fewer. Of clustered leads the chi-square test takes the counts
    divided by their mean design effect over the bins.

    References
    ----------
    J. N. K. Rao and A. J. Scott (1981), The analysis of categorical data from complex sample
    surveys, JASA 76, 221-230 (first-order correction).

    Examples
    --------
    >>> score_drift(np.arange(100.0), np.arange(100.0))
    ScoreDrift(psi=0.0, p_value=1.0)
    """
    edges = np.unique(np.quantile(reference, np.arange(1, N_BINS) / N_BINS, method="inverted_cdf"))
    bins = [np.searchsorted(edges, scores) for scores in (reference, now)]
    then, here = (np.bincount(part, minlength=len(edges) + 1).astype(float) for part in bins)
    effects = (
        _design_effect(part, len(then), clusters)
        for part, clusters in zip(bins, (reference_cluster, cluster), strict=True)
    )
    p_value = homogeneity_test(then / next(effects), here / next(effects))
    return ScoreDrift(float(psi(then, here)), float(p_value))


def _design_effect(bins: NDArray[np.intp], n_bins: int, cluster: Clusters) -> float:
    """Return the mean factor of the variances of the bins' shares, at least 1."""
    if cluster is None or n_bins < 2:
        return 1.0
    met, n = effective_counts(bins[:, None] == np.arange(n_bins)[None, :], cluster)
    return max(1.0, float((1 - met / n) @ (len(bins) / n)) / (n_bins - 1))


def share_tests(
    n_then: Floats, all_then: Floats | float, n_now: Floats, all_now: Floats | float
) -> Floats:
    """Return Holm's p value for each criterion: is it met by another share of leads than then.

    Parameters
    ----------
    n_then, n_now : ndarray
        Leads that met each criterion.
    all_then, all_now : float or ndarray
        All leads (`effective_counts`).

    Examples
    --------
    >>> share_tests(np.array([50.0]), 100, np.array([5.0]), 10)
    array([1.])
    """
    p_values = score_test(n_now, all_now, n_then, all_then)
    adjusted: Floats = np.atleast_1d(np.asarray(holm(np.atleast_1d(p_values)), dtype=float))
    return adjusted
