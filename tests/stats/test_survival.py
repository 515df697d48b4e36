from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf, lognorm, t

from calibrate.stats.intervals import wilson
from calibrate.stats.survival import conversion_by, kaplan_meier, share_by

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
    assert everyone.lower == pytest.approx(float(wilson(50, 50).lower))
    # three contacts, all of whose four leads converted: as three
    together = conversion_by(30, [10.0] * 4, [True] * 4, cluster=[0, 0, 1, 2])
    assert together.lower == pytest.approx(float(wilson(3, 3).lower))
    assert np.isnan(conversion_by(30, [], [])).all()
    assert np.isnan(kaplan_meier(30, [], [])[:2]).all()


def test_several_days_at_once_are_each_as_alone():
    at = np.array([[6.0, 12.5], [22.0, 99.0]])
    found = conversion_by(at, WEEKS, ENDED)
    for row in np.ndindex(at.shape):
        alone = conversion_by(float(at[row]), WEEKS, ENDED)
        assert [values[row] for values in found] == pytest.approx(list(alone))
    assert kaplan_meier(at, WEEKS, ENDED).n_at_risk.tolist() == [[21, 12], [7, 0]]  # counted


# Four leads, two by two: day 1 one of four converts, day 2 one of three. Influence on log S(2):
# G(1) - 1/3 = 1/12 - 1/3 and G(2) - 1/2 = 1/12 + 1/6 - 1/2 for those who converted, both -1/4;
# G(2) = 1/4 for the others. Squares: 4/16, Greenwood's sum; the first two together: 3/8.
FOUR = ([1, 2, 2, 3], [True, True, False, False])


def test_greenwood_by_cluster_by_hand():
    assert kaplan_meier(2, *FOUR).greenwood == pytest.approx(1 / 4)
    assert kaplan_meier(2, *FOUR, cluster=[0, 1, 2, 3]).greenwood == pytest.approx(1 / 4)
    together = kaplan_meier(2, *FOUR, cluster=[0, 0, 2, 3])
    assert together.greenwood == pytest.approx(3 / 8)
    assert together.n_at_risk == 3  # clusters with a lead watched for 2 days
    # the interval is that of the unclustered one with the variance put in
    z, log_s = 1.959964, np.log(0.5)
    found = conversion_by(2, *FOUR, cluster=[0, 0, 2, 3])
    assert found.lower == pytest.approx(1 - 0.5 ** np.exp(z * np.sqrt(3 / 8) / log_s), rel=1e-6)
    assert found.upper == pytest.approx(1 - 0.5 ** np.exp(-z * np.sqrt(3 / 8) / log_s), rel=1e-6)


@given(seed=st.integers(0, 10_000))
def test_leads_that_are_each_a_cluster_change_nothing(seed):
    rng = np.random.default_rng(seed)
    days, converted = rng.integers(1, 30, 60).astype(float), rng.random(60) < 0.4
    own = rng.permutation(60)
    found, plain = (conversion_by([5, 20], days, converted, cluster=c) for c in (own, None))
    for ours, theirs in zip(found, plain, strict=True):
        assert ours == pytest.approx(theirs)
    shares = [share_by([5, 20], 25, days, converted, cluster=c) for c in (own, None)]
    for ours, theirs in zip(*shares, strict=True):
        assert ours == pytest.approx(theirs, nan_ok=True)


def _weighted_share(weight, days, converted, at, end):
    """F(at) / F(end) of weighted leads, straight from the definition."""
    survival = {}
    for until in (at, end):
        steps = [
            1 - weight[(days == day) & converted].sum() / weight[days >= day].sum()
            for day in np.unique(days[converted])
            if day <= until
        ]
        survival[until] = np.prod(steps)
    return (1 - survival[at]) / (1 - survival[end])


@pytest.mark.parametrize("size", [1, 3])
def test_the_interval_of_a_share_against_numerical_influences(size):
    """What one lead more or less would change, by finite differences of the definition."""
    rng = np.random.default_rng(7)
    n, at, end = 60, 30.0, 90.0
    lag, watched = rng.exponential(60, n).round(), rng.integers(20, 120, n)
    converted = (lag < np.minimum(watched, end)) & (rng.random(n) < 0.7)
    days = np.where(converted, lag, np.minimum(watched, end)).astype(float)
    cluster, step = np.arange(n) // size, 1e-5
    influence = np.empty(n)
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i], down[i] = 1 + step, 1 - step
        told = [_weighted_share(w, days, converted, at, end) for w in (up, down)]
        influence[i] = (told[0] - told[1]) / (2 * step)
    variance = (np.bincount(cluster, influence) ** 2).sum()
    share = _weighted_share(np.ones(n), days, converted, at, end)
    effective = share * (1 - share) / variance
    rarer = min(converted & (days <= at), converted & (days > at), key=np.sum)
    held = np.unique(cluster[rarer]).size
    effective *= (t.ppf(0.975, rarer.sum() - 1) / t.ppf(0.975, held - 1)) ** 2
    expected = wilson(share * effective, effective)
    found = share_by(at, end, days, converted, cluster=None if size == 1 else cluster)
    assert found.share == pytest.approx(share)
    assert found.lower == pytest.approx(float(expected.lower), rel=1e-4)
    assert found.upper == pytest.approx(float(expected.upper), rel=1e-4)


