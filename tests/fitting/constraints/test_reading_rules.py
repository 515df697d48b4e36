"""What a rule is about, in which direction, and rules found again by their words."""

from __future__ import annotations

import pytest

from calibrate.criteria import as_criterion, describe
from calibrate.fitting.constraints import Subject, canonical, directions
from calibrate.fitting.constraints.wording import rule_called

CLICK, SIZE = Subject("activity", "click"), Subject("field", "size")

COLUMNS = ["size", "size of city", "industry"]
ACTIVITIES = ["click", "click on ad", "mail"]


@pytest.mark.parametrize(
    ("when", "target", "signs"),
    [
        ({"activity": "click", "at_least": 3}, CLICK, {1}),
        ({"not": {"activity": "click"}}, CLICK, {-1}),
        ({"all": [{"field": "size", "at_least": 5}, {"not": {"activity": "click"}}]}, CLICK, {-1}),
        ({"all": [{"field": "size", "at_least": 5}, {"not": {"activity": "click"}}]}, SIZE, {1}),
        ({"field": "size", "below": 5}, SIZE, {-1}),
        ({"field": "size", "at_least": 1, "below": 5}, SIZE, {1}),
        ({"field": "size", "missing": True}, SIZE, {-1}),
        ({"field": "size", "missing": False}, SIZE, {1}),
        ({"only": "click"}, CLICK, {1}),
        ({"only": "mail"}, CLICK, {-1}),  # mail and nothing else, so no click
        ({"activity": "mail", "share_of": "click", "at_least": 0.2}, CLICK, {0}),
        ({"activity": "mail"}, CLICK, set()),
    ],
)
def test_a_rule_speaks_of_columns_and_activities_in_a_direction(when, target, signs) -> None:
    assert directions(as_criterion(when), target) == signs


@pytest.mark.parametrize(
    ("when", "named", "signs"),
    [
        ({"field": "job", "in": ["a"]}, {"field": "job", "in": ["a"]}, {1}),
        ({"field": "job", "in": ["a", "b"]}, {"field": "job", "in": ["b", "c"]}, {1}),
        ({"field": "job", "in": ["a"]}, {"field": "job", "in": ["b"]}, set()),
        ({"not": {"field": "job", "in": ["a"]}}, {"field": "job", "in": ["a"]}, {-1}),
        ({"activity": "click", "at_least": 1}, {"activity": "click"}, {1}),
        ({"activity": "click", "at_least": 3}, {"activity": "click"}, set()),
        (
            {"all": [{"activity": "click"}, {"field": "job", "in": ["a"]}]},
            {"all": [{"field": "job", "in": ["a"]}, {"activity": "click", "at_least": 1.0}]},
            {1},
        ),
    ],
)
def test_a_rule_speaks_of_a_rule_where_it_is_it_holds_it_or_shares_a_level(
    when, named, signs
) -> None:
    assert directions(as_criterion(when), canonical(named)) == signs


@pytest.mark.parametrize(
    "when",
    [
        {"field": "size", "at_least": 50},
        {"field": "size of city", "at_least": 2.5, "below": 1e6},
        {"field": "size", "below": -3},
        {"field": "industry", "in": ["retail"]},
        {"field": "industry", "in": ["retail", "oil or gas: any", "x"]},
        {"field": "industry", "missing": True},
        {"field": "industry", "missing": False},
        {"activity": "click"},
        {"activity": "click on ad", "at_least": 3},
        {"activity": "click", "within_days": 30, "at_least": 2},
        {"activity": "click", "detail": "*/pricing*"},
        {"activity": "click", "detail": "*/pricing*", "at_least": 3, "within_days": 7},
        {"activity": "click", "total": 600},
        {"activity": "click", "days": 3},
        {"activity": "click", "last_within_days": 1},
        {"activity": "click", "share_of": "mail", "at_least": 0.2, "minimum": 5},
        {"activity": "click", "share_of": "mail", "at_least": 0.5, "minimum": 1, "within_days": 9},
        {"only": "mail"},
        {"all": [{"activity": "click"}, {"field": "industry", "in": ["retail"]}]},
        {"not": {"field": "industry", "in": ["retail"]}},
        {"not": {"field": "industry", "in": ["retail", "oil", "gas"]}},
        {"not": {"field": "size", "at_least": 5}},
        {"not": {"field": "size", "at_least": 5, "below": 9}},
        {"not": {"activity": "click"}},
        {"not": {"activity": "click", "at_least": 3, "within_days": 7}},
        {"not": {"activity": "click", "total": 60}},
        {"not": {"activity": "click", "days": 2}},
        {"not": {"activity": "click", "last_within_days": 3}},
        {"not": {"activity": "click", "share_of": "mail", "at_least": 0.2, "minimum": 5}},
        {"not": {"only": "mail"}},
        {
            "all": [
                {"activity": "click", "at_least": 1},
                {"not": {"activity": "click", "at_least": 2}},
            ]
        },
        {
            "all": [
                {"activity": "click", "at_least": 2},
                {"not": {"activity": "click", "at_least": 5}},
            ]
        },
        {"all": [{"activity": "click", "days": 2}, {"not": {"activity": "click", "days": 5}}]},
        {"all": [{"activity": "click", "total": 2}, {"not": {"activity": "click", "total": 5}}]},
        {
            "all": [
                {"activity": "mail"},
                {"not": {"activity": "click"}},
                {"field": "size", "at_least": 5},
            ]
        },
        {"all": [{"field": "industry", "in": ["oil", "gas"]}, {"activity": "mail", "at_least": 4}]},
        {
            "all": [
                {"not": {"field": "industry", "in": ["oil", "gas"]}},
                {"field": "industry", "missing": False},
                {"activity": "mail"},
            ]
        },
    ],
)
def test_a_rule_is_found_again_by_its_words(when) -> None:
    found = rule_called(describe(when), COLUMNS, ACTIVITIES)
    assert found is not None
    assert describe(found) == describe(when)
    if "oil or gas: any" not in str(when):  # which list of levels it was cannot be told
        assert canonical(found) == canonical(when)


@pytest.mark.parametrize(
    "text", ["", "size", "size at least many", "clicked", "size at least 1.2.3"]
)
def test_other_words_are_no_rule(text) -> None:
    assert rule_called(text, COLUMNS, ACTIVITIES) is None


@pytest.mark.parametrize(
    ("text", "levels", "when"),
    [
        ("industry: not known", (), {"not": {"field": "industry", "in": ["known"]}}),
        ("industry: not known", ("known",), {"not": {"field": "industry", "in": ["known"]}}),
        ("industry: not known", ("not known", "oil"), {"field": "industry", "in": ["not known"]}),
        ("industry: oil or gas", (), {"field": "industry", "in": ["oil", "gas"]}),
        ("industry: oil or gas", ("oil or gas",), {"field": "industry", "in": ["oil or gas"]}),
        ("industry: none of us", ("none of us",), {"field": "industry", "in": ["none of us"]}),
        (
            "industry: food and mail",
            ("food and mail", "food"),
            {"field": "industry", "in": ["food and mail"]},
        ),
        (
            "industry: food and mail",
            ("food",),
            {"all": [{"field": "industry", "in": ["food"]}, {"activity": "mail"}]},
        ),
    ],
)
def test_levels_that_are_known_tell_how_words_are_meant(text, levels, when) -> None:
    found = rule_called(text, COLUMNS, ACTIVITIES, {"industry": levels} if levels else {})
    assert found is not None
    assert canonical(found) == canonical(when)
