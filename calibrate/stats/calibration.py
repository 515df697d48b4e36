"""Whether promised rates came true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibrate.stats.intervals import FloatArray, Interval
from calibrate.stats.logistic import Units, fit_logistic, wald_interval

__all__ = ["CalibrationSlope", "calibration_slope"]


class CalibrationSlope(NamedTuple):
    """Slope and intercept of outcomes on promised log-odds, and the slope's interval."""

    slope: float
    intercept: float
    slope_interval: Interval


def calibration_slope(
    log_odds: ArrayLike,
    n_converted: ArrayLike,
    n: ArrayLike,
    *,
    units: Units | None = None,
    confidence_level: float = 0.95,
) -> CalibrationSlope:
    """Regress outcomes on the log-odds of the promised rates.

    Parameters
    ----------
    log_odds : array_like
        Log-odds of the promised rates, finite.
    n_converted, n : array_like
        Conversions and leads (or their weights) at each.
    units : Units, optional
        The leads behind these sums, where they are weighted or clustered: the interval then
        comes from the sandwich covariance, which does not take weights for copies of leads.
    confidence_level : float
        Nominal coverage of the slope's interval.

    Returns
    -------
    CalibrationSlope
        Slope 1 and intercept 0 are promises kept; a slope below 1 says that promises were
        too extreme, above 1 too timid. All ``nan`` where there is but one promise, only one
        outcome, or a cut that separates the outcomes (the slope would be infinite).

    Notes
    -----
    Maximum likelihood of ``logit P(converted) = a + b log_odds``, Wald interval.

    References
    ----------
    D. R. Cox (1958), Two further applications of a model for binary regression, Biometrika
    45, 562-565. H. White (1982), Maximum likelihood estimation of misspecified models,
    Econometrica 50, 1-25 (the sandwich).

    Examples
    --------
    Promised 20 % and 80 %, found 30 % and 70 %: the slope is log(7/3) / log(4).

    >>> fit = calibration_slope([-np.log(4), np.log(4)], [30, 70], [100, 100])
    >>> round(fit.slope, 4), round(fit.intercept, 4)
    (0.6112, 0.0)
    """
    values = np.asarray(log_odds, dtype=np.float64)
    fit = fit_logistic(values[:, np.newaxis], n_converted, n, firth=False, units=units)
    if not _identified(values, np.asarray(n_converted), np.asarray(n)) or not fit.converged:
        unknown = float("nan")
        return CalibrationSlope(unknown, unknown, Interval(np.array(unknown), np.array(unknown)))
    lower, upper = wald_interval(fit, confidence_level=confidence_level)
    return CalibrationSlope(float(fit.coefficients[0]), fit.intercept, Interval(lower[0], upper[0]))


def _identified(values: FloatArray, n_converted: FloatArray, n: FloatArray) -> bool:
    """Tell whether the values of converted and other leads differ and overlap."""
    hits, others = values[n_converted > 0], values[n - n_converted > 0]
    if not (len(hits) and len(others)):
        return False
    return bool(hits.max() > others.min() and others.max() > hits.min())
