"""Leads that nobody worked: the others are a chosen group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibrate.config import LeadColumns
from calibrate.guards import find_problems
from calibrate.guards.worked import lift_bounds, worked_leads
from calibrate.history import read_history
from calibrate.observation import observe


def block(n, n_converted, n_worked, **columns):
    """``n`` leads alike: the first ones converted, the first ones worked."""
    place = np.arange(n)
    return pd.DataFrame(
        {
            "outcome": np.where(place < n_converted, "converted", "lost"),
            "worked": np.where(place < n_worked, "yes", "no"),
        }
        | {name: [value] * n for name, value in columns.items()}
    )


def observed(leads, **columns):
    leads = leads.copy()
    leads.insert(0, "lead_id", [f"L{i}" for i in range(len(leads))])
    return observe(read_history(leads, leads=LeadColumns(**columns)))


@pytest.fixture
def chosen():
    """500 from the fair, 480 worked, 96 won; 500 from ads, 240 worked, 24 won."""
    return pd.concat(
        [block(500, 96, 480, source="fair"), block(500, 24, 240, source="ads")], ignore_index=True
    )


def test_sales_prefers_the_fair(chosen):
    obs = observed(chosen)
    (found,) = worked_leads(obs)
    assert found in find_problems(obs)
    assert (found.guard, found.severity) == ("worked leads", "likely")
    assert found.columns == ("source",)
    # 480 / 500 and 240 / 500; Newcombe's interval by statsmodels 0.14:
    # confint_proportions_2indep(240, 500, 480, 500, method="newcomb") = -0.5257, -0.4315
    assert found.what == (
        "720 of 1,000 leads compared (72.0%) were worked; "
        'with "source: ads" 48.0% of 500, without it 96.0% of 500 '
        "(-48.0 pp, 95% interval -52.6 pp to -43.1 pp)"
    )
    assert (found.n, found.n_worked, found.worked_share) == (1_000, 720, 0.72)
    # Worked: 24 / 240 = 10 % against 96 / 480 = 20 %; all worked 120 / 720 = 16.7 %: lift 0.60.
    # RR from .48 * .1 / .2 = 0.24 to .1 / (.96 * .2) = 0.5208; half are from ads:
    # 0.24 / 0.62 = 0.387 and 0.5208 / 0.7604 = 0.685.
    assert found.lift == pytest.approx(0.6)
    assert found.lift_lowest == pytest.approx(0.24 / 0.62)
    assert found.lift_highest == pytest.approx(0.5208333 / 0.7604167)
    assert (
        'the lift of "source: ads" is 0.60x among them and could be 0.39x to 0.68x among all'
        in found.effect
    )


def test_leads_worked_by_lot_are_a_note():
    leads = pd.concat(
        [block(500, 96, 360, source="fair"), block(500, 24, 360, source="ads")], ignore_index=True
    )
    (found,) = worked_leads(observed(leads))
    assert found.severity == "note"
    assert found.what == "720 of 1,000 leads compared (72.0%) were worked"
    assert found.action == "nothing"


def test_the_old_score_is_always_named():
    rows = [
        block(100, 10, worked, score=score)
        for score, worked in ((10, 70), (20, 72), (80, 74), (90, 76))
    ]
    (found,) = worked_leads(observed(pd.concat(rows, ignore_index=True)))
    assert found.severity == "note"  # 71 % below and 75 % above the median of 50
    assert 'with "field:score at least 50" 75.0% of 200, without it 71.0% of 200' in found.what


def test_when_all_were_worked_there_is_nothing_to_say(chosen):
    assert worked_leads(observed(chosen.assign(worked="yes"))) == []
    assert worked_leads(observed(chosen.drop(columns="worked"))) == []


@pytest.mark.slow
def test_times_and_activities():
    # Callers click; sales works who clicks. 400 leads, one a day; the last 60 are not mature.
    n = 400
    created = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(n), unit="D")
    clicks, worked = np.arange(n) % 2 == 0, (np.arange(n) % 2 == 0) | (np.arange(n) % 4 == 1)
    won = worked & (np.arange(n) % 8 < 2)
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in range(n)],
            "created_at": created,
            "outcome": np.where(won, "converted", "open"),
            "closed_at": (created + pd.Timedelta("20D")).where(won),
            "worked": np.where(worked, 1, 0),
        }
    )
    log = pd.DataFrame(
        {
            "lead_id": leads["lead_id"][clicks],
            "activity": "click",
            "occurred_at": created[clicks] + pd.Timedelta("3D"),
        }
    )
    history = read_history(leads, log, as_of=created[-1] + pd.Timedelta("1D"))
    obs = observe(history, observation_window="7D", horizon="60D")
    (found,) = worked_leads(obs)
    # Created up to 60 days before day 400: days 0 to 340, 341 leads, 171 of them click; of the
    # 170 others every second one was worked: days 1, 5, ..., 337 are 85.
    assert (found.n, found.n_worked) == (341, 171 + 85)
    # confint_proportions_2indep(171, 171, 85, 170, method="newcomb") = 0.4225, 0.5743
    assert found.what.endswith(
        'with "click" 100.0% of 171, without it 50.0% of 170 '
        "(+50.0 pp, 95% interval +42.2 pp to +57.4 pp)"
    )
    # The rates stay among worked leads.
    assert len(obs.table) == 300


def test_a_first_contact_that_could_be_mapped():
    n = 300
    created = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(n), unit="D")
    leads = pd.DataFrame(
        {
            "lead_id": range(n),
            "created_at": created,
            "outcome": "open",
            "first_contacted_at": created.where(np.arange(n) % 3 > 0),
        }
    )
    history = read_history(leads, as_of="2024-06-01")
    (found,) = worked_leads(observe(history, observation_window="7D", horizon="30D"))
    assert (found.guard, found.severity) == ("worked leads not mapped", "note")
    assert found.what == (
        '100 of 300 leads (33.3%) have no sign of a contact in "first_contacted_at"'
    )
    assert 'worked = "COLUMN" in [leads]' in found.action


@pytest.mark.parametrize(
    "column",
    [
        {"Contact attempts": [0, 2, 3, None]},
        {"Contacted": ["no", "yes", "yes", "No"]},
        {"Last contacted": [None, "2023-01-01", "2023-02-01", None]},
    ],
    ids=["number", "yes or no", "date"],
)
def test_a_column_that_looks_like_contact_attempts(column):
    leads = pd.DataFrame({name: values * 50 for name, values in column.items()})
    leads["outcome"] = ["converted", "lost"] * 100
    (found,) = worked_leads(observed(leads))
    assert (found.n, found.n_untouched) == (200, 100)
    assert found.columns == tuple(column)


def test_a_column_that_is_filled_for_all_says_nothing():
    leads = pd.DataFrame({"Contact attempts": [1, 2] * 100, "outcome": ["yes", "no"] * 100})
    assert worked_leads(observed(leads)) == []


def test_bounds_without_a_conversion_to_compare_with():
    assert np.isnan(lift_bounds(0.2, 0.0, 1.0, 0.5, 0.5)).all()
    # Everybody worked: both ends are the lift itself, 0.2 / 0.15.
    assert lift_bounds(0.2, 0.1, 1.0, 1.0, 0.5) == pytest.approx((4 / 3, 4 / 3))
