"""No two rules say the same, none the opposite of a simpler one, and there are not too many."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.candidates import propose_criteria
from calibrate.candidates.candidate import complexity
from calibrate.criteria import as_criterion
from tests.candidates.proposals import log, observed, table, whens

N = 1000


@pytest.mark.slow
def test_of_two_columns_that_say_the_same_the_first_stays():
    size = np.arange(N) % 2
    assert whens(table(big=size, small=1 - size)) == [
        {"field": "big", "at_least": 1},
        {"field": "small", "at_least": 1},  # as simple: neither says it better
    ]
    assert whens(table(big=size, again=size)) == [{"field": "big", "at_least": 1}]


def test_not_filled_in_goes_where_a_level_or_another_column_says_it():
    plan = np.where(np.arange(N) < 300, "pro", None)
    seats = np.where(np.arange(N) < 300, 5.0, np.nan)
    assert whens(table(plan=plan)) == [{"field": "plan", "in": ["pro"]}]
    # Both are empty for the same leads, which is the opposite of the level.
    assert whens(table(plan=plan, seats=seats)) == [{"field": "plan", "in": ["pro"]}]


def test_the_simpler_of_two_rules_on_the_same_leads_stays():
    # 300 leads visit on two days, twice each: "2 times" says what "on 2 days" does; none more.
    visits = log(N, (range(300), "visit", 1.0), (range(300), "visit", 3.0))
    found = whens(observed(visits), detail="many")
    assert {"activity": "visit", "at_least": 1} in found
    assert not any("days" in when or when.get("at_least") == 2 for when in found)


@pytest.mark.slow
@pytest.mark.parametrize(("detail", "most"), [("few", 250), ("many", 500)])
def test_a_ceiling_leaves_every_column_its_most_frequent_levels(detail, most):
    rng = np.random.default_rng(1)
    chance = np.linspace(3, 1, 60) / np.linspace(3, 1, 60).sum()
    columns = {f"c{i:02}": rng.choice(60, 6000, p=chance).astype(str) for i in range(10)}
    obs = table(**{name: np.char.add("level ", codes) for name, codes in columns.items()})
    found = whens(obs, detail=detail)
    assert len(found) == min(most, 10 * 60, 10 * 30 if detail == "few" else 600)
    for name, codes in columns.items():
        best = [f"level {code}" for code in pd.Series(codes).value_counts().index[:20]]
        kept = {level for when in found if when["field"] == name for level in when["in"]}
        assert set(best) <= kept


@st.composite
def tables(draw):
    n = draw(st.integers(60, 160))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = {}
    for i in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["levels", "numbers", "counts", "same"]))
        if kind == "levels":
            values = rng.choice(["a", "A", "b", "c d", "c  d", "e"], n).astype(object)
        elif kind == "numbers":
            values = np.round(rng.normal(0, 10.0 ** draw(st.integers(-6, 9)), n), 9).astype(object)
        elif kind == "counts":
            values = rng.poisson(draw(st.floats(0.1, 5)), n).astype(object)
        else:
            values = np.array(list(columns.values())[-1]) if columns else np.full(n, "x", object)
        values[rng.random(n) < draw(st.sampled_from([0.0, 0.4]))] = None
        columns[f"x{i}"] = values
    return pd.DataFrame(columns)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from(["few", "many"]), st.integers(1, 25))
def test_whatever_the_data(frame, detail, min_leads):
    obs = table(**{name: frame[name].to_numpy() for name in frame})
    rules = propose_criteria(obs, detail=detail, min_leads=min_leads)
    flags = obs.flags(rules)
    n_met = flags.sum(axis=0)
    assert (np.minimum(n_met, len(flags) - n_met) >= min_leads).all()
    assert len({column.tobytes() for column in flags.T}) == len(rules)
    assert len({rule.name for rule in rules}) == len(rules)
    columns = {
        column.tobytes(): complexity(rule.when) for column, rule in zip(flags.T, rules, strict=True)
    }
    for column, rule in zip(flags.T, rules, strict=True):
        assert columns.get((~column).tobytes(), 99) >= complexity(rule.when)
        again = as_criterion(json.loads(json.dumps(dict(rule.when))))
        assert again.when == rule.when
        assert (again.meets(obs.table) == column).all()
