"""What a search is offered of columns: both ends, every small value, more levels."""

import numpy as np
import pytest

from calibrate.candidates import propose_criteria
from calibrate.candidates.cuts import readable_between
from calibrate.errors import ConfigError
from tests.candidates.proposals import shown, table, whens


def cuts(values, **options):
    return [when["at_least"] for when in whens(table(x=values), **options)]


@pytest.mark.parametrize(
    ("low", "high", "near", "expected"),
    [
        (690.2, 741.0, 717.9, 700),  # the only multiple of 100 between
        (1212.0, 1290.0, 1240.0, 1250),  # none of 1000, 500, 200, 100; of 50 only 1250
        (1510.0, 1900.0, 1690.0, 1600),  # none of 1000 or 500; of 200: 1600, nearer than 1800
        (-1.0, 21.0, 1.0, 0),  # 0 is a multiple of everything
        (2019.5, 2020.5, 2020.2, 2020),
        (0.0312, 0.0349, 0.0341, 0.034),  # none of 0.01 or 0.005; of 0.002 nearer than 0.032
        (5.0, 5.0000000000000009, 5.0000000000000009, 5.0000000000000009),  # nothing between
    ],
)
def test_the_roundest_number_between(low, high, near, expected):
    assert readable_between(low, high, near) == expected


def test_deciles_of_one_to_a_thousand():
    # Each decile may move 2 %: (80, 121] holds 100, (180, 221] 200, ... Of 1000 leads 901 are at
    # 100 or above; the next must have at most .8 x 901 = 720.8 (+ 1): 300 (701), then at most
    # 561.8: 500 (501), then 401.8: 600 (401), then 700 (301), 800 (201), 900 (101).
    assert cuts(np.arange(1, 1001)) == [100, 300, 500, 600, 700, 800, 900]


def test_a_search_looks_at_both_ends():
    # Of 1 to 10,000: 1 % is 101, may move .3 %, and (70, 131] holds 100; 99 % is 9901, and
    # (9870, 9931] holds 9900. 200 leads are under 201 (2 %), may move .5 %: (150, 251] holds 200.
    found = cuts(np.arange(1, 10_001), detail="many")
    assert {100, 200, 9800, 9900} <= set(found)
    assert len(found) <= 20
    assert found == sorted(found)


def test_every_value_of_a_column_with_few_is_a_cut():
    values = np.repeat(np.arange(16) * 3, 60)
    assert cuts(values, detail="many") == [3 * i for i in range(1, 16)]
    assert len(cuts(values)) < 10


def test_a_frequent_value_is_parted_from_those_above():
    # 700 of 1000 were never called: -1. The cut above it lies in (-1, 1], where 0 is roundest.
    pdays = np.concatenate([np.full(700, -1), np.arange(1, 301)])
    assert 0 in cuts(pdays)
    # 300 of 1000 at 50 in the middle: from 51 on is a cut too, in (50, 51].
    plan = np.concatenate([np.arange(10, 360) / 10, np.full(300, 50), np.arange(51, 401)])
    assert 51 in cuts(plan, detail="many")
    assert 51 not in cuts(plan)


def test_numbers_are_as_short_as_their_leads_allow():
    values = np.random.default_rng(0).lognormal(7, 1, 20_000)
    found = cuts(values, detail="many")
    assert len(found) >= 15
    assert all(float(f"{cut:.3g}") == cut for cut in found)
    assert found[0] < np.quantile(values, 0.025) < np.quantile(values, 0.975) < found[-1]


def test_a_search_gets_more_levels():
    level = np.repeat([f"campaign {i:02}" for i in range(50)], 25)
    assert len(whens(table(level=level))) == 30
    assert len(whens(table(level=level), detail="many")) == 50


def test_rare_levels_too_many_to_list_are_what_is_left():
    # 2 levels of 350 leads, 60 of 5, and 100 not filled in: 300 have none of the two.
    level = [*["a"] * 350, *["b"] * 350, *[f"r{i:02}" for i in range(60)] * 5, *[None] * 100]
    obs = table(level=np.array(level, dtype=object))
    rule = {
        "all": [{"not": {"field": "level", "in": ["a", "b"]}}, {"field": "level", "missing": False}]
    }
    assert rule not in whens(obs)
    assert rule in whens(obs, detail="many")
    assert shown(obs, detail="many")["level: other than a or b"] == 300


def test_spellings_by_capitals_and_spaces_are_one_level():
    source = np.repeat(["Google", "google", "Big  Fair", "big fair", "shop"], [300, 8, 90, 91, 511])
    assert whens(table(source=source)) == [
        {"field": "source", "in": ["shop"]},
        {"field": "source", "in": ["Google", "google"]},
        {"field": "source", "in": ["big fair", "Big  Fair"]},
    ]


def test_yes_is_known_however_it_is_spelled():
    said = np.repeat(["Yes", "yes", "NO"], [300, 40, 660])
    assert whens(table(said=said)) == [{"field": "said", "in": ["Yes", "yes"]}]


def test_few_are_among_the_many():
    rng = np.random.default_rng(3)
    obs = table(
        size=rng.lognormal(3, 2, 2000),
        visits=rng.poisson(2, 2000),
        year=rng.integers(2008, 2021, 2000),
        town=rng.choice([f"t{i}" for i in range(70)], 2000),
    )
    many = whens(obs, detail="many")
    assert all(rule in many for rule in whens(obs))


def test_few_or_many_and_nothing_else():
    with pytest.raises(ConfigError, match='detail "all" must be few or many'):
        propose_criteria(table(x=np.arange(100)), detail="all")


def test_a_number_that_no_rule_holds_is_no_cut():
    values = np.concatenate([np.arange(1, 901), np.full(50, np.inf), np.full(50, -9e303)])
    for detail in ("few", "many"):
        found = cuts(values, detail=detail)
        assert found
        assert 1 < min(found) < max(found) <= 900
