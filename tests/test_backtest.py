"""Cards judged on quarters they had not seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from calibrate.backtest import CARDS, Backtest, backtest
from calibrate.backtest.folds import Fold, fold_or_reason, resolve, stratified_folds
from calibrate.backtest.judging import Compared, _share_taken, pooled_differences
from calibrate.backtest.rivals import Recipe, _cut
from calibrate.backtest.values import TABLE_COLUMNS
from calibrate.config import ActivityColumns, Constraints, LeadColumns, OutcomeColumns, parse_period
from calibrate.errors import ConfigError
from calibrate.fitting import fit_scorecard
from calibrate.history import History, read_history
from calibrate.observation import observe

RECIPE = Recipe(
    method="logistic",
    max_criteria=3,
    pairs=True,
    scale=None,
    allow_sensitive=(),
    constraints=Constraints(),
    confidence_level=0.95,
    objective=None,
    figures={},
    rng=0,
)
WINDOWS = {"observation_window": "7D", "horizon": "60D", "lookback": "30D"}


def company(n: int = 2400, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads of 2022Q3 to 2023Q4: directors and those who ask for a demo convert more often."""
    rng = np.random.default_rng(seed)
    start, days = pd.Timestamp("2022-07-01"), 549  # to the end of 2023
    created = start + pd.to_timedelta(np.sort(rng.uniform(0, days, n)), unit="D")
    director, demo = rng.random(n) < 0.25, rng.random(n) < 0.3
    rate = 1 / (1 + np.exp(-(-2.2 + 1.6 * director + 1.4 * demo)))
    won = rng.random(n) < rate
    lag = pd.to_timedelta(rng.uniform(8, 55, n), unit="D")
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i:05d}" for i in range(n)],
            "created_at": created,
            "outcome": np.where(won, "converted", "lost"),
            "closed_at": created + lag,
            "amount": np.where(won, 1000.0, np.nan),
            "level": np.where(director, "director", rng.choice(["clerk", "manager"], n)),
        }
    )
    asked = leads.loc[demo, ["lead_id", "created_at"]]
    log = pd.DataFrame(
        {
            "lead_id": asked["lead_id"],
            "activity": "demo",
            "occurred_at": asked["created_at"] + pd.Timedelta(days=2),
        }
    )
    return leads, log


def read(leads: pd.DataFrame, log: pd.DataFrame, as_of: str = "2024-01-15") -> History:
    return read_history(leads, log, as_of=as_of)


@pytest.fixture(scope="module")
def history() -> History:
    return read(*company())


def test_young_leads_make_more_of_the_same_history_known() -> None:
    """On 2022-10-01 only the leads of July are mature: 32 of 92 days, 140 leads, a fifth won."""
    leads, log = company()
    on_the_day = read(leads, log, as_of="2022-10-01")
    known = observe(on_the_day, **WINDOWS).at_landmark
    won = leads["outcome"].eq("converted") & (leads["closed_at"] < "2022-10-01")
    is_mature = leads["created_at"] <= pd.Timestamp("2022-10-01") - pd.Timedelta(days=60)
    assert known["converted"].sum() == won.sum() >= 50 > (won & is_mature).sum()
    history = read(leads, log)
    options = {"periods": ["2022Q4"], "max_criteria": 2, **WINDOWS}
    dropped = backtest(history, maturity="drop", **options)
    assert "conversions before it, 50 needed" in dropped.skipped["reason"].iloc[0]
    assert backtest(history, **options).table["auc"].iloc[0] > 0.65


@pytest.fixture(scope="module")
def proof(history: History) -> Backtest:
    past = observe(history, period=("2022-07-01", "2023-05-01"), **WINDOWS)
    current = fit_scorecard(past, method="log_odds")  # as_of 2024-01-15: knows every outcome
    return backtest(history, train_quarters=2, current=current, max_criteria=3, **WINDOWS)


