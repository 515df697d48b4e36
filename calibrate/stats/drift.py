"""How far a distribution has moved from its reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from calibrate.errors import ConfigError
from calibrate.stats.intervals import FloatArray

__all__ = ["homogeneity_test", "psi"]


def psi(expected: ArrayLike, actual: ArrayLike) -> float:
    """Return the population stability index of two distributions over the same bins.

    Parameters
    ----------
    expected, actual : array_like
        Leads in each bin, then (reference) and now. Counts, not shares.

    Returns
    -------
    float
        0 where the shares are equal, never negative, the same with the two exchanged;
        customary readings are 0.1 (watch) and 0.25 (moved). ``nan`` where one has no leads.

    Raises
    ------
    ConfigError
        If the numbers of bins differ.

    Notes
    -----
    ``sum (a - e) log(a / e)`` over the shares, the symmetric divergence of Jeffreys. Bins
    empty in both are dropped; where a bin is empty in one, half a lead is added to every bin
    of both.

    References
    ----------
    N. Siddiqi (2006), Credit Risk Scorecards, Wiley, chapter 8. H. Jeffreys (1946), An
    invariant form for the prior probability in estimation problems, Proceedings of the Royal
    Society A 186, 453-461.

    Examples
    --------
    >>> round(psi([50, 50], [60, 40]), 4)  # 0.1 log(1.2) - 0.1 log(0.8)
    0.0405
    """
    then, now = _bins(expected, actual)
    if not (then.sum() > 0 and now.sum() > 0):
        return float("nan")
    if (then == 0).any() or (now == 0).any():
        then, now = then + 0.5, now + 0.5
    then, now = then / then.sum(), now / now.sum()
    return max(float(np.sum((now - then) * np.log(now / then))), 0.0)


def homogeneity_test(expected: ArrayLike, actual: ArrayLike) -> float:
    """Return the p value of Pearson's chi-square test that both have the same shares.

    Parameters
    ----------
    expected, actual : array_like
        Leads in each bin, then and now.

    Returns
    -------
    float
        p value on (bins - 1) degrees of freedom, bins empty in both left out; 1 where one
        bin is left, ``nan`` where one side has no leads.

    Raises
    ------
    ConfigError
        If the numbers of bins differ.

    Examples
    --------
    >>> round(homogeneity_test([50, 50], [60, 40]), 4)
    0.1552
    """
    then, now = _bins(expected, actual)
    if not (then.sum() > 0 and now.sum() > 0):
        return float("nan")
    if then.size < 2:
        return 1.0
    table = np.stack([then, now])
    fitted = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(chdtrc(then.size - 1, ((table - fitted) ** 2 / fitted).sum()))


def _bins(expected: ArrayLike, actual: ArrayLike) -> tuple[FloatArray, FloatArray]:
    then, now = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if then.shape != now.shape:
        raise ConfigError(f"both need the same bins, not {then.size} and {now.size}")
    present = then + now > 0
    return then[present], now[present]
