"""Rates of small groups, drawn towards the rate of their kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import betaincinv, betaln, digamma, expit, logit

from calibrate.errors import ConfigError
from calibrate.stats.intervals import FloatArray, Interval

__all__ = ["STRENGTH_BOUNDS", "beta_binomial_prior", "posterior_interval", "shrink"]

STRENGTH_BOUNDS = (0.5, 1e6)
"""Least and most leads a fitted prior may be worth."""


def beta_binomial_prior(k: ArrayLike, n: ArrayLike) -> tuple[float, float]:
    """Fit the distribution of the rates of several groups.

    Parameters
    ----------
    k, n : array_like
        Conversions and leads of each group (the levels of one attribute).

    Returns
    -------
    mean : float
        Mean rate of the groups.
    strength : float
        Number of leads the prior is worth: small where rates differ widely, at its bound
        (:data:`STRENGTH_BOUNDS`) where they differ no more than chance explains.

    Notes
    -----
    Maximum likelihood of the beta-binomial distribution with parameters ``mean * strength``
    and ``(1 - mean) * strength``. Where nobody, or everybody, converted, or fewer than two
    groups have leads, mean is the pooled rate and strength its upper bound.

    References
    ----------
    J. G. Skellam (1948), A probability distribution derived from the binomial distribution,
    Journal of the Royal Statistical Society B 10, 257-261.

    Examples
    --------
    >>> mean, strength = beta_binomial_prior([5, 30, 12, 60], [100, 100, 100, 100])
    >>> round(mean, 2), 2 < strength < 8
    (0.27, True)
    """
    hits, total = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    hits, total = hits[total > 0], total[total > 0]
    pooled = float(hits.sum() / total.sum()) if total.size else float("nan")
    if total.size < 2 or not 0 < pooled < 1:
        return pooled, STRENGTH_BOUNDS[1]
    bounds = tuple(np.log(STRENGTH_BOUNDS))
    fits = [
        minimize(
            _negative_log_likelihood,
            np.array([logit(pooled), start]),
            args=(hits, total),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-25.0, 25.0), bounds],
            options={"ftol": 1e-14, "gtol": 1e-9},
        )
        for start in (np.log(10.0), bounds[1])
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    return float(expit(best.x[0])), float(np.exp(best.x[1]))


def shrink(k: ArrayLike, n: ArrayLike, mean: float, strength: float) -> FloatArray:
    """Return rates drawn towards a prior mean.

    Parameters
    ----------
    k, n : array_like
        Conversions and leads of each group.
    mean, strength : float
        Prior rate, and the number of leads it is worth.

    Returns
    -------
    numpy.ndarray
        ``(k + strength * mean) / (n + strength)``; the prior mean where there are no leads.

    Examples
    --------
    >>> float(shrink(5, 50, 0.3, 50))  # (5 + 15) / 100
    0.2
    """
    hits, total = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    return np.asarray((hits + strength * mean) / (total + strength))[()]


def posterior_interval(
    k: ArrayLike, n: ArrayLike, mean: float, strength: float, *, confidence_level: float = 0.95
) -> Interval:
    """Return the credible interval of rates drawn towards a prior mean.

    Parameters
    ----------
    k, n : array_like
        Conversions and leads of each group; fractions such as effective counts are fine.
    mean, strength : float
        Prior rate, strictly between 0 and 1, and the number of leads it is worth.
    confidence_level : float
        Probability that the rate lies inside, given the prior.

    Returns
    -------
    Interval
        Equal-tailed limits around :func:`shrink`, strictly between 0 and 1; the prior's own
        where there are no leads.

    Raises
    ------
    ConfigError
        If the level is not strictly between 0 and 1.

    Notes
    -----
    Quantiles of the beta distribution with parameters ``k + strength * mean`` and
    ``n - k + strength * (1 - mean)``, the posterior of a binomial rate. With strength 1 and
    mean 1/2 they are Jeffreys' interval.

    References
    ----------
    A. Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 2.4. L. D. Brown,
    T. T. Cai and A. DasGupta (2001), Interval estimation for a binomial proportion,
    Statistical Science 16, 101-133.

    Examples
    --------
    Nobody of 9 converted, prior worth one lead at 50 %: beta(0.5, 9.5).

    >>> lower, upper = posterior_interval(0, 9, 0.5, 1)
    >>> round(float(lower), 5), round(float(upper), 3)
    (5e-05, 0.238)
    """
    if not 0.0 < confidence_level < 1.0:
        raise ConfigError(f"confidence_level must lie between 0 and 1, not {confidence_level}")
    hits, total = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    a, b = hits + strength * mean, total - hits + strength * (1 - mean)
    tail = (1 - confidence_level) / 2
    return Interval(
        np.asarray(betaincinv(a, b, tail))[()], np.asarray(betaincinv(a, b, 1 - tail))[()]
    )


def _negative_log_likelihood(
    parameters: FloatArray, hits: FloatArray, total: FloatArray
) -> tuple[float, FloatArray]:
    """Return it with its gradient, so that the fit ends at the same place whatever the rounding."""
    mean, strength = expit(parameters[0]), np.exp(parameters[1])
    a, b = mean * strength, (1 - mean) * strength
    value = -float(np.sum(betaln(hits + a, total - hits + b) - betaln(a, b)))
    both = digamma(total + strength) - digamma(strength)
    by_a = float(np.sum(both - digamma(hits + a) + digamma(a)))
    by_b = float(np.sum(both - digamma(total - hits + b) + digamma(b)))
    by_mean = (by_a - by_b) * strength * mean * (1 - mean)
    return value, np.array([by_mean, by_a * a + by_b * b])
