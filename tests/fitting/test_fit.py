from dataclasses import replace

import numpy as np
import pytest

from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.fitting import cross_fit_scores, fit_scorecard
from calibrate.lift import measure_lift
from tests.companies import clickers, wide_company

CLICKED = {"field": "clicks", "at_least": 1}


def points_of(card):
    return {line.criterion.name: line.points for line in card.criteria}


def test_36_against_30_is_36_by_rate_and_6_by_difference():
    obs = clickers(1000, 360, 10_000, 3000)
    assert points_of(fit_scorecard(obs, method="rate")) == {"clicks at least 1": 36}
    assert points_of(fit_scorecard(obs, method="difference")) == {"clicks at least 1": 6}


@pytest.mark.parametrize("method", ["rate", "difference", "log_odds", "logistic"])
def test_100_clickers_earn_nothing(method):
    card = fit_scorecard(clickers(100, 36, 1000, 300), method=method)
    assert card.is_empty
    assert card.base == 0
    assert "no points" in card.notes[-1]


def test_a_criterion_that_lowers_earns_0_by_rate_and_less_than_0_by_difference():
    # 60 of 360 clickers bought, 300 of all 1,000: 16.7 % against 30 %
    obs = clickers(360, 60, 1000, 300)
    assert fit_scorecard(obs, method="rate").is_empty
    card = fit_scorecard(obs, method="difference")
    assert points_of(card) == {"clicks at least 1": -13}
    assert "clipped" in card.notes[-1]  # 36 % of the leads would be below 0


def test_points_of_difference_have_the_interval_of_the_difference():
    obs = clickers(1000, 360, 10_000, 3000)
    row = measure_lift(obs, [CLICKED]).table.iloc[0]
    [line] = fit_scorecard(obs, method="difference").criteria
    assert line.points_ci == (
        int(np.floor(100 * row["difference_ci_lower"])),
        int(np.ceil(100 * row["difference_ci_upper"])),
    )


def planted(n=6000, seed=0):
    """Six yes/no columns: three with effects, one overlapping, two without."""
    rng = np.random.default_rng(seed)
    flags = rng.random((n, 6)) < [0.3, 0.2, 0.4, 0.3, 0.3, 0.3]
    flags[:, 3] = flags[:, 0] & (rng.random(n) < 0.8)
    log_odds = -2.5 + flags @ np.array([1.5, 1.0, -0.8, 0, 0, 0])
    return flags, rng.random(n) < 1 / (1 + np.exp(-log_odds))


@pytest.fixture(scope="module")
def company():
    return wide_company(*planted())


@pytest.mark.parametrize("method", ["log_odds", "logistic"])
def test_scores_reach_exactly_0_and_100(company, method):
    card = fit_scorecard(company, method=method)
    scores = card.score(company)["score"]
    assert (scores.min(), scores.max()) == (0, 100)


def test_points_follow_the_planted_weights(company):
    points = points_of(fit_scorecard(company))
    assert points["x0 at least 1"] > points["x1 at least 1"] > 0 > points["x2 at least 1"]
    # 100 points over 1.5 + 1.0 + 0.8 of log odds: 45, 30, -24 in expectation
    assert points["x0 at least 1"] == pytest.approx(45, abs=6)
    assert "x3 at least 1" not in points  # it only comes with x0


def test_overlaps_are_counted_once_and_named(company):
    lift = measure_lift(company)
    beside = lift.with_card(fit_scorecard(company, criteria=lift), company).table
    reasons = beside.set_index("criterion")["reason"]
    assert reasons["x3 at least 1"] == "counted by x0 at least 1"
    assert reasons["x0 at least 1"] == ""


def test_the_expected_rate_rises_strictly_and_is_right_on_average(company):
    card = fit_scorecard(company)
    assert (np.diff(card.expected_rate["rate"]) > 0).all()
    scores = card.score(company)
    assert scores["expected_rate"].mean() == pytest.approx(scores["converted"].mean(), abs=0.005)


@pytest.mark.slow
def test_expected_rates_hold_on_new_leads():
    """Calibration slope on leads of the same company the card never saw: near 1 on average.

    8 companies of 1,500 leads, 25 columns of which 3 matter; the mean of the log slopes has
    a standard error of about 0.08.
    """
    from scipy.special import logit

    from calibrate.stats.calibration import calibration_slope

    slopes = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        flags = rng.random((6000, 25)) < 0.3
        log_odds = -2.5 + flags[:, :3] @ np.array([0.9, 0.6, -0.6])
        converted = rng.random(6000) < 1 / (1 + np.exp(-log_odds))
        card = fit_scorecard(wide_company(flags[:1500], converted[:1500]), rng=seed)
        if card.is_empty:  # the largest of 25 statistics is not always beyond chance
            continue
        fresh = card.score(wide_company(flags[1500:], converted[1500:]))
        won = fresh["converted"].to_numpy(float)
        slopes.append(
            float(
                calibration_slope(logit(fresh["expected_rate"].to_numpy(float)), won, 0 * won + 1)[
                    0
                ]
            )
        )
    assert len(slopes) >= 7
    assert np.mean(np.log(slopes)) == pytest.approx(0, abs=0.15)


