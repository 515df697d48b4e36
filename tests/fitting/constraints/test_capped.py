"""Scores that leads can have under caps: against every combination of patterns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.fitting.capped import Capped

YES_NO = np.array([[False], [True]])


def capped(groups, caps, linked=()):
    """Build yes/no rules; those linked have patterns of their own: all but both."""
    patterns = [(np.array([i]), YES_NO) for i in range(len(groups)) if i not in linked]
    if linked:
        patterns.append((np.array(linked), np.array([[0, 0], [0, 1], [1, 0]], dtype=bool)))
    return Capped(patterns=patterns, groups=tuple(groups), caps=caps)


def test_a_cap_holds_its_group_only() -> None:
    one = capped(["fit", "fit", "engagement"], {"fit": 25})
    # fit 10 + 20 counts 25, engagement 30; lowest: nothing
    assert one.range(np.array([10, 20, 30])) == (0, 55)
    assert one.spans(np.array([[10, 20, 30], [10, 10, 5]])).tolist() == [55, 25]


def test_what_lowers_is_not_capped() -> None:
    one = capped(["fit", "fit", "fit"], {"fit": 25})
    # highest 10 + 20, capped; lowest -40
    assert one.range(np.array([10, 20, -40])) == (-40, 25)


def test_linked_rules_of_two_groups() -> None:
    one = capped(["fit", "engagement", "fit"], {"fit": 15}, linked=(0, 1))
    # never both of the first two: 20 + 10 of fit count 15; or 12 of engagement + 10 of fit: 22
    assert one.range(np.array([20, 12, 10])) == (0, 22)


@pytest.mark.slow
@settings(max_examples=100, derandomize=True)
@given(
    points=st.lists(st.integers(-30, 30), min_size=4, max_size=4),
    groups=st.lists(st.sampled_from(["fit", "engagement"]), min_size=4, max_size=4),
    caps=st.dictionaries(st.sampled_from(["fit", "engagement"]), st.integers(1, 40)),
)
def test_the_range_is_that_of_all_leads(points, groups, caps) -> None:
    one = capped(groups, caps, linked=(1, 3))
    leads = np.array(
        [flags for flags in itertools.product([0, 1], repeat=4) if not (flags[1] and flags[3])]
    )
    scores = one.score(leads, np.array(points))
    assert one.range(np.array(points)) == (scores.min(), scores.max())
    by_hand = sum(
        np.minimum(
            leads @ np.array([p if g == group else 0 for p, g in zip(points, groups, strict=True)]),
            caps.get(group, 10**9),
        )
        for group in ("fit", "engagement")
    )
    assert scores.tolist() == by_hand.tolist()
