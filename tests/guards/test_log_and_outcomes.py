"""Traps in the log and in the outcomes, each small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calibrate.guards import check, find_problems
from calibrate.guards.outcomes import what_can_be_said
from calibrate.observation import observe, observe_open

WINDOWS = {"observation_window": "7D", "horizon": "30D"}
SECOND = 1 / 86_400


def lead(i, created, won, **more):
    """A lead that converts after 20 days or stays open."""
    return {
        "lead_id": f"L{i}",
        "created_at": created,
        "outcome": "converted" if won else "open",
        "closed_at": created + 20 if won else None,
    } | more


def event(i, at, activity="visit"):
    return {"lead_key": f"L{i}", "activity": activity, "occurred_at": at}


def found_in(history, **options):
    obs = observe(history, **(WINDOWS | options))
    return {finding.guard: finding for finding in find_problems(obs)}


@pytest.fixture
def leads():
    """200 leads, one a day, every other one won."""
    return [lead(i, i, i % 2 == 0) for i in range(200)]


@pytest.fixture
def visits():
    """Each lead visits before and after it is created."""
    return [
        event(i, i + d + i % 7 / 10 + 17 * SECOND) for i in range(200) for d in (-95, 0.5, 3, 5)
    ]


def test_nothing_to_complain_about(hand_history, leads, visits):
    assert found_in(hand_history(leads, visits)) == {}


def test_activity_after_closing(hand_history, leads, visits):
    later = [event(0, 25), event(0, 20), event(1, 300)]  # L0 closes on day 20, L1 never
    found = found_in(hand_history(leads, visits + later))
    # Won leads: 100 x 4 visits and two more; lost leads there are none.
    assert found["activity after closing"].what == (
        "2 events lie at or after the closing of their lead: 0.5% of the events of won leads, "
        "none of those of lost ones"
    )


@pytest.mark.slow
def test_an_event_for_another_lead_of_the_contact_is_not_after_closing(hand_history):
    first = lead(1, 0, True, contact="c")
    events = [{"lead_key": "c", "activity": "call", "occurred_at": 100}]
    assert "activity after closing" in found_in(hand_history([first], events))
    both = hand_history([first, lead(2, 99, False, contact="c")], events)
    assert "activity after closing" not in found_in(both)


def test_a_log_that_starts_late(hand_history, leads, visits):
    late = [e for e in visits if e["occurred_at"] >= 2]
    found = found_in(hand_history(leads, late))
    # The first event of what is left is at day 2.x; leads are created on days 0, 1, ...;
    # 93 of them before the log covers their 90 days of lookback.
    assert found["log starts late"].severity == "note"
    assert found["log starts late"].what.endswith("days after the first lead")
    assert found["log starts late"].effect.startswith("93 of 200 leads")


@pytest.mark.slow
def test_a_log_that_starts_within_the_lookback(hand_history, leads, visits):
    late = [e for e in visits if e["occurred_at"] >= -40]
    assert found_in(hand_history(leads, late))["log starts late"].what == (
        # The first event left is that of L55, on day 55 - 95 + 0.6; lookback starts on day -90.
        "the activity log starts on 2022-11-22, 51 days after the lookback of the first lead"
    )


def test_a_log_without_history_before_creation_need_not_reach_back(hand_history, leads, visits):
    after = [e for e in visits if e["occurred_at"] >= int(e["lead_key"][1:])]
    assert "log starts late" not in found_in(hand_history(leads, after))


@pytest.mark.slow
def test_weeks_missing(hand_history, leads):
    busy = [event(i, i + d / 10) for i in range(200) for d in range(10)]
    # 2023-04-03 is day 92, a Monday; two whole weeks until day 106.
    holes = [e for e in busy if not 92 <= e["occurred_at"] < 106]
    found = found_in(hand_history(leads, holes))["weeks missing in the log"]
    assert found.what == ("2 weeks hold no event at all (weeks of 2023-04-03, 2023-04-10)")
    assert "weeks missing in the log" not in found_in(hand_history(leads, busy))
    # Fewer than twenty a week: an empty one may be chance.
    thin = [e for e in holes if e["occurred_at"] % 1 == 0]
    assert "weeks missing in the log" not in found_in(hand_history(leads, thin))


def test_too_few_conversions(hand_history):
    few = [lead(i, i, i < 16) for i in range(200)]
    found = found_in(hand_history(few))["too few conversions"]
    assert found.what.startswith("16 of 200 leads compared at their landmark converted")
    assert "would have to convert 4.1 times as often" in found.effect  # exp(5.6 / sqrt(16))
    assert "there is no criterion to compare" in found.effect


@pytest.mark.slow
@pytest.mark.parametrize(("won", "words"), [(False, "none converted"), (True, "all converted")])
def test_one_outcome_only(hand_history, won, words):
    found = found_in(hand_history([lead(i, i, won) for i in range(100)]))["one outcome only"]
    assert found.severity == "certain"
    assert words in found.what


def test_what_can_be_said_without_conversions():
    assert what_can_be_said(0, 0) == "nothing: there is no mature lead"
    # Wilson at 0 of 100: upper = z^2 / (n + z^2) = 3.841 / 103.841 = 3.7 %.
    assert what_can_be_said(0, 100) == "the rate lies below 3.7%; criteria cannot be compared"


@pytest.mark.slow
def test_immature_leads(hand_history, leads):
    # As of day 200, leads created after day 170 (29 of 200, 14.5 %) are too young for 30 days.
    assert "immature leads" not in found_in(hand_history(leads, as_of=200))
    found = found_in(hand_history(leads, as_of=200), horizon="60D")["immature leads"]
    assert found.what == (
        "59 of the 200 leads of the period (all) are younger than the horizon of 60 days "
        "on the day of the export"
    )
    assert found.action.endswith("data as of 2023-09-17 or later")  # day 199 + 60
    assert found.severity == "note"
    young = found_in(hand_history(leads, as_of=200), period=("2023-07-01", None), fit_period="2023")
    assert young["immature leads"].severity == "likely"


@pytest.mark.parametrize(
    ("maturity", "words"),
    [
        ("weight", "those seen to do so already stand in for the others"),
        ("drop", "rates and points rest on the others"),
    ],
)
def test_what_immature_leads_do_depends_on_what_is_done_about_them(
    hand_history, leads, maturity, words
):
    history = hand_history(leads, as_of=200)
    found = found_in(history, horizon="60D", maturity=maturity)["immature leads"]
    assert words in found.effect


def test_a_horizon_that_hardly_any_lead_was_watched_for(hand_history, leads):
    # As of day 200 lead i has been watched for 200 - i days: 5 leads of 200 for 196 days or more,
    # and 20 of them, a tenth, for 181.
    found = found_in(hand_history(leads, as_of=200), horizon="196D")
    too_long = found["horizon too long"]
    assert too_long.severity == "certain"
    assert too_long.what == (
        "only 2.5% of the 200 leads of the fit period (all) have been watched for the horizon of "
        "196 days"
    )
    assert too_long.action.startswith("take a horizon of 181 days or less, or an earlier period")
    assert (too_long.longest_days, too_long.followed_share) == (181.0, 0.025)
    assert not {"too few conversions", "one outcome only"} & set(found)
    at_most = found_in(hand_history(leads, as_of=200), horizon="181D")
    assert "horizon too long" not in at_most
    dropped = found_in(hand_history(leads, as_of=200), horizon="196D", maturity="drop")
    assert "horizon too long" not in dropped


def test_no_horizon_is_short_enough(hand_history, leads):
    found = found_in(hand_history(leads, as_of=200), period=("2023-07-15", None))
    # Created from day 195 on and watched for five days at most: not even up to the landmark.
    assert found["horizon too long"].what.startswith("none of the 5 leads of the fit period")
    assert found["horizon too long"].action == "take an earlier period; nothing is extrapolated"
    assert found["immature leads"].effect.endswith("nothing is extrapolated")


def test_unequal_observation(hand_history):
    # Wins close on day 2 and are cut there, the others are seen for 7 days.
    fast = [lead(i, i, False) for i in range(100)]
    fast += [lead(i, i, True, closed_at=i + 2) for i in range(100, 200)]
    found = found_in(hand_history(fast), early="truncate")["unequal observation"]
    assert found.what == (
        "leads that converted were observed for 2.0 days on average, the others for 7.0"
    )
    assert (found.days_converted, found.days_others) == (2.0, 7.0)
    assert "unequal observation" not in found_in(hand_history(fast))
    slow = [lead(i, i, i % 2 == 0) for i in range(200)]
    assert "unequal observation" not in found_in(hand_history(slow), early="truncate")


def test_fast_losses_balance_fast_wins(hand_history):
    # Half of the wins and half of the losses close on day 2: all are seen for 4.5 days on average.
    both = [lead(i, i, i % 2 == 0, closed_at=i + (2 if i % 4 < 2 else 20)) for i in range(200)]
    both = [one if one["outcome"] == "converted" else one | {"outcome": "lost"} for one in both]
    assert "unequal observation" not in found_in(hand_history(both), early="truncate")
    # One tenth is the limit: 7 days against 6.5 is less, against 6 more.
    for share, fires in ((10, False), (5, True)):
        some = [lead(i, i, i % 2 == 0, closed_at=i + 20) for i in range(200)]
        some = [
            one | {"closed_at": i + 2.0} if i % 2 == 0 and i % (2 * share) < 2 else one
            for i, one in enumerate(some)
        ]
        some = [one if one["outcome"] == "converted" else one | {"closed_at": None} for one in some]
        found = found_in(hand_history(some), early="truncate")
        assert ("unequal observation" in found) == fires


def test_closings_that_are_plans(hand_history, leads):
    planned = [lead(i + 200, 300, True, closed_at=400) for i in range(5)]
    assert found_in(hand_history(leads + planned))["planned closings"].what == (
        "5 leads carry a closing date after the day of the export"
    )


def test_check_says_enough(hand_history, leads, visits):
    result = check(hand_history(leads, visits), **WINDOWS)
    assert result.enough
    assert result.message == (
        "Enough to go on: 100 of 200 leads open at their landmark converted (50.0%)."
    )
    assert result.findings == ()
    assert result.control is not None
    assert result.control.n == 200
    assert "at the landmark" in set(result.table["check"])
    assert "Enough to go on" in result._repr_html_()


@pytest.mark.slow
def test_check_says_what_is_missing(hand_history):
    few = check(hand_history([lead(i, i, i < 16) for i in range(200)]), **WINDOWS)
    assert not few.enough
    assert few.message.startswith("Not enough for a score: 16 of 200 leads")
    assert "What can be said: the rate lies between" in few.message
    none = check(hand_history([lead(i, i, False) for i in range(100)]), **WINDOWS)
    assert none.message.endswith("converted (0.0%), so that nothing can be compared.")
    young = check(hand_history([lead(0, 364, False)]), **WINDOWS)
    assert young.message.startswith("Not enough to go on: no lead")
    rows = [{"lead_id": f"L{i}", "outcome": "converted" if i < 60 else "lost"} for i in range(200)]
    wide = check(hand_history(rows, as_of=None, is_wide=True))
    assert wide.message == "Enough to go on: 60 of 200 leads converted (30.0%)."


def test_the_order_of_rows_never_matters(hand_history, leads, visits):
    rng = np.random.default_rng(0)
    shuffled = [leads[i] for i in rng.permutation(len(leads))]
    log = [visits[i] for i in rng.permutation(len(visits))][:300]
    one = found_in(hand_history(leads, log))
    assert one == found_in(hand_history(shuffled, log[::-1]))


def test_open_leads_have_no_outcome_to_judge(hand_history, leads, visits):
    assert find_problems(observe_open(hand_history(leads, visits))) == ()


def test_an_empty_period(hand_history, leads, visits):
    found = found_in(hand_history(leads, visits), period="2030")
    assert found["one outcome only"].what.startswith("of the 0 leads compared")
    assert set(found) == {"one outcome only"}
