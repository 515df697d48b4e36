import itertools

import numpy as np
import pytest

from calibrate.criteria import as_criterion
from calibrate.fitting.attainable import attainable_patterns, attainable_range
from calibrate.fitting.scaling import scale_to_100, scale_with


def patterns_of(*whens):
    rules = [as_criterion(when) for when in whens]
    return attainable_patterns(rules, np.zeros((0, len(rules)), dtype=bool))


def range_of(points, *whens):
    return attainable_range(np.array(points), patterns_of(*whens))


def test_levels_of_one_column_exclude_each_other():
    levels = [{"field": "source", "in": [name]} for name in ("mail", "fair", "ads")]
    # highest: the best level, 30; lowest: the worst, -20; 10 + 30 is out of reach
    assert range_of([10, 30, -20], *levels) == (-20, 30)


def test_merged_levels_may_overlap():
    # "mail" meets both: 10 + 30
    whens = [{"field": "source", "in": ["mail"]}, {"field": "source", "in": ["mail", "fair"]}]
    assert range_of([10, 30], *whens) == (0, 40)


def test_cuts_of_one_number_nest():
    cuts = [{"field": "time", "at_least": cut} for cut in (1, 400, 700)]
    # 0: none; 1: -9; 400: -9 + 6; 700: -9 + 6 + 10
    assert range_of([-9, 6, 10], *cuts) == (-9, 7)


def test_a_number_in_a_band_is_not_above_it():
    whens = [{"field": "size", "at_least": 10, "below": 50}, {"field": "size", "at_least": 50}]
    assert range_of([20, 30], *whens) == (0, 30)


def test_counts_of_one_activity_nest_within_days_and_details():
    whens = [
        {"activity": "click", "at_least": 1},
        {"activity": "click", "at_least": 3},
        {"activity": "click", "at_least": 1, "within_days": 30},
    ]
    [(_, patterns)] = patterns_of(*whens)
    met = {tuple(map(int, row)) for row in patterns}
    # never 3 without 1, never within 30 days without ever
    assert met == {(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)}


def test_recency_goes_with_counts_within_days():
    whens = [
        {"activity": "click", "last_within_days": 7},
        {"activity": "click", "at_least": 1, "within_days": 30},
        {"activity": "click", "at_least": 1},
    ]
    [(_, patterns)] = patterns_of(*whens)
    met = {tuple(map(int, row)) for row in patterns}
    # a click in the last 7 days is one in the last 30; any click is a click
    assert met == {(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1)}


def test_different_columns_are_independent():
    groups = patterns_of({"field": "a", "missing": True}, {"field": "b", "at_least": 1})
    assert len(groups) == 2
    assert attainable_range(np.array([5, -7]), groups) == (-7, 5)


def test_a_pair_links_its_columns():
    whens = [
        {"field": "a", "in": ["x"]},
        {"field": "b", "in": ["y"]},
        {"all": [{"field": "a", "in": ["x"]}, {"field": "b", "in": ["y"]}]},
    ]
    # the pair's -50 comes only with both: 10 + 20 - 50 = -20 is the lowest, 20 the highest
    assert range_of([10, 20, -50], *whens) == (-20, 20)


def test_what_was_seen_is_attainable():
    rules = [
        as_criterion({"field": "a", "at_least": 1}),
        as_criterion({"field": "a", "at_least": 2}),
    ]
    groups = attainable_patterns(rules, np.array([[False, True]]))
    assert attainable_range(np.array([-5, 5]), groups) == (-5, 5)


@pytest.mark.parametrize("seed", range(20))
def test_the_range_is_exactly_0_to_100_and_no_better_points_are_near(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 9))
    weights = rng.normal(size=size)
    rules = [as_criterion({"field": f"x{i}", "at_least": 1}) for i in range(size)]
    groups = attainable_patterns(rules, np.zeros((0, size), dtype=bool))
    scaled = scale_to_100(weights, np.eye(size), groups)
    low, high = attainable_range(scaled.points, groups)
    assert (scaled.base + low, scaled.base + high) == (0, 100)
    assert abs(scaled.points - 100 * weights / np.abs(weights).sum()).max() <= 1.5


def test_rounding_is_optimised_together():
    # 3 equal weights: 33 + 33 + 34 in some order reach 100; thirds alone would not
    rules = [as_criterion({"field": f"x{i}", "at_least": 1}) for i in range(3)]
    groups = attainable_patterns(rules, np.zeros((0, 3), dtype=bool))
    scaled = scale_to_100(np.ones(3), np.eye(3), groups)
    assert sorted(scaled.points) == [33, 33, 34]


def test_keep_gives_a_score_its_old_meaning():
    # 10 points a unit of log odds, score 0 at log odds -5: intercept -3 is score 20
    scaled = scale_with(np.array([1.0, -0.5]), -3.0, np.eye(3), (10.0, -5.0))
    assert (scaled.base, scaled.points.tolist()) == (20, [10, -5])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_patterns_hold_whatever_a_log_can_show(seed):
    """Features of random event logs never leave the attainable patterns."""
    rng = np.random.default_rng(seed)
    whens = [
        {"activity": "a", "at_least": 2},
        {"activity": "a", "at_least": 1, "within_days": 10},
        {"activity": "a", "last_within_days": 5},
        {"activity": "a", "days": 2},
        {"only": "a"},
        {"activity": "a", "share_of": "b", "at_least": 0.5, "minimum": 2},
    ]
    import pandas as pd

    rows = []
    for _ in range(200):
        a = rng.uniform(0, 20, rng.integers(0, 5))
        b = rng.integers(0, 4)
        rows.append(
            {
                "a": len(a),
                "a within 10 days": int((a <= 10).sum()),
                "a, recency": a.min() if len(a) else np.nan,
                "a, days": len(set(a.astype(int))),
                "b": b,
                "any activity": len(a) + b,
            }
        )
    frame = pd.DataFrame(rows)
    rules = [as_criterion(when) for when in whens]
    [(index, patterns)] = attainable_patterns(rules, np.zeros((0, len(rules)), dtype=bool))
    attainable = {tuple(row) for row in patterns}
    seen = np.column_stack([rules[i].meets(frame) for i in index])
    assert {tuple(row) for row in seen} <= attainable
    assert len(attainable) < len(list(itertools.product([0, 1], repeat=len(rules))))
