"""Figures of one card on one quarter, and of two cards on the same leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.backtest.rivals import Ranking
from calibrate.backtest.values import DIFFERENCE_COLUMNS, POOLED_COLUMNS, TABLE_COLUMNS
from calibrate.evaluation import calibration_of, evaluate, score_distribution, scored_leads
from calibrate.stats.delong import leads_auc, paired_auc_difference, standard_error_of
from calibrate.stats.intervals import normal_quantile

__all__ = ["Compared", "differences_of", "figures_of", "pooled_differences", "pooled_figures"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Compared:
    """A row of the differences, and what each lead contributes to the error of its figure.

    `contact` numbers the contact of each lead, alike in every quarter; None without contacts.
    """

    row: dict[str, Any]
    influence: NDArray[np.float64]
    contact: NDArray[np.intp] | None


def figures_of(
    period: str, ranking: Ranking, *, volume: float | None, confidence_level: float
) -> dict[str, Any]:
    """Return one row of the table: how one card did on one quarter."""
    values: dict[str, Any] = evaluate(ranking.scores, confidence_level=confidence_level)
    values |= {"period": period, "card": ranking.card, "median_days": ranking.median_days}
    values |= _at_the_cut(score_distribution(ranking.scores), ranking.cut, volume)
    return {name: values[name] for name in TABLE_COLUMNS}


def differences_of(
    period: str, candidate: Ranking, rival: Ranking, *, confidence_level: float
) -> Compared:
    """Return the candidate's AUC less the rival's on the same leads, with its interval."""
    leads = scored_leads(candidate.scores)
    same_leads = rival.scores.loc[candidate.scores.index, "score"].to_numpy(dtype=float)
    found = paired_auc_difference(
        leads.score, same_leads, leads.converted, leads.weight, leads.cluster
    )
    row = {
        "period": period,
        "card": rival.card,
        "n": len(leads.score),
        "n_converted": int(leads.converted.sum()),
        "difference": found.difference,
        "standard_error": found.standard_error,
        "in_sample": rival.in_sample,
    }
    row = _with_interval(row, confidence_level)
    return Compared(row=row, influence=found.influence, contact=_contacts(candidate))


def pooled_differences(
    compared: Sequence[Compared], confidence_level: float
) -> list[dict[str, Any]]:
    """Return each rival's difference pooled over the quarters it had not seen.

    Quarters count by their number of pairs (a conversion, another lead), so that the pooled
    figure is the difference of AUCs over all pairs of leads from the same quarter. Leads of
    one contact are one cluster across quarters too.
    """
    fresh = [
        part
        for part in compared
        if not part.row["in_sample"] and np.isfinite(part.row["difference"])
    ]
    pooled = []
    for card in dict.fromkeys(part.row["card"] for part in fresh):
        of_card = [part for part in fresh if part.row["card"] == card]
        rows = [part.row for part in of_card]
        share = _by_pairs([(row["n"], row["n_converted"]) for row in rows])
        row = {
            "period": "all",
            "card": card,
            "n": sum(row["n"] for row in rows),
            "n_converted": sum(row["n_converted"] for row in rows),
            "difference": float(share @ np.array([row["difference"] for row in rows])),
            "standard_error": _pooled_error(share, of_card),
            "in_sample": False,
        }
        pooled.append(_with_interval(row, confidence_level))
    return pooled


def pooled_figures(
    card: str, judged: Sequence[Ranking], *, confidence_level: float
) -> dict[str, Any]:
    """Return one card's AUC and calibration over all quarters that it had not seen."""
    areas = [_area(ranking) for ranking in judged]
    share = _by_pairs([(part.row["n"], part.row["n_converted"]) for part in areas])
    area = float(share @ np.array([part.row["auc"] for part in areas]))
    reach = normal_quantile(confidence_level) * _pooled_error(share, areas)
    together = pd.concat([ranking.scores for ranking in judged], ignore_index=True)
    values = {
        "card": card,
        "n_periods": len(judged),
        "n": sum(part.row["n"] for part in areas),
        "n_converted": sum(part.row["n_converted"] for part in areas),
        "auc": area,
        "auc_ci_lower": max(area - reach, 0.0),
        "auc_ci_upper": min(area + reach, 1.0),
        **calibration_of(together, confidence_level=confidence_level),
    }
    return {name: values[name] for name in POOLED_COLUMNS}


def _area(ranking: Ranking) -> Compared:
    leads = scored_leads(ranking.scores)
    found = leads_auc(leads.score, leads.converted, leads.weight, leads.cluster)
    row = {"n": len(leads.score), "n_converted": int(leads.converted.sum()), "auc": found.auc}
    return Compared(row=row, influence=found.influence, contact=_contacts(ranking))


def _contacts(ranking: Ranking) -> NDArray[np.intp] | None:
    if "cluster" not in ranking.scores:
        return None
    return np.asarray(ranking.scores["cluster"], dtype=np.intp)


def _by_pairs(counts: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Return the share of each quarter in all pairs of a conversion and another lead."""
    pairs = np.array([n_converted * (n - n_converted) for n, n_converted in counts], dtype=float)
    return np.asarray(pairs / pairs.sum())


def _pooled_error(share: NDArray[np.float64], parts: Sequence[Compared]) -> float:
    influence = np.concatenate([s * part.influence for s, part in zip(share, parts, strict=True)])
    contacts = [part.contact for part in parts if part.contact is not None]
    cluster = pd.factorize(np.concatenate(contacts))[0] if contacts else None
    return standard_error_of(influence, cluster)


def _at_the_cut(cells: pd.DataFrame, cut: int | None, volume: float | None) -> dict[str, float]:
    """Return what lies at or above the cut; without one, among the best `volume` leads.

    All weighted; the leads of a quarter that is judged are mature and weigh 1. Where the last
    of those share a score with others, they are taken as a part of them (what a random order
    would bring on average).
    """
    n, hits, amount = (
        cells[name].to_numpy(dtype=float)[::-1] for name in ("weight", "weight_converted", "amount")
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
        "amount_share": float(taken @ amount / amount.sum()) if amount.sum() else float("nan"),
    }


def _share_taken(n: NDArray[np.float64], volume: float) -> NDArray[np.float64]:
    before = np.cumsum(n) - n
    return np.clip((volume - before) / n, 0.0, 1.0)


def _with_interval(row: dict[str, Any], confidence_level: float) -> dict[str, Any]:
    reach = normal_quantile(confidence_level) * row["standard_error"]
    row["difference_ci_lower"] = row["difference"] - reach
    row["difference_ci_upper"] = row["difference"] + reach
    return {name: row[name] for name in DIFFERENCE_COLUMNS}
