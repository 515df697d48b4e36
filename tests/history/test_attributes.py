"""What a column is, and why it may never be a criterion."""

from __future__ import annotations

import pandas as pd
import pytest

from calibrate.config import LeadColumns
from calibrate.history import Attribute, read_history
from calibrate.history.attributes import ColumnContent, content_reason, name_reason

N = 120


def attributes(**columns: list[object]) -> dict[str, Attribute]:
    frame = pd.DataFrame({"lead_id": [f"L{k}" for k in range(N)], "outcome": "open", **columns})
    return {found.name: found for found in read_history(frame).attributes}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Age", "sensitive"),
        ("gender", "sensitive"),
        ("Data di nascita", "sensitive"),
        ("Geschlecht", "sensitive"),
        ("Deal Owner", "who works"),
        ("hubspot_owner_id", "who works"),
        ("sales_agent", "who works"),
        ("venditore", "who works"),
        ("Lead Status", "status"),
        ("dealStage", "status"),
        ("Stato", "status"),
        ("SLA", "response"),
        ("Response Time", "response"),
        ("Time to first call (minutes)", "response"),
        ("First Name", "personal"),
        ("E-Mail", "personal"),
        ("Telefono", "personal"),
    ],
)
def test_names_that_are_never_criteria(name: str, word: str) -> None:
    assert word in str(name_reason(name))


@pytest.mark.parametrize(
    "name",
    [
        "Page",
        "Campaign Name",
        "Marital Status",
        "Language",
        "Industry",
        "Email status",
        "Last Activity",
        "Average order",
        "Stages of growth",
        "Message opened",
    ],
)
def test_names_that_may_be_criteria(name: str) -> None:
    assert name_reason(name) is None


def test_contents_decide_where_names_do_not() -> None:
    found = attributes(
        campaign=[f"campaign {k % 60}" for k in range(N)],
        reference=[f"X-{k:05d}" for k in range(N)],
        revenue=[str(1000 + 7 * k) for k in range(N)],
        lead_number=[str(660000 + k) for k in range(N)],
        campaign_id=[str(k % 12) for k in range(N)],
        postcode=[f"{k % 30:05d}" for k in range(N)],
        big_key=["58050280000" + f"{k % 40:08d}" for k in range(N)],
        notes=[f"called {k}, asked for a price and a demo next week" for k in range(N)],
        reach=[f"user{k}@example.com" for k in range(N)],
        signed=[f"2024-01-{k % 28 + 1:02d}" for k in range(N)],
        yes_no=["Yes", "No"] * (N // 2),
        flag=["0", "1"] * (N // 2),
        empty=[""] * N,
        nearly=["1.5"] * (N - 1) + ["?"],
    )
    kinds = {name: (a.kind, a.excluded) for name, a in found.items()}
    assert kinds["campaign"] == ("category", None)
    assert "identifier" in str(kinds["reference"][1])
    assert kinds["revenue"] == ("number", None)
    assert "identifier" in str(kinds["lead_number"][1])
    assert kinds["campaign_id"] == ("category", None)
    assert kinds["postcode"] == ("category", None)
    assert kinds["big_key"] == ("category", None)
    assert kinds["notes"] == ("text", "free text")
    assert kinds["reach"][1] == "personal data"
    assert kinds["signed"] == ("date", "a date")
    assert kinds["yes_no"] == ("category", None)
    assert kinds["flag"] == ("number", None)
    assert kinds["empty"] == ("category", None)
    assert kinds["nearly"] == ("number", None)


def test_sensitive_columns_may_be_allowed_by_name() -> None:
    frame = pd.DataFrame({"lead_id": ["a"], "outcome": ["open"], "Age": [30]})
    (refused,) = read_history(frame).attributes
    (allowed,) = read_history(frame, allow_sensitive=["age"]).attributes
    assert "allow_sensitive" in str(refused.excluded)
    assert allowed.excluded is None
    assert refused.sensitive
    assert allowed.sensitive


def test_groups_and_reserved_names() -> None:
    frame = pd.DataFrame({"lead_id": ["a"], "outcome": ["open"], "visits": [1], "tier": ["x"]})
    visits, tier = read_history(frame, leads=LeadColumns(activity_columns=["visits"])).attributes
    assert (visits.name, visits.column, visits.group) == ("visits", "x0", "engagement")
    assert (tier.name, tier.column, tier.group) == ("field:tier", "x1", "fit")


def test_long_texts_with_few_levels_are_categories() -> None:
    content = ColumnContent(values=1000, levels=30, mean_words=9.0, longest=80)
    assert content_reason("Course", content) is None
    assert content_reason("Course", ColumnContent(values=0, levels=0)) is None
    many = ColumnContent(values=1000, levels=60, mean_words=15.0, longest=200)
    assert content_reason("Course", many) == "free text"
