"""The public data sets as they are, with no more said of them than what each column is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import calibrate as cal

__all__ = ["FOLDER", "NULL_SETS", "TRAP_SETS", "Seen", "looked_at"]

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


class Seen(NamedTuple):
    """What `check` said of a set: its findings, and every count of what was read."""

    findings: tuple[cal.Finding, ...]
    counts: pd.DataFrame


def looked_at(readings: list[cal.History]) -> Seen:
    """Check each reading of a set, every option at its default."""
    checks = [cal.check(history) for history in readings]
    return Seen(
        findings=tuple(finding for check in checks for finding in check.findings),
        counts=pd.concat([check.table for check in checks], ignore_index=True),
    )


def school_crm() -> list[cal.History]:
    folder = FOLDER / "school_crm"
    leads = cal.LeadColumns(
        id="Id",
        created_at="Created Time",
        outcome="Stage",
        won=["Payment Done"],
        lost=["Lost"],
        closed_at="Closing Date",
        contact="Contact Name",
    )
    calls = cal.ActivityColumns(
        lead="CONTACT ID",
        activity="Call Status",
        occurred_at="Call Start Time",
        value="Call Duration (in seconds)",
    )
    files = folder / "deals.csv.gz", folder / "calls.parquet"
    return [cal.read_history(*files, as_of="2024-01-01", leads=leads, activities=calls)]


def olist_funnel() -> list[cal.History]:
    """Read the two files as two files, and joined into one table as people join them."""
    folder, as_of = FOLDER / "olist_funnel", "2018-11-15"
    leads = folder / "olist_marketing_qualified_leads_dataset.csv.gz"
    wins = folder / "olist_closed_deals_dataset.csv.gz"
    columns = cal.LeadColumns(id="mql_id", created_at="first_contact_date")
    won = cal.OutcomeColumns(lead="mql_id", closed_at="won_date")
    joined = pd.read_csv(leads).merge(pd.read_csv(wins), how="left")
    joined["outcome"] = joined["won_date"].notna().map({True: "yes", False: "no"})
    mapped = columns.model_copy(update={"closed_at": "won_date"})
    return [
        cal.read_history(leads, None, wins, as_of=as_of, leads=columns, outcomes=won),
        cal.read_history(joined, as_of=as_of, leads=mapped),
    ]


def x_education() -> list[cal.History]:
    columns = cal.LeadColumns(id="Prospect ID", outcome="Converted")
    return [cal.read_history(FOLDER / "x_education" / "leads.csv.gz", leads=columns)]


def bank_marketing() -> list[cal.History]:
    source = FOLDER / "bank_marketing" / "bank-full.csv.gz"
    return [cal.read_history(source, leads=cal.LeadColumns(outcome="y"))]


def hillstrom() -> list[cal.History]:
    source = FOLDER / "hillstrom" / "hillstrom.csv.gz"
    return [cal.read_history(source, leads=cal.LeadColumns(outcome="visit"))]


def crm_opportunities() -> list[cal.History]:
    columns = cal.LeadColumns(
        id="opportunity_id",
        created_at="engage_date",
        outcome="deal_stage",
        won=["Won"],
        lost=["Lost"],
        closed_at="close_date",
        amount="close_value",
        account="account",
        date_format="%m/%d/%Y",
    )
    source = FOLDER / "crm_opportunities" / "sales_pipeline.csv"
    return [cal.read_history(source, as_of="2018-01-01", leads=columns)]


def attribution_sample() -> list[cal.History]:
    source = FOLDER / "attribution_sample" / "touches.csv.gz"
    touches = cal.ActivityColumns(
        lead="customer_id",
        activity="channel",
        occurred_at="time",
        exclude={"interaction": ["conversion"]},
    )
    won = cal.OutcomeColumns(
        lead="customer_id", closed_at="time", exclude={"interaction": ["impression"]}
    )
    return [
        cal.read_history(
            None,
            source,
            source,
            as_of="2018-08-01",
            leads=cal.LeadColumns(from_activities=True),
            activities=touches,
            outcomes=won,
        )
    ]


def simulated() -> list[cal.History]:
    leads, activities, truth = cal.make_leads(20_000, rng=3)
    return [cal.read_history(leads, activities, as_of=truth.as_of)]


Reader = Callable[[], list[cal.History]]
TRAP_SETS: dict[str, Reader] = {
    "school_crm": school_crm,
    "x_education": x_education,
    "bank_marketing": bank_marketing,
    "olist_funnel": olist_funnel,
}
NULL_SETS: dict[str, Reader] = {
    "crm_opportunities": crm_opportunities,
    "hillstrom": hillstrom,
    "attribution_sample": attribution_sample,
    "simulated": simulated,
}