def test_a_share_of_leads_all_watched_to_the_end_is_a_plain_proportion():
    days = np.r_[np.arange(1.0, 21.0), np.full(80, 30.0)]
    found = share_by([0.5, 8, 30], 30, days, days < 30)
    assert found.share.tolist() == pytest.approx([0, 0.4, 1])
    plain = wilson([0, 8], 20)
    assert found.lower[:2] == pytest.approx(plain.lower)
    assert found.upper[:2] == pytest.approx(plain.upper)
    assert (found.lower[2], found.upper[2]) == (1, 1)


def test_nobody_after_a_day_does_not_mean_that_nobody_will():
    # 10 of 50 converted by day 5, none of the other 40 up to day 30: Wilson's upper limit for
    # 0 of 40 is z^2 / (40 + z^2), so F(30) may be 1 - 0.8 * 40 / (40 + z^2).
    days = np.r_[np.full(10, 5.0), np.full(40, 30.0)]
    found = share_by(10, 30, days, days < 30)
    z2 = 1.959964**2
    assert (found.share, found.upper) == (1, 1)
    assert found.lower == pytest.approx(0.2 / (1 - 0.8 * 40 / (40 + z2)), rel=1e-6)
    # with only 4 leads watched that long, far less is known
    shorter = np.r_[np.full(10, 5.0), np.full(36, 12.0), np.full(4, 30.0)]
    assert share_by(10, 30, shorter, shorter == 5).lower < 0.5


def test_shares_where_nobody_or_everybody_converted():
    assert np.isnan(share_by([1, 2], 30, [30.0] * 5, [False] * 5)).all()
    assert np.isnan(share_by(1, 5, [10.0, 20.0], [True, False])).all()  # none by day 5
    assert np.isnan(share_by(1, 30, [], [])).all()
    everyone = share_by(10, 30, np.arange(1.0, 21.0), np.full(20, True))
    expected = wilson(10, 20)
    assert everyone.share == pytest.approx(0.5)
    assert (everyone.lower, everyone.upper) == pytest.approx(
        (float(expected.lower), float(expected.upper))
    )


def _quarter(rng, n, *, size=1, together=0.0):
    """A quarter read 14 days after its end: log-normal lags, one in six converts in the end.

    Leads come in contacts of a size; with the given chance they do what their contact does.
    """
    contact = np.arange(n) // size
    created = rng.uniform(0, 91, n)[contact]
    follows = rng.random(n) < together
    draws = [(rng.random(n) < 1 / 6, rng.lognormal(np.log(25), 1.2, n)) for _ in range(2)]
    wins, lag = (
        np.where(follows, of_contact[contact], own) for of_contact, own in zip(*draws, strict=True)
    )
    watched = np.minimum(105 - created, 90)
    converted = wins & (lag < watched)
    return np.where(converted, lag, watched), converted, contact


TRUE_SHARE = lognorm.cdf(30, s=1.2, scale=25) / lognorm.cdf(90, s=1.2, scale=25)  # 0.657


@pytest.mark.parametrize(("n", "size", "together"), [(300, 1, 0.0), (1300, 1, 0.0), (1200, 4, 0.8)])
def test_the_interval_of_a_share_covers(n, size, together):
    # 500 draws: 0.95 -+ 3 standard errors of 0.0097.
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(500):
        days, converted, contact = _quarter(rng, n, size=size, together=together)
        found = share_by(30, 90, days, converted, cluster=contact if size > 1 else None)
        covered += found.lower <= TRUE_SHARE <= found.upper
    assert 0.92 <= covered / 500 <= 0.98


@pytest.mark.slow
def test_leads_of_one_contact_make_the_rate_less_certain_than_it_looks():
    # Contacts of four who mostly act as one: the plain interval covers far too rarely.
    truth = lognorm.cdf(90, s=1.2, scale=25) / 6
    rng = np.random.default_rng(4)
    covered = {"plain": 0, "clustered": 0}
    for _ in range(400):
        days, converted, contact = _quarter(rng, 1200, size=4, together=0.8)
        for name, cluster in (("plain", None), ("clustered", contact)):
            found = conversion_by(90, days, converted, cluster=cluster)
            covered[name] += bool(found.lower <= truth <= found.upper)
    assert covered["plain"] / 400 < 0.88
    assert 0.917 <= covered["clustered"] / 400 <= 0.983  # 3 standard errors of 0.011
