"""Constraints that cannot hold are refused in one line that names them."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate as cal
from calibrate.errors import ConfigError, NotEnoughDataError
from tests.companies import wide_company


@pytest.fixture(scope="module")
def company():
    rng = np.random.default_rng(5)
    flags = rng.random((1500, 4)) < [0.3, 0.3, 0.4, 0.3]
    job = rng.choice(["junior", "lead", "chief"], 1500)
    log_odds = -1.5 + flags @ np.array([1.2, 0.8, -0.8, 0.0]) + 0.8 * (job == "chief")
    converted = rng.random(1500) < 1 / (1 + np.exp(-log_odds))
    return wide_company(flags, converted, job=job, size=rng.integers(1, 90, 1500))


@pytest.fixture(scope="module")
def in_force(company):
    return cal.fit_scorecard(company, intervals=False, pairs=False)


X0, X1 = "x0 at least 1", "x1 at least 1"

REFUSED = [
    ({"sign": {"x9": "+"}}, 'sign: there is no column, activity or rule "x9"'),
    ({"sign": {"sise": "+"}}, '(did you mean "size"?)'),
    ({"increasing": ["sise"]}, 'increasing: there is no column or activity "sise" (did you mean'),
    ({"fixed": {"x0": 10}}, '"x0" is a column, not a rule; write the rule'),
    ({"required": [{"field": "sise", "at_least": 3}]}, 'there is no column "sise" (did you'),
    ({"required": [{"activity": "click"}]}, 'there is no activity "click"'),
    ({"fixed": {X0: 20}, "sign": {"x0": "-"}}, "fixed and sign contradict each other"),
    ({"fixed": {X0: 20}, "forbidden": ["x0"]}, "fixed and forbidden contradict each other"),
    ({"required": [X0], "forbidden": ["x0"]}, "required and forbidden contradict each other"),
    ({"required": ["x0"], "forbidden": ["x0"]}, 'contradict each other on "x0"'),
    ({"fixed": {X0: 20, X1: 10}, "order": ["x0", "x1"]}, "order and fixed contradict each other"),
    ({"fixed": {X0: 20, X1: 10}, "order": [[X0, X1]]}, "order and fixed contradict each other"),
    (
        {"fixed": {"size at least 50": -5}, "increasing": ["size"]},
        "increasing or decreasing and fixed contradict each other",
    ),
    (
        {"fixed": [{"rule": X0, "points": 3}, {"rule": X0, "points": 4}]},
        '"x0 at least 1" has both 3 and 4 points',
    ),
    ({"order": ["job", "size"]}, '"job" is not a number, and its values have no order'),
    ({"increasing": ["job"]}, "use order with its levels, such as"),
    ({"increasing": ["size"], "decreasing": ["size"]}, "both increasing and decreasing"),
    ({"fixed": {X0: 30}, "caps": {"fit": 20}}, "fixed and caps contradict each other"),
    (
        {"required": ["size at least 20", "size at least 50"], "one_per_column": True},
        'one_per_column: "size at least 20" and "size at least 50" are both about "size"',
    ),
    (
        {"required": [{"all": [{"field": "x0", "at_least": 1}, {"field": "x1", "at_least": 1}]}],
         "sign": {"x0": "+", "x1": "-"}},
        "holds parts of different signs; take what it is about out of sign",
    ),
    (
        {"required": [{"all": [{"field": "x0", "at_least": 1}, {"field": "x1", "at_least": 1}]}],
         "order": ["x0", "x2"]},
        "joins something that stands in an order",
    ),
    (
        {"order": [[{"all": [{"field": "x0", "at_least": 1}, {"field": "x1", "at_least": 1}]},
                    "x2 at least 1"]]},
        "is a pair; an order compares",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("constraints", "said"), REFUSED)
def test_it_is_refused_by_name(company, constraints, said) -> None:
    with pytest.raises(ConfigError) as refused:
        cal.fit_scorecard(company, intervals=False, constraints=constraints)
    message = str(refused.value)
    assert message.startswith("[constraints]")
    assert said in message
    assert "\n" not in message


def test_more_required_than_the_card_may_hold(company) -> None:
    constraints = {"required": ["x0", "x1"], "fixed": {"size at least 50": 5}}
    with pytest.raises(ConfigError, match=r"3 rules must be on the card .* max_criteria is 2"):
        cal.fit_scorecard(company, max_criteria=2, constraints=constraints)


def test_a_column_and_a_rule_about_it_are_one(company) -> None:
    card = cal.fit_scorecard(
        company, max_criteria=1, intervals=False, constraints={"required": ["x0", X0]}
    )
    assert [line.criterion.name for line in card.criteria] == [X0]


@pytest.mark.slow
def test_fixed_points_that_leave_no_range(company) -> None:
    with pytest.raises(NotEnoughDataError, match=r"\[constraints\] fixed: .*exactly 0 and 100"):
        cal.fit_scorecard(company, intervals=False, constraints={"fixed": {X0: 60, X1: 50}})


def test_caps_that_leave_no_range(company) -> None:
    """Where no rule may lower, the highest score is the cap, and no lead is below 0."""
    signs = dict.fromkeys(("x0", "x1", "x2", "x3", "job", "size"), "+")
    constraints = {"caps": {"fit": 40}, "sign": signs}
    with pytest.raises(NotEnoughDataError, match=r"\[constraints\] sign, caps: .*0 and 100"):
        cal.fit_scorecard(company, intervals=False, pairs=False, constraints=constraints)


def test_nothing_to_require(company) -> None:
    with pytest.raises(NotEnoughDataError, match='there is no rule about "x3" that could be'):
        cal.fit_scorecard(
            company,
            intervals=False,
            criteria=[{"field": "x0", "at_least": 1}],
            constraints={"required": ["x3"]},
        )


@pytest.mark.parametrize(
    ("constraints", "said"),
    [
        ({"max_change": 3, "forbidden": ["x0"]}, "max_change and forbidden contradict"),
        ({"max_change": 3, "forbidden": ["x0"]}, "it out of forbidden, or raise max_change"),
        ({"max_change": 3, "sign": {"x0": "-"}}, "sign and max_change contradict each other"),
        ({"max_change": 3, "fixed": {X0: 90}}, "fixed and max_change contradict each other"),
        ({"max_change": 3, "order": ["x0", "x2"]}, "order and max_change contradict each other"),
        (  # either of them does with max_change
            {"max_change": 3, "sign": {"x0": "-"}, "order": ["x0", "x2"]},
            "[constraints] order and max_change contradict each other",
        ),
    ],
)
def test_against_the_card_in_force(company, in_force, constraints, said) -> None:
    points = {line.criterion.name: line.points for line in in_force.criteria}
    assert points[X0] > 6 > -6 > points["x2 at least 1"]
    with pytest.raises(ConfigError, match="^" + r"\[constraints\] ") as refused:
        cal.fit_scorecard(company, intervals=False, current=in_force, constraints=constraints)
    assert said in str(refused.value)


def test_only_the_logistic_card_keeps_to_constraints(company) -> None:
    with pytest.raises(ConfigError, match='with method = "logistic" only, not "rate"'):
        cal.fit_scorecard(company, method="rate", constraints={"max_change": 3})
    assert not cal.fit_scorecard(company, method="rate", constraints={}).is_empty


def test_constraints_are_a_mapping(company) -> None:
    with pytest.raises(ConfigError, match="constraints are given as a mapping"):
        cal.fit_scorecard(company, constraints="x0")
    with pytest.raises(ConfigError, match=r'\[constraints\] has no key "signs" \(did you mean'):
        cal.fit_scorecard(company, constraints={"signs": {}})


@pytest.mark.slow
def test_a_rule_is_named_by_the_words_of_its_denial(company) -> None:
    """No level is called "not chief": the others are meant."""
    card = cal.fit_scorecard(
        company, intervals=False, constraints={"fixed": {"job: not chief": -20}}
    )
    [line] = [line for line in card.criteria if line.criterion.name == "job: not chief"]
    assert line.criterion.when == {"not": {"field": "job", "in": ["chief"]}}
    assert line.points == -20
    assert line.n == int((company.table["job"] != "chief").sum())
