"""Activities without effect, small; the carelessly counted version shows what would be seen."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import null_company

SLOW_WINS = null_company.Setting(days_to_win=40, days_to_loss=5)
FAST_LOSSES = null_company.SETTINGS[0]


@pytest.fixture(scope="module")
def quarter():
    return null_company.make_quarter(SLOW_WINS, 1_500, np.random.default_rng(1))


def test_the_log_stops_at_the_closing(quarter):
    events = quarter.activities.merge(quarter.leads, on="lead_id")
    closed = events[events["closed_at"].notna()]
    assert len(closed) > 1_000
    assert (closed["occurred_at"] <= closed["closed_at"]).all()
    before = events["created_at"] - events["occurred_at"]
    assert before.max() <= pd.Timedelta(days=null_company.DAYS_BEFORE)


def test_at_the_landmark_nothing_is_seen(quarter):
    tables = null_company.judged(quarter)
    assert not tables["given"]["verdict"].isin(["raises", "lowers"]).any()
    # Forty lifts of one quarter, each with a standard error of at most 0.09 (0.006 sqrt(200)).
    assert tables["given"]["lift"].mean() == pytest.approx(1, abs=0.04)


@pytest.mark.slow
def test_counted_up_to_the_closing_the_same_activities_raise():
    """Wins take longer than losses here, so those who buy have done more by their closing."""
    quarter = null_company.make_quarter(FAST_LOSSES, 2_500, np.random.default_rng(1))
    landmark = null_company.judged(quarter)["given"]
    careless = null_company.judged(quarter, early="truncate")["given"]
    assert careless["lift"].mean() > 1.05
    assert (careless["verdict"] == "raises").sum() > 5
    assert landmark["lift"].mean() == pytest.approx(1, abs=0.04)


def test_the_requirement_can_fail():
    good = {
        "quarters": 200,
        "with a verdict (given)": 16,
        "with a verdict (found)": 16,
        "lowest mean lift": 0.98,
        "highest mean lift": 1.02,
        "error of a mean": 0.005,
    }
    assert null_company.is_met(pd.DataFrame([good]))
    for change in (
        {"with a verdict (given)": 17},
        {"with a verdict (found)": 17},
        {"lowest mean lift": 0.979},
        {"highest mean lift": 1.021},
    ):
        assert not null_company.is_met(pd.DataFrame([good, good | change]))
