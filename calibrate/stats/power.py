"""How many leads it takes to notice that two rates differ, and what so many leads can show."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from calibrate.errors import ConfigError
from calibrate.stats.intervals import FloatArray

__all__ = ["detectable_lift", "lift_sample_size", "two_rate_sample_size"]

_HALVINGS = 60  # each gains one bit of the lift


def two_rate_sample_size(
    rate: ArrayLike,
    rate_without: ArrayLike,
    *,
    ratio: ArrayLike = 1.0,
    power: float = 0.8,
    alpha: float = 0.05,
) -> FloatArray:
    """Return how many leads with a criterion it takes to tell its rate from that without.

    Parameters
    ----------
    rate, rate_without : array_like
        The two rates, each from 0 to 1.
    ratio : array_like
        Leads without for each lead with.
    power : float
        How often such a difference is to be noticed.
    alpha : float
        Level of the two-sided test.

    Returns
    -------
    numpy.ndarray
        Leads with the criterion, not rounded (`ratio` times as many without); infinite where
        the rates are equal.

    Raises
    ------
    ConfigError
        If `power` or `alpha` does not lie between 0 and 1.

    Notes
    -----
    ``n = (z_a sqrt((k + 1) p (1 - p)) + z_b sqrt(k p1 (1 - p1) + p2 (1 - p2)))^2 / (k (p1 -
    p2)^2)`` with ratio k, pooled rate ``p = (p1 + k p2) / (1 + k)``, ``z_a`` the normal
    quantile at ``1 - alpha / 2`` and ``z_b`` that at `power`: the score test of two rates,
    without continuity correction.

    References
    ----------
    J. L. Fleiss, A. Tytun and H. K. Ury (1980), A simple approximation for calculating sample
    sizes for comparing independent proportions, Biometrics 36, 343-346. J. L. Fleiss, B. Levin
    and M. C. Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., chapter 4.

    Examples
    --------
    >>> int(np.ceil(two_rate_sample_size(0.36, 0.30)))
    963
    """
    z_alpha, z_beta = _quantiles(power, alpha)
    p1, p2, k = (np.asarray(value, dtype=np.float64) for value in (rate, rate_without, ratio))
    pooled = (p1 + k * p2) / (1 + k)
    under_null = z_alpha * np.sqrt((k + 1) * pooled * (1 - pooled))
    if_true = z_beta * np.sqrt(k * p1 * (1 - p1) + p2 * (1 - p2))
    with np.errstate(divide="ignore", invalid="ignore"):
        n = (under_null + if_true) ** 2 / (k * (p1 - p2) ** 2)
    return np.asarray(np.where(p1 == p2, np.inf, n))[()]


def lift_sample_size(
    lift: ArrayLike,
    rate: ArrayLike,
    lead_share: ArrayLike,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> FloatArray:
    """Return how many leads in all it takes to notice a lift against control.

    Parameters
    ----------
    lift : array_like
        Rate of the leads that meet a criterion over the rate of all.
    rate : array_like
        Conversion rate of all leads.
    lead_share : array_like
        Share of the leads that meet the criterion.
    power, alpha : float
        As in `two_rate_sample_size`.

    Returns
    -------
    numpy.ndarray
        Leads, with and without together, not rounded; infinite where the lift is 1 or cannot
        be (a rate above 1 with, or below 0 without the criterion).

    Notes
    -----
    With share s and rate r of all: ``p1 = lift r`` and ``p2 = r (1 - s lift) / (1 - s)``, put
    through `two_rate_sample_size`.

    Examples
    --------
    36 % against 30 % of all where half of the leads do it means 24 % without:

    >>> found = lift_sample_size(1.2, 0.30, 0.5)
    >>> bool(np.isclose(found, 2 * two_rate_sample_size(0.36, 0.24)))
    True
    """
    values = (np.asarray(value, dtype=np.float64) for value in (lift, rate, lead_share))
    times, r, s = np.broadcast_arrays(*values)
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p2 = times * r, r * (1 - s * times) / (1 - s)
        possible = (s > 0) & (s < 1) & (p1 <= 1) & (p2 >= 0) & (p2 <= 1) & (r > 0)
        first, second = np.where(possible, p1, 0.5), np.where(possible, p2, 0.5)
        ratio = np.where(possible, (1 - s) / s, 1.0)
        n = two_rate_sample_size(first, second, ratio=ratio, power=power, alpha=alpha)
        return np.asarray(np.where(possible, n / s, np.inf))[()]


def detectable_lift(
    n: ArrayLike,
    rate: ArrayLike,
    lead_share: ArrayLike,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> FloatArray:
    """Return the smallest lift above 1 that so many leads let one notice.

    Parameters
    ----------
    n : array_like
        Leads, with and without the criterion together.
    rate, lead_share, power, alpha
        As in `lift_sample_size`.

    Returns
    -------
    numpy.ndarray
        The lift; ``nan`` where even the largest that can be, ``min(1 / rate, 1 / share)``,
        would be missed too often.

    Examples
    --------
    >>> round(float(detectable_lift(1926, 0.33, 0.5)), 3)  # 963 each: 36 % against 30 %
    1.091
    """
    values = (np.asarray(value, dtype=np.float64) for value in (n, rate, lead_share))
    total, r, s = np.broadcast_arrays(*values)
    with np.errstate(divide="ignore"):
        largest = np.nextafter(np.minimum(1 / r, 1 / s), 0.0)
    low, high = np.ones(total.shape), np.where(np.isfinite(largest), largest, 1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_enough = lift_sample_size(middle, r, s, power=power, alpha=alpha) <= total
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    enough = lift_sample_size(high, r, s, power=power, alpha=alpha) <= total
    return np.asarray(np.where(enough, high, np.nan))[()]


def _quantiles(power: float, alpha: float) -> tuple[float, float]:
    for name, value in (("power", power), ("alpha", alpha)):
        if not 0 < value < 1:
            raise ConfigError(f"{name} must lie between 0 and 1, not {value}")
    return float(ndtri(1 - alpha / 2)), float(ndtri(power))