def test_max_criteria_is_a_ceiling(company):
    assert len(fit_scorecard(company, max_criteria=1).criteria) == 1
    assert len(fit_scorecard(company, max_criteria="auto").criteria) <= 4


@pytest.mark.parametrize("ceiling", [np.int64(2), 10**9])
def test_a_ceiling_may_be_any_whole_number(company, ceiling):
    as_usual = fit_scorecard(company, max_criteria=min(int(ceiling), 100), intervals=False)
    assert fit_scorecard(company, max_criteria=ceiling, intervals=False).to_json() == (
        as_usual.to_json()
    )


@pytest.mark.slow
def test_the_same_seed_gives_the_same_card(company):
    assert fit_scorecard(company, rng=3).to_json() == fit_scorecard(company, rng=3).to_json()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["log_odds", "logistic"])
def test_keep_leaves_a_card_as_it_is(company, method):
    card = fit_scorecard(company, method=method)
    again = fit_scorecard(company, method=method, current=card)
    assert again.base == card.base
    assert points_of(again) == points_of(card)


@pytest.mark.slow
def test_keep_keeps_the_meaning_of_a_score():
    """On another quarter of the same company a score promises what it promised before."""
    before = fit_scorecard(wide_company(*planted(seed=1)))
    after = fit_scorecard(wide_company(*planted(seed=2)), current=before)
    for score in (20, 50, 80):
        old, new = (card.expected_rate["rate"][score] for card in (before, after))
        assert new == pytest.approx(old, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["log_odds", "logistic"])
def test_cross_fitted_scores_are_on_the_scale_of_the_card(company, method):
    card = fit_scorecard(company, method=method)
    scores = cross_fit_scores(company, method=method, card=card)
    own = card.score(company)
    assert scores["score"].mean() == pytest.approx(own["score"].mean(), abs=2)
    # leads above the card's median score convert as the card promises them to
    high = scores[scores["score"] >= own["score"].median()]
    promised = card.expected_rate["rate"].to_numpy()[high["score"]].mean()
    assert high["converted"].mean() == pytest.approx(promised, abs=0.02)


@pytest.mark.slow
def test_cross_fitted_scores_are_of_cards_that_did_not_see_the_lead(company):
    scores = cross_fit_scores(company)
    assert len(scores) == 6000
    assert scores["score"].between(0, 100).all()
    assert list(scores.columns[:6]) == [
        "lead_id",
        "score",
        "expected_rate",
        "tier",
        "fit",
        "engagement",
    ]


@pytest.mark.slow
def test_cross_fitted_scores_of_pure_noise_do_not_rank():
    """In-sample scores of a forced card on noise rank above .5; cross-fitted ones do not."""
    from calibrate.stats.ranking import auc

    rng = np.random.default_rng(9)
    areas = []
    for seed in range(8):
        obs = wide_company(rng.random((800, 12)) < 0.3, rng.random(800) < 0.2)
        scores = cross_fit_scores(obs, method="log_odds", rng=seed)
        won = scores["converted"].to_numpy(float)
        areas.append(float(auc(scores["score"].to_numpy(float), won, 1 - won)))
    assert np.mean(areas) == pytest.approx(0.5, abs=0.03)


def test_points_cover_the_points_of_the_population():
    """Same criteria and scale: intervals hold the population's points about 95 times of 100.

    40 companies x 3 points: fewer than 105 of 120 would be p < 0.001 at a coverage of .95.
    """
    from calibrate.fitting.bootstrap import resampled_coefficients
    from calibrate.observation import Sample
    from calibrate.stats.logistic import fit_logistic

    truth, covered = np.array([1.5, 1.0, -0.8]), 0
    for seed in range(40):
        flags, converted = planted(n=1500, seed=seed)
        part, y = flags[:, :3], converted.astype(float)
        fit = fit_logistic(part, y, np.ones(len(y)))
        keys = np.arange(len(y), dtype=np.uint64)
        sample = Sample(criteria=(), flags=part, converted=y, weight=np.ones(len(y)), keys=keys)
        start = np.concatenate([[fit.intercept], fit.coefficients])
        drawn = resampled_coefficients(sample, start, np.random.default_rng(seed))[:, 1:]
        lower, upper = np.quantile(drawn, [0.025, 0.975], axis=0)
        covered += int(((lower <= truth) & (truth <= upper)).sum())
    assert covered >= 105


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "logistics"}, 'did you mean "logistic"'),
        ({"method": None}, 'unknown method "None"'),
        ({"max_criteria": 0}, "from 1 on"),
        ({"max_criteria": True}, "from 1 on"),
        ({"max_criteria": 2.0}, "from 1 on"),
        ({"current": "scorecard.json"}, "current is a Scorecard"),
        ({"scale": "big"}, "the scales are fit and keep"),
    ],
)
def test_impossible_wishes_are_refused(company, options, message):
    with pytest.raises(ConfigError) as refused:
        fit_scorecard(company, **options)
    assert message in str(refused.value)


