import numpy as np
import pandas as pd
import pytest
from scipy.stats import contingency
from statsmodels.stats.proportion import proportion_confint

from calibrate.criteria import as_criterion
from calibrate.errors import ConfigError, NotEnoughDataError
from calibrate.history import read_history
from calibrate.lift import LIFT_COLUMNS, measure_lift
from calibrate.observation import observe
from tests.companies import clickers, wide_company

CLICKED = {"field": "clicks", "at_least": 1}


def row_of(obs, rule=CLICKED, **options):
    return measure_lift(obs, [rule], **options).table.iloc[0]


@pytest.mark.slow
def test_36_against_30_is_1_20_times_and_6_points():
    row = row_of(clickers(1000, 360, 10_000, 3000))
    assert row["lift"] == pytest.approx(0.36 / 0.30)
    assert row["difference"] == pytest.approx(0.06)
    assert row["lead_share"] == 0.1
    assert row["relative_risk"] == pytest.approx(0.36 / (2640 / 9000))
    assert list(measure_lift(clickers(1000, 360, 10_000, 3000)).table.columns) == list(LIFT_COLUMNS)


@pytest.mark.slow
def test_it_is_real_with_1000_clickers_and_not_with_100():
    few, many = row_of(clickers(100, 36, 1000, 300)), row_of(clickers(1000, 360, 10_000, 3000))
    assert few["lift"] == many["lift"] == pytest.approx(1.2)
    assert (few["verdict"], few["reason"]) == ("no evidence", "not proven (wide interval)")
    assert few["lift_ci_lower"] < 1 < few["lift_ci_upper"]
    assert (many["verdict"], many["reason"]) == ("raises", "")
    assert many["lift_ci_lower"] > 1


def test_the_activity_rate_says_nothing():
    """Three companies whose leads click alike (36 %): the sales decide, not the clicks."""
    verdicts = {}
    for won in (60, 108, 180):
        row = row_of(clickers(360, won, 1000, 300))
        assert row["lead_share"] == 0.36
        verdicts[won] = row["verdict"]
    assert verdicts == {60: "lowers", 108: "no evidence", 180: "raises"}


def test_intervals_are_the_known_ones():
    row = row_of(clickers(100, 36, 1000, 300))
    wilson = proportion_confint(36, 100, method="wilson")  # statsmodels 0.15
    assert (row["rate_ci_lower"], row["rate_ci_upper"]) == pytest.approx(wilson)
    # The same Koopman interval that scipy 1.17 gives, through lift = RR / (s RR + 1 - s).
    koopman = contingency.relative_risk(36, 100, 264, 900)
    assert row["relative_risk"] == pytest.approx(koopman.relative_risk)
    for end in ("lower", "upper"):
        ratio = row[f"relative_risk_ci_{end}"]
        assert row[f"lift_ci_{end}"] == pytest.approx(ratio / (0.1 * ratio + 0.9))


def test_all_leads_have_an_interval_too():
    lift = measure_lift(clickers(100, 36, 1000, 300))
    found = lift.control_rate, lift.control_rate_ci_lower, lift.control_rate_ci_upper
    # statsmodels 0.15
    assert found == pytest.approx((0.3, *proportion_confint(300, 1000, method="wilson")))


def test_identities():
    rng = np.random.default_rng(0)
    level = rng.choice(list("abcde"), 2000)
    converted = rng.random(2000) < np.where(level == "a", 0.3, 0.1)
    lift = measure_lift(wide_company(np.zeros((2000, 0)), converted, level=level))
    table = lift.table
    assert (table["lead_share"] * table["lift"]).sum() == pytest.approx(1)
    assert np.allclose(table["lift"], table["converted_share"] / table["lead_share"])
    assert np.allclose(table["difference"], table["rate"] - table["control_rate"])
    assert table["control_rate"].unique() == pytest.approx([converted.mean()])
    assert (table["n"] + table["n_without"]).eq(2000).all()
    # q is never under p, and keeps its order
    assert (table["q_value"] >= table["p_value"] * (1 - 1e-12)).all()


def test_adjusted_odds_of_one_criterion_are_its_odds_ratio_with_a_half_added():
    # One yes/no criterion with Firth's penalty: (36.5 / 64.5) / (264.5 / 636.5), Firth 1993.
    row = row_of(clickers(100, 36, 1000, 300))
    assert row["odds_ratio_adjusted"] == pytest.approx((36.5 / 64.5) / (264.5 / 636.5), rel=1e-6)


def test_adjusted_odds_tell_company_from_cause():
    """Viewers buy; clickers are mostly viewers: adjusted, the click is worth nothing."""
    rng = np.random.default_rng(1)
    viewed = rng.random(20_000) < 0.4
    clicked = np.where(viewed, rng.random(20_000) < 0.6, rng.random(20_000) < 0.1)
    converted = rng.random(20_000) < np.where(viewed, 0.3, 0.1)
    obs = wide_company(np.column_stack([viewed, clicked]), converted)
    rules = [{"field": "x0", "at_least": 1}, {"field": "x1", "at_least": 1}]
    viewing, clicking = (row for _, row in measure_lift(obs, rules).table.iterrows())
    assert clicking["verdict"] == "raises"  # on its own it raises
    assert clicking["odds_ratio_adjusted_ci_lower"] < 1 < clicking["odds_ratio_adjusted_ci_upper"]
    # planted odds ratio (.3 / .7) / (.1 / .9) = 3.857
    assert viewing["odds_ratio_adjusted_ci_lower"] < 3.857 < viewing["odds_ratio_adjusted_ci_upper"]


