"""How well a score ranks and how true its promised rates are, on leads whose outcome is known.

Leads may be weighted (those of known outcome stand in for those too young to be judged) and
clustered (deals of one contact, one lead at several landmarks). ``n`` and ``n_converted`` are
leads of known outcome as counted; every rate, share and figure is taken with the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.errors import NotEnoughDataError
from calibrate.stats.calibration import calibration_slope
from calibrate.stats.delong import leads_auc, leads_auc_interval
from calibrate.stats.intervals import Interval, wilson
from calibrate.stats.logistic import Units
from calibrate.stats.ranking import average_precision, kolmogorov_smirnov
from calibrate.stats.weighting import weighted_rate

__all__ = [
    "EVALUATION_KEYS",
    "ScoredLeads",
    "calibration_of",
    "evaluate",
    "known_outcomes",
    "rate_intervals",
    "recall_intervals",
    "score_distribution",
    "scored_leads",
    "stand_in",
]

Floats = NDArray[np.float64]

EVALUATION_KEYS = (
    "n",
    "n_converted",
    "auc",
    "auc_ci_lower",
    "auc_ci_upper",
    "ks",
    "average_precision",
    "calibration_slope",
    "calibration_slope_ci_lower",
    "calibration_slope_ci_upper",
    "calibration_intercept",
)


def known_outcomes(scores: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the leads whose outcome is known, with plain types.

    Parameters
    ----------
    scores : DataFrame
        As ``card.score(obs)`` gives it: at least ``score`` and ``converted``; ``weight``,
        ``cluster``, ``amount``, ``expected_rate`` and ``created_at`` where there are any.
    columns : sequence of str, optional
        Those wanted beside ``converted`` and ``weight``, as far as there are any; default all.

    Returns
    -------
    DataFrame
        The rows with a known ``converted`` and a positive ``weight``, in their order;
        ``converted`` as bool, ``weight`` as float (1 where there is no such column).

    Raises
    ------
    NotEnoughDataError
        If no lead is left.

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [1, 2], "converted": [True, None], "weight": [1.0, 0.0]})
    >>> len(known_outcomes(frame))
    1
    """
    wanted = {*(scores if columns is None else columns), "converted", "weight"}
    frame = scores[[name for name in scores if name in wanted]]
    if "weight" not in frame:
        frame = frame.assign(weight=1.0)
    if "converted" in frame:
        frame = frame[frame["converted"].notna() & (frame["weight"] > 0)]
    else:
        frame = frame.iloc[:0]
    if frame.empty:
        message = "no lead has both a score and a known outcome; score leads that are mature"
        raise NotEnoughDataError(message)
    return frame.assign(
        converted=frame["converted"].astype(bool), weight=frame["weight"].astype(float)
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoredLeads:
    """Scores and outcomes as arrays, one entry a lead of known outcome.

    Attributes
    ----------
    score : ndarray of float
    converted : ndarray of bool
    weight : ndarray of float
        Above 0; 1 where all leads are mature.
    cluster : ndarray of int, or None
        Equal for leads that are not independent; None where each stands for itself.
    """

    score: Floats
    converted: NDArray[np.bool_]
    weight: Floats
    cluster: NDArray[np.intp] | None

    @property
    def is_plain(self) -> bool:
        """Whether every lead is independent and counts once."""
        return self.cluster is None and bool((self.weight == 1).all())

    def part(self, inside: NDArray[np.generic] | slice) -> ScoredLeads:
        """Return some of the leads, or all in another order."""
        return ScoredLeads(
            score=self.score[inside],
            converted=self.converted[inside],
            weight=self.weight[inside],
            cluster=None if self.cluster is None else self.cluster[inside],
        )

    def effective_counts(self) -> tuple[float, float]:
        """Return the conversions and leads that would tell as much if they counted once each.

        Without weights and clusters the counts; else ``rate * n_effective`` and
        ``n_effective`` (`stats.weighting.weighted_rate`).
        """
        if self.is_plain or not len(self.score):
            return float(self.converted.sum()), float(len(self.score))
        found = weighted_rate(self.converted, self.weight, self.cluster)
        return found.rate * found.n_effective, found.n_effective

    def auc_interval(self, *, confidence_level: float = 0.95) -> Interval:
        """Return the interval of the area under the ROC curve."""
        found = leads_auc(self.score, self.converted, self.weight, self.cluster)
        return leads_auc_interval(found, confidence_level=confidence_level)


def scored_leads(scores: pd.DataFrame) -> ScoredLeads:
    """Return scores and outcomes as arrays.

    Parameters
    ----------
    scores : DataFrame
        As in `known_outcomes`.

    Examples
    --------
    Two deals of one contact tell less than two deals.

    >>> frame = pd.DataFrame({"score": 1, "converted": [1, 1, 0, 0, 0], "cluster": [0, 0, 1, 2, 3]})
    >>> hits, n = scored_leads(frame).effective_counts()
    >>> round(hits, 2), round(n, 2)  # variance ((1.2 * 5/3)^2 + 3 (0.4 * 5/4)^2) (3/4)^2 / 5^2
    (0.9, 2.25)
    """
    frame = known_outcomes(scores, ("score", "cluster"))
    return ScoredLeads(
        score=frame["score"].to_numpy(dtype=float),
        converted=frame["converted"].to_numpy(dtype=bool),
        weight=frame["weight"].to_numpy(dtype=float),
        cluster=_clusters(frame),
    )


def score_distribution(scores: pd.DataFrame) -> pd.DataFrame:
    """Count leads and conversions at each score, lowest score first.

    Parameters
    ----------
    scores : DataFrame
        As in `known_outcomes`.

    Returns
    -------
    DataFrame
        One row a distinct score: ``score``, ``n, n_converted`` (of known outcome, as counted),
        ``weight, weight_converted`` (the leads and conversions that these stand for), ``n_leads,
        n_leads_converted`` (as counted so far, those too young to be judged too, where others
        stand in for them) and ``amount`` (won, weighted; nan where no amount is known at all).

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [5, 5, 9], "converted": [False, True, True]})
    >>> score_distribution(frame)[["score", "n", "n_converted"]].values.tolist()
    [[5, 2, 1], [9, 1, 1]]
    """
    frame = known_outcomes(scores, ("score", "amount"))
    weight = frame["weight"].to_numpy(dtype=float)
    converted = frame["converted"].to_numpy(dtype=bool)
    values, cell = np.unique(frame["score"].to_numpy(), return_inverse=True)
    counts = {
        "score": values,
        "n": np.bincount(cell, minlength=len(values)),
        "n_converted": np.bincount(cell[converted], minlength=len(values)),
        "weight": np.bincount(cell, weight, len(values)),
        "weight_converted": np.bincount(cell, weight * converted, len(values)),
        **_with_the_young(scores, frame, values),
        "amount": _amount_won(frame, weight * converted, cell, len(values)),
    }
    return pd.DataFrame(counts)


def stand_in(known: pd.DataFrame) -> bool:
    """Whether leads of known outcome stand in for those too young to be judged."""
    return int(known["weight"].nunique()) > 1


def _with_the_young(
    scores: pd.DataFrame, known: pd.DataFrame, values: Floats
) -> dict[str, NDArray[np.intp]]:
    """Count leads and conversions so far, those not judged yet where weights stand in for them."""
    counted = known
    if stand_in(known):
        counted = scores[scores["converted"].notna()]
    cell = np.searchsorted(values, counted["score"].to_numpy(), side="right") - 1
    cell, converted = np.maximum(cell, 0), counted["converted"].to_numpy(dtype=bool)
    return {
        "n_leads": np.bincount(cell, minlength=len(values)),
        "n_leads_converted": np.bincount(cell[converted], minlength=len(values)),
    }


def evaluate(scores: pd.DataFrame, *, confidence_level: float = 0.95) -> dict[str, float]:
    """Measure how well a score ranks and whether its expected rates came true.

    Parameters
    ----------
    scores : DataFrame
        As in `known_outcomes`; ``expected_rate`` only for the calibration.
    confidence_level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    dict
        ``n``, ``n_converted`` (leads as counted, whatever they weigh), ``auc`` with
        ``auc_ci_lower`` and ``auc_ci_upper``, ``ks`` (Kolmogorov-Smirnov distance),
        ``average_precision``, ``calibration_slope`` with its interval and
        ``calibration_intercept`` (Cox), all weighted. A quantity that is not defined is nan:
        everything where only one outcome occurs, the calibration where there is but one
        expected rate.

    Notes
    -----
    The interval of the AUC is DeLong's; of weighted or clustered leads, that of its influence
    function (`stats.delong.leads_auc`). The calibration is the logistic regression of the
    outcome on the log odds of the expected rate: slope 1 and intercept 0 are a promise kept, a
    slope below 1 one too bold; its interval is Wald's, of weighted or clustered leads with
    the sandwich covariance.

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under two or more
    correlated receiver operating characteristic curves", Biometrics 44 (1988), 837-845.
    D. R. Cox, "Two further applications of a model for binary regression", Biometrika 45
    (1958), 562-565.

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [1, 2, 3, 4], "converted": [False, True, False, True]})
    >>> evaluate(frame)["auc"]  # of the four pairs, three are in the right order
    0.75
    """
    leads = scored_leads(scores)
    n, n_converted = float(len(leads.score)), float(leads.converted.sum())
    values = dict.fromkeys(EVALUATION_KEYS, float("nan"))
    values |= {"n": n, "n_converted": n_converted}
    if not 0 < n_converted < n:
        return values
    hits, others = leads.weight * leads.converted, leads.weight * ~leads.converted
    found = leads_auc(leads.score, leads.converted, leads.weight, leads.cluster)
    interval = leads_auc_interval(found, confidence_level=confidence_level)
    values |= {
        "auc": found.auc,
        "auc_ci_lower": float(interval.lower),
        "auc_ci_upper": float(interval.upper),
        "ks": float(kolmogorov_smirnov(leads.score, hits, others)),
        "average_precision": float(average_precision(leads.score, hits, others)),
    }
    return values | calibration_of(scores, confidence_level=confidence_level)


def calibration_of(scores: pd.DataFrame, *, confidence_level: float = 0.95) -> dict[str, float]:
    """Return calibration slope, its interval, and the intercept of expected rates.

    Parameters
    ----------
    scores : DataFrame
        As in `known_outcomes`, with ``expected_rate``.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    dict
        ``calibration_slope, calibration_slope_ci_lower, calibration_slope_ci_upper,
        calibration_intercept``; all nan where fewer than two expected rates between 0 and 1 or
        only one outcome occur.

    Examples
    --------
    >>> calibration_of(pd.DataFrame({"score": [1], "converted": [True]}))["calibration_slope"]
    nan
    """
    keys = [key for key in EVALUATION_KEYS if key.startswith("calibration")]
    nothing = dict.fromkeys(keys, float("nan"))
    if "expected_rate" not in scores:
        return nothing
    promised = scores["expected_rate"].astype(float)
    leads = scored_leads(scores.assign(score=promised.where((promised > 0) & (promised < 1))))
    leads = leads.part(~np.isnan(leads.score))
    rates, cell = np.unique(leads.score, return_inverse=True)
    n = np.bincount(cell, leads.weight, len(rates))
    n_converted = np.bincount(cell, leads.weight * leads.converted, len(rates))
    if len(rates) < 2 or not 0 < leads.converted.sum() < len(leads.score):
        return nothing
    units = None
    if not leads.is_plain:
        units = Units(cell, leads.converted.astype(float), leads.weight, leads.cluster)
    slope, intercept, interval = calibration_slope(
        np.log(rates) - np.log1p(-rates),
        n_converted,
        n,
        units=units,
        confidence_level=confidence_level,
    )
    values = (slope, float(interval[0]), float(interval[1]), intercept)
    return dict(zip(keys, values, strict=True))


def rate_intervals(
    parts: list[ScoredLeads], *, confidence_level: float = 0.95
) -> tuple[Floats, Interval]:
    """Return the effective number of leads of each part, and Wilson's interval of its rate.

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [1, 2], "converted": [True, False]})
    >>> rate_intervals([scored_leads(frame)])[0].tolist()
    [2.0]
    """
    hits, n = np.array([leads.effective_counts() for leads in parts]).reshape(-1, 2).T
    return n, wilson(hits, n, confidence_level=confidence_level)


def recall_intervals(
    leads: ScoredLeads, cuts: Floats, *, confidence_level: float = 0.95
) -> Interval:
    """Return Wilson's interval of the share of conversions at or above each cut.

    Parameters
    ----------
    leads : ScoredLeads
    cuts : ndarray of float, shape (n_cuts,)
    confidence_level : float, default 0.95

    Returns
    -------
    Interval
        Two arrays, shape (n_cuts,); nan where nobody converted. The cuts are taken as given.

    Examples
    --------
    Of three customers two score 5 or more: Wilson's interval of 2 in 3.

    >>> frame = pd.DataFrame({"score": [2, 5, 9, 9], "converted": [True, True, True, False]})
    >>> lower, upper = recall_intervals(scored_leads(frame), np.array([5.0]))
    >>> lower.round(3).tolist(), upper.round(3).tolist()
    ([0.208], [0.939])
    """
    won = leads.part(leads.converted)
    caught = [replace(won, converted=won.score >= cut) for cut in cuts]
    return rate_intervals(caught, confidence_level=confidence_level)[1]


def _clusters(frame: pd.DataFrame) -> NDArray[np.intp] | None:
    """Return the cluster of each lead, numbered from 0; None where none holds two leads."""
    if "cluster" not in frame or not frame["cluster"].duplicated().any():
        return None
    return np.asarray(pd.factorize(frame["cluster"])[0], dtype=np.intp)


def _amount_won(
    frame: pd.DataFrame, hits: NDArray[np.float64], cell: NDArray[np.intp], n_cells: int
) -> NDArray[np.float64]:
    if "amount" not in frame or frame["amount"].isna().all():
        return np.full(n_cells, np.nan)
    amount = frame["amount"].astype(float).fillna(0.0).to_numpy(dtype=float)
    return np.bincount(cell, hits * amount, n_cells).astype(float)
