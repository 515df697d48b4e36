"""The card and the settings that stand behind the golden files of SQL.

After a change that is meant, write them anew and read the difference: python -m tests.golden.card
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from calibrate.config import ActivityColumns, DatabaseSettings, LeadColumns, Settings
from calibrate.criteria import as_criterion
from calibrate.exports import export_sql
from calibrate.scorecard import Scorecard, ScoredCriterion
from calibrate.scorecard.values import Hold, Tier

RATES = pd.DataFrame({"score": range(101), "rate": [(s + 1) / 128 for s in range(101)]})
RATES = RATES.assign(rate_ci_lower=0.001, rate_ci_upper=0.999)
RULES = [
    ({"field": "select", "in": ["Milano", "d'Adda", "5", "back\\slash"]}, 11),
    ({"field": "Città", "in": ['a "b"', "Zürich", True]}, -7),
    ({"field": 'seats "now"', "at_least": 4.5, "below": 100}, 13),
    ({"field": 'seats "now"', "in": [1, 2.5]}, 3),
    ({"field": "size", "in": ["11-50"]}, 2),
    ({"field": "size", "at_least": 50}, 4),  # one column, text to one rule, number to another
    ({"not": {"field": "trial", "in": ["yes"]}}, 9),
    ({"field": "select", "missing": True}, 5),
    ({"activity": "email_click", "at_least": 3, "within_days": 30}, 14),
    ({"activity": "visite d'été", "total": 600}, 8),
    ({"activity": "visite d'été", "days": 3}, 6),
    ({"activity": "page_view", "detail": "*/Pricing_100%*", "at_least": 1}, 21),
    ({"activity": "email_click", "share_of": "email_open", "at_least": 0.2, "minimum": 5}, 4),
    ({"activity": "page_view", "last_within_days": 0.5}, 12),
    ({"all": [{"only": "page_view"}, {"not": {"activity": "activity:select"}}]}, 17),
]
CARD = Scorecard(
    name="Quarterly score -- Città d'arte",
    period=("2024-01-01", "2025-01-01"),
    as_of="2025-04-01",
    method="logistic",
    control={"rate": 0.1},
    base=10,
    criteria=tuple(
        ScoredCriterion(criterion=as_criterion(when), points=points) for when, points in RULES
    ),
    expected_rate=RATES,
    tiers=(Tier("hot 'n' new", 62), Tier("warm", 40)),
    caps={"engagement": 40},
    disqualify=(as_criterion({"field": "Città", "in": ["test%"]}),),
    hold=(
        Hold(
            rule=as_criterion({"field": "field:score", "in": ["a"]}),
            at_most=35,
            until=as_criterion({"activity": "page_view", "at_least": 5}),
        ),
    ),
)
LEADS = LeadColumns(
    source="crm.Deals",
    id="Deal ID",
    created_at="Created Time",
    outcome="order",
    won=["Payment Done"],
    lost=["Lost", "Won't buy"],
    closed_at="Closing Date",
    contact="contact",
    null_values=["Select", "-1"],
    exclude={"Source": ["Test"]},
)
LOG = ActivityColumns(
    source="crm.calls",
    lead="contact",
    activity="Call Status",
    occurred_at="when",
    detail="Page URL",
)
SETTINGS = Settings(
    leads=LEADS, activities=LOG, database=DatabaseSettings(url="duckdb:///crm.duckdb")
)

FOLDER = Path(__file__).parent / "sql"
DIALECTS = ("duckdb", "postgres", "spark", "snowflake", "bigquery", "databricks")


def golden_text(dialect: str) -> str:
    return export_sql(CARD, SETTINGS, dialect=dialect)


if __name__ == "__main__":
    for name in DIALECTS:
        (FOLDER / f"{name}.sql").write_text(golden_text(name), encoding="utf-8", newline="\n")
