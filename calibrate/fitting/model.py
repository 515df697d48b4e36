"""The joint logistic model of the rules chosen so far, and what one more would add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from calibrate.fitting.combining import Term
from calibrate.fitting.space import Floats, Indices, Singles, Space
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.patterns import unique_patterns

__all__ = ["Model", "efficient_scores", "model_of"]

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
    pattern : ndarray of int, shape (leads,)
        Row of `design` that each lead has.
    design : ndarray of bool, shape (patterns, further landmarks + terms)
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
    pattern: Indices
    design: Flags
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
        """
        return efficient_scores(self.covariance, score, crossed)

    def statistics_of(self, X: Singles) -> Floats:
        """Return the statistics of rules met as in X, shape (rules, leads)."""
        score, crossed = X @ self.residual, self.crossed @ X.T
        return self.statistics(score.astype(float), crossed.astype(float))

    def with_term(self, term: Term, *, at: int | None = None) -> Model:
        """Return the model with one more rule, the last or at a position."""
        at = len(self.terms) if at is None else at
        column = self.space.column(term)
        pattern, first = _numbered(2 * self.pattern + column)
        design = self.design[self.pattern[first]]
        return _fitted(
            self.space,
            (*self.terms[:at], term, *self.terms[at:]),
            (*self.columns[:at], column, *self.columns[at:]),
            pattern,
            np.insert(design, self.first + at, column[first], axis=1),
            np.insert(self.start, 1 + self.first + at, 0.0),
        )

    def without(self, position: int) -> Model:
        """Return the model without one rule."""
        design, of_pattern = unique_patterns(np.delete(self.design, self.first + position, axis=1))
        return _fitted(
            self.space,
            (*self.terms[:position], *self.terms[position + 1 :]),
            (*self.columns[:position], *self.columns[position + 1 :]),
            of_pattern[self.pattern],
            design,
            np.delete(self.start, 1 + self.first + position),
        )

    @property
    def first(self) -> int:
        """Position of the first rule among the columns of the design; landmarks are before."""
        return int(self.design.shape[1]) - len(self.terms)

    @property
    def start(self) -> Floats:
        """Intercept and coefficients."""
        return np.concatenate([[self.intercept], self.coefficients])

    @property
    def weights(self) -> Floats:
        """Coefficient of each rule."""
        return self.coefficients[self.first :]

    @property
    def strengths(self) -> Floats:
        """Squared distance of each rule's coefficient from 0 in standard errors."""
        variance = np.diag(self.covariance)[1 + self.first :]
        squares = self.coefficients[self.first :] ** 2
        return np.divide(squares, variance, out=np.zeros_like(squares), where=variance > 0)

    def log_odds(self, space: Space) -> Floats:
        """Return the log odds of other leads."""
        columns = [space.column(term) for term in self.terms]
        design = np.column_stack([space.sample.strata_flags, *columns])
        return np.asarray(self.intercept + design @ self.coefficients)


def efficient_scores(covariance: Floats, score: Floats, crossed: Floats) -> Floats:
    """Return the efficient score statistics of rules that a logistic model does not have.

    Parameters
    ----------
    covariance : ndarray, shape (1 + coefficients, 1 + coefficients)
        Inverse information of the model, intercept first.
    score : ndarray, shape (rules,)
        Sum of the residuals of the leads who meet each rule.
    crossed : ndarray, shape (1 + coefficients, rules)
        Sum of design times information over the same leads.

    Notes
    -----
    ``U_j^2 / (I_jj - I_jS I_SS^-1 I_Sj)`` (Rao 1948), about what the deviance would fall by;
    0 for a rule of which the chosen ones leave nothing.
    """
    own = crossed[0]  # flags are 0 or 1, so their squares are themselves
    left = own - np.einsum("ac,ac->c", covariance @ crossed, crossed)
    known = left > COLLINEAR * np.maximum(own, 1e-12)
    statistic = np.zeros_like(score)
    np.divide(score**2, left + RIDGE, out=statistic, where=known)
    return statistic


def model_of(space: Space) -> Model:
    """Fit the model without any rule: the rate at each landmark."""
    strata = space.sample.strata_flags
    design, pattern = unique_patterns(strata)
    return _fitted(space, (), (), pattern, design, None)


def _fitted(
    space: Space,
    terms: tuple[Term, ...],
    columns: tuple[Flags, ...],
    pattern: Indices,
    design: Flags,
    start: Floats | None,
) -> Model:
    """Fit the joint logistic model of some rules, with a slight ridge."""
    sample = space.sample
    weight = sample.effective_weight
    n, won = np.bincount(pattern, weight), np.bincount(pattern, weight * sample.converted)
    fit = fit_logistic(design, won, n, firth=False, l2=RIDGE, start=start)
    if space.fence is not None:
        fit = space.fence.refitted(fit, terms, design, (won, n), l2=RIDGE)
    coefficients = np.nan_to_num(fit.coefficients)
    rates = expit(fit.intercept + design @ coefficients)
    Z = np.column_stack([np.ones(len(design)), design])
    information = (Z * (rates * (1 - rates))[:, None]).T.astype(np.float32)
    crossed = information[:, pattern]
    if not sample.is_plain:
        crossed *= weight.astype(np.float32)
    return Model(
        space=space,
        terms=terms,
        columns=columns,
        pattern=pattern,
        design=design,
        intercept=fit.intercept,
        coefficients=coefficients,
        deviance=-2 * fit.log_likelihood,
        residual=(weight * (sample.converted - rates[pattern])).astype(np.float32),
        covariance=np.nan_to_num(fit.covariance),
        crossed=crossed,
    )


def _numbered(pattern: Indices) -> tuple[Indices, Indices]:
    """Return the patterns numbered from 0 without gaps, and a lead that has each."""
    present = np.bincount(pattern) > 0
    numbered = (np.cumsum(present) - 1)[pattern]
    holder = np.empty(int(present.sum()), dtype=np.intp)
    holder[numbered] = np.arange(len(pattern))
    return numbered, holder
