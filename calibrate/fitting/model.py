"""The joint logistic model of the rules chosen so far, and what one more would add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from calibrate.fitting.combining import Term
from calibrate.fitting.space import Floats, Indices, Singles, Space
from calibrate.stats.logistic import fit_logistic

__all__ = ["Model", "model_of"]

RIDGE = 0.25  # a log odds ratio is a priori about 2 at most
COLLINEAR = 1e-3  # share of a rule's information that the chosen ones must leave

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """Rules chosen, their joint logistic fit, and what scores of further rules need.

    Attributes
    ----------
    space : Space
    terms : tuple of Term
    columns : tuple of ndarray of bool
        Leads that meet each term.
    intercept : float
    coefficients : ndarray, shape (further landmarks + terms,)
    deviance : float
        Minus twice the penalised log likelihood.
    residual : ndarray of float32, shape (leads,)
        Weight times (converted less its rate).
    covariance : ndarray
        Inverse information, intercept first.
    crossed : ndarray of float32, shape (1 + coefficients, leads)
        Design times the leads' information.
    """

    space: Space
    terms: tuple[Term, ...]
    columns: tuple[Flags, ...]
    intercept: float
    coefficients: Floats
    deviance: float
    residual: Singles
    covariance: Floats
    crossed: Singles

    def statistics(self, score: Floats, crossed: Floats) -> Floats:
        """Return the efficient score statistics of further rules.

        Parameters
        ----------
        score : ndarray, shape (rules,)
            Sum of `residual` over the leads who meet each.
        crossed : ndarray, shape (1 + coefficients, rules)
            The same for `crossed`.

        Notes
        -----
        ``U_j^2 / (I_jj - I_jS I_SS^-1 I_Sj)`` (Rao 1948), about what the deviance would fall by;
        0 for a rule of which the chosen ones leave nothing.
        """
        own = crossed[0]  # flags are 0 or 1, so their squares are themselves
        left = own - np.einsum("ac,ac->c", self.covariance @ crossed, crossed)
        known = left > COLLINEAR * np.maximum(own, 1e-12)
        statistic = np.zeros_like(score)
        np.divide(score**2, left + RIDGE, out=statistic, where=known)
        return statistic

    def statistics_of(self, X: Singles) -> Floats:
        """Return the statistics of rules met as in X, shape (rules, leads)."""
        score, crossed = X @ self.residual, self.crossed @ X.T
        return self.statistics(score.astype(float), crossed.astype(float))

    def with_term(self, term: Term) -> Model:
        """Return the model with one more rule."""
        columns = (*self.columns, self.space.column(term))
        return model_of(self.space, (*self.terms, term), columns)

    def without(self, position: int) -> Model:
        """Return the model without one rule."""
        keep = [i for i in range(len(self.terms)) if i != position]
        return model_of(
            self.space, tuple(self.terms[i] for i in keep), tuple(self.columns[i] for i in keep)
        )

    def log_odds(self, space: Space) -> Floats:
        """Return the log odds of other leads."""
        columns = [space.column(term) for term in self.terms]
        design = np.column_stack([space.sample.strata_flags, *columns])
        return np.asarray(self.intercept + design @ self.coefficients)


def model_of(space: Space, terms: tuple[Term, ...] = (), columns: tuple[Flags, ...] = ()) -> Model:
    """Fit the joint logistic model of some rules, with a slight ridge."""
    sample = space.sample
    weight = sample.effective_weight
    columns = columns or tuple(space.column(term) for term in terms)
    pattern, first = _patterns(sample.n, [*sample.strata_flags.T, *columns])
    design = np.column_stack([sample.strata_flags[first], *(column[first] for column in columns)])
    n = np.bincount(pattern, weight)
    fit = fit_logistic(
        design, np.bincount(pattern, weight * sample.converted), n, firth=False, l2=RIDGE
    )
    coefficients = np.nan_to_num(fit.coefficients)
    rates = expit(fit.intercept + design @ coefficients)
    Z = np.column_stack([np.ones(len(design)), design])
    information = (Z * (rates * (1 - rates))[:, None]).astype(np.float32)
    return Model(
        space=space,
        terms=terms,
        columns=columns,
        intercept=fit.intercept,
        coefficients=coefficients,
        deviance=-2 * fit.log_likelihood,
        residual=(weight * (sample.converted - rates[pattern])).astype(np.float32),
        covariance=np.nan_to_num(fit.covariance),
        crossed=np.ascontiguousarray((information[pattern] * weight.astype(np.float32)[:, None]).T),
    )


def _patterns(n: int, columns: list[Flags]) -> tuple[Indices, Indices]:
    """Return the pattern of each lead, numbered without gaps, and a lead that has each."""
    pattern = np.zeros(n, dtype=np.intp)
    first = np.zeros(1, dtype=np.intp)
    for column in columns:
        pattern, first = _numbered(2 * pattern + column)
    return pattern, first


def _numbered(pattern: Indices) -> tuple[Indices, Indices]:
    present = np.bincount(pattern) > 0
    numbered = (np.cumsum(present) - 1)[pattern]
    holder = np.empty(int(present.sum()), dtype=np.intp)
    holder[numbered] = np.arange(len(pattern))
    return numbered, holder
