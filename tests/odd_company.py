"""Leads with odd names and cells, what they did, and a card with every kind of rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from calibrate.criteria import as_criterion
from calibrate.scorecard import Scorecard, ScoredCriterion
from calibrate.scorecard.values import Hold, Tier

RATES = pd.DataFrame({"score": range(101), "rate": [(s + 1) / 107 for s in range(101)]})
RATES = RATES.assign(rate_ci_lower=0.001, rate_ci_upper=0.999)


def card_of(*lines: tuple[dict[str, Any], int], **parts: Any) -> Scorecard:
    """A card of rules and points."""
    fields: dict[str, Any] = {
        "name": "by hand",
        "period": None,
        "as_of": None,
        "method": "logistic",
        "control": {"rate": 0.1},
        "base": 10,
        "criteria": tuple(
            ScoredCriterion(criterion=as_criterion(when), points=points) for when, points in lines
        ),
        "expected_rate": RATES,
        "tiers": (Tier("hot", 62), Tier("warm", 40)),
    }
    return Scorecard(**fields | parts)


ACTIVITIES = ["email_click", "visite d'été", 'say "hi"', "select", "demo"]
LEVELS = [
    "Milano",
    "d'Adda",
    'a "b"',
    "Zürich",
    "5",
    "5.0",
    "-3.0",
    "TRUE",
    "no",
    "back\\slash",
    "%",
]
AS_OF = dt.datetime(2025, 1, 1, 12)


def odd_company(n: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads, a third of them closed, and what they did; some after as_of."""
    rng = np.random.default_rng(3)
    created = AS_OF - dt.timedelta(days=200) + pd.to_timedelta(rng.integers(0, 290_000, n), "min")
    outcome = rng.choice(["open", "open", "converted", "lost"], n)
    closed = created + pd.to_timedelta(rng.integers(0, 90, n), "D")
    missing = rng.random(n) < 0.2
    leads = pd.DataFrame(
        {
            "lead_id": [f"L'{i}" for i in range(n)],
            "created_at": created,
            "outcome": outcome,
            "closed_at": pd.Series(closed).where((outcome != "open") & (rng.random(n) < 0.8)),
            "select": pd.Series(rng.choice(LEVELS, n), dtype=object).where(~missing),
            "Città": pd.Series(rng.choice(LEVELS, n), dtype=object).where(rng.random(n) < 0.9),
            'seats "now"': pd.Series(rng.choice([0, 1, 4.5, 5, 100, 1e6], n)).where(~missing),
            "trial": pd.Series(rng.random(n) < 0.5, dtype=object).where(rng.random(n) < 0.8),
            "score": rng.choice(["a", "b"], n),
        }
    )
    k = 20 * n
    log = pd.DataFrame(
        {
            "lead_id": [f"L'{i}" for i in rng.integers(0, n + 30, k)],
            "activity": rng.choice(ACTIVITIES, k),
            "occurred_at": AS_OF + pd.to_timedelta(rng.integers(-400_000, 3_000, k), "min"),
            "detail": pd.Series(
                rng.choice(["/pricing", "/Pricing/it_IT", "/blog?100%", "caf\\é"], k), dtype=object
            ).where(rng.random(k) < 0.9),
            "value": pd.Series(rng.choice([0.1, 30, 720.5], k)).where(rng.random(k) < 0.9),
        }
    )
    return leads, log


EVERY_RULE = card_of(
    ({"field": "select", "in": ["Milano", "d'Adda", "5"]}, 11),
    ({"field": "Città", "in": ['a "b"', "Zürich", True]}, -7),
    ({"field": 'seats "now"', "at_least": 4.5, "below": 100}, 13),
    ({"field": 'seats "now"', "in": [1, "100"]}, 3),
    ({"not": {"field": "trial", "in": ["yes"]}}, 9),
    ({"field": "select", "missing": True}, 5),
    ({"activity": "email_click", "at_least": 3, "within_days": 30}, 14),
    ({"activity": 'say "hi"', "total": 600}, 8),
    ({"activity": "visite d'été", "days": 3}, 6),
    ({"activity": "demo", "detail": "*/pricing*", "at_least": 1}, 21),
    ({"activity": "activity:select", "share_of": "demo", "at_least": 0.2, "minimum": 5}, 4),
    ({"activity": "demo", "last_within_days": 7}, 12),
    ({"all": [{"only": "demo"}, {"not": {"field": "Città", "missing": True}}]}, 17),
    caps={"engagement": 40},
    disqualify=(as_criterion({"field": "Città", "in": ["%"]}),),
    hold=(
        Hold(
            rule=as_criterion({"field": "field:score", "in": ["a"]}),
            at_most=35,
            until=as_criterion({"activity": "demo", "at_least": 5}),
        ),
    ),
)