def test_one_row_a_quarter_and_card(proof: Backtest) -> None:
    table = proof.table
    assert tuple(table.columns) == TABLE_COLUMNS
    assert table["period"].drop_duplicates().tolist() == ["2022Q4", "2023Q1", "2023Q2", "2023Q3"]
    asked_for = tuple(card for card in CARDS if card not in ("dated", "hand_made"))
    assert (table.groupby("period", sort=False)["card"].agg(list).map(tuple) == asked_for).all()


def test_the_quarters_not_judged_are_listed_with_the_reason(proof: Backtest) -> None:
    skipped = dict(proof.skipped.itertuples(index=False))
    assert skipped["2022Q3"] == "not enough known: no leads before it"
    # 2023Q4 ends on 2024-01-01, its last leads are mature 60 days later
    assert skipped["2023Q4"].startswith("cannot be judged before 2024-03-01")
    assert proof.waiting == (("2023-10-01", "2024-03-01"),)


@pytest.mark.slow
def test_only_the_latest_quarters_that_can_be_judged_may_be(history: History) -> None:
    """2023Q4 can be judged from 2024-03-01 on, after the export: the latest that can is 2023Q3."""
    options = {"train_quarters": 1, "max_criteria": 2, **WINDOWS}
    done = backtest(history, n_quarters=1, **options)
    assert done.table["period"].unique().tolist() == ["2023Q3"]
    assert done.skipped["period"].tolist() == ["2023Q4"]
    alone = backtest(history, periods=["2023Q3"], **options)
    pd.testing.assert_frame_equal(done.table, alone.table)
    # known by now, every quarter can be judged, and the latest of all is asked for
    known = backtest(history, n_quarters=1, walk_forward=False, **options)
    assert known.table["period"].unique().tolist() == ["2023Q4 (not walk-forward)"]


def test_a_quarter_before_which_too_little_was_known_is_not_fitted() -> None:
    leads, log = company(n=500)
    done = backtest(read(leads, log), periods=["2022Q4"], **WINDOWS)
    assert done.table.empty
    assert done.missed.empty
    assert "conversions before it, 50 needed" in done.skipped["reason"].iloc[0]


def test_the_figures_agree_with_scikit_learn_on_the_scores(proof: Backtest) -> None:
    rows = proof.table.query("card == 'candidate'").set_index("period")
    for period, part in proof.scores.groupby("period"):
        assert rows.loc[period, "auc"] == pytest.approx(
            roc_auc_score(part["converted"], part["score"])
        )
        assert rows.loc[period, "n_converted"] == part["converted"].sum()
    assert (rows["auc"] > 0.65).all()


def test_every_lead_is_judged_at_the_same_volume(proof: Backtest) -> None:
    table = proof.table.set_index(["period", "card"])
    for period in ("2023Q1", "2023Q3"):
        quarter = table.loc[period]
        assert (quarter["volume"] == quarter.loc["candidate", "volume"]).all()
        equal = quarter.loc["equal"]
        assert equal["auc"] == 0.5
        assert equal["precision"] == pytest.approx(equal["n_converted"] / equal["n"])
        assert equal["recall"] == pytest.approx(equal["volume"] / equal["n"])
        assert quarter["amount_share"].to_numpy() == pytest.approx(quarter["recall"].to_numpy())
        # every win is worth 1000
        assert quarter["amount"].to_numpy() == pytest.approx(
            1000 * quarter["precision"] * quarter["volume"]
        )
        assert np.isnan(quarter.loc["newest", "calibration_slope"])


