"""The rows of the health table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from calibrate.evaluation import ScoredLeads, rate_intervals, scored_leads
from calibrate.monitoring.drift import ScoreDrift, effective_counts, score_drift, share_tests
from calibrate.monitoring.promises import level_test, residual_tests
from calibrate.monitoring.values import HEALTH_COLUMNS, TOO_FEW
from calibrate.stats.significance import holm

__all__ = ["Leads", "health_table"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Leads:
    """Scored leads of one period and which criteria they meet."""

    scores: pd.DataFrame
    flags: NDArray[np.bool_]

    @cached_property
    def known(self) -> ScoredLeads:
        """Scores, outcomes and clusters as arrays."""
        return scored_leads(self.scores)


def health_table(
    now: Leads,
    then: Leads | None,
    *,
    criteria: Sequence[str],
    tiers: Sequence[str],
    n_fitted: float,
    weeks: float | None,
    confidence_level: float,
) -> pd.DataFrame:
    """Return level, tiers, criteria and score distribution: promised, observed, p values."""
    promised = now.scores["expected_rate"].to_numpy(dtype=float)
    converted = now.scores["converted"].to_numpy(dtype=float)
    in_tier = _in_tier(now, tiers)
    groups = np.hstack([in_tier, now.flags])
    shares = groups.mean(axis=0)
    if then is not None:
        shares = np.hstack([_in_tier(then, tiers), then.flags]).mean(axis=0)
    cluster = now.known.cluster
    tests = residual_tests(promised, converted, groups, n_fitted * shares, cluster)
    p_values = np.array([np.nan, *(test.p_value for test in tests)])
    everyone = np.ones((len(promised), 1), dtype=bool)
    member = np.hstack([everyone, groups])
    n, came = member.sum(axis=0).astype(float), converted @ member
    table = pd.DataFrame(
        {
            "kind": ["level", *["tier"] * len(tiers), *["criterion"] * len(criteria)],
            "name": ["all leads", *tiers, *criteria],
            "n": n.astype(int),
            "n_converted": came.astype(int),
            "n_expected": promised @ member,
            "level_rate": _ratio(np.array([came[0], *(test.expected for test in tests)]), n),
            "holm_p_value": np.atleast_1d(holm(p_values)),
            "p_value": p_values,
            "lead_share": n / len(promised),
            "per_week": n / (weeks or np.nan),
            "reference_share": [
                1.0,
                *(shares if then is not None else np.full(len(shares), np.nan)),
            ],
        }
    )
    table.loc[0, "p_value"] = level_test(promised, converted, n_fitted, cluster)
    parts = [now.known.part(column) for column in member.T]
    _, interval = rate_intervals(parts, confidence_level=confidence_level)
    table = table.assign(
        expected_rate=_ratio(table["n_expected"].to_numpy(), n),
        rate=_ratio(came, n),
        rate_ci_lower=interval.lower,
        rate_ci_upper=interval.upper,
        share_p_value=_share_p_values(now, then, len(tiers)),
        note=_notes(p_values),
        psi=np.nan,
    )
    table["difference"] = table["rate"] - table["expected_rate"]
    return _with_drift(table, now, then)


def _with_drift(table: pd.DataFrame, now: Leads, then: Leads | None) -> pd.DataFrame:
    drift = ScoreDrift(float("nan"), float("nan"))
    if then is not None:
        drift = score_drift(
            then.known.score,
            now.known.score,
            reference_cluster=then.known.cluster,
            cluster=now.known.cluster,
        )
    note = "" if then is not None else "the leads it was fitted on are not in this history"
    row: dict[Any, Any] = dict.fromkeys(HEALTH_COLUMNS, np.nan)
    row |= {"kind": "score", "name": "distribution", "n": len(now.scores), "note": note}
    row |= {"n_converted": table.loc[0, "n_converted"], "psi": drift.psi}
    row |= {"share_p_value": drift.p_value}
    rows = [*table[list(HEALTH_COLUMNS)].to_dict(orient="records"), row]
    return pd.DataFrame(rows, columns=list(HEALTH_COLUMNS))


def _share_p_values(now: Leads, then: Leads | None, n_tiers: int) -> Floats:
    p_values = np.full(1 + n_tiers + now.flags.shape[1], np.nan)
    if then is not None and now.flags.shape[1]:
        before, after = (effective_counts(part.flags, part.known.cluster) for part in (then, now))
        p_values[1 + n_tiers :] = share_tests(*before, *after)
    return p_values


def _notes(p_values: Floats) -> list[str]:
    return ["", *(TOO_FEW if np.isnan(p) else "" for p in p_values[1:])]


def _in_tier(leads: Leads, tiers: Sequence[str]) -> NDArray[np.bool_]:
    names = leads.scores["tier"].to_numpy(dtype=object)
    columns = [names == tier for tier in tiers]
    return np.stack(columns, axis=1) if columns else np.zeros((len(names), 0), dtype=bool)


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return ratio
