"""Wins that were recorded only from some day on; closings in the log; contacts with two leads."""

from __future__ import annotations

import pytest

from calibrate.guards.closings import closing_logged
from calibrate.guards.columns import shared_contacts
from calibrate.guards.recording import wins_not_recorded
from calibrate.observation import observe

WINDOWS = {"observation_window": "7D", "horizon": "30D"}


def leads_won_after(days, *, n=400, every=2, recorded=lambda won: won >= 0):
    """Two leads a day; every second is won after so many days, if the win is recorded."""
    leads = []
    for i in range(n):
        created, won = i / 2, i / 2 + days
        is_won = i % every == 0 and recorded(won)
        leads.append(
            {
                "lead_id": f"L{i}",
                "created_at": created,
                "outcome": "converted" if is_won else "open",
                "closed_at": won if is_won else None,
            }
        )
    return leads


def test_wins_recorded_only_from_some_day_on(hand_history):
    leads = leads_won_after(10, recorded=lambda won: won >= 100)
    obs = observe(hand_history(leads, as_of=230), **WINDOWS)
    (finding,) = wins_not_recorded(obs)
    # One win a day from day 10 on: 90 are due by day 100 (2023-04-11).
    assert finding.n_expected == pytest.approx(90, abs=1.5)
    assert finding.n_leads == 200  # two a day on days 0 to 99.5
    assert finding.what.startswith(
        "no win is recorded before 2023-04-11, though leads came in from 2023-01-01 on; about "
    )
    assert finding.severity == "likely"


def test_wins_recorded_only_until_some_day(hand_history):
    leads = leads_won_after(10, recorded=lambda won: won <= 150)
    (finding,) = wins_not_recorded(observe(hand_history(leads, as_of=230), **WINDOWS))
    # The last win is on day 150 (2023-05-31); one a day was due until day 209, 59 of them.
    assert finding.what.startswith("no win is recorded after 2023-05-31")
    assert finding.n_expected == pytest.approx(59, abs=2)


def test_wins_recorded_all_the_time(hand_history):
    assert wins_not_recorded(observe(hand_history(leads_won_after(10), as_of=212), **WINDOWS)) == []


def test_no_wins_are_due_when_all_have_come(hand_history):
    # The last lead comes in on day 199.5, its win on day 209; nothing is due until day 300.
    assert wins_not_recorded(observe(hand_history(leads_won_after(10), as_of=300), **WINDOWS)) == []


def test_slow_wins_are_no_gap(hand_history):
    # All wins take 60 days: none in the first 60, and none was due.
    assert wins_not_recorded(observe(hand_history(leads_won_after(60), as_of=262), **WINDOWS)) == []


def test_a_fit_period_after_the_gap_is_not_concerned(hand_history):
    history = hand_history(leads_won_after(10, recorded=lambda won: won >= 100), as_of=230)
    later = ("2023-04-11", "2023-07-01")
    assert wins_not_recorded(observe(history, period=later, **WINDOWS)) == []


def signed(leads, before):
    """An event so many days before each closing."""
    return [
        {"lead_key": r["lead_id"], "activity": "signed", "occurred_at": r["closed_at"] - before}
        for r in leads
        if r["closed_at"] is not None
    ]


def visits(leads):
    return [
        {"lead_key": r["lead_id"], "activity": "visit", "occurred_at": r["created_at"] + d}
        for r in leads
        for d in (0.5, 3, 9.5)
    ]


def test_a_closing_written_into_the_log(hand_history):
    leads = leads_won_after(10)
    events = signed(leads, 0.2) + visits(leads)
    (finding,) = closing_logged(observe(hand_history(leads, events), **WINDOWS))
    assert (finding.severity, finding.columns) == ("certain", ("signed",))
    assert (finding.n, finding.n_at_closing, finding.n_later) == (200, 200, 0)
    assert finding.leaks


def test_a_last_call_two_days_before_is_no_closing(hand_history):
    leads = leads_won_after(10)
    assert closing_logged(observe(hand_history(leads, signed(leads, 2)), **WINDOWS)) == []


def test_what_customers_do_later_is_a_note(hand_history):
    leads = leads_won_after(10)
    events = signed(leads, -5) + visits(leads)
    (finding,) = closing_logged(observe(hand_history(leads, events), **WINDOWS))
    assert (finding.severity, finding.columns) == ("note", ("signed",))
    assert (finding.n_at_closing, finding.n_later) == (0, 200)


def test_where_all_close_within_a_day_nothing_can_be_said(hand_history):
    leads = leads_won_after(0.5)
    assert closing_logged(observe(hand_history(leads, signed(leads, 0.2)), **WINDOWS)) == []


def test_an_open_lead_that_did_it_too_speaks_against_it(hand_history):
    leads = leads_won_after(10)
    lingering = [
        {"lead_key": r["lead_id"], "activity": "signed", "occurred_at": r["created_at"] + 5}
        for r in leads[1:60:2]  # 30 open leads: 200 of 230 events, 87 %, lie at a closing
    ]
    events = signed(leads, 0.2) + lingering
    assert closing_logged(observe(hand_history(leads, events), **WINDOWS)) == []


@pytest.mark.slow
def test_contacts_with_several_leads(hand_history):
    leads = [
        {"lead_id": f"L{i}", "created_at": i, "contact": c} for i, c in enumerate(["a", "a", "b"])
    ]
    (finding,) = shared_contacts(observe(hand_history(leads), **WINDOWS))
    assert (finding.n_contacts, finding.n_leads) == (1, 2)
    assert shared_contacts(observe(hand_history(leads[1:]), **WINDOWS)) == []