@pytest.mark.slow
def test_a_card_that_knew_the_quarter_is_marked(proof: Backtest, history: History) -> None:
    assert proof.differences.query("card == 'current'")["in_sample"].all()
    assert "current" not in set(proof.pooled["card"])
    early = observe(
        history.at(pd.Timestamp("2023-07-01").to_pydatetime()),
        period=("2022-07-01", "2023-04-01"),
        **WINDOWS,
    )
    current = fit_scorecard(early, method="log_odds")
    done = backtest(
        history, periods=["2023Q2", "2023Q3"], current=current, max_criteria=2, **WINDOWS
    )
    marks = done.differences.query("card == 'current'").set_index("period")["in_sample"]
    assert marks.to_dict() == {"2023Q2": True, "2023Q3": False, "all": False}
    row = done.differences.query("card == 'current' and period == 'all'").iloc[0]
    alone = done.differences.query("card == 'current' and period == '2023Q3'").iloc[0]
    assert row["difference"] == pytest.approx(alone["difference"])


def changed_later(
    leads: pd.DataFrame, log: pd.DataFrame, day: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Another future: from `day` on other closings, other wins, other events, other leads."""
    rng = np.random.default_rng(5)
    closed_at = leads["closed_at"]
    later = closed_at >= day
    moved = (day + pd.to_timedelta(rng.uniform(0, 90, len(leads)), unit="D")).where(
        leads["created_at"] < day, closed_at
    )
    leads = leads.assign(
        outcome=leads["outcome"].mask(later, rng.choice(["converted", "lost", "open"], len(leads))),
        closed_at=closed_at.mask(later, moved),
        amount=leads["amount"].mask(later, 77.0),
    )
    leads = leads[(leads["created_at"] < day) | (np.arange(len(leads)) % 3 > 0)]
    events = pd.DataFrame(
        {
            "lead_id": rng.choice(leads["lead_id"], 3000),
            "activity": rng.choice(["demo", "webinar"], 3000),
            "occurred_at": day + pd.to_timedelta(rng.uniform(0, 80, 3000), unit="D"),
        }
    )
    return leads, pd.concat([log[log["occurred_at"] < day], events], ignore_index=True)


@pytest.mark.parametrize("snapshots", [None, ("7D", "14D", "30D")])
def test_no_look_ahead(snapshots: tuple[str, ...] | None) -> None:
    """Whatever happens from a quarter's first day on changes nothing in its card and cut."""
    leads, log = company(n=1600)
    day = pd.Timestamp("2023-04-01")
    quarter = parse_period("2023Q2")
    cards, cuts, weights = [], [], []
    for told in ((leads, log), changed_later(leads, log, day)):
        history = read(*told)
        windows = resolve(
            history,
            *("7D", "60D"),
            early="landmark",
            lookback="30D",
            snapshots=snapshots,
        )
        fold = fold_or_reason(history, quarter, windows, 2)
        assert isinstance(fold, Fold)
        card = fit_scorecard(fold.train, max_criteria=3, intervals=False)
        cards.append(card.to_json())
        cuts.append(_cut(fold.train, card, RECIPE))
        weights.append(fold.train.fitting.rows["weight"])
    assert cards[0] == cards[1]
    assert cuts[0] == cuts[1]
    pd.testing.assert_series_equal(*weights)
    # young leads are among those it learned from, and stand in for others
    assert (weights[0] > 1).sum() > 50 < (weights[0] == 0).sum()


def long_lag(seed: int) -> pd.DataFrame:
    """Leads of 15 February to 31 December 2022; half of the wins come after 80 days or more."""
    rng = np.random.default_rng(seed)
    n = 3200
    created = pd.Timestamp("2022-02-15") + pd.to_timedelta(
        np.sort(rng.uniform(0, 320, n)), unit="D"
    )
    director = rng.random(n) < 0.25
    won = rng.random(n) < np.where(director, 0.16, 0.05)
    lag = np.where(won, np.exp(np.log(80) + 0.5 * rng.standard_normal(n)), 300.0)
    return pd.DataFrame(
        {
            "lead_id": [f"L{i:05d}" for i in range(n)],
            "created_at": created,
            "outcome": np.where(won, "converted", "lost"),
            "closed_at": created + pd.to_timedelta(lag, unit="D"),
            "level": np.where(director, "director", "clerk"),
        }
    )


@pytest.mark.slow
def test_with_a_long_lag_weights_judge_a_quarter_that_mature_leads_cannot() -> None:
    """On 2022-10-01 the leads of 48 of 228 days are mature for 180: 7 % of 480 leads won.

    With all that is known by then the card's promises hold for the quarter; the share of wins
    among the leads of known outcome is several times too high, since losses take longer.
    """
    span = {"observation_window": "1D", "horizon": "180D"}
    promised, naive, slopes = [], [], []
    for seed in range(6):
        history = read_history(long_lag(seed), as_of="2023-12-31")
        dropped = backtest(history, periods=["2022Q4"], maturity="drop", **span)
        assert dropped.table.empty
        assert "conversions before it, 50 needed" in dropped.skipped["reason"].iloc[0]
        judged = backtest(history, periods=["2022Q4"], max_criteria=2, **span)
        promised.append(judged.scores["expected_rate"].mean())
        slopes.append(judged.pooled.set_index("card").loc["candidate", "calibration_slope"])
        assert judged.table.set_index("card").loc["candidate", "auc"] > 0.55
        on_the_day = observe(history.at(dt.datetime(2022, 10, 1)), **span)
        naive.append(on_the_day.at_landmark["converted"].mean())
    # (.25 * .16 + .75 * .05) won, P(lag < 180) = Phi(log(180 / 80) / .5) of them in time. A
    # promise rests on some 600 effective leads: standard error 1 point, of six 0.4
    truth = (0.25 * 0.16 + 0.75 * 0.05) * norm.cdf(np.log(180 / 80) / 0.5)
    assert np.mean(promised) == pytest.approx(truth, abs=0.009)
    assert np.mean(naive) > 2 * truth
    assert np.mean(slopes) == pytest.approx(1, abs=0.3)  # standard error of one 0.25


def test_what_did_not_work_by_lead_id(proof: Backtest) -> None:
    missed = proof.missed
    assert missed["what"].tolist() == ["win scored lowest"] * 3 + ["loss scored highest"] * 3
    scores = proof.scores.set_index("lead_id")
    won = scores[scores["converted"]]["expected_rate"]
    lost = scores[~scores["converted"]]["expected_rate"]
    assert sorted(missed["expected_rate"][:3]) == pytest.approx(sorted(won)[:3])
    assert sorted(missed["expected_rate"][3:]) == pytest.approx(sorted(lost)[-3:])
    assert scores.loc[missed["lead_id"][:3], "converted"].all()


@pytest.mark.slow
def test_the_same_history_gives_the_same_backtest(history: History) -> None:
    options = {"periods": ["2023Q3"], "train_quarters": 1, "max_criteria": 2, **WINDOWS}
    one, two = backtest(history, **options), backtest(history, **options)
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.differences, two.differences)


