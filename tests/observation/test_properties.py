"""Identities that time rules must obey, with hypothesis looking for the exception."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from calibrate.criteria import Measure, as_criterion
from calibrate.observation import observe, observe_open, propose_windows

MEASURES = [
    Measure(None),
    Measure("click"),
    Measure("click", within_days=3),
    Measure("visit", statistic="total"),
    Measure("visit", statistic="days"),
    Measure("visit", statistic="recency"),
    Measure("visit", detail="*pricing*"),
]
WINDOWS = {"observation_window": "7D", "horizon": "30D"}
AS_OF = 60

# Quarter days, so that times meet landmarks, closings and as_of exactly.
quarter_days = st.integers(-40, 320).map(lambda n: n / 4)


@st.composite
def leads(draw):
    found = []
    for i in range(draw(st.integers(1, 6))):
        created = draw(st.integers(0, 260)) / 4
        outcome = draw(st.sampled_from(["open", "converted", "lost"]))
        closed = draw(st.none() | st.integers(-4, 160).map(lambda n: n / 4))
        found.append(
            {
                "lead_id": f"L{i}",
                "created_at": created,
                "outcome": outcome,
                "closed_at": None if closed is None else created + closed,
                "contact": draw(st.sampled_from([f"c{i}", "shared"])),
                "amount": draw(st.sampled_from([None, 0.1, 0.7, 1e9])),
            }
        )
    return found


events = st.lists(
    st.fixed_dictionaries(
        {
            "lead_key": st.sampled_from(["c0", "c1", "c2", "shared"]),
            "activity": st.sampled_from(["click", "visit"]),
            "occurred_at": quarter_days,
            "detail": st.sampled_from([None, "/pricing", "/about"]),
            "value": st.sampled_from([None, 0.1, 0.2, 0.3, 1e6]),
        }
    ),
    max_size=12,
)


def known(obs):
    """The table by id, with every measure."""
    return pd.concat([obs.table, obs.features(MEASURES).add_prefix("m:")], axis=1).set_index(
        "lead_id"
    )


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(leads=leads(), events=events, late=events, early=st.sampled_from(["landmark", "truncate"]))
def test_nothing_at_or_after_the_cutoff_counts(hand_history, day, leads, events, late, early):
    plain = hand_history(leads, [*events, *_one_of_each()], as_of=AS_OF)
    before = known(observe(plain, early=early, **WINDOWS))
    by_contact = {lead["contact"]: [] for lead in leads}
    for lead in leads:
        if lead["lead_id"] in before.index:
            by_contact[lead["contact"]].append(before.loc[lead["lead_id"], "cutoff"])
    latest = {contact: max(times) for contact, times in by_contact.items() if times}
    # What happens at as_of itself is known of the leads that are seen there.
    after = [
        event
        for event in late
        if event["lead_key"] in latest
        and day(event["occurred_at"]) >= latest[event["lead_key"]]
        and day(event["occurred_at"]) != day(AS_OF)
    ]
    more = hand_history(leads, [*events, *_one_of_each(), *after], as_of=AS_OF)
    assert_frame_equal(known(observe(more, early=early, **WINDOWS)), before)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(leads=leads(), events=events, as_of=st.integers(0, 240).map(lambda n: n / 4))
def test_nothing_after_as_of_is_seen(hand_history, day, leads, events, as_of):
    """The past looks the same from a file that ends at as_of and from a later one."""
    later = hand_history(leads, [*events, *_one_of_each()], as_of=200).at(day(as_of))
    cut = [
        lead
        if lead["closed_at"] is None or lead["closed_at"] <= as_of
        else lead | {"outcome": "open", "closed_at": None}
        for lead in leads
        if lead["created_at"] <= as_of
    ]
    seen = [event for event in events if event["occurred_at"] <= as_of]
    then = hand_history(cut, [*seen, *_one_of_each()], as_of=as_of)
    for observed in (lambda h: observe(h, **WINDOWS), observe_open):
        assert_frame_equal(known(observed(later)), known(observed(then)))
    assert propose_windows(later) == propose_windows(then)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(leads=leads(), events=events, days=st.integers(-400, 400))
def test_shifting_all_times_together_changes_nothing(hand_history, leads, events, days):
    def shifted(by):
        moved = [
            lead
            | {
                "created_at": lead["created_at"] + by,
                "closed_at": None if lead["closed_at"] is None else lead["closed_at"] + by,
            }
            for lead in leads
        ]
        log = [event | {"occurred_at": event["occurred_at"] + by} for event in events]
        obs = observe(hand_history(moved, log, as_of=AS_OF + by), **WINDOWS)
        frame = known(obs)
        for name in ("created_at", "cutoff", "closed_at"):
            frame[name] -= dt.timedelta(days=by)
        return frame

    assert_frame_equal(shifted(days), shifted(0))


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(leads=leads(), events=events, data=st.data())
def test_the_order_of_rows_never_matters(hand_history, leads, events, data):
    shuffled = data.draw(st.permutations(leads))
    log = data.draw(st.permutations([*events, *_one_of_each()]))
    one = observe(hand_history(leads, [*events, *_one_of_each()], as_of=AS_OF), **WINDOWS)
    two = observe(hand_history(shuffled, log, as_of=AS_OF), **WINDOWS)
    assert_frame_equal(known(two).sort_index(), known(one).sort_index())
    criteria = [as_criterion({"activity": "click"}), as_criterion({"activity": "visit", "days": 2})]
    flags = [obs.flags(criteria)[np.argsort(obs.table["lead_id"])] for obs in (one, two)]
    assert np.array_equal(*flags)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(leads=leads(), events=events)
def test_a_lead_alone_looks_as_it_does_among_others(hand_history, leads, events):
    log = [*events, *_one_of_each()]
    # Weights depend on how long the others were watched; nothing else does.
    together = known(observe(hand_history(leads, log, as_of=AS_OF), **WINDOWS, maturity="drop"))
    for lead in leads:
        alone = known(observe(hand_history([lead], log, as_of=AS_OF), **WINDOWS, maturity="drop"))
        assert_frame_equal(alone, together[together.index == lead["lead_id"]])


def _one_of_each():
    """Events of nobody, so that both activities always exist."""
    return [
        {"lead_key": "nobody", "activity": activity, "occurred_at": 0}
        for activity in ("click", "visit")
    ]
