"""Choosing the cut: the objective's best, how sure it is, and the tiers that follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.evaluation import (
    ScoredLeads,
    known_outcomes,
    score_distribution,
    scored_leads,
    stand_in,
)
from calibrate.thresholds.arrivals import Arrivals, recent_per_week
from calibrate.thresholds.objectives import Objective, Target, choose_objective
from calibrate.thresholds.resampling import resampled_sums
from calibrate.thresholds.tables import cut_table, outcome_table, sweep_of, tier_table
from calibrate.thresholds.values import Thresholds

__all__ = ["best_threshold", "choose_thresholds", "score_cells"]

Floats = NDArray[np.float64]


def choose_thresholds(  # noqa: PLR0913 - one keyword a figure that an objective may need
    scores: pd.DataFrame,
    *,
    objective: str | None = None,
    value: float | None = None,
    cost: float | None = None,
    capacity: float | None = None,
    beta: float = 1.0,
    precision: float | None = None,
    recall: float | None = None,
    weeks: float | None = None,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Thresholds:
    """Choose the score from which a lead is hot, and the tiers below it.

    Parameters
    ----------
    scores : DataFrame
        As ``card.score(obs)`` gives it, with known outcomes; cross-fitted where the same
        leads made the card.
    objective : {"youden", "f_beta", "expected_value", "capacity", "precision", "recall"}, optional
        Default: ``expected_value`` if a value and a cost are given, ``capacity``,
        ``precision`` or ``recall`` if that figure is, else ``youden``.
    value, cost : float, optional
        Worth of a win and price of contacting a lead, in the same currency.
    capacity : float, optional
        Leads a week that sales can work.
    beta : float, default 1
        How much more recall counts than precision in ``f_beta``.
    precision, recall : float, optional
        Share to be reached.
    weeks : float, optional
        Weeks over which the leads arrived (``Observation.weeks``); default from the first to
        the last ``created_at``, both days included.
    confidence_level : float, default 0.95
        Level of every interval.
    rng : int or Generator, default 0
        Source of chance of the resamples.

    Returns
    -------
    Thresholds

    Raises
    ------
    ConfigError
        For an objective that is unknown or lacks its figure.
    NotEnoughDataError
        If no outcome is known, or all outcomes are the same.

    Notes
    -----
    Only scores that occur are cuts; the lowest of them calls every lead hot. Of cuts with the
    same objective value the highest is taken: fewer leads for the same worth. ``capacity`` is
    the lowest cut whose leads a week fit, ``precision`` the lowest that reaches its share,
    ``recall`` the highest that does; if no cut does, the cut nearest to it is taken and
    `Thresholds.message` says so.

    The interval comes from 1,000 multinomial resamples of the leads with their weights, those
    of one cluster together (`resampling.resampled_sums`), the same rule applied to each. The
    second cut (``warm``) is the best split (Youden) of the leads below the first, left out if
    the score does not rank those better than chance. Better than chance: the interval of the
    AUC (DeLong's; weighted or clustered, `stats.delong.leads_auc`) lies above 0.5.

    References
    ----------
    W. J. Youden, "Index for rating diagnostic tests", Cancer 3 (1950), 32-35.

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [10] * 50 + [60] * 50,
    ...                       "converted": [True] * 5 + [False] * 45 + [True] * 30 + [False] * 20})
    >>> cuts = choose_thresholds(frame)
    >>> cuts.objective, cuts.threshold, cuts.tiers
    ('youden', 60, (('hot', 60), ('cold', 0)))
    """
    target = Target(
        value=value, cost=cost, capacity=capacity, beta=beta, precision=precision, recall=recall
    )
    chosen = choose_objective(objective, target)
    cells, leads, weeks, recent, table, best = _cuts(
        scores, chosen, target, weeks, confidence_level
    )
    threshold = int(table["threshold"][best])
    arrivals = Arrivals(
        per_week=float(table["leads_per_week"][best]),
        recent_per_week=float(recent[best]),
        capacity=capacity,
    )
    separates = _ranks(leads, confidence_level)
    tiers = _tiers(cells, leads, threshold, confidence_level) if separates else (("cold", 0),)
    drawn = _redrawn(leads, chosen, target, weeks, rng)
    tail = (1 - confidence_level) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail], method="inverted_cdf")
    return Thresholds(
        objective=chosen.name,
        threshold=threshold,
        threshold_ci_lower=int(lower),
        threshold_ci_upper=int(upper),
        plateau=_plateau(table, best),
        separates=separates,
        message=_message(table, best, chosen, target, separates=separates, arrivals=arrivals),
        tiers=tiers,
        weeks=weeks,
        n=int(cells["n_leads"].sum()),
        n_converted=int(cells["n_leads_converted"].sum()),
        confidence_level=confidence_level,
        arrivals=arrivals,
        _table=table,
        _tier_table=tier_table(cells, leads, tiers, confidence_level=confidence_level),
        _history=outcome_table(cells),
    )


def best_threshold(
    scores: pd.DataFrame, target: Target, *, objective: str | None = None, weeks: float | None
) -> int:
    """Return the threshold that `choose_thresholds` chooses, and nothing else.

    Parameters
    ----------
    scores, objective, weeks
        As for `choose_thresholds`.
    target : Target
        The figures that an objective may need.

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [10] * 50 + [60] * 50,
    ...                       "converted": [True] * 5 + [False] * 45 + [True] * 30 + [False] * 20})
    >>> best_threshold(frame, Target(), weeks=None)
    60
    """
    chosen = choose_objective(objective, target)
    cuts = _cuts(scores, chosen, target, weeks, confidence_level=0.95)
    return int(cuts.table["threshold"][cuts.best])


class _Cuts(NamedTuple):
    """Leads by score and one by one, how many came of late, the cuts, and the best one's row."""

    cells: pd.DataFrame
    leads: ScoredLeads
    weeks: float
    recent: Floats
    table: pd.DataFrame
    best: int