def test_a_sensitive_column_that_is_allowed_is_allowed_to_be_judged() -> None:
    leads, _ = company(n=1600)
    age = np.where(leads["level"] == "director", 60, 30 + np.arange(len(leads)) % 9)
    history = read_history(leads.drop(columns="level").assign(age=age), as_of="2024-01-15")
    options = {"periods": ["2023Q3"], "max_criteria": 2, **WINDOWS}
    auc = [
        backtest(history, allow_sensitive=allowed, **options).table.set_index("card")["auc"]
        for allowed in ((), ("age",))
    ]
    for card in ("candidate", "gradient_boosting"):
        assert auc[0][card] == 0.5  # nothing to score on
        assert auc[1][card] > 0.6, card


def test_leads_closed_early_are_judged_where_they_are_kept(history: History) -> None:
    options = {"periods": ["2023Q3"], "max_criteria": 2, **WINDOWS} | {"observation_window": "20D"}
    n = {
        early: backtest(history, early=early, **options).table["n"].iloc[0]
        for early in ("landmark", "truncate")
    }
    everybody = observe(history, period="2023Q3", **WINDOWS).table
    assert n["truncate"] == len(everybody)
    # Leads are closed 8 to 55 days after their creation: 12 of 47 days lie before day 20.
    assert n["landmark"] / n["truncate"] == pytest.approx(35 / 47, abs=0.06)


