"""What few conversions can still say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from calibrate.config import LeadColumns
from calibrate.guards import find_problems
from calibrate.guards.outcomes import few_conversions
from calibrate.guards.rates import judged
from calibrate.guards.thin import pooled_rates, pooled_words
from calibrate.history import read_history
from calibrate.observation import observe


def observed(leads, **columns):
    leads = leads.copy()
    leads.insert(0, "lead_id", [f"L{i}" for i in range(len(leads))])
    return observe(read_history(leads, leads=LeadColumns(**columns)))


@pytest.fixture
def thin():
    """400 leads, 16 won: 9 of the 60 that asked for a demo, 8 of 200 in Italy."""
    won, demo = np.zeros(400, dtype=bool), np.arange(400) < 60
    won[:9] = won[60:67] = True
    italy = np.arange(400) % 2 == 0  # of the wins L0, 2, 4, 6, 8 and L60, 62, 64, 66: 9
    return pd.DataFrame(
        {
            "outcome": np.where(won, "converted", "lost"),
            "demo": demo.astype(int),
            "country": np.where(italy, "IT", "DE"),
        }
    )


def test_one_criterion_stands_out_of_sixteen_conversions(thin):
    obs = observed(thin, activity_columns=["demo"])
    (found,) = few_conversions(obs)
    assert found in find_problems(obs)
    assert (found.guard, found.severity) == ("too few conversions", "likely")
    assert found.columns == ("demo",)
    assert found.standing_out == ("demo at least 1",)
    assert (found.n, found.n_converted, found.rate) == (400, 16, 0.04)
    # Control 4 % worth 50 leads is beta(2, 48); with 9 of 60: beta(11, 99), mean 10.0 %.
    low, high = beta(11, 99).ppf([0.025, 0.975])
    assert low > 0.04
    assert (
        "of 2 criteria, each drawn towards the control rate as if by 50 more leads, 1 stands out: "
        f'"demo at least 1" 10.0% ({100 * low:.1f}% to {100 * high:.1f}%, n = 60)'
    ) in found.effect
    assert "the rate lies between 2.5% and 6.4%" in found.effect
    assert found.effect.endswith("points, and which of several criteria it is, cannot be said")


def test_posterior_of_every_criterion(thin):
    obs = observed(thin, activity_columns=["demo"])
    first, second = pooled_rates(obs, judged(obs))
    assert (first.criterion, first.side, first.holds) == ("demo at least 1", 1, True)
    # Two levels are one criterion: of 200 in Germany 7 won; beta(2 + 7, 48 + 193).
    assert (second.criterion, second.n, second.n_converted) == ("country: DE", 200, 7)
    assert second.rate == pytest.approx(9 / 250)
    assert (second.rate_ci_lower, second.rate_ci_upper) == pytest.approx(
        tuple(beta(9, 241).ppf([0.025, 0.975]))
    )
    assert (second.side, second.holds) == (0, False)
    assert pooled_words([second]).endswith("none stands out")


def test_a_leaking_column_is_no_criterion(thin):
    (found,) = few_conversions(observed(thin, activity_columns=["demo"]), ignore=("demo",))
    assert found.standing_out == ()
    assert "of 1 criteria" in found.effect


def test_what_may_be_chance_is_said_to_be(thin):
    # 40 columns of nothing: the interval that must hold for 41 criteria is wider.
    rng = np.random.default_rng(4)
    noise = {f"x{i}": rng.integers(0, 2, 400) for i in range(40)}
    thin.loc[thin.index[3:9], "outcome"] = "lost"  # 3 of 60 left, 10 of 400 in all
    thin.loc[thin.index[3:7], "outcome"] = "converted"  # 7 of 60, 14 of 400
    leads = thin.assign(**noise)
    obs = observed(leads, activity_columns=["demo"])
    demo = next(r for r in pooled_rates(obs, judged(obs)) if r.subject == "demo")
    # Control 3.5 %: beta(1.75 + 7, 48.25 + 53); at 95 % above 3.5 %, at 1 - 0.05 / 42 not.
    posterior = beta(8.75, 101.25)
    assert posterior.ppf(0.025) > 0.035 > posterior.ppf(0.025 / 42)
    assert (demo.side, demo.holds) == (1, False)
    (found,) = few_conversions(obs)
    assert "worth watching, but chance does as much" in found.effect
    assert "demo" in found.effect.partition("worth watching")[2]


def null_company(seed):
    """30 columns without effect and at most 49 conversions among 200 to 2,000 leads."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(200, 2_000))
    won = np.zeros(n, dtype=bool)
    won[rng.choice(n, int(rng.integers(10, 50)), replace=False)] = True
    share = rng.uniform(0.05, 0.6, 30)
    leads = pd.DataFrame({f"x{i}": (rng.random(n) < s).astype(int) for i, s in enumerate(share)})
    return leads.assign(outcome=np.where(won, "converted", "lost"))


@pytest.mark.slow
def test_companies_without_any_effect_seldom_have_one_standing_out():
    # Of 300 such companies 1 had a criterion standing out; of 40, 3 are a wide bound.
    alarms = sum(
        bool(few_conversions(observed(null_company(s)))[0].standing_out) for s in range(40)
    )
    assert alarms <= 3


def test_there_is_no_rate_without_conversions():
    leads = pd.DataFrame({"outcome": ["lost"] * 100})
    (found,) = few_conversions(observed(leads))
    assert found.guard == "one outcome only"
    # Wilson at 0 of 100: 3.841 / 103.841 = 3.7 %.
    assert found.effect == (
        "nothing can be compared: no lift, no points; the rate lies below 3.7%; criteria cannot "
        "be compared"
    )
