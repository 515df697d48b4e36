"""Events that no person did, and what is left of an activity without them."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from calibrate.guards import find_problems
from calibrate.guards.bots import bots
from calibrate.guards.machines import partners
from calibrate.observation import observe

WINDOWS = {"observation_window": "7D", "horizon": "30D"}
SECOND = 1 / 86_400


def lead(i, created, won):
    """A lead that converts after 20 days or stays open."""
    return {
        "lead_id": f"L{i}",
        "created_at": created,
        "outcome": "converted" if won else "open",
        "closed_at": created + 20 if won else None,
    }


def event(i, at, activity):
    return {"lead_key": f"L{i}", "activity": activity, "occurred_at": at}


@pytest.fixture
def leads():
    """200 leads, one a day, every other one won."""
    return [lead(i, i, i % 2 == 0) for i in range(200)]


def found_in(history, **options):
    return bots(observe(history, **(WINDOWS | options)))


def against_control(k, n, k_others, n_others):
    """Difference from control and its interval: Newcombe's times the others' share."""
    rest = n_others / (n + n_others)
    low, high = confint_proportions_2indep(k, n, k_others, n_others, method="newcomb")
    points = [100 * rest * value for value in (k / n - k_others / n_others, low, high)]
    return "{:+.1f} pp (95% interval {:+.1f} pp to {:+.1f} pp, n = {})".format(*points, n)


def test_bots_that_click_within_seconds_and_never_open(hand_history, leads):
    people = [i for i in range(200) if i % 2 == 0][:40]  # won
    machines = [i for i in range(200) if i % 2 == 1][:20]  # not
    log = [event(i, i + 2 + 13 * SECOND, "email_open") for i in people]
    log += [event(i, i + 2 + 30 * SECOND, "email_click") for i in people]
    log += [event(i, i + 2 + s * SECOND, "email_click") for i in machines for s in (7, 8, 9)]
    obs = observe(hand_history(leads, log), **WINDOWS)
    (found,) = bots(obs)
    assert found in find_problems(obs)
    assert (found.guard, found.severity) == ("bots", "likely")
    assert found.columns == ("email_click",)
    assert found.what == (
        '"email_click": 20 of 60 leads (33.3%) did it three times or more within 5 seconds '
        'and 20 (33.3%) did it without a single "email_open"'
    )
    # 40 of 60 clickers won, 60 of 140 others; without the machines 40 of 40 and 60 of 160.
    assert found.effect == (
        "against the control rate, those who did it at least once are at "
        f"{against_control(40, 60, 60, 140)}; without these events, at "
        f"{against_control(40, 40, 60, 160)}: machines hide what it is worth"
    )
    assert (found.n, found.n_without) == (60, 40)
    assert found.difference == pytest.approx(40 / 60 - 0.5)
    assert found.difference_without == pytest.approx(0.5)


def test_plus_six_becomes_plus_one(hand_history):
    # 1,000 leads, 300 won. 200 people click, 62 of them won; so do scanners of 50 leads, 28 won.
    won = {*range(62), *range(200, 228), *range(250, 460)}
    everyone = [lead(i, i / 4, i in won) for i in range(1_000)]
    log = [event(i, i / 4 + 2 + 11 * SECOND, "click") for i in range(200)]
    log += [event(i, i / 4 + 2 + s * SECOND, "click") for i in range(200, 250) for s in (1, 2, 3)]
    (found,) = found_in(hand_history(everyone, log))
    # 90 of 250 against 210 of 750: 36 % against 30 %. Without: 62 of 200 and 238 of 800.
    assert found.effect == (
        "against the control rate, those who did it at least once are at "
        f"{against_control(90, 250, 210, 750)}; without these events, at "
        f"{against_control(62, 200, 238, 800)}: most of what it seems to be worth is not the "
        "doing of people"
    )
    assert "+6.0 pp" in found.effect
    assert "+1.0 pp" in found.effect


def test_opens_within_seconds_after_sending(hand_history, leads):
    log = [event(i, i + 2 + 13 * SECOND, "email_sent") for i in range(200)]
    log += [event(i, i + 2 + 15 * SECOND, "email_open") for i in range(0, 60, 3)]  # 20, by machine
    log += [event(i, i + 2.2 + 15 * SECOND, "email_open") for i in range(1, 120, 3)]  # 40 people
    (found,) = found_in(hand_history(leads, log))
    assert found.severity == "likely"
    assert found.what == (
        '"email_open": 20 of 60 leads (33.3%) did it within 5 seconds after the mail was sent'
    )
    assert (found.n, found.n_without) == (60, 40)


def test_an_open_before_the_mail_was_sent_proves_nothing(hand_history, leads):
    log = [event(i, i + 2.1 + 13 * SECOND, "email_sent") for i in range(200)]
    log += [event(i, i + 1.1 + 15 * SECOND, "email_open") for i in range(60)]  # the day before
    assert found_in(hand_history(leads, log)) == []


@pytest.mark.slow
def test_many_leads_in_the_same_second(hand_history):
    # Leads come in on one day; 30 of them have a webinar in one second, 30 at times of their own.
    everyone = [lead(i, i / 1_000, i % 2 == 0) for i in range(200)]
    log = [event(i, 3 + 17 * SECOND, "webinar") for i in range(30)]
    log += [event(i, 3 + i / 300 + 17 * SECOND, "webinar") for i in range(30, 60)]
    (found,) = found_in(hand_history(everyone, log))
    assert found.severity == "note"
    assert found.what == (
        '"webinar": 30 of 60 leads (50.0%) did it in the very second in which ten leads or more did'
    )
    assert "imported together" in found.action
    # A mailing goes out in one second.
    sent = [event_ | {"activity": "email_sent"} for event_ in log]
    opened = [event(i, 4 + i / 300 + 17 * SECOND, "email_open") for i in range(60)]
    assert found_in(hand_history(everyone, sent + opened)) == []
    # The leads of one contact share its events: that is one person.
    shared = [one | {"contact": "c" if i < 30 else f"c{i}"} for i, one in enumerate(everyone)]
    of_contact = [event(i, 3 + i / 300 + 17 * SECOND, "webinar") for i in range(30, 60)]
    of_contact = [e | {"lead_key": "c" + e["lead_key"][1:]} for e in of_contact]
    of_contact.append({"lead_key": "c", "activity": "webinar", "occurred_at": 3 + 17 * SECOND})
    assert found_in(hand_history(shared, of_contact)) == []


@pytest.mark.slow
def test_a_busy_second_among_busy_seconds_is_chance(hand_history):
    # 3,600 x 2 events in an hour, two a second: ten in one second are five times the average.
    everyone = [lead(i, i / 100_000, False) for i in range(2_400)]
    rng = np.random.default_rng(0)
    at = 3 + np.sort(rng.integers(0, 3_600, 7_200)) * SECOND
    log = [event(i % 2_400, moment, "view") for i, moment in enumerate(at)]
    log += [event(i, 3 + 1_800 * SECOND, "view") for i in range(8)]
    assert found_in(hand_history(everyone, log)) == []


def test_times_to_the_minute_show_no_bursts(hand_history, leads):
    log = [event(i, i + 2, "call") for i in range(0, 200, 2) for _ in range(3)]
    assert found_in(hand_history(leads, log)) == []


def test_clicks_without_opens_alone_are_a_note(hand_history, leads):
    log = [event(i, i + 2 + 30 * SECOND, "E-mail Link Clicked") for i in range(40)]
    log += [event(i, i + 1 + 13 * SECOND, "Email Opened") for i in range(20)]
    (found,) = found_in(hand_history(leads, log))
    assert found.severity == "note"
    assert found.what == (
        '"E-mail Link Clicked": 20 of 40 leads (50.0%) did it without a single "Email Opened"'
    )


def test_activities_are_paired_by_their_names():
    names = ("email_click", "chat_opened", "email_open", "ad_click", "sms open", "email_sent")
    assert partners(names, "click", ("open",)) == {"email_click": "email_open"}
    assert partners(names, "open", ("sent",)) == {"email_open": "email_sent"}
    assert partners(("Clicked", "Opened"), "click", ("open",)) == {"Clicked": "Opened"}
    assert partners(("click",), "click", ("open",)) == {}


def test_bots_alone_leave_nothing_to_compare(hand_history, leads):
    log = [event(i, i + 2 + s * SECOND, "click") for i in range(20) for s in (7, 8, 9)]
    (found,) = found_in(hand_history(leads, log))
    assert found.effect == "what is left without them is too little to compare"
    assert (found.n, found.n_without) == (20, 0)


def test_a_wide_table_with_a_log(hand_history):
    rows = [{"lead_id": f"L{i}", "outcome": "converted" if i < 60 else "lost"} for i in range(200)]
    log = [event(i, i + s * SECOND, "click") for i in range(60, 80) for s in (7, 8, 9)]
    log += [event(i, i + 11 * SECOND, "click") for i in range(20)]
    (found,) = bots(observe(hand_history(rows, log, is_wide=True)))
    # 20 of 40 doers converted against 30 %; without the bots all 20.
    assert (found.difference, found.difference_without) == pytest.approx((0.2, 0.7))


def test_young_leads_are_weighted_as_everywhere(hand_history):
    # As of day 200, leads of the last 30 days count only if they have won by then. Leads win
    # after 10 days; every other one does, clickers and others alike.
    young = [lead(i, i / 2, i % 2 == 0) | {"closed_at": i / 2 + 10} for i in range(400)]
    young = [one if i % 2 == 0 else one | {"closed_at": None} for i, one in enumerate(young)]
    log = [event(i, i / 2 + 2 + s * SECOND, "click") for i in range(0, 400, 7) for s in (7, 8, 9)]
    log += [event(i, i / 2 + 2 + 11 * SECOND, "click") for i in range(3, 400, 7)]
    history = hand_history(young, log, as_of=200)
    obs = observe(history, **WINDOWS, maturity="weight")
    (found,) = bots(obs)
    at = obs.at_landmark
    control = np.average(at["converted"], weights=at["weight"])
    doers = at[at["click"] > 0]
    expected = np.average(doers["converted"], weights=doers["weight"]) - control
    assert found.difference == pytest.approx(expected)
    assert len(at) > at["mature"].sum()