@pytest.mark.slow
def test_the_candidate_follows_the_card_in_force_as_a_run_does(history: History) -> None:
    first_day = pd.Timestamp("2023-07-01").to_pydatetime()
    then = history.at(first_day)
    old = observe(then, period=("2022-07-01", "2023-04-01"), **WINDOWS)
    current = fit_scorecard(old, method="log_odds")
    train = observe(then, period=("2022-07-01", "2023-07-01"), **WINDOWS)
    judged = observe(history, period="2023Q3", **WINDOWS)
    options = {"current": current, "max_criteria": 3}
    for scale in (None, "fit"):
        done = backtest(history, periods=["2023Q3"], scale=scale, **options, **WINDOWS)
        card = fit_scorecard(train, scale=scale, **options)
        expected = card.score(judged).loc[done.scores.index, "score"]
        assert done.scores["score"].tolist() == expected.tolist()


@pytest.mark.parametrize("given", [{"horizon": "7D"}, {"observation_window": "100D"}])
def test_a_proposal_gives_way_to_what_was_asked_for(
    history: History, given: dict[str, str]
) -> None:
    windows = {"observation_window": "auto", "horizon": "auto"} | given
    found = resolve(history, **windows, early="landmark", lookback="30D")
    expected = observe(history, **given)
    assert found.observation_window == expected.observation_window
    assert found.horizon == expected.horizon


@pytest.mark.slow
def test_a_table_without_dates_is_judged_in_five_folds() -> None:
    leads, _ = company(n=900)
    wide = read_history(leads.drop(columns=["created_at", "closed_at"]))
    done = backtest(wide, max_criteria=2)
    assert done.table["period"].drop_duplicates().tolist() == [f"fold {k}" for k in range(1, 6)]
    assert sorted(done.scores["lead_id"]) == sorted(leads["lead_id"])
    assert "newest" not in set(done.table["card"])
    n_converted = done.table.query("card == 'equal'")["n_converted"]
    assert n_converted.max() - n_converted.min() <= 1  # stratified


def test_folds_are_disjoint_and_train_on_the_rest() -> None:
    leads, _ = company(n=303)
    obs = observe(read_history(leads.drop(columns=["created_at", "closed_at"])))
    judged = []
    for fold in stratified_folds(obs, 0):
        inside, outside = set(fold.test.at_landmark.index), set(fold.train.at_landmark.index)
        assert not inside & outside
        assert len(inside) + len(outside) == 303
        judged += sorted(inside)
    assert sorted(judged) == list(range(303))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12), st.floats(0, 1))
def test_the_volume_taken_is_the_volume_wanted(n: list[int], share: float) -> None:
    counts = np.array(n, dtype=float)
    taken = _share_taken(counts, share * counts.sum())
    assert taken @ counts == pytest.approx(share * counts.sum())
    assert (np.diff(taken) <= 0).all()  # the best first


def compared(n: int, n_converted: int, difference: float, error: float, *, seen: bool) -> Compared:
    """A quarter whose difference has one lead's influence and therefore that error."""
    row = {"card": "rate", "n": n, "n_converted": n_converted, "difference": difference}
    row |= {"in_sample": seen}
    return Compared(row=row, influence=np.array([error]), contact=np.array([0]))


