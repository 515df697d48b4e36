from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from calibrate.stats.intervals import wilson
from calibrate.stats.survival import conversion_by, kaplan_meier

# Weeks of remission on 6-MP, Freireich et al. 1963, Blood 21, 699-716 (+ is censored):
# 6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("week", "survival"),
    [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)],
)
def test_published_remission_times(week, survival):
    # Kaplan-Meier of these data as in Cox and Oakes 1984, Analysis of Survival Data. By hand:
    # 18/21 = 0.857, times 16/17 = 0.807, times 14/15 = 0.753, times 11/12 = 0.690, ...
    assert kaplan_meier(week, WEEKS, ENDED).survival == pytest.approx(survival, abs=5e-4)


@pytest.mark.parametrize("horizon", [6, 12.5, 22, 30])
def test_against_scipy(horizon):
    days, ended = np.array(WEEKS, dtype=float), np.array(ENDED, dtype=bool)
    data = CensoredData(uncensored=days[ended], right=days[~ended])
    sf = ecdf(data).sf
    with np.errstate(all="ignore"):
        limits = sf.confidence_interval(confidence_level=0.9, method="log-log")
    found = conversion_by(horizon, days, ended, confidence_level=0.9)
    assert found.rate == pytest.approx(1 - sf.evaluate(horizon))
    assert found.lower == pytest.approx(1 - limits.high.evaluate(horizon))
    assert found.upper == pytest.approx(1 - limits.low.evaluate(horizon))
    assert found.at == horizon


def test_without_censoring_it_is_the_plain_rate():
    days = np.r_[np.arange(30.0), np.full(70, 90.0)]
    found = conversion_by(90, days, days < 90)
    assert found.rate == pytest.approx(0.3)
    # Greenwood's variance is then the binomial one.
    survival, greenwood, _ = kaplan_meier(90, days, days < 90)
    assert survival**2 * greenwood == pytest.approx(0.3 * 0.7 / 100)


def test_follow_up_that_ends_before_the_horizon_is_not_extrapolated():
    found = conversion_by(90, [10, 20, 40, 40], [True, False, False, False])
    assert found.at == 40
    assert found.rate == 0.25


def test_the_order_of_rows_does_not_matter():
    order = np.random.default_rng(0).permutation(len(WEEKS))
    shuffled = conversion_by(20, np.array(WEEKS)[order], np.array(ENDED)[order])
    assert shuffled == conversion_by(20, WEEKS, ENDED)


def test_nobody_or_everybody_converted_or_no_leads():
    none = conversion_by(30, [30] * 50, [False] * 50)
    assert (none.rate, none.lower) == (0.0, 0.0)
    assert none.upper == pytest.approx(float(wilson(0, 50).upper))
    everyone = conversion_by(30, [10] * 50, [True] * 50)
    assert (everyone.rate, everyone.upper) == (1.0, 1.0)
    assert everyone.lower < 1
    assert np.isnan(conversion_by(30, [], [])).all()
    assert np.isnan(kaplan_meier(30, [], [])[:2]).all()
