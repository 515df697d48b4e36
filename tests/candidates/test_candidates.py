import numpy as np
import pandas as pd
import pytest

from calibrate.candidates import criterion_block, propose_criteria
from calibrate.config import LeadColumns
from calibrate.criteria import as_criterion
from calibrate.history import read_history
from calibrate.observation import observe

N = 1000


def whens(**columns):
    """Return the rules proposed for a wide table with these columns."""
    leads = pd.DataFrame({"lead_id": [f"L{i}" for i in range(N)], **columns})
    leads["outcome"] = np.where(np.arange(N) % 7 == 0, "converted", "lost")
    return [dict(rule.when) for rule in propose_criteria(observe(read_history(leads)))]


def test_levels_rare_ones_pooled():
    level = np.repeat(["a", "b", "c", "d"], [600, 370, 15, 15])
    assert whens(level=level) == [
        {"field": "level", "in": ["a"]},
        {"field": "level", "in": ["b"]},
        {"field": "level", "in": ["c", "d"]},  # 15 leads each: too few alone, 30 together
    ]


def test_an_attribute_of_one_percent_survives():
    assert {"field": "level", "in": ["b"]} in whens(
        level=np.repeat(["a", "b", "c"], [700, 25, 275])
    )


@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("Sì", "No"), ("Y", "N")])
@pytest.mark.parametrize("n_yes", [300, 490, 510, 700])
def test_yes_or_no_gives_yes_however_common(yes, no, n_yes):
    level = np.repeat([yes, no], [n_yes, N - n_yes])
    assert [when["in"][0].casefold() for when in whens(level=level)] == [yes.casefold()]


def test_two_levels_that_are_not_yes_and_no_are_both_rules():
    assert whens(level=np.repeat(["shop", "fair"], [300, 700])) == [
        {"field": "level", "in": ["fair"]},
        {"field": "level", "in": ["shop"]},
    ]


def test_not_filled_in_is_a_level_unless_it_says_the_same():
    some = np.array(["a"] * 300 + ["b"] * 300 + [None] * 400, dtype=object)
    assert {"field": "level", "missing": True} in whens(level=some)
    filled = np.array(["a"] * 300 + [None] * 700, dtype=object)
    assert whens(level=filled) == [{"field": "level", "in": ["a"]}]


def test_numbers_are_cut_at_readable_places():
    seconds = np.random.default_rng(0).exponential(717.9, N)
    cuts = [when["at_least"] for when in whens(seconds=seconds)]
    assert len(cuts) >= 5
    assert all(float(f"{cut:.2g}") == cut for cut in cuts)  # 1.6, 720, 1600: two digits at most


def test_a_long_tail_does_not_swallow_the_cuts():
    size = np.round(np.exp(np.random.default_rng(1).normal(4, 2, N)))
    cuts = [when["at_least"] for when in whens(size=size)]
    assert len(cuts) >= 5
    assert min(cuts) < 20


def test_years_stay_years():
    year = np.random.default_rng(2).integers(1996, 2026, N)
    cuts = [when["at_least"] for when in whens(**{"built in": year})]
    assert all(1996 < cut <= 2025 and cut == int(cut) for cut in cuts)
    assert len(cuts) >= 4


def test_counts_with_a_floor_at_zero_ask_for_any_first():
    visits = np.random.default_rng(3).poisson(0.8, N)
    assert whens(visits=visits)[0] == {"field": "visits", "at_least": 1}


def test_no_cut_only_says_filled_in():
    visits = np.random.default_rng(5).poisson(0.3, N) * np.arange(1, N + 1)
    assert min(when["at_least"] for when in whens(visits=visits)) > 0


def test_a_constant_column_gives_nothing():
    assert whens(same=np.full(N, "x"), number=np.full(N, 3)) == []


def test_sensitive_columns_only_when_named():
    leads = pd.DataFrame({"lead_id": range(N), "age": np.arange(N) % 60, "outcome": "lost"})
    leads.loc[::7, "outcome"] = "converted"
    obs = observe(read_history(leads))
    assert propose_criteria(obs) == ()
    assert propose_criteria(obs, allow_sensitive=["age"])


def test_activity_columns_are_engagement():
    leads = pd.DataFrame({"lead_id": range(N), "visits": np.arange(N) % 9, "outcome": "lost"})
    leads.loc[::7, "outcome"] = "converted"
    obs = observe(read_history(leads, leads=LeadColumns(activity_columns=["visits"])))
    assert {rule.group for rule in propose_criteria(obs)} == {"engagement"}


def test_activities_give_counts_and_the_size_of_what_was_done():
    day = pd.Timestamp("2024-01-01")
    leads = pd.DataFrame({"lead_id": range(N), "created_at": day, "outcome": "lost"})
    leads["closed_at"] = day + pd.Timedelta("60D")
    leads.loc[::7, "outcome"] = "converted"
    rng = np.random.default_rng(4)
    calls = pd.DataFrame({"lead_id": rng.integers(0, N, 1500), "activity": "call"})
    calls["occurred_at"] = day + pd.to_timedelta(rng.integers(0, 72, 1500), unit="h")
    calls["value"] = rng.exponential(300, 1500)
    history = read_history(leads, calls, as_of="2025-01-01")
    rules = propose_criteria(observe(history, observation_window="7D", horizon="90D"))
    found = [dict(rule.when) for rule in rules]
    assert found[:2] == [
        {"activity": "call", "at_least": 1},
        {"activity": "call", "at_least": 2},
    ]
    assert sum("total" in when for when in found) >= 2


@pytest.mark.parametrize(
    ("when", "block"),
    [
        ({"field": "a", "in": ["x"]}, ("field a",)),
        ({"field": "a", "missing": True}, ("field a",)),
        ({"activity": "a", "at_least": 3, "within_days": 7}, ("activity a",)),
        (
            {"all": [{"activity": "a"}, {"field": "b", "at_least": 1}]},
            ("activity a", "field b"),
        ),
    ],
)
def test_blocks_are_what_a_rule_is_about(when, block):
    assert criterion_block(as_criterion(when)) == block
