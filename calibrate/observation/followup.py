"""Weights of leads whose criteria go with when they came in: each kind on its own curve.

One curve of follow-up for all leads is right where what a lead is does not depend on when it came.
A campaign that began last month is watched for a month at most: the few that bought are known, the
others are not, and a curve of all leads would call every one of them a customer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from calibrate.stats.packed import PackedFlags, column_of
from calibrate.stats.patterns import met_counts
from calibrate.stats.weighting import censoring_weights

if TYPE_CHECKING:
    from calibrate.observation.observation import Observation

__all__ = ["MIN_FOLLOWED", "weights_given"]

MIN_FOLLOWED = 0.10
SPLIT_P_VALUE = 0.05
MIN_GROUP = 20
MAX_GROUPS = 64
BLOCK = 131_072  # rows whose flags are copied as numbers together
_DAY = 86_400

Flags = NDArray[np.bool_] | PackedFlags
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


def weights_given(obs: Observation, flags: Flags) -> Floats:
    """Return the weight of each row of an observation, given the criteria looked at.

    Parameters
    ----------
    obs : Observation
    flags : ndarray of bool or PackedFlags, shape (rows of ``obs.table``, criteria)

    Returns
    -------
    ndarray, shape (rows,)
        ``obs.table["weight"]``, where no criterion goes with how long leads were watched. Else
        the leads compared at their landmark are parted by the criteria that do, and weighted
        within their group by its own curve: ``1 / G_g(min(lag, horizon))``. In a group of which
        under 10 % were watched up to the horizon nothing can be told yet: its leads weigh 0.

    Notes
    -----
    The groups are the leaves of a tree grown on follow-up alone, never on outcomes: the criterion
    whose leads were watched most differently (z of the means of ``min(follow-up, horizon)``) parts
    a group, as long as p <= 0.05 after Bonferroni over the criteria and both sides have 20 leads.
    Within a landmark's leads ``G_g`` is given that it was reached; a common factor keeps the sum of
    weights that of all leads.

    References
    ----------
    J. M. Robins and A. Rotnitzky (1992), Recovery of information and adjustment for dependent
    censoring using surrogate markers, in AIDS Epidemiology, 297-331. T. Hothorn, K. Hornik and A.
    Zeileis (2006), Unbiased recursive partitioning, J. Comput. Graph. Stat. 15, 651-674.
    """
    if obs.parts:
        ends = np.cumsum([0, *(len(part.rows) for part in obs.parts)])
        of_parts = zip(obs.parts, ends[:-1], ends[1:], strict=True)
        given = [weights_given(part, flags[first:last]) for part, first, last in of_parts]
        return np.concatenate(given)
    rows = obs.rows
    common: Floats = rows["weight"].to_numpy(dtype=float)
    if obs.maturity != "weight" or obs.history.is_wide:
        return common
    follow_up = rows["follow_up_days"].to_numpy(dtype=float)
    where = np.arange(len(rows))  # leads closed before their landmark stand for those not there yet
    if obs.early != "truncate":
        where = np.flatnonzero(rows["at_landmark"].to_numpy(dtype=bool))
    mature = rows["mature"].to_numpy(dtype=bool)[where]
    if mature.all():
        return common
    follow_up = follow_up[where]
    watched = np.minimum(follow_up, obs.horizon.total_seconds() / _DAY)
    groups = _groups(flags, where, watched)
    if len(groups) == 1:
        return common
    converted = rows["converted"].to_numpy(dtype=bool)[where]
    lag = rows["lag_days"].to_numpy(dtype=float)[where]
    weight = np.zeros(len(rows))
    for group in groups:
        weight[where[group]] = _within(
            converted[group], lag[group], follow_up[group], mature[group]
        )
    total = float(weight.sum())
    return weight * (float(common[where].sum()) / total) if total > 0 else weight


def _within(converted: Bools, lag: Floats, follow_up: Floats, mature: Bools) -> Floats:
    found = censoring_weights(converted, lag, follow_up, mature)
    if found.followed_share < MIN_FOLLOWED:
        return np.zeros(len(converted))
    return found.weight


def _groups(flags: Flags, where: Rows, watched: Floats) -> list[Rows]:
    """Part rows, which `where` has among the flags, by how long they were watched.

    Those of a group differ in none of the criteria that go with it.
    """
    waiting: list[Rows] = [np.arange(len(where))]
    done: list[Rows] = []
    while waiting:
        group = waiting.pop()
        best = _criterion(flags, where[group], watched[group])
        if best is None or len(done) + len(waiting) + 2 > MAX_GROUPS:
            done.append(group)
            continue
        met = column_of(flags, best)[where[group]]
        waiting += [group[met], group[~met]]
    return done


def _criterion(flags: Flags, rows: Rows, watched: Floats) -> int | None:
    """Return the criterion whose leads were watched most differently, if any were."""
    n, met = len(watched), met_counts(flags, rows)
    usable = np.flatnonzero((met >= MIN_GROUP) & (n - met >= MIN_GROUP))
    spread = float(watched.var())
    if not len(usable) or spread <= 0:
        return None
    centred = (watched - watched.mean()).astype(np.float32)
    blocks = [slice(first, first + BLOCK) for first in range(0, n, BLOCK)]
    sums = sum(
        (centred[some] @ flags[rows[some]].astype(np.float32)).astype(float) for some in blocks
    )
    share = met[usable] / n
    z = np.abs(sums[usable]) / np.sqrt(n * share * (1 - share) * spread)
    best = int(np.argmax(z))
    critical = -ndtri(SPLIT_P_VALUE / 2 / len(usable))
    return int(usable[best]) if z[best] > critical else None
