"""Confidence intervals of rates, of their ratio and difference, and of lift against control.

All functions take counts (scalars or arrays that broadcast; fractions such as effective
counts are fine) and return an :class:`Interval`. Where a count of leads is zero the ends
are ``nan``; zero conversions are an ordinary case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from calibrate.errors import ConfigError

__all__ = [
    "FloatArray",
    "Interval",
    "broadcast_counts",
    "difference_interval",
    "koopman",
    "lift_interval",
    "newcombe",
    "normal_quantile",
    "wilson",
    "won_per_lead_interval",
]

FloatArray = NDArray[np.float64]

# Koopman's limits are sought for the logarithm of the ratio within +-LOG_RATIO_BOUND; each
# halving gains one bit, so 64 of them leave an error below 1e-17.
LOG_RATIO_BOUND = 60.0
HALVINGS = 64


class Interval(NamedTuple):
    """Lower and upper confidence limits, arrays of the same shape as the counts."""

    lower: FloatArray
    upper: FloatArray


def normal_quantile(confidence_level: float) -> float:
    """Return the two-sided standard normal quantile z of a confidence level.

    Raises
    ------
    ConfigError
        If the level is not strictly between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return float(_quantiles(confidence_level))


def wilson(n_converted: ArrayLike, n: ArrayLike, *, confidence_level: ArrayLike = 0.95) -> Interval:
    """Return Wilson's score interval of a conversion rate.

    Parameters
    ----------
    n_converted, n : array_like
        Conversions and leads.
    confidence_level : array_like
        Nominal coverage.

    Returns
    -------
    Interval
        Limits of the rate, within 0 and 1; exactly 0 at no conversion and exactly 1 where
        all converted; ``nan`` where ``n`` is 0.

    Notes
    -----
    The rates p with ``|x/n - p| <= z sqrt(p (1 - p) / n)``.

    References
    ----------
    E. B. Wilson (1927), Probable inference, the law of succession, and statistical
    inference, JASA 22, 209-212. R. G. Newcombe (1998), Two-sided confidence intervals for
    the single proportion, Statistics in Medicine 17, 857-872 (method 3).

    Examples
    --------
    >>> lower, upper = wilson(81, 263)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.2553, 0.3662)
    """
    x, total, z = broadcast_counts(n_converted, n, _quantiles(confidence_level))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = x / total
        centre = (x + z * z / 2) / (total + z * z)
        half = z / (total + z * z) * np.sqrt(np.maximum(x * (1 - rate), 0) + z * z / 4)
    lower = np.where(x <= 0, 0.0, np.maximum(centre - half, 0.0))
    upper = np.where(x >= total, 1.0, np.minimum(centre + half, 1.0))
    return _known(total > 0, lower, upper)


def newcombe(
    n_converted: ArrayLike,
    n: ArrayLike,
    n_converted_without: ArrayLike,
    n_without: ArrayLike,
    *,
    confidence_level: ArrayLike = 0.95,
) -> Interval:
    """Return Newcombe's interval of the difference of two independent rates, p1 - p2.

    Parameters
    ----------
    n_converted, n : array_like
        Conversions and leads with the criterion (p1).
    n_converted_without, n_without : array_like
        Conversions and leads without it (p2).
    confidence_level : array_like
        Nominal coverage.

    Returns
    -------
    Interval
        Limits of p1 - p2, within -1 and 1.

    Notes
    -----
    With Wilson's limits l, u of each rate: ``d - sqrt((p1 - l1)^2 + (u2 - p2)^2)`` and
    ``d + sqrt((u1 - p1)^2 + (p2 - l2)^2)``.

    References
    ----------
    R. G. Newcombe (1998), Interval estimation for the difference between independent
    proportions, Statistics in Medicine 17, 873-890 (method 10).

    Examples
    --------
    >>> lower, upper = newcombe(56, 70, 48, 80)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.0524, 0.3339)
    """
    x1, n1, x2, n2 = broadcast_counts(n_converted, n, n_converted_without, n_without)
    first = wilson(x1, n1, confidence_level=confidence_level)
    second = wilson(x2, n2, confidence_level=confidence_level)
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p2 = x1 / n1, x2 / n2
        lower = p1 - p2 - np.hypot(p1 - first.lower, second.upper - p2)
        upper = p1 - p2 + np.hypot(first.upper - p1, p2 - second.lower)
    return _known((n1 > 0) & (n2 > 0), np.maximum(lower, -1.0), np.minimum(upper, 1.0))


