"""Orders as inequalities of points, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calibrate.criteria import as_criterion
from calibrate.fitting.constraints import Subject, canonical
from calibrate.fitting.constraints.ordering import in_order, monotone


def rules(*whens):
    return [as_criterion(when) for when in whens]


def holds(rows, *points) -> bool:
    return bool((rows @ np.array(points) >= 0).all())


def test_the_same_done_with_the_later_is_worth_at_least_as_much() -> None:
    made = rules(
        {"activity": "open"},
        {"activity": "open", "at_least": 3},
        {"activity": "click"},
    )
    rows = in_order(made, Subject("activity", "open"), Subject("activity", "click"))
    assert holds(rows, 10, 5, 15)  # once: 15 >= 10; three times: 15 >= 10 + 5
    assert not holds(rows, 10, 5, 14)  # three times: 14 < 15
    assert not holds(rows, 10, -5, 9)  # once: 9 < 10
    assert holds(rows, -10, 5, -5)


def test_counts_and_days_back_are_compared_as_they_can_go_together() -> None:
    made = rules({"activity": "open", "last_within_days": 7}, {"activity": "click"})
    rows = in_order(made, Subject("activity", "open"), Subject("activity", "click"))
    assert holds(rows, 10, 10)
    assert not holds(rows, 10, 9)
    assert holds(rows, -3, 0)
    assert not holds(rows, -3, -1)  # opened long ago: 0, clicked long ago: -1


def test_number_columns_and_yes_no_columns_have_an_order_too() -> None:
    made = rules({"field": "opens", "at_least": 1}, {"field": "clicks", "at_least": 1})
    rows = in_order(made, Subject("field", "opens"), Subject("field", "clicks"))
    assert holds(rows, 4, 4)
    assert not holds(rows, 4, 3)
    made = rules({"field": "opened", "in": ["yes"]}, {"field": "clicked", "in": ["yes"]})
    rows = in_order(made, Subject("field", "opened"), Subject("field", "clicked"))
    assert holds(rows, 4, 4)
    assert not holds(rows, 4, 3)


def test_what_is_not_on_the_card_counts_0() -> None:
    made = rules({"activity": "open"})
    rows = in_order(made, Subject("activity", "open"), Subject("activity", "click"))
    assert holds(rows, -2)
    assert not holds(rows, 2)


def test_levels_by_name_are_compared_over_all_rules_of_their_column() -> None:
    low, high = {"field": "job", "in": ["junior"]}, {"field": "job", "in": ["chief"]}
    made = rules({"field": "job", "in": ["junior", "lead"]}, {"field": "job", "in": ["chief"]})
    rows = in_order(made, canonical(low), canonical(high))
    assert holds(rows, 5, 5)
    assert not holds(rows, 5, 4)


def test_of_two_cuts_of_one_number_who_meets_the_later_is_worth_at_least_the_others() -> None:
    low, high = {"field": "n", "at_least": 1}, {"field": "n", "at_least": 5}
    rows = in_order(rules(low, high), canonical(low), canonical(high))
    assert holds(rows, 7, 0)
    assert not holds(rows, 7, -1)


@pytest.mark.parametrize(
    ("points", "right"),
    [
        ((5, 3, 0), True),
        ((5, 0, 0), True),
        ((5, -1, 0), False),  # under 50 is worth 5, 50 and more 4
        ((5, 3, 2), False),  # 10 to 20 is worth 7, 20 to 50 only 5
    ],
)
def test_more_is_never_worth_less(points, right) -> None:
    # values: under 10: 0; 10 to 20: p0 + p2; 20 to 50: p0; 50 on: p0 + p1
    made = rules(
        {"field": "n", "at_least": 10},
        {"field": "n", "at_least": 50},
        {"field": "n", "at_least": 10, "below": 20},
    )
    assert holds(monotone(made, Subject("field", "n")), *points) is right


def test_more_lately_is_more() -> None:
    made = rules({"activity": "a"}, {"activity": "a", "last_within_days": 7})
    rows = monotone(made, Subject("activity", "a"))
    assert holds(rows, 5, 0)
    assert holds(rows, 5, 3)
    assert not holds(rows, 5, -1)
    assert not holds(rows, -1, 0)
