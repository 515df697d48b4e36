"""Two companies as data frames, with the traps that a database holds; told again in databases."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import calibrate as cal

UTC_TIME = pa.timestamp("us", "UTC")
TIME = pa.timestamp("us")


@dataclass(frozen=True, eq=False)
class Company:
    """Its tables, by name, and how they are read."""

    leads: pa.Table
    events: pa.Table
    wins: pa.Table | None
    how: dict[str, Any] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, pa.Table]:
        if self.wins is None:
            return {"Lead list": self.leads, "Was geschah": self.events}
        return {"leads": self.leads, "activities": self.events, "select": self.wins}


@functools.cache
def by_text() -> Company:
    """Text ids, times with a zone, odd names of columns, missing cells everywhere."""
    leads, events, _ = cal.make_leads(
        1200, rng=7, quarters=5, effects={"demo_request": 3.0, "pricing_view": 2.0}
    )
    rng = np.random.default_rng(5)
    n = len(leads)
    ids = np.array([f"Ü-{i:04d}" if i % 7 == 0 else f"L-{i:04d}" for i in range(n)], dtype=object)
    renamed = dict(zip(leads["lead_id"], ids, strict=True))

    def holed(values: Any, share: float = 0.05) -> list[Any]:
        gone = rng.random(len(values)) < share
        return [None if empty or pd.isna(v) else v for v, empty in zip(values, gone, strict=True)]

    amounts = [
        None if pd.isna(v) else decimal.Decimal(round(100 * v)) / 100 for v in leads["amount"]
    ]
    lead_rows = pa.table(
        {
            "Id": pa.array(ids, pa.string()),
            "Erstellt": pa.array(leads["created_at"], TIME).cast(UTC_TIME),
            "Ausgang": pa.array(leads["outcome"], pa.string()),
            "geschlossen": pa.array(leads["closed_at"], TIME).cast(UTC_TIME),
            "amount": pa.array(amounts, pa.decimal128(12, 2)),
            "select": pa.array(holed(leads["industry"]), pa.string()),
            "Größe": pa.array(holed(leads["employees"], 0.1), pa.float64()),
            'we"ird': pa.array(holed([f" {v} " for v in leads["job_level"]]), pa.string()),
            "from": pa.array(holed(leads["source"]), pa.string()),
            "trial": pa.array(holed(rng.random(n) < 0.3, 0.2), pa.bool_()),
            "score_x": pa.array(holed(np.round(rng.normal(0, 2, n), 3)), pa.float64()),
            "internal note": pa.array([f"note {i}" for i in range(n)], pa.string()),
        }
    )
    m = len(events)
    keys = [renamed[key] for key in events["lead_id"]]
    keys = [f" {key}\t" if i % 11 == 0 else key for i, key in enumerate(keys)]
    names = [f"{name} " if i % 13 == 0 else name for i, name in enumerate(events["activity"])]
    names = ["select" if name.strip() == "webinar" else name for name in names]
    rows = {
        "Wer": holed(keys, 0.01),
        "select": ["n/a" if i % 97 == 0 else name for i, name in enumerate(holed(names, 0.01))],
        "wann": holed(events["occurred_at"].dt.to_pydatetime(), 0.01),
        "detail": [None if pd.isna(v) else v for v in events["detail"]],
        "value": [None if pd.isna(v) else v for v in events["value"]],
        "bot": ["yes" if i % 53 == 0 else "no" for i in range(m)],
    }
    extra = [
        ("a stranger", "email_open", dt.datetime(2025, 6, 1, 12), None, None, "no"),
        ("b stranger", "email_open", dt.datetime(2025, 6, 1, 12), "50%_off\\", None, "no"),
        (None, None, None, None, None, None),
        (ids[3], "Größe", dt.datetime(2025, 6, 1, 12), None, float("nan"), "no"),
        (ids[3], "created_at", dt.datetime(2025, 6, 1, 12), None, 1.5, None),
        (ids[3], "email_open", dt.datetime(2029, 6, 1, 12, 0, 0, 1), None, None, "no"),
    ]
    columns = {name: values + [row[i] for row in (*extra, extra[3])] for i, (name, values) in
               enumerate(rows.items())}  # fmt: skip
    types = [pa.string(), pa.string(), UTC_TIME, pa.string(), pa.float64(), pa.string()]
    event_rows = pa.table(
        [
            pa.array(values, TIME).cast(UTC_TIME) if kind == UTC_TIME else pa.array(values, kind)
            for values, kind in zip(columns.values(), types, strict=True)
        ],
        names=list(columns),
    )
    how = {
        "as_of": "2026-04-01",
        "leads": cal.LeadColumns(
            id="Id",
            created_at="Erstellt",
            outcome="Ausgang",
            closed_at="geschlossen",
            timezone="Europe/Rome",
            ignore=["internal note"],
        ),
        "activities": cal.ActivityColumns(
            lead="Wer",
            activity="select",
            occurred_at="wann",
            null_values=["n/a"],
            exclude={"bot": ["yes"]},
        ),
    }
    return Company(lead_rows.sort_by("Id"), event_rows, None, how)


@functools.cache
def by_number() -> Company:
    """Whole-number ids, contacts with several leads, wins apart, a quarter without any lead."""
    leads, events, _ = cal.make_leads(
        900, rng=3, quarters=5, effects={"demo_request": 3.0, "pricing_view": 2.0}
    )
    leads = leads[leads["created_at"].dt.quarter != 3].reset_index(drop=True)
    n = len(leads)
    numbers = np.arange(1000, 1000 + n)
    contacts = 7000 + np.arange(n) // 2 % (n // 3)
    contact_of = dict(zip(leads["lead_id"], contacts, strict=True))
    won = (leads["outcome"] == "converted").to_numpy()
    lead_rows = pa.table(
        {
            "lead_id": pa.array(numbers, pa.int64()),
            "created_at": pa.array(leads["created_at"], TIME),
            "contact": pa.array(contacts, pa.int32()),
            "stage": pa.array(["lost" if o == "lost" else "new" for o in leads["outcome"]]),
            "industry": pa.array(leads["industry"], pa.string()),
            "country": pa.array(leads["country"], pa.string()),
            "employees": pa.array([None if pd.isna(v) else int(v) for v in leads["employees"]]),
            "signup": pa.array(leads["created_at"].dt.date, pa.date32()),
        }
    )
    wins = pa.table(
        {
            "lead_id": pa.array(numbers[won], pa.int64()),
            "closed_at": pa.array(leads["closed_at"][won].dt.date, pa.date32()),
            "amount": pa.array(leads["amount"][won], pa.float64()),
        }
    )
    kept = events[events["lead_id"].isin(contact_of)]
    event_rows = pa.table(
        {
            "contact": pa.array([contact_of[key] for key in kept["lead_id"]], pa.int64()),
            "activity": pa.array(kept["activity"], pa.string()),
            "occurred_at": pa.array(kept["occurred_at"], TIME),
            "detail": pa.array([v if isinstance(v, str) else None for v in kept["detail"]]),
            "value": pa.array(kept["value"], pa.float64(), from_pandas=True),
        }
    )
    how = {
        "leads": cal.LeadColumns(outcome="stage", lost=["lost"], contact="contact"),
        "activities": cal.ActivityColumns(timezone="America/New_York"),
    }
    return Company(lead_rows, event_rows, wins, how)
