"""Figures of one card on one quarter, and of two cards on the same leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.backtest.rivals import Ranking
from calibrate.backtest.values import DIFFERENCE_COLUMNS, POOLED_COLUMNS, TABLE_COLUMNS
from calibrate.evaluation import calibration_of, evaluate, score_distribution
from calibrate.stats.intervals import normal_quantile
from calibrate.stats.ranking import paired_auc_difference

__all__ = ["differences_of", "figures_of", "pooled_differences", "pooled_figures"]


def figures_of(
    period: str, ranking: Ranking, *, volume: float | None, confidence_level: float
) -> dict[str, Any]:
    """Return one row of the table: how one card did on one quarter."""
    values: dict[str, Any] = evaluate(ranking.scores, confidence_level=confidence_level)
    values |= {"period": period, "card": ranking.card}
    values |= _at_the_cut(score_distribution(ranking.scores), ranking.cut, volume)
    return {name: values[name] for name in TABLE_COLUMNS}


def differences_of(
    period: str, candidate: Ranking, rival: Ranking, *, confidence_level: float
) -> dict[str, Any]:
    """Return the candidate's AUC less the rival's on the same leads, with its interval."""
    converted = candidate.scores["converted"].to_numpy(dtype=bool)
    same_leads = rival.scores.loc[candidate.scores.index, "score"].to_numpy(dtype=float)
    found = paired_auc_difference(
        candidate.scores["score"].to_numpy(dtype=float), same_leads, converted
    )
    row = {
        "period": period,
        "card": rival.card,
        "n": len(converted),
        "n_converted": int(converted.sum()),
        "difference": found.difference,
        "standard_error": found.standard_error,
        "in_sample": rival.in_sample,
    }
    return _with_interval(row, confidence_level)


def pooled_differences(rows: pd.DataFrame, confidence_level: float) -> list[dict[str, Any]]:
    """Return each rival's difference pooled over the quarters it had not seen.

    Quarters count by their number of pairs (a conversion, another lead), so that the pooled
    figure is the difference of AUCs over all pairs of leads from the same quarter.
    """
    pooled = []
    fresh = rows[~rows["in_sample"].astype(bool) & rows["difference"].notna()]
    for card in fresh["card"].drop_duplicates():
        part = fresh[fresh["card"] == card]
        pairs = part["n_converted"] * (part["n"] - part["n_converted"])
        share = (pairs / pairs.sum()).to_numpy(dtype=float)
        error = share * part["standard_error"].to_numpy(dtype=float)
        row = {
            "period": "all",
            "card": card,
            "n": int(part["n"].sum()),
            "n_converted": int(part["n_converted"].sum()),
            "difference": float(share @ part["difference"].to_numpy(dtype=float)),
            "standard_error": float(np.sqrt(error @ error)),
            "in_sample": False,
        }
        pooled.append(_with_interval(row, confidence_level))
    return pooled


def pooled_figures(
    card: str, judged: Sequence[Ranking], *, confidence_level: float
) -> dict[str, Any]:
    """Return one card's AUC and calibration over all quarters that it had not seen."""
    by_quarter = [_against_chance(ranking) for ranking in judged]
    pairs = np.array([n_converted * (n - n_converted) for n, n_converted, _, _ in by_quarter])
    share = pairs / pairs.sum()
    area = 0.5 + float(share @ np.array([row[2] for row in by_quarter]))
    error = share * np.array([row[3] for row in by_quarter])
    reach = normal_quantile(confidence_level) * float(np.sqrt(error @ error))
    together = pd.concat([ranking.scores for ranking in judged], ignore_index=True)
    values = {
        "card": card,
        "n_periods": len(judged),
        "n": sum(row[0] for row in by_quarter),
        "n_converted": sum(row[1] for row in by_quarter),
        "auc": area,
        "auc_ci_lower": max(area - reach, 0.0),
        "auc_ci_upper": min(area + reach, 1.0),
        **calibration_of(together, confidence_level=confidence_level),
    }
    return {name: values[name] for name in POOLED_COLUMNS}


def _against_chance(ranking: Ranking) -> tuple[int, int, float, float]:
    converted = ranking.scores["converted"].to_numpy(dtype=bool)
    score = ranking.scores["score"].to_numpy(dtype=float)
    found = paired_auc_difference(score, np.zeros(len(score)), converted)
    return len(converted), int(converted.sum()), found.difference, found.standard_error


def _at_the_cut(cells: pd.DataFrame, cut: int | None, volume: float | None) -> dict[str, float]:
    """Return what lies at or above the cut; without one, among the best `volume` leads.

    Where the last of those share a score with others, they are taken as a part of them (what
    a random order would bring on average).
    """
    n, hits, amount = (
        cells[name].to_numpy(dtype=float)[::-1] for name in ("n", "n_converted", "amount")
    )
    if cut is not None:
        taken = (cells["score"].to_numpy(dtype=float)[::-1] >= cut).astype(float)
    else:
        taken = _share_taken(n, float(n.sum()) if volume is None else volume)
    above, caught = float(taken @ n), float(taken @ hits)
    return {
        "precision": caught / above if above else float("nan"),
        "recall": caught / float(hits.sum()) if hits.sum() else float("nan"),
        "volume": above,
        "amount": float(taken @ amount),
    }


def _share_taken(n: NDArray[np.float64], volume: float) -> NDArray[np.float64]:
    before = np.cumsum(n) - n
    return np.clip((volume - before) / n, 0.0, 1.0)


def _with_interval(row: dict[str, Any], confidence_level: float) -> dict[str, Any]:
    reach = normal_quantile(confidence_level) * row["standard_error"]
    row["difference_ci_lower"] = row["difference"] - reach
    row["difference_ci_upper"] = row["difference"] + reach
    return {name: row[name] for name in DIFFERENCE_COLUMNS}