def _cuts(
    scores: pd.DataFrame,
    objective: Objective,
    target: Target,
    weeks: float | None,
    confidence_level: float,
) -> _Cuts:
    cells, leads = score_cells(scores), scored_leads(scores)
    weeks = _weeks(scores) if weeks is None else float(weeks)
    if objective.name == "capacity" and not weeks > 0:
        message = "leads a week cannot be counted without a creation date; give weeks=..."
        raise ConfigError(message)
    recent = recent_per_week(scores, cells["score"].to_numpy(dtype=np.int64))
    how: dict[str, Any] = {"weeks": weeks, "recent": recent, "confidence_level": confidence_level}
    table = cut_table(cells, leads, objective, target, **how)
    best = _best(table["objective_value"].to_numpy(), table["precision"].to_numpy(), objective)
    return _Cuts(cells, leads, weeks, recent, table, best)


def score_cells(scores: pd.DataFrame) -> pd.DataFrame:
    """Return leads and conversions at each score (`evaluation.score_distribution`).

    Raises
    ------
    NotEnoughDataError
        If all outcomes are the same.
    ConfigError
        If a score is no whole number.

    Examples
    --------
    >>> score_cells(pd.DataFrame({"score": [5, 9], "converted": [False, True]}))["n"].tolist()
    [1, 1]
    """
    cells = score_distribution(scores)
    n, n_converted = cells["n"].sum(), cells["n_converted"].sum()
    if not 0 < n_converted < n:
        what = "none" if n_converted == 0 else "every one"
        message = f"no threshold can be chosen: of {n} leads {what} converted"
        raise NotEnoughDataError(message)
    broken = cells.loc[cells["score"] % 1 != 0, "score"]
    if len(broken):
        message = f"scores must be whole numbers, not {broken.iloc[0]}"
        raise ConfigError(message)
    return cells


def _weeks(scores: pd.DataFrame) -> float:
    """Weeks of the leads that the weights stand for: the young ones too, if any weight says so."""
    if "created_at" not in scores:
        return float("nan")
    known = known_outcomes(scores, ("created_at",))
    created = (scores if stand_in(known) else known)["created_at"]
    if created.isna().all():
        return float("nan")
    days = (created.max().normalize() - created.min().normalize()).days + 1
    return float(days / 7)


