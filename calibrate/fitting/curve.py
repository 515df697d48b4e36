"""What a score is worth: the expected conversion rate of each score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from calibrate.observation import Sample
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.logistic import fit_logistic

__all__ = ["expected_rates"]

SCORES = np.arange(101)
MIN_SLOPE = 1e-4  # log odds over the whole scale: keeps the curve strictly increasing


def expected_rates(
    score: NDArray[np.int64],
    sample: Sample,
    *,
    shrinkage: float = 1.0,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Return the conversion rate expected at each score.

    Parameters
    ----------
    score : ndarray of int, shape (leads,)
    sample : Sample
        The leads, with outcome and weight.
    shrinkage : float
        Share of the slope to keep where the score was made from these same leads.
    confidence_level : float

    Returns
    -------
    DataFrame
        ``score`` 0 to 100, ``rate``, ``rate_ci_lower``, ``rate_ci_upper``. Strictly
        increasing in the score; beyond the scores that occur, by next to nothing.

    Notes
    -----
    Logistic regression of the outcome on the score (Firth's penalty), its slope times
    `shrinkage` and its intercept such that the mean rate stays, with Wald intervals of the
    log odds at each score (of the sandwich, where leads are weighted or clustered).
    """
    known = sample.weight > 0
    score, sample = score[known], sample.rows(known)
    weight = sample.effective_weight
    n = np.bincount(score, weight, minlength=101)
    n_converted = np.bincount(score, weight * sample.converted, minlength=101)
    occurred = np.flatnonzero(n)
    x = np.clip(SCORES, occurred[0], occurred[-1]) / 100
    if len(occurred) < 2:
        slope, error = 0.0, _single_error(sample.rate, float(n.sum()))
    else:
        units = None if sample.is_plain else sample.units(np.searchsorted(occurred, score))
        at = (SCORES[occurred] / 100)[:, None]
        fit = fit_logistic(at, n_converted[occurred], n[occurred], units=units)
        slope = max(shrinkage * float(fit.coefficients[0]), 0.0)
        Z = np.column_stack([np.ones(101), x])
        error = np.sqrt(np.einsum("ij,jk,ik->i", Z, fit.covariance, Z))
    rising = slope * x + MIN_SLOPE * SCORES / 100
    level = fit_logistic(np.zeros((101, 0)), n_converted, n, firth=False, offset=rising)
    margin = normal_quantile(confidence_level) * error
    log_odds = level.intercept + rising
    return _table(*(expit(log_odds + shift) for shift in (0, -margin, margin)))


def _single_error(rate: float, n: float) -> NDArray[np.float64]:
    return np.full(101, 1 / np.sqrt(n * rate * (1 - rate)))


def _table(
    rate: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> pd.DataFrame:
    return pd.DataFrame(
        {"score": SCORES, "rate": rate, "rate_ci_lower": lower, "rate_ci_upper": upper}
    )