def test_quarters_are_pooled_by_their_pairs() -> None:
    quarters = [
        compared(100, 10, 0.02, 0.01, seen=False),  # 10 * 90 = 900 pairs
        compared(100, 20, 0.05, 0.02, seen=False),  # 20 * 80 = 1600 pairs
        compared(100, 50, 0.90, 0.01, seen=True),  # in-sample: left out
    ]
    apart = [replace(part, contact=None) for part in quarters]
    (pooled,) = pooled_differences(apart, 0.95)
    assert pooled["difference"] == pytest.approx((900 * 0.02 + 1600 * 0.05) / 2500)
    error = np.hypot(900 * 0.01, 1600 * 0.02) / 2500
    assert pooled["standard_error"] == pytest.approx(error)
    z = 1.959964  # from scipy: norm.ppf of 0.975
    assert pooled["difference_ci_upper"] == pytest.approx(pooled["difference"] + z * error)
    assert pooled["n"] == 200
    # the same contact in both quarters: its parts add up before they are squared
    (pooled,) = pooled_differences(quarters, 0.95)
    assert pooled["standard_error"] == pytest.approx((900 * 0.01 + 1600 * 0.02) / 2500)


def test_gradient_boosting_learns_on_a_sample_where_there_are_many(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    from calibrate.backtest import boosting

    train = observe(history, period=("2022-07-01", "2023-04-01"), **WINDOWS)
    judged = observe(history, period="2023Q2", **WINDOWS)
    everything = boosting.boosted_rates(train, judged)
    monkeypatch.setattr(boosting, "MAX_LEADS", 600)
    sampled = boosting.boosted_rates(train, judged)
    assert len(sampled) == len(everything) == len(judged.at_landmark)
    assert not np.array_equal(sampled, everything)
    assert np.array_equal(sampled, boosting.boosted_rates(train, judged))


def test_without_attributes_and_activities_everyone_is_expected_alike() -> None:
    from calibrate.backtest.boosting import boosted_rates

    leads, _ = company(n=200)
    obs = observe(read_history(leads[["lead_id", "outcome"]]))
    rates = boosted_rates(obs, obs)
    assert rates == pytest.approx((leads["outcome"] == "converted").mean())


def test_a_period_without_an_end_or_with_one_outcome_cannot_be_judged() -> None:
    leads, log = company(n=1600)
    in_quarter = leads["created_at"] >= "2023-07-01"
    lost = leads.assign(outcome=leads["outcome"].mask(in_quarter, "lost"))
    done = backtest(read(lost, log), periods=[("2023-01-01", None), "2023Q3"], **WINDOWS)
    reasons = done.skipped["reason"].tolist()
    assert "needs a first and a last day" in reasons[0]
    assert reasons[1].startswith("cannot be judged: 0 of its ")


def test_a_quarter_before_which_hardly_a_lead_was_mature_is_not_fitted() -> None:
    leads, log = company(n=24_000)
    short = leads[leads["created_at"] >= "2022-10-24"]  # on 2023-01-01, 9 days of 69 are mature
    done = backtest(read(short, log), periods=["2023Q1"], train_quarters=1, **WINDOWS)
    share, _, words = (
        done.skipped["reason"].iloc[0].partition("not enough known: ")[2].partition("%")
    )
    assert float(share) == pytest.approx(100 * 9 / 69, abs=1.5)
    assert words == " of the leads before it were mature, 20% needed"


def test_gradient_boosting_learns_with_the_weights() -> None:
    from calibrate.backtest.boosting import boosted_rates

    history = read_history(long_lag(0), as_of="2023-12-31")
    span = {"observation_window": "1D", "horizon": "180D"}
    train = observe(history.at(dt.datetime(2022, 10, 1)), **span)
    judged = observe(history, period="2022Q4", **span)
    rates = boosted_rates(train, judged)
    known = train.at_landmark
    weighted = np.average(known["converted"].astype(float), weights=known["weight"])
    # its promises average to the weighted rate of what it learned from, not to the naive one
    assert rates.mean() == pytest.approx(weighted, rel=0.15)
    assert known["converted"].mean() > 2 * weighted


@pytest.mark.slow
def test_a_card_may_learn_from_several_landmarks(history: History) -> None:
    options = {"periods": ["2023Q3"], "max_criteria": 2, **WINDOWS}
    done = backtest(history, snapshots=["3D", "7D"], **options)
    then = history.at(dt.datetime(2023, 7, 1))
    train = observe(then, period=("2022-07-01", "2023-07-01"), snapshots=["3D", "7D"], **WINDOWS)
    card = fit_scorecard(train, max_criteria=2, intervals=False)
    judged = observe(history, period="2023Q3", **WINDOWS)  # at the single landmark
    expected = card.score(judged).loc[done.scores.index]
    assert done.scores["score"].tolist() == expected["score"].tolist()
    assert done.table["n"].iloc[0] == len(judged.at_landmark)
    leads, _ = company(n=300)
    wide = read_history(leads.drop(columns=["created_at", "closed_at"]))
    with pytest.raises(ConfigError, match="snapshots need created_at"):
        backtest(wide, snapshots=["3D"])


@pytest.mark.slow
def test_deals_of_one_contact_are_one_cluster() -> None:
    """Every deal twice: the same AUC; as deals of one contact as sure as once, else surer."""
    leads, log = company(n=1600)
    again = leads.assign(lead_id="again " + leads["lead_id"])
    both = pd.concat([leads, again], ignore_index=True)
    by_contact = LeadColumns(contact="person")
    person = both["lead_id"].str.removeprefix("again ")
    log = log.rename(columns={"lead_id": "person"})
    joined = {"activities": ActivityColumns(lead="person"), "as_of": "2024-01-15"}
    twice = read_history(both.assign(person=person), log, leads=by_contact, **joined)
    alone = both.assign(person=both["lead_id"])
    spread = pd.concat([log, log.assign(person="again " + log["person"])], ignore_index=True)
    apart = read_history(alone, spread, leads=by_contact, **joined)
    options = {"periods": ["2023Q2", "2023Q3"], "max_criteria": 2, **WINDOWS}
    clustered, independent = (backtest(history, **options) for history in (twice, apart))
    for name, rows in (("table", "period"), ("pooled", "n_periods")):
        one, two = (getattr(done, name) for done in (clustered, independent))
        one, two = (part[part["card"] == "newest"].set_index(rows) for part in (one, two))
        assert one["auc"].tolist() == pytest.approx(two["auc"].tolist())
        widths = [part["auc_ci_upper"] - part["auc_ci_lower"] for part in (one, two)]
        assert widths[0].to_numpy() == pytest.approx(2**0.5 * widths[1].to_numpy(), rel=0.01)
    assert clustered.scores["cluster"].nunique() == len(clustered.scores) / 2


@pytest.mark.slow
@pytest.mark.real
def test_a_month_of_olist_that_mature_leads_cannot_judge(real_data: Path) -> None:
    """Wins are recorded from December 2017 on, and take up to half a year.

    Of the 5,345 leads before 2018-04-01 335 were won by then within 165 days, but only 2 of
    those that were 165 days old (pandas, from the two files: won_date < 2018-04-01 and
    won_date - first_contact_date between an hour and 165 days). Of April's 1,352 leads 177 were.
    """
    folder = real_data / "olist_funnel"
    history = read_history(
        folder / "olist_marketing_qualified_leads_dataset.csv.gz",
        None,
        folder / "olist_closed_deals_dataset.csv.gz",
        leads=LeadColumns(id="mql_id", created_at="first_contact_date", null_values=["unknown"]),
        outcomes=OutcomeColumns(lead="mql_id", closed_at="won_date"),
        as_of="2018-11-15",
    )
    april = {"periods": [("2018-04-01", "2018-05-01")], "max_criteria": 2}
    span = {"observation_window": "1h", "horizon": "165D"}
    dropped = backtest(history, maturity="drop", **april, **span)
    assert "not enough known: 2 conversions before it" in dropped.skipped["reason"].iloc[0]
    known = observe(history.at(dt.datetime(2018, 4, 1)), **span).at_landmark
    assert known["converted"].sum() == 335
    row = backtest(history, **april, **span).table.iloc[0]
    assert (row["card"], row["n"], row["n_converted"]) == ("candidate", 1352, 177)
