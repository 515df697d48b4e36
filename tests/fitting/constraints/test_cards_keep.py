"""Every card keeps to its constraints exactly, or they are refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import calibrate as cal
from calibrate.backtest.folds import stratified_folds
from calibrate.criteria import as_criterion
from calibrate.errors import CalibrateError
from tests.companies import wide_company
from tests.fitting.constraints.keeping import (
    FLAGS,
    broken,
    company_of,
    points_of,
    raw_scores,
    worth_of,
)

X0, X1, X2 = "x0 at least 1", "x1 at least 1", "x2 at least 1"


def observed(seed: int, n: int = 1500, effects=None):
    frame, converted = company_of(seed, n, effects)
    rest = {name: frame[name] for name in ("job", "size")}
    return wide_company(frame[list(FLAGS)].to_numpy(), converted, **rest)


@pytest.fixture(scope="module")
def company():
    return observed(1, effects=(1.2, 0.7, -0.9, 0.0))


@pytest.fixture(scope="module")
def free(company):
    return cal.fit_scorecard(company, intervals=False, pairs=False)


def fitted(company, **options):
    return cal.fit_scorecard(company, **{"intervals": False, "pairs": False} | options)


def signs_of(points):
    return {name: np.sign(value) for name, value in points.items()}


@pytest.mark.slow
def test_a_sign_takes_the_points_of_the_other_sign_away(company, free) -> None:
    points = points_of(free)
    for name in (X0, X1, X2):
        column, other = name[:2], "-" if points[name] > 0 else "+"
        card = fitted(company, constraints={"sign": {column: other}})
        assert name not in points_of(card)
        same = "+" if points[name] > 0 else "-"
        assert points_of(fitted(company, constraints={"sign": {column: same}})) == points


@pytest.mark.slow
def test_an_order_holds_two_together(company, free) -> None:
    points = points_of(free)
    order = sorted((X0, X1), key=points.__getitem__, reverse=True)  # against the data
    card = fitted(company, constraints={"order": [[name[:2] for name in order]]})
    assert broken(card, {"order": [[name[:2] for name in order]]}) == []
    right = fitted(company, constraints={"order": [[name[:2] for name in reversed(order)]]})
    assert points_of(right) == points


@pytest.mark.slow
def test_fixed_points_are_on_the_card_whatever_the_data_say(company, free) -> None:
    assert "x3 at least 1" not in points_of(free) or points_of(free)["x3 at least 1"] != 20
    card = fitted(company, constraints={"fixed": {"x3 at least 1": 20}})
    assert points_of(card)["x3 at least 1"] == 20
    assert raw_scores(card).min() == 0
    assert raw_scores(card).max() == 100
    [note] = [note for note in card.notes if "agreement" in note]
    assert note.startswith('"x3 at least 1" is held at 20 points by agreement (the data alone say')


@pytest.mark.slow
def test_beside_fixed_points_the_others_keep_their_proportions() -> None:
    """Independent columns: with 20 of 100 points given away the others share 80."""
    rng = np.random.default_rng(2)
    flags = rng.random((20_000, 3)) < 0.5
    converted = rng.random(20_000) < 1 / (1 + np.exp(2 - flags @ np.array([1.5, 0.5, 0.0])))
    obs = wide_company(flags, converted)
    card = fitted(obs, constraints={"fixed": {X2: 20}})
    points = points_of(card)
    assert points[X2] == 20
    assert points[X0] + points[X1] == 80
    # 1.5 : .5 in the data, so 60 and 20, with standard errors of about 1 point
    assert points[X0] == pytest.approx(60, abs=4)


@pytest.mark.slow
def test_a_fixed_rule_may_be_any_and_have_a_name_of_its_own(company) -> None:
    rule = {"field": "size", "at_least": 37}
    agreed = [{"rule": rule, "points": -7, "name": "not too big"}]
    card = fitted(company, constraints={"fixed": agreed})
    [line] = [line for line in card.criteria if line.criterion.name == "not too big"]
    assert (line.points, dict(line.criterion.when)) == (-7, rule)


@pytest.mark.slow
def test_a_rule_that_no_lead_meets_can_be_agreed_on(company) -> None:
    agreed = [{"rule": {"field": "job", "in": ["board"]}, "points": 10}]
    card = fitted(company, constraints={"fixed": agreed}, intervals=True)
    assert points_of(card)["job: board"] == 10
    assert '"job: board" is held at 10 points by agreement (no lead meets it)' in card.notes
    assert cal.Scorecard.from_json(card.to_json()).table.equals(card.table)


@pytest.mark.slow
def test_what_is_fixed_brings_what_an_order_asks_of_others(company) -> None:
    constraints = {"fixed": {X1: 15}, "order": [["x1", "x3"]]}
    points = points_of(fitted(company, constraints=constraints))
    assert points[X1] == 15
    assert points["x3 at least 1"] >= 15


@pytest.mark.slow
def test_caps_are_on_the_card_and_in_its_range(company) -> None:
    card = fitted(company, constraints={"caps": {"fit": 60}})
    assert dict(card.caps) == {"fit": 60}
    assert (raw_scores(card).min(), raw_scores(card).max()) == (0, 100)
    scores = card.score(company)
    assert scores["fit"].max() <= 60
    assert any(note.startswith("at most 60 points count from fit") for note in card.notes)
    assert (np.diff(card.expected_rate["rate"]) > 0).all()


@pytest.mark.slow
def test_required_and_forbidden(company) -> None:
    card = fitted(
        company, constraints={"required": ["x3", "size at least 13"], "forbidden": ["job"]}
    )
    assert broken(card, {"required": ["x3"], "forbidden": ["job"]}) == []
    assert "size at least 13" in points_of(card)


@pytest.mark.slow
def test_forbidden_is_also_what_holds_it(company) -> None:
    card = fitted(company, pairs=True, constraints={"forbidden": ["job: chief"]})
    assert not any("chief" in str(line.criterion.when) for line in card.criteria)


def test_nothing_to_score_on_still_holds_what_is_required() -> None:
    rng = np.random.default_rng(0)
    obs = wide_company(rng.random((1000, 3)) < 0.4, rng.random(1000) < 0.3)
    assert fitted(obs).is_empty
    card = fitted(obs, constraints={"fixed": {X0: 30}, "required": ["x1"]})
    points = points_of(card)
    assert points[X0] == 30
    assert abs(points[X1]) == 70


@pytest.mark.slow
def test_points_move_no_further_than_agreed(company, free) -> None:
    other = observed(9, effects=(-0.5, 2.0, 0.3, 1.0))  # another company altogether
    for scale in ("keep", "fit"):
        card = fitted(other, current=free, scale=scale, constraints={"max_change": 4})
        assert broken(card, {"max_change": 4}, points_of(free)) == []
        assert any("max_change = 4" in note for note in card.notes)
    assert (raw_scores(card).min(), raw_scores(card).max()) == (0, 100)


def test_without_a_card_in_force_nothing_can_move(company, free) -> None:
    assert points_of(fitted(company, constraints={"max_change": 1})) == points_of(free)


@pytest.mark.slow
def test_intervals_keep_to_the_constraints_and_hold_the_points(company) -> None:
    constraints = {"sign": {"x0": "+", "x1": "-"}, "fixed": {"x3 at least 1": 12}}
    card = fitted(company, intervals=True, constraints=constraints)
    for line in card.criteria:
        assert line.points_ci[0] <= line.points <= line.points_ci[1]
    [agreed] = [line for line in card.criteria if line.criterion.name == "x3 at least 1"]
    assert agreed.points_ci == (12, 12)
    assert agreed.selection_frequency == 1.0
    assert card.base_ci[0] <= card.base <= card.base_ci[1]


@pytest.mark.slow
def test_levels_in_order_by_their_names(company) -> None:
    chain = ["job: chief", "job: lead", "job: junior"]  # the data say the opposite
    card = fitted(company, constraints={"order": [chain]})
    worth = worth_of(card, "job")
    assert worth["chief"] <= worth["lead"] <= worth["junior"]


@pytest.mark.slow
def test_the_lift_table_says_that_a_constraint_took_the_points(company, free) -> None:
    from calibrate.fitting import barred_criteria

    sign = {"x0": "-" if points_of(free)[X0] > 0 else "+"}
    lift = cal.measure_lift(company)
    card = fitted(company, constraints={"sign": sign, "forbidden": ["x1"]})
    barred = barred_criteria(lift, card, company, {"sign": sign, "forbidden": ["x1"]})
    assert barred[:2] == (X0, X1)
    reasons = lift.with_card(card, company, constrained=barred).table.set_index("criterion")
    assert reasons.loc[[X0, X1], "reason"].tolist() == ["constraint", "constraint"]
    assert barred_criteria(lift, card, company, None) == ()


CHANGES = {
    "sign": st.dictionaries(st.sampled_from([*FLAGS, "size", "job"]), st.sampled_from("+-")),
    "order": st.permutations(FLAGS).map(lambda chain: [list(chain[:3])]),
    "increasing": st.just(["size"]),
    "fixed": st.dictionaries(
        st.sampled_from([X0, X1, "size at least 37", "job: chief"]),
        st.integers(-30, 30),
        max_size=2,
    ).map(lambda fixed: {name: points or 5 for name, points in fixed.items()}),
    "caps": st.fixed_dictionaries({"fit": st.integers(40, 120)}),
    "required": st.lists(st.sampled_from([*FLAGS, "size"]), unique=True, max_size=2),
    "forbidden": st.lists(st.sampled_from([*FLAGS, "job"]), unique=True, max_size=2),
    "max_change": st.integers(0, 30),
    "one_per_column": st.booleans(),
}
ANY = st.sets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: CHANGES[name] for name in sorted(names)})
)


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(constraints=ANY, seed=st.integers(2, 4), keep=st.booleans(), pairs=st.booleans())
def test_they_hold_exactly_or_are_refused(free, constraints, seed, keep, pairs) -> None:
    obs = observed(seed, 800)
    current = free if keep or "max_change" in constraints else None
    options = {"current": current, "scale": "keep" if keep else "fit", "pairs": pairs}
    try:
        card = fitted(obs, max_criteria=5, constraints=constraints, **options)
    except CalibrateError as error:
        assert str(error).startswith("[constraints]")  # noqa: PT017 - either may be
        return
    assert broken(card, constraints, points_of(free)) == []
    curve = card.expected_rate
    assert (np.diff(curve["rate"]) > 0).all()
    assert (curve["rate_ci_lower"] <= curve["rate"]).all()
    assert (curve["rate"] <= curve["rate_ci_upper"]).all()
    if card.criteria and not keep:
        assert (raw_scores(card).min(), raw_scores(card).max()) == (0, 100)


@pytest.mark.slow
@pytest.mark.parametrize(
    "constraints",
    [
        {"sign": {"x0": "-", "job": "+"}, "increasing": ["size"], "required": ["x3"]},
        {"fixed": {X0: -10, "size at least 37": 8}, "caps": {"fit": 70}, "forbidden": ["x1"]},
    ],
)
def test_every_card_of_a_backtest_keeps_to_them(company, constraints, monkeypatch) -> None:
    from calibrate.backtest import rivals

    cards = []

    def remembered(*args, **kwargs):
        card = cal.fit_scorecard(*args, **kwargs)
        cards.append((kwargs["method"], card))
        return card

    monkeypatch.setattr(rivals, "fit_scorecard", remembered)
    proof = cal.backtest(company.history, constraints=constraints, max_criteria=4)
    made = [card for method, card in cards if method == "logistic"]
    assert len(made) == len(list(stratified_folds(company, 0))) == proof.table["period"].nunique()
    assert [broken(card, constraints) for card in made] == [[]] * 5


@pytest.mark.slow
def test_cross_fitted_scores_keep_to_them(company) -> None:
    constraints = {"fixed": {"x3 at least 1": 20}, "caps": {"fit": 70}}
    card = fitted(company, constraints=constraints)
    scores = cal.cross_fit_scores(company, card=card, constraints=constraints)
    assert scores["fit"].max() <= 70
    assert scores["score"].corr(card.score(company)["score"]) > 0.9


@pytest.mark.slow
def test_a_pair_of_an_agreed_rule_would_undo_it(company) -> None:
    card = fitted(company, pairs=True, constraints={"fixed": {X0: -20}})
    agreed = as_criterion({"field": "x0", "at_least": 1}).when
    holding = [line for line in card.criteria if "x0" in line.criterion.fields]
    assert [dict(line.criterion.when) for line in holding] == [dict(agreed)]
