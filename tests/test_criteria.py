import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.criteria import Criterion, Measure, as_criterion, describe, kinds_needed
from calibrate.errors import ConfigError, DataError

FRAME = pd.DataFrame(
    {
        "industry": ["software", "retail", None],
        "employees": [10.0, 50.0, np.nan],
        "email_click": [0, 1, 3],
        "email_open": [10, 5, 4],
        "any activity": [10, 6, 3],
        "email_click within 30 days": [0, 0, 2],
        "page_view on */pricing*": [0, 2, 0],
        "call, total": [0.0, 599.0, 600.0],
        "call, days": [0, 2, 3],
        "email_click, recency": [np.nan, 8.0, 7.0],
    }
)


# Each row is decided by hand from the frame above.
@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({"field": "industry", "in": ["software"]}, [True, False, False]),
        ({"field": "employees", "at_least": 10, "below": 50}, [True, False, False]),
        ({"field": "employees", "below": 50}, [True, False, False]),  # missing meets no range
        ({"field": "employees", "at_least": 50}, [False, True, False]),
        ({"field": "industry", "missing": True}, [False, False, True]),
        ({"not": {"field": "industry", "in": ["software"]}}, [False, True, True]),  # two-valued
        ({"activity": "email_click"}, [False, True, True]),
        ({"activity": "email_click", "at_least": 2}, [False, False, True]),
        ({"activity": "email_click", "at_least": 1, "within_days": 30}, [False, False, True]),
        ({"activity": "page_view", "detail": "*/pricing*", "at_least": 1}, [False, True, False]),
        ({"activity": "call", "total": 600}, [False, False, True]),
        ({"activity": "call", "days": 3}, [False, False, True]),
        ({"activity": "email_click", "last_within_days": 7}, [False, False, True]),
        # 0 of 10, 1 of 5 and 3 of 4 mails opened were clicked; at least 5 opened
        (
            {"activity": "email_click", "share_of": "email_open", "at_least": 0.2, "minimum": 5},
            [False, True, False],
        ),
        ({"only": "email_click"}, [False, False, True]),
        (
            {"all": [{"activity": "email_click"}, {"field": "employees", "at_least": 50}]},
            [False, True, False],
        ),
    ],
)
def test_every_kind_of_rule(when, met):
    rule = as_criterion(when)
    assert rule.meets(FRAME).tolist() == met
    assert as_criterion({"not": when}).meets(FRAME).tolist() == [not hit for hit in met]
    assert as_criterion(json.loads(json.dumps(when))).meets(FRAME).tolist() == met
    assert {m.column for m in rule.measures} | set(rule.fields) <= set(FRAME.columns)
    assert describe(when) == rule.name


def test_the_group_follows_from_what_the_rule_is_about():
    assert as_criterion({"field": "industry", "in": ["x"]}).group == "fit"
    assert as_criterion({"activity": "email_click"}).group == "engagement"
    visits = as_criterion({"field": "visits", "at_least": 3}, engagement_fields=["visits"])
    assert visits.group == "engagement"


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"feild": "industry"}, 'names neither a field nor an activity (did you mean "field"?)'),
        ({"field": "industry", "im": ["x"]}, 'unknown key "im"'),
        ({"field": "industry"}, 'the rule on "industry" needs'),
        ({"field": "industry", "in": "software"}, "must be a list of values"),
        ({"field": "x", "at_least": 5, "below": 5}, "holds for nothing"),
        ({"field": "x", "at_least": "5"}, "must be a number"),
        ({"activity": "a", "at_least": 0}, "holds for every lead"),
        ({"activity": "a", "at_least": 1, "days": 2}, 'join two rules with "all"'),
        ({"activity": "a", "share_of": "b", "at_least": None}, "must be a number"),
        ({"all": [{"activity": "a"}]}, "two or more"),
        ({"all": "ab"}, "two or more"),
        ({"activity": "a", "at_least": float("inf")}, "must be a number"),
        ({"activity": "a", "within_days": -5}, "counts days, above 0 and at most 36525"),
        ({"activity": "a", "within_days": 1e12}, "counts days, above 0 and at most 36525"),
        ({"activity": "a", "last_within_days": 0}, "counts days, above 0 and at most 36525"),
        ({"activity": "a", "last_within_days": None}, "must be a number"),
        ({"activity": ["a"]}, '"activity" of the rule'),
        ({"only": None}, "must be a name"),
        ({"field": "x", "missing": "false"}, "is true or false"),
        ({"field": "x", "in": ["a", ["b"]]}, "lists texts and numbers"),
        ({"field": "x", "in": [None]}, 'use "missing"'),
        ("email_click", "a rule is an object"),
    ],
)
def test_an_impossible_rule_is_refused_with_what_to_write(when, message):
    with pytest.raises(ConfigError) as refused:
        as_criterion({"not": when})
    assert message in str(refused.value)