def koopman(
    n_converted: ArrayLike,
    n: ArrayLike,
    n_converted_without: ArrayLike,
    n_without: ArrayLike,
    *,
    confidence_level: ArrayLike = 0.95,
) -> Interval:
    """Return Koopman's score interval of the relative risk p1 / p2.

    Parameters
    ----------
    n_converted, n : array_like
        Conversions and leads with the criterion (p1).
    n_converted_without, n_without : array_like
        Conversions and leads without it (p2).
    confidence_level : array_like
        Nominal coverage.

    Returns
    -------
    Interval
        Limits of the relative risk. Without conversions among the first the lower limit is
        0, without conversions among the second the upper limit is ``inf``.

    Notes
    -----
    The ratios t with ``|x1/n1 - t x2/n2| <= z sqrt(P1 (1 - P1)/n1 + t^2 P2 (1 - P2)/n2)``,
    P1 = t P2 being the maximum likelihood rates under that ratio. The statistic falls
    steadily with t, and its roots are found by halving.

    References
    ----------
    P. A. R. Koopman (1984), Confidence intervals for the ratio of two binomial proportions,
    Biometrics 40, 513-517.

    Examples
    --------
    >>> lower, upper = koopman(36, 40, 16, 80)
    >>> round(float(lower), 2), round(float(upper), 2)
    (2.94, 7.15)
    """
    *counts, z = broadcast_counts(
        n_converted, n, n_converted_without, n_without, _quantiles(confidence_level)
    )
    x1, n1, x2, n2 = counts
    lower = np.where(x1 > 0, np.exp(_koopman_root(counts, z)), 0.0)
    upper = np.where(x2 > 0, np.exp(_koopman_root(counts, -z)), np.inf)
    return _known((n1 > 0) & (n2 > 0), lower, upper)


