"""Ranking and calibration of a score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from calibrate.errors import NotEnoughDataError
from calibrate.evaluation import (
    EVALUATION_KEYS,
    calibration_of,
    evaluate,
    known_outcomes,
    rate_intervals,
    recall_intervals,
    score_distribution,
    scored_leads,
)


def a_frame(n: int = 2000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 101, n)
    rate = 1 / (1 + np.exp(-(score / 25 - 4)))
    return pd.DataFrame(
        {"score": score, "expected_rate": rate, "converted": rng.random(n) < rate, "weight": 1.0}
    )


def test_auc_and_average_precision_agree_with_scikit_learn() -> None:
    frame = a_frame()
    result = evaluate(frame)
    assert tuple(result) == EVALUATION_KEYS
    assert result["auc"] == pytest.approx(roc_auc_score(frame["converted"], frame["score"]))
    assert result["average_precision"] == pytest.approx(
        average_precision_score(frame["converted"], frame["score"])
    )
    assert result["auc_ci_lower"] < result["auc"] < result["auc_ci_upper"]


def test_ks_agrees_with_scipy() -> None:
    from scipy.stats import ks_2samp

    frame = a_frame()
    won, lost = frame.loc[frame["converted"], "score"], frame.loc[~frame["converted"], "score"]
    assert evaluate(frame)["ks"] == pytest.approx(ks_2samp(won, lost).statistic)


def test_calibration_slope_agrees_with_statsmodels() -> None:
    import statsmodels.api as sm

    frame = a_frame()
    log_odds = np.log(frame["expected_rate"] / (1 - frame["expected_rate"]))
    fit = sm.Logit(frame["converted"].astype(float), sm.add_constant(log_odds)).fit(disp=0)
    result = evaluate(frame)
    assert result["calibration_slope"] == pytest.approx(fit.params.iloc[1], rel=1e-5)
    assert result["calibration_slope_ci_lower"] < 1 < result["calibration_slope_ci_upper"]


def test_an_overconfident_promise_has_a_slope_below_one() -> None:
    frame = a_frame(20_000)
    odds = np.log(frame["expected_rate"] / (1 - frame["expected_rate"]))
    bold = frame.assign(expected_rate=1 / (1 + np.exp(-2 * odds)))
    # the truth has half the log odds promised: slope 1/2
    assert evaluate(bold)["calibration_slope"] == pytest.approx(0.5, abs=0.03)


def test_one_outcome_only_leaves_every_quantity_undefined() -> None:
    result = evaluate(pd.DataFrame({"score": [1, 2], "converted": [False, False]}))
    assert result["n"] == 2
    assert result["n_converted"] == 0
    assert np.isnan([result[key] for key in EVALUATION_KEYS[2:]]).all()


def test_one_expected_rate_has_no_calibration_but_a_constant_score_an_auc_of_one_half() -> None:
    frame = pd.DataFrame({"score": 7, "expected_rate": 0.25, "converted": [True, False] * 5})
    result = evaluate(frame)
    assert result["auc"] == 0.5
    assert np.isnan(result["calibration_slope"])


def test_leads_without_an_outcome_or_weight_are_left_out() -> None:
    frame = pd.DataFrame(
        {
            "score": [1, 2, 3],
            "converted": pd.array([True, None, False], dtype="boolean"),
            "weight": [1.0, 0.0, 1.0],
        }
    )
    assert known_outcomes(frame)["score"].tolist() == [1, 3]


@pytest.mark.parametrize(
    "frame", [pd.DataFrame({"score": [1]}), pd.DataFrame({"score": [1], "converted": [None]})]
)
def test_no_known_outcome_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughDataError, match="known outcome"):
        evaluate(frame)


def test_the_amount_counts_wins_only_and_missing_amounts_as_nothing() -> None:
    frame = pd.DataFrame(
        {"score": [5, 5, 5], "converted": [True, True, False], "amount": [100.0, None, 50.0]}
    )
    assert score_distribution(frame)["amount"].tolist() == [100.0]  # 100 + 0, the loss not counted


def test_the_order_of_rows_never_matters() -> None:
    frame = a_frame(300)
    shuffled = frame.sample(frac=1, random_state=1)
    assert evaluate(shuffled) == pytest.approx(evaluate(frame), rel=1e-12)


def test_counts_are_leads_as_counted_whatever_they_weigh() -> None:
    frame = a_frame(400)
    heavy = frame.assign(weight=np.where(frame["converted"], 1.5, 3.0))
    found = evaluate(heavy)
    assert found["n"] == 400
    assert found["n_converted"] == frame["converted"].sum()
    cells = score_distribution(heavy)
    assert cells["n"].sum() == 400
    assert cells["weight"].sum() == pytest.approx(heavy["weight"].sum())
    assert cells["weight_converted"].sum() == pytest.approx(1.5 * frame["converted"].sum())


def test_weights_of_one_and_clusters_of_one_lead_change_nothing() -> None:
    frame = a_frame(500)
    plain = evaluate(frame.drop(columns="weight"))
    assert evaluate(frame) == plain
    assert evaluate(frame.assign(cluster=np.arange(500)[::-1] + 7)) == plain


def test_a_weight_of_two_estimates_as_the_row_twice_does_but_knows_less() -> None:
    frame = a_frame(600)
    weighted = evaluate(frame.assign(weight=np.where(np.arange(600) % 2, 2.0, 1.0)))
    twice = evaluate(pd.concat([frame, frame[np.arange(600) % 2 == 1]]))
    for key in ("auc", "ks", "average_precision", "calibration_slope", "calibration_intercept"):
        assert weighted[key] == pytest.approx(twice[key], rel=1e-6), key
    assert (weighted["n"], twice["n"]) == (600, 900)
    for key in ("auc", "calibration_slope"):
        widths = [
            found[f"{key}_ci_upper"] - found[f"{key}_ci_lower"] for found in (weighted, twice)
        ]
        assert widths[0] > 1.1 * widths[1], key


def test_deals_of_one_contact_that_are_alike_count_once() -> None:
    frame = a_frame(600)
    pairs = frame.loc[frame.index.repeat(2)]
    clustered = evaluate(pairs.assign(cluster=np.repeat(np.arange(600) * 10, 2)))
    single = evaluate(frame)
    for key in ("auc", "auc_ci_lower", "auc_ci_upper", "ks", "average_precision"):
        assert clustered[key] == pytest.approx(single[key], abs=1e-12), key
    slopes = [found["calibration_slope_ci_upper"] for found in (clustered, single)]
    # robust against model-based: the same up to chance, and nothing like 1 / sqrt(2)
    assert slopes[0] - single["calibration_slope"] == pytest.approx(
        slopes[1] - single["calibration_slope"], rel=0.15
    )


def test_effective_counts_by_hand() -> None:
    frame = pd.DataFrame(
        {"score": 1, "converted": [True, False, False], "weight": [4 / 3, 2.0, 2.0]}
    )
    hits, n = scored_leads(frame).effective_counts()
    # r = (4/3) / (16/3) = 1/4; V = ((4/3)^2 (3/4)^2 + 2 * 4 * (1/4)^2) / (16/3)^2 = 1.5 / 28.444
    assert n == pytest.approx((3 / 16) / (1.5 / (256 / 9)))
    assert hits == pytest.approx(n / 4)
    n_effective, interval = rate_intervals([scored_leads(frame)])
    assert n_effective.tolist() == [n]
    assert interval.lower[0] < 0.25 < interval.upper[0]
    nobody = scored_leads(frame).part(np.zeros(3, dtype=bool))
    assert nobody.effective_counts() == (0.0, 0.0)


@pytest.mark.slow
def test_shares_of_conversions_caught_have_intervals_of_the_conversions_that_tell() -> None:
    rng = np.random.default_rng(5)
    held, n, cuts = 0, 2000, np.array([1.0])
    for _ in range(n):  # 60 converted, 70 % of them score 1; half of either weigh twice
        weight = rng.choice([1.0, 2.0], 60)
        frame = pd.DataFrame({"score": rng.random(60) < 0.7, "converted": True, "weight": weight})
        lower, upper = recall_intervals(scored_leads(frame.astype({"score": float})), cuts)
        held += bool(lower[0] <= 0.7 <= upper[0])
    # Wilson's coverage at about 54 conversions is .93 to .97; three standard errors of 2,000
    assert 0.93 - 3 * 0.005 <= held / n <= 0.97 + 3 * 0.005


def test_twins_among_the_customers_tell_half_as_much() -> None:
    score = np.repeat([1.0, 1.0, 0.0, 1.0, 0.0, 0.0], 2)
    twins = pd.DataFrame({"score": score, "converted": True, "cluster": np.repeat(np.arange(6), 2)})
    lower, upper = recall_intervals(scored_leads(twins), np.array([1.0]))
    assert (lower[0], upper[0]) == pytest.approx(proportion_confint(3, 6, method="wilson"))


def test_expected_rates_of_zero_and_one_are_left_out_of_the_calibration() -> None:
    frame = a_frame(400)
    edges = pd.DataFrame(
        {"score": [0, 100], "expected_rate": [0.0, 1.0], "converted": [False, True], "weight": 1.0}
    )
    both = pd.concat([frame, edges], ignore_index=True)
    assert calibration_of(both) == calibration_of(frame)