def test_a_rule_is_not_nested_without_end():
    when = {"field": "industry", "in": ["software"]}
    for _ in range(19):
        when = {"not": when}
    plain = as_criterion({"field": "industry", "in": ["software"]}).meets(FRAME)
    assert as_criterion(when).meets(FRAME).tolist() == (~plain).tolist()  # 19 is odd
    deep = when
    for _ in range(5_000):
        deep = {"all": [when, {"not": deep}]}
    for refused in ({"not": when}, deep):
        with pytest.raises(ConfigError, match="rules within rules at most 20 deep"):
            as_criterion(refused)


def test_a_criterion_is_of_one_of_two_groups():
    with pytest.raises(ConfigError, match='"fit" or "engagement"'):
        Criterion(name="x", group="other", when={"activity": "a"})
    with pytest.raises(ConfigError, match="a rule is an object"):
        as_criterion("email_click")


def test_a_missing_column_names_the_nearest():
    with pytest.raises(DataError, match='did you mean "industry"'):
        as_criterion({"field": "Industries", "in": ["x"]}).meets(FRAME)


VALUES = st.one_of(st.none(), st.integers(-5, 5).map(float))
CUTS = st.integers(-5, 5).map(float)


@given(values=st.lists(VALUES, min_size=1), low=CUTS, width=st.integers(1, 5))
def test_a_range_is_what_is_left_of_one_cut_after_another(values, low, width):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=float)})
    met = as_criterion({"field": "x", "at_least": low, "below": low + width}).meets(frame)
    from_low = as_criterion({"field": "x", "at_least": low}).meets(frame)
    from_high = as_criterion({"field": "x", "at_least": low + width}).meets(frame)
    assert (met == (from_low & ~from_high)).all()


@given(values=st.lists(st.one_of(st.none(), st.sampled_from("abc")), min_size=1))
def test_probes_show_every_answer_that_data_can_give(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    rule = as_criterion({"field": "x", "in": ["a", "b"]})
    probed = pd.DataFrame({"x": pd.Series(rule.probes["x"], dtype=object)})
    assert set(rule.meets(frame)) <= set(rule.meets(probed))


def test_measures_name_their_column():
    assert Measure(None).column == "any activity"
    assert Measure("call", statistic="total").column == "call, total"


@pytest.mark.parametrize(
    ("values", "cells", "met"),
    [
        (["1"], [1, 2.0, None], [True, False, False]),
        (["1"], [1.0, 1.5, np.nan], [True, False, False]),
        ([1], ["1", "A", None], [True, False, False]),
        (["1"], ["1.0", "1.5", "1.1.0"], [True, False, False]),
        (["005"], ["005", "5", 5], [True, False, False]),
        (["yes"], [True, False, None], [True, False, False]),
        (["True"], ["yes", "true", "no"], [True, True, False]),
        ([True], [1, 0, None], [True, False, False]),
        ([False], ["no", "0", "yes"], [True, True, False]),
    ],
)
def test_values_are_compared_as_text_whatever_type_a_file_gave_them(values, cells, met):
    rule = as_criterion({"field": "plan", "in": values})
    assert rule.meets(pd.DataFrame({"plan": pd.Series(cells, dtype=object)})).tolist() == met
    assert rule.meets(pd.DataFrame({"plan": pd.Series(cells)})).tolist() == met
    assert rule.meets(pd.DataFrame({"plan": cells[:0]})).tolist() == []


def test_rules_say_what_kind_of_column_they_need():
    rules = [
        {"field": "plan", "in": ["1", "2"]},
        {"field": "seats", "at_least": 5},
        {"all": [{"field": "code", "in": [1]}, {"not": {"field": "code", "in": ["A"]}}]},
        {"field": "city", "missing": True},
        {"field": "trial", "in": [True]},
        {"field": "seats", "missing": False},
        {"activity": "demo"},
    ]
    assert kinds_needed(as_criterion(rule) for rule in rules) == {
        "plan": "category",
        "seats": "number",
        "code": "category",
        "city": None,
        "trial": None,
    }


COUNTRY = {"field": "country", "in": ["IT", "FR"]}
DAY = {"field": "day", "at_least": 16}
FILLED = {"field": "country", "missing": False}
MANY = {"field": "source", "in": ["ads", "fair", "mail", "web", "word of mouth"]}


WEEK = "call within 7 days"


def between(measure, **bounds):
    """The rule of a measure that reaches the first bound and not the second."""
    [(kind, (low, high))] = bounds.items()
    return {"all": [{**measure, kind: low}, {"not": {**measure, kind: high}}]}


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"not": {"field": "city", "missing": True}}, "city filled in"),
        ({"not": DAY}, "day under 16 or not filled in"),  # a missing day is not at least 16
        ({"not": {"field": "day", "below": 16}}, "day at least 16 or not filled in"),
        (
            {"not": {"field": "day", "at_least": 5, "below": 16}},
            "day under 5 or at least 16 or not filled in",
        ),
        ({"not": {"field": "job", "in": ["boss"]}}, "job: not boss"),
        ({"not": COUNTRY}, "country: none of IT or FR"),
        ({"all": [{"not": COUNTRY}, FILLED]}, "country: other than IT or FR"),
        ({"all": [FILLED, {"not": DAY}]}, "country filled in, but day under 16 or not filled in"),
        (
            {"all": [{"field": "day", "at_least": 5}, {"not": DAY}]},
            "day at least 5 but day under 16",
        ),
        ({"not": {"activity": "email_click"}}, "no email_click"),
        ({"not": {"activity": "call", "at_least": 3}}, "call: fewer than 3 times"),
        ({"not": {"activity": "call", "total": 600}}, "call adding up to less than 600"),
        ({"not": {"activity": "call", "days": 3}}, "call on fewer than 3 days"),
        ({"not": {"activity": "call", "last_within_days": 7}}, "no call in the last 7 days"),
        ({"not": {"only": "mail"}}, "not only mail"),
        (
            {"not": {"activity": "click", "share_of": "mail", "at_least": 0.2, "minimum": 5}},
            "click under 20 % of mail (or of fewer than 5)",
        ),
        ({"not": {"not": DAY}}, "day at least 16"),
        ({"all": [{"activity": "pricing"}, {"not": {"activity": "fair"}}]}, "pricing but no fair"),
        ({"all": [{"not": {"activity": "a"}}, {"not": {"activity": "b"}}]}, "no a and no b"),
        ({"all": [COUNTRY, {"activity": "demo"}]}, "country: IT or FR, and demo"),
        (
            {"not": {"all": [{"activity": "demo"}, {"activity": "fair"}]}},
            "not both demo and fair",
        ),
        (between({"activity": "call"}, at_least=(2, 3)), "call: exactly 2 times"),
        (between({"activity": "call", "within_days": 7}, at_least=(1, 2)), f"{WEEK}: exactly once"),
        (between({"activity": "call"}, at_least=(2, 5)), "call: 2 to 4 times"),
        (between({"activity": "call"}, days=(1, 2)), "call on exactly 1 day"),
        (between({"activity": "call"}, days=(2, 5)), "call on 2 to 4 days"),
        (between({"activity": "call"}, total=(60, 90)), "call adding up to 60 or more, under 90"),
        (
            {"all": [{"activity": "call", "at_least": 3}, {"not": {"activity": "call"}}]},
            "call: 3 times or more, but no call",  # no lead meets it: said as it stands
        ),
        (MANY, "source: ads or fair or mail or 2 more"),
        ({"not": MANY}, "source: none of ads, fair, mail or 2 more"),
    ],
)
def test_a_rule_reads_like_what_a_person_would_say(when, words):
    assert describe(when) == words


