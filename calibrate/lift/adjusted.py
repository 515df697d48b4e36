"""The effect of a criterion beside the others: adjusted odds and shrunken rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.candidates import criterion_block, is_level
from calibrate.criteria import Criterion
from calibrate.observation import FEW_LEADS
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.logistic import LogisticFit
from calibrate.stats.shrinkage import beta_binomial_prior, shrink

if TYPE_CHECKING:
    from calibrate.observation import Sample

__all__ = ["MIN_LEVELS", "PRIOR_STRENGTH", "adjusted_odds", "shrunken_rates"]

PRIOR_STRENGTH = 50.0  # leads' worth of control rate, where an attribute has under four levels
MIN_LEVELS = 4


MOST_LEADS = 50_000  # of many, since each of a hundred criteria and more costs as much again


def adjusted_odds(sample: Sample, *, confidence_level: float = 0.95) -> pd.DataFrame:
    """Return ``odds_ratio_adjusted`` with its interval, one row a criterion.

    See `measure_lift` for what is held fixed. Of more than 100,000 leads 50,000 are looked at.
    """
    log_odds, standard_error = _adjusted_log_odds(sample)
    margin = normal_quantile(confidence_level) * standard_error
    return pd.DataFrame(
        {
            "odds_ratio_adjusted": np.exp(log_odds),
            "odds_ratio_adjusted_ci_lower": np.exp(log_odds - margin),
            "odds_ratio_adjusted_ci_upper": np.exp(log_odds + margin),
        }
    )


def _adjusted_log_odds(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each criterion's contrast within its attribute, and its standard error."""
    if sample.n > FEW_LEADS:
        sample = sample.rows(
            np.arange(min(MOST_LEADS, sample.n))
        )  # they are in the order of a hash
    fit, flags, weight = sample.grouped().fit(), sample.flags, sample.weight
    blocks = [criterion_block(rule) for rule in sample.criteria]
    n_columns = len(fit.coefficients)  # the criteria, then landmarks, which no contrast asks for
    contrasts = np.zeros((len(blocks), n_columns))
    for block in dict.fromkeys(blocks):
        members = [j for j, other in enumerate(blocks) if other == block]
        contrasts[np.ix_(members, members)] = _contrasts(flags[:, members].astype(float), weight)
    return _contrasted(contrasts, fit)


def _contrasts(met: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares meeting each criterion of those who meet one, less of those who do not.

    One row a criterion; 0 where one side weighs nothing.
    """
    with_, without = (_shares(side, met, weight) for side in (met, 1 - met))
    return np.nan_to_num(with_ - without)


def _shares(
    side: NDArray[np.float64], met: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    n = weight @ side
    return np.asarray((side * weight[:, None]).T @ met / np.where(n > 0, n, np.nan)[:, None])


def _contrasted(
    contrasts: NDArray[np.float64], fit: LogisticFit
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Apply contrasts; a coefficient told by others of its attribute counts 0."""
    log_odds = contrasts @ np.nan_to_num(fit.coefficients)
    covariance = np.nan_to_num(fit.covariance[1:, 1:])
    variance = np.einsum("ij,jk,ik->i", contrasts, covariance, contrasts)
    known = variance > 0
    return np.where(known, log_odds, np.nan), np.sqrt(np.where(known, variance, np.nan))


def shrunken_rates(table: pd.DataFrame, rules: Sequence[Criterion]) -> NDArray[np.float64]:
    """Return each rate drawn towards its attribute's mean, or towards control."""
    n = table["n_effective"].to_numpy(dtype=float, na_value=0.0)
    n_converted = n * table["rate"].to_numpy(dtype=float, na_value=0.0)
    control = table["control_rate"].to_numpy(dtype=float)
    blocks = [criterion_block(rule) for rule in rules]
    levels = np.array([is_level(rule) for rule in rules], dtype=bool)
    shrunken = np.asarray(shrink(n_converted, n, control, PRIOR_STRENGTH))
    for block in dict.fromkeys(blocks):
        members = levels & np.array([other == block for other in blocks], dtype=bool)
        if members.sum() >= MIN_LEVELS:
            prior = beta_binomial_prior(n_converted[members], n[members])
            shrunken[members] = shrink(n_converted[members], n[members], *prior)
    return shrunken
