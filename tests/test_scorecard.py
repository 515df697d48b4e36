import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.criteria import as_criterion
from calibrate.errors import CalibrateError, ConfigError, DataError
from calibrate.scorecard import Hold, Scorecard, ScoredCriterion, Tier

RATES = pd.DataFrame(
    {
        "score": range(101),
        "rate": np.linspace(0.01, 0.61, 101),
        "rate_ci_lower": np.linspace(0.005, 0.5, 101),
        "rate_ci_upper": np.linspace(0.02, 0.7, 101),
    }
)
FRAME = pd.DataFrame(
    {
        "lead_id": ["a", "b", "c"],
        "industry": ["software", None, "retail"],
        "email_click": [0, 2, 3],
        "job": ["boss", "boss", "student"],
    }
)


def line(when, points, **known):
    return ScoredCriterion(criterion=as_criterion(when), points=points, **known)


def card_of(*lines, base=10, **more):
    return Scorecard(
        name="test",
        period=("2023-10-01", "2024-01-01"),
        as_of="2024-01-01",
        method="logistic",
        control={"rate": 0.1, "rate_ci": [0.08, 0.12], "n": 100, "n_converted": 10, "method": "x"},
        base=base,
        criteria=lines,
        expected_rate=RATES,
        **more,
    )


CARD = card_of(
    line({"field": "industry", "in": ["software"]}, 30, points_ci=(20, 41), n=5, lift=1.2),
    line({"activity": "email_click"}, 25, lift_ci=(1.1, 1.4)),
    line({"activity": "email_click", "at_least": 3}, -5),
)


def test_score_is_base_plus_points_by_group():
    scores = CARD.score_frame(FRAME)
    # lead a: 10 + 30, lead b: 10 + 25, lead c: 10 + 25 - 5
    assert scores["score"].tolist() == [40, 35, 30]
    assert scores["fit"].tolist() == [30, 0, 0]
    assert scores["engagement"].tolist() == [0, 25, 20]
    assert scores["tier"].tolist() == [None, None, None]
    # the curve above: 0.01 + 0.006 * score
    assert scores["expected_rate"].tolist() == pytest.approx([0.25, 0.22, 0.19])


def test_tiers_begin_at_their_score():
    scores = CARD.with_tiers({"hot": 40, "warm": 31, "cold": 0}).score_frame(FRAME)
    assert scores["tier"].tolist() == ["hot", "warm", "cold"]


def test_caps_holds_and_disqualification():
    card = card_of(
        *CARD.criteria,
        caps={"engagement": 12},
        disqualify=(as_criterion({"field": "job", "in": ["student"]}),),
        hold=(
            Hold(
                rule=as_criterion({"field": "job", "in": ["boss"]}),
                at_most=20,
                until=as_criterion({"activity": "email_click"}),
            ),
        ),
    ).with_tiers({"cold": 0})
    scores = card.score_frame(FRAME)
    # a: on hold at 20 until a click; b: clicked, 10 + 12; c: disqualified
    assert scores["score"].tolist() == [20, 22, 0]
    assert scores["tier"].tolist() == ["cold", "cold", "disqualified"]
    assert Scorecard.from_json(card.to_json()).score_frame(FRAME).equals(scores)


def test_scores_stay_within_0_and_100():
    high = card_of(line({"activity": "email_click"}, 95), base=10)
    low = card_of(line({"activity": "email_click"}, -95), base=10)
    assert high.score_frame(FRAME)["score"].tolist() == [10, 100, 100]
    assert low.score_frame(FRAME)["score"].tolist() == [10, 0, 0]


def test_explain_adds_up():
    told = CARD.explain(FRAME.iloc[2])
    assert told.score == 30
    assert told.table["points"].sum() == 30
    assert told.table["met"].tolist() == [True, False, True, True]
    assert "score 30" in told._repr_html_()


PAIR = {"all": [{"activity": "email_click"}, {"not": {"field": "job", "in": ["student"]}}]}
SIX = {"field": "industry", "in": ["a", "b", "c", "d", "e", "software"]}


def test_pairs_and_merged_levels_are_explained_in_full():
    card = card_of(line(PAIR, 20), line(SIX, 15))
    told = card.explain(FRAME.iloc[0])  # software, no click
    assert told.table["criterion"].tolist() == [
        "every lead starts at",
        "email_click but job: not student",
        "industry: a or b or c or 3 more",
    ]
    assert told.table["met"].tolist() == [True, False, True]
    assert told.table["points"].tolist() == [10, 0, 15]
    assert told.details.values.tolist() == [
        ["industry: a or b or c or 3 more", "industry: a or b or c or d or e or software"]
    ]
    page = told._repr_html_()
    assert page.count("industry: a or b or c or d or e or software") == 1
    assert page.count("<table>") == 2
    assert card.explain(FRAME.iloc[1]).score == 30  # a boss who clicked
    assert card.explain(FRAME.iloc[2]).score == 10  # a student who clicked
    assert CARD.explain(FRAME.iloc[0])._repr_html_().count("<table>") == 1


def test_json_has_the_fields_of_the_schema():
    data = json.loads(CARD.with_tiers({"hot": 40, "cold": 0}).to_json())
    assert data["schema"] == "calibrate.scorecard/1"
    assert data["criteria"][0] == {
        "name": "industry: software",
        "group": "fit",
        "when": {"field": "industry", "in": ["software"]},
        "source": "given",
        "points": 30,
        "points_ci": [20, 41],
        "n": 5,
        "lift": 1.2,
        "lift_ci": None,
        "selection_frequency": None,
        "attribute_frequency": None,
        "auc_added": None,
        "n_looked_at": None,
    }
    assert data["tiers"] == [{"name": "hot", "at_least": 40}, {"name": "cold", "at_least": 0}]
    assert data["expected_rate"][3]["score"] == 3


