"""The backtest knows no more than was known, and its intervals are as wide as they must be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibrate.backtest import backtest
from calibrate.backtest.folds import Fold, fold_or_reason, resolve
from calibrate.config import parse_period
from calibrate.fitting import fit_scorecard
from calibrate.gate import recommend
from calibrate.history import History, read_history
from calibrate.observation import observe
from tests.test_backtest import WINDOWS, company, read
from tests.test_gate import a_card

DAY = pd.Timestamp("2023-04-01")
LANDMARK = pd.Timedelta(days=7)


def busy_company(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The company of the backtest with visits at any time from creation to two months on."""
    leads, log = company(n=1400, seed=seed)
    rng = np.random.default_rng(100 + seed)
    at = rng.integers(0, len(leads), 4000)
    visits = pd.DataFrame(
        {
            "lead_id": leads["lead_id"].to_numpy()[at],
            "activity": rng.choice(["visit", "open"], 4000),
            "occurred_at": leads["created_at"].to_numpy()[at]
            + pd.to_timedelta(rng.uniform(0, 60, 4000), unit="D"),
        }
    )
    return leads, pd.concat([log, visits], ignore_index=True)


def another_future(
    leads: pd.DataFrame, log: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Other outcomes from the quarter's first day on, other activities after each landmark."""
    rng = np.random.default_rng(200 + seed)
    later = leads["closed_at"] >= DAY
    days = pd.to_timedelta(rng.uniform(0, 90, len(leads)), unit="D")
    told = leads.assign(
        outcome=leads["outcome"].mask(later, rng.choice(["converted", "lost", "open"], len(leads))),
        closed_at=leads["closed_at"].mask(later, leads["created_at"].clip(lower=DAY) + days),
        amount=leads["amount"].mask(later, 7.0),
    )
    landmark = log["lead_id"].map(leads.set_index("lead_id")["created_at"]) + LANDMARK
    seen = log[log["occurred_at"] < landmark]
    at = rng.integers(0, len(leads), 3000)
    unseen = pd.DataFrame(
        {
            "lead_id": leads["lead_id"].to_numpy()[at],
            "activity": rng.choice(["demo", "open", "visit", "call"], 3000, p=[0.5, 0.3, 0.1, 0.1]),
            "occurred_at": leads["created_at"].to_numpy()[at]
            + LANDMARK
            + pd.to_timedelta(rng.uniform(0, 80, 3000), unit="D"),
        }
    )
    return told, pd.concat([unseen, seen], ignore_index=True)


def card_of(history: History) -> str:
    windows = resolve(history, "7D", "60D", early="landmark", lookback="30D")
    fold = fold_or_reason(history, parse_period("2023Q2"), windows, 3)
    assert isinstance(fold, Fold)
    return fit_scorecard(fold.train, max_criteria=4, intervals=False).to_json()


@pytest.mark.parametrize("seed", range(3))
def test_no_card_knows_the_future_of_its_leads(seed: int) -> None:
    leads, log = busy_company(seed)
    assert card_of(read(leads, log)) == card_of(read(*another_future(leads, log, seed)))


def test_a_future_within_what_is_known_does_change_the_card() -> None:
    """The same comparison, where what changes lies before the first day and the landmarks."""
    leads, log = busy_company(0)
    past = leads["closed_at"] < DAY
    flipped = leads["outcome"].map({"converted": "lost", "lost": "converted"})
    told = leads.assign(outcome=leads["outcome"].mask(past, flipped))
    assert card_of(read(leads, log)) != card_of(read(told, log))


def test_a_first_quarter_with_too_little_known_is_listed_not_fitted() -> None:
    """200 leads a quarter, a fifth of them won; half of those of 2022Q3 by 2022-10-01."""
    leads, log = company(n=1200)
    done = backtest(read(leads, log), periods=["2022Q4", "2023Q3"], max_criteria=2, **WINDOWS)
    won = (leads["outcome"] == "converted") & (leads["closed_at"] < "2022-10-01")
    known = int(won.sum())
    assert known < 50
    assert done.skipped["period"].tolist() == ["2022Q4"]
    assert done.skipped["reason"].iloc[0] == (
        f"not enough known: {known} conversions before it, 50 needed"
    )
    assert done.table["period"].unique().tolist() == ["2023Q3"]


@pytest.fixture(scope="module")
def young() -> History:
    """2,400 leads up to the end of 2023, exported on 2024-01-01: 2023Q4 is not mature."""
    return read(*company(n=2400), as_of="2024-01-01")


def test_a_quarter_too_young_can_be_looked_at_and_says_so(young: History) -> None:
    options = {"periods": ["2023Q4"], "max_criteria": 2, **WINDOWS}
    walked = backtest(young, **options)
    assert walked.table.empty
    assert walked.is_walk_forward
    done = backtest(young, walk_forward=False, **options)
    assert not done.is_walk_forward
    assert set(done.table["period"]) == {"2023Q4 (not walk-forward)"}
    assert set(done.differences["period"]) == {"2023Q4 (not walk-forward)", "all"}
    # known are a third of the leads, those of 60 days and the wins; they stand for all
    leads = observe(young, period="2023Q4", **WINDOWS)
    weight = done.scores["weight"]
    assert weight.sum() == pytest.approx(len(leads.compared), rel=0.1)
    assert len(weight) < 0.7 * len(leads.compared)
    assert done.table.set_index("card")["auc"]["candidate"] > 0.6
    # who was created first is who is known not to have bought: age is no way of ranking here
    assert "newest" not in set(done.table["card"])
    gate = recommend(done, candidate=a_card())
    assert gate.recommendation == "hold"
    assert gate.reasons[0].startswith("not walk-forward: tried on 2023Q4 (not walk-forward) only")


def test_hardly_a_lead_watched_to_the_horizon_tells_nothing(young: History) -> None:
    spans = WINDOWS | {"horizon": "88D"}  # of 92 days, 4 are mature
    done = backtest(young, periods=["2023Q4"], walk_forward=False, **spans)
    assert done.table.empty
    assert "nothing is extrapolated" in done.skipped["reason"].iloc[0]


@pytest.mark.slow
def test_a_table_without_dates_has_nothing_to_walk() -> None:
    leads, _ = company(n=600)
    wide = read_history(leads.drop(columns=["created_at", "closed_at"]))
    assert backtest(wide, walk_forward=False, max_criteria=1).is_walk_forward


def test_the_days_from_the_cut_to_the_sale(young: History) -> None:
    """Directors are above the cut at once, others once they ask, two days later.

    They buy 8 to 55 days after their creation, half of them by 31.5.
    """
    done = backtest(young, periods=["2023Q2"], max_criteria=2, hand_made={"demo": 1}, **WINDOWS)
    days = done.table.set_index("card")["median_days"]
    assert 26 <= days["candidate"] <= 34
    assert days.drop("candidate").isna().all()  # of the others no cut of their own is known