def test_the_whole_rule_names_every_level():
    rule = as_criterion(MANY)
    assert rule.name == "source: ads or fair or mail or 2 more"
    assert rule.rule == "source: ads or fair or mail or web or word of mouth"
    assert describe({"not": MANY}, full=True) == (
        "source: none of ads, fair, mail, web or word of mouth"
    )


VALUES = st.sampled_from(["IT", "FR", "DE", None])
PARTS = st.sampled_from([COUNTRY, FILLED, DAY, {"field": "day", "below": 5}, {"activity": "demo"}])


@given(PARTS, PARTS, VALUES, st.sampled_from([3, 10, 20, None]), st.integers(0, 2))
def test_words_of_a_denied_rule_are_true_of_missing_values_too(one, two, country, day, demos):
    """What the words of a pair less another rule say, read as a person would, is the rule."""
    frame = pd.DataFrame({"country": [country], "day": [day], "demo": [demos]}, dtype=object)
    told = {
        "country: IT or FR": country in ("IT", "FR"),
        "country: none of IT or FR": country not in ("IT", "FR"),
        "country: other than IT or FR": country not in ("IT", "FR", None),
        "country filled in": country is not None,
        "country not filled in": country is None,
        "day at least 16": day is not None and day >= 16,
        "day under 16 or not filled in": day is None or day < 16,
        "day under 16": day is not None and day < 16,
        "day under 5": day is not None and day < 5,
        "day at least 5 or not filled in": day is None or day >= 5,
        "day at least 5": day is not None and day >= 5,
        "demo": demos >= 1,
        "no demo": demos == 0,
    }
    rule = as_criterion({"all": [one, {"not": two}]})
    said = rule.name
    for joint in (", but ", " but ", ", and ", " and "):
        said = said.replace(joint, "; ")
    assert all(told[part] for part in said.split("; ")) == rule.meets(frame)[0]
