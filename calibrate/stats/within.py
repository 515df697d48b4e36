"""The area under the ROC curve over pairs of leads of the same cell: a fold, a landmark."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.stats.delong import LeadsAUC, leads_auc, standard_error_of

__all__ = ["auc_within"]


def auc_within(
    score: ArrayLike,
    converted: ArrayLike,
    weight: ArrayLike,
    cell: ArrayLike,
    cluster: ArrayLike | None = None,
) -> LeadsAUC:
    """Return the AUC over pairs of leads that belong to the same cell.

    Scores that different models gave are not comparable: those of a cross-validation are
    compared within the fold, those at several landmarks within the landmark.

    Parameters
    ----------
    score : array_like of shape (leads,)
    converted : array_like of bool, shape (leads,)
    weight : array_like of shape (leads,)
        Leads without weight count for nothing.
    cell : array_like of int, shape (leads,)
        Numbered from 0. A cell with fewer than two leads (clusters) of an outcome is left out.
    cluster : array_like of int, shape (leads,), optional
        As for `leads_auc`; a cluster may lie in several cells.

    Returns
    -------
    LeadsAUC
        All nan where no cell has both outcomes.

    Notes
    -----
    Cells count by their weight in pairs, ``s_c = W1_c W0_c / sum of W1 W0``: ``AUC = sum s_c
    AUC_c``, and a lead's influence is ``s_c`` times that on its cell's AUC.

    References
    ----------
    E. LeDell, M. Petersen and M. van der Laan (2015), Computationally efficient confidence
    intervals for cross-validated area under the ROC curve estimates, Electronic Journal of
    Statistics 9, 1583-1607.

    Examples
    --------
    Two cells of two against two leads: AUC 3/4 and 1, whatever the level of their scores.

    >>> score = [1, 2, 3, 4, 11, 12, 13, 14]
    >>> converted = [False, True, False, True, False, False, True, True]
    >>> auc_within(score, converted, [1] * 8, [0] * 4 + [1] * 4).auc
    0.875
    """
    values, won = np.asarray(score, dtype=np.float64), np.asarray(converted, dtype=bool)
    w, cells = np.asarray(weight, dtype=np.float64), np.asarray(cell, dtype=np.intp)
    number = None if cluster is None else np.asarray(cluster, dtype=np.intp)
    found: list[tuple[NDArray[np.intp], float, LeadsAUC]] = []
    for one in range(int(cells.max(initial=-1)) + 1):
        rows = np.flatnonzero((cells == one) & (w > 0))
        part = leads_auc(values[rows], won[rows], w[rows], None if number is None else number[rows])
        if np.isfinite(part.standard_error):
            pairs = float(w[rows] @ won[rows]) * float(w[rows] @ ~won[rows])
            found.append((rows, pairs, part))
    total = sum(pairs for _, pairs, _ in found)
    influence = np.zeros(len(values))
    if not total > 0:
        nan = float("nan")
        return LeadsAUC(nan, nan, np.full(len(values), nan), 0.0, 0.0)
    for rows, pairs, part in found:
        influence[rows] = pairs / total * part.influence
    return LeadsAUC(
        sum(pairs / total * part.auc for _, pairs, part in found),
        standard_error_of(influence, number),
        influence,
        sum(part.n_converted for _, _, part in found),
        sum(part.n_not for _, _, part in found),
    )