def test_adjusted_odds_do_not_depend_on_the_reference_level():
    rng = np.random.default_rng(2)
    level = rng.choice(list("abc"), 3000, p=[0.5, 0.3, 0.2])
    converted = rng.random(3000) < pd.Series(level).map({"a": 0.1, "b": 0.2, "c": 0.3})
    rules = [{"field": "level", "in": [name]} for name in "abc"]
    obs = wide_company(np.zeros((3000, 0)), converted.to_numpy(), level=level)
    forward = measure_lift(obs, rules).table.set_index("criterion")["odds_ratio_adjusted"]
    backward = measure_lift(obs, rules[::-1]).table.set_index("criterion")["odds_ratio_adjusted"]
    assert np.allclose(forward, backward[forward.index], rtol=0.01)
    assert forward["level: a"] < 1 < forward["level: c"]


def test_adjusted_odds_survive_separation_and_copies():
    converted = np.arange(400) < 60
    met_by_all_winners = np.arange(400) < 120
    flags = np.column_stack([met_by_all_winners, met_by_all_winners, np.arange(400) % 2 == 0])
    rules = [{"field": f"x{i}", "at_least": 1} for i in range(3)]
    odds = measure_lift(wide_company(flags, converted), rules).table["odds_ratio_adjusted"]
    assert np.isfinite(odds).all()
    assert odds[0] == odds[1]


def test_too_few_leads_get_no_verdict():
    # 29 leads that met it, all of them converted: striking, and still too few
    assert row_of(clickers(29, 29, 1000, 100))["verdict"] == "too few"
    # 40 leads at a control rate of 10 %: 4 expected conversions
    assert row_of(clickers(40, 20, 1000, 100))["verdict"] == "too few"


def test_a_criterion_met_by_nobody_or_everybody_is_no_error():
    for n_met in (0, 1000):
        row = row_of(clickers(n_met, 300 if n_met else 0, 1000, 300))
        assert row["verdict"] == "too few"


def test_found_and_given_criteria_say_so():
    obs = clickers(360, 180, 1000, 300)
    assert measure_lift(obs).table["source"].tolist() == ["found"]
    assert measure_lift(obs).table["group"].tolist() == ["engagement"]
    assert measure_lift(obs, [CLICKED]).table["source"].tolist() == ["given"]


def test_namesakes_are_refused():
    rule = as_criterion(CLICKED)
    with pytest.raises(ConfigError, match="two criteria are called"):
        measure_lift(clickers(360, 180, 1000, 300), [rule, rule])


@pytest.mark.parametrize(("won", "message"), [(0, "none of the 100"), (100, "all 100 leads")])
def test_one_sided_outcomes_are_refused(won, message):
    with pytest.raises(NotEnoughDataError, match=message):
        measure_lift(clickers(50, won // 2, 100, won))


def test_rates_of_activities_and_recency_are_criteria():
    """Ten leads get ten mails each; the five that clicked two or more of them bought.

    L0 to L4 click 2 to 6 times, L5 once, the others never: 20 % of ten mails is 2. L2 and L9 had
    only four mails, under the minimum of five. L0, L1 and L5 clicked within the last two days
    before the landmark.
    """
    start, day = pd.Timestamp("2024-01-01"), pd.Timedelta("1D")
    clicks = [2, 3, 4, 5, 6, 1, 0, 0, 0, 0]
    mails = [4 if i in (2, 9) else 10 for i in range(10)]
    rows = [(i, "mail", 0.1) for i in range(10) for _ in range(mails[i])]
    rows += [
        (i, "click", 6.5 if i in (0, 1, 5) else 1) for i in range(10) for _ in range(clicks[i])
    ]
    log = pd.DataFrame(rows, columns=["lead_id", "activity", "days"])
    log["occurred_at"] = start + log.pop("days") * day
    leads = pd.DataFrame(
        {
            "lead_id": range(10),
            "created_at": start,
            "outcome": ["converted"] * 5 + ["lost"] * 5,
            "closed_at": start + 10 * day,
        }
    )
    history = read_history(leads, log, as_of=start + 200 * day)
    obs = observe(history, observation_window="7D", horizon="60D")
    rules = [
        {"activity": "click", "share_of": "mail", "at_least": 0.2, "minimum": 5},
        {"activity": "click", "last_within_days": 2},
    ]
    table = measure_lift(obs, rules).table
    assert table["n"].tolist() == [4, 3]  # L0, L1, L3, L4; L0, L1, L5
    assert table["n_converted"].tolist() == [4, 2]
    assert table["lift"].tolist() == pytest.approx([2, 4 / 3])
