"""What fewer or more rules would give: the parsimony table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.observation import Sample
from calibrate.scorecard import PARSIMONY_COLUMNS
from calibrate.stats.delong import (
    LeadsAUC,
    auc_within,
    leads_auc_interval,
    standard_error_of,
)
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.ranking import auc

__all__ = ["HeldOut", "auc_added", "parsimony_table", "ranked_within"]

Floats = NDArray[np.float64]


class HeldOut(NamedTuple):
    """Log odds that a search without its fold gives each lead at 0, 1, 2, ... rules.

    ``log_odds`` has the shape (leads, sizes), ``folds`` a number for each lead.
    """

    sample: Sample
    folds: NDArray[np.intp]
    log_odds: Floats


def ranked_within(score: Floats, sample: Sample, folds: NDArray[np.intp]) -> LeadsAUC:
    """Return the AUC of held-out scores, over pairs of leads of one fold and landmark."""
    cell = folds
    if sample.stratum is not None:
        cell = folds * sample.n_strata + sample.stratum
    return auc_within(score, sample.converted, sample.weight, cell, sample.cluster)


def parsimony_table(
    held_out: HeldOut, n_chosen: int, *, confidence_level: float = 0.95
) -> pd.DataFrame:
    """Return how well cards of 0, 1, 2, ... rules do on leads that they had not seen.

    Parameters
    ----------
    held_out : HeldOut
    n_chosen : int
        Rules of the card.
    confidence_level : float

    Returns
    -------
    DataFrame
        One row a size: ``n_criteria``; ``n, n_converted`` as counted; ``log_loss``, the mean;
        ``log_loss_difference``, that less the smallest, with its interval; ``auc`` with its
        interval; ``auc_difference``, that less the AUC of the card's size, with its interval;
        ``kept_share``, the part of the card's advantage over a coin toss that this size has;
        ``chosen``, whether the card has so many rules; ``confidence_level``. Sizes that no
        search reached are left out.

    Notes
    -----
    Each fold's leads are scored by a forward search on the others. Leads have their weights and
    belong to their clusters. Pairs for the AUC are those within a fold (`auc_within`); the
    differences are paired. ``kept_share = (auc - 1/2) / (auc of the card's size - 1/2)``.
    """
    sample, folds, log_odds = held_out
    n_sizes = _reached(log_odds)
    areas = [ranked_within(log_odds[:, size], sample, folds) for size in range(n_sizes)]
    losses = (
        np.logaddexp(0, log_odds[:, :n_sizes]) - sample.converted[:, None] * log_odds[:, :n_sizes]
    )
    share = sample.weight / sample.weight.sum()
    mean = share @ losses
    best, chosen = int(np.argmin(mean)), min(n_chosen, n_sizes - 1)
    z = normal_quantile(confidence_level)
    rows = []
    for size, area in enumerate(areas):
        apart = losses[:, size] - losses[:, best]
        gap = float(share @ apart)
        reach = z * standard_error_of((apart - gap) * share, sample.cluster)
        further = area.auc - areas[chosen].auc
        paired = z * standard_error_of(area.influence - areas[chosen].influence, sample.cluster)
        rows.append(
            (
                *(size, sample.n, sample.n_converted),
                *(float(mean[size]), gap, gap - reach, gap + reach),
                *(
                    area.auc,
                    *map(float, leads_auc_interval(area, confidence_level=confidence_level)),
                ),
                *(further, further - paired, further + paired),
                _kept(area.auc, areas[chosen].auc),
                size == chosen,
                confidence_level,
            )
        )
    return pd.DataFrame(rows, columns=list(PARSIMONY_COLUMNS))


def _reached(log_odds: Floats) -> int:
    """Return how many sizes differ from the one before."""
    changed = (np.diff(log_odds, axis=1) != 0).any(axis=0)
    return 1 + int(np.flatnonzero(changed).max(initial=-1)) + 1


def _kept(auc: float, of_card: float) -> float:
    return round((auc - 0.5) / (of_card - 0.5), 12) + 0.0 if of_card > 0.5 else float("nan")


def auc_added(sample: Sample, points: Sequence[int]) -> tuple[float, ...]:
    """Return what each rule of a sample adds to the AUC of the sum of their points.

    Parameters
    ----------
    sample : Sample
        With the rules of the card.
    points : sequence of int

    Returns
    -------
    tuple of float
        AUC of the sum less AUC of the sum without the rule's points, which are not refitted.
        Ties count one half; leads have their weights, and at several landmarks are compared
        within each.
    """
    patterns, pattern = sample.patterns()
    size = len(points)
    won = np.bincount(pattern, sample.weight * sample.converted).astype(float)
    others = np.bincount(pattern, sample.weight * (1 - sample.converted)).astype(float)
    landmark = patterns[:, size:].astype(float) @ np.arange(1.0, patterns.shape[1] - size + 1)
    parts = patterns[:, :size] * np.array(points, dtype=float)
    whole = _ranked(parts.sum(axis=1), won, others, landmark)
    rest = (parts.sum(axis=1) - part for part in parts.T)
    return tuple(whole - _ranked(sums, won, others, landmark) for sums in rest)


def _ranked(score: Floats, won: Floats, others: Floats, landmark: Floats) -> float:
    """Return the AUC over pairs of one landmark, from sums of weights."""
    area, pairs = 0.0, 0.0
    for one in np.unique(landmark):
        here = landmark == one
        weight = float(won[here].sum() * others[here].sum())
        if weight > 0:
            area += weight * auc(score[here], won[here], others[here])
            pairs += weight
    return area / pairs if pairs else 0.5