def lift_interval(
    n_converted: ArrayLike,
    n: ArrayLike,
    n_converted_without: ArrayLike,
    n_without: ArrayLike,
    *,
    lead_share: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Interval:
    """Return the interval of the lift, the rate with the criterion over the rate of all.

    Parameters
    ----------
    n_converted, n : array_like
        Conversions and leads with the criterion.
    n_converted_without, n_without : array_like
        Conversions and leads without it.
    lead_share : array_like, optional
        Share of all leads with the criterion, where the counts are effective ones; by default
        ``n / (n + n_without)``.
    confidence_level : array_like
        Nominal coverage.

    Returns
    -------
    Interval
        Limits of the lift, between 0 and 1/s. Where all leads meet the criterion the lift
        is 1 by definition, and so are both limits; where none does they are ``nan``.

    Notes
    -----
    Conditional on the share s with the criterion, ``lift = RR / (s RR + 1 - s)``
    rises with the relative risk RR, so Koopman's limits of RR go through this formula. The
    leads with the criterion are part of all leads; taking the two rates as independent
    would make the interval far too wide.

    References
    ----------
    P. A. R. Koopman (1984), Biometrics 40, 513-517.

    Examples
    --------
    The textbook's clickers convert at 36 %, all leads at 30 %, so the lift is 1.20. With 100
    clickers among 1,000 leads the interval holds 1; with 1,000 among 10,000 it does not.

    >>> lower, upper = lift_interval(36, 100, 264, 900)
    >>> round(float(lower), 2), round(float(upper), 2)
    (0.92, 1.51)
    >>> lower, upper = lift_interval(360, 1000, 2640, 9000)
    >>> round(float(lower), 2), round(float(upper), 2)
    (1.11, 1.29)
    """
    x1, n1, x2, n2 = broadcast_counts(n_converted, n, n_converted_without, n_without)
    ratio = koopman(x1, n1, x2, n2, confidence_level=confidence_level)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = n1 / (n1 + n2) if lead_share is None else np.asarray(lead_share, dtype=float)
        lower = 1 / (share + (1 - share) / ratio.lower)
        upper = 1 / (share + (1 - share) / ratio.upper)
    everyone = (n1 > 0) & (n2 == 0)
    return _known(n1 > 0, np.where(everyone, 1.0, lower), np.where(everyone, 1.0, upper))


def difference_interval(
    n_converted: ArrayLike,
    n: ArrayLike,
    n_converted_without: ArrayLike,
    n_without: ArrayLike,
    *,
    lead_share: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Interval:
    """Return the interval of the rate with the criterion minus the rate of all.

    Parameters
    ----------
    n_converted, n : array_like
        Conversions and leads with the criterion.
    n_converted_without, n_without : array_like
        Conversions and leads without it.
    lead_share : array_like, optional
        Share of all leads with the criterion, where the counts are effective ones; by default
        ``n / (n + n_without)``.
    confidence_level : array_like
        Nominal coverage.

    Returns
    -------
    Interval
        Limits of the difference (as a rate: 0.06 is six percentage points). Where all leads
        meet the criterion it is 0 by definition; where none does the limits are ``nan``.

    Notes
    -----
    Conditional on the share s with the criterion, the difference from control is
    ``(1 - s)(p1 - p2)``; Newcombe's limits of p1 - p2 are multiplied by ``1 - s``.

    References
    ----------
    R. G. Newcombe (1998), Statistics in Medicine 17, 873-890.

    Examples
    --------
    >>> lower, upper = difference_interval(360, 1000, 2640, 9000)
    >>> round(float(lower), 3), round(float(upper), 3)
    (0.032, 0.088)
    """
    x1, n1, x2, n2 = broadcast_counts(n_converted, n, n_converted_without, n_without)
    gap = newcombe(x1, n1, x2, n2, confidence_level=confidence_level)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = n2 / (n1 + n2) if lead_share is None else 1 - np.asarray(lead_share, dtype=float)
    everyone = (n1 > 0) & (n2 == 0)
    lower = np.where(everyone, 0.0, rest * gap.lower)
    upper = np.where(everyone, 0.0, rest * gap.upper)
    return _known(n1 > 0, lower, upper)


def won_per_lead_interval(
    won: ArrayLike, leads: ArrayLike, *, confidence_level: float = 0.95
) -> Interval:
    """Return the interval of customers won per lead created, W / L.

    Parameters
    ----------
    won, leads : array_like
        Customers won and leads created in the same quarter. They are different people, so
        the ratio is not a proportion and may exceed 1.
    confidence_level : float
        Nominal coverage.

    Returns
    -------
    Interval
        Limits of the ratio; ``nan`` where there are no leads.

    Notes
    -----
    ``exp(log(W/L) +- z sqrt(1/W + 1/L))``, W and L being Poisson counts. At W = 0 the lower
    limit is 0 and the upper ``z^2 / L``, the odds of Wilson's limit of W among W + L.

    Examples
    --------
    >>> lower, upper = won_per_lead_interval(300, 1000)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.2637, 0.3413)
    """
    z = normal_quantile(confidence_level)
    w, total = broadcast_counts(won, leads)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = w / total
        factor = np.exp(z * np.sqrt(1 / w + 1 / total))
        lower = np.where(w > 0, ratio / factor, 0.0)
        upper = np.where(w > 0, ratio * factor, z * z / total)
    return _known(total > 0, lower, upper)


def broadcast_counts(*values: ArrayLike) -> tuple[FloatArray, ...]:
    """Return counts as arrays of floats of one shape."""
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    return tuple(np.broadcast_arrays(*arrays))


def _quantiles(confidence_level: ArrayLike) -> FloatArray:
    level = np.asarray(confidence_level, dtype=np.float64)
    if not ((level > 0) & (level < 1)).all():
        raise ConfigError(f"confidence_level must lie between 0 and 1, not {level}")
    return np.asarray(ndtri(0.5 + level / 2))


def _known(known: NDArray[np.bool_], lower: FloatArray, upper: FloatArray) -> Interval:
    return Interval(np.where(known, lower, np.nan)[()], np.where(known, upper, np.nan)[()])


def _koopman_root(counts: Sequence[FloatArray], target: FloatArray) -> FloatArray:
    """Return the log ratio at which Koopman's statistic, which falls, passes `target`."""
    low = np.full(counts[0].shape, -LOG_RATIO_BOUND)
    high = np.full(counts[0].shape, LOG_RATIO_BOUND)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = _koopman_statistic(counts, np.exp(middle)) > target
        low = np.where(above, middle, low)
        high = np.where(above, high, middle)
    return np.asarray((low + high) / 2)


def _koopman_statistic(counts: Sequence[FloatArray], ratio: FloatArray) -> FloatArray:
    x1, n1, x2, n2 = counts
    total, converted = n1 + n2, x1 + x2
    a = ratio * (n1 + x2) + x1 + n2
    root = np.sqrt(np.maximum(a * a - 4 * ratio * total * converted, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        p2 = np.minimum(2 * converted / (a + root), 1.0)
        p1 = np.minimum(ratio * p2, 1.0)
        variance = p1 * (1 - p1) / n1 + ratio * ratio * p2 * (1 - p2) / n2
        gap = x1 / n1 - ratio * x2 / n2
        return np.asarray(np.where(gap == 0, 0.0, gap / np.sqrt(variance)))
