"""Forward selection on sums: leads added up by the rules taken so far and their outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

from calibrate.fitting.model import RIDGE, efficient_scores
from calibrate.fitting.space import Floats, Indices, Singles
from calibrate.stats.logistic import fit_logistic
from calibrate.stats.patterns import unique_patterns

__all__ = ["Tally", "taken_in_turn", "tally_of"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Tally:
    """How much the leads weigh that meet each rule, by pattern of the rules taken and outcome.

    Attributes
    ----------
    flags : ndarray of float32, shape (leads, rules + 1)
        Rules met, and a last column of ones.
    weight : ndarray of float32, shape (leads,)
        0 for leads that are not there.
    cell : ndarray of int, shape (leads,)
        Twice the pattern, and 1 more where converted.
    design : ndarray of bool, shape (patterns, columns)
    sums : ndarray, shape (2 * patterns, rules + 1)
    """

    flags: Singles
    weight: Singles
    cell: Indices
    design: NDArray[np.bool_]
    sums: Floats

    def with_rule(self, rule: int) -> Tally:
        """Return the tally with one more rule taken: its leads move to patterns of their own."""
        met = np.flatnonzero(self.flags[:, rule] * self.weight)
        added, cells = _summed(self.flags, self.weight, self.cell, met)
        split = np.unique(cells // 2)
        place = np.searchsorted(split, np.arange(len(self.design))) + len(self.design)
        sums = np.vstack([self.sums, np.zeros((2 * len(split), self.sums.shape[1]))])
        sums[cells] -= added
        sums[2 * place[cells // 2] + cells % 2] = added
        cell = self.cell.copy()
        cell[met] = 2 * place[cell[met] // 2] + cell[met] % 2
        sums[np.bincount(cell[self.weight > 0], minlength=len(sums)) == 0] = 0.0
        taken = np.repeat([False, True], [len(self.design), len(split)])
        design = np.column_stack([np.vstack([self.design, self.design[split]]), taken])
        return Tally(flags=self.flags, weight=self.weight, cell=cell, design=design, sums=sums)

    def statistics(self, start: Floats | None) -> tuple[Floats, Floats]:
        """Return the efficient score statistics of all rules, and the coefficients of the fit.

        As those of `Model`, from the sums; `start` is where the fit begins.
        """
        won = self.sums[1::2]
        n = self.sums[0::2] + won
        fit = fit_logistic(self.design, won[:, -1], n[:, -1], firth=False, l2=RIDGE, start=start)
        beta = np.nan_to_num(np.concatenate([[fit.intercept], fit.coefficients]))
        Z = np.column_stack([np.ones(len(self.design)), self.design])
        rates = expit(Z @ beta)
        score = won[:, :-1].sum(axis=0) - rates @ n[:, :-1]
        crossed = (Z * (rates * (1 - rates))[:, None]).T @ n[:, :-1]
        return efficient_scores(np.nan_to_num(fit.covariance), score, crossed), beta


def tally_of(flags: Singles, weight: Floats, converted: Floats, strata: NDArray[np.bool_]) -> Tally:
    """Return the tally before any rule is taken, of leads at one landmark or several.

    Parameters
    ----------
    flags : ndarray of float32, shape (leads, rules + 1)
        As in `Tally`.
    weight, converted : ndarray, shape (leads,)
    strata : ndarray of bool, shape (leads, landmarks - 1)
    """
    design, pattern = unique_patterns(strata)
    cell = 2 * pattern + converted.astype(np.intp)
    short = weight.astype(np.float32)
    sums = np.zeros((2 * len(design), flags.shape[1]))
    added, cells = _summed(flags, short, cell, np.flatnonzero(short))
    sums[cells] = added
    return Tally(flags=flags, weight=short, cell=cell, design=design, sums=sums)


def taken_in_turn(tally: Tally, penalties: Floats, n_rules: int) -> list[int]:
    """Return the rules that forward selection takes, each the one that adds most.

    Parameters
    ----------
    tally : Tally
    penalties : ndarray, shape (rules,)
        Off the statistic of each; rules that all leads meet, or none, are never taken.
    n_rules : int
    """
    *met, n = (tally.weight > 0).astype(np.float32) @ tally.flags
    usable = (np.array(met) > 0) & (np.array(met) < n)
    found, start = list[int](), None
    while len(found) < n_rules:
        statistics, beta = tally.statistics(start)
        gain = np.where(usable, statistics - penalties, 0.0)
        gain[found] = 0.0
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break
        found.append(best)
        tally, start = tally.with_rule(best), np.append(beta, 0.0)
    return found


def _summed(
    flags: Singles, weight: Singles, cell: Indices, rows: Indices
) -> tuple[Floats, Indices]:
    """Return the weighted sums of some leads by their cells, and these cells in order."""
    rows = rows[np.argsort(cell[rows], kind="stable")]
    first = np.flatnonzero(np.diff(cell[rows], prepend=-1))
    ends = np.append(first, len(rows))
    chosen = csr_array((weight[rows], rows, ends), shape=(len(first), len(flags)))
    return np.asarray(chosen @ flags, dtype=float), cell[rows[first]]
