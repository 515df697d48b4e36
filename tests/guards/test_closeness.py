"""What may be odd is found in numpy as an engine would find it, and slices change nothing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from calibrate.config import LeadColumns
from calibrate.guards import closeness, machines
from calibrate.guards.closings import closing_logged
from calibrate.guards.machines import machine_events
from calibrate.history import History, read_history
from calibrate.observation import events, numbers, observe

START = dt.datetime(2024, 1, 1)
NAMES = ("email_open", "email_click", "email_sent")


def company(n_leads: int = 120, n_events: int = 3_000) -> History:
    """Events of few hours, so that many are close together; every fourth of one second."""
    rng = np.random.default_rng(5)
    created = START + pd.to_timedelta(rng.integers(0, 3_600, n_leads), unit="s")
    leads = pd.DataFrame({"lead_id": np.arange(n_leads), "created_at": created, "outcome": "open"})
    seconds = rng.uniform(0, 86_400, n_events)
    seconds[::4] = 50_000 + rng.integers(0, 40, len(seconds[::4])) * 7
    log = pd.DataFrame(
        {
            "lead_id": rng.integers(0, n_leads, n_events),
            "activity": rng.choice(NAMES, n_events),
            "occurred_at": START + pd.to_timedelta(seconds, unit="s"),
        }
    )
    return read_history(leads, log, as_of="2024-06-01")


@pytest.mark.slow
@pytest.mark.parametrize("together", [1 << 25, 1_500])
def test_busy_seconds_are_those_of_the_engine(
    monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(events, "_LEAST_AT_ONCE", 500)
    monkeypatch.setattr(numbers, "_KEPT", 0)
    monkeypatch.setattr(closeness, "_SORTED", together)  # all activities, or one or two
    obs = observe(company(), observation_window="14D", horizon="90D")
    by_engine = closeness._busy_in_engine(obs, NAMES, 5).to_pylist()
    close = closeness.close_events(obs, same=5, near=dt.timedelta(seconds=5))
    tallied = close.busy.to_pylist()
    assert len(tallied) > 40  # 750 events in 40 seconds, of three kinds: 6 on average
    key = lambda row: (row["activity"], row["second"])  # noqa: E731
    assert sorted(tallied, key=key) == sorted(by_engine, key=key)


@pytest.mark.parametrize("kept", [1 << 22, 0])
def test_leads_with_three_close_events_are_among_those_found(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(events, "_LEAST_AT_ONCE", 500)
    monkeypatch.setattr(numbers, "_KEPT", kept)
    history = company()
    obs = observe(history, observation_window="14D", horizon="90D")
    near = dt.timedelta(seconds=600)
    found = closeness.close_events(obs, same=10, near=near).lead_rows
    log = history.engine.query("SELECT * FROM activities").to_pandas()
    log = log.sort_values(["lead_key", "activity", "occurred_at"])
    gap = log.groupby(["lead_key", "activity"], observed=True)["occurred_at"].diff(2)
    close = set(log.loc[gap <= near, "lead_key"])
    later = set(log.loc[gap <= near + dt.timedelta(seconds=2), "lead_key"])
    assert 10 < len(close) < 120
    assert close <= set(found.tolist()) <= later


@pytest.mark.slow
@pytest.mark.parametrize("sent", [{}, {"email_click": "email_sent"}])
def test_slices_do_not_change_what_is_odd(
    monkeypatch: pytest.MonkeyPatch, sent: dict[str, str]
) -> None:
    obs = observe(company(), observation_window="14D", horizon="90D")
    whole = machine_events(obs, sent)
    monkeypatch.setattr(events, "_LEAST_AT_ONCE", 300)
    monkeypatch.setattr(numbers, "_KEPT", 0)
    sliced = machine_events(observe(company(), observation_window="14D", horizon="90D"), sent)
    monkeypatch.setattr(machines, "_suspected", lambda _obs, _close: np.arange(120))
    judged = machine_events(obs, sent)  # every lead
    assert whole
    for other in (sliced, judged):
        assert whole.keys() == other.keys()
        for name, odd in whole.items():
            for sign in (1, 2, 4):
                assert np.array_equal(odd.counts(sign), other[name].counts(sign))


def test_events_of_a_contact_with_several_leads_are_counted_once() -> None:
    """Contact ann has two slow leads, bob one; every event lies at a closing of some lead."""
    created, closed = START, START + dt.timedelta(days=10)
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(60)],
            "contact": [f"c{i // 2 if i < 40 else i}" for i in range(60)],
            "created_at": created,
            "outcome": "converted",
            "closed_at": closed,
        }
    )
    log = pd.DataFrame(
        {
            "contact": sorted(set(leads["contact"])),
            "activity": "contract",
            "occurred_at": closed + dt.timedelta(minutes=5),
        }
    )
    history = read_history(leads, log, leads=LeadColumns(contact="contact"), as_of="2024-06-01")
    (found,) = closing_logged(observe(history, observation_window="3D", horizon="30D"))
    # 20 contacts of two leads and 20 of one: 40 events, each within a day of the closing
    assert (found.n, found.n_at_closing, found.n_later) == (40, 40, 0)
