"""Whether the leads themselves have changed: score distribution and criteria."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibrate.stats.drift import homogeneity_test, psi
from calibrate.stats.significance import holm, score_test

__all__ = ["ScoreDrift", "score_drift", "share_tests"]

Floats = NDArray[np.float64]
N_BINS = 10


class ScoreDrift(NamedTuple):
    """Population stability index of the score, and the chi-square p value."""

    psi: float
    p_value: float


def score_drift(reference: Floats, now: Floats) -> ScoreDrift:
    """Compare two score distributions over ten bins of the reference.

    Parameters
    ----------
    reference, now : ndarray
        Scores of the leads the card was fitted on, and of those judged.

    Notes
    -----
    The bins are cut at the deciles of the reference; equal deciles make one bin, so that a
    score with few values has fewer.

    Examples
    --------
    >>> score_drift(np.arange(100.0), np.arange(100.0))
    ScoreDrift(psi=0.0, p_value=1.0)
    """
    edges = np.unique(np.quantile(reference, np.arange(1, N_BINS) / N_BINS, method="inverted_cdf"))
    then, here = (
        np.bincount(np.searchsorted(edges, scores), minlength=len(edges) + 1).astype(float)
        for scores in (reference, now)
    )
    return ScoreDrift(float(psi(then, here)), float(homogeneity_test(then, here)))


def share_tests(n_then: Floats, all_then: float, n_now: Floats, all_now: float) -> Floats:
    """Return Holm's p value for each criterion: is it met by another share of leads than then.

    Parameters
    ----------
    n_then, n_now : ndarray
        Leads that met each criterion.
    all_then, all_now : float
        All leads.

    Examples
    --------
    >>> share_tests(np.array([50.0]), 100, np.array([5.0]), 10)
    array([1.])
    """
    p_values = score_test(
        n_now, np.full_like(n_now, all_now), n_then, np.full_like(n_then, all_then)
    )
    adjusted: Floats = np.atleast_1d(np.asarray(holm(np.atleast_1d(p_values)), dtype=float))
    return adjusted