def _best(values: Floats, precision: Floats, objective: Objective) -> int:
    """Index of the best cut; the highest of equals, the nearest miss if none is allowed."""
    if np.isnan(values).all():
        if objective.name != "precision":
            return len(values) - 1
        values = precision
    return int(_best_of_each(values[None, :])[0])


def _best_of_each(values: Floats) -> NDArray[np.intp]:
    """Index, in each row, of the highest value, the last of equals."""
    filled = np.where(np.isnan(values), -np.inf, values)
    top = filled.max(axis=-1, keepdims=True)
    slack = 1e-12 * np.maximum(1.0, np.abs(np.where(np.isfinite(top), top, 0.0)))
    is_top = filled >= top - slack
    return np.asarray(values.shape[-1] - 1 - np.argmax(is_top[..., ::-1], axis=-1))


def _redrawn(
    leads: ScoredLeads,
    objective: Objective,
    target: Target,
    weeks: float,
    rng: int | np.random.Generator,
) -> Floats:
    """Return the cut that each resample of the leads would have chosen."""
    scores = np.unique(leads.score)
    cuts = []
    for n, n_converted in resampled_sums(leads, rng):
        sweep = sweep_of(n, n_converted, weeks)
        values = objective.values(sweep, target)
        chosen = _best_of_each(values)
        if objective.name == "precision":
            missed = np.isnan(values).all(axis=1)
            chosen = np.where(missed, _best_of_each(sweep.precision), chosen)
        cuts.append(scores[chosen])
    return np.concatenate(cuts)


def _plateau(table: pd.DataFrame, best: int) -> tuple[int, int]:
    values = table["objective_value"].to_numpy(dtype=float)
    cuts = table["threshold"].to_numpy()
    if np.isnan(values[best]):
        return int(cuts[best]), int(cuts[best])
    known = values[~np.isnan(values)]
    level = values[best] - 0.01 * (known.max() - known.min()) - 1e-12 * max(1.0, abs(values[best]))
    good = values >= level
    first = last = best
    while first > 0 and good[first - 1]:
        first -= 1
    while last < len(good) - 1 and good[last + 1]:
        last += 1
    return int(cuts[first]), int(cuts[last])


def _ranks(leads: ScoredLeads, confidence_level: float) -> bool:
    """Whether the score ranks these leads better than chance."""
    if len(np.unique(leads.score)) < 2 or leads.converted.all() or not leads.converted.any():
        return False
    return bool(leads.auc_interval(confidence_level=confidence_level).lower > 0.5)


def _tiers(
    cells: pd.DataFrame, leads: ScoredLeads, threshold: int, confidence_level: float
) -> tuple[tuple[str, int], ...]:
    if threshold <= 0:
        return (("hot", 0),)
    below = cells[cells["score"] < threshold]
    if not _ranks(leads.part(leads.score < threshold), confidence_level):
        return ("hot", threshold), ("cold", 0)
    weight, converted = (below[name].to_numpy(float) for name in ("weight", "weight_converted"))
    sweep = sweep_of(weight, converted, 1.0)
    split = choose_objective("youden", Target()).values(sweep, Target())
    warm = int(below["score"].iloc[int(_best_of_each(split[None, :])[0])])
    return ("hot", threshold), ("warm", warm), ("cold", 0)


def _message(
    table: pd.DataFrame,
    best: int,
    objective: Objective,
    target: Target,
    *,
    separates: bool,
    arrivals: Arrivals,
) -> str:
    figures = {name: value for name, value in vars(target).items() if value is not None}
    row = table.iloc[best]
    parts = [f"Cut at {int(row['threshold'])}: {objective.words.format(**figures)}."]
    if np.isnan(row["objective_value"]):
        reason = objective.unreachable.format(**figures)
        parts = [f"Cut at {int(row['threshold'])}, the nearest there is: {reason}."]
    if objective.name == "expected_value" and row["expected_value"] <= 0:
        parts.append("Even this cut does not pay for its contacts.")
    if not separates:
        parts.append(_why_not(table["threshold"].tolist()))
    elif arrivals.sentence:
        parts.append(arrivals.sentence)
    return " ".join(parts)


def _why_not(cuts: Sequence[int]) -> str:
    if len(cuts) == 1:
        return "It separates nothing: every lead has the same score."
    return "It separates nothing: the score does not rank these leads better than chance."
