"""An activity that the CRM calls by another name from some day on."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from calibrate.guards import find_problems
from calibrate.guards.renamed import renamed_activities
from calibrate.history import read_history
from calibrate.observation import observe

FIRST = dt.datetime(2023, 1, 1)
DAYS = 540
AS_OF = FIRST + dt.timedelta(days=DAYS)


def company(rng, activities, *, n=3_000, effect=0.0):
    """Leads over 18 months and activities ``(name, per lead, from day, to day)`` on them.

    An activity happens to a lead at a constant rate in the 14 days after its creation; `effect`
    is added to the log odds of those who did the first one.
    """
    created = np.sort(rng.uniform(0, DAYS - 20, n))
    log, did_first = [], np.zeros(n, dtype=bool)
    for place, (name, per_lead, start, end) in enumerate(activities):
        lead = np.repeat(np.arange(n), rng.poisson(per_lead, n))
        at = created[lead] + rng.uniform(0, 14, len(lead))
        kept = (at >= start) & (at < end)
        log.append(pd.DataFrame({"lead": lead[kept], "activity": name, "at": at[kept]}))
        if place == 0:
            did_first[lead[kept]] = True
    log = pd.concat(log, ignore_index=True)
    won = rng.random(n) < 1 / (1 + np.exp(1.5 - effect * did_first))
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": FIRST + pd.to_timedelta(created, unit="D").round("s"),
            "outcome": np.where(won, "converted", "open"),
        }
    )
    leads["closed_at"] = (leads["created_at"] + pd.Timedelta("20D")).where(won)
    activities = pd.DataFrame(
        {
            "lead_id": leads["lead_id"].to_numpy()[log["lead"]],
            "activity": log["activity"],
            "occurred_at": FIRST + pd.to_timedelta(log["at"], unit="D").dt.round("s"),
        }
    )
    history = read_history(leads, activities, as_of=AS_OF)
    return observe(history, observation_window="14D", horizon="30D")


def test_a_click_that_is_called_otherwise_from_july_on():
    # Half of the 5.8 leads a day click once: 20 clicks a week before and after.
    names = [
        ("email_click", 0.5, 0, 300),
        ("Link clicked", 0.5, 300, DAYS),
        ("visit", 1.5, 0, DAYS),
    ]
    obs = company(np.random.default_rng(1), names)
    (found,) = renamed_activities(obs)
    assert found in find_problems(obs)
    assert (found.guard, found.severity) == ("activity renamed", "likely")
    assert (found.old, found.new) == ("email_click", "Link clicked")
    assert found.columns == ("email_click", "Link clicked")
    # Day 300 is 2023-10-28; the first event under the new name comes within hours.
    assert found.changed_on in {"2023-10-28", "2023-10-29"}
    assert found.what.startswith(
        f'"email_click" is not seen any more once "Link clicked" starts on {found.changed_on}: '
    )
    assert found.per_week_before == pytest.approx(20, abs=5)
    assert found.per_week_after == pytest.approx(20, abs=5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        [("email_click", 0.5, 0, 300), ("visit", 1.5, 0, DAYS)],
        [("email_click", 0.5, 0, DAYS), ("visit", 1.5, 300, DAYS)],
        # Stops in October, another starts three weeks later.
        [("email_click", 0.5, 0, 300), ("webinar", 0.5, 321, DAYS)],
        # Starts as the other stops, at three times the volume.
        [("email_click", 0.5, 0, 300), ("visit", 1.5, 300, DAYS)],
        # Ends a day before the data do: nothing says that it is over.
        [("email_click", 0.5, 0, DAYS - 1), ("webinar", 0.5, DAYS - 1, DAYS)],
    ],
    ids=["stops", "starts", "a gap", "another volume", "hardly over"],
)
def test_stopping_or_starting_alone_is_no_renaming(names):
    assert renamed_activities(company(np.random.default_rng(2), names)) == []


@pytest.mark.slow
def test_another_conversion_rate_is_another_activity():
    names = [("demo", 0.5, 0, 300), ("newsletter", 0.5, 300, DAYS)]
    assert renamed_activities(company(np.random.default_rng(3), names, effect=2.0)) == []
    assert len(renamed_activities(company(np.random.default_rng(3), names))) == 1


@pytest.mark.slow
def test_two_renamed_on_one_day_are_told_apart_by_their_words():
    names = [
        ("email open", 1.0, 0, 300),
        ("email click", 0.9, 0, 300),
        ("E-mail: Click", 0.9, 300, DAYS),
        ("E-mail: Open", 1.0, 300, DAYS),
    ]
    found = renamed_activities(company(np.random.default_rng(4), names))
    assert [(f.old, f.new) for f in found] == [
        ("email click", "E-mail: Click"),
        ("email open", "E-mail: Open"),
    ]


@pytest.mark.slow
def test_before_the_fit_period_it_does_not_matter():
    names = [("email_click", 0.5, 0, 60), ("Link clicked", 0.5, 60, DAYS)]
    obs = company(np.random.default_rng(5), names)
    assert len(renamed_activities(obs)) == 1
    # The lookback of the first lead of September starts in June; day 60 is in March.
    later = observe(
        obs.history,
        period=("2023-09-01", "2024-04-01"),
        observation_window="14D",
        horizon="30D",
    )
    assert renamed_activities(later) == []


def random_company(seed):
    """Six activities of random volume; two end and two start on days of their own."""
    rng = np.random.default_rng(seed)
    volume = rng.uniform(0.2, 2.0, 6)
    day = rng.uniform(60, DAYS - 60, 4)
    spans = [(0, DAYS), (0, DAYS), (0, day[0]), (0, day[1]), (day[2], DAYS), (day[3], DAYS)]
    names = [(f"a{i}", v, *span) for i, (v, span) in enumerate(zip(volume, spans, strict=True))]
    return company(rng, names, n=1_500)


@pytest.mark.slow
def test_random_companies_seldom_alarm_and_renamed_ones_do():
    # Of 200 random companies 4 alarmed: an end and a start that fell within the same five days.
    assert sum(bool(renamed_activities(random_company(seed))) for seed in range(12)) <= 1
    power = 0
    for seed in range(12):
        rng = np.random.default_rng(1_000 + seed)
        volume, other = rng.uniform(0.3, 2.0, 2)
        day = rng.uniform(90, DAYS - 90)
        names = [("a", volume, 0, day), ("b", volume, day, DAYS), ("c", other, 0, DAYS)]
        found = renamed_activities(company(rng, names, n=1_500))
        power += [(f.old, f.new) for f in found] == [("a", "b")]
    assert power >= 10
