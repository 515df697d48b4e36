"""What comes after as_of decides nothing: neither the kind of a column nor its days."""

from __future__ import annotations

import pandas as pd
import pytest

from calibrate.config import LeadColumns
from calibrate.history import History, read_history


def read(leads: pd.DataFrame, *sources: pd.DataFrame, as_of: str = "2024-06-01") -> History:
    return read_history(leads, None, *sources, as_of=as_of)


def closings(history: History) -> list[str]:
    found = history.engine.query("SELECT closed_at FROM leads ORDER BY lead_row LIMIT 2")
    return [f"{moment:%m-%d %H:%M}" for moment in found.column(0).to_pylist()]


@pytest.mark.parametrize("later", ["5", "n/a", "005", "2024-07-01", "anna@x.it", "true"])
def test_leads_created_after_as_of_do_not_choose_the_kind_of_a_column(later: str) -> None:
    leads = pd.DataFrame(
        {
            "lead_id": range(6),
            "created_at": ["2024-01-01"] * 3 + ["2024-09-01"] * 3,
            "outcome": "open",
            "grade": ["1", "2", "3", *[later] * 3],
            "is_customer": ["true", "FALSE", "true", *[later] * 3],
        }
    )
    history = read(leads)
    kinds = [(part.name, part.kind, part.excluded) for part in history.attributes]
    assert kinds == [("grade", "number", None), ("is_customer", "category", None)]
    found = history.engine.query("SELECT x0, x1 FROM leads ORDER BY lead_row LIMIT 3")
    assert found.column(0).to_pylist() == [1, 2, 3]
    assert found.column(1).to_pylist() == ["yes", "no", "yes"]


@pytest.mark.slow
@pytest.mark.parametrize("later", ["2024-09-01", "2024-09-01 10:00"])
@pytest.mark.parametrize("as_text", [True, False])
def test_a_closing_after_as_of_does_not_make_whole_days_midnights(
    later: str, as_text: bool
) -> None:
    closed = pd.Series(["2024-01-31 00:00:00", "2024-02-10 00:00:00", f"{later}"])
    leads = pd.DataFrame(
        {
            "lead_id": range(3),
            "created_at": "2024-01-01 12:00",
            "outcome": "converted",
            "closed_at": closed if as_text else pd.to_datetime(closed, format="ISO8601"),
        }
    )
    # a day without a time ends at its last microsecond
    assert closings(read(leads)) == ["01-31 23:59", "02-10 23:59"]
    wins = leads[["lead_id", "closed_at"]]
    assert closings(read(leads.drop(columns="closed_at"), wins)) == ["01-31 23:59", "02-10 23:59"]


def test_an_earlier_state_is_asked_for_in_the_zone_of_the_history() -> None:
    leads = pd.DataFrame({"lead_id": [1], "created_at": ["2024-06-30 22:30Z"], "outcome": ["open"]})
    rome = LeadColumns(timezone="Europe/Rome")
    history = read_history(leads, as_of="2024-12-31", leads=rome)
    # 22:30 UTC in summer is 00:30 in Rome
    earlier = history.at("2024-07-01T00:45+02:00")
    assert f"{earlier.as_of}" == "2024-07-01 00:45:00"
    assert earlier.n_leads == 1
