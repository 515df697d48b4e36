"""Random resamples, reproducible because the generator is always handed in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibrate.errors import ConfigError

__all__ = ["as_generator", "resampled_weights"]


def as_generator(rng: int | np.random.Generator) -> np.random.Generator:
    """Return a random generator from a seed, or the generator itself.

    Parameters
    ----------
    rng : int or numpy.random.Generator
        A seed of 0 or more, or a generator, which is used (and advanced) as it is.

    Raises
    ------
    ConfigError
        If it is neither; ``None`` too, since results must be reproducible.

    Examples
    --------
    >>> as_generator(0).integers(10) == as_generator(0).integers(10)
    np.True_
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, int | np.integer) or rng < 0:
        raise ConfigError(f"rng must be a whole number of 0 or more, or a generator, not {rng!r}")
    return np.random.default_rng(int(rng))


def resampled_weights(
    n_clusters: int, n_resamples: int, rng: int | np.random.Generator
) -> NDArray[np.int64]:
    """Return how often each cluster is drawn in each bootstrap resample.

    Parameters
    ----------
    n_clusters : int
        Clusters (or leads) to draw from; as many are drawn, with replacement.
    n_resamples : int
        Resamples.
    rng : int or numpy.random.Generator
        Seed or generator.

    Returns
    -------
    numpy.ndarray of int, shape (n_resamples, n_clusters)
        Multinomial counts; every row sums to `n_clusters`.

    References
    ----------
    B. Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics
    7, 1-26.

    Examples
    --------
    >>> resampled_weights(5, 3, 0).sum(axis=1).tolist()
    [5, 5, 5]
    """
    if n_clusters == 0:
        return np.zeros((n_resamples, 0), dtype=np.int64)
    shares = np.full(n_clusters, 1 / n_clusters)
    return as_generator(rng).multinomial(n_clusters, shares, size=n_resamples)
