"""A card as one statement gives the whole numbers that Python gives, lead by lead."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import calibrate as cal
from calibrate.candidates import criteria_of
from calibrate.criteria import Criterion, Term, as_criterion
from calibrate.engines import PostgresEngine, SparkEngine
from calibrate.errors import DataError
from calibrate.pipeline.scoring import scoring_of
from calibrate.scorecard import Scorecard
from calibrate.scorecard.values import Hold, Tier
from tests.odd_company import ACTIVITIES, AS_OF, EVERY_RULE, LEVELS, card_of, odd_company

LOOKBACK = dt.timedelta(days=90)
COLUMNS = ["score", "expected_rate", "tier", "fit", "engagement"]


def by_python(card: Scorecard, history: cal.History) -> pd.DataFrame:
    obs = cal.observe_open(history, lookback=LOOKBACK)
    scores = card.score(obs)
    return scores.set_index(scores["lead_id"].astype(str))[COLUMNS].sort_index()


def by_sql(card: Scorecard, history: cal.History) -> pd.DataFrame:
    scores = scoring_of(card, history, lookback=LOOKBACK).table
    assert (np.diff(scores["score"]) <= 0).all()
    return scores.set_index(scores["lead_id"].astype(str))[COLUMNS].sort_index()


def same(card: Scorecard, history: cal.History) -> pd.DataFrame:
    """Compare every number of every lead; return the scores."""
    expected, found = by_python(card, history), by_sql(card, history)
    assert found.index.tolist() == expected.index.tolist()
    for name in COLUMNS:
        assert found[name].tolist() == expected[name].tolist(), name
    return found


@pytest.fixture(scope="module")
def odd() -> cal.History:
    leads, log = odd_company()
    return cal.read_history(leads, log, as_of=AS_OF)


TEXTS = st.sampled_from(["select", "Città", "field:score", "trial"])
VALUES = st.sampled_from([*LEVELS, "yes", "a", True, False, 5, -3, 4.5, "x'; DROP TABLE leads"])
NUMBERS = st.sampled_from([-1, 0, 1, 2, 3, 4.5, 5, 7.25, 100, 720.5])
DAYS = st.sampled_from([0.5, 1, 7, 30, 400])
# the log's "select" has another name, since a column has it
NAMES = st.sampled_from([*ACTIVITIES[:3], "activity:select", "demo", "never done"])
POSITIVE = st.sampled_from([1, 2, 3, 4.5, 8])


def ranged(field: str, low: float | None, high: float | None) -> dict[str, Any]:
    if low is not None and high is not None and low >= high:
        low, high = (high, low) if high < low else (low, None)
    bounds = {"at_least": low, "below": high}
    return {"field": field} | {key: value for key, value in bounds.items() if value is not None}


def kept(when: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in when.items() if value is not None}


FIELD_RULES = st.one_of(
    st.builds(lambda f, v: {"field": f, "in": v}, TEXTS, st.lists(VALUES, min_size=1, max_size=4)),
    st.builds(
        lambda v: {"field": 'seats "now"', "in": v}, st.lists(VALUES, min_size=1, max_size=4)
    ),
    st.builds(
        ranged,
        st.sampled_from(['seats "now"', "select", "Città"]),
        NUMBERS,
        st.none() | NUMBERS,
    ),
    st.builds(
        lambda f, m: {"field": f, "missing": m}, TEXTS | st.just('seats "now"'), st.booleans()
    ),
)
ACTIVITY_RULES = st.one_of(
    st.builds(
        lambda a, kind, k, d, w: kept({"activity": a, kind: k, "detail": d, "within_days": w}),
        NAMES,
        st.sampled_from(["at_least", "total", "days"]),
        POSITIVE,
        st.none() | st.sampled_from(["*/pricing*", "*100%", "caf\\?", "*_it*"]),
        st.none() | DAYS,
    ),
    st.builds(
        lambda a, b, s, m, w: kept(
            {"activity": a, "share_of": b, "at_least": s, "minimum": m, "within_days": w}
        ),
        NAMES,
        NAMES,
        st.sampled_from([0.1, 0.2, 0.5, 1]),
        st.none() | POSITIVE,
        st.none() | DAYS,
    ),
    st.builds(lambda a, d: {"activity": a, "last_within_days": d}, NAMES, DAYS),
    st.builds(lambda a: {"only": a}, NAMES),
    st.just({"field": "email_click", "at_least": 2}),  # the count, by the name of its column
)
RULES = st.recursive(
    FIELD_RULES | ACTIVITY_RULES,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=4,
)
CRITERIA = st.builds(as_criterion, RULES)
CARDS = st.builds(
    lambda base, lines, caps, out, holds, tiers: card_of(
        *lines, base=base, caps=caps, disqualify=tuple(out), hold=tuple(holds), tiers=tiers
    ),
    st.integers(-50, 120),
    st.lists(st.tuples(RULES, st.integers(-60, 60)), max_size=6),
    st.dictionaries(st.sampled_from(["fit", "engagement"]), st.integers(-10, 60)),
    st.lists(CRITERIA, max_size=2),
    st.lists(
        st.builds(
            lambda rule, most, until: Hold(rule=rule, at_most=most, until=until),
            CRITERIA,
            st.integers(0, 100),
            CRITERIA,
        ),
        max_size=2,
    ),
    st.sampled_from([(), (Tier("hot 'n' new", 62),), (Tier("caldo è", 50), Tier("cold", 0))]),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(card=CARDS)
def test_any_card_scores_odd_leads_as_python_does(odd: cal.History, card: Scorecard) -> None:
    same(card, odd)


def on_postgres(request: pytest.FixtureRequest) -> Any:
    return PostgresEngine(request.getfixturevalue("postgres_url"))


def on_spark(request: pytest.FixtureRequest) -> Any:
    return SparkEngine(request.getfixturevalue("spark_session"))


def moved(history: cal.History, engine: Any) -> cal.History:
    """The same history, its tables in another engine."""
    for name in ("leads", "activities"):
        engine.register(name, history.engine.query(f"SELECT * FROM {name}"))
    return dataclasses.replace(history, engine=engine)


@pytest.mark.slow
@pytest.mark.parametrize(
    "database",
    [
        pytest.param(on_postgres, id="postgres", marks=pytest.mark.xdist_group("engines")),
        pytest.param(on_spark, id="spark", marks=pytest.mark.xdist_group("engines")),
    ],
)
def test_databases_give_the_same_whole_numbers(
    odd: cal.History, database: Any, request: pytest.FixtureRequest
) -> None:
    engine = database(request)
    try:
        there = moved(odd, engine)
        pd.testing.assert_frame_equal(
            by_sql(EVERY_RULE, there), by_python(EVERY_RULE, odd), check_dtype=False
        )
    finally:
        engine.close()


def test_every_rule_is_met_and_missed_by_some_lead(odd: cal.History) -> None:
    scores = same(EVERY_RULE, odd)
    assert scores["score"].nunique() > 15
    assert {"hot", "warm", "disqualified"} <= set(scores["tier"].dropna())
    obs = cal.observe_open(odd, lookback=LOOKBACK)
    rules = [line.criterion for line in EVERY_RULE.criteria]
    met = obs.flags(rules).mean(axis=0)
    assert ((met > 0) & (met < 1)).sum() >= 11  # nobody did the demo alone, or 600 of the other


@pytest.mark.slow
def test_a_simulated_company() -> None:
    leads, activities, _ = cal.make_leads(n=3000, rng=1)
    history = cal.read_history(leads, activities)
    found = criteria_of(cal.observe(history, observation_window="14D", horizon="60D"), None)
    lines = [(rule.when, 1 + 5 * place % 13) for place, rule in enumerate(found)]
    assert len(lines) > 30  # every rule that the search would look at
    scores = same(card_of(*lines, base=-60), history)
    assert scores["score"].nunique() > 20


@pytest.mark.slow
def test_numbers_by_hand() -> None:
    """Two leads: 10 + 20 + 12 = 42 (warm); 10 + 0 + 0 = 10 (below every tier)."""
    leads = pd.DataFrame(
        {
            "lead_id": [7, 8, 9],
            "created_at": pd.to_datetime(["2024-12-01"] * 3),
            "outcome": ["open", "open", "lost"],
            "closed_at": pd.to_datetime([None, None, "2024-12-05"]),
            "plan": ["pro", None, "pro"],
        }
    )
    log = pd.DataFrame(
        {
            "lead_id": [7, 7, 8],
            "activity": "click",
            "occurred_at": pd.to_datetime(["2024-12-02", "2025-01-01", "2025-01-02"]),
        }
    )
    history = cal.read_history(leads, log, as_of="2025-01-01")
    card = card_of(
        ({"field": "plan", "in": ["pro"]}, 20), ({"activity": "click", "at_least": 2}, 12)
    )
    scores = scoring_of(card, history, lookback=LOOKBACK).table
    assert scores.to_dict("records") == [
        {
            "lead_id": 7,
            "score": 42,
            "expected_rate": 43 / 107,  # RATES
            "tier": "warm",
            "fit": 20,
            "engagement": 12,
            "cutoff": pd.Timestamp("2025-01-01"),
        },
        {
            "lead_id": 8,
            "score": 10,
            "expected_rate": 11 / 107,
            "tier": None,
            "fit": 0,
            "engagement": 0,
            "cutoff": pd.Timestamp("2025-01-01"),
        },
    ]


def test_an_empty_card_gives_its_base() -> None:
    leads = pd.DataFrame({"lead_id": ["a", "b"], "outcome": ["open", "lost"], "x": [1, 2]})
    history = cal.read_history(leads)
    assert same(card_of(base=0, tiers=()), history).to_dict("list") == {
        "score": [0],
        "expected_rate": [1 / 107],  # RATES
        "tier": [None],
        "fit": [0],
        "engagement": [0],
    }


def test_a_column_that_is_not_there_is_named() -> None:
    history = cal.read_history(
        pd.DataFrame({"lead_id": ["a"], "outcome": ["open"], "industry": ["x"]})
    )
    card = card_of(({"field": "Industri", "in": ["x"]}, 5))
    with pytest.raises(DataError, match=r'column "Industri".*did you mean "industry"'):
        scoring_of(card, history, lookback=LOOKBACK)


@pytest.mark.parametrize(
    ("when", "column", "met"),
    [
        # a missing value meets no condition but missing, and so each plain negation
        ({"field": "x", "below": 5}, [1.0, 9.0, None], [True, False, False]),
        ({"not": {"field": "x", "below": 5}}, [1.0, 9.0, None], [False, True, True]),
        ({"field": "x", "missing": False}, ["a", None, "b"], [True, False, True]),
        # 1 is "1" is 1.0, true is yes, also as 1
        ({"field": "x", "in": [1]}, ["1", "1.0", "1.00"], [True, True, False]),
        ({"field": "x", "in": ["1.0"]}, ["1", "1.0", "11.0"], [True, True, False]),
        ({"field": "x", "in": [True]}, ["TRUE", "1", "no"], [True, True, False]),
        ({"field": "x", "in": ["yes"]}, ["true", "yes", "1"], [True, True, False]),
        ({"field": "x", "in": [2]}, [2.0, 2.5, None], [True, False, False]),
        # numbers among texts; what is no number lies in no range
        ({"field": "x", "at_least": 2}, ["3", "1e1", "3 or more"], [True, True, False]),
        ({"not": {"field": "x", "at_least": 2}}, ["3", "Infinity", "x"], [False, True, True]),
    ],
)
def test_one_rule(when: dict[str, Any], column: list[Any], met: list[bool]) -> None:
    leads = pd.DataFrame({"lead_id": ["a", "b", "c"], "outcome": "open"})
    leads["x"] = pd.Series(column, dtype=None if isinstance(column[0], float) else object)
    # "zz" makes it a column of texts, as a card made on one would
    more = pd.DataFrame({"lead_id": ["z"], "outcome": ["lost"], "x": ["zz"]})
    history = cal.read_history(
        leads if isinstance(column[0], float) else pd.concat([leads, more], ignore_index=True)
    )
    scores = same(card_of((when, 5), base=0), history)
    assert (scores["score"] == 5).tolist() == met


def test_dates_are_compared_as_they_are_written() -> None:
    leads = pd.DataFrame(
        {
            "lead_id": ["a", "b", "c"],
            "outcome": "open",
            "renewal": pd.to_datetime(["2024-01-31", "2024-02-01", None]),
        }
    )
    history = cal.read_history(leads)
    card = card_of(
        ({"field": "renewal", "in": ["2024-01-31 00:00:00", "never"]}, 5),
        ({"field": "renewal", "below": 9e18}, 7),  # a date is no number
        base=0,
    )
    assert same(card, history)["score"].tolist() == [5, 0, 0]


def test_an_activity_named_like_a_column_stays_apart() -> None:
    leads = pd.DataFrame(
        {
            "lead_id": ["a", "b"],
            "created_at": pd.to_datetime(["2024-12-01", "2024-12-01"]),
            "outcome": "open",
            "demo": ["x", "y"],
        }
    )
    log = pd.DataFrame(
        {"lead_id": ["b"], "activity": ["demo"], "occurred_at": pd.to_datetime(["2024-12-02"])}
    )
    history = cal.read_history(leads, log, as_of="2025-01-01")
    card = card_of(
        ({"activity": "activity:demo", "at_least": 1}, 5), ({"field": "demo", "in": ["x"]}, 7)
    )
    assert same(card, history)["score"].tolist() == [17, 15]  # base 10


def test_rules_know_their_sql() -> None:
    rule = Criterion(name="r", group="fit", when={"field": "select", "missing": True})

    class Names:
        def field(self, name: str) -> Any:
            return Term(f'"{name}"', "category")

    assert rule.sql(Names()) == '("select" IS NULL)'  # type: ignore[arg-type]
