"""The lag study, small."""

import numpy as np
import pytest

from benchmarks.studies import lag

READING = lag.READINGS[1]  # 1,300 leads of 2023Q4, read 14 days after its end


def test_truth_is_the_rate_by_day_90():
    # scipy 1.17: 0.15 * scipy.stats.lognorm.cdf(60, 0.8, scale=45) = 0.0961
    assert lag.truth() == pytest.approx(0.0961, abs=5e-5)


def test_adjusted_rate_is_unbiased_where_the_naive_one_is_low():
    row = lag.simulated(READING, n_quarters=150, n_public=1, seed=1)
    assert row["naive, points"] < -4
    assert abs(row["bias, points"]) < 0.3 + 2 * row["error of the bias"]
    assert row["coverage"] > 0.90
    assert row["largest gap"] < 1e-9  # between the inner function and the public road


def test_a_loss_is_no_end_of_watching():
    """Were the lost leads taken as censored at their loss, the rate would come out too high."""
    leads = lag.draw(READING, np.random.default_rng(1))
    follow_up = READING.days + READING.days_after - leads.created
    watched = np.minimum(np.minimum(follow_up, lag.HORIZON), leads.lost_after)
    converted = leads.lag <= watched
    censored = lag.conversion_by(lag.HORIZON, np.where(converted, leads.lag, watched), converted)
    assert censored.rate > lag.read(READING, leads)[0] + 0.1


def test_the_requirement_can_fail():
    row = lag.simulated(READING, n_quarters=20, n_public=0, seed=1)
    table = lag.pd.DataFrame([row | {"bias, points": 0.31, "coverage": 0.95, "quarters": 1_000}])
    assert not lag.is_met(table)
    assert lag.is_met(table.assign(**{"bias, points": 0.29}))
    assert not lag.is_met(table.assign(**{"bias, points": 0.0, "coverage": 0.90}))