@pytest.mark.parametrize("won", [0, 1000])
def test_one_outcome_is_refused(won):
    with pytest.raises(NotEnoughDataError, match="a score needs leads"):
        fit_scorecard(clickers(360, 360 if won else 0, 1000, won))


@pytest.mark.parametrize("n_yes", [4_900, 5_100])
def test_yes_earns_its_rate_however_common_it_is(n_yes):
    """Yes converts at 36 %, no at 24 %."""
    yes = np.arange(10_000) < n_yes
    converted = np.where(yes, np.arange(10_000) % 100 < 36, np.arange(10_000) % 100 < 24)
    answer = np.where(yes, "yes", "no")
    card = fit_scorecard(
        wide_company(np.zeros((10_000, 0)), converted, newsletter=answer), method="rate"
    )
    assert points_of(card) == {"newsletter: yes": 36}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rate", "difference", "logistic"])
def test_expected_rates_rise_strictly_and_do_not_run_off(method):
    """Beyond the scores that occur nothing is promised that was not seen."""
    card = fit_scorecard(clickers(10_000, 3600, 100_000, 30_000), method=method)
    rate = card.expected_rate["rate"].to_numpy()
    assert (np.diff(rate) > 0).all()
    # 264 of 900 without, 36 of 100 with
    assert rate[0] == pytest.approx(26_400 / 90_000, abs=0.001)
    assert rate[100] == pytest.approx(0.36, abs=0.001)


def test_an_empty_card_promises_the_control_rate():
    card = fit_scorecard(clickers(100, 36, 1000, 300))
    rates = card.expected_rate
    assert (np.diff(rates["rate"]) > 0).all()
    assert rates["rate"].to_numpy() == pytest.approx(np.full(101, 0.3), abs=1e-4)
    assert rates["rate_ci_lower"][0] < 0.3 < rates["rate_ci_upper"][0]


@pytest.mark.slow
def test_a_scale_that_does_not_rise_cannot_be_kept(company):
    card = fit_scorecard(company)
    flat = replace(card, expected_rate=card.expected_rate.assign(rate=0.1))
    with pytest.raises(ConfigError, match="do not rise with the score"):
        fit_scorecard(company, current=flat)
    start = card.expected_rate.assign(rate=np.r_[0.0, card.expected_rate["rate"][1:]])
    fit_scorecard(company, current=replace(card, expected_rate=start))


def test_of_two_opposites_the_rarer_is_the_rule():
    """ "80 % are business" and "20 % are free" say the same; the card names the exception."""
    rng = np.random.default_rng(3)
    kind = rng.choice(["business", "free"], 3000, p=[0.8, 0.2])
    converted = rng.random(3000) < np.where(kind == "free", 0.05, 0.2)
    card = fit_scorecard(wide_company(np.zeros((3000, 0)), converted, kind=kind))
    assert points_of(card) == {"kind: free": -100}


@pytest.mark.slow
def test_points_that_stay_lie_in_their_interval():
    """With 48,000 leads the data say 73 (71 to 76), and 70 stays: it is within 5 %."""

    def company_with(effect):
        first, second = np.repeat([[0, 0, 1, 1], [0, 1, 0, 1]], 12_000, axis=1)
        rate = 1 / (1 + np.exp(1.2 - effect * first - 0.7 * second))
        return wide_company(
            np.column_stack([first, second]), np.arange(48_000) % 12_000 < 12_000 * rate
        )

    before = fit_scorecard(company_with(1.6), intervals=False, pairs=False)
    card = fit_scorecard(company_with(1.68), current=before, pairs=False)
    assert points_of(card) == points_of(before) == {"x0 at least 1": 70, "x1 at least 1": 30}
    lower, upper = card.criteria[0].points_ci
    assert lower == 70
    assert upper > 74
