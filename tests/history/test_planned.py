"""Closing dates of leads that count as open: those past are told from those to come."""

from __future__ import annotations

import pandas as pd
import pytest

import calibrate as cal
from calibrate.config import LeadColumns
from calibrate.guards import PlannedClosings, find_problems
from calibrate.history.planned import OPEN_BUT_PAST

COLUMNS = LeadColumns(won="Gewonnen", lost="Verloren")


def leads(rest: list[str], closing: str) -> pd.DataFrame:
    """60 leads won or lost in February 2024, and others with one closing date."""
    stages = [*["Gewonnen", "Verloren"] * 30, *rest]
    return pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(len(stages))],
            "created_at": "2024-01-10",
            "outcome": stages,
            "closed_at": ["2024-02-10"] * 60 + [closing] * len(rest),
        }
    )


def planned(frame: pd.DataFrame) -> list[PlannedClosings]:
    history = cal.read_history(frame, leads=COLUMNS, as_of="2024-06-01")
    obs = cal.observe(history, observation_window="7D", horizon="60D")
    return [one for one in find_problems(obs) if isinstance(one, PlannedClosings)]


def test_open_leads_that_were_closed_are_told_of_with_their_outcome() -> None:
    rest = ["Disqualifiziert"] * 24 + ["Nicht erreicht"] * 6
    (found,) = planned(leads(rest, "2024-03-01"))
    assert found.severity == "likely"
    assert found.what == (
        '30 open leads have a closing date that is past; 24 of them stand at "Disqualifiziert"'
    )
    assert "add it to lost = [...] or won = [...] under [leads]" in found.action


def test_closings_to_come_are_plans() -> None:
    (found,) = planned(leads(["Angebot"] * 20, "2024-08-01"))
    assert found.severity == "note"
    assert found.what == "20 leads carry a closing date after the day of the export"


def test_both_are_counted_apart() -> None:
    frame = leads(["Angebot"] * 20, "2024-08-01")
    frame.loc[75:, "closed_at"] = "2024-06-01"  # 5 of 20; a date without a time ends with its day
    frame.loc[70:74, "closed_at"] = "2024-05-31"  # 5 that are past
    past, to_come = planned(frame)
    assert past.what.startswith("5 open leads")
    assert to_come.what.startswith("15 leads")


@pytest.mark.parametrize("closing", ["", "2024-08-01"])
def test_nothing_is_counted_where_no_date_is_past(closing: str) -> None:
    history = cal.read_history(leads(["Angebot"], closing), leads=COLUMNS, as_of="2024-06-01")
    assert OPEN_BUT_PAST not in set(history.table["check"])