POINTS = st.integers(-100, 100).filter(bool)


@pytest.mark.slow
@given(points=st.lists(POINTS, max_size=5), base=st.integers(0, 100), cap=st.integers(0, 50))
def test_a_card_survives_its_json(points, base, cap):
    lines = [line({"field": f"x{i}", "at_least": i + 0.5}, p) for i, p in enumerate(points)]
    card = card_of(*lines, base=base, caps={"fit": cap}).with_tiers({"hot": 50, "cold": 0})
    again = Scorecard.from_json(card.to_json())
    assert again.to_json() == card.to_json()
    assert again.table.equals(card.table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema="calibrate.scorecard/2"), "newer calibrate"),
        (lambda d: d.update(schema="something"), "is no scorecard"),
        (lambda d: d.pop("base"), "cannot be read: KeyError 'base'"),
        (lambda d: d["criteria"][0].update(points=1.5), "is no whole number"),
        (lambda d: d["expected_rate"].pop(), "each score from 0 to 100"),
        (lambda d: d["criteria"][0].update(points=1e400), "does not lie within -10000 to 10000"),
        (lambda d: d["criteria"][0].update(points=10**30), "does not lie within -10000 to 10000"),
        (lambda d: d["criteria"][0].update(points="3"), "is no number"),
        (lambda d: d["criteria"][0].update(lift_ci=[2, 1]), "is no interval"),
        (lambda d: d["criteria"][0].update(name=None), "is no text"),
        (lambda d: d["criteria"][0].update(when={"field": "lead_id", "in": [1]}), "no attribute"),
        (lambda d: d.update(criteria={"a": 1}), "is no list"),
        (lambda d: d.update(base=1.7), "is no whole number"),
        (lambda d: d.update(caps={"engagment": 0}), 'no group \\(did you mean "engagement"'),
        (lambda d: d.update(caps={"fit": 1e400}), "does not lie within"),
        (lambda d: d.update(control=None), "cannot be read"),
        (lambda d: d["control"].update(rate=None), "is no number"),
        (lambda d: d.update(period="2023Q4"), "is no list"),
        (lambda d: d.update(period=["2023-10-01"]), "needs a first day and an end"),
        (lambda d: d.update(as_of="soon"), "is no date"),
        (lambda d: d.update(tiers=[{"name": "hot", "at_least": 400}]), "whole score from 0 to 100"),
        (lambda d: d.update(tiers=[{"name": "hot", "at_least": 1e400}]), "whole score from 0"),
        (lambda d: d.update(tiers=[{"name": None, "at_least": 0}]), "is no text"),
        (lambda d: d.update(hold=[{"when": {}, "at_most": 150}]), "names neither"),
        (lambda d: d["expected_rate"][5].update(rate=None), "is no number"),
        (lambda d: d["expected_rate"][5].update(rate="a"), "is no number"),
        (lambda d: d["expected_rate"][5].update(rate=7), "does not lie within 0 to 1"),
        (lambda d: d["expected_rate"][5].update(rate=0.9), "outside its interval at 5"),
        (
            lambda d: d["expected_rate"][5].update(rate=0.6, rate_ci=[0.1, 0.9]),
            "must not fall with the score",
        ),
    ],
)
def test_a_card_that_cannot_be_used_is_refused(change, message):
    data = json.loads(CARD.to_json())
    change(data)
    with pytest.raises(CalibrateError, match=message):
        Scorecard.from_json(json.dumps(data))


def test_tiers_may_be_listed_in_any_order():
    data = json.loads(CARD.with_tiers({"hot": 40, "warm": 31, "cold": 0}).to_json())
    data["tiers"].reverse()
    card = Scorecard.from_json(json.dumps(data))
    assert card.tiers == (Tier("hot", 40), Tier("warm", 31), Tier("cold", 0))
    assert card.score_frame(FRAME)["tier"].tolist() == ["hot", "warm", "cold"]


@pytest.mark.parametrize("text", ["{", "[" * 200_000, '{"schema": ' + "9" * 5_000, "[]", "null"])
def test_a_text_that_is_no_card_is_refused(text):
    with pytest.raises(DataError, match=r"is not JSON|is no scorecard"):
        Scorecard.from_json(text)


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ({"hot": 40.5}, "whole score"),
        ({"hot": 101}, "whole score"),
        ({"hot": 40, "warm": 40}, "same score"),
        ([("hot", 40), ("hot", 20)], "same name"),
        (5, "pairs of name and score"),
    ],
)
def test_impossible_tiers_are_refused(tiers, message):
    with pytest.raises(ConfigError, match=message):
        CARD.with_tiers(tiers)


def test_the_table_is_a_copy():
    table = CARD.table
    table["points"] = 0
    assert CARD.table["points"].tolist() == [30, 25, -5]
    assert CARD.with_tiers([Tier("hot", 3)]).tiers == (Tier("hot", 3),)


def test_an_empty_card_scores_everybody_0():
    empty = card_of(base=0)
    assert empty.is_empty
    assert empty.score_frame(FRAME)["score"].tolist() == [0, 0, 0]
    assert "nothing to score on" in empty._repr_html_()
