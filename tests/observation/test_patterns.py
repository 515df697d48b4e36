"""The pattern table counts the same leads as the rows do."""

from __future__ import annotations

import numpy as np
import pytest

from calibrate.criteria import as_criterion
from calibrate.observation import observe, pattern_table
from calibrate.observation.patterns import _groups

WINDOWS = {"observation_window": "7D", "horizon": "30D"}


def test_by_hand(hand_history, hand_attribute):
    leads = [
        dict(zip(("lead_id", "outcome", "closed_at", "x0", "amount", "contact"), row, strict=True))
        | {"created_at": 0}
        for row in (
            ("A", "converted", 20, "software", 100.0, "c1"),
            ("B", "lost", 20, None, 7.0, "c1"),
            ("C", "open", None, "software", None, None),
            ("D", "converted", 15, "other", None, "c2"),
            ("E", "converted", 3, "software", 1.0, "c3"),
            ("F", "converted", 9, "software", 50.0, "c4"),
        )
    ]
    clicks = [{"lead_key": "c1", "activity": "click", "occurred_at": 1}]
    history = hand_history(leads, clicks, attributes=[hand_attribute("industry", "x0")])
    obs = observe(history, **WINDOWS)
    criteria = [
        as_criterion({"activity": "click"}),
        as_criterion({"field": "industry", "in": ["software"]}),
    ]
    assert obs.flags(criteria).tolist() == [
        [True, True],
        [True, False],
        [False, True],
        [False, False],
        [False, True],
        [False, True],
    ]
    patterns = pattern_table(obs, criteria)
    assert patterns.criteria == tuple(criteria)
    # B; A (the same contact); C, D and F alone; E closed before its landmark.
    assert sorted(zip(patterns.n, patterns.n_converted, patterns.amount, strict=True)) == [
        (1, 0, 0.0),  # B and C: what they were offered is not won
        (1, 0, 0.0),
        (1, 1, 0.0),  # D: amount unknown
        (1, 1, 50.0),
        (1, 1, 100.0),
    ]
    assert len(set(patterns.cluster.tolist())) == 4  # c1, c2, c4, and C by its id
    grouped = patterns.grouped()
    found = {
        tuple(flags): (n, k, amount)
        for flags, n, k, amount in zip(
            grouped.flags.tolist(), grouped.n, grouped.n_converted, grouped.amount, strict=True
        )
    }
    assert found == {
        (False, False): (1, 1, 0.0),
        (True, False): (1, 0, 0.0),
        (False, True): (2, 1, 50.0),
        (True, True): (1, 1, 100.0),
    }
    assert (grouped.cluster == -1).all()
    with pytest.raises(ValueError, match="read-only"):
        patterns.n[0] = 5


def test_without_criteria_or_leads(hand_history):
    obs = observe(hand_history([{"lead_id": "A", "created_at": 0}]), **WINDOWS)
    patterns = pattern_table(obs, [])
    assert patterns.flags.shape == (1, 0)
    assert patterns.n.tolist() == [1]
    empty = observe(hand_history([{"lead_id": "A", "created_at": 0}]), period="2030", **WINDOWS)
    assert pattern_table(empty, [as_criterion({"activity": "click"})]).flags.shape == (0, 1)


@pytest.mark.parametrize("n_flags", [1, 5, 62, 63, 130])
def test_groups_are_those_of_numpy(n_flags):
    rng = np.random.default_rng(0)
    base = rng.random((40, n_flags)) < 0.5
    flags = base[rng.integers(0, 40, 500)]
    cluster = rng.integers(0, 3, 500)
    group, first = _groups(flags, cluster)
    rows = np.column_stack([cluster, flags])
    unique = np.unique(rows, axis=0)
    assert len(first) == len(unique)
    assert (rows[first][group] == rows).all()
