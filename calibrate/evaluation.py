"""How well a score ranks and how true its promised rates are, on leads whose outcome is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.errors import NotEnoughDataError
from calibrate.stats.calibration import calibration_slope
from calibrate.stats.ranking import auc, auc_interval, average_precision, kolmogorov_smirnov

__all__ = ["EVALUATION_KEYS", "calibration_of", "evaluate", "known_outcomes", "score_distribution"]

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


def known_outcomes(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the leads whose outcome is known, with plain types.

    Parameters
    ----------
    scores : DataFrame
        As ``card.score(obs)`` gives it: at least ``score`` and ``converted``; ``weight``,
        ``amount``, ``expected_rate`` and ``created_at`` where there are any.

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
    frame = scores.copy()
    if "weight" not in frame:
        frame["weight"] = 1.0
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


def score_distribution(scores: pd.DataFrame) -> pd.DataFrame:
    """Count leads and conversions at each score, lowest score first.

    Parameters
    ----------
    scores : DataFrame
        As in `known_outcomes`.

    Returns
    -------
    DataFrame
        One row a distinct score: ``score``, ``n`` (leads; weighted), ``n_converted``,
        ``amount`` (won; nan where no amount is known at all).

    Examples
    --------
    >>> frame = pd.DataFrame({"score": [5, 5, 9], "converted": [False, True, True]})
    >>> score_distribution(frame)[["score", "n", "n_converted"]].values.tolist()
    [[5.0, 2.0, 1.0], [9.0, 1.0, 1.0]]
    """
    frame = known_outcomes(scores)
    weight = frame["weight"].to_numpy(dtype=float)
    converted = frame["converted"].to_numpy(dtype=bool)
    values, cell = np.unique(frame["score"].to_numpy(), return_inverse=True)
    counts = {
        "score": values,
        "n": np.bincount(cell, weight, len(values)),
        "n_converted": np.bincount(cell, weight * converted, len(values)),
        "amount": _amount_won(frame, weight * converted, cell, len(values)),
    }
    return pd.DataFrame(counts)


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
        ``n``, ``n_converted`` (weighted counts), ``auc`` with ``auc_ci_lower`` and
        ``auc_ci_upper`` (DeLong), ``ks`` (Kolmogorov-Smirnov distance), ``average_precision``,
        ``calibration_slope`` with its interval and ``calibration_intercept`` (Cox). A quantity
        that is not defined is nan: everything where only one outcome occurs, the calibration
        where there is but one expected rate.

    Notes
    -----
    The calibration is the logistic regression of the outcome on the log odds of the expected
    rate: slope 1 and intercept 0 are a promise kept, a slope below 1 one too bold.

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
    cells = score_distribution(scores)
    n, n_converted = float(cells["n"].sum()), float(cells["n_converted"].sum())
    values = dict.fromkeys(EVALUATION_KEYS, float("nan"))
    values |= {"n": n, "n_converted": n_converted}
    if not 0 < n_converted < n:
        return values
    by_score = cells["score"].to_numpy(dtype=float)
    hits = cells["n_converted"].to_numpy(dtype=float)
    others = cells["n"].to_numpy(dtype=float) - hits
    interval = auc_interval(by_score, hits, others, confidence_level=confidence_level)
    values |= {
        "auc": float(auc(by_score, hits, others)),
        "auc_ci_lower": float(interval[0]),
        "auc_ci_upper": float(interval[1]),
        "ks": float(kolmogorov_smirnov(by_score, hits, others)),
        "average_precision": float(average_precision(by_score, hits, others)),
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
    frame = known_outcomes(scores)
    if "expected_rate" not in frame:
        return nothing
    promised = frame["expected_rate"].astype(float)
    frame = frame[(promised > 0) & (promised < 1)]
    rates, cell = np.unique(frame["expected_rate"].to_numpy(dtype=float), return_inverse=True)
    weight = frame["weight"].to_numpy(dtype=float)
    n = np.bincount(cell, weight, len(rates))
    n_converted = np.bincount(cell, weight * frame["converted"].to_numpy(dtype=bool), len(rates))
    if len(rates) < 2 or not 0 < n_converted.sum() < n.sum():
        return nothing
    log_odds = np.log(rates) - np.log1p(-rates)
    slope, intercept, interval = calibration_slope(
        log_odds, n_converted, n, confidence_level=confidence_level
    )
    values = (slope, float(interval[0]), float(interval[1]), intercept)
    return dict(zip(keys, values, strict=True))


def _amount_won(
    frame: pd.DataFrame, hits: NDArray[np.float64], cell: NDArray[np.intp], n_cells: int
) -> NDArray[np.float64]:
    if "amount" not in frame or frame["amount"].isna().all():
        return np.full(n_cells, np.nan)
    amount = frame["amount"].astype(float).fillna(0.0).to_numpy(dtype=float)
    return np.bincount(cell, hits * amount, n_cells).astype(float)
