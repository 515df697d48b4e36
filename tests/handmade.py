"""Histories built by hand: the two engine tables, five leads, sums done on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from calibrate.criteria import as_criterion
from calibrate.engines import DuckDBEngine
from calibrate.scorecard import Scorecard, ScoredCriterion

DAY0 = dt.datetime(2023, 1, 1)
TIME = pa.timestamp("us")
LEADS = {
    "lead_row": pa.int64(),
    "lead_id": pa.string(),
    "lead_key": pa.string(),
    "created_at": TIME,
    "outcome": pa.string(),
    "closed_from": TIME,
    "closed_at": TIME,
    "amount": pa.float64(),
    "contact": pa.string(),
    "account": pa.string(),
    "worked": pa.bool_(),
    "first_contacted_at": TIME,
}
ACTIVITIES = {
    "activity_row": pa.int64(),
    "lead_key": pa.string(),
    "activity": pa.string(),
    "occurred_at": TIME,
    "detail": pa.string(),
    "value": pa.float64(),
}


@dataclass(frozen=True)
class HandAttribute:
    name: str
    column: str
    kind: str = "category"
    group: str = "fit"
    excluded: str | None = None


@dataclass(frozen=True)
class HandHistory:
    engine: DuckDBEngine
    as_of: dt.datetime | None
    activities: tuple[str, ...]
    attributes: tuple[HandAttribute, ...] = ()
    is_wide: bool = False
    has_contacts: bool = False
    timezone: str = "UTC"
    stages: None = None

    @property
    def table(self) -> pd.DataFrame:
        return pd.DataFrame(columns=["table", "check", "n", "rule", "examples"])

    def at(self, as_of: dt.datetime) -> HandHistory:
        return replace(self, as_of=as_of)


def moment(value: Any) -> Any:
    """Days since 2023-01-01 as a moment; anything else as it is."""
    return DAY0 + dt.timedelta(days=value) if isinstance(value, int | float) else value


def build(
    leads: Sequence[dict[str, Any]],
    activities: Sequence[dict[str, Any]] = (),
    *,
    as_of: Any = 365,
    attributes: Sequence[HandAttribute] = (),
    is_wide: bool = False,
) -> HandHistory:
    """Times are numbers of days since 2023-01-01; ids are the keys unless a contact is given."""
    lead_rows = []
    for row, lead in enumerate(leads):
        full = dict.fromkeys(LEADS) | {"lead_row": row, "outcome": "open"} | lead
        full["lead_key"] = full["lead_key"] or full["contact"] or full["lead_id"]
        for name in ("created_at", "closed_from", "closed_at"):
            full[name] = moment(full[name])
        full["closed_from"] = full["closed_from"] or full["closed_at"]
        lead_rows.append(full)
    events = [
        dict.fromkeys(ACTIVITIES) | {"activity_row": row} | event
        for row, event in enumerate(activities)
    ]
    for event in events:
        event["occurred_at"] = moment(event["occurred_at"])
    types = {a.column: pa.float64() if a.kind == "number" else pa.string() for a in attributes}
    engine = DuckDBEngine(threads=1)
    engine.register("leads", pa.Table.from_pylist(lead_rows, pa.schema(LEADS | types)))
    engine.register("activities", pa.Table.from_pylist(events, pa.schema(ACTIVITIES)))
    return HandHistory(
        engine=engine,
        as_of=moment(as_of),
        activities=tuple(sorted({event["activity"] for event in events})),
        attributes=tuple(attributes),
        is_wide=is_wide,
        has_contacts=any(row["contact"] for row in lead_rows),
    )


def hand_card(
    *rules: tuple[dict[str, Any], int], rates: pd.DataFrame, n: int, n_converted: int
) -> Scorecard:
    """A card of rules and their points, base 0, without tiers."""
    control = {"rate": 0.1, "rate_ci": [0.0, 1.0], "n": n, "n_converted": n_converted}
    return Scorecard(
        name="by hand",
        period=None,
        as_of=None,
        method="logistic",
        control=control | {"method": "cohort"},
        base=0,
        criteria=tuple(
            ScoredCriterion(criterion=as_criterion(when), points=points) for when, points in rules
        ),
        expected_rate=rates,
    )
